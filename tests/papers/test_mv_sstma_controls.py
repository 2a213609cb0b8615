"""The baselines of paper 3: known answers, and that each learns what is there and nothing else."""

import numpy as np
import pytest
from scipy.optimize import minimize

from lib.papers.mv_sstma import controls as emotion_controls
from lib.papers.mv_sstma.controls import (bdae_fold, choquet, fit_measure, fuzzy_fold,
                                          majority_fold, max_fold, svm_fold)
from lib.papers.mv_sstma.training import draw

N, K, PER_TRIAL = 90, 3, 5
FOLDS = {
    "svm eeg": (svm_fold, {"modality": "eeg"}), "svm eye": (svm_fold, {"modality": "eye"}),
    "max": (max_fold, {}), "fuzzy": (fuzzy_fold, {}), "bdae": (bdae_fold, {}),
}


def windows(trials) -> tuple[int, ...]:
    return tuple(int(t * PER_TRIAL + i) for t in trials for i in range(PER_TRIAL))


SPLIT = {"train": windows(range(9)), "val": windows(range(9, 12)), "test": windows(range(12, 18))}


@pytest.fixture(autouse=True)
def short(monkeypatch):
    for name, value in {"HIDDEN": (10,), "EPOCHS": 5, "RBM_EPOCHS": 5}.items():
        monkeypatch.setattr(emotion_controls, name, value)


def cohort(eeg: float = 1.0, eye: float = 1.0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    trial = np.repeat(np.arange(18), PER_TRIAL)
    emotion = trial % K
    return {
        "eeg": (rng.normal(size=(N, 10, 8, 3)) +
                eeg * rng.normal(size=(K, 1, 8, 3))[emotion]).astype(np.float32),
        "eye": (rng.normal(size=(N, 10, 6)) + eye * rng.normal(size=(K, 1, 6))[emotion]).astype(
            np.float32), "emotion": emotion, "subject": np.ones(N, int), "session": np.ones(N, int),
        "trial": trial,
    }


def accuracy(data, result) -> float:
    return float(np.mean(result["test"].argmax(1) == data["emotion"][list(SPLIT["test"])]))


@pytest.mark.parametrize("name", FOLDS)
def test_learns_a_pattern_without_reading_the_test_windows(name):
    work, settings = FOLDS[name]
    data = cohort()
    result = work(data, SPLIT, 0, n_classes=K, **settings)
    assert accuracy(data, result) > 0.8
    assert result["test"].shape == (30, K) and result["val"].shape == (15, K)
    np.testing.assert_allclose(result["test"].sum(1), 1, rtol=1e-6)
    touched = data | {
        k: np.where(
            np.isin(np.arange(N), SPLIT["test"]).reshape(-1, *[1] * (data[k].ndim - 1)), 0, data[k])
        for k in ("eeg", "eye", "emotion")
    }
    np.testing.assert_array_equal(
        work(touched, SPLIT, 0, n_classes=K, **settings)["val"], result["val"])


@pytest.mark.parametrize("name", FOLDS)
def test_a_class_without_training_windows_and_no_validation_windows_are_possible(name):
    work, settings = FOLDS[name]
    result = work(cohort(), SPLIT | {"val": ()}, 0, n_classes=K + 1, **settings)
    assert result["val"].shape == (0, K + 1) and not result["test"][:, K].any() and np.isfinite(
        result["test"]).all()


@pytest.mark.parametrize("name", ["svm eeg", "fuzzy", "bdae"])
def test_finds_nothing_where_there_is_nothing(name):
    work, settings = FOLDS[name]
    found = []
    for seed in range(8):
        rng, data = np.random.default_rng(seed), cohort(0, 0)  # whole trials, within each part
        data["emotion"] = np.concatenate([rng.permutation(np.arange(n) % K)
                                          for n in (9, 3, 6)])[data["trial"]]
        found.append(accuracy(data, work(data, SPLIT, seed, n_classes=K, **settings)))
    assert abs(np.mean(found) - 1 / K) < 0.12


@pytest.mark.parametrize("emotions", [[0, 0, 0, 1], [0, 1]])
def test_fuzzy_integral_with_few_trials_of_which_some_leave_one_class(emotions):
    data, n = cohort(), len(emotions)
    data["emotion"] = data["emotion"].copy()
    for trial, emotion in enumerate(emotions):
        data["emotion"][list(windows([trial]))] = emotion
    result = fuzzy_fold(data, SPLIT | {"train": windows(range(n)), "val": ()}, 0, n_classes=K)
    assert np.isfinite(result["test"]).all() and not result["test"][:, 2].any()


def test_majority_says_the_training_shares():
    data = cohort()
    data["emotion"][list(windows([0]))] = 1
    result = majority_fold(data, SPLIT, 0, n_classes=4)
    np.testing.assert_allclose(result["test"], np.tile([2 / 9, 4 / 9, 3 / 9, 0], (30, 1)))


def test_fusion_follows_the_modality_that_knows():
    data = cohort(eeg=1.0, eye=0.0)
    folds = (FOLDS[name] for name in ("svm eeg", "svm eye", "fuzzy"))
    eeg, eye, fuzzy = (accuracy(data, work(data, SPLIT, 0, n_classes=K, **settings))
                       for work, settings in folds)
    assert eye < 0.6 and min(eeg, fuzzy) > 0.8


def test_the_svm_has_the_labels_and_the_channels_that_it_is_given():
    data = cohort(eeg=2.0, eye=2.0)
    few = {"modality": "eye", "n_classes": K, "labelled": "first10_per_class", "n_labelled": 3}
    before = svm_fold(data, SPLIT, 0, **few)["test"]
    data["emotion"][list(windows(range(3, 9)))] = 0  # none of the first three of an emotion
    np.testing.assert_array_equal(svm_fold(data, SPLIT, 0, **few)["test"], before)
    rows = np.array(SPLIT["test"])
    seen = draw(N, 6, "eye", 0.5, 0).numpy()[-len(rows):]
    hidden = np.ones((len(rows), 6), bool)
    np.put_along_axis(hidden, seen, False, 1)
    before = svm_fold(data, SPLIT, 0, **few, ratio=0.5)["test"]
    data["eye"][rows] += 100 * hidden[:, None]
    np.testing.assert_array_equal(svm_fold(data, SPLIT, 0, **few, ratio=0.5)["test"], before)


def test_max_takes_the_larger_score_of_each_class():
    data = cohort()
    eeg, eye = (svm_fold(data, SPLIT, 0, modality=m, n_classes=K)["test"] for m in ("eeg", "eye"))
    largest = np.maximum(eeg, eye)
    np.testing.assert_allclose(
        max_fold(data, SPLIT, 0, n_classes=K)["test"], largest / largest.sum(1, keepdims=True))


def test_choquet_between_minimum_maximum_and_weighted_mean():
    p1, p2 = np.random.default_rng(0).random((2, 20, K))
    one, none = np.ones((2, K)), np.zeros((2, K))
    np.testing.assert_allclose(choquet(p1, p2, one), np.maximum(p1, p2))
    np.testing.assert_allclose(choquet(p1, p2, none), np.minimum(p1, p2))
    weight = np.array([[0.3] * K, [0.7] * K])  # measures that add up to 1 give a weighted mean
    np.testing.assert_allclose(choquet(p1, p2, weight), 0.3 * p1 + 0.7 * p2)


def test_the_measure_is_the_optimum_of_the_box_programme():
    rng = np.random.default_rng(1)
    p1, p2, y = rng.random((40, K)), rng.random((40, K)), rng.integers(0, K, 40)
    target = y[:, None] == np.arange(K)

    def loss(mu):
        return ((choquet(p1, p2, mu.reshape(2, K)) - target)**2).sum() + 0.01 * (mu**2).sum()

    expected = minimize(loss, np.full(2 * K, 0.5), bounds=[(0, 1)] * (2 * K),
                        options={"ftol": 1e-14}).x.reshape(2, K)
    np.testing.assert_allclose(fit_measure(p1, p2, y), expected, atol=1e-4)
    # the first source is always right
    trusted = fit_measure(p1=np.eye(K)[y], p2=np.full((40, K), 1 / K), y=y)
    assert (trusted[0] > 0.9).all() and (trusted[1] < 0.1).all()
