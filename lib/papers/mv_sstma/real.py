"""Paper 3's systems on other people, openly recorded: EEG and gaze of 24 people who watched clips,
as published with MAHNOB-HCI. See :mod:`lib.papers.stand_in`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lib import profiles
from lib.datasets import mahnob_features, registry
from lib.datasets.base import Cohort, Trial
from lib.evaluation.classification import classification
from lib.papers import experiment as spine
from lib.papers.experiment import Record
from lib.papers.mv_sstma.controls import (bdae_fold, fuzzy_fold, majority_fold, max_fold, svm_fold)
from lib.papers.mv_sstma.pretraining import pretrain_fold
from lib.papers.mv_sstma.settings import MODALITIES, VARIANTS, Preset
from lib.papers.mv_sstma.training import INPUTS, emotion_fold
from lib.papers.stand_in import LABELS, ask, shipped
from lib.store import digest
from lib.training.folds import Call, cross_validate, weights
from lib.training.splits import Split, permute_labels, segment_splits

METRIC = "valence accuracy"
SPLITS = ("random_segments", "by_trial", "by_subject")
N_CLASSES = 3  # low, middle, high: SEED-IV has four emotions, SEED-V five
STEP, LENGTH = 8, 5  # choice: features of 2 s (eight of the owner's), T = 5 of them, end to end
ARRAYS = ("eeg", "eye", "valence", "subject", "session", "trial")
WORK = {
    "emotion": emotion_fold, "majority": majority_fold, "svm": svm_fold, "max": max_fold,
    "fuzzy": fuzzy_fold, "bdae": bdae_fold
}
CONTROLS: dict[str, tuple[str, dict, str]] = {
    "MAX": ("max", {}, "model"), "Fuzzy integral": ("fuzzy", {}, "model"),
    "BDAE": ("bdae", {}, "model"), "SVM EEG": ("svm", {"modality": "eeg"}, "control"),
    "SVM eye": ("svm", {"modality": "eye"}, "control"), "majority": ("majority", {}, "chance"),
}
CLAIMS = {
    "pre-training helps": (("EEG", "EEG without pre-training"),
                           ("Eye", "Eye without pre-training")),
    "two modalities beat one": (("Concat", "EEG"), ("Concat", "Eye"), ("Attention", "EEG"),
                                ("Attention", "Eye")),
    "attention beats concatenation": (("Attention", "Concat"),),
    "two modalities beat one, control": (("MAX", "SVM EEG"), ("MAX", "SVM eye")),
}


def windows(cohort: Cohort) -> dict[str, Any]:
    """Windows of :data:`LENGTH` features of 2 s, end to end, from the onset of each clip.

    Returns
    -------
    dict
        ``eeg`` ``(N, 5, 32, 4)`` log band power, ``assumed:`` by band, then by channel; ``eye``
        ``(N, 5, 2)``, angles of the gaze; ``valence`` ``(N,)``, mean of the *trial*; ``trial``,
        ``subject``, ``session`` ``(N,)`` int64; ``about``.
    """
    parts = [_trial(trial) for trial in cohort]
    counts = [len(part["eye"]) for part in parts]
    data = {m: np.concatenate([part[m] for part in parts]) for m in MODALITIES}
    about = {
        "valence": [float(np.mean(trial.labels["valence"])) for trial in cohort],
        "trial": range(len(cohort)), "subject": [trial.subject for trial in cohort],
        "session": [1] * len(cohort)
    }
    data |= {name: np.repeat(np.array(values), counts) for name, values in about.items()}
    return data | {"about": spine.about(cohort, digest(data), cohort.dropped)}


def _trial(trial: Trial) -> dict[str, np.ndarray]:
    eeg, eye = trial.load("eeg_features").data, trial.load("gaze").data
    n = eye.shape[1] // (STEP * LENGTH)
    seconds = [
        x[:, :n * STEP * LENGTH].reshape(len(x), n, LENGTH, STEP).mean(axis=3) for x in (eeg, eye)
    ]
    eeg, eye = (np.moveaxis(x, 0, -1).astype(np.float32) for x in seconds)
    return {"eeg": eeg.reshape(n, LENGTH, 4, -1).swapaxes(2, 3), "eye": eye}


def thirds(valence: np.ndarray, trial: np.ndarray, train: Sequence[int]) -> np.ndarray:
    """Class 0, 1 or 2 of every window: below, between, above the thirds of the *training* trials,
    each counted once."""
    rows = np.asarray(train)
    known = valence[rows[np.unique(trial[rows], return_index=True)[1]]]
    return np.searchsorted(np.quantile(known, [1 / 3, 2 / 3]), valence)


def valence_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *, work: str,
                 **settings: Any) -> dict[str, np.ndarray]:
    """A fold function of paper 3 (:data:`WORK`) on :func:`thirds` of the valence; ``y`` of the test
    windows beside its result."""
    emotion = thirds(data["valence"], data["trial"], split["train"])
    result = WORK[work]({**data, "emotion": emotion}, split, seed, n_classes=N_CLASSES, **settings)
    return {"test": result["test"], "y": emotion[np.asarray(split["test"])]}


def splits(data: Mapping[str, np.ndarray], name: str, n_folds: int = 5) -> list[Split]:
    """Folds of windows, a fifth of the units for testing, a fifth of the others for validation."""
    return segment_splits(name, data["subject"], data["trial"], n_folds=n_folds)


def run(data: Mapping[str, Any], preset: Preset, seeds: Sequence[int], *,
        named: Sequence[str] = SPLITS, device: str = "cpu", **how: Any) -> pd.DataFrame:
    """Tidy accuracy of every row and fold, with the true valence and with that of another trial of
    the same person (``experiment``); networks are pre-trained on the training windows of the
    fold."""
    arrays = {name: np.asarray(data[name]) for name in ARRAYS}
    records: dict[str, list[Record]] = {name: [] for name in LABELS}
    for split in named:
        folds = splits(data, split)
        for seed in seeds:
            begun = {m: _pretrained(arrays, m, folds, preset, seed, device, how) for m in MODALITIES}
            dealt = permute_labels(data["valence"], data["trial"], data["subject"], seed)
            for labels, valence in zip(LABELS, (data["valence"], dealt), strict=True):
                calls = _calls(folds, preset, seed, begun, device)
                found = cross_validate(valence_fold, {**arrays, "valence": valence}, calls,
                                       label=f"{split}, {labels}", **how)
                roles = {name: role for name, (*_, role) in CONTROLS.items()}
                records[labels] += [
                    Record(call.row, call.split, seed, result, role=roles.get(call.row, "model"))
                    for call, result in zip(calls, found, strict=True)
                ]

    def measure(record: Record) -> dict[str, float]:
        guess = record.result["test"].argmax(axis=1)
        return {METRIC: classification(record.result["y"], guess)["accuracy"]}

    return pd.concat([
        spine.score("seed", own, measure, experiment=labels, tier=data["about"]["tier"])
        for labels, own in records.items()
    ], ignore_index=True)


def _pretrained(arrays, modality: str, folds, preset: Preset, seed: int, device: str,
                how: Mapping) -> list[dict]:
    settings = {
        "modality": modality, "model": dict(preset.model),
        "recipe": {**preset.pretraining, "device": device}
    }
    calls = [Call(modality, fold, seed, settings) for fold in folds]
    given = {name: arrays[name] for name in (modality, "subject", "session")}
    return cross_validate(pretrain_fold, given, calls, label=f"pre-training, {modality}", **how)


def _calls(folds, preset: Preset, seed: int, begun: Mapping, device: str) -> list[Call]:
    settings = {
        "work": "emotion", "model_eeg": dict(preset.model), "model_eye": dict(preset.model),
        "recipe": {**preset.finetuning, "device": device}
    }
    calls = []
    for k, fold in enumerate(folds):
        for name, row in VARIANTS.items():
            start = {
                f"weights_{m}": weights(begun[m][k]) for m in INPUTS[row.modality] if row.pretrained
            }
            calls.append(Call(name, fold, seed, {**settings, "modality": row.modality, **start}))
        calls += [Call(name, fold, seed, {"work": work, **own})
                  for name, (work, own, _) in CONTROLS.items()]
    return calls


def claims(data: Mapping[str, Any], results: pd.DataFrame) -> pd.DataFrame:
    """:data:`CLAIMS` asked of the results of :func:`run`."""
    folds = {split: splits(data, split)[0] for split in results["split"].unique()}
    return ask(results, CLAIMS, METRIC, folds, stand_in="MAHNOB-HCI, gaze",
               people=len(np.unique(data["subject"])))


def results(profile: str, root: str, seeds: Sequence[int],
            device: str = "cpu") -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Scores, claims and what a figure must say: of a run on the public MAHNOB-HCI features
    (profile ``public``), or those that ship with the project."""
    if profiles.base(profile) != "public":
        return shipped("seed", "EEG and gaze of 24 people, public features of MAHNOB-HCI")
    data = windows(registry.require(mahnob_features.FOLDER, profile, root))
    scores = run(data, Preset.of(profile), seeds, device=device)
    return scores, claims(data, scores), data["about"]
