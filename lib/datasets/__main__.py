"""Command line: ``python -m lib.datasets status`` and ``python -m lib.datasets fetch NAME``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from lib import paths
from lib.datasets.fetch import FetchError, fetch
from lib.datasets.registry import DATASETS, checksums, status

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m lib.datasets", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser("status", help="what is there, what is missing, and whom to ask")
    get = commands.add_parser("fetch", help="download an openly published dataset")
    get.add_argument("name", choices=[name for name, dataset in DATASETS.items() if dataset.source])
    get.add_argument("--base-url", help="where a copy of the files is served (default: their owner)")
    get.add_argument("--jobs", type=int, default=4, help="files at a time (default: 4)")
    for command in (show, get):
        command.add_argument("--data", metavar="DIR", help="data folder (default: $DATA, else data/ in the project)")
    options = parser.parse_args(arguments)
    if options.command == "status":
        print(f"data folder: {paths.data(options.data)}")
        for row in status(options.data).to_dict("records"):
            print(f"\n{row['dataset']} ({row['tier']})")
            print("\n".join(f"  {key:8} {row[key]}" for key in ("found", "where", "missing", "ask") if row[key]))
        return 0
    dataset = DATASETS[options.name]
    size = sum(size for _, size in checksums(options.name).values()) / 1e6
    print(f"{dataset.title}, {size:.0f} MB in all", f"licence: {dataset.licence}", f"to pass on: {dataset.redistribute}",
          f"from: {options.base_url or dataset.source}", sep="\n", flush=True)
    try:
        folder = fetch(options.name, options.data, options.base_url, jobs=options.jobs)
    except FetchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; run the same command again to go on", file=sys.stderr)
        return 130
    print(f"complete: {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
