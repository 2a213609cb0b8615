"""MATLAB files, whose lengths must add up before SciPy reads them: it goes by them unasked.

The format: MathWorks, "MAT-File Format", version 5 (MATLAB 5 to 7). Version 7.3 is HDF5.
"""

from __future__ import annotations

import logging
import math
import zlib
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from scipy.io import loadmat

from lib.datasets.checks import check, kept, refused

log = logging.getLogger(__name__)
HEADER, NAME = 128, 1000  # bytes: of the file, and in which an array has said its name
INT8, INT32, UINT32, MATRIX, COMPRESSED = 1, 5, 6, 14, 15  # what an element holds
BYTES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8, 16: 1, 17: 2, 18: 4}
CELL, STRUCT, OBJECT, CHAR, SPARSE, FUNCTION = 1, 2, 3, 4, 5, 16  # classes; in between: numbers
COMPLEX = 1 << 11  # flag: an imaginary part follows, which SciPy reads whether it is there or not
OLDER = "In MATLAB: s = load('{0}'); save('{0}', '-struct', 's', '-v7')."


def load(path: str | Path, names: Iterable[str], fix: str, **how: Any) -> dict[str, Any]:
    """Those of the named variables that are there, as ``scipy.io.loadmat(..., **how)`` reads them.

    Raises
    ------
    BadFile
        A file that cannot be read, of version 7.3, or damaged: lengths or checksums are wrong.
    """
    path, names = Path(path), tuple(names)
    with refused(path, "a MATLAB 5 file", fix):
        with open(path, "rb") as file:
            head = file.read(520)
        newer = head.startswith(b"MATLAB 7.3") or b"\x89HDF" in (head[:4], head[512:516])
        check(path, not newer, "a MATLAB 5 to 7 file", "version 7.3 (HDF5)",
              OLDER.format(path.name))
        if head[126:128] in (b"IM", b"MI"):
            how["verify_compressed_data_integrity"] = not _goes_on(path, names)
        content = loadmat(path, variable_names=names, **how)
    return {name: content[name] for name in names if name in content}


def load_all(path: str | Path, names: Collection[str], fix: str, *, none: str = "",
             also: Collection[str] = (), **how: Any) -> dict[str, Any]:
    """As :func:`load`, of which all but the ``also`` must be there; ``none`` is what to do, if not
    ``fix``, where they are not."""
    content = load(path, (*names, *also), fix, **how)
    missing = [name for name in names if name not in content]
    check(path, not missing, f"the variables {', '.join(names)}", f"no {', '.join(missing)}", none
          or fix)
    return content


@kept(10_000)
def _goes_on(path: Path, names: tuple[str, ...]) -> bool:
    """Check the named variables; whether their compressed data go on after them: harmless."""
    content, more = path.read_bytes(), False
    order = "little" if content[126:128] == b"IM" else "big"
    file = _Part(content, HEADER, len(content), order)
    end = len(content.rstrip(b"\0"))  # zeros after the last element are no damage
    while file.at < end:
        part = file.take(MATRIX, COMPRESSED)
        if part.kind == COMPRESSED:
            head = zlib.decompressobj().decompress(content[part.at:part.stop], NAME)
            if _Part(head, 0, 1 << 40, order).take(MATRIX).name() in names:
                data = zlib.decompress(content[part.at:part.stop])  # holds it against its checksum
                outer = _Part(data, 0, len(data), order)
                outer.take(MATRIX).check()
                more |= outer.at < outer.stop
        elif _Part(content, part.at, part.stop, order).name() in names:
            part.check()
    if more:
        log.warning("%s: there is more in its compressed data than the variables", path)
    return more


class _Part:
    """What is between two places in ``data``: elements, one after another."""
    def __init__(self, data: bytes, at: int, stop: int, order: Any, kind: int = 0):
        self.data, self.at, self.stop, self.order, self.kind = data, at, stop, order, kind

    def numbers(self) -> list[int]:
        """The integers of four bytes that it holds."""
        cut = (self.data[i:i + 4] for i in range(self.at, self.stop, 4))
        return [int.from_bytes(four, self.order, signed=True) for four in cut]

    def take(self, *kinds: int) -> _Part:
        """The next element, which must be of one of these kinds."""
        kind, size = _Part(self.data, self.at, self.at + 8, self.order).numbers()
        start = self.at + 8
        if small := kind >> 16:
            kind, size, start = kind & 0xFFFF, small, self.at + 4
        if kind not in kinds or not 0 <= size <= self.stop - start:
            where = f"at byte {self.at} an element of type {kind} with {size} bytes"
            raise ValueError(f"{where}, of which {self.stop - start} are there")
        padding = 0 if kind == COMPRESSED else -(start + size - self.at) % 8
        self.at = min(start + size + padding, self.stop)
        return _Part(self.data, start, start + size, self.order, kind)

    def name(self) -> str:
        """Name of the array that it holds."""
        if self.at == self.stop or self.take(UINT32).numbers()[0] & 0xFF > FUNCTION:
            return ""
        self.take(INT32)
        name = self.take(INT8)
        return self.data[name.at:name.stop].decode("latin-1")

    def check(self) -> None:
        """Check that the elements of the array that it holds end where it does."""
        if self.at == self.stop:
            return
        flags = self.take(UINT32).numbers()[0]
        if (kind := flags & 0xFF) >= FUNCTION:
            return
        count = math.prod(self.take(INT32).numbers())
        self.take(INT8)
        parts = count if kind == CELL else 0
        if kind in (STRUCT, OBJECT):
            if kind == OBJECT:
                self.take(INT8)
            (width,), names = self.take(INT32).numbers(), self.take(INT8)
            parts = count * (names.stop - names.at) // max(width, 1)
        for _ in range(parts):
            self.take(MATRIX).check()
        held = 0
        while self.at < self.stop:
            held += 1
            part = self.take(*BYTES if kind >= CHAR else ())
            size = part.stop - part.at
            if kind > SPARSE and size != count * BYTES[part.kind]:
                raise ValueError(f"{size} bytes of type {part.kind} for {count} numbers")
        wanted = 0 if kind < CHAR else 1 + bool(flags & COMPLEX) + 2 * (kind == SPARSE)
        if held != wanted and (held or count):
            raise ValueError(f"{held} parts of data for an array that has {wanted}")
