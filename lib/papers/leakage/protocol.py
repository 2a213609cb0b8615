"""The leakage lesson: the same simple models and the same data under every split, on effect and on
null data, simulated and real.

Data are mappings with ``x`` ``(N, d)``, ``y`` ``(N,)`` (int: classes, float: a continuous label),
``subject``, ``recording``, ``clip`` and ``position`` ``(N,)``, one row per segment, the segments of
a recording in order of time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd

from lib.evaluation.classification import classification
from lib.evaluation.metrics import regression
from lib.evaluation.statistics import RESULT_COLUMNS, summary
from lib.papers import experiment as spine
from lib.papers.experiment import Record, Row
from lib.papers.leakage.models import simple_fold
from lib.papers.leakage.practices import PRACTICES, practice_fold
from lib.papers.leakage.settings import (COLUMNS, KINDS, MODELS, PRACTICE_SPLIT, PRACTICE_WORLDS,
                                         SPLITS, STRENGTHS, WORLDS, practice_world)
from lib.simulation import fingerprint
from lib.simulation.fingerprint import World
from lib.training.splits import (Split, _split, contiguous_trials, permute_labels, recording_splits,
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
        first, number = np.unique(recording, return_index=True, return_inverse=True)[1:]
        return [
            _split(name, f.fold, *(np.isin(number, part) for part in (f.train, f.val, f.test)))
            for f in contiguous_trials(subject[first], n_folds)
        ]
    if name == "blocked_segments" or (name == "by_clip" and _one_class(data["y"], data["clip"])):
        clip, gap = data.get("clip", recording), int(data.get("gap", 1))
        return recording_splits(name, subject, recording, clip, data["y"], data["position"],
                                n_folds, seed, gap=gap)
    if name == "by_clip":
        clips = segment_splits("by_trial", subject, data["clip"], n_folds, seed=seed)
        return [replace(fold, name=name) for fold in clips]
    return segment_splits(name, subject, recording, n_folds, seed=seed)


def _one_class(y: np.ndarray, unit: np.ndarray) -> bool:
    """Whether the label is a class and the same in all segments of a unit."""
    first, number = np.unique(unit, return_index=True, return_inverse=True)[1:]
    return y.dtype.kind != "f" and np.array_equal(y[first][number], y)


def shared(data: Mapping[str, np.ndarray], split: Split) -> dict[str, int]:
    """How many recordings, clips and subjects stand on both sides of a fold."""
    known, test = [*split.train, *split.val], list(split.test)
    return {key: len({*data[key][known]} & {*data[key][test]}) for key in KEYS if key in data}


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
    row = Row(simple_fold, {"models": tuple(models)}, needed, "control")
    folds = [fold for name in names for fold in splits(data, name, n_folds, seed)]
    found = spine.run(data, {"simple models": row}, folds, seeds=(seed,), **how)
    return [
        replace(r, row=model, result={"test": r.result[model]}) for r in found for model in models
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
    dealt = y.copy()
    for own, other in zip(rows, np.random.default_rng(seed).permutation(len(rows)), strict=True):
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
    y, frames, rows = np.asarray(data["y"]), [], []
    metric, measure = ("CCC", regression) if y.dtype.kind == "f" else ("accuracy", classification)
    for r in records:
        test = list(r.split.test)
        unit = {"fold": r.split.fold, "subject": data["subject"][test], "all": repetition}[by]
        about = {"row": r.row, "role": r.role, "split": r.split.name, "fold": unit, "seed": r.seed}
        frames.append(pd.DataFrame({**about, "y": y[test], "predicted": r.result["test"]}))
    keys = ["row", "role", "split", "seed"]
    for key, work in pd.concat(frames).groupby(keys, sort=False):
        for unit, own in work.groupby("fold"):
            value = measure(own["y"], own["predicted"])[metric]
            rows.append({**dict(zip(keys, key, strict=True)), "fold": unit, "value": value})
    return pd.DataFrame(rows).assign(paper="across", experiment=experiment, metric=metric,
                                     tier=tier)[list(RESULT_COLUMNS)]


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
    for kind, practice, k in product(KINDS, PRACTICES, range(worlds)):
        data = fingerprint.make(practice_world(practice, KINDS[kind]), seed + k)
        split = PRACTICE_SPLIT.get(practice, "by_subject")
        folds = segment_splits(split, data["subject"], data["recording"], n_folds, seed=seed + k)
        row = Row(practice_fold, {"practice": practice}, ("x", "y", "subject", "recording"))
        records = spine.run(data, {practice: row}, folds, seeds=(seed,), **how)
        y = np.concatenate([data["y"][list(fold.test)] for fold in folds])
        right = pd.concat(pd.DataFrame(record.result) for record in records).eq(y, axis=0).mean()
        about = {"experiment": kind, "row": practice, "split": split, "fold": k}
        rows.append({**about, "value": right["with"] - right["without"], **right})
    frame = pd.DataFrame(rows).assign(paper="across", role="control", seed=seed, metric="accuracy",
                                      tier="simulated")
    keys = ["experiment", "row"]
    means = frame.groupby(keys, sort=False)[["without", "with"]].mean()
    found = summary(frame).join(means, on=keys)
    found["model"] = np.where(found["split"] == "blocked_segments", "nearest neighbour", "linear")
    found = found.rename(columns={"experiment": "cohort", "row": "practice"})
    return found["cohort practice split model n without with mean low high".split()]
