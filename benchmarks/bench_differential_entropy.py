"""How long differential entropy takes, beside loops over channels, bands and windows with SciPy.

``python -m benchmarks.bench_differential_entropy`` prints a table; ``pytest
benchmarks/bench_differential_entropy.py`` measures the same with pytest-benchmark. One trial: 62
channels, 100 s at 200 Hz, five bands, 25 windows of 4 s.

- ``filtfilt loop``: a Butterworth band-pass of order 4, forward and backward, and the variance,
  once for every channel, band and window.
- ``lfilter loop``: order 5, forward only, log2: what torcheeg's BandDifferentialEntropy does,
  filter design in each step included.
- ``torcheeg``: that class itself, where it is installed.
- ``sosfiltfilt``: the whole trial filtered by SciPy, all channels in one call: the same definition
  as ours.

Methods take turns within each round; the median over rounds is reported. The loops filter every
window by itself, so they differ from the rest by what a filter does at the ends of a window;
differences are in nats.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pytest
import scipy.signal

from lib.datasets.seed_format import BANDS
from lib.preprocessing.differential_entropy import differential_entropy

RATE, CHANNELS, SECONDS, SIZE = 200, 62, 100, 800
SIGNAL = np.cumsum(np.random.default_rng(0).standard_normal((CHANNELS, SECONDS * RATE)), axis=1)
SIGNAL -= SIGNAL.mean(axis=1, keepdims=True)
SOS = [scipy.signal.butter(4, band, "bandpass", fs=RATE, output="sos") for band in BANDS.values()]
BA = [scipy.signal.butter(4, band, "bandpass", fs=RATE) for band in BANDS.values()]


def _entropy(variance) -> np.ndarray:
    return 0.5 * np.log(2 * np.pi * np.e * np.asarray(variance))


def sosfiltfilt(x: np.ndarray) -> np.ndarray:
    """The definition of `differential_entropy`, by SciPy."""
    filtered = [scipy.signal.sosfiltfilt(sos, x, padtype="odd", padlen=8 * RATE) for sos in SOS]
    return _entropy([y.reshape(CHANNELS, -1, SIZE).var(axis=-1)
                     for y in filtered]).transpose(1, 2, 0)


def filtfilt_loop(x: np.ndarray) -> np.ndarray:
    """Each window of each channel filtered by itself, without phase shift."""
    return _entropy([[[scipy.signal.filtfilt(b, a, part).var() for b, a in BA]
                      for part in channel.reshape(-1, SIZE)] for channel in x])


def lfilter_loop(x: np.ndarray) -> np.ndarray:
    """As torcheeg's BandDifferentialEntropy, in nats."""
    def one(part, band):
        b, a = scipy.signal.butter(5, [2 * edge / RATE for edge in band], btype="band")
        return scipy.signal.lfilter(b, a, part).var()

    return _entropy([[[one(part, band) for band in BANDS.values()]
                      for part in channel.reshape(-1, SIZE)] for channel in x])


METHODS = {
    "filtfilt loop": (filtfilt_loop, np.float64), "lfilter loop": (lfilter_loop, np.float64),
    "sosfiltfilt": (sosfiltfilt, np.float64),
    "differential_entropy, single": (lambda x: differential_entropy(x, RATE), np.float32),
    "differential_entropy, double": (lambda x: differential_entropy(x, RATE), np.float64),
}
try:
    # older torcheeg imports it under the name it had before SciPy 1.13
    scipy.signal.hann = scipy.signal.windows.hann
    from torcheeg.transforms import BandDifferentialEntropy
except ImportError:
    pass
else:
    _theirs = BandDifferentialEntropy(sampling_rate=RATE, order=5,
                                      band_dict={name: list(band) for name, band in BANDS.items()})
    METHODS["torcheeg"] = (lambda x: np.log(2) * np.stack(
        [_theirs(eeg=x[:, start:start + SIZE])["eeg"]
         for start in range(0, x.shape[1], SIZE)], axis=1), np.float64)


@pytest.mark.parametrize("name", METHODS)
def test_differential_entropy(benchmark, name):
    """Time one method, and check it against the one it must agree with."""
    method, dtype = METHODS[name]
    result = benchmark.pedantic(method, (SIGNAL.astype(dtype),), rounds=2, warmup_rounds=1)
    if name.startswith("differential"):
        assert np.abs(result - sosfiltfilt(SIGNAL)).max() < (1e-3 if dtype == np.float32 else 1e-4)
    elif name == "torcheeg":
        np.testing.assert_allclose(result, lfilter_loop(SIGNAL))


def measure(rounds: int) -> dict[str, list[float]]:
    """Wall-clock seconds of each round of each method."""
    times: dict[str, list[float]] = {name: [] for name in METHODS}
    for turn in range(rounds + 1):
        for name, (method, dtype) in METHODS.items():
            x = SIGNAL.astype(dtype)
            start = time.perf_counter()
            method(x)
            if turn:  # the first is a warm-up
                times[name].append(time.perf_counter() - start)
    return times


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    times, reference = measure(rounds), sosfiltfilt(SIGNAL)
    slowest = np.median(times["filtfilt loop"])
    print(f"{CHANNELS} channels x {SECONDS} s at {RATE} Hz, {rounds} rounds, median and fastest; "
          "differences from sosfiltfilt, in nats")
    print(
        f"{'':30}{'ms':>8}{'fastest':>10}{'loop / it':>11}{'largest difference':>20}{'median':>10}")
    for name, (method, dtype) in METHODS.items():
        middle, difference = np.median(
            times[name]), np.abs(method(SIGNAL.astype(dtype)) - reference)
        print(f"{name:30}{1e3 * middle:8.1f}{1e3 * min(times[name]):10.1f}"
              f"{slowest / middle:11.1f}{difference.max():20.1e}"
              f"{np.median(difference):10.1e}")


if __name__ == "__main__":
    main()
