"""Paper 1's protocol: what is chosen where, what is held out, and settings that agree with what is
printed."""

from dataclasses import replace

import numpy as np
import pytest

from lib.evaluation import printed as published
from lib.papers.experiment import Record
from lib.papers.rmmt import protocol as rmmt
from lib.store import Store
from lib.training.splits import Split


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    n, t = 12, 100
    label = np.cumsum(rng.normal(size=(n, t)), axis=1) / 50
    eeg, face = (label[..., None] * rng.normal(size=k) + 0.3 * rng.normal(size=(n, t, k))
                 for k in (6, 4))
    return {
        "eeg": eeg.reshape(-1, 6), "face": face.reshape(-1, 4), "valence": label.ravel(),
        "lengths": np.full(n, t), "subject": np.repeat([1, 2, 3, 4], 3),
        "stimulus": np.array(["a", "b", "c"] * 4),
    }


TINY = rmmt.Preset(n_folds=3, options={"layers": 1, "widths": (8, 8)},
                   recipe={"epochs": 1, "batch": 8})


def test_the_weight_of_decision_fusion_is_chosen_on_validation_trials(data):
    split = Split("by_trial", 0, (3, 4), (1,), (0,))
    truth = {part: rmmt.labels(data, getattr(split, part)) for part in ("val", "test")}
    noise = np.random.default_rng(1).normal(size=100)
    # on validation the face head is right, on test the EEG head is: only a leak would choose the
    # EEG
    record = Record(
        "D-Fusion", split, 0,
        {"val": np.stack([truth["val"], noise]), "test": np.stack([noise, truth["test"]])})
    assert rmmt.fusion_weight(data, record) == 1.0
    np.testing.assert_allclose(rmmt.fuse(data, record), noise)
    best = rmmt.mu_curve(data, [record]).query("metric == 'CCC'").set_index("mu")["value"].idxmax()
    assert best == 0.0


def test_a_trace_comes_from_the_fold_that_held_the_trial_out(data):
    folds = [Split("by_trial", k, (9,), (8,), test) for k, test in enumerate([(0, 5), (2, 1)])]
    records = [
        Record("RMMT", fold, 0,
               {"test": np.concatenate([np.full(100, i) for i in fold.test])[None]})
        for fold in folds
    ]
    for trial in (0, 1, 2, 5):
        assert set(rmmt.traces(data, records, trial)["RMMT"]) == {trial}
    assert rmmt.traces(data, records, 7) == {}


def test_one_run_through_every_room(data, tmp_path):
    store = Store(tmp_path)
    names = ["RMMT", "D-Fusion", "RMMT alpha=1.0", "ridge, both", "constant"]
    records = rmmt.run(data, names, "by_subject", TINY, engine="serial", store=store)
    results = rmmt.score(data, records, experiment="table 5", tier="simulated")
    assert len(results) == len(names) * 4 * 3
    same = results[results["row"].isin(["RMMT", "RMMT alpha=1.0"
                                        ])].pivot_table(index=["fold", "metric"], columns="row",
                                                        values="value")
    assert (same["RMMT"] == same["RMMT alpha=1.0"]).all()
    # alpha = 1 is RMMT: not trained again
    assert len(list((tmp_path / "fit_fold").iterdir())) == 2 * 4
    table = rmmt.answer(results, 5)
    assert list(table[rmmt.COLUMNS].columns) == [
        "row", "role", "metric", "published", "published_spread", "reproduced", "reproduced_spread",
        "n", "split", "tier", "verdict",
    ]
    assert set(table[table["row"] == "RMMT"]["verdict"]) == {"simulated only"}
    assert set(table[table["row"] == "constant"]["verdict"]) == {"control"}


def test_named_options_change_the_recipe_and_only_that(data, tmp_path):
    plain, subject = (rmmt.run(data, [name], "by_subject", TINY, engine="serial",
                               store=Store(tmp_path))
                      for name in ("ridge, face", "ridge, face" + rmmt.SUBJECT_SCALED))
    assert [r.split for r in plain] == [r.split for r in subject]
    assert not np.array_equal(plain[0].result["test"], subject[0].result["test"])
    with pytest.raises(ValueError, match="no row 'RMTM'; there are RMMT"):
        rmmt.run(data, ["RMTM"], "by_subject", TINY)
    with pytest.raises(ValueError, match="no split 'by_clip'; there are"):
        rmmt.run(data, ["ridge, face"], "by_clip", TINY)


def test_rows_of_log_power_read_it_and_others_do_not(data, tmp_path):
    both = ["ridge, EEG", "ridge, EEG" + rmmt.LOG_POWER]
    how = {"engine": "serial", "store": Store(tmp_path)}
    given = {**data, "eeg_log": data["eeg"]**3}
    share, logs = rmmt.run(given, both, "by_subject", TINY, **how)[::4]
    assert [share.row, logs.row] == both
    other = rmmt.run({**data, "eeg": data["eeg"]**3}, both[:1], "by_subject", TINY, **how)[0]
    np.testing.assert_array_equal(logs.result["test"], other.result["test"])
    assert not np.array_equal(share.result["test"], logs.result["test"])


def test_a_tuned_row_has_its_own_recipe_and_a_refitted_one_a_larger_training_part(data, tmp_path):
    preset = replace(TINY, tuned_options={"layers": 2}, tuned_recipe={"epochs": 2})
    names = ["RMMT", "RMMT" + rmmt.TUNED, "RMMT" + rmmt.REFIT, "TCN-F" + rmmt.TUNED]
    how = {"engine": "serial", "store": Store(tmp_path)}
    plain, tuned, refit, tcn = rmmt.run(data, names, "by_subject", preset, **how)[::4]
    assert [len(r.result["history"]) for r in (plain, tuned, refit, tcn)] == [1, 2, 2, 2]
    assert not np.array_equal(tuned.result["test"], refit.result["test"])
    with pytest.raises(ValueError, match="no row"):
        rmmt.run(data, ["ridge, face" + rmmt.REFIT], "by_subject", preset)


def test_an_ensemble_predicts_the_mean_of_its_seeds(data, tmp_path):
    how = {"engine": "serial", "store": Store(tmp_path)}
    records = rmmt.run(data, ["RMMT"], "by_subject", TINY, seeds=(0, 1, 2), **how)
    together = rmmt.ensemble(records)
    assert [r.split.fold for r in together] == [0, 1, 2, 3]
    assert {r.row for r in together} == {"RMMT (ensemble)"}
    of_fold = [r.result["test"] for r in records if r.split.fold == 2]
    np.testing.assert_allclose(together[2].result["test"], np.mean(of_fold, axis=0), rtol=1e-6)


def test_settings_are_those_that_are_printed():
    printed = published.load("rmmt")
    for table, names in rmmt.TABLES.items():
        rows = published.table("rmmt", table).query("comparable")["row"].unique()
        assert set(rows) == set(names), f"table {table}"
    share = printed.query("row == 'split' and metric == 'training share'")["mean"].item()
    assert rmmt.Preset.of("paper").inner_subject == share
    counts = printed.query("row == 'split' and protocol == '10fold'").set_index("metric")["mean"]
    rest = counts["train trials"] + counts["validation trials"]
    assert int(rmmt.Preset.of("paper").inner * rest) == counts["train trials"]
    grid = printed[printed["row"] == "RMMT alpha grid"].set_index("metric")["mean"]
    np.testing.assert_allclose(rmmt.ALPHAS,
                               np.arange(grid["lowest"], grid["highest"] + 1e-9, grid["step"]))


def test_missing_data_say_where_to_ask(tmp_path):
    with pytest.raises(FileNotFoundError, match="make data"):
        rmmt.cohort("public", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"mahnob-db\.eu"):
        rmmt.cohort("paper", str(tmp_path))
