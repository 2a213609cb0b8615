"""The networks of paper 1: RMMT and its ablations, and by name the models it is compared with.

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

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from lib.models.tcn import TCN, FeatureDropout, Fusion, Output, SingleTCN


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
    The TCNs are causal, the attention is not: a prediction may look ahead within its window (24 s
    as in [32]). choice: keys and values of every layer are those of the context's TCN, as Eqs
    (10)-(11) write them; so in RSMT only the first layer attends to its own input. No positional
    code (``choice:`` the TCN knows order). Eq (24) gives ``X_F`` and ``X_E`` different widths, but
    the L1 of Eq (20) needs equal ones, so both are ``widths[-1]``.
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


MODELS: dict[str, tuple[type[nn.Module], dict]] = {
    "RMMT": (RMMT, {}), "MMT": (RMMT, {"residual": False}),
    "RSMT-F": (RMMT, {"query": "face",
                      "context": "face"}), "RSMT-E": (RMMT, {"query": "eeg", "context": "eeg"}),
    "F-Fusion": (Fusion, {"level": "feature"}), "D-Fusion": (Fusion, {"level": "decision"}),
    "TCN-F": (SingleTCN, {"modality": "face"}), "TCN-E": (SingleTCN, {"modality": "eeg"}),
}


def build(name: str | Callable[..., nn.Module], n_eeg: int, n_face: int, **options) -> nn.Module:
    """Make one of :data:`MODELS`, or a network of one's own from its class; ``options`` override
    its defaults. Unknown names and options raise."""
    if isinstance(name, str) and name not in MODELS:
        raise ValueError(f"no model {name!r}; there are {', '.join(MODELS)}")
    make, defaults = MODELS[name] if isinstance(name, str) else (name, {})
    return make(n_eeg=n_eeg, n_face=n_face, **(defaults | options))


def n_parameters(model: nn.Module) -> int:
    """Number of trainable parameters."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
