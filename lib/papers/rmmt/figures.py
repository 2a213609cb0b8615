"""Figures of results of paper 1: models split by split with the controls as lines, and paired
differences."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lib.evaluation.metrics import higher_is_better
from lib.plots.results import dots, dots_legend
from lib.plots.shapes import blanks, down, whole_range
from lib.plots.style import COLOURS, DIRECTION

CONTROL_LINES = {"ridge, both": "-", "stimulus mean": ":", "constant": "--"}


def by_split(table: pd.DataFrame) -> Figure:
    """The networks of a verdict table, a line of panels per split; the strongest controls and the
    constant are vertical lines."""
    run = table[table["n"] > 0]
    networks, splits = run[run["role"] == "model"], list(dict.fromkeys(run["split"]))
    rows = {split: list(dict.fromkeys(part["row"])) for split, part in networks.groupby("split")}
    metrics, sizes = list(dict.fromkeys(run["metric"])), [len(rows[split]) for split in splits]
    figure, axes = blanks(0.4 * sum(sizes) + 0.7 * len(splits) + 0.6, len(metrics), len(splits),
                          height_ratios=sizes, sharex="col")
    controls: dict[str, Line2D] = {}
    for line, split in zip(axes, splits, strict=True):
        here = run[run["split"] == split]
        for ax, metric in zip(line, metrics, strict=True):
            panel = here[here["metric"] == metric]
            place = {(row, split): y for y, row in enumerate(rows[split])}
            dots(ax, panel[panel["role"] == "model"], place, metric)
            lines = panel[panel["reproduced"] != 0]  # at 0 stands the line of chance
            for row, style in CONTROL_LINES.items():
                for value in lines.loc[lines["row"] == row, "reproduced"]:
                    controls[row] = ax.axvline(value, color=COLOURS["control"], ls=style, label=row,
                                               zorder=0)
            down(ax, rows[split])
            ax.tick_params(axis="y", labelleft=ax is line[0])
        line[0].set_title(split.replace("_", " "))
    for column, metric in zip(axes.T, metrics, strict=True):
        column[-1].set_xlabel(DIRECTION.get(metric, metric))
        whole_range(column, metric, "x")
    dots_legend(figure, list(networks["row"]), "this run", list(controls.values()))
    return figure


def differences(claims: pd.DataFrame) -> Figure:
    """One row minus each of the others, fold by fold: mean and corrected 95 % interval, a panel per
    metric; hollow is the published difference.

    Parameters
    ----------
    claims : DataFrame
        From :func:`lib.papers.experiment.compare`, with one row ``a``.
    """
    rivals, metrics = (list(dict.fromkeys(claims[name])) for name in ("b", "metric"))
    place = {(row, ""): y for y, row in enumerate(rivals)}
    table = claims.rename(columns={"b": "row", "difference": "reproduced"}).assign(
        split="", published_interval=np.nan,
        reproduced_interval=claims["high"] - claims["difference"])
    figure, axes = blanks(0.4 * len(rivals) + 1.2, len(metrics), sharey=True)
    (a,) = set(claims["a"])
    for ax, metric in zip(axes, metrics, strict=True):
        ax.axvline(0, color="0.6", lw=1, ls="--", zorder=0)
        dots(ax, table[table["metric"] == metric], place)
        reach = 1.08 * np.abs(ax.dataLim.intervalx).max()
        side = "right" if higher_is_better(metric) else "left"
        ax.set(xlabel=f"{metric} ({side} of 0: better)", xlim=(-reach, reach))
        ax.locator_params(axis="x", nbins=5)
        down(ax, rivals)
    dots_legend(figure, rivals, f"this run: {a} minus the other, 95 % interval")
    return figure
