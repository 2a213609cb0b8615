"""The tables of the demo profile beside the committed ones, and what must hold in them whatever the
processor.

Tolerances and how they were measured: ``lib/companion/drift/tolerances.yaml``. Run after the
notebooks (``make test``). ``NAMES`` in the environment says that only some were run; then their
tables alone are looked at.
"""

from __future__ import annotations

import json
import os

import numpy as np
import pandas as pd
import pytest

from lib import paths
from lib.companion.drift import RULES, differences
from lib.companion.verify import verify


def made(name: str) -> pd.DataFrame:
    """A table of this machine."""
    rows = json.loads((paths.FIGURES / "manifest.json").read_text(encoding="utf-8"))
    notebook, ran = {row["file"]: row["notebook"]
                     for row in rows}[name], os.environ.get("NAMES", "").split()
    if ran and notebook not in ran:
        pytest.skip(f"{notebook} is not among those that were run")
    file = paths.build() / "figures" / name
    assert file.is_file(), f"{name} is not in build/figures: run the notebooks first (make test)"
    return pd.read_csv(file)


@pytest.mark.parametrize("name", RULES)
def test_tables_are_the_committed_ones(name):
    found = differences(name, made(name), pd.read_csv(paths.FIGURES / name), RULES[name])
    assert [f"{d.units:.3g} of what is tolerated: {d}" for d in found if not d.units <= 1] == []


def test_paper_1_finds_something_where_there_is_an_effect():
    effect = made("rmmt/table5.csv").query(
        "metric == 'CCC' and row in ['RMMT', 'RSMT-F', 'TCN-F', 'ridge, both']")
    # t interval, 7 degrees of freedom
    above = effect["reproduced"] > 2.4 * effect["reproduced_spread"] / np.sqrt(effect["n"] - 1)
    assert effect[~above]["row"].tolist() == []


@pytest.mark.parametrize(("paper", "apart", "metrics", "chance"),
                         [("rmmt", ["by_subject"], ["CCC", "PCC"], 0.0),
                          ("amigos", ["by_subject"], ["arousal accuracy", "valence accuracy"], 0.5),
                          ("seed", ["16/8"], ["SEED-IV accuracy"], 0.25),
                          ("face_eeg", ["by_clip", "by_subject"], ["accuracy"], 0.25)])
def test_null_cohorts_stay_at_chance_where_recordings_are_kept_apart(paper, apart, metrics, chance):
    """The mean over all models, since one of many 95 % intervals of single ones misses chance by
    accident, on one processor or another."""
    null = made(f"{paper}/nulltwin.csv")
    chosen = null[null["split"].isin(apart) & null["metric"].isin(metrics)
                  & ~null["row"].isin(["majority", "constant"])]
    chosen = chosen.drop_duplicates(["row", "split", "metric"])
    assert chosen["row"].nunique() >= 3
    # of the mean, as if all models erred together
    error = (chosen["std"] / np.sqrt(chosen["n"])).mean()
    assert chosen["mean"].mean() < chance + 3 * error < 0.5 + chance


@pytest.mark.parametrize(("paper", "neighbour", "metric"),
                         [("amigos", "nearest neighbour, both", "arousal accuracy"),
                          ("face_eeg", "nearest neighbour", "accuracy")])
def test_random_segments_find_the_recordings_of_a_null_cohort(paper, neighbour, metric):
    null = made(f"{paper}/nulltwin.csv").query("row == @neighbour and metric == @metric")
    found = null.set_index("split")["mean"]
    assert found["random_segments"] > 0.8 and found["by_subject"] < 0.6


def test_in_all_four_papers_the_null_twin_is_recognised_by_its_recordings_and_not_in_new_people():
    table = made("across/papers.csv").query("cohort == 'null twin'")
    assert table["paper"].nunique() == 4
    found = table[table["model"] == "nearest neighbour"].set_index(["paper", "split"])["mean"]
    for paper in table["paper"].unique():
        level = {"1": 0.0, "2": 0.5}.get(paper[0], 0.25)
        assert (table[(table["paper"] == paper) & (table["split"] == "by_subject")]["low"]
                <= level).all()
        assert paper[0] == "1" or found[paper, "random_segments"] > 0.9 > 0.7 > found[paper,
                                                                                      "by_clip"]


@pytest.mark.skipif(not (paths.FIGURES / "manifest.json").exists(), reason="no figures yet")
def test_committed_figures_are_those_of_this_code():
    assert verify()[0] == []
