"""Windows stay inside trials; scaling knows the training windows only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lib.datasets.base import BadFile, Cohort, Signal, Trial
from lib.datasets.seed_format import CHANNELS
from lib.preprocessing.seed import fill_gaps, fill_nearest, scale_eeg, scale_eye, windows

LENGTHS = (12, 10, 9, 15)


def _cohort():
    trials = []
    for i, n in enumerate(LENGTHS):  # every number tells its trial and its place in it
        eeg = 100.0 * i + np.arange(n)[None, :, None] + np.zeros((62, n, 5))
        eye = 100.0 * i + np.arange(n) + np.zeros((31, n))
        loaders = {
            "eeg": lambda eeg=eeg: Signal(eeg, 0.25), "eye": lambda eye=eye: Signal(eye, 0.25)
        }
        trials.append(Trial("seed-iv", 3, "2", i + 1, f"2-{i + 1}", {"emotion": i % 2}, loaders))
    return Cohort("seed-iv", "licensed", tuple(trials), "", {"known": "before"})


def test_no_window_crosses_trials():
    w = windows(_cohort())
    assert w["eeg"].shape == (3 + 1 + 0 + 6, 10, 62, 5) and w["eye"].shape == (10, 10, 31)
    assert w["eeg"].dtype == w["eye"].dtype == np.float32
    assert len(w["eeg"]) == sum(max(n - 9, 0) for n in LENGTHS)
    for modality in ("eeg", "eye"):
        values = w[modality].reshape(10, 10, -1)
        expected = 100 * w["trial"][:, None] + w["position"][:, None] + np.arange(10)
        np.testing.assert_array_equal(values, np.broadcast_to(expected[..., None], values.shape))
    assert w["trial"].tolist() == [0] * 3 + [1] + [3] * 6 and w["position"].tolist() == [
        0, 1, 2, 0, *range(6)
    ]
    assert w["emotion"].tolist() == [0] * 3 + [1] * 7 and set(w["subject"]) == {3} and set(
        w["session"]) == {2}
    name = "seed-iv subject 3 session 2 trial 3"
    assert list(w["dropped"]) == ["known", name] and w["dropped"][name].startswith(
        f"{name}: expected at least a window's 10 features of 4 s, found 9.")


def test_step_and_padding():
    assert windows(_cohort(), step=2)["eeg"][:, 0, 0, 0].tolist() == [0, 2, 100, 300, 302, 304]
    w = windows(_cohort(), pad=True)
    assert len(w["eeg"]) == sum(LENGTHS) and list(w["dropped"]) == ["known"]
    # window i ends at feature i
    np.testing.assert_array_equal(w["eeg"][:, -1, 5, 3], 100 * w["trial"] + w["position"])
    assert w["eye"][2, :, 0].tolist() == [0] * 8 + [1, 2]
    assert len(windows(_cohort(), length=1)["eeg"]) == sum(LENGTHS)


def test_unreadable_and_short_trials():
    cohort = _cohort()

    def broken():
        raise BadFile("x.mat", "a", "b", "c")

    trials = (replace(cohort[0], loaders={**cohort[0].loaders, "eye": broken}), *cohort.trials[1:])
    w = windows(replace(cohort, trials=trials))
    assert set(w["trial"]) == {
        1, 3
    } and w["dropped"]["seed-iv subject 3 session 2 trial 1"].startswith("x.mat: expected a")
    with pytest.raises(BadFile, match="at least one trial of 99 features, found none of 4"):
        windows(cohort, length=99)


def test_gaps_are_filled_along_time():
    nan = np.nan
    eye = [[nan, 1.0, nan, 3.0, nan], [nan] * 5, [np.inf, 2.0, 2.0, 2.0, 4.0]]
    np.testing.assert_array_equal(fill_gaps(eye), [[1, 1, 2, 3, 3], [nan] * 5, [2, 2, 2, 2, 4]])


def test_eye_scaling_learns_from_training_windows_only():
    x = np.random.default_rng(0).normal(3, 2, (40, 10, 4)).astype(np.float32)
    x[:, :, 2], x[:, :, 3] = 7.0, np.nan  # constant; never there
    x[5, :, 1], x[35, :, 1] = np.nan, np.nan
    train = np.arange(30)
    y = scale_eye(x, train)
    assert y.dtype == np.float32 and y.min() == 10 and y.max() == 100 and (y[..., 2:] == 10).all()
    np.testing.assert_allclose([y[train, :, 0].min(), y[train, :, 0].max()], [10, 100])
    known = np.delete(x[train, :, 1], 5, axis=0)
    mean = 10 + 90 * (known.mean() - known.min()) / (known.max() - known.min())
    np.testing.assert_allclose(y[[5, 35], :, 1], mean, rtol=1e-5)
    changed = x.copy()
    changed[30:, :, 0] *= 50
    np.testing.assert_array_equal(scale_eye(changed, train)[train], y[train])
    assert scale_eye(changed, train)[30:, :, 0].max() == 100  # clipped


def test_eeg_scaling_learns_from_training_windows_only():
    x = np.random.default_rng(1).normal(4, 2, (30, 10, 62, 5)).astype(np.float32)
    x[:, :, 0, 0] = 1.5
    y = scale_eeg(x, np.arange(20))
    np.testing.assert_allclose(y[:20].mean(axis=(0, 1)), 0, atol=1e-5)
    np.testing.assert_allclose(y[:20, :, 1:].std(axis=(0, 1)), 1, atol=1e-5)
    assert (y[:, :, 0, 0] == 0).all() and y.dtype == np.float32
    x[20:] += 9
    np.testing.assert_array_equal(scale_eeg(x, np.arange(20))[:20], y[:20])


def test_missing_channels_become_the_mean_of_the_nearest_that_are_there():
    x = np.random.default_rng(0).normal(size=(2, 3, 62, 5)).astype(np.float32)
    at, missing = CHANNELS.index, np.zeros((2, 62), bool)
    missing[0, [at("FCZ"), at("C5")]] = missing[1, at("CPZ")] = True
    found = fill_nearest(x, missing, k=1)
    shown = np.broadcast_to(missing[:, None, :, None], x.shape)
    np.testing.assert_array_equal(found[~shown], x[~shown])
    assert not (found[0, :, at("FCZ")] == x[0, :, at("C5")]).any()
    for sample, name in ((0, "FCZ"), (1, "CPZ")):
        sources = [
            CHANNELS[j] for j in range(62)
            if np.array_equal(found[sample, :, at(name)], x[sample, :, j])
        ]
        assert len(sources) == 1 and sources[0] in {"FC1", "FC2", "FZ", "CZ", "CP1", "CP2", "PZ"}
    np.testing.assert_allclose(fill_nearest(np.ones_like(x), missing), np.ones_like(x), rtol=1e-6)
