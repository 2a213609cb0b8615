"""The masked autoencoder of paper 3: what is masked, what may see what, and hand-counted
parameters."""

import pytest
import torch
from torch import nn

from lib.models.mv_sstma import MVSSTMA, Branch, draw_visible, masked_error, n_visible, positions

B, T, C, F = 4, 10, 12, 5
# 10 is not a multiple of 3
SMALL = {"n_channels": C, "n_features": F, "width": 10, "blocks": 2, "heads": 3, "head_width": 4}


@pytest.fixture
def model():
    torch.manual_seed(0)
    model = MVSSTMA(**SMALL)
    with torch.no_grad():
        # as after some training
        for norm in (m for m in model.modules() if isinstance(m, nn.BatchNorm2d)):
            norm.running_mean.normal_(0, 0.3)
            norm.running_var.uniform_(0.5, 2)
    return model.eval()


@pytest.fixture
def x():
    return torch.randn(B, T, C, F, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("channels", "counts"), [(62, (43, 31, 18)), (31, (21, 15, 9)),
                                                  (33, (23, 16, 9))])
def test_visible_channels_at_the_papers_ratios(channels, counts):
    for ratio, count in zip((0.3, 0.5, 0.7), counts, strict=True):
        assert n_visible(channels, ratio) == count
        visible = draw_visible(200, channels, ratio, torch.Generator().manual_seed(0))
        # each channel once
        assert visible.shape == (200, count) and (visible.diff(dim=1) > 0).all()
        assert len(torch.unique(visible, dim=0)) > 190  # every sample draws its own
        assert torch.bincount(visible.flatten(), minlength=channels).min() > 0
    with pytest.raises(ValueError, match=r"below 1, not 1\.0"):
        n_visible(channels, 1.0)


def test_masked_channels_reach_neither_encoder_nor_reconstruction(model, x):
    visible = draw_visible(B, C, 0.5)
    reconstruction, masked = model.forward_mae(x, visible)
    assert reconstruction.shape == x.shape and (masked.sum(1) == C - visible.shape[1]).all()
    assert not masked.gather(1, visible).any()
    hidden_changed = torch.where(masked[:, None, :, None], torch.randn_like(x), x)
    torch.testing.assert_close(
        model.forward_mae(hidden_changed, visible)[0], reconstruction, rtol=0, atol=0)
    torch.testing.assert_close(model.encode(hidden_changed, visible), model.encode(x, visible),
                               rtol=0, atol=0)
    seen_changed = torch.where(masked[:, None, :, None], x, x + 1)
    assert not torch.allclose(model.forward_mae(seen_changed, visible)[0], reconstruction)


def test_nothing_sees_the_future(model, x):
    later = x.clone()
    later[:, 6:] += 1
    torch.testing.assert_close(model.tokens(later)[:, :6], model.tokens(x)[:, :6])
    assert not torch.allclose(model.tokens(later)[:, 6:], model.tokens(x)[:, 6:])
    visible = draw_visible(B, C, 0.5)
    torch.testing.assert_close(
        model.forward_mae(later, visible)[0][:, :6],
        model.forward_mae(x, visible)[0][:, :6])


def test_reach_of_a_branch_is_its_kernel_and_all_channels(x):
    branch, tokens = Branch(F, kernel=3, heads=2, head_width=4).eval(), x.clone().requires_grad_()
    branch(tokens)[0, 7, 5].square().sum().backward()
    seen = tokens.grad[0].abs().sum(-1) > 0
    assert seen.any(1).nonzero().flatten().tolist() == [5, 6, 7] and seen[5:8].all()


def test_branch_is_convolution_then_batch_norm_then_torchs_attention(x):
    branch, peer = Branch(F, kernel=3, heads=1,
                          head_width=F), nn.MultiheadAttention(F, 1, batch_first=True)
    with torch.no_grad():
        peer.in_proj_weight.copy_(branch.project.weight)
        peer.in_proj_bias.zero_()
        peer.out_proj.load_state_dict(branch.merge.state_dict())
    conv = nn.Conv1d(F, F, 3)
    conv.load_state_dict({"weight": branch.convolve.weight[..., 0], "bias": branch.convolve.bias})
    # Eq 1
    y = conv(nn.functional.pad(x.permute(0, 2, 3, 1).reshape(B * C, F, T),
                               (2, 0))).reshape(B, C, F, T)
    y = nn.functional.batch_norm(y.transpose(1, 2), None, None,
                                 training=True).permute(0, 3, 2, 1).reshape(B * T, C, F)
    torch.testing.assert_close(branch.train()(x),
                               peer(y, y, y)[0].reshape(x.shape), rtol=1e-4, atol=1e-5)


def test_samples_do_not_mix_and_channels_are_told_apart(model, x):
    order = torch.randperm(B)
    visible = draw_visible(B, C, 0.3)
    torch.testing.assert_close(model.encode(x[order], visible[order]),
                               model.encode(x, visible)[order])
    torch.testing.assert_close(model.encode(x, torch.arange(C).expand(B, -1)), model.encode(x))
    assert not torch.allclose(model.encode(x[:, :, torch.randperm(C)]), model.encode(x), atol=1e-4)
    code = positions(62, 16)
    assert code.shape == (62, 16) and torch.pdist(code).min() > 0.1
    assert positions(4, 5).shape == (4, 5)


def test_loss_counts_masked_channels_alone(x):
    masked = torch.zeros(B, C, dtype=torch.bool)
    masked[0, 3] = masked[2, 1] = True
    guess = x + 100.0
    guess[0, :, 3], guess[2, :, 1] = x[0, :, 3] + 2, x[2, :, 1] + 4
    assert masked_error(guess, x, masked) == pytest.approx((4 + 16) / 2, rel=1e-4)


def test_parameters_by_hand():
    heads, kernels = 6 * 16, (7, 5, 3)
    branches = sum(16 * 16 * k + 16 + 2 * 16 + 16 * 3 * heads + heads * 16 + 16 for k in kernels)
    half = 6 * (branches + 2 * 16 + 16 * 64 + 64 + 64 * 16 + 16) + 2 * 16
    model = MVSSTMA()
    encoder = sum(p.numel() for part in (model.embed, model.encoder) for p in part.parameters())
    assert encoder == 5 * 16 + 16 + half
    assert sum(p.numel() for p in model.parameters()) == encoder + 16 + half + 16 * 5 + 5
    assert f"{encoder:,}" in MVSSTMA.__doc__ and f"{encoder + 16 + half + 85:,}" in MVSSTMA.__doc__


def test_eye_features_are_channels_of_one_feature():
    model = MVSSTMA(n_channels=33, n_features=1, blocks=1)
    reconstruction, masked = model.forward_mae(torch.randn(2, T, 33, 1), draw_visible(2, 33, 0.5))
    assert reconstruction.shape == (2, T, 33, 1) and masked.sum(1).tolist() == [17, 17]
    assert model.encode(torch.randn(2, T, 33, 1)).shape == (2, 33 * 16)


def test_pooling_keeps_channels_apart_and_leaves_missing_ones_empty(model, x):
    visible = draw_visible(B, C, 0.5)
    seen = model.tokens(x, visible).mean(dim=1)
    pooled = model.encode(x, visible).unflatten(1, (C, -1))
    for b in range(B):
        torch.testing.assert_close(pooled[b, visible[b]], seen[b])
    assert (pooled.abs().sum(-1) > 0).sum(1).tolist() == [visible.shape[1]] * B
    torch.testing.assert_close(model.encode(x, visible, "mean"), seen.mean(dim=1))
