"""The networks of paper 2 against the printed sizes, PyTorch's own layers and hand-counted
parameters."""

import pytest
import torch
from torch import nn

from lib.models.physio_transformer import (ECG, EEG, EncoderLayer, FusionHead, PhysioTransformer,
                                           Recogniser, positions)

SMALL = {
    "in_channels": 3, "channels": (8, 16), "kernels": (9, 5), "strides": (4, 2), "layers": 2,
    "feedforward": 32, "mask_hidden": 16
}


def count(*modules) -> int:
    return sum(p.numel() for module in modules for p in module.parameters())


@pytest.fixture
def small():
    torch.manual_seed(0)
    return PhysioTransformer(**SMALL).eval()


@pytest.mark.parametrize(("config", "cnn"), [(EEG, 869_440), (ECG, 832_000)])
def test_published_sizes(config, cnn):
    net = PhysioTransformer(**config["model"])
    assert count(net.cnn) == cnn
    assert count(net.layers) == 1_579_520
    assert count(PhysioTransformer(**config["model"], feedforward=256).layers) == 791_552
    n = config["model"]["in_channels"]
    assert count(net.mask_head) == 256 * 128 + 128 + 128 * n + n
    assert count(FusionHead(64 + 512)) == 576 * 64 + 64 + 64 * 32 + 32 + 32 + 1


def test_ten_seconds_are_1281_tokens_and_one_output_per_point():
    net, x = PhysioTransformer(**EEG["model"]).eval(), torch.randn(1, 10, 1280)
    with torch.no_grad():
        assert net.embed(x).shape == (1, 1281, 256)
        cls, tokens = net.encode(x)
        assert cls.shape == (1, 256) and tokens.shape == (1, 1280, 256)
        assert net.reconstruct(x).shape == x.shape
        assert net.cls_attention(x).shape == (1, 2, 1280)


def test_receptive_field_is_113_points():
    cnn, x = PhysioTransformer(**EEG["model"]).cnn, torch.randn(1, 10, 300, requires_grad=True)
    cnn(x)[0, :, 150].sum().backward()
    reached = x.grad.abs().sum(dim=(0, 1)).nonzero().flatten()
    assert (int(reached[0]), int(reached[-1]), len(reached)) == (150 - 56, 150 + 56, 113)


def test_encoder_layer_is_torchs():
    ours, peer = EncoderLayer(16, 2, 32,
                              0.1).eval(), nn.TransformerEncoderLayer(16, 2, 32,
                                                                      batch_first=True).eval()
    attention = peer.self_attn
    pairs = [(attention.out_proj, ours.out), (peer.linear1, ours.feed_forward[0]),
             (peer.linear2, ours.feed_forward[2]), (peer.norm1, ours.norm_attention),
             (peer.norm2, ours.norm_feed_forward)]
    with torch.no_grad():
        for theirs, own in pairs:
            own.load_state_dict(theirs.state_dict())
        attention.in_proj_bias.normal_()
        ours.query.weight.copy_(attention.in_proj_weight[:16])
        ours.query.bias.copy_(attention.in_proj_bias[:16])
        ours.key_value.weight.copy_(attention.in_proj_weight[16:])
        ours.key_value.bias.copy_(attention.in_proj_bias[16:])
        x = torch.randn(3, 20, 16)
        torch.testing.assert_close(ours(x), peer(x), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(ours(x, n=1), peer(x)[:, :1], rtol=1e-5, atol=1e-5)
        weights = attention(x, x, x, average_attn_weights=False)[1]
        torch.testing.assert_close(ours.attention(x), weights)


def test_positions_are_those_of_vaswani():
    code = positions(50, 8)
    assert torch.equal(code[0], torch.tensor([0.0, 1.0] * 4))
    torch.testing.assert_close(
        code[7, 2:4],
        torch.tensor([7 / 10]).sin().repeat(2) * torch.tensor([1, 0]) +
        torch.tensor([0, 0.7]).cos() * torch.tensor([0, 1]))
    torch.testing.assert_close(code.square().sum(1), torch.full((50,), 4.0))


def test_cls_alone_is_the_cls_of_encode(small):
    x = torch.randn(4, 3, 64)
    torch.testing.assert_close(small.cls(x), small.encode(x)[0], rtol=1e-5, atol=1e-5)


def test_cls_attention_is_what_the_last_layer_uses(small):
    x = torch.randn(2, 3, 64)
    before = small._before_last(x)
    weights = small.layers[-1].attention(before)[:, :, 0]
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 2))
    torch.testing.assert_close(small.cls_attention(x), weights[..., 1:])
    assert small.cls_attention(x).shape == (2, 2, 8)


def test_a_tokens_outputs_are_folded_back_to_its_own_points(small):
    last = small.mask_head[-1]
    with torch.no_grad():
        last.weight.zero_()
        last.bias.copy_(torch.arange(24.0))
        # 61 is no multiple of the 8 points of a token
        out = small.reconstruct(torch.randn(1, 3, 61))[0]
    assert torch.equal(out, torch.stack([8 * c + torch.arange(61.0) % 8 for c in range(3)]))


def test_order_in_time_reaches_cls(small):
    x = torch.randn(1, 3, 64)
    assert not torch.allclose(small.cls(x), small.cls(x.roll(32, dims=-1)), atol=1e-3)


def test_the_logit_is_the_output_layer_on_the_last_hidden_layer(small):
    net, x = Recogniser(small, hidden=(12, 5), dropout=0.6).eval(), torch.randn(4, 3, 64)
    hidden = net.last_hidden(x)
    assert hidden.shape == (4, 5) and (hidden >= 0).all()
    torch.testing.assert_close(net(x), net.head.output(hidden).squeeze(-1))
    assert net(x).shape == (4,)
    net.train()(x).sum().backward()
    trained = {
        name.split(".")[0] for name, p in net.encoder.named_parameters() if p.grad is not None
    }
    assert trained == {"cnn", "cls_token", "layers"}  # all but the head that predicts masked points
