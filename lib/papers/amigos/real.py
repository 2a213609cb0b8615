"""Paper 2's systems on other people, openly recorded: EEG and ECG at rest and during mental
arithmetic (EEGMAT). See :mod:`lib.evaluation.stand_in`."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lib import profiles
from lib.datasets import eegmat, registry
from lib.evaluation.stand_in import LABELS, ask, shipped
from lib.papers.amigos import protocol as amigos
from lib.papers.amigos.settings import MODALITIES, VARIANTS, Preset
from lib.training.splits import permute_labels

TARGET, METRIC = "state", "state accuracy"
# each person has one recording of each state, so no split can keep recordings apart and leave both
# states of a person to learn from
SPLITS = ("random_segments", "by_subject")
ROWS = (*VARIANTS, "linear, EEG", "linear, ECG", "linear, both", "nearest neighbour, both",
        "majority", "coin")
CLAIMS = {
    "pre-training helps": (("EEG", "EEG without pre-training"), ("ECG", "ECG without pre-training"),
                           ("Fused", "Fused without pre-training")),
    "two signals beat one": (("Fused", "EEG"), ("Fused", "ECG")),
    "two signals beat one, control": (("linear, both", "linear, EEG"), ("linear, both",
                                                                        "linear, ECG")),
}


def segments(profile: str, root: str = "", **how: Any) -> dict[str, Any]:
    """Ten-second segments of EEGMAT; see :func:`lib.papers.amigos.protocol.segments`."""
    cohort = eegmat.equally_long(registry.require(eegmat.FOLDER, profile, root))
    return amigos.segments(cohort, targets=(TARGET,), **how)


def run(data: Mapping[str,
                      Any], preset: Preset, seeds: Sequence[int], *, rows: Sequence[str] = ROWS,
        splits: Sequence[str] = SPLITS, device: str = "cpu", **how: Any) -> pd.DataFrame:
    """Tidy accuracy and macro-F1 of every row and fold, with the true states and with states
    exchanged within people (``experiment``).

    ``choice:`` networks are pre-trained on the recordings of the training people alone, labels
    unseen, so that no other corpus is needed. ``seeds`` repeat the trainings on the same folds; the
    exchange is drawn anew with each.
    """
    nothing = {m: np.asarray(data[m])[:0] for m in MODALITIES}
    tables = []
    for seed in seeds:
        exchanged = permute_labels(data[TARGET], data["trial"], data["subject"], seed)
        for name, states in zip(LABELS, (data[TARGET], exchanged), strict=True):
            given = {**data, TARGET: states}
            for split in splits:
                records = amigos.run(given, nothing, rows, split, preset, targets=(TARGET,),
                                     seed=seed, device=device, **how)
                tables.append(
                    amigos.score(given, records, experiment=name, tier=data["about"]["tier"]))
    return pd.concat(tables, ignore_index=True)


def claims(data: Mapping[str, Any], results: pd.DataFrame, preset: Preset) -> pd.DataFrame:
    """:data:`CLAIMS` asked of the results of :func:`run`."""
    folds = {split: amigos.splits(data, split, preset)[0] for split in results["split"].unique()}
    return ask(results, CLAIMS, METRIC, folds, stand_in="EEGMAT",
               people=len(np.unique(data["subject"])))


def results(profile: str, root: str, seeds: Sequence[int],
            device: str = "cpu") -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Scores, claims and what a figure must say: of a run on EEGMAT (profile ``public``), or those
    that ship with the project."""
    if profiles.base(profile) != "public":
        return shipped("amigos",
                       f"EEGMAT, 36 people, {eegmat.SECONDS} s of each state (real recordings)")
    preset, data = Preset.of(profile), segments(profile, root)
    scores = run(data, preset, seeds, device=device)
    return scores, claims(data, scores, preset), data["about"]
