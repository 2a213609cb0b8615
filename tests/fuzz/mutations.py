"""What can happen to a file: one damage, drawn at random, to the bytes of one file."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

TOKENS = re.compile(
    rb"\xff[\xc0-\xfe]|PK\x01\x02|PK\x03\x04|PK\x05\x06|00dc|idx1|LIST|avih|strh|strf|movi")
WEIGHTS = {
    "bit": 3, "bytes": 2, "zeros": 2, "header": 3, "digit": 4, "cut": 2, "cut at a joint": 2,
    "doubled": 2, "doubled part": 2, "deleted": 2, "deleted part": 2, "swapped": 1,
    "swapped parts": 1, "trailing": 1, "replaced": 1, "removed": 0.5, "empty": 0.5
}


@dataclass
class Anatomy:
    """Offsets at which the format's parts begin and end (lines, records, elements, chunks), the
    length of the header, and if it is text."""

    joints: list[int]
    head: int
    text: bool


def anatomy(data: bytes) -> Anatomy:
    """Find the parts of a text, EDF or BDF, MATLAB 5, ZIP, JPEG or AVI file."""
    joints, head, text = [0], min(len(data), 640), b"\0" not in data and data.isascii()
    if text:
        joints += [match.end() for match in re.finditer(rb"\n", data)]
    elif data[:8] in (b"0       ", b"\xffBIOSEMI"):
        head, records = int(data[184:192]), int(data[236:244])
        joints += np.linspace(head, len(data), records + 1).astype(int).tolist()
    elif data[:6] == b"MATLAB":
        at = 128
        while at + 8 <= len(data):
            joints.append(at)
            at += 8 + int.from_bytes(data[at + 4:at + 8], "little")
    else:
        joints += [match.start() for match in TOKENS.finditer(data)]
    return Anatomy(sorted({*joints, len(data)}), head, text)


def mutate(data: bytes, rng: np.random.Generator, others: list[bytes]) -> tuple[str, bytes | None]:
    """One damage: its name, and the damaged bytes, None where the file is gone."""
    body, parts = np.frombuffer(data, np.uint8).copy(), anatomy(data)
    n, joints = len(data), parts.joints

    def span(longest: int = 12) -> tuple[int, int]:
        start = int(rng.integers(n))
        return start, min(n, start + int(2**rng.uniform(0, longest)))

    def part() -> tuple[int, int]:
        i = int(rng.integers(len(joints) - 1))
        return joints[i], joints[min(len(joints) - 1, i + int(rng.geometric(0.5)))]

    kind = str(rng.choice(list(WEIGHTS), p=np.array([*WEIGHTS.values()]) / sum(WEIGHTS.values())))
    a, b = part() if kind.endswith("part") else span()
    if kind == "bit":
        body[a] ^= 1 << rng.integers(8)
    elif kind == "bytes":
        a, b = span(6)
        body[a:b] = rng.integers(0, 256, b - a)
    elif kind == "zeros":
        body[a:b] = 0
    elif kind == "header":
        a = int(rng.integers(parts.head))
        body[a:a + rng.integers(1, 5)] = rng.integers(0, 256)
    elif kind == "digit":
        numbers = [*re.finditer(rb"\d+", data[:n if parts.text else parts.head])
                   ] or [re.match(b"", data)]
        a, b = numbers[rng.integers(len(numbers))].span()
        for at in range(a, b):
            body[at] = 48 + rng.integers(10) if at == a or rng.random() < 0.2 else body[at]
    elif kind.startswith("cut"):
        return kind, data[:int(rng.choice(joints[1:-1] or [n //
                                                           2])) if kind == "cut at a joint" else a]
    elif kind.startswith("doubled"):
        return kind, data[:b] + data[a:]
    elif kind.startswith("deleted"):
        return kind, data[:a] + data[b:]
    elif kind == "swapped":
        c = min(n, 2 * b - a)
        body[a:c] = np.concatenate([body[b:c], body[a:b]])
    elif kind == "swapped parts":
        (a, b), (c, d) = sorted((part(), part()))
        if b <= c:
            return kind, data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]
    elif kind == "trailing":
        a, b = part()
        return kind, data + [rng.bytes(1 + b - a), bytes(1 + b - a), data[a:b]][rng.integers(3)]
    elif kind == "replaced":
        return kind, others[rng.integers(len(others))] if others else data
    else:
        return kind, None if kind == "removed" else b""
    return kind, body.tobytes()
