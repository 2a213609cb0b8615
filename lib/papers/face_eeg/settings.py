"""Paper 4 (Thanh and Thinh 2025), EEG and fusion: its settings. What runs them is in
:mod:`lib.papers.face_eeg.protocol`.

``Sec n``: printed there. ``choice:`` ours, with the reason. The face's own settings are in
:mod:`lib.papers.face_eeg.expression`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lib.models.sst_emotionnet import SMALL
from lib.papers.experiment import Row
from lib.papers.face_eeg.training import control_fold, itnet_fold, scalp_fold, sst_fold
from lib.training.splits import RECORDING_SPLITS

SPLITS = RECORDING_SPLITS
# the fifth: what the paper's split reports when emotions are dealt anew over recordings
PERMUTED = "random_segments, labels permuted"
# choice: 7 people, 4 emotions, 2 clips of 36 s: the demo cohort
SIMULATED: dict[str, Any] = {"seconds": 36}
NULL_TWIN: dict[str, Any] = {**SIMULATED, "subjects": 5, "effect": 0.0, "video": False}
COLUMNS = [
    "row", "metric", "published", "reproduced", "reproduced_spread", "n", "split", "data", "verdict"
]
LABELS = ("emotion", "subject")
ROWS = {
    "Scalp maps": Row(scalp_fold, {},
                      ("maps", *LABELS)), "EEG-ITNet": Row(itnet_fold, {}, ("eeg", *LABELS)),
    "SST-EmotionNet": Row(sst_fold, {}, ("spectral", "temporal", *LABELS)),
    "linear": Row(control_fold, {"model": "linear"}, ("de", *LABELS), "control"),
    "nearest neighbour": Row(control_fold, {"model": "nearest neighbour"}, ("de", *LABELS),
                             "control"), "majority": Row(control_fold, {"model": "majority"},
                                                         ("de", *LABELS), "chance"),
}
TABLES = {"2": ("Scalp maps",), "3": ("SST-EmotionNet", "EEG-ITNet", "Scalp maps")}


@dataclass(frozen=True)
class Preset:
    """What a profile changes.

    Attributes
    ----------
    n_folds : int
        Folds of the splits that have no number of their own. The paper has one; repetitions show
        how much it depends on the draw.
    size : int
        Side of a spectrogram in pixels.
    projected : int
        Features of an electrode that are kept, by a fixed random projection; 0: all.
    video_rate : float
        Frames per second that the face is looked at.
    model, recipe : mapping
        Row -> arguments of its network, and of its training.
    """

    n_folds: int = 5
    size: int = 229  # Sec 4.1
    projected: int = 0
    video_rate: float = 2.0
    model: Mapping[str, Mapping] = field(default_factory=lambda: {"Scalp maps": {}})
    recipe: Mapping[str, Mapping] = field(
        default_factory=lambda: {"Scalp maps": {}, "EEG-ITNet": {}, "SST-EmotionNet": {}})


SMALLER = {
    "Scalp maps": {"widths": (128, 64, 32), "hidden": 64, "dropout": 0.2}, "SST-EmotionNet": SMALL
}
BRIEF = {
    "Scalp maps": {"epochs": 40, "lr": 1e-3, "patience": 12},
    "EEG-ITNet": {"epochs": 8, "lr": 1e-2, "plateau": 2, "patience": 4, "downsample": 2},
    "SST-EmotionNet": {"epochs": 8, "batch": 32, "lr": 3e-3, "plateau": 2, "patience": 4}
}
PRESETS = {
    # choice: spectrograms a quarter as wide, 64 random projections of the features, smaller
    # networks and few epochs
    "demo": Preset(n_folds=3, size=58, projected=64, video_rate=1.0, model=SMALLER, recipe=BRIEF),
    "paper": Preset(),
}
