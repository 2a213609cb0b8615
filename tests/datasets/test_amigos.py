"""The AMIGOS reader on files whose every sample is known, with each gap and fault that was seen or
can happen."""

from __future__ import annotations

import json
import logging
import pickle
import struct
import zlib

import numpy as np
import pytest
from scipy.io import savemat

from lib.datasets import amigos
from lib.datasets import amigos_format as layout
from lib.datasets.base import BadFile

N = 700  # samples per cell, 60 of them after the baseline
REPORTS = (2, 7, 3, 4, 5, 0, 0, 1, 0, 0, 0, 0)  # arousal 2, valence 7, ..., happiness
DROPPED = {  # variable -> what stands in cell 5, the reason
    "16 columns": ({"joined_data": np.zeros((N, 16))}, r"expected signals of shape \(more than "
                                                       r"640, 17\), found float64 \(700, 16\)"),
    "only baseline": ({"joined_data": np.zeros((640, 17))}, "more than 640"),
    "no numbers": ({"joined_data": np.array(["text"])}, "expected signals"),
    "11 reports": ({"labels_selfassessment": np.ones((1, 11))}, r"expected 12 self-reports in a "
                                                                r"row, found float64 \(1, 11\)"),
    "rating 0": ({"labels_selfassessment": np.array([[5, 0, *REPORTS[2:]]])}, "from 1 to 9, "
                                                                              "found .*0"),
    "rating NaN": ({"labels_selfassessment": np.array([[5, np.nan, *REPORTS[2:]]])}, "from 1 to 9"),
    "no video": ({"VideoIDs": np.empty((0, 0))}, "a name in VideoIDs"),
    "no T7": ({"joined_data": np.where(np.arange(17) == 4, np.nan, np.ones((N, 1)))},
              "finite samples .* found none in T7"),
    "no left arm": ({"joined_data": np.where(np.arange(17) == 15, np.inf, np.ones((N, 1)))},
                    "found none in ECG left"),
    "both missing": ({"joined_data": np.empty((0, 0)), "labels_selfassessment": np.empty((1, 0))},
                     "^no signal, no self-report$"),
    "signals missing": ({"joined_data": np.empty((0, 0))}, "^no signal$"),
    "signals empty": ({"joined_data": np.empty((0, 17))}, "^no signal$"),
    "reports missing": ({"labels_selfassessment": np.empty((1, 0))}, "^no self-report$"),
}


def content(subject=1, **changes):
    """20 cells; ``changes`` replace cell 5 of a variable."""
    ramp = np.arange(N)[:, None] + 1000.0 * np.arange(17) + subject / 100
    cells = {
        "joined_data": [ramp + i / 1000 for i in range(20)],
        "labels_selfassessment": [np.array([REPORTS], float)] * 20,
        "VideoIDs": [np.array([v]) for v in (*layout.SHORT_VIDEOS[::-1], *layout.LONG_VIDEOS)],
        "labels_ext_annotation": [np.array([[1, 0.5, -0.25], [2, 0.75, -0.5]])] * 20
    }
    out = {}
    for name, values in cells.items():
        out[name] = np.empty((1, 20), object)
        out[name][0, :] = values
        if name in changes:
            out[name][0, 4] = changes[name]
    return out


def write(folder, subject=1, nested=False, options=(), **changes):
    name = layout.file_name(subject)
    path = folder / name.removesuffix(".mat") / name if nested else folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, content(subject, **changes), **dict(options))
    return path


def test_trials_in_order_with_arousal_first(tmp_path):
    write(tmp_path, 2)
    write(tmp_path, 1, nested=True)
    cohort = amigos.read(tmp_path)
    assert (cohort.name, cohort.tier, len(cohort), dict(cohort.dropped)) == ("amigos", "licensed",
                                                                             40, {})
    assert [(t.subject, t.trial) for t in cohort] == [(s, i) for s in (1, 2) for i in range(1, 21)]
    assert [t.session for t in cohort[:20]] == ["short"] * 16 + ["long"] * 4
    assert (cohort[0].stimulus, cohort[15].stimulus, cohort[16].stimulus) == ("138", "4", "N1")
    labels = cohort[0].labels
    assert (labels["arousal"], labels["valence"], labels["happiness"],
            labels["sadness"]) == (2.0, 7.0, 1.0, 0.0)
    assert list(labels)[:12] == list(
        layout.SELF_REPORTS) and cohort[0].name == "amigos subject 1 trial 1"
    np.testing.assert_array_equal(labels["external_valence"], [0.5, 0.75])
    np.testing.assert_array_equal(labels["external_arousal"], [-0.25, -0.5])


def test_signals_are_the_columns_from_five_seconds_before_the_video(tmp_path):
    write(tmp_path, nested=True)
    trial = pickle.loads(pickle.dumps(amigos.read(tmp_path)[3]))
    for modality, first, unit in (("eeg", 0, "uV"), ("ecg", 14, "mV"), ("gsr", 16, "")):
        signal = trial.load(modality)
        assert (signal.rate, signal.start, signal.unit) == (128.0, -5.0, unit)
        assert signal.channels == layout.ALL_CHANNELS[first:first + len(signal.data)]
        expected = np.arange(N) + 1000.0 * (first + np.arange(len(signal.data)))[:, None] + 0.013
        np.testing.assert_allclose(signal.data, expected)
    # as public loaders have it
    assert [layout.ALL_CHANNELS.index(c)
            for c in layout.EEG_CHANNELS] == [1, 2, 4, 5, 6, 7, 8, 9, 11, 12]
    assert layout.ALL_CHANNELS.index(layout.ECG_LEFT) == 15
    trial.load("eeg").data[:] = 0  # what is handed out is the caller's own
    assert trial.load("eeg").data[1, 0] == pytest.approx(1000.013)


def test_a_subject_is_read_once_and_a_changed_file_anew(tmp_path):
    write(tmp_path, nested=True)
    write(tmp_path, VideoIDs=np.array(["flat"]))
    cohort = amigos.read(tmp_path)
    assert len(cohort) == 20 and cohort[4].stimulus == "flat"  # the file nearest to the folder
    signals = np.full((N + 1, 17), 5.0)
    write(tmp_path, joined_data=signals)
    np.testing.assert_array_equal(cohort[4].load("eeg").data, signals[:, :14].T)


@pytest.mark.parametrize("case", DROPPED)
def test_a_faulty_cell_is_left_out_with_its_reason(tmp_path, case, caplog):
    changes, reason = DROPPED[case]
    write(tmp_path, **changes)
    with caplog.at_level(logging.WARNING):
        cohort = amigos.read(tmp_path)
    assert [t.trial for t in cohort] == [i for i in range(1, 21) if i != 5] and list(
        cohort.dropped) == ["amigos subject 1 trial 5"]
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(cohort.dropped["amigos subject 1 trial 5"])
    # cells without content belong to the format, damage does not
    empty = cohort.dropped["amigos subject 1 trial 5"].startswith("no ")
    assert ("amigos subject 1 trial 5" in caplog.text) == (not empty)


def test_a_stretch_of_nan_and_a_dead_unused_channel_are_kept(tmp_path):
    signals = np.ones((N, 17))
    signals[650:660, 4], signals[:, 0], signals[:, 14] = np.nan, np.nan, np.nan
    write(tmp_path, joined_data=signals)
    cohort = amigos.read(tmp_path)
    assert len(cohort) == 20 and np.isnan(cohort[4].load("eeg").data[4]).sum() == 10


def test_a_faulty_file_leaves_the_other_subjects(tmp_path):
    write(tmp_path, 1)
    (tmp_path / layout.file_name(2)).write_bytes(b"not MATLAB" * 50)
    savemat(tmp_path / layout.file_name(3), {"joined_data": np.zeros(3)})
    short = {name: cells[:, :19] for name, cells in content().items()}
    savemat(tmp_path / layout.file_name(4), short)
    cohort = amigos.read(tmp_path)
    assert {t.subject for t in cohort} == {1}
    for subject, reason in ((2, "a MATLAB 5 file"), (3, "found no labels_selfassessment, VideoIDs"),
                            (4, "cell arrays of 20")):
        assert reason in cohort.dropped[layout.file_name(subject)]


def test_a_file_copied_under_another_subject_is_left_out_with_its_original(tmp_path):
    for subject in (1, 2):
        write(tmp_path, subject)
    (tmp_path / layout.file_name(3)).write_bytes((tmp_path / layout.file_name(1)).read_bytes())
    cohort = amigos.read(tmp_path)
    assert {trial.subject for trial in cohort} == {2}
    assert {layout.file_name(1), layout.file_name(3)} <= cohort.dropped.keys()


def test_without_external_annotation(tmp_path):
    savemat(tmp_path / layout.file_name(1),
            {name: cells for name, cells in content().items() if name != "labels_ext_annotation"})
    cohort = amigos.read(tmp_path)
    assert list(cohort[0].labels) == list(layout.SELF_REPORTS)
    assert dict(
        cohort.dropped) == {"amigos subject 1 external annotation": "no labels_ext_annotation"}


def test_a_malformed_external_annotation_is_said_and_the_trials_are_read(tmp_path, caplog):
    cells = content()
    short = cells["labels_ext_annotation"][:, :19]
    savemat(tmp_path / layout.file_name(1), cells | {"labels_ext_annotation": short})
    write(tmp_path, 2, labels_ext_annotation=np.zeros((2, 4)))
    write(tmp_path, 3, labels_ext_annotation=np.empty((0, 0)))  # none, as the format may have it
    with caplog.at_level(logging.WARNING):
        cohort = amigos.read(tmp_path)
    assert len(cohort) == 60 and "2 trials or files left out, 60 read" in caplog.text
    assert list(cohort.dropped) == [
        "amigos subject 1 external annotation", "amigos subject 2 trial 5 external annotation"
    ]
    for why, found in zip(
            cohort.dropped.values(),
        ("a cell array of 20, found object (1, 19)", "(n, 3), found float64 (2, 4)"), strict=True):
        assert found in why and why.endswith("read without it.")
    assert ["external_valence" in trial.labels
            for trial in cohort] == [False] * 20 + [i != 4 for i in range(20)] * 2


def test_a_compressed_member_that_fails_the_check_is_read_with_a_warning(tmp_path, caplog):
    path = write(tmp_path, options={"do_compression": True})
    raw = path.read_bytes()
    kind, size = struct.unpack("<II", raw[128:136])
    assert kind == 15
    # more inside than the array needs
    longer = zlib.compress(zlib.decompress(raw[136:136 + size]) + b"\0" * 8)
    path.write_bytes(raw[:128] + struct.pack("<II", 15, len(longer)) + longer + raw[136 + size:])
    with caplog.at_level(logging.WARNING):
        assert len(amigos.read(tmp_path)) == 20
    assert "more in its compressed data than the variables" in caplog.text


def test_one_message_where_nothing_is_usable(tmp_path):
    with pytest.raises(BadFile,
                       match=r"Data_Preprocessed_P01\.mat to P40\.mat.*found none\. Unpack"):
        amigos.read(tmp_path)
    (tmp_path / layout.file_name(7)).write_bytes(b"0" * 300)
    with pytest.raises(BadFile, match=r"none in 1 files; the first: .*P07\.mat"):
        amigos.read(tmp_path)
    path = write(tmp_path, 7)
    trial = amigos.read(tmp_path)[0]
    path.unlink()
    with pytest.raises(BadFile, match=r"P07\.mat: expected a subject's file, found no such file"):
        trial.load("eeg")


def test_files_of_a_complete_copy(tmp_path):
    write(tmp_path / "deep", 2)
    listed = amigos.files(tmp_path)
    assert len(listed) == 40
    assert listed[:2] == [
        "Data_Preprocessed_P01/Data_Preprocessed_P01.mat", "deep/Data_Preprocessed_P02.mat"
    ]
    (tmp_path / "truth.json").write_text('{"effect": 1, "seed": 0}')
    assert amigos.files(tmp_path) == ["deep/Data_Preprocessed_P02.mat"]


def test_a_simulated_cohort_says_so_and_does_not_mix_with_others(tmp_path):
    write(tmp_path, 1)
    write(tmp_path / "simulated", 2)
    (tmp_path / "simulated" / "SIMULATED.txt").write_text("simulated")
    assert {t.subject for t in amigos.read(tmp_path)} == {1}
    with pytest.raises(BadFile, match="the end of a simulated cohort"):
        amigos.read(tmp_path / "simulated")
    (tmp_path / "simulated" / "truth.json").write_text(json.dumps({"effect": 0.5, "seed": 7}))
    cohort = amigos.read(tmp_path / "simulated")
    assert (cohort.name, cohort.tier,
            cohort.caption) == ("amigos-simulated", "simulated",
                                "simulated cohort, effect = 0.5, seed = 7")
    (tmp_path / "simulated" / "truth.json").write_text("{}")
    with pytest.raises(BadFile, match="effect and seed"):
        amigos.read(tmp_path / "simulated")


def test_a_linked_subject_is_read_and_a_second_copy_is_named(tmp_path):
    write(tmp_path / "amigos", 1)
    write(tmp_path / "amigos", 1, nested=True)
    write(tmp_path / "other", 2, nested=True)
    linked = tmp_path / "amigos/Data_Preprocessed_P02"
    linked.symlink_to(tmp_path / "other/Data_Preprocessed_P02")
    cohort = amigos.read(tmp_path / "amigos")
    assert {t.subject for t in cohort} == {1, 2} and len(cohort) == 40
    assert list(cohort.dropped) == ["Data_Preprocessed_P01/Data_Preprocessed_P01.mat"]
