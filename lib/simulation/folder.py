"""The folder of a simulated cohort: whose it is, whether it is finished, and files that are there whole or not at all."""

from __future__ import annotations

import io
import json
import os
import shutil
from pathlib import Path

import scipy.io

__all__ = ["claim", "finish", "matlab", "write_file"]


def claim(root: Path, key: str, caption: str) -> bool:
    """True if the cohort ``key`` stands in ``root``; else the folder is prepared for it and marked as simulated.

    Raises
    ------
    ValueError
        If the folder holds another cohort, or a part of one.
    """
    truth, mark = root / "truth.json", root / ".partial" / "key"
    held = json.loads(truth.read_text(encoding="utf-8"))["key"] if truth.exists() else mark.read_text("utf-8") if mark.exists() else key
    if held != key:
        raise ValueError(f"{root}: holds data simulated with other parameters or code. Remove the folder or give another.")
    if not truth.exists():
        write_file(mark, key)
        write_file(root / "SIMULATED.txt", caption + "\n")
    return truth.exists()


def finish(root: Path, truth: dict) -> None:
    """Write the ground truth (``key`` and ``caption`` among it), which marks the cohort as finished."""
    shutil.rmtree(root / ".partial", ignore_errors=True)
    write_file(root / "truth.json", json.dumps(truth))


def write_file(file: Path, content: str | bytes) -> None:
    """Write a file whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    part.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    os.replace(part, file)


def matlab(content: dict) -> bytes:
    """A MATLAB 5 file. The header SciPy writes holds the time of day: the same content should be the same bytes."""
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, content)
    return b"MATLAB 5.0 MAT-file, simulated".ljust(116) + buffer.getvalue()[116:]
