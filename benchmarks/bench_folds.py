"""How long ten folds of RMMT take: side by side with one thread each, beside a plain loop that
gives each fold two threads.

``python -m benchmarks.bench_folds`` prints both and their ratio; ``pytest
benchmarks/bench_folds.py`` measures the same with pytest-benchmark. The plain loop trains with the
layers as PyTorch writes them (``nn.Conv1d``, ``nn.PReLU``, ``nn.Dropout``), ours with those of
``lib.models.tcn``; both in single precision. Both train the same number of steps on the same
windows; the two take turns, so that a busy machine slows them alike.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from unittest.mock import patch

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lib.models import rmmt, tcn
from lib.papers.rmmt.training import fit_fold
from lib.store import Store
from lib.training.folds import Call, cross_validate
from lib.training.splits import contiguous_trials

N_TRIALS, N_TIMES, RECIPE = 40, 192, {"epochs": 2, "train_hop": 64}


class PlainConv(nn.Conv1d):
    """PyTorch's own convolution over ``(batch, n_times, n_in)``, padded on the left."""
    def __init__(self, n_in: int, n_out: int, kernel: int, dilation: int):
        super().__init__(n_in, n_out, kernel, dilation=dilation)

    def forward(self, x: Tensor) -> Tensor:
        reach = (self.kernel_size[0] - 1) * self.dilation[0]
        return super().forward(nn.functional.pad(x.transpose(1, 2), (reach, 0))).transpose(1, 2)


def cohort() -> dict[str, np.ndarray]:
    """Noise of the size of the public features; what it holds does not change how long training
    takes."""
    rng, n = np.random.default_rng(0), N_TRIALS * N_TIMES
    return {
        "eeg": rng.normal(size=(n, 128)).astype(np.float32),
        "face": rng.normal(size=(n, 38)).astype(np.float32), "valence": rng.normal(size=n),
        "lengths": np.full(N_TRIALS, N_TIMES), "subject": np.repeat(np.arange(10), N_TRIALS // 10),
    }


def calls() -> list[Call]:
    settings = {"model": "RMMT", "options": {"layers": 1}, "recipe": RECIPE}
    return [Call("RMMT", fold, 0, settings) for fold in contiguous_trials(cohort()["subject"])]


def ours(data) -> int:
    """Processes of one thread each."""
    with tempfile.TemporaryDirectory() as folder:
        return len(cross_validate(fit_fold, data, calls(), jobs=2, store=Store(folder)))


def plain(data) -> int:
    """One fold after another, two threads each."""
    with contextlib.ExitStack() as stack:
        for models, name, layer in ((tcn, "CausalConv", PlainConv), (tcn, "PReLU", nn.PReLU),
                                    (tcn, "FeatureDropout", nn.Dropout), (rmmt, "FeatureDropout",
                                                                          nn.Dropout)):
            stack.enter_context(patch.object(models, name, layer))
        torch.set_num_threads(2)
        try:
            results = [
                fit_fold(data, {k: getattr(t.split, k)
                                for k in ("train", "val", "test")}, seed=0, **t.settings)
                for t in calls()
            ]
        finally:
            torch.set_num_threads(1)
    return len(results)


@pytest.mark.parametrize("method", [plain, ours])
def test_ten_folds(benchmark, method):
    """Time one way."""
    assert benchmark.pedantic(method, (cohort(),), rounds=2, warmup_rounds=1) == 10


def main() -> None:
    """Print both ways and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds, data = parser.parse_args().rounds, cohort()
    times: dict[str, list[float]] = {
        "plain loop, 2 threads": [], "folds side by side, 1 thread each": []
    }
    for turn in range(rounds + 1):
        for name, method in zip(times, (plain, ours), strict=True):
            start = time.perf_counter()
            method(data)
            if turn:  # the first starts the workers
                times[name].append(time.perf_counter() - start)
    medians = {name: float(np.median(values)) for name, values in times.items()}
    for name, seconds in medians.items():
        print(f"{name:42}{seconds:8.1f} s for ten folds")
    slow, fast = medians.values()
    print(f"{'throughput, side by side / plain':42}{slow / fast:8.2f}")


if __name__ == "__main__":
    main()
