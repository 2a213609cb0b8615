"""Fine-tuning: it finds an emotion where there is one and none where labels are shuffled; test
windows stay out of training."""

import numpy as np
import pytest

from lib.papers.mv_sstma.pretraining import pretrain_fold
from lib.papers.mv_sstma.training import choose_labelled, emotion_fold

MODEL = {"width": 8, "blocks": 1, "heads": 2, "head_width": 4}
OPTIONS = {
    "model_eeg": MODEL, "model_eye": MODEL, "n_classes": 3,
    "recipe": {"epochs": 12, "batch": 36, "lr": 1e-2}
}
PER_TRIAL = 6


def cohort(effect: float = 1.5, seed: int = 0) -> dict[str, np.ndarray]:
    """18 trials of one session, three emotions in turn, each with its own pattern over channels and
    eye features."""
    rng = np.random.default_rng(seed)
    trial = np.repeat(np.arange(18), PER_TRIAL)
    emotion, n = trial % 3, 18 * PER_TRIAL
    return {
        "eeg": (rng.normal(size=(n, 10, 8, 3)) +
                effect * rng.normal(size=(3, 1, 8, 3))[emotion]).astype(np.float32),
        "eye": (rng.normal(size=(n, 10, 6)) + effect * rng.normal(size=(3, 1, 6))[emotion]).astype(
            np.float32), "emotion": emotion, "subject": np.ones(n, int), "session": np.ones(n, int),
        "trial": trial,
    }


def windows(trials) -> tuple[int, ...]:
    return tuple(int(t * PER_TRIAL + i) for t in trials for i in range(PER_TRIAL))


SPLIT = {"train": windows(range(9)), "val": windows(range(9, 12)), "test": windows(range(12, 18))}


def fold(data, modality="concat", seed=0, split=SPLIT, recipe=None, **options):
    return emotion_fold(data, split, seed, modality=modality,
                        **OPTIONS | {"recipe": OPTIONS["recipe"] | (recipe or {})} | options)


def accuracy(data, result, part="test", split=SPLIT) -> float:
    return float(np.mean(result[part].argmax(1) == data["emotion"][list(split[part])]))


@pytest.mark.parametrize("modality", ["eeg", "eye", "concat", "attention"])
def test_an_emotion_pattern_is_learned(modality):
    data = cohort(effect=3)
    result = fold(data, modality)
    assert accuracy(data, result) > 0.8
    assert result["test"].shape == (36, 3) and result["val"].shape == (18, 3)
    np.testing.assert_allclose(result["test"].sum(1), 1, atol=1e-5)
    loss, shared, val, test, _ = result["history"].T
    assert loss[-1] < loss[0] and val[-1] == pytest.approx(accuracy(
        data, result, "val")) and np.isnan(test).all()
    assert ("alpha" in result) == (modality == "attention") and shared.any() == (modality in {
        "concat", "attention"
    })
    if modality == "attention":
        np.testing.assert_allclose(result["alpha"].sum(1), 1, atol=1e-5)
        assert result["alpha"].shape == (36, 2)


def test_shuffled_labels_give_chance():
    data, found = cohort(), []
    for seed in range(8):
        # whole trials, within each part: every part keeps its share of each class
        rng = np.random.default_rng(seed)
        shuffled = data | {
            "emotion": np.concatenate([rng.permutation(np.arange(n) % 3)
                                       for n in (9, 3, 6)])[data["trial"]]
        }
        found.append(accuracy(shuffled, fold(shuffled, "eeg", seed, recipe={"epochs": 4})))
    assert abs(np.mean(found) - 1 / 3) < 0.2


def test_test_windows_cannot_reach_training_and_seeds_decide():
    data = cohort()
    touched = {name: value.copy() for name, value in data.items()}
    rows = list(SPLIT["test"])
    touched["eeg"][rows] += 3
    touched["emotion"][rows] = 0
    before, after, other = fold(data), fold(touched), fold(data, seed=1)
    assert np.array_equal(before["val"], after["val"]) and np.array_equal(
        before["history"], after["history"], equal_nan=True)
    assert not np.array_equal(before["test"], after["test"]) and not np.array_equal(
        before["val"], other["val"])


def test_the_best_test_epoch_is_never_below_the_last_and_says_so():
    data, rows = cohort(), list(SPLIT["test"])
    # renamed: what is learned is wrong there, so the first epochs are the best
    data["emotion"][rows] = (data["emotion"][rows] + 1) % 3
    last, peek, val = (fold(data, "eye", recipe={"selection": how})
                       for how in ("last", "test_best", "val"))
    curve = peek["history"][:, 3]
    assert curve[-1] == pytest.approx(accuracy(data, last)) and accuracy(
        data, peek) == pytest.approx(curve.max())
    assert curve.max() > curve[-1]
    assert accuracy(data, val, "val") == pytest.approx(val["history"][:, 2].max())


def test_pretrained_weights_arrive_and_freezing_keeps_them():
    data = cohort(effect=0.8)
    first = pretrain_fold(data, SPLIT, 0, modality="eeg", model=MODEL,
                          recipe={"epochs": 2, "lr": 5e-3})
    weights = {
        name.removeprefix("weights/"): value for name, value in first.items()
        if name.startswith("weights/")
    }
    random, loaded = (fold(data, "eeg", recipe={"freeze": True}, weights_eeg=w)
                      for w in (None, weights))
    assert loaded["history"][0, 0] != random["history"][0, 0]
    damaged = weights | {
        "decoder.0.feed_forward.1.weight": 0 * weights["decoder.0.feed_forward.1.weight"]
    }
    # no decoder here
    assert np.array_equal(
        fold(data, "eeg", recipe={"freeze": True}, weights_eeg=damaged)["test"], loaded["test"])
    assert loaded["history"][-1, 0] < loaded["history"][0, 0]  # the classifier learns
    # more where the encoder may too; with eight features the classifier alone cannot fit them all
    free, fixed = (fold(data, "eeg", recipe={"pool": "mean", "freeze": freeze},
                        weights_eeg=weights)["history"][-1, 0] for freeze in (False, True))
    assert free < fixed


def test_missing_channels_cost_accuracy_and_are_the_same_for_every_model():
    data = cohort()
    whole, half = (fold(data, "eye", recipe={"ratio": ratio}) for ratio in (0.0, 0.9))
    assert accuracy(data, half) < accuracy(data, whole)
    frozen = [
        fold(data, "eye", recipe={"ratio": 0.5, "freeze": True, "epochs": n})["history"][0]
        for n in (1, 2)
    ]
    np.testing.assert_array_equal(*frozen)


def test_ten_labels():
    data, train = cohort(), SPLIT["train"]
    assert choose_labelled(data, train, "all").tolist() == list(train)
    per_class = choose_labelled(data, train, "first10_per_class")
    assert np.bincount(data["emotion"][per_class]).tolist() == [10, 10, 10]
    # 6 windows of one trial, 4 of the next of its class
    assert set(data["trial"][per_class]) == set(range(6))
    first = choose_labelled(data, train, "first10")
    assert first.tolist() == list(range(10)) and np.bincount(data["emotion"][first],
                                                             minlength=3).tolist() == [6, 4, 0]
    assert data["trial"][choose_labelled(data, train, "per_trial", 5)].tolist() == [0, 1, 2, 3, 4]
    assert len(choose_labelled(data, train, "per_trial")) == 9  # there are only nine trials
    few = fold(data, "concat",
               recipe={"labelled": "first10_per_class", "n_labelled": 2, "epochs": 4})
    # six windows are too few for the correlation of eight dimensions
    assert not few["history"][:, 1].any()
    with pytest.raises(ValueError, match="not 'ten'"):
        choose_labelled(data, train, "ten")


def test_wrong_names_are_told():
    data = cohort()
    with pytest.raises(ValueError, match="one of eeg, eye, concat, attention, not 'both'"):
        fold(data, "both")
    with pytest.raises(ValueError, match="'best'"):
        fold(data, recipe={"selection": "best"})
    with pytest.raises(ValueError, match="'val' with 0 validation windows"):
        fold(data, split=SPLIT | {"val": ()}, recipe={"selection": "val"})
