"""A simulated RAF-DB (basic emotions) in the owner's on-disk layout or in the common repack, with
known ground truth, and its null twin.

Every image is a drawn face (:mod:`lib.simulation.expression`). With ``effect = 0`` labels, people,
pose, light and noise stay as they are, but the emotion on the face is drawn without looking at the
label.
"""

from functools import partial
from pathlib import Path

import cv2
import numpy as np

from lib.datasets.rafdb import CODES, EMOTIONS, OWNER, REPACK, SIZE, SPLITS, aligned
from lib.simulation.expression import action_units, expressivity, picture, shown
from lib.simulation.folder import cohort, keep
from lib.simulation.head import Identity
from lib.simulation.valence import stream
from lib.whole import write_file

# RAF-DB: 0.50, 0.21, 0.03, 0.27; choice: more fear
SHARES = {"happiness": 0.49, "sadness": 0.20, "fear": 0.05, "neutral": 0.26}
# choice: of each person; a new person takes fifty times as long to draw as a new picture
PICTURES = 8
# an emotion that paper 4 leaves out, one image for twenty others: real sets have some
OTHERS = "surprise"


def counts(n: int) -> dict[str, int]:
    """How many of ``n`` images show each emotion: the shares, but at least 12 of fear (an eighth of
    fewer than 96)."""
    fear = max(min(12, n // 8), round(SHARES["fear"] * n))
    sadness, neutral = (round((n - fear) * SHARES[name] / (1 - SHARES["fear"]))
                        for name in ("sadness", "neutral"))
    return dict(zip(EMOTIONS, (n - fear - sadness - neutral, sadness, fear, neutral), strict=True))


def make(folder=None, *, train: int = 400, test: int = 120, effect: float = 1.0, seed: int = 0,
         layout: str = "owner") -> Path:
    """Write a set of images, or find it finished (:func:`lib.simulation.folder.cohort`).

    Parameters
    ----------
    folder : path-like, optional
    train, test : int
        Images of the four emotions in each part of the official split, from 24 on; one of surprise
        for twenty of them is added. No person is in both parts.
    effect : float
        0 (the null twin) to 1: probability that a face shows its label's emotion rather than one
        drawn without looking at it.
    seed : int
        Same seed, same bytes.
    layout : {"owner", "repack"}
    """
    return cohort("rafdb", __file__, locals(), _write, train=(24, np.inf), test=(24, np.inf),
                  layout=("owner", "repack"))


def _write(root: Path, parameters: dict, jobs: int) -> dict:
    codes = {emotion: code for code, emotion in CODES.items()}
    parts = {part: _part(root, part, codes, parameters) for part in SPLITS}
    known = [fact for facts in parts.values() for fact in facts]
    if parameters["layout"] == "owner":
        lines = sorted(f"{fact['image']} {codes[fact['label']]}\n" for fact in known)
        write_file(root / "basic" / OWNER[1], "".join(lines))
    else:
        for part, facts in parts.items():
            lines = [f"{aligned(fact['image'])},{codes[fact['label']]}\n" for fact in facts]
            write_file(root / f"{part}_labels.csv", "image,label\n" + "".join(lines))
    return {"images": known}


def _part(root: Path, part: str, codes: dict[str, int], parameters: dict) -> list[dict]:
    """Draw and write one part of the split; what is true of each image."""
    n, effect, layout = (parameters[key] for key in (part, "effect", "layout"))
    rng = partial(stream, parameters["seed"], list(SPLITS).index(part))
    labels = np.repeat([*EMOTIONS, OTHERS], [*counts(n).values(), max(1, n // 20)])
    facts = []
    for i, label in enumerate(rng(0).permutation(labels).tolist()):
        of_person, of_picture = rng(1, i // PICTURES), rng(2, i)
        who, strength = Identity.sample(of_person), expressivity(of_person)
        emotion = label if label == OTHERS else shown(label, effect, SHARES, of_picture)
        units = action_units(emotion, of_picture, strength)
        name = f"{part}_{i + 1:0{SPLITS[part]}d}.jpg"
        below = f"basic/{OWNER[0]}" if layout == "owner" else f"{REPACK}/{part}/{codes[label]}"
        keep(root / below / aligned(name), partial(_jpeg, who, units, of_picture))
        fact = {"image": name, "label": label, "shown": emotion, "person": i // PICTURES}
        facts.append(fact | {"strength": strength, "units": units})
    return facts


def _jpeg(who: Identity, units: dict, rng: np.random.Generator) -> bytes:
    image = cv2.cvtColor(picture(who, units, rng, SIZE), cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", image)[1].tobytes()
