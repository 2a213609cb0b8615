"""A fold of paper 3's stand-in: classes made of a rating, by thirds of the training trials.

It stands alone, so that finished folds depend on networks and controls, not on how they are asked.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lib.papers.mv_sstma.controls import (bdae_fold, fuzzy_fold, majority_fold, max_fold,
                                          neighbour_fold, svm_fold)
from lib.papers.mv_sstma.training import emotion_fold

WORKS = {
    work.__name__: work for work in (emotion_fold, majority_fold, svm_fold, neighbour_fold,
                                     max_fold, fuzzy_fold, bdae_fold)
}


def thirds(valence: np.ndarray, trial: np.ndarray, train: Sequence[int]) -> np.ndarray:
    """Class 0, 1 or 2 of every window: below, between, above the thirds of the *training* trials,
    each of which counts once."""
    rows = np.asarray(train)
    known = valence[rows[np.unique(trial[rows], return_index=True)[1]]]
    return np.searchsorted(np.quantile(known, [1 / 3, 2 / 3]), valence)


def class_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *, work: str,
               **settings: Any) -> dict[str, np.ndarray]:
    """A row's own fold function (:data:`WORKS`) on ``label``, if it is whole, or its
    :func:`thirds`; ``y`` of the test windows beside its probabilities."""
    y = data["label"]
    if y.dtype.kind == "f":
        y = thirds(y, data["trial"], split["train"])
    result = WORKS[work]({**data, "emotion": y}, split, seed, n_classes=int(y.max()) + 1,
                         **settings)
    return {"test": result["test"], "y": y[np.asarray(split["test"])]}
