"""What the papers minimise: concordance and distillation (paper 1), masked points (paper 2),
correlation of two modalities (paper 3). Cross-entropy is torch's."""

import numpy as np
import torch
from torch import Tensor


def ccc(x: Tensor, y: Tensor, dim: int | tuple[int, ...] | None = None,
        eps: float = 1e-12) -> Tensor:
    """Concordance correlation coefficient, paper 1, Eq (18), over ``dim`` (all dimensions by
    default).

    Variances and the covariance are population moments (divided by n), so that CCC never exceeds
    the Pearson correlation.
    """
    dim = tuple(range(x.ndim)) if dim is None else dim
    mean_x, mean_y = x.mean(dim, keepdim=True), y.mean(dim, keepdim=True)
    covariance = ((x - mean_x) * (y - mean_y)).mean(dim)
    spread = ((x - mean_x)**2).mean(dim) + ((y - mean_y)**2).mean(dim)
    return 2 * covariance / (spread + (mean_x - mean_y).pow(2).mean(dim) + eps)


def ccc_loss(x: Tensor, y: Tensor, scope: str = "batch") -> Tensor:
    """``1 - CCC``, paper 1, Eq (19), of predictions and labels ``(batch, n_times)``.

    ``scope="batch"`` takes all windows of the batch together (``choice:`` the reported metric is
    CCC over concatenated trials, of which 58 % of the variance lies between trials); ``"window"``
    averages over windows, as the code of [32].
    """
    if scope not in ("batch", "window"):
        raise ValueError(f"scope is 'batch' or 'window', not {scope!r}")
    return 1 - (ccc(x, y) if scope == "batch" else ccc(x, y, dim=-1).mean())


def kd_loss(x_e: Tensor, x_f: Tensor, detach: bool = False) -> Tensor:
    """Mean absolute difference of EEG and face features ``(batch, n_times, width)``, paper 1, Eq
    (20).

    Eq (20) prints an absolute value of a vector summed over time only, yet divides by T*H: read as
    the mean over both. ``detach=True`` stops the gradient into the face features (true
    distillation); the paper trains jointly.
    """
    return torch.mean(torch.abs(x_e - (x_f.detach() if detach else x_f)))


def span_mask(n: int, length: int, p: float = 0.0325, span: int = 20, *,
              rng: np.random.Generator) -> np.ndarray:
    """Hidden points ``(n, length)``, True where masked; one row per segment, for all its channels
    (paper 2, Sec 3.2.1 and 3.3).

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


def correlation(h1: Tensor, h2: Tensor, ridge: float = 1e-3) -> Tensor:
    """Total canonical correlation (paper 3, Sec 2.2; Andrew et al., 2013): the sum of the singular
    values of ``S11^-1/2 S12 S22^-1/2``.

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
