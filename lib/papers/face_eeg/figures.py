"""Figures of paper 4's EEG and fusion: from signal to spectrogram, the electrode grid, five splits,
decisions of face and EEG."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.plots.shapes import arms, blanks, fan, legend
from lib.plots.style import COLOURS, blank
from lib.preprocessing.spectrograms import DECIBELS, RATE, WINDOW

_ROWS = {
    "Scalp maps": ("#0072B2", "o"), "EEG-ITNet": ("#56B4E9", "s"),
    "SST-EmotionNet": ("#009E73", "D"), "linear": ("#7F7F7F", "^"),
    "nearest neighbour": ("#7F7F7F", "v")
}
_SAYS = {
    "face": ("face", "face"), "EEG": ("EEG", "EEG"),
    "fused": ("both", "fused (black edge: the answer)")
}
# of a spectrogram: the middles of its first and last window, s; 0 to half the rate, Hz
_EXTENT = (WINDOW / 2 / RATE, 3 - WINDOW / 2 / RATE, 0, RATE / 2)
_HERTZ = {"delta-theta-alpha": "1-14 Hz", "beta": "14-31 Hz", "gamma": "31-51 Hz"}


def preparation(raw: np.ndarray, bands: Mapping[str, np.ndarray], spectra: np.ndarray, rate: float,
                channel: str) -> Figure:
    """Three seconds of one electrode on their way to an image (Figure 3): the signal, three bands,
    three spectrograms, one colour image.

    Parameters
    ----------
    raw : array (n_times,)
        Sum of the bands, uV.
    bands : mapping
        Name -> array ``(n_times,)``, scaled to 0 to 1.
    spectra : array (3, size, size)
        0 to 1, low frequencies first.
    rate : float
        Hz.
    channel : str
    """
    figure = blank(4.4)
    grid = figure.add_gridspec(4, 3, width_ratios=[1.5, 1.0, 1.5])
    time, shades = np.arange(len(raw)) / rate, ("#D55E00", "#009E73", "#0072B2")
    inner, last = {"xticks": []}, {"xticks": [0, 1, 2, 3], "xlabel": "time (s)"}
    ax = figure.add_subplot(grid[0, 0])
    ax.plot(time, raw - raw.mean(), color="0.3", lw=0.7)
    ax.set(ylabel="1-51 Hz (uV)", title=f"electrode {channel}", **inner)
    pictures = [figure.add_subplot(grid[i, 1]) for i in (1, 2, 3)]
    for i, ((name, x), shade) in enumerate(zip(bands.items(), shades, strict=True), 1):
        ax, picture = figure.add_subplot(grid[i, 0]), pictures[i - 1]
        ax.plot(time, x, color=shade, lw=0.7)
        ax.set(ylabel=_HERTZ.get(name, name), ylim=(0, 1), **(last if i == 3 else inner))
        shown = picture.imshow(spectra[i - 1], origin="lower", cmap="magma", vmin=0, vmax=1,
                               aspect="auto", extent=_EXTENT)
        picture.set(ylabel="Hz", xlim=(0, 3), **(last if i == 3 else inner))
    bar = figure.colorbar(shown, ax=pictures, location="top", ticks=[0, 1])
    bar.set_ticklabels([f"-{DECIBELS:g} dB", "segment's maximum"], fontsize=8)
    colour = figure.add_subplot(grid[1:, 2])
    colour.imshow(np.moveaxis(spectra, 0, -1), origin="lower", aspect="auto", extent=_EXTENT)
    colour.set(title="one image: red, green, blue", xlabel="time (s)", ylabel="Hz")
    return figure


def electrode_grid(grid: Sequence[Sequence[str]]) -> Figure:
    """The 28 electrodes on the 7 x 5 grid of names (empty where there is none), seen from above,
    nose up."""
    rows, columns = len(grid), len(grid[0])
    figure, (ax,) = blanks(0.5 * rows + 0.5, width=5.2)
    ax.imshow(np.where(np.array(grid) != "", 0.5, np.nan), aspect="auto", cmap="Blues", vmin=0,
              vmax=1)
    for (i, j), name in np.ndenumerate(grid):
        ax.text(j, i, name or "0", ha="center", va="center", fontsize=9,
                color="black" if name else "0.6")
    ax.set(xticks=range(columns), yticks=range(rows), ylabel="row (front to back)",
           xlabel="column (left to right)")
    ax.tick_params(length=0)
    return figure


def images(pictures: np.ndarray, rows: Sequence[str], columns: Sequence[str]) -> Figure:
    """Spectrogram images ``(n_rows, 3, size, size, 3)``, 0 to 1, low frequencies first: the first
    two of a row, and how far the first is from the second and from the third, which is of the same
    recording. ``columns``: titles of the four."""
    apart = np.abs(pictures[:, :1] - pictures[:, 1:])
    shown = np.concatenate([pictures[:, :2], apart], axis=1)
    figure, axes = blanks(2.0 * len(rows) + 0.4, 4, rows=len(rows), sharex=True, sharey=True)
    for (i, j), ax in np.ndenumerate(axes):
        ax.imshow(shown[i, j], origin="lower", aspect="auto", extent=_EXTENT)
        ax.set(title=columns[j] if i == 0 else "", xlabel="time (s)",
               ylabel=f"{rows[i]}\nfrequency (Hz)")
        ax.label_outer()
    return figure


def five_splits(summary: pd.DataFrame, rows: Sequence[str], splits: Sequence[str],
                published: Mapping[str, float], title: str = "") -> Figure:
    """Accuracy of every row under every split.

    Parameters
    ----------
    summary : DataFrame
        Of :func:`lib.evaluation.classification.accuracies`.
    rows, splits : sequence of str
        What is drawn, in this order.
    published : mapping
        Row -> printed accuracy, drawn hollow over the first split.
    """
    figure, (ax,) = blanks(3.2)
    table = summary.set_index(["row", "split"])
    for row, offset in zip(rows, fan(len(rows), 0.13), strict=True):
        shade, marker = _ROWS[row]
        found = table.reindex([(row, split) for split in splits])
        x, reach = np.arange(len(splits)) + offset, arms(found["mean"], found["low"], found["high"])
        ax.errorbar(x, found["mean"], reach, fmt=marker, color=shade, ms=6, lw=1.2, label=row,
                    zorder=2)
        if row in published:
            ax.plot(offset - 0.06, published[row], marker, mfc="white", mec=shade, ms=6)
    if published:
        ax.plot([], [], "o", mfc="white", mec="0.2", ms=6, label="published")
    ax.axhline(0.25, color="0.6", lw=1, zorder=0)
    ax.text(0.995, 0.26, "chance", ha="right", va="bottom", fontsize=8, color="0.4",
            transform=ax.get_yaxis_transform())
    ax.set(xticks=range(len(splits)),
           xticklabels=[split.replace("_", " ").replace(", ", ",\n") for split in splits],
           xlim=(-0.5, len(splits) - 0.5), ylabel="accuracy", ylim=(0, 1.04), title=title)
    legend(figure, ax)
    return figure


def leak(found: pd.DataFrame) -> Figure:
    """What random segments report on a null cohort, for image sizes and numbers of features; table
    of :func:`lib.papers.face_eeg.protocol.image_sizes`."""
    size, n = (found[name].astype(str) for name in ("size", "features"))
    names = size + " x " + size + " pixels, " + n + " features"
    return five_splits(found.assign(split=names), ["Scalp maps"], list(names), {},
                       "random segments")


def rules(summary: pd.DataFrame, names: Sequence[str], splits: Sequence[str]) -> Figure:
    """Accuracy of each modality alone and of every rule of fusion, a panel per split; columns as
    :func:`five_splits`."""
    figure, axes = blanks(0.32 * len(names) + 0.9, len(splits), sharey=True)
    shades = [COLOURS[name.split()[0] if "alone" in name else "both"] for name in names]
    for ax, split in zip(axes, splits, strict=True):
        panel = summary[summary["split"] == split].set_index("row").reindex(names)
        reach = arms(panel["mean"], panel["low"], panel["high"])
        for y, (mean, shade) in enumerate(zip(panel["mean"], shades, strict=True)):
            ax.errorbar(mean, y, xerr=reach[:, [y]], fmt="o", color=shade, ms=6)
        ax.axvline(0.25, color="0.6", lw=1, zorder=0)
        ax.text(0.26, len(names) - 0.6, "chance", fontsize=8, color="0.4")
        ax.set(title=split.replace("_", " "), xlabel="accuracy", xlim=(0, 1.04),
               yticks=range(len(names)), yticklabels=[name.replace("_", " ") for name in names])
        ax.grid(axis="y", color="0.92", lw=0.8)
        ax.tick_params(axis="y", length=0)
    axes[0].invert_yaxis()
    return figure


def decisions(frames: Sequence[np.ndarray], maps: Sequence[np.ndarray],
              posteriors: Sequence[Mapping[str, np.ndarray]], true: Sequence[str],
              emotions: Sequence[str]) -> Figure:
    """One segment per emotion: a frame, beta power on the electrode grid, and what face, EEG and
    fusion say (Figure 7).

    Parameters
    ----------
    frames : sequence of array (height, width, 3)
    maps : sequence of array (7, 5)
        NaN where there is no electrode.
    posteriors : sequence of mapping
        ``face``, ``EEG``, ``fused`` -> ``(4,)``.
    true, emotions : sequence of str
        Of the segments; names of the classes.
    """
    figure, axes = blanks(1.75 * len(frames), 3, rows=len(frames), width_ratios=[0.8, 0.7, 2.0])
    for i, (frame, power, said) in enumerate(zip(frames, maps, posteriors, strict=True)):
        axes[i, 0].imshow(frame)
        axes[i, 0].set_ylabel(f"true: {true[i]}")
        image = axes[i, 1].imshow(power, cmap="viridis", vmin=np.nanmin(maps), vmax=np.nanmax(maps))
        for ax in axes[i, :2]:
            ax.set(xticks=[], yticks=[])
        for (name, (kind, label)), offset in zip(_SAYS.items(), fan(3, 0.26), strict=True):
            bars = axes[i, 2].bar(
                np.arange(len(emotions)) + offset, said[name], 0.24, color=COLOURS[kind],
                label=label)
            bars[int(np.argmax(said[name]))].set_edgecolor("black")
        axes[i, 2].set(xticks=range(len(emotions)),
                       xticklabels=emotions if i == len(frames) - 1 else [], ylim=(0, 1.05),
                       ylabel="posterior")
    axes[0, 0].set_title("frame")
    axes[0, 1].set_title("14-31 Hz, nose up")
    figure.colorbar(image, ax=axes[:, 1], location="bottom", shrink=0.9,
                    label="differential entropy")
    legend(figure, axes[0, 2], loc="outside upper right")
    return figure
