"""The networks of paper 1: RMMT, its ablations and the models it is compared with.

Every network maps windows of EEG band power ``eeg`` ``(batch, n_times, n_eeg)`` and face features
``face`` ``(batch, n_times, n_face)``, both at 4 Hz, to an :class:`Output`, or ignores one of them.

References
----------
Jin, Xiao, Jin, Zhang (2024). Residual multimodal Transformer for expression-EEG fusion continuous
emotion recognition. CAAI Trans. Intell. Technol. 9(5). doi:10.1049/cit2.12346 ("the paper";
equation numbers are its own).
Zhang, Tang, Guan (2022). Visual-to-EEG cross-modal knowledge distillation for continuous emotion
recognition. Pattern Recognition 130 (the paper's reference [32]).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, pad, relu
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


class PReLU(nn.Module):
    """``nn.PReLU`` with one slope, written so that its backward pass is fast in bfloat16 on a CPU
    (equality is tested)."""
    def __init__(self):
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(0.25))

    def forward(self, x: Tensor) -> Tensor:
        return relu(x) - self.slope.to(x.dtype) * relu(-x)


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
    a TCN and no sizes. The receptive field of the default is 13 steps (3.25 s).

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


class CrossModalBlock(nn.Module):
    """One layer of the multimodal Transformer, Eqs (9)-(16): the query stream gathers from the
    context stream.

    Parameters
    ----------
    width : int
        Width of both streams; ``d_K`` is ``width / heads``.
    heads : int
        1 as printed (``assumed:`` Eqs (9)-(13) show a single head).
    attention : {"relu", "scaled_relu", "softmax"}
        ``relu`` is Eq (12) as printed: no normalisation over keys. ``scaled_relu`` divides it by
        the number of keys.
    residual : {"query", "input"}
        What Eq (14) adds: the projected query ``Q_F`` as printed, or the block's input as in Tsai
        et al. (2019).
    causal : bool
        Let a step attend only to itself and the past. The paper's attention looks ahead within its
        window.
    dropout : float
    """
    def __init__(self, width: int, heads: int = 1, attention: str = "relu", residual: str = "query",
                 causal: bool = False, dropout: float = 0.1):
        super().__init__()
        if attention not in {"relu", "scaled_relu", "softmax"
                             } or residual not in {"query", "input"} or width % heads:
            raise ValueError(
                f"no block with attention={attention!r}, residual={residual!r}, width={width}, "
                f"heads={heads}")
        self.heads, self.attention, self.residual, self.causal = heads, attention, residual, causal
        self.W_Q, self.W_K, self.W_V = (nn.Linear(width, width, bias=False) for _ in range(3))
        self.norm = nn.LayerNorm(width)
        # assumed: inner width 4H; the paper gives no size for W_1 and W_2
        self.feed_forward = nn.Sequential(nn.Linear(width, 4 * width), nn.ReLU(),
                                          FeatureDropout(dropout), nn.Linear(4 * width, width))
        self.dropout = FeatureDropout(dropout)

    def scores(self, query: Tensor, key: Tensor) -> Tensor:
        """``Att``, Eq (12): ``(batch, heads, n_query, n_key)``."""
        score = query @ key.transpose(-1, -2) / query.shape[-1]**0.5
        if self.causal:
            score = score.masked_fill(torch.ones_like(score, dtype=torch.bool).triu(1), -torch.inf)
        if self.attention == "softmax":
            return score.softmax(dim=-1)
        return relu(score) / (key.shape[-2] if self.attention == "scaled_relu" else 1)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """Query stream ``x`` ``(batch, n_query, width)`` and ``context`` ``(batch, n_key, width)``;
        returns the shape of ``x``."""
        projected = self.W_Q(x)
        Q, K, V = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2)
                   for t in (projected, self.W_K(context), self.W_V(context)))
        cross = (self.scores(Q, K) @ V).transpose(1, 2).flatten(-2)  # CroM, Eq (13)
        # Eq (14)
        x = self.norm((projected if self.residual == "query" else x) + self.dropout(cross))
        return x + self.dropout(self.feed_forward(x))  # Eqs (15)-(16): as printed, no second LN


class RMMT(nn.Module):
    """Residual multimodal Transformer (paper, Sec 3): two TCNs, N cross-modal layers, residual to
    the face stream.

    In order: ``TCN`` on each modality gives ``X_F`` and ``X_E``; ``layers`` blocks with the face
    stream as query and ``X_E`` as keys and values (Eqs 8-16); ``X_F`` concatenated with their
    output (Eq 17); one linear regressor per step.

    Parameters
    ----------
    n_eeg, n_face : int
        Features per time step of each modality.
    query, context : {"face", "eeg"}
        Modalities of the two streams. Equal ones give the residual single-modal Transformer:
        ``RSMT-E``, ``RSMT-F``.
    residual : bool
        Eq (17); ``False`` gives ``MMT``.
    widths, kernel, dropout : see :class:`TCN`
    layers : int
        N. ``choice:`` 2; the paper gives no number.
    heads, attention, block_residual, causal : see :class:`CrossModalBlock`

    Notes
    -----
    The TCNs are causal, the attention is not: a prediction may look ahead within its 24 s window,
    as in the paper. No positional code (``choice:`` the TCN knows order). Eq (24) gives ``X_F`` and
    ``X_E`` different widths, but the L1 of Eq (20) needs equal ones, so both are ``widths[-1]``.
    """
    def __init__(self, n_eeg: int, n_face: int, query: str = "face", context: str = "eeg",
                 residual: bool = True, layers: int = 2, heads: int = 1, attention: str = "relu",
                 block_residual: str = "query", causal: bool = False, widths=(128, 128),
                 kernel: int = 3, dropout: float = 0.1):
        super().__init__()
        size = {"face": n_face, "eeg": n_eeg}
        self.query, self.context, self.residual = query, context, residual
        self.extractors = nn.ModuleDict(
            {m: TCN(size[m], widths, kernel, dropout) for m in dict.fromkeys((query, context))})
        width = widths[-1]
        self.blocks = nn.ModuleList(
            CrossModalBlock(width, heads, attention, block_residual, causal, dropout)
            for _ in range(layers))
        self.regressor = nn.Linear(width * (2 if residual else 1), 1)

    def forward(self, eeg: Tensor, face: Tensor) -> Output:
        x = {m: extract(eeg if m == "eeg" else face) for m, extract in self.extractors.items()}
        fused = x[self.query]  # Eq (8)
        for block in self.blocks:
            fused = block(fused, x[self.context])
        if self.residual:
            fused = torch.cat([x[self.query], fused], dim=-1)  # Eq (17)
        return Output(self.regressor(fused).squeeze(-1)[None], x.get("face"), x.get("eeg"))


class Fusion(nn.Module):
    """F-Fusion (Eq 25) and D-Fusion (Eq 26): the same extractors without a Transformer (paper, Sec
    4.5.1).

    ``level="feature"`` regresses from the concatenated features. ``level="decision"`` has a
    regressor per modality and returns two heads; they are trained jointly (``choice:`` sum of both
    losses) and weighted by ``mu`` and ``eta`` later.
    """
    def __init__(self, n_eeg: int, n_face: int, level: str, widths=(128, 128), kernel: int = 3,
                 dropout: float = 0.1):
        super().__init__()
        self.level = level
        self.face, self.eeg = TCN(n_face, widths, kernel,
                                  dropout), TCN(n_eeg, widths, kernel, dropout)
        width = widths[-1]
        self.regressors = nn.ModuleList([nn.Linear(2 * width, 1)] if level ==
                                        "feature" else [nn.Linear(width, 1) for _ in range(2)])

    def forward(self, eeg: Tensor, face: Tensor) -> Output:
        x_f, x_e = self.face(face), self.eeg(eeg)
        inputs = [torch.cat([x_f, x_e], dim=-1)] if self.level == "feature" else [x_f, x_e]
        valence = torch.stack(
            [regress(x).squeeze(-1) for regress, x in zip(self.regressors, inputs, strict=True)])
        return Output(valence, x_f, x_e)


class SingleTCN(nn.Module):
    """One modality, one TCN, one linear regressor: the single-modality models of [32], and its
    distilled student."""
    def __init__(self, n_eeg: int, n_face: int, modality: str, widths=(128, 128), kernel: int = 3,
                 dropout: float = 0.1):
        super().__init__()
        self.modality = modality
        self.extractor = TCN(n_eeg if modality == "eeg" else n_face, widths, kernel, dropout)
        self.regressor = nn.Linear(widths[-1], 1)

    def forward(self, eeg: Tensor, face: Tensor) -> Output:
        x = self.extractor(eeg if self.modality == "eeg" else face)
        return Output(self.regressor(x).squeeze(-1)[None], **{self.modality: x})


MODELS: dict[str, tuple[type[nn.Module], dict]] = {
    "RMMT": (RMMT, {}), "MMT": (RMMT, {"residual": False}),
    "RSMT-F": (RMMT, {"query": "face",
                      "context": "face"}), "RSMT-E": (RMMT, {"query": "eeg", "context": "eeg"}),
    "F-Fusion": (Fusion, {"level": "feature"}), "D-Fusion": (Fusion, {"level": "decision"}),
    "TCN-F": (SingleTCN, {"modality": "face"}), "TCN-E": (SingleTCN, {"modality": "eeg"}),
}


def build(name: str, n_eeg: int, n_face: int, **options) -> nn.Module:
    """Make one of :data:`MODELS`; ``options`` override its defaults. Unknown names and options
    raise."""
    if name not in MODELS:
        raise ValueError(f"no model {name!r}; there are {', '.join(MODELS)}")
    make, defaults = MODELS[name]
    return make(n_eeg=n_eeg, n_face=n_face, **(defaults | options))


def n_parameters(model: nn.Module) -> int:
    """Number of trainable parameters."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
