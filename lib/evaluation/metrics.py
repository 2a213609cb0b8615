"""Directions of all metrics; and the three of paper 1 (Eqs 18, 22, 23)."""

import numpy as np

METRICS = ("RMSE", "PCC", "CCC")
HIGHER_IS_BETTER = {
    "RMSE": False, "PCC": True, "CCC": True, "accuracy": True, "precision": True, "recall": True,
    "F1": True
}


def measure(metric: str) -> str:
    """What a metric's name measures, without its target and condition.

    >>> measure("SEED-IV accuracy, 30 % masked")
    'accuracy'
    """
    return metric.split(",")[0].rsplit(" ", 1)[-1]


def higher_is_better(metric: str) -> bool:
    """Direction of a metric by what it measures (:func:`measure`)."""
    if measure(metric) not in HIGHER_IS_BETTER:
        raise ValueError(
            f"no direction is known for metric {metric!r}; known are {', '.join(HIGHER_IS_BETTER)}")
    return HIGHER_IS_BETTER[measure(metric)]


def _checked(y, yhat) -> tuple[np.ndarray, np.ndarray]:
    y, yhat = np.asarray(y, dtype=float), np.asarray(yhat, dtype=float)
    if y.ndim != 1 or y.shape != yhat.shape or not y.size:
        raise ValueError(
            f"labels and predictions must be two equally long traces, not {y.shape} and "
            f"{yhat.shape}")
    if not (np.isfinite(y).all() and np.isfinite(yhat).all()):
        raise ValueError(
            "labels and predictions must be finite: a NaN marks a time step that no window covered")
    return y, yhat


def _spread(x: np.ndarray) -> float:
    # predictions come as float32: a range below its precision is rounding, not variation
    return 0.0 if np.ptp(x) <= np.finfo(np.float32).eps * np.abs(x).max() else float(x.std())


def regression(y, yhat) -> dict[str, float]:
    """RMSE (Eq 22), Pearson correlation (Eq 23) and concordance correlation (Eq 18) of two traces.

    Give the trials of a test fold one after another: the paper's numbers are per fold over
    concatenated trials (each row's RMSE, PCC and CCC imply the spread of labels over trials, not
    within a trial), then averaged over folds.

    Parameters
    ----------
    y, yhat : array (n_times,)
        Labels and predictions, in the same unit; RMSE has that unit.

    Returns
    -------
    dict
        ``RMSE``, ``PCC``, ``CCC``. All moments are population moments (divided by n), so that CCC
        <= abs(PCC).

    Notes
    -----
    ``choice:`` a constant prediction (or label) has PCC 0 and CCC 0, not NaN: it tracks nothing,
    and a fold must not vanish from the mean for it. The code of the paper's reference [32] divides
    variances by n - 1; over the thousands of steps of a fold the difference is far below the
    printed digits.

    Examples
    --------
    A prediction that is right but for an offset correlates perfectly, and agrees less:

    >>> {name: round(value, 3) for name, value in regression([0, 1, 2], [1, 2, 3]).items()}
    {'RMSE': 1.0, 'PCC': 1.0, 'CCC': 0.571}
    """
    y, yhat = _checked(y, yhat)
    s_y, s_yhat = _spread(y), _spread(yhat)
    covariance = float(np.mean((y - y.mean()) * (yhat - yhat.mean()))) if s_y and s_yhat else 0.0
    scatter = s_y**2 + s_yhat**2 + float(y.mean() - yhat.mean())**2
    pcc = float(np.clip(covariance / (s_y * s_yhat), -1, 1)) if s_y and s_yhat else 0.0
    return {
        "RMSE": float(np.sqrt(np.mean((y - yhat)**2))), "PCC": pcc,
        "CCC": 2 * covariance / scatter if scatter else 0.0
    }
