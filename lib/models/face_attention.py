"""The face network of paper 4: a truncated, frozen MobileNetV2, a patch extraction block, and a
classifier with self-attention.

::

    images (n, 112, 112, 3) -> MobileNetV2, features[:15] -> (n, 160, 4, 4)     frozen
      -> separable conv 4x4 -> (n, 256, 4, 4) -> separable conv 2x2, stride 2 -> (n, 256, 2, 2) ->
      conv 1x1 -> four patches of 256 -> FC 32, ReLU, batch norm -> self-attention over the patches
      -> mean -> FC 4

References
----------
Thanh and Thinh (2025). Combination of facial expressions and EEG for multimodal emotion
recognition. VNU J. Science: CSCE. doi:10.25073/2588-1086/vnucsce.4566 ("the paper"). Ngwe, Lim,
Lee, Ong, Alqahtani (2024), PAtt-Lite, IEEE Access 12, its reference [11].
Sandler et al. (2018), MobileNetV2.

Notes
-----
What the paper (Sec 3) says: MobileNetV2 without its last 29 layers, the rest frozen; two depthwise
separable convolutions and one pointwise; four patches; two fully connected layers with dot-product
self-attention in between. What it leaves open:

- Dropping 29 of the 154 layers that Keras counts (without top) ends at the first bottleneck of 160
  channels, ``features[:15]`` here.
- choice: the first separable convolution has stride 1. With the strides of [11], 4 and then 2, a
  4x4 map has nothing left to convolve;
  from the 4x4x256 map on the block equals [11].
- assumed: 256 and 32 wide, ReLU, batch norm, dropout 0.1, from the code of [11].
- choice: attention goes over the four patches of a face. The code of [11] averages them first and
  so attends over the faces of a batch:
  what it says about a face depends on which others are in the batch. ``attention="batch"`` is there
  to show this fault, for nothing else.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from lib.models.backbones import PACKAGE, Backbone, mobilenet_v2

ATTENTION = ("patch", "feature", "batch", "none")
CUT = 15  # stem and 14 bottlenecks of 17; 697,792 weights and 18,752 running statistics
SIZE = 112  # pixels, Sec 3


def truncated_mobilenet(weights: str | Path | None = None, *, seed: int = 0) -> Backbone:
    """MobileNetV2 up to its first bottleneck of 160 channels: faces ``(n, height, width, 3)`` uint8
    to maps ``(n, 160, 4, 4)``.

    Frozen, always in evaluation mode. Parameters and errors as `lib.models.backbones.mobilenet_v2`;
    ``weights="random"`` says so in the name.
    """
    whole = mobilenet_v2(weights, size=SIZE, seed=seed)
    return Backbone(whole.trunk.features[:CUT], None, f"truncated {whole.name}", whole.fingerprint,
                    SIZE)


def weights_source(backbone: Backbone) -> dict[str, str]:
    """Where the weights of a truncated MobileNetV2 come from: ``name``, ``source``, and ``sha256``
    of the file or the seed."""
    random, source = backbone.name.endswith("(random weights)"), "a user's file"
    if random:
        source = "none: random"
    elif backbone.name.endswith("(ImageNet)"):
        source = f"torchvision's mobilenet_v2-b0353104.pth, shipped by {PACKAGE}"
    return {
        "name": backbone.name, "source": source,
        "seed" if random else "sha256": backbone.fingerprint.removeprefix("seed ")
    }


class PatchExtraction(nn.Module):
    """Maps ``(n, 160, 4, 4)`` to four patches ``(n, 4, 256)``: two depthwise separable convolutions
    and a pointwise one (Sec 3).

    As in Keras, the depthwise parts have no bias, and the padding that keeps the size adds one row
    above and two below. 176,384 weights.
    """
    def __init__(self, n_in: int = 160, width: int = 256):
        super().__init__()
        self.layers = nn.Sequential(nn.ZeroPad2d((1, 2, 1, 2)),
                                    nn.Conv2d(n_in, n_in, 4, groups=n_in, bias=False),
                                    nn.Conv2d(n_in, width, 1), nn.ReLU(),
                                    nn.Conv2d(width, width, 2, stride=2, groups=width, bias=False),
                                    nn.Conv2d(width, width, 1), nn.ReLU(),
                                    nn.Conv2d(width, width, 1), nn.ReLU())

    def forward(self, maps: Tensor) -> Tensor:
        """Patches in the order upper left, upper right, lower left, lower right."""
        return self.layers(maps).flatten(2).transpose(1, 2)


def attend(x: Tensor) -> tuple[Tensor, Tensor]:
    """Dot-product self-attention (paper, Sec 3): query, key and value are ``x (..., m, d)``.

    choice: divided by the root of d and without weights of its own, where PAtt-Lite multiplies by
    one learned number; so the shares start, and mostly stay, nearly even.

    Returns what was attended to, like ``x``, and the attention ``(..., m, m)``, whose rows are
    positive and sum to one.
    """
    attention = (x @ x.mT / x.shape[-1]**0.5).softmax(dim=-1)
    return attention @ x, attention


class PatchAttention(nn.Module):
    """What is trained: patch extraction and classifier, maps ``(n, 160, 4, 4)`` to logits ``(n,
    n_classes)``.

    Parameters
    ----------
    attention : {"patch", "feature", "batch", "none"}
        Over what the attention goes. ``patch``: the four patches of a face, each of 32 features.
        ``feature``: the 32 features of a face, each a vector of its values on the four patches;
        this is nearer to the paper's words ("the importance of each feature"). ``batch``: the faces
        of a batch, each averaged over its patches; the published fault. ``none``: over nothing, the
        mean of the patches; attention has no weights of its own, so the network is as large.
    n_classes, hidden : int
    dropout : float
    """
    def __init__(self, attention: str = "patch", n_classes: int = 4, hidden: int = 32,
                 dropout: float = 0.1):
        super().__init__()
        if attention not in ATTENTION:
            raise ValueError(f"attention {attention!r}: expected one of {', '.join(ATTENTION)}")
        self.attention = attention
        self.patches, self.dropout = PatchExtraction(), nn.Dropout(dropout)
        self.inner, self.norm = nn.Linear(256, hidden), nn.BatchNorm1d(hidden)
        self.outer = nn.Linear(hidden, n_classes)

    def features(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """Attended features ``(n, hidden)``, and the attention: ``(n, 4, 4)``, ``(n, hidden,
        hidden)`` or, over a batch, ``(n, n)``."""
        x = self.patches(maps)
        x = x.mean(dim=1, keepdim=True) if self.attention == "batch" else x
        x = relu(self.inner(self.dropout(x)))
        x = self.norm(x.flatten(0, 1)).unflatten(0, x.shape[:2])
        if self.attention == "batch":
            return attend(x[:, 0])
        if self.attention == "none":
            return x.mean(dim=1), x.new_full((len(x), 4, 4), 0.25)
        feature = self.attention == "feature"
        x, weights = attend(x.mT if feature else x)
        return x.mean(dim=2 if feature else 1), weights

    def forward(self, maps: Tensor) -> Tensor:
        """Logits ``(n, n_classes)`` of maps ``(n, 160, 4, 4)``."""
        return self.outer(self.features(maps)[0])


class FaceAttention(nn.Module):
    """The whole network: faces ``(n, height, width, 3)`` uint8, RGB, to logits ``(n, 4)``.

    Parameters
    ----------
    weights : path-like, None or "random"
        Of the backbone, see `truncated_mobilenet`.
    attention : str
        See `PatchAttention`.
    seed : int
        Of random backbone weights.
    """
    def __init__(self, weights: str | Path | None = None, attention: str = "patch", seed: int = 0):
        super().__init__()
        self.backbone = truncated_mobilenet(weights, seed=seed)
        self.classifier = PatchAttention(attention)

    @property
    def name(self) -> str:
        """What figures say."""
        return f"patch attention on {self.backbone.name}"

    def forward(self, faces: np.ndarray | Tensor) -> Tensor:
        """Logits ``(n, 4)``."""
        return self.classifier(self.backbone(faces).to(self.classifier.outer.weight.device))

    @torch.no_grad()
    def predict(self, faces: np.ndarray | Tensor) -> np.ndarray:
        """Probability of each class ``(n, 4)``, with the network in evaluation mode."""
        return self.eval()(faces).softmax(dim=-1).cpu().numpy()
