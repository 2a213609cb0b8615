"""The readers of the unlabelled ECG corpora on files whose every sample is known."""

from __future__ import annotations

import pickle
import shutil

import numpy as np
import pytest
from scipy.io import savemat

from lib.datasets import ecg_corpora
from lib.datasets.base import BadFile

WAVE = np.sin(np.arange(300) / 9)


def cell(items, row=False):
    out = np.empty((len(items), 1), object)
    out[:, 0] = items
    return out.T if row else out


def write_dreamer(folder, spoil=None):
    """Two people, three films; the first lead of subject s, film f is WAVE + 10 s + f, baselines
    are negative."""
    ecg = {(s, part, f): np.column_stack([sign * (WAVE + 10 * s + f),
                                          np.full(300, 99.0)]) for s in (1, 2)
           for part, sign in (("baseline", -1), ("stimuli", 1)) for f in (1, 2, 3)} | (spoil or {})
    people = [{
        "ECG": {
            part: cell([ecg[s, part, f] for f in (1, 2, 3)]) for part in ("baseline", "stimuli")
        }, "Age": 20
    } for s in (1, 2)]
    savemat(folder / "DREAMER.mat", {
        "DREAMER": {
            "Data": cell(people, row=True), "ECG_SamplingRate": 256, "EEG_SamplingRate": 128
        }
    })


def write_ascertain(path, columns=3):
    path.parent.mkdir(parents=True, exist_ok=True)
    data = np.full((300, columns), 7.0)
    data[:, 0], data[:, 1 if columns < 6 else 4] = np.arange(300) * 1000 / 256, WAVE
    savemat(path, {"Data_ECG": data, "timeECG": [2013.0, 1, 1, 12, 0, 0]})


def write_pspm(path, kinds=("scr", "ecg", "ecg"), rate=1000.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    channels = [{
        "data": (WAVE + i)[:, None], "header": {"sr": rate, "chantype": kind, "units": "mV"}
    } for i, kind in enumerate(kinds)]
    savemat(path, {"infos": {"duration": 0.3}, "data": cell(channels)})


def test_dreamer_has_a_trial_per_baseline_and_film_with_the_first_lead(tmp_path):
    write_dreamer(tmp_path)
    cohort = ecg_corpora.read_dreamer(tmp_path)
    assert (cohort.tier, len(cohort), dict(cohort.dropped)) == ("licensed", 12, {})
    assert [(t.subject, t.trial, t.stimulus) for t in cohort][5:8] == [(1, 6, "stimuli 3"),
                                                                       (2, 1, "baseline 1"),
                                                                       (2, 2, "stimuli 1")]
    signal = pickle.loads(pickle.dumps(cohort[7])).load("ecg")
    assert (signal.data.shape, signal.data.dtype, signal.rate,
            signal.start) == ((1, 300), np.float32, 256.0, 0.0)
    np.testing.assert_allclose(signal.data[0], WAVE + 21, rtol=1e-6)
    np.testing.assert_allclose(cohort[6].load("ecg").data[0], -(WAVE + 21), rtol=1e-6)


def test_dreamer_leaves_out_what_cannot_be_used_and_reads_a_new_copy(tmp_path):
    write_dreamer(tmp_path, {(1, "stimuli", 2): np.zeros((0, 0)), (2, "baseline", 1): np.full(
                                 (300, 2), np.nan)})
    cohort = ecg_corpora.read_dreamer(tmp_path)
    assert len(cohort) == 10 and list(
        cohort.dropped) == ["DREAMER.mat subject 1 stimuli 2", "DREAMER.mat subject 2 baseline 1"]
    assert "300 NaN" in cohort.dropped["DREAMER.mat subject 2 baseline 1"]
    write_dreamer(tmp_path, {(1, "baseline", 1): np.full((300, 2), 5.0)})
    assert ecg_corpora.read_dreamer(tmp_path)[0].load("ecg").data.max() == 5


def test_ascertain_takes_the_left_arm_whatever_the_case_and_the_columns(tmp_path):
    write_ascertain(tmp_path / "ASCERTAIN_Raw/ECGData/Movie_P07/ECG_Clip12.mat")
    write_ascertain(tmp_path / "ASCERTAIN_Raw/ECGData/MOVIE_P10/ECG_CLIP2.MAT", columns=6)
    write_ascertain(tmp_path / "ASCERTAIN_Raw/GSRData/Movie_P07/GSR_Clip12.mat")
    cohort = ecg_corpora.read_ascertain(tmp_path)
    assert [(t.subject, t.trial, t.stimulus)
            for t in cohort] == [(7, 12, "clip 12"),
                                 (10, 2, "clip 2")] and cohort.tier == "licensed"
    for trial in cohort:
        signal = trial.load("ecg")
        assert (signal.rate, signal.data.shape) == (256.0, (1, 300))
        np.testing.assert_allclose(signal.data[0], WAVE, atol=1e-6)


def test_pspm_takes_the_channel_of_type_ecg_with_its_rate_and_unit(tmp_path):
    write_pspm(tmp_path / "PsPM-FR/FR_spike_01.mat")
    write_pspm(tmp_path / "PsPM-HRM5/HRM5_spike_01.mat", kinds=("ecg",), rate=2000.0)
    write_pspm(tmp_path / "PsPM-HRM5/HRM5_spike_02.mat", kinds=("scr", "resp"))
    savemat(tmp_path / "PsPM-HRM5/HRM5_cogent_02.mat", {"events": 1})
    cohort = ecg_corpora.read_pspm(tmp_path)
    assert [t.stimulus for t in cohort] == ["FR_spike_01", "HRM5_spike_01"] and len(
        {t.subject for t in cohort}) == 2
    signals = [trial.load("ecg") for trial in cohort]
    assert [(s.rate, s.unit) for s in signals] == [(1000.0, "mV"), (2000.0, "mV")]
    np.testing.assert_allclose(signals[0].data[0], WAVE + 1, atol=1e-6)
    assert "a channel of type ecg, found none" in cohort.dropped["PsPM-HRM5/HRM5_spike_02.mat"]
    assert "found no infos, data" in cohort.dropped["PsPM-HRM5/HRM5_cogent_02.mat"]


@pytest.mark.parametrize(("read", "name", "write"),
                         [(ecg_corpora.read_ascertain, "Movie_P{}/ECG_Clip1.mat", write_ascertain),
                          (ecg_corpora.read_pspm, "set/{}.mat", write_pspm)])
def test_damaged_files_are_left_out_and_nothing_left_is_an_error(tmp_path, read, name, write):
    files = [tmp_path / name.format(f"0{i}") for i in (1, 2, 3)]
    for file in files:
        write(file)
    files[0].write_bytes(files[0].read_bytes()[:-500])
    files[1].write_bytes(b"garbage" * 99)
    cohort = read(tmp_path)
    assert len(cohort) == 1 and len(cohort.dropped) == 2 and all(
        "a MATLAB 5 file" in reason for reason in cohort.dropped.values())
    files[2].write_bytes(b"")
    with pytest.raises(BadFile, match="nothing that can be read: "):
        read(tmp_path)


def test_nothing_and_a_damaged_dreamer(tmp_path):
    for read in (ecg_corpora.read_dreamer, ecg_corpora.read_ascertain, ecg_corpora.read_pspm):
        with pytest.raises(BadFile, match="no such file"):
            read(tmp_path)
    (tmp_path / "DREAMER.mat").write_bytes(b"garbage" * 99)
    with pytest.raises(BadFile, match=r"DREAMER.mat: expected a MATLAB 5 file"):
        ecg_corpora.read_dreamer(tmp_path)


def test_a_set_that_is_there_twice_counts_once(tmp_path):
    write_pspm(tmp_path / "one/a.mat")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    cohort = ecg_corpora.read_pspm(tmp_path)
    assert [t.subject for t in cohort] == [1] and list(cohort.dropped) == ["two/a.mat"]
