"""Controls that stand beside the networks on the same folds: classifiers of scikit-learn, one
choice on validation examples."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier
from sklearn.feature_selection import SelectorMixin
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def fisher_scores(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Fisher's J of each feature ``(d,)``: squared difference of the two class means over the sum
    of the two variances.

    ``x`` ``(n, d)``, ``y`` ``(n,)`` of 0 and 1; a feature that never varies has J = 0.
    """
    low, high = x[y == 0], x[y == 1]
    spread = low.var(axis=0) + high.var(axis=0)
    return (low.mean(axis=0) - high.mean(axis=0))**2 / np.where(spread > 0, spread, np.inf)


class FisherSelection(SelectorMixin, BaseEstimator):
    """Keep the features whose Fisher's J is at least ``threshold``; the best one where none is."""
    def __init__(self, threshold: float = 0.3):  # assumed: the feature selection of AMIGOS
        self.threshold = threshold

    def fit(self, x: np.ndarray, y: np.ndarray) -> FisherSelection:
        """Score the features ``x`` ``(n, d)`` by the classes ``y`` ``(n,)``, 0 and 1."""
        self.n_features_in_ = x.shape[1]
        self.scores_ = fisher_scores(x, y)
        return self

    def _get_support_mask(self) -> np.ndarray:
        return self.scores_ >= min(self.threshold, self.scores_.max())


PENALTIES = 10.0**np.arange(-4, 2)  # choice: the grid of C
CLASSIFIERS = {
    "majority": [DummyClassifier(strategy="prior")],
    "linear": [LogisticRegression(C=c, max_iter=1000) for c in PENALTIES],
    "balanced linear": [
        make_pipeline(StandardScaler(),
                      LogisticRegression(C=c, class_weight="balanced", max_iter=2000))
        for c in PENALTIES
    ],
    "naive Bayes": [make_pipeline(FisherSelection(), GaussianNB())],
    # learns nothing about emotion: what it scores is recognition of the recording
    "nearest neighbour": [KNeighborsClassifier(n_neighbors=1)],
}
"""Name -> candidates; the one with the lowest cross-entropy on validation examples counts."""


def classify(name: str, x: np.ndarray, y: np.ndarray, split: Mapping,
             n_classes: int) -> dict[str, np.ndarray]:
    """``val`` and ``test``: probabilities ``(n, n_classes)`` float32 by a classifier of
    :data:`CLASSIFIERS`.

    ``x`` ``(N, d)`` and ``y`` ``(N,)``, classes, of all examples; only those of ``split["train"]``
    are trained on. A class without training examples has probability 0.
    """
    train, val, test = (np.asarray(split[part], int) for part in ("train", "val", "test"))
    y, tried = np.asarray(y, int), []
    for candidate in CLASSIFIERS[name]:
        fit, p = candidate.fit(x[train], y[train]), np.zeros((len(x), n_classes))
        for rows in (val, test):
            if len(rows):
                p[rows[:, None], fit.classes_] = fit.predict_proba(x[rows])
        tried.append((-np.log(np.maximum(p[val, y[val]], 1e-12)).sum(), p))
    best = min(tried, key=lambda pair: pair[0])[1].astype(np.float32)
    return {"val": best[val], "test": best[test]}


def group_mean(y: np.ndarray, group: np.ndarray, train: np.ndarray) -> np.ndarray:
    """For every example the mean label of the training examples of its group (clip, place in a
    clip); where there are none, of all training examples."""
    number = np.unique(group, axis=-1, return_inverse=True)[1].ravel()
    total, count = (np.bincount(number[train], weights,
                                number.max() + 1) for weights in (y[train], None))
    return np.where(count > 0, total / np.maximum(count, 1), y[train].mean())[number]
