"""Train the network on scalp maps on one fold: standardise, fit, stop on validation, predict (paper
4, Sec 5.3)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lib.models.scalp_cnn import ScalpCNN

__all__ = ["Recipe", "scalp_fold", "standardise"]


@dataclass(frozen=True)
class Recipe:
    """How a fold is trained.

    Parameters
    ----------
    epochs : int
        At most. Sec 5.3: 100.
    lr, lr_min : float
        Of Adam. Sec 5.3: from 1e-4 down to 1e-6 where validation does not improve.
    factor, patience : float, int
        choice: the learning rate is halved after 5 epochs without a lower validation loss.
    stop : int
        choice: training ends after 15 such epochs, with the weights of the best one (Sec 5.3: early
        stopping, best weights).
    weight_decay : float
        choice: 1e-4.
    batch : int
        choice: 32.
    precision : {"fp32", "bf16"}
        ``bf16``: mixed precision.
    device : str
    """

    epochs: int = 100
    lr: float = 1e-4
    lr_min: float = 1e-6
    factor: float = 0.5
    patience: int = 5
    stop: int = 15
    weight_decay: float = 1e-4
    batch: int = 32
    precision: str = "fp32"
    device: str = "cpu"


def standardise(maps: np.ndarray, train: Sequence[int]) -> np.ndarray:
    """Maps ``(N, d, 7, 5)`` with mean 0 and spread 1 of each feature over the electrodes of the
    training segments.

    ``choice:`` the paper prints no scaling of the features. One mean for all electrodes, so that
    differences between them stay; empty cells, those that are 0 throughout the training segments,
    stay 0. Returns float32.
    """
    known = maps[np.asarray(train)].astype(np.float32)
    occupied = known.any(axis=(0, 1))
    cells = known[:, :, occupied]
    mean, sd = cells.mean(axis=(0, 2)), cells.std(axis=(0, 2))
    # float16 resolves no less
    scaled = (maps - mean[:, None, None]) / np.where(sd > 1e-4, sd, 1)[:, None, None]
    return np.where(occupied, scaled, 0).astype(np.float32)


class _Fit:
    """A network with the maps and labels of one fold."""
    def __init__(self, net: nn.Module, data: Mapping[str, np.ndarray], split: Mapping,
                 recipe: Recipe):
        self.recipe, self.net = recipe, net.to(recipe.device, memory_format=torch.channels_last)
        self.rows = {
            part: torch.as_tensor(np.asarray(split[part])) for part in ("train", "val", "test")
        }
        self.x = torch.from_numpy(standardise(data["maps"], split["train"]))
        self.y = torch.as_tensor(np.asarray(data["emotion"]), dtype=torch.int64)

    def _logits(self, rows: Tensor) -> Tensor:
        device = torch.device(self.recipe.device)
        with torch.autocast(device.type, torch.bfloat16, enabled=self.recipe.precision == "bf16"):
            return self.net(
                self.x[rows].to(device).contiguous(memory_format=torch.channels_last)).float()

    @torch.no_grad()
    def predict(self, part: str) -> Tensor:
        """Logits ``(n, n_classes)`` of a part, on the CPU."""
        self.net.eval()
        return torch.cat([self._logits(rows) for rows in self.rows[part].split(256)]).cpu()

    def train(self, rng: np.random.Generator) -> np.ndarray:
        """Train in place, end with the best weights; the history ``(epochs, 4)``."""
        recipe = self.recipe
        optimiser = torch.optim.Adam(self.net.parameters(), lr=recipe.lr,
                                     weight_decay=recipe.weight_decay)
        schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, factor=recipe.factor,
                                                              patience=recipe.patience,
                                                              min_lr=recipe.lr_min)
        truth, best, weights, waited, history = self.y[self.rows["val"]], np.inf, None, 0, []
        for _ in range(recipe.epochs):
            self.net.train()
            losses = []
            order = self.rows["train"][torch.from_numpy(rng.permutation(len(self.rows["train"])))]
            for rows in order.split(recipe.batch):
                loss = cross_entropy(self._logits(rows), self.y[rows].to(recipe.device))
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                optimiser.step()
                losses.append(loss.detach())
            logits = self.predict("val")
            value = float(cross_entropy(logits, truth))
            accuracy = float((logits.argmax(dim=1) == truth).float().mean())
            history.append((float(torch.stack(losses).mean()), value, accuracy,
                            optimiser.param_groups[0]["lr"]))
            schedule.step(value)
            waited += 1
            if value < best:
                best, waited, weights = value, 0, {
                    key: values.detach().clone() for key, values in self.net.state_dict().items()
                }
            if waited >= recipe.stop:
                break
        if weights is None:
            raise FloatingPointError(
                f"the validation loss was never a number: lower the learning rate ({recipe.lr}) or look for gaps"
            )
        self.net.load_state_dict(weights)
        return np.array(history)


def scalp_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *, model: Mapping,
               recipe: Mapping) -> dict[str, np.ndarray]:
    """Train :class:`lib.models.scalp_cnn.ScalpCNN` on one fold and predict its validation and test
    segments.

    Parameters
    ----------
    data : mapping
        ``maps`` ``(N, d, 7, 5)`` float16 or float32 from
        :func:`lib.preprocessing.scalp_maps.scalp_map`; ``emotion`` ``(N,)``, 0 to 3.
    split : mapping
        ``train``, ``val``, ``test``: segment indices.
    seed : int
    model : mapping
        Arguments of ``ScalpCNN`` but for ``n_features``.
    recipe : mapping
        Fields of :class:`Recipe`.

    Returns
    -------
    dict
        ``val``, ``test``: probabilities ``(n, 4)`` float32; ``history`` ``(epochs, 4)``: training
        loss, validation loss, validation accuracy, learning rate; ``seconds``.
    """
    begin = time.perf_counter()
    settings = Recipe(**recipe)
    torch.manual_seed(seed)
    fit = _Fit(ScalpCNN(data["maps"].shape[1], **model), data, split, settings)
    history = fit.train(np.random.default_rng(seed))
    return {part: fit.predict(part).softmax(dim=1).numpy() for part in ("val", "test")
            } | {"history": history, "seconds": np.array(time.perf_counter() - begin)}
