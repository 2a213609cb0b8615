"""Face Research Lab London Set: 102 people, neutral and smiling, who agreed to be shown.

DeBruine and Jones 2017, doi:10.6084/m9.figshare.5047666, CC BY 4.0.
"""

import logging
import re
from pathlib import Path

from lib import paths
from lib.datasets.base import Cohort
from lib.datasets.checks import copies, finish, left_out
from lib.datasets.wild_faces import AGAIN, trial

FOLDER = "london-faces"
NAME = re.compile(r"(?:(happy_|smiling_front/)|neutral_(?:front/)?)(\d{3})_0([38])\.jpe?g", re.I)
CREDIT = "Face Research Lab London Set (DeBruine and Jones 2017, CC BY 4.0)"


def read(root: str | Path) -> Cohort:
    """Read the pictures. Each is decoded now, and again when asked for.

    Parameters
    ----------
    root : path-like
        Holds the owner's ``neutral_front/001_03.jpg`` and ``smiling_front/001_08.jpg``, or crops
        of them, ``neutral_001_03.jpg`` and ``happy_001_08.jpg``; where both are there, the owner's
        are read.

    Returns
    -------
    Cohort
        A trial per picture: ``subject``, the owner's number; ``session``, ``"whole"`` or
        ``"crop"``; ``stimulus`` and ``labels["emotion"]``, the emotion and its index in
        :data:`lib.datasets.wild_faces.EMOTIONS`. ``load("image")``: ``(1, height, width, 3)``
        uint8, RGB. The caption says whom to credit, and where the pictures are crops.

    Raises
    ------
    BadFile
        No usable picture.
    """
    root, trials, dropped = Path(root), [], dict[str, str]()
    pictures = paths.glob(root, "*_front/*.jpg") or paths.glob(root, "*.jpg")
    twins, form = copies(pictures), "crop"
    for path in pictures:
        if name := NAME.fullmatch(path.relative_to(root).as_posix()):
            emotion, form = "happiness" if name[1] else "neutral", ("crop", "whole")["/" in name[0]]
            with left_out(dropped, name[0]):
                trials.append(
                    trial(path, twins, FOLDER, int(name[2]), form, int(name[3]), emotion, emotion))
    caption = CREDIT + ("" if form == "whole" else "; crops of the faces, not the owner's pictures")
    return finish(Cohort(FOLDER, "public", (), caption), root, trials, dropped,
                  "at least one picture such as neutral_front/001_03.jpg",
                  f"none of {len(pictures)}", AGAIN, logging.INFO)
