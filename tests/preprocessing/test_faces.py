"""Faces: the cascade on a photograph, the tracker, gaps, and cutting."""

from __future__ import annotations

import cv2
import matplotlib
import numpy as np
import pytest

from lib.datasets.base import BadFile
from lib.preprocessing import faces
from lib.preprocessing.faces import crop, detect, face_features, portraits


@pytest.fixture(scope="module")
def photograph():
    """Portrait of Grace Hopper that ships with matplotlib, 300 x 256."""
    image = cv2.imread(f"{matplotlib.get_data_path()}/sample_data/grace_hopper.jpg")
    return cv2.cvtColor(cv2.resize(image, (256, 300), interpolation=cv2.INTER_AREA),
                        cv2.COLOR_BGR2RGB)


def shifted(image, steps):
    return np.stack([
        cv2.warpAffine(image, np.float32([[1, 0, dx], [0, 1, dy]]), image.shape[1::-1],
                       borderMode=cv2.BORDER_REPLICATE) for dx, dy in steps
    ])


def test_haar_finds_the_face_in_a_photograph(photograph):
    found = detect(photograph[None])
    left, top, width, height = found.boxes[0]
    assert found.quality.tolist() == ["detected"]
    # the nose
    assert left + width / 2 == pytest.approx(133, abs=12) and top + height / 2 == pytest.approx(
        108, abs=12)
    assert 90 < width < 140


def test_large_frames_are_searched_small_and_boxes_are_in_their_pixels(photograph):
    small = detect(photograph[None]).boxes[0]
    large = detect(cv2.resize(photograph, None, fx=3, fy=3)[None]).boxes[0]
    assert large / 3 == pytest.approx(small, abs=8)


def test_tracker_follows_between_detections(photograph):
    steps = [(0, 0), (4, 2), (8, 4), (12, 6), (16, 8)]
    found = detect(shifted(photograph, steps), every=5, smooth=1)
    assert found.quality.tolist() == ["detected"] + 4 * ["tracked"]
    assert found.boxes[:, :2] - found.boxes[0, :2] == pytest.approx(np.array(steps), abs=1)
    assert np.ptp(found.boxes[:, 2:], axis=0).max() == 0


def test_tracker_holds_where_the_cascade_sees_nothing(photograph, monkeypatch):
    detections = iter([faces._largest(cv2.cvtColor(photograph, cv2.COLOR_RGB2GRAY))])
    monkeypatch.setattr(faces, "_largest", lambda grey: next(detections, None))
    found = detect(shifted(photograph, [(0, 0), (3, 0), (6, 0)]), every=1, smooth=1)
    assert found.quality.tolist() == ["detected", "tracked", "tracked"]
    assert found.boxes[2, 0] - found.boxes[0, 0] == pytest.approx(6, abs=1)


def test_blank_frames_are_filled_in_between(photograph):
    blank = np.zeros_like(photograph)
    moved = shifted(photograph, [(20, 0)])[0]
    found = detect([blank, photograph, blank, moved, blank], every=1, smooth=1)
    assert found.quality.tolist() == ["missing", "detected", "missing", "detected", "missing"]
    assert found.boxes[0].tolist() == found.boxes[1].tolist() and found.boxes[4].tolist(
    ) == found.boxes[3].tolist()
    assert found.boxes[2] == pytest.approx((found.boxes[1] + found.boxes[3]) / 2)


def test_smoothing_takes_out_one_false_detection(photograph, monkeypatch):
    boxes = iter([[80, 40, 90, 90]] * 3 + [[0, 150, 200, 200]] + [[80, 40, 90, 90]] * 3)
    monkeypatch.setattr(faces, "_largest", lambda grey: np.array(next(boxes), float))
    assert np.ptp(detect([photograph] * 7, every=1, smooth=3).boxes, axis=0).max() == 0


@pytest.mark.parametrize(
    "frames", [np.zeros((4, 120, 160, 3), np.uint8),
               np.zeros((0, 120, 160, 3), np.uint8)])
def test_no_face_at_all_is_reported_with_the_file(frames):
    with pytest.raises(
            BadFile, match=
            f"some.avi: expected a face in at least one frame, found none in {len(frames)} frames"):
        detect(frames, file="some.avi")


def test_crop_shapes_and_edges():
    frame = np.arange(100 * 120 * 3, dtype=np.uint32).reshape(1, 100, 120, 3).astype(np.uint8)
    same = crop(frame, np.array([[10, 20, 48, 48]]), margin=0)
    assert same.dtype == np.uint8 and np.array_equal(same[0], frame[0, 20:68, 10:58])
    over = crop(frame, np.array([[-24, -24, 48, 48]]), margin=0)[0]
    assert np.array_equal(over[24:, 24:], frame[0, :24, :24]) and (over[:24, :24]
                                                                   == frame[0, 0, 0]).all()
    assert crop(frame, np.array([[0.4, 3, 60.5, 61]]), size=40).shape == (1, 40, 40, 3)
    with pytest.raises(ValueError, match="shorter"):
        crop(frame, np.zeros((2, 4)) + 9)


def test_portraits_are_found_or_taken_as_they_are_or_black(photograph):
    noise = np.random.default_rng(0).integers(0, 255, (90, 60, 3), dtype=np.uint8)
    cut = portraits(iter([photograph, noise, noise]), [False, False, True], 30)["faces"]
    assert cut.shape == (3, 30, 30, 3)
    assert np.array_equal(cut[0], crop(photograph[None], detect(photograph[None]).boxes, 30)[0])
    assert not cut[1].any() and cut[2].any()


def test_features_keep_order_and_fill_the_last_batch():
    images = np.random.default_rng(0).integers(0, 255, (7, 48, 48, 3), dtype=np.uint8)
    seen = []

    def backbone(batch):
        seen.append(batch.shape)
        return batch.reshape(len(batch), -1).astype(np.float32)

    assert np.array_equal(face_features(images, backbone, batch=4), images.reshape(7, -1))
    assert seen == [(4, 48, 48, 3)] * 2
