"""The training loop: one for every network of the four papers.

A network brings a :class:`Task` (batches, loss, score), the loop brings the rest: optimiser,
learning rate, clipping, mixed precision, history, the best weights, early stopping, checkpoints.
"""

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR, OneCycleLR, ReduceLROnPlateau, StepLR

from lib.training.checkpoint import Checkpoint

WORDS = {
    "optimiser": ("adam", "adamw"), "precision": ("fp32", "bf16"),
    "schedule": ("constant", "one_cycle", "step", "plateau", "cosine", "linear")
}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a network is trained. The papers' recipes derive from it: their defaults, and the options
    of their own tasks.

    Parameters
    ----------
    epochs, batch : int
        At most so many passes; the most examples in a step.
    optimiser : {"adam", "adamw"}
        Weight decay of ``adam`` is L2 in the gradient, of ``adamw`` decoupled.
    lr, weight_decay, betas : float, float, (float, float)
    clip : float
        Largest norm of the gradient over all weights; 0 for none.
    schedule : {"constant", "one_cycle", "step", "plateau", "cosine", "linear"}
        ``step``: times ``decay`` every ``decay_every`` epochs. ``plateau``: times ``decay``, not
        below ``min_lr``, after more than ``plateau`` epochs without a better score. ``linear``: up
        over the first ``warmup`` of all steps, then down to zero. ``cosine``: half a cosine over
        all steps, times a rise over the first ``warmup`` of them.
    decay, decay_every, plateau, min_lr, warmup : float, int, int, float, float
    monitor : str
        Name of the score whose best epoch gives the weights (lower is better where it ends in
        ``loss``); empty: those after the last epoch.
    patience : int
        Epochs without a better score after which training stops; 0: never.
    min_delta : float
        A smaller gain of the score is none.
    precision : {"fp32", "bf16"}
        ``bf16``: mixed precision, for a GPU, or a processor that computes in it (another would be
        seven times slower).
    device : str
    """

    epochs: int = 30
    batch: int = 32
    optimiser: str = "adam"
    lr: float = 1e-3
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    clip: float = 0.0
    schedule: str = "constant"
    decay: float = 0.1
    decay_every: int = 10
    plateau: int = 3
    min_lr: float = 0.0
    warmup: float = 0.1
    monitor: str = ""
    patience: int = 0
    min_delta: float = 0.0
    precision: str = "fp32"
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name, words in WORDS.items():
            if (found := getattr(self, name)) not in words:
                raise ValueError(f"{name}: expected {' or '.join(words)}, found {found!r}")
        if min(self.epochs, self.batch) < 1 or self.clip < 0:
            raise ValueError(f"expected epochs and batch from 1, clip from 0, found {self}")


class Task(ABC):
    """What one network needs of the loop."""

    network: nn.Module
    steps: int
    """Batches in one pass."""
    best: int
    """Epoch whose weights the network ended with, from 0."""
    validation: float = math.nan
    """Its monitored score, or the first."""
    @abstractmethod
    def batches(self) -> Iterable:
        """One pass over the training examples, in a new order: what :meth:`loss` takes, in turn."""

    @abstractmethod
    def loss(self, batch) -> tuple[Tensor, ...]:
        """What is minimised; behind it the numbers that the history shows in its place, if any."""

    @abstractmethod
    def score(self) -> dict[str, float | None]:
        """Scores on validation data, by name, of the network in evaluation mode; None: not
        computed."""


def n_batches(n: int, recipe: Recipe) -> int:
    """Steps in one pass over ``n`` examples."""
    return -(-n // recipe.batch)


def autocast(recipe: Recipe) -> torch.autocast:
    """Mixed precision where the recipe asks for it."""
    return torch.autocast(
        torch.device(recipe.device).type, torch.bfloat16, enabled=recipe.precision == "bf16")


def _schedule(optimiser: Optimizer, recipe: Recipe, total: int):
    """The learning rate over ``total`` steps."""
    warm = recipe.warmup * total
    if recipe.schedule == "constant":
        return LambdaLR(optimiser, lambda step: 1.0)
    if recipe.schedule == "step":
        return StepLR(optimiser, recipe.decay_every, recipe.decay)
    if recipe.schedule == "one_cycle":
        return OneCycleLR(optimiser, recipe.lr, total_steps=total)
    if recipe.schedule == "cosine":
        return LambdaLR(
            optimiser, lambda step: min(1.0, (step + 1) / max(1.0, warm)) *
            (1 + math.cos(math.pi * step / total)) / 2)
    if recipe.schedule == "linear":
        return LambdaLR(optimiser,
                        lambda step: float(np.interp(step + 1, (0, warm, total + 1), (0, 1, 0))))
    better = {"threshold": recipe.min_delta, "threshold_mode": "abs"} if recipe.min_delta else {}
    return ReduceLROnPlateau(optimiser, "min" if recipe.monitor.endswith("loss") else "max",
                             recipe.decay, recipe.plateau, min_lr=recipe.min_lr, **better)


def _number(score: float | None) -> float:
    return math.nan if score is None else float(score)


def fit(task: Task, recipe: Recipe, checkpoint: Checkpoint | None = None) -> np.ndarray:
    """Train ``task.network`` in place; it ends with the weights of the best or the last epoch.

    Parameters
    ----------
    task, recipe : Task, Recipe
    checkpoint : Checkpoint, optional
        Where each epoch is kept, so that a killed run goes on from there.

    Returns
    -------
    array
        The history ``(n_epochs, ...)``: training loss (or the numbers in its place), the scores,
        learning rate.

    Raises
    ------
    FloatingPointError
        Where the loss or a score is not a number.
    """
    network, weights = task.network, [p for p in task.network.parameters() if p.requires_grad]
    optimiser = {"adam": Adam,
                 "adamw": AdamW}[recipe.optimiser](weights, recipe.lr, betas=recipe.betas,
                                                   weight_decay=recipe.weight_decay)
    schedule = _schedule(optimiser, recipe, recipe.epochs * task.steps)
    by_step = recipe.schedule in {"one_cycle", "cosine", "linear"}
    sign = -1 if recipe.monitor.endswith("loss") else 1
    history, (best, best_epoch, state) = [], (-math.inf, -1, None)
    if checkpoint is not None and (kept := checkpoint.resume(network, optimiser, schedule)):
        history, (best, best_epoch, state) = kept
        task.validation = sign * best if best_epoch >= 0 else task.validation
    for epoch in range(len(history), recipe.epochs):
        network.train()
        losses = []
        for batch in task.batches():
            with autocast(recipe):
                loss, *shown = task.loss(batch)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            if recipe.clip:
                nn.utils.clip_grad_norm_(network.parameters(), recipe.clip)
            optimiser.step()
            if by_step:
                schedule.step()
            losses.append([float(number.detach()) for number in shown or [loss]])
        network.eval()
        with torch.no_grad(), autocast(recipe):
            scores = task.score()
        shown = {"training loss": np.mean(losses, axis=0)} | scores
        history.append([
            *shown["training loss"], *map(_number, scores.values()), optimiser.param_groups[0]["lr"]
        ])
        if any(value is not None and not np.isfinite(value).all() for value in shown.values()):
            raise FloatingPointError(
                f"epoch {epoch + 1} ended with {shown}: lower the learning rate ({recipe.lr}) or "
                "look for gaps in the data")
        if recipe.monitor and recipe.monitor not in scores:
            raise ValueError(f"monitor: expected {' or '.join(scores)}, found {recipe.monitor!r}")
        value = _number(scores.get(recipe.monitor))
        if not recipe.monitor:
            task.validation = _number(next(iter(scores.values())))
        if sign * value > best + recipe.min_delta:
            best, best_epoch, state = sign * value, epoch, copy.deepcopy(network.state_dict())
            task.validation = value
        elif recipe.patience and epoch - best_epoch >= recipe.patience:
            break
        if recipe.schedule == "plateau":
            schedule.step(value)
        elif not by_step:
            schedule.step()
        if checkpoint is not None:
            checkpoint.save(network, optimiser, schedule, history, (best, best_epoch, state))
    task.best = best_epoch if recipe.monitor else len(history) - 1
    if state is not None:
        network.load_state_dict(state)
    return np.array(history)
