"""Paper 4 (Thanh and Thinh 2025), EEG and fusion: its settings. What runs them is in
:mod:`lib.papers.face_eeg.protocol`.

``Sec n``: printed there. ``choice:`` ours, with the reason. The face's own settings are in
:mod:`lib.papers.face_eeg.expression`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lib import profiles
from lib.evaluation import printed
from lib.models.eeg_itnet import EEGITNet
from lib.models.scalp_cnn import ScalpCNN
from lib.models.sst_emotionnet import SSTEmotionNet
from lib.papers.experiment import Row
from lib.papers.face_eeg.expression_settings import FacePreset
from lib.papers.face_eeg.training import (ITNetRecipe, Recipe, SSTRecipe, control_fold, itnet_fold,
                                          scalp_fold, sst_fold)
from lib.profiles import taken_by
from lib.simulation import flex as simulation
from lib.training.splits import RECORDING_SPLITS

SPLITS = RECORDING_SPLITS
# the fifth: what the paper's split reports when emotions are dealt anew over recordings
PERMUTED = "random_segments, labels permuted"
# fewer people and clips of a minute: as many segments, more of each recording
NULL_TWIN: dict[str, Any] = {"subjects": 3, "seconds": 60, "effect": 0.0, "video": False}
COLUMNS = [
    "row", "role", "metric", "published", "reproduced", "reproduced_spread", "n", "split", "tier",
    "verdict"
]
LABELS = ("emotion", "subject")
CONTROLS = {"linear": "control", "nearest neighbour": "control", "majority": "chance"}
ROWS = {
    "Scalp maps": Row(scalp_fold, {}, ("maps", *LABELS)),
    # Table 3 compares it with these
    "EEG-ITNet": Row(itnet_fold, {}, ("eeg", *LABELS)),
    "SST-EmotionNet": Row(sst_fold, {}, ("spectral", "temporal", *LABELS))
} | {
    model: Row(control_fold, {"model": model}, ("de", *LABELS), role)
    for model, role in CONTROLS.items()
}
TABLES = printed.tables("face_eeg", ROWS)

NETWORKS = {"Scalp maps": ScalpCNN, "EEG-ITNet": EEGITNet, "SST-EmotionNet": SSTEmotionNet}
RECIPES = {"Scalp maps": Recipe, "EEG-ITNet": ITNetRecipe, "SST-EmotionNet": SSTRecipe}


@dataclass(frozen=True)
class Preset(profiles.Preset):
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
    simulated : mapping
        Arguments of the maker of the simulated cohort.
    face : FacePreset
    """

    n_folds: int = 5
    size: int = 229  # Sec 4.1
    projected: int = 0
    video_rate: float = 2.0
    model: Mapping[str, Mapping] = taken_by(NETWORKS, **{"Scalp maps": {}})
    recipe: Mapping[str, Mapping] = taken_by(RECIPES, **{name: {} for name in RECIPES})
    simulated: Mapping = taken_by(simulation.make)
    face: FacePreset = field(default_factory=FacePreset)
