"""The readers of the unlabelled EEG corpora on files whose every sample is known."""

from __future__ import annotations

import os
import pickle

import edfio
import numpy as np
import pytest
from scipy.io import savemat

from lib.datasets import eeg_corpora, registry
from lib.datasets.amigos_format import EEG_CHANNELS
from lib.datasets.base import BadFile

OLD = {"T7": "T3", "T8": "T4", "P7": "T5", "P8": "T6"}
OTHERS = ("Cz", "A1", "A2", "Oz")
SHUFFLED = tuple(np.random.default_rng(0).permutation([*EEG_CHANNELS, *OTHERS]))


def value(name: str) -> float:
    """Microvolts that a channel holds: 100 x its place in the paper's order."""
    return 100.0 * EEG_CHANNELS.index(name) if name in EEG_CHANNELS else -1.0


def samples(names, n=50):
    return np.array([value(name) for name in names]) + np.arange(n)[:, None]


def cell(names):
    out = np.empty((len(names), 1), object)
    out[:, 0] = names
    return out


def write_way(path, names=SHUFFLED, rate=500.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(
        path,
        {"hs": {"eeg": {"sig": 10 * samples(names), "names": cell(names), "samplingrate": rate}}})


def write_csv(path, names=SHUFFLED):
    rows = [
        f"x_{i}," + ",".join(f"{v:.0f}" for v in row) for i, row in enumerate(10 * samples(names))
    ]
    path.write_text("\n".join([",".join(["id", *names]), *rows]))


def write_kaya(path, names=SHUFFLED, rate=200, sync="X3", backwards=False):
    o = {
        "sampFreq": rate, "chnames": cell([*(OLD.get(name, name) for name in names), sync]),
        "data": np.column_stack([samples(names), np.zeros(50)])
    }
    savemat(path, {"o": dict(reversed(o.items())) if backwards else o})


def write_edf(path, names=SHUFFLED, rate=160):
    path.parent.mkdir(parents=True, exist_ok=True)
    signals = [
        edfio.EdfSignal(np.resize(column, rate), rate, label=f"{name.capitalize():.<4}",
                        physical_dimension="uV", physical_range=(-3276.8, 3276.7))
        for name, column in zip(names,
                                samples(names).T, strict=True)
    ]
    edfio.Edf(signals, data_record_duration=1.0).write(path)


# corpus: reader, writer, two good files with (subject, trial) and rate, other options of the second
CORPORA = {
    "way": (eeg_corpora.read_way, write_way, ("P2/HS_P2_S1.mat", "P10/HS_P10_ST.mat"), [(2, 1),
                                                                                        (10, 10)],
            (500.0, 250.0), {"rate": 250}),
    "kaggle": (eeg_corpora.read_way, write_csv,
               ("subj2_series1_data.csv", "subj10_series9_data.csv"), [(2, 1),
                                                                       (10, 9)], (500.0,) * 2, {}),
    "eegmmidb": (eeg_corpora.read_eegmmidb, write_edf, ("S001/S001R01.edf", "S100/S100R14.edf"),
                 [(1, 1), (100, 14)], (160.0, 128.0), {"rate": 128}),
    "kaya": (eeg_corpora.read_kaya, write_kaya, ("CLASubjectA1601083StLRHand.mat",
                                                 "5F-SubjectB-160311-5St-SGLHand-HFREQ.mat"),
             [(1, 1), (2, 1)], (200.0, 1000.0), {"rate": 1000, "sync": "X5", "backwards": True}),
}


@pytest.fixture(params=CORPORA)
def corpus(request, tmp_path):
    """Reader, writer, folder and the two files in it."""
    read, write, files, *_, options = CORPORA[request.param]
    write(tmp_path / files[0])
    write(tmp_path / files[1], **options)
    return read, write, tmp_path, [tmp_path / file for file in files], request.param


def test_the_ten_channels_by_name_in_the_papers_order_and_microvolts(corpus):
    read, _, folder, _, case = corpus
    cohort = read(folder)
    assert cohort.tier == "public" and not cohort.dropped
    assert "real recordings, unlabelled" in cohort.caption
    assert [(trial.subject, trial.trial) for trial in cohort] == CORPORA[case][3]
    for trial, rate in zip(cohort, CORPORA[case][4], strict=True):
        signal = pickle.loads(pickle.dumps(trial)).load("eeg")
        assert trial.labels == {} and list(trial.loaders) == ["eeg"]
        assert (signal.channels, signal.rate, signal.unit, signal.start) == (tuple(EEG_CHANNELS),
                                                                             rate, "uV", 0.0)
        assert signal.data.dtype == np.float32 and signal.data.flags.c_contiguous
        # one step of the EDF is 0.1 uV
        np.testing.assert_allclose(signal.data[:, :50], samples(EEG_CHANNELS).T, atol=0.06)


def test_a_file_without_a_channel_is_left_out_and_the_channel_named(corpus):
    read, write, folder, files, _ = corpus
    write(files[0], names=tuple(name for name in SHUFFLED if name not in ("P7", "F4")))
    cohort = read(folder)
    assert len(cohort) == 1 and list(cohort.dropped) == [files[0].relative_to(folder).as_posix()]
    assert "found no P7 F4" in next(iter(cohort.dropped.values()))


DAMAGE = {
    "cut short": lambda content: content[:-200], "garbage": lambda content: b"garbage" * 99,
    "empty": lambda content: b""
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_files_are_left_out_and_nothing_left_is_an_error(corpus, damage):
    read, _, folder, files, case = corpus
    files[0].write_bytes(DAMAGE[damage](files[0].read_bytes()))
    cohort = read(folder)
    assert [trial.subject
            for trial in cohort] == [CORPORA[case][3][1][0]] and len(cohort.dropped) == 1
    assert "Get the file again" in (reason := next(iter(
        cohort.dropped.values()))) or "found no F7" in reason
    files[1].write_bytes(b"garbage" * 99)
    with pytest.raises(BadFile, match="nothing that can be read: "):
        read(folder)


@pytest.mark.parametrize("read",
                         [eeg_corpora.read_way, eeg_corpora.read_eegmmidb, eeg_corpora.read_kaya])
def test_an_empty_folder(read, tmp_path):
    with pytest.raises(BadFile, match="nothing that can be read: no such file"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("edit", "reason"),
    [(lambda lines: lines[:9] + lines[5:],
      "an id that counts the samples, found another one in line 10"),
     (lambda lines: lines[:9] + lines[12:], "another one in line 10"),
     (lambda lines: [*lines[:9], lines[9] + ",1", *lines[10:]],
      "15 columns separated by ',' in each line, found 16 in line 10"),
     (lambda lines: [*lines[:9], "x_8" + 14 * ",oops", *lines[10:]], "'oops' in line 10")])
def test_a_table_with_lines_that_are_doubled_lost_or_broken(tmp_path, edit, reason):
    write_csv(tmp_path / "subj2_series1_data.csv")
    write_csv(path := tmp_path / "subj1_series1_data.csv")
    path.write_text("\n".join(edit(path.read_text().splitlines())))
    cohort = eeg_corpora.read_way(tmp_path)
    assert len(cohort) == 1 and reason in cohort.dropped[path.name]


def test_windowed_files_of_way_are_not_read(tmp_path):
    write_way(tmp_path / "P1/HS_P1_S2.mat")
    write_way(tmp_path / "P1/WS_P1_S2.mat")
    cohort = eeg_corpora.read_way(tmp_path)
    assert [trial.stimulus for trial in cohort] == ["series 2"] and not cohort.dropped


def test_numbers_that_cannot_be_used(tmp_path):
    write_kaya(tmp_path / "CLASubjectA1.mat")
    write_kaya(tmp_path / "CLASubjectA2.mat", rate=0)
    write_kaya(tmp_path / "Somebody.mat")
    savemat(tmp_path / "CLASubjectB1.mat", {"o": {"sampFreq": 200, "chnames": cell(SHUFFLED)}})
    savemat(tmp_path / "CLASubjectB2.mat", {"p": 1})
    savemat(tmp_path / "CLASubjectC1.mat",
            {"o": {"sampFreq": 200, "chnames": cell(SHUFFLED), "data": samples(SHUFFLED)[:, :5]}})
    savemat(tmp_path / "CLASubjectC2.mat",
            {"o": {"sampFreq": 200, "chnames": cell(SHUFFLED), "data": samples(SHUFFLED) * np.nan}})
    dropped = eeg_corpora.read_kaya(tmp_path).dropped
    reasons = {
        "CLASubjectA2.mat": "a sampling rate from 50 to 20000 Hz, found 0",
        "Somebody.mat": "a name like the owner's",
        "CLASubjectB1.mat": "the field data, found no data", "CLASubjectB2.mat": "found no o",
        "CLASubjectC1.mat": r"one column per channel, found float64 (50, 5)",
        "CLASubjectC2.mat": "found 500 NaN"
    }
    assert dropped.keys() == reasons.keys()
    assert [name for name, reason in reasons.items() if reason not in dropped[name]] == []


def test_the_mark_makes_a_corpus_simulated(tmp_path):
    write_edf(tmp_path / "S001/S001R01.edf")
    (tmp_path / eeg_corpora.MARK).write_text("simulated corpus, seed = 7\n")
    cohort = eeg_corpora.read_eegmmidb(tmp_path)
    assert (cohort.tier, cohort.caption) == ("simulated", "simulated corpus, seed = 7")


def test_linked_folders_are_read_and_what_is_there_twice_is_read_once(tmp_path):
    corpus, other = tmp_path / "eegmmidb", tmp_path / "other"
    write_edf(corpus / "S001/S001R01.edf")
    write_edf(corpus / "MNE-eegbci-data/files/eegmmidb/1.0.0/S001/S001R01.edf")
    write_edf(other / "S002/S002R01.edf")
    os.rename(other / "S002/S002R01.edf", other / "S002/S002R01.EDF")
    (corpus / "S002").symlink_to(other / "S002")
    (corpus / "S003").symlink_to("nowhere")
    (corpus / "S001/S001R02.edf").symlink_to("nowhere")
    cohort = eeg_corpora.read_eegmmidb(corpus)
    assert [(t.subject, t.trial) for t in cohort] == [(1, 1), (2, 1)]
    assert sorted(cohort.dropped) == ["S001/S001R01.edf", "S001/S001R02.edf", "S003"]
    assert "each recording once" in cohort.dropped["S001/S001R01.edf"]
    assert "a link to nowhere" in cohort.dropped["S003"]
    assert registry.find("eegmmidb", tmp_path).tier == "public"


def test_a_series_in_both_forms_is_read_once(tmp_path):
    write_way(tmp_path / "P1/HS_P1_S1.mat")
    write_csv(tmp_path / "subj1_series1_data.csv")
    cohort = eeg_corpora.read_way(tmp_path)
    assert len(cohort) == 1 and list(cohort.dropped) == ["subj1_series1_data.csv"]
