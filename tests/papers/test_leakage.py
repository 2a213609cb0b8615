"""The leakage lesson: splits keep apart what they name, null data stay at chance there, permuted
recordings keep one label."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lib.papers.leakage import protocol as leakage
from lib.papers.leakage.data import STEPS, _windows
from lib.papers.leakage.settings import SOURCES, SPLITS
from lib.simulation.fingerprint import World, make
from lib.store import Store
from lib.training.splits import Split

APART = {
    "random_segments": set(), "blocked_segments": set(), "by_trial": {"recording"},
    "by_clip": {"recording", "clip"}, "by_subject": {"recording",
                                                     "subject"}, "contiguous_trials": {"recording"}
}


@pytest.fixture
def how(tmp_path):
    return {"engine": "serial", "store": Store(tmp_path)}


def continuous(seed=0):
    """A world whose label is a trace of each recording, of unequal lengths."""
    data = make(World(recording=1.0, clips=3, features=12), seed)
    keep = data["position"] < 9 + data["recording"] % 5
    data = {key: values[keep] for key, values in data.items()}
    return {**data, "y": np.sin(data["recording"] * 1.7) + 0.1 * data["position"]}


@pytest.mark.parametrize("name", APART)
@pytest.mark.parametrize("data", [make(World()), continuous()], ids=["classes", "traces"])
def test_splits_keep_apart_what_they_name(name, data):
    folds = leakage.splits(data, name)
    assert sorted(row for fold in folds for row in fold.test) == list(range(len(data["y"])))
    for fold in folds:
        both = leakage.shared(data, fold)
        assert fold.name == name and not {*fold.train, *fold.val} & {*fold.test}
        assert all((both[key] == 0) == (key in APART[name]) for key in both), both


def test_a_papers_own_folds_are_used_as_they_are():
    data = make(World())
    own = leakage.splits(data, "by_subject")
    assert leakage.splits({**data, "splits": {"16/8": own}}, "16/8") is own


def test_null_worlds_stay_at_chance_where_recordings_are_apart_and_a_fingerprint_is_found_where_not(
        how):
    found = leakage.tidy(
        leakage.world_accuracy(World(recording=1.0), models=["nearest neighbour"],
                               **how)).set_index("split")
    assert set(found.index) == set(SPLITS) and (found["n"] == 4).all()
    assert (found.loc[["by_trial", "by_clip", "by_subject"], "mean"] < 0.35).all()
    assert (found.loc[["random_segments", "blocked_segments"], "low"] > 0.9).all()


def test_a_clip_is_recognised_in_new_people_and_only_by_clip_keeps_it_apart(how):
    found = leakage.tidy(
        leakage.world_accuracy(SOURCES["clip"], models=["nearest neighbour"], worlds=2,
                               **how)).set_index("split")["mean"]
    assert found["by_subject"] > 0.7 and found["by_clip"] < 0.4


def test_an_effect_is_found_under_every_split(how):
    found = leakage.tidy(
        leakage.world_accuracy(World(emotion=0.4), models=["ridge"], worlds=2, **how))
    assert (found["mean"] > 0.6).all()


@pytest.mark.parametrize("seed", [0, 3])
def test_permuted_classes_are_one_for_each_recording_and_as_many_in_each_person(seed):
    data = make(World())
    dealt = leakage.permuted(data, seed)
    table = pd.DataFrame({
        "recording": data["recording"], "subject": data["subject"], "own": data["y"],
        "dealt": dealt["y"]
    })
    assert table.groupby("recording")["dealt"].agg(np.ptp).max() == 0 and (table["own"]
                                                                           != table["dealt"]).any()
    for _, mine in table.groupby("subject"):
        assert sorted(mine["own"]) == sorted(mine["dealt"])
    assert dealt["x"] is data["x"]


def test_permuted_traces_are_whole_traces_of_other_recordings():
    data = continuous()
    dealt, number = leakage.permuted(data, 0)["y"], data["recording"]
    first = {r: data["y"][number == r][[0, -1]] for r in np.unique(number)}
    ends = [dealt[number == r][[0, -1]] for r in np.unique(number)]
    sources = [next(r for r, pair in first.items() if np.allclose(pair, got)) for got in ends]
    assert sorted(sources) == sorted(first) and sources != list(first)


def test_permuted_recordings_are_still_recognised_under_random_segments_only(how):
    data = leakage.permuted(make(World(recording=1.0)), 1)
    records = leakage.run(data, ["random_segments", "by_subject"], ["nearest neighbour"], **how)
    found = leakage.tidy(leakage.score(data, records, experiment="x",
                                       tier="simulated")).set_index("split")["mean"]
    assert found["random_segments"] > 0.95 and found["by_subject"] < 0.4


def test_scores_by_fold_person_and_all(how):
    data = make(World(recording=0.5, subjects=4))
    records = leakage.run(data, ["random_segments"], ["ridge"], **how)
    frames = {
        by: leakage.score(data, records, experiment="x", tier="simulated", by=by, repetition=5)
        for by in ("fold", "subject", "all")
    }
    assert frames["fold"]["fold"].tolist() == [0, 1, 2] and frames["subject"]["fold"].tolist() == [
        0, 1, 2, 3
    ]
    assert frames["all"]["fold"].tolist() == [5]
    predicted = np.empty(len(data["y"]), int)
    for r in records:
        predicted[list(r.split.test)] = r.result["test"]
    right = predicted == data["y"]
    assert frames["all"]["value"].item() == pytest.approx(right.mean())
    np.testing.assert_allclose(frames["subject"]["value"],
                               [right[data["subject"] == s].mean() for s in range(4)])


def test_practices_are_paired_and_carry_what_a_table_must(how):
    table = leakage.practices(worlds=2, **how)
    assert {"split", "model", "n", "mean", "low", "high"
            } <= set(table) and (table["n"] == 2).all() and table["cohort"].nunique() == 2
    np.testing.assert_allclose(table["with"] - table["without"], table["mean"], atol=1e-9)
    smoothing = table.set_index(["practice",
                                 "cohort"]).loc[("smoothing across the cut", "null world")]
    assert smoothing[
        "split"] == "blocked_segments" and smoothing["without"] < 0.35 < smoothing["with"]


def test_windows_of_paper_1_stay_in_their_trial_and_the_face_is_relative_to_its_start():
    lengths = np.array([3 * STEPS + 5, 2 * STEPS])
    trial = np.repeat([0, 1], lengths)
    face = (10.0 * trial + np.concatenate([np.arange(n) for n in lengths]))[:, None]
    data = {
        "lengths": lengths, "eeg": face, "face": face, "valence": trial.astype(float),
        "subject": np.array([7, 9]), "stimulus": np.array(["b", "a"]), "about": {}
    }
    got = _windows(data, ("eeg", "face"))
    assert got["recording"].tolist() == [0, 0, 0, 1, 1
                                         ] and got["subject"].tolist() == [7, 7, 7, 9, 9]
    assert got["clip"].tolist() == [1, 1, 1, 0, 0] and got["y"].tolist() == [
        0, 0, 0, 1, 1
    ] and got["position"].tolist() == [0, 1, 2, 0, 1]
    np.testing.assert_allclose(got["x"][:, 1], [0, STEPS, 2 * STEPS, 0, STEPS])
    np.testing.assert_allclose(got["x"][:, 0] - got["x"][:, 1], [3.5, 3.5, 3.5, 13.5, 13.5])


def test_a_guess_at_the_training_frequencies_scores_less_where_the_test_has_others():
    y = np.array([0, 0, 0, 1, 0, 1, 1, 1])
    halves = Split("halves", 0, (0, 1, 2, 3), (), (4, 5, 6, 7))
    data = {"y": y, "subject": y, "recording": y, "splits": {"halves": [halves]}}
    assert leakage.guess(data, "halves") == pytest.approx(0.75 * 0.25 + 0.25 * 0.75)
