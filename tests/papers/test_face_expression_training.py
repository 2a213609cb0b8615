"""Training the face network: splits, features computed once, learning, chance, and no way from test
to training."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from sklearn.metrics import recall_score
from sklearn.utils.class_weight import compute_class_weight

from lib.datasets import rafdb as reader
from lib.models.face_attention import PatchAttention, truncated_mobilenet
from lib.papers.face_eeg.expression_training import (backbone_features, class_weights, face_fold,
                                                     feature_maps, splits)
from lib.simulation import rafdb
from lib.store import Store
from lib.training.folds import Call, cross_validate

LABELS = np.repeat(np.arange(4), [100, 40, 10, 50])
OFFICIAL = np.array(["train", "train", "train", "train", "test"] * 40)


@pytest.fixture(scope="module")
def backbone():
    torch.set_num_threads(1)
    return truncated_mobilenet()


@pytest.fixture(scope="module")
def simulated(tmp_path_factory, backbone):
    """Maps, emotions and official split of 160 training and 72 test faces: as many of each emotion,
    shown twice as strongly as usual."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rafdb, "expressivity", lambda rng: 2.0)
        patch.setattr(rafdb, "counts", lambda n: dict.fromkeys(rafdb.EMOTIONS, n // 4))
        cohort = reader.read(rafdb.make(tmp_path_factory.mktemp("rafdb") / "a", train=160, test=72))
    images = np.concatenate([trial.load("image").data for trial in cohort])
    data = {
        "maps": feature_maps(images, backbone)["maps"],
        "emotion": np.array([trial.labels["emotion"] for trial in cohort])
    }
    return data, [trial.session for trial in cohort]


def drawn(effect: float = 1.0, n: int = 200, copies: int = 2) -> dict[str, np.ndarray]:
    """Maps whose mean in forty channels depends on the class."""
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(n, copies, 160, 4, 4))
    for k in range(4):
        maps[LABELS[:n] == k, :, 40 * k:40 * k + 40] += effect
    return {"maps": maps.astype(np.float16), "emotion": LABELS[:n]}


def fold(data, split, seed: int = 0, model=None, **recipe):
    return face_fold(data, split, seed, model=model or {}, recipe=recipe)


def parts(how: str = "official", seed: int = 0) -> dict:
    return vars(splits(LABELS, OFFICIAL, how, seed)[0])


def test_splits_keep_the_owners_test_part_or_mix_all():
    one, two = parts("official"), parts("pooled")
    assert one["test"] == tuple(np.flatnonzero(OFFICIAL == "test")) and len(one["val"]) == 16
    assert len(two["test"]) == 40 and len(
        two["val"]) == 16 and 0 < np.mean(OFFICIAL[list(two["test"])] == "train") < 1
    for split in (one, two):
        joined = [*split["train"], *split["val"], *split["test"]]
        assert sorted(joined) == list(range(200))
        assert Counter(LABELS[list(split["val"])].tolist()) == {0: 8, 1: 3, 2: 1, 3: 4}
        assert all(list(split[name]) == sorted(split[name]) for name in ("train", "val", "test"))
    assert parts("pooled", 0) == two and parts("pooled", 1)["test"] != two["test"]
    assert parts("official", 1)["test"] == one["test"] and parts("official", 1)["val"] != one["val"]
    with pytest.raises(ValueError, match="no split 'random' of faces; there are official, pooled"):
        splits(LABELS, OFFICIAL, "random")
    with pytest.raises(ValueError, match="needs images marked 'test'"):
        splits(LABELS, ["train"] * 200)


def test_class_weights_are_those_of_scikit_learn():
    np.testing.assert_allclose(class_weights(LABELS),
                               compute_class_weight("balanced", classes=np.arange(4), y=LABELS),
                               rtol=1e-6)
    with pytest.raises(ValueError, match=r"of classes 0 to 3 there are \[100, 40, 0, 50\]"):
        class_weights(LABELS[LABELS != 2])


def test_features_are_those_of_the_backbone_and_of_the_mirror_image(backbone, tmp_path,
                                                                    monkeypatch):
    images = np.random.default_rng(0).integers(0, 255, (5, 100, 100, 3), dtype=np.uint8)
    store = Store(tmp_path)
    maps = backbone_features(images, backbone, store=store)
    assert maps.shape == (5, 2, 160, 4, 4) and maps.dtype == np.float16
    padded = np.concatenate([images, np.repeat(images[-1:], 27, axis=0)])
    np.testing.assert_allclose(maps[:, 0], backbone(padded)[:5].numpy(), rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(maps[:, 1],
                               backbone(padded[:, :, ::-1].copy())[:5].numpy(), rtol=1e-3,
                               atol=1e-3)
    np.testing.assert_array_equal(maps[3:4], backbone_features(images[3:4], backbone, store))
    monkeypatch.setattr(type(backbone), "forward", None)  # computing again would fail
    np.testing.assert_array_equal(backbone_features(images, backbone, store=store), maps)


def test_simulated_faces_are_learned(simulated):
    data, official = simulated
    split = vars(splits(data["emotion"], official)[0])
    truth = data["emotion"][list(split["test"])]
    # sixteen faces that validate are too few to stop by
    found = fold(data, split, epochs=14, patience=14)
    # Ten seeds: mean 0.83, spread 0.04, lowest 0.78; a network that learns nothing has 0.25, spread
    # 0.05.
    assert np.mean(truth == found["test"].argmax(axis=1)) > 0.6


def test_without_an_effect_there_is_chance(simulated):
    data, official = simulated
    recalls = []
    for seed in range(3):
        mixed = {
            "maps": data["maps"],
            "emotion": np.random.default_rng(seed).permutation(data["emotion"])
        }
        split = vars(splits(mixed["emotion"], official, "pooled", seed)[0])
        guess = fold(mixed, split, seed, epochs=8, patience=3)["test"].argmax(axis=1)
        recalls.append(recall_score(mixed["emotion"][list(split["test"])], guess, average="macro"))
    # three standard deviations of three folds of 47 faces
    assert np.mean(recalls) == pytest.approx(0.25, abs=0.14)


def test_results_and_the_best_epoch():
    data, split = drawn(), parts()
    found = fold(data, split, epochs=6)
    assert {name: value.shape for name, value in found.items() if "/" not in name} == {
        "val": (16, 4), "test": (40, 4), "history": (len(found["history"]), 4), "best": (),
        "validation": ()
    }
    np.testing.assert_allclose(found["test"].sum(axis=1), 1, rtol=1e-5)
    truth = LABELS[list(split["val"])]
    assert np.mean(found["val"].argmax(axis=1) == truth) == pytest.approx(
        found["history"][found["best"], 2])
    weight = class_weights(LABELS[list(split["train"])])[truth]
    loss = -(weight * np.log(found["val"][np.arange(16), truth])).sum() / weight.sum()
    assert loss == pytest.approx(found["history"][found["best"], 1], rel=1e-3)
    net = PatchAttention().eval()
    net.load_state_dict({
        name.removeprefix("weights/"): torch.tensor(value) for name, value in found.items()
        if "/" in name
    })
    with torch.no_grad():
        p = net(torch.tensor(data["maps"][list(split["test"]),
                                          0].astype(np.float32))).softmax(dim=1)
    np.testing.assert_allclose(p, found["test"], rtol=1e-4, atol=1e-5)


def test_test_faces_cannot_reach_training():
    data, split = drawn(0.3), parts()
    before = fold(data, split, epochs=4)
    touched = {name: value.copy() for name, value in data.items()}
    touched["maps"][list(split["test"])] *= 5
    touched["emotion"][list(split["test"])] = 2
    after = fold(touched, split, epochs=4)
    for name in before.keys() - {"test"}:
        assert np.array_equal(before[name], after[name]), name
    assert not np.array_equal(before["test"], after["test"])


def test_validation_stops_and_slows_training(monkeypatch):
    # never better
    monkeypatch.setattr(PatchAttention, "forward",
                        lambda self, maps: torch.zeros(len(maps), 4) * self.outer.weight.sum())
    history = fold(drawn(), parts())["history"]
    assert len(history) == 6
    np.testing.assert_allclose(history[:, 3], [1e-3] * 5 + [1e-4])
    history = fold(drawn(), parts(), patience=30, epochs=10, plateau=1)["history"]
    assert history[-1, 3] == pytest.approx(1e-6)


def test_mirror_images_are_training_material_only():
    data, split = drawn(copies=2), parts()
    spoilt = {**data, "maps": data["maps"].copy()}
    spoilt["maps"][:, 1] = np.nan
    assert np.isfinite(fold(spoilt, split, epochs=2, flip=False)["test"]).all()
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        fold(spoilt, split, epochs=2)
    of_test = {**data, "maps": data["maps"].copy()}
    of_test["maps"][[*split["val"], *split["test"]], 1] = np.nan
    assert np.array_equal(
        fold(of_test, split, epochs=2)["test"],
        fold(data, split, epochs=2)["test"])


def test_attention_over_the_batch_changes_its_mind_with_the_order_of_the_test_faces():
    data, split = drawn(0.2), parts()
    mixed = {**split, "test": tuple(np.random.default_rng(0).permutation(split["test"]).tolist())}
    again = np.argsort(mixed["test"])
    for attention, same in (("patch", True), ("batch", False)):
        one, two = (fold(data, s, model={"attention": attention}, epochs=2)["test"]
                    for s in (split, mixed))
        assert np.allclose(one, two[again], atol=1e-5) == same


def test_fits_cross_validation(tmp_path):
    tasks = [
        Call("patch", split, seed, {"model": {}, "recipe": {"epochs": 2}}) for seed in (0, 1)
        for split in splits(LABELS, OFFICIAL, "pooled", seed)
    ]
    one, two = cross_validate(face_fold, drawn(), tasks, engine="serial", store=Store(tmp_path))
    assert one["test"].shape == two["test"].shape == (40, 4) and not np.array_equal(
        one["test"], two["test"])
    again = cross_validate(face_fold, drawn(), tasks[:1], engine="serial",
                           store=Store(tmp_path / "other"))[0]
    assert np.array_equal(again["test"], one["test"])
