"""Spectrograms of short segments as images (paper 4, Sec 4.2), many at a time.

References
----------
Thanh and Thinh (2025), "the paper": Sec 4.1 (229 x 229), 4.2 (steps).
"""

from functools import cache

import numpy as np
import torch
from scipy.signal import get_window

RATE = 200.0  # Sec 4.1, Hz
LENGTH = 600  # Sec 5.4: 3 s
# choice: of the few settings that turn 600 samples into exactly 229 x 229 without padding, the one
# with a long window and a hop over 1
WINDOW, HOP, N_FFT, FULL = 144, 2, 456, 229
SIZES = tuple(size for size in range(20, FULL + 1) if (FULL - 1) % (size - 1) == 0)
FLOOR, DECIBELS = 1e-12, 80.0  # choice
IMAGES = 4  # at a time: few enough for a processor's cache (see the benchmark)


@cache
def _basis(step: int, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    """Real and imaginary part of windowing and Fourier transform as matrices ``(size, 72)`` and
    ``(size, 71)``.

    Hann's window is symmetric about its sample 72 (sample 0 is 0). With the phase counted from
    there, the cosines see only sums of samples at equal distances, the sines only differences,
    which halves the work. The first cosine is for sample 72, the others for the distances 1 to 71.
    """
    hann = get_window("hann", WINDOW)
    # one-sided, as scipy.signal.spectrogram has it
    density = np.full(FULL, 2 / (RATE * np.sum(hann**2)))
    density[[0, -1]] /= 2
    half = WINDOW // 2
    phase = 2 * np.pi * np.outer(np.arange(0, FULL, step), np.arange(half)) / N_FFT
    wave = np.sqrt(density[::step, None]) * hann[half:] * np.exp(-1j * phase)
    return (torch.as_tensor(wave.real.copy(),
                            dtype=dtype), torch.as_tensor(wave.imag[:, 1:].copy(), dtype=dtype))


def _power(x: torch.Tensor, step: int) -> torch.Tensor:
    """Spectral density ``(n, size, size)`` of signals ``(n, 600)``: frequency by time."""
    real, imaginary = _basis(step, x.dtype)
    frames = x.unfold(1, WINDOW, HOP * step).transpose(1, 2)  # (n, 144, size), a view
    half = WINDOW // 2
    after, before = frames[:, half + 1:], frames[:, 1:half].flip(1)
    even = torch.cat([frames[:, half:half + 1], after + before], dim=1)
    cosine, sine = torch.matmul(real, even), torch.matmul(imaginary, after - before)
    return cosine.square_().addcmul_(sine, sine)


def spectrograms(x: np.ndarray, size: int = FULL) -> np.ndarray:
    """Spectrograms in decibels as images with values from 0 to 1.

    Sec 4.2: short-time Fourier transform, power, decibels. ``choice:`` Hann window of 144 samples
    (0.72 s), hop 2, zero-padded to 456; 10 log10(P + 1e-12); 80 dB below the segment's maximum
    become 0. That maximum is one for all electrodes and bands of a segment: with one for each
    image, scaling the signals to [0, 1] before would change nothing at all. ``choice:`` the mean of
    the segment is taken off, not that of each window, which a window that is not flat turns into
    stripes in the lowest rows.

    Parameters
    ----------
    x : array, (m, n_channels, 3, 600)
        From `segments`; computed in its precision.
    size : int
        Pixels. Sec 4.1: 229. ``choice:`` for a quick run one of ``SIZES``, for example 58: every
        k-th row and column of the big image, without computing the others. At 58 (k = 4) that is a
        hop of 8 samples and a step of 1.75 Hz, both several times finer than the window's 144
        samples and the 5.6 Hz of its main lobe.

    Returns
    -------
    array, (m, n_channels, 3, size, size)
        Frequency (0 Hz first, to 100 Hz) by time.

    Raises
    ------
    ValueError
        For a size that is not in ``SIZES``, or segments of another length.
    """
    if size not in SIZES or x.shape[-1] != LENGTH:
        raise ValueError(
            f"expected a size among {', '.join(map(str, SIZES))} and {LENGTH} samples, found "
            f"{size} and {x.shape[-1]}")
    step = (FULL - 1) // (size - 1)
    signals = torch.as_tensor(x)
    out = torch.empty((*x.shape[:-1], size, size), dtype=signals.dtype)
    for segment, images in zip(signals.flatten(1, -2), out.flatten(1, -3), strict=True):
        segment = segment - segment.mean(dim=-1, keepdim=True)
        for i in range(0, len(segment), IMAGES):
            images[i:i + IMAGES] = _power(segment[i:i + IMAGES], step).add_(FLOOR).log10_()
        images.sub_(images.max()).mul_(10 / DECIBELS).add_(1).clamp_(min=0)
    return out.numpy()
