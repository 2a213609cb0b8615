"""Figures of results: beside the published numbers, over time, over a parameter, over epochs, fold
by fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import ConnectionPatch

from lib.datasets.mahnob_format import LABEL_RATE
from lib.evaluation.metrics import higher_is_better
from lib.evaluation.statistics import fold_means
from lib.plots.style import COLOURS, DIRECTION, LINES, blank, colour, modality

__all__ = [
    "attention", "curve", "fold_lines", "learning_curves", "published_vs_reproduced", "traces"
]


def _dots(ax: Axes, panel: pd.DataFrame, place: Mapping) -> None:
    """One metric: published hollow above, ours filled below, with 95 % intervals."""
    for line in panel.itertuples():
        y, shade = place[(line.row, line.split)], colour(line.row)
        for mean, half, offset, face in ((line.published, line.published_interval, -0.16, "white"),
                                         (line.reproduced, line.reproduced_interval, 0.16, shade)):
            if np.isfinite(mean):
                error = None if np.isnan(half) else half
                ax.errorbar(mean, y + offset, xerr=error, fmt="o", ms=6, mfc=face, color=shade,
                            elinewidth=1.3)


def published_vs_reproduced(table: pd.DataFrame) -> Figure:
    """Every row of a verdict table (:func:`lib.evaluation.verdicts.verdicts`), one panel per
    metric.

    Hollow dots are published, filled ones ours, both with 95 % intervals over folds; controls have
    no hollow dot.
    """
    place = {
        key: y
        for y, key in enumerate(dict.fromkeys(zip(table["row"], table["split"], strict=True)))
    }
    splits = [split for split in dict.fromkeys(table["split"]) if split]
    figure = blank(0.42 * len(place) + 1.3)
    metrics = list(dict.fromkeys(table["metric"]))
    axes = figure.subplots(1, len(metrics), sharey=True, squeeze=False)[0]
    for ax, metric in zip(axes, metrics, strict=True):
        _dots(ax, table[table["metric"] == metric], place)
        ax.set(xlabel=DIRECTION.get(metric, metric))
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="y", color="0.9", lw=0.8)
        ax.set_axisbelow(True)
    names = [
        f"{row} ({split.replace('_', ' ')})" if len(splits) > 1 and split else row
        for row, split in place
    ]
    axes[0].set(yticks=range(len(place)), yticklabels=names, ylim=(len(place) - 0.5, -0.5))
    tiers = [tier for tier in dict.fromkeys(table["data"]) if tier]
    ours = f"this run, {' and '.join(tiers)} data" if tiers else "this run"
    used = [name for name in COLOURS if any(modality(row) == name for row, _ in place)]
    handles = [
        Line2D([], [], marker="o", color="0.2", mfc=face, label=text)
        for face, text in (("white", "published"), ("0.2", ours))
    ]
    handles += [Line2D([], [], marker="s", ls="", color=COLOURS[name], label=name) for name in used]
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles))
    return figure


def _thumbnails(figure: Figure, grid, ax: Axes, frames: Sequence[np.ndarray],
                times: Sequence[float]) -> None:
    """Pictures in a row above a trace, each tied to its time."""
    for cell, frame, when in zip(grid.subgridspec(1, len(frames), wspace=0.05), frames, times,
                                 strict=True):
        thumb = figure.add_subplot(cell)
        thumb.imshow(frame)
        thumb.set(xticks=[], yticks=[])
        sns.despine(ax=thumb, left=True, bottom=True)
        thumb.set_title(f"{when:g} s", fontsize=9, loc="center", pad=2)
        ax.axvline(when, color="0.8", lw=0.8, zorder=0)
        line = ConnectionPatch((0.5, -0.02), (when, 1), thumb.transAxes, ax.get_xaxis_transform(),
                               color="0.8", lw=0.8)
        line.set_in_layout(False)
        figure.add_artist(line)


def traces(time: np.ndarray, target: np.ndarray, predictions: Mapping[str, np.ndarray],
           frames: Sequence[np.ndarray] | None = None, frame_times: Sequence[float] | None = None,
           label: str = "valence") -> Figure:
    """The target and the predictions of several models over one trial (Figure 8).

    Parameters
    ----------
    time : array (n_times,)
        Seconds after stimulus onset.
    target : array (n_times,)
    predictions : mapping
        Model name -> array ``(n_times,)``. Colour says the modality, the line style tells models of
        one modality apart.
    frames : sequence of array (height, width, 3), optional
        Pictures of the face, drawn above at ``frame_times`` (s).
    """
    figure = blank(4.3 if frames is not None else 3.1)
    grid = figure.add_gridspec(
        2, 1, height_ratios=[1, 3]) if frames is not None else figure.add_gridspec(1, 1)
    ax = figure.add_subplot(grid[-1, 0])
    ax.plot(time, target, color="black", lw=2.2, label="target")
    styles: dict[str, int] = {}
    for name, values in predictions.items():
        kind = modality(name)
        ax.plot(time, values, color=COLOURS[kind], ls=LINES[styles.get(kind, 0) % len(LINES)],
                label=name)
        styles[kind] = styles.get(kind, 0) + 1
    ax.axhline(0, color="0.85", lw=0.8, zorder=0)
    ax.set(xlabel="time after stimulus onset (s)", ylabel=label, xlim=(time[0], time[-1]))
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=len(predictions) + 1)
    if frames is not None:
        if frame_times is None or len(frame_times) != len(frames):
            raise ValueError(f"each of the {len(frames)} frames needs its time in frame_times")
        _thumbnails(figure, grid[0, 0], ax, frames, frame_times)
    return figure


def curve(x: np.ndarray, mean: Mapping[str, np.ndarray], interval: Mapping[str, np.ndarray],
          published: Mapping[str, tuple] | None = None, xlabel: str = "", label: str = "this run",
          row: str = "RMMT") -> Figure:
    """A metric over a parameter, a panel per metric (Figure 7: weights mu and eta; Figure 9:
    alpha).

    Parameters
    ----------
    x : array (n,)
    mean, interval : mapping
        Metric -> array ``(n,)``: the mean over folds and the half width of its 95 % interval (drawn
        as a band).
    published : mapping, optional
        Metric -> ``(x, mean)`` or ``(x, mean, half width)``, drawn hollow.
    xlabel, label : str
        Name of the parameter; legend entry of the curve.
    row : str
        Model, for the colour.
    """
    figure, shade = blank(2.9), colour(row)
    axes = figure.subplots(1, len(mean), squeeze=False)[0]
    for ax, (metric, values) in zip(axes, mean.items(), strict=True):
        values, half = np.asarray(values), np.asarray(interval[metric])
        ax.plot(x, values, "o-", color=shade, ms=4, label=label)
        ax.fill_between(x, values - half, values + half, color=shade, alpha=0.15, lw=0,
                        label="95 % interval over folds")
        if published and metric in published:
            px, py, *error = published[metric]
            ax.errorbar(px, py, *error, fmt="o", ms=6, mfc="white", mec="0.2", ecolor="0.6",
                        elinewidth=1, label="published")
        ax.set(xlabel=xlabel, ylabel=DIRECTION.get(metric, metric))
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=len(labels))
    return figure


def learning_curves(histories: Mapping[str, Sequence[np.ndarray]]) -> Figure:
    """Training over epochs: CCC loss, KD loss and validation CCC; thin lines are folds, thick ones
    their mean.

    Parameters
    ----------
    histories : mapping
        Model name -> one array ``(n_epochs, 3)`` per fold, as
        :func:`lib.papers.rmmt.training.fit_fold` returns.
    """
    figure = blank(2.9)
    axes = figure.subplots(1, 3)
    for i, (name, folds) in enumerate(histories.items()):
        stack = np.stack(folds)
        epochs, style = np.arange(1, stack.shape[1] + 1), LINES[i % len(LINES)]
        for column, ax in enumerate(axes):
            ax.plot(epochs, stack[..., column].T, color=colour(name), ls=style, lw=0.5, alpha=0.4)
            ax.plot(epochs, stack[..., column].mean(axis=0), color=colour(name), ls=style, lw=2,
                    label=name)
    for ax, label in zip(axes, ("training CCC loss", "training KD loss", "validation CCC"),
                         strict=True):
        ax.set(xlabel="epoch", ylabel=label)
        ax.xaxis.get_major_locator().set_params(integer=True)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=len(labels))
    return figure


def fold_lines(results: pd.DataFrame, a: str, b: str) -> Figure:
    """Two models fold by fold: a line joins the same fold, a panel per metric, seeds averaged.

    Parameters
    ----------
    results : DataFrame
        Tidy results of one split with variants ``a`` and ``b``.
    """
    folds = fold_means(results[results["variant"].isin([a, b])])
    metrics = list(dict.fromkeys(folds["metric"]))
    figure = blank(3.0, 3.0 * len(metrics))
    for ax, metric in zip(figure.subplots(1, len(metrics), squeeze=False)[0], metrics, strict=True):
        pairs = folds[folds["metric"] == metric].pivot_table(index="fold", columns="variant",
                                                             values="value")[[a, b]].dropna()
        ax.plot([0, 1], pairs.to_numpy().T, color="0.75", lw=1, zorder=0)
        for x, name in enumerate((a, b)):
            ax.plot(np.full(len(pairs), x), pairs[name], "o", ms=5, color=colour(name))
            ax.plot([x - 0.12, x + 0.12], [pairs[name].mean()] * 2, color="black", lw=2.5)
        ahead = pairs[a] > pairs[b] if higher_is_better(metric) else pairs[a] < pairs[b]
        ax.set_title(f"{a} better in {ahead.sum()} of {len(pairs)}")
        ax.set(xticks=[0, 1], xticklabels=[a, b], xlim=(-0.4, 1.4),
               ylabel=DIRECTION.get(metric, metric))
    return figure


def attention(matrix: np.ndarray, rate: float = LABEL_RATE, title: str = "") -> Figure:
    """One window's attention weights, Eq (12).

    Parameters
    ----------
    matrix : array (n_query, n_key)
        Rows are times of the query (face) stream, columns times of the keys (EEG).
    rate : float
        Steps per second.
    """
    figure = blank(4.0, 5.2)
    ax = figure.subplots()
    n_query, n_key = np.shape(matrix)
    image = ax.imshow(matrix, cmap="rocket_r", vmin=0, origin="lower",
                      extent=(0, n_key / rate, 0, n_query / rate), interpolation="nearest")
    ax.set(xlabel="time of the key (s)", ylabel="time of the query (s)", title=title)
    figure.colorbar(image, ax=ax, label="attention weight", shrink=0.9)
    return figure
