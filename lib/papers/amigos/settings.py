"""Paper 2 (Vazquez-Rodriguez et al. 2022): its settings. What runs them is in
:mod:`lib.papers.amigos.protocol`.

``Sec n``: printed there. ``choice:`` ours, with the reason. ``assumed:`` the ECG branch is
"parameterised as in [15]", whose text was not at hand; see :mod:`lib.models.physio_transformer`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lib import profiles
from lib.evaluation import printed
from lib.models.physio_transformer import ECG, EEG, FusionHead, PhysioTransformer, Recogniser
from lib.papers.amigos.controls import coin_fold, control_fold, stimulus_fold
from lib.papers.amigos.training import FusionRecipe, PretrainRecipe, Recipe
from lib.papers.experiment import Row
from lib.profiles import taken_by
from lib.simulation import amigos as simulation

TARGETS = ("arousal", "valence")  # Sec 3.2.2: one network each
MODALITIES = ("ecg", "eeg")
# choice: the paper does not say which; always side by side
SPLITS = ("random_segments", "by_trial", "by_subject")
NULL_TWIN: dict[str, Any] = {"subjects": 6, "effect": 0.0}
# choice: the demo's unlabelled recordings, in each of six layouts
CORPORA: dict[str, Any] = {"subjects": 26, "seconds": 80.0}
COLUMNS = [
    "row", "role", "metric", "published", "published_interval", "reproduced", "reproduced_interval",
    "n", "split", "tier", "verdict"
]

# the networks of one signal: which, and whether it is pre-trained or starts from random weights
NETWORKS = {
    "EEG without pre-training": ("eeg", False),
    "EEG": ("eeg", True),
    # the paper prints no such row; Table 3 needs it
    "ECG without pre-training": ("ecg", False),
    "ECG": ("ecg", True)
}
# rows of the tables: one of them, or several whose last hidden layers are fused (Fig 2: in this
# order)
VARIANTS: dict[str, tuple[str, ...]] = {name: (name,) for name in NETWORKS} | {
    "Fused without pre-training": ("ECG without pre-training", "EEG without pre-training"),
    "Fused": ("ECG", "EEG")
}
UNITS = ("trial", "subject")
FEATURES = ("features_eeg", "features_ecg", *UNITS)


def _control(model: str, modality: str = "both", role: str = "control",
             scaling: str = "train") -> Row:
    return Row(control_fold, {"model": model, "modality": modality, "scaling": scaling}, FEATURES,
               role)


CONTROLS = {
    "majority": _control("majority", role="chance"),
    "coin": Row(coin_fold, {}, UNITS, "chance"),
    "stimulus mean": Row(stimulus_fold, {}, (*UNITS, "stimulus"), "control"),
    # like for like: features of the signals as the networks see them, scaled on training segments
    "linear, EEG": _control("linear", "eeg"),
    "linear, ECG": _control("linear", "ecg"),
    "linear, both": _control("linear"),
    "nearest neighbour, both": _control("nearest neighbour"),
    # more than the networks know: how fast a heart beats beside the same person's other segments
    "linear per person, both": _control("linear", scaling="subject"),
    # the baseline of the AMIGOS paper (its Table 4 row used 20 s segments, GSR as well, and
    # subjects left out one by one)
    "naive Bayes, EEG": _control("naive Bayes", "eeg"),
    "naive Bayes, ECG": _control("naive Bayes", "ecg"),
    "naive Bayes, both": _control("naive Bayes"),
}
TABLES = printed.tables("amigos", VARIANTS)
TABLES["4"] += ("naive Bayes, EEG", "naive Bayes, ECG", "naive Bayes, both")


def _of_each(kind: Any, part: str) -> Any:
    """A field for each modality: options of ``kind``, by default the published ones."""
    return taken_by(dict.fromkeys(MODALITIES, kind), eeg=EEG[part], ecg=ECG[part])


@dataclass(frozen=True)
class Preset(profiles.Preset):
    """What a profile changes: folds, size of the networks, length of the trainings.

    Attributes
    ----------
    n_folds, inner : int, float
        Folds, and the share of the units outside the test fold that validates.
    own : bool
        Whether the labelled cohort's own training segments take part in pre-training (then one
        pre-training per fold).
    corpus : int
        Most unlabelled segments per modality.
    model, head : mapping
        Modality -> arguments of the networks.
    pretraining, finetuning, fusion : mapping
        Recipes.
    fusion_head : mapping
        Arguments of the fusing network.
    simulated : mapping
        Arguments of the maker of the simulated cohort.
    checkpoints : bool
        Whether the state of a pre-training is kept after each epoch, so that one of days can be
        interrupted.
    """

    n_folds: int = 10  # Sec 5
    # choice: the paper draws validation data "from AMIGOS" in every fold and does not say how much
    inner: float = 0.2
    own: bool = True  # Sec 4.1.1
    corpus: int | None = None
    model: Mapping[str, Mapping] = _of_each(PhysioTransformer, "model")
    head: Mapping[str, Mapping] = _of_each(Recogniser, "head")
    pretraining: Mapping[str, Mapping] = _of_each(PretrainRecipe, "pretraining")
    finetuning: Mapping = taken_by(Recipe)
    fusion: Mapping = taken_by(FusionRecipe)
    fusion_head: Mapping = taken_by(FusionHead)
    simulated: Mapping = taken_by(simulation.make)
    checkpoints: bool = False


# choice: what `make tune` searches; the paper names Ray Tune and no space. Ray Tune's function and
# its bounds
SPACE: dict[str, tuple] = {
    "lr": ("loguniform", 1e-5, 2e-3), "weight_decay": ("loguniform", 1e-6, 1e-3),
    "dropout": ("uniform", 0.1, 0.7), "batch": ("choice", [32, 64, 128])
}
