"""SST-EmotionNet: sizes of both variants, gates, messages, and agreement with torcheeg where that
is installed."""

import pytest
import torch
from torch import nn

from lib.models.rmmt import n_parameters
from lib.models.sst_emotionnet import VARIANTS, SSTEmotionNet, _Attention

SMALL = {"depths": (10, 10), "growths": (6, 6), "hidden": 16}


@pytest.mark.parametrize(("side", "n"), [(32, 1_579_284), (16, 525_798)])
def test_number_of_parameters_is_that_of_torcheeg(side, n):
    assert n_parameters(SSTEmotionNet(side=side, variant="torcheeg")) == n


def test_the_variants_differ_by_two_gates_and_an_extra_convolution():
    sizes = {variant: n_parameters(SSTEmotionNet(variant=variant)) for variant in VARIANTS}
    extra = 3 * (2 * 12**2 + 3 * 24**2)  # 1x1x1, in 3 blocks of 2 and of 3 layers
    gates = 256 * 257 + 5 * 6  # before the first block: spectral maps of 16 x 16, five of them
    gates += 4**2 * 17 + 13 * 14  # temporal: 4 x 4, 13 of them
    assert sizes["torcheeg"] - sizes["authors"] == extra + gates


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(
    "settings",
    [SMALL, {"side": 32, **SMALL}, {"n_spectral": 4, "n_temporal": 12, "n_classes": 3, **SMALL}])
def test_shapes(variant, settings):
    net = SSTEmotionNet(variant=variant, **settings)
    side = settings.get("side", 16)
    inputs = torch.randn(2, settings.get("n_spectral", 5), side,
                         side), torch.randn(2, settings.get("n_temporal", 25), side, side)
    out = net(*inputs)
    assert out.shape == (2, settings.get("n_classes", 4))
    out.logsumexp(1).sum().backward()
    assert all(p.grad is not None for p in net.parameters())


def test_attention_weighs_places_and_maps_by_sigmoids():
    gate, x = _Attention(3, 2), torch.randn(2, 5, 3, 2, 2)
    mean = x.mean(1)
    place = (mean.mean(1).reshape(2, 4) @ gate.place.weight.T + gate.place.bias).sigmoid().reshape(
        2, 2, 2)
    maps = (mean.mean((2, 3)) @ gate.map.weight.T + gate.map.bias).sigmoid()
    torch.testing.assert_close(gate(x), torch.einsum("bnmhw,bhw,bm->bnmhw", x, place, maps))


def test_authors_pad_as_keras_does():
    net = SSTEmotionNet(**SMALL).temporal
    x = torch.zeros(1, 25, 16, 16)
    x[0, 24, 15, 15] = 1.0
    with torch.no_grad():
        first = net[2](net[1](net[0](x)))
    assert first.shape[2:] == (25, 8, 8)
    weight = net[2].weight[:, 0]
    # kernel 5, stride 2, 16 places: one place of padding in front and two behind, so output 7
    # starts at place 13
    torch.testing.assert_close(first[0, :, 24, 7, 7], weight[:, 1, 2, 2])
    assert nn.Sequential(*list(net)[:6])(x).shape[2:] == (13, 4, 4)


def test_bad_input_is_named():
    for settings in ({"n_spectral": 3}, {"side": 8}):
        with pytest.raises(ValueError, match="a side of 16 and 4 maps, or more"):
            SSTEmotionNet(**settings)
    with pytest.raises(ValueError, match="'authors' or 'torcheeg', not 'keras'"):
        SSTEmotionNet(variant="keras")


def test_agrees_with_torcheeg():
    models = pytest.importorskip("torcheeg.models")
    theirs = models.SSTEmotionNet(grid_size=(16, 16), num_classes=4)
    ours = SSTEmotionNet(variant="torcheeg")
    with torch.no_grad():
        for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
            # maps stand before the places here, and after them there
            p.copy_(q.permute(0, 1, 4, 2, 3) if q.ndim == 5 else q)
    spectral, temporal = torch.randn(3, 5, 16, 16), torch.randn(3, 25, 16, 16)
    torch.testing.assert_close(ours(spectral, temporal),
                               theirs(torch.cat([spectral, temporal], dim=1)), rtol=1e-3, atol=1e-4)
