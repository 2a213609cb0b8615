"""High or low: labels and scaling without a look at the test data, an effect that is found, and
chance where there is none."""

import numpy as np
import pytest
import torch

from lib.models.physio_transformer import PhysioTransformer, Recogniser
from lib.papers.amigos.training import (finetune_fold, fusion_fold, high_labels, mean_rating,
                                        pretrain_fold)
from lib.store import Store
from lib.training.folds import Call, cross_validate
from lib.training.scaling import standardise
from lib.training.splits import Split

MODEL = {
    "in_channels": 2, "channels": (8, 16), "kernels": (9, 5), "strides": (4, 2), "layers": 1,
    "feedforward": 32, "mask_hidden": 16
}
SETTINGS = {
    "modality": "eeg", "target": "arousal", "model": MODEL,
    "head": {"hidden": (8,), "dropout": 0.3},
    "recipe": {"epochs": 12, "lr": 5e-3, "batch": 16, "decay_every": 6, "scaling": "train"},
}
SPLIT = {"train": tuple(range(120)), "val": tuple(range(120, 160)), "test": tuple(range(160, 320))}


def cohort(effect: float, seed: int = 0, n: int = 320) -> dict[str, np.ndarray]:
    """Two segments a trial; in trials rated high an oscillation is stronger, its phase random."""
    rng = np.random.default_rng(seed)
    high = np.repeat(rng.integers(2, size=n // 2), 2)
    wave = np.sin(
        rng.uniform(0, 2 * np.pi, (n, 1, 1)) + np.array([[0], [1]]) +
        np.arange(128) * 2 * np.pi * 10 / 128)
    x = rng.normal(size=(n, 2, 128)) + (0.7 + effect * (high[:, None, None] - 0.5)) * wave
    return {
        "eeg": (30 * x).astype(np.float32), "ecg": (x[:, :1] - 4).astype(np.float32),
        "arousal": 3.0 + 4 * high, "valence": rng.uniform(1, 9, n // 2).repeat(2),
        "trial": np.arange(n) // 2, "subject": np.arange(n) // 80,
    }


def accuracy(data, result) -> float:
    return float(((result["test"] > 0.5) == (data["arousal"][160:] > 5)).mean())


def test_an_effect_is_found_and_where_there_is_none_so_is_chance(tmp_path):
    found = {}
    for effect in (0.0, 1.2):
        data = cohort(effect)
        [result] = cross_validate(finetune_fold, data,
                                  [Call("eeg", Split("by_trial", 0, **SPLIT), 0, SETTINGS)],
                                  engine="serial", store=Store(tmp_path))
        found[effect] = accuracy(data, result)
    assert found[1.2] > 0.9
    # three binomial standard deviations; 80 trials of two segments
    assert abs(found[0.0] - 0.5) < 3 * (0.25 / 80)**0.5


def test_results_have_the_shapes_that_are_promised():
    data = cohort(1.0)
    result = finetune_fold(data, SPLIT, 0,
                           **SETTINGS | {"modality": "ecg", "model": MODEL | {"in_channels": 1}})
    assert {name: value.shape for name, value in result.items()} == {
        "val": (40,), "test": (160,), "hidden": (320, 8), "attention": (160, 16),
        "history": (12, 4), "best": (), "validation": (), "threshold": ()
    }
    assert all(((0 <= result[part]) & (result[part] <= 1)).all() for part in ("val", "test"))
    assert result["hidden"].dtype == np.float32 and (result["hidden"] >= 0).all()
    y = high_labels(data["arousal"], data["trial"], SPLIT["train"])[120:160]
    p = result["val"].astype(float)
    expected = [-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)), np.mean((p > 0.5) == (y == 1))]
    # of the last epoch, which is kept
    np.testing.assert_allclose(result["history"][-1, 1:3], expected, rtol=1e-3)


def test_test_segments_cannot_reach_training():
    data = cohort(1.0)
    before = finetune_fold(data, SPLIT, 0, **SETTINGS)
    touched = {name: value.copy() for name, value in data.items()}
    touched["eeg"][160:] *= 5
    touched["arousal"][160:] = 9
    after = finetune_fold(touched, SPLIT, 0, **SETTINGS)
    for name in ("val", "history", "threshold", "validation"):
        assert np.array_equal(before[name], after[name]), name
    assert np.array_equal(before["hidden"][:160], after["hidden"][:160]) and not np.array_equal(
        before["test"], after["test"])


def test_the_threshold_is_the_mean_of_training_trials_each_counted_once():
    ratings, trial = np.array([1.0, 1, 1, 1, 4, 7, 9]), np.array([0, 0, 0, 0, 1, 2, 3])
    assert mean_rating(ratings, trial, [0, 1, 2, 3, 4, 5]) == 4
    # a rating at the mean is low
    assert high_labels(ratings, trial, [5, 4, 3, 0, 1, 2]).tolist() == [0, 0, 0, 0, 0, 1, 1]
    assert high_labels(ratings * [1, 1, 1, 1, 1, 1, -5], trial,
                       [0, 4, 5])[:6].tolist() == [0, 0, 0, 0, 0, 1]


def test_scaling_uses_training_segments_or_each_subject():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6, 2, 50)) * np.array([3e-6, 40])[:, None] + np.arange(6)[:, None, None]
    subject, train = np.array([0, 0, 1, 1, 2, 2]), (0, 1, 2)
    own = standardise(x, train, subject, "subject")
    assert own.dtype == np.float32
    for s in range(3):
        np.testing.assert_allclose(own[subject == s].mean((0, 2)), 0, atol=1e-5)
        np.testing.assert_allclose(own[subject == s].std((0, 2)), 1, rtol=1e-5)
    expected = (x - x[:3].mean((0, 2), keepdims=True)) / x[:3].std((0, 2), keepdims=True)
    np.testing.assert_allclose(standardise(x, train), expected, rtol=1e-4, atol=1e-5)
    touched = x.copy()
    touched[3:] = 1e6
    assert np.array_equal(standardise(touched, train)[:3], standardise(x, train)[:3])
    # a flat channel
    np.testing.assert_allclose(standardise(np.full((2, 1, 9), 3.3), (0,), subject[:2], "subject"),
                               0, atol=1e-6)
    with pytest.raises(ValueError, match="'subject' or 'train', not 'all'"):
        standardise(x, train, subject, "all")


def test_fine_tuning_starts_from_the_weights_of_pre_training_and_moves_all_of_them():
    data = cohort(1.0)
    x = standardise(data["eeg"], SPLIT["train"])
    weights = pretrain_fold({"corpus": x[:40], "own": x}, SPLIT, 0, model=MODEL,
                            recipe={"epochs": 1, "batch": 64})
    still = {**SETTINGS, "recipe": SETTINGS["recipe"] | {"epochs": 1, "lr": 0.0}}
    started = finetune_fold(data, SPLIT, 3, **still, weights=weights)
    torch.manual_seed(3)
    net = Recogniser(PhysioTransformer(**MODEL), **SETTINGS["head"]).eval()
    net.encoder.load_state_dict({
        k.removeprefix("weights/"): torch.tensor(v) for k, v in weights.items()
        if k.startswith("weights/")
    })
    np.testing.assert_allclose(started["hidden"],
                               net.last_hidden(torch.from_numpy(x)).detach().numpy(), rtol=1e-3,
                               atol=1e-5)
    assert not np.allclose(started["hidden"],
                           finetune_fold(data, SPLIT, 3, **still)["hidden"], atol=1e-3)


def test_learning_rate_falls_in_steps(monkeypatch):
    rates, real = [], torch.optim.Adam.step
    monkeypatch.setattr(
        torch.optim.Adam, "step", lambda self, *a, **k:
        (rates.append(self.param_groups[0]["lr"]), real(self, *a, **k))[1])
    finetune_fold(
        cohort(0.0), SPLIT, 0,
        **SETTINGS | {"recipe": {"epochs": 5, "decay_every": 2, "lr": 1.0e-3, "batch": 120}})
    np.testing.assert_allclose(rates, 1e-3 * np.array([1, 1, 0.65, 0.65, 0.65**2]))


def test_mixed_precision_agrees():
    data = cohort(1.2)
    half = {**SETTINGS, "recipe": SETTINGS["recipe"] | {"precision": "bf16"}}
    assert accuracy(data, finetune_fold(data, SPLIT, 0, **half)) > 0.9


def test_fusion_trains_the_top_alone_and_takes_what_each_branch_knows():
    data, rng = cohort(0.0), np.random.default_rng(0)
    high = (data["arousal"] > 5).astype(int)
    seen = rng.integers(2, size=320)  # which branch sees the class of this segment
    hidden = np.stack([
        high * (seen == 0), (1 - high) * (seen == 0), high * (seen == 1), (1 - high) * (seen == 1)
    ], axis=1)
    hidden = hidden.astype(np.float32)
    hidden.setflags(write=False)  # the branches are frozen: nothing may change them
    settings = {"target": "arousal", "head": {}, "recipe": {"lr": 1e-3, "batch": 16}}
    fused = fusion_fold(data, SPLIT, 0, hidden=hidden, **settings)
    one = fusion_fold(data, SPLIT, 0, hidden=hidden[:, :2], **settings)
    assert fused.keys() == {"val", "test", "history", "best", "validation"}
    assert fused["history"].shape == (52, 4)
    assert accuracy(data, fused) > 0.98 and 0.6 < accuracy(data, one) < 0.9
    assert np.array_equal(fused["test"],
                          fusion_fold(data, SPLIT, 0, hidden=hidden, **settings)["test"])
    noise = fusion_fold(data, SPLIT, 0, hidden=rng.random((320, 6)).astype(np.float32), **settings)
    assert abs(accuracy(data, noise) - 0.5) < 3 * (0.25 / 160)**0.5
