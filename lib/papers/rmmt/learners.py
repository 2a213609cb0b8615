"""Paper 1: learners that are no networks, on the features of the face. A module of its own, so that
what is remembered does not age with figures."""

from collections.abc import Mapping

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from lib.evaluation.metrics import regression
from lib.papers.rmmt.training import PENALTIES, Result, _steps, _with_history, scale


def _learners(name: str, seed: int) -> list:
    """The candidates among which the validation trials choose."""
    if name == "kernel ridge":  # by Nystroem's approximation: the exact one would need 40,000^2
        return [
            make_pipeline(Nystroem(gamma=g, n_components=400, random_state=seed), Ridge(penalty))
            for g in (1e-4, 1e-3, 1e-2) for penalty in PENALTIES[:3] / 100
        ]
    trees = {"learning_rate": 0.05, "l2_regularization": 10.0, "random_state": seed}
    return [HistGradientBoostingRegressor(max_leaf_nodes=leaves, **trees) for leaves in (4, 16)]


def learner_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, learner: str,
                 face_baseline: int = 0, limit: float = 0.0) -> Result:
    """A learner that is no network, on the face features and their 4 s causal mean; returns as
    :func:`lib.papers.rmmt.training.fit_fold`."""
    lengths, y = data["lengths"], data["valence"]
    about = (lengths, data["subject"], split["train"])
    x = _with_history(scale(data["face"], *about, baseline=face_baseline, limit=limit), lengths)
    rows = {part: _steps(lengths, split[part]) for part in ("train", "val", "test")}
    fits = [model.fit(x[rows["train"]], y[rows["train"]]) for model in _learners(learner, seed)]
    best = max(fits, key=lambda fit: regression(y[rows["val"]], fit.predict(x[rows["val"]]))["CCC"])
    return {part: best.predict(x[rows[part]])[None].astype(np.float32) for part in ("val", "test")}
