"""The models of the leakage lesson: so simple that what they find lies in the data and in the
split, not in the model.

One set for classes (integer ``y``) and for continuous labels (float ``y``). None has anything to
choose, so that training and validation segments are both trained on.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from lib.training.controls import group_mean
from lib.training.scaling import standardise

MODELS = ("nearest neighbour", "ridge", "random forest", "stimulus mean")
# choice: of ridge regression on standardised features, per training segment; not tuned
PENALTY = 0.1
TREES = 25  # choice: few, because only the differences between splits count


def known(split: Mapping) -> np.ndarray:
    """Training and validation segments of a fold."""
    return np.sort(np.concatenate([np.asarray(split[part], int) for part in ("train", "val")]))


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
    x, y = standardise(data["x"], rows), np.asarray(data["y"])
    continuous = y.dtype.kind == "f"
    found = {}
    for name in models:
        if name == "stimulus mean":
            # at the same place of the same clip
            place = np.stack([data["clip"], data["position"]])
            found[name] = group_mean(y, place, rows)[test]
        else:
            found[name] = build(name, continuous, len(rows), seed).fit(x[rows],
                                                                       y[rows]).predict(x[test])
    return found
