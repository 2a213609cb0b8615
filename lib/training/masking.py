"""Masked value prediction (paper 2, Sec 3.2.1): which points of a signal are hidden, and the loss
on them."""

from __future__ import annotations

import numpy as np
from torch import Tensor

__all__ = ["masked_mse", "span_mask"]


def span_mask(n: int, length: int, p: float = 0.0325, span: int = 20, *,
              rng: np.random.Generator) -> np.ndarray:
    """Hidden points ``(n, length)``, True where masked; one row per segment, for all its channels
    (Sec 3.3).

    Every point starts a span with probability ``p``; spans may overlap and end with the segment.
    Away from its first points a share ``1 - (1 - p) ** span`` is masked. A segment in which no span
    starts gets one at a random place.

    Parameters
    ----------
    n, length : int
    p : float
        ``assumed:`` 0.0325, from [15]; the paper gives no rate.
    span : int
        Points in a span. ``assumed:`` 20 (0.16 s), from [15]: with 0.0325 nearly half of the points
        are masked.
    rng : numpy.random.Generator
    """
    starts = rng.random((n, length)) < p
    alone = rng.integers(length, size=n)
    starts[np.arange(n), alone] |= ~starts.any(axis=1)
    begun = np.pad(np.cumsum(starts, axis=1, dtype=np.int32), ((0, 0), (span, 0)))
    return begun[:, span:] > begun[:, :-span]  # a span began within the last ``span`` points


def masked_mse(predicted: Tensor, x: Tensor, mask: Tensor) -> Tensor:
    """Mean squared error over the masked points of all channels (``choice:`` on those alone, as Sec
    3.2.1 suggests).

    ``predicted`` and ``x`` ``(batch, n_channels, n_times)``, ``mask`` ``(batch, n_times)`` bool.
    """
    error = (predicted - x).square().mean(dim=1)
    return (error * mask).sum() / mask.sum()
