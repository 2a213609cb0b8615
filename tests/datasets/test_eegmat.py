"""The reader of EEGMAT on files in its exact layout whose every sample is known."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import edfio
import numpy as np
import pytest

from lib.datasets import catalogue, eegmat, registry
from lib.datasets.base import BadFile

LABELS = [
    f"EEG {name}" for name in "Fp1 Fp2 F3 F4 F7 F8 T3 T4 C3 C4 T5 T6 P3 P4 O1 O2 Fz Cz Pz".split()
]
ALL = [*LABELS, "EEG A2-A1", "ECG ECG"]


def write(path, labels=ALL, rate=500, seconds=3):
    """As the owner's files: a constant per channel, ten times its place in ``ALL``; the last sample
    tells files apart."""
    own = np.zeros(rate * seconds)
    own[-1] = float(path.stem[-4:].replace("_", ""))
    signals = [
        edfio.EdfSignal(own + 10.0 * ALL.index(label), rate, label=label, physical_dimension="uV",
                        physical_range=(-3276.8, 3276.7)) for label in labels
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    edfio.Edf(signals, data_record_duration=1.0).write(path)


@pytest.fixture
def folder(tmp_path):
    for name, labels in (("Subject00_1", ALL), ("Subject00_2", ALL[::-1]), ("Subject07_2", ALL)):
        write(tmp_path / "eegmat" / f"{name}.edf", labels)
    (tmp_path / "eegmat" / "subject-info.csv").write_text("Subject,Age\n")
    return tmp_path / "eegmat"


def test_channels_are_taken_by_name_in_any_order(folder):
    cohort = eegmat.read(folder)
    table = cohort.table()
    assert table[["subject", "stimulus",
                  "state", "seconds"]].to_numpy().tolist() == [[0, "rest", 0, 3.0],
                                                               [0, "arithmetic", 1, 3.0],
                                                               [7, "arithmetic", 1, 3.0]]
    for trial in cohort:
        eeg, ecg = trial.load("eeg"), trial.load("ecg")
        assert eeg.channels == eegmat.CHANNELS and (eeg.rate, eeg.unit) == (500, "uV")
        np.testing.assert_allclose(eeg.data[:, 0], 10.0 * np.arange(19), atol=0.06)
        assert ecg.data.shape == (1, 1500)
        assert ecg.data[0, 0] == pytest.approx(200, abs=0.06)


def test_what_is_wrong_is_left_out_with_its_reason(folder):
    write(folder / "Subject01_1.edf", [label for label in ALL if label != "ECG ECG"])
    write(folder / "Subject01_2.edf", [label for label in ALL if label != "EEG T3"])
    write(folder / "Subject02_1.edf", rate=500)
    data = (folder / "Subject02_1.edf").read_bytes()
    (folder / "Subject02_1.edf").write_bytes(data[:-500])
    shutil.copyfile(folder / "Subject07_2.edf", folder / "Subject03_1.edf")
    cohort = eegmat.read(folder)
    assert [trial.subject for trial in cohort] == [0, 0]
    words = {
        "Subject01_1.edf": "no ECG", "Subject01_2.edf": "no T7", "Subject02_1.edf": "cut short",
        "Subject03_1.edf": "Subject07_2.edf", "Subject07_2.edf": "Subject03_1.edf"
    }
    assert set(cohort.dropped) == set(words)
    assert all(word in cohort.dropped[name] for name, word in words.items())


def test_both_states_last_equally_long_whatever_the_files_hold(folder):
    write(folder / "Subject05_1.edf", seconds=70)
    cohort = eegmat.equally_long(eegmat.read(folder))
    assert [trial.load("eeg").data.shape[1] for trial in cohort] == [1500, 1500, 31000, 1500]
    long = cohort[2].load("ecg")
    assert (long.rate, long.unit, long.data.shape) == (500, "uV", (1, 31000))
    assert cohort.caption.endswith("their first 62 s")


def test_the_caption_tells_whole_files_that_are_not_as_their_owners(folder):
    assert "not all" not in eegmat.read(folder).caption
    known = catalogue.DATASETS["eegmat"].read(folder)
    assert known.caption.endswith("; not all files are as long as their owner's")


def test_it_is_found_and_an_empty_folder_is_refused(folder, tmp_path):
    found = registry.find("eegmat", tmp_path)
    assert found.tier == "public" and found.missing.startswith("69 of 72 files")
    with pytest.raises(BadFile, match=r"Subject00_1\.edf"):
        eegmat.read(tmp_path)
    with pytest.raises(FileNotFoundError, match="make data"):
        registry.require("eegmat", "public", tmp_path / "nowhere")


REAL = Path(os.environ.get("TEST_DATA", "nowhere")) / "eegmat"


@pytest.mark.skipif(not REAL.is_dir(), reason="TEST_DATA names no folder with eegmat")
def test_real_recordings():
    cohort = eegmat.read(REAL)
    assert len(cohort) == 72 and not cohort.dropped
    spread = [trial.load("eeg").data.std(axis=1) for trial in list(cohort)[::9]]
    assert 1 < np.median(spread) < 50
