"""Differential entropy (DE) of raw EEG in bands and windows, and a way in which SEED's features are
smoothed over time.

References
----------
Gao et al. (2024), "the paper": Sec 2.1 (features), Sec 3.2 (bands). Shi, Jiao & Lu (2013),
Differential entropy feature for EEG-based vigilance estimation. Shi & Lu (2010), Off-line and
on-line vigilance estimation based on linear dynamical system and manifold learning.
"""

from collections.abc import Mapping

import numpy as np
import scipy.fft
from scipy.linalg import solveh_banded
from scipy.signal import butter, freqz_sos

from lib.datasets.seed_format import BANDS, RAW_RATE, WINDOW

_CACHED = 8  # channels at a time: their spectra stay in the processor's cache
_PAD = 8.0  # seconds by which each end is continued: the 1 Hz edge has died away after that


def differential_entropy(x, rate: float = RAW_RATE, bands: Mapping[str, tuple[float,
                                                                              float]] = BANDS, *,
                         window: float = WINDOW, order: int = 4) -> np.ndarray:
    """DE of every channel and band in windows that do not overlap: ``0.5 log(2 pi e variance)``,
    the entropy of a Gaussian signal.

    Parameters
    ----------
    x : array ``(n_channels, n_times)``
        One trial, any unit; float32 is computed in single precision, all else in double.
    rate : float
        Hz.
    bands : mapping
        Name -> (low, high) in Hz.
    window : float
        Seconds.
    order : int
        Of the Butterworth band-pass. choice: 4; its response is applied twice, for no phase shift,
        as ``scipy.signal.sosfiltfilt`` does.

    Returns
    -------
    array ``(n_channels, n_windows, n_bands)``
        In nats, relative to the unit of ``x``; what is left after the last whole window counts only
        for the filter. A constant channel gives -inf.

    Raises
    ------
    ValueError
        If ``x`` is not finite, is shorter than a window, or ``rate`` cannot hold a band.

    Notes
    -----
    choice: the whole trial is filtered, then cut into windows, so that only its two ends, not those
    of each window, feel where the filter starts. The owner's own recipe is not published in full;
    torcheeg's ``BandDifferentialEntropy`` filters each window by itself, forward only, and uses
    log2. The filter is applied to the spectrum of the trial, continued by odd reflection for 8 s
    (as far as it reaches).
    """
    x = np.asarray(x, dtype=None if getattr(x, "dtype", None) == np.float32 else np.float64)
    size, top = round(window * rate), max(high for _, high in bands.values())
    if x.ndim != 2 or x.shape[1] < size or not np.isfinite(x).all():
        raise ValueError(f"expected finite samples (n_channels, at least {size}), found {x.shape}, "
                         f"{np.sum(~np.isfinite(x))} not finite")
    if rate <= 2 * top:
        raise ValueError(f"expected more than {2 * top:g} samples per second, found {rate:g}")
    n_channels, n_times = x.shape
    pad, n_windows = min(round(_PAD * rate), n_times - 1), n_times // size
    length = scipy.fft.next_fast_len(n_times + 2 * pad, real=True)
    frequency = scipy.fft.rfftfreq(length, 1 / rate)
    filters = [butter(order, band, "bandpass", fs=rate, output="sos") for band in bands.values()]
    gain = [np.abs(freqz_sos(sos, frequency, fs=rate)[1])**2 for sos in filters]
    variance = np.empty((n_channels, n_windows, len(gain)), x.dtype)
    for start in range(0, n_channels, _CACHED):
        part = x[start:start + _CACHED]
        part = np.pad(part - part.mean(axis=1, keepdims=True), ((0, 0), (pad, pad)), "reflect",
                      reflect_type="odd")
        spectrum = scipy.fft.rfft(part, length, axis=1)
        for band, response in enumerate(gain):
            y = scipy.fft.irfft(spectrum * response.astype(x.dtype), length, axis=1)
            y = y[:, pad:pad + n_windows * size].reshape(len(y), n_windows, size)
            square = np.einsum("cwt,cwt->cw", y, y) / size  # a band-pass leaves hardly a mean
            variance[start:start + _CACHED, :, band] = square - y.mean(axis=-1)**2
    return gaussian_entropy(variance)


def gaussian_entropy(variance: np.ndarray) -> np.ndarray:
    """``0.5 log(2 pi e variance)`` in nats, the entropy of a Gaussian signal; -inf where that is
    constant."""
    with np.errstate(divide="ignore"):
        return 0.5 * np.log(2 * np.pi * np.e * variance)


def lds(x, ratio: float = 0.1) -> np.ndarray:
    """Smooth over time with a linear dynamical system: what is measured is a random walk plus white
    noise.

    Parameters
    ----------
    x : array ``(..., n_windows, n_bands)``
        One trial; every channel and band is smoothed by itself.
    ratio : float
        Variance of a step of the walk over variance of the noise: small is smooth. choice: 0.1 for
        all features, which reaches about 3 windows (12 s) to either side; the owner fits its
        system, with what priors is not published.

    Returns
    -------
    array, shape of ``x``, float64
        Mean of the state given the whole trial, the windows to come included: these features cannot
        be had while a recording runs.

    Notes
    -----
    With fixed variances and no knowledge of the start, the Kalman filter followed by the
    Rauch-Tung-Striebel smoother gives the z that minimises ``sum_t (x_t - z_t)^2 + sum_t (z_t -
    z_(t-1))^2 / ratio``: one tridiagonal system for all features, solved here at once.
    """
    x = np.asarray(x, dtype=np.float64)
    n_windows = x.shape[-2]
    if n_windows == 1:
        return x.copy()
    # the diagonal above, with its first place unused, and the diagonal
    matrix = np.full((2, n_windows), -1 / ratio)
    matrix[1] = 1 + 2 / ratio
    matrix[1, [0, -1]] = 1 + 1 / ratio
    series = np.moveaxis(x, -2, 0)
    smooth = solveh_banded(matrix, series.reshape(n_windows, -1))
    return np.moveaxis(smooth.reshape(series.shape), 0, -2)
