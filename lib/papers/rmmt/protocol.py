"""Paper 1 (RMMT, Jin et al. 2024): the experiments behind its tables; their settings are in
:mod:`lib.papers.rmmt.settings`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from lib.datasets import mahnob
from lib.datasets.base import Cohort
from lib.evaluation.metrics import regression
from lib.models.backbones import fetched, mobilenet_v2, resnet50
from lib.papers import experiment as spine
from lib.papers.experiment import Record, Row
from lib.papers.rmmt.settings import (ALPHAS, COLUMNS, CONTROLS, LOG_POWER, MU, NO_BASELINE,
                                      NULL_TWIN, REFIT, SUBJECT_SCALED, TABLES, TUNED, VARIANTS,
                                      WITH_OPTIONS, Preset)
from lib.papers.rmmt.training import fit_fold, ridge_fold
from lib.preprocessing import mahnob as preprocessing
from lib.preprocessing.faces import project
from lib.simulation import mahnob as simulation
from lib.store import Store, digest
from lib.training.splits import SPLITS, Split
from lib.training.windows import trial_slices

# of the settings, for notebooks alone
__all__ = ["ALPHAS", "COLUMNS", "NO_BASELINE", "NULL_TWIN", "SUBJECT_SCALED", "TABLES"]
# the others have no layers
TRANSFORMERS = {"RMMT", "MMT", "RSMT-E", "RSMT-F"}
OWNERS = {"public": "mahnob-public-features", "paper": "mahnob"}


def cohort(profile: str, root: str = "", *, seed: int = 0, **simulated: Any) -> Cohort:
    """The trials of a profile: simulated (``demo``), public features (``public``) or the raw
    database (``paper``).

    Parameters
    ----------
    profile : str
    root : str
        The user's data folder; default :func:`lib.paths.data`.
    seed, simulated
        Of the simulated cohort, see :func:`lib.simulation.mahnob.make`.

    Raises
    ------
    FileNotFoundError
        Where the data of the profile are not there; the message says where to ask.
    """
    return spine.cohort(profile, root, OWNERS, mahnob.read, simulation.make, Preset.of(profile),
                        seed=seed, **simulated)


def features(trials: Cohort, *, weights: str = "", jobs: int = 2,
             store: Store | None = None) -> dict:
    """Arrays of all trials on the label clock, see :func:`lib.preprocessing.mahnob.features`, and
    what a figure must say.

    ``weights`` is the user's file of ResNet-50 weights (the paper's backbone is not published:
    ``choice:`` torchvision's key names), by default the one that ``make weights`` fetched. Without
    it, and for simulated cohorts, faces are described by MobileNetV2 with the ImageNet weights that
    ship in a package.

    Returns
    -------
    dict
        The arrays, and ``about`` for every figure and table: ``caption``, ``tier``, ``source``
        (digest of the arrays) and the names of the ``dropped`` trials. ``backbone``: what
        described the faces. ``eeg_log``, of published features: band power without Eq (7).
    """
    ready = all("face_features" in trial.loaders for trial in trials)
    weights = weights or fetched("resnet50-0676ba61.pth", trials.tier)
    backbone = None if ready else resnet50(weights) if weights else mobilenet_v2()
    data = preprocessing.features(trials, backbone=backbone, jobs=jobs, store=store or Store())
    if backbone is None:
        name, data["eeg_log"] = "of their owner", preprocessing.features(trials, log=True)["eeg"]
        faces = f"{data['face'].shape[1]} features {name}"
    else:
        name, data["face"] = backbone.name, project(data["face"])
        faces = f"{name}, {data['face'].shape[1]} random projections"
    source = digest({name: data[name] for name in ("eeg", "face", "valence", "lengths", "subject")})
    about = spine.about(trials, source, data["dropped"], f"faces: {faces}")
    return data | {"about": about, "backbone": name}


def splits(data: Mapping[str, np.ndarray], name: str, preset: Preset) -> list[Split]:
    """The folds of a named split; the shuffles in it do not depend on the training seed, so seeds
    share folds."""
    if name not in SPLITS:
        raise ValueError(f"no split {name!r}; there are {', '.join(SPLITS)}")
    if name == "by_subject":
        return SPLITS[name](data["subject"], inner=preset.inner_subject)
    return SPLITS[name](data["subject"], n_folds=preset.n_folds, inner=preset.inner)


def run(data: Mapping[str, np.ndarray], names: Iterable[str], split: str, preset: Preset, *,
        seeds: Sequence[int] = (0,), device: str = "cpu", **how: Any) -> list[Record]:
    """Train and predict variants and controls on the folds of one split; finished folds come from
    the memo.

    Parameters
    ----------
    data : mapping
        Features of a cohort, see :func:`lib.preprocessing.mahnob.features`.
    names : iterable of str
        Of :data:`VARIANTS` and :data:`CONTROLS`, with a named option appended or not:
        :data:`SUBJECT_SCALED`, :data:`NO_BASELINE`, :data:`LOG_POWER`, :data:`TUNED`,
        :data:`REFIT`.
    split : str
        Of :data:`lib.training.splits.SPLITS`.
    preset : Preset
    seeds : sequence of int
        Repetitions of the deep models; controls have no randomness and run once.
    device, how : see :func:`lib.training.folds.cross_validate`
    """
    def settings(name: str, row: Row, fold: Split) -> dict:
        if row.work is fit_fold:
            tuned = name.endswith((TUNED, REFIT))
            options = {**preset.options, **(preset.tuned_options if tuned else {})}
            if row.settings["model"] not in TRANSFORMERS:
                options.pop("layers", None)
            options |= row.settings["options"]
            recipe = {**preset.recipe, **(preset.tuned_recipe if tuned else {})}
            recipe |= {**row.settings["recipe"], "device": device}
            return {"options": options, "recipe": recipe}
        scaled = {name: preset.recipe.get(name, 0) for name in ("face_baseline", "limit")}
        return {**scaled, **row.settings} if row.work is ridge_fold else {}

    rows = spine.chosen(names, VARIANTS | CONTROLS, WITH_OPTIONS)
    records: list[Record] = []
    for eeg, logs in (("eeg", False), ("eeg_log", True)):
        own = {name: row for name, row in rows.items() if name.endswith(LOG_POWER) == logs}
        records += spine.run({**data, "eeg": np.ascontiguousarray(data.get(eeg))}, own,
                             splits(data, split, preset), preset=settings, seeds=seeds, **how)
    return records


def ensemble(records: Sequence[Record]) -> list[Record]:
    """Per row and fold one record that predicts the mean over its seeds; ``(ensemble)`` stands
    behind the row's name, the number of seeds in place of the seed."""
    together = []
    for row, fold in dict.fromkeys((r.row, r.split) for r in records):
        group = [r for r in records if (r.row, r.split) == (row, fold)]
        mean = {part: np.mean([r.result[part] for r in group], axis=0) for part in ("test", "val")}
        together.append(replace(group[0], row=f"{row} (ensemble)", seed=len(group), result=mean))
    return together


def labels(data: Mapping[str, np.ndarray], trials: Iterable[int]) -> np.ndarray:
    """Labels of trials, one after another."""
    slices = trial_slices(data["lengths"])
    return np.concatenate([data["valence"][slices[i]] for i in trials])


def mixed(heads: np.ndarray, mu: float) -> np.ndarray:
    """Eq (26): the predictions of the face ``heads[0]`` weighted by ``mu``, those of the EEG
    ``heads[1]`` by ``eta = 1 - mu``."""
    face, eeg = np.asarray(heads, dtype=float)
    return mu * face + (1 - mu) * eeg


def fusion_weight(data: Mapping[str, np.ndarray], record: Record) -> float:
    """``mu`` of Eq (26): the weight of the face that gives the best CCC on the **validation**
    trials of the fold.

    ``choice:`` the paper reads mu from a curve over test results (Fig 7); see :func:`mu_curve` for
    that curve.
    """
    heads, y = record.result["val"], labels(data, record.split.val)
    return float(max(MU, key=lambda mu: regression(y, mixed(heads, mu))["CCC"]))


def fuse(data: Mapping[str, np.ndarray], record: Record) -> np.ndarray:
    """Test predictions ``(n_times,)`` of a record; the two heads of D-Fusion weighted by
    :func:`fusion_weight`."""
    heads = np.asarray(record.result["test"], dtype=float)
    return heads[0] if len(heads) == 1 else mixed(heads, fusion_weight(data, record))


def score(data: Mapping[str, np.ndarray], records: Iterable[Record], *, experiment: str,
          tier: str) -> pd.DataFrame:
    """Tidy metrics of every record on the concatenated test trials of its fold."""
    def measure(record: Record) -> dict[str, float]:
        return regression(labels(data, record.split.test), fuse(data, record))

    return spine.score("rmmt", records, measure, experiment=experiment, tier=tier)


def mu_curve(data: Mapping[str, np.ndarray], records: Iterable[Record],
             part: str = "test") -> pd.DataFrame:
    """Metrics of D-Fusion for every ``mu``, on ``"test"`` as Fig 7 or on ``"val"``: one row per
    fold, mu and metric."""
    def measure(record: Record, mu: float) -> dict[str, float]:
        return regression(labels(data, getattr(record.split, part)), mixed(record.result[part], mu))

    scores = (spine.score("rmmt", [r], partial(measure, mu=mu), mu=mu) for r in records
              for mu in MU)
    return pd.concat(scores, ignore_index=True)


def traces(data: Mapping[str, np.ndarray], records: Iterable[Record],
           trial: int) -> dict[str, np.ndarray]:
    """Test predictions ``(n_times,)`` of one trial by every model (its first seed): that trial was
    in no model's training."""
    out: dict[str, np.ndarray] = {}
    for record in records:
        test = record.split.test
        if trial in test and record.row not in out:
            where = trial_slices(data["lengths"][list(test)])[test.index(trial)]
            out[record.row] = fuse(data, record)[where]
    return out


def answer(results: pd.DataFrame, table: str | int) -> pd.DataFrame:
    """A printed table answered: its rows beside ours with verdicts, then our further rows and the
    controls."""
    return spine.answer("rmmt", results, table)
