"""Fusion of two feature vectors against the printed equations."""

import pytest
import torch

from lib.models.multimodal_fusion import Attention, Concat, printed_attention

D, K = 6, 4


@pytest.fixture
def pair():
    return torch.randn(2, 5, D, generator=torch.Generator().manual_seed(0)).unbind()


def test_concat_is_a_linear_layer_on_both(pair):
    fusion = Concat(D, D, 3, K)
    expected = torch.cat(pair, 1) @ fusion.classify.weight.T + fusion.classify.bias  # Eq 5
    torch.testing.assert_close(fusion(*pair), expected)


def test_attention_is_the_equations_on_views_of_one_width():
    x1, x2 = torch.randn(5, 7), torch.randn(5, D)  # n != m
    fusion = Attention(7, D, 3, K)
    for i in range(5):
        F = torch.stack([fusion.project[0].weight @ x1[i], fusion.project[1].weight @ x2[i]], dim=1)
        alpha = torch.softmax(fusion.w.weight @ torch.tanh(F), dim=1)  # Eq 7
        torch.testing.assert_close(fusion.weights(x1, x2)[i], alpha[0])
        # Eq 8
        torch.testing.assert_close(fusion(x1, x2)[i], fusion.classify((F @ alpha.T).flatten()))
    torch.testing.assert_close(fusion.weights(x1, x2).sum(1), torch.ones(5))


def test_read_as_one_vector_the_printed_attention_does_nothing(pair):
    w = torch.randn(2 * D, requires_grad=True)
    fused = printed_attention(*pair, w)
    torch.testing.assert_close(fused, torch.cat(pair, 1), rtol=0, atol=0)
    assert not torch.autograd.grad(fused.sum(), w)[0].any()  # and w never learns
