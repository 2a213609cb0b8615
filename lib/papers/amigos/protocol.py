"""Paper 2 (Vazquez-Rodriguez et al. 2022): the experiments behind its tables; settings are in
:mod:`lib.papers.amigos.settings`.

One fold: pre-train each modality on unlabelled signals, fine-tune one network per modality and
target, freeze them, train the fusing network on their last hidden layers. Every stage is memoised,
so that a table takes from another what both need.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lib.datasets import amigos, registry
from lib.datasets.base import Cohort
from lib.evaluation import printed
from lib.evaluation.classification import classification
from lib.evaluation.verdicts import verdicts
from lib.papers.amigos.pretraining import pretrain, weights
from lib.papers.amigos.settings import CONTROLS, SIMULATED, TARGETS, VARIANTS, Preset, Variant
from lib.papers.amigos.training import finetune_fold, fusion_fold, high_labels
from lib.preprocessing import physio
from lib.simulation import amigos as simulation
from lib.store import Store, digest
from lib.training.folds import Call, cross_validate
from lib.training.splits import Split, segment_splits

__all__ = [
    "Record", "answer", "cohort", "configured", "labels", "run", "score", "segments", "splits"
]


@dataclass(frozen=True)
class Record:
    """One finished fold of one row and one target: probabilities of the high class, and what the
    networks showed on the way."""

    variant: str
    target: str
    split: Split
    seed: int
    result: Mapping[str, np.ndarray]


def cohort(profile: str, root: str = "", *, seed: int = 0, **simulated: Any) -> Cohort:
    """The trials of a profile: simulated (``demo``) or AMIGOS itself (``paper``).

    Parameters
    ----------
    profile, root : str
        ``root``: the user's data folder; default :func:`lib.paths.data`.
    seed, simulated
        Of the simulated cohort, see :func:`lib.simulation.amigos.make`.

    Raises
    ------
    FileNotFoundError
        Where AMIGOS is not below the data folder; the message says where to ask.
    """
    if profile == "demo":
        return amigos.read(simulation.make(seed=seed, **(SIMULATED | simulated)))
    return registry.require("amigos", profile, root)


def segments(trials: Cohort, *, jobs: int = 2, store: Store | None = None) -> dict:
    """Ten-second segments of all trials with their hand-made features for the controls, and what a
    figure must say.

    Returns
    -------
    dict
        See :func:`lib.preprocessing.physio.segments`; ``features_eeg``, ``features_ecg`` ``(N,
        n)``; ``about`` with ``caption``, ``tier``, ``source`` and ``dropped``.
    """
    store = store or Store()
    data = physio.segments(trials, jobs=jobs, store=store)
    source = digest(
        {name: data[name] for name in ("eeg", "ecg", "arousal", "valence", "trial", "subject")})
    features = store.memoise(physio.hand_features, data["eeg"], data["ecg"], given=source)
    about = {
        "caption": trials.caption, "tier": trials.tier, "source": source,
        "dropped": tuple(data["dropped"])
    }
    return data | features | {"about": about}


def splits(data: Mapping[str, np.ndarray], name: str, preset: Preset) -> list[Split]:
    """The folds of a named split as segment indices; they do not depend on the training seed, so
    seeds share folds."""
    return segment_splits(name, data["subject"], data["trial"], n_folds=preset.n_folds,
                          inner=preset.inner)


def configured(settings: Mapping, config: Mapping | None) -> dict:
    """Settings of a fine-tuning with a configuration of the search space put in: ``dropout`` is the
    head's, the rest the recipe's."""
    config = dict(config or {})
    head = {"dropout": config.pop("dropout")} if "dropout" in config else {}
    return {
        **settings, "recipe": {**settings["recipe"], **config},
        "head": {**settings["head"], **head}
    }


def _single(rows: Mapping[str, Variant], targets: Sequence[str]) -> list[tuple[str, bool, str]]:
    """The single-modality networks that rows need: (modality, pre-trained, target)."""
    return list(
        dict.fromkeys((modality, v.pretrained, target) for v in rows.values()
                      for modality in v.modalities for target in targets))


def run(data: Mapping[str, Any], unlabelled: Mapping[str,
                                                     np.ndarray], names: Sequence[str], split: str,
        preset: Preset, *, targets: Sequence[str] = TARGETS, configs: Mapping | None = None,
        seed: int = 0, device: str = "cpu", **how: Any) -> list[Record]:
    """Train and test rows of the tables, and controls, on every fold of a split.

    Parameters
    ----------
    data : mapping
        Of :func:`segments`.
    unlabelled : mapping
        Modality -> array of :func:`lib.papers.amigos.pretraining.corpus`.
    names : sequence of str
        Keys of ``VARIANTS`` or ``CONTROLS``.
    split : str
    preset : Preset
    targets : sequence of str
    configs : mapping, optional
        ``(fold number, modality, target)`` -> what a search found
        (:func:`lib.papers.amigos.search.best`).
    seed, device : int, str
        Of the trainings.
    how
        ``engine``, ``jobs``, ``store``: see :func:`lib.training.folds.cross_validate`.
    """
    unknown = [name for name in names if name not in VARIANTS and name not in CONTROLS]
    if unknown:
        raise ValueError(f"no row {unknown[0]!r}; there are {', '.join([*VARIANTS, *CONTROLS])}")
    folds, rows = splits(data, split,
                         preset), {name: VARIANTS[name] for name in names if name in VARIANTS}
    arrays = {name: np.asarray(data[name]) for name in ("eeg", "ecg", *TARGETS, "trial", "subject")}
    singles = _single(rows, targets)
    started = {
        m: pretrain(data, unlabelled[m], m, folds, preset, seed=seed, device=device, **how)
        for m in dict.fromkeys(m for m, pretrained, _ in singles if pretrained)
    }
    tasks = []
    for m, pretrained, target in singles:
        settings = {
            "modality": m, "target": target, "model": preset.model[m], "head": preset.head[m],
            "recipe": {**preset.finetuning, "device": device}
        }
        start = [weights(result) for result in started[m]] if pretrained else [None] * len(folds)
        tasks += [
            Call(
                m, fold, seed,
                {**configured(settings, (configs or {}).get((fold.fold, m, target))), "weights": w})
            for fold, w in zip(folds, start, strict=True)
        ]
    done = cross_validate(finetune_fold, arrays, tasks, label=f"{split}, single modalities", **how)
    size = len(folds)
    tuned = {key: done[i * size:(i + 1) * size] for i, key in enumerate(singles)}
    records = []
    for name, v in rows.items():
        for target in targets:
            branches = [tuned[m, v.pretrained, target] for m in v.modalities]
            results = branches[0] if len(branches) == 1 else _fuse(arrays, folds, branches, target,
                                                                   preset, seed, device, how)
            records += [
                Record(name, target, fold, seed, result)
                for fold, result in zip(folds, results, strict=True)
            ]
    return records + _controls(data, [name for name in names if name in CONTROLS], folds, targets,
                               seed, how)


def _fuse(arrays, folds, branches, target, preset: Preset, seed, device,
          how) -> list[dict[str, np.ndarray]]:
    """Train the fusing network of each fold on the last hidden layers of the frozen branches."""
    settings = {
        "target": target, "head": preset.fusion_head, "recipe": {**preset.fusion, "device": device}
    }
    hidden = [
        np.concatenate([branch[k]["hidden"] for branch in branches], axis=1)
        for k in range(len(folds))
    ]
    tasks = [
        Call("Fused", fold, seed, settings | {"hidden": h})
        for fold, h in zip(folds, hidden, strict=True)
    ]
    labels = {name: arrays[name] for name in (*TARGETS, "trial", "subject")}
    return cross_validate(fusion_fold, labels, tasks, label=f"fusion, {target}", **how)


def _controls(data, names: Sequence[str], folds: Sequence[Split], targets: Sequence[str], seed: int,
              how: Mapping) -> list[Record]:
    kinds = ("features_eeg", "features_ecg", *TARGETS, "trial", "subject")
    given = {name: np.asarray(data[name])
             for name in kinds} | {"stimulus": np.unique(data["stimulus"], return_inverse=True)[1]}
    records = []
    for name in names:
        work, settings = CONTROLS[name]
        for target in targets:
            tasks = [Call(name, fold, seed, {**settings, "target": target}) for fold in folds]
            results = cross_validate(work, given, tasks, label=name, **how)
            records += [
                Record(name, target, fold, seed, result)
                for fold, result in zip(folds, results, strict=True)
            ]
    return records


def labels(data: Mapping[str, np.ndarray], record: Record, part: str = "test") -> np.ndarray:
    """True classes (1: above the mean rating of the training trials) of the segments of one part of
    a record's fold."""
    high = high_labels(data[record.target], data["trial"], record.split.train)
    return high[list(getattr(record.split, part))].astype(int)


def score(data: Mapping[str, np.ndarray], records: Iterable[Record], *, experiment: str,
          tier: str) -> pd.DataFrame:
    """Tidy accuracy and macro-F1 of every record on the test segments of its fold (Sec 5)."""
    rows = []
    for record in records:
        values = classification(labels(data, record), record.result["test"] > 0.5)
        base = {
            "paper": "amigos", "experiment": experiment, "variant": record.variant,
            "split": record.split.name, "fold": record.split.fold, "seed": record.seed, "tier": tier
        }
        rows += [
            base | {"metric": f"{record.target} {metric}", "value": value}
            for metric, value in values.items()
        ]
    return pd.DataFrame(rows)


def answer(results: pd.DataFrame, table: str | int) -> pd.DataFrame:
    """A printed table answered: its rows beside ours with verdicts, then our further rows and the
    controls."""
    return verdicts(results, printed.table("amigos", table))
