"""Paper 4, EEG: what is read of a recording besides its spectrograms. A module of its own, so that
what is remembered does not age with figures."""

from collections.abc import Sequence

import numpy as np

from lib.datasets.base import Trial
from lib.datasets.flex_format import CHANNELS, GRID
from lib.preprocessing import scalp_maps
from lib.preprocessing.de_maps import de_maps, differential_entropy

UNSCALED = np.tile([0.0, 1.0], (len(CHANNELS), len(scalp_maps.BANDS), 1))
PLACES = np.array([
    # (28, 2): the electrodes on the paper's 7 x 5 grid
    [(column - 2) / 3, (3 - row) / 3] for name in CHANNELS
    for row, column in np.argwhere(np.array(GRID) == name)
])


def signals(trials: Sequence[Trial], lag: float) -> dict[str, np.ndarray]:
    """What the baselines read of the same segments: ``eeg``, ``de``, ``spectral``, ``temporal``."""
    eeg = np.concatenate([
        scalp_maps.segments(trial, lag=lag, scaling=UNSCALED)["segments"].sum(axis=2)
        for trial in trials
    ])
    return {"eeg": eeg, "de": differential_entropy(eeg), **de_maps(eeg, PLACES)}


def entropies(trial: Trial) -> dict[str, np.ndarray]:
    """Log band power of a recording without its spectrograms: ``x`` ``(n, 140)`` of its
    segments, and their ``position`` ``(n,)``."""
    cut = scalp_maps.segments(trial, scaling=UNSCALED)
    x = differential_entropy(cut["segments"].sum(axis=2))
    return {"x": x.reshape(len(x), -1), "position": np.round(cut["start"] / 3).astype(int)}
