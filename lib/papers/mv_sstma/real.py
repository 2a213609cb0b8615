"""Paper 3's systems on other people, openly published: EEG and face of 24 people who watched clips
(features of MAHNOB-HCI). See :mod:`lib.evaluation.stand_in`.

The face stands in for the eyes. A gaze is published too, but after a fifteenth of each trial it
stands still: what is left names the trial, which is why it is a control here and no modality.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import recall_score

from lib import profiles
from lib.datasets import mahnob_features, registry
from lib.datasets.base import Cohort, Trial
from lib.datasets.mahnob_format import EEG_CHANNELS
from lib.evaluation.stand_in import LABELS, ask, shipped
from lib.papers import experiment as spine
from lib.papers.experiment import Row
from lib.papers.mv_sstma.classes import class_fold
from lib.papers.mv_sstma.controls import neighbour_fold, svm_fold
from lib.papers.mv_sstma.filling import errors, fill
from lib.papers.mv_sstma.pretraining import pretrain_fold
from lib.papers.mv_sstma.settings import CONTROLS, GUESS, MODALITIES, Preset
from lib.papers.mv_sstma.training import INPUTS, emotion_fold
from lib.preprocessing.recordings import table
from lib.store import digest
from lib.training.folds import weights
from lib.training.splits import Split, permute_labels, segment_splits

# choice: the mean recall of the classes, because thirds of the training trials are no thirds of the
# test trials
METRIC = "balanced accuracy"
SPLITS, NEW = ("random_segments", "by_trial", "by_clip", "by_subject"), "by_subject"
# choice: features of 2 s (eight of the owner's), five of them a window, end to end. The first 2 s
# of a trial are left out (a resampling filter rings there); the next 2 s are the face's reference
STEP, LENGTH = 8, 5
FEW = (1, 3, 10, 0)  # labelled windows of each class; 0: all
ARRAYS = ("eeg", "eye", "gaze", "label", "subject", "session", "trial")
NETWORKS = {"EEG": "eeg", "Face": "eye", "Concat": "concat", "Attention": "attention"}
WITHOUT = " without pre-training"
SVMS = {"SVM face": "eye", "SVM both": "both"}
MEASURED = {"EEG": "eeg", "face": "eye", "gaze": "gaze"}
NEAR = {f"nearest neighbour, {name}": array for name, array in MEASURED.items()}
ROWS = {
    **{name: Row(emotion_fold, {"modality": m}) for name, m in NETWORKS.items()},
    **{name + WITHOUT: Row(emotion_fold, {"modality": NETWORKS[name]}) for name in [*NETWORKS][:3]},
    **{name: CONTROLS[name] for name in CONTROLS if name != "SVM eye"},
    **{name: Row(svm_fold, {"modality": m}, role="control") for name, m in SVMS.items()},
    **{name: Row(neighbour_fold, {"modality": m}, role="control") for name, m in NEAR.items()},
}
CLAIMS = {
    "pre-training helps": [(name, name + WITHOUT) for name in ("EEG", "Face", "Concat")],
    "two modalities beat one": [("Concat", "EEG"), ("Concat", "Face")],
    "attention beats concatenation": [("Attention", "Concat")], "attention beats other fusions": [
        ("Attention", r) for r in ("MAX", "Fuzzy integral", "BDAE")
    ], "the network beats a linear model": [("EEG", "SVM EEG"), ("Face", "SVM face"),
                                            ("Concat", "SVM both")],
    "two modalities beat one, control": [("SVM both", "SVM EEG"), ("SVM both", "SVM face")],
}


def windows(cohort: Cohort) -> dict[str, Any]:
    """Windows of five features of 2 s.

    Returns
    -------
    dict
        ``eeg`` ``(N, 5, 32, 4)``, ``assumed:`` log power by band, then by channel; ``eye`` ``(N, 5,
        38)``, the face; ``gaze`` ``(N, 5, 2)``; of each window ``label``, the mean valence of
        its *trial*, ``trial``, ``person`` and ``clip`` (trials of one length: the clip is not
        published); ``subject`` and ``session``, by which paper 3 scales, are
        the same for all: ``choice:`` new people have no training windows to be scaled by.
    """
    kept = [(i, trial, _windows(trial)) for i, trial in enumerate(cohort)]
    data = table(kept, ("eeg", "eye", "gaze"), "trial", ("subject",), {"valence": np.mean})
    clip = np.unique([trial.stimulus for trial in cohort], return_inverse=True)[1]
    data["person"], data["clip"] = data["subject"], clip[data["trial"]]
    data["label"] = data.pop("valence")
    data["session"] = np.zeros_like(data["trial"])
    data["subject"] = data["session"]
    return data | {"about": spine.about(cohort, digest(data), cohort.dropped)}


def _windows(trial: Trial) -> dict[str, np.ndarray]:
    eeg, face, gaze = (trial.load(name).data for name in mahnob_features.KEYS)
    face = face - face[:, STEP:2 * STEP].mean(axis=1, keepdims=True)
    n = (eeg.shape[1] // STEP - 1) // LENGTH * LENGTH
    eeg, face, gaze = (x[:, STEP:STEP * (n + 1)].reshape(len(x), -1, LENGTH,
                                                         STEP).mean(axis=3).transpose(1, 2, 0)
                       for x in (eeg, face, gaze))
    return {"eeg": eeg.reshape(*eeg.shape[:2], 4, -1).swapaxes(2, 3), "eye": face, "gaze": gaze}


def folds(data: Mapping[str, Any], split: str) -> list[Split]:
    """Five folds of a split; a fifth of the other units validates. ``by_clip``: all windows of the
    trials of one clip, whoever watched it, are a unit."""
    name, unit = (NEW, "clip") if split == "by_clip" else (split, "person")
    drawn = segment_splits(name, data[unit], data["trial"], n_folds=5)
    return [replace(fold, name=split) for fold in drawn]


def hidden(data: Mapping[str, Any], preset: Preset, seeds: Sequence[int],
           ratios: Sequence[float] = (0.3, 0.5, 0.7), device: str = "cpu",
           electrodes: Sequence[str] = EEG_CHANNELS, **how: Any) -> pd.DataFrame:
    """Tidy errors on hidden EEG channels of new people, whose windows pre-training did not see: of
    the network and its rivals (:func:`lib.papers.mv_sstma.filling.errors`), a metric per ratio."""
    rows, cut = [], folds(data, NEW)
    for seed in seeds:
        for record in begin(data, "eeg", cut, preset, seed, device, **how):
            for ratio in ratios:
                filled = fill(data, "eeg", [record.split], preset, weights(record.result),
                              ratio=ratio, seed=seed)
                rows += [(seed, record.split.fold, f"error, {ratio:.0%} hidden", name, off)
                         for name, off in errors(*filled, electrodes).items()]
    table = pd.DataFrame(rows, columns=["seed", "fold", "metric", "row", "value"])
    same = {"paper": "seed", "role": "control", "split": NEW, "experiment": LABELS[0]}
    return table.assign(**same, tier=data["about"]["tier"])


def begin(data: Mapping[str, Any], modality: str, cut: Sequence[Split], preset: Preset, seed: int,
          device: str, **how: Any) -> list[spine.Record]:
    """Masked pre-training on the training windows of each fold, labels unseen."""
    recipe = {**preset.pretraining, "device": device}
    settings = {"modality": modality, "model": dict(preset.model), "recipe": recipe}
    row = Row(pretrain_fold, settings, (modality, "subject", "session"))
    return spine.run(data, {modality: row}, cut, seeds=(seed,), **how)


def run(data: Mapping[str, Any], preset: Preset, seeds: Sequence[int], *,
        rows: Sequence[str] = tuple(ROWS), splits: Sequence[str] = SPLITS, few: int | None = None,
        device: str = "cpu", **how: Any) -> pd.DataFrame:
    """Tidy results of every row and fold, with the trials' own labels and, for the first seed, with
    the labels of trials of the same person exchanged (``experiment``). Further seeds repeat
    the trainings for :data:`NEW` people alone: other splits are here to show what they report.

    ``few``: own labels alone, encoders frozen, so many labelled windows of each class, the first
    ones (0: all).
    """
    alike = {"labelled": "first10_per_class", "n_labelled": few} if few else {}
    base = preset.finetuning if few is None else {**preset.frozen, "freeze": True, **alike}
    network: dict[str, Any] = {f"model_{m}": dict(preset.model) for m in MODALITIES}
    network["recipe"] = {**base, "device": device}
    metric = METRIC if few is None else f"{METRIC}, {few or 'all'} windows a class"
    known, tables = spine.chosen(rows, ROWS), list[pd.DataFrame]()
    reads = {name: INPUTS[NETWORKS[name]] for name in known if name in NETWORKS}
    arrays = tuple(name for name in ARRAYS if name in data)
    works = {
        name: Row(class_fold, {"work": row.work.__name__, **row.settings}, arrays, row.role)
        for name, row in known.items()
    }

    def settings(name: str, row: Row, fold: Split) -> dict:
        if known[name].work is not emotion_fold:
            return alike
        start = {f"weights_{m}": weights(begun[m][fold.fold].result) for m in reads.get(name, ())}
        return {**network, **start}

    def measure(record: spine.Record) -> dict[str, float]:
        y, p = record.result["y"], record.result["test"]
        if record.row == GUESS:
            return {metric: float(np.mean([p[y == k, k].mean() for k in np.unique(y)]))}
        return {
            metric: float(recall_score(y, p.argmax(axis=1), labels=np.unique(y), average="macro"))
        }

    for seed, split in [(s, cut) for s, cut in product(seeds, splits)
                        if NEW == cut or s == seeds[0]]:
        cut, once, begun = folds(data, split), {"seeds": (seed,), **how}, {}
        for m in sorted(set().union(*reads.values())):
            begun[m] = begin(data, m, cut, preset, seed, device, **how)
        dealt = permute_labels(data["label"], data["trial"], data["person"], seed)
        several = seed == seeds[0] and few is None
        for kind, label in zip(LABELS[:1 + several], (data["label"], dealt), strict=False):
            given, about = {**data, "label": label}, {"tier": data["about"]["tier"]}
            records = spine.run(given, works, cut, preset=settings, **once)
            tables.append(spine.score("seed", records, measure, experiment=kind, **about))
    return pd.concat(tables, ignore_index=True)


def answers(data: Mapping[str, Any], preset: Preset, seeds: Sequence[int], stand_in: str, *,
            rows: Sequence[str] = tuple(ROWS), splits: Sequence[str] = SPLITS,
            electrodes: Sequence[str] = EEG_CHANNELS,
            device: str = "cpu") -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Scores of :func:`run`, with all labels and with few, and errors on :func:`hidden` channels,
    which have metrics of their own; those of :data:`CLAIMS` whose rows were run; what a figure must
    say."""
    how: dict[str, Any] = {"device": device}
    tables = [run(data, preset, seeds, rows=rows, splits=splits, **how)]
    tables.append(hidden(data, preset, seeds, electrodes=electrodes, **how))
    some: dict[str, Any] = {"rows": ("EEG", "EEG" + WITHOUT, "SVM EEG"), "splits": (NEW,), **how}
    tables += [run(data, preset, seeds, few=n, **some) for n in FEW]
    scores, cut = pd.concat(tables, ignore_index=True), {s: folds(data, s) for s in splits}
    claims = {name: [p for p in pairs if {*p} <= {*rows}] for name, pairs in CLAIMS.items()}
    about = {"stand_in": stand_in, "people": len(np.unique(data["person"]))}
    return scores, ask(scores, claims, METRIC, cut, **about), data["about"]


def results(profile: str, root: str, seeds: Sequence[int],
            device: str = "cpu") -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """:func:`answers` of a run on MAHNOB-HCI's public features (profile ``public``), or those that
    ship with the project."""
    if profiles.base(profile) != "public":
        return shipped("seed", "EEG and face of 24 people, public features of MAHNOB-HCI")
    data = windows(registry.stand_in(mahnob_features.FOLDER, profile, root))
    return answers(data, Preset.of(profile), seeds, "MAHNOB-HCI, EEG and face", device=device)
