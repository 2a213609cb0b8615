"""The networks of paper 2: a convolutional Transformer for one physiological signal, its
recogniser, and late fusion.

References
----------
Vazquez-Rodriguez, Lefebvre, Cumin, Crowley (2022). Emotion recognition with pre-trained
Transformers using multimodal signals. ACII 2022 ("the paper").
Vazquez-Rodriguez, Lefebvre, Cumin, Crowley (2022). Transformer-based self-supervised learning for
emotion recognition. ICPR 2022, arXiv:2204.05103 (the paper's reference [15], whose network is the
ECG branch).
Vaswani et al. (2017). Attention is all you need. NeurIPS (the paper's reference [10]).
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

EEG: dict[str, dict[str, Any]] = {  # Sec 4.3
    "model": {"in_channels": 10, "channels": (64, 128, 256), "kernels": (65, 33, 17),
              "strides": (1, 1, 1), "layers": 2, "heads": 2, "dropout": 0.1, "mask_hidden": 128},
    "head": {"hidden": (64,), "dropout": 0.6},
    "pretraining": {"lr": 5e-4},
}
"""For ten EEG channels: arguments of :class:`PhysioTransformer` (``model``) and :class:`Recogniser`
(``head``), and what its pre-training changes in the recipe."""

# Sec 3.3 and 4.2: the network of [15], of the same structure with one input channel
ECG: dict[str, dict[str, Any]] = {
    # assumed: kernels, channels, layers, heads, dropout equal to the EEG's
    "model": EEG["model"] | {"in_channels": 1},
    "head": {"hidden": (1024, 512), "dropout": 0.3},  # assumed: from [15], not in the paper
    "pretraining": {"lr": 1e-3},  # assumed: likewise
}
"""The same for one ECG lead."""


def positions(n: int, width: int, device=None) -> Tensor:
    """Fixed sine-cosine position code ``(n, width)`` of Vaswani et al. (2017), Sec 3.5; ``width``
    is even."""
    rate = 10000**(-torch.arange(0, width, 2, device=device) / width)
    angle = torch.arange(n, device=device)[:, None] * rate
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)


class EncoderLayer(nn.Module):
    """One layer of a Transformer encoder; equal to ``nn.TransformerEncoderLayer`` (tested), but it
    can answer for CLS alone.

    ``choice:`` the norm stands after each sub-layer, and dropout on each sub-layer's output, as in
    Vaswani et al. (2017); the paper tells neither. None on the attention weights: they then never
    need to be held in memory as a matrix.
    """
    def __init__(self, width: int, heads: int, feedforward: int, dropout: float):
        super().__init__()
        self.heads = heads
        self.query, self.key_value = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)
        self.feed_forward = nn.Sequential(nn.Linear(width, feedforward), nn.ReLU(),
                                          nn.Linear(feedforward, width))
        self.norm_attention, self.norm_feed_forward = nn.LayerNorm(width), nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def project(self, x: Tensor, n: int | None) -> list[Tensor]:
        """Q of the first ``n`` tokens (None: of all), K and V of all: ``(batch, heads, n_tokens,
        width / heads)`` each."""
        parts = (self.query(x[:, :n]), *self.key_value(x).chunk(2, dim=-1))
        return [part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts]

    def attention(self, x: Tensor, n: int | None = None) -> Tensor:
        """Attention weights ``(batch, heads, n, n_tokens)`` of the first ``n`` tokens; each row
        sums to 1."""
        Q, K, _ = self.project(x, n)
        return (Q @ K.transpose(-1, -2) / Q.shape[-1]**0.5).softmax(dim=-1)

    def forward(self, x: Tensor, n: int | None = None) -> Tensor:
        """``(batch, n_tokens, width)`` to the first ``n`` of the new tokens (None: all)."""
        attended = scaled_dot_product_attention(*self.project(x, n)).transpose(1, 2).flatten(-2)
        x = self.norm_attention(x[:, :n] + self.dropout(self.out(attended)))
        return self.norm_feed_forward(x + self.dropout(self.feed_forward(x)))


class PhysioTransformer(nn.Module):
    """One signal to contextual tokens: 1D-CNN, CLS token, Transformer encoder, and a head that
    predicts masked points.

    In order (Sec 3.2-3.3, Fig 1): three convolutions with ReLU over ``(batch, in_channels,
    n_times)``; a learned CLS token in front of the sequence; position code; ``layers`` encoder
    layers. For pre-training the masked-value-prediction head (one hidden layer, ReLU) turns every
    token back into the points of the signal that it stands for.

    Parameters
    ----------
    in_channels : int
        Sec 4.3: 10 for EEG. Sec 3.3: 1 for ECG.
    channels, kernels, strides : sequence of int
        Of the convolutions. The published strides are 1: a token per point, receptive field 113
        points (0.88 s). ``choice:`` larger strides are ours, for the demo profile alone: a token
        then stands for ``prod(strides)`` points, so that attention over 10 s is cheap enough for a
        laptop.
    layers, heads : int
    feedforward : int
        ``choice:`` 1024, four times the width as in Vaswani et al. (2017); the paper gives none.
    dropout : float
        In the Transformer, and on the sum of features and positions.
    mask_hidden : int
        Hidden width of the masked-value-prediction head.

    Notes
    -----
    ``choice:`` the convolutions are padded so that there is one output per point ("same"), since
    every masked point is predicted; fixed sine-cosine positions with CLS at 0; He initialisation of
    the convolutions, so that the features start at the scale of the position code.
    """
    def __init__(self, in_channels: int, channels: Sequence[int] = (64, 128, 256),
                 kernels: Sequence[int] = (65, 33, 17), strides: Sequence[int] = (1, 1, 1),
                 layers: int = 2, heads: int = 2, feedforward: int = 1024, dropout: float = 0.1,
                 mask_hidden: int = 128):
        super().__init__()
        convolutions: list[nn.Module] = []
        n_in, self.points = in_channels, 1  # points of the signal per token
        for n_out, kernel, stride in zip(channels, kernels, strides, strict=True):
            convolution = nn.Conv1d(n_in, n_out, kernel, stride, padding=kernel // 2)
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
            convolutions += [convolution, nn.ReLU(inplace=True)]
            n_in, self.points = n_out, self.points * stride
        self.width = n_in
        self.cnn = nn.Sequential(*convolutions)
        self.cls_token = nn.Parameter(0.02 * torch.randn(self.width))
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(
            EncoderLayer(self.width, heads, feedforward, dropout) for _ in range(layers))
        self.mask_head = nn.Sequential(nn.Linear(self.width, mask_hidden), nn.ReLU(),
                                       nn.Linear(mask_hidden, in_channels * self.points))

    def embed(self, x: Tensor) -> Tensor:
        """CLS and the features of the CNN, with positions: ``(batch, 1 + n_tokens, width)``."""
        features = self.cnn(x).transpose(1, 2)
        tokens = torch.cat([self.cls_token.to(features.dtype).expand(len(x), 1, -1), features],
                           dim=1)
        return self.dropout(tokens +
                            positions(tokens.shape[1], self.width, x.device).to(tokens.dtype))

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """``(batch, in_channels, n_times)`` to ``CLS_e`` ``(batch, width)`` and the tokens
        ``(batch, n_tokens, width)``."""
        tokens = self.layers[-1](self._before_last(x))
        return tokens[:, 0], tokens[:, 1:]

    def _before_last(self, x: Tensor) -> Tensor:
        tokens = self.embed(x)
        for layer in self.layers[:-1]:
            tokens = layer(tokens)
        return tokens

    def cls(self, x: Tensor) -> Tensor:
        """``CLS_e`` alone ``(batch, width)``, equal to that of :meth:`encode`: the last layer works
        for one token, not for all."""
        return self.layers[-1](self._before_last(x), n=1)[:, 0]

    def reconstruct(self, x: Tensor) -> Tensor:
        """The signal as the tokens see it ``(batch, in_channels, n_times)``; ``x`` comes with its
        masked points zeroed."""
        # (batch, n_tokens, in_channels, points)
        points = self.mask_head(self.encode(x)[1]).unflatten(-1, (-1, self.points))
        return points.permute(0, 2, 1, 3).flatten(2)[..., :x.shape[-1]]

    def cls_attention(self, x: Tensor) -> Tensor:
        """What CLS looks at in the last layer: weights on the tokens ``(batch, heads, n_tokens)``;
        1 less their sum is on itself."""
        return self.layers[-1].attention(self._before_last(x), n=1)[:, :, 0, 1:]


class FullyConnected(nn.Module):
    """Fully connected network with ReLU and dropout after each hidden layer, and one output: the
    logit of "high"."""
    def __init__(self, n_in: int, hidden: Sequence[int], dropout: float):
        super().__init__()
        layers: list[nn.Module] = []
        for n_out in hidden:
            layers += [nn.Linear(n_in, n_out), nn.ReLU(), nn.Dropout(dropout)]
            n_in = n_out
        self.hidden, self.output = nn.Sequential(*layers), nn.Linear(n_in, 1)

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, n_in)`` to the logit ``(batch,)``."""
        return self.output(self.hidden(x)).squeeze(-1)


class FusionHead(FullyConnected):
    """The multimodal emotion classifier (Sec 3.4, 4.4): the last hidden layers of both recognisers,
    concatenated, to a logit."""
    def __init__(self, n_in: int, hidden: Sequence[int] = (64, 32), dropout: float = 0.1):
        super().__init__(n_in, hidden, dropout)


class Recogniser(nn.Module):
    """Single-modality emotion recogniser (Sec 3.2.2, 4.3): ``CLS_e`` through a fully connected
    network to a logit.

    Parameters
    ----------
    encoder : PhysioTransformer
    hidden, dropout
        Of the network on top: (64,) and 0.6 for EEG.
    """
    def __init__(self, encoder: PhysioTransformer, hidden: Sequence[int] = (64,),
                 dropout: float = 0.6):
        super().__init__()
        self.encoder, self.head = encoder, FullyConnected(encoder.width, hidden, dropout)

    def last_hidden(self, x: Tensor) -> Tensor:
        """``(batch, in_channels, n_times)`` to ``(batch, hidden[-1])``, what the fusion takes (in
        evaluation mode)."""
        return self.head.hidden(self.encoder.cls(x))

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, in_channels, n_times)`` to the logit ``(batch,)``."""
        return self.head(self.encoder.cls(x))
