"""The models of the leakage lesson and the six practices: what they may look at, and that a leak
that is put in is found."""

from __future__ import annotations

import numpy as np
import pytest

from lib.papers.leakage.models import simple_fold
from lib.papers.leakage.practices import PRACTICES, practice_fold, smoothed
from lib.simulation.fingerprint import World, make
from lib.training.scaling import standardise
from lib.training.splits import segment_splits

MODELS = ("nearest neighbour", "ridge", "random forest")


def fold_of(data, name="by_subject"):
    fold = segment_splits(name, data["subject"], data["recording"], 3)[0]
    return {"train": fold.train, "val": fold.val, "test": fold.test}


def accuracy(data, predicted, split):
    return np.mean(predicted == data["y"][list(split["test"])])


@pytest.fixture(scope="module")
def null():
    return make(World(person=0.5))


def test_scaling_knows_the_training_segments_alone(null):
    rows = np.arange(100)
    x = null["x"].copy()
    x[:, 3] = 7.0
    x[100:] *= 5
    scaled = standardise(x, rows)
    np.testing.assert_allclose(np.delete(scaled, 3, 1)[rows].std(axis=0), 1, atol=1e-4)
    assert (scaled[:, 3] == 0).all() and scaled[100:].std() > 4


@pytest.mark.parametrize("model", MODELS)
def test_predictions_do_not_depend_on_test_labels_and_a_leak_is_found(null, model):
    split = fold_of(null)
    test = list(split["test"])
    before = simple_fold(null, split, 0, models=[model])[model]
    changed = {**null, "y": null["y"].copy()}
    changed["y"][test] = 3 - changed["y"][test]
    np.testing.assert_array_equal(before, simple_fold(changed, split, 0, models=[model])[model])
    assert accuracy(null, before, split) < 0.4
    leaky = {**null, "x": np.hstack([null["x"], np.eye(4)[null["y"]]])}
    assert accuracy(null, simple_fold(leaky, split, 0, models=[model])[model], split) > 0.5


def test_the_stimulus_mean_is_that_of_the_same_place_in_the_same_clip_of_others(null):
    split = fold_of(null)
    y = np.sin(null["clip"] * 17.0 + null["position"])
    data = {**null, "y": y + np.where(np.isin(np.arange(len(y)), split["test"]), 100.0, 0.0)}
    found = simple_fold(data, split, 0, models=["stimulus mean"])["stimulus mean"]
    np.testing.assert_allclose(found, y[list(split["test"])], atol=1e-9)
    new = {**data, "clip": np.where(np.isin(np.arange(len(y)), split["test"]), 99, null["clip"])}
    assert np.ptp(simple_fold(new, split, 0, models=["stimulus mean"])["stimulus mean"]) == 0


def test_unknown_model(null):
    with pytest.raises(ValueError, match="no model 'oracle'"):
        simple_fold(null, fold_of(null), 0, models=["oracle"])


@pytest.mark.parametrize("practice", PRACTICES)
def test_without_the_practice_nothing_depends_on_the_test(null, practice):
    split = fold_of(null,
                    "blocked_segments" if practice == "smoothing across the cut" else "by_subject")
    test = list(split["test"])
    honest = practice_fold(null, split, 0, practice=practice)
    labels = {**null, "y": null["y"].copy()}
    labels["y"][test] = np.random.default_rng(0).permutation(labels["y"][test])
    np.testing.assert_array_equal(
        practice_fold(labels, split, 0, practice=practice)["without"], honest["without"])
    alone = {**null, "x": null["x"].copy()}
    alone["x"][test[1:]] += 50.0  # what another test segment holds must not reach the first
    # smoothing within the test side is its neighbours' business
    if practice != "smoothing across the cut":
        assert practice_fold(alone, split, 0,
                             practice=practice)["without"][0] == honest["without"][0]


def test_choosing_on_the_test_is_never_worse_there_and_features_chosen_with_it_invent_an_effect(
        null):
    split = fold_of(null)
    for practice in ("penalty chosen on the test", "epoch chosen on the test"):
        found = practice_fold(null, split, 0, practice=practice)
        assert accuracy(null, found["with"], split) >= accuracy(null, found["without"], split)
    gains = []
    for seed in range(4):
        data = make(World(person=0.5, recording=0.3), seed)
        found = practice_fold(data, fold_of(data), 0, practice="features chosen on all data")
        gains.append(
            accuracy(data, found["with"], fold_of(data)) -
            accuracy(data, found["without"], fold_of(data)))
    assert np.mean(gains) > 0.03


def test_smoothing_stays_within_its_runs():
    x = np.repeat([[0.0], [10.0], [0.0]], 6, axis=0)
    np.testing.assert_allclose(smoothed(x, np.repeat([0, 1, 0], 6)), x)
    assert (smoothed(x, np.zeros(18, int))[[5, 6]] == [[4.0], [6.0]]).all()
