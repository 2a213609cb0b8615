"""How many windows of EEG a second MV-SSTMA pre-trains on, when 30 % of the channels are masked.

``python -m benchmarks.bench_mv_sstma`` prints two ways and their ratio; ``pytest
benchmarks/bench_mv_sstma.py`` measures the same with pytest-benchmark. Ours encodes the visible
channels alone and puts mask tokens in before the decoder; the other way puts mask tokens into the
encoder too, so that both halves see all 62 channels. Same weights, same masks, published size, one
thread, single precision; the two take turns, so that a busy machine slows them alike. On CUDA too
where there is one.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lib.models.mv_sstma import MVSSTMA, draw_visible, masked_error


class AllChannels(MVSSTMA):
    """The encoder gets a mask token for every masked channel."""
    def forward_mae(self, x: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
        masked = torch.ones(x.shape[0], self.n_channels, dtype=torch.bool,
                            device=x.device).scatter(1, visible, False)
        tokens = torch.where(masked[:, None, :, None], self.mask_token, self.embed(x)) + self.code
        return self.reconstruct(self.decoder(self.encoder(tokens) + self.code)), masked


METHODS: dict[str, type[MVSSTMA]] = {
    "all channels and mask tokens encoded": AllChannels, "visible channels encoded": MVSSTMA
}
SIZES = {"published": {}, "demo": {"blocks": 2, "heads": 2, "head_width": 8}}


def trainer(kind: type[MVSSTMA], size: str, batch: int, device: str):
    """A function that makes one training step, and the batch it trains on."""
    torch.manual_seed(0)
    network = kind(**SIZES[size]).to(device).train()
    optimiser: torch.optim.Optimizer = torch.optim.AdamW(network.parameters(), lr=1.5e-4)
    x, visible = torch.randn(batch, 10, 62, 5, device=device), draw_visible(batch, 62,
                                                                            0.3).to(device)

    def step() -> float:
        reconstruction, masked = network.forward_mae(x, visible)
        loss = masked_error(reconstruction, x, masked)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        return float(loss.detach())  # waits for the device

    return step


@pytest.mark.parametrize("name", METHODS)
def test_pretraining_step(benchmark, name):
    """Time one step of 8 windows at the published size."""
    assert benchmark.pedantic(trainer(METHODS[name], "published", 8, "cpu"), rounds=2,
                              warmup_rounds=1) > 0


def measure(size: str, batch: int, device: str, rounds: int) -> dict[str, float]:
    """Windows per second of each method, median over rounds."""
    steps, times = {name: trainer(kind, size, batch, device)
                    for name, kind in METHODS.items()}, {name: [] for name in METHODS}
    for turn in range(rounds + 1):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            if turn:  # the first is a warm-up
                times[name].append(time.perf_counter() - start)
    return {name: batch / float(np.median(values)) for name, values in times.items()}


def main() -> None:
    """Print windows per second and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    cases = [("published", 8, "cpu"), ("demo", 32, "cpu")]
    if torch.cuda.is_available():
        cases += [("published", 256, "cuda"), ("demo", 256, "cuda")]
    for size, batch, device in cases:
        found = measure(size, batch, device, rounds)
        print(f"\n{size} size, {device}, batches of {batch}, 62 channels, 10 time steps, 30 % "
              f"masked, {rounds} rounds")
        for name, rate in found.items():
            print(f"{name:42}{rate:10.1f} windows/s")
        every, visible = found.values()
        print(f"{'throughput, visible / all':42}{visible / every:10.2f}")


if __name__ == "__main__":
    main()
