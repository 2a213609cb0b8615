"""A drawn person: looks, and the picture of what does not move (background, shoulders, head with
its shading, hair).

Everything is drawn, nobody is shown. Lengths are in units of half the height of the head, with the
origin between the eyes and the nose.
"""

from __future__ import annotations

from collections import namedtuple
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import ArrayLike

SIDES = (-1.0, 1.0)
_SHIFT = 4  # fractional bits of the coordinates OpenCV draws at

# lowest and highest value of what differs between people, in the order it is drawn
LOOKS = {
    "skin": ((150, 105, 82), (240, 206, 184)), "width": (0.70, 0.80), "jaw": (0.10, 0.24),
    "eye_gap": (0.30, 0.35), "eye_size": (0.145, 0.175), "brow_height": (0.17, 0.22),
    "brow_size": (0.035, 0.06), "nose": (0.12, 0.17), "mouth_width": (0.25, 0.32),
    "lips": (0.05, 0.075), "hair_line": (-0.74, -0.60), "long_hair": (0.0, 1.0),
    "hair": ((28, 20, 16), (150, 105, 62)), "iris": ((50, 34, 22), (80, 110, 130)),
    "shirt": ((40, 50, 90), (150, 120, 110)), "wall": ((95, 105, 115), (175, 180, 185))
}

_Looks = namedtuple(
    "_Looks", "width jaw eye_gap eye_size brow_height brow_size nose mouth_width lips hair_line "
    "long_hair skin hair iris lip shirt wall")


class Identity(_Looks):
    """A person's looks. Lengths are in units of half the height of the head, colours are RGB in
    0..255.

    Attributes
    ----------
    width, jaw : float
        Half width of the head; how much it narrows towards the chin.
    eye_gap, eye_size, brow_height, brow_size, nose, mouth_width, lips : float
        Distance of the eyes from the midline and half their width, height of the brows above the
        eyes and their thickness, width of the nose, half width of the mouth at rest and thickness
        of the lips.
    hair_line, long_hair : float
        Lower edge of the hair on the forehead (negative: higher up) and length of the hair at the
        sides (0: short).
    skin, hair, iris, lip, shirt, wall : tuple of float
        Colours.
    """
    @classmethod
    def sample(cls, rng: np.random.Generator, fingerprint: float = 1.0) -> Identity:
        """Draw a person; ``fingerprint`` scales how far people differ (0: all look alike)."""
        def within(low, high):
            low, high = np.asarray(low, float), np.asarray(high, float)
            value = (low + high) / 2 + fingerprint * (high - low) * (rng.random() - 0.5)
            return float(value) if value.ndim == 0 else tuple(np.clip(value, 0, 255).tolist())

        looks = {name: within(*limits) for name, limits in LOOKS.items()}
        lip = tuple((np.array(looks["skin"]) * (0.80, 0.55, 0.56)).tolist())
        return cls(**looks, lip=lip)


@lru_cache(maxsize=8)
def _basis(n: int) -> np.ndarray:
    """Weights ``(n, 3)`` of the three points of a parabola."""
    t = np.linspace(0, 1, n)
    bend = 2 * t * (1 - t)
    return np.stack([(1 - t)**2 - bend / 2, 2 * bend, t**2 - bend / 2], axis=1)


def curve(left: tuple, middle: tuple, right: tuple, n: int = 9) -> np.ndarray:
    """The parabola (a quadratic Bezier curve) through three points, ``(n, 2)``."""
    return _basis(n) @ np.array((left, middle, right), float)


class Pen:
    """Draws filled shapes and lines, given in head units, on an image, with anti-aliased edges at
    fractions of a pixel."""
    def __init__(self, image: np.ndarray, scale: float, centre: tuple[float, float]):
        fine = 1 << _SHIFT
        self.image, self.factor, self.offset = image, scale * fine, np.asarray(centre) * fine

    def _points(self, points: ArrayLike) -> list[np.ndarray]:
        return [np.rint(np.asarray(points) * self.factor + self.offset).astype(np.int32)]

    def fill(self, points: ArrayLike, colour) -> None:
        """Fill a polygon ``(n, 2)``."""
        cv2.fillPoly(self.image, self._points(points), tuple(colour), cv2.LINE_AA, _SHIFT)

    def line(self, points: ArrayLike, colour, thickness: int = 1) -> None:
        """Draw an open line ``(n, 2)``; the thickness is in pixels."""
        cv2.polylines(self.image, self._points(points), False, tuple(colour), thickness,
                      cv2.LINE_AA, _SHIFT)


def tint(colour, factor: float) -> tuple[float, ...]:
    """A colour made darker (below 1) or lighter."""
    return tuple(min(255.0, c * factor) for c in colour)


def geometry(size: tuple[int, int]) -> tuple[float, tuple[float, float]]:
    """Pixels per head unit, and where the head's centre lies, in a picture of ``size`` (height,
    width)."""
    height, width = size
    return 0.36 * height, (width / 2, 0.53 * height)


def _outline(who: Identity, grow: float = 1.0) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    x, y = grow * who.width * np.cos(angle), np.sin(angle)
    return np.stack([x * (1 - who.jaw * np.clip(y, 0, 1)**1.5), grow * y], axis=1)


def _shading(who: Identity, x: np.ndarray, y: np.ndarray, cheeks: float) -> np.ndarray:
    """How bright the skin is at each place: light from the upper left, eye sockets, nose, folds;
    ``cheeks`` lifts them (AU6)."""
    def spot(cx, cy, sx, sy):
        return np.exp(-0.5 * (((x - cx) / sx)**2 + ((y - cy) / sy)**2))

    tone = 1.06 - 0.20 * ((x + 0.12) / who.width)**2 - 0.10 * np.clip(y, 0, 1)**2
    tone += 0.06 * spot(-0.1, -0.5, 0.35, 0.18) + 0.10 * spot(0, 0.02, 0.06, 0.20) + 0.08 * spot(
        0, 0.21, 0.07, 0.06)
    tone -= 0.20 * spot(0, 0.315, who.nose * 0.8, 0.03) + 0.07 * spot(0, 0.80, 0.14, 0.04)
    for side in SIDES:
        tone -= 0.17 * spot(side * who.eye_gap, -0.15, 0.20, 0.11) + 0.06 * spot(
            side * who.nose, 0.16, 0.04, 0.12)
        tone += (0.05 + 0.09 * cheeks) * spot(side * 0.40, 0.20 - 0.04 * cheeks, 0.14, 0.09)
        tone -= 0.12 * cheeks * spot(side * 0.40, 0.02, 0.17, 0.025)
    return tone


@lru_cache(maxsize=64)
def still(who: Identity, size: tuple[int, int], cheeks: float) -> np.ndarray:
    """What does not move, for raised (1) or resting (0) cheeks: ``(height, width, 3)``, RGB,
    read-only.

    It is painted three times as large and averaged down, once for each person and size.
    """
    times, (scale, centre) = 3, geometry(size)
    height, width = size[0] * times, size[1] * times
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    x, y = (columns / times - centre[0]) / scale, (rows / times - centre[1]) / scale
    wall = 1.08 - 0.12 * rows / height - 0.10 * columns / width
    image = np.clip(np.array(who.wall) * wall[..., None], 0, 255).astype(np.uint8)
    pen = Pen(image, scale * times, (centre[0] * times, centre[1] * times))
    if who.long_hair > 0.5:
        pen.fill(np.add(_outline(who, 1.16), (0, 0.10)), tint(who.hair, 0.8))
    shoulders = [(-1.5, 1.6), (-1.2, 1.22), (-0.35, 1.02), (0.35, 1.02), (1.2, 1.22), (1.5, 1.6)]
    pen.fill(shoulders, who.shirt)
    neck = [(-0.36, 0.6), (0.36, 0.6), (0.40, 1.10), (0, 1.25), (-0.40, 1.10)]
    pen.fill(neck, tint(who.skin, 0.74))
    for side in SIDES:
        around = np.linspace(0, 2 * np.pi, 24)
        x_ear = side * 0.99 * who.width + 0.10 * np.cos(around)
        ear = np.stack([x_ear, 0.02 + 0.18 * np.sin(around)], axis=1)
        pen.fill(ear, tint(who.skin, 0.82))
    mask = np.zeros((height, width), np.uint8)
    Pen(mask, scale * times, (centre[0] * times, centre[1] * times)).fill(_outline(who), (255,))
    skin = np.clip(np.array(who.skin) * _shading(who, x, y, cheeks)[..., None], 0, 255)
    blend = mask[..., None] / 255.0
    image[:] = (image * (1 - blend) + skin * blend).astype(np.uint8)
    crown = _outline(who, 1.07)
    crown = crown[crown[:, 1] < -0.22]
    fringe = curve((who.width * 0.93, -0.30), (0.0, who.hair_line), (-who.width * 0.93, -0.30), 24)
    pen.fill(np.vstack([crown, fringe]), who.hair)
    pen.line(curve((-0.5, -0.86), (-0.1, -0.98), (0.4, -0.9), 16), tint(who.hair, 1.35), 3)
    for side in SIDES:  # nostrils
        nostril = [(0.03, 0.295), (who.nose * 0.75, 0.275), (who.nose * 0.7, 0.31)]
        pen.fill(np.multiply(nostril, (side, 1)), tint(who.skin, 0.55))
    image = cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)
    image.setflags(write=False)
    return image
