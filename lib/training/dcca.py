"""The correlation loss of paper 3 (Sec 2.2): deep canonical correlation analysis of Andrew et al.
(2013)."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["cca_loss", "correlation"]


def correlation(h1: Tensor, h2: Tensor, ridge: float = 1e-3) -> Tensor:
    """Total canonical correlation: the sum of the singular values of ``S11^-1/2 S12 S22^-1/2``.

    Computed in double precision outside of autocast. Cholesky factors take the place of the
    symmetric roots: they differ by a rotation, which leaves singular values alone, and their
    gradient stays finite where eigenvalues coincide.

    Parameters
    ----------
    h1, h2 : Tensor
        Features of two views, ``(n_samples, d1)`` and ``(n_samples, d2)``.
    ridge : float
        Added to the diagonal of both covariances, which keeps every eigenvalue at or above it.
        ``assumed:`` 1e-3.

    Returns
    -------
    Tensor
        A number from 0 to ``min(d1, d2)``, float64.
    """
    with torch.autocast(h1.device.type, enabled=False):
        x, y = (h.double() - h.double().mean(0) for h in (h1, h2))
        n = len(x) - 1
        root1, root2 = (
            torch.linalg.cholesky(h.T @ h / n +
                                  ridge * torch.eye(h.shape[1], dtype=h.dtype, device=h.device))
            for h in (x, y))
        half = torch.linalg.solve_triangular(root1, x.T @ y / n, upper=False)
        return torch.linalg.svdvals(torch.linalg.solve_triangular(root2, half.T, upper=False)).sum()


def cca_loss(h1: Tensor, h2: Tensor, ridge: float = 1e-3) -> Tensor:
    """Minus :func:`correlation`; zero for a batch of at most ``d`` samples, where any two views
    correlate perfectly."""
    if len(h1) <= max(h1.shape[1], h2.shape[1]):
        return torch.zeros((), dtype=torch.float64, device=h1.device)
    return -correlation(h1, h2, ridge)
