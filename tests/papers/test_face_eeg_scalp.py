"""Training on scalp maps: it learns, chance where there is nothing, statistics of training segments
only, early stopping."""

from __future__ import annotations

import numpy as np
import pytest

from lib.papers.face_eeg.training import scalp_fold, standardise_maps
from lib.store import Store
from lib.training.folds import Call, cross_validate
from lib.training.splits import Split

SMALL = {"model": {"widths": (8, 8, 8), "hidden": 16}, "recipe": {"lr": 3e-3, "epochs": 20}}


def problem(effect=1.0, n=160, d=6):
    rng = np.random.default_rng(0)
    emotion = rng.integers(0, 4, n)
    maps = 5 + rng.standard_normal((n, d, 7, 5))
    maps[np.arange(n), emotion] += effect
    maps[:, :, 0, 0] = 0  # an empty cell
    rows = rng.permutation(n)
    return {"maps": maps.astype(np.float16),
            "emotion": emotion}, {"train": rows[:100], "val": rows[100:120], "test": rows[120:]}


def test_learns_and_returns_probabilities():
    data, split = problem(effect=2.0)
    out = scalp_fold(data, split, 1, **SMALL)
    assert out["test"].shape == (40,
                                 4) and out["val"].shape == (20,
                                                             4) and out["test"].dtype == np.float32
    np.testing.assert_allclose(out["test"].sum(axis=1), 1, atol=1e-5)
    assert (out["test"].argmax(1) == data["emotion"][split["test"]]).mean() > 0.8
    again = scalp_fold(data, split, 1, **SMALL)
    np.testing.assert_array_equal(out["test"], again["test"])
    assert not np.array_equal(out["test"], scalp_fold(data, split, 2, **SMALL)["test"])


def test_chance_where_there_is_nothing():
    data, split = problem(effect=0.0)
    assert (scalp_fold(data, split, 1,
                       **SMALL)["test"].argmax(1) == data["emotion"][split["test"]]).mean() < 0.5


def test_only_training_segments_are_known():
    data, split = problem()
    x = standardise_maps(data["maps"], split["train"])
    known = x[split["train"]].reshape(100, 6, 35)[:, :, 1:]
    np.testing.assert_allclose(known.mean((0, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(known.std((0, 2)), 1, atol=1e-3)
    assert x.dtype == np.float32 and not x[:, :, 0, 0].any()
    other = {**data, "maps": data["maps"].copy()}
    other["maps"][split["test"]] *= 2  # what is tested changes nothing about what is trained
    np.testing.assert_array_equal(
        standardise_maps(other["maps"], split["train"])[split["train"]], x[split["train"]])
    np.testing.assert_array_equal(
        scalp_fold(data, split, 1, **SMALL)["val"],
        scalp_fold(other, split, 1, **SMALL)["val"])


def test_stops_early_lowers_the_rate_and_keeps_the_best_weights():
    data, split = problem(effect=0.0)
    out = scalp_fold(data, split, 1, model=SMALL["model"],
                     recipe={"lr": 1e-2, "epochs": 60, "patience": 6, "plateau": 1, "min_lr": 1e-3})
    history = out["history"]
    best = history[:, 2].argmax()
    assert len(history) == best + 1 + 6 < 60 and history[:, 3].min() >= 1e-3 and history[-1,
                                                                                         3] < 1e-2
    truth = data["emotion"][split["val"]]
    assert -np.log(out["val"][np.arange(20), truth]).mean() == pytest.approx(
        history[best, 1], rel=1e-4)
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        scalp_fold({**data, "maps": np.full_like(data["maps"], np.nan)}, split, 1, **SMALL)


def test_fits_the_folds_and_their_memo(tmp_path):
    data, split = problem()
    task = Call(
        "cnn",
        Split("random_segments", 0,
              **{part: tuple(map(int, rows)) for part, rows in split.items()}), settings=SMALL)
    store = Store(tmp_path)
    first = cross_validate(scalp_fold, data, [task], engine="serial", store=store)[0]
    assert set(first) == {"val", "test", "history", "best", "validation"} and store.misses == 1
    np.testing.assert_array_equal(
        cross_validate(scalp_fold, data, [task], engine="serial", store=store)[0]["test"],
        first["test"])
