"""EEG-ITNet: size, what each part sees, the limits of its weights, and agreement with braindecode
where that is installed."""

import pytest
import torch
from torch import nn

from lib.models.eeg_itnet import EEGITNet
from lib.models.rmmt import n_parameters


@pytest.mark.parametrize(("n_channels", "n_times", "n"), [(28, 600, 4106), (28, 384, 3378),
                                                          (32, 768, 4778)])
def test_shape_and_number_of_parameters(n_channels, n_times, n):
    net = EEGITNet(n_channels, n_times)
    assert n_parameters(net) == n
    assert net(torch.randn(3, n_channels, n_times)).shape == (3, 4)


def test_first_filters_keep_the_length_and_answer_as_convolutions():
    net, x = EEGITNet().eval(), torch.randn(2, 28, 600)
    for branch, n, kernel in zip(net.branches, (2, 4, 8), (16, 32, 64), strict=True):
        with torch.no_grad():
            filtered = branch[1](branch[0](x[:, None]))
        assert filtered.shape == (2, n, 28, 600) and branch[1].kernel_size == (1, kernel)
        t = 300
        window = x[0, 5, t - (kernel - 1) // 2:t - (kernel - 1) // 2 + kernel]
        torch.testing.assert_close(filtered[0, :, 5, t], branch[1].weight[:, 0, 0] @ window,
                                   atol=1e-5, rtol=1e-4)


def test_temporal_blocks_are_causal_with_the_right_reach():
    net = EEGITNet().eval()
    x = torch.randn(1, 14, 1, 150)
    changed = x.clone()
    changed[..., 20] += 1
    with torch.no_grad():
        moved = (net.blocks(x) - net.blocks(changed)).abs().sum((0, 1, 2)) > 0
    first, last = moved.nonzero()[[0, -1], 0].tolist()
    assert first == 20 and last == 20 + 2 * 3 * (1 + 2 + 4 + 8)


def test_weights_stay_within_their_norms_and_small_ones_are_left_alone():
    net = EEGITNet()
    spatial, dense = net.branches[2][3], net.classifier[1]
    with torch.no_grad():
        spatial.parametrizations.weight.original.mul_(100)
        dense.parametrizations.weight.original.mul_(100)
        small = dense.parametrizations.weight.original
        small[0] = 0.1 * small[0] / small[0].norm()
    torch.testing.assert_close(spatial.weight.flatten(1).norm(dim=1), torch.ones(8))
    torch.testing.assert_close(dense.weight.norm(dim=1), torch.tensor([0.1, 0.25, 0.25, 0.25]))
    torch.testing.assert_close(dense.weight[0], small[0])


def test_every_weight_has_a_gradient_and_dropout_is_the_only_chance():
    net, x = EEGITNet(28, 200), torch.randn(8, 28, 200)
    net(x).logsumexp(1).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for name, p in net.named_parameters()
               if "reduce.0.bias" not in name)
    assert not torch.equal(net(x), net(x)) and torch.equal(net.eval()(x), net(x))


def test_agrees_with_braindecode():
    models = pytest.importorskip("braindecode.models")
    theirs = models.EEGITNet(n_chans=28, n_outputs=4, n_times=600, sfreq=200)
    ours, x = EEGITNet(), 3 * torch.randn(4, 28, 600)
    left = list(theirs.parameters())
    with torch.no_grad():
        for p in ours.parameters():  # the order within a shape is the order of the layers in both
            match = next(i for i, q in enumerate(left) if q.shape == p.shape)
            p.copy_(left.pop(match).normal_(0, 0.3))
    assert not left
    for net in (ours, theirs):
        for layer in net.modules():
            if isinstance(layer, nn.Dropout):
                layer.p = 0.0
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-3, atol=1e-3)
