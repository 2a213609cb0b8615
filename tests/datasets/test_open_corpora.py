"""The readers of open corpora that no paper uses, on files whose every sample is known."""

import os
import pickle
import zipfile

import numpy as np
import pandas as pd
import pytest

from lib.datasets import open_corpora
from lib.datasets.amigos_format import EEG_CHANNELS
from lib.datasets.base import BadFile

WAVE = np.sin(np.arange(300) / 9)
EPOC = (*open_corpora.EPOC, "Cz")


def samples(names, n):
    return np.arange(len(names)) + np.arange(n)[:, None]


def write_feis(path, names):
    """Two epochs whose means differ by a lot, which reading takes out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values, epochs = samples(names, 512), np.repeat([0, 1], 256)
    if path.suffix == ".npz":
        own = dict(zip(names, values.T, strict=True))
        eeg = [own.get(name, values[:, 0]) for name in open_corpora.EPOC]
        np.savez(path, eeg=np.round(np.array(eeg) * 10 + 5000 * epochs).astype(np.int16),
                 epoch=epochs, t=np.arange(512) / 256 + 20 * epochs)
        return
    rows = ["Time:256Hz,Epoch," + ",".join(names) + ",Label,Stage,Flag"]
    rows += [
        f"{i / 256 + 20 * epoch},{epoch}," + ",".join(f"{v + 4000 + 500 * epoch:.1f}"
                                                      for v in row) + ",goose,thinking,"
        for i, (row, epoch) in enumerate(zip(values, epochs, strict=True))
    ]
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"{path.stem}.csv", "\n".join(rows))
    else:
        path.write_text("\n".join(rows))


@pytest.mark.parametrize("files", [("01/thinking.csv", "chinese-1/stimuli.csv"),
                                   ("01/thinking.zip", "chinese-1/stimuli.zip"),
                                   ("01.npz", "chinese-1.npz")])
def test_feis_joins_epochs_without_a_step_in_each_of_its_forms(tmp_path, files):
    for file in files:
        write_feis(tmp_path / file, EPOC)
    cohort = open_corpora.read_feis(tmp_path)
    assert [trial.subject for trial in cohort] == [1, 101] and not cohort.dropped
    for trial in cohort:
        signal = pickle.loads(pickle.dumps(trial)).load("eeg")
        assert (signal.channels, signal.rate, signal.unit) == (tuple(EEG_CHANNELS), 256.0, "uV")
        ramp = np.arange(256) - 127.5
        np.testing.assert_allclose(signal.data, np.tile(ramp, (10, 2)), atol=0.05)


def test_feis_reads_a_phase_once_and_neither_the_whole_nor_what_is_damaged(tmp_path):
    for file in ("01/thinking.csv", "01/thinking.zip", "01/full_eeg.csv", "02/thinking.csv"):
        write_feis(tmp_path / file, EPOC)
    write_feis(tmp_path / "03/speaking.csv", [name for name in EPOC if name != "T8"])
    write_feis(tmp_path / "05/thinking.csv", EPOC)
    lines = (tmp_path / "05/thinking.csv").read_text().splitlines()
    (tmp_path / "05/thinking.csv").write_text("\n".join(lines[:40] + lines[41:]))
    (tmp_path / "04.npz").write_bytes(b"garbage" * 99)
    (tmp_path / "somebody").mkdir()
    os.rename(tmp_path / "02/thinking.csv", tmp_path / "somebody/thinking.csv")
    cohort = open_corpora.read_feis(tmp_path)
    assert [(t.subject, t.stimulus) for t in cohort] == [(1, "thinking")]
    reasons = {
        "05/thinking.csv": "none lost or doubled, found 1 of 509 steps",
        "01/thinking.zip": "each recording once", "03/speaking.csv": "T8",
        "04.npz": "an .npz file of arrays", "somebody/thinking.csv": "a name like the owner's"
    }
    assert cohort.dropped.keys() == reasons.keys()
    assert [name for name, why in reasons.items() if why not in cohort.dropped[name]] == []


def write_polar(path, step=1 / 130):
    path.parent.mkdir(parents=True, exist_ok=True)
    times = pd.Timestamp("2023-08-10 18:39:19") + pd.to_timedelta(np.arange(300) * step, "s")
    # a whole second is written without a fraction
    said = [str(time.to_pydatetime()) for time in times.round("us")]
    pd.DataFrame({"time": said, "ECG": 100 * WAVE}).to_csv(path, index=False)


def test_rcqoea_in_both_names_of_its_tables_and_as_arrays(tmp_path):
    raw = tmp_path / "tables/Physiological_Data/ECG/Raw_ECG_data"
    write_polar(raw / "ecg_P10_V2.csv")
    write_polar(raw / "ecg_P9_3.csv")
    (tmp_path / "arrays").mkdir()
    np.savez(tmp_path / "arrays/ecg_130hz.npz", P09_V03=100 * WAVE, P10_V02=100 * WAVE)
    for folder in ("tables", "arrays"):
        cohort = open_corpora.read_rcqoea(tmp_path / folder)
        assert [(t.subject, t.trial, t.stimulus)
                for t in cohort] == [(9, 3, "video 3"), (10, 2, "video 2")] and not cohort.dropped
        for trial in cohort:
            signal = pickle.loads(pickle.dumps(trial)).load("ecg")
            assert (signal.rate, signal.unit) == (130.0, "uV")
            np.testing.assert_allclose(signal.data[0], 100 * WAVE, atol=1e-4)


def test_rcqoea_leaves_out_what_it_cannot_use(tmp_path):
    write_polar(tmp_path / "ecg_P1_V1.csv")
    write_polar(tmp_path / "ecg_P1_1.csv")
    write_polar(tmp_path / "ecg_P2_V1.csv", step=1 / 100)
    (tmp_path / "ecg_P3_V1.csv").write_text("time,ECG\nyesterday,1\ntoday,2\n")
    (tmp_path / "ecg_P4.csv").write_text("time,ECG\n")
    (tmp_path / "ecg_130hz.npz").write_bytes(b"garbage" * 99)
    cohort = open_corpora.read_rcqoea(tmp_path)
    assert [trial.subject for trial in cohort] == [1]
    reasons = {
        "ecg_P1_V1.csv": "each recording once", "ecg_P2_V1.csv": "130 samples a second",
        "ecg_P3_V1.csv": "times such as", "ecg_P4.csv": "a name like the owner's"
    }
    assert [name for name, why in reasons.items() if why not in cohort.dropped[name]] == []
    assert any("an .npz file of arrays" in why for why in cohort.dropped.values())


@pytest.mark.parametrize("read", [open_corpora.read_feis, open_corpora.read_rcqoea])
def test_an_empty_folder(read, tmp_path):
    with pytest.raises(BadFile, match="nothing that can be read: no such file"):
        read(tmp_path)
