"""Pre-train one modality of paper 3 without labels: reconstruct hidden channels (Sec 2.2,
pre-training)."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lib.models.mv_sstma import MVSSTMA, draw_visible, masked_error, n_visible
from lib.preprocessing.seed import scale_eeg, scale_eye

__all__ = ["PretrainRecipe", "autocast", "build", "pretrain_fold", "scale", "sessions"]


@dataclass(frozen=True)
class PretrainRecipe:
    """How an autoencoder is pre-trained.

    Parameters
    ----------
    epochs, batch : int
        ``choice:`` the paper prints neither.
    lr : float
        1.5e-4 (Sec 3.2): the base rate of the image MAE, whose optimiser the next three follow.
    weight_decay, betas : float, (float, float)
        Of AdamW. ``choice:`` 0.05, (0.9, 0.95).
    warmup : float
        Share of the steps in which the rate rises; a cosine takes it down again. ``choice:`` 0.1.
    ratio : float
        Share of masked channels: 30 % (Sec 3.2).
    precision : {"fp32", "bf16"}
        The paper trains in mixed precision; ``choice:`` single, because attention in bfloat16 is
        slower on a CPU.
    device : str
    """

    epochs: int = 20
    batch: int = 64
    lr: float = 1.5e-4
    weight_decay: float = 0.05
    betas: tuple[float, float] = (0.9, 0.95)
    warmup: float = 0.1
    ratio: float = 0.3
    precision: str = "fp32"
    device: str = "cpu"


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
    see the same numbers; a session without training windows takes all training windows.

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
    if weights is not None:
        network.load_state_dict({name: torch.as_tensor(value) for name, value in weights.items()})
    return network


def autocast(recipe) -> torch.autocast:
    """Mixed precision where the recipe asks for it."""
    return torch.autocast(
        torch.device(recipe.device).type, dtype=torch.bfloat16, enabled=recipe.precision == "bf16")


def _rate(total: int, warmup: float) -> Callable[[int], float]:
    """Factor of the learning rate at a step: a linear rise to 1, then half a cosine down."""
    return lambda step: min(1.0, (step + 1) / max(1.0, warmup * total)) * (1 + math.cos(
        math.pi * step / total)) / 2


@torch.no_grad()
def _validate(network: MVSSTMA, x: Tensor, visible: Tensor, recipe: PretrainRecipe) -> float:
    """Masked error over ``x``, NaN where there is none; the masks are the same at every call."""
    network.eval()
    total = 0.0
    for rows in torch.arange(len(x)).split(256):
        with autocast(recipe):
            total += len(rows) * float(masked_error(*_reconstruct(network, x[rows], visible[rows])))
    return total / len(x) if len(x) else np.nan


def _reconstruct(network: MVSSTMA, x: Tensor, visible: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    reconstruction, masked = network.forward_mae(x, visible.to(x.device))
    return reconstruction.float(), x, masked


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
        ``(n_epochs, 2)``: masked mean squared error of the training and validation windows, in
        squared standard deviations; ``seconds``.

    Raises
    ------
    ValueError
        Where the ratio leaves no channel masked.
    """
    begin, settings = time.perf_counter(), PretrainRecipe(**recipe)
    torch.manual_seed(seed)
    rows = np.concatenate([np.asarray(split[part], int) for part in ("train", "val")])
    n = len(split["train"])
    x = torch.as_tensor(scale(data[modality][rows], np.arange(n), modality,
                              sessions(data)[rows]), device=settings.device)
    network = build(x.shape, model).to(settings.device)
    if n_visible(x.shape[2], settings.ratio) == x.shape[2]:
        raise ValueError(
            f"a ratio of {settings.ratio} masks no channel of {x.shape[2]}: there is nothing to reconstruct"
        )
    fixed = draw_visible(len(x) - n, x.shape[2], settings.ratio)
    steps = -(-n // settings.batch)
    optimiser = torch.optim.AdamW(network.parameters(), settings.lr, betas=settings.betas,
                                  weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser,
                                                 _rate(settings.epochs * steps, settings.warmup))
    history = []
    for _ in range(settings.epochs):
        network.train()
        losses = []
        for batch in torch.randperm(n).tensor_split(steps):
            with autocast(settings):
                loss = masked_error(*_reconstruct(
                    network, x[batch], draw_visible(len(batch), x.shape[2], settings.ratio)))
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
        history.append((np.mean(losses), _validate(network, x[n:], fixed, settings)))
    weights = {
        f"weights/{name}": value.cpu().numpy() for name, value in network.state_dict().items()
    }
    return weights | {
        "history": np.array(history), "seconds": np.array(time.perf_counter() - begin)
    }
