"""One cohort, whoever simulates it: its range checks, its key, its folder, its truth; and files
that are there whole or not at all."""

import json
import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from lib import paths
from lib.store import code_digest, digest, used
from lib.whole import write_file

log = logging.getLogger(__name__)
MARK = "SIMULATED.txt"  # in a folder of simulated data; its first line is the caption


def cohort(name: str, source: str, given: Mapping, write: Callable[[Path, dict, int], dict],
           **ranges: Sequence) -> Path:
    """Write a cohort, or find it finished.

    Every file is written elsewhere and moved to its place when complete; ``truth.json``, written
    last, marks the cohort as finished. A killed call is resumed by the next one.

    Parameters
    ----------
    name : str
        The default folder is ``name-<hash of parameters and code>`` below
        :func:`lib.paths.cohorts`.
    source : str
        File of the simulator: its code is part of the key.
    given : mapping
        Arguments of the simulator's ``make``: the parameters, ``folder`` and, where there are
        several, the number of processes, ``jobs``.
    write : callable
        ``write(root, parameters, jobs)`` writes what is not there yet and returns what the truth
        keeps of it.
    **ranges : sequence
        Lowest and highest value of a parameter (of both numbers of a pair, in this order), or the
        words to choose from. Effect and fingerprint have theirs here.

    Returns
    -------
    Path
        The cohort's root.

    Raises
    ------
    ValueError
        Parameters out of range, or the folder holds another cohort.
    """
    parameters = {
        key: list(value) if isinstance(value, tuple) else value for key, value in given.items()
        if key not in ("folder", "jobs")
    }
    for key, allowed in {"effect": (0, 1), "fingerprint": (0, np.inf), **ranges}.items():
        _check(key, given.get(key), allowed)
    effect = parameters.get("effect")
    kind = "corpus" if effect is None else f"cohort, effect = {effect:g}"
    caption = f"simulated {kind}, seed = {parameters['seed']}"
    key = digest((parameters, code_digest(source)))[:12]
    root = Path(given["folder"] or paths.cohorts() / f"{name}-{key}")
    if not claim(root, key, caption):
        truth = write(root, parameters, given.get("jobs", 1))
        finish(root, {"caption": caption, "key": key, **parameters, **truth})
        log.info("%s: written to %s", caption, root)
    elif not given["folder"]:
        used(root)
    return root


def _check(name: str, value, allowed: Sequence) -> None:
    """Raise ``ValueError`` for a parameter out of range; one that is None is not set."""
    if isinstance(value, str):
        expected, good = " or ".join(map(repr, allowed)), value in allowed
    else:
        low, high = allowed
        numbers = [] if value is None else list(np.atleast_1d(value))
        expected = f"{low} or more" if high == np.inf else f"{low} to {high}"
        expected += ", the smaller number first" * (len(numbers) > 1)
        good = all(low <= x <= high for x in numbers) and sorted(numbers) == numbers
    if not good:
        raise ValueError(f"{name}: expected {expected}, found {value!r}")


def claim(root: Path, key: str, caption: str) -> bool:
    """True if the cohort ``key`` stands in ``root``; else the folder is prepared for it and marked
    as simulated.

    Raises
    ------
    ValueError
        If the folder holds another cohort, a part of one, or anything else (nobody's recordings are
        overwritten).
    """
    truth, mark = root / "truth.json", root / ".partial" / "key"
    if truth.exists():
        held = json.loads(truth.read_text(encoding="utf-8"))["key"]
    elif mark.exists():
        held = mark.read_text(encoding="utf-8")
    else:  # the mark comes first
        others = root.exists() and any(p.name != ".partial" for p in root.iterdir())
        held = "other files" if others else key
    if held != key:
        raise ValueError(f"{root}: holds data simulated with other parameters or code, or other "
                         "files. Remove the folder or give another.")
    if not truth.exists():
        write_file(mark, key)
        write_file(root / MARK, caption + "\n")
    return truth.exists()


def finish(root: Path, truth: dict) -> None:
    """Write the ground truth (``key`` and ``caption`` among it), which marks the cohort as
    finished."""
    write_file(root / "truth.json", json.dumps(truth))
    # last: without it and the truth, the folder would be a stranger's
    shutil.rmtree(root / ".partial", ignore_errors=True)


def keep(file: Path, content: Callable[[], str | bytes]) -> None:
    """Write a file that is not there yet; what it holds is made only then."""
    if not file.exists():
        write_file(file, content())
