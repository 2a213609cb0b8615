"""A limit for what is kept of finished work: the memo and the simulated cohorts. What was used
longest ago goes first; all of it can be made again."""

import argparse
import math
import shutil
from collections.abc import Iterator
from pathlib import Path

from lib import paths

LIMIT = 5.0  # GB
GONE = ".gone-"  # a folder on its way out


def _entries() -> Iterator[tuple[float, int, Path]]:
    """Last use, bytes and place of each finished result and each finished cohort."""
    for file in paths.memo().glob("*/*.npz"):
        state = file.stat()
        yield state.st_atime, state.st_size, file
    for truth in paths.cohorts().glob("[!.]*/truth.json"):
        folder = truth.parent
        sizes = (file.stat().st_size for file in folder.rglob("*") if file.is_file())
        yield folder.stat().st_atime, sum(sizes), folder


def kept() -> str:
    """What memo and cohorts take, in words."""
    found = [*_entries()]
    words = []
    for name, where in (("finished results", paths.memo()), ("simulated cohorts", paths.cohorts())):
        own = [size for _, size, place in found if place.is_relative_to(where)]
        words.append(f"{len(own)} {name}, {sum(own) / 1e9:.2f} GB")
    return "; ".join(words)


def prune(limit: float = LIMIT) -> tuple[int, int]:
    """Remove what was used longest ago until all takes at most ``limit`` GB; how many entries and
    bytes went."""
    found = sorted(_entries()) if (paths.build() / "CACHEDIR.TAG").is_file() else []
    over, gone, freed = sum(size for _, size, _ in found) - limit * 1e9, 0, 0
    for _, size, place in found:
        if freed >= over:
            break
        if place.is_symlink():
            place.unlink()
        elif place.is_dir():
            place.rename(place.with_name(f"{GONE}{place.name}"))  # at once: no half of it stays
        else:
            place.unlink(missing_ok=True)
        gone, freed = gone + 1, freed + size
    for folder in paths.cohorts().glob(f"{GONE}*"):
        shutil.rmtree(folder)
    return gone, freed


def _limit(text: str) -> float:
    if not 0 <= (limit := float(text)) < math.inf:
        raise ValueError
    return limit


def main() -> None:
    """``python -m lib.prune [--limit GB] [--quiet]``"""
    parser = argparse.ArgumentParser(prog="python -m lib.prune", description=__doc__)
    parser.add_argument("--limit", type=_limit, default=LIMIT, help=f"GB (default: {LIMIT:g})")
    parser.add_argument("--quiet", action="store_true", help="say only what was removed")
    options = parser.parse_args()
    gone, freed = prune(options.limit)
    if gone:
        print(f"over {options.limit:g} GB: removed the {gone} entries of finished work that were "
              f"used longest ago, {freed / 1e9:.2f} GB (make prune LIMIT=<GB>)")
    if not options.quiet:
        print(f"{paths.build()}: {kept()}")


if __name__ == "__main__":
    main()
