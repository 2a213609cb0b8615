"""The reader of EmoEEG-MC on files in the owner's layout, of which every number tells its place."""

from __future__ import annotations

import os
import pickle

import numpy as np
import pytest

from lib.datasets import emoeeg_mc, registry
from lib.datasets.base import BadFile
from lib.datasets.seed_format import SEED_V_EMOTIONS

# 1e4 * channel + second (630 of 21 clips) + band / 10
ENTROPY = (1e4 * np.arange(64)[:, None, None] + np.arange(630)[:, None] + np.arange(5) / 10)


def name(root, subject, kind, level="eeg"):
    path = root / "derivatives" / f"sub-{subject:02d}" / "ses-vid" / level
    path.mkdir(parents=True, exist_ok=True)
    return path / f"sub-{subject:02d}_ses-vid_task-emotion_{kind}.npy"


def write(root, subject, level="eeg", entropy=ENTROPY):
    np.save(name(root, subject, "de", level), {"de": entropy})
    return name(root, subject, "de", level)


def write_eeg(path, channels_first):
    """100 * clip + channel; half of one is added in the eighth sample."""
    eeg = np.empty((21, 64, 6000))
    eeg[:] = (100.0 * np.arange(21)[:, None] + np.arange(64))[..., None]
    eeg[..., 7] += 0.5
    np.save(path, eeg.swapaxes(0, 1).copy() if channels_first else eeg)


def test_clips_and_emotions(tmp_path):
    write(tmp_path, 2)
    write(tmp_path, 56, level="")  # lacks the folder eeg/
    np.save(name(tmp_path, 2, "psd"), {"psd": ENTROPY})
    np.save(tmp_path / "derivatives" / "sub-02" / "sub-02_task-emotion_filtered.npy", [1])
    cohort = emoeeg_mc.read(tmp_path)
    assert "never run on the original" in cohort.caption and not cohort.dropped
    assert [(t.subject, t.trial, t.labels["emotion"]) for t in cohort] == [(s, 5 * k + e + 1, e)
                                                                           for s in (2, 56)
                                                                           for k in range(3)
                                                                           for e in range(5)]
    places = {"disgust": 1, "fear": 2, "sad": 0, "neutral": 3, "happy": 4}
    for trial in pickle.loads(pickle.dumps(cohort.trials)):
        emotion, clip = trial.stimulus.split()
        assert SEED_V_EMOTIONS[trial.labels["emotion"]] == emotion
        found = trial.load("eeg_features")
        first = 30 * (3 * places[emotion] + (4, 5, 8).index(int(clip)))
        np.testing.assert_array_equal(found.data, ENTROPY[:, first:first + 30])
        assert (found.rate, found.unit, len(found.channels)) == (1, "nats", 64)
        assert type(found.data) is np.ndarray and found.data.dtype == np.float64
    everything = emoeeg_mc.read(tmp_path, emoeeg_mc.EMOTIONS)
    assert len(everything) == 42
    assert everything[20].stimulus == "inspiration 8" and everything[20].labels["emotion"] == 6


@pytest.mark.parametrize("channels_first", [False, True])
def test_raw_eeg_with_either_axis_first(tmp_path, channels_first):
    write_eeg(name(tmp_path, 1, "reorder"), channels_first)
    write(tmp_path, 1)
    cohort = emoeeg_mc.read(tmp_path)
    assert len(cohort) == 15 and set(cohort[0].loaders) == {"eeg", "eeg_features"}
    trial = next(trial for trial in cohort if trial.stimulus == "fear 8")
    eeg = trial.load("eeg")
    assert eeg.data.shape == (64, 6000) and (eeg.rate, eeg.unit) == (200, "uV")
    np.testing.assert_array_equal(eeg.data[:, 7], 800.5 + np.arange(64))
    assert eeg.channels[:2] == ("Fp1", "Fpz") and eeg.channels[-1] == "TP10"


class Command:
    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return os.system, (f"echo ran > {self.file}",)


def damaged(path, kind):
    content = path.read_bytes()
    if kind == "code":
        np.save(path, {"de": Command(path.parent / "ran")})
    elif kind == "plain":
        np.save(path, ENTROPY)
    elif kind == "other key":
        np.save(path, {"psd": ENTROPY})
    elif kind == "18 clips":
        np.save(path, {"de": ENTROPY[:, :540]})
    elif kind == "infinite":
        np.save(path, {"de": np.where(ENTROPY == 3, np.inf, ENTROPY)})
    elif kind == "text":
        np.save(path, {"de": "no array"})
    else:
        path.write_bytes(content[:len(content) // 2] if kind == "cut" else b"")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("code", rf"found {os.name}\.system. Nothing in it was run"), ("cut", "pickle"),
     ("empty", "pickle"), ("plain", "pickle"), ("other key", "KeyError"), ("text", "<U8"),
     ("18 clips", r"seconds of 21 clips and bands \(64, 630, 5\), found float64 \(64, 540, 5\)"),
     ("infinite", "finite numbers, found 1 NaN or infinite"),])
def test_a_bad_file_is_left_out_and_nothing_in_it_runs(tmp_path, kind, reason):
    path = write(tmp_path, 1)
    damaged(path, kind)
    with pytest.raises(BadFile, match=reason):
        emoeeg_mc.read(tmp_path)
    assert not (path.parent / "ran").exists()
    write(tmp_path, 3)
    cohort = emoeeg_mc.read(tmp_path)
    assert {trial.subject for trial in cohort} == {3} and list(cohort.dropped) == [path.name]


def test_bad_eeg_leaves_the_features(tmp_path):
    write(tmp_path, 57)
    np.save(name(tmp_path, 57, "reorder"), np.zeros((15, 64, 600)))  # clips are missing
    np.save(name(tmp_path, 58, "reorder"), np.array([{}], object))
    name(tmp_path, 59, "reorder").write_bytes(b"")
    cohort = emoeeg_mc.read(tmp_path)
    assert len(cohort) == 15 and set(cohort[0].loaders) == {"eeg_features"}
    reasons = [cohort.dropped[f"sub-{n}_ses-vid_task-emotion_reorder.npy"] for n in (57, 58, 59)]
    assert "found float64 (15, 64, 600)" in reasons[0] and "Python objects" in reasons[1]
    assert all("an .npy file of numbers" in reason for reason in reasons[1:])


def test_two_files_of_a_person_are_read_once(tmp_path):
    first, second = sorted((write(tmp_path, 1), write(tmp_path, 1, level="")))
    cohort = emoeeg_mc.read(tmp_path)
    assert len(cohort) == 15 and cohort[0].files["eeg_features"] == str(first)
    assert f"{first} too" in cohort.dropped[second.name]


def test_it_is_found(tmp_path):
    write(tmp_path / "ds005540", 1)
    assert registry.find("emoeeg-mc", tmp_path).tier == "public"
    with pytest.raises(FileNotFoundError, match=r"openneuro\.org/datasets/ds005540"):
        registry.require("emoeeg-mc", "public", tmp_path / "nowhere")
    assert len(registry.require("emoeeg-mc", "public", tmp_path)) == 15
