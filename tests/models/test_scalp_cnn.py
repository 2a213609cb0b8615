"""The network on scalp maps, and InceptionV3 behind it."""

from __future__ import annotations

import pytest
import torch

from lib.models.inception import inception_v3, spectrogram_backbone
from lib.models.scalp_cnn import ScalpCNN


def test_as_many_parameters_as_the_drawing_says():
    net = ScalpCNN()
    expected = 9 * 2048 * 256 + 256 + 4 * 256 * 128 + 128 + 128 * 64 + 64
    expected += 384 * 128 + 128 + 128 * 4 + 4
    assert sum(p.numel() for p in net.parameters()) == expected == 4_908_100


def test_shapes_and_what_each_layer_sees():
    net = ScalpCNN(6, 4, widths=(5, 4, 3), hidden=8).eval()
    maps = torch.randn(2, 6, 7, 5)
    assert net(maps).shape == (2, 4)
    torch.testing.assert_close(net(maps)[:1], net(maps[:1]))
    seen = []
    for layer in net.convolutions:
        layer.register_forward_hook(lambda _, given, out: seen.append(tuple(out.shape[1:])))
    net(maps)
    assert seen == [(5, 7, 5), (5, 7, 5), (5, 8, 6), (4, 7, 5), (4, 7, 5), (3, 7, 5), (3, 7, 5),
                    (3, 3, 2), (18,)]


def test_dropout_only_while_training():
    net, maps = ScalpCNN(6, widths=(5, 4, 3), hidden=64), torch.randn(3, 6, 7, 5)
    assert not torch.equal(net(maps), net(maps))
    net.eval()
    assert torch.equal(net(maps), net(maps))


@pytest.fixture(scope="module")
def inception():
    """InceptionV3 with random weights."""
    return inception_v3("random", size=75)


def test_inception_gives_2048_features_with_weights_of_the_user(inception, tmp_path):
    images = torch.rand(2, 75, 75, 3) * 255
    features = inception(images)
    assert features.shape == (2,
                              2048) and inception.name == "InceptionV3 (random weights)" and float(
                                  features.min()) >= 0
    state = inception.trunk.state_dict() | {
        "fc.weight": torch.zeros(1000, 2048), "fc.bias": torch.zeros(1000),
        "AuxLogits.fc.weight": torch.zeros(1000, 768)
    }
    torch.save(state, tmp_path / "mine.pth")
    mine = spectrogram_backbone(tmp_path / "mine.pth", size=75)
    assert mine.name == f"InceptionV3 (weights mine, {mine.fingerprint[:8]})" and torch.allclose(
        mine(images), features, atol=1e-5)
    torch.save({"conv1.weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(ValueError, match=r"torchvision's keys of Inception3, found \d+ missing"):
        inception_v3(tmp_path / "other.pth")
    (tmp_path / "bad.pth").write_bytes(b"no weights")
    with pytest.raises(ValueError, match="a state dict of plain tensors"):
        inception_v3(tmp_path / "bad.pth")


def test_inception_sees_values_from_minus_one_to_one(inception):
    seen = []
    hook = inception.folded.Conv2d_1a_3x3.register_forward_pre_hook(
        lambda _, given: seen.append(given[0]))
    inception(torch.tensor([0.0, 255.0]).view(2, 1, 1, 1).expand(2, 75, 75, 3))
    hook.remove()
    torch.testing.assert_close(seen[0][:, :, 0, 0], torch.tensor([[-1.0] * 3, [1.0] * 3]))


def test_without_weights_the_name_says_what_stands_in():
    assert spectrogram_backbone(size=58).name == "MobileNetV2 (ImageNet)"
    with pytest.raises(ValueError, match="75 pixels or more"):
        inception_v3("random", size=58)
    with pytest.raises(FileNotFoundError, match="state dict of Inception3"):
        inception_v3("nowhere.pth")
