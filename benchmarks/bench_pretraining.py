"""How long one training step of masked value prediction takes at the published size: 10 EEG
channels, 1281 tokens, batch 8.

``python -m benchmarks.bench_pretraining`` prints segments per second, the memory peak and what the
paper's 195 h x 500 epochs would cost; ``pytest benchmarks/bench_pretraining.py`` measures the same
with pytest-benchmark. The peer is the same network, seed and batch with attention written out as
softmax(Q K^T / sqrt(d)) V, which keeps a matrix of 1281 x 1281 weights per head, layer and segment
for the backward pass. Each way runs in a process of its own, in turns. On a CPU the processor's
time is counted (one thread), on a GPU the clock's.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import time
from functools import partial
from unittest.mock import patch

import numpy as np
import pytest
import torch
from torch import Tensor

from lib.models import physio_transformer
from lib.training.losses import masked_mse, span_mask

BATCH, HOURS, EPOCHS = 8, 195, 500  # Sec 4.1.1 and 4.3
NAMES = {"written out": "softmax(QK^T)V written out", "fused": "scaled_dot_product_attention"}


def written_out(Q: Tensor, K: Tensor, V: Tensor) -> Tensor:
    """Attention as printed in Vaswani et al. (2017), Eq (1)."""
    return (Q @ K.transpose(-1, -2) / Q.shape[-1]**0.5).softmax(dim=-1) @ V


def trainer(way: str, device: str):
    """A function that trains one step and returns its loss; the attention is swapped inside it."""
    torch.manual_seed(0)
    net = physio_transformer.PhysioTransformer(**physio_transformer.EEG["model"]).to(device)
    optimiser = torch.optim.Adam(net.parameters(), lr=5e-4)
    x = torch.randn(BATCH, 10, 1280).to(device)
    mask = torch.from_numpy(span_mask(BATCH, 1280, rng=np.random.default_rng(0))).to(device)
    attention = physio_transformer.scaled_dot_product_attention
    if way == "written out":
        attention = written_out

    def step() -> float:
        with patch.object(physio_transformer, "scaled_dot_product_attention", attention):
            loss = masked_mse(net.reconstruct(x.masked_fill(mask[:, None], 0)), x, mask)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
        return loss.item()

    return step


def measure(way: str, device: str, steps: int) -> tuple[float, float, float]:
    """Seconds per step (median), memory peak in GiB, and the loss of the first step."""
    torch.set_num_threads(1)
    step, clock = trainer(way, device), time.process_time if device == "cpu" else time.perf_counter
    loss, times = step(), []
    for _ in range(steps):
        start = clock()
        step()
        times.append(clock() - start)
    if device == "cuda":
        peak = torch.cuda.max_memory_allocated()
    else:
        peak = resource.getrusage(
            resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return float(np.median(times)), peak / 2**30, loss


def alone(way: str, device: str, steps: int) -> tuple[float, float, float]:
    """:func:`measure` in a fresh process, so that the memory peak is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, (way, device, steps))


@pytest.mark.parametrize("way", list(NAMES))
def test_one_step(benchmark, way):
    """Time one way; both compute the same."""
    torch.set_num_threads(1)
    step = trainer(way, "cpu")
    first = benchmark.pedantic(step, rounds=1)
    assert first == pytest.approx(trainer("fused", "cpu")(), rel=1e-4)


def main() -> None:
    """Print both ways, their ratio, and the cost of the paper's pre-training."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=2)
    arguments = parser.parse_args()
    segments = HOURS * 360 * EPOCHS
    for device in ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]:
        run = partial(alone, device=device, steps=arguments.steps if device == "cpu" else 50)
        found: dict[str, list[tuple[float, float, float]]] = {way: [] for way in NAMES}
        for _ in range(arguments.rounds):
            for way in NAMES:
                found[way].append(run(way))
        median = {way: np.median(rows, axis=0) for way, rows in found.items()}
        # the same loss
        np.testing.assert_allclose(median["fused"][2], median["written out"][2], rtol=1e-3)
        for way, (seconds, peak, _) in median.items():
            print(
                f"{device}, {NAMES[way]:30}{BATCH / seconds:8.2f} segments/s, peak {peak:5.2f} GiB")
        slow, fast = median["written out"], median["fused"]
        print(f"{device}, fused / written out: throughput {slow[0] / fast[0]:.2f}, memory "
              f"{fast[1] / slow[1]:.2f}")
        print(f"{device}, the paper's {HOURS} h x {EPOCHS} epochs: {segments / 1e6:.1f} million "
              "segments, "
              f"{segments * fast[0] / BATCH / 86400:.1f} "
              f"days{' on one thread' if device == 'cpu' else ''}")


if __name__ == "__main__":
    main()
