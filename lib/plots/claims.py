"""Figures of the lesson on published claims: verdicts, rounding intervals, p values, sizes of test
sets."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lib.plots.shapes import blanks

SHADES = {
    "consistent": "#009E73", "within rounding": "#56B4E9", "cannot be checked": "#BDBDBD",
    "inconsistent as printed": "#D55E00"
}
METRIC_MARKS = "os^D"


def _tiles(ax, counts: pd.DataFrame) -> None:
    """Numbers in tiles, one row per paper and one column per verdict; the stronger the tile, the
    larger the share of the row."""
    share = np.sqrt(counts.div(counts.sum(axis=1), axis=0).to_numpy())
    for (y, x), count in np.ndenumerate(counts.to_numpy()):
        shade = to_rgba(SHADES[counts.columns[x]], 0.1 + 0.75 * share[y, x] if count else 0.0)
        ax.add_patch(Rectangle((x - 0.47, y - 0.47), 0.94, 0.94, fc=shade, ec="0.8"))
        ax.text(x, y, count, ha="center", va="center")
    ax.set(xlim=(-0.55, counts.shape[1] - 0.45), ylim=(len(counts) - 0.45, -0.55))
    words = [verdict.replace(" ", "\n", 1) for verdict in counts.columns]
    ax.set_xticks(range(counts.shape[1]), words, fontsize=8)
    ax.set_yticks(range(len(counts)), counts.index)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def _stack(ax, counts: pd.DataFrame) -> None:
    """Horizontal bars, one per row of ``counts``, the first on top, with the numbers written into
    them."""
    counts[::-1].plot.barh(stacked=True, ax=ax, width=0.78, color=SHADES, edgecolor="white",
                           xlabel="statements", ylabel="", legend=False)
    for bars in ax.containers:
        ax.bar_label(bars, [f"{n:.0f}" if n else "" for n in bars.datavalues], label_type="center",
                     fontsize=7)
    ax.margins(x=0.02, y=0.02)


def verdict_bars(table: pd.DataFrame, titles: Mapping[int, str]) -> Figure:
    """How many statements of each paper and of each kind have which verdict.

    Parameters
    ----------
    table : DataFrame
        From :func:`lib.evaluation.checks.check_all`.
    titles : mapping
        Number of a paper -> its name.
    """
    figure, (tiles, bars) = blanks(4.6, 2, width_ratios=[1, 1.25])
    papers, kinds = (pd.crosstab(table[by], table["verdict"]) for by in ("paper", "kind"))
    papers, kinds = (of.reindex(columns=list(SHADES), fill_value=0) for of in (papers, kinds))
    _tiles(tiles, papers.rename(index=titles))
    _stack(bars, kinds.loc[kinds.sum(axis=1).sort_values(ascending=False, kind="stable").index])
    tiles.set_title("statements by paper")
    bars.set_title("by kind of check")
    bars.legend(loc="lower right")
    return figure


def rounding(table: pd.DataFrame) -> Figure:
    """How far what a table gives lies from what the text states, in units of the last digit of the
    stated number.

    Parameters
    ----------
    table : DataFrame
        From :func:`lib.evaluation.checks.differences`.
    """
    figure, (ax,) = blanks(3.2)
    ax.axvspan(-0.5, 0.5, color="0.85", label="what rounds to the stated number")
    names = []
    for y, row in enumerate(table.itertuples()):
        low, value, high = ((x - row.printed) / (2 * row.half)
                            for x in (row.low, row.low / 2 + row.high / 2, row.high))
        shade = SHADES["consistent" if row.holds else "inconsistent as printed"]
        ax.plot([low, high], [y, y], color=shade, lw=3, solid_capstyle="butt")
        ax.plot(value, y, "o" if row.holds else "D", color=shade, ms=6)
        stated = f"{row.printed:g}" + (" %" if row.kind != "difference" else "")
        compared = f"{row.a} and {row.b}" if row.a != row.b else f"{row.a}, new subjects"
        names.append(f"{row.metric}, {compared}: {stated}")
    ax.set_yticks(range(len(table)), names, fontsize=8)
    ax.invert_yaxis()
    ax.set_xlabel("from the table, minus the stated number, in units of its last digit")
    ax.legend(loc="center right")
    return figure


def p_ranges(table: pd.DataFrame) -> Figure:
    """Recomputed p values with the range that rounding leaves, and the bounds that are claimed.

    Parameters
    ----------
    table : DataFrame
        From :func:`lib.papers.amigos.claims.significance`.
    """
    figure, (ax,) = blanks(3.9)
    groups = table.groupby(["claim", "where"], sort=False)
    for i, ((_, _), rows) in enumerate(groups):
        for j, row in enumerate(rows.itertuples()):
            y = -i - 0.17 * (j - 1.5)
            shade = SHADES["consistent" if row.holds else "within rounding"]
            ax.plot([row.p_best, row.p_worst], [y, y], color=shade, lw=2)
            ax.plot(row.p, y, METRIC_MARKS[j], color=shade, mec="0.2", ms=6,
                    label=row.metric if i == 0 else None)
        ax.plot([row.printed] * 2, [-i - 0.4, -i + 0.4], color="0.1", lw=1.5,
                label="claimed bound" if i == 0 else None)
    ax.set_xscale("log")
    ax.set_yticks(-np.arange(len(groups)), [f"{claim}\n{where}" for claim, where in groups.groups],
                  fontsize=8)
    ax.set_xlabel("two-tailed p of Welch's test (lines: all numbers that are printed alike)")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def fitting_sizes(sizes: Mapping[str, Sequence[int]], possible: int) -> Figure:
    """Which sizes of a test set give the printed accuracies.

    Parameters
    ----------
    sizes : mapping
        Row -> sizes that fit, from :func:`lib.evaluation.feasibility.sizes_that_fit`.
    possible : int
        Largest test set that the text allows; what is smaller is shaded.
    """
    figure, (ax,) = blanks(2.6)
    shades = ["#0072B2"] * (len(sizes) - 1) + [SHADES["inconsistent as printed"]]
    ax.eventplot(list(sizes.values()), lineoffsets=-np.arange(len(sizes)), linelengths=0.7,
                 linewidths=0.7, colors=shades)
    ax.axvspan(0, possible, color="0.9", zorder=0)
    ax.text(possible / 2, 0.5, "the text allows these", ha="center", va="bottom", fontsize=8)
    ax.set_yticks(-np.arange(len(sizes)), list(sizes))
    ax.set_ylim(-len(sizes) + 0.4, 0.85)
    ax.set_xlim(0, max(max(s, default=0) for s in sizes.values()) + 10)
    ax.set_xlabel("segments in the test set")
    return figure
