"""Paper 3 (Gao et al. 2024): its settings. What runs them is in
:mod:`lib.papers.mv_sstma.protocol`.

``Sec n``: printed there. ``choice:`` ours, with the reason. The paper prints no batch size, epochs,
optimiser or seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lib.datasets.seed_format import SEED_IV_EMOTIONS, SEED_V_EMOTIONS
from lib.papers.experiment import Row
from lib.papers.mv_sstma.controls import bdae_fold, fuzzy_fold, majority_fold, max_fold, svm_fold

DATASETS = ("seed-iv", "seed-v")
TITLES = {"seed-iv": "SEED-IV", "seed-v": "SEED-V"}
EMOTIONS = {"seed-iv": SEED_IV_EMOTIONS, "seed-v": SEED_V_EMOTIONS}
SPLIT = {"seed-iv": "16/8", "seed-v": "9/6"}  # Sec 3.1
MODALITIES = ("eeg", "eye")
# choice: the demo cohorts; real trials have 13 features of 4 s or more
SIMULATED: dict[str, Any] = {"subjects": 3, "windows": (13, 17)}
NULL_TWIN: dict[str, Any] = {**SIMULATED, "effect": 0.0}
RATIOS = (0.3, 0.5, 0.7)  # Table 4
# Sec 4.2: "10 labeled data from the beginning of the training dataset". choice: the first ten
# windows of each class, because the first ten windows are all of the first trial, hence of one
# class. Sec 4.2, 4.3: Table 3 has the values of the 30 % column of Table 4.
FEW: dict[str, Any] = {"labelled": "first10_per_class", "n_labelled": 10}
READINGS = {
    "ten windows of each class": FEW, "ten windows": {"labelled": "first10", "n_labelled": 10},
    "one window of each of ten trials": {"labelled": "per_trial",
                                         "n_labelled": 10}, "all windows": {}
}
COLUMNS = [
    "row", "metric", "published", "published_spread", "reproduced", "reproduced_spread", "n",
    "split", "data", "verdict"
]


@dataclass(frozen=True)
class Variant:
    """A row of a table: one modality or a fusion of both, pre-trained or from random weights."""

    modality: str
    pretrained: bool = True


VARIANTS = {
    "EEG without pre-training": Variant("eeg", pretrained=False), "EEG": Variant("eeg"),
    "Eye without pre-training": Variant("eye", pretrained=False), "Eye": Variant("eye"),
    "Concat": Variant("concat"), "Attention": Variant("attention"),
}
# what a network scores that learned how often each emotion occurs, and nothing else
GUESS = "guess at training frequencies"
ARRAYS = ("eeg", "eye", "emotion", "subject", "session", "trial")
CONTROLS = {
    "majority": Row(majority_fold, {}, ARRAYS, "chance"), GUESS: Row(majority_fold, {}, ARRAYS,
                                                                     "chance"),
    "SVM EEG": Row(svm_fold, {"modality": "eeg"}, ARRAYS,
                   "control"), "SVM eye": Row(svm_fold, {"modality": "eye"}, ARRAYS,
                                              "control"), "MAX": Row(max_fold, {}, ARRAYS,
                                                                     "control"),
    "Fuzzy integral": Row(fuzzy_fold, {}, ARRAYS,
                          "control"), "BDAE": Row(bdae_fold, {}, ARRAYS, "control"),
}
TABLES = {
    "1": ("EEG without pre-training", "EEG", "Eye without pre-training", "Eye"),
    "2": ("EEG", "MAX", "Fuzzy integral", "BDAE", "Concat", "Attention"),
    "3": ("EEG", "Concat", "Attention"), "4": ("EEG", "Concat", "Attention"),
}


@dataclass(frozen=True)
class Preset:
    """What a profile changes: training windows, size of the networks, length of the trainings.

    Attributes
    ----------
    hop : int
        Every how many-th window of a trial trains. Neighbours share nine of their ten features. All
        windows are tested, and where few windows have a label, they are counted out without leaving
        any out.
    model : mapping
        Options of :class:`lib.models.mv_sstma.MVSSTMA`, the same for both modalities (Sec 2.2:
        "nearly identical").
    pretraining, finetuning, few, frozen : mapping
        Recipes: of the autoencoders, of all weights with all labels and with few, of a linear
        classifier alone.
    """

    hop: int = 1
    model: Mapping = field(default_factory=dict)
    pretraining: Mapping = field(default_factory=dict)
    finetuning: Mapping = field(default_factory=dict)
    few: Mapping = field(default_factory=dict)
    frozen: Mapping = field(default_factory=dict)


# choice: a network for a laptop, one block and one head instead of six, with larger steps because
# it is trained for few of them
SMALL: dict[str, Any] = {"blocks": 1, "heads": 1, "head_width": 8}
PRESETS = {
    "demo": Preset(hop=2, model=SMALL, pretraining={"epochs": 8, "batch": 16, "lr": 5e-3},
                   finetuning={"epochs": 8, "batch": 40,
                               "lr": 1e-2}, few={"epochs": 8, "batch": 32, "lr": 1e-2},
                   frozen={"epochs": 150, "batch": 64, "lr": 1e-2}),
    # choice: 100 epochs of each, where the learning curves of the simulated cohorts are flat; a
    # frozen encoder is run once, so that the epochs of its classifier cost nothing
    "paper": Preset(pretraining={"epochs": 100}, finetuning={"epochs": 30}, few={"epochs": 30},
                    frozen={"epochs": 200}),
}
