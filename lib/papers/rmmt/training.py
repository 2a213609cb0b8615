"""One fold of paper 1: scale, cut windows, train RMMT or what it is compared with, predict; and
the controls beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from sklearn.linear_model import Ridge
from torch import Tensor, nn

from lib.models.rmmt import build
from lib.training import loop
from lib.training.controls import group_mean
from lib.training.losses import ccc, ccc_loss, kd_loss
from lib.training.windows import overlap_mean, trial_slices, window_starts

PENALTIES = 10.0**np.arange(2, 7)
Result = dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Recipe(loop.Recipe):
    """How a fold is trained. The paper prints none of it; the choices are justified in
    :mod:`lib.papers.rmmt.settings` and the profiles.

    Parameters
    ----------
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
    limit : float
        Scaled features beyond it are set to it, either side; 0: none are.
    refit : bool
        Train on the validation trials too and keep the last epoch's weights; the score shown is
        then one of training.
    teacher : bool
        Train a face network first and teach its features to this (EEG) network, as [32].
    """

    epochs: int = 12
    batch: int = 16
    optimiser: str = "adamw"
    weight_decay: float = 1e-2
    clip: float = 1.0
    schedule: str = "one_cycle"
    monitor: str = "CCC"
    window: int = 96
    hop: int = 32
    train_hop: int = 64
    alpha: float = 1.0
    detach: bool = False
    scope: str = "batch"
    scaling: str = "train"
    face_baseline: int = 0
    limit: float = 0.0
    refit: bool = False
    teacher: bool = False


def scale(x: np.ndarray, lengths: Sequence[int], subjects: Sequence[int], train: Sequence[int],
          scaling: str = "train", baseline: int = 0, limit: float = 0.0) -> np.ndarray:
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
    limit : float
        See :class:`Recipe`.
    """
    slices, raw = trial_slices(lengths), x
    if baseline:
        x = np.concatenate([x[where] - x[where][:baseline].mean(0) for where in slices])
    if scaling == "train":
        rows = np.concatenate([np.r_[slices[i]] for i in train])
        out = _scaled(x, x[rows], raw[rows])
    elif scaling == "subject":
        subject = np.repeat(subjects, lengths)
        out = np.empty_like(x, dtype=np.float32)
        for s in np.unique(subject):
            own = subject == s
            out[own] = _scaled(x[own], x[own], raw[own])
    else:
        raise ValueError(f"scaling is 'train' or 'subject', not {scaling!r}")
    return out.clip(-limit, limit) if limit else out


def _scaled(x: np.ndarray, known: np.ndarray, raw: np.ndarray) -> np.ndarray:
    """``x`` by mean and spread of the ``known`` rows; 0 for a feature that stands still in them, as
    seen beside their ``raw`` size: rounding would become a signal."""
    spread = known.std(0)
    moves = spread > 1e-5 * np.sqrt(np.mean(raw**2, axis=0))
    return np.where(moves, (x - known.mean(0)) / (spread + 1e-6), 0).astype(np.float32)


class ValenceTask(loop.Task):
    """Windows of the trials of one fold; the loss of Eq (21), the CCC of the validation trials."""
    def __init__(self, data: Mapping[str, np.ndarray], split: Mapping, recipe: Recipe,
                 rng: np.random.Generator):
        self.lengths, self.split, self.recipe, self.rng = data["lengths"], split, recipe, rng
        about = (data["lengths"], data["subject"], split["train"], recipe.scaling)
        scaled = [
            scale(data[m], *about, baseline, recipe.limit)
            for m, baseline in (("eeg", 0), ("face", recipe.face_baseline))
        ]
        self.eeg, self.face, self.valence = (torch.as_tensor(x, dtype=torch.float32,
                                                             device=recipe.device)
                                             for x in (*scaled, data["valence"]))
        self.train = self.starts("train", recipe.train_hop)
        self.steps = loop.n_batches(len(self.train), recipe)
        self.teacher: nn.Module | None = None

    def starts(self, part: str, hop: int) -> np.ndarray:
        return window_starts(self.lengths, self.split[part], self.recipe.window, hop)

    def steps_of(self, part: str) -> np.ndarray:
        return _steps(self.lengths, self.split[part])

    def batches(self) -> list[np.ndarray]:
        return np.array_split(self.rng.permutation(self.train), self.steps)

    def gather(self, starts: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        index = torch.as_tensor(starts[:, None] + np.arange(self.recipe.window),
                                device=self.recipe.device)
        return self.eeg[index], self.face[index], self.valence[index]

    def loss(self, batch: np.ndarray) -> tuple[Tensor, ...]:
        eeg, face, y = self.gather(batch)
        out = self.network(eeg, face)
        loss = sum(ccc_loss(head.float(), y, self.recipe.scope) for head in out.valence)
        target, kd = out.face, torch.zeros(())
        if self.teacher is not None:
            with torch.no_grad():
                target = self.teacher(eeg, face).face
        if out.eeg is not None and target is not None:
            kd = kd_loss(out.eeg, target, self.recipe.detach)
        total = loss + self.recipe.alpha * kd if self.recipe.alpha else loss  # Eq (21)
        return total, loss / len(out.valence), kd

    def score(self) -> dict[str, float | None]:
        guess = torch.as_tensor(self.predict("val", self.recipe.window).mean(0))
        truth = self.valence[self.steps_of("val")].cpu()
        return {"CCC": float(ccc(guess, truth.to(guess.dtype)))}

    @torch.no_grad()
    def predict(self, part: str, hop: int) -> np.ndarray:
        """Predictions ``(n_heads, n_times)`` over the trials of a part, one after another;
        overlapping windows averaged."""
        self.network.eval()
        starts, heads = self.starts(part, hop), []
        with loop.autocast(self.recipe):
            for piece in np.array_split(starts, max(1, -(-len(starts) // 128))):
                eeg, face, _ = self.gather(piece)
                heads.append(self.network(eeg, face).valence.float().cpu().numpy())
        own = self.lengths[list(self.split[part])]
        local = window_starts(own, range(len(own)), self.recipe.window, hop)
        return overlap_mean(np.concatenate(heads, axis=1), local, own.sum())


def fit_fold(data: Mapping[str, np.ndarray], split: Mapping, model: str, options: Mapping,
             recipe: Mapping, seed: int) -> Result:
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
        ``history`` ``(n_epochs, 4)``: mean CCC loss, mean KD loss, validation CCC, learning rate.
    """
    settings = Recipe(**recipe)
    if settings.refit:
        split = {**split, "train": [*split["train"], *split["val"]]}
        settings = replace(settings, monitor="")
    torch.manual_seed(seed)
    task = ValenceTask(data, split, settings, np.random.default_rng(seed))
    sizes = {"n_eeg": data["eeg"].shape[1], "n_face": data["face"].shape[1]}
    if settings.teacher:  # its features have the width of the pupil's
        same = {key: options[key] for key in ("widths", "kernel", "dropout") if key in options}
        task.network = build("TCN-F", **sizes, **same).to(settings.device)
        loop.fit(task, replace(settings, teacher=False))
        task.teacher = task.network.eval().requires_grad_(False)
    task.network = build(model, **sizes, **options).to(settings.device)
    history = loop.fit(task, settings)
    predictions = {
        part: task.predict(part, settings.hop).astype(np.float32) for part in ("test", "val")
    }
    return {**predictions, "history": history, "validation": np.array(task.validation)}


def _steps(lengths, trials) -> np.ndarray:
    """Label steps of the chosen trials, one trial after another."""
    slices = trial_slices(lengths)
    return np.concatenate([np.arange(slices[i].start, slices[i].stop) for i in trials])


def constant_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int) -> Result:
    """Predict the mean training label everywhere; returns as :func:`fit_fold`."""
    mean = data["valence"][_steps(data["lengths"], split["train"])].mean()
    return {
        part: np.full((1, len(_steps(data["lengths"], split[part]))), mean, np.float32)
        for part in ("val", "test")
    }


def stimulus_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int) -> Result:
    """Predict the mean trace of the training trials of the same stimulus; where none watched it,
    the training mean.

    It uses the identity of the clip, which the models are not given: what the stimulus alone tells
    about the label.
    """
    lengths, clip = data["lengths"], np.unique(data["stimulus"], return_inverse=True)[1]
    place = np.stack([np.repeat(clip, lengths), np.concatenate([np.arange(n) for n in lengths])])
    trace = group_mean(data["valence"], place, _steps(lengths, split["train"])).astype(np.float32)
    return {part: trace[_steps(lengths, split[part])][None] for part in ("val", "test")}


def _with_history(x: np.ndarray, lengths, steps: int = 16) -> np.ndarray:
    """Features and their causal mean over the last 4 s, trial by trial."""
    past = np.empty_like(x)
    for where in trial_slices(lengths):
        total = np.cumsum(np.vstack([np.zeros(x.shape[1]), x[where]]), axis=0)
        n = np.arange(1, where.stop - where.start + 1)
        past[where] = (total[n] - total[np.maximum(n - steps, 0)]) / np.minimum(n, steps)[:, None]
    return np.hstack([x, past])


def ridge_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, modality: str = "both",
               scaling: str = "train", face_baseline: int = 0, limit: float = 0.0) -> Result:
    """Ridge regression on the features and their 4 s causal mean; the penalty is chosen on the
    validation trials.

    Parameters
    ----------
    modality : {"eeg", "face", "both"}
    scaling, face_baseline, limit : see :class:`Recipe`
    """
    lengths, y = data["lengths"], data["valence"]
    about = (lengths, data["subject"], split["train"], scaling)
    x = np.hstack([
        scale(data[m], *about, face_baseline if m == "face" else 0, limit)
        for m in (("eeg", "face") if modality == "both" else (modality,))
    ])
    x, rows = _with_history(
        x, lengths), {part: _steps(lengths, split[part]) for part in ("train", "val", "test")}
    fits = [Ridge(alpha=penalty).fit(x[rows["train"]], y[rows["train"]]) for penalty in PENALTIES]
    best = min(fits, key=lambda fit: np.mean((fit.predict(x[rows["val"]]) - y[rows["val"]])**2))
    return {part: best.predict(x[rows[part]])[None].astype(np.float32) for part in ("val", "test")}
