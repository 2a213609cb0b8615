"""How paper 3 joins the feature vectors of EEG and eye movements: concatenation, Eq (5), and
attention, Eqs (6)-(8)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Concat(nn.Module):
    """Concatenation fusion, Eq (5), and the linear classifier.

    Parameters
    ----------
    d : int
        Width of each feature vector.
    n_classes : int
    """
    def __init__(self, d: int, n_classes: int):
        super().__init__()
        self.classify = nn.Linear(2 * d, n_classes)

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """``x1`` and ``x2`` ``(batch, d)`` to logits ``(batch, n_classes)``."""
        return self.classify(torch.cat([x1, x2], dim=-1))


class Attention(nn.Module):
    """Attention fusion, Eqs (6)-(8), and the linear classifier.

    ``choice:`` F is the ``d x 2`` stack ``[X1 X2]``, as in Zhou et al. (2016), from whom the
    equations come. Read as one long vector, as Eq (6) prints it, the softmax has a single entry and
    fusion does nothing, see :func:`printed_attention`. Parameters as :class:`Concat`.
    """
    def __init__(self, d: int, n_classes: int):
        super().__init__()
        self.w = nn.Linear(d, 1, bias=False)
        self.classify = nn.Linear(d, n_classes)

    def weights(self, x1: Tensor, x2: Tensor) -> Tensor:
        """``alpha`` ``(batch, 2)``, Eq (7): how much of each modality enters; rows sum to 1."""
        return self.w(torch.stack([x1, x2], dim=1).tanh()).squeeze(-1).softmax(dim=-1)

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """``x1`` and ``x2`` ``(batch, d)`` to logits ``(batch, n_classes)``."""
        F, alpha = torch.stack([x1, x2], dim=1), self.weights(x1, x2)
        return self.classify((alpha[..., None] * F).sum(dim=1))  # X_fusion = F alpha^T, Eq (8)


def printed_attention(x1: Tensor, x2: Tensor, w: Tensor) -> Tensor:
    """Eqs (6)-(8) to the letter: F ``(batch, n + m)`` is one vector, so ``w^T tanh(F)`` is one
    number and its softmax is 1.

    Returns ``X_fusion`` ``(batch, n + m)``: the concatenation itself, whatever ``w`` is.
    """
    F = torch.cat([x1, x2], dim=-1)
    alpha = (F.tanh() @ w)[:, None].softmax(dim=-1)
    return F * alpha
