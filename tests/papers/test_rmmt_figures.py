"""Figures of results of paper 1: what is drawn is what the tables say, and may be saved."""

import numpy as np
import pandas as pd
import pytest

from lib.evaluation import printed
from lib.papers.experiment import compare
from lib.papers.rmmt import figures, protocol
from lib.plots.inspection import faults
from lib.training.splits import contiguous_trials

SHIFT = {"RMMT": 0.2, "RSMT-F": 0.1, "ridge, both": 0.15, "constant": 0.0}
SPLITS = ("contiguous_trials", "by_trial")


@pytest.fixture
def results():
    rng = np.random.default_rng(0)
    return pd.DataFrame([{
        "paper": "rmmt", "experiment": "table 4", "row": row, "split": split, "fold": fold,
        "role": {"constant": "chance", "ridge, both": "control"}.get(row, "model"), "seed": 0,
        "metric": metric, "value": rng.normal(0.3 + shift - 0.5 * (split == "by_trial"),
                                              0.02), "tier": "simulated"
    } for row, shift in SHIFT.items() for split in SPLITS for fold in range(10)
                         for metric in ("RMSE", "CCC")])


def _means(ax):
    return {(round(line.get_xdata()[0], 9), line.get_markerfacecolor() == "white")
            for line in ax.lines if line.get_marker() == "o"}


def test_each_split_has_its_own_panels_with_ridge_as_a_line(results):
    table = protocol.answer(results, 4)
    figure = figures.by_split(table)
    figure.draw_without_rendering()
    assert not faults(figure)
    titles = [(ax.get_title(loc="left") or ax.get_title()).replace(" ", "_")
              for ax in figure.axes[::2]]
    assert sorted(titles) == sorted(SPLITS)
    for ax, split in zip(figure.axes[1::2], titles, strict=True):
        own = table[(table["split"] == split) & (table["metric"] == "CCC")].set_index("row")
        assert {x for x, hollow in _means(ax) if not hollow
                } == {round(own.loc[row, "reproduced"], 9) for row in ("RMMT", "RSMT-F")}
        (line,) = (line for line in ax.lines if line.get_linestyle() == "-"
                   and line.get_marker() == "None" and len(set(line.get_xdata())) == 1)
        assert line.get_xdata()[0] == pytest.approx(own.loc["ridge, both", "reproduced"])


def test_a_constant_is_a_line_of_errors_and_chance_of_correlations(results):
    results.loc[results["row"].eq("constant") & results["metric"].eq("CCC"), "value"] = 0.0
    table = protocol.answer(results, 4)
    figure = figures.by_split(table)
    assert "constant" in [text.get_text() for text in figure.legends[0].get_texts()]
    constant = table[table["row"] == "constant"].set_index(["split", "metric"])["reproduced"]
    for pair in zip(figure.axes[::2], figure.axes[1::2], strict=True):
        title = pair[0].get_title(loc="left") or pair[0].get_title()
        for ax, metric in zip(pair, ("RMSE", "CCC"), strict=True):
            (line,) = (line for line in ax.lines if line.get_linestyle() == "--")
            assert set(line.get_xdata()) == {constant[title.replace(" ", "_"), metric]}


def test_differences_are_drawn_around_zero(results):
    folds = contiguous_trials(np.repeat(np.arange(24), 10))
    own = results[results["split"] == "contiguous_trials"]
    claims = compare(own, [("RMMT", "RSMT-F"), ("RMMT", "ridge, both")], ["RMSE", "CCC"],
                     printed.table("rmmt", 4), folds)
    figure = figures.differences(claims)
    figure.draw_without_rendering()
    assert not faults(figure)
    for ax, metric in zip(figure.axes, ("RMSE", "CCC"), strict=True):
        low, high = ax.get_xlim()
        assert low == -high
        part = claims[claims["metric"] == metric]
        drawn = _means(ax)
        assert {x for x, hollow in drawn if not hollow} == set(part["difference"].round(9))
        assert {x for x, hollow in drawn if hollow} == set(part["published"].dropna().round(9))
