"""Six ways in which test data enter training or choice, each beside the same work done without: on
the same fold, with the same model."""

from collections.abc import Callable, Mapping

import numpy as np
from scipy.ndimage import uniform_filter1d
from sklearn.base import ClassifierMixin
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.linear_model import RidgeClassifier, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier

from lib.papers.leakage.models import PENALTY, known
from lib.training.scaling import standardise

KEPT = 10  # choice: features that are kept
PENALTIES = 10.0**np.arange(-1, 6)
EPOCHS, STEP = 25, 0.01  # choice: of logistic regression by gradient descent
WIDTH = 5  # choice: segments of the moving average
Pair = tuple[np.ndarray, np.ndarray]  # predictions of the test segments (n_test,): without, with


def _compared(y: np.ndarray, split: Mapping, without: np.ndarray, with_it: np.ndarray,
              model: ClassifierMixin | None = None) -> Pair:
    """What ridge regression, or another model, predicts from features ``(N, d)`` without a
    practice, and with it."""
    rows, test = known(split), np.asarray(split["test"])
    model = model or RidgeClassifier(alpha=PENALTY * len(rows))
    first, second = (model.fit(z[rows], y[rows]).predict(z[test]) for z in (without, with_it))
    return first, second


def _everything(split: Mapping) -> np.ndarray:
    return np.concatenate([known(split), np.asarray(split["test"])])


def _scaling(x, y, split, data, seed) -> Pair:
    return _compared(y, split, standardise(x, known(split)), standardise(x, _everything(split)))


def _subject_scaling(x, y, split, data, seed) -> Pair:
    own = standardise(x, known(split), data["subject"], "subject")
    return _compared(y, split, standardise(x, known(split)), own)


def _features(x, y, split, data, seed) -> Pair:
    z, best = standardise(x, known(split)), SelectKBest(f_classif, k=KEPT)
    parts = known(split), _everything(split)
    return _compared(y, split, *(z[:, best.fit(z[p], y[p]).get_support()] for p in parts))


def _best(predictions: list[np.ndarray], y: np.ndarray, split: Mapping) -> Pair:
    """Of predictions ``(N,)`` for all segments, those for the test by the candidate that is best on
    validation, and by the best on test."""
    val, test = np.asarray(split["val"]), np.asarray(split["test"])
    first, second = (int(np.argmax([np.mean(p[part] == y[part]) for p in predictions]))
                     for part in (val, test))
    return predictions[first][test], predictions[second][test]


def _penalty(x, y, split, data, seed) -> Pair:
    train = np.asarray(split["train"])
    z, models = standardise(x, train), [RidgeClassifier(alpha=penalty) for penalty in PENALTIES]
    return _best([model.fit(z[train], y[train]).predict(z) for model in models], y, split)


def _epoch(x, y, split, data, seed) -> Pair:
    train = np.asarray(split["train"])
    z, rng, found = standardise(x, train), np.random.default_rng(seed), []
    model = SGDClassifier(loss="log_loss", learning_rate="constant", eta0=STEP,
                          random_state=seed % 2**31)
    for _ in range(EPOCHS):
        order = rng.permutation(train)
        model.partial_fit(z[order], y[order], classes=np.unique(y))
        found.append(model.predict(z))
    return _best(found, y, split)


def smoothed(x: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Moving average over :data:`WIDTH` neighbouring rows of ``x`` ``(N, d)`` within each run of
    equal ``group`` ``(N,)``."""
    starts = np.flatnonzero(np.r_[True, np.diff(group) != 0])
    return np.concatenate(
        [uniform_filter1d(run, WIDTH, axis=0, mode="nearest") for run in np.split(x, starts[1:])])


def _smoothing(x, y, split, data, seed) -> Pair:
    side, recording = np.isin(np.arange(len(y)), split["test"]), data["recording"]
    groups = 2 * recording + side, recording
    without, with_it = (standardise(smoothed(x, group), known(split)) for group in groups)
    return _compared(y, split, without, with_it, KNeighborsClassifier(1, algorithm="brute"))


PRACTICES: dict[str, Callable[..., Pair]] = {
    "scaling on all data": _scaling, "scaling each person, test data included": _subject_scaling,
    "penalty chosen on the test": _penalty, "epoch chosen on the test": _epoch,
    "features chosen on all data": _features, "smoothing across the cut": _smoothing,
}


def practice_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *,
                  practice: str) -> dict[str, np.ndarray]:
    """One fold with a practice and without it.

    Parameters
    ----------
    data : mapping
        ``x`` ``(N, d)``, ``y`` ``(N,)`` int, ``subject`` and ``recording`` ``(N,)``; segments of a
        recording stand in order of time.
    split : mapping
        ``train``, ``val``, ``test``: segment indices.
    seed : int
    practice : str
        Key of :data:`PRACTICES`. Scaling: means and spreads over all segments, or over all of each
        person, in place of the training segments. Choosing: by the accuracy on the test in place of
        the validation segments; features by an F-test on all segments in place of the training
        segments. Smoothing: over the whole recording in place of each side of the cut for itself.

    Returns
    -------
    dict
        ``without``, ``with``: predicted classes ``(n_test,)``.
    """
    x, y = np.asarray(data["x"], float), np.asarray(data["y"])
    without, with_it = PRACTICES[practice](x, y, split, data, seed)
    return {"without": without, "with": with_it}
