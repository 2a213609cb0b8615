"""Figures of paper 3: label balance, what a session looks like, scalp maps over 62 channels, masked
channels, missing channels."""

from collections.abc import Mapping, Sequence

import mne
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from lib.datasets.seed_format import BANDS, CHANNELS, MNE_NAMES
from lib.papers.mv_sstma.settings import GUESS
from lib.plots.shapes import blanks, legend, over_epochs
from lib.plots.style import COLOURS, LINES, blank, colour

# assumed positions (see seed_format) are left out of the maps
ON_MAP = [i for i, name in enumerate(CHANNELS) if not name.startswith("CB")]
PANEL = 1.45  # inches of a scalp map
EMOTION = {
    "neutral": "#BBBBBB", "sad": "#4477AA", "fear": "#AA3377", "happy": "#CCBB44",
    "disgust": "#228833"
}

ROW = {"EEG": COLOURS["EEG"], "EEG without pre-training": "0.55", "SVM EEG": "black"}


def balance(table: pd.DataFrame) -> Figure:
    """Trials of each emotion that a split trains on and tests, a panel per dataset and session.

    Parameters
    ----------
    table : DataFrame
        ``dataset``, ``session``, ``part`` (train, test), ``emotion``, ``trials``.
    """
    sets = list(dict.fromkeys(table["dataset"]))
    figure, axes = blanks(2.1 * len(sets) + 0.3, table["session"].nunique(), rows=len(sets),
                          sharey=True)
    for line, name in zip(axes, sets, strict=True):
        for ax, (number, panel) in zip(line, table[table["dataset"] == name].groupby("session"),
                                       strict=True):
            sns.barplot(panel, x="emotion", y="trials", hue="part", palette=["0.75", "0.25"],
                        saturation=1, legend=False, ax=ax)
            ax.set(xlabel="", title=f"{name}, session {number}")
            ax.tick_params(axis="x", length=0)
        line[0].set_ylabel("trials")
    parts = {"training trials": "0.75", "test trials": "0.25"}
    legend(figure, [Patch(color=shade, label=part) for part, shade in parts.items()])
    return figure


def session(table: pd.DataFrame, names: Sequence[str], first_test: int, eeg: str,
            eye: str) -> Figure:
    """One session as the networks get it: a feature of each modality over all trials, coloured by
    emotion.

    Parameters
    ----------
    table : DataFrame
        ``trial``, ``emotion``, ``eeg``, ``eye``; a row for each 4 s, from
        :func:`lib.papers.mv_sstma.analysis.timeline`.
    names : sequence of str
        Of the emotions.
    first_test : int
        Number of the first test trial.
    eeg, eye : str
        Labels of the two axes.
    """
    figure = blank(3.6)
    axes = figure.subplots(2, 1, sharex=True)
    for trial, part in table.groupby("trial"):
        start, stop = part.index[0], part.index[-1] + 1
        for ax, key, kind in ((axes[0], "eeg", "EEG"), (axes[1], "eye", "eye")):
            ax.axvspan(start, stop, color=EMOTION[names[part["emotion"].iloc[0]]], alpha=0.28, lw=0)
            ax.axvline(start, color="white", lw=1)
            ax.plot(np.arange(start, stop) + 0.5, part[key], color=COLOURS[kind], lw=1.4)
        if trial == first_test:
            for ax in axes:
                ax.axvline(start, color="black", lw=1.4)
            axes[0].text(start, 1.02, " test trials", transform=axes[0].get_xaxis_transform(),
                         ha="left", va="bottom", fontsize=9)
    axes[0].set(ylabel=eeg, xlim=(0, len(table)))
    axes[1].set(ylabel=eye, xlabel="features of 4 s, trial after trial")
    legend(figure, [Patch(color=EMOTION[name], alpha=0.45, label=name) for name in names])
    return figure


def info() -> mne.Info:
    """The channels that have a place on the map."""
    return mne.create_info([MNE_NAMES[i] for i in ON_MAP], 1.0, "eeg").set_montage("colin27_1005")


def _maps(figure: Figure, rows: Mapping[str, np.ndarray], limits: tuple[float, float], cmap: str,
          marked: np.ndarray | None = None, **bar) -> None:
    """A line of scalp maps per row ``(62, 5)``, one colour scale; channels in ``marked``
    (bool) are drawn as crosses."""
    cross = {"marker": "x", "markersize": 4, "markeredgecolor": "black", "markeredgewidth": 1}
    # with hidden channels every point of the map shows its nearest electrode: a smooth map would
    # invent values between them
    marks = {} if marked is None else {
        "mask": marked[ON_MAP], "mask_params": cross, "image_interp": "nearest"
    }
    axes = figure.subplots(len(rows), len(BANDS), squeeze=False)
    for line, (name, values) in zip(axes, rows.items(), strict=True):
        line[0].set_ylabel(name)
        for ax, of_band in zip(line, values.T, strict=True):
            image, _ = mne.viz.plot_topomap(of_band[ON_MAP], info(), axes=ax, show=False,
                                            contours=0, sensors="k,", cmap=cmap, vlim=limits,
                                            **marks)
    for ax, band in zip(axes[0], BANDS, strict=True):
        ax.set_title(band, loc="center")
    figure.colorbar(image, ax=axes, **bar)


def scalp_maps(values: np.ndarray, rows: Sequence[str], label: str) -> Figure:
    """Maps of one number per channel and band, a line per row, one colour scale.

    Parameters
    ----------
    values : array (n_rows, 62, 5)
    rows : sequence of str
    label : str
        Of the colour bar.
    """
    figure = blank(PANEL * len(rows) + 0.2)
    _maps(figure, dict(zip(rows, values, strict=True)), (0.0, float(np.max(values))), "rocket_r",
          label=label, shrink=0.8, aspect=25)
    return figure


def reconstruction(x: np.ndarray, masked: np.ndarray, guess: np.ndarray,
                   near: np.ndarray) -> Figure:
    """Masked channels on the scalp: what was recorded, what the network saw, what it made of it,
    what the nearest electrodes say.

    Parameters
    ----------
    x, guess, near : array (62, 5)
        Scaled features of a window, its mean over time, and two reconstructions.
    masked : array (62,) of bool
    """
    figure = blank(PANEL * 4 + 0.4)
    reach, hidden = float(np.abs(x).max()), masked[:, None]
    shown = {"recorded": x, "visible": np.where(hidden, 0.0, x)}
    for name, filled in (("network", guess), ("nearest", near)):
        error = np.mean((filled - x)[masked]**2)
        shown[f"{name}\nerror {error:.2f}"] = np.where(hidden, filled, x)
    _maps(figure, shown, (-reach, reach), "vlag", masked, label="standard deviations of training",
          shrink=0.6, aspect=30)
    marker = Line2D([], [], marker="x", ls="", color="black", ms=5,
                    label="hidden channel (in the second row at the training mean, 0)")
    legend(figure, [marker])
    return figure


def training_curves(histories: Mapping[str, Mapping[str,
                                                    Sequence[np.ndarray]]], names: Sequence[str],
                    ylabel: str, levels: Sequence[float] = (), note: str = "") -> Figure:
    """Curves over epochs, a panel per group: mean and band of the folds.

    Parameters
    ----------
    histories : mapping
        Panel title -> line name -> one array ``(n_epochs, n_columns)`` per fold.
    names : sequence of str
        What the columns are; drawn with line styles of their own.
    ylabel : str
    levels, note : sequence of float, str
        Heights of a grey line, one per panel, and its legend entry.
    """
    figure, axes = blanks(2.8, len(histories), sharey=True)
    for i, (ax, (title, lines)) in enumerate(zip(axes, histories.items(), strict=True)):
        for row, folds in lines.items():
            for values, name, style in zip(np.moveaxis(np.stack(folds), 2, 0), names, LINES,
                                           strict=False):
                over_epochs([ax], values[..., None], row, style, f"{row}, {name}")
        ax.set_title(title)
        if levels:
            ax.axhline(levels[i], color="0.6", lw=1, zorder=0, label=note)
    axes[0].set_ylabel(ylabel)
    legend(figure, axes[0], 3)
    return figure


def attention_weights(table: pd.DataFrame) -> Figure:
    """Weight of EEG in the attention fusion by emotion; the rest is that of the eyes. A panel per
    dataset, a dot per window."""
    sets = list(dict.fromkeys(table["dataset"]))
    figure, axes = blanks(2.8, len(sets), sharey=True)
    for ax, name in zip(axes, sets, strict=True):
        part = table[table["dataset"] == name]
        order = [name for name in EMOTION if name in set(part["emotion"])]
        sns.stripplot(part, x="emotion", y="EEG", order=order, color="0.45", size=2.2, alpha=0.7,
                      jitter=0.28, ax=ax)
        means = part.groupby("emotion")["EEG"].mean()
        for x, label in enumerate(order):
            ax.plot([x - 0.3, x + 0.3], [means[label]] * 2, color=COLOURS["both"], lw=3,
                    label=None if x else "mean")
        ax.axhline(0.5, color="0.6", lw=1, zorder=0, label="both alike")
        ax.set(title=name, xlabel="", ylabel="attention to EEG", ylim=(0, 1))
    legend(figure, axes[0])
    return figure


def _over(ax: Axes, panel: pd.DataFrame, column: str, places: Mapping, step: float,
          shades: Mapping[str, str] = {}) -> None:
    """Accuracy over a column, row by row: dots are people, lines their mean, hollow: published."""
    for k, (row, part) in enumerate(panel.groupby("row", sort=False)):
        look = {"color": shades.get(row, colour(row)), "marker": "osD^"[k]}
        x = part[column].map(places) + step * (k - 1)
        ax.plot(x, part["value"], ls="", ms=3, alpha=0.35, **look)
        mean = part.groupby(x, sort=False)[["value", "published"]].mean()
        ax.plot(mean["value"], ls=LINES[k], ms=5, label=row, **look)
        ax.plot(mean["published"], ls="", mfc="white", ms=6, **look)


def label_curve(table: pd.DataFrame, chance: float) -> Figure:
    """Accuracy over the number of labelled windows of each emotion, a panel per cohort: dots are
    people, lines their mean; ``table`` from :func:`lib.papers.mv_sstma.analysis.label_curve`."""
    figure, axes = blanks(3.0, table["cohort"].nunique(), sharey=True)
    ticks, table = list(dict.fromkeys(table["labels"])), table.assign(published=np.nan)
    for ax, (name, panel) in zip(axes, table.groupby("cohort", sort=False), strict=True):
        _over(ax, panel, "labels", {n: i for i, n in enumerate(ticks)}, 0.14, ROW)
        ax.axhline(chance, color="0.6", lw=1, zorder=0, label="chance")
        ax.set(title=name, ylim=(0, 1), xticks=range(len(ticks)), xticklabels=ticks)
    axes[len(axes) // 2].set_xlabel("labelled windows of each class")
    axes[0].set_ylabel("accuracy")
    legend(figure, axes[0], 2)
    return figure


def missing_channels(table: pd.DataFrame, chance: Mapping[str, float] | None = None) -> Figure:
    """Accuracy over the share of missing channels, a panel per dataset: dots are people, lines
    their mean, hollow: published; ``table`` from
    :func:`lib.papers.mv_sstma.analysis.ratio_curve`. ``chance``: dataset -> height of a grey
    line."""
    figure, axes = blanks(3.3, table["dataset"].nunique(), sharey=True)
    for ax, (name, panel) in zip(axes, table.groupby("dataset", sort=False), strict=True):
        _over(ax, panel, "ratio", {ratio: ratio for ratio in panel["ratio"]}, 0.012)
        if chance:
            ax.axhline(chance[name], color="0.6", lw=1, zorder=0, label=GUESS)
        ax.set(title=name, xlabel="share of missing channels", ylim=(0, 1.0))
    axes[0].set_ylabel("accuracy")
    hollow = Line2D([], [], marker="o", ls="", mfc="white", color="0.2", label="published")
    legend(figure, [*axes[0].get_legend_handles_labels()[0], hollow])
    return figure
