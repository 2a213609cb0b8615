"""The face network: sizes, the right backbone, what attends to what, and that no face depends on
its batch mates."""

from __future__ import annotations

import hashlib

import cv2
import matplotlib
import numpy as np
import pytest
import torch
from torch import nn

from lib.models import backbones
from lib.models.face_attention import (CUT, FaceAttention, PatchAttention, PatchExtraction, attend,
                                       truncated_mobilenet, weights_source)

RNG = np.random.default_rng(0)
FACES = RNG.integers(0, 255, (6, 100, 100, 3), dtype=np.uint8)
MAPS = torch.from_numpy(RNG.normal(size=(6, 160, 4, 4)).astype(np.float32))


@pytest.fixture(scope="module")
def net():
    return FaceAttention()


def settled(attention: str) -> PatchAttention:
    """A head in evaluation mode whose batch normalisation has seen data."""
    torch.manual_seed(0)
    head = PatchAttention(attention)
    for _ in range(20):
        head(MAPS + torch.randn_like(MAPS))
    return head.eval()


def test_sizes(net):
    trunk = net.backbone.trunk
    assert sum(p.numel() for p in trunk.parameters()) == 697_792
    assert sum(b.numel() for name, b in trunk.named_buffers() if "running" in name) == 18_752
    assert sum(p.numel() for p in PatchExtraction().parameters()) == 176_384
    trained = sum(p.numel() for p in net.parameters() if p.requires_grad)
    assert trained == sum(
        p.numel()
        for p in PatchAttention().parameters()) == 176_384 + 256 * 32 + 32 + 64 + 32 * 4 + 4
    assert net.backbone(FACES).shape == (6, 160, 4,
                                         4) and net(FACES).shape == (6, 4) and len(trunk) == CUT
    block = net.classifier.patches
    assert block.layers[:4](MAPS).shape == (6, 256, 4, 4) and block(MAPS).shape == (6, 4, 256)


def test_backbone_is_torchvisions_with_its_own_weights(net):
    file = backbones._shipped()
    reference = backbones.MODELS.mobilenet_v2()
    reference.load_state_dict(torch.load(file, weights_only=True))
    image = cv2.imread(f"{matplotlib.get_data_path()}/sample_data/grace_hopper.jpg")[
        60:172, 150:262, ::-1].copy()[None]
    scaled = (torch.from_numpy(image).permute(0, 3, 1, 2) / 255 - torch.tensor(
        (0.485, 0.456, 0.406)).view(3, 1, 1))
    scaled = scaled / torch.tensor((0.229, 0.224, 0.225)).view(3, 1, 1)
    with torch.no_grad():
        torch.testing.assert_close(net.backbone(image),
                                   reference.eval().features[:15](scaled), rtol=1e-4, atol=1e-4)
    with open(file, "rb") as handle:
        assert weights_source(net.backbone)["sha256"] == hashlib.file_digest(handle,
                                                                             "sha256").hexdigest()
    assert "mobilenet_v2-b0353104.pth" in weights_source(net.backbone)["source"]
    assert net.name == "patch attention on truncated MobileNetV2 (ImageNet)"


def test_random_weights_say_so():
    net = FaceAttention("random", seed=7)
    assert "random weights" in net.name
    assert weights_source(net.backbone) == {
        "name": "truncated MobileNetV2 (random weights)", "source": "none: random", "seed": "7"
    }
    assert 0.01 < net.backbone(FACES[:2]).std() < 100


def test_a_users_file_says_so(tmp_path):
    file = tmp_path / "mine.pth"
    torch.save(torch.load(backbones._shipped(), weights_only=True), file)
    source = weights_source(truncated_mobilenet(file))
    assert source["source"] == "a user's file" and "mine" in source["name"] and len(
        source["sha256"]) == 64


def test_backbone_stays_frozen_and_in_evaluation_mode(net):
    before = {name: value.clone() for name, value in net.backbone.state_dict().items()}
    net.train()
    net(FACES).sum().backward()
    assert net.classifier.training and not any(module.training for module in net.backbone.modules())
    assert all(p.grad is None
               for p in net.backbone.parameters()) and all(p.grad is not None
                                                           for p in net.classifier.parameters())
    assert all(
        torch.equal(value, before[name]) for name, value in net.backbone.state_dict().items())
    p = net.predict(FACES)
    assert p.shape == (6, 4) and p.dtype == np.float32 and not net.training
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)


def test_patches_are_quarters_of_the_map():
    """With 1x1 in place of 4x4 each patch sees its own quarter."""
    block = PatchExtraction()
    block.layers[0], block.layers[1] = nn.Identity(), nn.Identity()
    rest = block(MAPS)
    for patch, (row, column) in enumerate(((0, 0), (0, 2), (2, 0), (2, 2))):
        touched = MAPS.clone()
        touched[:, :, row:row + 2, column:column + 2] += 1
        changed = (block(touched) != rest).any(dim=2)
        assert changed[:, patch].all() and changed.sum() == len(MAPS)


def test_attention_is_that_of_torch():
    x = torch.randn(3, 4, 8)
    out, weights = attend(x)
    torch.testing.assert_close(out, nn.functional.scaled_dot_product_attention(x, x, x))
    assert (weights > 0).all() and weights.shape == (3, 4, 4)
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(3, 4))


@pytest.mark.parametrize(("attention", "shape"), [("patch", (6, 4, 4)), ("feature", (6, 32, 32)),
                                                  ("batch", (6, 6))])
def test_what_attends_to_what(attention, shape):
    hidden, weights = settled(attention).features(MAPS)
    assert hidden.shape == (6, 32) and weights.shape == shape
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(shape[:-1]))


@pytest.mark.parametrize("attention", ["patch", "feature"])
def test_batch_mates_do_not_change_a_face(attention):
    head = settled(attention)
    together = head(MAPS)
    for mates in (MAPS[:1], torch.cat([MAPS[:1],
                                       5 * torch.randn(9, 160, 4, 4)]), MAPS.flip(0)[[5, 0]]):
        torch.testing.assert_close(head(mates)[0], together[0], rtol=1e-5, atol=1e-5)


def test_attention_over_the_batch_depends_on_it():
    """The published fault: what is said about the first face changes with the others."""
    head = settled("batch")
    together = head(MAPS)
    # a hundred times the tolerance above
    assert (head(MAPS[:1])[0] - together[0]).abs().max() > 1e-3
    order = [0, 5, 4, 3, 2, 1]
    # on which, not on where
    torch.testing.assert_close(head(MAPS[order]), together[order], rtol=1e-5, atol=1e-5)


def test_the_whole_network_judges_each_face_alone(net):
    net.eval()
    torch.testing.assert_close(
        net(FACES[:1])[0],
        net(np.concatenate([FACES[:1], 255 - FACES]))[0], rtol=1e-3, atol=1e-4)


def test_unknown_attention():
    with pytest.raises(ValueError,
                       match="attention 'channel': expected one of patch, feature, batch"):
        PatchAttention("channel")


def test_without_attention_the_mean_of_the_patches_counts():
    head = settled("none")
    x = torch.relu(head.inner(head.patches(MAPS)))
    x = head.norm(x.flatten(0, 1)).unflatten(0, (6, 4)).mean(dim=1)
    assert torch.allclose(head(MAPS), head.outer(x), atol=1e-5)
    assert (head.features(MAPS)[1] == 0.25).all()
