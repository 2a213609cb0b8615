"""How paper 3 joins the feature vectors of EEG and eye movements: concatenation, Eq (5), and
attention, Eqs (6)-(8)."""

import torch
from torch import Tensor, nn


class Concat(nn.Module):
    """Concatenation fusion, Eq (5), and the linear classifier.

    Parameters
    ----------
    n, m : int
        Widths of the feature vectors ``X1`` and ``X2`` (Sec 2.2: they may differ).
    d : int
        Width of their linear views. ``choice:`` the correlation loss acts on these, because a batch
        holds fewer windows than a feature vector has entries.
    n_classes : int
    """
    def __init__(self, n: int, m: int, d: int, n_classes: int):
        super().__init__()
        self.project = nn.ModuleList(nn.Linear(width, d, bias=False) for width in (n, m))
        self.classify = nn.Linear(n + m, n_classes)

    def views(self, x1: Tensor, x2: Tensor) -> list[Tensor]:
        """Linear views ``(batch, d)`` of ``x1`` ``(batch, n)`` and ``x2`` ``(batch, m)``."""
        return [project(x) for project, x in zip(self.project, (x1, x2), strict=True)]

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """``x1`` ``(batch, n)`` and ``x2`` ``(batch, m)`` to logits ``(batch, n_classes)``."""
        return self.classify(torch.cat([x1, x2], dim=-1))


class Attention(Concat):
    """Attention fusion, Eqs (6)-(8), and the linear classifier.

    ``choice:`` F is the ``d x 2`` stack of the views of ``X1`` and ``X2``, as in Zhou et al.
    (2016), from whom the equations come; where n and m differ, something has to bring both to one
    width. Read as one long vector, as Eq (6) prints it, the softmax has a single entry and fusion
    does nothing, see :func:`printed_attention`. Parameters as :class:`Concat`.
    """
    def __init__(self, n: int, m: int, d: int, n_classes: int):
        super().__init__(n, m, d, n_classes)
        self.w = nn.Linear(d, 1, bias=False)
        self.classify = nn.Linear(d, n_classes)

    def weights(self, x1: Tensor, x2: Tensor) -> Tensor:
        """``alpha`` ``(batch, 2)``, Eq (7): how much of each modality enters; rows sum to 1."""
        return self._alpha(torch.stack(self.views(x1, x2), dim=1))

    def _alpha(self, F: Tensor) -> Tensor:
        return self.w(F.tanh()).squeeze(-1).softmax(dim=-1)

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """As :meth:`Concat.forward`."""
        F = torch.stack(self.views(x1, x2), dim=1)
        return self.classify((self._alpha(F)[..., None] * F).sum(dim=1))  # F alpha^T, Eq (8)


def printed_attention(x1: Tensor, x2: Tensor, w: Tensor) -> Tensor:
    """Eqs (6)-(8) to the letter: F ``(batch, n + m)`` is one vector, so ``w^T tanh(F)`` is one
    number and its softmax is 1.

    Returns ``X_fusion`` ``(batch, n + m)``: the concatenation itself, whatever ``w`` is.
    """
    F = torch.cat([x1, x2], dim=-1)
    alpha = (F.tanh() @ w)[:, None].softmax(dim=-1)
    return F * alpha
