"""The correlation loss against NumPy, scikit-learn and its own bounds."""

import numpy as np
import pytest
import scipy.linalg
import torch
from sklearn.cross_decomposition import CCA

from lib.training.losses import cca_loss, correlation

RIDGE = 1e-3


@pytest.fixture
def views():
    """Two views of 400 samples that share two of their dimensions."""
    rng = np.random.default_rng(0)
    shared, found = rng.normal(size=(400, 2)), []
    for noise, own in ((0.3, 2), (0.5, 1)):
        view = np.hstack([shared + noise * rng.normal(size=(400, 2)), rng.normal(size=(400, own))])
        found.append(torch.tensor(view @ rng.normal(size=(2 + own, 2 + own))))
    return tuple(found)


def test_is_numpys_with_symmetric_roots(views):
    h1, h2 = (v.numpy() for v in views)
    s = np.cov(np.hstack([h1, h2]).T)
    s11, s12, s22 = s[:4, :4] + RIDGE * np.eye(4), s[:4, 4:], s[4:, 4:] + RIDGE * np.eye(3)
    root1, root2 = (np.linalg.inv(scipy.linalg.sqrtm(m).real) for m in (s11, s22))
    assert correlation(*views, ridge=RIDGE).item() == pytest.approx(
        np.linalg.svd(root1 @ s12 @ root2)[1].sum(), abs=1e-10)


def test_is_the_sum_of_scikit_learns_canonical_correlations(views):
    u, v = CCA(n_components=3, max_iter=5000, tol=1e-12).fit_transform(*(h.numpy() for h in views))
    expected = sum(abs(np.corrcoef(u[:, i], v[:, i])[0, 1]) for i in range(3))
    assert correlation(*views, ridge=1e-9).item() == pytest.approx(expected, abs=1e-4)


def test_lies_between_none_and_the_number_of_dimensions(views):
    h1, h2 = views
    assert 0 <= correlation(h1, h2) <= 3
    assert correlation(h1, h1, ridge=1e-9).item() == pytest.approx(4, abs=1e-4)
    assert correlation(h1, torch.zeros_like(h2)) == 0  # and no failure without any spread
    independent = torch.randn(20000, 4, generator=torch.Generator().manual_seed(0)).split(2, dim=1)
    assert correlation(*independent) < 0.05


def test_affine_maps_change_nothing(views):
    h1, h2 = views
    moved = h1 @ torch.randn(4, 4, dtype=torch.float64,
                             generator=torch.Generator().manual_seed(1)) + 7
    torch.testing.assert_close(correlation(moved, 1e3 * h2, ridge=1e-10),
                               correlation(h1, h2, ridge=1e-10), rtol=1e-5, atol=0)


def test_gradient_is_right_and_finite_where_eigenvalues_coincide(views):
    h1, h2 = (h[:12].clone().requires_grad_() for h in views)
    assert torch.autograd.gradcheck(cca_loss, (h1, h2))
    same = torch.eye(8, 4, dtype=torch.float64).requires_grad_()
    cca_loss(same, torch.eye(8, 4, dtype=torch.float64).roll(1, 0)).backward()
    assert same.grad.isfinite().all()


def test_small_batches_are_skipped_and_autocast_is_left(views):
    assert cca_loss(views[0][:4], views[1][:4]) == 0 > cca_loss(views[0][:5], views[1][:5])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = cca_loss(*views)
    assert inside == cca_loss(*views) and inside.dtype == torch.float64
