"""Pre-training: it learns to fill in channels, reads neither labels nor test windows, and scales by
training windows."""

import numpy as np
import pytest

from lib.papers.mv_sstma.pretraining import build, pretrain_fold, scale

MODEL = {"width": 8, "blocks": 1, "heads": 2, "head_width": 4}
RECIPE = {"epochs": 12, "batch": 8, "lr": 1e-2, "weight_decay": 0.0}


@pytest.fixture(scope="module")
def data():
    """Windows of 8 channels that all follow two hidden courses: what is masked can be told from
    what is seen."""
    rng = np.random.default_rng(0)
    course = rng.normal(size=(96, 10, 2))
    return {
        "eeg": (np.einsum("ntk,kcf->ntcf", course, rng.normal(size=(2, 8, 3))) +
                0.1 * rng.normal(size=(96, 10, 8, 3))).astype(np.float32),
        "eye": (course @ rng.normal(size=(2, 6)) + 0.1 * rng.normal(size=(96, 10, 6))).astype(
            np.float32), "subject": np.repeat([1, 2], 48), "session": np.ones(96, int),
    }


LAST = (40, 41, 42, 43, 88, 89, 90, 91)
SPLIT = {"train": (*range(40), *range(48, 88)), "val": LAST, "test": tuple(i + 4 for i in LAST)}


@pytest.mark.parametrize("modality", ["eeg", "eye"])
def test_masked_features_are_told_better_than_by_their_mean(data, modality):
    result = pretrain_fold(data, SPLIT, 0, modality=modality, model=MODEL, recipe=RECIPE)
    x = scale(data[modality], SPLIT["train"], modality, data["subject"])
    mean = np.mean(x[list(SPLIT["val"])]**2)  # the error of saying the training mean, 0
    assert result["history"].shape == (12, 3) and result["history"][-1, 1] < 0.8 * mean
    assert result["history"][0, 1] > result["history"][-1, 1]


def test_weights_are_those_of_the_network_and_seeds_decide(data):
    short = {"modality": "eye", "model": MODEL, "recipe": RECIPE | {"epochs": 1}}
    first, again, other = (pretrain_fold(data, SPLIT, seed, **short) for seed in (0, 0, 1))
    weights = {
        name.removeprefix("weights/"): value for name, value in first.items()
        if name.startswith("weights/")
    }
    network = build((1, 10, 6, 1), MODEL, weights)
    np.testing.assert_array_equal(network.embed.weight.detach(), weights["embed.weight"])
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["weights/embed.weight"], other["weights/embed.weight"])
    with pytest.raises(RuntimeError, match="size mismatch"):
        build((1, 10, 6, 1), MODEL | {"width": 10}, weights)


def test_test_windows_are_not_read(data):
    touched = data | {"eye": data["eye"].copy()}
    touched["eye"][list(SPLIT["test"])] = np.nan
    before, after = (pretrain_fold(d, SPLIT, 0, modality="eye", model=MODEL,
                                   recipe=RECIPE | {"epochs": 1}) for d in (data, touched))
    assert np.array_equal(before["history"], after["history"])


def test_without_masked_channels_there_is_nothing_to_learn(data):
    with pytest.raises(ValueError, match="masks no channel of 6"):
        pretrain_fold(data, SPLIT, 0, modality="eye", model=MODEL, recipe=RECIPE | {"ratio": 0.0})


def test_scaling_is_by_the_training_windows_of_the_same_session(data):
    x = data["eeg"] + 100 * data["subject"][:, None, None, None]
    scaled = scale(x, SPLIT["train"], "eeg", data["subject"])
    for subject in (1, 2):
        known = scaled[[i for i in SPLIT["train"] if data["subject"][i] == subject]]
        np.testing.assert_allclose(known.mean((0, 1)), 0, atol=1e-4)
        np.testing.assert_allclose(known.std((0, 1)), 1, atol=1e-3)
    # a new subject is measured by those who are known
    only = scale(x, range(48), "eeg", data["subject"])
    np.testing.assert_allclose(only[48:], (x[48:] - x[:48].mean((0, 1))) / x[:48].std((0, 1)),
                               rtol=1e-3, atol=1e-3)


def test_an_eye_feature_that_a_trial_lacks_becomes_the_training_mean(data):
    x = data["eye"].copy()
    x[5:9, :, 2] = np.nan
    scaled = scale(x, SPLIT["train"], "eye", data["subject"])
    assert np.isfinite(scaled).all() and abs(scaled[5:9, :, 2]).max() < 1e-4


def test_eye_features_are_clipped_at_the_training_range():
    x = np.array([[[0.0]], [[10.0]], [[5.0]], [[-50.0]], [[99.0]]], np.float32)
    scaled = scale(x, [0, 1, 2], "eye")
    assert scaled.shape == (5, 1, 1, 1)
    np.testing.assert_allclose(scaled[3:].ravel(), scaled[:2].ravel())
    np.testing.assert_allclose(scaled[:3].ravel() * np.std([10, 100, 55]) + 55, [10, 100, 55],
                               rtol=1e-4)
    with pytest.raises(ValueError, match="'eeg' or 'eye', not 'ecg'"):
        scale(x, [0], "ecg")
