"""Controls that stand beside the networks of paper 2 on the same folds: majority, video, logistic
regression, naive Bayes.

Each takes ``(data, split, seed, **settings)`` and returns the probability of "high" of the
validation and test segments, ``val`` and ``test``, float32. ``data`` holds per segment: ratings
``arousal`` and ``valence``, ``trial``, ``subject``, ``stimulus``, and the features of
:func:`lib.preprocessing.heart.hand_features`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

from lib.training.binary import high_labels, scale

__all__ = [
    "fisher_scores", "linear_fold", "majority_fold", "naive_bayes_fold", "neighbour_fold",
    "stimulus_fold"
]

INVERSE_PENALTIES = 10.0**np.arange(-4, 2)  # choice: the grid of C
FISHER = 0.3  # assumed: the threshold of the AMIGOS paper's feature selection
Result = dict[str, np.ndarray]


def _results(split: Mapping, probability: Callable[[np.ndarray], np.ndarray]) -> Result:
    return {
        part: np.asarray(probability(np.asarray(split[part])), np.float32)
        for part in ("val", "test")
    }


def majority_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, target: str) -> Result:
    """The share of high training segments everywhere: above one half, everything is called high.

    Parameters
    ----------
    target : {"arousal", "valence"}
    """
    share = high_labels(data[target], data["trial"], split["train"])[list(split["train"])].mean()
    return _results(split, lambda rows: np.full(len(rows), share))


def stimulus_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, target: str) -> Result:
    """The share of high training segments of the same video; for a video that is not in training,
    of all.

    It uses the identity of the clip, which the models are not given: what the stimulus alone tells
    about the label.
    """
    clip, train = np.unique(data["stimulus"], return_inverse=True)[1], np.asarray(split["train"])
    y = high_labels(data[target], data["trial"], train)[train]
    count, high = np.bincount(clip[train],
                              minlength=clip.max() + 1), np.bincount(clip[train], y,
                                                                     clip.max() + 1)
    share = np.where(count > 0, high / np.maximum(count, 1), y.mean())
    return _results(split, lambda rows: share[clip[rows]])


def _features(data: Mapping[str, np.ndarray], train, modality: str, scaling: str) -> np.ndarray:
    """Standardised features ``(N, d)`` of one modality or both."""
    x = np.hstack(
        [data[f"features_{m}"] for m in (("eeg", "ecg") if modality == "both" else (modality,))])
    return scale(x[:, :, None], data["subject"], train, scaling)[:, :, 0]


def linear_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, target: str,
                modality: str = "both", scaling: str = "subject") -> Result:
    """Logistic regression on the features; its penalty is the one with the lowest cross-entropy on
    the validation segments.

    Parameters
    ----------
    target : {"arousal", "valence"}
    modality : {"eeg", "ecg", "both"}
    scaling : {"subject", "train"}
        See :func:`lib.training.binary.scale`.
    """
    train, val = (np.asarray(split[part]) for part in ("train", "val"))
    x, y = _features(data, train, modality, scaling), high_labels(data[target], data["trial"],
                                                                  train)
    fits = [
        LogisticRegression(C=c, max_iter=1000).fit(x[train], y[train]) for c in INVERSE_PENALTIES
    ]
    best = min(fits, key=lambda fit: log_loss(y[val], fit.predict_proba(x[val]), labels=(0, 1)))
    return _results(split, lambda rows: best.predict_proba(x[rows])[:, 1])


def fisher_scores(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Fisher's J of each feature ``(d,)``: squared difference of the two class means over the sum
    of the two variances.

    ``x`` ``(n, d)``, ``y`` ``(n,)`` of 0 and 1; a feature that never varies has J = 0.
    """
    low, high = x[y == 0], x[y == 1]
    spread = low.var(axis=0) + high.var(axis=0)
    return (low.mean(axis=0) - high.mean(axis=0))**2 / np.where(spread > 0, spread, np.inf)


def naive_bayes_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, target: str,
                     modality: str = "both", scaling: str = "subject") -> Result:
    """The baseline of the AMIGOS paper (assumed): features with Fisher's J above 0.3 on the
    training segments, Gaussian naive Bayes.

    choice: where no feature passes, the one with the highest J is used. Parameters as
    `linear_fold`.
    """
    train = np.asarray(split["train"])
    x, y = _features(data, train, modality, scaling), high_labels(data[target], data["trial"],
                                                                  train)
    j = fisher_scores(x[train], y[train])
    chosen = np.flatnonzero(j >= min(FISHER, j.max()))
    model = GaussianNB().fit(x[np.ix_(train, chosen)], y[train])
    return _results(split, lambda rows: model.predict_proba(x[np.ix_(rows, chosen)])[:, 1])


def neighbour_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, target: str,
                   modality: str = "both", scaling: str = "subject") -> Result:
    """The class of the most similar training segment. It learns nothing about emotion: what it
    scores is recognition of the recording.

    Parameters as `linear_fold`.
    """
    train = np.asarray(split["train"])
    x, y = _features(data, train, modality, scaling), high_labels(data[target], data["trial"],
                                                                  train)
    model = KNeighborsClassifier(n_neighbors=1).fit(x[train], y[train])
    return _results(split, lambda rows: model.predict(x[rows]))
