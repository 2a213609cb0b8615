"""The simulated corpora: same bytes, resumed, in the layouts the readers know, and with the truth
they were made from."""

from __future__ import annotations

import json
import shutil

import neurokit2
import numpy as np
import pytest
import scipy.signal

from lib.datasets import registry
from lib.datasets.amigos_format import EEG_CHANNELS
from lib.simulation import corpora
from tests.simulation.files import contents

TINY = {"subjects": 2, "seconds": 20.0}
# of two subjects
TRIALS = {"eegmmidb": 12, "way-eeg-gal": 2, "kaya": 2, "dreamer": 12, "ascertain": 6, "pspm": 2}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return corpora.make(tmp_path_factory.mktemp("corpora") / "a", **TINY)


@pytest.fixture(scope="module")
def found(root):
    return registry.corpora(root, "amigos", simulated=True)


def test_every_reader_finds_all_of_its_files(root, found):
    assert {name: len(cohort) for name, cohort in found.items()} == TRIALS
    for name, cohort in found.items():
        assert (cohort.tier, cohort.caption, cohort.name) == ("simulated",
                                                              "simulated corpus, seed = 0", name)
        assert {trial.subject for trial in cohort} == {1, 2} or name == "pspm"
    assert all("cogent" in name for cohort in found.values() for name in cohort.dropped)
    assert registry.corpora(root) == {}
    assert {registry.find(name, root).tier for name in TRIALS} == {None}  # never taken for real


def test_channels_rates_and_units(found):
    rates = {
        name: [trial.load(modality).rate for trial in cohort for modality in trial.loaders]
        for name, cohort in found.items()
    }
    assert rates == {
        "eegmmidb": [160] * 6 + [128] * 6, "way-eeg-gal": [500] * 2, "kaya": [200, 1000],
        "dreamer": [256] * 12, "ascertain": [256] * 6, "pspm": [1000] * 2
    }
    for name in ("eegmmidb", "way-eeg-gal", "kaya"):
        for signal in (trial.load("eeg") for trial in found[name]):
            assert signal.channels == EEG_CHANNELS and signal.unit == "uV"
            assert signal.data.shape == (10, 20 * signal.rate)
            fast = scipy.signal.sosfilt(
                scipy.signal.butter(4, (4, 45), "bandpass", fs=signal.rate, output="sos"),
                signal.data)
            assert 3 < np.median(fast.std(axis=1)) < 40  # microvolts, not tenths of them nor volts
    assert found["dreamer"][1].load("ecg").data.shape == (1, 20 * 256)
    # the baselines are half as long
    assert found["dreamer"][0].load("ecg").data.shape == (1, 10 * 256)


def test_hearts_beat_at_the_rate_that_truth_states(root, found):
    truth = json.loads((root / "truth.json").read_text())["heart_rate"]
    for name, trial in (("dreamer", found["dreamer"][8]), ("ascertain", found["ascertain"][4]),
                        ("pspm", found["pspm"][1])):
        signal = trial.load("ecg")
        _, info = neurokit2.ecg_peaks(
            neurokit2.ecg_clean(signal.data[0].astype(float), signal.rate), signal.rate)
        assert 60 * signal.rate / np.median(np.diff(info["ECG_R_Peaks"])) == pytest.approx(
            truth[name][1], rel=0.06)


def test_same_seed_same_bytes_and_resumed_after_a_kill(root, tmp_path, monkeypatch):
    def killed(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setitem(corpora.ECG, "dreamer", killed)
        with pytest.raises(KeyboardInterrupt):
            corpora.make(tmp_path / "b", **TINY)
    written = contents(tmp_path / "b")
    assert "truth.json" not in written
    assert {"eegmmidb/S001/S001R01.edf", "SIMULATED.txt"} <= set(written)
    with pytest.raises(ValueError, match="other parameters"):
        corpora.make(tmp_path / "b", **TINY, seed=1)
    with monkeypatch.context() as patch:
        patch.setattr(corpora, "_eeg", killed)  # what is there is not made again
        assert contents(corpora.make(tmp_path / "b", **TINY)) == contents(root)


def test_finished_corpora_are_reused_and_not_mixed(root, tmp_path, monkeypatch):
    copy = shutil.copytree(root, tmp_path / "copy")
    monkeypatch.setattr(corpora, "_write", None)  # writing anything would fail
    assert corpora.make(copy, **TINY) == copy
    with pytest.raises(ValueError, match="other parameters"):
        corpora.make(copy, **TINY | {"seconds": 21.0})


def test_another_seed_gives_other_people(tmp_path, found):
    other = registry.corpora(corpora.make(tmp_path / "c", subjects=1, seconds=2, seed=1),
                             simulated=True)
    for name, cohort in other.items():
        modality = next(iter(cohort[0].loaders))
        a, b = (np.diff(trials[0].load(modality).data[0, :250]) for trials in (cohort, found[name]))
        assert abs(np.corrcoef(a, b)[0, 1]) < 0.8


def test_bad_parameters(tmp_path):
    for bad in ({"subjects": 0}, {"subjects": 27}, {"seconds": 0.5}):
        with pytest.raises(ValueError,
                           match=r"subjects: expected 1 to 26|seconds: expected 1 or more"):
            corpora.make(tmp_path / "x", **bad)
    assert not (tmp_path / "x").exists()
