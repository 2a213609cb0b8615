"""Figures of the lesson on published claims: verdicts, rounding intervals, p values, sizes of test sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.plots.style import blank

__all__ = ["p_ranges", "rounding", "test_set_sizes", "verdict_bars"]

SHADES = {"consistent": "#009E73", "within rounding": "#56B4E9", "cannot be checked": "#BDBDBD", "inconsistent as printed": "#D55E00"}
METRIC_MARKS = "os^D"


def _stack(ax, counts: pd.DataFrame) -> None:
    """Horizontal bars, one per row of ``counts``, the first on top, with the numbers written into them."""
    left = np.zeros(len(counts))
    y = np.arange(len(counts))[::-1]
    for verdict, shade in SHADES.items():
        width = counts.get(verdict, pd.Series(0, counts.index)).to_numpy()
        ax.barh(y, width, left=left, color=shade, edgecolor="white", label=verdict, height=0.75)
        for where, start, n in zip(y, left, width, strict=True):
            if n:
                ax.text(start + n / 2, where, n, ha="center", va="center", fontsize=8)
        left += width
    ax.set_yticks(y, counts.index)
    ax.set_xlabel("statements")
    ax.margins(x=0.02)


def verdict_bars(table: pd.DataFrame, titles: Mapping[int, str]) -> Figure:
    """How many statements of each paper and of each kind have which verdict.

    Parameters
    ----------
    table : DataFrame
        From :func:`lib.published.checks.check_all`.
    titles : mapping
        Number of a paper -> its name.
    """
    figure = blank(5.4)
    axes = figure.subplots(1, 2, width_ratios=[1, 1.15])
    papers = table.assign(paper=table["paper"].map(titles)).groupby(["paper", "verdict"], sort=False).size().unstack(fill_value=0)
    _stack(axes[0], papers.loc[list(titles.values())])
    kinds = table.groupby(["kind", "verdict"]).size().unstack(fill_value=0)
    _stack(axes[1], kinds.loc[kinds.sum(axis=1).sort_values(ascending=False, kind="stable").index])
    axes[0].set_title("by paper")
    axes[1].set_title("by kind of check")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return figure


def rounding(table: pd.DataFrame) -> Figure:
    """Stated differences and percentages as intervals, beside the intervals of what the tables give.

    Parameters
    ----------
    table : DataFrame
        From :func:`lib.published.checks.differences`.
    """
    figure = blank(3.4)
    for ax, (kind, rows) in zip(figure.subplots(1, 2), table.groupby("kind", sort=False), strict=True):
        y = np.arange(len(rows))[::-1]
        ax.barh(y, 2 * rows["half"], left=rows["printed"] - rows["half"], height=0.62, color="0.88", edgecolor="0.55", label="stated")
        colours = [SHADES["consistent" if holds else "inconsistent as printed"] for holds in rows["holds"]]
        ax.hlines(y, rows["low"], rows["high"], colors=colours, lw=4, label="from the table")
        ax.set_yticks(y, [f"{r.a} - {r.b}, {r.metric}" if r.a != r.b else f"{r.a}, new subjects, {r.metric}" for r in rows.itertuples()],
                      fontsize=8)
        ax.set_xlabel("difference" if kind == "difference" else "change in %")
        ax.axvline(0, color="0.7", lw=0.8, zorder=0)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure


def p_ranges(table: pd.DataFrame) -> Figure:
    """Recomputed p values with the range that rounding leaves, and the bounds that are claimed.

    Parameters
    ----------
    table : DataFrame
        From :func:`lib.published.amigos_claims.significance`.
    """
    figure = blank(3.9)
    ax = figure.subplots()
    groups = table.groupby(["claim", "where"], sort=False)
    for i, ((_, _), rows) in enumerate(groups):
        for j, row in enumerate(rows.itertuples()):
            y = -i - 0.17 * (j - 1.5)
            shade = SHADES["consistent" if row.holds else "within rounding"]
            ax.plot([row.p_best, row.p_worst], [y, y], color=shade, lw=2)
            ax.plot(row.p, y, METRIC_MARKS[j], color=shade, mec="0.2", ms=6, label=row.metric if i == 0 else None)
        ax.plot([row.printed] * 2, [-i - 0.4, -i + 0.4], color="0.1", lw=1.5, label="claimed bound" if i == 0 else None)
    ax.set_xscale("log")
    ax.set_yticks(-np.arange(len(groups)), [f"{claim}\n{where}" for claim, where in groups.groups], fontsize=8)
    ax.set_xlabel("two-tailed p of Welch's test (lines: all numbers that are printed alike)")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def test_set_sizes(sizes: Mapping[str, Sequence[int]], possible: int) -> Figure:
    """Which sizes of a test set give the printed accuracies.

    Parameters
    ----------
    sizes : mapping
        Row -> sizes that fit, from :func:`lib.published.feasibility.sizes_that_fit`.
    possible : int
        Largest test set that the text allows; what is smaller is shaded.
    """
    figure = blank(2.6)
    ax = figure.subplots()
    shades = ["#0072B2"] * (len(sizes) - 1) + [SHADES["inconsistent as printed"]]
    ax.eventplot(list(sizes.values()), lineoffsets=-np.arange(len(sizes)), linelengths=0.7, linewidths=0.7, colors=shades)
    ax.axvspan(0, possible, color="0.9", zorder=0)
    ax.text(possible / 2, 0.5, "the text allows these", ha="center", va="bottom", fontsize=8)
    ax.set_yticks(-np.arange(len(sizes)), list(sizes))
    ax.set_ylim(-len(sizes) + 0.4, 0.85)
    ax.set_xlim(0, max(max(s, default=0) for s in sizes.values()) + 10)
    ax.set_xlabel("segments in the test set")
    return figure
