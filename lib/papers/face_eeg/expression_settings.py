"""Paper 4 (Thanh and Thinh 2025), the face: settings and controls. What runs them is in
:mod:`lib.papers.face_eeg.expression`.

``Sec n``: printed there. ``choice:`` ours, with the reason. What the paper leaves open about the
network and its training stands in :mod:`lib.models.face_attention` and
:mod:`lib.papers.face_eeg.expression_training`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lib.datasets.rafdb import EMOTIONS
from lib.papers.face_eeg.expression_training import face_fold
from lib.training.controls import classify

__all__ = [
    "COLUMNS", "EMOTIONS", "NULL_TWIN", "PRESETS", "ROWS", "SPLITS", "Preset", "Row", "linear_fold",
    "majority_fold"
]

# Sec 5.2 prints 80/20, which both are; choice: official first, the owner's own
SPLITS = ("official", "pooled")
NULL_TWIN: dict[str, Any] = {"effect": 0.0}
COLUMNS = [
    "row", "metric", "published", "reproduced", "reproduced_interval", "n", "split", "data",
    "verdict"
]
INVERSE_PENALTIES = 10.0**np.arange(-4, 2)  # choice: the grid of C
Result = dict[str, np.ndarray]


@dataclass(frozen=True)
class Preset:
    """What a profile changes: how often a row is trained, and fields of
    :class:`lib.papers.face_eeg.expression_training.Recipe`."""

    repeats: int = 5  # choice: the paper trained once, as far as it says
    recipe: Mapping = field(default_factory=dict)


PRESETS = {"demo": Preset(repeats=3), "paper": Preset()}


def majority_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int) -> Result:
    """The shares of the classes in the training part everywhere: every face is called the most
    frequent class."""
    y = np.asarray(data["emotion"])
    return classify("majority", y[:, None], y, split, len(EMOTIONS))


def linear_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int) -> Result:
    """Logistic regression on the backbone's maps averaged over space, 160 numbers a face; the
    penalty is chosen on validation faces."""
    x, y = data["maps"][:, 0].mean(axis=(2, 3), dtype=np.float32), data["emotion"]
    train, val, test = (np.asarray(split[part]) for part in ("train", "val", "test"))
    models = [
        make_pipeline(StandardScaler(),
                      LogisticRegression(C=c, class_weight="balanced",
                                         max_iter=2000)).fit(x[train], y[train])
        for c in INVERSE_PENALTIES
    ]
    best = min(
        models, key=lambda model: log_loss(y[val], model.predict_proba(x[val]), labels=range(
            len(EMOTIONS))))
    return {
        "val": best.predict_proba(x[val]).astype(np.float32),
        "test": best.predict_proba(x[test]).astype(np.float32)
    }


@dataclass(frozen=True)
class Row:
    """A row: what is done in a fold, on which maps (``maps`` or ``random_maps``), with which
    attention where it is the network."""

    work: Callable[..., Result]
    maps: str = "maps"
    attention: str = ""

    def settings(self, preset: Preset, device: str) -> dict:
        """Arguments of ``work``."""
        return {
            "model": {"attention": self.attention}, "recipe": {**preset.recipe, "device": device}
        } if self.attention else {}


ROWS = {
    "Face": Row(face_fold, attention="patch"),
    "Face (feature attention)": Row(face_fold, attention="feature"),
    "Face (batch attention)": Row(face_fold, attention="batch"),  # to show its fault
    "majority": Row(majority_fold),
    "linear": Row(linear_fold),
    "random backbone": Row(face_fold, "random_maps", "patch"),
}
