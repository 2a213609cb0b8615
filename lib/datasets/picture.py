"""A picture decoded whole, or refused: decoders mend what is damaged and only mention it."""

import os
import re
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import cv2
import numpy as np

from lib.datasets.checks import check, refused

JPEG, PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # but for those inside the compressed data
EOI, SOS, DQT = 0xD9, 0xDA, 0xDB
USUAL = bytes.fromhex("00020103030204030505040400 00017d")  # the standard's code of luminance:
ZEROS = bytes(16)  # with it, that many zeros would be 42 coefficients of -1 on end


def read_picture(path: str | Path, fix: str) -> np.ndarray:
    """Read a picture, ``(height, width, 3)`` RGB uint8, upright; bytes after its end are no damage.

    Compressed data without a checksum (JPEG) that were changed into those of another picture, with
    no code left over, missing or senseless, cannot be told from it.

    Raises
    ------
    BadFile
        No picture, or a damaged one.
    """
    with refused(path, "a picture", fix, OSError):
        content = Path(path).read_bytes()
    image = None
    with heard() as lines, suppress(cv2.error):  # a picture of absurd size
        image = cv2.imdecode(np.frombuffer(content or b"-", np.uint8), cv2.IMREAD_COLOR)
    fault = "" if image is not None else f"{len(content)} bytes that are none, or a part of one"
    if content.startswith(JPEG):  # or the first thing that its decoder mended
        fault = fault or next((line for line in lines if "JPEG" in line), "") or _jpeg(content)
    elif content.startswith(PNG):
        fault = fault or _png(content)
    check(path, not fault, "a whole image file", fault, fix)
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


@contextmanager
def heard() -> Iterator[list[str]]:
    """What is written to standard error meanwhile: decoders tell it alone what they mended."""
    kept, lines = os.dup(2), list[str]()
    with tempfile.TemporaryFile() as ear:
        os.dup2(ear.fileno(), 2)
        try:
            yield lines
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            ear.seek(0)
            lines += ear.read().decode("latin-1").splitlines()


def _jpeg(content: bytes) -> str:
    """What is wrong with the parts of a JPEG file: they follow on one another up to its end."""
    at = 2
    while content[at:at + 1] == b"\xff" and (code := content[at + 1]) != EOI:
        end = at + 2 + int.from_bytes(content[at + 2:at + 4], "big")
        if code == DQT and content[at + 4] < 16 and 0 in content[at + 5:at + 69]:
            return "a table with zeros"
        found = MARKER.search(content, end) if code == SOS else None
        at = found.start() if found else end
        if USUAL in content[:end] and ZEROS in content[end:at]:
            return "zeros in place of data"
    whole = content[at:at + 2] == bytes((0xFF, EOI))
    return "" if whole else "a part that does not end at the next, or no end"


def _png(content: bytes) -> str:
    """What is wrong with the parts of a PNG file: each has a checksum."""
    at, kind = len(PNG), b""
    while kind != b"IEND":
        length, kind = int.from_bytes(content[at:at + 4], "big"), content[at + 4:at + 8]
        end = at + 8 + length
        if end + 4 > len(content):
            return "no end"
        if zlib.crc32(content[at + 4:end]) != int.from_bytes(content[end:end + 4], "big"):
            return f"a wrong checksum of {kind!r}"
        at = end + 4
    return ""
