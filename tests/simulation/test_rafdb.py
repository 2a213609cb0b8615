"""The simulated RAF-DB: same bytes, both layouts, its imbalance, and a null twin that differs in
the expression alone."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lib.datasets import rafdb as reader
from lib.simulation import rafdb
from tests.simulation.files import contents

TINY = {"train": 48, "test": 24}


def _truth(root):
    return json.loads((root / "truth.json").read_text())


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return rafdb.make(tmp_path_factory.mktemp("rafdb") / "a", **TINY)


def test_same_seed_same_bytes_also_after_a_kill(cohort, tmp_path, monkeypatch):
    real, drawn = rafdb.picture, []

    def killed(*arguments):
        drawn.append(1)
        if len(drawn) == 5:
            raise KeyboardInterrupt
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(rafdb, "picture", killed)
        with pytest.raises(KeyboardInterrupt):
            rafdb.make(tmp_path / "b", **TINY)
    assert not (tmp_path / "b" / "truth.json").exists()
    assert contents(rafdb.make(tmp_path / "b", **TINY)) == contents(cohort)


def test_a_finished_cohort_is_reused_and_never_overwritten(cohort, monkeypatch):
    monkeypatch.setattr(rafdb, "picture", None)  # drawing anything would fail
    assert rafdb.make(cohort, **TINY) == cohort
    with pytest.raises(ValueError, match="other parameters"):
        rafdb.make(cohort, **TINY, seed=1)


@pytest.mark.parametrize("wrong", [{"train": 10}, {"test": 0}, {"effect": 1.5}, {"layout": "zip"}])
def test_bad_parameters(tmp_path, wrong):
    (name, value), = wrong.items()
    with pytest.raises(ValueError,
                       match=f"^{name}: expected .*(24|1|'repack').*, found {value!r}$"):
        rafdb.make(tmp_path / "x", **TINY | wrong)
    assert not (tmp_path / "x").exists()


def test_classes_are_as_unequal_as_in_rafdb_but_fear_has_enough():
    assert rafdb.counts(400) == {"happiness": 196, "sadness": 80, "fear": 20, "neutral": 104}
    assert rafdb.counts(120)["fear"] == 12 and rafdb.counts(24)["fear"] == 3
    assert all(sum(rafdb.counts(n).values()) == n for n in range(24, 200))


def test_read_back_from_both_layouts(cohort, tmp_path):
    one, two = reader.read(cohort), reader.read(
        rafdb.make(tmp_path / "repack", **TINY, layout="repack"))
    assert one.tier == "simulated" and one.name == "rafdb-simulated" and one.caption == (
        cohort / "SIMULATED.txt").read_text().strip()
    assert dict(one.dropped) == dict(two.dropped) == {
        "other emotions": "3 images of emotions that paper 4 does not use: surprise 3"
    }
    truth = {fact["image"]: fact for fact in _truth(cohort)["images"]}
    assert len(one) == len(two) == 72
    for a, b in zip(one, two, strict=True):
        assert (a.session, a.trial, a.labels) == (b.session, b.trial,
                                                  b.labels) and b.stimulus == reader.aligned(
                                                      a.stimulus)
        assert reader.EMOTIONS[a.labels["emotion"]] == truth[a.stimulus]["label"] == truth[
            a.stimulus]["shown"]
        np.testing.assert_array_equal(a.load("image").data, b.load("image").data)
    for split in ("train", "test"):
        found = np.bincount([t.labels["emotion"] for t in one if t.session == split])
        assert found.tolist() == list(rafdb.counts(TINY[split]).values())
    assert one[0].load("image").data.std() > 20


def test_null_twin_keeps_all_but_the_expression(cohort, tmp_path):
    null = rafdb.make(tmp_path / "null", **TINY, effect=0.0)
    same = []
    for a, b in zip(_truth(cohort)["images"], _truth(null)["images"], strict=True):
        assert (a["image"], a["label"], a["person"], a["strength"]) == (b["image"], b["label"],
                                                                        b["person"], b["strength"])
        x, y = ((root / "basic/Image/aligned" / reader.aligned(a["image"])).read_bytes()
                for root in (cohort, null))
        assert (x == y) == (a["shown"] == b["shown"])  # the same person, pose, light and noise
        same.append(b["shown"] == b["label"])
    assert 0.15 < np.mean(same) < 0.6  # as often as independent draws of these shares agree


def test_other_people_and_pictures_with_another_seed(cohort, tmp_path):
    other = contents(rafdb.make(tmp_path / "other", **TINY, seed=1))
    known = contents(cohort)
    assert not set(
        other.values()) & {value for name, value in known.items() if name.endswith(".jpg")}
    assert len({value for name, value in known.items() if name.endswith(".jpg")}) == 75
