"""Paper 4 (Thanh and Thinh 2025), EEG: recordings to scalp maps, the networks of Tables 2 and 3,
five splits."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from lib.datasets import flex
from lib.datasets.base import Cohort
from lib.datasets.flex_format import CHANNELS
from lib.evaluation.classification import accuracies, averages
from lib.models.backbones import fetched
from lib.models.inception import spectrogram_backbone
from lib.papers import experiment as spine
from lib.papers.experiment import Record, Row
from lib.papers.face_eeg.settings import PERMUTED, ROWS, Preset
from lib.papers.face_eeg.signals import signals
from lib.preprocessing import scalp_maps
from lib.preprocessing.faces import project
from lib.simulation import flex as simulation
from lib.store import Store, digest
from lib.training.splits import Split, permute_labels, recording_splits


def cohort(profile: str, root: str = "", *, seed: int = 0, **simulated: Any) -> Cohort:
    """The recordings of a profile: simulated (``demo``), or the user's own EMOTIV FLEX 2 exports
    (``paper``; the paper's are not released).

    Parameters
    ----------
    profile, root : str
        ``root``: the user's data folder; default :func:`lib.paths.data`.
    seed, simulated
        Of the simulated cohort, see :func:`lib.simulation.flex.make`.

    Raises
    ------
    FileNotFoundError
        Where there are no recordings; the message says how to lay them out.
    """
    return spine.cohort(profile, root, "flex", flex.read, simulation.make, Preset.of(profile),
                        seed=seed, **simulated)


def maps(trials: Cohort, preset: Preset, *, weights: str = "", lag: float = 2.0,
         channels: Sequence[str] = CHANNELS, jobs: int = 2, store: Store | None = None) -> dict:
    """What the paper's network reads, for every 3 s segment of every recording, and what a figure
    must say.

    Parameters
    ----------
    trials : Cohort
    preset : Preset
    weights : str
        The user's file of InceptionV3 weights (Sec 4.3), by default the one that ``make weights``
        fetched. Without it, and for simulated cohorts, spectrograms are described by MobileNetV2
        with the ImageNet weights that ship in a package. The caption says which.
    lag, channels
        See :func:`lib.preprocessing.scalp_maps.segments`.

    Returns
    -------
    dict
        ``maps`` ``(N, d, 7, 5)`` float16; ``emotion``, ``subject``, ``recording``, ``clip``,
        ``position`` ``(N,)`` int; ``start`` ``(N,)`` s; ``about``.
    """
    store = store or Store()
    weights = weights or fetched("inception_v3_google-0cc3c7bd.pth", trials.tier)
    backbone = spectrogram_backbone(weights or None, size=preset.size)
    data = scalp_maps.features(trials, backbone, size=preset.size, lag=lag, channels=channels,
                               jobs=jobs, store=store)
    described = data.pop("features")
    if preset.projected:
        n, electrodes, d = described.shape
        described = project(described.reshape(n * electrodes, d),
                            preset.projected).reshape(n, electrodes, -1).astype(np.float16)
    source = digest({name: data[name] for name in ("emotion", "subject", "recording", "start")}
                    | {"maps": described})
    what = f"spectrograms {preset.size} x {preset.size}: {backbone.name}"
    what += f", {preset.projected} random projections" if preset.projected else ""
    data["maps"] = scalp_maps.scalp_map(described, channels)
    data["clip"] = np.unique(data["stimulus"], return_inverse=True)[1]
    data["position"] = np.floor(data["start"] / 3 + 0.5).astype(int)  # a half never to the even one
    return data | {"about": spine.about(trials, source, data["dropped"], what)}


def features(trials: Cohort, preset: Preset, *, lag: float = 2.0, store: Store | None = None,
             **how: Any) -> dict:
    """What all rows read: :func:`maps`, and ``eeg`` ``(N, 28, 600)`` float32, 1 to 51 Hz; ``de``,
    ``spectral``, ``temporal`` of :mod:`lib.preprocessing.de_maps`."""
    store = store or Store()
    data = maps(trials, preset, lag=lag, store=store, **how)
    return data | store.memoise(signals, [trials[i] for i in np.unique(data["recording"])], lag,
                                given=(data["about"]["source"], lag))


def splits(data: Mapping[str, np.ndarray], name: str, preset: Preset) -> list[Split]:
    """The folds of a named split, see :func:`lib.training.splits.recording_splits`."""
    about = {key: data[key] for key in ("subject", "recording", "clip", "emotion", "position")}
    return recording_splits("random_segments" if name == PERMUTED else name, **about,
                            n_folds=preset.n_folds)


def run(data: Mapping[str, Any], names: Sequence[str], split: str, preset: Preset, *, seed: int = 0,
        device: str = "cpu", **how: Any) -> list[Record]:
    """Train and test rows of the tables, and controls, on every fold of a split.

    Parameters
    ----------
    data : mapping
        Of :func:`features`.
    names : sequence of str
        Keys of ``ROWS``.
    split : str
        One of ``SPLITS``, or ``PERMUTED``.
    preset : Preset
    seed, device, how
        Of the trainings, see :func:`lib.training.folds.cross_validate`.
    """
    def settings(name: str, row: Row, fold: Split) -> dict:
        own: dict[str, Any] = {"model": preset.model[name]} if name in preset.model else {}
        if name in preset.recipe:
            own["recipe"] = {**preset.recipe[name], "device": device}
        return own

    permuted = split == PERMUTED
    given = {**data, "emotion": _emotions(data, permuted, seed)}
    return spine.run(given, spine.chosen(names, ROWS), splits(data, split, preset), preset=settings,
                     seeds=(seed,), about={"permuted": permuted}, **how)


def _emotions(data: Mapping[str, np.ndarray], permuted: bool, seed: int) -> np.ndarray:
    own = data["emotion"]
    return permute_labels(own, data["recording"], data["subject"], seed) if permuted else own


def truth(data: Mapping[str, np.ndarray], record: Record, part: str = "test") -> np.ndarray:
    """Emotions of the segments of one part of a record's fold, permuted where the record is."""
    emotion = _emotions(data, record.permuted, record.seed)
    return np.asarray(emotion)[list(getattr(record.split, part))]


def score(data: Mapping[str, np.ndarray], records: Iterable[Record], *, experiment: str,
          tier: str) -> pd.DataFrame:
    """Tidy metrics of every record on the test segments of its fold."""
    named = (replace(r, split=replace(r.split, name=PERMUTED)) if r.permuted else r
             for r in records)
    return spine.score("face_eeg", named, lambda r: averages(truth(data, r), r.result["test"]),
                       experiment=experiment, tier=tier)


def tested(data: Mapping[str, np.ndarray], records: Iterable[Record],
           says: Callable[[Record], Mapping[str, np.ndarray]] | None = None) -> pd.DataFrame:
    """What :func:`lib.evaluation.classification.accuracies` reads: a line for each test segment of
    each record, or of each set of posteriors that ``says`` makes of it.

    ``unit`` is the person where people are kept apart, else the recording: its segments are not
    independent.
    """
    parts = []
    for r in records:
        rows, split = list(r.split.test), PERMUTED if r.permuted else r.split.name
        unit = data["subject" if split == "by_subject" else "recording"][rows]
        about = {"role": r.role, "split": split, "fold": r.split.fold, "unit": unit}
        for name, p in (says(r) if says else {r.row: r.result["test"]}).items():
            right = p.argmax(axis=1) == truth(data, r)
            parts.append(pd.DataFrame({"row": name, **about, "right": right}))
    return pd.concat(parts, ignore_index=True)


def image_sizes(trials: Cohort, preset: Preset, settings: Iterable[tuple[int, int]],
                **how: Any) -> pd.DataFrame:
    """Accuracy of the paper's network under random segments for image sizes and numbers of
    projections, see :func:`lib.evaluation.classification.accuracies`."""
    parts = []
    for size, projected in settings:
        own = replace(preset, size=size, projected=projected)
        data = maps(trials, own)
        records = run(data, ["Scalp maps"], "random_segments", own, **how)
        found = accuracies(tested(data, records))
        parts.append(found.assign(size=size, features=projected or data["maps"].shape[1]))
    return pd.concat(parts, ignore_index=True)


def answer(results: pd.DataFrame, table: str | int) -> pd.DataFrame:
    """See :func:`lib.papers.experiment.answer`."""
    return spine.answer("face_eeg", results, table)
