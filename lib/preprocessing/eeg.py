"""EEG: filter, re-reference, and Welch band power on the label clock.

References
----------
Jin, Xiao, Jin, Zhang (2024), "the paper": Sec 3.2, Eqs 1-7, Table 1 (bands). Zhang, Tang, Guan
(2022), the paper's reference [32], whose published code fixes what the paper leaves open: 2 s
windows every 0.25 s, 1 s segments.
Welch (1967), The use of fast Fourier transform for the estimation of power spectra.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import mne
import numpy as np
import torch
from scipy.special import softmax
from torch import Tensor

from lib.datasets.base import BadFile, Signal


def _bands(*edges: float) -> dict[str, tuple[float, float]]:
    names = ("delta", "theta", "alpha", "beta1", "beta2", "gamma")
    return dict(zip(names, pairwise(edges), strict=True))


# Hz. "rmmt": Table 1 of the paper. "zhang": the code of [32].
BANDS = {
    "rmmt": _bands(0.3, 5.0, 8.0, 12.0, 18.0, 30.0, 45.0),
    "zhang": _bands(0.3, 4.0, 8.0, 12.0, 18.0, 30.0, 45.0)
}
# eight channels at a time in single precision, four in double: their spectra stay in the
# processor's cache
_CACHED = 32


def clean(signal: Signal, low: float = 0.3, high: float = 45.0) -> Signal:
    """Zero-phase band-pass, then average reference (Sec 4.2 names only the reference; the band is
    that of [32]).

    Parameters
    ----------
    signal : Signal
        EEG ``(n_channels, n_times)`` in any unit, with two seconds before and after the stimulus.
    low, high : float
        Pass band in Hz.

    Returns
    -------
    Signal
        Same shape, rate, unit and start; float64; the mean over channels is zero at every sample.
        The average reference takes away what all electrodes share (the voltage of the BioSemi CMS
        electrode, mains pick-up) and leaves ``n_channels - 1`` independent channels.

    Raises
    ------
    BadFile
        If the samples are not finite, or the rate cannot hold the band.

    Notes
    -----
    choice: MNE's default FIR (Hamming, 11 s long at 0.3 Hz), as in [32], forward once with its
    delay taken out, so no phase shift. It is longer than the margins, so MNE continues each end by
    odd reflection. choice: each channel's mean is taken out first. BioSemi records carry offsets of
    millivolts, a thousand times the EEG, and an end continued from there would ring.
    """
    data = np.asarray(signal.data, dtype=np.float64)
    if data.ndim != 2 or not np.isfinite(data).all():
        raise BadFile("EEG signal", "finite samples (n_channels, n_times)",
                      f"shape {data.shape} with {np.sum(~np.isfinite(data))} not finite",
                      "Leave this trial out or repair the channel before cleaning.")
    if signal.rate <= 2 * high:
        raise BadFile("EEG signal", f"more than {2 * high:g} samples per second",
                      f"{signal.rate:g}", "Lower `high` or use the original rate.")
    data = data - data.mean(axis=1, keepdims=True)
    data = mne.filter.filter_data(data, signal.rate, low, high, copy=False, verbose="error")
    return replace(signal, data=data - data.mean(axis=0))


def band_power(x, rate: float, bands: str | Mapping | Sequence = "rmmt", *, window: float = 2.0,
               segment: float = 1.0, step: float = 0.25,
               total: tuple[float, float] | None = (0.3, 45.0), inclusive: bool = False,
               relative: bool = True, dtype=None) -> np.ndarray:
    """Welch band power of every channel in windows that slide over a recording (Eqs 1-7).

    Equal to ``scipy.signal.welch`` (Hann, constant detrend, half overlap) in each window, but
    computed once for all windows: where segments overlap on a regular grid their Fourier transforms
    share all work (see Notes).

    Parameters
    ----------
    x : array ``(n_channels, n_times)``
        Any unit.
    rate : float
        Hz. ``window``, ``segment`` and ``step`` must be whole numbers of samples.
    bands : str, mapping or sequence
        A name in `BANDS`, or band edges ``(low, high)`` in Hz.
    window, segment, step : float
        Seconds: window of one value, Welch segment within it, and step between windows. choice:
        those of [32].
    total : (float, float) or None
        Band that relative power is relative to. The paper's [f0, f3] (Eq 7) is not defined; choice:
        the pass band, 0.3-45 Hz. None: the whole spectrum, as in the code of [32].
    inclusive : bool
        Count a bin on a band's upper edge (then in two bands), as in [32]. choice: half-open bands
        [low, high) by default, so that no bin counts twice and bands that tile `total` sum to 1.
    relative : bool
        Divide by the power in `total` (Eq 7); otherwise the power in unit squared (Eq 6).
    dtype : dtype, optional
        float32 or float64: precision of computation and result. Default: that of `x`, float64 for
        integers.

    Returns
    -------
    array ``(n_windows, n_bands, n_channels)``
        ``n_windows = 1 + (n_times - window) // step``. Relative power of a channel that is constant
        is NaN.

    Raises
    ------
    ValueError
        If a length is not a whole number of samples, the recording is shorter than a window, or a
        band holds no bin.

    Notes
    -----
    choice: power in a band is the sum of its bins times their width; [32] uses Simpson's rule,
    which weighs bins unequally. Eqs 2-3 lack the factor 1/M; it cancels in Eq 7. The shared
    computation needs ``segment / step`` to be a power of two (from 2 up); otherwise every segment
    is transformed on its own.
    """
    dtype = np.dtype(dtype or np.result_type(getattr(x, "dtype", np.float64), np.float32))
    x = np.asarray(x, dtype=None if getattr(x, "dtype", None) == np.float32 else np.float64)
    offset = x.mean(axis=1, keepdims=True, dtype=np.float64)  # would cost float32 its precision
    x = torch.from_numpy((x - offset.astype(x.dtype)).astype(dtype, copy=False))
    n_window, n_segment, hop = (_samples(seconds, rate) for seconds in (window, segment, step))
    if x.shape[1] < n_window or n_window < n_segment:
        raise ValueError(
            f"recording of {x.shape[1]}, window of {n_window} and segment of {n_segment} "
            "samples: each must hold the next")
    pairs = BANDS[bands] if isinstance(bands, str) else bands
    pairs = list(pairs.values() if isinstance(pairs, Mapping) else pairs)
    low, weights = _bins(pairs, total, n_segment, rate, inclusive)
    weights = torch.from_numpy(weights.astype(dtype))
    blocks = n_segment // hop
    shared = n_segment % hop == 0 and blocks > 1 and blocks & (blocks - 1) == 0
    power = (_shared if shared else _separate)(x, n_window, n_segment, hop, low, weights)
    # 0.375: mean square of the Hann window
    power = power[:-1] / power[-1] if relative else power[:-1] / (0.375 * n_segment**2)
    return power.permute(2, 0, 1).numpy()


def shares(log_power: np.ndarray, n_bands: int) -> np.ndarray:
    """Eq (7) for logarithms of band power: the power of each band over the sum of the bands.

    Parameters
    ----------
    log_power : array ``(n_times, n_bands * n_channels)``
        Natural logarithms, band by band, each with all channels.
    n_bands : int

    Returns
    -------
    array of the same shape
        Each channel's bands sum to 1. choice: the total is that of the bands that are there.
    """
    bands = log_power.reshape(len(log_power), n_bands, -1)
    return softmax(bands, axis=1).reshape(log_power.shape)


def _samples(seconds: float, rate: float) -> int:
    n = round(seconds * rate)
    if n < 1 or abs(n - seconds * rate) > 1e-6 * n:
        raise ValueError(
            f"{seconds:g} s is not a whole number of samples at {rate:g} Hz; choose another "
            "length or resample")
    return n


def _bins(bands: list, total: tuple[float, float] | None, n: int, rate: float,
          inclusive: bool) -> tuple[int, np.ndarray]:
    """First bin used, and the weight of each bin in each band; the last row is the total."""
    frequency = np.arange(n // 2 + 1) * (rate / n)
    # negative frequencies folded in
    sided = np.where((np.arange(n // 2 + 1) == 0) | (np.arange(n // 2 + 1) * 2 == n), 1.0, 2.0)
    slack = 1e-9 * rate
    end = slack if inclusive else -slack
    rows = [(frequency >= low - slack) & (frequency < high + end)
            for low, high in [*bands, total or (0.0, rate)]]
    for row, band in zip(rows, bands, strict=False):
        if not row.any():
            raise ValueError(f"no frequency bin in the band {band[0]:g}-{band[1]:g} Hz: "
                             f"bins are {rate / n:g} Hz apart, up to {rate / 2:g} Hz")
    used = np.flatnonzero(np.any(rows, axis=0))
    span = slice(used[0], used[-1] + 1)
    return int(used[0]), np.array(rows)[:, span] * sided[span]


def _shared(x: Tensor, n_window: int, n: int, hop: int, low: int, weights: Tensor) -> Tensor:
    """Power ``(n_bands + 1, n_channels, n_windows)`` by block DFT.

    The transform of each block of one step is a matrix product; each segment's transform is the sum
    of its blocks', rotated in phase, added in pairs of pairs; the periodic Hann window is a
    convolution over three bins, and constant detrend sets bin zero to zero. This is exact.
    """
    # a bin more on either side, for the Hann window
    k = torch.arange(low - 1, low + weights.shape[1] + 1, dtype=torch.float64)
    angle = torch.arange(hop, dtype=torch.float64)[:, None] * k * (-2 * torch.pi / n)
    fourier = torch.stack([angle.cos(), angle.sin()], dim=-1).flatten(1).to(x.dtype)
    # blocks; after the last one a sum spans a segment
    shifts = [2**i for i in range((n // hop).bit_length() - 1)]
    turns = [k * (-2 * torch.pi * shift * hop / n) for shift in shifts]
    phases = [torch.polar(torch.ones_like(k), turn).to(x.dtype.to_complex()) for turn in turns]
    constant = [i for i, bin_ in enumerate(k.tolist()) if bin_ % n == 0]
    twice = weights.repeat_interleave(2, dim=1) / 16  # real and imaginary part
    n_blocks, parts = x.shape[1] // hop, []
    for part in x.split(_CACHED // x.element_size()):
        blocks = part[:, :n_blocks * hop].reshape(-1, hop) @ fourier
        spectrum = torch.view_as_complex(blocks.view(len(part), n_blocks, len(k), 2))
        for shift, phase in zip(shifts, phases, strict=True):
            spectrum = torch.addcmul(spectrum[:, :-shift], spectrum[:, shift:], phase)
        for i in constant:
            spectrum[:, :, i] = 0  # constant detrend
        spectrum = torch.view_as_real(spectrum)
        # -4 times the Hann-windowed DFT
        hann = spectrum[:, :, :-2].add(spectrum[:, :, 2:]).sub_(spectrum[:, :, 1:-1], alpha=2)
        summed = twice @ hann.square_().view(-1, twice.shape[1]).T
        parts.append(summed.view(len(weights), len(part), -1))
    power = torch.cat(parts, dim=1)  # of every segment, one per step
    starts, n_windows = range(0, n_window - n + 1, n // 2), 1 + (x.shape[1] - n_window) // hop
    return sum(power[..., start // hop:][..., :n_windows] for start in starts) / len(starts)


def _separate(x: Tensor, n_window: int, n: int, hop: int, low: int, weights: Tensor) -> Tensor:
    """Power ``(n_bands + 1, n_channels, n_windows)`` by one FFT for each segment of each window."""
    parts, hann = [], torch.hann_window(n, periodic=True, dtype=x.dtype)
    for part in x.split(_CACHED // x.element_size()):
        segments = part.unfold(-1, n_window, hop).unfold(-1, n, n - n // 2)
        segments = (segments - segments.mean(-1, keepdim=True)) * hann
        spectrum = torch.view_as_real(torch.fft.rfft(segments)[..., low:low + weights.shape[1]])
        parts.append((spectrum.square().sum(-1).mean(-2) @ weights.T).permute(2, 0, 1))
    return torch.cat(parts, dim=1)


def eeg_features(signal: Signal, n_labels: int, bands: str | Mapping | Sequence = "rmmt", *,
                 label_rate: float = 4.0, window: float = 2.0, dtype=np.float32,
                 **options) -> np.ndarray:
    """Relative band power for each label: row ``i`` is the window centred on ``i / label_rate``
    seconds after onset.

    Parameters
    ----------
    signal : Signal
        Clean EEG ``(n_channels, n_times)``, from half a window before the first label to half a
        window after the last.
    n_labels : int
        Rows wanted.
    bands, window, dtype, **options
        See `band_power`.
    label_rate : float
        Labels per second.

    Returns
    -------
    array ``(n_labels, n_bands * n_channels)``
        Band-major as in [32]: all channels of the first band, then of the second. 192 columns for
        32 channels and 6 bands.

    Raises
    ------
    BadFile
        If the signal lacks more than half a window at either end.

    Notes
    -----
    choice: windows are centred on their label, as in [32], so a feature looks one second ahead of
    the label. choice: up to half a window that is missing at an end is filled by odd reflection, so
    that every label keeps its row.
    """
    start = round((-window / 2 - signal.start) * signal.rate)
    stop = start + round((n_labels - 1) / label_rate * signal.rate) + round(window * signal.rate)
    missing = (max(-start, 0), max(stop - signal.data.shape[1], 0))
    if max(missing) > window / 2 * signal.rate:
        have = f"{signal.start:g} to {signal.start + signal.data.shape[1] / signal.rate:g} s"
        want = f"{-window / 2:g} to {(n_labels - 1) / label_rate + window / 2:g} s"
        raise BadFile("EEG signal", f"samples from {want} around onset for {n_labels} labels", have,
                      "Check the recording's markers, or cut the labels to the recording.")
    data = signal.data[:, max(start, 0):stop]
    if any(missing):
        data = np.pad(data, ((0, 0), missing), mode="reflect", reflect_type="odd")
    power = band_power(data, signal.rate, bands, window=window, step=1 / label_rate, dtype=dtype,
                       **options)
    return power[:n_labels].reshape(n_labels, -1)
