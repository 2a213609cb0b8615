"""The leakage lesson: the same simple models and the same data under every split, on effect and on
null data, simulated and real.

Data are mappings with ``x`` ``(N, d)``, ``y`` ``(N,)`` (int: classes, float: a continuous label),
``subject``, ``recording``, ``clip`` and ``position`` ``(N,)``, one row per segment, the segments of
a recording in order of time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from lib.evaluation.classification import classification
from lib.evaluation.metrics import regression
from lib.evaluation.statistics import summary
from lib.papers.experiment import Record
from lib.papers.leakage.models import simple_fold
from lib.papers.leakage.practices import PRACTICES, practice_fold
from lib.papers.leakage.settings import (COLUMNS, KINDS, MODELS, PRACTICE_SPLIT, PRACTICE_WORLDS,
                                         SPLITS, STRENGTHS, WORLDS, practice_world)
from lib.simulation import fingerprint
from lib.simulation.fingerprint import World
from lib.training.folds import Call, cross_validate
from lib.training.splits import (Split, contiguous_trials, permute_labels, recording_splits,
                                 segment_splits)

KEYS = ("recording", "clip", "subject")


def splits(data: Mapping[str, np.ndarray], name: str, n_folds: int = 3,
           seed: int = 0) -> list[Split]:
    """The folds of a named split.

    Parameters
    ----------
    data : mapping
        See the module. ``splits``, where there is one, maps further names to folds that are used as
        they are; ``gap`` (default: 1) is that of blocks.
    name : str
        ``random_segments``, ``by_trial`` (whole recordings), ``by_subject``:
        :func:`lib.training.splits.segment_splits`. ``blocked_segments``: blocks of neighbours, with
        a gap between them, :func:`lib.training.splits.recording_splits`. ``by_clip``: whole
        clips, over all people; where a clip has one class, some of each class.
        ``contiguous_trials``: :func:`lib.training.splits.contiguous_trials`.
    n_folds, seed : int
    """
    subject, recording = data["subject"], data["recording"]
    if name in data.get("splits", {}):
        return data["splits"][name]
    if name == "contiguous_trials":
        number = np.unique(recording, return_inverse=True)[1]
        first = np.unique(recording, return_index=True)[1]
        return [
            Split(
                name, f.fold,
                *(tuple(np.flatnonzero(np.isin(number, part)).tolist())
                  for part in (f.train, f.val, f.test)))
            for f in contiguous_trials(subject[first], n_folds)
        ]
    if name == "blocked_segments" or (name == "by_clip" and _one_class(data["y"], data["clip"])):
        clip, gap = data.get("clip", recording), int(data.get("gap", 1))
        return recording_splits(name, subject, recording, clip, data["y"], data["position"],
                                n_folds, seed, gap=gap)
    if name == "by_clip":
        return [
            replace(f, name=name)
            for f in segment_splits("by_trial", subject, data["clip"], n_folds, seed=seed)
        ]
    return segment_splits(name, subject, recording, n_folds, seed=seed)


def _one_class(y: np.ndarray, unit: np.ndarray) -> bool:
    """Whether the label is a class and the same in all segments of a unit."""
    first, number = np.unique(unit, return_index=True, return_inverse=True)[1:]
    return y.dtype.kind != "f" and np.array_equal(y[first][number], y)


def shared(data: Mapping[str, np.ndarray], split: Split) -> dict[str, int]:
    """How many recordings, clips and subjects stand on both sides of a fold."""
    known = [*split.train, *split.val]
    return {
        key: len(set(data[key][known]) & set(data[key][list(split.test)])) for key in KEYS
        if key in data
    }


def guess(data: Mapping[str, np.ndarray], name: str) -> float:
    """Accuracy of a guess at the training frequencies of the labels, over the folds of a split."""
    classes = np.unique(data["y"])
    share = [[(data["y"][list(part)][:, None] == classes).mean(axis=0)
              for part in (fold.train, fold.test)] for fold in splits(data, name)]
    return float(np.prod(share, axis=1).sum(axis=1).mean())


def run(data: Mapping[str, np.ndarray], names: Sequence[str], models: Sequence[str] = MODELS, *,
        n_folds: int = 3, seed: int = 0, **how) -> list[Record]:
    """Train and test the models on every fold of every named split; finished folds come from the
    memo.

    Parameters
    ----------
    data : mapping
        See the module.
    names : sequence of str
        See :func:`splits`.
    models : sequence of str
        See :data:`lib.papers.leakage.models.MODELS`.
    n_folds, seed : int
    how
        ``engine``, ``jobs``, ``store``: see :func:`lib.training.folds.cross_validate`.
    """
    needed = ("x", "y", "clip", "position") if "stimulus mean" in models else ("x", "y")
    tasks = [
        Call("simple", fold, seed, {"models": tuple(models)}) for name in names
        for fold in splits(data, name, n_folds, seed)
    ]
    results = cross_validate(simple_fold, {key: np.asarray(data[key]) for key in needed}, tasks,
                             label="simple models", **how)
    return [
        Record(model, task.split, seed, {"test": result[model]}, role="control")
        for task, result in zip(tasks, results, strict=True) for model in models
    ]


def permuted(data: Mapping[str, np.ndarray], seed: int = 0) -> dict[str, np.ndarray]:
    """The same data with labels exchanged between recordings: each recording keeps one label, or
    one whole trace, but not its own.

    Classes are exchanged within each person (:func:`lib.training.splits.permute_labels`).
    Traces are exchanged over all recordings, stretched to the length of the recording that they are
    given to. choice: any permutation, so some recordings keep their own.
    """
    y, recording = np.asarray(data["y"]), np.asarray(data["recording"])
    if y.dtype.kind != "f":
        return {**data, "y": permute_labels(y, recording, data["subject"], seed)}
    rows = [np.flatnonzero(recording == number) for number in np.unique(recording)]
    order, dealt = np.random.default_rng(np.random.SeedSequence(seed)).permutation(
        len(rows)), y.copy()
    for own, other in zip(rows, order, strict=True):
        trace = y[rows[other]]
        dealt[own] = np.interp(np.linspace(0, 1, len(own)), np.linspace(0, 1, len(trace)), trace)
    return {**data, "y": dealt}


def score(data: Mapping[str, np.ndarray], records: Iterable[Record], *, experiment: str, tier: str,
          by: str = "fold", repetition: int = 0) -> pd.DataFrame:
    """Tidy accuracy (classes) or CCC (continuous labels).

    Parameters
    ----------
    data, records
        As given to and returned by :func:`run`.
    experiment, tier : str
    by : {"fold", "subject", "all"}
        What counts once: a fold; the test segments of a person, all folds taken together; all test
        segments.
    repetition : int
        Becomes the fold, for ``"all"``.

    Returns
    -------
    DataFrame
        Columns of :data:`lib.evaluation.statistics.RESULT_COLUMNS`; ``row`` is the model,
        ``fold`` the unit.
    """
    parts: dict = {}
    for r in records:
        test = np.array(r.split.test)
        unit = {
            "fold": np.full(len(test), r.split.fold), "subject": data["subject"][test],
            "all": np.full(len(test), repetition)
        }[by]
        parts.setdefault((r.row, r.role, r.split.name, r.seed), []).append(
            (unit, np.asarray(data["y"])[test], r.result["test"]))
    rows = []
    for (model, role, split, seed), pieces in parts.items():
        unit, y, predicted = (np.concatenate(column) for column in zip(*pieces, strict=True))
        metric, measure = ("CCC", regression) if y.dtype.kind == "f" else ("accuracy",
                                                                           classification)
        rows += [{
            "paper": "across", "experiment": experiment, "row": model, "role": role, "split": split,
            "fold": int(u), "seed": seed, "metric": metric,
            "value": measure(y[unit == u], predicted[unit == u])[metric], "tier": tier
        } for u in np.unique(unit)]
    return pd.DataFrame(rows)


def tidy(results: pd.DataFrame, **columns) -> pd.DataFrame:
    """Mean and 95 % interval over units of each split and model, with further constant columns in
    front."""
    table = summary(results).rename(columns={"row": "model"})
    return table[[*COLUMNS, "metric"]].assign(**columns)[[*columns, *COLUMNS, "metric"]]


def world_accuracy(world: World, names: Sequence[str] = SPLITS,
                   models: Sequence[str] = ("nearest neighbour", "ridge"), *, worlds: int = WORLDS,
                   seed: int = 0, **how) -> pd.DataFrame:
    """Accuracy in several draws of a world, one row per split, model and draw; see
    :func:`score`."""
    frames = []
    for k in range(worlds):
        data = fingerprint.make(world, seed + k)
        records = run(data, names, models, seed=seed, **how)
        frames.append(
            score(data, records, experiment="world", tier="simulated", by="all", repetition=k))
    return pd.concat(frames, ignore_index=True)


def strengths(seed: int = 0, **how) -> pd.DataFrame:
    """Accuracy against the strength of the recording's fingerprint, in null and in effect worlds;
    columns of :func:`tidy`."""
    return pd.concat([
        tidy(world_accuracy(World(emotion=size, recording=strength), seed=seed, **how), cohort=kind,
             strength=strength) for kind, size in KINDS.items() for strength in STRENGTHS
    ], ignore_index=True)


def practices(seed: int = 0, n_folds: int = 3, worlds: int = PRACTICE_WORLDS,
              **how) -> pd.DataFrame:
    """What each practice of :data:`lib.papers.leakage.practices.PRACTICES` adds to the accuracy, in
    null and in effect worlds.

    Returns
    -------
    DataFrame
        ``cohort``, ``practice``, ``split``, ``model``, ``n`` (worlds), ``without``, ``with`` (mean
        accuracies), and ``mean``, ``low``, ``high`` of the difference with - without of each world.
    """
    rows = []
    for kind, size in KINDS.items():
        for practice in PRACTICES:
            split = PRACTICE_SPLIT.get(practice, "by_subject")
            for k in range(worlds):
                data = fingerprint.make(practice_world(practice, size), seed + k)
                folds = segment_splits(split, data["subject"], data["recording"], n_folds,
                                       seed=seed + k)
                tasks = [Call(practice, fold, seed, {"practice": practice}) for fold in folds]
                given = {key: data[key] for key in ("x", "y", "subject", "recording")}
                results = cross_validate(practice_fold, given, tasks, label=practice, **how)
                y = np.concatenate([data["y"][list(fold.test)] for fold in folds])
                right = {
                    side: float(np.mean(np.concatenate([r[side] for r in results]) == y))
                    for side in ("without", "with")
                }
                rows.append({
                    "paper": "across", "experiment": kind, "row": practice, "role": "control",
                    "split": split, "fold": k, "seed": seed, "metric": "accuracy",
                    "tier": "simulated", "value": right["with"] - right["without"], **right
                })
    frame = pd.DataFrame(rows)
    means = frame.groupby(["experiment", "row"], sort=False)[["without",
                                                              "with"]].mean().reset_index()
    found = summary(frame).merge(means, on=["experiment", "row"])
    found["model"] = np.where(found["split"] == "blocked_segments", "nearest neighbour", "linear")
    found = found.rename(columns={"experiment": "cohort", "row": "practice"})
    return found[[
        "cohort", "practice", "split", "model", "n", "without", "with", "mean", "low", "high"
    ]]
