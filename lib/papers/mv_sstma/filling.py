"""Paper 3: hidden channels filled in by a pre-trained network, beside what their neighbours say."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from lib.datasets.seed_format import MNE_NAMES
from lib.models.mv_sstma import draw_visible
from lib.papers.mv_sstma.pretraining import build, scale, sessions
from lib.papers.mv_sstma.settings import TITLES, Preset
from lib.preprocessing.seed import fill_nearest
from lib.training.folds import weights
from lib.training.splits import Split

NEAREST = "three nearest electrodes"


def fill(data: Mapping[str, Any], modality: str, folds: Sequence[Split], preset: Preset,
         start: Mapping[str, np.ndarray], *, ratio: float = 0.3, n: int = 200,
         seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hide channels of up to ``n`` test windows, evenly spaced over all folds, and let a
    pre-trained network fill them in.

    Returns
    -------
    tuple of array
        Scaled windows ``(n, n_times, n_channels, n_features)``, ``masked`` ``(n, n_channels)``,
        reconstructions like the windows.
    """
    train, test = (np.concatenate([getattr(fold, part) for fold in folds])
                   for part in ("train", "test"))
    x = scale(data[modality], train, modality,
              sessions(data))[test[np.linspace(0,
                                               len(test) - 1, min(n, len(test))).astype(int)]]
    visible = draw_visible(len(x), x.shape[2], ratio, torch.Generator().manual_seed(seed))
    with torch.no_grad():
        guess, masked = build(x.shape, preset.model,
                              start).eval().forward_mae(torch.as_tensor(x), visible)
    return x, masked.numpy(), guess.numpy()


def errors(x: np.ndarray, masked: np.ndarray, guess: np.ndarray,
           electrodes: Sequence[str] = MNE_NAMES) -> dict[str, float]:
    """Mean squared error on the hidden channels: of the network, of the mean of the three nearest
    electrodes that are visible (where the channels are ``electrodes``), of the mean of all visible
    channels, of the training mean (0)."""
    hidden = np.broadcast_to(masked[:, None, :, None], x.shape)
    mean = np.nanmean(np.where(hidden, np.nan, x), axis=2, keepdims=True)
    near = {NEAREST: fill_nearest(x, masked, electrodes)} if x.shape[2] == len(electrodes) else {}
    rivals = {
        "network": guess, **near, "mean of the visible channels": mean, "training mean": np.zeros(
            ())
    }
    return {
        name: float(np.mean((np.broadcast_to(value, x.shape)[hidden] - x[hidden])**2))
        for name, value in rivals.items()
    }


def error_table(data: Mapping[str, Mapping[str, Any]], folds: Mapping[str, Sequence[Split]],
                started: Mapping[tuple[str, str], Sequence[Mapping]], preset: Preset,
                ratios: Sequence[float]) -> pd.DataFrame:
    """:func:`errors` of each dataset, modality and ratio; ``started`` maps (dataset, modality) to
    results of :func:`seed.pretrain`."""
    rows = []
    for (dataset, modality), results in started.items():
        for ratio in ratios:
            filled = fill(data[dataset], modality, folds[dataset], preset, weights(results[0]),
                          ratio=ratio)
            rows.append({
                "dataset": TITLES[dataset], "modality": modality, "masked": ratio, **errors(*filled)
            })
    return pd.DataFrame(rows)
