"""Recordings of mental states to segments of 3 s and their log band power."""

import numpy as np

from lib.datasets.base import BadFile, Cohort, Trial
from lib.datasets.muse import GAP
from lib.preprocessing.filters import cut
from lib.preprocessing.power import log_power
from lib.preprocessing.recordings import table

SECONDS = 3.0  # choice: the length of paper 4's segments


def segments(cohort: Cohort) -> dict:
    """Segments end to end, none across a gap, described by log band power.

    Parameters
    ----------
    cohort : Cohort
        Of :func:`lib.datasets.muse.read` or :func:`lib.datasets.eegmat.read`.

    Returns
    -------
    dict
        ``x`` ``(N, 5 n_channels)`` float32, :func:`lib.preprocessing.power.log_power` of the
        channels in five bands; ``y`` ``(N,)`` int, the state; ``subject``, ``recording`` (place in
        the cohort) and ``position`` (in the recording) ``(N,)`` int.
    """
    rates = {trial.load("eeg").rate for trial in cohort}
    if len(rates) > 1:
        raise BadFile(cohort.name, "one sampling rate", f"{sorted(rates)} Hz", "Resample them.")
    parts = [(i, trial, _segments(trial)) for i, trial in enumerate(cohort)]
    data = table(parts, ("x", "position"), "recording", ("subject",), {"state": int})
    data["x"], data["y"] = log_power(data["x"], rates.pop()), data.pop("state")
    return data


def _segments(trial: Trial) -> dict[str, np.ndarray]:
    """Segments ``x`` ``(m, n_channels, n_times)`` of one recording, and their ``position``."""
    signal = trial.load("eeg")
    clock = trial.load("clock").data[0] if "clock" in trial.loaders else np.zeros(0)
    stretches = np.split(signal.data, np.flatnonzero(np.diff(clock) > GAP) + 1, axis=1)
    x = np.concatenate([cut(stretch, round(SECONDS * signal.rate)) for stretch in stretches])
    return {"x": x, "position": np.arange(len(x))}
