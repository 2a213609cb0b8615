"""How time and memory of ten folds of RMMT grow with people.

``python -m benchmarks.bench_growth`` runs one protocol (``contiguous_trials``, ten folds, one
worker) with 1, 2, 4 and 8 times as many people, each in a process of its own, and prints processor
seconds and the memory peak beside those of the smallest cohort. Linear time doubles; a worker's
memory should grow by the cohort's features, and by nothing else.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time

import numpy as np
import torch

from lib.papers.rmmt.training import fit_fold
from lib.store import Store
from lib.training.folds import Call, cross_validate
from lib.training.splits import contiguous_trials

PEOPLE, TRIALS, N_TIMES = 5, 4, 192
SETTINGS = {"model": "TCN-E", "options": {"widths": (32, 32)}, "recipe": {"epochs": 3}}


def cohort(people: int) -> dict[str, np.ndarray]:
    """Noise of the size of the public features."""
    rng, n_trials = np.random.default_rng(0), people * TRIALS
    n = n_trials * N_TIMES
    return {
        "eeg": rng.normal(size=(n, 128)).astype(np.float32),
        "face": rng.normal(size=(n, 38)).astype(np.float32), "valence": rng.normal(size=n),
        "lengths": np.full(n_trials, N_TIMES), "subject": np.repeat(np.arange(people), TRIALS)
    }


def measure(people: int) -> tuple[float, float, float]:
    """Processor seconds of the folds, MiB by which they raise the memory peak, MiB of the data."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        once = [
            Call("TCN-E", fold, 0, SETTINGS)
            for fold in contiguous_trials(cohort(PEOPLE)["subject"])
        ]
        cross_validate(fit_fold, cohort(PEOPLE), once[:1], engine="serial", store=Store(folder))
        data = cohort(people)
        calls = [Call("TCN-E", fold, 0, SETTINGS) for fold in contiguous_trials(data["subject"])]
        before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
        cross_validate(fit_fold, data, calls, engine="serial", store=Store(folder))
        seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return seconds, peak / 1024, sum(array.nbytes for array in data.values()) / 2**20


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=int, default=8, help="times as many people at the end")
    most, first = parser.parse_args().most, None
    print(f"{'people':>8}{'times':>8}{'s':>8}{'times':>8}{'data, MiB':>12}{'more memory, MiB':>18}")
    for times in (2**i for i in range(most.bit_length())):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            seconds, memory, size = pool.apply(measure, (times * PEOPLE,))
        first = first or seconds
        print(
            f"{times * PEOPLE:8}{times:8}{seconds:8.1f}{seconds / first:8.2f}{size:12.1f}"
            f"{memory:18.1f}", flush=True)


if __name__ == "__main__":
    main()
