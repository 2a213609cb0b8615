"""Command line: ``python -m lib.datasets status``, ``fetch NAME ... [--size N]`` and ``convert
seed-v IN OUT``."""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from lib import paths, prune
from lib.datasets import seed_v
from lib.datasets.base import BadFile
from lib.datasets.catalogue import DATASETS, WEIGHTS
from lib.datasets.checks import check
from lib.datasets.fetch import SIZE, FetchError, amount, fetch, fetch_weights
from lib.datasets.registry import status


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m lib.datasets", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser("status", help="what is there, what is missing, and whom to ask")
    get = commands.add_parser(
        "fetch", help="download openly published datasets; of others, say where to get them")
    add = get.add_argument
    add("names", nargs="+", choices=[*DATASETS, "weights"], metavar="NAME",
        help=", ".join(DATASETS) + "; weights: of image networks")
    size = f"subjects of eegmmidb (1 to 109, default: {SIZE})"
    add("--size", type=int, default=SIZE, help=size)
    add("--base-url", help="where a copy of the files is served (default: their owner)")
    add("--jobs", type=int, default=4, help="files at a time (default: 4)")
    where = "data folder (default: $DATA, else data/ in the project)"
    for command in (show, get):
        command.add_argument("--data", metavar="DIR", help=where)
    plain = commands.add_parser("convert", help="write the pickled files of SEED-V as plain arrays")
    plain.add_argument("name", choices=["seed-v"], metavar="seed-v")
    plain.add_argument("source", metavar="IN", help="folder as its owner gives it out")
    plain.add_argument("target", metavar="OUT", help="folder for the plain arrays, not the same")
    options = parser.parse_args(arguments)
    try:
        {"status": _status, "fetch": _fetch, "convert": _convert}[options.command](options)
    except (FetchError, BadFile, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; run the same command again to go on", file=sys.stderr)
        return 130
    return 0


def _status(options: argparse.Namespace) -> None:
    print(f"data folder: {paths.data(options.data)}")
    print(f"made here, in {paths.build()}: {prune.kept()} (make prune removes the oldest)")
    there = [file for file in WEIGHTS if paths.weights(file, options.data).is_file()]
    print(f"weights of image networks: {', '.join(there) or 'none but those that are installed'} "
          "(make weights)")
    for row in status(options.data).to_dict("records"):
        print(f"\n{row['dataset']} ({row['tier']})")
        print("\n".join(f"  {key:8} {row[key]}" for key in ("found", "where", "missing", "ask")
                        if row[key]))


def _convert(options: argparse.Namespace) -> None:
    source, target = options.source, options.target
    other = Path(source).resolve() != Path(target).resolve()
    check(target, other, "another folder than the source", "the same", "Give a new folder.")
    written = seed_v.convert(source, target)
    print(f"{len(written)} subjects as plain arrays in {target}")


def _fetch(options: argparse.Namespace) -> None:
    base, say = options.base_url, partial(print, flush=True)
    for name in options.names:
        if name == "weights":
            for file, about in WEIGHTS.items():
                say(f"{about['title']}: {about['size'] / 1e6:.1f} MB\nlicence: {about['licence']}\n"
                    f"from: {base or about['source']}{file}")
            say(f"complete: {fetch_weights(options.data, base)}")
            continue
        dataset = DATASETS[name]
        if dataset.source:
            say(f"{dataset.title}: {amount(name, options.size)}\nlicence: {dataset.licence}\n"
                f"to pass on: {dataset.redistribute}\nfrom: {base or dataset.source}")
        folder = fetch(name, options.data, base, size=options.size, jobs=options.jobs)
        say(f"complete: {folder}")


if __name__ == "__main__":
    sys.exit(main())
