"""From EEG to a decision (paper 4): how long each stage takes for 3 s of 28 channels, beside the
plain way and the paper's 1.5 s.

``python -m benchmarks.bench_spectrograms`` prints three tables, in one thread; ``pytest
benchmarks/bench_spectrograms.py`` measures the spectrograms with pytest-benchmark. Ways that are
compared take turns, so that a busy machine slows them alike; medians are reported.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.signal import spectrogram
from torch.nn.functional import interpolate

from lib.datasets.base import Signal
from lib.datasets.flex_format import CHANNELS
from lib.models.backbones import Backbone, mobilenet_v2
from lib.models.scalp_cnn import ScalpCNN
from lib.preprocessing.scalp_maps import band_signals, image_features, scalp_map, spectrograms

PAPER = 1.5  # Sec 5.4, s
# pixels of the spectrograms, and at which the network sees them: the paper's, and a quick run's
IMAGES = ((229, 229), (58, 96))
RNG = np.random.default_rng(0)
SEGMENT = RNG.random((1, len(CHANNELS), 3, 600), dtype=np.float32)
RECORDING = Signal(4200 + np.cumsum(RNG.standard_normal((len(CHANNELS), 10 * 128)), axis=1), 128.0,
                   CHANNELS, "uV")


def plain(x: np.ndarray, size: int) -> np.ndarray:
    """One call of SciPy for each channel and band, in decibels; smaller images are rows and columns
    of the whole ones."""
    step = 228 // (size - 1)
    out = np.empty((*x.shape[:-1], size, size), x.dtype)
    for index in np.ndindex(x.shape[:-1]):
        power = spectrogram(x[index], 200, window="hann", nperseg=144, noverlap=142, nfft=456)[2]
        out[index] = 10 * np.log10(power[::step, ::step] + 1e-12)
    return np.clip(1 + (out - out.max()) / 80, 0, 1)


@pytest.mark.parametrize("size", [58, 229])
@pytest.mark.parametrize("method", [plain, spectrograms])
def test_spectrograms(benchmark, method, size):
    """Time one way, and check it against the other."""
    torch.set_num_threads(1)
    result = benchmark.pedantic(method, (SEGMENT, size), rounds=5, warmup_rounds=1)
    assert np.abs(result -
                  (plain if method is spectrograms else spectrograms)(SEGMENT, size)).max() < 1e-3


def turns(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each way."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            if turn:  # the first is a warm-up
                times[name].append(time.perf_counter() - start)
    return {name: float(np.median(values)) for name, values in times.items()}


def naive(backbone: Backbone, images: np.ndarray) -> torch.Tensor:
    """One image after another, single precision, channels first."""
    rows = []
    with torch.no_grad():
        for image in images:
            x = (255 * torch.from_numpy(image)[None] - backbone.mean) / backbone.std
            if x.shape[-1] != backbone.size:
                x = interpolate(x, size=(backbone.size, backbone.size), mode="bilinear",
                                antialias=True)
            rows.append(backbone.trunk(x))
    return torch.cat(rows)


def networks(rounds: int, size: int, pixels: int) -> tuple[float, float, float]:
    """Images per second of both ways for images of ``size`` seen at ``pixels``, and the relative
    difference of their features."""
    images = spectrograms(SEGMENT, size)[0]
    fast, slow = mobilenet_v2(size=pixels), mobilenet_v2(size=pixels)
    slow.trunk.to(memory_format=torch.contiguous_format)
    took = turns(
        {"naive": lambda: naive(slow, images), "ours": lambda: image_features(images, fast)},
        rounds)
    a, b = naive(slow, images), torch.from_numpy(image_features(images, fast))
    return len(images) / took["naive"], len(images) / took["ours"], float((a - b).norm() / a.norm())


def stages(rounds: int, size: int, pixels: int) -> dict[str, float]:
    """Median seconds of each stage for one decision; filters see the last 10 s."""
    backbone = mobilenet_v2(size=pixels)
    segment = band_signals(RECORDING)[0][None, ..., -600:].astype(np.float32)
    images = spectrograms(segment, size)[0]
    features = image_features(images, backbone)
    net = ScalpCNN(features.shape[1]).eval()

    @torch.no_grad()
    def decide() -> torch.Tensor:
        return net(torch.from_numpy(scalp_map(features[None])))

    return turns(
        {
            "resample and filter": lambda: band_signals(RECORDING),
            "spectrograms": lambda: spectrograms(segment, size),
            "image features": lambda: image_features(images, backbone),
            "scalp map and network": decide
        }, rounds)


def main() -> None:
    """Print the three tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    print(f"{len(CHANNELS)} channels x 3 bands x 3 s, one thread, median of {rounds} rounds")
    for size in (229, 58):
        took = turns(
            {
                "plain": lambda size=size: plain(SEGMENT, size),
                "ours": lambda size=size: spectrograms(SEGMENT, size)
            }, rounds)
        difference = np.abs(plain(SEGMENT, size) - spectrograms(SEGMENT, size)).max()
        print(
            f"spectrograms {size:3d} px: SciPy one by one {1e3 * took['plain']:7.1f} ms, ours "
            f"{1e3 * took['ours']:6.1f} ms, "
            f"ratio {took['plain'] / took['ours']:5.1f}, largest difference {difference:.1e} of 1")
    for size, pixels in IMAGES:
        slow, fast, difference = networks(rounds // 2, size, pixels)
        print(
            f"MobileNetV2 {pixels:3d} px: single precision one by one {slow:5.0f} images/s, ours "
            "(in batches, channels last) "
            f"{fast:5.0f} images/s, ratio {fast / slow:.1f}, relative difference {difference:.3f}")
    for size, pixels in IMAGES:
        took = stages(rounds // 2, size, pixels)
        total = sum(took.values())
        print(f"one decision, images of {size} px seen at {pixels}: " +
              ", ".join(f"{name} {1e3 * seconds:.1f} ms" for name, seconds in took.items()) +
              f"; together {total:.2f} s, of the paper's {PAPER} s {total / PAPER:.0%}")


if __name__ == "__main__":
    main()
