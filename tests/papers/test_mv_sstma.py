"""Paper 3's protocol: what a fold keeps apart, what is averaged, which trials pre-training sees,
and settings as printed."""

import dataclasses

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from lib.datasets.seed_format import SEED_IV_LABELS, SEED_V_LABELS, split
from lib.evaluation import printed as published
from lib.evaluation.statistics import half_width
from lib.papers.experiment import Record
from lib.papers.mv_sstma import analysis, filling
from lib.papers.mv_sstma import protocol as mv_sstma
from lib.papers.mv_sstma.settings import (CONTROLS, DATASETS, GUESS, RATIOS, SPLIT, TABLES,
                                          VARIANTS, Preset)
from lib.store import Store
from lib.training.splits import Split

MODEL = {"width": 8, "blocks": 1, "heads": 1, "head_width": 4}
TINY = Preset(hop=3, model=MODEL, pretraining={"epochs": 1, "batch": 16},
              finetuning={"epochs": 2, "batch": 32}, few={"epochs": 3}, frozen={"epochs": 5})


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Both simulated cohorts of one subject, as windows."""
    root = tmp_path_factory.mktemp("cohorts")
    return {
        name: mv_sstma.features(
            mv_sstma.cohort("demo", name, folder=root / name, subjects=1, windows=(11, 13)))
        for name in DATASETS
    }


@pytest.mark.parametrize(("dataset", "name", "folds"),
                         [("seed-iv", "16/8", 3), ("seed-v", "9/6", 3), ("seed-v", "3fold", 9)])
def test_folds_keep_trials_apart_and_windows_stay_in_their_trial(data, dataset, name, folds):
    own, found = data[dataset], mv_sstma.splits(data[dataset], name, hop=2)
    assert len(found) == folds and [fold.fold for fold in found] == list(range(folds))
    for fold in found:
        train, test = np.array(fold.train), np.array(fold.test)
        assert fold.val == () and not set(own["trial"][train]) & set(own["trial"][test])
        assert len({(own["subject"][i], own["session"][i]) for i in (*train, *test)}) == 1
        assert set(own["position"][train] % 2) == {0} and set(own["position"][test]) >= {0, 1}
        assert (set(own["number"][train]), set(own["number"][test])) in [(set(a), set(b))
                                                                         for a, b in split(name)]
    assert sorted(i for fold in found
                  for i in fold.test) == sorted(set(i for fold in found for i in fold.test))


def test_a_window_holds_consecutive_features_of_one_trial(data):
    own = data["seed-iv"]
    for trial in np.unique(own["trial"]):
        rows = np.flatnonzero(own["trial"] == trial)
        np.testing.assert_array_equal(own["eeg"][rows[1:], :-1], own["eeg"][rows[:-1], 1:])
        assert list(own["position"][rows]) == list(range(len(rows))) and len(
            set(own["emotion"][rows])) == 1


def test_pretraining_sees_no_test_trial(data, monkeypatch):
    own, seen = data["seed-v"], []

    def spy(work, arrays, tasks, **how):
        seen.extend(task.split for task in tasks)
        return [{} for _ in tasks]

    monkeypatch.setattr(mv_sstma.spine, "cross_validate", spy)
    folds = mv_sstma.splits(own, "3fold", 2)
    # one network for each block of test trials
    assert len(mv_sstma.pretrain(own, "eye", folds, TINY)) == 9 and len(seen) == 3
    for block, pre in enumerate(seen):
        tested = {own["trial"][i] for fold in folds[block::3] for i in fold.test}
        assert not tested & set(own["trial"][[*pre.train, *pre.val]])
        assert not set(own["trial"][list(pre.train)]) & set(own["trial"][list(pre.val)]) and pre.val
        assert sorted([*pre.train,
                       *pre.val]) == sorted(i for fold in folds[block::3] for i in fold.train)


def test_score_averages_sessions_then_counts_subjects():
    data = {
        "seed-iv": {
            "emotion": np.array([0, 0, 0, 1, 0, 1, 0,
                                 0]), "subject": np.array([1, 1, 1, 1, 1, 1, 2, 2]),
            "session": np.array([1, 1, 1, 1, 2, 2, 1, 1])
        }
    }
    sure = np.tile([0.9, 0.1], (8, 1))  # always the first class
    records = [
        Record(name, Split("16/8", k, (), (), rows), 0, {"test": sure[list(rows)]},
               dataset="seed-iv") for name in ("EEG", GUESS)
        for k, rows in enumerate([(0, 1, 2, 3), (4, 5), (6, 7)])
    ]
    subjects = mv_sstma.score(data, records, experiment="x", tier="simulated",
                              condition=", 30 % masked")
    eeg = subjects[subjects["row"] == "EEG"].set_index("fold")["value"]
    assert eeg.to_dict() == {1: pytest.approx((0.75 + 0.5) / 2), 2: 1.0}  # not 4 of 6
    assert set(subjects["metric"]) == {"SEED-IV accuracy, 30 % masked"}
    sessions = mv_sstma.score(data, records, experiment="x", tier="simulated", unit="session")
    assert sessions[sessions["row"] == "EEG"].set_index("fold")["value"].to_dict() == {
        11: 0.75, 12: 0.5, 21: 1.0
    }
    guess = sessions[sessions["row"] == GUESS].set_index("fold")["value"]
    # expected, not counted
    assert guess.to_dict() == {
        11: pytest.approx(0.7), 12: pytest.approx(0.5), 21: pytest.approx(0.9)
    }


def test_one_run_through_every_room(data, tmp_path):
    store, how = Store(tmp_path), {"engine": "serial", "store": Store(tmp_path)}
    records = mv_sstma.run(data["seed-iv"], "seed-iv",
                           ["EEG", "Eye without pre-training", "Attention", "majority"], TINY,
                           **how)
    table = mv_sstma.answer(mv_sstma.score(data, records, experiment="table 2", tier="simulated"),
                            2)
    rows = table[table["n"] > 0].set_index("row")
    assert set(rows.index) == {"EEG", "Eye without pre-training", "Attention", "majority"} and set(
        rows["split"]) == {"16/8"}
    assert rows.loc["EEG", "verdict"] == "simulated only" and rows.loc["majority",
                                                                       "verdict"] == "control"
    assert len(list((store.root / "pretrain_fold").iterdir())) == 2 and len(
        list((store.root / "emotion_fold").iterdir())) == 9
    again = mv_sstma.run(data["seed-iv"], "seed-iv", ["Attention"], TINY, **how)
    assert len(list((store.root / "emotion_fold").iterdir())) == 9
    attention = analysis.attention(data, again)
    assert len(attention) == sum(len(r.split.test)
                                 for r in again) and attention["EEG"].between(0, 1).all()
    counts = analysis.confusions(data, records, ["Attention"])["Attention, SEED-IV"]["count"]
    assert counts.to_numpy().sum() == len(attention)
    peek = mv_sstma.run(data["seed-iv"], "seed-iv", ["Eye"], TINY,
                        recipe={"selection": "test_best"}, **how)
    assert (analysis.inflation(peek)["inflation"] >= 0).all()
    with pytest.raises(ValueError, match="no row 'EGG'; there are EEG"):
        mv_sstma.run(data["seed-iv"], "seed-iv", ["EGG"], TINY, **how)


def test_few_labels_and_a_frozen_encoder_change_the_training(data, tmp_path):
    how = {"engine": "serial", "store": Store(tmp_path)}
    plain, frozen, few = (mv_sstma.run(data["seed-v"], "seed-v", ["Eye without pre-training"], TINY,
                                       recipe=recipe, **how)[0].result
                          for recipe in ({}, {"freeze": True}, {"labelled": "first10"}))
    assert [len(r["history"]) for r in (plain, frozen, few)] == [2, 5, 3]
    assert not np.array_equal(plain["test"], few["test"])


def test_a_linear_machine_finds_the_emotion_and_the_null_twin_is_at_chance(tmp_path):
    found = {}
    for effect in (1.0, 0.0):
        own = {
            "seed-iv": mv_sstma.features(
                mv_sstma.cohort("demo", "seed-iv", folder=tmp_path / str(effect),
                                subjects=6 if not effect else 2, windows=(10, 12), effect=effect))
        }
        records = mv_sstma.run(own["seed-iv"], "seed-iv", ["SVM EEG"], Preset.of("demo"),
                               engine="serial", store=Store(tmp_path / "memo"))
        y = own["seed-iv"]["emotion"]
        # beyond what the same answers would score in any other order: labels are anti-balanced
        found[effect] = np.array([
            cohen_kappa_score(y[list(r.split.test)], r.result["test"].argmax(axis=1))
            for r in records
        ])
    assert found[1.0].mean() > 0.3
    assert abs(found[0.0].mean()) < half_width(found[0.0].std(), len(found[0.0]), level=0.99)


def test_classes_are_anti_balanced():
    for name, labels in (("seed-iv", SEED_IV_LABELS), ("seed-v", SEED_V_LABELS)):
        counts = analysis.balance(name, labels,
                                  SPLIT[name]).pivot_table(index=["session", "emotion"],
                                                           columns="part", values="trials")
        # what is frequent in training is rare in the test
        assert set(counts.sum(axis=1)) == {6 if name == "seed-iv" else 3}
    assert counts.shape == (15, 2)


def test_channels_are_filled_in_and_errors_have_known_values(data, tmp_path):
    own = data["seed-iv"]
    folds = mv_sstma.splits(own, "16/8", 3)
    start = mv_sstma.pretrain(own, "eeg", folds, TINY, engine="serial", store=Store(tmp_path))[0]
    x, masked, guess = filling.fill(own, "eeg", folds, TINY, mv_sstma.weights(start), n=5)
    assert x.shape == guess.shape == (5, 10, 62, 5) and (masked.sum(axis=1) == 62 - 43).all()
    errors = filling.errors(np.ones_like(x), masked, np.full_like(x, 3.0))
    assert errors == {
        "network": 4.0, filling.NEAREST: 0.0, "mean of the visible channels": 0.0,
        "training mean": 1.0
    }
    share = analysis.separation(own, "eeg")
    assert share.shape == (62, 5) and (share >= 0).all() and (share <= 1).all()


def test_settings_are_those_that_are_printed():
    for table, names in TABLES.items():
        printed = published.table("seed", table)
        assert set(printed["row"]) == set(names) <= set(VARIANTS) | set(CONTROLS), f"table {table}"
        assert set(printed["protocol"]) == set(SPLIT.values())
    ratios = {
        float(metric.split(", ")[1].split(" ")[0]) / 100
        for metric in published.table("seed", 4)["metric"]
    }
    assert ratios == set(RATIOS)
    # the published size is the default of the network
    assert Preset.of("paper").model == {} and Preset.of("paper").hop == 1
    text = published.table("seed", "text").set_index(["row", "metric"])["mean"]
    for name, title in (("seed-iv", "SEED-IV"), ("seed-v", "SEED-V")):
        (train, test), *_ = split(SPLIT[name])
        assert (len(train), len(test)) == (text[title, "training trials"], text[title,
                                                                                "test trials"])
    assert dataclasses.asdict(Preset.of("demo"))["hop"] > 1


def test_missing_data_say_where_to_ask(tmp_path):
    with pytest.raises(FileNotFoundError,
                       match=r"SEED-V, which is not below .*bcmi\.sjtu\.edu\.cn"):
        mv_sstma.cohort("paper", "seed-v", str(tmp_path))
