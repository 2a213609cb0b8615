"""Paper 3 (Gao et al. 2024): the experiments behind its tables; settings are in
:mod:`lib.papers.mv_sstma.settings`.

Pre-train an autoencoder for each modality on the training trials of everyone, without labels;
fine-tune one network per subject and session; test it on the later trials of the same session.
Every stage is memoised, so that a table takes from another what both need.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from lib.datasets import seed_iv, seed_v
from lib.datasets.base import Cohort
from lib.datasets.seed_format import split as trials_of_split
from lib.evaluation.classification import classification
from lib.papers import experiment as spine
from lib.papers.experiment import Record, Row
from lib.papers.mv_sstma.controls import svm_fold
from lib.papers.mv_sstma.pretraining import pretrain_fold
from lib.papers.mv_sstma.settings import (ARRAYS, CONTROLS, EMOTIONS, GUESS, MODALITIES, SPLIT,
                                          TITLES, VARIANTS, Preset)
from lib.papers.mv_sstma.training import INPUTS, emotion_fold
from lib.preprocessing.seed import windows
from lib.simulation import seed as simulation
from lib.store import digest
from lib.training.folds import weights
from lib.training.splits import Split

READ = {"seed-iv": seed_iv.read, "seed-v": seed_v.read}


def cohort(profile: str, dataset: str, root: str = "", *, seed: int = 0,
           **simulated: Any) -> Cohort:
    """The trials of a profile: simulated (``demo``) or the dataset itself (``paper``).

    Parameters
    ----------
    profile : str
    dataset : {"seed-iv", "seed-v"}
    root : str
        The user's data folder; default :func:`lib.paths.data`.
    seed, simulated
        Of the simulated cohort, see :func:`lib.simulation.seed.make`.

    Raises
    ------
    FileNotFoundError
        Where the dataset is not below the data folder; the message says where to ask.
    """
    return spine.cohort(profile, root, dataset, READ[dataset], simulation.make, Preset.of(profile),
                        layout=dataset, seed=seed, **simulated)


def features(trials: Cohort, *, length: int = 10) -> dict:
    """Windows of all trials, and what a figure must say.

    Parameters
    ----------
    trials : Cohort
    length : int
        T, see :func:`lib.preprocessing.seed.windows`.

    Returns
    -------
    dict
        The arrays of :func:`lib.preprocessing.seed.windows`; ``number`` ``(N,)``, the trial's
        number in its session, from 1; ``about`` with ``caption``, ``tier``, ``source`` and
        ``dropped``.
    """
    data = windows(trials, length=length)
    source = digest({name: data[name] for name in ARRAYS})
    number = np.array([trial.trial for trial in trials])[data["trial"]]
    return data | {"number": number, "about": spine.about(trials, source, data["dropped"])}


def splits(data: Mapping[str, np.ndarray], name: str, hop: int = 1) -> list[Split]:
    """One fold per subject and session (and block of test trials): all test windows, every
    ``hop``-th training window, no validation.

    ``choice:`` per session, because subject and session are what the paper keeps together (Sec
    3.1), and without validation, because the paper names none: the weights of the last epoch count.
    A fold that lost its training or its test trials is passed over.

    Parameters
    ----------
    data : mapping
        Of :func:`features`.
    name : str
        ``"16/8"`` (SEED-IV), ``"9/6"`` or ``"3fold"`` (SEED-V), see
        :func:`lib.datasets.seed_format.split`.
    hop : int
    """
    folds, blocks = [], trials_of_split(name)
    for subject, session in np.unique(np.stack([data["subject"], data["session"]]), axis=1).T:
        mine = (data["subject"] == subject) & (data["session"] == session)
        for train, test in blocks:
            a = np.flatnonzero(mine & np.isin(data["number"], train)
                               & (data["position"] % hop == 0))
            b = np.flatnonzero(mine & np.isin(data["number"], test))
            if len(a) and len(b):
                folds.append(Split(name, len(folds), tuple(a.tolist()), (), tuple(b.tolist())))
    return folds


def pretrain(data: Mapping[str, np.ndarray], modality: str, folds: Sequence[Split], preset: Preset,
             *, seed: int = 0, device: str = "cpu", **how: Any) -> list[Mapping[str, Any]]:
    """Pre-train one modality: one result of :func:`lib.papers.mv_sstma.pretraining.pretrain_fold`
    for each fold.

    ``choice:`` on the training trials of all subjects and sessions, so that no test trial is seen,
    not even without its label; the paper does not say on which. Folds that test the same trial
    numbers share one network. The last training trial of each fold is held out, for the learning
    curve alone. ``how``: see :func:`lib.training.folds.cross_validate`.
    """
    number, rows = np.asarray(data["number"]), defaultdict[int, list[np.ndarray]](list)
    blocks = []
    for fold in folds:
        tested, known = set(number[list(fold.test)]), np.array(fold.train)
        blocks.append(
            next(k for k, (_, new) in enumerate(trials_of_split(fold.name)) if tested <= set(new)))
        rows[blocks[-1]].append(known)
    alone = []
    for block, parts in rows.items():
        own = np.concatenate(parts)
        held = np.concatenate([number[part] == number[part].max() for part in parts])
        train, val = (tuple(own[chosen].tolist()) for chosen in (~held, held))
        alone.append(Split(f"{folds[0].name} pre-training", block, train, val, ()))
    recipe = {**preset.pretraining, "device": device}
    settings = {"modality": modality, "model": dict(preset.model), "recipe": recipe}
    row = Row(pretrain_fold, settings, (modality, "subject", "session"))
    records = spine.run(data, {modality: row}, alone, seeds=(seed,), **how)
    found = {record.split.fold: record.result for record in records}
    return [found[block] for block in blocks]


def run(data: Mapping[str, Any], dataset: str, names: Sequence[str], preset: Preset, *,
        split: str = "", recipe: Mapping | None = None, seed: int = 0, device: str = "cpu",
        **how: Any) -> list[Record]:
    """Train and test rows of the tables, and controls, on every fold of a split.

    Parameters
    ----------
    data : mapping
        Of :func:`features`.
    dataset : {"seed-iv", "seed-v"}
    names : sequence of str
        Keys of ``VARIANTS`` or ``CONTROLS``.
    preset : Preset
    split : str
        Default: the paper's.
    recipe : mapping, optional
        Changes to the recipe of the preset (fields of
        :class:`lib.papers.mv_sstma.training.Recipe`): the one for few labels where ``labelled`` is
        given, the one for a frozen encoder with ``freeze``, else that of the fine-tuning.
    seed, device : int, str
        Of the trainings.
    how
        ``engine``, ``jobs``, ``store``: see :func:`lib.training.folds.cross_validate`.
    """
    chosen, changes = spine.chosen(names, {**VARIANTS, **CONTROLS}), dict(recipe or {})
    few, n_classes = changes.get("labelled", "all") != "all", len(EMOTIONS[dataset])
    folds = splits(data, split or SPLIT[dataset], preset.hop)
    rows = {
        name: Row(emotion_fold, {"modality": row.modality}, ARRAYS) if name in VARIANTS else row
        for name, row in chosen.items()
    }
    begun = {
        name: INPUTS[row.modality] for name, row in chosen.items()
        if name in VARIANTS and row.pretrained
    }
    own: dict[str, Any] = {"seed": seed, "device": device, **how}
    needed = dict.fromkeys(chain(*begun.values()))
    started = {m: pretrain(data, m, folds, preset, **own) for m in needed}
    base = preset.frozen if changes.get("freeze") else preset.few if few else preset.finetuning
    network: dict[str, Any] = {f"model_{m}": dict(preset.model) for m in MODALITIES}
    network["recipe"] = {**base, **changes, "device": device}
    alike = {key: changes[key] for key in ("labelled", "n_labelled", "ratio") if key in changes}

    def settings(name: str, row: Row, fold: Split) -> dict:
        own = network if row.work is emotion_fold else alike if row.work is svm_fold else {}
        start = {
            f"weights_{m}": weights(started[m][folds.index(fold)]) for m in begun.get(name, ())
        }
        return {"n_classes": n_classes, **own, **start}

    return spine.run(data, rows, folds, preset=settings, seeds=(seed,), about={"dataset": dataset},
                     **how)


def labels(data: Mapping[str, np.ndarray], record: Record) -> np.ndarray:
    """Emotions of the test windows of a record."""
    return np.asarray(data["emotion"])[list(record.split.test)]


def score(data: Mapping[str, Mapping[str, np.ndarray]], records: Iterable[Record], *,
          experiment: str, tier: str, unit: str = "subject", condition: str = "") -> pd.DataFrame:
    """Tidy accuracy of every row.

    ``choice:`` the accuracy of each session is averaged over the sessions of a subject, and means
    and spreads are taken over subjects, because the paper's Sec 2.2 averages over "all subjects";
    with ``unit="session"`` every session counts on its own.

    Parameters
    ----------
    data : mapping
        Dataset -> :func:`features`.
    records : iterable of Record
    experiment, tier : str
    unit : {"subject", "session"}
    condition : str
        Appended to the metric's name, such as ``", 30 % masked"``.

    Returns
    -------
    DataFrame
        Columns of :data:`lib.evaluation.statistics.RESULT_COLUMNS`; ``fold`` is the subject, or ten
        times it plus the session.
    """
    def measure(record: Record) -> dict[str, float]:
        y, p = labels(data[record.dataset], record), record.result["test"]
        accuracy = classification(y, p.argmax(axis=1))["accuracy"]
        if record.row == GUESS:
            accuracy = float(p[np.arange(len(y)), y].mean())
        return {f"{TITLES[record.dataset]} accuracy{condition}": accuracy}

    records = list(records)
    frame = spine.score("seed", records, measure, experiment=experiment, tier=tier)
    frame["fold"], frame["session"] = ([
        int(data[r.dataset][key][r.split.test[0]]) for r in records
    ] for key in ("subject", "session"))
    keys = [name for name in frame if name not in ("session", "value")]
    # blocks of one session, for "3fold"
    frame = frame.groupby([*keys, "session"], sort=False, as_index=False)["value"].mean()
    if unit == "session":
        frame["fold"] = 10 * frame["fold"] + frame["session"]
    return frame.groupby(keys, sort=False, as_index=False)["value"].mean()


def answer(results: pd.DataFrame, table: str | int) -> pd.DataFrame:
    """See :func:`lib.papers.experiment.answer`."""
    return spine.answer("seed", results, table)
