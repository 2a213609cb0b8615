"""The reader of SEED-IV on a tiny copy whose every number is known."""

from __future__ import annotations

import json
import logging
import pickle
import re
import shutil
from collections import Counter

import mne
import numpy as np
import pytest
from scipy.io import loadmat, savemat

from lib.datasets import seed_iv
from lib.datasets.base import BadFile
from lib.datasets.seed_format import CHANNELS, MNE_NAMES, SEED_IV_LABELS, SEED_V_LABELS, split

NAMES = {
    1: ("1_20160518.mat", "2_20150915.mat", "10_20151014.mat"),
    2: ("1_20161125.mat", "2_20150920.mat", "10_20151021.mat"),
    3: ("1_20161126.mat", "2_20151012.mat", "10_20151023.mat")
}
VICTIM = "2_20150915.mat"


def value(subject, session, trial):
    return subject + session / 10 + trial / 1000


def content(subject, session):
    eeg, eye = {}, {}
    for t in range(1, 25):
        n = 3 + (session + t) % 3
        array = np.full((62, n, 5), value(
            subject, session, t)) + np.arange(62)[:, None, None] * 100 + np.arange(5) * 1e4
        eeg |= {f"de_LDS{t}": array, f"de_movingAve{t}": -array, f"psd_LDS{t}": array}
        eye[f"eye_{t}"] = np.arange(31.0)[:, None] + value(subject, session, t) * np.ones(n)
    eye["eye_3"][4, 1] = np.nan
    return eeg, eye


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    root = tmp_path_factory.mktemp("seed-iv")
    for session, names in NAMES.items():
        for part in ("eeg_feature_smooth", "eye_feature_smooth"):
            (root / part / str(session)).mkdir(parents=True)
            (root / part / str(session) / ".DS_Store").write_bytes(b"\0")
            (root / part / str(session) / "readme.txt").write_text("read me")
        for name in names:
            for part, arrays in zip(("eeg_feature_smooth", "eye_feature_smooth"),
                                    content(int(name.split("_")[0]), session), strict=True):
                savemat(root / part / str(session) / name, arrays)
    return root


@pytest.fixture
def copy(original, tmp_path):
    return shutil.copytree(original, tmp_path / "copy")


def change(root, part, edit, name=VICTIM, session=1):
    path = root / f"{part}_feature_smooth" / str(session) / name
    arrays = {key: array for key, array in loadmat(path).items() if not key.startswith("__")}
    edit(arrays)
    savemat(path, arrays)


def test_trials_and_signals(original):
    cohort = seed_iv.read(original)
    assert (cohort.name, cohort.tier, cohort.caption,
            dict(cohort.dropped)) == ("seed-iv", "licensed", "SEED-IV (real recordings)", {})
    assert [(t.session, t.subject, t.trial)
            for t in cohort] == [(s, n, t) for s in "123" for n in (1, 2, 10) for t in range(1, 25)]
    assert [t.labels["emotion"] for t in cohort[24:48]] == list(SEED_IV_LABELS[1])
    assert cohort[30].stimulus == "1-7" and cohort[30].files["eeg"].endswith(
        "eeg_feature_smooth/1/2_20150915.mat")
    for trial in cohort[0], cohort[30], cohort[71]:
        eeg, eye = pickle.loads(pickle.dumps(trial)).load("eeg"), trial.load("eye")
        n = 3 + (int(trial.session) + trial.trial) % 3
        assert eeg.data.shape == (62, n, 5) and eye.data.shape == (
            31, n) and eeg.data.dtype == eye.data.dtype == np.float64
        assert (eeg.rate, eeg.unit, eeg.channels, eye.rate) == (0.25, "nats", CHANNELS, 0.25)
        expected = value(trial.subject, int(trial.session), trial.trial)
        assert eeg.data[3, -1,
                        2] == pytest.approx(expected + 300 +
                                            2e4) and eye.data[7, 0] == pytest.approx(expected + 7)
        assert eye.channels[0] == "eye 1" and eye.channels[-1] == "eye 31"
    assert np.flatnonzero(np.isnan(cohort[2].load("eye").data)).size == 1
    np.testing.assert_array_equal(
        seed_iv.read(original, "de_movingAve")[0].load("eeg").data, -cohort[0].load("eeg").data)
    with pytest.raises(ValueError, match="smooth: expected one of"):
        seed_iv.read(original, "de_lds")


def test_labels_splits_and_channels():
    assert all(Counter(labels) == dict.fromkeys(range(4), 6) for labels in SEED_IV_LABELS.values())
    assert all(Counter(labels) == dict.fromkeys(range(5), 3) for labels in SEED_V_LABELS.values())
    assert split("16/8") == [(tuple(range(1, 17)), tuple(range(17, 25)))
                             ] and split("9/6") == [(tuple(range(1, 10)), tuple(range(10, 16)))]
    test_counts = [
        np.bincount([SEED_IV_LABELS[s][t - 1] for t in split("16/8")[0][1]], minlength=4).tolist()
        for s in (1, 2, 3)
    ]
    assert test_counts == [[2, 0, 2, 4], [2, 3, 1, 2], [4, 1, 2, 1]]
    assert len(split("3fold")) == 3 and sorted(t for _, test in split("3fold")
                                               for t in test) == list(range(1, 16))
    assert all(
        sorted(labels[t - 1] for t in test) == [0, 1, 2, 3, 4] for labels in SEED_V_LABELS.values()
        for _, test in split("3fold"))
    assert all(
        set(train).isdisjoint(test) for name in ("16/8", "9/6", "3fold")
        for train, test in split(name))
    assert len(set(CHANNELS)) == len(set(MNE_NAMES)) == 62
    assert set(MNE_NAMES) <= set(mne.channels.make_standard_montage("colin27_1005").ch_names)


def _replace(key, array):
    return lambda arrays: arrays.update({key: array})


TRIAL = {
    "other length": ("eye", _replace("eye_5", np.zeros(
        (31, 9))), "eye_5 with 3 windows, as many as the EEG of the same trial, found 9"),
    "61 channels": ("eeg", _replace("de_LDS5", np.zeros(
        (61, 3, 5))), r"de_LDS5 \(62, windows, 5\), found float64 \(61, 3, 5\)"),
    "4 bands": ("eeg", _replace("de_LDS5", np.zeros((62, 3, 4))), r"found float64 \(62, 3, 4\)"),
    "30 eye features": ("eye", _replace("eye_5", np.zeros(
        (30, 3))), r"eye_5 \(31, windows\), found float64 \(30, 3\)"),
    "NaN in EEG": ("eeg", lambda arrays: np.put(arrays["de_LDS5"], 7, np.nan),
                   "finite numbers in de_LDS5, found 1"),
    "text": ("eeg", _replace("de_LDS5", "none"), r"de_LDS5 \(62, windows, 5\), found"),
    "one key missing": ("eye", lambda arrays: arrays.pop("eye_5"),
                        "the array eye_5, found 23 others of its kind"),
}


@pytest.mark.parametrize("case", TRIAL)
def test_a_bad_trial_is_left_out_with_its_reason(copy, case, caplog):
    part, edit, reason = TRIAL[case]
    change(copy, part, edit)
    with caplog.at_level(logging.WARNING):
        cohort = seed_iv.read(copy)
    assert len(cohort) == 9 * 24 - 1 and list(
        cohort.dropped) == ["seed-iv subject 2 session 1 trial 5"] and "1 trials" in caplog.text
    message = cohort.dropped["seed-iv subject 2 session 1 trial 5"]
    assert re.search(reason, message) and str(
        copy / f"{part}_feature_smooth" / "1" / VICTIM) in message and "Get the original" in message


def _renamed(arrays):
    for key in list(arrays):
        arrays[key.replace("de_LDS", "de_lds_")] = arrays.pop(key)


RECORDING = {
    "no eye file": (
        "eye", None,
        "eye_feature_smooth/1/2_20150915.mat: expected the features of one subject and session, "
        "found no such"),
    "no EEG file": (
        "eeg", None,
        "eeg_feature_smooth/1/2_20150915.mat: expected the features of one subject and session, "
        "found no such"),
    "renamed keys": ("eeg", _renamed, "arrays de_LDS1 to de_LDS24, found none of them, but"),
    "not MATLAB": ("eeg", b"0" * 300, "a MATLAB 5 file"),
}


@pytest.mark.parametrize("case", RECORDING)
def test_a_bad_file_takes_no_other_down(copy, case):
    part, edit, reason = RECORDING[case]
    path = copy / f"{part}_feature_smooth" / "1" / VICTIM
    if edit is None:
        path.unlink()
    elif isinstance(edit, bytes):
        path.write_bytes(edit)
    else:
        change(copy, part, edit)
    cohort = seed_iv.read(copy)
    assert len(cohort) == 8 * 24 and list(cohort.dropped) == [
        f"session 1/{VICTIM}"
    ] and reason in cohort.dropped[f"session 1/{VICTIM}"]


@pytest.mark.parametrize("name", ["9_20151028.mat", VICTIM.replace("_", "_1")])
def test_a_subject_is_read_from_one_file_and_a_file_for_one_subject(copy, name):
    before = len(seed_iv.read(copy))
    for part in ("eeg_feature_smooth", "eye_feature_smooth"):
        shutil.copy(copy / part / "1" / VICTIM, copy / part / "1" / name)
    cohort = seed_iv.read(copy)
    assert len(cohort) == before - 24 and cohort.dropped.keys() == {
        f"session 1/{VICTIM}", f"session 1/{name}"
    }


def test_a_missing_session_is_told_and_listed(copy):
    assert [file for file in seed_iv.files(copy) if not (copy / file).is_file()] == [] and len(
        seed_iv.files(copy)) == 18
    shutil.rmtree(copy / "eeg_feature_smooth" / "2")
    shutil.rmtree(copy / "eye_feature_smooth" / "2")
    cohort = seed_iv.read(copy)
    assert {t.session for t in cohort
            } == {"1", "3"} and "one <subject>_<date>.mat" in cohort.dropped["eeg_feature_smooth/2"]
    lacking = [file for file in seed_iv.files(copy) if not (copy / file).is_file()]
    assert len(lacking) == 6 and lacking[0] == "eeg_feature_smooth/2/1_<date>.mat"


def test_an_empty_folder_is_one_message(tmp_path):
    with pytest.raises(
            BadFile, match="at least one readable trial of SEED-IV, found none; the first reason"):
        seed_iv.read(tmp_path)


def test_a_simulated_cohort_says_so(copy):
    (copy / "SIMULATED.txt").write_text("simulated")
    with pytest.raises(BadFile, match="the end of a simulated cohort"):
        seed_iv.read(copy)
    (copy / "truth.json").write_text(json.dumps({"effect": 0.5, "seed": 7}))
    cohort = seed_iv.read(copy)
    assert (cohort.name, cohort.tier,
            cohort.caption) == ("seed-iv-simulated", "simulated",
                                "simulated cohort, effect = 0.5, seed = 7")
    (copy / "truth.json").write_text("{}")
    with pytest.raises(BadFile, match="effect and seed"):
        seed_iv.read(copy)


def test_linked_folders_capital_endings_and_dead_links(copy, tmp_path):
    session = copy / "eeg_feature_smooth/1"
    (session / "2_20150915.mat").rename(session / "2_20150915.MAT")
    (copy / "eye_feature_smooth/1/2_20150915.mat").rename(copy /
                                                          "eye_feature_smooth/1/2_20150915.MAT")
    (session / "10_20151014.mat").unlink()
    (session / "10_20151014.mat").symlink_to("nowhere")
    session.rename(tmp_path / "elsewhere")
    session.symlink_to(tmp_path / "elsewhere")
    cohort = seed_iv.read(copy)
    assert {t.subject for t in cohort if t.session == "1"} == {1, 2}
    assert list(cohort.dropped) == ["session 1/10_20151014.mat"]
