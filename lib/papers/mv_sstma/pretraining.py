"""Pre-train one modality of paper 3 without labels on one fold: reconstruct hidden channels (Sec
2.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lib.models.mv_sstma import MVSSTMA, draw_visible, masked_error, n_visible
from lib.preprocessing.seed import scale_eeg, scale_eye
from lib.training import loop
from lib.training.checkpoint import restore, state


@dataclass(frozen=True, kw_only=True)
class PretrainRecipe(loop.Recipe):
    """How an autoencoder is pre-trained. 1.5e-4 (Sec 3.2) is the base rate of the image MAE, whose
    optimiser this follows; ``choice:`` epochs, batch, AdamW's 0.05 and (0.9, 0.95), a tenth of the
    steps to warm up, single precision (the paper: mixed) because attention in bfloat16 is slower on
    a CPU.

    Parameters
    ----------
    ratio : float
        Share of masked channels: 30 % (Sec 3.2).
    """

    epochs: int = 20
    batch: int = 64
    optimiser: str = "adamw"
    lr: float = 1.5e-4
    weight_decay: float = 0.05
    betas: tuple[float, float] = (0.9, 0.95)
    schedule: str = "cosine"
    ratio: float = 0.3


def sessions(data: Mapping[str, np.ndarray]) -> np.ndarray:
    """A number for each (subject, session), ``(n_windows,)``."""
    return np.unique(np.stack([data["subject"], data["session"]]), axis=1,
                     return_inverse=True)[1].ravel()


def scale(x: np.ndarray, train: Sequence[int] | np.ndarray, modality: str,
          group: np.ndarray | None = None) -> np.ndarray:
    """Scale every feature of one modality by the training windows of its own recording.

    EEG is standardised per channel and band. Eye features are brought to [10, 100] by their
    training minimum and maximum (Sec 3.2) and clipped there; ``choice:`` then they are standardised
    too, because a network fed with numbers up to 100 learns badly at the printed rates. ``choice:``
    per subject and session, so that pre-training over all subjects and fine-tuning on one session
    see nearly the same numbers (pre-training leaves its validation trial out); a session without
    training windows takes all training windows.

    Parameters
    ----------
    x : array
        ``(n_windows, n_times, n_channels, n_bands)`` EEG or ``(n_windows, n_times, n_features)``
        eye.
    train : sequence of int
        Training windows.
    modality : {"eeg", "eye"}
    group : array, optional
        ``(n_windows,)``, from :func:`sessions`; default: all windows are one group.

    Returns
    -------
    array
        float32, ``(n_windows, n_times, n_channels, n_features)``: the eye gets an axis of one
        feature per channel. An eye feature that is NaN in a whole trial becomes the training mean.
    """
    if modality not in {"eeg", "eye"}:
        raise ValueError(f"modality is 'eeg' or 'eye', not {modality!r}")
    group, known = np.zeros(len(x), int) if group is None else group, np.zeros(len(x), bool)
    known[np.asarray(train)] = True
    out = np.empty(x.shape, np.float32)
    for g in np.unique(group):
        own = np.flatnonzero(group == g)
        fit = own[known[own]] if known[own].any() else np.flatnonzero(known)
        part, fitted = x[np.concatenate([own, fit])], slice(len(own), None)
        out[own] = scale_eeg(scale_eye(part, fitted) if modality == "eye" else part,
                             fitted)[:len(own)]
    return out[..., None] if modality == "eye" else out


def build(shape: Sequence[int], model: Mapping,
          weights: Mapping[str, np.ndarray] | None = None) -> MVSSTMA:
    """An :class:`~lib.models.mv_sstma.MVSSTMA` for scaled windows of this shape, with options
    ``model`` and given weights."""
    network = MVSSTMA(n_channels=shape[2], n_features=shape[3], **model)
    return network if weights is None else restore(network, weights)


class MaskedTask(loop.Task):
    """Reconstruct the channels that are hidden; others at every look for training windows, the same
    at every epoch for validation windows."""
    def __init__(self, network: MVSSTMA, x: Tensor, n_train: int, recipe: PretrainRecipe):
        self.network, self.x, self.n, self.recipe = network.to(recipe.device), x, n_train, recipe
        self.fixed = self.draw(len(x) - n_train)
        self.steps = loop.n_batches(n_train, recipe)

    def draw(self, n: int) -> Tensor:
        return draw_visible(n, self.x.shape[2], self.recipe.ratio)

    def error(self, x: Tensor, visible: Tensor) -> Tensor:
        reconstruction, masked = self.network.forward_mae(x, visible.to(x.device))
        return masked_error(reconstruction.float(), x, masked)

    def batches(self) -> Sequence[Tensor]:
        return torch.randperm(self.n).tensor_split(self.steps)

    def loss(self, batch: Tensor) -> tuple[Tensor, ...]:
        return (self.error(self.x[batch], self.draw(len(batch))),)

    def score(self) -> dict[str, float | None]:
        x, total = self.x[self.n:], 0.0
        for rows in torch.arange(len(x)).split(256):
            total += len(rows) * float(self.error(x[rows], self.fixed[rows]))
        return {"loss": total / len(x) if len(x) else None}


def pretrain_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *, modality: str,
                  model: Mapping, recipe: Mapping) -> dict[str, np.ndarray]:
    """Pre-train on the training windows of a fold; labels are not touched, nor are the test
    windows.

    Parameters
    ----------
    data : mapping
        ``eeg`` ``(n_windows, n_times, n_channels, n_bands)`` or ``eye`` ``(n_windows, n_times,
        n_features)``; ``subject`` and ``session`` ``(n_windows,)``.
    split : mapping
        ``train``, ``val``: window indices.
    seed : int
    modality : {"eeg", "eye"}
    model : mapping
        Options of :class:`lib.models.mv_sstma.MVSSTMA` beside its number of channels and features.
    recipe : mapping
        Fields of :class:`PretrainRecipe`.

    Returns
    -------
    dict
        ``weights/<name>``: all weights of the autoencoder after the last epoch; ``history``
        ``(n_epochs, 3)``: masked mean squared error of the training and validation windows, in
        squared standard deviations, and learning rate.

    Raises
    ------
    ValueError
        Where the ratio leaves no channel masked.
    """
    settings = PretrainRecipe(**recipe)
    torch.manual_seed(seed)
    rows = np.concatenate([np.asarray(split[part], int) for part in ("train", "val")])
    n = len(split["train"])
    x = torch.as_tensor(scale(data[modality][rows], np.arange(n), modality,
                              sessions(data)[rows]), device=settings.device)
    if n_visible(x.shape[2], settings.ratio) == x.shape[2]:
        raise ValueError(f"a ratio of {settings.ratio} masks no channel of {x.shape[2]}: there is "
                         "nothing to reconstruct")
    network = build(x.shape, model)
    history = loop.fit(task := MaskedTask(network, x, n, settings), settings)
    return state(network) | {"history": history, "validation": np.array(task.validation)}
