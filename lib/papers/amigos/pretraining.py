"""Paper 2, first stage: masked value prediction on unlabelled signals (Sec 3.2.1, 3.3, 4.1.1), and
what a network makes of a gap."""

from collections.abc import Mapping, Sequence
from functools import cache
from timeit import timeit
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.fft import irfft, rfft
from scipy.linalg import solve, toeplitz

from lib import profiles
from lib.datasets import ecg_corpora, eeg_corpora, open_corpora, registry
from lib.datasets.base import Cohort
from lib.models.physio_transformer import EEG, PhysioTransformer
from lib.papers.amigos.settings import CORPORA, Preset
from lib.papers.amigos.training import pretrain_fold
from lib.preprocessing import physio
from lib.simulation import corpora as simulated_corpora
from lib.store import Store
from lib.training.checkpoint import restore
from lib.training.folds import Call, cross_validate
from lib.training.losses import span_mask
from lib.training.scaling import standardise
from lib.training.splits import Split

# pre-training that uses nothing of the labelled cohort, the same for all folds
NO_FOLD = Split("corpora", 0, (), (), ())
READERS = (ecg_corpora, eeg_corpora, open_corpora)  # of the corpora that the registry finds
# segments x epochs: 195 h in ten-second segments (Sec 4.1.1), 500 epochs (Sec 4.3)
PUBLISHED_PASSES = 195 * 360 * 500


def corpus(profile: str, modality: str, root: str = "", *, limit: int | None = None, seed: int = 0,
           store: Store | None = None) -> np.ndarray:
    """Unlabelled segments ``(M, n_channels, n_times)`` for pre-training: of the simulated corpora,
    or of every real one that is found."""
    if profiles.base(profile) == "demo":
        found = _simulated(seed)
    else:
        found = registry.corpora(root or None, "amigos")
    chosen = [trials for trials in found.values() if modality in trials[0].loaders]
    return physio.corpus_segments(chosen, modality, limit=limit, seed=seed, store=store or Store())


@cache
def _simulated(seed: int) -> dict[str, Cohort]:
    return registry.corpora(simulated_corpora.make(seed=seed, **CORPORA), "amigos", simulated=True)


def pretrain(data: Mapping[str, np.ndarray], unlabelled: np.ndarray, modality: str,
             folds: Sequence[Split], preset: Preset, *, seed: int = 0, device: str = "cpu",
             **how: Any) -> list[dict]:
    """Pre-train one modality for each fold: weights and learning curve of
    :func:`lib.papers.amigos.training.pretrain_fold`.

    With ``preset.own`` each fold has its own network, which sees the fold's training segments and
    the corpora; without, one network that saw the corpora alone serves all folds. ``how``: see
    :func:`lib.training.folds.cross_validate`.
    """
    own = standardise(data[modality],
                      (), data["subject"], "subject") if preset.own else data[modality][:0]
    settings = {
        "model": preset.model[modality],
        "recipe": {**preset.pretraining[modality], "device": device}
    }
    tasks = []
    for fold in folds if preset.own else [NO_FOLD]:
        file = f"amigos-{modality}-{fold.name}-{fold.fold}-{seed}.pt"
        checkpoint = file if preset.checkpoints else ""
        tasks.append(Call(modality, fold, seed, {**settings, "checkpoint": checkpoint}))
    given = {"corpus": unlabelled, "own": own}
    results = cross_validate(pretrain_fold, given, tasks, label=f"pre-training, {modality}", **how)
    return results if preset.own else results * len(folds)


def fill(x: np.ndarray, start: Mapping[str, np.ndarray], modality: str, preset: Preset, n: int = 64,
         seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hide spans of up to ``n`` segments ``(N, n_channels, n_times)``, evenly spaced, and let a
    pre-trained network fill them.

    Returns
    -------
    tuple of array
        Segments ``(n, n_channels, n_times)``, masks ``(n, n_times)``, reconstructions like the
        segments.
    """
    chosen = x[np.linspace(0, len(x) - 1, min(n, len(x))).astype(int)]
    mask = span_mask(len(chosen), x.shape[-1], rng=np.random.default_rng(seed))
    model = restore(PhysioTransformer(**preset.model[modality]), start).eval()
    with torch.no_grad():
        guess = model.reconstruct(torch.as_tensor(chosen * ~mask[:, None])).numpy()
    return chosen, mask, guess


def autocovariance(x: np.ndarray) -> np.ndarray:
    """Of segments ``(n, n_channels, n_times)`` with mean 0, the same for all channels: the matrix
    ``(n_times, n_times)``."""
    n = x.shape[-1]
    power = np.mean(np.abs(rfft(x, 2 * n))**2, axis=(0, 1))
    covariance = toeplitz(irfft(power)[:n])
    return covariance + 1e-3 * covariance[0, 0] * np.eye(n)  # choice: so that it can be inverted


def interpolate(x: np.ndarray, mask: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """The best linear guess of hidden points from the visible ones of their channel, with the
    :func:`autocovariance` of other segments; zero where nothing is hidden."""
    guess = np.zeros_like(x)
    for out, segment, m in zip(guess, x, mask, strict=True):
        ties = solve(covariance[np.ix_(~m, ~m)], covariance[np.ix_(~m, m)], assume_a="pos")
        out[:, m] = segment[:, ~m] @ ties
    return guess


def gap_errors(x: np.ndarray, mask: np.ndarray, guess: np.ndarray,
               covariance: np.ndarray) -> dict[str, float]:
    """Mean squared error on the hidden points: of the network, of :func:`interpolate`, and of
    zero."""
    hidden, line = np.broadcast_to(mask[:, None], x.shape), interpolate(x, mask, covariance)
    rivals = {"network": guess, "interpolation": line, "zero": np.zeros_like(x)}
    return {name: float(np.mean((y[hidden] - x[hidden])**2)) for name, y in rivals.items()}


def people(x: np.ndarray, subject: np.ndarray, start: Mapping[str, np.ndarray], modality: str,
           preset: Preset, known: np.ndarray, n: int = 8, seed: int = 0) -> pd.DataFrame:
    """:func:`gap_errors` of ``n`` segments of each person; the rival's autocovariance is that of
    the ``known`` segments."""
    covariance = autocovariance(known)
    return pd.DataFrame([{
        "modality": modality.upper(), "subject": s,
        **gap_errors(*fill(x[subject == s], start, modality, preset, n, seed), covariance)
    } for s in np.unique(subject)])


def masked_share(mask: np.ndarray) -> pd.DataFrame:
    """Share of hidden points in masks ``(n, n_times)``: overall, near the start, in the
    interior."""
    parts = {"all points": mask, "first 5 points": mask[:, :5], "from point 20 on": mask[:, 20:]}
    return pd.DataFrame([{"where": name, "hidden": part.mean()} for name, part in parts.items()])


def step_cost(batch: int = 4, steps: int = 2, device: str = "cpu") -> dict[str, float]:
    """Time of training steps of the published EEG network: segments per second, and days for the
    published pre-training."""
    model = PhysioTransformer(**EEG["model"]).to(device).train()
    optimiser = torch.optim.Adam(model.parameters())
    x = torch.randn(batch, 10, 1280, device=device)

    def step() -> None:
        optimiser.zero_grad()
        torch.mean((model.reconstruct(x) - x)**2).backward()
        optimiser.step()
        if device.startswith("cuda"):
            torch.cuda.synchronize()

    step()  # warms up
    rate = batch * steps / timeit(step, number=steps)
    return {"segments per second": rate, "days": PUBLISHED_PASSES / rate / 86400}
