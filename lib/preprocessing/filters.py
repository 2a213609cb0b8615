"""Filters that papers 2 and 4 share."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from scipy.signal import butter, resample_poly, sosfiltfilt

from lib.datasets.amigos_format import RATE
from lib.datasets.base import BadFile


def bandpass(x: np.ndarray, rate: float, low: float = 0.8, high: float = 50.0,
             order: int = 4) -> np.ndarray:
    """Zero-phase Butterworth band-pass ``(..., n_times)`` along the last axis, float64.

    Paper 2, Sec 4.1.2: "8th order", 0.8 to 50 Hz. ``choice:`` order 4, whose band-pass has the 8
    poles of an 8th-order filter, run forward and backward, so that no component is delayed; the
    fall-off of the two runs adds up.

    Raises
    ------
    BadFile
        If ``rate`` cannot hold the band.
    """
    if rate <= 2 * high:
        raise BadFile("signal", f"more than {2 * high:g} samples per second", f"{rate:g}",
                      "Use the original rate, or lower `high`.")
    return sosfiltfilt(butter(order, (low, high), btype="bandpass", output="sos", fs=rate), x,
                       axis=-1)


def resample(x: np.ndarray, rate: float, to: float = RATE) -> np.ndarray:
    """Signals ``(..., n_times)`` at another rate: SciPy's polyphase filter with the ratio of the
    two rates as a fraction."""
    ratio = Fraction(to / rate).limit_denominator(1000)
    return x if ratio == 1 else resample_poly(x, ratio.numerator, ratio.denominator, axis=-1)
