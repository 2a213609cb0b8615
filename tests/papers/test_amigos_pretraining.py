"""Masked value prediction: it learns what can be learned, sees what it may, and survives being
killed."""

import io
import logging
import signal
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import torch

from lib import paths
from lib.models.physio_transformer import PhysioTransformer
from lib.papers.amigos import training as pretraining
from lib.papers.amigos.training import pretrain_fold
from lib.store import Store
from lib.training import checkpoint
from lib.training.checkpoint import restore
from lib.training.folds import Call, cross_validate
from lib.training.splits import Split

MODEL = {
    "in_channels": 2, "channels": (8, 16), "kernels": (9, 5), "strides": (2, 2), "layers": 1,
    "feedforward": 32, "mask_hidden": 16
}
RECIPE = {"epochs": 4, "warmup": 0.25, "lr": 5e-3, "batch": 16, "span": 6, "weight_decay": 1e-5}
SPLIT = {"train": tuple(range(10)), "val": (), "test": ()}


def cohort(seed: int = 0, n: int = 60, predictable: bool = True) -> dict[str, np.ndarray]:
    """Two channels of one slow oscillation of unit variance, or white noise."""
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 2 * np.pi, (n, 1, 1)) + np.array([[0], [1]]) + np.arange(64) / 4
    x = (2**0.5 * np.sin(phase) if predictable else rng.normal(size=(n, 2, 64))).astype(np.float32)
    return {"corpus": x[:n - 20], "own": x[n - 20:]}


def run(data=None, seed=0, checkpoint="", **recipe) -> dict[str, np.ndarray]:
    torch.set_num_threads(1)
    return pretrain_fold(data or cohort(), SPLIT, seed, model=MODEL, recipe=RECIPE | recipe,
                         checkpoint=str(checkpoint))


def assert_same(a, b):
    assert a.keys() == b.keys()
    for name in a.keys():
        assert np.array_equal(a[name], b[name]), name


def killed_in_epoch(epoch: int, kill):
    """Make the loss of that epoch's first step call ``kill`` (three training steps and one of
    validation make an epoch)."""
    real, calls = pretraining.masked_mse, []

    def loss(*args):
        calls.append(1)
        return kill() if len(calls) == 4 * (epoch - 1) + 1 else real(*args)

    return loss


def abort():
    raise KeyboardInterrupt


def test_it_learns_an_oscillation_and_nothing_from_noise():
    wave = run(cohort(n=120), epochs=30, warmup=0.1)["history"]
    noise = run(cohort(n=400, predictable=False), epochs=10, held_out=0.5)["history"]
    wave, noise = wave[:, :2], noise[:, :2]  # without the learning rate
    assert wave.shape == (30, 2) and wave[-1].max() < 0.3
    assert noise[-1, 1] > 0.93  # the variance, within the sampling error of 190 segments


def test_same_seed_same_bytes_and_another_seed_another_result():
    assert_same(run(seed=1), run(seed=1))
    assert not np.array_equal(run(seed=1)["history"], run(seed=2)["history"])


def test_only_training_segments_of_the_cohort_are_seen():
    data = cohort()
    before = run(data)
    unseen, seen = ({**data, "own": data["own"].copy()} for _ in range(2))
    unseen["own"][10:] += 7
    seen["own"][:10] += 7
    assert_same(before, run(unseen))
    assert not np.array_equal(before["history"], run(seen)["history"])


def test_corpora_alone_and_too_little():
    alone = pretrain_fold(cohort(), {"train": ()}, 0, model=MODEL, recipe=RECIPE)
    assert alone["history"].shape == (4, 3)
    with pytest.raises(ValueError, match="at least two segments, not 1"):
        pretrain_fold({"corpus": cohort()["corpus"][:0], "own": cohort()["own"]}, {"train": (3,)},
                      0, model=MODEL, recipe=RECIPE)


def test_masked_points_are_zero_in_all_channels_and_the_others_untouched(monkeypatch):
    given = []
    real = PhysioTransformer.reconstruct
    monkeypatch.setattr(PhysioTransformer, "reconstruct",
                        lambda self, x: given.append(x.numpy().copy()) or real(self, x))
    data = cohort()
    known = {segment.tobytes() for segment in np.concatenate([data["corpus"], data["own"][:10]])}
    run({name: x + 10 for name, x in data.items()}, epochs=1)  # no value is zero by itself
    x = np.concatenate(given)
    zero = (x == 0).all(axis=1)
    assert zero.any(axis=1).all() and np.array_equal((x == 0).any(axis=1), zero)
    originals = np.array([np.frombuffer(s, np.float32).reshape(2, 64) for s in known]) + 10
    for segment, hidden in zip(x, zero, strict=True):
        assert np.isclose(originals[:, :, ~hidden], segment[:, ~hidden]).all(axis=(1, 2)).any()


def test_learning_rate_rises_to_its_peak_and_falls_to_zero(monkeypatch):
    rates, real = [], torch.optim.Adam.step
    monkeypatch.setattr(
        torch.optim.Adam, "step", lambda self, *a, **k:
        (rates.append(self.param_groups[0]["lr"]), real(self, *a, **k))[1])
    run(epochs=5, warmup=0.4, lr=0.6)
    np.testing.assert_allclose(rates,
                               [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, *(0.6 * np.arange(9, 0, -1) / 10)])


def test_a_run_that_was_stopped_ends_as_if_it_had_not_been(tmp_path, monkeypatch):
    whole, file = run(), tmp_path / "new" / "checkpoint.pt"
    with monkeypatch.context() as patch:
        patch.setattr(pretraining, "masked_mse", killed_in_epoch(3, abort))
        with pytest.raises(KeyboardInterrupt):
            run(checkpoint=file)
    steps, real = [], torch.optim.Adam.step
    monkeypatch.setattr(torch.optim.Adam, "step", lambda self, *a, **k:
                        (steps.append(1), real(self, *a, **k))[1])
    assert_same(whole, run(checkpoint=file))
    assert len(steps) == 2 * 3  # two epochs were left
    assert_same(whole, run(checkpoint=file))
    assert len(steps) == 2 * 3 and [p.name for p in file.parent.iterdir()] == [file.name]


KILL = """
import os, signal, sys
sys.path.insert(0, {tests!r})
import test_amigos_pretraining as t
t.pretraining.masked_mse = t.killed_in_epoch(3, lambda: os.kill(os.getpid(), signal.SIGKILL))
t.run(checkpoint={file!r})
"""


def test_a_run_that_was_killed_ends_as_if_it_had_not_been(tmp_path):
    file = tmp_path / "checkpoint.pt"
    code = KILL.format(tests=str(paths.ROOT / "tests" / "papers"), file=str(file))
    assert subprocess.run([sys.executable, "-c", code],
                          cwd=paths.ROOT).returncode == -signal.SIGKILL
    assert len(torch.load(file, weights_only=True)["history"]) == 2
    assert_same(run(), run(checkpoint=file))


def flip(content: bytes) -> bytes:
    """Other numbers in the longest run of weights, in a file that is otherwise whole."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        longest = archive.read(max(archive.infolist(), key=lambda entry: entry.file_size))
    start = content.index(longest)
    return content[:start] + bytes(b ^ 1 for b in longest) + content[start + len(longest):]


@pytest.mark.parametrize(
    "damage", [flip, lambda content: content[:1000], lambda content: b"", lambda content: b"text"])
def test_a_damaged_checkpoint_is_named_and_the_run_starts_from_zero(tmp_path, caplog, damage):
    file = tmp_path / "checkpoint.pt"
    whole = run(checkpoint=file, epochs=2)
    file.write_bytes(damage(file.read_bytes()))
    assert_same(whole, run(checkpoint=file, epochs=2))
    assert len(caplog.records
               ) == 1 and f"{file}: expected a checkpoint, found a damaged file" in caplog.text
    assert_same(whole, run(checkpoint=file, epochs=2))  # it has been replaced
    assert len(caplog.records) == 1


@pytest.mark.parametrize("change", [{"seed": 1}, {"lr": 1e-3}, {"data": cohort(seed=9)}])
def test_a_checkpoint_of_another_run_is_not_used(tmp_path, caplog, change):
    file = tmp_path / "checkpoint.pt"
    run(checkpoint=file, epochs=2)
    assert_same(run(**change, epochs=2), run(**change, epochs=2, checkpoint=file))
    assert len(caplog.records) == 1 and "found one of other data, settings or code" in caplog.text


def test_a_full_disk_costs_the_checkpoint_not_the_run(tmp_path, caplog, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "writing", full)
    assert_same(run(), run(checkpoint=tmp_path / "checkpoint.pt"))
    assert "No space left" in caplog.text and "free some disk space" in caplog.text


def test_weights_go_into_a_network_of_the_same_settings_only():
    result = run(epochs=1)
    bare = {
        name.removeprefix("weights/"): value for name, value in result.items()
        if name.startswith("weights/")
    }
    for arrays in (result, bare):
        net = PhysioTransformer(**MODEL)
        restore(net, arrays)
        assert all(
            np.array_equal(result[f"weights/{name}"], value.numpy())
            for name, value in net.state_dict().items())
    with pytest.raises(RuntimeError, match="size mismatch"):
        restore(PhysioTransformer(**MODEL | {"in_channels": 3}), result)


def test_a_loss_that_is_no_number_is_said():
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        run({name: x * np.nan for name, x in cohort().items()})


def test_it_runs_as_a_fold_and_is_remembered(tmp_path, caplog):
    tasks = [
        Call("eeg", Split("by_trial", k, SPLIT["train"][k:], (), ()), 0,
             {"model": MODEL, "recipe": RECIPE}) for k in range(2)
    ]
    with caplog.at_level(logging.INFO):
        first, second = (cross_validate(pretrain_fold, cohort(), tasks, engine="serial",
                                        store=Store(tmp_path)) for _ in range(2))
    assert "2 finished before, 0 to do" in caplog.text
    assert_same(first[0], second[0])
    assert not np.array_equal(first[0]["history"], first[1]["history"])
