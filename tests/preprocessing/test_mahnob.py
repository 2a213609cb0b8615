"""Cohorts to arrays: the label clock, the memo, and trials that cannot be used."""

from __future__ import annotations

from functools import partial

import cv2
import matplotlib
import numpy as np
import pytest

from lib.datasets.base import BadFile, Cohort, Signal, Trial
from lib.preprocessing import mahnob
from lib.preprocessing.mahnob import features, trial_features
from lib.store import Store


class Colour:
    """A stand-in backbone: mean colour of a face."""

    name, fingerprint = "mean colour", "0"

    def __call__(self, faces):
        """Mean over pixels."""
        return faces.mean((1, 2))


def eeg(n_labels, seed):
    data = np.random.default_rng(seed).standard_normal((32, round((n_labels / 4 + 4) * 256)))
    return Signal(data, 256.0, start=-2.0)


def video(n_labels, blank=False):
    image = cv2.imread(f"{matplotlib.get_data_path()}/sample_data/grace_hopper.jpg")[:, :, ::-1]
    small = cv2.resize(image, (128, 150), interpolation=cv2.INTER_AREA)
    return Signal(np.repeat(small[None] * (not blank), n_labels, axis=0), 4.0, start=0.125)


def bad():
    raise BadFile("some.bdf", "a header", "nothing", "Get it again.")


def table(n_features, n_labels, seed=0):
    return Signal(np.random.default_rng(seed).standard_normal((n_features, n_labels)), 4.0)


def trial(number, n_labels, files=None, **loaders):
    return Trial("mahnob", number, str(number), 1, f"clip {number}",
                 {"valence": np.linspace(-0.1, 0.1, n_labels)}, loaders, files or {})


def cohort(*trials):
    return Cohort("mahnob", "simulated", trials, "simulated", {"Sessions/9": "no video"})


def test_raw_trials_and_a_damaged_one():
    raw = {"eeg": partial(eeg, 40, 1), "video": partial(video, 40)}
    data = features(
        cohort(trial(1, 40, **raw), trial(2, 24, eeg=bad, video=partial(video, 24)),
               trial(3, 24, eeg=partial(eeg, 24, 2), video=partial(video, 24)),
               trial(4, 24, eeg=partial(eeg, 24, 3), video=partial(video, 24, blank=True))),
        backbone=Colour(), jobs=1)
    assert data["eeg"].shape == (64, 192) and data["face"].shape == (
        64, 3) and data["valence"].shape == (64,)
    assert (data["eeg"].dtype, data["face"].dtype,
            data["valence"].dtype) == (np.float32, np.float32, np.float64)
    assert data["lengths"].tolist() == [40, 24] and data["subject"].tolist() == [
        1, 3
    ] and data["stimulus"].tolist() == ["clip 1", "clip 3"]
    assert list(
        data["dropped"]) == ["Sessions/9", "mahnob subject 2 trial 1", "mahnob subject 4 trial 1"]
    assert "some.bdf: expected a header" in data["dropped"]["mahnob subject 2 trial 1"]
    assert "a face in at least one frame" in data["dropped"]["mahnob subject 4 trial 1"]
    assert np.array_equal(data["eeg"][:40], trial_features(trial(1, 40, **raw), Colour())["eeg"])


def test_processes_give_what_one_process_gives():
    both = cohort(*(trial(i, 24, eeg=partial(eeg, 24, i), video=partial(video, 24))
                    for i in (1, 2)))
    one, two = (features(both, backbone=Colour(), jobs=jobs) for jobs in (1, 2))
    assert all(np.array_equal(one[key], two[key]) for key in ("eeg", "face", "valence"))


def test_features_pass_through():
    made = trial(1, 30, eeg_features=partial(table, 128, 30), face_features=partial(table, 38, 30))
    both = cohort(
        made,
        trial(2, 20, eeg_features=partial(table, 128, 21), face_features=partial(table, 38, 20)))
    data = features(both, jobs=1)
    logs = features(both, log=True, jobs=1)["eeg"]
    assert np.array_equal(logs, table(128, 30).data.T.astype(np.float32))
    power = np.exp(logs).reshape(30, 4, 32)  # Eq (7)
    np.testing.assert_allclose(data["eeg"].reshape(30, 4, 32), power / power.sum(1, keepdims=True),
                               rtol=1e-5)
    assert data["face"].shape == (30, 38)
    assert "(n_features, 20)" in data["dropped"]["mahnob subject 2 trial 1"]
    with pytest.raises(BadFile, match="as many face features in every trial, found"):
        features(
            cohort(
                made,
                trial(2, 9, eeg_features=partial(table, 128, 9),
                      face_features=partial(table, 37, 9))), jobs=1)
    with pytest.raises(BadFile, match="at least one usable trial"):
        features(cohort(trial(2, 20, eeg_features=bad, face_features=bad)), jobs=1)


def test_video_without_backbone_says_what_to_give():
    with pytest.raises(ValueError, match="mobilenet_v2"):
        features(cohort(trial(1, 24, eeg=partial(eeg, 24, 1), video=partial(video, 24))))


def test_a_video_without_a_frame_for_each_label_is_refused():
    short = trial(1, 24, eeg=partial(eeg, 24, 1), video=partial(video, 23))
    with pytest.raises(BadFile, match="expected a frame for each of 24 labels, found 23"):
        trial_features(short, backbone=Colour())


def test_memo_follows_the_content_of_the_files(tmp_path, monkeypatch):
    file = tmp_path / "trial.bdf"
    file.write_bytes(b"one")
    work, store = trial(1, 24, {"eeg": str(file)}, eeg=partial(eeg, 24, 1),
                        video=partial(video, 24)), Store(tmp_path / "memo")
    run = partial(features, cohort(work), backbone=Colour(), jobs=1, store=store)
    first = run()
    calls = []
    monkeypatch.setattr(mahnob, "clean", lambda signal: calls.append(1) or signal)
    assert np.array_equal(run()["eeg"], first["eeg"]) and calls == []
    run(bands="zhang")
    file.write_bytes(b"two")
    run()
    assert len(calls) == 2
