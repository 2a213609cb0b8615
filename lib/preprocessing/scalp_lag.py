"""How late the EEG is against the video of the face, from what both see: blinks, and the muscles of
the face (paper 4, Sec 5.4)."""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from lib.datasets.base import BadFile, Signal
from lib.preprocessing.filters import bandpass, picked

# what shows in the EEG: electrodes, Hz. choice: blinks over the eyes; muscles above the brain's
# alpha and beta, where the face is near
SEEN = {
    "blink": (("Fp1", "Fp2"), (0.5, 5.0)),
    "muscle": (("F7", "F8", "FC5", "FC6", "T7", "T8"), (30.0, 45.0))
}
STEP = 0.05  # s


def envelope(signal: Signal, kind: str = "muscle", smooth: float = 0.1) -> np.ndarray:
    """Strength of blinks or of the muscles in the EEG, ``(n,)``.

    Parameters
    ----------
    signal : Signal
        EEG in microvolts; lost samples (NaN) are bridged.
    kind : {"blink", "muscle"}
        ``blink``: the wave over the eyes; ``muscle``: log of its power over the temples.
    smooth : float
        Standard deviation of the smoothing in s.

    Raises
    ------
    BadFile
        An electrode is missing or has no finite sample.
    """
    names, band = SEEN[kind]
    data, _ = picked(signal, names, "signal", together=True)
    wave = bandpass(data - data.mean(axis=1, keepdims=True), signal.rate, *band)
    if kind == "blink":
        return gaussian_filter1d(wave.mean(axis=0), smooth * signal.rate)
    with np.errstate(divide="ignore"):  # of a flat line
        return np.log(gaussian_filter1d((wave**2).mean(axis=0), smooth * signal.rate))


def estimate_lag(eeg: Signal, face: Signal, *, kind: str = "muscle", limit: float = 5.0) -> float:
    """Seconds by which the EEG is late (negative: early) against the video: where their correlation
    is highest.

    The paper takes 2 s for all recordings, read off a screen (Sec 5.4). ``choice:`` this check from
    the signals themselves.

    Parameters
    ----------
    eeg : Signal
        ``(n_channels, n)``.
    face : Signal
        ``(n,)``, one value per frame: how much the face moves (``muscle``; for example the strength
        of the smile) or how far the eyes are closed (``blink``).
    kind : {"blink", "muscle"}
    limit : float
        Largest lag that is looked for, in s.

    Raises
    ------
    BadFile
        Less than 10 s in which every lag can be tried, or a face that never changes.
    """
    smooth = max(0.1, 0.4 / face.rate)
    traced, times = envelope(eeg, kind, smooth), face.start + np.arange(len(face.data)) / face.rate
    grid = np.arange(times[0], times[-1], STEP)
    clock = eeg.start + np.arange(len(traced)) / eeg.rate
    grid = grid[(grid - limit >= clock[0]) & (grid + limit <= clock[-1])]
    shown = np.interp(grid, times, face.data)
    lags = np.linspace(-limit, limit, round(2 * limit / STEP) + 1)
    late = np.interp(grid[:, None] + lags, clock, traced)
    known = np.isfinite(shown).all() and np.isfinite(late).all()
    if len(grid) * STEP < 10 or not known or not np.ptp(shown) or not np.ptp(late, axis=0).all():
        need = "10 s or more of EEG and a changing face, on both sides of which every lag fits"
        raise BadFile("signal", need,
                      f"{len(grid) * STEP:.0f} s" + ", some not finite" * (not known),
                      "Use a longer recording without gaps, or a smaller limit.")
    late, shown = late - late.mean(axis=0), shown - shown.mean()
    return float(lags[np.argmax(shown @ late / np.linalg.norm(late, axis=0))])
