"""What printed moments and percentages allow: p values, spreads, F1 scores, sizes of test sets.
Arithmetic alone, no data."""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from lib.evaluation.numbers import Number

ROUNDINGS = ("nearest", "down")


def deviation(spread: float, n: int, interval: bool) -> float:
    """Standard deviation over ``n`` values: the spread itself, or from the half width of a 95 % t
    interval of their mean."""
    return spread * np.sqrt(n) / stats.t.ppf(0.975, n - 1) if interval else spread


def largest_deviation(mean: float, low: float, high: float, n: int) -> float:
    """Greatest deviation of ``n`` values between two bounds with a given mean: all at the bounds
    (Bhatia and Davis 2000); else 0."""
    return float(np.sqrt(max((mean - low) * (high - mean), 0) * n / (n - 1)))


def _welch(a: float, spread_a: float, b: float, spread_b: float, n: int, interval: bool) -> float:
    """Two-tailed p of Welch's t-test between two means over ``n`` values each."""
    s_a, s_b = (deviation(s, n, interval) for s in (spread_a, spread_b))
    return float(stats.ttest_ind_from_stats(a, s_a, n, b, s_b, n, equal_var=False).pvalue)


def p_values(a: tuple[Number, Number], b: tuple[Number, Number], n: int,
             interval: bool) -> tuple[float, float, float]:
    """Welch's p between two printed (mean, spread), and the smallest and largest p of all numbers
    that round to the printed ones.

    Parameters
    ----------
    a, b : (mean, spread)
        The first is claimed to be the greater.
    n : int
        Values (folds, subjects) behind each mean.
    interval : bool
        Spreads are half widths of 95 % t intervals, not standard deviations.

    Notes
    -----
    The smallest p is that of ``a`` as far above ``b`` as can be. A paired test needs the values
    themselves.
    """
    (x, s), (y, t) = (tuple(float(number.value) for number in pair) for pair in (a, b))
    (dx, ds), (dy, dt) = (tuple(float(number.half) for number in pair) for pair in (a, b))
    # share of the rounding after which both means are equal: the worst there is
    meet = float(np.clip((x - y) / (dx + dy), -1, 1))
    best = _welch(x + dx, s - ds, y - dy, t - dt, n, interval)
    return _welch(x, s, y, t, n, interval), best, _welch(x - meet * dx, s + ds, y + meet * dy,
                                                         t + dt, n, interval)


def largest_f1(precision, recall):
    """Harmonic mean: no F1, and by concavity no average of F1 over classes, lies above that of the
    averaged precision and recall."""
    return 2 * precision * recall / (precision + recall)


def sizes_that_fit(accuracies: Sequence[float], rounding: str = "nearest",
                   largest: int = 2500) -> np.ndarray:
    """Sizes of one test set that can give all accuracies: whole numbers of right answers, printed
    as a percentage with two decimals.

    A test in the manner of GRIM (Brown and Heathers 2017, doi:10.1177/1948550616673876), computed
    in whole numbers.

    Parameters
    ----------
    accuracies : sequence of float
        Fractions with four decimals.
    rounding : {"nearest", "down"}
        To the nearest (a tie either way), or cut off.
    largest : int
        Sizes tried are 1 to this.
    """
    if rounding not in ROUNDINGS:
        raise ValueError(f"rounding is {' or '.join(map(repr, ROUNDINGS))}, not {rounding!r}")
    n = np.arange(1, largest + 1)
    fits = np.ones(largest, bool)
    for value in accuracies:
        # right answers are k with low <= 20000 k / n <= high
        low = 2 * round(1e4 * value) - (rounding == "nearest")
        high = 2 * round(1e4 * value) + (1 if rounding == "nearest" else 2)
        least = -(-low * n // 20_000)
        # the next number itself is not cut to this one
        most = high * n // 20_000 if rounding == "nearest" else -(-high * n // 20_000) - 1
        fits &= most >= least
    return n[fits]
