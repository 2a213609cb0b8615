"""EEG to maps of spectrogram features on the scalp: filter, cut, spectrograms, image network, 7 x 5
map (paper 4).

References
----------
Thanh and Thinh (2025), "the paper": Sec 4.1 (bands, scaling, 229 x 229), 4.2 (steps of the
spectrogram), 4.3 (features, map), 5.4 (lag, 3 s).
"""

import logging
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from scipy.ndimage import label

from lib.datasets.base import BadFile, Cohort, Signal, Trial
from lib.datasets.flex_format import CHANNELS, GRID
from lib.preprocessing.filters import bandpass, cut, picked, resample, to_unit
from lib.preprocessing.recordings import each, table, usable
from lib.preprocessing.spectrograms import FULL, LENGTH, RATE, spectrograms
from lib.store import Store

# Sec 4.1; the red, green and blue of an image
BANDS = {"delta-theta-alpha": (1.0, 14.0), "beta": (14.0, 31.0), "gamma": (31.0, 51.0)}
SECONDS = 3.0  # Sec 5.4
# choice: seconds; shorter gaps are bridged by a straight line, a segment with a longer one is left
# out
GAP = 0.1
PIXELS = 260_000  # of images at a time: few enough for a processor's cache (see the benchmark)


def band_signals(signal: Signal, where: str = "signal",
                 channels: Sequence[str] = CHANNELS) -> tuple[np.ndarray, np.ndarray]:
    """The three bands of each of the 28 electrodes.

    Parameters
    ----------
    signal : Signal
        EEG with named channels, 128 or 256 Hz; NaN where samples were lost.
    where : str
        For messages.
    channels : sequence of str
        Electrodes, each with a place on the map; other recordings have fewer.

    Returns
    -------
    x : array, (28, 3, n)
        float64, the owner's unit, 200 Hz (polyphase filter, ratio 25/16 or 25/32). choice:
        Butterworth of order 4 as second-order sections, forward and backward, so that nothing is
        delayed and -6 dB lie at the nominal edges.
    broken : array, (n,)
        True within gaps too long to bridge.

    Raises
    ------
    BadFile
        An electrode is missing or has no finite sample, or never have all one at once.
    """
    data, gaps = picked(signal, channels, where, together=True)
    if data.shape[1] < 3 * signal.rate:
        raise BadFile(where, "3 s or more", f"{data.shape[1] / signal.rate:.2g} s", "Leave it out.")
    runs = label(gaps[0])[0]
    long = np.flatnonzero(gaps[0] & (np.bincount(runs)[runs] > GAP * signal.rate))
    # the offset of 4 mV would ring at both ends
    x = resample(data - data.mean(axis=1, keepdims=True), signal.rate, RATE)
    broken = np.zeros(x.shape[1], bool)
    broken[np.minimum((long * RATE / signal.rate).astype(int), len(broken) - 1)] = True
    return np.stack([bandpass(x, RATE, *band) for band in BANDS.values()], axis=1), broken


def segments(trial: Trial, *, lag: float = 2.0, scaling: str | np.ndarray = "recording",
             channels: Sequence[str] = CHANNELS) -> dict[str, np.ndarray]:
    """Segments of 3 s, end to end, of one recording.

    Parameters
    ----------
    trial : Trial
        With a loader for ``eeg``.
    lag : float
        Seconds by which the EEG is late, negative where the video is. Sec 5.4: 2, so its first 2 s
        are dropped. The paper saw this delay on EmotivPRO's screen; the exported time stamps may
        not have it. See :func:`lib.preprocessing.scalp_lag.estimate_lag`.
    scaling : {"recording", "segment"} or array (28, 3, 2)
        To [0, 1], for each electrode and band. ``recording`` (Sec 4.1: before segmentation): by its
        lowest and highest value in the clip, those of later test segments included. ``segment``: by
        the segment's own. An array: lowest and highest value of training recordings, from
        `band_ranges`; values may then lie outside.
    channels
        See `band_signals`.

    Returns
    -------
    dict
        ``segments`` ``(m, 28, 3, 600)`` float32; ``start`` ``(m,)``, seconds of *video* after the
        clip's onset.

    Raises
    ------
    BadFile
        The recording lacks an electrode, or has no whole segment.
    """
    signal = trial.load("eeg")
    x, broken = band_signals(signal, trial.name, channels)
    first = round((max(lag, 0.0) - signal.start) * RATE)
    if x.shape[2] < first + LENGTH:
        raise BadFile(trial.name, f"{max(lag, 0) + SECONDS:g} s of EEG after the clip's onset",
                      f"{x.shape[2] / RATE + signal.start:.1f} s",
                      "Nothing needs to be done: the other recordings are used.")
    x = x[..., first:]
    if isinstance(scaling, np.ndarray):
        x = to_unit(x, *np.moveaxis(scaling, -1, 0)[..., None])
    elif scaling == "recording":
        x = to_unit(x, x.min(-1, keepdims=True), x.max(-1, keepdims=True))
    parts = cut(x, LENGTH)
    if isinstance(scaling, str) and scaling == "segment":
        parts = to_unit(parts, parts.min(-1, keepdims=True), parts.max(-1, keepdims=True))
    whole = ~cut(broken[first:], LENGTH).any(axis=1)
    if not whole.any():
        raise BadFile(trial.name, f"a segment of {SECONDS:g} s without lost samples", "none",
                      "Leave this recording out.")
    return {
        "segments": parts[whole].astype(np.float32),
        "start": max(lag, 0.0) - lag + SECONDS * np.flatnonzero(whole)
    }


def band_ranges(trials: Iterable[Trial]) -> np.ndarray:
    """Lowest and highest value of each electrode and band over (training) recordings, ``(28, 3,
    2)``, for ``scaling``."""
    seen = [band_signals(trial.load("eeg"), trial.name)[0] for trial in trials]
    low, high = np.min([x.min(-1) for x in seen], axis=0), np.max([x.max(-1) for x in seen], axis=0)
    return np.stack([low, high], axis=-1)


def features(cohort: Cohort, backbone: Callable, *, size: int = FULL, lag: float = 2.0,
             scaling: str | np.ndarray = "recording", channels: Sequence[str] = CHANNELS,
             jobs: int = 2, store: Store | None = None) -> dict:
    """Features of the spectrogram image of each electrode and segment (Sec 4.3).

    Parameters
    ----------
    cohort : Cohort
        Its trials have a loader for ``eeg`` and ``labels["emotion"]``.
    backbone : callable
        Images ``(n, size, size, 3)``, 0 to 255, to features ``(n, d)``; it has ``name`` and
        ``fingerprint``. Sec 4.3: InceptionV3 (:func:`lib.models.inception.inception_v3`). Red,
        green and blue are the three bands (choice: one image per electrode, as the paper counts 28
        vectors).
    size, lag, scaling, channels
        See `spectrograms`, `segments`, `band_signals`.
    jobs : int
        Processes, of one thread each.
    store : Store, optional
        Each recording is remembered there.

    Returns
    -------
    dict
        ``features`` ``(N, 28, d)`` float16; ``emotion`` and ``subject`` ``(N,)`` int; ``recording``
        ``(N,)`` int, its place in the cohort; ``stimulus`` ``(N,)`` str; ``start`` ``(N,)`` s;
        ``dropped``, a mapping from what was left out to the reason.

    Raises
    ------
    BadFile
        If no recording is usable.
    """
    results = each(cohort.trials, _described, "eeg", "markers", jobs=jobs, store=store,
                   backbone=backbone, size=size, lag=lag, scaling=scaling, channels=channels)
    kept, dropped = usable(cohort, results, "usable recording", level=logging.INFO)
    data = table(kept, ("features", "start"), "recording", ("subject", "stimulus"),
                 {"emotion": int})
    return data | {"dropped": dropped}


def _described(trial: Trial, backbone: Callable, size: int, **how) -> dict[str, np.ndarray]:
    found = segments(trial, **how)
    parts = [image_features(spectrograms(x[None], size)[0], backbone) for x in found["segments"]]
    return {"features": np.stack(parts).astype(np.float16), "start": found["start"]}


def image_features(images: np.ndarray, backbone: Callable) -> np.ndarray:
    """Features ``(n, d)`` of images ``(n, 3, size, size)`` from `spectrograms`, a few at a time:
    big batches of big images are slower."""
    pixels = max(images.shape[-1], getattr(backbone, "size", 0))**2
    parts = np.array_split(255 * np.moveaxis(images, 1, -1), -(-len(images) * pixels // PIXELS))
    return np.concatenate([np.asarray(backbone(part)) for part in parts])


def scalp_map(features: np.ndarray, channels: Sequence[str] = CHANNELS) -> np.ndarray:
    """Features ``(N, 28, d)`` of the electrodes to maps ``(N, d, 7, 5)`` seen from above, nose up;
    0 in the 7 empty cells (Sec 4.3).

    ``choice:`` of features as the backbone gives them, averages after a ReLU, 0 says that nothing
    was active; of standardised or projected ones, that all is as usual.
    """
    out = np.zeros((len(features), features.shape[2], len(GRID), len(GRID[0])), features.dtype)
    grid = np.array(GRID)
    rows, columns = np.transpose([np.argwhere(grid == name)[0] for name in channels])
    out[:, :, rows, columns] = features.swapaxes(1, 2)
    return out
