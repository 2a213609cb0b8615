"""The reader of SEED-V and its converter on a tiny copy whose every number is known."""

from __future__ import annotations

import os
import pickle
import re
import shutil

import numpy as np
import pytest

from lib.datasets import seed_v
from lib.datasets.base import BadFile
from lib.datasets.seed_format import CHANNELS, SEED_V_LABELS

LABELS = [label for labels in SEED_V_LABELS.values() for label in labels]
FOLDERS = {"eeg": "EEG_DE_features", "eye": "Eye_movement_features"}


def content(subject):
    eeg = {
        k: subject * 1000 + k + np.arange(310) / 1000 + np.arange(2 + k % 3)[:, None]
        for k in range(45)
    }
    return eeg, {k: np.full((2 + k % 3, 33), subject + k / 100.0) for k in range(45)}


def labels():
    # the owner's are floats in places
    return {k: np.full(2 + k % 3, float(label)) for k, label in enumerate(LABELS)}


def write(root, modality, subject, data, label, protocol=4):
    np.savez(root / FOLDERS[modality] / f"{subject}_123.npz", data=pickle.dumps(data, protocol),
             label=pickle.dumps(label, protocol))


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "seed-v"
    for folder in FOLDERS.values():
        (root / folder).mkdir(parents=True)
        (root / folder / "readme.txt").write_text("read me")
    for subject, protocol in ((1, 2), (2, 4), (10, 5)):
        for modality, data in zip(FOLDERS, content(subject), strict=True):
            write(root, modality, subject, data, labels(), protocol)
    return root


def test_trials_and_signals(root):
    cohort = seed_v.read(root)
    assert (cohort.name, cohort.tier, cohort.caption,
            dict(cohort.dropped)) == ("seed-v", "licensed", "SEED-V (real recordings)", {})
    assert [(t.subject, t.session, t.trial)
            for t in cohort] == [(n, s, t) for n in (1, 2, 10) for s in "123" for t in range(1, 16)]
    assert [t.labels["emotion"] for t in cohort] == LABELS * 3 and cohort[17].stimulus == "2-3"
    eeg, eye = pickle.loads(pickle.dumps(cohort[45 + 17])).load("eeg"), cohort[45 + 17].load("eye")
    assert eeg.data.shape == (62, 4, 5) and eye.data.shape == (
        33, 4) and eeg.data.dtype == eye.data.dtype == np.float64
    assert type(eeg.data) is np.ndarray and (eeg.rate, eeg.unit, eeg.channels, len(
        eye.channels)) == (0.25, "nats", CHANNELS, 33)
    # channel by channel, five bands each
    assert eeg.data[7, 2, 3] == pytest.approx(2000 + 17 + (7 * 5 + 3) / 1000 + 2)
    np.testing.assert_array_equal(eye.data, np.full((33, 4), 2.17))


def test_converted_arrays_read_the_same_and_need_no_pickle(root, tmp_path):
    write(root, "eye", 2, {**content(2)[1], 4: np.zeros((3, 32))}, labels())
    paths = seed_v.convert(root, tmp_path / "plain")
    assert [path.name for path in paths] == ["1_123.npz", "2_123.npz", "10_123.npz"]
    assert sorted(path.name for path in (tmp_path / "plain").iterdir()) == sorted(path.name
                                                                                  for path in paths)
    with np.load(paths[0], allow_pickle=False) as archive:
        assert archive["eeg_00"].shape == (62, 2, 5) and archive["eye_44"].shape == (
            33, 4) and archive["label_01"] == 1
    before, after = seed_v.read(root), seed_v.read(tmp_path / "plain")
    assert len(before) == len(after) == 134 and list(after.dropped) == list(
        before.dropped) == ["seed-v subject 2 session 1 trial 5"]
    for a, b in zip(before, after, strict=True):
        assert (a.subject, a.session, a.trial, a.stimulus,
                a.labels) == (b.subject, b.session, b.trial, b.stimulus, b.labels)
        for modality in FOLDERS:
            np.testing.assert_array_equal(a.load(modality).data, b.load(modality).data)
            assert a.load(modality).channels == b.load(modality).channels
    assert [path.read_bytes() for path in seed_v.convert(tmp_path / "plain", tmp_path / "again")
            ] == [path.read_bytes() for path in paths]


def test_a_converted_simulation_stays_one(root, tmp_path):
    (root / "SIMULATED.txt").write_text("simulated")
    (root / "truth.json").write_text('{"effect": 1, "seed": 3}')
    seed_v.convert(root, tmp_path / "plain")
    assert seed_v.read(
        tmp_path /
        "plain").caption == seed_v.read(root).caption == "simulated cohort, effect = 1, seed = 3"


def test_a_file_that_changes_with_the_same_time_or_the_same_size_is_read_anew(root):
    path, trial = root / FOLDERS["eeg"] / "2_123.npz", seed_v.read(root)[45]
    before = path.stat()
    eeg = content(2)[0]
    for factor in (2, 3):
        write(root, "eeg", 2, {k: factor * array for k, array in eeg.items()}, labels())
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert path.stat().st_size == before.st_size
        assert trial.load("eeg").data[0, 0, 0] == factor * eeg[0][0, 0]


TRIAL = {
    "other length": ("eye", {4: np.zeros(
        (9, 33))}, {}, "with 3 windows, as many as the EEG of the same trial, found 9"),
    "300 features": ("eeg", {4: np.zeros(
        (3, 300))}, {}, r"\(62, windows, 5\), found float64 \(3, 300\)"),
    "31 eye features": ("eye", {4: np.zeros(
        (3, 31))}, {}, r"\(33, windows\), found float64 \(31, 3\)"),
    "infinite": ("eeg", {4: np.full((3, 310),
                                    np.inf)}, {}, "finite numbers in trial 4, .* found 930"),
    "no windows": ("eeg", {4: np.zeros((0, 310))}, {}, r"found float64 \(0, 310\)"),
    "another emotion": ("eeg", {}, {4: np.full(3, 2.0)},
                        r"label 0 all through trial 4, found \[2.0\]"),
    "changing emotion": ("eye", {}, {4: np.array([0.0, 0.0, 1.0])},
                         r"label 0 all through trial 4, found \[0.0, 1.0\]"),
    "labels of another length": ("eye", {}, {4: np.zeros(4)},
                                 "a label for each of the 3 windows of trial 4, found 4"),
    "infinite eye": ("eye", {4: np.full(
        (3, 33), -np.inf)}, {}, "numbers or NaN in trial 4, .* found 99 infinite"),
    "no such trial": ("eeg", {4: None}, {},
                      r"data and label of trial 4 \(from 0\), found 44 of 45"),
}


@pytest.mark.parametrize("case", TRIAL)
def test_a_bad_trial_is_left_out_with_its_reason(root, case):
    modality, data, label, reason = TRIAL[case]
    good = dict(zip(FOLDERS, content(2), strict=True))[modality]
    write(root, modality, 2,
          {k: array for k, array in {**good, **data}.items() if array is not None},
          {**labels(), **label})
    cohort = seed_v.read(root)
    assert len(cohort) == 134 and list(cohort.dropped) == ["seed-v subject 2 session 1 trial 5"]
    message = cohort.dropped["seed-v subject 2 session 1 trial 5"]
    assert re.search(reason, message) and str(
        root / FOLDERS[modality] / "2_123.npz") in message and "Get the original" in message


def test_more_than_the_trials_there_are_or_than_the_pickle(root):
    data, label = content(2)[0], labels()
    write(root, "eeg", 2, {**data, 45: data[44]}, {**label, 45: label[44]})
    assert "trials 0 to 44, found trial 45 too" in seed_v.read(root).dropped["2_123.npz"]
    write(root, "eeg", 2, {**data, "4": data[44]}, label)
    assert "one trial under two keys" in seed_v.read(root).dropped["2_123.npz"]
    twice = pickle.dumps(data)
    np.savez(root / FOLDERS["eeg"] / "2_123.npz", data=twice + twice, label=pickle.dumps(label))
    assert f"{len(twice)} bytes after its end" in seed_v.read(root).dropped["2_123.npz"]


class Payload:
    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return os.system, (f"echo ran > {self.file}",)


def test_a_bad_file_takes_no_other_down_and_runs_nothing(root, tmp_path):
    path = root / "EEG_DE_features" / "2_123.npz"
    write(root, "eeg", 2, {**content(2)[0], 7: Payload(tmp_path / "ran")}, labels())
    np.savez(root / "EEG_DE_features" / "3_123.npz", data=np.array({0: 1}, dtype=object), label=1)
    np.savez(root / "EEG_DE_features" / "4_123.npz", eeg=np.zeros(3))
    write(root, "eeg", 5, [1, 2], labels())
    (root / "EEG_DE_features" / "6_123.npz").write_bytes(b"no zip")
    write(root, "eye", 7, content(7)[1], labels())
    cohort = seed_v.read(root)
    assert {trial.subject for trial in cohort} == {1, 10} and not (tmp_path / "ran").exists()
    reasons = {
        "2": r"found \w+\.system\. Nothing in it was run",
        "3": "an .npz file of plain arrays, found ValueError: Object arrays",
        "4": "arrays data and label, or eeg_00 to eeg_44, found eeg",
        "5": "in data a dictionary of arrays, by trial, found list",
        "6": "an .npz file of plain arrays",
        "7": "EEG_DE_features/7_123.npz: expected the eeg features of one subject, found no"
    }
    assert list(cohort.dropped) == [f"{subject}_123.npz" for subject in reasons]
    for subject, reason in reasons.items():
        assert re.search(reason, cohort.dropped[f"{subject}_123.npz"]), cohort.dropped
    assert str(path) in cohort.dropped["2_123.npz"]


@pytest.mark.parametrize("name", ["9_123.npz", "02_123.npz"])
def test_a_subject_is_read_from_one_file_and_a_file_for_one_subject(root, name):
    before = len(seed_v.read(root))
    for part in ("EEG_DE_features", "Eye_movement_features"):
        shutil.copy(root / part / "2_123.npz", root / part / name)
    cohort = seed_v.read(root)
    assert len(cohort) == before - 45 and cohort.dropped.keys() == {"2_123.npz", name}


def test_files_and_an_empty_folder(root, tmp_path):
    assert len(seed_v.files(root)) == 32 and sum(not (root / file).is_file()
                                                 for file in seed_v.files(root)) == 26
    shutil.rmtree(root / "EEG_DE_features")
    with pytest.raises(
            BadFile, match=
            r"at least one readable trial of SEED-V, found none; the first reason: .*1_123\.npz"):
        seed_v.read(root)
    with pytest.raises(BadFile, match="found none; the first reason: no such file"):
        seed_v.read(tmp_path / "nowhere")


def test_a_conversion_never_writes_over_what_is_there(root, tmp_path):
    seed_v.convert(root, tmp_path / "plain")
    before = {file: file.read_bytes() for file in sorted(tmp_path.rglob("*_123.npz"))}
    for target in (root, root / "EEG_DE_features", tmp_path / "plain"):
        with pytest.raises(BadFile, match="a folder of its own"):
            seed_v.convert(root, target)
    assert before == {file: file.read_bytes() for file in sorted(tmp_path.rglob("*_123.npz"))}
