"""Train one fold of continuous regression: scale, cut windows, fit, select on validation, predict
(paper 1)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor, nn

from lib.models.rmmt import build
from lib.training.losses import ccc, ccc_loss, kd_loss
from lib.training.windows import overlap_mean, trial_slices, window_starts

__all__ = ["Recipe", "fit_fold", "scale"]


@dataclass(frozen=True)
class Recipe:
    """How a fold is trained. The paper prints none of it; the choices are justified in
    ``lib.papers.rmmt.protocol``.

    Parameters
    ----------
    epochs, batch : int
    lr, weight_decay : float
        Of AdamW with a one-cycle schedule.
    window, hop : int
        Label steps of a window, and between the windows that predict: 96 and 32 as the code of [32]
        (24 s and 8 s).
    train_hop : int
        Label steps between training windows.
    alpha : float
        Weight of the KD loss, Eq (21).
    detach : bool
        Stop the KD loss from moving the face features.
    scope : {"batch", "window"}
        Over what the CCC loss is taken, see :func:`lib.training.losses.ccc_loss`.
    scaling : {"train", "subject"}
        ``train``: mean and spread of the training trials. ``subject``: each subject's own, test
        subject included (transductive: it uses unlabelled test data).
    face_baseline : int
        Label steps at the start of each trial whose mean is subtracted from its face features; 0
        for none. It removes the identity of the face with nothing but the trial's own beginning.
    teacher : bool
        Train a face network first and teach its features to this (EEG) network, as [32].
    precision : {"fp32", "bf16"}
        ``bf16``: mixed precision, for a GPU, or a processor that computes in it (another would be
        seven times slower).
    device : str
    """

    epochs: int = 12
    batch: int = 16
    lr: float = 1e-3
    weight_decay: float = 1e-2
    window: int = 96
    hop: int = 32
    train_hop: int = 64
    alpha: float = 1.0
    detach: bool = False
    scope: str = "batch"
    scaling: str = "train"
    face_baseline: int = 0
    teacher: bool = False
    precision: str = "fp32"
    device: str = "cpu"


def scale(x: np.ndarray, lengths: Sequence[int], subjects: Sequence[int], train: Sequence[int],
          scaling: str = "train", baseline: int = 0) -> np.ndarray:
    """Standardise features ``(n_times, n_features)``.

    Parameters
    ----------
    x : array
        All trials one after another.
    lengths, subjects : sequence of int
        Of each trial.
    train : sequence of int
        Training trials.
    scaling : {"train", "subject"}
        Whose mean and spread are used, see :class:`Recipe`.
    baseline : int
        If positive, each trial is first taken relative to the mean of its own first ``baseline``
        steps.
    """
    slices = trial_slices(lengths)
    if baseline:
        x = np.concatenate([x[where] - x[where][:baseline].mean(0) for where in slices])
    if scaling == "train":
        known = np.concatenate([x[slices[i]] for i in train])
        return ((x - known.mean(0)) / (known.std(0) + 1e-6)).astype(np.float32)
    if scaling != "subject":
        raise ValueError(f"scaling is 'train' or 'subject', not {scaling!r}")
    subject = np.repeat(subjects, lengths)
    out = np.empty_like(x, dtype=np.float32)
    for s in np.unique(subject):
        own = x[subject == s]
        out[subject == s] = (own - own.mean(0)) / (own.std(0) + 1e-6)
    return out


class _Windows:
    """Tensors of one fold, and batches of windows gathered from them."""
    def __init__(self, data: Mapping[str, np.ndarray], train: Sequence[int], recipe: Recipe):
        self.lengths, self.recipe = data["lengths"], recipe
        about = (data["lengths"], data["subject"], train, recipe.scaling)
        self.eeg = torch.as_tensor(scale(data["eeg"], *about), device=recipe.device)
        self.face = torch.as_tensor(scale(data["face"], *about, baseline=recipe.face_baseline),
                                    device=recipe.device)
        self.valence = torch.as_tensor(data["valence"], dtype=torch.float32, device=recipe.device)

    def starts(self, trials: Sequence[int], hop: int) -> np.ndarray:
        return window_starts(self.lengths, trials, self.recipe.window, hop)

    def batch(self, starts: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        index = torch.as_tensor(starts[:, None] + np.arange(self.recipe.window),
                                device=self.recipe.device)
        return self.eeg[index], self.face[index], self.valence[index]

    def autocast(self) -> torch.autocast:
        device = torch.device(self.recipe.device).type
        return torch.autocast(device, dtype=torch.bfloat16, enabled=self.recipe.precision == "bf16")

    @torch.no_grad()
    def predict(self, model: nn.Module, trials: Sequence[int], hop: int) -> np.ndarray:
        """Predictions ``(n_heads, n_times)`` over the chosen trials, one after another; overlapping
        windows averaged."""
        model.eval()
        starts, heads = self.starts(trials, hop), []
        with self.autocast():
            for part in np.array_split(starts, max(1, -(-len(starts) // 128))):
                eeg, face, _ = self.batch(part)
                heads.append(model(eeg, face).valence.float().cpu().numpy())
        trace = overlap_mean(np.concatenate(heads, axis=1), starts, len(self.valence))
        slices = trial_slices(self.lengths)
        return np.concatenate([trace[:, slices[i]] for i in trials], axis=1)

    def labels(self, trials: Sequence[int]) -> np.ndarray:
        slices = trial_slices(self.lengths)
        return np.concatenate([self.valence[slices[i]].cpu().numpy() for i in trials])


def _train(model: nn.Module, windows: _Windows, split: Mapping, recipe: Recipe, rng,
           teacher: nn.Module | None = None) -> np.ndarray:
    """Train in place, end with the weights of the best validation CCC; return the history
    ``(n_epochs, 3)``."""
    starts = windows.starts(split["train"], recipe.train_hop)
    steps = -(-len(starts) // recipe.batch)
    optimiser = torch.optim.AdamW(model.parameters(), lr=recipe.lr,
                                  weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.lr,
                                                   total_steps=recipe.epochs * steps)
    truth, best, weights, history = windows.labels(split["val"]), -np.inf, None, []
    for _ in range(recipe.epochs):
        model.train()
        losses = []
        for part in np.array_split(rng.permutation(starts), steps):
            eeg, face, y = windows.batch(part)
            with windows.autocast():
                out = model(eeg, face)
                loss = sum(ccc_loss(head.float(), y, recipe.scope) for head in out.valence)
                target = out.face
                if teacher is not None:
                    with torch.no_grad():
                        target = teacher(eeg, face).face
                kd = kd_loss(
                    out.eeg, target,
                    recipe.detach) if out.eeg is not None and target is not None else torch.zeros(
                        ())
            optimiser.zero_grad(set_to_none=True)
            (loss + recipe.alpha * kd if recipe.alpha else loss).backward()  # Eq (21)
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            losses.append((float(loss.detach()) / len(out.valence), float(kd.detach())))
        guess = torch.as_tensor(windows.predict(model, split["val"], hop=recipe.window).mean(0))
        score = float(ccc(guess, torch.as_tensor(truth, dtype=guess.dtype)))
        history.append((*np.mean(losses, axis=0), score))
        if score > best:
            best, weights = score, {k: v.detach().clone() for k, v in model.state_dict().items()}
    if weights is None:
        raise FloatingPointError(
            f"validation CCC was never a number in {recipe.epochs} epochs: lower the learning rate ({recipe.lr})"
        )
    model.load_state_dict(weights)
    return np.array(history)


def fit_fold(data: Mapping[str, np.ndarray], split: Mapping, model: str, options: Mapping,
             recipe: Mapping, seed: int) -> dict[str, np.ndarray]:
    """Train one model on one fold and predict its validation and test trials.

    Parameters
    ----------
    data : mapping
        ``eeg`` and ``face`` ``(n_times, n_features)``, ``valence`` ``(n_times,)`` of all trials one
        after another; ``lengths`` and ``subject`` ``(n_trials,)``.
    split : mapping
        ``train``, ``val``, ``test``: trial indices.
    model, options : str, mapping
        For :func:`lib.models.rmmt.build`.
    recipe : mapping
        Fields of :class:`Recipe`.
    seed : int

    Returns
    -------
    dict
        ``test`` and ``val``: predictions ``(n_heads, n_times)`` of those trials one after another;
        ``history`` ``(n_epochs, 3)``: mean CCC loss, mean KD loss, validation CCC; ``seconds``.
    """
    begin = time.perf_counter()
    settings = Recipe(**recipe)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    windows = _Windows(data, split["train"], settings)
    sizes = {"n_eeg": data["eeg"].shape[1], "n_face": data["face"].shape[1]}
    teacher = None
    if settings.teacher:
        # features of equal width
        extractor = {
            name: options[name] for name in ("widths", "kernel", "dropout") if name in options
        }
        teacher = build("TCN-F", **sizes, **extractor).to(settings.device)
        _train(teacher, windows, split, Recipe(**asdict(settings) | {"teacher": False}), rng)
        teacher.eval().requires_grad_(False)
    network = build(model, **sizes, **options).to(settings.device)
    history = _train(network, windows, split, settings, rng, teacher)
    predictions = {
        part: windows.predict(network, split[part], settings.hop).astype(np.float32)
        for part in ("test", "val")
    }
    return {**predictions, "history": history, "seconds": np.array(time.perf_counter() - begin)}
