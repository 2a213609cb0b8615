"""Steps that the papers share: pick channels, bridge gaps, filter, resample, cut, scale."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from scipy.signal import butter, resample_poly, sosfiltfilt

from lib.datasets.amigos_format import RATE
from lib.datasets.base import BadFile, Signal


def picked(signal: Signal, names: Sequence[str], where: str, *,
           together: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """The named channels in order, their gaps bridged, and where those were.

    Parameters
    ----------
    signal : Signal
        ``(n_channels, n_times)`` with named channels; NaN where samples were lost. One of a single
        channel is taken for a single name as it is, as every corpus names its lead differently.
    names : sequence of str
    where : str
        For messages.
    together : bool
        A sample that one of the channels lacks is bridged in all of them.

    Returns
    -------
    data, gaps : array ``(n_names, n_times)``
        float64, in the owner's unit; True where a sample was not finite.

    Raises
    ------
    BadFile
        A channel is missing, or has no finite sample (``together``: or never all have one).
    """
    single = len(names) == len(signal.data) == 1
    if lacking := [name for name in names if not single and name not in signal.channels]:
        raise BadFile(where, f"the channels {', '.join(names)}", f"no {', '.join(lacking)}",
                      "Check the channel names of the recording.")
    rows = [0] if single else [signal.channels.index(name) for name in names]
    data = signal.data[rows].astype(np.float64)
    gaps = ~np.isfinite(data)
    dead = [name for name, gap in zip(names, gaps, strict=True) if gap.all()]
    if together:
        gaps = np.broadcast_to(gaps.any(axis=0), gaps.shape)
    if dead or gaps.all():
        raise BadFile(where, f"finite samples in every channel{' at once' if together else ''}",
                      f"none{' in ' if dead else ''}{', '.join(dead)}",
                      "Leave it out, or repair the channel.")
    return bridged(data, gaps), gaps


def bridged(x: np.ndarray, gaps: np.ndarray) -> np.ndarray:
    """Straight lines over time across the gaps of each row of ``x`` ``(n, n_times)``, in place;
    beyond the first and last known sample their values, NaN in a row that knows none."""
    times = np.arange(x.shape[1])
    for row, gap in zip(x, gaps, strict=True):
        if gap.any():
            known = ~gap
            row[gap] = np.interp(times[gap], times[known], row[known]) if known.any() else np.nan
    return x


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


def cut(x: np.ndarray, length: int) -> np.ndarray:
    """Signals ``(..., n_times)`` to segments end to end ``(m, ..., length)``, a view; what is left
    at the end is dropped."""
    m = x.shape[-1] // length
    return np.moveaxis(x[..., :m * length].reshape(*x.shape[:-1], m, length), -2, 0)


def to_unit(x: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """``low`` to 0 and ``high`` to 1 on a straight line; where they are equal, ``x - low``."""
    return (x - low) / np.where(high > low, high - low, 1)
