"""Files that are there whole or not at all, whatever ends the process that writes them."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from functools import cache
from io import BufferedRandom
from pathlib import Path
from uuid import uuid4

YOUNG = 2.0  # seconds between the birth of a part and its lock, at the very most


@contextlib.contextmanager
def writing(file: str | os.PathLike) -> Iterator[BufferedRandom]:
    """Open a file for writing; it takes its name, and the place of what was there, when all of it
    is on the disk."""
    file = Path(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    _sweep(file.parent)
    part = file.with_name(f".{file.name}.{uuid4().hex[:8]}.part")
    try:
        with part.open("xb+") as handle:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
            os.replace(part, file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_file(file: str | os.PathLike, content: str | bytes) -> None:
    """Write a file whole, or leave what was there (a full disk, Ctrl-C, a kill)."""
    with writing(file) as handle:
        handle.write(
            content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content)


@cache
def _sweep(folder: Path) -> None:
    """Remove the parts whose writers were killed: nobody holds their lock."""
    for part in folder.glob(".*.part"):
        with contextlib.suppress(OSError), part.open("rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if time.time() - part.stat().st_mtime > YOUNG:
                part.unlink()
