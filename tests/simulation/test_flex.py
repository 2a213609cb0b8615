"""The simulated FLEX 2 cohort: same bytes, resumed, read back with its flaws, effects where they
belong, and a null twin without one."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from scipy.signal import welch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import scale

from lib.datasets import flex as reader
from lib.datasets.base import Signal
from lib.datasets.flex_format import CHANNELS, EMOTIONS
from lib.preprocessing.scalp_lag import estimate_lag
from lib.simulation import flex
from tests.simulation.files import contents

TINY = {"subjects": 3, "clips": 1, "seconds": 12, "jobs": 1}


def _parameters(**changes):
    return {
        "subjects": 7, "clips": 2, "seconds": 24, "effect": 1.0, "fingerprint": 1.0, "seed": 0,
        "video": False
    } | changes


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return flex.make(tmp_path_factory.mktemp("cohort") / "a", **TINY)


def test_same_seed_same_bytes_and_resumed_after_a_kill(cohort, tmp_path, monkeypatch):
    real = flex.eeg

    def killed(r, parameters):
        if r.subject == 3:
            raise KeyboardInterrupt
        return real(r, parameters)

    with monkeypatch.context() as patch:
        patch.setattr(flex, "eeg", killed)
        with pytest.raises(KeyboardInterrupt):
            flex.make(tmp_path / "b", **TINY)
    assert not (tmp_path / "b" / "truth.json").exists()
    monkeypatch.setattr(flex, "eeg", lambda r, parameters: real(r, parameters)
                        if r.subject > 2 else 1 / 0)
    # what was there was not made again
    assert contents(flex.make(tmp_path / "b", **TINY)) == contents(cohort)


def test_a_finished_cohort_is_reused_and_never_overwritten(cohort, tmp_path, monkeypatch):
    copy = tmp_path / "copy"
    shutil.copytree(cohort, copy)
    monkeypatch.setattr(flex, "eeg", None)
    assert flex.make(copy, **TINY) == copy
    with pytest.raises(ValueError, match="other parameters"):
        flex.make(copy, **TINY | {"seed": 1})


@pytest.mark.parametrize(
    "wrong",
    [{"effect": 2.0}, {"subjects": 0}, {"clips": 10}, {"seconds": 5}, {"fingerprint": -1.0}])
def test_bad_parameters(tmp_path, wrong):
    (name, value), = wrong.items()
    with pytest.raises(ValueError, match=f"^{name}: expected .*, found {value}$"):
        flex.make(tmp_path / "x", **TINY | wrong)
    assert not (tmp_path / "x").exists()


def test_read_back_with_its_flaws(cohort):
    trials, truth = reader.read(cohort), json.loads((cohort / "truth.json").read_text())
    assert trials.tier == "simulated" and trials.caption == (
        cohort / "SIMULATED.txt").read_text().strip() and len(trials) == 12
    # the volunteer
    assert len(trials.dropped) == 1 and "median quality of 80 or more" in next(
        iter(trials.dropped.values()))
    assert sorted(reader.files(cohort)[1::2]) == sorted(r["file"] for r in truth["recordings"])
    signals = [trial.load("eeg") for trial in trials]
    assert {signal.rate for signal in signals
            } == {128.0, 256.0} and {trial.files["eeg"][-4:]
                                     for trial in trials} == {".edf", ".csv"}
    for trial, signal in zip(trials, signals, strict=True):
        lead = 1.0 if trial.subject == 2 else 0.0
        assert signal.start == -lead and signal.data.shape == (28, (12 + lead) * signal.rate)
        assert 3000 < np.nanmedian(signal.data) < 5400 and EMOTIONS[int(
            trial.labels["emotion"])] in trial.stimulus
        video = trial.load("video")
        assert video.start == -lead and video.data.shape == (int((12 + lead) * 2), 120, 160, 3)
    gaps = [int(np.isnan(signal.data).any(axis=0).sum()) for signal in signals]
    # one in EDF and one in CSV
    assert gaps[0] == 6 + 64 and gaps[8] == 6 + 64 and sum(gaps) == gaps[0] + gaps[8]


def test_what_is_written_is_what_was_made(cohort):
    parameters = _parameters(**{k: v for k, v in TINY.items() if k != "jobs"})
    for trial, r in list(zip(reader.read(cohort), flex.recordings(parameters), strict=False))[9:10]:
        made = flex.eeg(r, parameters)[[r.cap.index(name) for name in CHANNELS]]
        np.testing.assert_allclose(trial.load("eeg").data - 4200, made, atol=0.1)


def test_null_twin_has_the_same_listing_and_noise():
    real, null = flex.recordings(_parameters()), flex.recordings(_parameters(effect=0.0))
    assert real == null and len(real) == 57
    pairs = [(r.emotion, r.other) for s in range(20) for r in flex.recordings(_parameters(seed=s))]
    # of over 1000, chance
    assert np.mean([a == b for a, b in pairs]) == pytest.approx(0.25, abs=0.04)
    r = next(r for r in real if r.emotion != r.other)
    a, b = flex.eeg(r, _parameters()), flex.eeg(r, _parameters(effect=0.0))
    assert not np.array_equal(a, b) and np.corrcoef(a[0], b[0])[0, 1] > 0.8
    twin = next(r for r in real if r.emotion == r.other)
    np.testing.assert_array_equal(flex.eeg(twin, _parameters()),
                                  flex.eeg(twin, _parameters(effect=0.0)))


def test_sadness_hardly_shows_and_happiness_does():
    times = np.arange(0.0, 20.0, 0.5)
    shown = {
        e: np.mean([
            sum(x.mean() for x in flex.action_units(r, _parameters(), times).values())
            for r in flex.recordings(_parameters()) if r.emotion == e
        ]) for e in EMOTIONS
    }
    assert shown["neutral"] == 0 and 0.1 < shown["sadness"] < 0.5 * min(
        shown["happiness"], shown["fear"])


def test_the_eeg_is_two_seconds_late(monkeypatch):
    """Found from the blinks, whose frames are dense here."""
    parameters = _parameters(seconds=60)
    # with a second before the clip
    r = next(r for r in flex.recordings(parameters) if r.subject == 2)
    data = flex.eeg(r, parameters)
    times = np.arange(61 * 20) / 20 - 1
    closed = np.clip(1.4 - np.abs(times[:, None] - flex._blinks(r, parameters) - 0.1) / 0.1, 0,
                     1).max(axis=1)
    eeg = Signal(data, r.rate, r.cap, "uV", -1.0)
    assert estimate_lag(eeg, Signal(closed, 20.0, start=-1.0),
                        kind="blink") == pytest.approx(2.0, abs=0.1)


def _features(parameters):
    x, about = [], []
    for i, r in enumerate(flex.recordings(parameters)[:-1]):
        data = flex.eeg(r, parameters)[[r.cap.index(name)
                                        for name in CHANNELS]][:, int((r.lead + 2) * r.rate):]
        n = int(3 * r.rate)
        parts = data[:, :data.shape[1] // n * n].reshape(28, -1, n)
        f, p = welch(parts, r.rate, nperseg=int(r.rate))
        x.append(
            np.concatenate([
                np.log(p[..., (f >= a) & (f < b)].mean(-1))
                for a, b in ((4, 8), (8, 14), (14, 31), (31, 45))
            ]).T)
        about += [(EMOTIONS.index(r.emotion), r.subject, i)] * len(x[-1])
    return scale(np.concatenate(x).astype(float)), np.array(about).T


def test_random_segments_recognise_the_recording_without_any_emotion():
    x, (emotion, _, recording) = _features(_parameters(effect=0.0, subjects=4, clips=1))
    test = np.arange(len(x)) % 7 == 3
    assert KNeighborsClassifier(1).fit(x[~test], emotion[~test]).score(x[test], emotion[test]) > 0.9
    assert len(set(recording)) == 16


@pytest.mark.parametrize(("effect", "low", "high"), [(1.0, 0.5, 1.0), (0.0, 0.0, 0.45)])
def test_across_subjects_a_strong_effect_is_found_and_nothing_in_its_null_twin(
        effect, low, high, monkeypatch):
    """Without fingerprints and what else differs between recordings, so that few short ones
    tell."""
    monkeypatch.setattr(flex, "OWN", 0.0)
    x, (emotion, subject,
        _) = _features(_parameters(effect=effect, fingerprint=0.0, seconds=14, seed=1))
    scores = []
    for s in np.unique(subject):
        t = subject == s
        model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.3).fit(x[~t], emotion[~t])
        scores.append(model.score(x[t], emotion[t]))
    assert low < np.mean(scores) < high
