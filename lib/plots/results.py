"""Figures of results: beside the published numbers, over splits, over time, over a parameter, over
epochs, fold by fold."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import ConnectionPatch

from lib.evaluation.metrics import higher_is_better
from lib.evaluation.statistics import fold_means
from lib.plots.shapes import (apart, arms, blanks, down, fan, legend, over_epochs, picture, styles,
                              whole_range)
from lib.plots.style import COLOURS, DIRECTION, LINES, blank, colour, modality

FEW = 5  # folds below which each is drawn, and no interval


def dots(ax: Axes, panel: pd.DataFrame, place: Mapping, metric: str = "") -> None:
    """Published hollow above, ours filled below, with 95 % intervals, which end where the metric
    ends."""
    for line in panel.itertuples():
        y, shade = place[(line.row, line.split)], colour(line.row)
        for mean, half, offset, face in ((line.published, line.published_interval, -0.16, "white"),
                                         (line.reproduced, line.reproduced_interval, 0.16, shade)):
            if np.isfinite(mean):
                error = arms(mean, mean - half, mean + half, metric)[:, None]
                ax.errorbar(mean, y + offset, xerr=error, fmt="o", ms=6, mfc=face, color=shade,
                            elinewidth=1.3)


def published_vs_reproduced(table: pd.DataFrame, scores: pd.DataFrame | None = None) -> Figure:
    """Every row of a verdict table (:func:`lib.evaluation.verdicts.verdicts`), one panel per
    metric, over its whole range.

    Hollow dots are published, filled ones ours, both with 95 % intervals over folds; controls have
    no hollow dot, and the best row whose role is ``chance`` is a dashed line over the rows of its
    split. ``scores``: the tidy results; where they hold fewer than :data:`FEW` folds, each is a
    light dot and there is no interval.
    """
    by_chance = table["role"].eq("chance") if "role" in table else np.zeros(len(table), bool)
    chance = table[by_chance].groupby(["metric", "split"])["reproduced"].max()
    table = table[~by_chance]
    keys = list(dict.fromkeys(zip(table["row"], table["split"], strict=True)))
    place = {key: y for y, key in enumerate(keys)}
    metrics, several = list(dict.fromkeys(table["metric"])), len({s for _, s in keys if s}) > 1
    names = [
        f"{row} ({split.replace('_', ' ')})" if several and split else row for row, split in keys
    ]
    figure, axes = blanks(0.42 * len(keys) + 1.3, len(metrics), sharey=True)
    folds = None if scores is None else fold_means(scores)
    if several_folds := folds is None or folds["fold"].nunique() >= FEW:
        folds = table[:0].assign(value=0.0)
    else:
        table = table.assign(reproduced_interval=np.nan)
    light = {"marker": "o", "ls": "", "ms": 3.5, "mew": 0, "alpha": 0.5}
    more = [Line2D([], [], color="0.6", lw=1.2, ls="--", label="chance")] * bool(len(chance))
    for ax, metric in zip(axes, metrics, strict=True):
        for one in folds[folds["metric"] == metric].itertuples():
            if (y := place.get((one.row, one.split), place.get((one.row, "")))) is not None:
                ax.plot(one.value, y + 0.16, color=colour(one.row), **light)
        dots(ax, table[table["metric"] == metric], place, metric)
        for (_, split), y in place.items():
            if (value := chance.get((metric, split))) is not None:
                ax.plot([value, value], [y - 0.5, y + 0.5], color="0.6", lw=1.2, ls="--", zorder=0)
        ax.set(xlabel=DIRECTION.get(metric, metric))
        whole_range([ax], metric, "x")
        down(ax, names)
        ax.grid(axis="y", color="0.9", lw=0.8)
        ax.set_axisbelow(True)
    tiers = [tier for tier in dict.fromkeys(table["tier"]) if tier]
    ours = f"this run, {' and '.join(tiers)} data" if tiers else "this run"
    if not several_folds:
        more.insert(0, Line2D([], [], color="0.2", label="each fold or person", **light))
    dots_legend(figure, [row for row, _ in keys], ours, more)
    return figure


def dots_legend(figure: Figure, rows: Sequence[str], ours: str,
                more: Sequence[Line2D] = ()) -> None:
    """What the marks of :func:`dots` mean, the colours of ``rows``, and what else is drawn."""
    used = set(map(modality, rows))
    dot, square = {"marker": "o", "color": "0.2"}, {"marker": "s", "ls": ""}
    handles = [
        Line2D([], [], mfc="white", label="published", **dot),
        Line2D([], [], mfc="0.2", label=ours, **dot),
        *(Line2D([], [], color=shade, label=name, **square)
          for name, shade in COLOURS.items() if name in used), *more
    ]
    legend(figure, handles, len(handles) if len(handles) < 8 else -(-len(handles) // 2))


def splits_beside(table: pd.DataFrame, rows: Sequence[str], metrics: Sequence[str],
                  splits: Sequence[str], published: bool = False,
                  colours: Mapping[str, str] = {}) -> Figure:
    """The same models under splits that keep ever more apart; a panel per metric.

    Parameters
    ----------
    table : DataFrame
        From :func:`lib.evaluation.verdicts.verdicts`; the best row whose role is ``chance`` is
        drawn as a grey line per split.
    rows, metrics, splits : sequence of str
        What is drawn, in this order.
    published : bool
        Whether the printed numbers stand on the left, hollow.
    colours : mapping
        Row -> colour, where it is not that of its modality.
    """
    figure, axes = blanks(3.1, len(metrics), sharey=True)
    alone = {
        f"{kind}, {m}": COLOURS[m] for kind in ("linear", "AMIGOS baseline") for m in ("EEG", "ECG")
    }
    shades = [colours.get(row, alone.get(row, colour(row))) for row in rows]
    twins = [shades[:i].count(shade) for i, shade in enumerate(shades)]
    for ax, metric in zip(axes, metrics, strict=True):
        panel = table[table["metric"] == metric].drop_duplicates(["row", "split"])
        chance = panel[panel["role"] == "chance"].groupby("split")["reproduced"].max()
        printed = panel.groupby("row")["published"].first().reindex(rows)
        panel = panel.set_index(["row", "split"])
        for row, shade, twin, shift in zip(rows, shades, twins, fan(len(rows), 0.11), strict=True):
            known, mark = panel.reindex([(row, split) for split in splits]), "osD^vP"[twin % 6]
            mean, half = known["reproduced"], known["reproduced_interval"]
            if ran := mean.notna().any():
                ax.errorbar(
                    np.arange(len(splits)) + shift, mean,
                    arms(mean, mean - half, mean + half, metric), fmt=mark, color=shade,
                    ls=LINES[twin % len(LINES)], mfc="white" if "without" in row else shade, lw=1.2,
                    ms=5, label=row, clip_on=False)
            if published:
                ax.plot(shift - 1, printed[row], mark, ms=7, mfc="none", color=shade,
                        label=None if ran else row)
        for k, value in enumerate(chance.reindex(splits)):
            ax.plot([k - 0.45, k + 0.45], [value, value], color="0.6", lw=1.2, zorder=0,
                    label=None if k else "chance: coin or majority")
        names = ["paper"] * published + [split.replace("_", "\n") for split in splits]
        ax.set(xticks=range(-published, len(splits)), xticklabels=names, ylim=(0, 1), title=metric)
    labels = axes[0].get_legend_handles_labels()[1]
    legend(figure, axes[0], len(labels) if sum(map(len, labels)) < 75 else -(-len(labels) // 2))
    return figure


def _thumbnails(figure: Figure, grid, ax: Axes, frames: Sequence[np.ndarray],
                times: Sequence[float]) -> None:
    """Pictures in a row above a trace, each tied to its time."""
    for cell, frame, when in zip(grid.subgridspec(1, len(frames), wspace=0.05), frames, times,
                                 strict=True):
        thumb = figure.add_subplot(cell)
        picture(thumb, frame)
        thumb.set_title(f"{when:g} s", fontsize=9, loc="center", pad=2)
        ax.axvline(when, color="0.8", lw=0.8, zorder=0)
        line = ConnectionPatch((0.5, -0.02), (when, 1), thumb.transAxes, ax.get_xaxis_transform(),
                               color="0.8", lw=0.8)
        line.set_in_layout(False)
        figure.add_artist(line)


def traces(time: np.ndarray, target: np.ndarray, predictions: Mapping[str, np.ndarray],
           frames: Sequence[np.ndarray] | None = None, frame_times: Sequence[float] | None = None,
           title: str = "") -> Figure:
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
    title : str
        Which trial it is.
    """
    figure = blank(4.3 if frames is not None else 3.1)
    heights = [1, 3] if frames is not None else [1]
    grid = figure.add_gridspec(len(heights), 1, height_ratios=heights)
    ax = figure.add_subplot(grid[-1, 0])
    ax.plot(time, target, color="black", lw=2.2, label="target")
    for (name, values), style in zip(predictions.items(), styles(list(predictions)), strict=True):
        ax.plot(time, values, color=colour(name), ls=style, label=name)
    ax.axhline(0, color="0.85", lw=0.8, zorder=0)
    ax.set(xlabel="time after stimulus onset (s)", ylabel="valence", xlim=(time[0], time[-1]))
    figure.suptitle(title, x=0.01, ha="left", fontsize=10)
    ax.legend(loc="best", ncols=2)
    if frames is not None:
        if frame_times is None or len(frame_times) != len(frames):
            raise ValueError(f"each of the {len(frames)} frames needs its time in frame_times")
        _thumbnails(figure, grid[0, 0], ax, frames, frame_times)
    return figure


def curve(x: np.ndarray, mean: Mapping[str, np.ndarray], interval: Mapping[str, np.ndarray],
          published: Mapping[str, tuple] | None = None, xlabel: str = "", label: str = "this run",
          chosen: Sequence[float] = (), constant: Mapping[str, float] = {"RMSE": np.nan}) -> Figure:
    """A metric over a parameter, a panel per metric (Figure 7: weights mu and eta; Figure 9:
    alpha).

    Parameters
    ----------
    x : array (n,)
    mean, interval : mapping
        Metric -> array ``(n,)``: the mean over folds and the half width of its 95 % interval (drawn
        as a band, which ends where the metric ends, see :func:`lib.plots.shapes.arms`).
    published : mapping, optional
        Metric -> ``(x, mean)`` or ``(x, mean, half width)``, drawn hollow.
    xlabel, label : str
        Name of the parameter; legend entry of the curve.
    chosen : sequence of float
        Values of the parameter that folds chose: triangles along the upper edge, with their number.
    constant : mapping, optional
        Metric -> what a constant reaches, a dashed line; in correlations 0.
    """
    (figure, axes), shade = blanks(2.9, len(mean)), COLOURS["both"]
    for ax, (metric, values) in zip(axes, mean.items(), strict=True):
        values, half = np.asarray(values), np.asarray(interval[metric])
        down, up = arms(values, values - half, values + half, metric)
        ax.plot(x, values, "o-", color=shade, ms=4, label=label)
        ax.fill_between(x, values - down, values + up, color=shade, alpha=0.15, lw=0,
                        label="95 % interval over folds")
        ax.axhline(constant.get(metric, 0), color="0.6", lw=1, ls="--", zorder=0, label="constant")
        if published and metric in published:
            px, py, *spread = map(np.asarray, published[metric])
            error = [arms(py, py - half, py + half, metric) for half in spread]
            ax.errorbar(px, py, *error, fmt="o", ms=6, mfc="white", mec="0.2", ecolor="0.6",
                        elinewidth=1, label="published")
        whole_range([ax], metric)
        above = {"transform": ax.get_xaxis_transform()}
        for i, place in enumerate(sorted(set(chosen))):
            ax.plot(place, 0.97, "v", color="black", ms=5, ls="", **above,
                    label=None if i else "chosen on validation, by how many folds")
            ax.text(place, 0.93, list(chosen).count(place), ha="center", va="top", size=8, **above)
        ax.set(xlabel=xlabel, ylabel=DIRECTION.get(metric, metric))
    legend(figure, axes[0])
    return figure


def learning_curves(histories: Mapping[str, Sequence[np.ndarray]], panels: Sequence[str],
                    baselines: Mapping[int, float] = {}, chance: str = "chance") -> Figure:
    """Training over epochs: the mean over folds, and a band from the lowest to the highest fold;
    one panel per column of the histories, from 0, scores to 1.

    Parameters
    ----------
    histories : mapping
        Row name -> one array ``(n_epochs, n_panels)`` or more columns per fold.
    panels : sequence of str
        What each column is.
    baselines : mapping, optional
        Panel number -> a value for a grey line, what guessing gives, named ``chance``.
    """
    figure, axes = blanks(2.9, len(panels))
    for (name, folds), style in zip(histories.items(), styles(list(histories)), strict=True):
        trained = [np.where(fold == 0, np.nan, fold) for fold in folds]  # 0: a loss it has not
        over_epochs(axes, trained, name, style, name)
    for number, value in baselines.items():
        axes[number].axhline(value, color="0.6", lw=1, zorder=0, label=chance)
    for ax, label in zip(axes, panels, strict=True):
        ax.set(ylabel=label)
        whole_range([ax], "CCC" if label.endswith(("accuracy", "CCC")) else "RMSE")
    legend(figure, axes[max(baselines, default=0)])
    return figure


def fold_lines(results: pd.DataFrame, a: str, b: str) -> Figure:
    """Two models fold by fold: a line joins the same fold, with its number, a panel per metric,
    seeds averaged.

    Parameters
    ----------
    results : DataFrame
        Tidy results of one split with variants ``a`` and ``b``.
    """
    folds = fold_means(results[results["row"].isin([a, b])])
    metrics = list(dict.fromkeys(folds["metric"]))
    figure, axes = blanks(3.0, len(metrics), width=3.0 * len(metrics))
    for ax, metric in zip(axes, metrics, strict=True):
        pairs = folds[folds["metric"] == metric].pivot_table(index="fold", columns="row",
                                                             values="value")[[a, b]].dropna()
        ax.plot([0, 1], pairs.to_numpy().T, color="0.75", lw=1, zorder=0)
        for x, name in enumerate((a, b)):
            ax.plot(np.full(len(pairs), x), pairs[name], "o", ms=5, color=colour(name))
            ax.plot([x - 0.12, x + 0.12], [pairs[name].mean()] * 2, color="black", lw=2.5)
        whole_range([ax], metric)
        step = 0.05 * np.ptp(ax.get_ylim())
        for fold, y in zip(pairs.index, apart(pairs[b].to_numpy(), step), strict=True):
            ax.text(1.17, y, f"fold {fold}", va="center", fontsize=8, color="0.35")
        ahead = pairs[a] > pairs[b] if higher_is_better(metric) else pairs[a] < pairs[b]
        ax.set_title(f"{a} better in {ahead.sum()} of {len(pairs)}")
        ax.set(xticks=[0, 1], xticklabels=[a, b], xlim=(-0.4, 1.6),
               ylabel=DIRECTION.get(metric, metric))
    return figure
