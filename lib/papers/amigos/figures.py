"""Figures of paper 2: what a recording holds, masked reconstruction, learning, three splits beside
each other, complementary errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from lib.plots.style import COLOURS, LINES, blank, colour

__all__ = [
    "complementary", "presence", "ratings", "reconstruction", "segment", "splits_beside",
    "training_curves", "who_is_right"
]

_STATES = {
    "both signals and ratings": "#009E73", "some segments dropped": "#E69F00", "missing": "#F0F0F0"
}


def _stacked(ax: Axes, time: np.ndarray, x: np.ndarray, names: Sequence[str], shade: str,
             gap: float, **style) -> None:
    """Channels ``(n, n_times)`` above one another, ``gap`` apart, the first on top."""
    offsets = gap * np.arange(len(x))[::-1]
    ax.plot(time, (x + offsets[:, None]).T, color=shade, **style)
    ax.set(yticks=offsets, yticklabels=names, xlim=(time[0], time[-1]))
    ax.tick_params(axis="y", length=0)


def presence(table: pd.DataFrame) -> Figure:
    """Which subject has which video: one square per cell of the 20 that a file holds.

    Parameters
    ----------
    table : DataFrame
        ``subject``, ``cell`` (1 to 20) and ``state``, a key of the legend: both signals and
        ratings, some segments dropped, missing.
    """
    states = list(_STATES)
    grid = table.assign(code=table["state"].map(states.index)).pivot_table(
        index="subject", columns="cell", values="code", aggfunc="first")
    figure = blank(0.28 * len(grid) + 1.2)
    ax = figure.subplots()
    ax.pcolormesh(grid.to_numpy(), cmap=ListedColormap(list(_STATES.values())), vmin=-0.5, vmax=2.5,
                  edgecolors="white", lw=2)
    ax.set(xticks=np.arange(grid.shape[1]) + 0.5, xticklabels=grid.columns,
           yticks=np.arange(len(grid)) + 0.5, yticklabels=grid.index,
           xlabel="cell of the file (1-16 short videos, 17-20 long)", ylabel="subject")
    ax.invert_yaxis()
    ax.axvline(16, color="black", lw=1.2)
    sns.despine(ax=ax, left=True, bottom=True)
    figure.legend(handles=[Patch(color=shade, label=state) for state, shade in _STATES.items()],
                  loc="outside upper left", ncols=3)
    return figure


def ratings(table: pd.DataFrame, thresholds: Mapping[str, float]) -> Figure:
    """Self-reported arousal and valence of every trial, and the mean that parts low from high.

    Parameters
    ----------
    table : DataFrame
        ``arousal``, ``valence`` (1 to 9) and ``session``, a row per trial.
    thresholds : mapping
        Target -> threshold.
    """
    figure = blank(3.4)
    scatter, *hists = figure.subplots(1, 3)
    sns.scatterplot(table, x="valence", y="arousal", hue="session", style="session",
                    palette=["#0072B2", "#D55E00"], s=28, ax=scatter)
    scatter.axvline(thresholds["valence"], color="0.6", lw=1)
    scatter.axhline(thresholds["arousal"], color="0.6", lw=1)
    scatter.set(xlim=(0.8, 9.2), ylim=(0.8, 9.2))
    handles, labels = scatter.get_legend_handles_labels()
    scatter.get_legend().remove()
    figure.legend(handles, [f"{label} videos" for label in labels], loc="outside upper left",
                  ncols=2)
    for ax, target in zip(hists, ("arousal", "valence"), strict=True):
        sns.histplot(table, x=target, bins=np.arange(1, 9.5, 0.5), color="0.75", ax=ax)
        ax.axvline(thresholds[target], color="black", lw=1.5)
        high = (table[target] > thresholds[target]).mean()
        ax.set_title(f"high: {high:.0%} of trials")
    return figure


def segment(raw: np.ndarray, filtered: np.ndarray, names: Sequence[str], rate: float,
            unit: str) -> Figure:
    """Ten seconds before (left) and after (right) the band-pass filter, on scales of their own.

    Parameters
    ----------
    raw, filtered : array (n_channels, n_times)
        EEG channels first, the last row is the ECG.
    names : sequence of str
        Names of the channels.
    rate : float
        Hz.
    unit : str
        Unit of the EEG.
    """
    figure = blank(4.6)
    axes = figure.subplots(2, 2, height_ratios=[3, 1], sharex=True)
    time = np.arange(raw.shape[1]) / rate
    for column, (x, title) in enumerate(
        ((raw, "as its owner gives it"), (filtered, "after the band-pass"))):
        centred = x - x.mean(axis=1, keepdims=True)
        gap = 6 * float(np.median(centred[:-1].std(axis=1)))
        _stacked(axes[0, column], time, centred[:-1], names[:-1], COLOURS["EEG"], gap, lw=0.6)
        axes[0, column].set_title(f"{title}; lines {gap:.0f} {unit} apart")
        axes[1, column].plot(time, centred[-1], color=COLOURS["ECG"], lw=0.9)
        axes[1, column].set(xlabel="time (s)", ylabel=names[-1], xlim=(time[0], time[-1]))
    return figure


def reconstruction(x: np.ndarray, mask: np.ndarray, guess: np.ndarray, names: Sequence[str],
                   rate: float, kind: str = "EEG") -> Figure:
    """Masked value prediction: the signal, the spans that were hidden, and what the model puts
    there.

    Parameters
    ----------
    x, guess : array (n_channels, n_times)
        Scaled signal and its reconstruction; the latter is drawn in the hidden spans only.
    mask : array (n_times,) of bool
        Hidden points, the same for all channels.
    names : sequence of str
    rate : float
        Hz.
    kind : {"EEG", "ECG"}
        For the colour.
    """
    figure = blank(max(0.48 * len(x), 1.0) + 1.0)
    ax, time, gap = figure.subplots(), np.arange(x.shape[1]) / rate, 7.0
    edges = np.flatnonzero(np.diff(np.r_[0, mask.astype(int), 0])).reshape(-1, 2)
    for start, stop in edges:
        ax.axvspan(start / rate, stop / rate, color="0.92", lw=0, zorder=0)
    _stacked(ax, time, x, names, "0.35", gap, lw=0.8)
    _stacked(ax, time, np.where(mask, guess, np.nan), names, COLOURS[kind], gap, lw=1.6)
    ax.set(xlabel="time (s)")
    handles = [
        Line2D([], [], color="0.35", lw=0.8, label="signal"),
        Patch(color="0.92", label="hidden from the model"),
        Line2D([], [], color=COLOURS[kind], lw=1.6, label="reconstructed")
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=3)
    return figure


def training_curves(histories: Mapping[str, Sequence[np.ndarray]], panels: Sequence[str],
                    baselines: Mapping[int, float] | None = None) -> Figure:
    """Training over epochs: thin lines are folds, thick ones their mean; one panel per column of
    the histories.

    Parameters
    ----------
    histories : mapping
        Row name -> one array ``(n_epochs, n_panels)`` per fold.
    panels : sequence of str
        What each column is.
    baselines : mapping, optional
        Panel number -> a value for a grey line (what guessing gives).
    """
    figure = blank(2.9)
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    seen: dict[str, int] = {}
    for name, folds in histories.items():
        stack, shade = np.stack(folds), colour(name)
        style = LINES[seen.get(shade, 0) % len(LINES)]
        seen[shade] = seen.get(shade, 0) + 1
        epochs = np.arange(1, stack.shape[1] + 1)
        for column, ax in enumerate(axes):
            ax.plot(epochs, stack[..., column].T, color=shade, ls=style, lw=0.5, alpha=0.4)
            ax.plot(epochs, stack[..., column].mean(axis=0), color=shade, ls=style, lw=2,
                    label=name)
    for number, (ax, label) in enumerate(zip(axes, panels, strict=True)):
        if baselines and number in baselines:
            ax.axhline(baselines[number], color="0.6", lw=1, zorder=0)
        ax.set(xlabel="epoch", ylabel=label)
        ax.xaxis.get_major_locator().set_params(integer=True)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=min(4, len(labels)))
    return figure


def splits_beside(table: pd.DataFrame, rows: Sequence[str], metrics: Sequence[str],
                  splits: Sequence[str]) -> Figure:
    """The same models under splits that keep ever more apart; a panel per metric.

    Parameters
    ----------
    table : DataFrame
        From :func:`lib.evaluation.verdicts.verdicts`; the row ``majority`` is drawn as a grey line
        per split.
    rows, metrics, splits : sequence of str
        What is drawn, in this order.
    """
    figure = blank(3.1)
    axes = figure.subplots(1, len(metrics), sharey=True, squeeze=False)[0]
    for ax, metric in zip(axes, metrics, strict=True):
        panel = table[table["metric"] == metric].drop_duplicates(["row", "split"
                                                                  ]).set_index(["row", "split"])
        shades = [colour(row) for row in rows]
        for i, (row, shade) in enumerate(zip(rows, shades, strict=True)):
            x = np.arange(len(splits)) + 0.11 * (i - (len(rows) - 1) / 2)
            known, twin = panel.reindex([(row, split) for split in splits]), shades[:i].count(shade)
            face = "white" if "without" in row else shade
            look = {
                "fmt": "osD^vP"[twin % 6], "ls": LINES[twin % len(LINES)], "color": shade,
                "mfc": face
            }
            ax.errorbar(x, known["reproduced"], known["reproduced_interval"], lw=1.2, ms=5,
                        label=row, **look)
        chance = panel.reindex([("majority", split) for split in splits])["reproduced"]
        for k, value in enumerate(chance):
            ax.plot([k - 0.45, k + 0.45], [value, value], color="0.6", lw=1.2, zorder=0,
                    label="majority" if not k else None)
        ax.set(xticks=range(len(splits)),
               xticklabels=[split.replace("_", "\n") for split in splits], title=metric)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left",
                  ncols=len(labels) if sum(map(len, labels)) < 75 else -(-len(labels) // 2))
    return figure


def who_is_right(counts: pd.DataFrame) -> Figure:
    """How often each modality and the fusion are right, by who else is right: a bar per case.

    Parameters
    ----------
    counts : DataFrame
        ``case`` (both right, only ECG right, only EEG right, both wrong), ``n``, ``fusion_right``.
    """
    figure = blank(2.6, 6.5)
    ax = figure.subplots()
    shade = [COLOURS["both"], COLOURS["ECG"], COLOURS["EEG"], COLOURS["control"]]
    y = np.arange(len(counts))
    ax.barh(y, counts["n"], color=shade, alpha=0.3)
    ax.barh(y, counts["fusion_right"], color=shade)
    for k, row in enumerate(counts.itertuples()):
        ax.text(row.n, k, f"  {row.fusion_right} of {row.n}", va="center", fontsize=9)
    ax.set(yticks=y, yticklabels=counts["case"], xlabel="test segments (dark: the fusion is right)",
           xlim=(0, counts["n"].max() * 1.25))
    ax.invert_yaxis()
    return figure


def complementary(ecg: np.ndarray, eeg: np.ndarray, names: Sequence[str], rate: float,
                  attention: Mapping[str, np.ndarray], verdict: Mapping[str, str]) -> Figure:
    """A segment on which exactly one modality is wrong and the fusion is right (Figures 3 and 4).

    Parameters
    ----------
    ecg : array (n_times,)
    eeg : array (n_channels, n_times)
    names : sequence of str
        Of the EEG channels.
    rate : float
        Hz.
    attention : mapping
        ``ECG``, ``EEG`` -> weights of CLS on each token ``(n_tokens,)``, drawn as a band under the
        signal.
    verdict : mapping
        ``ECG``, ``EEG``, ``Fused`` -> what each says, for the titles.
    """
    figure = blank(3.6)
    axes = figure.subplots(4, 1, height_ratios=[1, 0.16, 1.6, 0.16], sharex=True)
    time, end = np.arange(len(ecg)) / rate, len(ecg) / rate
    axes[0].plot(time, ecg, color=COLOURS["ECG"], lw=1)
    axes[0].set(
        ylabel="ECG", yticks=[],
        title=f"ECG says {verdict['ECG']};  EEG says {verdict['EEG']};  together {verdict['Fused']}"
    )
    gap = 6 * float(eeg.std())
    _stacked(axes[2], time, eeg, names, COLOURS["EEG"], gap, lw=0.8)
    for ax, kind in ((axes[1], "ECG"), (axes[3], "EEG")):
        ax.imshow(attention[kind][None], aspect="auto", cmap="Greys", vmin=0, extent=(0, end, 0, 1),
                  interpolation="nearest")
        ax.set(yticks=[], xlim=(0, end))
        ax.set_ylabel("CLS", rotation=0, ha="right", va="center", fontsize=8)
        sns.despine(ax=ax, left=True, bottom=True)
        ax.tick_params(axis="x", length=0)
    axes[3].set(
        xlabel="time (s); grey bands: where the CLS token attends, darkest = its largest weight")
    return figure
