"""Fold statistics against SciPy and hand computations."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from lib.evaluation.statistics import (corrected_paired_test, effect_size, fold_means, half_width,
                                       holm, summary)


def tidy(values, row="RMMT", metric="PCC", split="contiguous_trials", tier="public"):
    """A result table from values (n_folds, n_seeds)."""
    values = np.asarray(values, dtype=float)
    cells = itertools.product(*map(range, values.shape))
    rows = [{
        "paper": "rmmt", "experiment": "fusion", "row": row, "role": "model", "split": split,
        "fold": f, "seed": s, "metric": metric, "value": values[f, s], "tier": tier
    } for f, s in cells]
    return pd.DataFrame(rows)


def test_summary_is_mean_population_spread_and_t_interval_over_folds():
    values = np.array([0.7, 0.8, 0.75, 0.65])
    row = summary(tidy(values[:, None])).iloc[0]
    low, high = stats.t.interval(0.95, df=3, loc=values.mean(), scale=stats.sem(values))
    assert (row["n"], row["n_seeds"]) == (4, 1)
    assert row[["mean", "std", "low",
                "high"]].to_list() == pytest.approx([0.725, values.std(), low, high])


def test_seeds_are_averaged_before_folds_are_counted():
    values = np.array([[0.7, 0.9], [0.5, 0.5], [0.6, 0.8]])
    assert list(fold_means(tidy(values))["value"]) == pytest.approx([0.8, 0.5, 0.7])
    row = summary(tidy(values)).iloc[0]
    assert row["n"] == 3 and row["n_seeds"] == 2
    assert row["std"] == pytest.approx(np.std([0.8, 0.5, 0.7]))


def test_one_fold_has_no_interval():
    row = summary(tidy([[0.7]])).iloc[0]
    assert row["mean"] == 0.7 and np.isnan(row["low"])


def test_half_width_of_a_printed_row():
    # RMMT in Table 3: PCC spread 0.082 over ten folds; t(0.975, 9) = 2.262157
    assert half_width(0.082, 10) == pytest.approx(2.262157 * 0.082 / 3, rel=1e-6)


def test_without_overlap_the_corrected_test_is_the_paired_t_test():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0.75, 0.08, 10), rng.normal(0.72, 0.08, 10)
    plain, ours = stats.ttest_rel(a, b), corrected_paired_test(a, b, n_train=1e12, n_test=1)
    assert (ours.t, ours.p) == pytest.approx((plain.statistic, plain.pvalue), rel=1e-6)
    assert (ours.low, ours.high) == pytest.approx(tuple(plain.confidence_interval(0.95)), rel=1e-6)


def test_corrected_test_by_hand():
    # d = 1, 2, 3: mean 2, variance 1; with n_test/n_train = 1/6 the error is sqrt(1/3 + 1/6) =
    # sqrt(1/2)
    test = corrected_paired_test([2, 4, 6], [1, 2, 3], n_train=6, n_test=1)
    assert test.t == pytest.approx(2 * np.sqrt(2)) and test.df == 2
    assert test.p == pytest.approx(2 * stats.t.sf(2 * np.sqrt(2), 2))
    assert test.high - test.difference == pytest.approx(stats.t.ppf(0.975, 2) * np.sqrt(0.5))


def test_correction_keeps_the_error_rate_that_the_plain_test_misses():
    # differences with the correlation n_test / (n_train + n_test) between folds that the correction
    # assumes, and no true difference
    rng, n, rho = np.random.default_rng(1), 10, 0.1
    d = np.sqrt(rho) * rng.normal(size=(1500, 1)) + np.sqrt(1 - rho) * rng.normal(size=(1500, n))
    plain = np.mean(stats.ttest_1samp(d, 0, axis=1).pvalue < 0.05)
    corrected = np.mean(
        [corrected_paired_test(x, np.zeros(n), n_train=9, n_test=1).p < 0.05 for x in d])
    assert plain > 0.09
    assert 0.03 < corrected < 0.07


def test_equal_models_and_a_constant_shift():
    a = np.array([0.5, 0.6, 0.7])
    assert corrected_paired_test(a, a, 9, 1)[:6] == (0.0, 0.0, 0.0, 0.0, 2, 1.0)
    shifted = corrected_paired_test(a + 0.1, a, 9, 1)
    assert shifted.p == 0.0 and np.isinf(shifted.effect)


def test_effect_size_is_hedges_corrected_dz():
    # d = 1, 2, 3: d_z = 2; the exact correction at 2 degrees of freedom is Gamma(1) / Gamma(1/2) =
    # 1/sqrt(pi)
    assert effect_size([1, 2, 3]) == pytest.approx(2 / np.sqrt(np.pi))
    # and approaches Hedges' approximation 1 - 3/(4 df - 1)
    d = np.random.default_rng(2).normal(1, 1, 30)
    assert effect_size(d) == pytest.approx((1 - 3 / (4 * 29 - 1)) * d.mean() / d.std(ddof=1),
                                           rel=1e-4)


def test_holm_by_hand_and_with_a_missing_value():
    # sorted 0.01, 0.02, 0.04 times 3, 2, 1, made monotone
    assert holm([0.04, 0.01, np.nan, 0.02]) == pytest.approx([0.04, 0.03, np.nan, 0.04],
                                                             nan_ok=True)
    p = np.random.default_rng(0).beta(0.3, 2, 40)
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])
    assert np.isnan(holm([np.nan])).all() and not holm([]).size


def test_bad_tables_are_named():
    with pytest.raises(ValueError, match="missing here: tier"):
        summary(tidy([[0.7]]).drop(columns="tier"))
    with pytest.raises(ValueError, match="finite"):
        summary(tidy([[np.nan]]))
    with pytest.raises(ValueError, match="same folds"):
        corrected_paired_test([1, 2], [1, 2, 3], 9, 1)
