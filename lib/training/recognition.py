"""The task of a network that tells classes apart, one example after another."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from lib.training.loop import Recipe, Task, autocast, fit, n_batches


class Recognition(Task):
    """Cross-entropy of classes, or of "high" where the labels are floats.

    Parameters
    ----------
    network : Module
        Takes one batch of each input; gives logits ``(batch, n_classes)``, or ``(batch,)`` of
        "high".
    inputs : sequence of Tensor
        Of all examples, ``(n, ...)`` each.
    y : array
        Labels ``(n,)``: integers, or floats 0 and 1.
    split : mapping
        ``train``, ``val``, ``test``: examples.
    recipe : Recipe
    rng : numpy.random.Generator
        Orders the training examples.
    weight : Tensor, optional
        Of each class.
    """
    def __init__(self, network: nn.Module, inputs: Sequence[Tensor], y: np.ndarray, split: Mapping,
                 recipe: Recipe, rng: np.random.Generator, weight: Tensor | None = None):
        self.network, self.recipe, self.rng = network.to(recipe.device), recipe, rng
        self.inputs = [x.to(recipe.device) for x in inputs]
        self.binary, self.weight = y.dtype.kind == "f", weight
        self.y = torch.from_numpy(y if self.binary else y.astype(np.int64)).to(recipe.device)
        self.rows = {part: np.asarray(split[part], int) for part in ("train", "val", "test")}
        self.steps = n_batches(len(self.rows["train"]), recipe)

    def pieces(self, rows: np.ndarray) -> list[np.ndarray]:
        """Parts of at most a batch: what the network sees at once."""
        return np.split(rows, range(self.recipe.batch, len(rows), self.recipe.batch))

    def batches(self) -> list[np.ndarray]:
        """Training examples in a random order, in batches of nearly equal length."""
        order = self.rng.permutation(self.rows["train"])
        return np.array_split(order, self.steps)

    def logits(self, rows: np.ndarray) -> Tensor:
        """Of the chosen examples, float32."""
        index = torch.from_numpy(rows).to(self.recipe.device)
        return self.network(*(x.index_select(0, index) for x in self.inputs)).float()

    def cross_entropy(self, logits: Tensor, y: Tensor) -> Tensor:
        """Mean over examples, weighed by class where classes have weights."""
        if self.binary:
            return binary_cross_entropy_with_logits(logits, y)
        return cross_entropy(logits, y, self.weight)

    def loss(self, batch: np.ndarray) -> tuple[Tensor, ...]:
        """Cross-entropy of a batch."""
        return (self.cross_entropy(self.logits(batch), self.y[batch]),)

    @torch.no_grad()
    def apply(self, function, rows: np.ndarray) -> Tensor:
        """A function of rows in evaluation mode, piece by piece, float32."""
        self.network.eval()
        with autocast(self.recipe):
            return torch.cat([function(part).float() for part in self.pieces(rows)])

    def score(self) -> dict[str, float | None]:
        """Cross-entropy and accuracy of the validation examples."""
        logits, y = self.apply(self.logits, self.rows["val"]), self.y[self.rows["val"]]
        right = (logits > 0) == (y > 0) if self.binary else logits.argmax(dim=1) == y
        return {
            "loss": float(self.cross_entropy(logits, y)), "accuracy": float(right.float().mean())
        }

    def probabilities(self, part: str) -> np.ndarray:
        """Of "high" ``(n,)``, or of each class ``(n, n_classes)``, float32."""
        logits = self.apply(self.logits, self.rows[part])
        return (logits.sigmoid() if self.binary else logits.softmax(dim=1)).cpu().numpy()


def recognise(task: Recognition) -> dict[str, np.ndarray]:
    """Train and predict: ``val`` and ``test``, probabilities; ``history`` ``(n_epochs, 4)``:
    training loss, validation loss, validation accuracy, learning rate; ``best``: the epoch whose
    weights are used, from 0."""
    history = fit(task, task.recipe)
    found = {part: task.probabilities(part) for part in ("val", "test")}
    return found | {
        "history": history, "best": np.array(task.best), "validation": np.array(task.validation)
    }
