"""The networks of paper 1 against PyTorch's own layers, the printed equations and hand-counted
parameters."""

import pytest
import torch
from torch import nn

from lib.models.rmmt import MODELS, CrossModalBlock, build, n_parameters
from lib.models.tcn import TCN, CausalConv, FeatureDropout, PReLU

B, T, E, F = 3, 40, 192, 38


@pytest.fixture
def windows():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(B, T, E, generator=generator), torch.randn(B, T, F, generator=generator)


@pytest.mark.parametrize("dilation", [1, 2, 4])
def test_causal_conv_is_conv1d_on_the_padded_sequence(dilation):
    ours, peer = CausalConv(5, 7, kernel=3,
                            dilation=dilation), nn.Conv1d(5, 7, 3, dilation=dilation)
    with torch.no_grad():  # ours stores the taps one after another: (n_out, kernel * n_in)
        ours.weight.copy_(peer.weight.permute(0, 2, 1).flatten(1))
        ours.bias.copy_(peer.bias)
    x = torch.randn(2, 20, 5)
    expected = peer(nn.functional.pad(x.transpose(1, 2), (2 * dilation, 0))).transpose(1, 2)
    torch.testing.assert_close(ours(x), expected)


@pytest.mark.parametrize("slope", [0.25, 0.0, -0.5])
def test_prelu_and_its_gradients_are_torchs(slope):
    x, (ours, peer) = torch.randn(4, 9, 3), (PReLU(), nn.PReLU())
    with torch.no_grad():
        ours.slope.fill_(slope), peer.weight.fill_(slope)
    found = [
        torch.autograd.grad((y**2).sum(), (here, *layer.parameters())) for layer in (ours, peer)
        for here in [x.clone().requires_grad_()] for y in [layer(here)]
    ]
    torch.testing.assert_close(ours(x), peer(x))
    torch.testing.assert_close(found[0][0], found[1][0])
    torch.testing.assert_close(found[0][1], found[1][1].squeeze())


def test_feature_dropout_drops_whole_features_and_keeps_the_mean():
    x = FeatureDropout(0.25).train()(torch.ones(200, 6, 50))
    assert torch.equal(x, x[:, :1].expand_as(x))
    assert x.unique().tolist() == pytest.approx([0, 4 / 3])
    assert x.mean() == pytest.approx(1, abs=0.03)
    assert torch.equal(FeatureDropout(0.25).eval()(x), x)


def test_tcn_sees_thirteen_steps_of_the_past_and_nothing_ahead():
    tcn, x = TCN(4).eval(), torch.randn(1, 40, 4, requires_grad=True)
    tcn(x)[0, 30].sum().backward()
    seen = torch.nonzero(x.grad[0].abs().sum(-1)).flatten().tolist()
    assert seen == list(range(30 - 12, 31))


def test_block_is_the_printed_equations():
    block = CrossModalBlock(8, dropout=0.0)
    x_f, x_e = torch.randn(2, 5, 8), torch.randn(2, 7, 8)
    # Eqs 9-11
    q, k, v = x_f @ block.W_Q.weight.T, x_e @ block.W_K.weight.T, x_e @ block.W_V.weight.T
    cross = torch.relu(q @ k.transpose(1, 2) / 8**0.5) @ v  # Eqs 12-13
    tilde = nn.functional.layer_norm(q + cross, (8,), block.norm.weight, block.norm.bias)  # Eq 14
    w1, w2 = block.feed_forward[0], block.feed_forward[3]
    # Eqs 15-16
    expected = tilde + torch.relu(tilde @ w1.weight.T + w1.bias) @ w2.weight.T + w2.bias
    torch.testing.assert_close(block(x_f, x_e), expected)


def test_softmax_attention_is_torchs_and_forgets_the_order_of_keys():
    block = CrossModalBlock(8, heads=2, attention="softmax", dropout=0.0)
    q, k, v = (torch.randn(2, 2, 5, 4) for _ in range(3))
    torch.testing.assert_close(
        block.scores(q, k) @ v, nn.functional.scaled_dot_product_attention(q, k, v))
    x_f, x_e = torch.randn(2, 5, 8), torch.randn(2, 7, 8)
    torch.testing.assert_close(block(x_f, x_e), block(x_f, x_e[:, torch.randperm(7)]))


@pytest.mark.parametrize("attention", ["relu", "softmax"])
def test_a_causal_block_sees_nothing_ahead(attention):
    block, x = CrossModalBlock(8, attention=attention, causal=True,
                               dropout=0.0), torch.randn(2, 1, 9, 8)
    later = x.clone()
    later[:, :, 6:] += 1
    torch.testing.assert_close(block(x[0], x[1])[:, :6], block(later[0], later[1])[:, :6])
    free = CrossModalBlock(8, attention=attention, dropout=0.0)
    assert not torch.allclose(free(x[0], x[1])[:, :6], free(later[0], later[1])[:, :6])


@pytest.mark.parametrize("name", MODELS)
def test_shapes_of_every_model(name, windows):
    out = build(name, E, F)(*windows)
    assert out.valence.shape == (2 if name == "D-Fusion" else 1, B, T)
    for x in (out.face, out.eeg):
        assert x is None or x.shape == (B, T, 128)
    assert (out.face is None, out.eeg is None) == (name.endswith("-E"), name in {"RSMT-F", "TCN-F"})


def test_a_windows_prediction_does_not_depend_on_its_batch_mates(windows):
    model = build("RMMT", E, F).eval()
    eeg, face = windows
    torch.testing.assert_close(model(eeg, face).valence[:, :1], model(eeg[:1], face[:1]).valence)


def test_rmmt_parameter_count_by_hand():
    def tcn(n_in):
        def conv(n):
            return 128 * 3 * n + 128 + 128  # weight direction, weight norm, bias

        shortcut = (n_in + 1) * 128 if n_in != 128 else 0
        return conv(n_in) + 3 * conv(128) + 4 + shortcut + 2  # and six PReLU slopes

    block = 3 * 128 * 128 + 2 * 128 + (128 * 512 + 512) + (512 * 128 + 128)
    assert n_parameters(build("RMMT", 192, 512)) == tcn(192) + tcn(512) + 2 * block + 257


def test_unknown_names_and_options_are_refused():
    with pytest.raises(ValueError, match="no model 'RMTM'; there are RMMT"):
        build("RMTM", E, F)
    with pytest.raises(TypeError, match="layer"):
        build("RMMT", E, F, layer=2)
    with pytest.raises(ValueError, match="attention='tanh'"):
        CrossModalBlock(8, attention="tanh")
