"""The reader of the public features, on tiny files and, where they are, on all 239 real ones."""

from __future__ import annotations

import os
import pickle
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat
from scipy.signal import resample_poly

from lib.datasets import mahnob_features
from lib.datasets.base import BadFile

ROWS = [(2, 6), (1, 4), (30, 22)]


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return [{
        "target": 2 * valence[None], "eeg_band_feats_full": rng.random(
            (n, 128)), "eeg_band_feats": rng.random((n, 85)), "face_feats": rng.random((n, width)),
        "gaze_feats": rng.random((n, 2))
    } for n, width in ((12, 327), (10, 38), (11, 327)) for valence in [rng.random(n)]]


@pytest.fixture
def root(tmp_path, arrays, make):
    (tmp_path / "mahnob-public-features" / "Features").mkdir(parents=True)
    for (subject, section), content in zip(ROWS, arrays, strict=True):
        savemat(
            tmp_path / "mahnob-public-features" / mahnob_features.feature_name(subject, section),
            content, do_compression=True)
    make.write_labels(tmp_path / "mahnob-public-features", ROWS,
                      [content["target"][0] / 2 for content in arrays])
    return tmp_path


def test_features_and_label_scale(root, arrays):
    cohort = mahnob_features.read(root)
    assert (cohort.tier, cohort.caption) == ("public",
                                             "public 4 Hz features of MAHNOB-HCI (real recordings)")
    assert [(t.subject, t.session, t.trial, t.stimulus)
            for t in cohort] == [(2, "136", 3, "length 12"), (1, "4", 2, "length 10"),
                                 (30, "3792", 11, "length 11")]
    for trial, content in zip(cohort, arrays, strict=True):
        np.testing.assert_allclose(trial.labels["valence"], content["target"][0] / 2)
        for modality, key, width in (("eeg_features", "eeg_band_feats_full", 128),
                                     ("face_features", "face_feats", 38), ("gaze", "gaze_feats",
                                                                           2)):
            signal = pickle.loads(pickle.dumps(trial)).load(modality)
            assert signal.rate == 4 and signal.data.dtype == np.float32 and len(
                signal.channels) == width
            rung = content[key][:, :width].T.astype(np.float32)
            if modality == "face_features":
                rung[:, :10] /= mahnob_features.ONSET
            np.testing.assert_array_equal(signal.data, rung)
    assert len(mahnob_features.read(root / "mahnob-public-features")) == 3


def test_the_start_of_a_face_is_repaired_as_it_was_spoilt(root, arrays):
    # 60 frames a second of a landmark that stands still, then moves
    frames = 80 + np.maximum(0, np.arange(60 * 15) / 15 - 3)
    arrays[0]["face_feats"] = np.tile(resample_poly(frames, 1, 15)[:12, None], 38)
    savemat(root / "mahnob-public-features" / mahnob_features.feature_name(2, 6), arrays[0])
    found = mahnob_features.read(root)[0].load("face_features").data[0]
    truth = frames[:12 * 15:15]
    assert np.abs(arrays[0]["face_feats"][:6, 0] - truth[:6]).max() > 30
    np.testing.assert_allclose(found[:10], truth[:10], rtol=2e-3)


def test_columns_of_the_eeg_are_named_band_by_band(root):
    names = mahnob_features.read(root)[0].load("eeg_features").channels
    assert names[:2] == ("theta Fp1", "theta AF3") and names[-1] == "gamma O2"
    assert len(set(names)) == 128


CASES = {
    "label scale": ({"target": lambda a: a / 2}, "target = 2 x the valence"),
    "other length": ({"eeg_band_feats_full": lambda a: a[:-1]},
                     r"eeg_band_feats_full \(12, 128\).* found float64 \(11, 128\)"),
    "other width": ({"face_feats": lambda a: a[:, :30]}, r"face_feats \(12, 327 or 38\)"),
    "missing key": ({"eeg_band_feats_full": None}, "no eeg_band_feats_full"),
    "NaN": ({"face_feats": lambda a: np.where(np.arange(a.shape[1]) == 3, np.nan, a)},
            "finite numbers in face_feats, found 12"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_bad_file_is_left_out_with_its_reason(root, arrays, case):
    changes, reason = CASES[case]
    content = dict(arrays[0])
    for key, change in changes.items():
        if change is None:
            del content[key]
        else:
            content[key] = change(content[key])
    savemat(root / "mahnob-public-features" / mahnob_features.feature_name(2, 6), content)
    cohort = mahnob_features.read(root)
    assert [t.subject for t in cohort] == [1, 30] and list(
        cohort.dropped) == ["P2-features-resamp4hz-trial-6.mat"]
    assert re.search(reason, *cohort.dropped.values())


def test_nan_beyond_the_used_columns_is_no_reason(root, arrays):
    arrays[0]["face_feats"][:, 38:] = np.nan
    savemat(root / "mahnob-public-features" / mahnob_features.feature_name(2, 6), arrays[0])
    assert len(mahnob_features.read(root)) == 3


def test_missing_and_damaged_files(root):
    path = root / "mahnob-public-features" / mahnob_features.feature_name(2, 6)
    path.write_bytes(path.read_bytes()[:2000])
    cohort = mahnob_features.read(root)
    assert "a MATLAB 5 file" in cohort.dropped[
        path.name] and "fetch mahnob-public-features" in cohort.dropped[path.name]
    trial = cohort[0]
    Path(trial.files["features"]).unlink()
    with pytest.raises(BadFile, match="no such file"):
        trial.load("gaze")
    for file in path.parent.iterdir():
        file.unlink()
    with pytest.raises(BadFile, match="none of 3"):
        mahnob_features.read(root)


TEST_DATA = Path(os.environ.get("TEST_DATA", "nowhere")) / "mahnob-public-features"


@pytest.mark.skipif(not TEST_DATA.is_dir(),
                    reason="TEST_DATA names no folder with mahnob-public-features")
def test_all_239_real_trials():
    cohort = mahnob_features.read(TEST_DATA)
    lengths = np.array([trial.labels["valence"].size for trial in cohort])
    values = np.concatenate([trial.labels["valence"] for trial in cohort])
    assert len(cohort) == 239 and not cohort.dropped
    assert (lengths.min(), lengths.max(), lengths.sum()) == (140, 469, 77536)
    np.testing.assert_allclose((values.min(), values.max(), values.mean(), values.std()),
                               (-0.332, 0.454, 0.0146, 0.0705), atol=6e-4)
    assert Counter(trial.subject for trial in cohort) == {
        1: 19, 2: 5, 3: 13, 4: 9, 5: 13, 6: 9, 7: 13, 8: 13, 10: 5, 13: 6, 14: 13, 16: 2, 18: 1,
        19: 11, 20: 17, 21: 10, 22: 14, 23: 15, 24: 12, 25: 16, 27: 6, 28: 4, 29: 10, 30: 3
    }
    for trial in cohort[0], cohort[238]:
        assert trial.load("face_features").data.shape == (38, trial.labels["valence"].size)
