"""Faces: find one in every frame of a video, cut it out, and describe it with a pretrained network.

References
----------
Jin, Xiao, Jin, Zhang (2024), Sec 3.1 and 4.2: faces of 48 x 48 pixels. Zhang, Tang, Guan (2022),
the paper's reference [32], whose code cuts faces with OpenFace; choice: the Haar cascade of Viola
and Jones (2001) that ships with OpenCV instead, which needs no compiler and no download.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from scipy.ndimage import median_filter
from sklearn.random_projection import GaussianRandomProjection

from lib.datasets.base import BadFile

log = logging.getLogger(__name__)


class Faces(NamedTuple):
    """Where the face is in each frame.

    Attributes
    ----------
    boxes : array ``(n, 4)``
        float32: left, top, width, height in pixels of the frame; may reach over its edge.
    quality : array ``(n,)`` of str
        ``"detected"`` by the cascade, ``"tracked"`` from the last detection, or ``"missing"``:
        filled in between neighbours in time.
    """

    boxes: np.ndarray
    quality: np.ndarray


@cache
def _cascade() -> cv2.CascadeClassifier:
    folder = getattr(getattr(cv2, "data", None), "haarcascades", None)
    if not hasattr(cv2, "CascadeClassifier") or folder is None:
        raise RuntimeError(
            f"OpenCV {cv2.__version__} has no Haar cascades; install opencv-python-headless<5")
    file = Path(folder) / "haarcascade_frontalface_default.xml"
    cascade = cv2.CascadeClassifier(str(file))
    if cascade.empty():
        raise BadFile(file, "the frontal face cascade that ships with OpenCV", "no readable file",
                      "Reinstall opencv-python-headless<5.")
    return cascade


def _largest(grey: np.ndarray) -> np.ndarray | None:
    """Largest face that the cascade finds, ``(left, top, width, height)``; the viewer is nearest to
    the camera."""
    # choice: a frontal camera shows no smaller face; the cascade's own minimum is 24 pixels
    smallest = max(24, min(grey.shape) // 6)
    found = _cascade().detectMultiScale(grey, scaleFactor=1.1, minNeighbors=5,
                                        minSize=(smallest, smallest))
    return max(found, key=lambda box: box[2]).astype(float) if len(found) else None


def _cut(image: np.ndarray, left: int, top: int, width: int, height: int) -> np.ndarray:
    """A rectangle of an image; beyond its edge the edge pixels go on."""
    rows = np.clip(np.arange(top, top + height), 0, image.shape[0] - 1)
    columns = np.clip(np.arange(left, left + width), 0, image.shape[1] - 1)
    return image[rows[:, None], columns]


def _follow(grey: np.ndarray, template: np.ndarray, last: np.ndarray,
            threshold: float) -> np.ndarray | None:
    """Move ``last`` to where ``template`` matches best nearby, or None if it matches nowhere."""
    left, top, width, height = last.astype(int)
    x, y = width // 2, height // 2  # half a face a frame in any direction
    near = _cut(grey, left - x, top - y, width + 2 * x, height + 2 * y)
    match = cv2.matchTemplate(near, template, cv2.TM_CCOEFF_NORMED)
    _, score, _, (dx, dy) = cv2.minMaxLoc(match)
    moved = np.array([left - x + dx, top - y + dy, width, height], dtype=float)
    return moved if score >= threshold else None


def _step(grey: np.ndarray, last: np.ndarray, template: np.ndarray | None, look: bool,
          threshold: float) -> tuple[np.ndarray | None, str]:
    """Box and quality of one frame: the cascade where it is its turn, else the tracker, else the
    cascade after all."""
    box = _largest(grey) if look or template is None else None
    if box is None and template is not None:
        box = _follow(grey, template, last, threshold)
        if box is not None:
            return box, "tracked"
        box = None if look else _largest(grey)
    return box, "missing" if box is None else "detected"


def detect(frames, *, every: int = 2, width: int = 320, threshold: float = 0.6, smooth: int = 3,
           file: str = "video") -> Faces:
    """Find the face in each frame.

    Parameters
    ----------
    frames : array ``(n, height, width, 3)`` or iterable of frames
        uint8, RGB, in order of time.
    every : int
        Run the cascade on every so many frames. choice: 2, twice a second at one frame per label.
    width : int
        Pixels; wider frames are reduced to this before searching. choice: 320, where a face is
        still over 50 pixels wide.
    threshold : float
        Lowest correlation (-1 to 1) at which the tracker trusts its match. choice: 0.6.
    smooth : int
        Frames of the running median over boxes, which takes out single false detections. choice: 3,
        since a longer one lags behind a moving head; 1 switches it off.
    file : str
        Name of the video for messages.

    Returns
    -------
    Faces
        Boxes and quality flags.

    Raises
    ------
    BadFile
        If no frame holds a face.

    Notes
    -----
    choice: between detections, and where the cascade misses a turned face, a template cut at the
    last detection is followed by normalised cross-correlation. It is exact to repeat, cannot drift
    for longer than ``every`` frames while the cascade succeeds, and every OpenCV has it, unlike the
    trackers of its extra modules. Boxes of missing frames are interpolated.
    """
    boxes, quality = [], []
    last, template = np.zeros(4), None
    for i, frame in enumerate(frames):
        scale = min(1.0, width / frame.shape[1])
        small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
        box, flag = _step(grey, last, template, i % every == 0, threshold)
        if box is not None:
            last, template = box, _cut(grey, *box.astype(int)) if flag == "detected" else template
        boxes.append(np.full(4, np.nan) if box is None else box / scale)
        quality.append(flag)
    filled = fill_missing(boxes, file)
    log.debug("%s: %d frames, %d detected, %d without a face", file, len(quality),
              quality.count("detected"), quality.count("missing"))
    steady = median_filter(filled, size=(smooth, 1), mode="nearest")
    return Faces(steady.astype(np.float32), np.array(quality))


def fill_missing(boxes, file: str) -> np.ndarray:
    """Boxes ``(n, 4)`` with those of frames without a face (NaN) interpolated in time.

    Raises
    ------
    BadFile
        If no frame of ``file`` holds a face.
    """
    boxes = np.reshape(np.array(boxes, float), (-1, 4))
    when, found = np.arange(len(boxes)), np.flatnonzero(np.isfinite(boxes[:, 0]))
    if not len(found):
        raise BadFile(
            file, "a face in at least one frame", f"none in {len(boxes)} frames",
            "Check that this is the colour video of the frontal camera; the trial is left out.")
    return np.stack([np.interp(when, found, column[found]) for column in boxes.T], axis=1)


def crop(frames, boxes: np.ndarray, size: int = 48, margin: float = 0.1) -> np.ndarray:
    """Cut the faces out.

    Parameters
    ----------
    frames : array ``(n, height, width, 3)`` or iterable of frames
        uint8.
    boxes : array ``(n, 4)``
        From `detect`.
    size : int
        Pixels (Sec 4.2: 48).
    margin : float
        Part of the box added on each side. choice: 0.1; the cascade's box ends above the chin,
        which an open mouth moves.

    Returns
    -------
    array ``(n, size, size, 3)``
        uint8. What lies beyond the frame repeats its edge.
    """
    faces = np.empty((len(boxes), size, size, 3), np.uint8)
    for face, frame, (left, top, width, height) in zip(faces, frames, boxes, strict=True):
        side = max(width, height) * (1 + 2 * margin)
        corner = np.rint([left + (width - side) / 2, top + (height - side) / 2]).astype(int)
        part = _cut(frame, *corner, *2 * [max(1, round(side))])
        face[:] = cv2.resize(part, (size, size),
                             interpolation=cv2.INTER_AREA if side > size else cv2.INTER_LINEAR)
    return faces


def portraits(pictures: Iterable[np.ndarray], tight: Sequence[bool],
              size: int) -> dict[str, np.ndarray]:
    """The largest face of each picture.

    Parameters
    ----------
    pictures : iterable of array ``(height, width, 3)``
        uint8, RGB; each of its own size.
    tight : sequence of bool
        Which are cut to the face already (the cascade finds none in such) and are taken as they
        are.
    size : int
        Pixels.

    Returns
    -------
    dict
        ``faces`` ``(n, size, size, 3)``, from `crop`; black where the cascade finds none.
    """
    faces = np.zeros((len(tight), size, size, 3), np.uint8)
    for face, picture, whole in zip(faces, pictures, tight, strict=True):
        with suppress(BadFile):
            box = np.array([[0, 0, *picture.shape[1::-1]]]) if whole else detect(picture[None])[0]
            face[:] = crop(picture[None], box, size, 0.0 if whole else 0.1)
    return {"faces": faces}


def face_features(faces: np.ndarray, backbone: Callable[[np.ndarray], np.ndarray],
                  batch: int = 32) -> np.ndarray:
    """Describe each face by a pretrained network.

    Parameters
    ----------
    faces : array ``(n, size, size, 3)``
        uint8, RGB, from `crop`.
    backbone : callable
        Maps ``(batch, size, size, 3)`` uint8 to ``(batch, n_features)``; `lib.models.backbones` has
        some.
    batch : int
        Faces at a time.

    Returns
    -------
    array ``(n, n_features)``
        float32.

    Notes
    -----
    choice: whole faces, where [32] uses the 40 central pixels of 48. The last batch is filled up
    with its last face, so that all batches have one shape and a processor's rounding is the same
    for a face wherever it stands.
    """
    parts = []
    for start in range(0, len(faces), batch):
        part = faces[start:start + batch]
        full = np.concatenate([part, np.repeat(part[-1:], batch - len(part), axis=0)])
        parts.append(np.asarray(backbone(full), np.float32)[:len(part)])
    return np.concatenate(parts)


def project(features: np.ndarray, width: int = 128, seed: int = 0) -> np.ndarray:
    """Face features ``(n, d)`` to ``(n, width)`` by a fixed random projection.

    ``choice:`` many of a pretrained network's pooled activations are almost never active on faces,
    and one that moves on a test subject alone has no meaningful scale. Random combinations of all
    of them keep distances (Johnson and Lindenstrauss 1984) and look at no data, so nothing leaks
    from test to training.
    """
    return GaussianRandomProjection(n_components=width,
                                    random_state=seed).fit_transform(features).astype(np.float32)
