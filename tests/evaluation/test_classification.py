"""Accuracy and macro-F1 against their definitions; the confusion table."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from lib.evaluation.classification import accuracies, classification, confusion


def by_hand(y, yhat):
    f1 = []
    for c in np.union1d(y, yhat):
        hit = np.sum((y == c) & (yhat == c))
        f1.append(2 * hit / (np.sum(y == c) + np.sum(yhat == c)))
    return {"accuracy": np.mean(y == yhat), "F1": np.mean(f1)}


@pytest.mark.parametrize("n_classes", [2, 5])
def test_equal_the_definitions(n_classes):
    rng = np.random.default_rng(n_classes)
    y, yhat = rng.integers(n_classes, size=(2, 200))
    assert classification(y, yhat) == pytest.approx(by_hand(y, yhat))
    assert classification(y.astype(np.float32), yhat) == pytest.approx(by_hand(y, yhat))
    f1 = f1_score(y, yhat, average="macro")
    assert classification(y, yhat)["F1"] == pytest.approx(f1)


def test_booleans_and_labels_say_the_same():
    y, high = np.random.default_rng(0).integers(2, size=(2, 100))
    assert classification(y, high > 0) == classification(y, high)


def test_a_constant_prediction_has_half_the_f1_of_its_class():
    y = np.array([1] * 60 + [0] * 40)
    assert classification(y, np.ones(
        100, bool)) == {"accuracy": 0.6, "F1": pytest.approx(0.5 * 2 * 60 / 160)}


def test_confusion():
    table = confusion([0, 0, 1, 1, 1], [0, 1, 1, 1, 0], ["low", "high", "never"])
    assert table["count"].to_numpy().tolist() == [[1, 1, 0], [1, 2, 0], [0, 0, 0]]
    assert table["percent"].loc["high"].to_numpy() == pytest.approx([100 / 3, 200 / 3, 0])
    assert table["percent"].loc["never"].isna().all()
    assert table.index.name == "true" and table.columns.names[1] == "predicted"


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"equally long lists of classes, found \(3,\) and \(2,\)"):
        classification([0, 1, 0], [0, 1])
    for wrong in ([0, 0.7, 1], [0, -1, 1]):
        with pytest.raises(ValueError, match="classes must be 0, 1"):
            classification([0, 1, 0], wrong)
    with pytest.raises(ValueError, match="classes must be 0 to 1"):
        confusion([0, 2], [0, 1], ["a", "b"])


def lines(right, unit):
    return pd.DataFrame({
        "row": "A", "role": "model", "split": "by_subject", "fold": np.asarray(unit) % 2,
        "unit": unit, "right": right
    })


def test_intervals_of_accuracies_follow_the_units_and_stay_in_the_range():
    rng = np.random.default_rng(0)
    p = np.repeat(rng.uniform(0.2, 1, 30), 40)  # thirty people, each with a level of their own
    right, unit = rng.random(1200) < p, np.repeat(np.arange(30), 40)
    found = accuracies(lines(right, unit)).iloc[0]
    half = 1.96 * right.reshape(30, 40).mean(axis=1).std() / np.sqrt(30)
    assert found["mean"] == right.mean() and (found["n"], found["units"]) == (2, 30)
    assert found[["low", "high"]].tolist() == pytest.approx(
        [right.mean() - half, right.mean() + half], abs=0.02)
    alone = accuracies(lines(right, np.arange(1200))).iloc[0]  # as if segments were independent
    assert alone["high"] - alone["low"] < 0.7 * (found["high"] - found["low"])
    nearly = accuracies(lines(unit > 0, unit)).iloc[0]
    assert nearly["high"] == 1 > nearly["mean"] > nearly["low"] > 0.85
    assert accuracies(lines(right, unit // 8)).loc[0, ["low", "high"]].isna().all()
