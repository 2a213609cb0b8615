"""Spectrogram maps: known signals, agreement with SciPy, nothing across recordings or from gaps,
and the lag with its sign."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import scipy.signal

from lib.datasets.base import BadFile, Cohort, Signal, Trial
from lib.datasets.flex_format import CHANNELS, GRID
from lib.preprocessing.scalp_lag import estimate_lag
from lib.preprocessing.scalp_maps import (BANDS, band_ranges, band_signals, features, scalp_map,
                                          segments, spectrograms)
from lib.preprocessing.spectrograms import SIZES
from lib.store import Store

RNG = np.random.default_rng(0)


def signal(data, rate=128.0, start=0.0, channels=CHANNELS):
    return Signal(np.asarray(data, np.float32), rate, channels, "uV", start)


def trial(data, rate=128.0, start=0.0, number=1, files=None):
    return Trial("flex", 1, "1", number, "film", {"emotion": 2.0},
                 {"eeg": partial(signal, data, rate, start)}, files or {})


def noise(seconds, rate=128):
    return 4200 + 10 * np.random.default_rng(1).standard_normal((28, int(seconds * rate)))


class Means:
    """A backbone of three features: how bright each colour is."""

    name, fingerprint, calls = "means", "1", 0

    def __call__(self, images):
        Means.calls += 1
        return images.mean(axis=(1, 2))


def test_a_sine_ends_up_in_its_band_at_either_rate():
    for rate in (128.0, 256.0):
        times = np.arange(int(8 * rate)) / rate
        x, broken = band_signals(
            signal(4200 + 10 * np.sin(2 * np.pi * 20 * times) * np.ones((28, 1)), rate))
        assert x.shape == (28, 3, 1600) and not broken.any()
        expected = 10 * np.sin(2 * np.pi * 20 * np.arange(1600) / 200)
        np.testing.assert_allclose(x[5, 1, 300:-300], expected[300:-300], atol=0.15)  # not delayed
        assert np.abs(x[:, [0, 2], 300:-300]).max() < 0.7
    assert list(BANDS.values()) == [(1, 14), (14, 31), (31, 51)]


def test_segments_start_where_the_lag_says():
    eeg = np.zeros((28, 128 * 12))
    eeg[:, 128 * 7] = 100.0  # 7 s into the recording
    for lag, start, at in ((2.0, 0.0, (1, 400)), (0.0, 0.0, (2, 200)), (-1.5, 0.0, (2, 200)),
                           (2.0, -1.0, (1, 200))):
        cut = segments(trial(eeg, start=start), lag=lag)
        assert cut["segments"].shape[1:] == (28, 3, 600) and cut["segments"].dtype == np.float32
        first = max(lag, 0) - lag
        np.testing.assert_allclose(cut["start"], first + 3 * np.arange(len(cut["start"])))
        beta = cut["segments"][:, 0, 1]
        where = np.unravel_index(np.abs(beta - np.median(beta)).argmax(), beta.shape)
        assert where[0] == at[0] and abs(where[1] - at[1]) <= 2
    with pytest.raises(BadFile, match=r"5 s of EEG after the clip's onset, found 4\.0 s"):
        segments(trial(noise(4)))


def test_scaling_to_one():
    one = trial(noise(20))
    whole, own = segments(one)["segments"], segments(one, scaling="segment")["segments"]
    assert whole.min() >= 0 and whole.max() <= 1 and np.all(np.ptp(whole, axis=(0, 3)) > 0.9)
    np.testing.assert_allclose([own.min(-1), own.max(-1)],
                               [np.zeros((6, 28, 3)), np.ones((6, 28, 3))], atol=1e-6)
    # of training recordings, the second with twice the voltage
    ranges = band_ranges([one, trial(2 * noise(20))])
    x = band_signals(trial(2 * noise(20)).load("eeg"))[0]
    np.testing.assert_allclose(ranges, np.stack([x.min(-1), x.max(-1)], axis=-1), rtol=1e-3)
    known = segments(one, scaling=ranges)["segments"]
    np.testing.assert_allclose(
        known * np.ptp(ranges, axis=-1)[..., None] + ranges[..., :1],
        band_signals(one.load("eeg"))[0][..., 400:].reshape(28, 3, 6, 600).transpose(2, 0, 1, 3),
        atol=1e-4)


def test_short_gaps_are_bridged_and_long_ones_left_out():
    x = noise(14)
    x[:, 128 * 3:128 * 3 + 12] = np.nan  # 0.09 s, in the first segment
    x[:, 128 * 9:128 * 9 + 30] = np.nan  # in the third
    cut = segments(trial(x))
    assert cut["start"].tolist() == [0, 3, 9] and np.isfinite(cut["segments"]).all()
    x[3] = np.nan
    with pytest.raises(BadFile, match="finite samples in every channel at once, found none in F7"):
        segments(trial(x))
    with pytest.raises(BadFile, match="found no Fp2"):
        band_signals(signal(noise(9)[:27], channels=CHANNELS[:27]))


def reference(x):
    """SciPy's, one signal at a time."""
    power = np.array([
        scipy.signal.spectrogram(row - row.mean(), 200, window="hann", nperseg=144, noverlap=142,
                                 nfft=456, detrend=False)[2] for row in x.reshape(-1, 600)
    ])
    decibels = 10 * np.log10(power + 1e-12).reshape(*x.shape[:-1], 229, 229)
    top = decibels.max(axis=(1, 2, 3, 4), keepdims=True)
    return np.clip(1 + (decibels - top) / 80, 0, 1)


def test_spectrograms_are_those_of_scipy():
    x = RNG.random((2, 3, 3, 600)) * np.array([1, 0.1, 1e-3])[:, None]
    expected = reference(x)
    np.testing.assert_allclose(spectrograms(x), expected, atol=1e-10)
    single = spectrograms(x.astype(np.float32))
    assert single.dtype == np.float32 and single.shape == (2, 3, 3, 229, 229)
    np.testing.assert_allclose(single, expected, atol=1e-3)
    assert single.max() == 1 and single.min() == 0


def test_a_band_without_low_frequencies_leaves_the_lowest_rows_dark_and_still():
    x = np.cos(2 * np.pi * 20 * np.arange(600) / 200 + np.array([0, 1, 2])[:, None])
    lowest = spectrograms(x[None, None] + 4000)[0, 0, :, :12]  # up to 5 Hz, with an offset of 4 mV
    assert lowest.max() < 0.2 and np.diff(lowest, axis=-1).max() < 0.15


def test_small_images_are_rows_and_columns_of_the_big_one():
    x = 0.5 + 0.1 * np.sin(2 * np.pi * 20 * np.arange(600) / 200) * np.ones(
        (1, 2, 3, 1)) + 0.01 * RNG.standard_normal((1, 2, 3, 600))
    big = reference(x)
    assert SIZES == (20, 39, 58, 77, 115, 229)
    for size in (58, 115):
        small, every = spectrograms(x, size), big[..., ::228 // (size - 1), ::228 // (size - 1)]
        # the maximum, from which 80 dB are counted, may be another one
        seen = (small > 0) & (every > 0)
        np.testing.assert_allclose((small - small.max())[seen], (every - every.max())[seen],
                                   atol=1e-6)
        assert seen.mean() > 0.99
        # low frequencies first
        assert small.mean((0, 1, 2, 4)).argmax() == round(20 / 100 * (size - 1))
    for wrong in ({"size": 64}, {"size": 299}):
        with pytest.raises(ValueError, match="a size among 20, 39"):
            spectrograms(x, **wrong)


def test_linear_scaling_matters_between_electrodes_but_not_as_a_whole():
    x = RNG.random((1, 2, 3, 600))
    np.testing.assert_allclose(spectrograms(3 * x + 7, 58), spectrograms(x, 58), atol=1e-4)
    assert np.abs(spectrograms(x * np.array([1, 0.1])[:, None, None], 58) -
                  spectrograms(x, 58)).max() > 0.2


def test_features_of_a_cohort_and_their_memo(tmp_path):
    files = []
    for i in range(2):
        (tmp_path / f"{i}").write_text(f"{i}")
        files.append({"eeg": str(tmp_path / f"{i}")})
    trials = (trial(noise(9), number=1,
                    files=files[0]), trial(noise(3),
                                           number=2), trial(noise(12), number=3, files=files[1]))
    cohort, store = Cohort("flex", "simulated", trials, "", {"x": "gone"}), Store(tmp_path / "memo")
    out = features(cohort, Means(), size=20, jobs=1, store=store)
    assert out["features"].shape == (5, 28, 3) and out["features"].dtype == np.float16
    assert out["recording"].tolist() == [0, 0, 2, 2, 2] and out["start"].tolist() == [
        0, 3, 0, 3, 6
    ] and set(out["emotion"]) == {2}
    assert set(out["dropped"]) == {"x", "flex subject 1 trial 2"}
    images = spectrograms(segments(trials[2])["segments"], 20)
    # red is the lowest band
    np.testing.assert_allclose(out["features"][2:], 255 * images.mean((3, 4)), rtol=1e-3)
    calls = Means.calls
    np.testing.assert_array_equal(
        features(cohort, Means(), size=20, jobs=1, store=store)["features"], out["features"])
    assert Means.calls == calls
    features(cohort, Means(), size=20, lag=0.0, jobs=1, store=store)
    assert Means.calls > calls
    with pytest.raises(BadFile, match=r"none of 1\. The first reason"):
        features(Cohort("flex", "simulated", trials[1:2], ""), Means(), jobs=1)


def test_every_electrode_has_its_cell_and_seven_cells_are_empty():
    maps = scalp_map(
        np.arange(1, 29, dtype=np.float16)[None, :, None] * np.array([1, 2], np.float16))
    assert maps.shape == (1, 2, 7, 5) and maps.dtype == np.float16 and (maps == 0).sum() == 14
    for name, cell in (("Fp1", (0, 1)), ("Cz", (3, 2)), ("O2", (6, 3)), ("T8", (3, 4))):
        assert maps[0, 0][cell] == CHANNELS.index(name) + 1 and GRID[cell[0]][cell[1]] == name
        assert maps[0, 1][cell] == 2 * maps[0, 0][cell]


@pytest.mark.parametrize(("kind", "lag"), [("muscle", 2.0), ("muscle", -1.5), ("blink", 1.2)])
def test_the_lag_is_found_with_its_sign(kind, lag):
    rng, rate, frames = np.random.default_rng(3), 128.0, 4.0
    clock = np.arange(int(60 * rate)) / rate
    events = np.arange(3, 57, 4.3) + rng.uniform(-1, 1, 13)
    width = 1.0 if kind == "muscle" else 0.15

    def shown(times):
        return np.exp(-0.5 * ((times[:, None] - events) / width)**2).sum(axis=1)

    x = 5 * rng.standard_normal((28, len(clock)))
    x += (20 * rng.standard_normal(
        (28, len(clock))) if kind == "muscle" else 150) * shown(clock - lag)
    face = Signal(shown(np.arange(int(60 * frames)) / frames), frames)
    assert estimate_lag(signal(x), face, kind=kind) == pytest.approx(lag, abs=0.15)


def test_a_still_face_has_no_lag():
    with pytest.raises(BadFile, match="a changing face"):
        estimate_lag(signal(noise(40)), Signal(np.zeros(80), 2.0))


def test_what_has_no_lag_is_refused_and_never_given_a_number():
    face = Signal(np.random.default_rng(1).random(80), 2.0)
    gap = Signal(np.where(np.arange(80) == 40, np.nan, face.data), 2.0)
    still = signal(np.zeros((len(CHANNELS), 40 * 128)))
    for eeg, shown in ((signal(noise(40)), gap), (still, face)):
        with pytest.raises(BadFile, match="a changing face"):
            estimate_lag(eeg, shown)


def test_a_recording_of_a_few_samples_is_left_out_and_takes_nobody_with_it():
    with pytest.raises(BadFile, match="3 s or more"):
        band_signals(signal(noise(1)), "trial 1")
