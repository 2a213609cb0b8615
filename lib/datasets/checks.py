"""What the readers share: one way to refuse a file, to leave it out, to say so, and to end with a
cohort."""

import hashlib
import json
import logging
import os
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any

import numpy as np

from lib.datasets.base import BadFile, Cohort, Trial

log = logging.getLogger(__name__)
NUMERIC = "fiu"  # kinds of dtype
SPREADS = (0.01, 1e5)  # uV; choice: of EEG; 0.01 would be volts


def check(file, fine: object, expected: str, found: object, fix: str) -> None:
    """Refuse a file in which something is not as expected."""
    if not fine:
        raise BadFile(file, expected, str(found), fix)


def check_there(path: Path, expected: str, fix: str) -> None:
    """Refuse a file that is not there."""
    check(path, path.is_file(), expected, "no such file", fix)


def check_array(file, array: np.ndarray, lengths: Sequence[int | None], expected: str,
                fix: str) -> None:
    """Refuse an array that holds no numbers, or has not these lengths (None: any but 0)."""
    fine = array.dtype.kind in NUMERIC and array.ndim == len(lengths) and all(
        (n > 0) if length is None else n == length
        for n, length in zip(array.shape, lengths, strict=True))
    check(file, fine, expected, f"{array.dtype} {array.shape}", fix)


def check_finite(file, array: np.ndarray, what: str, fix: str) -> None:
    """Refuse an array with NaN or infinite numbers."""
    bad = (~np.isfinite(array)).sum()
    check(file, not bad, f"finite numbers{what}", f"{bad} NaN or infinite", fix)


@contextmanager
def refused(file, expected: str, fix: str, *errors: type[Exception]) -> Iterator[None]:
    """These errors (any, where none are named) of whatever reads the file refuse it."""
    try:
        yield
    except Exception as error:  # damaged bytes lead libraries to errors of any kind
        if isinstance(error, BadFile) or (errors and not isinstance(error, errors)):
            raise
        raise BadFile(file, expected, f"{type(error).__name__}: {error}", fix) from error


@contextmanager
def left_out(dropped: dict[str, str], name: str, more: str = "") -> Iterator[None]:
    """What is refused meanwhile is left out: ``dropped`` has the reason."""
    try:
        yield
    except BadFile as error:
        dropped[name] = f"{error}{more}"


def kept(size: int) -> Callable[[Callable], Callable]:
    """As ``functools.lru_cache``, for functions of a file: one that has changed is read anew."""
    def keep(read: Callable) -> Callable:
        @lru_cache(maxsize=size)
        def once(path: Path, state: tuple[int, ...], *more: Any) -> Any:
            return read(path, *more)

        @wraps(read)
        def current(path: Path, *more: Any) -> Any:
            is_now = os.stat(path)
            state = is_now.st_ino, is_now.st_size, is_now.st_mtime_ns, is_now.st_ctime_ns
            return once(path, state, *more)

        return current

    return keep


def origin(folder: Path, name: str, title: str, tier: str = "licensed") -> Cohort:
    """The cohort in a folder, still without trials: of this tier, or simulated and with
    ``-simulated`` after its name.

    Raises
    ------
    BadFile
        A simulated cohort is unfinished, or its ``truth.json`` is damaged.
    """
    truth, again = folder / "truth.json", "Simulate the cohort again."
    if not truth.is_file():
        # the simulator writes this first and truth.json last
        check(truth, not (folder / "SIMULATED.txt").is_file(), "the end of a simulated cohort",
              "no such file", f"{again[:-1]}; it goes on where it stopped.")
        return Cohort(name, tier, (), f"{title} (real recordings)")
    with refused(truth, "JSON with effect and seed", again, KeyError, TypeError, ValueError):
        known = json.loads(truth.read_text(encoding="utf-8"))
        caption = f"simulated cohort, effect = {float(known['effect']):g}, seed = {known['seed']}"
    return Cohort(f"{name}-simulated", "simulated", (), caption)


def tell(folder: Path, trials: Sized, dropped: Mapping[str, str],
         level: int = logging.WARNING) -> None:
    """Log how much of a folder was left out, and the first reason."""
    if dropped:
        log.log(level, "%s: %d trials or files left out, %d read; the first, %s, because: %s",
                folder, len(dropped), len(trials), *next(iter(dropped.items())))


def finish(cohort: Cohort, folder: Path, trials: Iterable[Trial], dropped: Mapping[str, str],
           expected: str, none: str, fix: str, level: int = logging.WARNING,
           unsaid: Collection[str] = ()) -> Cohort:
    """The cohort with what could be read; where that is nothing, the folder is refused with the
    first reason.

    What was left out is logged, but for the ``unsaid``, which is as it should be.
    """
    trials = tuple(trials)
    first = next(iter(dropped.values()), "no such file")
    check(folder, trials, expected, f"{none}: {first}", fix)
    said = {name: why for name, why in dropped.items() if name not in unsaid}
    tell(folder, trials, said, level)
    return replace(cohort, trials=trials, dropped=dropped)


def microvolts(path: Path, data: np.ndarray, fix: str) -> None:
    """Refuse EEG ``(n_channels, n_times)`` in another unit, which its spread tells; NaN is none."""
    with warnings.catch_warnings(action="ignore"):  # of channels that are NaN throughout
        spread = np.nanmedian(np.nanstd(data, axis=1, dtype=float))
    low, high = SPREADS
    check(path, not (spread < low or spread > high),
          f"EEG in microvolts (a spread from {low:g} to {high:g})", f"{spread:.2g}", fix)


def copies(paths: Iterable[Path]) -> dict[Path, Path]:
    """Of these files those that have the same bytes as another one, and which that is."""
    paths = sorted(path for path in paths if path.is_file())
    sizes = Counter(path.stat().st_size for path in paths)
    found: dict[str, list[Path]] = {}
    for path in paths:
        if sizes[path.stat().st_size] > 1:
            with open(path, "rb") as file:
                found.setdefault(hashlib.file_digest(file, "sha256").hexdigest(), []).append(path)
    return {
        path: same[path == same[0]] for same in found.values() if len(same) > 1 for path in same
    }


def alone(path: Path, twins: Mapping[Path, Path], fix: str) -> None:
    """Refuse a file that is among :func:`copies`: nothing tells which of them is the original."""
    check(path, path not in twins, "a recording of its own", f"the bytes of {twins.get(path)}",
          f"Keep the original alone. {fix}")
