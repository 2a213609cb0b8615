"""RAF-DB, basic emotions: aligned faces of 100 x 100 pixels, one emotion each, with the owner's
split into training and test.

Two layouts are read, the owner's and the common repack. Simulated sets in the same layouts carry a
``truth.json`` and are read by the same code.

References
----------
Li, Deng, Du, "Reliable crowdsourcing and deep locality-preserving learning for expression
recognition in the wild", CVPR 2017.
"""

import logging
import re
from collections import Counter, defaultdict
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lib.datasets.base import Cohort, Signal, Trial
from lib.datasets.checks import check, finish, left_out, origin
from lib.datasets.picture import read_picture
from lib.datasets.table import fields, read_text
from lib.paths import spelled

log = logging.getLogger(__name__)
CODES = dict(enumerate("surprise fear disgust happiness sadness anger neutral".split(), 1))
EMOTIONS = ("happiness", "sadness", "fear", "neutral")  # of paper 4, in its order: classes 0 to 3
SPLITS = {"train": 5, "test": 4}  # digits of an image's number
SIZE = 100  # pixels
OWNER = ("Image/aligned", "EmoLabel/list_patition_label.txt")  # (sic), below basic/
REPACK = "DATASET"  # beside train_labels.csv and test_labels.csv
AGAIN = "Get the file again from where the set came from; the other images are read."
CORRECT = "Correct the label file, or get it again."


class _Entry(NamedTuple):
    """One line of a label file: the image's name as the line has it, its file, the emotion's code,
    and where that line is."""

    name: str
    path: Path
    code: str
    line: str

    @property
    def number(self) -> tuple[str, int]:
        """Split and number of the image, which its name tells; else nothing."""
        match = re.fullmatch(r"(train|test)_(\d+)(_aligned)?\.\w+", self.name)
        return (match[1], int(match[2])) if match else ("", 0)


def aligned(name: str) -> str:
    """File name of the aligned image of ``train_00001.jpg``: ``train_00001_aligned.jpg``."""
    return re.sub(r"(_aligned)?(\.\w+)$", r"_aligned\2", name)


def read(folder: str | Path) -> Cohort:
    """Read RAF-DB's basic emotions, or a simulated set in its layout.

    Parameters
    ----------
    folder : path-like
        Holds ``basic/Image/aligned/`` and ``basic/EmoLabel/list_patition_label.txt``, or is
        ``basic`` itself; or holds ``DATASET/{train,test}/{1..7}/``, ``train_labels.csv`` and
        ``test_labels.csv``.

    Returns
    -------
    Cohort
        One trial per image of the four emotions of paper 4, by split and number. ``subject`` is 0
        (unknown), ``session`` the owner's split (``"train"`` or ``"test"``), ``trial`` the image's
        number, ``stimulus`` its name, ``labels["emotion"]`` the index in ``EMOTIONS``. ``image``
        loads ``(1, 100, 100, 3)`` uint8, RGB. What is left out is in ``dropped``, with the reason;
        images of other emotions are counted there in one entry.

    Raises
    ------
    BadFile
        No label file, or not one usable image.
    """
    folder = Path(folder)
    cohort = origin(folder, "rafdb", "RAF-DB")
    entries, dropped = _entries(folder)
    root = _owner_root(folder)
    images = [*((root / OWNER[0]).glob("*.jpg") if root else (folder / REPACK).glob("*/*/*.jpg"))]
    surplus = len(images) - len(entries) - len(dropped)
    trials, others, lines = [], Counter(), defaultdict(list)
    for entry in entries:
        lines[entry.number].append(entry)
    for entry in entries:
        with left_out(dropped, entry.name):
            session, number, emotion = _alone(entry, lines[entry.number])
            if emotion not in EMOTIONS:
                others[emotion] += 1
                continue
            _image(path := spelled(entry.path))
            trials.append(
                Trial("rafdb", 0, session, number, entry.name, {"emotion": EMOTIONS.index(emotion)},
                      {"image": partial(_signal, path)}, {"image": str(path)}))
    if surplus > 0:
        dropped["images without a line"] = f"{surplus} of {len(images)} in the label file"
    if others:
        counts = ", ".join(f"{emotion} {count}" for emotion, count in sorted(others.items()))
        said = f"{others.total()} images of emotions that paper 4 does not use: {counts}"
        dropped["other emotions"] = said
        log.info("%s: %s", folder, said)
    trials.sort(key=lambda trial: (list(SPLITS).index(trial.session), trial.trial))
    return finish(cohort, folder, trials, dropped, "at least one usable image",
                  f"none for {len(entries)} labels; the first", AGAIN, unsaid=("other emotions",))


def files(folder: str | Path) -> list[str]:
    """Relative paths of the images that the label files name and of the label files."""
    folder = Path(folder)
    root = _owner_root(folder)
    tables = [root / OWNER[1]] if root else [folder / f"{split}_labels.csv" for split in SPLITS]
    images = [entry.path for entry in _entries(folder)[0]]
    return [path.relative_to(folder).as_posix() for path in tables + images]


def _owner_root(folder: Path) -> Path | None:
    return next((root for root in (folder / "basic", folder) if (root / OWNER[1]).is_file()), None)


def _entries(folder: Path) -> tuple[list[_Entry], dict[str, str]]:
    """All lines of the label files, and what is wrong with those files (line or file -> reason)."""
    dropped: dict[str, str] = {}
    if root := _owner_root(folder):
        rows, place = _rows(root / OWNER[1], False, dropped), root / OWNER[0]
        return [_Entry(name, place / aligned(name), *more) for name, *more in rows], dropped
    check(
        folder, (folder / REPACK).is_dir(),
        f"basic/{OWNER[1]}, or {REPACK}/ with train_labels.csv and test_labels.csv", "neither",
        "Ask the owners for the basic set (http://www.whdeng.cn/raf/model1.html), or name the "
        "folder that holds it.")
    entries = []
    for split in SPLITS:
        table, place = folder / f"{split}_labels.csv", folder / REPACK / split
        with left_out(dropped, table.name):
            rows = _rows(table, True, dropped)
            entries += [_Entry(name, place / code / name, code, line) for name, code, line in rows]
    return entries, dropped


def _rows(path: Path, repack: bool, dropped: dict[str, str]) -> list[tuple[str, str, str]]:
    """Name, code and place of each line (of the repack's table; else by spaces or tabs); other
    lines go to ``dropped``."""
    expected = ("an image's name and a number from 1 to 7 in each line, separated by "
                f"{'a comma' if repack else 'a space or tab'}")
    text = read_text(path, AGAIN).splitlines()
    by = next((sign for sign in ";\t" if text and sign in text[0]), ",")
    lines = {
        n: fields(line.rstrip(f" {by}"), by) if repack else line.split()
        for n, line in enumerate(text, 1) if line.strip(f" {by}")
    }
    if repack and lines and lines[first := min(lines)] == ["image", "label"]:
        del lines[first]
    rows, bad, said = [], dict[str, str](), {n: " ".join(lines[n])[:60] for n in lines}
    for n, parts in lines.items():
        with left_out(bad, f"{path.name}: {said[n]}"):
            fine = len(parts) == 2 and re.fullmatch(r"-?\d+", parts[1])
            check(path, fine, expected, f"{said[n]!r} in line {n}", AGAIN)
            rows.append((parts[0], parts[1], f"line {n} of {path.name}"))
    check(path, rows, expected, repr(said[min(said)]) if said else "an empty file", AGAIN)
    dropped.update(bad)
    return rows


def _alone(entry: _Entry, same: list[_Entry]) -> tuple[str, int, str]:
    """Split, number and emotion of an image, which no other line of the ``same`` has."""
    must, (split, number) = partial(check, entry.name), entry.number
    must(split, "a name like train_00001.jpg or test_0001.jpg", f"{entry.name!r} in {entry.line}",
         "Keep the owner's file names.")
    codes = ", ".join(f"{other.code} in {other.line}" for other in same)
    must(len({other.code for other in same}) == 1, "one emotion for each image", codes, CORRECT)
    must(entry is same[0], "one line for each image in the label file",
         f"{same[0].line} and {entry.line}", "The first line is used.")
    known = ", ".join(f"{code} {emotion}" for code, emotion in CODES.items())
    must(
        int(entry.code) in CODES, f"a code of RAF-DB's basic set ({known})",
        f"{entry.code} in {entry.line}", CORRECT)
    return split, number, CODES[int(entry.code)]


def _image(path: Path) -> np.ndarray:
    """One image ``(100, 100, 3)``, RGB."""
    image = read_picture(path, AGAIN)
    check(path, image.shape == (SIZE, SIZE, 3), f"an aligned image of {SIZE} x {SIZE} pixels",
          f"{image.shape[0]} x {image.shape[1]}", "Use the aligned images, not the original ones.")
    return image


def _signal(path: Path) -> Signal:
    return Signal(_image(path)[None], rate=1.0)
