"""The verdict rule, line by line and against the printed tables."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lib.evaluation import printed as published
from lib.evaluation.statistics import PairedTest, half_width
from lib.evaluation.verdicts import VERDICTS, claim_verdict, compare, value_verdict, verdicts


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


@pytest.mark.parametrize(
    ("metric", "printed", "ours", "expected"),
    [
        ("PCC", 0.755, 0.700, "reproduced"),  # 0.055 apart, margin 0.062
        ("PCC", 0.755, 0.680, "partly"),
        ("PCC", 0.755, 0.820, "better"),
        ("PCC", 0.755, 0.050, "not reproduced"),  # our interval holds 0
        ("PCC", 0.755, -0.300, "not reproduced"),  # the other side of chance
        ("RMSE", 0.051, 0.040, "reproduced"),
        ("RMSE", 0.251, 0.350, "partly"),
        ("RMSE", 0.251, 0.550, "not reproduced"),  # worse than the constant prediction
        ("RMSE", 0.251, 0.150, "better"),
    ])
def test_one_rule_for_values(metric, printed, ours, expected):
    margin = half_width(0.082, 10)
    assert value_verdict(metric, printed, ours, (margin, margin),
                         chance=0.5 if metric == "RMSE" else 0.0)[0] == expected


def test_either_interval_may_be_the_wider_one():
    assert value_verdict("PCC", 0.5, 0.6, (0.11, 0.01), 0.0)[0] == "reproduced"
    assert value_verdict("PCC", 0.5, 0.6, (0.01, 0.11), 0.0)[0] == "reproduced"
    assert value_verdict("PCC", 0.5, 0.6, (np.nan, 0.05), 0.0)[0] == "better"


def test_rmse_cannot_be_partly_without_a_constant_control():
    assert value_verdict("RMSE", 0.05, 0.09, (0.01, 0.01))[0] == "not reproduced"


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
    assert (line["verdict"], line["n"], line["tier"]) == ("reproduced", 10, "public")
    assert pcc.loc[("RMMT", "by_trial"), "verdict"] == "partly"
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


def test_the_constant_control_of_the_same_split_sets_chance():
    values = pd.concat([
        tidy("RMMT", "RMSE", folds(0.065, 0.002)),
        tidy("constant", "RMSE", folds(0.0705, 0.01), role="chance"),
        tidy("a worse guess", "RMSE", folds(0.09, 0.01), role="chance")
    ])
    table = verdicts(values, published.table("rmmt", 3)).set_index(["row", "metric"])
    assert table.loc[("RMMT", "RMSE"), "verdict"] == "partly"
    worse = values.assign(value=values["value"] + 0.02 * (values["row"] == "RMMT"))
    assert verdicts(worse,
                    published.table("rmmt",
                                    3)).set_index(["row",
                                                   "metric"]).loc[("RMMT", "RMSE"),
                                                                  "verdict"] == "not reproduced"


def test_unknown_split_is_named():
    with pytest.raises(ValueError, match="'by_clip'"):
        verdicts(tidy("RMMT", "PCC", [0.7, 0.8], split="by_clip"), published.table("rmmt", 3))


@pytest.mark.parametrize(
    ("low", "high", "printed", "expected"), [(0.005, 0.035, 0.017, "reproduced"),
                                             (-0.005, 0.035, 0.017, "partly"),
                                             (-0.035, -0.005, 0.017, "not reproduced"),
                                             (0.020, 0.035, 0.017, "better"),
                                             (0.002, 0.010, 0.017, "partly"),
                                             (-0.01, 0.02, 0.0, "reproduced"),
                                             (0.01, 0.02, 0.0, "not reproduced"),
                                             (0.005, 0.035, np.nan, "control"),])
def test_one_rule_for_claims(low, high, printed, expected):
    test = PairedTest((low + high) / 2, low, high, 2.0, 9, 0.05, 0.5, 10)
    assert claim_verdict("PCC", test, printed)[0] == expected
    assert claim_verdict("PCC", test, printed, "simulated")[0] in {"simulated only", "control"}


def test_compare_a_claim_of_the_paper():
    b = folds(0.70, 0.08)
    frame = pd.concat([tidy("RMMT", "PCC", b + folds(0.017, 0.01)), tidy("F-Fusion", "PCC", b)])
    claim = compare(frame, "RMMT", "F-Fusion", "PCC", published.table("rmmt", 3), n_train=129,
                    n_test=24)
    assert claim["published"] == pytest.approx(0.017) and claim["difference"] == pytest.approx(
        0.017)
    half = stats.t.ppf(0.975, 9) * np.sqrt(0.1 + 24 / 129) * 0.01 * np.sqrt(10 / 9)
    assert claim["high"] - claim["difference"] == pytest.approx(half)
    assert claim["verdict"] == "reproduced"
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
