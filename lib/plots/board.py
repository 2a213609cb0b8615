"""Figures of the scoreboard: verdicts by paper, networks against the best control of their
table."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lib.evaluation.metrics import measure
from lib.plots.shapes import blanks, down, legend
from lib.plots.style import COLOURS, modality

# Okabe and Ito's palette for verdicts on real data; greys for those that say nothing about a paper
VERDICT_COLOURS = {
    "reproduced": "#009E73", "close": "#A6DBC8", "inconclusive": "#F0E442", "worse": "#D55E00",
    "better": "#56B4E9", "simulated only": "#BDBDBD", "not testable": "#FFFFFF"
}


def verdict_bars(counts: pd.DataFrame) -> Figure:
    """How many printed numbers of each paper got which verdict; ``counts`` from
    :func:`lib.companion.scoreboard.counts`."""
    figure, (ax,) = blanks(0.5 * len(counts) + 1.1)
    start = np.zeros(len(counts))
    for verdict, colour in VERDICT_COLOURS.items():
        number = counts[verdict].to_numpy()
        bars = ax.barh(range(len(counts)), number, left=start, height=0.62, color=colour,
                       edgecolor="0.3", lw=0.8, label=verdict,
                       hatch="///" if verdict == "simulated only" else None)
        labels = [str(n) if n else "" for n in number]
        ax.bar_label(bars, labels, label_type="center", fontsize=9,
                     bbox={"fc": "white", "ec": "none", "pad": 1, "alpha": 0.85})
        start = start + number
    down(ax, list(counts["paper"] + "\nreal data: " + counts["real data"]))
    ax.set(xlabel="distinct printed numbers")
    legend(figure, ax)
    return figure


def beside_controls(frame: pd.DataFrame, panels: dict[str, tuple[str, str, list[str]]]) -> Figure:
    """The rows of a paper's main tables, split by split, and below them all simple controls under
    the same split.

    Parameters
    ----------
    frame : DataFrame
        The board of :func:`lib.companion.scoreboard.read`.
    panels : dict
        Paper -> title, metric (what :func:`lib.evaluation.metrics.measure` makes of it, or its full
        name), tables of the networks. Controls come from every experiment of the paper but the null
        cohorts.
    """
    drawn = frame[frame["simulated"].notna() & ~frame["table"].str.contains("null|text")]
    chosen = {}
    for paper, (_, metric, tables) in panels.items():
        own = drawn[(drawn["paper"] == paper)
                    & (drawn["metric"].eq(metric) | drawn["metric"].map(measure).eq(metric))]
        networks = own[own["table"].isin(tables) & (own["kind"] != "control")].drop_duplicates(
            ["row", "split", "metric"])
        controls = own[own["kind"] == "control"].drop_duplicates(["row", "split", "metric"])
        chosen[paper] = networks, controls[controls["split"].isin(networks["split"])]
    heights = [networks["split"].nunique() for networks, _ in chosen.values()]
    figure, axes = blanks(0.4 * sum(heights) + 0.75 * len(chosen) + 0.5, rows=len(chosen),
                          height_ratios=heights, sharex=True)
    for ax, (paper, (networks, controls)) in zip(axes[:, 0], chosen.items(), strict=True):
        place = {split: y for y, split in enumerate(dict.fromkeys(networks["split"]))}
        for row, split, value in networks[["row", "split", "simulated"]].itertuples(index=False):
            ax.plot(value, place[split] - 0.17, "o", ms=6, mfc="none", mew=1.3,
                    color=COLOURS[modality(row)])
        ax.plot(controls["simulated"], controls["split"].map(place) + 0.2, "|", ms=9, mew=1.6,
                color=COLOURS["control"])
        best = controls.loc[controls.groupby("split")["simulated"].idxmax()]
        for row, split, value in best[["row", "split", "simulated"]].itertuples(index=False):
            ax.annotate(row, (value, place[split] + 0.2), (5, -1), textcoords="offset points",
                        va="center", fontsize=8, color="0.35", annotation_clip=False)
        down(ax, [split.replace("_", " ") for split in place])
        ax.set(title=panels[paper][0], xlabel=panels[paper][1])
        ax.tick_params(axis="x", labelbottom=True)
        for y in range(1, len(place)):
            ax.axhline(y - 0.5, color="0.9", lw=0.8, zorder=0)
    low = min(0, *(ax.dataLim.x0 for ax in axes[:, 0]))
    axes[0, 0].set(xlim=(1.1 * low - 0.02, 1.25), xticks=np.arange(0, 1.1, 0.2))  # room for names
    used = {modality(row) for networks, _ in chosen.values() for row in networks["row"]}
    hollow = {"marker": "o", "ls": "", "mfc": "none", "mew": 1.3}
    legend(figure, [
        *(Line2D([], [], color=shade, label=f"the paper's rows, {name}", **hollow)
          for name, shade in COLOURS.items() if name in used),
        Line2D([], [], marker="|", ls="", ms=9, mew=1.6, color=COLOURS["control"],
               label="controls (the best is named)")
    ], 3)
    return figure
