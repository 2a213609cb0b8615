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
        rows.append({
            "subject": trial.subject, "session": trial.session, "features": eye.shape[1],
            "missing": np.isnan(eye).mean()
        })
    frame = pd.DataFrame(rows).groupby("subject")
    return frame.agg(sessions=("session", "nunique"), trials=("session", "size"),
                     shortest=("features", "min"), longest=("features", "max"),
                     missing_eye_values=("missing", "mean")).reset_index()


def balance(dataset: str, labels: Mapping[int, Sequence[int]], split: str) -> pd.DataFrame:
    """How many trials of each emotion a split trains on and tests, ``dataset, session, part,
    emotion, trials``."""
    (train, test), *_ = trials_of_split(split)
    rows = []
    for session, of_trial in labels.items():
        for part, numbers in (("train", train), ("test", test)):
            chosen = [of_trial[t - 1] for t in numbers]
            rows += [{
                "dataset": TITLES[dataset], "session": session, "part": part, "emotion": name,
                "trials": chosen.count(k)
            } for k, name in enumerate(EMOTIONS[dataset])]
    return pd.DataFrame(rows)


def timeline(cohort: Cohort, subject: int, session: str, channel: str = "T7", band: str = "gamma",
             feature: int = 0) -> pd.DataFrame:
    """Trials of one session one after another: DE of a channel and band, one eye feature, emotion;
    a row for each 4 s."""
    rows, b = [], list(BANDS).index(band)
    for trial in (t for t in cohort if (t.subject, t.session) == (subject, session)):
        eeg, eye = trial.load("eeg").data[CHANNELS.index(channel), :,
                                          b], trial.load("eye").data[feature]
        rows += [{
            "trial": trial.trial, "emotion": int(trial.labels["emotion"]), "eeg": x, "eye": y
        } for x, y in zip(eeg, eye, strict=True)]
    return pd.DataFrame(rows)


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
        names = np.array(EMOTIONS[r.dataset])[own["emotion"][rows]]
        frames.append(
            pd.DataFrame({
                "dataset": TITLES[r.dataset], "subject": own["subject"][rows],
                "session": own["session"][rows], "emotion": names,
                "EEG": r.result["alpha"][:, 0].astype(float)
            }))
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
    rows = [{
        "dataset": TITLES[r.dataset], "row": r.row, "last epoch": r.result["history"][-1, 3],
        "best test epoch": r.result["history"][:, 3].max()
    } for r in records]
    trainings = pd.DataFrame(rows).groupby(["dataset", "row"], sort=False)
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


def ratio_curve(table: pd.DataFrame, further: Mapping[float, pd.DataFrame]) -> pd.DataFrame:
    """Accuracy over the share of missing channels, for
    :func:`lib.papers.mv_sstma.figures.missing_channels`.

    Parameters
    ----------
    table : DataFrame
        :func:`seed.answer` to Table 4.
    further : mapping
        Ratio -> :func:`lib.evaluation.statistics.summary` of results at a ratio that the paper does
        not print.
    """
    rows = [{
        "dataset": line.metric.split(" ")[0], "row": line.row,
        "ratio": float(line.metric.split(", ")[1].split(" ")[0]) / 100, "published": line.published,
        "reproduced": line.reproduced, "half": line.reproduced_interval
    } for line in table.itertuples() if line.role != "chance"]
    rows += [{
        "dataset": line.metric.split(" ")[0], "row": line.row, "ratio": ratio, "published": np.nan,
        "reproduced": line.mean, "half": line.high - line.mean
    } for ratio, frame in further.items() for line in frame.itertuples()]
    return pd.DataFrame(rows).sort_values(["dataset", "row", "ratio"],
                                          kind="stable").reset_index(drop=True)
