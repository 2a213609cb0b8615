"""Controls that stand beside the deep models on the same folds: constant, mean trace of the
stimulus, ridge."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sklearn.linear_model import Ridge

from lib.training.regression import scale
from lib.training.windows import trial_slices

__all__ = ["constant_fold", "ridge_fold", "stimulus_fold"]
PENALTIES = 10.0**np.arange(2, 7)


def _steps(lengths, trials) -> np.ndarray:
    slices = trial_slices(lengths)
    return np.concatenate([np.arange(slices[i].start, slices[i].stop) for i in trials])


def constant_fold(data: Mapping[str, np.ndarray], split: Mapping,
                  seed: int) -> dict[str, np.ndarray]:
    """Predict the mean training label everywhere; returns as
    :func:`lib.training.regression.fit_fold`."""
    mean = data["valence"][_steps(data["lengths"], split["train"])].mean()
    return {
        part: np.full((1, len(_steps(data["lengths"], split[part]))), mean, np.float32)
        for part in ("val", "test")
    }


def stimulus_fold(data: Mapping[str, np.ndarray], split: Mapping,
                  seed: int) -> dict[str, np.ndarray]:
    """Predict the mean trace of the training trials of the same stimulus; where none watched it,
    the training mean.

    It uses the identity of the clip, which the models are not given: what the stimulus alone tells
    about the label.
    """
    slices, clip = trial_slices(data["lengths"]), data["stimulus"]
    known = list(split["train"])
    mean = data["valence"][_steps(data["lengths"], known)].mean()

    def trace(i: int) -> np.ndarray:
        out, n = np.full(data["lengths"][i], mean), int(data["lengths"][i])
        same = [data["valence"][slices[j]][:n] for j in known if clip[j] == clip[i]]
        if same:
            padded = np.full((len(same), n), np.nan)
            for row, label in zip(padded, same, strict=True):
                row[:len(label)] = label
            seen = ~np.isnan(padded).all(axis=0)
            out[seen] = np.nanmean(padded[:, seen], axis=0)
        return out

    return {
        part: np.concatenate([trace(i) for i in split[part]])[None].astype(np.float32)
        for part in ("val", "test")
    }


def _with_history(x: np.ndarray, lengths, steps: int = 16) -> np.ndarray:
    """Features and their causal mean over the last 4 s, trial by trial."""
    past = np.empty_like(x)
    for where in trial_slices(lengths):
        total = np.cumsum(np.vstack([np.zeros(x.shape[1]), x[where]]), axis=0)
        n = np.arange(1, where.stop - where.start + 1)
        past[where] = (total[n] - total[np.maximum(n - steps, 0)]) / np.minimum(n, steps)[:, None]
    return np.hstack([x, past])


def ridge_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, modality: str = "both",
               scaling: str = "train", face_baseline: int = 0) -> dict[str, np.ndarray]:
    """Ridge regression on the features and their 4 s causal mean; the penalty is chosen on the
    validation trials.

    Parameters
    ----------
    modality : {"eeg", "face", "both"}
    scaling, face_baseline : see :class:`lib.training.regression.Recipe`
    """
    chosen = ("eeg", "face") if modality == "both" else (modality,)
    lengths = data["lengths"]
    about = (lengths, data["subject"], split["train"], scaling)
    x = np.hstack(
        [scale(data[m], *about, baseline=face_baseline if m == "face" else 0) for m in chosen])
    x = _with_history(x, lengths)
    rows = {part: _steps(lengths, split[part]) for part in ("train", "val", "test")}
    y = data["valence"]
    best, chosen_model = np.inf, None
    for penalty in PENALTIES:
        model = Ridge(alpha=penalty).fit(x[rows["train"]], y[rows["train"]])
        error = float(np.mean((model.predict(x[rows["val"]]) - y[rows["val"]])**2))
        if error < best:
            best, chosen_model = error, model
    assert chosen_model is not None
    return {
        part: chosen_model.predict(x[rows[part]])[None].astype(np.float32)
        for part in ("val", "test")
    }
