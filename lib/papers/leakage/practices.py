"""Six ways in which test data enter training or choice, each beside the same work done without: on
the same fold, with the same model."""

from collections.abc import Callable, Mapping

import numpy as np
from scipy.ndimage import uniform_filter1d
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


def _ridge(y: np.ndarray, split: Mapping, without: np.ndarray, with_it: np.ndarray) -> Pair:
    """What ridge regression predicts from features ``(N, d)`` without a practice, and with it."""
    rows, test = known(split), np.asarray(split["test"])
    first, second = (RidgeClassifier(alpha=PENALTY * len(rows)).fit(z[rows],
                                                                    y[rows]).predict(z[test])
                     for z in (without, with_it))
    return first, second


def _everything(split: Mapping) -> np.ndarray:
    return np.concatenate([known(split), np.asarray(split["test"])])


def _scaling(x, y, split, data, seed) -> Pair:
    return _ridge(y, split, standardise(x, known(split)), standardise(x, _everything(split)))


def _subject_scaling(x, y, split, data, seed) -> Pair:
    own = standardise(x, known(split), data["subject"], "subject")
    return _ridge(y, split, standardise(x, known(split)), own)


def _features(x, y, split, data, seed) -> Pair:
    z = standardise(x, known(split))
    first, second = (z[:, SelectKBest(f_classif, k=KEPT).fit(z[those], y[those]).get_support()]
                     for those in (known(split), _everything(split)))
    return _ridge(y, split, first, second)


def _best(predictions: list[np.ndarray], y: np.ndarray, split: Mapping) -> Pair:
    """Of predictions ``(N,)`` for all segments, those for the test by the candidate that is best on
    validation, and by the best on test."""
    val, test = np.asarray(split["val"]), np.asarray(split["test"])
    first, second = (int(np.argmax([np.mean(p[part] == y[part]) for p in predictions]))
                     for part in (val, test))
    return predictions[first][test], predictions[second][test]


def _penalty(x, y, split, data, seed) -> Pair:
    train = np.asarray(split["train"])
    z = standardise(x, train)
    return _best([
        RidgeClassifier(alpha=penalty).fit(z[train], y[train]).predict(z) for penalty in PENALTIES
    ], y, split)


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
    rows, test = known(split), np.asarray(split["test"])
    side = np.zeros(len(y), int)
    side[test] = 1
    pair = []
    for group in (2 * data["recording"] + side, data["recording"]):
        z = standardise(smoothed(x, group), rows)
        pair.append(
            KNeighborsClassifier(1, algorithm="brute").fit(z[rows], y[rows]).predict(z[test]))
    return pair[0], pair[1]


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
    without, with_it = PRACTICES[practice](np.asarray(data["x"], float), np.asarray(data["y"]),
                                           split, data, seed)
    return {"without": without, "with": with_it}
