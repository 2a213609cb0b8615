"""Power of each band in segments that are cut already: what linear controls see of the EEG.

References
----------
Welch (1967), The use of fast Fourier transform for the estimation of power spectra.
"""

import numpy as np
from scipy.signal import welch

from lib.datasets.amigos_format import RATE

# Hz, both edges inside. assumed: the bands of the AMIGOS paper, whose baseline Table 4 of paper 2
# prints
BANDS = {
    "theta": (3.0, 7.0), "slow alpha": (8.0, 10.0), "alpha": (8.0, 13.0), "beta": (14.0, 29.0),
    "gamma": (30.0, 47.0)
}
FLOOR = 1e-12  # of the power of a flat channel, in squared units per Hz
CHUNK = 256  # segments whose spectra are in memory at a time


def bins(bands, rate: float, n: int, top: bool = True) -> np.ndarray:
    """Which frequencies of ``n`` samples lie in each band ``(n_bands, n // 2 + 1)``; ``top``: its
    upper edge too. A ``ValueError`` where a band cannot be told."""
    frequency, (low, high) = np.fft.rfftfreq(n, 1 / rate), np.transpose(bands)[..., None]
    inside = (frequency >= low) & ((frequency <= high) if top else (frequency < high))
    if rate < 2 * high.max() or not inside.any(axis=1).all():
        raise ValueError(f"bands up to {high.max():g} Hz need more than {rate:g} samples a second, "
                         f"and more at a time than {n}")
    return inside


def weighed_power(x: np.ndarray, rate: float, weights: np.ndarray, window: int) -> np.ndarray:
    """Sums of the power density of each channel ``(N, C, n)``, in squared units per Hz.

    Parameters
    ----------
    x : array ``(N, C, L)``
        Segments.
    rate : float
        Hz.
    weights : array ``(n, window // 2 + 1)``
        Of each frequency in each sum.
    window : int
        Samples of Welch's Hann windows, which overlap by half and have their mean taken off; ``L``:
        the periodogram.
    """
    parts = np.array_split(x, max(1, -(-len(x) // CHUNK)))
    return np.concatenate([welch(part, rate, nperseg=window)[1] @ weights.T for part in parts])


def log_power(x: np.ndarray, rate: float = RATE) -> np.ndarray:
    """Natural logarithm of the mean power density of each channel in each of `BANDS`.

    Parameters
    ----------
    x : array ``(N, C, L)``
        Segments.
    rate : float
        Hz.

    Returns
    -------
    array ``(N, 5 * C)``
        float32, channel by channel, the bands of a channel side by side. Welch's method, windows of
        2 s with half overlap (choice).

    Examples
    --------
    A wave of 20 Hz lies in the beta band:

    >>> wave = np.sin(2 * np.pi * 20 * np.arange(1280) / 128)
    >>> [*BANDS][log_power(wave[None, None], 128).argmax()]
    'beta'
    """
    window = min(round(2 * rate), x.shape[-1])
    inside = bins([*BANDS.values()], rate, window)
    inside = inside.astype(np.result_type(x, np.float32))
    power = weighed_power(x, rate, inside / inside.sum(axis=1, keepdims=True), window)
    return np.log(np.maximum(power, FLOOR)).reshape(len(x), -1).astype(np.float32)
