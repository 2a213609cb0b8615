"""Paper 3, around the training: labels and windows counted, confusions, attention, inflation by
peeking."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lib.datasets.base import Cohort
from lib.datasets.seed_format import BANDS, CHANNELS
from lib.datasets.seed_format import split as trials_of_split
from lib.evaluation.classification import confusion
from lib.evaluation.statistics import fold_means
from lib.papers.experiment import Record
from lib.papers.mv_sstma import protocol as mv_sstma
from lib.papers.mv_sstma.pretraining import sessions
from lib.papers.mv_sstma.settings import EMOTIONS, TITLES, Preset


def overview(cohort: Cohort) -> pd.DataFrame:
    """One row per subject of a cohort: sessions, trials, features of 4 s, and eye values that are
    missing."""
    rows = []
    for trial in cohort:
        eye = trial.load("eye").data
        rows.append((trial.subject, trial.session, eye.shape[1], np.isnan(eye).mean()))
    frame = pd.DataFrame(rows, columns=["subject", "session", "features", "missing"])
    people = frame.groupby("subject")
    return people.agg(sessions=("session", "nunique"), trials=("session", "size"),
                      shortest=("features", "min"), longest=("features", "max"),
                      missing_eye_values=("missing", "mean")).reset_index()


def balance(dataset: str, labels: Mapping[int, Sequence[int]], split: str) -> pd.DataFrame:
    """How many trials of each emotion a split trains on and tests, ``dataset, session, part,
    emotion, trials``."""
    parts, rows = dict(zip(("train", "test"), trials_of_split(split)[0], strict=True)), []
    for (session, of_trial), part in itertools.product(labels.items(), parts):
        chosen = [of_trial[t - 1] for t in parts[part]]
        rows += [(TITLES[dataset], session, part, name, chosen.count(k))
                 for k, name in enumerate(EMOTIONS[dataset])]
    return pd.DataFrame(rows, columns="dataset session part emotion trials".split())


def timeline(cohort: Cohort, subject: int, session: str, channel: str = "T7", band: str = "gamma",
             feature: int = 0) -> pd.DataFrame:
    """Trials of one session one after another: DE of a channel and band, one eye feature, emotion;
    a row for each 4 s."""
    rows, b = [], list(BANDS).index(band)
    for trial in (t for t in cohort if (t.subject, t.session) == (subject, session)):
        eeg, eye = (trial.load(name).data for name in ("eeg", "eye"))
        values = zip(eeg[CHANNELS.index(channel), :, b], eye[feature], strict=True)
        rows += [(trial.trial, int(trial.labels["emotion"]), x, y) for x, y in values]
    return pd.DataFrame(rows, columns=["trial", "emotion", "eeg", "eye"])


def separation(data: Mapping[str, Any], modality: str) -> np.ndarray:
    """How far emotions differ in each feature: share of the variance between the trials of a
    session that lies between emotions.

    Returns
    -------
    array
        ``(62, 5)`` for EEG, ``(n_features,)`` for the eye; mean over subjects and sessions.
        Descriptive: all trials take part, and with few trials for each emotion the share is well
        above 0 without any effect.
    """
    shares = []
    for group in np.unique(sessions(data)):
        own = np.flatnonzero(sessions(data) == group)
        trials = np.unique(data["trial"][own])
        mean = np.stack(
            [np.nanmean(data[modality][own[data["trial"][own] == t]], axis=(0, 1)) for t in trials])
        mean = np.where(np.isnan(mean), np.nanmean(mean, axis=0), mean)
        emotion = np.array([data["emotion"][own[data["trial"][own] == t][0]] for t in trials])
        between = sum(
            (emotion == k).mean() * (mean[emotion == k].mean(axis=0) - mean.mean(axis=0))**2
            for k in np.unique(emotion))
        shares.append(between / mean.var(axis=0))
    return np.mean(shares, axis=0)


def confusions(data: Mapping[str, Mapping[str, Any]], records: Sequence[Record],
               variants: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Row and dataset -> counts of true and predicted emotions over all test windows, with
    percentages of each true emotion."""
    out = {}
    for variant in variants:
        for dataset in dict.fromkeys(r.dataset for r in records if r.row == variant):
            chosen = [r for r in records if (r.row, r.dataset) == (variant, dataset)]
            y = np.concatenate([mv_sstma.labels(data[dataset], r) for r in chosen])
            guess = np.concatenate([r.result["test"].argmax(axis=1) for r in chosen])
            out[f"{variant}, {TITLES[dataset]}"] = confusion(y, guess, EMOTIONS[dataset])
    return out


def attention(data: Mapping[str, Mapping[str, Any]], records: Sequence[Record]) -> pd.DataFrame:
    """Weight that the attention fusion gives to EEG in each test window, with its dataset, subject,
    session and emotion."""
    frames = []
    for r in (r for r in records if "alpha" in r.result):
        rows, own = list(r.split.test), data[r.dataset]
        who = {key: own[key][rows] for key in ("subject", "session")}
        names = np.array(EMOTIONS[r.dataset])[own["emotion"][rows]]
        frame = pd.DataFrame({"dataset": TITLES[r.dataset], **who, "emotion": names})
        frames.append(frame.assign(EEG=r.result["alpha"][:, 0].astype(float)))
    return pd.concat(frames, ignore_index=True)


def alignment(records: Sequence[Record], variant: str = "Concat") -> dict[str, list[np.ndarray]]:
    """Dataset -> one ``(n_epochs, 2)`` per fold: cross-entropy and canonical correlation over the
    training."""
    out: dict[str, list[np.ndarray]] = {}
    for r in (r for r in records if r.row == variant):
        out.setdefault(TITLES[r.dataset], []).append(r.result["history"][:, :2])
    return out


def inflation(records: Sequence[Record]) -> pd.DataFrame:
    """Mean test accuracy after the last epoch and at the best *test* epoch of the same trainings
    (``selection="test_best"``)."""
    scores = [(TITLES[r.dataset], r.row, r.result["history"][:, 3]) for r in records]
    rows = [(*of, score[-1], score.max()) for *of, score in scores]
    names = ["dataset", "row", "last epoch", "best test epoch"]
    trainings = pd.DataFrame(rows, columns=names).groupby(names[:2], sort=False)
    frame = trainings.mean()
    frame.insert(0, "fold trainings", trainings.size())
    return frame.assign(inflation=frame["best test epoch"] - frame["last epoch"]).reset_index()


def label_curve(cohorts: Mapping[str, Sequence[tuple[int, Mapping[str, Any]]]], rows: Sequence[str],
                counts: Sequence[int], dataset: str, preset: Preset, **how: Any) -> pd.DataFrame:
    """Accuracy of each person over the number of labelled windows of each emotion, encoders frozen.

    ``cohorts``: name -> (seed, :func:`lib.papers.mv_sstma.protocol.features`) of each draw of its
    people; 0 of ``counts``: all windows. Columns ``cohort``, ``row``, ``labels``, ``seed``,
    ``fold``, ``value``.
    """
    frames = []
    for cohort, draws in cohorts.items():
        for (seed, data), n in itertools.product(draws, counts):
            few = {"labelled": "first10_per_class", "n_labelled": n} if n else {}
            records = mv_sstma.run(data, dataset, rows, preset, recipe={"freeze": True, **few},
                                   seed=seed, **how)
            scored = mv_sstma.score({dataset: data}, records, experiment="labels", tier="")
            frames.append(scored.assign(cohort=cohort, labels=n or "all", seed=seed))
    return pd.concat(frames,
                     ignore_index=True)[["cohort", "row", "labels", "seed", "fold", "value"]]


def ratio_curve(table: pd.DataFrame, scores: Mapping[float, pd.DataFrame]) -> pd.DataFrame:
    """Accuracy over the share of missing channels, a line for each person: ``dataset``, ``row``,
    ``ratio``, ``fold`` (the person), ``value``, ``published`` (NaN where nothing is printed).

    ``table``: the answer to Table 4; ``scores``: ratio -> tidy results.
    """
    frame = pd.concat([fold_means(own).assign(ratio=ratio) for ratio, own in scores.items()],
                      ignore_index=True)
    frame = frame[frame["role"] != "chance"].assign(dataset=frame["metric"].str.split().str[0])
    frame = frame.merge(table[["metric", "row", "published"]], on=["metric", "row"], how="left")
    frame = frame.sort_values(["dataset", "row", "ratio"], kind="stable", ignore_index=True)
    return frame[["dataset", "row", "ratio", "fold", "value", "published"]]
