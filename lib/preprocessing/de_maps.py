"""Inputs of the networks that paper 4 compares with: differential entropy of each band, and square
maps of it."""

import numpy as np
from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator

from lib.preprocessing.differential_entropy import gaussian_entropy
from lib.preprocessing.power import bins, weighed_power

BANDS = ((1, 4), (4, 8), (8, 14), (14, 31), (31, 51))
"""Hz. choice: five bands within the paper's 1 to 51 Hz (Sec 4.1), as SST-EmotionNet cannot work
with three maps."""
BIN = 24  # choice: samples, so that 600 give the 25 temporal maps of SST-EmotionNet, [17]


def differential_entropy(x: np.ndarray, rate: float = 200.0) -> np.ndarray:
    """Entropy of each band as if its samples were normal, ``log(2 pi e variance) / 2``: log band
    power but for a factor and a constant.

    Parameters
    ----------
    x : array ``(N, n_channels, n_times)``
        Segments, uV.
    rate : float
        Hz.

    Returns
    -------
    array ``(N, n_channels, 5)``
        float32, nats. The variance is the sum of the Hann-windowed periodogram over the band, the
        mean removed; at least 1e-12.
    """
    n = x.shape[-1]
    inside = bins(BANDS, rate, n, top=False).astype(float)
    variance = weighed_power(x, rate, inside, n) * np.fft.rfftfreq(n, 1 / rate)[1]
    return gaussian_entropy(np.maximum(variance, 1e-12)).astype(np.float32)


def interpolation(positions: np.ndarray, side: int = 16) -> np.ndarray:
    """Weights ``(side * side, n_channels)`` that turn values at electrodes into a square map; each
    row sums to 1.

    Parameters
    ----------
    positions : array ``(n_channels, 2)``
        Place of each electrode along the two sides of the map, which reaches from the first to the
        last of each.
    side : int

    Notes
    -----
    Linear between electrodes (Delaunay triangles). choice: outside of the outermost ones, the value
    of the nearest.
    """
    positions = np.asarray(positions, float)
    low, high = positions.min(axis=0), positions.max(axis=0)
    cells = np.stack(np.meshgrid(*np.linspace(low, high, side).T, indexing="ij"),
                     axis=-1).reshape(-1, 2)
    unit = np.eye(len(positions))
    inside = LinearNDInterpolator(positions, unit)(cells)
    return np.where(np.isnan(inside), NearestNDInterpolator(positions, unit)(cells), inside)


def de_maps(x: np.ndarray, positions: np.ndarray, rate: float = 200.0,
            side: int = 16) -> dict[str, np.ndarray]:
    """The two inputs of SST-EmotionNet.

    Parameters
    ----------
    x : array ``(N, n_channels, n_times)``
        Segments; 600 samples give 25 temporal maps.
    positions : array ``(n_channels, 2)``
        See :func:`interpolation`.
    rate : float
        Hz.
    side : int
        Of the maps. [17] (SST-EmotionNet): 32; choice: 16.

    Returns
    -------
    dict
        ``spectral`` ``(N, 5, side, side)``, :func:`differential_entropy`; ``temporal`` ``(N, 25,
        side, side)``, the mean of 24 samples each (the code of [17] takes single samples). float32.
    """
    weights = interpolation(positions, side).astype(np.float32).T
    n = x.shape[-1] // BIN
    means = x[..., :n * BIN].reshape(*x.shape[:2], n, BIN).mean(axis=-1, dtype=np.float32)

    def maps(values: np.ndarray) -> np.ndarray:
        return (values.swapaxes(1, 2) @ weights).reshape(len(x), -1, side, side)

    return {"spectral": maps(differential_entropy(x, rate)), "temporal": maps(means)}
