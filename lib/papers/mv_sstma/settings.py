"""Paper 3 (Gao et al. 2024): its settings. What runs them is in
:mod:`lib.papers.mv_sstma.protocol`.

``Sec n``: printed there. ``choice:`` ours, with the reason. The paper prints no batch size, epochs,
optimiser or seed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lib import profiles
from lib.datasets.seed_format import SEED_IV_EMOTIONS, SEED_V_EMOTIONS
from lib.evaluation import printed
from lib.models.mv_sstma import MVSSTMA
from lib.papers.experiment import Row
from lib.papers.mv_sstma.controls import bdae_fold, fuzzy_fold, majority_fold, max_fold, svm_fold
from lib.papers.mv_sstma.pretraining import PretrainRecipe
from lib.papers.mv_sstma.training import Recipe
from lib.profiles import taken_by
from lib.simulation import seed as simulation

DATASETS = ("seed-iv", "seed-v")
TITLES = {"seed-iv": "SEED-IV", "seed-v": "SEED-V"}
EMOTIONS = {"seed-iv": SEED_IV_EMOTIONS, "seed-v": SEED_V_EMOTIONS}
SPLIT = {"seed-iv": "16/8", "seed-v": "9/6"}  # Sec 3.1
MODALITIES = ("eeg", "eye")
NULL_TWIN: dict[str, Any] = {"effect": 0.0}
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
    "row", "role", "metric", "published", "published_spread", "reproduced", "reproduced_spread",
    "n", "split", "tier", "verdict"
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
    "majority": Row(majority_fold, {}, ARRAYS, "chance"),
    GUESS: Row(majority_fold, {}, ARRAYS, "chance"),
    "SVM EEG": Row(svm_fold, {"modality": "eeg"}, ARRAYS, "control"),
    "SVM eye": Row(svm_fold, {"modality": "eye"}, ARRAYS, "control"),
    # what the paper's Table 2 compares with
    "MAX": Row(max_fold, {}, ARRAYS),
    "Fuzzy integral": Row(fuzzy_fold, {}, ARRAYS),
    "BDAE": Row(bdae_fold, {}, ARRAYS),
}
TABLES = printed.tables("seed", {**VARIANTS, **CONTROLS})


@dataclass(frozen=True)
class Preset(profiles.Preset):
    """What a profile changes: training windows, size of the networks, length of the trainings.

    Attributes
    ----------
    hop : int
        Every how many-th window of a trial trains. Neighbours share nine of their ten features. All
        windows are tested; where few windows have a label, they are counted among those that train.
    model : mapping
        Options of :class:`lib.models.mv_sstma.MVSSTMA`, the same for both modalities (Sec 2.2:
        "nearly identical").
    pretraining, finetuning, few, frozen : mapping
        Recipes: of the autoencoders, of all weights with all labels and with few, of a linear
        classifier alone.
    simulated : mapping
        Arguments of the maker of the simulated cohorts.
    """

    hop: int = 1
    model: Mapping = taken_by(MVSSTMA)
    pretraining: Mapping = taken_by(PretrainRecipe)
    finetuning: Mapping = taken_by(Recipe)
    few: Mapping = taken_by(Recipe)
    frozen: Mapping = taken_by(Recipe)
    simulated: Mapping = taken_by(simulation.make)
