"""What is kept of finished work, and what goes first."""

from __future__ import annotations

import os

import numpy as np
import pytest

from lib import prune
from lib.simulation import rafdb
from lib.store import Store


def work() -> dict[str, np.ndarray]:
    return {"x": np.zeros(1000)}


@pytest.fixture
def build(tmp_path, monkeypatch):
    monkeypatch.setenv("BUILD", str(tmp_path / "build"))
    return tmp_path / "build"


def test_what_was_used_longest_ago_goes_first(build):
    store = Store()
    for k in range(4):
        store.memoise(work, given=k)
        os.utime(store.root / f"{store.key(work, k)}.npz", (k, k))
    unfinished = store.root / "work" / "other.npz.part"
    unfinished.write_bytes(b"being written")
    store.memoise(work, given=0)  # used again
    size = sum(file.stat().st_size for file in store.root.rglob("*.npz"))
    assert prune.prune(size / 1e9) == (0, 0)
    assert prune.prune(0.6 * size / 1e9)[0] == 2
    assert [store.load(store.key(work, k)) is not None
            for k in range(4)] == [True, False, False, True]
    assert unfinished.exists()


def test_a_cohort_goes_whole_and_is_made_again(build, tmp_path):
    theirs = rafdb.make(tmp_path / "mine", train=24, test=24)
    made = rafdb.make(train=24, test=24)
    before = {file.relative_to(made): file.read_bytes() for file in made.rglob("*.jpg")}
    assert "1 simulated cohorts" in prune.kept()
    gone, freed = prune.prune(0)
    assert gone == 1 and freed > 1000 and not any((build / "cohorts").iterdir())
    assert (theirs / "truth.json").exists()  # in a folder of the user's own
    assert rafdb.make(train=24, test=24) == made
    assert before == {file.relative_to(made): file.read_bytes() for file in made.rglob("*.jpg")}


def test_only_what_is_ours_goes(build):
    mine = build / "memo" / "thesis" / "results.npz"
    mine.parent.mkdir(parents=True)  # a folder that was there before
    mine.write_bytes(b"years of work")
    assert prune.prune(0) == (0, 0) and mine.exists()


def test_a_linked_cohort_stays_where_it_is(build, tmp_path):
    made = rafdb.make(train=24, test=24)
    moved = made.rename(tmp_path / "elsewhere")
    made.symlink_to(moved)
    assert prune.prune(0)[0] == 1 and not made.exists() and (moved / "truth.json").exists()
    assert prune.prune(0) == (0, 0)


@pytest.mark.parametrize("limit", ["-1", "nan", "inf", "0,5"])
def test_a_limit_that_is_none_is_refused(limit, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["prune", "--limit", limit])
    with pytest.raises(SystemExit):
        prune.main()
    assert "invalid" in capsys.readouterr().err
