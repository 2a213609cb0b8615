"""How long filtering and cutting a cohort takes, beside a plain loop of SciPy calls over trials,
channels and segments.

``python -m benchmarks.bench_segments`` prints both, their ratio and the largest difference;
``pytest benchmarks/bench_segments.py`` measures the same with pytest-benchmark. 20 trials of 65 s
with the 14 + 2 channels of AMIGOS, of which 11 are used, at its 128 Hz and at 512 Hz; one process,
signals in memory. The two take turns, so that a busy machine slows them alike.
"""

from __future__ import annotations

import argparse
import time
from functools import partial

import numpy as np
import pytest
from scipy.signal import butter, resample_poly, sosfiltfilt

from lib.datasets.amigos_format import BASELINE, ECG_CHANNELS, ECG_LEFT, EEG_CHANNELS, HEADSET, RATE
from lib.datasets.base import Cohort, Signal, Trial
from lib.preprocessing.physio import segments

TRIALS, SECONDS, LENGTH = 20, 65, 1280
RATES = (RATE, 4 * RATE)


def cohort(rate: float) -> Cohort:
    """Random walks of the size of AMIGOS recordings."""
    rng, start = np.random.default_rng(0), -BASELINE / RATE

    def signal(channels):
        walk = np.cumsum(rng.standard_normal((len(channels), round((SECONDS - start) * rate))),
                         axis=1)
        return partial(Signal, walk, rate, channels, "uV", start)

    trials = tuple(
        Trial("amigos", i // 20, "short", i, str(i % 20), {"arousal": 5.0, "valence": 5.0},
              {"eeg": signal(HEADSET), "ecg": signal(ECG_CHANNELS)}) for i in range(TRIALS))
    return Cohort("amigos", "simulated", trials, "noise")


def ours(trials: Cohort) -> dict[str, np.ndarray]:
    """All channels of a trial at once."""
    return segments(trials, jobs=1)


def plain(trials: Cohort) -> dict[str, np.ndarray]:
    """One channel, one segment at a time."""
    out: dict[str, list] = {"eeg": [], "ecg": []}
    for trial in trials:
        for kind, names in (("eeg", EEG_CHANNELS), ("ecg", (ECG_LEFT,))):
            signal, channels = trial.load(kind), []
            for name in names:
                x = signal.data[signal.channels.index(name)]
                x = sosfiltfilt(
                    butter(4, (0.8, 50), btype="bandpass", output="sos", fs=signal.rate), x)
                x = resample_poly(x, 1, round(signal.rate / RATE))[BASELINE:]
                channels.append(
                    [x[start:start + LENGTH] for start in range(0,
                                                                len(x) - LENGTH + 1, LENGTH)])
            out[kind] += [
                np.array([channel[k] for channel in channels], np.float32)
                for k in range(len(channels[0]))
            ]
    return {kind: np.array(parts) for kind, parts in out.items()}


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("method", [plain, ours])
def test_segments(benchmark, method, rate):
    """Time one way, and check it against the other."""
    made = cohort(rate)
    result, other = benchmark.pedantic(method, (made,), rounds=3,
                                       warmup_rounds=1), (ours if method is plain else plain)(made)
    assert all(np.abs(result[kind] - other[kind]).max() < 1e-5 for kind in ("eeg", "ecg"))


def main() -> None:
    """Print both ways, their ratio and difference."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(f"{TRIALS} trials of {SECONDS} s, 11 channels, one process, {rounds} rounds, median")
    for rate in RATES:
        made, times = cohort(rate), {plain: [], ours: []}
        for turn in range(rounds + 1):
            for method in times:
                start = time.perf_counter()
                method(made)
                if turn:  # the first is a warm-up
                    times[method].append(time.perf_counter() - start)
        slow, fast = (float(np.median(values)) for values in times.values())
        a, b = plain(made), ours(made)
        difference = max(float(np.abs(a[kind] - b[kind]).max()) for kind in a)
        print(f"{rate:g} Hz: plain loop {slow:.3f} s, segments() {fast:.3f} s, plain / ours "
              f"{slow / fast:.2f}, "
              f"largest difference {difference:.1e}")


if __name__ == "__main__":
    main()
