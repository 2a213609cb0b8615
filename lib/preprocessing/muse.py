"""Muse recordings to segments of 3 s and their log band power."""

from __future__ import annotations

import numpy as np

from lib.datasets.base import Cohort, Trial
from lib.datasets.muse import GAP
from lib.preprocessing.heart import log_power

SECONDS = 3.0  # choice: the length of paper 4's segments


def segments(cohort: Cohort) -> dict:
    """Segments end to end, none across a gap, described by log band power.

    Parameters
    ----------
    cohort : Cohort
        Of :func:`lib.datasets.muse.read`.

    Returns
    -------
    dict
        ``x`` ``(N, 20)`` float32, :func:`lib.preprocessing.heart.log_power` of four channels in
        five bands; ``y`` ``(N,)`` int, the state; ``subject``, ``recording`` (place in the cohort)
        and ``position`` (in the recording) ``(N,)`` int.
    """
    cut = [_cut(trial) for trial in cohort]
    counts = [len(parts) for parts in cut]
    about = {
        "y": [int(trial.labels["state"]) for trial in cohort],
        "subject": [trial.subject for trial in cohort], "recording": range(len(cohort))
    }
    return {
        "x": log_power(np.concatenate(cut), cohort[0].load("eeg").rate),
        "position": np.concatenate([np.arange(n) for n in counts]),
        **{name: np.repeat(values, counts) for name, values in about.items()}
    }


def _cut(trial: Trial) -> np.ndarray:
    """Segments ``(m, n_channels, n_times)`` of one recording."""
    signal, clock = trial.load("eeg"), trial.load("clock").data[0]
    size = round(SECONDS * signal.rate)
    stretches = np.split(signal.data, np.flatnonzero(np.diff(clock) > GAP) + 1, axis=1)
    return np.concatenate([
        x[:, :x.shape[1] // size * size].reshape(len(x), -1, size).swapaxes(0, 1) for x in stretches
    ])
