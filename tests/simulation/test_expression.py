"""Drawn emotions: the patterns, how they overlap, and the pictures."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix

from lib.datasets.rafdb import EMOTIONS
from lib.simulation import expression
from lib.simulation.face import ACTION_UNITS
from lib.simulation.head import Identity


def test_patterns_are_those_of_the_emotions():
    units = {name: set(pattern) for name, pattern in expression.PATTERNS.items()}
    assert units["happiness"] >= {"AU6", "AU12"} and units["sadness"] == {"AU1", "AU4", "AU15"
                                                                          } and not units["neutral"]
    assert units["fear"] == {"AU1", "AU2", "AU4", "AU5", "AU20", "AU25"}
    assert expression.STRENGTH.keys() == units.keys() and set(EMOTIONS) < units.keys()


def test_units_follow_emotion_and_strength_and_use_equally_many_random_numbers():
    drawn, states = {}, set()
    for emotion in expression.PATTERNS:
        rng = np.random.default_rng(0)
        rows = [expression.action_units(emotion, rng) for _ in range(300)]
        states.add(rng.bit_generator.state["state"]["state"])
        drawn[emotion] = np.array([[row[unit] for unit in ACTION_UNITS] for row in rows])
        assert drawn[emotion].min() >= 0 and drawn[emotion].max() <= 1
        moved = drawn[emotion].mean(axis=0) > 0.2
        assert {unit for unit, on in zip(ACTION_UNITS, moved, strict=True)
                if on} == set(expression.PATTERNS[emotion])
    assert len(states) == 1
    weak = np.mean([
        expression.action_units("happiness", np.random.default_rng(i), 0.5)["AU12"]
        for i in range(300)
    ])
    assert 0.3 < weak / drawn["happiness"][:, ACTION_UNITS.index("AU12")].mean() < 0.7


def test_sadness_is_taken_for_neutral_or_fear_and_never_for_happiness():
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(4), 600)
    units = [expression.action_units(EMOTIONS[k], rng, expression.expressivity(rng)) for k in y]
    x = np.array([[row[unit] for unit in ACTION_UNITS]
                  for row in units]) + rng.normal(0, 0.12, (len(y), len(ACTION_UNITS)))
    seen = LogisticRegression(max_iter=500).fit(x[::2], y[::2]).predict(x[1::2])
    happiness, sadness, fear, neutral = confusion_matrix(y[1::2], seen, normalize="true").T
    assert happiness[1] < 0.01 < min(neutral[1], fear[1]) and sadness[3] > happiness[3]
    assert min(happiness[0], neutral[3]) > 0.85 and 0.7 < sadness[1] < 0.95


def test_shown_follows_the_label_or_not():
    shares = {"happiness": 0.6, "sadness": 0.3, "fear": 0.1}
    for label in shares:
        assert {expression.shown(label, 1.0, shares, np.random.default_rng(i))
                for i in range(50)} == {label}
    free = [[expression.shown(label, 0.0, shares, np.random.default_rng(i)) for i in range(1000)]
            for label in shares]
    assert free[0] == free[1] == free[2]
    assert [free[0].count(name) / 1000
            for name in shares] == pytest.approx(list(shares.values()), abs=0.05)
    half = np.mean([
        expression.shown("fear", 0.5, shares, np.random.default_rng(i)) == "fear"
        for i in range(1000)
    ])
    assert half == pytest.approx(0.5 + 0.5 * 0.1, abs=0.05)


def test_pictures_are_faces_and_quick():
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    rng, hits = np.random.default_rng(0), []
    start = time.process_time()
    images = []
    for _ in range(4):
        who = Identity.sample(rng)
        images += [
            expression.picture(who, expression.action_units(name, rng), rng)
            for name in expression.PATTERNS for _ in range(2)
        ]
    seconds = time.process_time() - start
    assert seconds / len(images) < 0.05  # usually 6 ms, most of it for the six people
    for image in images:
        assert image.shape == (100, 100, 3) and image.dtype == np.uint8
        grey = cv2.copyMakeBorder(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), 15, 15, 15, 15,
                                  cv2.BORDER_REPLICATE)
        hits.append(len(cascade.detectMultiScale(grey, 1.1, 3, minSize=(60, 60))) > 0)
    assert np.mean(hits) >= 0.95
    assert expression.picture(who, {}, np.random.default_rng(0), size=112).shape == (112, 112, 3)
