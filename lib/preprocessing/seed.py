"""SEED-IV and SEED-V: from the features of trials to windows of T consecutive features, and their
scaling on training data.

References
----------
Gao et al. (2024), "the paper": Sec 2.1 (overlapping windows), Sec 3.2 (T = 10, eye features from 10
to 100).
"""

from collections.abc import Sequence
from functools import cache

import mne
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.spatial.distance import pdist, squareform

from lib.datasets.base import BadFile, Cohort, Trial
from lib.datasets.seed_format import MNE_NAMES
from lib.preprocessing.filters import bridged, to_unit
from lib.preprocessing.recordings import each, table, usable


def windows(cohort: Cohort, *, length: int = 10, step: int = 1, pad: bool = False) -> dict:
    """Sliding windows inside each trial, never across two.

    Parameters
    ----------
    cohort : Cohort
        From `lib.datasets.seed_iv` or `lib.datasets.seed_v`.
    length : int
        T, in features of 4 s. Sec 3.2: 10. assumed: T counts features, so a window is 40 s; Sec 2.1
        says "T seconds".
    step : int
        Features between the starts of two windows. choice: 1.
    pad : bool
        Repeat the first feature of a trial ``length - 1`` times before it, so that a trial of W
        features gives W windows, each ending at one of them. Sec 2.1 keeps N, which only this does.
        choice: False, as repeated features are not measured ones.

    Returns
    -------
    dict
        ``eeg`` ``(N, T, 62, 5)`` and ``eye`` ``(N, T, 31 or 33)`` float32, gaps in ``eye`` filled
        (see `fill_gaps`) where the trial has any value of that feature and NaN elsewhere;
        ``emotion``, ``subject``, ``session``, ``trial`` (index into ``cohort``) and ``position``
        (of the window in its trial) ``(N,)`` int64; ``dropped``, the trials left out, by the cohort
        or here, and why.

    Raises
    ------
    BadFile
        If no trial is long enough and readable.
    """
    results = each(cohort.trials, trial_windows, jobs=1, length=length, step=step, pad=pad)
    kept, dropped = usable(cohort, results, f"trial of {length} features", name=_name)
    data = table(kept, ("eeg", "eye", "position"), "trial", ("subject", "session"),
                 {"emotion": int})
    return data | {"session": data["session"].astype(np.int64), "dropped": dropped}


def _name(trial: Trial) -> str:
    return f"{trial.dataset} subject {trial.subject} session {trial.session} trial {trial.trial}"


def trial_windows(trial: Trial, length: int, step: int, pad: bool) -> dict[str, np.ndarray]:
    """``eeg``, ``eye`` and ``position`` of one trial as `windows`."""
    eeg, eye = trial.load("eeg").data.swapaxes(0, 1), fill_gaps(trial.load("eye").data).T
    if pad:
        eeg, eye = (np.concatenate([np.repeat(x[:1], length - 1, axis=0), x]) for x in (eeg, eye))
    if len(eeg) < length:
        raise BadFile(_name(trial), f"at least a window's {length} features of 4 s", f"{len(eeg)}",
                      "Nothing needs to be done: the other trials are used.")
    eeg, eye = (np.moveaxis(
        sliding_window_view(x.astype(np.float32), length, axis=0)[::step], -1, 1)
                for x in (eeg, eye))
    return {"eeg": eeg, "eye": eye, "position": np.arange(len(eeg))}


def fill_gaps(eye) -> np.ndarray:
    """Fill what is not finite in one trial ``(n_features, n_windows)`` by straight lines over time;
    ends keep the nearest value.

    A feature without any value in this trial stays NaN: `scale_eye` gives it the mean of the
    training windows.
    """
    eye = np.array(eye, dtype=np.float64)
    return bridged(eye, ~np.isfinite(eye))


def scale_eye(x, train_idx, low: float = 10.0, high: float = 100.0) -> np.ndarray:
    """Each eye feature to ``low`` ... ``high`` over the training windows (Sec 3.2: 10 to 100); the
    others are clipped to that.

    Parameters
    ----------
    x : array ``(N, T, n_features)``
        From `windows`.
    train_idx : index of the first axis
        The paper does not say on which data the range is taken. choice: training only, so that
        nothing is learned from the test.
    low, high : float

    Returns
    -------
    array, shape of ``x``, float32
        NaN becomes the mean of the feature over the training windows; a feature that is constant
        there, or has no value there, becomes ``low`` throughout.
    """
    x = np.asarray(x)
    flat = x[train_idx].reshape(-1, x.shape[-1]).astype(np.float64)
    lacking = ~np.isfinite(flat).any(axis=0)
    flat[:, lacking] = 0.0
    least, most, mean = np.nanmin(flat, axis=0), np.nanmax(flat, axis=0), np.nanmean(flat, axis=0)
    share = np.clip(to_unit(np.where(np.isnan(x), mean, x), least, most), 0.0, 1.0)
    return np.where(most > least, low + (high - low) * share, low).astype(np.float32)


def scale_eeg(x, train_idx) -> np.ndarray:
    """Each channel and band to mean 0 and standard deviation 1 over the training windows.

    Parameters
    ----------
    x : array ``(N, T, 62, 5)``
        From `windows`.
    train_idx : index of the first axis
        The paper does not say whether or on which data EEG is scaled. choice: training only.

    Returns
    -------
    array, shape of ``x``, float32
        A feature that is constant over the training windows becomes 0 there.
    """
    x = np.asarray(x)
    train = x[train_idx]
    mean = train.mean(axis=(0, 1), dtype=np.float64).astype(np.float32)
    spread = train.std(axis=(0, 1), dtype=np.float64).astype(np.float32)
    return (x - mean) / np.where(spread > 0, spread, np.float32(1))


@cache
def _distances(electrodes: tuple[str, ...]) -> np.ndarray:
    """From electrode to electrode, ``(C, C)``."""
    where = mne.channels.make_standard_montage("colin27_1005").get_positions()["ch_pos"]
    return squareform(pdist(np.array([where[name] for name in electrodes])))


def fill_nearest(x: np.ndarray, missing: np.ndarray, electrodes: Sequence[str] = MNE_NAMES,
                 k: int = 3) -> np.ndarray:
    """The mean of the ``k`` nearest electrodes that are there in place of each missing one.

    ``x`` ``(N, T, C, F)``, ``missing`` ``(N, C)`` bool, of which at least ``k`` are not missing;
    ``electrodes``: names of the channels, MNE's.
    """
    far = np.where(missing[:, None, :], np.inf, _distances(tuple(electrodes)))
    nearest = np.argpartition(far, k - 1, axis=2)[..., :k]
    weight = np.zeros(far.shape, x.dtype)
    np.put_along_axis(weight, nearest, 1 / k, axis=2)
    return np.where(missing[:, None, :, None], weight[:, None] @ x, x)
