"""SST-EmotionNet, a dense 3D network on scalp maps: the weaker of the two models that paper 4
compares with (Sec 5.3, Table 3).

References
----------
Thanh, Thinh (2025). Combination of facial expressions and EEG for multimodal emotion recognition.
VNU J. Sci. Comput. Sci. Commun. Eng. doi:10.25073/2588-1086/vnucsce.4566 ("the paper").
Jia, Lin, Cai, Chen, Gou, Wang (2020). SST-EmotionNet: spatial-spectral-temporal based attention 3D
dense network for EEG emotion recognition. ACM Multimedia. doi:10.1145/3394171.3413724 (the paper's
reference [17]).
"""

import torch
from torch import Tensor, nn

VARIANTS = ("authors", "torcheeg")
_EPS = 1.1e-5  # of all batch norms


def _norm(n: int) -> list[nn.Module]:
    return [nn.BatchNorm3d(n, eps=_EPS), nn.ReLU()]


def _conv(n_in: int, n_out: int, *kernel: int) -> nn.Conv3d:
    """Convolution without bias over (maps, height, width) that keeps the size."""
    return nn.Conv3d(n_in, n_out, kernel, padding=tuple(k // 2 for k in kernel), bias=False)


class _Layer(nn.Sequential):
    """One layer of a dense block: its output is put beside its input ``(batch, n, maps, height,
    width)``."""
    def __init__(self, n_in: int, growth: int, extra: bool):
        between = [_conv(growth, growth, 1, 1, 1)] if extra else []
        super().__init__(*_norm(n_in), _conv(n_in, 4 * growth, 1, 1, 1), *_norm(4 * growth),
                         _conv(4 * growth, growth, 1, 3, 3), *between,
                         _conv(growth, growth, 3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, super().forward(x)], dim=1)


class _Attention(nn.Module):
    """Weigh every place, and every map, by a sigmoid of the mean over all else."""
    def __init__(self, n_maps: int, side: int):
        super().__init__()
        self.place, self.map = nn.Linear(side**2, side**2), nn.Linear(n_maps, n_maps)

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean(dim=1, keepdim=True)
        place = self.place(mean.mean(dim=2).flatten(1)).sigmoid().view(len(x), 1, 1, *x.shape[3:])
        maps = self.map(mean.mean(dim=(3, 4)).flatten(1)).sigmoid().view(len(x), 1, -1, 1, 1)
        return x * place * maps


class _Stream(nn.Sequential):
    """Dense network over ``(batch, maps, side, side)``: three dense blocks, with a transition that
    halves all sizes between them.

    ``temporal``: a larger first convolution that halves the maps in space, a pooling, and
    transitions that keep all features.
    """
    def __init__(self, n_maps: int, side: int, depth: int, growth: int, temporal: bool,
                 variant: str):
        authors, n = variant == "authors", 2 * growth
        layers: list[nn.Module] = [nn.Unflatten(1, (1, n_maps))]
        if temporal:
            pads = (1, 2) if authors and side % 2 == 0 else (2, 2)  # Keras puts the odd one behind
            layers += [
                nn.ConstantPad3d((*pads, *pads, 1, 1), 0.0),
                nn.Conv3d(1, n, (3, 5, 5), (1, 2, 2), bias=False), *_norm(n),
                nn.MaxPool3d(2, ceil_mode=True) if authors else nn.MaxPool3d(2, padding=(1, 0, 0))
            ]
            n_maps, side = (n_maps + 1) // 2 if authors else n_maps // 2 + 1, (side + 1) // 2 // 2
        else:
            layers.append(_conv(1, n, 1, 3, 3))
        for block in range(3):
            if not authors or block:
                layers.append(_Attention(n_maps, side))
            for _ in range((depth - 4) // 3 // 2):
                layers.append(_Layer(n, growth, extra=not authors))
                n += growth
            if block < 2:
                kept = n if temporal else n // 2
                layers += [*_norm(n), _conv(n, kept, 1, 1, 1), nn.AvgPool3d(2)]
                n, n_maps, side = kept, n_maps // 2, side // 2
                if not n_maps or not side:
                    raise ValueError(
                        "too few or too small maps: the poolings leave nothing; use a side of 16 "
                        "and 4 maps, or more")
        super().__init__(*layers, *_norm(n), nn.AdaptiveAvgPool3d(1), nn.Flatten())
        self.n_out = n


class SSTEmotionNet(nn.Module):
    """Spectral and temporal scalp maps to class scores.

    In order: a stream over the spectral maps and one over the temporal maps, each a 3D dense
    network with attention over places and over maps; their means over all places and maps, side by
    side; two linear layers with nothing but dropout between them.

    ``assumed:`` all sizes are those of the authors' configuration for SEED; the paper prints none.

    Parameters
    ----------
    n_spectral, n_temporal : int
        Number of maps. [17]: differential entropy in 5 bands, 25 points in time. At least 4
        spectral maps: two poolings halve them. The three bands of the paper cannot be used.
    side : int
        Of the maps, at least 16. [17]: 32. ``choice:`` 16, which costs a quarter.
    n_classes : int
    depths, growths : (int, int)
        Of the spectral and the temporal stream; a dense block has ``(depth - 4) // 6`` layers.
    hidden : int
    variant : {"authors", "torcheeg"}
        ``authors``: attention after each transition, dropout of 0.5 before the last layer.
        ``torcheeg``, a later port to which agreement is tested: attention before each dense block,
        one more 1x1x1 convolution in each layer, no dropout.

    Notes
    -----
    In the authors' code each stream has two first convolutions, but the second one reads the input
    again and replaces the first, so one counts. The authors initialise with He's normal
    distribution, and so does that variant here.
    """
    def __init__(self, n_spectral: int = 5, n_temporal: int = 25, side: int = 16,
                 n_classes: int = 4, depths: tuple[int, int] = (16, 22),
                 growths: tuple[int, int] = (12, 24), hidden: int = 50, variant: str = "authors"):
        if variant not in VARIANTS:
            raise ValueError(f"variant is {' or '.join(map(repr, VARIANTS))}, not {variant!r}")
        super().__init__()
        self.spectral = _Stream(n_spectral, side, depths[0], growths[0], False, variant)
        self.temporal = _Stream(n_temporal, side, depths[1], growths[1], True, variant)
        p = 0.5 if variant == "authors" else 0.0
        self.head = nn.Sequential(nn.Linear(self.spectral.n_out + self.temporal.n_out, hidden),
                                  nn.Dropout(p), nn.Linear(hidden, n_classes))
        if variant == "authors":
            for layer in self.modules():
                if isinstance(layer, nn.Conv3d):
                    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")

    def forward(self, spectral: Tensor, temporal: Tensor) -> Tensor:
        """``(batch, n_spectral, side, side)`` and ``(batch, n_temporal, side, side)`` to logits
        ``(batch, n_classes)``."""
        return self.head(torch.cat([self.spectral(spectral), self.temporal(temporal)], dim=1))
