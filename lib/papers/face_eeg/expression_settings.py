"""Paper 4 (Thanh and Thinh 2025), the face: settings. What runs them is in
:mod:`lib.papers.face_eeg.expression`.

``Sec n``: printed there. ``choice:`` ours, with the reason. What the paper leaves open about the
network and its training stands in :mod:`lib.models.face_attention` and
:mod:`lib.papers.face_eeg.expression_training`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lib.papers.experiment import Row
from lib.papers.face_eeg.expression_training import Recipe, control_fold, face_fold
from lib.profiles import taken_by
from lib.simulation import rafdb as simulation

# Sec 5.2 prints 80/20, which both are; choice: official first, the owner's own
SPLITS = ("official", "pooled")
NULL_TWIN: dict[str, Any] = {"effect": 0.0}
COLUMNS = [
    "row", "role", "metric", "published", "reproduced", "reproduced_interval", "n", "split", "tier",
    "verdict"
]


@dataclass(frozen=True)
class FacePreset:
    """What a profile changes: how often a row is trained, how, and the simulated faces."""

    repeats: int = 5  # choice: the paper trained once, as far as it says
    recipe: Mapping = taken_by(Recipe)
    simulated: Mapping = taken_by(simulation.make)


def network(attention: str, maps: str = "maps", role: str = "model") -> Row:
    """A row whose network attends over something, on maps of one of the backbones."""
    return Row(face_fold, {"model": {"attention": attention}, "maps": maps}, (maps, "emotion"),
               role)


ROWS = {
    "Face": network("patch"),
    "Face (feature attention)": network("feature"),
    "Face (batch attention)": network("batch"),  # to show its fault
    "majority": Row(control_fold, {"model": "majority"}, ("maps", "emotion"), "chance"),
    "linear": Row(control_fold, {"model": "balanced linear"}, ("maps", "emotion"), "control"),
    "random backbone": network("patch", "random_maps", "control"),
}
