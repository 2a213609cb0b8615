"""The simulated heart: beats that another package counts, at the rate and with the variability that
were asked for."""

from __future__ import annotations

from dataclasses import replace

import neurokit2
import numpy as np
import pytest

from lib.simulation import heart
from lib.simulation.heart import RATE_AROUSAL, RATE_VALENCE, Heart, record

RATE, N = 128.0, 128 * 120
REST = np.zeros(N)


def _heart(seed=0, **changes):
    return replace(Heart.sample(np.random.default_rng(seed)), **{"response": 1.0, **changes})


def _intervals(ecg):
    """Seconds between R waves, as NeuroKit2 finds them."""
    peaks = neurokit2.ecg_peaks(neurokit2.ecg_clean(ecg, RATE), RATE)[1]["ECG_R_Peaks"]
    return np.diff(peaks) / RATE


@pytest.mark.parametrize("rate", [55.0, 90.0])
def test_beats_are_found_at_the_rate_asked_for_in_both_leads(rate):
    ecg = record(_heart(rate=rate), REST, REST, np.random.default_rng(1), RATE, fingerprint=0.0)
    assert ecg.shape == (2, N) and ecg.dtype == np.float32
    assert [60 / _intervals(lead).mean() for lead in ecg] == pytest.approx([rate, rate], rel=0.02)


def test_one_beat_is_that_of_the_dynamical_model():
    cycle = Heart.sample(np.random.default_rng(0), fingerprint=0.0).cycle[1]
    whole = neurokit2.ecg_simulate(duration=4, length=2048, sampling_rate=512, noise=0,
                                   heart_rate=60, heart_rate_std=0, random_state=3)
    assert np.corrcoef(cycle, whole[768:1280])[0, 1] > 0.98 and np.argmax(cycle) == 256
    # mV, and no step from beat to beat
    assert cycle[0] == cycle[-1] == 0 and 0.9 < np.ptp(cycle) < 2


def test_arousal_raises_the_rate_and_lowers_its_variability_valence_raises_both():
    sad, glad, calm, roused = (_intervals(
        record(_heart(), REST + v, REST + a, np.random.default_rng(2), RATE)[1])
                               for v, a in ((-1.5, 0), (1.5, 0), (0, -1.5), (0, 1.5)))
    assert 60 / roused.mean() - 60 / calm.mean() == pytest.approx(3 * RATE_AROUSAL, abs=0.7)
    assert 60 / glad.mean() - 60 / sad.mean() == pytest.approx(3 * RATE_VALENCE, abs=0.7)
    assert np.std(np.diff(roused)) < 0.85 * np.std(np.diff(calm))
    assert np.std(np.diff(glad)) > 1.5 * np.std(np.diff(sad))


def test_breathing_sets_the_pace_of_the_rate():
    intervals = _intervals(
        record(_heart(breath=0.2, sinus=0.06, slow=0.0), REST, REST, np.random.default_rng(3),
               RATE)[1])
    times, grid = np.cumsum(intervals), np.arange(0, 100, 0.25)
    power = np.abs(np.fft.rfft(np.interp(grid, times, intervals - intervals.mean())))**2
    assert np.fft.rfftfreq(len(grid), 0.25)[np.argmax(power)] == pytest.approx(0.2, abs=0.03)


def test_people_differ_as_much_as_they_should(monkeypatch):
    # the slow part, not needed here
    monkeypatch.setattr(heart, "_cycle", lambda waves, widths: np.ones((2, 1)))
    people = [Heart.sample(np.random.default_rng(seed)) for seed in range(300)]
    assert np.mean([p.rate for p in people]) == pytest.approx(72, abs=2) and np.std(
        [p.rate for p in people]) == pytest.approx(9, abs=1.2)


def test_people_differ_by_the_fingerprint_only():
    a, b = (Heart.sample(np.random.default_rng(seed), 0.0) for seed in (1, 2))
    np.testing.assert_array_equal(a.cycle, b.cycle)
    assert (a.rate, a.sinus) == (b.rate, b.sinus) and not np.allclose(
        _heart(1).cycle,
        _heart(2).cycle, atol=0.05)


def test_same_stream_same_recording():
    one, two, other = (record(_heart(4), REST[:500], REST[:500], np.random.default_rng(seed), RATE)
                       for seed in (5, 5, 6))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)
