"""A drawn face in motion: how the head is held and lit, and which facial action units are on.

Brows, eyes and mouth are drawn for each frame, over the still picture of the person, from the
intensities of the action units (Facial Action Coding System): AU1/AU2 raise the inner/outer brow,
AU4 lowers and draws it together, AU5 widens the eyes, AU6 raises the cheeks, AU12 pulls the mouth
corners up (smile), AU15 down, AU20 stretches the mouth, AU25/AU26 open it, AU45 closes the eyes
(blink).
"""

from collections.abc import Iterator, Mapping

import cv2
import numpy as np

from lib.simulation.head import SIDES, Identity, Pen, curve, geometry, still, tint

ACTION_UNITS = ("AU1", "AU2", "AU4", "AU5", "AU6", "AU12", "AU15", "AU20", "AU25", "AU26", "AU45")
SIZE = (120, 160)  # pixels of a film, height and width
_CIRCLE = np.stack([np.cos(np.arange(16) * np.pi / 8), np.sin(np.arange(16) * np.pi / 8)], axis=1)


def _brows(pen: Pen, who: Identity, au: Mapping[str, float]) -> None:
    lower, inner_up, outer_up = au["AU4"], au["AU1"], au["AU2"]
    base = -0.12 - who.brow_height
    for side in SIDES:
        inner = (side * (who.eye_gap - 0.17 - 0.05 * lower),
                 base + 0.03 + 0.11 * lower - 0.12 * inner_up)
        middle = (side * who.eye_gap, base - 0.03 + 0.06 * lower - 0.06 * (inner_up + outer_up))
        outer = (side * (who.eye_gap + 0.20), base + 0.03 + 0.01 * lower - 0.11 * outer_up)
        top = curve(inner, middle, outer)
        thick = who.brow_size * np.linspace(1.1, 0.4, len(top))[:, None] * (0, 1)
        pen.fill(np.vstack([top, (top + thick)[::-1]]), tint(who.hair, 0.75))
        if lower > 0.02:
            crease = [(side * 0.05, base + 0.10), (side * 0.04, base - 0.02)]
            pen.line(crease, tint(who.skin, 1 - 0.35 * min(lower, 1)))


def _eyes(pen: Pen, who: Identity, au: Mapping[str, float], gaze: tuple[float, float]) -> None:
    open_ = (1 - min(au["AU45"], 1.0)) * (1 + 0.4 * au["AU5"])
    up = 0.085 * open_ * (1 - 0.12 * au["AU6"] - 0.25 * au["AU4"])
    down = 0.05 * open_ * (1 - 0.75 * au["AU6"])
    closed = 0.035 * min(au["AU45"], 1.0)  # a closed lid bends downwards
    for side in SIDES:
        cx, cy, r = side * who.eye_gap, -0.12, who.eye_size
        upper = curve((cx - r, cy), (cx, cy - up + closed), (cx + r, cy))
        lower = curve((cx - r, cy), (cx, cy + down + closed), (cx + r, cy))
        if up + down > 0.015:
            pen.fill(np.vstack([upper, lower[::-1]]), (232, 230, 226))
            for radius, colour in ((0.078, who.iris), (0.04, (12, 12, 14))):
                ring = _CIRCLE * radius + (cx + 0.06 * gaze[0], cy - 0.01 + 0.03 * gaze[1])
                lids = [np.interp(ring[:, 0], lid[:, 0], lid[:, 1]) for lid in (upper, lower)]
                ring[:, 1] = np.clip(ring[:, 1], *lids)
                pen.fill(ring, colour)
        pen.line(upper, tint(who.skin, 0.35), 2)
        if closed < 0.03:
            pen.line(lower, tint(who.skin, 0.68))
        if au["AU6"] > 0.05:  # crow's feet
            corner = (cx + side * (r + 0.03), cy + 0.01)
            for slope in (-0.05, 0.05):
                foot = [corner, np.add(corner, (side * 0.07, slope))]
                pen.line(foot, tint(who.skin, 1 - 0.22 * min(au["AU6"], 1)))


def _mouth(pen: Pen, who: Identity, au: Mapping[str, float]) -> None:
    smile, frown = au["AU12"], au["AU15"]
    half = who.mouth_width * (1 + 0.38 * smile + 0.30 * au["AU20"] - 0.05 * frown)
    corner = 0.56 - 0.15 * smile + 0.10 * frown
    gap = 0.03 * smile * au["AU25"] + 0.10 * au["AU25"] + 0.22 * au["AU26"]
    centre = 0.56 + 0.03 * smile - 0.03 * frown
    thin = who.lips * (1 - 0.3 * smile)
    inner_up = curve((-half * 0.94, corner), (0, centre - 0.3 * gap), (half * 0.94, corner), 13)
    inner_down = curve((-half * 0.94, corner), (0, centre + 0.7 * gap), (half * 0.94, corner), 13)
    outer_up = curve((-half, corner), (0, centre - 0.3 * gap - thin * 0.8), (half, corner), 13)
    outer_down = curve((-half, corner), (0, centre + 0.7 * gap + thin * 1.2), (half, corner), 13)
    pen.fill(np.vstack([outer_up, outer_down[::-1]]), who.lip)
    if gap > 0.012:
        pen.fill(np.vstack([inner_up, inner_down[::-1]]), (60, 22, 24))
        teeth = inner_up + np.minimum(0.45 * (inner_down - inner_up), 0.09)
        pen.fill(np.vstack([inner_up, teeth[::-1]]), (236, 232, 224))
    else:
        pen.line(inner_up, tint(who.lip, 0.5))
    fold = max(smile, 0.4 * frown)
    if fold > 0.03:  # from the wings of the nose past the corners of the mouth
        for side in SIDES:
            wing = (side * (who.nose + 0.02), 0.25)
            bend = (side * (who.nose + 0.12 + 0.08 * smile), 0.36)
            crease = curve(wing, bend, (side * (half + 0.05), corner - 0.02))
            pen.line(crease, tint(who.skin, 1 - 0.25 * min(fold, 1)))


def draw(identity: Identity, action_units: Mapping[str, float] | None = None, *,
         size: tuple[int, int] = SIZE, pose: tuple[float, ...] = (0.0, 0.0, 0.0, 1.0),
         light: float = 1.0, gaze: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Draw one frame.

    Parameters
    ----------
    identity : Identity
    action_units : mapping of str to float, optional
        Intensities, 0 (absent) to 1 (strongest), by the names in ``ACTION_UNITS``; what is not
        named is 0.
    size : (int, int)
        Height and width in pixels.
    pose : (dx, dy, roll, zoom)
        Shift right and down in head units, roll in degrees, size of the head relative to the usual
        one.
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
    given = {name: float(value) for name, value in (action_units or {}).items()}
    if unknown := given.keys() - set(ACTION_UNITS):
        raise KeyError(f"cannot draw {sorted(unknown)}; action units are {ACTION_UNITS}")
    au = dict.fromkeys(ACTION_UNITS, 0.0) | given
    scale, centre = geometry(size)
    raised = min(au["AU6"], 1.0)
    image = cv2.addWeighted(still(identity, size, 0.0), 1 - raised, still(identity, size, 1.0),
                            raised, 0)
    pen = Pen(image, scale, centre)
    _brows(pen, identity, au)
    _eyes(pen, identity, au, gaze)
    _mouth(pen, identity, au)
    dx, dy, roll, zoom = pose
    turn = cv2.getRotationMatrix2D(centre, roll, zoom)
    turn[:, 2] += (dx * scale, dy * scale)
    image = cv2.warpAffine(image, turn, size[::-1], borderMode=cv2.BORDER_REPLICATE)
    return cv2.convertScaleAbs(image, alpha=light) if light != 1 else image


def action_units(expression: np.ndarray) -> dict[str, np.ndarray]:
    """Action units of an expression on one axis from displeased to pleased.

    AU6 and AU12 (with parted lips, AU25, when strong) for pleased, AU4 and AU15 for displeased.
    Both saturate; displeasure reaches a third to a half of the range only, after the remark that
    frowns are hard to see (paper 1, Sec 4.5.3).

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
    smile = {"AU12": pleased, "AU6": 0.8 * pleased, "AU25": np.clip(2 * pleased - 0.9, 0, 1)}
    return smile | {"AU4": 0.5 * displeased, "AU15": 0.4 * displeased}


def closed(times: np.ndarray, blinks: np.ndarray) -> np.ndarray:
    """AU45 at ``times``, for blinks that start at ``blinks``, all in seconds."""
    return np.clip(1.4 - np.abs(times[:, None] - blinks - 0.1) / 0.1, 0, 1).max(axis=1)


def film(who: Identity, units: Mapping[str, np.ndarray], pose: np.ndarray, light: np.ndarray,
         gaze: np.ndarray) -> Iterator[np.ndarray]:
    """One frame after the other, see `draw`: ``pose`` is ``(n, 4)``, ``gaze`` ``(n, 2)``, what else
    changes ``(n,)``."""
    cv2.setNumThreads(1)
    for i in range(len(pose)):
        yield draw(who, {name: values[i] for name, values in units.items()}, pose=tuple(pose[i]),
                   light=float(light[i]), gaze=tuple(gaze[i]))
