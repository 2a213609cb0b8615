"""Means over folds with their uncertainty, and tests between models that share folds."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import gammaln

RESULT_COLUMNS = ("paper", "experiment", "row", "role", "split", "fold", "seed", "tier", "metric",
                  "value")
_ROUNDING = 1e-12  # relative: a spread below it is floating-point noise of equal differences
_GROUP = ["paper", "experiment", "row", "role", "split", "metric", "tier"]


class PairedTest(NamedTuple):
    """A paired comparison over folds.

    Attributes
    ----------
    difference, low, high : float
        Mean of a - b, and its interval.
    t, df, p : float
        Statistic, degrees of freedom, two-sided p.
    effect : float
        :func:`effect_size`.
    n : int
        Folds.
    """

    difference: float
    low: float
    high: float
    t: float
    df: int
    p: float
    effect: float
    n: int


def half_width(std, n, level: float = 0.95):
    """Half of the t interval of a mean over ``n`` folds, from the population spread ``std``
    (divided by n), as papers print it.

    NaN for fewer than two folds. Vectorised over ``std`` and ``n``.

    >>> print(half_width(0.08, [1, 10]).round(3))
    [ nan 0.06]
    """
    std, n = np.broadcast_arrays(np.asarray(std, dtype=float), np.asarray(n, dtype=float))
    df = np.where(n > 1, n - 1, np.nan)
    return (stats.t.ppf(0.5 + level / 2, df) * std / np.sqrt(df))[()]


def fold_error(std, n, ratio=0.0):
    """Standard error of a mean over ``n`` folds, from the population spread ``std``; with the
    variance of Nadeau and Bengio (:func:`corrected_paired_test`) for the ``ratio`` of test to
    training trials of a fold."""
    df = np.where(np.asarray(n, dtype=float) > 1, n - 1.0, np.nan)
    return std / np.sqrt(df) * np.sqrt(1 + n * ratio)


def fold_means(frame: pd.DataFrame) -> pd.DataFrame:
    """Average a result table over seeds, so that each fold counts once. A seed is a repetition, not
    a new sample of data."""
    missing = set(RESULT_COLUMNS) - set(frame)
    if missing:
        raise ValueError(
            f"a result table has the columns {', '.join(RESULT_COLUMNS)}; missing here: "
            f"{', '.join(sorted(missing))}")
    if not np.isfinite(frame["value"].to_numpy(float)).all():
        raise ValueError("a result table holds finite values; not so: "
                         f"{frame[~np.isfinite(frame['value'])].iloc[0].to_dict()}")
    keys = [*_GROUP, "fold"]
    return frame.groupby(keys, sort=False, as_index=False).agg(value=("value", "mean"),
                                                               n_seeds=("seed", "nunique"))


def summary(frame: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Mean, spread and interval over folds of every row and metric of a result table.

    Parameters
    ----------
    frame : DataFrame
        Tidy results with :data:`RESULT_COLUMNS`. Several seeds are averaged within each fold first.
    level : float
        Of the interval.

    Returns
    -------
    DataFrame
        ``paper``, ``experiment``, ``row``, ``role``, ``split``, ``metric``, ``tier``; ``n`` folds,
        ``n_seeds``; ``mean``, ``std`` (population spread over folds, as the papers print), ``low``,
        ``high`` (t interval; NaN for one fold).

    Notes
    -----
    The interval treats folds as independent. They share training trials, so the truth is somewhat
    wider; comparisons between models use :func:`corrected_paired_test`, which allows for that.
    """
    grouped = fold_means(frame).groupby(_GROUP, sort=False)
    table = grouped.agg(n=("fold", "nunique"), n_seeds=("n_seeds", "min"), mean=("value", "mean"),
                        std=("value", lambda v: v.std(ddof=0)))
    table = table.reset_index()
    half = half_width(table["std"], table["n"], level)
    return table.assign(low=table["mean"] - half, high=table["mean"] + half)


def effect_size(difference) -> float:
    """Standardised mean of paired differences ``(n,)``: Cohen's d_z times Hedges' exact correction
    for small n.

    Returns 0 where all differences are 0 and infinity where they are equal and not 0.
    """
    d = np.asarray(difference, dtype=float)
    df, spread = d.size - 1, d.std(ddof=1)
    if spread <= _ROUNDING * abs(d.mean()):
        return float(np.sign(d.mean()) * np.inf) if d.mean() else 0.0
    correction = np.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / np.sqrt(df /
                                                                           2) if df > 1 else np.nan
    return float(correction * d.mean() / spread)


def corrected_paired_test(a, b, n_train: float | Sequence[float], n_test: float | Sequence[float],
                          level: float = 0.95) -> PairedTest:
    """Corrected resampled t-test of Nadeau and Bengio between two models evaluated on the same
    folds.

    The variance of the mean difference is ``(1/n + n_test/n_train) * s^2`` instead of ``s^2/n``:
    training sets overlap, so fold differences are correlated and the plain paired t-test finds
    differences that are not there.

    Parameters
    ----------
    a, b : array (n_folds,)
        A metric of both models, fold by fold (average several seeds first, :func:`fold_means`).
    n_train, n_test : float or sequence
        Trials that a fold trains on and tests on. ``choice:`` where folds differ, the mean of their
        ratios is used.
    level : float
        Of the interval.

    References
    ----------
    Nadeau, Bengio (2003). Inference for the generalization error. Machine Learning 52.
    doi:10.1023/A:1024068626366
    """
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if a.shape != b.shape or a.ndim != 1 or a.size < 2 or not (np.isfinite(a).all()
                                                               and np.isfinite(b).all()):
        raise ValueError(
            "a paired test needs the same folds of both models, two or more and finite; got "
            f"{a.shape} and {b.shape}")
    d, df = a - b, a.size - 1
    ratio = float(np.mean(np.asarray(n_test, dtype=float) / np.asarray(n_train, dtype=float)))
    mean, error = float(d.mean()), float(np.sqrt((1 / a.size + ratio) * d.var(ddof=1)))
    error = error if error > _ROUNDING * abs(mean) else 0.0
    t = mean / error if error else float(np.sign(mean) * np.inf) if mean else 0.0
    half = float(stats.t.ppf(0.5 + level / 2, df)) * error
    return PairedTest(mean, mean - half, mean + half, t, df, float(2 * stats.t.sf(abs(t), df)),
                      effect_size(d), a.size)


def holm(p) -> np.ndarray:
    """Holm's step-down adjustment of a family of p-values ``(n,)``; NaN stays NaN and is not
    counted."""
    p = np.asarray(p, dtype=float)
    order = np.argsort(p)[:np.isfinite(p).sum()]  # NaN is sorted last
    out = np.full(p.shape, np.nan)
    out[order] = np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)).clip(max=1)
    return out
