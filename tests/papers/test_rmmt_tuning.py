"""Paper 1's search: what it may see, and what its best recipe becomes."""

import numpy as np
import pytest

from lib.papers.rmmt import protocol as rmmt
from lib.papers.rmmt import tuning
from lib.store import Store
from tests.papers.test_rmmt import TINY, data

__all__ = ["data"]  # the fixture


def test_samples_differ_and_come_from_the_space():
    space = {"lr": [1e-3, 1e-2], "epochs": [1, 2], "dropout": [0.1, 0.3]}
    drawn = tuning.samples(space, 8)
    assert len({tuple(sorted(sample.items())) for sample in drawn}) == 8
    assert all(sample[name] in values for sample in drawn for name, values in space.items())
    own = tuning.tuned(TINY, {"lr": 1e-2, "dropout": 0.3})
    assert own.tuned_options == {"dropout": 0.3} and own.tuned_recipe == {"lr": 1e-2}


def test_the_search_never_sees_a_test_trial(data, tmp_path):
    tried = [{"lr": 1e-3, "epochs": 1}, {"lr": 1e-2, "epochs": 2}]
    how = {"engine": "serial", "store": Store(tmp_path)}
    before = tuning.search(data, tried, "by_subject", TINY, [1], **how)
    (test,) = rmmt.splits(data, "by_subject", TINY)[1].test[:1]
    touched = {name: array.copy() for name, array in data.items()}
    touched["valence"][100 * test:100 * test + 100] = 9.0
    touched["face"][100 * test:100 * test + 100] += 5.0
    after = tuning.search(touched, tried, "by_subject", TINY, [1], **how)
    assert before.equals(after) and before["CCC"].nunique() == 2
    train = len(rmmt.splits(data, "by_subject", TINY)[1].train)  # of 100 steps each, 64 apart
    assert before["windows"].tolist() == pytest.approx([0.1 * train / 64, 0.2 * train / 64])


def test_other_learners_find_what_is_in_the_face(data, tmp_path):
    how = {"engine": "serial", "store": Store(tmp_path)}
    records = tuning.ceiling(data, "by_subject", TINY, **how)
    scores = rmmt.score(data, records, experiment="ceiling", tier="simulated")
    ccc = scores[scores["metric"] == "CCC"].groupby("row")["value"].mean()
    assert list(
        ccc.index) == ["TCN-F, twice as wide", "gradient boosting, face", "kernel ridge, face"]
    assert ccc["kernel ridge, face"] > 0.5 and ccc["gradient boosting, face"] > 0.3
    none = {**data, "valence": np.random.default_rng(5).permutation(data["valence"])}
    null = rmmt.score(none, tuning.ceiling(none, "by_subject", TINY, **how), experiment="ceiling",
                      tier="simulated")
    assert null[null["metric"] == "CCC"]["value"].abs().max() < 0.2
