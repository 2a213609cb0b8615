"""Band power against SciPy and MNE, known signals, and the label clock."""

from __future__ import annotations

from itertools import pairwise

import mne
import numpy as np
import pytest
import scipy.signal

from lib.datasets.base import BadFile, Signal
from lib.preprocessing.eeg import BANDS, band_power, clean, eeg_features

RATE = 256.0


def eeg(n_channels=5, seconds=20.0, rate=RATE, seed=0):
    """Noise with more power at low frequencies, and electrode offsets."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((n_channels, round(seconds * rate)))
    return scipy.signal.lfilter([1], [1, -0.95], noise) + rng.standard_normal(
        noise.shape) + 1000 * rng.standard_normal((n_channels, 1))


def welch_loop(x, rate, bands, window, segment, step, total, inclusive, relative):
    """The definition, one window at a time."""
    n, hop, length = round(window * rate), round(step * rate), round(segment * rate)
    rows = []
    for start in range(0, x.shape[1] - n + 1, hop):
        f, p = scipy.signal.welch(x[:, start:start + n], rate, nperseg=length)
        last = np.less_equal if inclusive else np.less
        parts = np.array([p[:, (f >= low) & last(f, high)].sum(1) * f[1] for low, high in bands])
        low, high = total or (0, np.inf)
        rows.append(parts / (p[:, (f >= low) & last(f, high)].sum(1) * f[1]) if relative else parts)
    return np.array(rows)


SETTINGS = {
    "paper 1": (2.0, 1.0, 0.25, 256.0, (0.3, 45.0)), "half-second segments": (1.0, 0.5, 0.25, 256.0,
                                                                              (0.3, 45.0)),
    "sixteen a second": (2.0, 1.0, 1 / 16, 256.0, (0.3, 45.0)),
    "whole spectrum": (2.0, 1.0, 0.25, 256.0, None), "step of three eighths": (2.0, 1.0, 0.375,
                                                                               256.0, (0.3, 45.0)),
    "no overlap": (2.0, 2.0, 2.0, 256.0, (0.3, 45.0)), "odd segment": (2.0, 1.0, 0.2, 125.0,
                                                                       (0.3, 45.0)),
    "one segment of 1.5 s": (2.0, 1.5, 0.75, 200.0, (0.3, 45.0)),
}


@pytest.mark.parametrize("relative", [True, False])
@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("name", SETTINGS)
def test_agrees_with_a_scipy_welch_loop(name, inclusive, relative):
    window, segment, step, rate, total = SETTINGS[name]
    x, bands = eeg(rate=rate), list(BANDS["zhang"].values())
    wanted = welch_loop(x, rate, bands, window, segment, step, total, inclusive, relative)
    options = dict(window=window, segment=segment, step=step, total=total, inclusive=inclusive,
                   relative=relative)
    double, single = (band_power(x, rate, "zhang", dtype=kind, **options)
                      for kind in (np.float64, np.float32))
    scale = wanted.max()
    assert double.shape == wanted.shape
    assert double.dtype == np.float64 and single.dtype == np.float32
    assert np.abs(double - wanted).max() < 1e-12 * scale
    assert np.abs(single - wanted).max() < 1e-6 * max(scale, 1)


def test_agrees_with_mne():
    x, bands = eeg(), BANDS["rmmt"]
    windows = np.lib.stride_tricks.sliding_window_view(x, 512, axis=1)[:, ::64]
    psd, f = mne.time_frequency.psd_array_welch(windows, RATE, n_fft=256, n_overlap=128,
                                                window="hann", verbose="error")
    inside = [psd[..., (f >= low) & (f < high)].sum(-1) for low, high in bands.values()]
    wanted = np.array(inside) / psd[..., (f >= 0.3) & (f < 45)].sum(-1)
    assert np.abs(band_power(x, RATE) - wanted.transpose(2, 0, 1)).max() < 1e-12


def test_white_noise_has_power_in_proportion_to_bandwidth():
    x = np.random.default_rng(1).standard_normal((8, 256 * 200))
    power = band_power(x, RATE, relative=False).mean((0, 2))
    n_bins = np.array(
        [len([f for f in range(1, 45) if low <= f < high]) for low, high in BANDS["rmmt"].values()],
        dtype=float)
    n_bins[0] -= 1 / 6  # taking out a segment's mean takes a sixth of the first bin's power with it
    # unit variance over 128 Hz, 1 Hz a bin
    assert power / n_bins == pytest.approx(np.full(6, 1 / 128), rel=0.02)


@pytest.mark.parametrize("name", BANDS)
def test_a_sine_lands_in_its_band(name):
    middles = [(low + high) / 2 for low, high in BANDS[name].values()]
    t = np.arange(256 * 10) / RATE
    power = band_power(np.sin(2 * np.pi * np.outer(middles, t)), RATE, name)
    assert power.mean(0).argmax(0).tolist() == list(range(6))
    assert np.diagonal(power.mean(0)).min() > 0.9


def test_bands_tile_the_total():
    for bands in BANDS.values():
        edges = list(bands.values())
        assert all(a[1] == b[0]
                   for a, b in pairwise(edges)) and (edges[0][0], edges[-1][1]) == (0.3, 45.0)
        assert band_power(eeg(), RATE, bands).sum(1) == pytest.approx(1, abs=1e-12)
    assert band_power(eeg(), RATE, inclusive=True).sum(1).min() > 1  # shared edges count twice


def test_relative_power_ignores_scale_and_offset_and_keeps_channels_apart():
    x, order = eeg(), [3, 1, 4, 0, 2]
    power = band_power(x, RATE)
    assert band_power(1e-6 * x + 5, RATE) == pytest.approx(power, rel=1e-8)
    assert band_power(x[order], RATE) == pytest.approx(power[:, :, order], rel=1e-12)
    assert band_power(x[:1], RATE)[..., 0] == pytest.approx(power[..., 0], rel=1e-12)
    assert np.isnan(band_power(np.ones((1, 1024)), RATE)).all()


@pytest.mark.parametrize(("options", "message"),
                         [({"step": 0.3}, "whole number of samples"),
                          ({"bands": [(8.1, 8.9)]}, "no frequency bin in the band 8.1-8.9 Hz"),
                          ({"window": 30.0}, "each must hold"),])
def test_impossible_settings_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        band_power(eeg(), RATE, **options)


def test_clean_passes_the_band_and_references():
    t = np.arange(256 * 40) / RATE
    tones = {f: np.sin(2 * np.pi * f * t) for f in (10.0, 60.0)}
    pattern = np.array([[1.0], [-0.5], [-0.5]])
    out = clean(
        Signal(4000 + pattern * sum(tones.values()) + 7 * tones[10.0], RATE, ("a", "b", "c"), "uV",
               -2.0))
    middle = slice(256 * 8, -256 * 8)
    assert (out.rate, out.start, out.unit, out.channels) == (RATE, -2.0, "uV", ("a", "b", "c"))
    assert np.abs(out.data.mean(0)).max() < 1e-9  # what all channels share is gone
    # no shift in phase; offset and 60 Hz gone
    assert np.abs(out.data - pattern * tones[10.0])[:, middle].max() < 0.02


def test_clean_is_little_disturbed_by_two_second_margins():
    data = eeg(8, 120)
    whole, cut = clean(Signal(data, RATE, start=-40.0)), clean(
        Signal(data[:, 38 * 256:82 * 256], RATE, start=-2.0))
    difference = np.abs(eeg_features(whole, 160) - eeg_features(cut, 160))
    assert difference.max() < 0.1 and difference[8:-8].max() < 0.02


def test_clean_refuses_what_it_cannot_filter():
    broken = eeg()
    broken[2, 100] = np.nan
    with pytest.raises(BadFile, match="1 not finite"):
        clean(Signal(broken, RATE))
    with pytest.raises(BadFile, match="more than 90 samples"):
        clean(Signal(eeg(rate=64), 64.0))


def test_a_burst_appears_in_the_rows_around_its_time():
    t = np.arange(-2 * 256, 22 * 256) / RATE
    x = 0.1 * np.random.default_rng(0).standard_normal((32, len(t)))
    # alpha on channel 7, a quarter of a second at 10 s
    x[7] += np.where(np.abs(t - 10) < 0.125, np.sin(2 * np.pi * 10 * t) * 5, 0)
    rows = eeg_features(Signal(x, RATE, start=-2.0), 80)
    assert rows.shape == (80, 192) and rows.dtype == np.float32
    alpha = rows[:, 2 * 32 + 7]  # band-major
    centre = (alpha * np.arange(80))[alpha > 0.3].sum() / alpha[alpha > 0.3].sum()
    assert centre == pytest.approx(40, abs=0.5) and set(np.flatnonzero(alpha > 0.3)) <= set(
        range(36, 45))
    # row 0 is centred on onset
    assert rows[:, 64:96] == pytest.approx(band_power(x[:, 256:], RATE)[:80, 2], abs=1e-6)


def test_rows_equal_labels_even_without_margins():
    signal = Signal(eeg(4, 10.0), RATE)
    rows = eeg_features(signal, 41)
    assert rows.shape == (41, 24) and np.isfinite(rows).all()
    with_margins = eeg_features(Signal(signal.data, RATE, start=-1.0), 33)
    assert rows[4:37] == pytest.approx(with_margins, abs=1e-6)
    with pytest.raises(BadFile, match="found 0 to 10 s"):
        eeg_features(signal, 60)
