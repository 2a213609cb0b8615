"""Figures of paper 4 drawn anew: boxes and arrows whose sizes are read from built networks.
Coordinates are inches."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, groupby
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from lib.models.face_attention import FaceAttention
from lib.plots.sheet import Sheet


@torch.no_grad()
def stages(model: FaceAttention) -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]]:
    """Shapes in the built network.

    Returns
    -------
    backbone : list of tuple
        Blocks that follow one another with the same output: how many, channels, side of the map in
        pixels.
    patches : list of tuple
        The three convolutions of the patch extraction block: kernel, channels, side.
    """
    def through(layers: Sequence[nn.Module], x: Tensor) -> list[Tensor]:
        return list(accumulate(layers, lambda x, layer: layer(x), initial=x))[1:]

    size, layers = model.backbone.size, list(model.classifier.patches.layers)
    maps = through(list(model.backbone.trunk.children()), torch.zeros(1, 3, size, size))
    blocks = [(len(list(same)), *shape)
              for shape, same in groupby((x.shape[1], x.shape[-1]) for x in maps)]
    ends = [
        x for layer, x in zip(layers, through(layers, maps[-1]), strict=True)
        if isinstance(layer, nn.ReLU)
    ]
    kernels = [layer.kernel_size[0] for layer in layers if isinstance(layer, nn.Conv2d)]
    chosen = zip((*kernels[:4:2], kernels[-1]), ends, strict=True)
    return blocks, [(kernel, x.shape[1], x.shape[-1]) for kernel, x in chosen]


def face_flow(model: FaceAttention, emotions: Sequence[str]) -> Figure:
    """Figure 1: from a frame of video to an emotion."""
    backbone, patches = stages(model)
    sheet, y, size, head = Sheet(9.0, 1.9), 1.0, model.backbone.size, model.classifier
    width, count = patches[-1][1], patches[-1][2]**2
    _, channels, side = backbone[-1]
    sheet.frame(3.13, 0.25, 4.72, 1.5)
    small: dict[str, Any] = {"h": 0.75, "size": 8}
    sheet.flow(
        sheet.box(0.5, y, "frame\nof video", "face", w=0.75, h=0.75),
        sheet.box(1.6, y, "find the face\nHaar cascade\nor YuNet, YOLOv8", w=1.15, **small),
        sheet.box(2.67, y, f"crop\n{size} × {size}", "face", w=0.68, **small),
        sheet.box(3.82, y, f"MobileNetV2\nwithout its end\n{channels} × {side} × {side}", w=1.15,
                  **small),
        sheet.box(5.0, y, f"{count} patches\nof {width}", "face", w=0.8, n=3, **small),
        sheet.box(5.9, y, f"FC\n{head.inner.out_features}", "both", w=0.42, h=0.75),
        sheet.box(6.72, y, f"attention\nover {count}\npatches", "both", w=0.82, **small),
        sheet.box(7.52, y, f"FC\n{head.outer.out_features}", "both", w=0.42, h=0.75),
        sheet.box(8.47, y, "\n".join(emotions), "label", w=0.85, h=0.95, size=8), y=y)
    trunk = model.backbone.trunk
    frozen = sum(x.numel() for name, x in trunk.state_dict().items() if "num_batches" not in name)
    trained = sum(x.numel() for x in head.parameters())
    sheet.note(4.0, 0.4, f"frozen: {frozen:,} numbers")
    sheet.note(6.2, 0.4, f"trained: {trained:,} weights")
    return sheet.figure


def patch_block(model: FaceAttention, removed: int) -> Figure:
    """Figure 2: where the backbone is cut, and the patch extraction block on it; boxes are as high
    as the maps are large.

    Parameters
    ----------
    model : FaceAttention
        Its sizes are drawn.
    removed : int
        Layers that the paper removes, as Keras counts them.
    """
    backbone, patches = stages(model)
    sheet, x, y = Sheet(9.0, 3.3), 0.75, 2.35
    before = sheet.box(x, y, f"face\n3 ×\n{model.backbone.size}²", "face", w=0.62, h=1.3)
    for number, (count, channels, side) in enumerate(backbone):
        x += 0.98
        name = "stem" if not number else f"{count} bottleneck{'s' * (count > 1)}"
        box = sheet.box(x, y, f"{channels} ×\n{side}²", w=0.62, h=0.26 + 0.17 * np.log2(side),
                        n=count)
        sheet.note(x + 0.03, y - 0.78, name, size=7.5)
        sheet.flow(before, box, y=y)
        before = box
    sheet.arrow((x + 0.5, y - 0.9), (x + 0.5, y + 0.75), dashed=True, head=False)
    sheet.note(x + 0.57, y + 0.62, f"last {removed}\nlayers\nremoved", ha="left", size=7.5)
    low = 0.62
    start = sheet.box(0.55, low, f"{channels} ×\n{side}²", w=0.62, h=0.6)
    sheet.elbow((x, y - 0.9), (x, 1.27), (0.55, 1.27), start)
    names = ("separable conv", "separable conv", "conv")
    for at, name, (kernel, channels, after) in zip((1.9, 3.75, 5.6), names, patches, strict=True):
        text = f"{name} {kernel} × {kernel}\nstride {side // after}\n{channels} × {after}²"
        box = sheet.box(at, low, text, "face", w=1.35, h=0.75, size=8)
        sheet.arrow(start, box)
        start, side = box, after
    for k in range(side**2):
        small = sheet.box(7.15 + 0.55 * (k % side), low + 0.21 - 0.42 * (k // side), str(k + 1),
                          "both", w=0.5, h=0.37)
    sheet.arrow(start, (small.x - 0.8, low))
    sheet.note(8.05, low, f"{side**2} patches\nof {channels} values", ha="left")
    return sheet.figure
