"""Figures of paper 4 drawn anew, two of them in ``drawings.yaml``: boxes and arrows whose sizes are
read from built networks. Coordinates are inches."""

from collections.abc import Sequence
from itertools import accumulate, groupby

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from lib.models.face_attention import FaceAttention
from lib.plots.sheet import Sheet, drawing


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
    trunk, head, (_, channels, side) = model.backbone.trunk, model.classifier, backbone[-1]
    frozen = sum(x.numel() for name, x in trunk.state_dict().items() if "num_batches" not in name)
    return drawing(__file__, "face_flow", size=model.backbone.size, channels=channels, side=side,
                   patches=patches[-1][2]**2, width=patches[-1][1], inner=head.inner.out_features,
                   outer=head.outer.out_features, emotions="\n".join(emotions), frozen=frozen,
                   trained=sum(x.numel() for x in head.parameters()))


def setup() -> Figure:
    """Figure 4, the set-up: a person watches clips, a camera and a headset record, both are cut
    into the same 3 s and decided on together."""
    return drawing(__file__, "setup")


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
