"""Training of one fold, the controls, and the memo behind the folds."""

import logging
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from lib.papers.rmmt.training import constant_fold, fit_fold, ridge_fold, scale, stimulus_fold
from lib.store import Store, code_digest
from lib.training.folds import Call, cross_validate
from lib.training.splits import Split, by_subject

SMALL = {
    "model": "RMMT", "options": {"widths": (16, 16), "layers": 1},
    "recipe": {"epochs": 8, "batch": 8, "window": 32, "hop": 16, "train_hop": 8, "lr": 5e-3},
}


def cohort(effect: float, seed: int = 0, n_subjects: int = 5, per_subject: int = 4,
           n_times: int = 80) -> dict[str, np.ndarray]:
    """Features that follow a smooth label with strength ``effect``, plus what tells subjects
    apart."""
    rng = np.random.default_rng(seed)
    n = n_subjects * per_subject
    label = np.cumsum(rng.normal(size=(n, n_times)), axis=1)
    label = 0.07 * (label - label.mean()) / label.std()
    subject = np.repeat(np.arange(n_subjects), per_subject)

    def features(n_features):
        fingerprint = rng.normal(size=(n_subjects, n_features))[subject][:, None]
        return fingerprint + rng.normal(
            size=(n, n_times,
                  n_features)) + effect * (label / 0.07)[..., None] * rng.normal(size=n_features)

    return {
        "eeg": features(12).reshape(-1, 12).astype(np.float32),
        "face": features(6).reshape(-1, 6).astype(np.float32), "valence": label.ravel(),
        "lengths": np.full(n, n_times), "subject": subject,
        "stimulus": np.array([f"clip {i % per_subject}" for i in range(n)]),
    }


def pearson(data, split, result) -> float:
    y = np.concatenate([data["valence"][80 * i:80 * i + 80] for i in split.test])
    return float(np.corrcoef(y, result["test"][0])[0, 1])


def test_a_fold_learns_an_effect_and_finds_none_where_there_is_none(tmp_path):
    found = {}
    for effect in (0.0, 1.0):
        data = cohort(effect)
        folds = by_subject(data["subject"])
        results = cross_validate(fit_fold, data, [Call("RMMT", fold, 0, SMALL) for fold in folds],
                                 engine="serial", store=Store(tmp_path))
        found[effect] = np.array(
            [pearson(data, fold, result) for fold, result in zip(folds, results, strict=True)])
    assert found[1.0].mean() > 0.5
    # t interval around chance, 4 degrees of freedom
    assert abs(found[0.0].mean()) < 2.8 * found[0.0].std(ddof=1) / len(folds)**0.5


def test_same_seed_same_bytes_and_another_seed_another_result():
    data = cohort(1.0)
    fold = vars(by_subject(data["subject"])[0])
    split = {k: fold[k] for k in ("train", "val", "test")}
    a, b, c = (fit_fold(data, split, seed=seed, **SMALL) for seed in (1, 1, 2))
    assert np.array_equal(a["test"], b["test"]) and not np.array_equal(a["test"], c["test"])
    assert a["history"].shape == (8, 4) and a["test"].shape == (1, 4 * 80)


def test_test_trials_cannot_reach_training():
    data = cohort(1.0)
    fold = by_subject(data["subject"])[0]
    split = {"train": fold.train, "val": fold.val, "test": fold.test}
    before = fit_fold(data, split, seed=0, **SMALL)
    touched = {k: v.copy() for k, v in data.items()}
    rows = np.repeat(np.isin(np.arange(20), fold.test), 80)
    touched["valence"][rows] = 9.0
    touched["eeg"][rows] += 5.0
    after = fit_fold(touched, split, seed=0, **SMALL)
    assert np.array_equal(before["val"], after["val"]) and np.array_equal(
        before["history"], after["history"])
    assert not np.array_equal(before["test"], after["test"])


def test_refitting_trains_on_the_validation_trials_too_and_keeps_the_last_epoch():
    data = cohort(1.0)
    fold = by_subject(data["subject"])[0]
    split = {"train": fold.train, "val": fold.val, "test": fold.test}
    recipe = SMALL["recipe"] | {"epochs": 3}
    refit = fit_fold(data, split, seed=0, **SMALL | {"recipe": recipe | {"refit": True}})
    every = {**split, "train": (*fold.train, *fold.val)}
    same = fit_fold(data, every, seed=0, **SMALL | {"recipe": recipe | {"monitor": ""}})
    np.testing.assert_array_equal(refit["test"], same["test"])
    alone = fit_fold(data, split, seed=0, **SMALL | {"recipe": recipe})
    assert not np.array_equal(refit["test"], alone["test"])


def test_a_student_is_taught_by_features_of_its_own_width():
    data = cohort(1.0)
    fold = by_subject(data["subject"])[0]
    split = {"train": fold.train, "val": fold.val, "test": fold.test}
    student = {
        "model": "TCN-E", "options": {"widths": (8, 8)},
        "recipe": SMALL["recipe"] | {"epochs": 2, "teacher": True}
    }
    taught = fit_fold(data, split, seed=0, **student)
    alone = fit_fold(data, split, seed=0,
                     **student | {"recipe": student["recipe"] | {"teacher": False}})
    assert taught["history"][:, 1].min() > 0 and not alone["history"][:, 1].any()  # the KD loss


def test_scaling_uses_training_trials_or_each_subject():
    x = np.array([[0.0], [2.0], [10.0], [30.0]], np.float32)
    np.testing.assert_allclose(scale(x, [1, 1, 1, 1], [1, 1, 2, 2], train=[0, 1], scaling="train"),
                               [[-1], [1], [9], [29]], rtol=1e-5)
    np.testing.assert_allclose(
        scale(x, [1, 1, 1, 1], [1, 1, 2, 2], train=[0, 1], scaling="subject"),
        [[-1], [1], [-1], [1]], rtol=1e-5)
    np.testing.assert_allclose(scale(x, [1, 1, 1, 1], [1, 1, 2, 2], train=[0, 1], limit=5.0),
                               [[-1], [1], [5], [5]], rtol=1e-5)


def test_controls():
    data = cohort(1.0)
    fold = by_subject(data["subject"])[0]
    split = {"train": fold.train, "val": fold.val, "test": fold.test}
    rows = np.repeat(np.isin(np.arange(20), fold.train), 80)
    assert constant_fold(data, split, 0)["test"] == pytest.approx(data["valence"][rows].mean())
    clip = np.mean([
        data["valence"][80 * i:80 * i + 80]
        for i in fold.train if data["stimulus"][i] == data["stimulus"][fold.test[0]]
    ], axis=0)
    np.testing.assert_allclose(stimulus_fold(data, split, 0)["test"][0, :80], clip, atol=1e-6)
    assert pearson(data, fold, ridge_fold(data, split, 0)) > 0.5


def count_calls(data, split, seed, folder, factor=1):
    """Work that leaves a trace of each call."""
    (Path(folder) / uuid4().hex).touch()
    if factor == "fail" and split["test"][0] == 2:
        raise RuntimeError("killed")
    return {
        "sum": np.array(data["x"][list(split["test"])].sum() * (1 if factor == "fail" else factor))
    }


@pytest.fixture
def work(tmp_path):
    (tmp_path / "calls").mkdir()
    folds = [Split("by_trial", i, (9,), (8,), (i,)) for i in range(4)]

    def run(factor=1, data=None, engine="serial", **kwargs):
        tasks = [
            Call("v", fold, 0, {"folder": str(tmp_path / "calls"), "factor": factor})
            for fold in folds
        ]
        results = cross_validate(count_calls, data or {"x": np.arange(10.0)}, tasks, engine=engine,
                                 store=Store(tmp_path / "memo"), **kwargs)
        return [float(r["sum"]) for r in results], len(list((tmp_path / "calls").iterdir()))

    return run


def test_changing_a_parameter_and_changing_it_back_hits_the_memo(work):
    assert work(1) == ([0, 1, 2, 3], 4)
    assert work(2) == ([0, 2, 4, 6], 8)
    assert work(1) == ([0, 1, 2, 3], 8)
    assert work(1, data={"x": np.arange(10.0) + 1}) == ([1, 2, 3, 4], 12)


def test_deleting_or_damaging_an_entry_recomputes_just_that_entry(work, tmp_path, caplog):
    work()
    entries = sorted((tmp_path / "memo").rglob("*.npz"))
    assert len(entries) == 4
    entries[0].unlink()
    assert work() == ([0, 1, 2, 3], 5)
    entries[1].write_bytes(entries[1].read_bytes()[:60])
    with caplog.at_level(logging.WARNING):
        assert work() == ([0, 1, 2, 3], 6)
    assert "found a damaged file" in caplog.text and str(entries[1]) in caplog.text
    assert work() == ([0, 1, 2, 3], 6)


def test_finished_folds_survive_a_failure(work):
    with pytest.raises(RuntimeError, match="killed"):
        work("fail")  # the third of four folds dies
    with pytest.raises(RuntimeError, match="killed"):
        work("fail")
    # two folds were kept: the second run called only the one that fails
    assert work(1)[1] == 3 + 1 + 4


def test_a_full_disk_costs_the_memo_not_the_result(work, tmp_path, caplog, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    assert work()[0] == [0, 1, 2, 3]
    assert "No space left" in caplog.text and "free some disk space" in caplog.text
    assert not list((tmp_path / "memo").rglob("*.*"))


@pytest.mark.parametrize("engine", ["processes", "ray"])
def test_engines_agree(work, engine):
    if engine == "ray":
        pytest.importorskip("ray")
    assert work(3, engine=engine, jobs=2) == ([0, 3, 6, 9], 4)


def test_code_digest_sees_code_and_not_words(tmp_path):
    def digest_of(text):
        file = tmp_path / f"m{len(list(tmp_path.iterdir()))}.py"
        file.write_text(text)
        return code_digest(file)

    base = digest_of('"""Doc."""\nimport numpy\n\ndef f(x):\n    """Say."""\n    return x + 1\n')
    assert digest_of(
        'import numpy\n# why\ndef f(x):\n    """Other words."""\n    return (x + 1)\n') == base
    assert digest_of("import numpy\ndef f(x):\n    return x + 2\n") != base
    assert digest_of(
        "import numpy\nfrom lib.training import losses\ndef f(x):\n    return x + 1\n") != base


CELL = """
import numpy as np
from torch import nn
from lib.models.tcn import Output
from lib.papers.rmmt.training import fit_fold
from lib.store import Store
from lib.training.folds import Call, cross_validate
from lib.training.splits import Split

def define(sign):
    class Mine(nn.Module):
        def __init__(self, n_eeg, n_face):
            super().__init__()
            self.layer = nn.Linear(n_face, 1)
        def forward(self, eeg, face):
            return Output(sign * self.layer(face).squeeze(-1)[None])
    return Mine

x = np.ones((480, 2), np.float32)
data = {"eeg": x, "face": x, "valence": x[:, 0], "lengths": np.full(4, 120),
        "subject": np.arange(4)}
first, other = define(0), define(9)
for model, hits in ((first, 0), (first, 2), (other, 0)):
    given = {"model": model, "options": {}, "recipe": {"epochs": 1}}
    calls = [Call("mine", Split("toy", k, (0, 1), (2,), (3,)), 0, given) for k in range(2)]
    found = cross_validate(fit_fold, data, calls, jobs=2, store=(store := Store(folder)))
    assert store.hits == hits and (found[0]["test"] == 0).all() == (model is not other)
"""


def test_a_model_defined_in_a_cell_reaches_the_workers_and_is_not_mistaken_for_another(tmp_path):
    subprocess.run([sys.executable, "-c", f"folder = {str(tmp_path)!r}\n{CELL}"], check=True)
