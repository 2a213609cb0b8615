"""Figures of the leakage lesson: one colour and marker for each simple model, one shade for each
split, everywhere."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lib.papers.leakage.settings import NETWORK
from lib.plots.results import FEW
from lib.plots.shapes import arms, blanks, fan, legend

MODELS = {
    "nearest neighbour": ("#000000", "o"), "ridge": ("#0072B2", "s"),
    "random forest": ("#D55E00", "^"), "stimulus mean": ("#7F7F7F", "D"), NETWORK: ("#CC79A7", "P")
}
SPLITS = {
    "random_segments": ("#882255", "o"), "blocked_segments": ("#CC79A7", "s"),
    "by_trial": ("#E69F00", "^"), "by_clip": ("#009E73", "D"), "by_subject": ("#0072B2", "v")
}
_TIGHT: dict[str, Any] = {"handletextpad": 0.3, "columnspacing": 1.2}
NAMES = {"by_trial": "by_recording", "16/8": "trials 1-16,\nthen 17-24"}


def _name(split: str) -> str:
    return NAMES.get(split, split).replace("_", "\n")


def _chance(ax: Axes, value: float) -> None:
    ax.axhline(value, color="0.6", lw=1, zorder=0, label="chance")


def _dots(ax: Axes, table: pd.DataFrame, splits: Sequence[str], models: Sequence[str], *,
          hollow: bool = False, shift: float = 0.0, label: str = "") -> None:
    """Mean and interval of every split and model, the mean alone below :data:`FEW` units; columns
    of :func:`lib.papers.leakage.protocol.tidy`."""
    metric, table = table["metric"].iloc[0], table.set_index(["model", "split"])
    x, look = np.arange(len(splits)) + shift, {"mfc": "white", "alpha": 0.75} if hollow else {}
    for model, offset in zip(models, fan(len(models), 0.2), strict=True):
        shade, marker = MODELS[model]
        found = table.reindex([(model, split) for split in splits])
        error = arms(found["mean"], found["low"], found["high"], metric) * (found["n"] >= FEW).array
        ax.errorbar(x + offset, found["mean"], error, fmt=marker, ms=5, color=shade, elinewidth=0.9,
                    label=f"{model}{label}", zorder=2, **look)
    ax.set(xticks=range(len(splits)), xticklabels=[_name(split) for split in splits],
           xlim=(-0.5, len(splits) - 0.5))
    ax.tick_params(axis="x", labelsize=8, length=0)
    for k in range(len(splits) - 1):
        ax.axvline(k + 0.5, color="0.93", lw=0.8, zorder=0)


def _with_twin(ax: Axes, table: pd.DataFrame, column: str, kinds: tuple[str, str], label: str,
               splits: Sequence[str], models: Sequence[str]) -> None:
    """Filled what ``column`` calls the first kind, hollow the second one, its null twin."""
    own, twin = (table[table[column] == kind] for kind in kinds)
    _dots(ax, own, splits, models, shift=-0.03)
    _dots(ax, twin, splits, models, hollow=True, shift=0.06, label=label)


def clusters(worlds: Mapping[str, Mapping[str, np.ndarray]], emotions: Sequence[str]) -> Figure:
    """Segments of the first person in the plane of their two largest components, a panel per world;
    colour: emotion, marker: recording."""
    figure, axes = blanks(2.9, len(worlds))
    shades = ("#E69F00", "#0072B2", "#009E73", "#CC79A7")
    for ax, (title, data) in zip(axes, worlds.items(), strict=True):
        mine = data["subject"] == 0
        x = data["x"][mine] - data["x"][mine].mean(axis=0)
        plane = x @ np.linalg.svd(x, full_matrices=False)[2][:2].T
        y, recording = data["y"][mine], data["recording"][mine]
        for number in np.unique(recording):
            own = recording == number
            emotion = y[own][0]
            first = number == recording[y == emotion].min()
            ax.scatter(*plane[own].T, s=22, marker="o" if first else "^", color=shades[emotion],
                       lw=0, label=emotions[emotion] if first else None)
        ax.set(title=title, xticks=[], yticks=[], xlabel="first component")
    axes[0].set_ylabel("second component")
    marks = [
        Line2D([], [], color="0.4", marker=marker, ls="", label=f"{which} recording of an emotion")
        for marker, which in (("o", "first"), ("^", "second"))
    ]
    legend(figure, [*axes[0].get_legend_handles_labels()[0], *marks], **_TIGHT)
    return figure


def strengths(table: pd.DataFrame, splits: Sequence[str], chance: float) -> Figure:
    """Accuracy against the strength of the fingerprint: a column per cohort, a row per model, a
    line per split."""
    cohorts, models = table["cohort"].unique(), table["model"].unique()
    figure, axes = blanks(2.3 * len(models) + 0.4, len(cohorts), rows=len(models), sharex=True,
                          sharey=True)
    lines = table.sort_values("strength").groupby(["model", "cohort", "split"])
    for row, model in zip(axes, models, strict=True):
        for ax, cohort in zip(row, cohorts, strict=True):
            for split in splits:
                line, (shade, marker) = lines.get_group((model, cohort, split)), SPLITS[split]
                x, dash = line["strength"], "--" if split == "blocked_segments" else "-"
                ax.fill_between(x, line["low"], line["high"], color=shade, alpha=0.15, lw=0)
                ax.plot(x, line["mean"], dash, marker=marker, ms=5, color=shade,
                        label=_name(split).replace("\n", " "))
            _chance(ax, chance)
            ax.set(title=f"{model}, {cohort}s", ylim=(0, 1.04))
        row[0].set_ylabel("accuracy")
    for ax in axes[-1]:
        ax.set_xlabel("fingerprint of the recording\n(standard deviations of single segments)")
    legend(figure, axes[0, 0], **_TIGHT)
    return figure


def heatmap(table: pd.DataFrame, sources: Sequence[str], splits: Sequence[str],
            chance: float) -> Figure:
    """Accuracy on null worlds by what segments share (rows, ``source``) and split (columns)."""
    values = table.pivot_table("mean", "source", "split").loc[[*sources], [*splits]].to_numpy()
    figure, (ax,) = blanks(0.55 * len(sources) + 0.9, width=7.5)
    image = ax.imshow(values, cmap="cividis", vmin=chance, vmax=1, aspect="auto")
    for (i, j), value in np.ndenumerate(values):
        ax.text(j, i, f"{100 * value:.0f} %", ha="center", va="center",
                color="white" if value < (1 + chance) / 2 else "black")
    ax.set(xticks=range(len(splits)), xticklabels=[_name(split) for split in splits],
           yticks=range(len(sources)), yticklabels=sources, ylabel="segments share\ntheir ...")
    ax.tick_params(length=0)
    figure.colorbar(image, ax=ax, label="accuracy")
    return figure


def papers(table: pd.DataFrame, splits: Mapping[str, Sequence[str]], chance: Mapping[str, float],
           models: Sequence[str], guess: Mapping[str, float] = {}) -> Figure:
    """All four papers: a panel each, filled on the cohort with an effect, hollow on its null twin.

    Parameters
    ----------
    table : DataFrame
        ``paper``, ``cohort`` (``effect``, ``null twin``), ``split``, ``model``, ``mean``, ``low``,
        ``high``, ``metric``.
    splits, chance : mapping
        Paper -> its splits in order, and its chance level.
    models : sequence of str
    guess : mapping
        Split -> what a guess at the training frequencies scores, where that is not the chance
        level.
    """
    figure, axes = blanks(6.4, 2, rows=2)
    for ax, (paper, names) in zip(axes.ravel(), splits.items(), strict=True):
        own = table[table["paper"] == paper]
        low = -1 if own["metric"].iloc[0] == "CCC" else 0
        _with_twin(ax, own, "cohort", ("effect", "null twin"), ", null twin", names, models)
        _chance(ax, chance[paper])
        for k, name in enumerate(names):
            if name in guess:
                ax.plot([k - 0.5, k + 0.5], [guess[name]] * 2, color="0.2", lw=1, ls="--", zorder=0)
                ax.set(xlabel="dashed: what a guess scores")
        ax.set(title=paper, ylabel=own["metric"].iloc[0], ylim=(1.04 * low, 1.04))
    legend(figure, axes[0, 0], 4, **_TIGHT)
    return figure


def practices(table: pd.DataFrame) -> Figure:
    """Points of accuracy that each practice adds: hollow in null worlds, filled in effect worlds,
    with 95 % intervals."""
    names = list(table["practice"].unique())
    figure, (ax,) = blanks(0.42 * len(names) + 0.9)
    for kind, shade, shift in (("null world", "white", -0.14), ("effect world", "#0072B2", 0.14)):
        own = table[table["cohort"] == kind].set_index("practice").loc[names]
        y, error = np.arange(len(names)) + shift, 100 * arms(own["mean"], own["low"], own["high"])
        ax.errorbar(100 * own["mean"], y, xerr=error, fmt="o", color="#0072B2", mfc=shade, ms=6,
                    label=f"{kind}s")
    ax.axvline(0, color="0.6", lw=1, zorder=0)
    ax.set(yticks=range(len(names)), yticklabels=names,
           xlabel="accuracy with the practice minus without (percentage points)")
    ax.invert_yaxis()
    ax.grid(axis="y", color="0.92", lw=0.8)
    ax.tick_params(axis="y", length=0)
    legend(figure, ax, **_TIGHT)
    return figure


def literature(table: pd.DataFrame) -> Figure:
    """Published inflation in points; sources without a number in points stand below, in words."""
    figure, (ax,) = blanks(0.62 * len(table) + 0.7)
    for y, row in enumerate(table.itertuples()):
        if np.isnan(row.points):
            ax.text(0.5, y, row.kind, va="center", fontsize=8.5, style="italic", color="0.3")
            continue
        ax.plot([0, row.points], [y, y], color="#0072B2", lw=1.2)
        ax.plot(row.points, y, "D" if row.kind == "range" else "o", color="#0072B2", ms=7)
        right = row.points > 0
        ax.annotate(f"{row.kind} {row.points:+g}", (row.points, y), (8 if right else -8, 0),
                    textcoords="offset points", va="center", ha="left" if right else "right",
                    fontsize=8.5)
    labels = [
        f"{row.source}\n{textwrap.fill(f'{row.data}: {row.compared}', 75)}"
        for row in table.itertuples()
    ]
    ax.axvline(0, color="0.6", lw=1, zorder=0)
    ax.set(yticks=range(len(table)), yticklabels=labels, xlabel="percentage points of accuracy",
           xlim=(-30, 66), ylim=(len(table) - 0.5, -0.5))
    ax.tick_params(axis="y", length=0, labelsize=7.5)
    return figure


def people(table: pd.DataFrame, splits: Sequence[str], models: Sequence[str],
           chance: float) -> Figure:
    """Accuracy under every split with the own labels and with permuted ones, a panel each; small
    crosses are single people.

    Parameters
    ----------
    table : DataFrame
        ``labels``, ``split``, ``model``, ``mean``, ``low``, ``high`` over people, and a column
        ``person ...`` of each.
    """
    single = [name for name in table if name.startswith("person ")]
    each = table.melt(["labels", "split", "model"], single).dropna()
    kinds = table["labels"].unique()
    figure, axes = blanks(3.2, len(kinds), sharey=True)
    for ax, kind in zip(axes, kinds, strict=True):
        _dots(ax, table[table["labels"] == kind], splits, models)
        for model, offset in zip(models, fan(len(models), 0.2), strict=True):
            own = each[(each["labels"] == kind) & (each["model"] == model)
                       & each["split"].isin(splits)]
            ax.plot(own["split"].map(splits.index) + offset + 0.07, own["value"], "x",
                    color=MODELS[model][0], ms=3.5, alpha=0.7, mew=0.8)
        _chance(ax, chance)
        ax.set(title=kind, ylim=(0, 1.04))
    axes[0].set_ylabel("accuracy")
    legend(figure, axes[0], **_TIGHT)
    return figure


def two_labels(table: pd.DataFrame, splits: Sequence[str], models: Sequence[str]) -> Figure:
    """CCC under every split, a panel per ``input``: filled with own labels, hollow with permuted
    ones; columns as `people`."""
    inputs = table["input"].unique()
    figure, axes = blanks(3.4, len(inputs), sharey=True)
    for ax, name in zip(axes, inputs, strict=True):
        _with_twin(ax, table[table["input"] == name], "labels", ("own labels", "permuted labels"),
                   ", permuted", splits, models)
        _chance(ax, 0.0)
        ax.set_title(name)
    axes[0].set_ylabel("CCC")
    legend(figure, axes[0], 4, **_TIGHT)
    return figure
