"""The simulated cohort: same bytes, resumed, read back with its gaps, effects where they belong,
and a null twin without one."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import find_peaks, welch
from scipy.stats import zscore
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_score

from lib.datasets import amigos as reader
from lib.datasets.amigos_format import (BASELINE, EEG_CHANNELS, HEADSET, LONG_VIDEOS, RATE,
                                        SELF_REPORTS, SHORT_VIDEOS, file_name)
from lib.simulation import amigos, brain
from tests.simulation.files import contents

TINY = {"subjects": 3, "short": (10, 11), "long": (12, 14), "jobs": 1}
TEN = [HEADSET.index(name) for name in EEG_CHANNELS]
NULL = {**TINY, "effect": 0.0}


def _parameters(**changes):
    return {"short": [30, 40], "long": [60, 70], "effect": 1.0, "fingerprint": 1.0, "seed": 0
            } | changes


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return amigos.make(tmp_path_factory.mktemp("cohort") / "a", **TINY)


def test_same_seed_same_bytes_and_resumed_after_a_kill(cohort, tmp_path, monkeypatch):
    real = amigos.cell

    def killed(viewing, parameters):
        if viewing.subject == 2:
            raise KeyboardInterrupt
        return real(viewing, parameters)

    with monkeypatch.context() as patch:
        patch.setattr(amigos, "cell", killed)
        with pytest.raises(KeyboardInterrupt):
            amigos.make(tmp_path / "b", **TINY)
    assert not (tmp_path / "b" / "truth.json").exists() and not (tmp_path / "b" /
                                                                 file_name(2)).exists()
    with monkeypatch.context() as patch:
        patch.setattr(
            amigos, "cell", lambda viewing, parameters: real(viewing, parameters)
            if viewing.subject > 1 else 1 / 0)
        # the first subject's file was there
        assert contents(amigos.make(tmp_path / "b", **TINY)) == contents(cohort)


def test_a_subject_is_the_same_whoever_came_before(cohort, tmp_path):
    """Which is why the number of processes does not matter."""
    (tmp_path / ".partial").mkdir()
    np.random.seed(1)  # noqa: NPY002 (nothing may depend on it)
    amigos.write(tmp_path, 2, _parameters(short=list(TINY["short"]), long=list(TINY["long"])))
    assert (tmp_path / file_name(2)).read_bytes() == (cohort / file_name(2)).read_bytes()


def test_a_finished_cohort_is_reused_and_never_overwritten(cohort, tmp_path, monkeypatch):
    copy = tmp_path / "copy"
    shutil.copytree(cohort, copy)
    monkeypatch.setattr(amigos, "cell", None)  # recording anything would fail
    assert amigos.make(copy, **TINY) == copy
    with pytest.raises(ValueError, match="other parameters"):
        amigos.make(copy, **TINY | {"seed": 1})


@pytest.mark.parametrize("wrong", [{"effect": 2.0}, {"subjects": 41}, {"short": (40, 30)},
                                   {"long": (5, 9)}, {"fingerprint": -1.0}])
def test_bad_parameters(tmp_path, wrong):
    (name, value), = wrong.items()
    with pytest.raises(ValueError, match=f"^{name}: expected .*, found {re.escape(str(value))}$"):
        amigos.make(tmp_path / "x", **TINY | wrong)
    assert not (tmp_path / "x").exists()


def test_read_back_with_its_gaps(cohort):
    trials, truth = reader.read(cohort), json.loads((cohort / "truth.json").read_text())
    assert trials.tier == "simulated" and trials.caption == (cohort /
                                                             "SIMULATED.txt").read_text().strip()
    assert sorted(reader.files(cohort)) == sorted(truth["files"]) and any("/" in f
                                                                          for f in truth["files"])
    expected = {
        f"amigos subject {t['subject']} trial {t['cell'] + 1}": ", ".join(f"no {part}"
                                                                          for part in t["lacks"])
        for t in truth["trials"] if "signal" in t["lacks"] or "self-report" in t["lacks"]
    }
    assert dict(trials.dropped) == expected
    assert set(expected.values()) == {"no signal", "no self-report", "no signal, no self-report"
                                      } and len(expected) == 7
    known = {(t["subject"], t["cell"] + 1): t for t in truth["trials"]}
    for trial in trials:
        fact = known[trial.subject, trial.trial]
        assert trial.stimulus == fact["video"] and [trial.labels[name]
                                                    for name in SELF_REPORTS] == fact["reports"]
        assert trial.load("ecg").data.shape == (2, BASELINE + int(fact["seconds"] * RATE))
        holes = np.isnan(trial.load("eeg").data).any(axis=1)
        assert [HEADSET[i]
                for i in np.flatnonzero(holes)] == (["T7"] if "finite T7" in fact["lacks"] else [])


def test_every_subject_sees_every_video_in_an_order_of_their_own():
    first, second = (amigos.viewings(subject, _parameters()) for subject in (1, 2))
    assert sorted(v.video for v in first[:16]) == sorted(SHORT_VIDEOS) and sorted(
        v.video for v in first[16:]) == sorted(LONG_VIDEOS)
    assert [v.video
            for v in first] != [v.video
                                for v in second] and [v.video
                                                      for v in first[:16]] != list(SHORT_VIDEOS)
    assert {v.video: v.seconds for v in first} == {v.video: v.seconds for v in second}


def _latents(effect):
    all_of_them = [v for s in range(1, 41) for v in amigos.viewings(s, _parameters(effect=effect))]
    return np.array([v.felt for v in all_of_them
                     ]), np.array([v.driven for v in all_of_them
                                   ]), np.array([v.reports for v in all_of_them])


def test_reports_follow_what_is_felt_and_are_balanced():
    felt, driven, reports = _latents(1.0)
    np.testing.assert_array_equal(felt, driven)
    assert reports[:, :5].min() >= 1 and reports[:, :5].max() <= 9
    np.testing.assert_array_less(0.4, (reports[:, :2] > reports[:, :2].mean(axis=0)).mean(axis=0))
    np.testing.assert_array_less((reports[:, :2] > reports[:, :2].mean(axis=0)).mean(axis=0), 0.6)
    # felt is (valence, arousal), the reports (arousal, valence)
    link = np.corrcoef(np.hstack([felt, reports[:, :2]]).T)[:2, 2:]
    assert link[0, 1] > 0.8 and link[1, 0] > 0.8 and abs(link[0, 0]) < 0.2 > abs(link[1, 1])


def test_null_twin_keeps_the_reports_and_nothing_ties_the_signals_to_them():
    felt, driven, reports = _latents(0.0)
    np.testing.assert_array_equal(felt, _latents(1.0)[0])
    np.testing.assert_array_equal(reports, _latents(1.0)[2])
    assert driven.std() == pytest.approx(1, abs=0.1) and np.abs(
        np.corrcoef(np.hstack([felt, driven]).T)[:2, 2:]).max() < 0.1
    of_video = driven.reshape(40, 20,
                              2)[:,
                                 np.argsort([v.video for v in amigos.viewings(1, _parameters())])]
    assert of_video.mean(axis=0).std() < 0.3  # what a video would add if it drove the signals: 0.6


def test_null_twin_on_disk_differs_in_the_signals_only(cohort, tmp_path):
    real, null = reader.read(cohort), reader.read(amigos.make(tmp_path / "null", **NULL))
    for a, b in zip(real, null, strict=True):
        assert (a.name, a.stimulus) == (b.name,
                                        b.stimulus) and a.labels["arousal"] == b.labels["arousal"]
        np.testing.assert_array_equal(a.labels["external_valence"], b.labels["external_valence"])
    a, b = real[0], null[0]
    np.testing.assert_array_equal(a.load("gsr").data, b.load("gsr").data)
    assert not np.array_equal(a.load("ecg").data, b.load("ecg").data)
    # the baseline, but for its end, into which the filter reaches
    before = np.s_[:, :BASELINE - int(RATE)]
    np.testing.assert_allclose(a.load("eeg").data[before], b.load("eeg").data[before], atol=0.05)
    assert np.corrcoef(a.load("eeg").data[7], b.load("eeg").data[7])[0, 1] > 0.9  # the same noise


def _recorded(valence, arousal, subject=1):
    viewing = replace(
        amigos.viewings(subject, _parameters(long=[100, 100]))[16], driven=(valence, arousal))
    return amigos.cell(viewing, _parameters())[BASELINE + int(6 * RATE):].T


def _power(x, low, high):
    f, p = welch(x, RATE, nperseg=256)
    return np.log(p[..., (f >= low) & (f < high)].mean(-1))


def test_the_effect_is_where_it_should_be(monkeypatch):
    monkeypatch.setattr(
        brain.Person, "sample",
        classmethod(lambda cls, rng, n, *rest: cls(10.0, 1.5, 9.0, np.ones(
            n), np.ones(len(brain.RHYTHMS)), np.ones(len(brain.RHYTHMS)), np.eye(n), 0.0)))
    at = {name: i for i, name in enumerate(HEADSET)}
    calm, roused, sad, glad = _recorded(0, -1.5), _recorded(0,
                                                            1.5), _recorded(-1.5,
                                                                            0), _recorded(1.5, 0)
    occipital, temporal = [at["O1"], at["O2"]], [at["T7"], at["T8"]]
    assert np.all(_power(roused[occipital], 8, 12) < _power(calm[occipital], 8, 12) - 0.1)
    assert np.all(_power(glad[temporal], 13, 40) > _power(sad[temporal], 13, 40) + 0.05)

    def asymmetry(x):
        return _power(x[at["F4"]], 8, 12) - _power(x[at["F3"]], 8, 12)

    assert asymmetry(glad) > asymmetry(sad) + 0.1
    beats = [
        len(
            find_peaks(x[15] - np.median(x[15]), height=0.5 * np.ptp(x[15][:1280]),
                       distance=0.4 * RATE)[0]) for x in (calm, roused)
    ]
    assert beats[1] >= beats[0] + 6  # in 94 s


def test_signals_are_processed_as_the_owner_did():
    x = _recorded(0, 0)
    np.testing.assert_allclose(x[:14].sum(axis=0), 0, atol=1e-3)  # average reference
    assert np.all(_power(x[:14], 0.5, 2.5) < _power(x[:14], 5, 7) -
                  2) and np.all(_power(x[:14], 55, 64) < _power(x[:14], 30, 40) - 2)
    assert 2 < np.median(x[:14].std(axis=1)) < 40 and 0.1 < x[15].std() < 0.5


def _bands(x):
    """Log power of four bands in each channel, ``(n_times, n_channels)`` to ``(n_features,)``."""
    return np.concatenate([_power(x.T, *band) for band in ((4, 8), (8, 12), (12, 30), (30, 45))])


@pytest.mark.parametrize(("effect", "low", "high"), [(1.0, 0.7, 1.0), (0.0, 0.35, 0.63)])
def test_across_subjects_a_strong_effect_is_found_and_nothing_in_its_null_twin(
        effect, low, high, monkeypatch):
    """Three times the slopes, no fingerprints, so that few short recordings tell: a linear control
    on ten channels, folds of subjects."""
    strong = tuple(
        replace(r, valence=3 * r.valence, strength=3 * r.strength) for r in amigos.RHYTHMS)
    monkeypatch.setattr(amigos, "RHYTHMS", strong)
    parameters = _parameters(short=[15, 15], effect=effect, fingerprint=0.0, seed=2)
    seen = [
        v for s in (1, 3, 4, 5, 6, 7) for v in amigos.viewings(s, parameters)[:16] if not v.lacks
    ]
    x = np.array([_bands(amigos.cell(v, parameters)[BASELINE:, TEN]) for v in seen])
    subject, pleasant = np.array([v.subject for v in seen]), np.array([v.felt[0] > 0 for v in seen])
    x = np.concatenate([zscore(x[subject == s]) for s in np.unique(subject)])
    score = cross_val_score(LogisticRegression(C=0.01), x, pleasant, groups=subject,
                            cv=GroupKFold(6)).mean()
    assert low < score < high


def test_recordings_are_told_apart_without_any_effect():
    """Half a recording finds its other half among all: that is what random segments live on."""
    parameters = _parameters(effect=0.0, seed=2)
    cells = [
        amigos.cell(v, parameters)[BASELINE:] for s in (4, 5)
        for v in amigos.viewings(s, parameters)[:8]
    ]
    x = np.array([[_bands(part[:, TEN]) for part in np.array_split(c, 2)] for c in cells])
    away = np.linalg.norm(x[:, None, 0] - x[None, :, 1], axis=-1)
    assert (away.argmin(axis=1) == np.arange(len(cells))).mean() > 0.8
