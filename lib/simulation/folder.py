"""The folder of a simulated cohort: whose it is, whether it is finished, and files that are there
whole or not at all."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import scipy.io

from lib.whole import write_file


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
    else:
        # the mark comes first
        held = "other files" if root.exists() and any(p.name != ".partial"
                                                      for p in root.iterdir()) else key
    if held != key:
        raise ValueError(
            f"{root}: holds data simulated with other parameters or code, or other files. Remove "
            "the folder or give another.")
    if not truth.exists():
        write_file(mark, key)
        write_file(root / "SIMULATED.txt", caption + "\n")
    return truth.exists()


def finish(root: Path, truth: dict) -> None:
    """Write the ground truth (``key`` and ``caption`` among it), which marks the cohort as
    finished."""
    write_file(root / "truth.json", json.dumps(truth))
    # last: without it and the truth, the folder would be a stranger's
    shutil.rmtree(root / ".partial", ignore_errors=True)


def matlab(content: dict) -> bytes:
    """A MATLAB 5 file. The header SciPy writes holds the time of day: the same content should be
    the same bytes."""
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, content)
    return b"MATLAB 5.0 MAT-file, simulated".ljust(116) + buffer.getvalue()[116:]
