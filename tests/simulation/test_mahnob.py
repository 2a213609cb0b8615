"""The simulated cohort: same bytes, resumed, readable, aligned with its truth, and a null twin
without an effect."""

from __future__ import annotations

import json
import shutil

import mne
import numpy as np
import pytest
import scipy.io
import scipy.signal
import scipy.stats
from sklearn.linear_model import Ridge
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict

from lib.datasets import mahnob as reader
from lib.datasets.mahnob_format import ALL_CHANNELS, LABELS_FILE, bdf_name, session_id
from lib.simulation import brain, face, mahnob
from lib.simulation.valence import draw_traces, plan, stream
from tests.simulation.files import contents

TINY = {"subjects": 1, "clips": 2, "seconds": (6, 8), "video_rate": 10.0, "jobs": 1}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return mahnob.make(tmp_path_factory.mktemp("cohort") / "a", **TINY)


def test_same_seed_same_bytes_and_resumed_after_a_kill(cohort, tmp_path, monkeypatch):
    real = mahnob._gaze

    def killed(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:  # dies while the second session's gaze is written
        patch.setattr(mahnob, "_gaze", lambda w, *rest: killed()
                      if w.section == 4 else real(w, *rest))
        with pytest.raises(KeyboardInterrupt):
            mahnob.make(tmp_path / "b", **TINY)
    written = set(contents(tmp_path / "b"))
    assert "truth.json" not in written and not any(
        name.startswith("Sessions/4/") and name.endswith((".tsv", ".xml")) for name in written)
    with monkeypatch.context() as patch:
        patch.setattr(mahnob, "_physiology", killed)  # what was there is not made again
        assert contents(mahnob.make(tmp_path / "b", **TINY)) == contents(cohort)


def test_finished_sessions_and_cohorts_are_reused(cohort, tmp_path, monkeypatch):
    copy = tmp_path / "copy"
    shutil.copytree(cohort, copy)
    for name in ("_physiology", "_video", "_gaze", "_xml"):
        monkeypatch.setattr(mahnob, name, None)  # making anything would fail
    assert mahnob.make(copy, **TINY) == copy
    key = json.loads((copy / "truth.json").read_text())["key"]
    (copy / "truth.json").unlink()
    (copy / ".partial").mkdir()
    (copy / ".partial" / "key").write_text(key)
    mahnob.make(copy, **TINY)
    assert contents(copy) == contents(cohort)
    with pytest.raises(ValueError, match="other parameters"):
        mahnob.make(copy, **TINY | {"seed": 1})


def test_bad_parameters(tmp_path):
    for wrong, message in (({"effect": 2.0}, "effect: expected 0 to 1"),
                           ({"subjects": 40}, "subjects: expected 1 to 27, found 40"),
                           ({"seconds": (8, 6)}, "seconds: expected 5 or more, the smaller number"),
                           ({"video_rate": 0}, "video_rate: expected 1 or more, found 0"),
                           ({"video_rate": 0.5}, "video_rate: expected 1 or more, found 0.5")):
        with pytest.raises(ValueError, match=message):
            mahnob.make(tmp_path / "x", **TINY | wrong)
    assert not (tmp_path / "x").exists()


def test_bdf_as_mne_reads_it(cohort):
    truth = json.loads((cohort / "truth.json").read_text())
    for trial in truth["trials"]:
        folder = cohort / "Sessions" / str(session_id(trial["subject"], trial["section"]))
        raw = mne.io.read_raw_bdf(folder / bdf_name(trial["subject"], trial["section"]),
                                  stim_channel="Status", verbose="error")
        assert tuple(raw.ch_names) == ALL_CHANNELS and raw.info["sfreq"] == 256
        status = raw.get_data("Status")[0].astype(int)
        edges = np.flatnonzero(np.diff(status & 0xFFFF) > 0) + 1
        assert edges.tolist() == [trial["edge"], trial["edge"] + round(trial["seconds"] * 256)]
        assert raw.times[-1] >= edges[1] / 256 + 29
        eeg = raw.get_data(ALL_CHANNELS[:32], units="uV")
        assert 5 < np.median(eeg.std(axis=1)) < 100


def test_label_file(cohort):
    truth = json.loads((cohort / "truth.json").read_text())
    content = scipy.io.loadmat(cohort / LABELS_FILE)
    assert content["trials_included"].dtype == np.uint8 and content["labels"].shape == (2, 1)
    for row, label, trial in zip(content["trials_included"], content["labels"][:, 0],
                                 truth["trials"], strict=True):
        assert row.tolist() == [trial["subject"], trial["section"]]
        np.testing.assert_allclose(label[0], trial["label"], atol=1e-4)


def test_reader_returns_what_was_simulated(cohort, tmp_path):
    trials = reader.read(cohort)
    assert trials.tier == "simulated" and not trials.dropped
    assert "simulated cohort" in trials.caption
    report = reader.sync_report(trials)
    truth = json.loads((cohort / "truth.json").read_text())["trials"]
    np.testing.assert_allclose(report["media_start_in_video_s"], [t["lead"] for t in truth],
                               atol=0.002)
    np.testing.assert_allclose(report["eeg_s"], report["label_s"], atol=0.004)
    assert (report["video_s"] - report["label_s"] >= 15).all()


def test_eeg_and_frames_come_back_aligned(cohort, monkeypatch, tmp_path):
    """A burst in the EEG and a smile on the face from 3 s after onset on are found there by the
    reader."""
    def stepped(*args):
        return lambda times: np.where(np.asarray(times) >= 3.0, 4.0, 0.0)

    monkeypatch.setattr(mahnob, "_expression", stepped)
    monkeypatch.setattr(
        brain.Person, "sample",
        classmethod(lambda cls, rng, n, fingerprint=1.0: cls(10.0, 1.5, 9.0, np.ones(
            n), np.ones(len(brain.RHYTHMS)), np.ones(len(brain.RHYTHMS)), np.eye(n), 20.0)))
    root = mahnob.make(tmp_path / "stepped",
                       **TINY | {"clips": 1, "seconds": (8, 8), "fingerprint": 0.0})
    trial = reader.read(root)[0]
    eeg = trial.load("eeg")
    fast = np.abs(np.diff(eeg.data[eeg.channels.index("T7")], n=2))
    smooth = np.convolve(fast, np.ones(64) / 64, mode="same")
    rise = np.argmax(smooth >
                     (smooth[:256].mean() + smooth[-640:-256].mean()) / 2) / eeg.rate + eeg.start
    assert rise == pytest.approx(3.0, abs=0.3)
    video = trial.load("video")
    mouth = video.data[:, 78:100, 60:100].astype(float)
    change = np.abs(mouth - mouth[:8].mean(axis=0)).mean(axis=(1, 2, 3))
    times = video.start + np.arange(len(change)) / video.rate
    assert times[np.argmax(change > change.max() / 2)] == pytest.approx(3.0, abs=0.3)


def test_null_twin_keeps_labels_and_noise_but_not_the_link():
    watched = plan(20, 5, (20, 20), seed=3)
    felt, other = draw_traces(watched, 3), draw_traces(watched, 3, shared=False)
    shown = {}
    for effect, traces in ((1.0, felt), (0.0, other)):
        express = [
            mahnob._expression(t, np.random.default_rng(i), np.random.default_rng(w.subject),
                               1.0)(np.arange(w.steps) / 4)
            for i, (w, t) in enumerate(zip(watched, traces, strict=True))
        ]
        shown[effect] = np.concatenate([face.action_units(e)["AU12"] for e in express])
    labels = np.concatenate([t.label for t in felt])
    assert np.corrcoef(shown[1.0], labels)[0, 1] > 0.4
    assert abs(np.corrcoef(shown[0.0], labels)[0, 1]) < 0.12


def _linear_control(watched, traces, labels):
    """Leave-one-subject-out ridge on log band power of 2 s windows: correlation of concatenated
    predictions and labels."""
    parameters, rest = {"seed": 3, "fingerprint": 1.0, "muscle": 1.0}, {"edge": 256}
    x, y, subject = [], [], []
    for w, trace, label in zip(watched, traces, labels, strict=True):
        express = mahnob._expression(trace, stream(3, "e", w.subject, w.section),
                                     stream(3, "p", w.subject), 1.0)
        eeg = mahnob._physiology(w, trace, parameters, rest, express, np.array([]))[:32, 256:]
        windows = eeg[:, :w.steps // 8 * 512].reshape(32, -1, 512)
        f, p = scipy.signal.welch(windows - windows.mean(axis=0), 256, nperseg=256)
        x.append(
            np.log([
                p[..., (f >= low) & (f < high)].mean(-1)
                for low, high in ((1, 5), (5, 8), (8, 12), (12, 18), (18, 30), (30, 45))
            ]).transpose(2, 0, 1).reshape(w.steps // 8, -1))
        y.append(label[:w.steps // 8 * 8].reshape(-1, 8).mean(axis=1))
        subject += [w.subject] * (w.steps // 8)
    x, y, subject = np.concatenate(x), np.concatenate(y), np.array(subject)
    for s in np.unique(subject):
        x[subject == s] = scipy.stats.zscore(x[subject == s])
    return np.corrcoef(
        cross_val_predict(Ridge(1000.0), x, y, groups=subject, cv=LeaveOneGroupOut()), y)[0, 1]


def test_linear_control_finds_the_effect_and_nothing_in_the_null_twin(monkeypatch):
    monkeypatch.setattr(mahnob, "MARGIN", 1.0)  # no need for the margins here
    watched = plan(9, 6, (16, 20), seed=3)
    felt, other = draw_traces(watched, 3), draw_traces(watched, 3, shared=False)
    labels = [t.label for t in felt]
    assert _linear_control(watched, felt, labels) > 0.2
    assert abs(_linear_control(watched, other, labels)) < 0.15


def test_null_twin_has_the_same_labels_and_fingerprints_on_disk(cohort, tmp_path):
    null = mahnob.make(tmp_path / "null", **TINY | {"effect": 0.0})
    assert (null / LABELS_FILE).read_bytes() == (cohort / LABELS_FILE).read_bytes()
    same, differ = [], []
    for name, digest in contents(cohort).items():
        (same if contents(null)[name] == digest else differ).append(name)
    assert {name.rsplit(".", 1)[-1] for name in differ} == {"bdf", "avi", "txt", "json"}
    assert any(name.endswith(".tsv")
               for name in same) and any(name.endswith("session.xml") for name in same)
