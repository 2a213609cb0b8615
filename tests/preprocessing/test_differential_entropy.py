"""Differential entropy against SciPy and known answers; smoothing against a plain Kalman
smoother."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
from scipy.ndimage import uniform_filter1d

from lib.datasets.seed_format import BANDS
from lib.preprocessing.differential_entropy import differential_entropy, lds

RATE = 200.0


def test_agrees_with_filtering_and_variance():
    # slow drifts, as in EEG
    x = np.cumsum(np.random.default_rng(0).standard_normal((6, 9000)), axis=1)
    ours = differential_entropy(x, RATE)
    assert ours.shape == (6, 11, 5)
    for channel in range(6):
        for band, edges in enumerate(BANDS.values()):
            sos = scipy.signal.butter(4, edges, "bandpass", fs=RATE, output="sos")
            y = scipy.signal.sosfiltfilt(sos, x[channel] - x[channel].mean(), padtype="odd",
                                         padlen=1600)
            loop = [
                0.5 * np.log(2 * np.pi * np.e * np.var(y[w * 800:(w + 1) * 800])) for w in range(11)
            ]
            np.testing.assert_allclose(ours[channel, :, band], loop, rtol=0, atol=1e-4)
    single = differential_entropy(x.astype(np.float32), RATE)
    assert single.dtype == np.float32 and np.abs(single - ours).max() < 1e-3


def test_white_noise_of_known_variance():
    sigma = 3.0
    x = sigma * np.random.default_rng(1).standard_normal((4, 800 * 100))
    measured = differential_entropy(x, RATE).mean(axis=(0, 1))
    frequency = np.arange(0, 100, 0.01)
    for value, edges in zip(measured, BANDS.values(), strict=True):
        response = np.abs(
            scipy.signal.freqz_sos(scipy.signal.butter(4, edges, "bandpass", fs=RATE, output="sos"),
                                   frequency, fs=RATE)[1])
        expected = 0.5 * np.log(2 * np.pi * np.e * sigma**2 * np.mean(response**4))
        # the log of a variance of few cycles lies a little low
        assert value == pytest.approx(expected, abs=0.06)


def test_sine_is_in_its_band():
    times = np.arange(8000) / RATE
    de = differential_entropy(
        np.sin(2 * np.pi * 10.5 * times)[None] * np.array([[1.0], [10.0]]), RATE)
    # variance 1/2; the ends lose a little
    np.testing.assert_allclose(de[0, :, 2], 0.5 * np.log(np.pi * np.e), atol=4e-3)
    np.testing.assert_allclose(de[1] - de[0], np.log(10), atol=1e-6)
    assert (de[:, 1:-1, [0, 4]] < de[:, 1:-1, [2]] - 4).all()


def test_constant_and_short_trials():
    assert np.isneginf(differential_entropy(np.ones((2, 800)), RATE)).all()
    assert differential_entropy(np.random.default_rng(0).standard_normal((1, 801)),
                                RATE).shape == (1, 1, 5)
    for x, rate, message in ((np.zeros((2, 799)), RATE, "at least 800"), (np.full(
        (2, 900), np.nan), RATE, "1800 not finite"), (np.zeros(
            (2, 900)), 100, "more than 100 samples")):
        with pytest.raises(ValueError, match=message):
            differential_entropy(x, rate)


def kalman_smoother(x, ratio):
    """Filter forward and smooth backward, one series; noise of variance 1, a start that is not
    known."""
    mean, variance = [x[0]], [1.0]
    for value in x[1:]:
        ahead = variance[-1] + ratio
        gain = ahead / (ahead + 1)
        mean.append(mean[-1] + gain * (value - mean[-1]))
        variance.append((1 - gain) * ahead)
    smooth = [mean[-1]]
    for m, v in zip(mean[-2::-1], variance[-2::-1], strict=True):
        smooth.append(m + v / (v + ratio) * (smooth[-1] - m))
    return np.array(smooth[::-1])


@pytest.mark.parametrize("ratio", [0.01, 0.1, 3.0])
def test_lds_is_the_kalman_smoother(ratio):
    x = np.random.default_rng(2).standard_normal((3, 25, 2))
    smooth = lds(x, ratio)
    for channel in range(3):
        for band in range(2):
            np.testing.assert_allclose(smooth[channel, :, band],
                                       kalman_smoother(x[channel, :, band], ratio), rtol=0,
                                       atol=1e-12)


def test_lds_takes_noise_away_and_keeps_constants():
    rng = np.random.default_rng(3)
    walk, noise = np.cumsum(np.sqrt(0.1) * rng.standard_normal((40, 60, 5)),
                            axis=1), rng.standard_normal((40, 60, 5))
    error = np.mean((lds(walk + noise) - walk)**2)
    average = uniform_filter1d(walk + noise, 9, axis=-2, mode="nearest")
    assert error < 0.35 * np.mean(noise**2) and error < 0.95 * np.mean((average - walk)**2)
    for constant in (np.full((2, 7, 5), 4.2), np.full((2, 1, 5), -1.0)):
        np.testing.assert_allclose(lds(constant), constant)
