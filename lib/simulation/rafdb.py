"""A simulated RAF-DB (basic emotions) in the owner's on-disk layout or in the common repack, with
known ground truth, and its null twin.

Every image is a drawn face (:mod:`lib.simulation.expression`). With ``effect = 0`` labels, people,
pose, light and noise stay as they are, but the emotion on the face is drawn without looking at the
label.
"""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np

from lib import paths
from lib.datasets.rafdb import CODES, EMOTIONS, OWNER, REPACK, SIZE, SPLITS, aligned
from lib.simulation.expression import action_units, expressivity, picture, shown
from lib.simulation.folder import claim, finish
from lib.simulation.head import Identity
from lib.store import code_digest, digest
from lib.whole import write_file

log = logging.getLogger(__name__)
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
    rest = {
        name: round((n - fear) * SHARES[name] / (1 - SHARES["fear"]))
        for name in ("sadness", "neutral")
    }
    numbers = {"fear": fear, **rest, "happiness": n - fear - sum(rest.values())}
    return {name: numbers[name] for name in EMOTIONS}


def make(folder=None, *, train: int = 400, test: int = 120, effect: float = 1.0, seed: int = 0,
         layout: str = "owner") -> Path:
    """Write a set of images, or find it finished.

    Each image is written elsewhere and moved to its place when complete; ``truth.json``, written
    last, marks the set as finished. A killed call is resumed by the next one.

    Parameters
    ----------
    folder : path-like, optional
        Default: ``rafdb-<hash of parameters and code>`` below :func:`lib.paths.cohorts`.
    train, test : int
        Images of the four emotions in each part of the official split, from 24 on; one of surprise
        for twenty of them is added. No person is in both parts.
    effect : float
        0 (the null twin) to 1: probability that a face shows its label's emotion rather than one
        drawn without looking at it.
    seed : int
        Same seed, same bytes.
    layout : {"owner", "repack"}

    Returns
    -------
    Path
        The set's root.

    Raises
    ------
    ValueError
        Parameters out of range, or ``folder`` holds another set.
    """
    if not (min(train, test) >= 24 and 0 <= effect <= 1 and layout in ("owner", "repack")):
        raise ValueError(
            "expected at least 24 images of training and test, effect in 0..1, layout 'owner' or "
            "'repack', "
            f"found {train}, {test}, {effect}, {layout!r}")
    parameters = {"train": train, "test": test, "effect": effect, "seed": seed, "layout": layout}
    key = digest((parameters, code_digest(__file__)))[:12]
    root = Path(folder) if folder else paths.cohorts() / f"rafdb-{key}"
    caption = f"simulated cohort, effect = {effect:g}, seed = {seed}"
    if claim(root, key, caption):
        return root
    codes = {emotion: code for code, emotion in CODES.items()}
    known = [fact for part in SPLITS for fact in _part(root, part, codes, parameters)]
    if layout == "owner":
        lines = sorted(f"{fact['image']} {codes[fact['label']]}\n" for fact in known)
        write_file(root / "basic" / OWNER[1], "".join(lines))
    else:
        for part in SPLITS:
            lines = [
                f"{aligned(fact['image'])},{codes[fact['label']]}\n" for fact in known
                if fact["image"].startswith(part)
            ]
            write_file(root / f"{part}_labels.csv", "image,label\n" + "".join(lines))
    finish(root, {"caption": caption, "key": key, **parameters, "images": known})
    log.info("simulated %d faces in %s", len(known), root)
    return root


def _part(root: Path, part: str, codes: dict[str, int], parameters: dict) -> list[dict]:
    """Draw and write one part of the split; what is true of each image."""
    seed, n = (parameters["seed"], list(SPLITS).index(part)), parameters[part]
    labels = np.repeat([*EMOTIONS, OTHERS], [*counts(n).values(), max(1, n // 20)])
    labels = np.random.default_rng(np.random.SeedSequence((*seed, 0))).permutation(labels)
    facts = []
    for i, label in enumerate(labels.tolist()):
        person, of_picture = i // PICTURES, np.random.default_rng(
            np.random.SeedSequence((*seed, 2, i)))
        of_person = np.random.default_rng(np.random.SeedSequence((*seed, 1, person)))
        who, strength = Identity.sample(of_person), expressivity(of_person)
        emotion = label if label == OTHERS else shown(label, parameters["effect"], SHARES,
                                                      of_picture)
        units = action_units(emotion, of_picture, strength)
        name = f"{part}_{i + 1:0{SPLITS[part]}d}.jpg"
        below = f"basic/{OWNER[0]}" if parameters[
            "layout"] == "owner" else f"{REPACK}/{part}/{codes[label]}"
        encoded = cv2.imencode(
            ".jpg", cv2.cvtColor(picture(who, units, of_picture, SIZE), cv2.COLOR_RGB2BGR))[1]
        write_file(root / below / aligned(name), encoded.tobytes())
        facts.append({
            "image": name, "label": label, "shown": emotion, "person": person, "strength": strength,
            "units": units
        })
    return facts
