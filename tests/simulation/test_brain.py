"""Simulated EEG: the head, the spectrum, what follows affect and what follows the smile."""

from __future__ import annotations

from dataclasses import replace

import mne
import numpy as np
import pytest
from scipy.signal import welch

from lib.datasets.mahnob_format import EEG_CHANNELS
from lib.simulation import brain

CHANNELS, RATE, N = tuple(EEG_CHANNELS), 256.0, 256 * 60
REST = np.zeros(N)


def _person(seed=0, **changes):
    return replace(brain.Person.sample(np.random.default_rng(seed), 32),
                   **{"response": np.ones(len(brain.RHYTHMS)), **changes})


def _power(x, low, high):
    f, p = welch(x, RATE, nperseg=512)
    return p[..., (f >= low) & (f < high)].mean(-1)


def _record(valence=REST, smile=REST, person=None, **options):
    affect = brain.Affect(valence, np.abs(valence), smile)
    return brain.record(person or _person(), affect, np.random.default_rng(7), CHANNELS, RATE,
                        **options)


def test_leadfield_matches_mne_potential_order():
    sites = ("C3", "O2", "T7", "Fz")
    gain = brain.leadfield(CHANNELS, sites)
    assert gain.shape == (32, 4) and [CHANNELS[i] for i in np.argmax(gain, axis=0)] == list(sites)
    np.testing.assert_allclose(gain.max(axis=0), 1)


def test_background_falls_as_the_exponent_says():
    for exponent in (1.1, 1.9):
        person = _person(exponent=exponent, sizes=np.zeros(len(brain.RHYTHMS)))
        f, p = welch(_record(person=person), RATE, nperseg=1024)
        use = (f > 1) & (f < 40)
        slope = np.polyfit(np.log(f[use]), np.log(p[:, use]).mean(0), 1)[0]
        assert slope == pytest.approx(-exponent, abs=0.15)


@pytest.mark.parametrize("peak", [8.5, 11.5])
def test_alpha_peaks_where_the_person_has_it(peak):
    f, p = welch(
        _record(person=_person(alpha=peak))[[CHANNELS.index(c) for c in ("O1", "O2", "Pz")]], RATE,
        nperseg=512)
    band = (f >= 7) & (f <= 13)
    assert f[band][np.argmax((p * f**1.5)[:, band].mean(0))] == pytest.approx(peak, abs=0.6)


def test_valence_moves_frontal_asymmetry_and_temporal_gamma():
    sad, happy = _record(REST - 1.5), _record(REST + 1.5)
    left, right, temporal = CHANNELS.index("F3"), CHANNELS.index("F4"), [
        CHANNELS.index("T7"), CHANNELS.index("T8")
    ]

    def asymmetry(x):
        return np.log(_power(x[right], 8, 12)) - np.log(_power(x[left], 8, 12))

    assert asymmetry(happy) > asymmetry(sad) + 0.1
    assert np.all(_power(happy[temporal], 30, 45) > 1.05 * _power(sad[temporal], 30, 45))


def test_arousal_lowers_posterior_alpha():
    pz = CHANNELS.index("Pz")
    calm, roused = _record(), brain.record(_person(), brain.Affect(REST, REST + 2, REST),
                                           np.random.default_rng(7), CHANNELS, RATE)
    assert _power(roused[pz], 8, 12) < 0.95 * _power(calm[pz], 8, 12)


def test_muscle_switch():
    temporal = [CHANNELS.index("T7"), CHANNELS.index("T8")]
    still = _record()
    with_leak, without = (_record(smile=REST + 1, muscle=m) for m in (1.0, 0.0))
    assert np.all(_power(with_leak[temporal], 30, 45) > 1.1 * _power(still[temporal], 30, 45))
    np.testing.assert_array_equal(without, still)


def test_blinks_are_frontal_bumps():
    x = _record(blinks=np.array([10.0, 20.0])) - _record()
    frontal, occipital = CHANNELS.index("Fp1"), CHANNELS.index("Oz")
    assert np.argmax(x[frontal, :15 * 256]) / RATE == pytest.approx(10.1, abs=0.05)
    assert x[frontal].max() > 40 > 5 > np.abs(x[occipital]).max()


def test_any_cap_and_bad_input():
    epoc = ("AF3", "F7", "F3", "FC5", "T7", "P7", "O1", "O2", "P8", "T8", "FC6", "F4", "F8", "AF4")
    person = brain.Person.sample(np.random.default_rng(1), 14)
    zero = np.zeros(1281)  # an odd length too
    x = brain.record(person, brain.Affect(zero, zero, zero), np.random.default_rng(2), epoc, 128.0,
                     montage="standard_1020")
    assert x.shape == (14, 1281) and x.dtype == np.float32 and np.isfinite(x).all()
    with pytest.raises(ValueError, match="one length"):
        brain.record(person, brain.Affect(zero, zero[1:], zero), np.random.default_rng(2), epoc,
                     128.0, montage="standard_1020")


def test_fingerprint_zero_makes_everyone_alike():
    a, b = (brain.Person.sample(np.random.default_rng(seed), 32, fingerprint=0.0)
            for seed in (1, 2))
    for name in ("alpha", "exponent", "gains", "response", "blur", "muscle"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def test_positions_are_those_of_mne():
    info = mne.create_info(["Cz"], RATE, "eeg")
    info.set_montage("biosemi32")
    np.testing.assert_allclose(brain._directions(("Cz",), "biosemi32")[0], [0, 0, 1], atol=1e-6)
