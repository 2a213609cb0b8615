"""The models of the leakage lesson: so simple that what they find lies in the data and in the
split, not in the model.

One set for classes (integer ``y``) and for continuous labels (float ``y``). None has anything to
choose, so that training and validation segments are both trained on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

__all__ = ["MODELS", "PENALTY", "TREES", "build", "known", "simple_fold", "standardised"]

MODELS = ("nearest neighbour", "ridge", "random forest", "stimulus mean")
# choice: of ridge regression on standardised features, per training segment; not tuned
PENALTY = 0.1
TREES = 25  # choice: few, because only the differences between splits count


def known(split: Mapping) -> np.ndarray:
    """Training and validation segments of a fold."""
    return np.sort(np.concatenate([np.asarray(split[part], int) for part in ("train", "val")]))


def standardised(x: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Each feature of all segments ``(N, d)`` with mean 0 and spread 1 over ``rows``; one that is
    constant there becomes 0."""
    mean, spread = x[rows].mean(axis=0, dtype=np.float64), x[rows].std(axis=0, dtype=np.float64)
    return np.where(spread > 1e-9, (x - mean) / np.where(spread > 1e-9, spread, 1),
                    0).astype(np.float32)


def build(name: str, continuous: bool, n: int, seed: int):
    """A model of :data:`MODELS` for ``n`` training segments, not fitted. ``ridge`` on classes is
    ridge regression on their indicators."""
    if name == "nearest neighbour":
        return (KNeighborsRegressor if continuous else KNeighborsClassifier)(n_neighbors=1,
                                                                             algorithm="brute")
    if name == "ridge":
        return (Ridge if continuous else RidgeClassifier)(alpha=PENALTY * n)
    if name == "random forest":
        common = {
            "n_estimators": TREES, "max_features": "sqrt", "random_state": seed % 2**31, "n_jobs": 1
        }
        return RandomForestRegressor(**common) if continuous else RandomForestClassifier(**common)
    raise ValueError(f"no model {name!r}; there are {', '.join(MODELS)}")


def _stimulus_mean(data: Mapping[str, np.ndarray], rows: np.ndarray,
                   test: np.ndarray) -> np.ndarray:
    """Mean label of the known segments at the same place of the same clip; where there are none, of
    all."""
    place = np.unique(np.stack([data["clip"], data["position"]]), axis=1,
                      return_inverse=True)[1].ravel()
    total, count = (np.bincount(place[rows], weights,
                                place.max() + 1) for weights in (data["y"][rows], None))
    mean = np.where(count > 0, total / np.maximum(count, 1), data["y"][rows].mean())
    return mean[place[test]]


def simple_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *,
                models: Sequence[str]) -> dict[str, np.ndarray]:
    """Train on the training and validation segments of a fold and predict its test segments.

    Parameters
    ----------
    data : mapping
        ``x`` ``(N, d)``; ``y`` ``(N,)``, int for classes and float for continuous labels; for the
        stimulus mean (continuous labels only) also ``clip`` and ``position``.
    split : mapping
        ``train``, ``val``, ``test``: segment indices.
    seed : int
    models : sequence of str
        Of :data:`MODELS`.

    Returns
    -------
    dict
        Model -> predictions ``(n_test,)``, classes or labels.
    """
    rows, test = known(split), np.asarray(split["test"], int)
    x, y = standardised(data["x"], rows), np.asarray(data["y"])
    continuous = y.dtype.kind == "f"
    found = {}
    for name in models:
        if name == "stimulus mean":
            found[name] = _stimulus_mean(data, rows, test)
        else:
            found[name] = build(name, continuous, len(rows), seed).fit(x[rows],
                                                                       y[rows]).predict(x[test])
    return found
