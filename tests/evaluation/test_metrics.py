"""RMSE, PCC and CCC: known answers, agreement with SciPy, scikit-learn and the loss, and the edge
cases."""

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.metrics import root_mean_squared_error

from lib.evaluation.metrics import regression
from lib.training.losses import ccc


@pytest.fixture
def traces():
    rng = np.random.default_rng(3)
    y = rng.normal(0.02, 0.07, 500)
    return y, 0.6 * y + rng.normal(0.01, 0.04, 500)


def test_known_answer_by_hand():
    # y = 0, 1, 2, 3 against twice itself: var 1.25 and 5, covariance 2.5, means 1.5 and 3, so CCC =
    # 5 / (6.25 + 2.25)
    scores = regression([0, 1, 2, 3], [0, 2, 4, 6])
    assert scores == pytest.approx({"RMSE": np.sqrt(3.5), "PCC": 1.0, "CCC": 5 / 8.5})


def test_agrees_with_libraries_and_with_the_loss(traces):
    y, yhat = traces
    scores = regression(y, yhat)
    assert scores["RMSE"] == pytest.approx(root_mean_squared_error(y, yhat))
    assert scores["PCC"] == pytest.approx(stats.pearsonr(y, yhat).statistic)
    assert scores["CCC"] == pytest.approx(float(ccc(torch.tensor(yhat), torch.tensor(y))), abs=1e-9)


def test_identity_between_the_three_metrics(traces):
    # RMSE^2 / (1 - CCC) = var(y) + var(yhat) + (difference of means)^2, exactly, within one
    # evaluation
    y, yhat = traces
    scores = regression(y, yhat)
    assert scores["RMSE"]**2 / (1 - scores["CCC"]) == pytest.approx(y.var() + yhat.var() +
                                                                    (y.mean() - yhat.mean())**2)


@pytest.mark.parametrize("seed", range(5))
def test_ccc_never_exceeds_pcc(seed):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=40)
    scores = regression(y, rng.normal() * y + rng.normal(size=40) + rng.normal())
    assert abs(scores["CCC"]) <= abs(scores["PCC"]) + 1e-12


@pytest.mark.parametrize("constant", [0.0, 0.1, np.float32(0.0137)])
def test_constant_prediction_scores_zero(traces, constant):
    y = traces[0]
    scores = regression(y, np.full(len(y), constant))
    assert (scores["PCC"], scores["CCC"]) == (0.0, 0.0)
    assert scores["RMSE"] == pytest.approx(np.sqrt(np.mean((y - constant)**2)))


@pytest.mark.parametrize(("y", "yhat", "message"), [([1, 2], [1, 2, 3], "equally long"),
                                                    ([], [], "equally long"),
                                                    ([1, np.nan], [1, 2], "finite")])
def test_bad_input_is_named(y, yhat, message):
    with pytest.raises(ValueError, match=message):
        regression(y, yhat)
