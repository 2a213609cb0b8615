"""All trials of a MAHNOB-HCI cohort as plain arrays on the 4 Hz label clock: EEG band power, face
features, valence."""

from collections.abc import Callable

import numpy as np

from lib.datasets.base import BadFile, Cohort, Trial
from lib.datasets.mahnob_features import BANDS
from lib.datasets.mahnob_format import LABEL_RATE
from lib.preprocessing.eeg import clean, eeg_features, shares
from lib.preprocessing.faces import crop, detect, face_features
from lib.preprocessing.recordings import each, usable
from lib.store import Store

# choice: frames from one search for the face to the next, the tracker between them: once a second.
# In simulated trials its boxes overlap with those of every 2nd frame by an IoU of .98 (least .88),
# as closely as those of every single frame do; every 8th: .97 (least .85)
EVERY = 4


def features(cohort: Cohort, *, backbone: Callable | None = None, bands: str = "rmmt",
             log: bool = False, jobs: int = 2, store: Store | None = None) -> dict:
    """Features and labels of every trial, one trial after another.

    Parameters
    ----------
    cohort : Cohort
        Its trials carry ``labels["valence"]`` and loaders for ``eeg`` and ``video`` (a frame for
        each label), or for ``eeg_features`` ``(n_bands * n_channels, n_labels)``, logarithms of
        band power of which Eq (7) makes shares, and ``face_features`` ``(n_features, n_labels)``,
        which pass through unchanged.
    backbone : callable, optional
        What describes a face, for example ``lib.models.backbones.mobilenet_v2()``; it has ``name``
        and ``fingerprint``. Needed for video.
    bands : str
        A name in `lib.preprocessing.eeg.BANDS`; for raw EEG.
    log : bool
        Leave published band power as logarithms, without Eq (7).
    jobs : int
        Processes, of one thread each.
    store : Store, optional
        Each trial made from raw recordings is remembered there under the content of its files, the
        settings, the code and the weights.

    Returns
    -------
    dict
        ``eeg`` ``(sum T, n_eeg)`` and ``face`` ``(sum T, n_face)`` float32; ``valence`` ``(sum
        T,)`` float64; ``lengths``, ``subject`` and ``stimulus`` ``(n_trials,)``; ``trial``
        ``(n_trials,)`` of str, the trials' names; ``dropped``, a mapping from the name of a trial
        that was left out to the reason (the cohort's own and those found here).

    Raises
    ------
    BadFile
        If no trial is usable, or trials differ in their number of features.
    ValueError
        If there is video and no backbone.

    Notes
    -----
    choice: face features are remembered as float16, half the room; they come back as float32, so
    that sums do not overflow.
    """
    if backbone is None and any("face_features" not in trial.loaders for trial in cohort):
        raise ValueError("this cohort has video: give features(..., "
                         "backbone=lib.models.backbones.mobilenet_v2())")
    raw = any("eeg" in trial.loaders for trial in cohort)  # else there is nothing to compute
    results = each(cohort.trials, trial_features, jobs=jobs if raw else 1,
                   store=store if raw else None, backbone=backbone, bands=bands, log=log)
    kept, dropped = usable(cohort, results)
    trials, parts = [trial for _, trial, _ in kept], [part for *_, part in kept]
    for key in ("eeg", "face"):
        if len(widths := {part[key].shape[1] for part in parts}) > 1:
            raise BadFile(cohort.name, f"as many {key} features in every trial",
                          f"{sorted(widths)}", "Read trials of one kind only.")
    kinds = {"eeg": np.float32, "face": np.float32, "valence": np.float64}
    data: dict = {k: np.concatenate([part[k] for part in parts], dtype=kinds[k]) for k in kinds}
    data["lengths"] = np.array([len(part["valence"]) for part in parts])
    for key, field in {"subject": "subject", "stimulus": "stimulus", "trial": "name"}.items():
        data[key] = np.array([getattr(trial, field) for trial in trials])
    return data | {"dropped": dropped}


def trial_features(trial: Trial, backbone: Callable | None = None, bands: str = "rmmt",
                   log: bool = False) -> dict[str, np.ndarray]:
    """Features of one trial at 4 Hz.

    Parameters
    ----------
    trial, backbone, bands, log
        See `features`.

    Returns
    -------
    dict
        ``eeg`` ``(T, n_eeg)`` float32, ``face`` ``(T, n_face)`` float16 (float32 if passed
        through), ``valence`` ``(T,)`` float64.

    Raises
    ------
    BadFile
        If a file is damaged, too short for the labels, or shows no face.
    """
    valence = np.asarray(trial.labels["valence"], dtype=np.float64)
    n_labels = len(valence)
    if "eeg_features" in trial.loaders:
        eeg = _passed(trial, "eeg_features", n_labels)
        eeg = eeg if log else shares(eeg, len(BANDS))
    else:
        eeg = trial.load("eeg")
        if eeg.rate % LABEL_RATE:
            raise BadFile(trial.name, f"EEG with whole samples between labels ({LABEL_RATE:g} Hz)",
                          f"{eeg.rate:g} Hz", "Resample it.")
        eeg = eeg_features(clean(eeg), n_labels, bands, label_rate=LABEL_RATE)
    if "face_features" in trial.loaders:
        face = _passed(trial, "face_features", n_labels)
    elif backbone is None:
        raise ValueError(f"{trial.name} has video and needs a backbone")
    else:
        frames, file = trial.load("video").data, trial.files.get("video", trial.name)
        if len(frames) != n_labels:
            raise BadFile(file, f"a frame for each of {n_labels} labels", f"{len(frames)}",
                          "Get the original file.")
        found = detect(frames, every=EVERY, file=file)
        face = face_features(crop(frames, found.boxes), backbone).astype(np.float16)
    for name, values in (("EEG", eeg), ("face", face)):
        if not np.isfinite(values).all():
            raise BadFile(trial.name, f"finite {name} features",
                          f"{np.mean(~np.isfinite(values)):.0%} not finite",
                          "Look for a dead channel.")
    return {"eeg": eeg, "face": face, "valence": valence}


def _passed(trial: Trial, modality: str, n_labels: int) -> np.ndarray:
    data = trial.load(modality).data
    if data.ndim != 2 or data.shape[1] != n_labels:
        raise BadFile(trial.files.get(modality, trial.name),
                      f"{modality} (n_features, {n_labels}), one column for each label",
                      f"shape {data.shape}", "Get the original file.")
    return np.ascontiguousarray(data.T, dtype=np.float32)
