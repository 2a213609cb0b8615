"""A drawn face: who it is, how the head is held and lit, and which facial action units are on.

Everything is drawn, nobody is shown. The still parts (background, shoulders, head with its shading, hair) are painted once per identity;
brows, eyes and mouth are drawn for each frame from the intensities of the action units (Facial Action Coding System):
AU1/AU2 raise the inner/outer brow, AU4 lowers and draws it together, AU5 widens the eyes, AU6 raises the cheeks, AU12 pulls the
mouth corners up (smile), AU15 down, AU20 stretches the mouth, AU25/AU26 open it, AU45 closes the eyes (blink).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

__all__ = ["ACTION_UNITS", "Identity", "action_units", "draw"]

ACTION_UNITS = ("AU1", "AU2", "AU4", "AU5", "AU6", "AU12", "AU15", "AU20", "AU25", "AU26", "AU45")
_SHIFT = 4  # fractional bits of the coordinates OpenCV draws at
_LEFT_RIGHT = (-1.0, 1.0)


@dataclass(frozen=True)
class Identity:
    """A person's looks. Lengths are in units of half the height of the head, colours are RGB in 0..255.

    Attributes
    ----------
    width, jaw : float
        Half width of the head; how much it narrows towards the chin.
    eye_gap, eye_size, brow_height, brow_size, nose, mouth_width, lips : float
        Distance of the eyes from the midline and half their width, height of the brows above the eyes and their thickness, width of the
        nose, half width of the mouth at rest and thickness of the lips.
    hair_line, long_hair : float
        Lower edge of the hair on the forehead (negative: higher up) and length of the hair at the sides (0: short).
    skin, hair, iris, lip, shirt, wall : tuple of float
        Colours.
    """

    width: float
    jaw: float
    eye_gap: float
    eye_size: float
    brow_height: float
    brow_size: float
    nose: float
    mouth_width: float
    lips: float
    hair_line: float
    long_hair: float
    skin: tuple[float, ...]
    hair: tuple[float, ...]
    iris: tuple[float, ...]
    lip: tuple[float, ...]
    shirt: tuple[float, ...]
    wall: tuple[float, ...]

    @classmethod
    def sample(cls, rng: np.random.Generator, fingerprint: float = 1.0) -> Identity:
        """Draw a person; ``fingerprint`` scales how far people differ (0: all look alike)."""

        def within(low, high):
            low, high = np.asarray(low, float), np.asarray(high, float)
            value = (low + high) / 2 + fingerprint * (high - low) * (rng.random() - 0.5)
            return float(value) if value.ndim == 0 else tuple(np.clip(value, 0, 255).tolist())

        skin = np.array(within((150, 105, 82), (240, 206, 184)))
        return cls(width=within(0.70, 0.80), jaw=within(0.10, 0.24), eye_gap=within(0.30, 0.35), eye_size=within(0.145, 0.175),
                   brow_height=within(0.17, 0.22), brow_size=within(0.035, 0.06), nose=within(0.12, 0.17), mouth_width=within(0.25, 0.32),
                   lips=within(0.05, 0.075), hair_line=within(-0.74, -0.60), long_hair=within(0.0, 1.0), skin=tuple(skin.tolist()),
                   hair=within((28, 20, 16), (150, 105, 62)), iris=within((50, 34, 22), (80, 110, 130)),
                   lip=tuple((skin * np.array([0.80, 0.55, 0.56])).tolist()), shirt=within((40, 50, 90), (150, 120, 110)),
                   wall=within((95, 105, 115), (175, 180, 185)))


def _curve(left: tuple, middle: tuple, right: tuple, n: int = 9) -> np.ndarray:
    """A parabola through three points (a quadratic Bezier curve), ``(n, 2)``."""
    a, m, b = (np.asarray(p, float) for p in (left, middle, right))
    t = np.linspace(0, 1, n)[:, None]
    return (1 - t) ** 2 * a + 2 * t * (1 - t) * (2 * m - (a + b) / 2) + t**2 * b


class _Pen:
    """Draws filled shapes and lines, given in head units, on an image, with anti-aliased edges at fractions of a pixel."""

    def __init__(self, image: np.ndarray, scale: float, centre: tuple[float, float]):
        self.image, self.factor, self.offset = image, scale * (1 << _SHIFT), np.asarray(centre) * (1 << _SHIFT)

    def _points(self, points: np.ndarray) -> list[np.ndarray]:
        return [np.rint(points * self.factor + self.offset).astype(np.int32)]

    def fill(self, points: np.ndarray, colour) -> None:
        cv2.fillPoly(self.image, self._points(points), tuple(colour), cv2.LINE_AA, _SHIFT)

    def line(self, points: np.ndarray, colour, thickness: int = 1) -> None:
        cv2.polylines(self.image, self._points(points), False, tuple(colour), thickness, cv2.LINE_AA, _SHIFT)


def _tint(colour, factor: float) -> tuple[float, ...]:
    return tuple(min(255.0, c * factor) for c in colour)


def _geometry(size: tuple[int, int]) -> tuple[float, tuple[float, float]]:
    height, width = size
    return 0.36 * height, (width / 2, 0.53 * height)


def _outline(who: Identity, grow: float = 1.0) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    x, y = np.cos(angle), np.sin(angle)
    return np.stack([grow * who.width * x * (1 - who.jaw * np.clip(y, 0, 1) ** 1.5), grow * y], axis=1)


def _shading(who: Identity, x: np.ndarray, y: np.ndarray, cheeks: float) -> np.ndarray:
    """How bright the skin is at each place: light from the upper left, eye sockets, nose, folds; ``cheeks`` lifts them (AU6)."""

    def spot(cx, cy, sx, sy):
        return np.exp(-0.5 * (((x - cx) / sx) ** 2 + ((y - cy) / sy) ** 2))

    tone = 1.06 - 0.20 * ((x + 0.12) / who.width) ** 2 - 0.10 * np.clip(y, 0, 1) ** 2
    tone += 0.06 * spot(-0.1, -0.5, 0.35, 0.18) + 0.10 * spot(0, 0.02, 0.06, 0.20) + 0.08 * spot(0, 0.21, 0.07, 0.06)
    tone -= 0.20 * spot(0, 0.315, who.nose * 0.8, 0.03) + 0.07 * spot(0, 0.80, 0.14, 0.04)
    for side in _LEFT_RIGHT:
        tone -= 0.17 * spot(side * who.eye_gap, -0.15, 0.20, 0.11) + 0.06 * spot(side * who.nose, 0.16, 0.04, 0.12)
        tone += (0.05 + 0.09 * cheeks) * spot(side * 0.40, 0.20 - 0.04 * cheeks, 0.14, 0.09) - 0.12 * cheeks * spot(side * 0.40, 0.02, 0.17, 0.025)
    return tone


@lru_cache(maxsize=64)
def _still(who: Identity, size: tuple[int, int], cheeks: float) -> np.ndarray:
    """What does not move: background, shoulders, neck, ears, head, hair; painted three times as large, then averaged down."""
    times, (scale, centre) = 3, _geometry(size)
    height, width = size[0] * times, size[1] * times
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    x, y = (columns / times - centre[0]) / scale, (rows / times - centre[1]) / scale
    image = np.ascontiguousarray(np.clip(np.array(who.wall) * (1.08 - 0.12 * rows / height - 0.10 * columns / width)[..., None], 0, 255).astype(np.uint8))
    pen = _Pen(image, scale * times, (centre[0] * times, centre[1] * times))
    if who.long_hair > 0.5:
        pen.fill(_outline(who, 1.16) + (0, 0.10), _tint(who.hair, 0.8))
    pen.fill(np.array([[-1.5, 1.6], [-1.2, 1.22], [-0.35, 1.02], [0.35, 1.02], [1.2, 1.22], [1.5, 1.6]]), who.shirt)
    pen.fill(np.array([[-0.36, 0.6], [0.36, 0.6], [0.40, 1.10], [0, 1.25], [-0.40, 1.10]]), _tint(who.skin, 0.74))
    for side in _LEFT_RIGHT:
        ear = np.stack([side * (who.width * 0.99) + 0.10 * np.cos(np.linspace(0, 6.3, 24)), 0.02 + 0.18 * np.sin(np.linspace(0, 6.3, 24))], axis=1)
        pen.fill(ear, _tint(who.skin, 0.82))
    mask = np.zeros((height, width), np.uint8)
    _Pen(mask, scale * times, (centre[0] * times, centre[1] * times)).fill(_outline(who), (255,))
    skin = np.clip(np.array(who.skin) * _shading(who, x, y, cheeks)[..., None], 0, 255)
    blend = mask[..., None] / 255.0
    image[:] = (image * (1 - blend) + skin * blend).astype(np.uint8)
    crown = _outline(who, 1.07)
    crown = crown[crown[:, 1] < -0.22]
    fringe = _curve((who.width * 0.93, -0.30), (0.0, who.hair_line), (-who.width * 0.93, -0.30), 24)
    pen.fill(np.vstack([crown, fringe]), who.hair)
    pen.line(_curve((-0.5, -0.86), (-0.1, -0.98), (0.4, -0.9), 16), _tint(who.hair, 1.35), 3)
    for side in _LEFT_RIGHT:  # nostrils
        pen.fill(np.array([[side * 0.03, 0.295], [side * who.nose * 0.75, 0.275], [side * who.nose * 0.7, 0.31]]), _tint(who.skin, 0.55))
    image = cv2.resize(image, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    image.setflags(write=False)
    return image


def _brows(pen: _Pen, who: Identity, au: Mapping[str, float]) -> None:
    lower, inner_up, outer_up = au["AU4"], au["AU1"], au["AU2"]
    base = -0.12 - who.brow_height
    for side in _LEFT_RIGHT:
        inner = (side * (who.eye_gap - 0.17 - 0.05 * lower), base + 0.03 + 0.11 * lower - 0.12 * inner_up)
        middle = (side * who.eye_gap, base - 0.03 + 0.06 * lower - 0.06 * (inner_up + outer_up))
        outer = (side * (who.eye_gap + 0.20), base + 0.03 + 0.01 * lower - 0.11 * outer_up)
        top = _curve(inner, middle, outer)
        thick = who.brow_size * np.linspace(1.1, 0.4, len(top))[:, None] * (0, 1)
        pen.fill(np.vstack([top, (top + thick)[::-1]]), _tint(who.hair, 0.75))
    if lower > 0.02:
        for side in _LEFT_RIGHT:
            pen.line(np.array([[side * 0.05, base + 0.10], [side * 0.04, base - 0.02]]), _tint(who.skin, 1 - 0.35 * min(lower, 1)))


def _eyes(pen: _Pen, who: Identity, au: Mapping[str, float], gaze: tuple[float, float]) -> None:
    open_ = (1 - min(au["AU45"], 1.0)) * (1 + 0.4 * au["AU5"])
    up = 0.085 * open_ * (1 - 0.12 * au["AU6"] - 0.25 * au["AU4"])
    down = 0.05 * open_ * (1 - 0.75 * au["AU6"])
    closed = 0.035 * min(au["AU45"], 1.0)  # a closed lid bends downwards
    for side in _LEFT_RIGHT:
        cx, cy, r = side * who.eye_gap, -0.12, who.eye_size
        upper = _curve((cx - r, cy), (cx, cy - up + closed), (cx + r, cy))
        lower = _curve((cx - r, cy), (cx, cy + down + closed), (cx + r, cy))
        if up + down > 0.015:
            pen.fill(np.vstack([upper, lower[::-1]]), (232, 230, 226))
            angle = np.linspace(0, 2 * np.pi, 16, endpoint=False)
            for radius, colour in ((0.078, who.iris), (0.04, (12, 12, 14))):
                ring = np.stack([cx + 0.06 * gaze[0] + radius * np.cos(angle), cy - 0.01 + 0.03 * gaze[1] + radius * np.sin(angle)], axis=1)
                ring[:, 1] = np.clip(ring[:, 1], np.interp(ring[:, 0], upper[:, 0], upper[:, 1]), np.interp(ring[:, 0], lower[:, 0], lower[:, 1]))
                pen.fill(ring, colour)
        pen.line(upper, _tint(who.skin, 0.35), 2)
        if closed < 0.03:
            pen.line(lower, _tint(who.skin, 0.68))
        if au["AU6"] > 0.05:  # crow's feet
            corner = np.array([cx + side * (r + 0.03), cy + 0.01])
            for slope in (-0.05, 0.05):
                pen.line(np.vstack([corner, corner + (side * 0.07, slope)]), _tint(who.skin, 1 - 0.22 * min(au["AU6"], 1)))


def _mouth(pen: _Pen, who: Identity, au: Mapping[str, float]) -> None:
    smile, frown = au["AU12"], au["AU15"]
    half = who.mouth_width * (1 + 0.38 * smile + 0.30 * au["AU20"] - 0.05 * frown)
    corner = 0.56 - 0.15 * smile + 0.10 * frown
    gap = 0.03 * smile * au["AU25"] + 0.10 * au["AU25"] + 0.22 * au["AU26"]
    centre = 0.56 + 0.03 * smile - 0.03 * frown
    thin = who.lips * (1 - 0.3 * smile)
    inner_up = _curve((-half * 0.94, corner), (0, centre - 0.3 * gap), (half * 0.94, corner), 13)
    inner_down = _curve((-half * 0.94, corner), (0, centre + 0.7 * gap), (half * 0.94, corner), 13)
    outer_up = _curve((-half, corner), (0, centre - 0.3 * gap - thin * 0.8), (half, corner), 13)
    outer_down = _curve((-half, corner), (0, centre + 0.7 * gap + thin * 1.2), (half, corner), 13)
    pen.fill(np.vstack([outer_up, outer_down[::-1]]), who.lip)
    if gap > 0.012:
        pen.fill(np.vstack([inner_up, inner_down[::-1]]), (60, 22, 24))
        teeth = np.minimum(inner_up[:, 1] + 0.45 * (inner_down[:, 1] - inner_up[:, 1]), inner_up[:, 1] + 0.09)
        pen.fill(np.vstack([inner_up, np.stack([inner_up[:, 0], teeth], axis=1)[::-1]]), (236, 232, 224))
    else:
        pen.line(inner_up, _tint(who.lip, 0.5))
    fold = max(smile, 0.4 * frown)
    if fold > 0.03:  # from the wings of the nose past the corners of the mouth
        for side in _LEFT_RIGHT:
            line = _curve((side * (who.nose + 0.02), 0.25), (side * (who.nose + 0.12 + 0.08 * smile), 0.36), (side * (half + 0.05), corner - 0.02))
            pen.line(line, _tint(who.skin, 1 - 0.25 * min(fold, 1)))


def draw(identity: Identity, action_units: Mapping[str, float] | None = None, *, size: tuple[int, int] = (120, 160),
         pose: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 1.0), light: float = 1.0, gaze: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Draw one frame.

    Parameters
    ----------
    identity : Identity
    action_units : mapping of str to float, optional
        Intensities, 0 (absent) to 1 (strongest), by the names in ``ACTION_UNITS``; what is not named is 0.
    size : (int, int)
        Height and width in pixels.
    pose : (dx, dy, roll, zoom)
        Shift right and down in head units, roll in degrees, size of the head relative to the usual one.
    light : float
        Factor on the brightness.
    gaze : (float, float)
        Where the eyes look, -1 to 1 rightwards and downwards.

    Returns
    -------
    array, (height, width, 3)
        uint8, RGB.

    Raises
    ------
    KeyError
        An action unit that cannot be drawn.
    """
    au = dict.fromkeys(ACTION_UNITS, 0.0)
    unknown = set(action_units or ()) - au.keys()
    if unknown:
        raise KeyError(f"cannot draw {sorted(unknown)}; action units are {ACTION_UNITS}")
    au |= {name: float(value) for name, value in (action_units or {}).items()}
    scale, centre = _geometry(size)
    image = _still(identity, size, 0.0)
    image = cv2.addWeighted(image, 1 - min(au["AU6"], 1.0), _still(identity, size, 1.0), min(au["AU6"], 1.0), 0) if au["AU6"] > 0 else image.copy()
    pen = _Pen(image, scale, centre)
    _brows(pen, identity, au)
    _eyes(pen, identity, au, gaze)
    _mouth(pen, identity, au)
    dx, dy, roll, zoom = pose
    turn = cv2.getRotationMatrix2D(centre, roll, zoom)
    turn[:, 2] += (dx * scale, dy * scale)
    image = cv2.warpAffine(image, turn, (size[1], size[0]), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cv2.convertScaleAbs(image, alpha=light) if light != 1 else image


def action_units(expression: np.ndarray) -> dict[str, np.ndarray]:
    """Action units of an expression on one axis from displeased to pleased.

    AU6 and AU12 (with parted lips, AU25, when strong) for pleased, AU4 and AU15 for displeased. Both saturate; displeasure reaches a
    third to a half of the range only, after the remark that frowns are hard to see (paper 1, Sec 4.5.3).

    Parameters
    ----------
    expression : array
        0 is the face at rest, 1 a clear and 3 a very strong expression; negative is displeased.

    Returns
    -------
    dict of str to array
        Intensities in 0..1, shaped like ``expression``.
    """
    pleased = 1 - np.exp(-np.clip(expression, 0, None) / 1.5)
    displeased = 1 - np.exp(-np.clip(-np.asarray(expression), 0, None) / 1.5)
    return {"AU12": pleased, "AU6": 0.8 * pleased, "AU25": np.clip(2 * pleased - 0.9, 0, 1), "AU4": 0.5 * displeased, "AU15": 0.4 * displeased}
