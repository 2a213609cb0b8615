"""The simulated SEED cohorts: same bytes, readable, aligned with their truth, and a null twin
without an effect."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from lib.datasets import seed_iv, seed_v
from lib.datasets.seed_format import split
from lib.preprocessing.seed import scale_eeg, scale_eye, windows
from lib.simulation import folder, seed
from tests.simulation.files import contents

READERS = {"seed-iv": seed_iv, "seed-v": seed_v}
TINY = {"subjects": 1, "windows": (10, 12)}


@pytest.fixture(scope="module", params=READERS)
def cohort(request, tmp_path_factory):
    return seed.make(tmp_path_factory.mktemp("cohort") / "a", layout=request.param,
                     **TINY), request.param


def test_the_readers_read_it_and_the_truth_agrees(cohort):
    root, layout = cohort
    read, truth = READERS[layout].read(root), json.loads((root / "truth.json").read_text())
    assert (read.name, read.tier, read.caption,
            dict(read.dropped)) == (f"{layout}-simulated", "simulated",
                                    "simulated cohort, effect = 1, seed = 0", {})
    assert len(read) == len(truth["trials"]) == {"seed-iv": 72, "seed-v": 45}[layout]
    gaps = 0
    for trial, known in zip(read, truth["trials"], strict=True):
        assert [trial.subject,
                int(trial.session), trial.trial, trial.labels["emotion"]
                ] == [known[key] for key in ("subject", "session", "trial", "emotion")]
        eeg, eye = trial.load("eeg").data, trial.load("eye").data
        assert eeg.shape[1] == eye.shape[1] == known["windows"] and 10 <= known["windows"] <= 12
        gaps += np.isnan(eye).sum()
    assert 0 < gaps < 0.1 * 33 * 12 * len(read)
    assert [file for file in READERS[layout].files(root) if not (root / file).is_file()] == []
    if layout == "seed-iv":
        rough, smooth = (np.concatenate(
            [np.diff(t.load("eeg").data, axis=1) for t in seed_iv.read(root, s)], axis=1).std()
                         for s in ("de_movingAve", "de_LDS"))
        assert 0.2 < smooth / rough < 5


def test_same_seed_same_bytes_again_after_a_kill(cohort, tmp_path, monkeypatch):
    root, layout = cohort
    real = folder.write_file

    def killed(file, content):
        if file.name == "truth.json":
            raise KeyboardInterrupt
        real(file, content)

    with monkeypatch.context() as patch:
        patch.setattr(folder, "write_file", killed)
        with pytest.raises(KeyboardInterrupt):
            seed.make(tmp_path / "b", layout=layout, **TINY)
    assert (tmp_path / "b" /
            "SIMULATED.txt").exists() and not (tmp_path / "b" / "truth.json").exists()
    assert contents(seed.make(tmp_path / "b", layout=layout, **TINY)) == contents(root)


def test_a_finished_cohort_is_reused_and_nothing_else_overwritten(cohort, tmp_path, monkeypatch):
    root, layout = cohort
    shutil.copytree(root, tmp_path / "copy")
    monkeypatch.setattr(folder, "write_file", None)  # writing anything would fail
    assert seed.make(tmp_path / "copy", layout=layout, **TINY) == tmp_path / "copy"
    with pytest.raises(ValueError, match="other parameters"):
        seed.make(tmp_path / "copy", layout=layout, **TINY | {"effect": 0.5})
    for file in ("truth.json", "SIMULATED.txt"):
        (tmp_path / "copy" / file).unlink()  # as if it were real data
        with pytest.raises(ValueError, match="other parameters"):
            seed.make(tmp_path / "copy", layout=layout, **TINY | {"effect": 0.5})


def test_bad_parameters(tmp_path):
    for bad, message in (({"effect": 2.0}, "effect: expected 0 to 1, found 2"),
                         ({"layout": "seed"},
                          "layout: expected 'seed-iv' or 'seed-v', found 'seed'"),
                         ({"subjects": 17}, "subjects: expected 1 to 15, found 17"),
                         ({"windows": (9, 3)}, "the smaller number first")):
        with pytest.raises(ValueError, match=message):
            seed.make(tmp_path / "x", **bad)
    assert not (tmp_path / "x").exists()


def _errors(root, layout, name):
    """Right or wrong for every test window of a linear classifier for each subject and session, by
    modality."""
    cohort = READERS[layout].read(root)
    w = windows(cohort)
    number = np.array([trial.trial for trial in cohort])[w["trial"]]
    right = {"eeg": [], "eye": []}
    for subject in np.unique(w["subject"]):
        for session in np.unique(w["session"]):
            for train, test in split(name):
                mine = (w["subject"] == subject) & (w["session"] == session)
                a, b = (np.flatnonzero(mine & np.isin(number, part)) for part in (train, test))
                for modality, scale in (("eeg", scale_eeg), ("eye", scale_eye)):
                    x = scale(w[modality], a).mean(axis=1).reshape(len(number), -1)
                    model = make_pipeline(
                        StandardScaler(), LinearSVC(C=0.01, dual=True, max_iter=2000,
                                                    random_state=0))
                    right[modality].append(
                        model.fit(x[a], w["emotion"][a]).predict(x[b]) == w["emotion"][b])
    return {modality: np.concatenate(part) for modality, part in right.items()}


def test_a_linear_classifier_finds_the_emotion_and_none_in_the_null_twin(tmp_path):
    draws = [
        _errors(seed.make(tmp_path / str(s), subjects=3, windows=(13, 17), seed=s), "seed-iv",
                "16/8") for s in (0, 1)
    ]
    right = {modality: np.concatenate([draw[modality] for draw in draws]) for modality in draws[0]}
    assert 0.6 < right["eeg"].mean() < 0.85 and 0.5 < right["eye"].mean() < 0.8
    both = np.mean(right["eeg"] & right["eye"])
    # the two err on different trials
    assert abs(both - right["eeg"].mean() * right["eye"].mean()) < 0.1
    # "3fold" is balanced, so that chance is one in five; 27 folds of 5 trials scatter by about
    # 0.035 around it
    null = _errors(
        seed.make(tmp_path / "null", layout="seed-v", subjects=3, effect=0.0, windows=(10, 14)),
        "seed-v", "3fold")
    assert abs(null["eeg"].mean() - 0.2) < 0.1 and abs(null["eye"].mean() - 0.2) < 0.1


def test_contact_is_private_to_a_channel_and_knows_no_label(tmp_path):
    with_contact, without = (seed_iv.read(
        seed.make(tmp_path / str(contact), contact=contact, windows=(12, 12), subjects=1))
                             for contact in (1.0, 0.0))
    own = np.array([(a.load("eeg").data - b.load("eeg").data).mean(axis=1).ravel()
                    for a, b in zip(with_contact, without, strict=True)])
    assert np.allclose(own.std(), seed.CONTACT, rtol=0.05)
    between = np.corrcoef(own.T)[np.triu_indices(own.shape[1], 1)]
    assert abs(between.mean()) < 0.02
    emotion = np.array([trial.labels["emotion"] for trial in with_contact])
    means = np.array([own[emotion == k].mean(axis=0) for k in range(4)])
    # of 18 trials each
    assert means.std() < 1.3 * seed.CONTACT / np.sqrt(18)


def test_the_twins_differ_in_the_emotion_alone(tmp_path):
    cohorts = [
        seed_iv.read(seed.make(tmp_path / str(effect), effect=effect, **TINY))
        for effect in (0.0, 1.0)
    ]
    truths = [
        json.loads((tmp_path / str(effect) / "truth.json").read_text())["trials"]
        for effect in (0.0, 1.0)
    ]
    for a, b, x, y in zip(*truths, *cohorts, strict=True):
        assert {key: a[key] for key in a if key not in ("brain", "eyes")
                } == {key: b[key] for key in b if key not in ("brain", "eyes")}
        assert x.labels == y.labels
        if a["emotion"] == a["other"]:  # driven by the same emotion in both
            np.testing.assert_array_equal(x.load("eeg").data, y.load("eeg").data)
