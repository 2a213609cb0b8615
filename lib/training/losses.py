"""The losses of paper 1, Eqs (18)-(21)."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["ccc", "ccc_loss", "kd_loss"]


def ccc(x: Tensor, y: Tensor, dim: int | tuple[int, ...] | None = None,
        eps: float = 1e-12) -> Tensor:
    """Concordance correlation coefficient, Eq (18), over ``dim`` (all dimensions by default).

    Variances and the covariance are population moments (divided by n), so that CCC never exceeds
    the Pearson correlation.
    """
    dim = tuple(range(x.ndim)) if dim is None else dim
    mean_x, mean_y = x.mean(dim, keepdim=True), y.mean(dim, keepdim=True)
    covariance = ((x - mean_x) * (y - mean_y)).mean(dim)
    spread = ((x - mean_x)**2).mean(dim) + ((y - mean_y)**2).mean(dim)
    return 2 * covariance / (spread + (mean_x - mean_y).pow(2).mean(dim) + eps)


def ccc_loss(x: Tensor, y: Tensor, scope: str = "batch") -> Tensor:
    """``1 - CCC``, Eq (19), of predictions and labels ``(batch, n_times)``.

    ``scope="batch"`` takes all windows of the batch together (``choice:`` the reported metric is
    CCC over concatenated trials, of which 56 % of the variance lies between trials); ``"window"``
    averages over windows, as the code of [32].
    """
    return 1 - (ccc(x, y) if scope == "batch" else ccc(x, y, dim=-1).mean())


def kd_loss(x_e: Tensor, x_f: Tensor, detach: bool = False) -> Tensor:
    """Mean absolute difference of EEG and face features ``(batch, n_times, width)``, Eq (20).

    Eq (20) prints an absolute value of a vector summed over time only, yet divides by T*H: read as
    the mean over both. ``detach=True`` stops the gradient into the face features (true
    distillation); the paper trains jointly.
    """
    return torch.mean(torch.abs(x_e - (x_f.detach() if detach else x_f)))
