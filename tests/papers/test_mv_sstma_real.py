"""Paper 3's systems on published features that stand in for gated recordings."""

import numpy as np
import pandas as pd
import pytest

from lib.datasets.base import Cohort, Signal, Trial
from lib.evaluation.stand_in import LABELS
from lib.papers.mv_sstma import real
from lib.papers.mv_sstma.classes import thirds
from lib.papers.mv_sstma.controls import _parts
from lib.store import Store
from tests.papers.test_mv_sstma import TINY

WIDTHS = {"eeg_features": 128, "face_features": 38, "gaze": 2}


def cohort(people=10, trials=4, steps=330, seed=0):
    """Trials whose signals say which trial it is and nothing of its valence; the gaze stands
    still."""
    rng = np.random.default_rng(seed)

    def trial(person, number):
        signals = {}
        for name, width in WIDTHS.items():
            noise = 0.0 if name == "gaze" else 1.0
            data = rng.normal(size=(width, 1)) + noise * rng.normal(size=(width, steps))
            signals[name] = Signal(data.astype(np.float32), 4.0, (), "")
        valence = rng.normal() + np.zeros(steps)
        return Trial("mahnob", person, "1", number, f"clip {number}", {"valence": valence},
                     {name: (lambda signal=signal: signal) for name, signal in signals.items()}, {})

    return Cohort("features", "public",
                  tuple(trial(p, t) for p in range(people) for t in range(trials)), "features")


@pytest.fixture(scope="module")
def data():
    return real.windows(cohort())


def test_windows_are_means_of_two_seconds_in_order(data):
    """By hand: the second window of a trial, its first feature."""
    first = cohort()[0]
    eeg, face, gaze = (first.load(name).data for name in WIDTHS)
    assert data["eeg"].shape == (320, 5, 32, 4) and data["eye"].shape == (320, 5, 38)
    own = slice(8 + 40, 8 + 48)
    band, channel = 2, 7
    assert data["eeg"][1, 0, channel, band] == pytest.approx(eeg[32 * band + channel, own].mean(),
                                                             abs=1e-5)
    np.testing.assert_allclose(data["eye"][1, 0],
                               face[:, own].mean(axis=1) - face[:, 8:16].mean(axis=1), atol=1e-5)
    np.testing.assert_allclose(data["gaze"][1, 4], gaze[:, 80], atol=1e-5)
    assert data["label"][1] == pytest.approx(first.labels["valence"].mean())
    assert set(data["trial"][:3]) == {0} and set(data["session"]) == {0}


def test_by_clip_keeps_all_trials_of_a_clip_on_one_side(data):
    cut = real.folds({**data, "clip": data["trial"] % 7}, "by_clip")
    assert [fold.name for fold in cut] == ["by_clip"] * 5
    for fold in cut:
        train, val, test = ({*(data["trial"][list(part)] % 7)}
                            for part in (fold.train, fold.val, fold.test))
        assert not (train & test or train & val or val & test)
    assert sorted(np.concatenate([fold.test for fold in cut])) == list(range(len(data["trial"])))
    assert data["clip"].tolist() == (data["trial"] % 4).tolist()


def test_hidden_electrodes_of_noise_are_best_filled_with_the_mean(tmp_path):
    """Channels that have nothing in common: no neighbour tells anything, 0 is right."""
    noise = np.random.default_rng(3).normal(size=(320, 5, 32, 4)).astype(np.float32)
    how = {"ratios": (0.5,), "store": Store(tmp_path), "engine": "serial"}
    found = real.hidden({**real.windows(cohort()), "eeg": noise}, TINY, [0], **how)
    assert set(found["metric"]) == {"error, 50% hidden"} and len(found) == 4 * 5
    mean = found.groupby("row")["value"].mean()
    assert mean["training mean"] == pytest.approx(1.0, abs=0.05)
    assert mean["three nearest electrodes"] == pytest.approx(4 / 3, abs=0.07)
    assert mean["mean of the visible channels"] == pytest.approx(17 / 16, abs=0.05)
    # what all channels share is found by their neighbours
    alike = {**real.windows(cohort()), "eeg": noise[:, :, :1] + 0.1 * noise}
    shared = real.hidden(alike, TINY, [0], **how).groupby("row")["value"].mean()
    assert shared["three nearest electrodes"] < 0.05 < 0.9 < shared["training mean"]


def test_thresholds_come_from_training_trials_alone(data):
    valence, trial = data["label"], data["trial"]
    train = np.flatnonzero(trial < 30)
    y = thirds(valence, trial, train)
    counts = np.bincount(y[train][::8], minlength=3)
    assert counts.tolist() == [10, 10, 10]
    other = np.where(trial < 30, valence, 100 * valence)  # test trials, whatever they are
    np.testing.assert_array_equal(thirds(other, trial, train)[train], y[train])
    longer = np.concatenate([train, np.repeat(train[:3], 9)])  # a long trial counts once
    np.testing.assert_array_equal(thirds(valence, trial, longer), y)


def test_a_still_gaze_names_the_trial_and_no_more(data, tmp_path):
    """Under random windows the nearest gaze finds the trial and so its class, whatever the labels
    mean; with trials or people apart nothing is left."""
    scores = real.run(data, TINY, [0, 1],
                      rows=("nearest neighbour, gaze", "nearest neighbour, face", "majority"),
                      store=Store(tmp_path), engine="serial")
    mean = scores.pivot_table("value", ["row", "split"], "experiment")
    near = mean.loc["nearest neighbour, gaze"]
    assert (near.loc["random_segments"] > 0.95).all() and list(near) == [LABELS[1], LABELS[0]]
    assert near.loc[["by_trial", "by_clip", "by_subject"]].to_numpy().max() < 0.6
    assert mean.loc["nearest neighbour, face"].loc["by_subject"].between(0.1, 0.6).all()
    # a class can be absent from a few trials, and then counts for nothing
    assert mean.loc["majority"].drop(["by_clip", "by_trial"]).to_numpy() == pytest.approx(1 / 3)
    seeds = scores.groupby("experiment")["seed"].unique().map(list)
    assert seeds.to_dict() == {LABELS[0]: [0, 1], LABELS[1]: [0]}


def test_a_machine_on_both_modalities_has_their_features_side_by_side(data):
    split = {"train": range(200), "val": range(200, 250), "test": range(250, 320)}
    both = _parts(data, split, "both")
    assert [both[part].shape for part in split] == [(200, 166), (50, 166), (70, 166)]
    np.testing.assert_array_equal(both["test"][:, :128], _parts(data, split, "eeg")["test"])


def test_labels_are_exchanged_within_people(data, monkeypatch):
    given = []

    def spy(arrays, rows, folds, **how):
        given.append(arrays["label"])
        return []

    monkeypatch.setattr(real.spine, "run", spy)
    monkeypatch.setattr(real.spine, "score", lambda *_, **__: pd.DataFrame())
    real.run(data, TINY, [0], rows=("majority",), splits=("by_trial",))
    own, dealt = given[-2:]
    first = np.unique(data["trial"], return_index=True)[1]
    np.testing.assert_array_equal(own, data["label"])
    assert (own != dealt).any()
    for person in np.unique(data["person"]):
        rows = first[data["person"][first] == person]
        assert sorted(own[rows]) == sorted(dealt[rows])


def test_networks_begin_from_what_their_fold_pre_trained_and_few_labels_freeze_it(data, tmp_path):
    rows = ("Concat", "Concat without pre-training")
    few, all_windows = (real.run(data, TINY, [0], rows=rows, splits=("by_trial",), few=n,
                                 store=Store(tmp_path), engine="serial") for n in (2, 0))
    assert set(few["metric"]) == {f"{real.METRIC}, 2 windows a class"}
    assert set(all_windows["metric"]) == {f"{real.METRIC}, all windows a class"}
    assert set(few["experiment"]) == {LABELS[0]} and len(few) == len(all_windows) == 10
    by_row = all_windows.groupby("row")["value"].apply(list)
    assert by_row.iloc[0] != by_row.iloc[1]
