"""How long relative band power takes, beside loops over ``scipy.signal.welch`` and MNE.

``python -m benchmarks.bench_band_power`` prints a table; ``pytest benchmarks/bench_band_power.py``
measures the same with pytest-benchmark. 32 channels, 100 s at 256 Hz after `clean`, windows of 2 s
four times a second, Welch segments of 1 s with half overlap; all channels at once. Methods take
turns within each round, so that a busy machine slows them alike; the median over rounds is
reported.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import pytest
import scipy.signal
import torch
from mne.time_frequency import psd_array_welch

from lib.datasets.base import Signal
from lib.preprocessing.eeg import BANDS, band_power, clean

RATE, CHANNELS, SECONDS = 256, 32, 100
SIGNAL = clean(
    Signal(np.cumsum(np.random.default_rng(0).standard_normal((CHANNELS, SECONDS * RATE)), axis=1),
           RATE)).data
FREQUENCY = np.arange(129.0)
INSIDE = np.array([(FREQUENCY >= low) & (FREQUENCY < high)
                   for low, high in [*BANDS["rmmt"].values(), (0.3, 45.0)]], dtype=float)


def _loop(x: np.ndarray, spectrum: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    power = np.array(
        [INSIDE @ spectrum(x[:, start:start + 512]).T for start in range(0, x.shape[1] - 511, 64)])
    return power[:, :-1] / power[:, -1:]


def scipy_loop(x: np.ndarray) -> np.ndarray:
    """One call of SciPy for each window."""
    return _loop(
        x, lambda part: scipy.signal.welch(part, RATE, nperseg=256, noverlap=128, window="hann")[1])


def mne_loop(x: np.ndarray) -> np.ndarray:
    """One call of MNE for each window."""
    return _loop(
        x, lambda part: psd_array_welch(part, RATE, n_fft=256, n_overlap=128, window="hann", verbose
                                        ="error")[0])


METHODS = {
    "scipy.signal.welch loop": (scipy_loop, np.float64),
    "mne psd_array_welch loop": (mne_loop, np.float64),
    "band_power, single": (lambda x: band_power(x, RATE), np.float32),
    "band_power, double": (lambda x: band_power(x, RATE), np.float64),
}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", METHODS)
def test_band_power(benchmark, name, threads):
    """Time one method, and check it against SciPy."""
    method, dtype = METHODS[name]
    x, before = SIGNAL.astype(dtype), torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        result = benchmark.pedantic(method, (x,), rounds=5, warmup_rounds=1)
    finally:
        torch.set_num_threads(before)
    assert np.abs(result - scipy_loop(SIGNAL)).max() < (1e-6 if dtype == np.float32 else 1e-12)


def measure(rounds: int, threads: int) -> dict[str, list[float]]:
    """Wall-clock seconds of each round of each method."""
    torch.set_num_threads(threads)
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
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    reference = scipy_loop(SIGNAL)
    for threads in (1, 2):
        times = measure(rounds, threads)
        slowest = np.median(times["scipy.signal.welch loop"])
        print(f"\n{CHANNELS} channels x {SECONDS} s at {RATE} Hz, threads: {threads}, {rounds} "
              "rounds, median and fastest")
        print(f"{'':28}{'ms':>8}{'fastest':>10}{'SciPy / it':>12}{'largest difference':>20}")
        for name, (method, dtype) in METHODS.items():
            middle, difference = np.median(
                times[name]), np.abs(method(SIGNAL.astype(dtype)) - reference).max()
            print(f"{name:28}{1e3 * middle:8.1f}{1e3 * min(times[name]):10.1f}"
                  f"{slowest / middle:12.1f}{difference:20.1e}")


if __name__ == "__main__":
    main()
