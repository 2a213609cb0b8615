"""What linear controls see of a segment: heart rate and its variability from the ECG, beside the
band power of the EEG (paper 2).

References
----------
Makowski et al. (2021), NeuroKit2: a Python toolbox for neurophysiological signal processing,
Behavior Research Methods 53. Task Force of the European Society of Cardiology (1996), Heart rate
variability: standards of measurement.
"""

import numpy as np

from lib.datasets.amigos_format import RATE
from lib.preprocessing.power import log_power

HEART = ("heart rate", "SDNN", "RMSSD", "pNN50")
# choice: s between two beats (200 to 30 beats/min); other intervals are missed or false peaks
PLAUSIBLE = (0.3, 2.0)


def heart_features(ecg: np.ndarray, rate: float = RATE) -> np.ndarray:
    """Heart rate and its variability in each segment.

    R peaks are those of NeuroKit2's method ``"neurokit"`` (steepness of the QRS complex);
    differences are taken between successive intervals that are both plausible.

    Parameters
    ----------
    ecg : array ``(N, L)``
        Filtered (`lib.preprocessing.filters.bandpass`), in any unit.
    rate : float
        Hz.

    Returns
    -------
    array ``(N, 4)``
        float32, in the order of `HEART`: mean heart rate in beats/min; spread of the intervals
        between beats (SDNN) and root mean square of their successive differences (RMSSD), both in
        ms; share of those over 50 ms (pNN50). Always finite.

    Notes
    -----
    choice: with fewer than two plausible intervals the heart rate is the number of peaks per
    minute, and what cannot be computed is 0. No other segment is used for it.
    """
    import neurokit2  # takes seconds to import

    out = np.zeros((len(ecg), len(HEART)), np.float32)
    for row, x in zip(out, ecg, strict=True):
        peaks = neurokit2.ecg_findpeaks(x, sampling_rate=rate,
                                        method="neurokit")["ECG_R_Peaks"] if np.ptp(x) > 0 else []
        intervals = np.diff(peaks) / rate
        good = (intervals >= PLAUSIBLE[0]) & (intervals <= PLAUSIBLE[1])
        steps = 1000 * np.diff(intervals)[good[1:] & good[:-1]]
        row[0] = 60 / intervals[good].mean() if good.sum() > 1 else 60 * rate * len(peaks) / len(x)
        row[1] = 1000 * intervals[good].std(ddof=1) if good.sum() > 1 else 0.0
        if len(steps):
            row[2:] = np.sqrt(np.mean(steps**2)), np.mean(np.abs(steps) > 50)
    return out


def hand_features(eeg: np.ndarray, ecg: np.ndarray, rate: float = RATE) -> dict[str, np.ndarray]:
    """What the controls of :mod:`lib.papers.amigos.controls` are given.

    Parameters
    ----------
    eeg, ecg : array ``(N, C, L)``, ``(N, 1, L)``
        Of :func:`lib.preprocessing.physio.segments`.

    Returns
    -------
    dict
        ``features_eeg`` ``(N, 5 * C)`` of `log_power`, ``features_ecg`` ``(N, 4)`` of
        `heart_features`.
    """
    return {"features_eeg": log_power(eeg, rate), "features_ecg": heart_features(ecg[:, 0], rate)}
