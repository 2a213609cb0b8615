"""EEG-ITNet, a small network on the signal itself: the stronger of the two models that paper 4
compares with (Sec 5.3, Table 3).

References
----------
Thanh, Thinh (2025). Combination of facial expressions and EEG for multimodal emotion recognition.
VNU J. Sci. Comput. Sci. Commun. Eng. doi:10.25073/2588-1086/vnucsce.4566 ("the paper").
Salami, Andreu-Perez, Gillmeister (2022). EEG-ITNet: an explainable inception temporal convolutional
network for motor imagery classification. IEEE Access 10. doi:10.1109/ACCESS.2022.3161489 (the
paper's reference [16]).
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import pad
from torch.nn.utils.parametrize import register_parametrization

BRANCHES = ((2, 16), (4, 32), (8, 64))  # filters, and samples of each
KERNEL, DILATIONS = 4, (1, 2, 4, 8)  # steps, of the temporal blocks
DROPOUT = 0.4


class MaxNorm(nn.Module):
    """Keep the norm of each output's weights at or below ``limit``, as a parametrisation of a
    weight ``(n_out, ...)``."""
    def __init__(self, limit: float):
        super().__init__()
        self.limit = limit

    def forward(self, weight: Tensor) -> Tensor:
        """The weight, rescaled where its norm is above the limit."""
        return weight.renorm(2, 0, self.limit)


def _limited(layer: nn.Module, limit: float) -> nn.Module:
    return register_parametrization(layer, "weight", MaxNorm(limit))


class _Branch(nn.Sequential):
    """Filters in time, then one spatial filter for each: ``(batch, 1, n_channels, n_times)`` to
    ``(batch, n_filters, 1, n_times)``."""
    def __init__(self, n_channels: int, n_filters: int, kernel: int):
        before = (kernel - 1) // 2
        spatial = nn.Conv2d(n_filters, n_filters, (n_channels, 1), groups=n_filters, bias=False)
        super().__init__(nn.ZeroPad2d((before, kernel - 1 - before, 0, 0)),
                         nn.Conv2d(1, n_filters, (1, kernel),
                                   bias=False), nn.BatchNorm2d(n_filters), _limited(spatial, 1.0),
                         nn.BatchNorm2d(n_filters), nn.ELU())


class _TemporalBlock(nn.Module):
    """Two dilated causal depthwise convolutions and a residual connection over ``(batch, width, 1,
    n_steps)``."""
    def __init__(self, width: int, dilation: int):
        super().__init__()
        self.reach = (KERNEL - 1) * dilation
        self.halves = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(width, width, (1, KERNEL), dilation=(1, dilation), groups=width,
                          bias=False), nn.BatchNorm2d(width), nn.ELU(), nn.Dropout(DROPOUT))
            for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        inner = x
        for half in self.halves:
            inner = half(pad(inner, (self.reach, 0)))
        return x + inner


class EEGITNet(nn.Module):
    """EEG segments to class scores.

    In order: branches of 2, 4 and 8 filters of 16, 32 and 64 samples, each filter followed by one
    spatial filter over all channels (norm at most 1); mean of 4 steps; four residual temporal
    blocks with dilation 1, 2, 4, 8; a 1x1 convolution; mean of 4 steps; one linear layer (norm of
    each class's weights at most 0.25). ELU and dropout throughout.

    ``assumed:`` all sizes are those of [16] and its code; the paper prints none.

    Parameters
    ----------
    n_channels, n_times : int
        Of a segment. Secs 4 and 5.4 of the paper: 28 and 600 (3 s at 200 Hz).
    n_classes : int

    Notes
    -----
    [16] made it for imagined movement; the paper calls it designed for emotion. The norms are
    limited in the forward pass; the code of [16] cuts the weights after each step of the optimiser.
    """
    def __init__(self, n_channels: int = 28, n_times: int = 600, n_classes: int = 4):
        super().__init__()
        width = sum(n_filters for n_filters, _ in BRANCHES)
        self.branches = nn.ModuleList(_Branch(n_channels, *sizes) for sizes in BRANCHES)
        self.pool = nn.Sequential(nn.AvgPool2d((1, 4)), nn.Dropout(DROPOUT))
        self.blocks = nn.Sequential(*(_TemporalBlock(width, dilation) for dilation in DILATIONS))
        self.reduce = nn.Sequential(nn.Conv2d(width, width, 1), nn.BatchNorm2d(width), nn.ELU(),
                                    nn.AvgPool2d((1, 4)), nn.Dropout(DROPOUT))
        self.classifier = nn.Sequential(
            nn.Flatten(), _limited(nn.Linear(width * (n_times // 4 // 4), n_classes), 0.25))

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, n_channels, n_times)`` to logits ``(batch, n_classes)``."""
        x = torch.cat([branch(x[:, None]) for branch in self.branches], dim=1)
        return self.classifier(self.reduce(self.blocks(self.pool(x))))
