"""MV-SSTMA, the masked autoencoder of paper 3: visible channels in, the features of the hidden
channels out.

One class serves both modalities. EEG: 62 channels with 5 frequency bands each. Eye movements: every
eye feature counts as a channel with one feature (``choice:`` so that hiding channels keeps its
meaning; the paper gives no eye tensor).

References
----------
Gao, Liu, Liu, Lu, Zheng (2024). Multimodal multi-view spectral-spatial-temporal masked autoencoder
for self-supervised emotion recognition. ICASSP ("the paper"; section and equation numbers are its
own).
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, scaled_dot_product_attention

# k_l, k_m, k_s. choice: 7, 5 and 3 of the T = 10 time steps; the paper gives none
KERNELS = (7, 5, 3)
FEEDFORWARD = 4  # choice: inner width as a multiple of D, the usual one


def n_visible(n_channels: int, ratio: float) -> int:
    """How many channels stay visible: ``int(C (1 - ratio))``, at least one. ``assumed:`` rounded
    down, as in the image MAE."""
    if not 0 <= ratio < 1:
        raise ValueError(f"the masked share of the channels is 0 or more and below 1, not {ratio}")
    return max(1, int(n_channels * (1 - ratio)))


def draw_visible(batch: int, n_channels: int, ratio: float,
                 generator: torch.Generator | None = None) -> Tensor:
    """Random visible channels, drawn for each sample on its own: ``(batch, n_visible)``, ascending
    indices."""
    order = torch.rand(batch, n_channels, generator=generator).argsort(dim=1)
    return order[:, :n_visible(n_channels, ratio)].sort(dim=1).values


def positions(n_channels: int, width: int) -> Tensor:
    """Sine-cosine code over the channels, ``(n_channels, width)`` (Sec 2.1; ``assumed:``
    wavelengths up to 10000 channels)."""
    half = -(-width // 2)
    angle = torch.arange(n_channels)[:, None] / 10000**(torch.arange(half) / half)
    return torch.cat([angle.sin(), angle.cos()], dim=1)[:, :width]


def masked_error(reconstruction: Tensor, x: Tensor, masked: Tensor) -> Tensor:
    """Mean squared error over the masked channels alone; arguments as :meth:`MVSSTMA.forward_mae`
    returns and takes them."""
    error = (reconstruction - x).square().mean(dim=(1, 3))
    return (error * masked).sum() / masked.sum()


class Branch(nn.Module):
    """One of Eqs (1)-(3): causal convolution along time, batch norm, self-attention over the
    channels of each time step.

    Tokens stay ``(batch, n_times, n_channels, width)`` in memory; the convolution reads them as a
    channels-last image.

    Parameters
    ----------
    width : int
        ``D``.
    kernel : int
        ``k`` windows along time, the last of which is the present one.
    heads, head_width : int
        Heads have a width of their own and are projected back to ``D``, so that ``D`` need not be a
        multiple of ``heads``.
    """
    def __init__(self, width: int, kernel: int, heads: int, head_width: int):
        super().__init__()
        self.heads, self.past = heads, kernel - 1
        self.convolve = nn.Conv2d(width, width, (kernel, 1))
        self.normalise = nn.BatchNorm2d(width)
        self.project = nn.Linear(width, 3 * heads * head_width, bias=False)
        self.merge = nn.Linear(heads * head_width, width)

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, n_times, n_channels, width)`` to the same shape."""
        # CausalConvT: nothing but the past is added
        image = pad(x, (0, 0, 0, 0, self.past, 0)).permute(0, 3, 1, 2)
        y = self.normalise(self.convolve(image)).permute(0, 2, 3, 1)
        parts = self.project(y).flatten(0, 1).unflatten(-1, (3, self.heads, -1))
        attended = scaled_dot_product_attention(*parts.permute(2, 0, 3, 1, 4))
        return self.merge(attended.transpose(1, 2).flatten(2)).unflatten(0, x.shape[:2])


class HybridBlock(nn.Module):
    """One hybrid block: the sum of its branches, Eq (4), then normalisation and feed-forward (Sec
    2.1).

    ``choice:`` a residual around the branches and one around normalisation and feed-forward,
    LayerNorm, GELU. Parameters as :class:`MVSSTMA`.
    """
    def __init__(self, width: int, heads: int, head_width: int):
        super().__init__()
        self.branches = nn.ModuleList(
            Branch(width, kernel, heads, head_width) for kernel in KERNELS)
        inner = FEEDFORWARD * width
        self.feed_forward = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, inner), nn.GELU(),
                                          nn.Linear(inner, width))

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, n_times, n_channels, width)`` to the same shape."""
        x = x + sum(branch(x) for branch in self.branches)  # Eq (4)
        return x + self.feed_forward(x)


class MVSSTMA(nn.Module):
    """Multi-view spectral-spatial-temporal masked autoencoder (Sec 2.1).

    In order: a linear layer embeds the features of each channel and time step in ``D`` dimensions;
    a sine-cosine code tells the channels apart; masked channels are left out; ``L`` hybrid blocks
    encode what is visible. To reconstruct, a mask token with the channel's code stands in for each
    masked channel, and ``L`` more blocks and a linear layer decode all of them.

    Parameters
    ----------
    n_channels, n_features : int
        ``C`` and ``F``: 62 and 5 for EEG (Sec 3.2); the number of eye features and 1 for eye
        movements.
    width : int
        ``D`` = 16 (Sec 3.2).
    blocks : int
        ``L`` = 6, in the encoder and in the decoder (Sec 3.2).
    heads : int
        ``H`` = 6 (Sec 3.2, "multi-head dimension"); 16 is not a multiple of 6, hence heads of their
        own width.
    head_width : int
        ``choice:`` 16, the width of the tokens; the paper does not give it.

    Notes
    -----
    ``choice:`` no dropout, as the paper names none; each branch has attention weights of its own; a
    LayerNorm ends the encoder and the decoder, as in the image MAE. The default for EEG has 295,749
    parameters, of which 147,872 are the encoder's.
    """
    def __init__(self, n_channels: int = 62, n_features: int = 5, width: int = 16, blocks: int = 6,
                 heads: int = 6, head_width: int = 16):
        super().__init__()
        self.n_channels = n_channels
        self.embed = nn.Linear(n_features, width)
        self.register_buffer("code", positions(n_channels, width), persistent=False)
        size = (width, heads, head_width)
        self.encoder = nn.Sequential(*(HybridBlock(*size) for _ in range(blocks)),
                                     nn.LayerNorm(width))
        # assumed: the spread of the image MAE
        self.mask_token = nn.Parameter(torch.randn(width) * 0.02)
        self.decoder = nn.Sequential(*(HybridBlock(*size) for _ in range(blocks)),
                                     nn.LayerNorm(width))
        self.reconstruct = nn.Linear(width, n_features)

    def tokens(self, x: Tensor, visible: Tensor | None = None) -> Tensor:
        """Encoded visible channels ``(batch, n_times, n_visible, width)``; arguments as
        :meth:`encode`."""
        code = self.code
        if visible is not None:
            x = x.gather(2, visible[:, None, :, None].expand(-1, x.shape[1], -1, x.shape[3]))
            code = code[visible][:, None]
        return self.encoder(self.embed(x) + code)

    def encode(self, x: Tensor, visible: Tensor | None = None, pool: str = "channels") -> Tensor:
        """One vector per sample, from its encoded tokens.

        ``choice:`` the paper does not say how it pools. ``"channels"``: the mean over time, zeros
        where a channel is missing, so that it stays known which channel spoke; Eq (5) allows that
        EEG and eye movements then differ in width. ``"mean"``: the mean over time and visible
        channels.

        Parameters
        ----------
        x : Tensor
            ``(batch, n_times, n_channels, n_features)``.
        visible : Tensor, optional
            ``(batch, n_visible)`` channel indices, see :func:`draw_visible`; default: all.
        pool : {"channels", "mean"}

        Returns
        -------
        Tensor
            ``(batch, n_channels * width)``, or ``(batch, width)``.
        """
        seen = self.tokens(x, visible).mean(dim=1)
        if pool == "mean":
            return seen.mean(dim=1)
        if visible is not None:
            index = visible[..., None].expand_as(seen)
            seen = seen.new_zeros(len(x), self.n_channels, seen.shape[2]).scatter(1, index, seen)
        return seen.flatten(1)

    def forward_mae(self, x: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
        """Reconstruct all channels from the visible ones.

        Returns
        -------
        reconstruction : Tensor
            ``(batch, n_times, n_channels, n_features)``.
        masked : Tensor
            ``(batch, n_channels)``, True where the channel was not visible.
        """
        seen = self.tokens(x, visible)
        index = visible[:, None, :, None].expand_as(seen)
        full = self.mask_token.to(seen.dtype).expand(*x.shape[:3], -1).scatter(2, index, seen)
        masked = torch.ones(x.shape[0], self.n_channels, dtype=torch.bool,
                            device=x.device).scatter(1, visible, False)
        return self.reconstruct(self.decoder(full + self.code)), masked
