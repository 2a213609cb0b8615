"""Heart rate and variability of known beats; EEG band power against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import welch

from lib.preprocessing.filters import bandpass
from lib.preprocessing.heart import HEART, hand_features, heart_features
from lib.preprocessing.power import BANDS, log_power

RATE, L = 128.0, 1280


def beats(times, noise=0.01, seed=0):
    """An ECG of narrow QRS complexes with a small T wave after each, filtered as the real one."""
    t = np.arange(L) / RATE
    x = sum(
        np.exp(-0.5 * ((t - at) / 0.012)**2) + 0.15 * np.exp(-0.5 * ((t - at - 0.25) / 0.04)**2)
        for at in times)
    return bandpass(x + noise * np.random.default_rng(seed).standard_normal(L), RATE)


def by_hand(times):
    intervals = np.diff(1000 * np.asarray(times))
    steps = np.diff(intervals)
    return [
        60000 / intervals.mean(),
        intervals.std(ddof=1),
        np.sqrt(np.mean(steps**2)),
        np.mean(np.abs(steps) > 50)
    ]


@pytest.mark.parametrize("rate", [48, 72, 110])
def test_regular_beats(rate):
    times = np.arange(0.4, 9.6, 60 / rate)
    found = heart_features(beats(times)[None])[0]
    # a sample is 7.8 ms
    assert found[0] == pytest.approx(rate, rel=0.01) and np.all(found[1:3] < 8) and found[3] == 0


def test_irregular_beats_in_the_order_of_the_names():
    times = 0.4 + np.cumsum([0, 0.8, 0.9, 0.78, 0.92, 0.8, 0.84, 0.88, 0.75, 0.9, 0.86])
    found = heart_features(beats(times)[None])[0]
    assert len(HEART) == 4 and found[:3] == pytest.approx(by_hand(times)[:3], rel=0.05)
    # one of nine differences may lie on the other side of 50 ms
    assert found[3] == pytest.approx(by_hand(times)[3], abs=0.13)


def test_scale_and_offset_do_not_matter():
    x = beats(np.arange(0.3, 9.7, 0.83))
    few = heart_features(np.stack([x, 1000 * x, 1e-3 * x]).astype(np.float32))
    assert np.allclose(few, few[0])


def test_always_finite_and_the_rate_of_few_peaks_is_their_number():
    noise = np.random.default_rng(0).standard_normal(L)
    found = heart_features(
        np.stack([
            np.zeros(L),
            np.full(L, 3.0),
            beats([3.0], 0),
            beats([3.0, 8.5], 0), noise,
            np.eye(1, L, 0)[0]
        ]))
    assert found.shape == (6, 4) and found.dtype == np.float32 and np.isfinite(found).all()
    # 10 s: one peak is 6 a minute
    assert found[:4].tolist() == [[0] * 4, [0] * 4, [6, 0, 0, 0], [12, 0, 0, 0]]


def test_band_power_of_a_sine_and_agreement_with_welch():
    t = np.arange(L) / RATE
    x = 0.1 * np.random.default_rng(0).standard_normal((3, 2, L))
    x[0, 1] += np.sin(2 * np.pi * 20 * t)  # beta
    power = log_power(x.astype(np.float32)).reshape(3, 2, 5)
    assert power.dtype == np.float32 and list(BANDS)[power[0, 1].argmax()] == "beta"
    f, density = welch(x[0, 1], RATE, nperseg=256)
    for i, (low, high) in enumerate(BANDS.values()):
        assert power[0, 1, i] == pytest.approx(np.log(density[(f >= low) & (f <= high)].mean()),
                                               rel=1e-4)
    assert np.allclose(log_power(10 * x) - log_power(x), np.log(100), atol=1e-4)
    assert np.isfinite(log_power(np.zeros((1, 2, L)))).all()


def test_many_segments_are_taken_in_chunks_with_the_same_result():
    x = np.random.default_rng(1).standard_normal((600, 1, 256)).astype(np.float32)
    assert np.allclose(log_power(x)[517], log_power(x[517:518])[0], atol=1e-6)


def test_hand_features():
    rng = np.random.default_rng(0)
    found = hand_features(rng.standard_normal((4, 10, L)),
                          beats(np.arange(0.3, 9.7, 0.8))[None, None].repeat(4, axis=0))
    assert found["features_eeg"].shape == (4, 50) and found["features_ecg"].shape == (4, 4)
    assert np.allclose(found["features_ecg"][:, 0], 75, rtol=0.01)


def test_bands_that_the_rate_cannot_hold_are_named():
    for rate, n in ((50, 500), (128, 12)):
        with pytest.raises(ValueError, match="need more than"):
            log_power(np.ones((1, 2, n), np.float32), rate)
