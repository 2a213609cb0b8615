"""The drawn face: found by the detector, moved by action units, quick."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest

from lib.simulation import face


def _units(expression):
    return {
        name: float(value)
        for name, value in face.action_units(np.array(float(expression))).items()
    }


@pytest.fixture(scope="module")
def who():
    return face.Identity.sample(np.random.default_rng(3))


def test_haar_finds_the_face():
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    rng = np.random.default_rng(0)
    hits = []
    for _ in range(25):
        identity = face.Identity.sample(rng)
        for _ in range(8):
            units = _units(rng.normal(0, 1.5)) | {"AU45": float(rng.random() < 0.05)}
            pose = (rng.normal(0, 0.05), rng.normal(0,
                                                    0.05), rng.normal(0,
                                                                      2), 1 + rng.normal(0, 0.03))
            image = face.draw(identity, units, pose=pose, light=float(np.exp(rng.normal(0, 0.1))))
            boxes = cascade.detectMultiScale(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), 1.1, 4)
            centres = [(x + w / 2, y + h / 2) for x, y, w, h in boxes]
            hits.append(
                any(
                    abs(cx - 80 - 43 * pose[0]) < 12 and abs(cy - 64 - 43 * pose[1]) < 14
                    for cx, cy in centres))
    assert np.mean(hits) >= 0.95


def test_each_action_unit_moves_its_part(who):
    rest = face.draw(who).astype(int)
    assert rest.shape == (120, 160, 3)
    rows = {
        "AU1": (20, 62), "AU4": (20, 62), "AU45": (45, 68), "AU12": (62, 105), "AU15": (70, 105),
        "AU25": (70, 105), "AU26": (70, 110)
    }
    for unit, (top, bottom) in rows.items():
        change = np.abs(face.draw(who, {unit: 1.0}).astype(int) - rest).sum(axis=(1, 2))
        assert change.sum() > 500 and change[top:bottom].sum() > 0.8 * change.sum(), unit


def test_displeasure_shows_less_than_pleasure(who):
    rest = face.draw(who).astype(int)
    pleased, displeased = (np.abs(face.draw(who, _units(e)).astype(int) - rest).sum()
                           for e in (2.0, -2.0))
    assert pleased > 1.5 * displeased > 0
    assert face.action_units(np.array([-3.0, 0.0, 3.0]))["AU12"].tolist()[:2] == [0, 0]


def test_pose_light_size_and_bad_unit(who):
    moved = face.draw(who, pose=(0.2, 0, 0, 1))
    assert np.abs(
        moved.astype(int)[:, 40:130] -
        np.roll(face.draw(who), round(0.2 * 43.2), axis=1).astype(int)[:, 40:130]).mean() < 6
    assert face.draw(who, light=0.5).mean() < 0.6 * face.draw(who).mean()
    assert face.draw(who, size=(240, 320)).shape == (240, 320, 3)
    with pytest.raises(KeyError, match="AU99"):
        face.draw(who, {"AU99": 1.0})


def test_identities_differ_by_fingerprint():
    same = [face.Identity.sample(np.random.default_rng(s), fingerprint=0.0) for s in (1, 2)]
    assert same[0] == same[1]
    assert face.Identity.sample(np.random.default_rng(1)) != face.Identity.sample(
        np.random.default_rng(2))


def test_drawing_is_quick(who):
    units = _units(1.0)
    face.draw(who, units)
    start = time.process_time()
    for _ in range(50):
        face.draw(who, units)
    assert (time.process_time() - start) / 50 < 0.004  # usually well below 1 ms
