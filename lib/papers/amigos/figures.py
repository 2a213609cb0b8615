"""Figures of paper 2: what a recording holds, masked reconstruction, learning, three splits beside
each other, complementary errors."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from lib.plots.shapes import blanks, legend
from lib.plots.style import COLOURS, blank

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
    codes = table.assign(code=table["state"].map(states.index)).pivot_table(
        index="subject", columns="cell", values="code", aggfunc="first")
    figure, (ax,) = blanks(0.28 * len(codes) + 1.2)
    ax.pcolormesh(codes.to_numpy(), cmap=ListedColormap(list(_STATES.values())), vmin=-0.5,
                  vmax=2.5, edgecolors="white", lw=2)
    ax.set(xticks=np.arange(codes.shape[1]) + 0.5, xticklabels=codes.columns,
           yticks=np.arange(len(codes)) + 0.5, yticklabels=codes.index,
           xlabel="cell of the file (1-16 short videos, 17-20 long)", ylabel="subject")
    ax.invert_yaxis()
    ax.axvline(16, color="black", lw=1.2)
    sns.despine(ax=ax, left=True, bottom=True)
    legend(figure, [Patch(color=shade, label=state) for state, shade in _STATES.items()])
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
    figure, (scatter, *hists) = blanks(3.4, 3)
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
        ax.set(ylabel="trials")
        ax.yaxis.get_major_locator().set_params(integer=True)
        high = (table[target] > thresholds[target]).mean()
        ax.set_title(f"high: {high:.0%} of trials")
    return figure


def segment(raw: np.ndarray, filtered: np.ndarray, names: Sequence[str], rate: float,
            units: tuple[str, str]) -> Figure:
    """Ten seconds before (left) and after (right) the band-pass filter, on scales of their own.

    Parameters
    ----------
    raw, filtered : array (n_channels, n_times)
        EEG channels first, the last row is the ECG.
    names : sequence of str
        Names of the channels.
    rate : float
        Hz.
    units : tuple of str
        Of the EEG and of the ECG.
    """
    figure, axes = blanks(4.6, 2, rows=2, height_ratios=[3, 1], sharex=True)
    time = np.arange(raw.shape[1]) / rate
    states = {"as its owner gives it": raw, "after the band-pass": filtered}
    for (eeg, ecg), (title, x) in zip(axes.T, states.items(), strict=True):
        centred = x - x.mean(axis=1, keepdims=True)
        gap = 6 * float(np.median(centred[:-1].std(axis=1)))
        _stacked(eeg, time, centred[:-1], names[:-1], COLOURS["EEG"], gap, lw=0.6)
        eeg.set_title(f"{title}; lines {gap:.0f} {units[0]} apart")
        ecg.plot(time, centred[-1], color=COLOURS["ECG"], lw=0.9)
        ecg.set(xlabel="time (s)", ylabel=f"{names[-1]} ({units[1]})", xlim=(time[0], time[-1]))
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
    legend(figure, [
        Line2D([], [], color="0.35", lw=0.8, label="signal"),
        Patch(color="0.92", label="hidden from the model"),
        Line2D([], [], color=COLOURS[kind], lw=1.6, label="reconstructed")
    ])
    return figure


def who_is_right(counts: pd.DataFrame) -> Figure:
    """How often each modality and the fusion are right, by who else is right: a bar per case.

    Parameters
    ----------
    counts : DataFrame
        ``case`` (both right, only ECG right, only EEG right, both wrong), ``n``, ``fusion_right``.
    """
    figure, (ax,) = blanks(2.6, width=6.5)
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
    said = f"ECG says {verdict['ECG']};  EEG says {verdict['EEG']};  together {verdict['Fused']}"
    axes[0].set(ylabel="ECG", yticks=[], title=said)
    _stacked(axes[2], time, eeg, names, COLOURS["EEG"], 6 * float(eeg.std()), lw=0.8)
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
