"""The simulated Muse cohort: the owner's layout with its faults, the same bytes for the same seed,
a null twin without an effect."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lib.datasets import muse
from lib.preprocessing.muse import segments
from lib.simulation.muse import make


@pytest.fixture(scope="module")
def cohorts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("muse")
    return {
        effect: make(folder / str(effect), subjects=3, seconds=24, effect=effect)
        for effect in (0.0, 1.0)
    }


def test_it_is_read_like_the_real_one_faults_included(cohorts):
    cohort = muse.read(cohorts[1.0])
    assert (cohort.tier, cohort.caption,
            len(cohort)) == ("simulated", "simulated cohort, effect = 1, seed = 0", 17)
    assert list(cohort.dropped) == ["subjectb-concentrating-2.csv"]
    assert [t.labels["stretches"] for t in cohort] == [2] + 16 * [1]
    assert 3 < np.median([np.std(t.load("eeg").data) for t in cohort]) < 60  # microvolts


def test_same_seed_same_bytes_and_another_seed_others(cohorts, tmp_path):
    again = make(tmp_path / "again", subjects=3, seconds=24)
    other = make(tmp_path / "other", subjects=3, seconds=24, seed=1)
    name = "subjectc-neutral-1.csv"
    assert (again / name).read_bytes() == (cohorts[1.0] / name).read_bytes() != (other /
                                                                                 name).read_bytes()
    assert make(tmp_path / "again", subjects=3, seconds=24) == again
    with pytest.raises(ValueError, match="other parameters"):
        make(tmp_path / "again", subjects=3, seconds=30)


def test_arousal_moves_the_signals_only_with_an_effect(cohorts):
    def difference(root):
        data = segments(muse.read(root))
        means = [[
            data["x"][(data["subject"] == s) & (data["y"] == y)].mean(axis=0) for s in (1, 2, 3)
        ] for y in (0, 2)]
        return np.abs(np.mean(np.subtract(*means), axis=0)).mean()

    assert difference(cohorts[1.0]) > 1.5 * difference(cohorts[0.0])
    states = {(t["state"], t["other"])
              for t in json.loads((cohorts[0.0] / "truth.json").read_text())["trials"]}
    assert len(states) > 4  # the other state does not follow the label
