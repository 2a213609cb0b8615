"""High or low (paper 2): fine-tune the recogniser of one signal, and the classifier that fuses two
frozen ones (Sec 4.3, 4.4)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from lib.models.physio_transformer import FusionHead, PhysioTransformer, Recogniser
from lib.training.pretraining import load_weights

__all__ = [
    "FUSION", "Recipe", "finetune_fold", "fusion_fold", "high_labels", "mean_rating", "scale"
]

# Sec 4.4; the rest as for one signal
FUSION: dict[str, Any] = {"epochs": 52, "lr": 1e-5, "decay_every": 20}


@dataclass(frozen=True)
class Recipe:
    """How a binary classifier is trained; the defaults are those of one signal, :data:`FUSION`
    holds what fusion changes.

    ``choice:`` the weights after the last epoch are kept: the paper prints a number of epochs and
    no early stopping.

    Parameters
    ----------
    epochs : int
        Sec 4.3: 100.
    lr, decay, decay_every : float, float, int
        Sec 4.3: 1e-4, times 0.65 every 45 epochs.
    betas, weight_decay : tuple, float
        Of Adam with L2. Sec 4.3: (0.9, 0.999) and 1e-5.
    batch : int
        ``choice:`` 128; the paper gives none.
    scaling : {"subject", "train"}
        See :func:`scale`. Sec 4.1.2: "subject".
    device : str
    precision : {"fp32", "bf16"}
        ``bf16``: mixed precision.
    """

    epochs: int = 100
    lr: float = 1e-4
    decay: float = 0.65
    decay_every: int = 45
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 1e-5
    batch: int = 128
    scaling: str = "subject"
    device: str = "cpu"
    precision: str = "fp32"


def mean_rating(ratings: np.ndarray, trial: np.ndarray, train: Sequence[int]) -> float:
    """Mean rating of the training trials, each counted once however many segments it has.

    ``ratings`` and ``trial`` ``(n_segments,)``; ``trial`` has one number per subject and video;
    ``train``: segment indices.
    """
    rows = np.asarray(train)
    return float(ratings[rows[np.unique(trial[rows], return_index=True)[1]]].mean())


def high_labels(ratings: np.ndarray, trial: np.ndarray, train: Sequence[int]) -> np.ndarray:
    """1 where the rating is above :func:`mean_rating`, else 0: ``(n_segments,)`` float32.

    Sec 4.1: the average is the threshold. ``choice:`` that of the training trials alone.
    """
    return (ratings > mean_rating(ratings, trial, train)).astype(np.float32)


def scale(x: np.ndarray, subject: np.ndarray, train: Sequence[int],
          scaling: str = "subject") -> np.ndarray:
    """Standardise segments ``(n_segments, n_channels, n_times)`` per channel; a flat channel
    becomes zero.

    Parameters
    ----------
    subject : array
        ``(n_segments,)``.
    train : sequence of int
        Training segments.
    scaling : {"subject", "train"}
        ``subject``: mean and spread of each subject over all his segments (Sec 4.1.2; transductive:
        it uses unlabelled test data of the same person). ``train``: of the training segments.
    """
    if scaling not in {"subject", "train"}:
        raise ValueError(f"scaling is 'subject' or 'train', not {scaling!r}")
    out = np.empty(x.shape, np.float32)
    everyone = np.zeros(len(x), int)
    groups = subject if scaling == "subject" else everyone
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        known = x[rows if scaling == "subject" else np.asarray(train)]
        mean, sd = (f(known, axis=(0, 2), dtype=np.float64, keepdims=True)
                    for f in (np.mean, np.std))
        # float32 resolves 1e-7 of the mean
        out[rows] = (x[rows] - mean) / np.where(sd > 1e-6 * np.abs(mean), sd, 1)
    return out


class _Fit:
    """A network, its segments and labels on one device."""
    def __init__(self, net: nn.Module, x: np.ndarray, y: np.ndarray, recipe: Recipe):
        self.net, self.recipe = net.to(recipe.device), recipe
        self.x, self.y = torch.from_numpy(x).to(recipe.device), torch.from_numpy(y).to(
            recipe.device)

    def autocast(self) -> torch.autocast:
        return torch.autocast(
            torch.device(self.recipe.device).type, torch.bfloat16,
            enabled=self.recipe.precision == "bf16")

    def batches(self, rows: np.ndarray) -> tuple[Tensor, ...]:
        parts = np.array_split(rows, -(-len(rows) // self.recipe.batch))
        return tuple(torch.from_numpy(part).to(self.recipe.device) for part in parts)

    @torch.no_grad()
    def apply(self, function, rows: np.ndarray) -> Tensor:
        """``function`` of the chosen segments in evaluation mode, batch by batch, float32."""
        self.net.eval()
        with self.autocast():
            return torch.cat(
                [function(self.x.index_select(0, part)).float() for part in self.batches(rows)])

    def train(self, split: Mapping, rng: np.random.Generator) -> np.ndarray:
        """Train in place; the history ``(epochs, 3)``: training loss, validation loss, validation
        accuracy."""
        recipe, train, val = self.recipe, np.asarray(split["train"]), np.asarray(split["val"])
        optimiser = torch.optim.Adam(self.net.parameters(), lr=recipe.lr, betas=recipe.betas,
                                     weight_decay=recipe.weight_decay)
        schedule = torch.optim.lr_scheduler.StepLR(optimiser, recipe.decay_every, recipe.decay)
        history, truth = [], self.y[torch.from_numpy(val)]
        for _ in range(recipe.epochs):
            self.net.train()
            losses = []
            for rows in self.batches(rng.permutation(train)):
                with self.autocast():
                    logit = self.net(self.x.index_select(0, rows))
                loss = binary_cross_entropy_with_logits(logit.float(), self.y.index_select(0, rows))
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                optimiser.step()
                losses.append(loss.detach())
            schedule.step()
            logit = self.apply(self.net, val)
            right = ((logit > 0) == (truth > 0)).float().mean()
            history.append(
                torch.stack([
                    torch.stack(losses).mean(),
                    binary_cross_entropy_with_logits(logit, truth), right
                ]).tolist())
        if not np.isfinite(history).all():
            raise FloatingPointError(
                f"the loss is not a number: lower the learning rate ({recipe.lr}) or look for gaps in the data"
            )
        return np.array(history)

    def results(self, split: Mapping) -> dict[str, np.ndarray]:
        """Probabilities of "high" ``(n,)`` of the validation and the test segments."""
        return {
            part: self.apply(self.net, np.asarray(split[part])).sigmoid().cpu().numpy()
            for part in ("val", "test")
        }


def finetune_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *, modality: str,
                  target: str, model: Mapping, head: Mapping, recipe: Mapping,
                  weights: Mapping[str, np.ndarray] | None = None) -> dict[str, np.ndarray]:
    """Fine-tune the recogniser of one signal on one fold; all its weights are trained (Sec 3.2.2).

    Parameters
    ----------
    data : mapping
        ``eeg`` ``(n, 10, n_times)`` and ``ecg`` ``(n, 1, n_times)`` float32, not scaled;
        ``arousal`` and ``valence`` ``(n,)``, ratings 1 to 9; ``trial`` (one number per subject and
        video) and ``subject`` ``(n,)`` int.
    split : mapping
        ``train``, ``val``, ``test``: segment indices.
    seed : int
    modality : {"eeg", "ecg"}
    target : {"arousal", "valence"}
    model, head : mapping
        Arguments of :class:`lib.models.physio_transformer.PhysioTransformer` and, without the
        encoder, of its ``Recogniser``.
    recipe : mapping
        Fields of :class:`Recipe`.
    weights : mapping, optional
        Of :func:`lib.training.pretraining.pretrain_fold`; None: no pre-training.

    Returns
    -------
    dict
        ``val``, ``test``: probability of "high" ``(n_val,)``, ``(n_test,)``; ``hidden`` ``(n, h)``
        float32, last hidden layer of all segments, for :func:`fusion_fold`; ``attention``
        ``(n_test, n_tokens)`` float16, weights of CLS in the last layer, mean over heads;
        ``history`` ``(epochs, 3)``: training and validation cross-entropy, validation accuracy;
        ``threshold``: the rating above which a trial is high; ``seconds``.
    """
    begin = time.perf_counter()
    settings = Recipe(**recipe)
    torch.manual_seed(seed)
    net = Recogniser(PhysioTransformer(**model), **head)
    if weights is not None:
        load_weights(net.encoder, weights)
    x = scale(data[modality], data["subject"], split["train"], settings.scaling)
    fit = _Fit(net, x, high_labels(data[target], data["trial"], split["train"]), settings)
    history = fit.train(split, np.random.default_rng(seed))
    hidden = fit.apply(net.last_hidden, np.arange(len(x))).cpu().numpy()
    attention = fit.apply(lambda part: net.encoder.cls_attention(part).mean(dim=1),
                          np.asarray(split["test"])).cpu().numpy()
    return {
        **fit.results(split), "hidden": hidden, "attention": attention.astype(np.float16),
        "history": history, "seconds": np.array(time.perf_counter() - begin),
        "threshold": np.array(mean_rating(data[target], data["trial"], split["train"]))
    }


def fusion_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *, target: str,
                hidden: np.ndarray, recipe: Mapping, head: Mapping) -> dict[str, np.ndarray]:
    """Train the classifier on top of frozen recognisers on one fold (Sec 3.4, 4.4).

    The branches are frozen and in evaluation mode, so all that is needed of them is their last
    hidden layers, computed once. ``choice:`` these are taken as they are, not standardised.

    Parameters
    ----------
    data, split, seed, target
        As for :func:`finetune_fold`; of ``data`` only the ratings and ``trial`` are used.
    hidden : array
        ``(n, h)``: ``hidden`` of the recognisers of the same fold and target, side by side.
    recipe, head : mapping
        Fields of :class:`Recipe` over :data:`FUSION`; arguments of
        :class:`lib.models.physio_transformer.FusionHead`.

    Returns
    -------
    dict
        ``val``, ``test``, ``history``, ``seconds`` as :func:`finetune_fold`.
    """
    begin = time.perf_counter()
    settings = Recipe(**{**FUSION, **recipe})
    torch.manual_seed(seed)
    x = np.array(hidden, np.float32)
    fit = _Fit(FusionHead(x.shape[1], **head), x,
               high_labels(data[target], data["trial"], split["train"]), settings)
    history = fit.train(split, np.random.default_rng(seed))
    return {
        **fit.results(split), "history": history, "seconds": np.array(time.perf_counter() - begin)
    }
