"""The training loop: it learns, keeps the best epoch, stops, follows its schedules, and refuses
what is no number."""

import numpy as np
import pytest
import torch
from torch import nn

from lib.training.checkpoint import Checkpoint
from lib.training.loop import Recipe, Task, fit


class Line(Task):
    """Fit ``y = 3 x``; the score of each epoch can be prescribed."""
    def __init__(self, scores=(), n=64, broken=False):
        torch.manual_seed(0)
        self.x = torch.randn(n, 1)
        self.y, self.network, self.steps = 3 * self.x, nn.Linear(1, 1), 4
        self.scores, self.seen, self.broken = list(scores), [], broken

    def batches(self):
        return torch.randperm(len(self.x)).tensor_split(self.steps)

    def loss(self, batch):
        found = self.network(self.x[batch])
        return ((found.detach() if self.broken else found) - self.y[batch]).square().mean() \
            + 0 * found.sum(),

    def score(self):
        assert not self.network.training and not torch.is_grad_enabled()
        self.seen.append(self.network.weight.item())
        error = float((self.network(self.x) - self.y).square().mean())
        return {"error loss": error, "given": self.scores[len(self.seen) - 1] if self.scores else 0}


def test_a_line_is_learned_and_by_a_broken_network_not():
    recipe = Recipe(epochs=60, lr=0.1)
    history = fit(task := Line(), recipe)
    assert history.shape == (60, 4) and task.best == 59
    assert history[-1, 1] < 1e-3 < 1 < history[0, 1]
    assert fit(Line(broken=True), recipe)[-1, 1] > 1


@pytest.mark.parametrize("sign, name", [(1, "given"), (-1, "given loss")])
def test_weights_of_the_best_epoch_are_kept_and_training_stops(sign, name):
    task = Line([sign * s for s in (0.1, 0.5, 0.505, 0.2, 0.3, 0.4, 0.9)])
    real = task.score
    task.score = lambda: {"a": None, name: real()["given"]}
    history = fit(task, Recipe(epochs=7, lr=0.1, monitor=name, patience=3, min_delta=0.01))
    assert len(history) == 5 and task.best == 1 and np.isnan(history[:, 1]).all()
    assert task.network.weight.item() == task.seen[1]


def test_a_loss_or_a_score_that_is_no_number_is_refused():
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        fit(Line(), Recipe(epochs=9, lr=1e30, optimiser="adamw", weight_decay=1e9))
    with pytest.raises(FloatingPointError, match="look for gaps in the data"):
        fit(Line([1.0, np.nan]), Recipe(epochs=2))


@pytest.mark.parametrize(
    "schedule, rates",
    [
        ("constant", [1, 1, 1, 1, 1, 1]),
        ("step", [1, 1, 0.5, 0.5, 0.25, 0.25]),
        ("plateau", [1, 1, 1, 0.5, 0.5, 0.3]),
        # after each epoch of 4 steps: up to step 6 of 24, then down to 0 at step 25
        ("linear", np.interp(4 * np.arange(1, 7) + 1, (0, 6, 25), (0, 1, 0))),
    ])
def test_learning_rates(schedule, rates):
    recipe = Recipe(epochs=6, lr=1e-3, schedule=schedule, decay=0.5, decay_every=2, plateau=1,
                    min_lr=3e-4, warmup=0.25, monitor="given")
    history = fit(Line([0.0] * 6), recipe)
    np.testing.assert_allclose(history[:, -1], 1e-3 * np.asarray(rates), rtol=1e-9)


@pytest.mark.parametrize("schedule", ["one_cycle", "cosine"])
def test_rates_that_rise_and_fall(schedule):
    rates = fit(Line(), Recipe(epochs=12, lr=1e-3, schedule=schedule, warmup=0.25))[:, -1]
    peak = rates.argmax()
    assert 1 <= peak <= 4 and rates[-1] < 2e-5
    assert (np.diff(rates[:peak + 1]) > 0).all() and (np.diff(rates[peak:]) < 0).all()


def test_gradients_are_clipped():
    free, held = (fit(Line(), Recipe(epochs=1, optimiser="adam", lr=0.1, clip=clip))
                  for clip in (0.0, 1e-9))
    assert not np.array_equal(free, held)


def test_an_unknown_schedule_is_named():
    for wrong in ({"schedule": "cosin"}, {"optimiser": "sgd"}, {"precision": "bf-16"}):
        with pytest.raises(ValueError, match=f"found '{next(iter(wrong.values()))}'"):
            Recipe(**wrong)
    for wrong in ({"epochs": 0}, {"batch": 0}, {"clip": -1.0}):
        with pytest.raises(ValueError, match="epochs and batch from 1"):
            Recipe(**wrong)


def test_a_score_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="found 'ccc'"):
        fit(Line(), Recipe(epochs=1, monitor="ccc"))


def test_a_checkpoint_of_another_run_is_kept_beside_the_new_one(tmp_path):
    file = tmp_path / "run.pt"
    for settings in ("A", "B"):
        kept = file.read_bytes() if file.exists() else b""
        fit(Line([0.1, 0.2]), Recipe(epochs=2, lr=0.1, monitor="given"),
            Checkpoint(file, settings, np.random.default_rng(0)))
    assert (tmp_path / "run.old").read_bytes() == kept != file.read_bytes()


def test_a_resumed_run_remembers_its_best_epoch(tmp_path):
    scores = [0.1, 0.9, 0.2, 0.3, 0.4, 0.5]
    recipe = Recipe(epochs=6, lr=0.1, monitor="given")

    def run(seen: int) -> Line:
        task = Line(scores[seen:])
        fit(task, recipe, Checkpoint(tmp_path / "run.pt", "line", np.random.default_rng(0)))
        return task

    whole = Line(scores)
    fit(whole, recipe)
    with pytest.raises(FloatingPointError):  # ended in the fifth epoch, as by a kill
        broken = Line([*scores[:4], np.nan])
        fit(broken, recipe, Checkpoint(tmp_path / "run.pt", "line", np.random.default_rng(0)))
    resumed = run(4)
    assert (resumed.best, whole.best) == (1, 1) and len(resumed.seen) == 2
    assert resumed.validation == whole.validation == 0.9
    assert resumed.network.weight.item() == whole.network.weight.item() == broken.seen[1]
