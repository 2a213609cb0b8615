"""Photographs of faces found on the internet, each with an emotion that students saw in it (GitHub
``muxspace/facial_expressions``, commit 5fb9c13afac07c55eae8d25eb6b50af344ad60c9).

Most are of Labeled Faces in the Wild (Huang et al. 2007). The photographers keep their rights.
"""

import logging
import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path

from lib.datasets.base import Cohort, Signal, Trial
from lib.datasets.checks import alone, check, copies, finish, left_out
from lib.datasets.picture import read_picture
from lib.datasets.table import read_csv

FOLDER = "faces-in-the-wild"
EMOTIONS = ("happiness", "sadness", "fear", "neutral", "surprise", "anger", "disgust", "contempt")
WORDS = {"angry": "anger", "surprised": "surprise", "disgusted": "disgust", "fearful": "fear"}
# a person and the picture's number, of four digits in Labeled Faces in the Wild
NAME = re.compile(r"([^/\\]+?)(?:_(\d+))?\.jpe?g", re.I)
AGAIN = "Get it again from its owner; the other pictures are read."


def read(root: str | Path, only: Callable[[], Collection[str]] = tuple) -> Cohort:
    """Read the pictures that ``legend.csv`` names. Each is decoded now, and again when asked for.

    Parameters
    ----------
    root : path-like
        Holds ``images/`` and ``legend.csv`` (as its owner has it: ``data/legend.csv``).
    only : callable
        Gives the paths of the pictures that are used; where it gives none, all are.

    Returns
    -------
    Cohort
        A trial per picture, by name: ``labels["emotion"]``, the index in :data:`EMOTIONS`;
        ``session``, its source: ``"lfw"``, or ``"other"`` where the name has no number of four
        digits; ``subject``, a number made of the name without the picture's, ``trial``; a picture
        without a number is a person of its own. ``load("image")``: ``(1, height, width, 3)``
        uint8, RGB.

    Raises
    ------
    BadFile
        No legend, or not one usable picture.
    """
    root, known, lines = Path(root), only(), defaultdict[str, dict[str, int]](dict)
    legend = root / ("data/" * (root / "data/legend.csv").is_file() + "legend.csv")
    table = read_csv(legend, AGAIN, ("image", "emotion"), text=("image", "emotion"))
    for line, image, word in zip(table.index, table["image"], table["emotion"], strict=True):
        if not known or f"images/{image}" in known:
            lines[image][WORDS.get(word.lower(), word.lower())] = line
    names = {image: name for image in lines if (name := NAME.fullmatch(image))}
    twins = copies(root / "images" / image for image in names)
    trials, dropped = [], dict[str, str]()
    for image, said in sorted(lines.items()):
        with left_out(dropped, image):
            found = f"{image!r}, " + ", ".join(f"{word} in line {n}" for word, n in said.items())
            check(legend, image in names and len(said) == 1 and set(said) <= set(EMOTIONS),
                  f"names such as First_Last_0001.jpg, each with one of {', '.join(EMOTIONS)}",
                  found, AGAIN)
            person, number = zlib.crc32(names[image][1].encode()), names[image][2] or ""
            trials.append(
                trial(root / "images" / image, twins, FOLDER, person,
                      "lfw" if len(number) == 4 else "other", int(number or 0), image, *said))
    return finish(
        Cohort(FOLDER, "public", (), "faces in the wild, labelled by students (photographs)"), root,
        trials, dropped, "at least one picture that legend.csv names, in images/",
        f"none for {len(lines)} names", AGAIN, logging.INFO)


def trial(path: Path, twins: Mapping[Path, Path], dataset: str, person: int, source: str,
          number: int, name: str, emotion: str) -> Trial:
    """A picture that is whole and has no twin."""
    alone(path, twins, AGAIN)
    read_picture(path, AGAIN)
    return Trial(dataset, person, source, number, name, {"emotion": EMOTIONS.index(emotion)},
                 {"image": partial(_load, path)}, {"image": str(path)})


def _load(path: Path) -> Signal:
    return Signal(read_picture(path, AGAIN)[None], rate=1.0)
