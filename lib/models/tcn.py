"""The convolutions of paper 1 and the models made of them alone, that RMMT is compared with.

References as in :mod:`lib.models.rmmt`.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, linear, pad
from torch.nn.utils.parametrizations import weight_norm


class Output(NamedTuple):
    """What a network returns.

    Attributes
    ----------
    valence : Tensor
        ``(n_heads, batch, n_times)``; one head, except two (face, EEG) for decision fusion.
    face, eeg : Tensor or None
        ``X_F`` and ``X_E`` ``(batch, n_times, width)``, the spatiotemporal features that the KD
        loss compares.
    """

    valence: Tensor
    face: Tensor | None = None
    eeg: Tensor | None = None


class CausalConv(nn.Module):
    """Dilated causal convolution over ``(batch, n_times, n_in)``, written as one matrix product.

    Equal to ``nn.Conv1d`` on the left-padded sequence (tested); as a matrix product it is faster in
    bfloat16 on a CPU.
    """
    def __init__(self, n_in: int, n_out: int, kernel: int, dilation: int):
        super().__init__()
        self.kernel, self.dilation = kernel, dilation
        # [32]: N(0, 0.01)
        self.weight = nn.Parameter(torch.empty(n_out, kernel * n_in).normal_(0, 0.01))
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, n_times, n_in)`` to ``(batch, n_times, n_out)``; step t sees steps up to t."""
        reach, n_times = (self.kernel - 1) * self.dilation, x.shape[1]
        x = pad(x, (0, 0, reach, 0))
        taps = [x[:, k * self.dilation:k * self.dilation + n_times] for k in range(self.kernel)]
        return linear(torch.cat(taps, dim=-1), self.weight, self.bias)


class _SlopedReLU(torch.autograd.Function):
    """Leaky ReLU whose slope is learnt, in fewer passes over the array than its formula."""
    @staticmethod
    def forward(ctx, x: Tensor, slope: Tensor) -> Tensor:
        ctx.save_for_backward(x, slope)
        return leaky_relu(x, float(slope))

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, Tensor]:
        x, slope = ctx.saved_tensors
        of_x = torch.ops.aten.leaky_relu_backward(grad, x, float(slope), False)
        return of_x, (grad * x.clamp(max=0)).sum(dtype=slope.dtype)


class PReLU(nn.Module):
    """``nn.PReLU`` with one slope (equality is tested), twice to three times as fast on a CPU."""
    def __init__(self):
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(0.25))

    def forward(self, x: Tensor) -> Tensor:
        return _SlopedReLU.apply(x, self.slope)


class FeatureDropout(nn.Module):
    """Dropout of whole features over the window: one draw per (batch, feature), as the TCN of Bai
    et al. (2018) does."""
    def __init__(self, p: float):
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self.p:
            return x
        keep = torch.empty(x.shape[0], 1, x.shape[2], dtype=torch.float32,
                           device=x.device).bernoulli_(1 - self.p)
        return x * (keep / (1 - self.p)).to(x.dtype)


class TCN(nn.Module):
    """Temporal convolutional network, the temporal feature extractor of both modalities (paper, Sec
    3.1).

    ``assumed:`` widths ``[128, 128]``, kernel 3, dropout 0.1, dilation ``2^i``, two weight-normed
    convolutions with PReLU per block and a 1x1 residual, all from the code of [32]; the paper names
    a TCN and no sizes. ``choice:`` whole features are dropped, where that code drops single values;
    the residual starts as torch does. The receptive field of the default is 13 steps (3.25 s).

    Parameters
    ----------
    n_in : int
        Features per time step.
    widths : sequence of int
        Output width of each block.
    kernel : int
    dropout : float
    """
    def __init__(self, n_in: int, widths=(128, 128), kernel: int = 3, dropout: float = 0.1):
        super().__init__()
        self.blocks, self.shortcuts = nn.ModuleList(), nn.ModuleList()
        for i, n_out in enumerate(widths):
            layers: list[nn.Module] = []
            for n in (n_in, n_out):
                conv = weight_norm(CausalConv(n, n_out, kernel, dilation=2**i), dim=0)
                layers += [conv, PReLU(), FeatureDropout(dropout)]
            self.blocks.append(nn.Sequential(*layers))
            self.shortcuts.append(nn.Linear(n_in, n_out) if n_in != n_out else nn.Identity())
            n_in = n_out
        self.activations = nn.ModuleList(PReLU() for _ in widths)
        self.width = n_in

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, n_times, n_in)`` to ``(batch, n_times, widths[-1])``."""
        for block, shortcut, activation in zip(self.blocks, self.shortcuts, self.activations,
                                               strict=True):
            x = activation(block(x) + shortcut(x))
        return x


class Fusion(nn.Module):
    """F-Fusion (Eq 25) and D-Fusion (Eq 26): the same extractors without a Transformer (paper, Sec
    4.5.1).

    ``level="feature"`` regresses from the concatenated features. ``level="decision"`` has a
    regressor per modality and returns two heads; they are trained jointly (``choice:`` sum of both
    losses) and weighted by ``mu`` and ``eta`` later. ``tcn``: options of :class:`TCN`.
    """
    def __init__(self, n_eeg: int, n_face: int, level: str, **tcn):
        super().__init__()
        self.level, n_heads = level, 1 if level == "feature" else 2
        self.face, self.eeg = TCN(n_face, **tcn), TCN(n_eeg, **tcn)
        self.regressors = nn.ModuleList(
            nn.Linear(2 * self.face.width // n_heads, 1) for _ in range(n_heads))

    def forward(self, eeg: Tensor, face: Tensor) -> Output:
        x_f, x_e = self.face(face), self.eeg(eeg)
        inputs = [torch.cat([x_f, x_e], dim=-1)] if self.level == "feature" else [x_f, x_e]
        valence = torch.stack(
            [regress(x).squeeze(-1) for regress, x in zip(self.regressors, inputs, strict=True)])
        return Output(valence, x_f, x_e)


class SingleTCN(nn.Module):
    """One modality, one TCN, one linear regressor: the single-modality models of [32], and its
    distilled student. ``tcn``: options of :class:`TCN`."""
    def __init__(self, n_eeg: int, n_face: int, modality: str, **tcn):
        super().__init__()
        self.modality = modality
        self.extractor = TCN(n_eeg if modality == "eeg" else n_face, **tcn)
        self.regressor = nn.Linear(self.extractor.width, 1)

    def forward(self, eeg: Tensor, face: Tensor) -> Output:
        x = self.extractor(eeg if self.modality == "eeg" else face)
        return Output(self.regressor(x).squeeze(-1)[None], **{self.modality: x})
