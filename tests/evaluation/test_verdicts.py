"""The verdict rule, line by line and against the printed tables."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.weightstats import ttost_ind

from lib.evaluation import printed as published
from lib.evaluation.statistics import PairedTest, half_width
from lib.evaluation.verdicts import VERDICTS, claim_verdict, compare, differences, verdicts


def tidy(row, metric, values, split="contiguous_trials", tier="public", role="model"):
    base = {
        "paper": "rmmt", "experiment": "fusion", "row": row, "role": role, "split": split,
        "seed": 0, "metric": metric, "tier": tier
    }
    return pd.DataFrame([base | {"fold": k, "value": v} for k, v in enumerate(values)])


def folds(mean, std, n=10):
    """n values with exactly this mean and population spread."""
    x = np.random.default_rng(0).normal(size=n)
    return mean + std * (x - x.mean()) / x.std()


def lines(metric, printed, ours, spread, n=10, of_paper=0.08, m=10):
    """Means with the spread of folds, as :func:`differences` takes them."""
    columns = {"metric": metric, "published": printed, "reproduced": ours, "n": n, "published_n": m}
    frame = pd.DataFrame(columns, index=range(np.size(ours)))
    return frame.assign(reproduced_interval=half_width(spread, n),
                        published_interval=half_width(of_paper, m))


@pytest.mark.parametrize(("metric", "printed", "ours", "spread", "expected"),
                         [("PCC", 0.755, 0.750, 0.01, "reproduced"),
                          ("PCC", 0.755, 0.750, 0.08, "close"),
                          ("PCC", 0.755, 0.695, 0.08, "inconclusive"),
                          ("PCC", 0.755, 0.600, 0.08, "worse"),
                          ("PCC", 0.755, 0.900, 0.08, "better"),
                          ("RMSE", 0.051, 0.052, 0.001, "reproduced"),
                          ("RMSE", 0.051, 0.080, 0.001, "worse"),
                          ("SEED-IV accuracy", 0.7, 0.9, 0.01, "better"),])
def test_one_rule_for_values(metric, printed, ours, spread, expected):
    of_paper = 0.002 if metric == "RMSE" else 0.03 if spread == 0.01 else 0.08
    found = differences(lines(metric, printed, ours, spread, of_paper=of_paper))
    assert found["verdict"].item() == expected


def test_reproduced_is_what_two_one_sided_tests_say():
    random, said = np.random.default_rng(0), []
    for _ in range(200):
        x, y = random.normal(0.7, 0.05, 10), random.normal(random.uniform(0.6, 0.8), 0.05, 24)
        # so much less spread as the correction for shared training trials adds
        frame = lines("CCC", x.mean(), y.mean(), y.std() / np.sqrt(1 + 24 / 23), 24, x.std())
        p = ttost_ind(y, x, -0.05, 0.05, usevar="unequal")[0]
        said.append(differences(frame)["verdict"].item() == "reproduced")
        assert said[-1] == (p < 0.05)
    assert 10 < sum(said) < 190


def test_more_noise_never_earns_a_better_word():
    spread = np.linspace(0, 0.5, 200)
    for ours in np.linspace(0.4, 0.755, 30):
        found = differences(lines("CCC", 0.755, np.full(200, ours), spread))["verdict"]
        assert (found.eq("reproduced").astype(int).diff().dropna() <= 0).all()
        assert ours < 0.755 - 0.05 or not found.isin(["worse", "inconclusive"]).any()
        assert ours >= 0.755 - 0.05 or not found.isin(["reproduced", "close"]).any()


def test_the_rule_knows_equal_from_different_at_the_folds_of_the_papers():
    """Truth 0, 0.05 and 0.15 apart, 24 folds of a spread of 0.05: how often which word is given."""
    random, given = np.random.default_rng(0), {}
    for apart in (0.0, 0.05, 0.15):
        ours, theirs = (mean + random.normal(0, 0.05, (2000, 24)) for mean in (0.7 - apart, 0.7))
        frame = lines("CCC", theirs.mean(1), ours.mean(1), ours.std(1), 24, theirs.std(1), 24)
        given[apart] = differences(frame)["verdict"].value_counts(normalize=True)
    assert given[0.0]["reproduced"] > 0.6 and given[0.0].get("worse", 0) < 0.01
    assert given[0.05].get("reproduced", 0) < 0.05  # two one-sided tests at 5 %
    assert given[0.15]["worse"] > 0.99


def test_a_mean_printed_without_spread_is_taken_to_scatter_as_ours():
    frame = lines("F1", 0.7, 0.69, 0.04, 12)
    alone = differences(frame.assign(published_interval=np.nan, published_n=np.nan))
    same = differences(lines("F1", 0.7, 0.69, 0.04, 12, 0.04, 12))
    pd.testing.assert_frame_equal(alone, same)
    exact = differences(lines("F1", 0.7, 0.69, 0.0, 12, 0.0, 12))
    assert exact["verdict"].item() == "reproduced" and exact["low"].item() == pytest.approx(-0.01)


def test_table_meets_published_rows_and_keeps_controls():
    results = pd.concat([
        tidy("RMMT", "PCC", folds(0.73, 0.065)),
        tidy("ridge", "PCC", folds(0.679, 0.08)),
        tidy("RMMT", "PCC", folds(0.40, 0.05), split="by_trial"),
        tidy("F-Fusion", "PCC", folds(0.7, 0.08, n=3))
    ])
    table = verdicts(results, published.table("rmmt", 3))
    pcc = table[table["metric"] == "PCC"].set_index(["row", "split"])
    line = pcc.loc[("RMMT", "contiguous_trials")]
    numbers = line[["published", "published_spread", "reproduced", "reproduced_spread"]]
    assert numbers.to_list() == pytest.approx([0.755, 0.082, 0.73, 0.065])
    assert (line["verdict"], line["n"], line["tier"]) == ("close", 10, "public")
    assert pcc.loc[("RMMT", "by_trial"), "verdict"] == "worse"
    assert tuple(pcc.loc[("F-Fusion", "contiguous_trials"),
                         ["verdict", "why"]]) == ("not testable", "3 of 10 folds run")
    assert tuple(pcc.loc[("D-Fusion", ""), ["verdict", "why"]]) == ("not testable", "not run")
    assert table.iloc[-1]["row"] == "ridge" and table.iloc[-1]["verdict"] == "control"
    assert set(table["verdict"]) <= set(VERDICTS)


def test_simulated_runs_and_copied_rows_are_never_reproductions():
    results = pd.concat([
        tidy("RMMT", "PCC", folds(0.755, 0.082), tier="simulated"),
        tidy("Choi [31] both", "PCC", folds(0.53, 0.05))
    ])
    table = verdicts(results, published.table("rmmt", 4)).query("metric == 'PCC'").set_index("row")
    assert table.loc["RMMT", "verdict"] == "simulated only"
    assert table.loc["Choi [31] both",
                     "verdict"] == "not testable" and "its own split" in table.loc["Choi [31] both",
                                                                                   "why"]


def test_leave_one_subject_out_meets_table_5_only():
    table = verdicts(tidy("RMMT", "CCC", folds(0.6, 0.2, 24), split="by_subject"),
                     published.load("rmmt"))
    line = table.query("row == 'RMMT' and metric == 'CCC'").set_index("split")["published"]
    assert line["by_subject"] == 0.635 and line[""] == 0.736


def test_a_printed_metric_that_nothing_measures_is_named():
    table = published.table("rmmt", 3).assign(metric="F0.5")
    with pytest.raises(ValueError, match=r"printed.csv of rmmt: nothing here measures F0.5"):
        verdicts(tidy("RMMT", "PCC", [0.7, 0.8]), table)


def test_unknown_split_is_named():
    with pytest.raises(ValueError, match="'by_clip'"):
        verdicts(tidy("RMMT", "PCC", [0.7, 0.8], split="by_clip"), published.table("rmmt", 3))


@pytest.mark.parametrize(
    ("low", "high", "printed", "expected"),
    [
        (0.005, 0.035, 0.017, "supported"),
        (-0.005, 0.035, 0.1, "not supported"),  # no advantage beyond the margin
        (-0.005, 0.035, 0.017, "cannot tell"),  # the printed one is not excluded
        (-0.035, 0.015, 0.017, "not supported"),
        (-0.05, 0.08, 0.017, "cannot tell"),
        (-0.20, -0.01, 0.017, "not supported"),
        (-0.20, -0.01, -0.017, "supported"),  # lower is better, or the claim is about b
        (-0.01, 0.02, 0.0, "supported"),
        (0.01, 0.02, 0.0, "supported"),  # not equal, but the same within the margin
        (0.04, 0.12, 0.0, "not supported"),
        (-0.02, 0.12, 0.0, "cannot tell"),
        (0.005, 0.035, np.nan, "control"),
    ])
def test_one_rule_for_claims(low, high, printed, expected):
    test = PairedTest((low + high) / 2, low, high, 2.0, 9, 0.05, 0.5, 10)
    assert claim_verdict("PCC", test, printed)[0] == expected


def test_compare_a_claim_of_the_paper():
    b = folds(0.70, 0.08)
    frame = pd.concat([tidy("RMMT", "PCC", b + folds(0.017, 0.01)), tidy("F-Fusion", "PCC", b)])
    claim = compare(frame, "RMMT", "F-Fusion", "PCC", published.table("rmmt", 3), n_train=129,
                    n_test=24)
    assert claim["published"] == pytest.approx(0.017) and claim["difference"] == pytest.approx(
        0.017)
    half = stats.t.ppf(0.975, 9) * np.sqrt(0.1 + 24 / 129) * 0.01 * np.sqrt(10 / 9)
    assert claim["high"] - claim["difference"] == pytest.approx(half)
    assert claim["verdict"] == "supported"
    few = compare(frame[frame["fold"] < 4], "RMMT", "F-Fusion", "PCC", published.table("rmmt", 3))
    assert few["verdict"] == "not testable"


def test_compare_refuses_mixed_splits_and_missing_rows():
    frame = pd.concat(
        [tidy("RMMT", "PCC", [0.7, 0.8]),
         tidy("MMT", "PCC", [0.7, 0.8], split="by_subject")])
    with pytest.raises(ValueError, match="one split"):
        compare(frame, "RMMT", "MMT", "PCC")
    with pytest.raises(ValueError, match="share 0 folds"):
        compare(frame[frame["row"] == "RMMT"], "RMMT", "MMT", "PCC")
