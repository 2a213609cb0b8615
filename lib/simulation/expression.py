"""Drawn faces that show an emotion: which action units it moves, how strongly, and the picture.

Each emotion has a pattern of action units (Ekman and Friesen's Facial Action Coding System; the
patterns of happiness, sadness, fear and surprise follow the prototypes of its investigators'
guide). Patterns overlap: sadness shares its raised and drawn brows (AU1, AU4) with fear, and a weak
sadness is nearly a neutral face, so that the errors paper 4 reports (Sec 5.2: sadness taken for
neutral or fear) can occur.
"""

from collections.abc import Mapping

import cv2
import numpy as np

from lib.simulation import face
from lib.simulation.head import Identity

PATTERNS: dict[str, dict[str, float]] = {
    "happiness": {"AU6": 0.8, "AU12": 0.9, "AU25": 0.5},
    "sadness": {"AU1": 0.8, "AU4": 0.7, "AU15": 0.8},
    "fear": {"AU1": 0.8, "AU2": 0.5, "AU4": 0.7, "AU5": 0.6, "AU20": 0.5, "AU25": 0.5},
    "neutral": {},
    "surprise": {"AU1": 0.8, "AU2": 0.9, "AU5": 0.8, "AU26": 0.8},  # not among the four of paper 4
}
# choice: mean intensity in a picture
STRENGTH = {"happiness": 0.85, "sadness": 0.65, "fear": 0.7, "neutral": 0.0, "surprise": 0.8}
# choice: spread of what faces do at rest
_HABITS = {"AU1": 0.10, "AU2": 0.08, "AU4": 0.14, "AU12": 0.10, "AU15": 0.14, "AU25": 0.12}


def expressivity(rng: np.random.Generator) -> float:
    """How strongly a person shows what they feel: around 1, a few hardly move."""
    return float(np.exp(rng.normal(-0.04, 0.3)))


def shown(emotion: str, effect: float, shares: Mapping[str, float],
          rng: np.random.Generator) -> str:
    """Which emotion the face shows: with probability ``effect`` the label's, else one drawn from
    ``shares`` without looking at it.

    The same two random numbers are used whatever ``effect`` is, so that pictures of the null twin
    differ in the expression only.
    """
    other, chance = list(shares)[rng.choice(len(shares), p=list(shares.values()))], rng.random()
    return emotion if chance < effect else other


def action_units(emotion: str, rng: np.random.Generator, strength: float = 1.0) -> dict[str, float]:
    """Intensities (0 to 1) of the action units in one picture.

    Parameters
    ----------
    emotion : str
        A key of ``PATTERNS``.
    rng : numpy.random.Generator
        The picture's own variation: overall intensity (spread 30 %), each unit (50 to 120 %), units
        that stay away (one in eight), and small movements that belong to no emotion. Equally many
        numbers are drawn for every emotion.
    strength : float
        Factor on the intensity; a person's `expressivity`.
    """
    intensity = STRENGTH[emotion] * strength * np.exp(rng.normal(0, 0.3))
    units = {}
    for name in face.ACTION_UNITS:
        vary, stay, rest = rng.uniform(0.5, 1.2), rng.random(), abs(rng.normal())
        moved = PATTERNS[emotion].get(name, 0.0) * intensity * vary * (stay > 0.125)
        units[name] = float(min(1.0, moved + _HABITS.get(name, 0.0) * rest))
    return units


def picture(who: Identity, units: Mapping[str, float], rng: np.random.Generator,
            size: int = 100) -> np.ndarray:
    """A square picture that the face fills, as in RAF-DB's aligned images.

    Parameters
    ----------
    who : Identity
    units : mapping of str to float
        Action units, see `lib.simulation.face.draw`.
    rng : numpy.random.Generator
        Of what is left after alignment: shift (1.5 % of the picture), roll (3 degrees), zoom (4 %),
        gaze; light (20 %), noise (3 of 255).
    size : int
        Pixels.

    Returns
    -------
    array, (size, size, 3)
        uint8, RGB.
    """
    whole = round(1.4 * size)
    edge = (whole - size) // 2
    pose = (*rng.normal(0, 0.03, 2), rng.normal(0, 3), np.exp(rng.normal(0, 0.04)))
    light, gaze = np.exp(rng.normal(0, 0.2)), tuple(rng.uniform(-0.7, 0.7, 2))
    image = face.draw(who, units, size=(whole, whole), pose=pose, light=light, gaze=gaze)
    top = edge + round(0.03 * whole)  # the head's centre lies at 0.53 of the height
    noise = rng.normal(0, 3, (size, size, 1)).astype(np.float32)
    return cv2.convertScaleAbs(np.clip(image[top:top + size, edge:edge + size] + noise, 0, 255))
