"""Which points are hidden, and that the loss sees no others."""

import numpy as np
import pytest
import torch

from lib.training.losses import masked_mse, span_mask


def runs(row) -> np.ndarray:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(int), [0]])))
    return edges.reshape(-1, 2)


def test_share_of_masked_points_is_that_of_the_paper():
    mask = span_mask(4000, 1280, rng=np.random.default_rng(0))
    assert mask.shape == (4000, 1280) and mask.dtype == bool
    assert mask[:, 19:].mean() == pytest.approx(1 - (1 - 0.0325)**20, abs=0.002)
    assert mask[:, 0].mean() == pytest.approx(0.0325, abs=0.01)  # only a span that starts there


def test_masked_points_are_whole_spans_that_end_with_the_segment():
    for row in span_mask(50, 300, 0.01, 15, rng=np.random.default_rng(1)):
        for start, stop in runs(row):
            assert stop - start >= 15 or stop == 300


def test_every_segment_has_a_masked_point():
    mask = span_mask(300, 100, 1e-9, 5, rng=np.random.default_rng(2))
    assert mask.any(axis=1).all() and mask.sum(axis=1).max() <= 5
    first = [runs(row)[0][0] for row in mask]
    assert min(first) < 5 and max(first) > 94  # anywhere


def test_the_loss_sees_masked_points_only():
    x, predicted = torch.randn(4, 3, 50), torch.randn(4, 3, 50, requires_grad=True)
    mask = torch.from_numpy(span_mask(4, 50, 0.05, 6, rng=np.random.default_rng(3)))
    loss = masked_mse(predicted, x, mask)
    loss.backward()
    everywhere = mask[:, None].expand_as(x)
    assert loss.item() == pytest.approx(((predicted - x)[everywhere]**2).mean().item(), rel=1e-5)
    assert not predicted.grad[~everywhere].any() and predicted.grad[everywhere].all()
    assert masked_mse(predicted + 100 * ~mask[:, None], x,
                      mask).item() == pytest.approx(loss.item())
