"""Filter, resample, cut: each step against SciPy, the order of steps, gaps, and trials that cannot
be used."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from scipy import signal as sp

from lib.datasets.amigos_format import BASELINE, ECG_CHANNELS, EEG_CHANNELS, HEADSET, RATE
from lib.datasets.base import BadFile, Cohort, Signal, Trial
from lib.preprocessing import physio
from lib.preprocessing.filters import bandpass, resample
from lib.preprocessing.physio import corpus_segments, segments
from lib.store import Store

START = -BASELINE / RATE


def noise(channels, seconds, seed=0, rate=RATE, start=START, gaps=()):
    data = np.cumsum(
        np.random.default_rng(seed).standard_normal((len(channels), round(
            (seconds - start) * rate))), axis=1)
    for row, begin, end in gaps:  # seconds after onset
        data[row, round((begin - start) * rate):round((end - start) * rate)] = np.nan
    return Signal(data, rate, channels, "uV", start)


def loader(*args, **kwargs):
    """Of a signal made now: it needs nothing of this module in another process."""
    made = noise(*args, **kwargs)
    return partial(Signal, made.data, made.rate, made.channels, made.unit, made.start)


def bad():
    raise BadFile("some.mat", "signals", "nothing", "Get it again.")


def trial(number, seconds, files=None, eeg=None, ecg=None):
    loaders = {
        "eeg": eeg or loader(HEADSET, seconds, number), "ecg": ecg
        or loader(ECG_CHANNELS, seconds, 100 + number)
    }
    labels = {"arousal": 1.0 + number, "valence": 9.0 - number}
    return Trial("amigos", number // 2, "short", number, f"clip {number}", labels, loaders, files
                 or {})


def cohort(*trials):
    return Cohort("amigos", "simulated", trials, "simulated", {"P09.mat": "damaged"})


@pytest.mark.parametrize("rate", [128.0, 500.0])
def test_bandpass_is_a_butterworth_filter_of_eight_poles_run_both_ways(rate):
    x = np.random.default_rng(0).standard_normal((3, round(20 * rate)))
    assert len(sp.butter(4, (0.8, 50), btype="bandpass", output="zpk", fs=rate)[1]) == 8
    sos = sp.butter(4, (0.8, 50), btype="bandpass", output="sos", fs=rate)
    assert np.allclose(bandpass(x, rate)[1], sp.sosfiltfilt(sos, x[1]), rtol=0, atol=1e-12)
    t = np.arange(round(60 * rate)) / rate
    inner = slice(round(20 * rate), round(40 * rate))
    # half at the edges: two runs of 3 dB
    for hertz, gain in ((0.1, 0), (0.8, 0.5), (10, 1), (50, 0.5)):
        assert np.abs(
            bandpass(np.sin(2 * np.pi * hertz * t), rate)[inner] -
            gain * np.sin(2 * np.pi * hertz * t)[inner]).max() < 0.02
    with pytest.raises(BadFile, match="more than 100 samples per second, found 100"):
        bandpass(x, 100.0)


@pytest.mark.parametrize(("rate", "up", "down"), [(160.0, 4, 5), (200.0, 16, 25), (256.0, 1, 2),
                                                  (500.0, 32, 125), (1000.0, 16, 125)])
def test_resample_is_polyphase_at_the_ratio_of_the_rates(rate, up, down):
    x = np.random.default_rng(0).standard_normal((2, round(10 * rate)))
    assert np.array_equal(resample(x, rate), sp.resample_poly(x, up, down, axis=-1)) and resample(
        x, rate).shape == (2, 1280)
    assert resample(x, 128.0) is x


@pytest.mark.parametrize("rate", [128.0, 256.0])
def test_order_of_steps_and_what_belongs_to_a_segment(rate):
    load = {"eeg": loader(HEADSET, 37.5, 1, rate), "ecg": loader(ECG_CHANNELS, 37.5, 2, rate)}
    data = segments(cohort(trial(3, 0, **load), trial(4, 12.0)), jobs=1)
    assert data["eeg"].shape == (4, 10, 1280) and data["ecg"].shape == (
        4, 1, 1280) and data["eeg"].dtype == data["ecg"].dtype == np.float32
    assert data["start"].tolist() == [0, 10, 20, 0] and data["trial"].tolist() == [
        0, 0, 0, 1
    ] and data["subject"].tolist() == [1, 1, 1, 2]
    assert data["arousal"].tolist() == [4, 4, 4, 5] and data["valence"].tolist() == [
        6, 6, 6, 5
    ] and data["arousal"].dtype == np.float64
    assert data["stimulus"].tolist() == ["clip 3"] * 3 + ["clip 4"] and set(
        data["session"]) == {"short"}
    assert data["dropped"] == {"P09.mat": "damaged"}
    sos = sp.butter(4, (0.8, 50), btype="bandpass", output="sos", fs=rate)
    # by hand: filter with the baseline, resample, then cut it off
    for kind, row, name in (("eeg", 2, "T7"), ("ecg", 0, "ECG left")):
        signal = load[kind]()
        x = sp.sosfiltfilt(sos, signal.data[signal.channels.index(name)])
        x = sp.resample_poly(x, 1, round(rate / 128))[BASELINE:]
        assert np.allclose(data[kind][:3, row].ravel(), x[:3 * 1280], rtol=0, atol=1e-5)


def test_a_gap_costs_its_own_segments_in_both_signals():
    whole = trial(0, 60)
    gap = trial(0, 60, eeg=loader(HEADSET, 60, 0, gaps=[(1, 14, 15)]),
                ecg=loader(ECG_CHANNELS, 60, 100, gaps=[(1, 39.9, 40.1)]))
    unused = trial(0, 60, eeg=loader(HEADSET, 60, 0, gaps=[(0, -2, 60)]),
                   ecg=loader(ECG_CHANNELS, 60, 100, gaps=[(0, 3, 9)]))
    reference, data, same = (segments(cohort(t), jobs=1) for t in (whole, gap, unused))
    assert data["start"].tolist() == [0, 20, 50]
    assert data["dropped"]["amigos subject 0 trial 0"] == "3 segments of 6 with non-finite values"
    kept = np.isin(reference["start"], data["start"])
    # the bridge disturbs its surroundings little
    assert np.abs(data["ecg"] - reference["ecg"][kept]).max() < 0.2 * reference["ecg"].std()
    # and no other channel at all
    assert np.abs(data["eeg"] - reference["eeg"][kept]).max(axis=(0, 2))[1:].max() == 0
    assert np.array_equal(same["eeg"], reference["eeg"])  # AF3 and the right arm are not used


def test_trials_that_cannot_be_used_are_named_and_the_others_are_not_harmed():
    without = Trial("amigos", 9, "short", 9, "clip", {"arousal": 1.0, "valence": 1.0}, {"eeg": bad})
    dead, few = loader(HEADSET, 20, gaps=[(12, -5, 20)]), loader(HEADSET[:8], 20)
    data = segments(
        cohort(trial(1, 25), trial(2, 9.9), trial(3, 20, eeg=bad), trial(4, 20, eeg=dead),
               trial(5, 20, eeg=few), without, trial(6, 10)), jobs=1)
    assert data["trial"].tolist() == [0, 0, 6]
    reasons = [data["dropped"][f"amigos subject {n // 2} trial {n}"]
               for n in (2, 3, 4, 5)] + [data["dropped"][without.name]]
    expected = ("at least 10 s of signal, found 9.9 s", "some.mat", "found none in F8",
                "found no P8, T8, F4, F8", "found no ecg")
    for reason, text in zip(reasons, expected, strict=True):
        assert text in reason
    with pytest.raises(BadFile, match="at least one usable trial, found none of 1"):
        segments(cohort(trial(2, 9)), jobs=1)


def test_a_flat_channel_stays_flat():
    flat = noise(HEADSET, 20)
    flat.data[1] = 4200.0
    assert not segments(cohort(trial(1, 20, eeg=lambda: flat)), jobs=1)["eeg"][:, 0].any()


def test_processes_and_the_store_give_the_same_arrays(tmp_path, monkeypatch):
    for number in range(3):
        (tmp_path / f"{number}.mat").write_text(str(number))
    made = cohort(*(trial(n, 10 * n + 5, {"eeg": str(tmp_path / f"{n}.mat")}) for n in range(3)))
    plain, store = segments(made, jobs=1), Store(tmp_path / "memo")
    two = segments(made, jobs=2, store=store)
    monkeypatch.setattr(physio, "trial_segments", None)  # what is remembered is not computed
    again = segments(made, jobs=1, store=store)
    for other in (two, again):
        assert other.keys() == plain.keys() and other["dropped"] == plain["dropped"] and len(
            plain["dropped"]) == 2
        assert all(
            np.array_equal(plain[key], other[key]) and plain[key].dtype == other[key].dtype
            for key in plain if key != "dropped")
    assert (store.hits, store.misses) == (1, 1)
    (tmp_path / "1.mat").write_text("other bytes")
    with pytest.raises(TypeError):
        segments(made, jobs=1, store=store)


def recording(number, seconds, rate=160.0, scale=1.0, **kwargs):
    def load():
        signal = noise(EEG_CHANNELS[::-1], seconds, number, rate, 0.0, **kwargs)
        return Signal(scale * signal.data + 7, rate, signal.channels)

    ecg = partial(noise, ("chest",), seconds, number, rate, 0.0)
    return Trial("corpus", number, "1", number, "none", {}, {"eeg": load, "ecg": ecg})


def test_corpora_are_standardised_per_recording_and_channel():
    small = recording(3, 20, 500.0, scale=1e-6, gaps=[(0, 1, 2)])
    x = corpus_segments([cohort(recording(1, 35), recording(2, 9)), cohort(small)], "eeg", jobs=1)
    assert x.shape == (4, 10, 1280) and x.dtype == np.float32
    for own in (x[:3], x[3:]):
        assert np.allclose(own.mean(axis=(0, 2)), 0, atol=1e-5) and np.allclose(
            own.std(axis=(0, 2)), 1, atol=1e-5)
    signal = recording(1, 35).load("eeg")
    by_hand = sp.resample_poly(bandpass(signal.data[signal.channels.index("F7")], 160.0), 4,
                               5)[:3840]
    assert np.allclose(x[:3, 0].ravel(), (by_hand - by_hand.mean()) / by_hand.std(), atol=1e-4)
    assert corpus_segments([cohort(recording(1, 35))], "ecg", jobs=1).shape == (3, 1, 1280)
    with pytest.raises(BadFile, match="at least one usable eeg recording, found none of 1"):
        corpus_segments([cohort(recording(2, 9))], "eeg", jobs=1)


def test_a_limit_draws_evenly_without_replacement():
    corpora = [cohort(*(recording(n, 40) for n in range(20)))]
    everything = corpus_segments(corpora, "ecg", jobs=1)
    draws = [corpus_segments(corpora, "ecg", limit=10, seed=seed, jobs=1) for seed in range(12)]
    places = [[np.flatnonzero((everything == one).all(axis=(1, 2))).item() for one in draw]
              for draw in draws]
    assert all(len(set(draw)) == 10 and draw == sorted(draw)
               for draw in places) and len({tuple(draw) for draw in places}) == 12
    assert np.concatenate(places).mean() == pytest.approx(39.5, abs=6)  # 2.8 standard errors
    assert np.array_equal(draws[0], corpus_segments(corpora, "ecg", limit=10, seed=0, jobs=1))
    assert np.array_equal(everything, corpus_segments(corpora, "ecg", limit=500, jobs=1))
