"""Paper 2 (Vazquez-Rodriguez et al. 2022): the experiments behind its tables; settings are in
:mod:`lib.papers.amigos.settings`.

One fold: pre-train each modality on unlabelled signals, fine-tune one network per modality and
target, freeze them, train the fusing network on their last hidden layers. Every stage is memoised,
so that a table takes from another what both need.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from lib.datasets import amigos
from lib.datasets.base import Cohort
from lib.evaluation.classification import classification
from lib.papers import experiment as spine
from lib.papers.amigos.pretraining import pretrain
from lib.papers.amigos.settings import CONTROLS, NETWORKS, TARGETS, UNITS, VARIANTS, Preset
from lib.papers.amigos.training import finetune_fold, fusion_fold, high_labels
from lib.papers.experiment import Record, Row
from lib.preprocessing import heart, physio
from lib.simulation import amigos as simulation
from lib.store import Store, digest
from lib.training.folds import weights
from lib.training.scaling import standardise
from lib.training.splits import Split, segment_splits


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
    return spine.cohort(profile, root, "amigos", amigos.read, simulation.make, Preset.of(profile),
                        seed=seed, **simulated)


def segments(trials: Cohort, *, targets: Sequence[str] = TARGETS, jobs: int = 2,
             store: Store | None = None) -> dict:
    """Ten-second segments of all trials with their hand-made features for the controls, and what a
    figure must say. The features are those of the signals as the networks see them, scaled per
    subject.

    Returns
    -------
    dict
        See :func:`lib.preprocessing.physio.segments`; ``features_eeg``, ``features_ecg`` ``(N,
        n)``; ``about`` with ``caption``, ``tier``, ``source`` and ``dropped``.
    """
    store = store or Store()
    data = physio.segments(trials, targets=targets, jobs=jobs, store=store)
    source = digest(
        {name: data[name] for name in ("eeg", "ecg", *sorted(targets), "trial", "subject")})
    seen = [standardise(data[m], (), data["subject"], "subject") for m in ("eeg", "ecg")]
    features = store.memoise(heart.hand_features, *seen, given=source)
    return data | features | {"about": spine.about(trials, source, data["dropped"])}


def splits(data: Mapping[str, np.ndarray], name: str, preset: Preset) -> list[Split]:
    """The folds of a named split as segment indices; they do not depend on the training seed, so
    seeds share folds."""
    return segment_splits(name, data["subject"], data["trial"], n_folds=preset.n_folds,
                          inner=preset.inner)


def finetuning(modality: str, target: str, preset: Preset, device: str) -> dict[str, Any]:
    """Arguments of :func:`lib.papers.amigos.training.finetune_fold`, without weights to start
    from."""
    return {
        "modality": modality, "target": target, "model": preset.model[modality],
        "head": preset.head[modality], "recipe": {**preset.finetuning, "device": device}
    }


def configured(settings: Mapping, config: Mapping | None) -> dict:
    """Settings of a fine-tuning with a configuration of the search space put in: ``dropout`` is the
    head's, the rest the recipe's."""
    config = dict(config or {})
    head = {"dropout": config.pop("dropout")} if "dropout" in config else {}
    changed = {"recipe": {**settings["recipe"], **config}, "head": {**settings["head"], **head}}
    return {**settings, **changed}


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
    chosen, folds = spine.chosen(names, {**VARIANTS, **CONTROLS}), splits(data, split, preset)
    fused = [name for name in chosen if name in VARIANTS and name not in NETWORKS]
    # those that the rows need, each once
    networks = dict.fromkeys(chain(*(row for name, row in chosen.items() if name in VARIANTS)))
    started = {
        m: pretrain(data, unlabelled[m], m, folds, preset, seed=seed, device=device, **how)
        for m, pretrained in (NETWORKS[name] for name in networks) if pretrained
    }

    def tuning(name: str, row: Row, fold: Split) -> dict:
        (m, pretrained), target = NETWORKS[name], row.settings["target"]
        config = (configs or {}).get((fold.fold, m, target))
        start = weights(started[m][folds.index(fold)]) if pretrained else None
        return {**configured(finetuning(m, target, preset, device), config), "weights": start}

    given = {**data, "stimulus": np.unique(data["stimulus"], return_inverse=True)[1]}
    records = []
    for target in targets:
        own = {"target": target}
        same = {"seeds": (seed,), "about": own, **how}
        network = Row(finetune_fold, own, ("eeg", "ecg", *targets, *UNITS))
        tuned = spine.run(given, dict.fromkeys(networks, network), folds, preset=tuning, **same)
        simple = {
            name: replace(row, settings={**row.settings, **own}, reads=(*row.reads, target))
            for name, row in chosen.items() if name in CONTROLS
        }
        records += [r for r in tuned if r.row in chosen]
        records += _fuse(given, fused, tuned, folds, target, preset, device, **same)
        records += spine.run(given, simple, folds, **same)
    return sorted(records, key=lambda record: list(chosen).index(record.row))


def _fuse(data, names: Sequence[str], tuned: Sequence[Record], folds, target: str, preset: Preset,
          device: str, **how: Any) -> list[Record]:
    """Train the fusing networks of each fold on the last hidden layers of the frozen networks."""
    hidden = {(r.row, r.split.fold): r.result["hidden"] for r in tuned}
    recipe = {**preset.fusion, "device": device}
    row = Row(fusion_fold, {"target": target, "head": preset.fusion_head, "recipe": recipe},
              (target, *UNITS))

    def joined(name: str, _: Row, fold: Split) -> dict:
        branches = [hidden[part, fold.fold] for part in VARIANTS[name]]
        return {"hidden": np.concatenate(branches, axis=1)}

    return spine.run(data, dict.fromkeys(names, row), folds, preset=joined, **how)


def labels(data: Mapping[str, np.ndarray], record: Record, part: str = "test") -> np.ndarray:
    """True classes (1: above the mean rating of the training trials) of the segments of one part of
    a record's fold."""
    high = high_labels(data[record.target], data["trial"], record.split.train)
    return high[list(getattr(record.split, part))].astype(int)


def score(data: Mapping[str, np.ndarray], records: Iterable[Record], *, experiment: str,
          tier: str) -> pd.DataFrame:
    """Tidy accuracy and macro-F1 of every record on the test segments of its fold (Sec 5)."""
    def measure(record: Record) -> dict[str, float]:
        values = classification(labels(data, record), record.result["test"] > 0.5)
        return {f"{record.target} {metric}": value for metric, value in values.items()}

    return spine.score("amigos", records, measure, experiment=experiment, tier=tier)


def answer(results: pd.DataFrame, table: str | int) -> pd.DataFrame:
    """See :func:`lib.papers.experiment.answer`."""
    return spine.answer("amigos", results, table)
