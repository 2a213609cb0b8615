"""Figures of the data: the electrodes, scalp maps, spectra, labels."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import mne
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, Polygon

from lib.datasets.mahnob_format import EEG_CHANNELS, LABEL_RATE
from lib.plots.shapes import blanks, picture
from lib.plots.style import COLOURS, blank

LOBES = {"frontal": "#E69F00", "temporal": "#56B4E9", "parietal": "#009E73", "occipital": "#CC79A7"}
_LOBE = {
    "Fp": "frontal", "AF": "frontal", "F": "frontal", "FC": "frontal", "T": "temporal",
    "C": "parietal", "CP": "parietal", "P": "parietal", "PO": "occipital", "O": "occipital"
}


def lobe(channel: str) -> str:
    """The lobe under an electrode, by the letters of its name; see :func:`montage` for the choices
    in it."""
    return _LOBE[channel.rstrip("z0123456789")]


def topomaps(power: np.ndarray, channels: Sequence[str], rows: Sequence[str], bands: Sequence[str],
             faces: Sequence[np.ndarray] | None = None) -> Figure:
    """Scalp maps of relative band power, a line per subject or trial (Table 2); a colour scale per
    band, so that the pattern within each band shows.

    Parameters
    ----------
    power : array (n_rows, n_bands, n_channels)
    channels : sequence of str
        Names in the ``biosemi32`` montage.
    rows, bands : sequence of str
        Labels of lines and columns.
    faces : sequence of array (height, width, 3), optional
        One uint8 picture per line.
    """
    power = np.asarray(power, dtype=float)
    n_rows, n_bands, _ = shape = len(rows), len(bands), len(channels)
    if power.shape != shape:
        raise ValueError(f"power must be (rows, bands, channels) = {shape}, not {power.shape}")
    info = mne.create_info(list(channels), 1.0, "eeg")
    info.set_montage("biosemi32", on_missing="raise")
    extra = int(faces is not None)
    figure, axes = blanks(1.35 * n_rows + 0.9, n_bands + extra, n_rows)
    for r, label in enumerate(rows):
        if faces is not None:
            picture(axes[r, 0], faces[r])
        axes[r, 0].set_ylabel(label, rotation=0, ha="right", va="center", labelpad=8)
        for b in range(n_bands):
            image, _ = mne.viz.plot_topomap(power[r, b], info, axes=axes[r, b + extra], show=False,
                                            contours=4, sensors="k,", size=1, cmap="rocket_r",
                                            vlim=(power[:, b].min(), power[:, b].max()))
            if r == 0:
                axes[r, b + extra].set_title(bands[b], loc="center")
            if r == n_rows - 1:
                bar = figure.colorbar(image, ax=axes[:, b + extra], location="bottom", shrink=0.85,
                                      aspect=12, pad=0.02)
                bar.ax.locator_params(nbins=2)
                bar.ax.tick_params(labelsize=7)
    figure.suptitle("relative band power, one colour scale per band",
                    fontsize=mpl.rcParams["axes.labelsize"])
    return figure


def flat(channels: Sequence[str]) -> np.ndarray:
    """Electrodes ``(n, 2)`` seen from above, azimuthal equidistant: the vertex at 0, the equator of
    the head at radius 1."""
    where = mne.channels.make_standard_montage("biosemi32").get_positions()["ch_pos"]
    x, y, z = np.array([where[c] for c in channels]).T
    polar, azimuth = np.arctan2(np.hypot(x, y), z) / (np.pi / 2), np.arctan2(y, x)
    return np.column_stack([polar * np.cos(azimuth), polar * np.sin(azimuth)])


def montage(channels: Sequence[str] = tuple(EEG_CHANNELS)) -> Figure:
    """The electrodes on the head, coloured by lobe (Figure 5).

    ``choice:`` a lobe follows from the letters of the name: F, AF, Fp, FC frontal; T temporal; C,
    CP, P parietal; O, PO occipital. The C electrodes lie over the sulcus between frontal and
    parietal lobe.
    """
    figure, (ax,) = blanks(5.2, width=6.2)
    reach = 1.12
    for ear in (-1, 1):
        ax.add_patch(Ellipse((ear * reach, 0), 0.16, 0.44, fill=False, ec="0.35", lw=1.5, zorder=0))
    nose = [(-0.14, reach - 0.02), (0, reach + 0.16), (0.14, reach - 0.02)]
    ax.add_patch(Polygon(nose, closed=False, fill=False, ec="0.35", lw=1.5, zorder=0))
    ax.add_patch(Ellipse((0, 0), 2 * reach, 2 * reach, fc="white", ec="0.35", lw=1.5, zorder=1))
    xy, lobes = flat(channels), np.array([lobe(c) for c in channels])
    for name, shade in LOBES.items():
        here = lobes == name
        ax.scatter(*xy[here].T, s=430, color=shade, ec="white", lw=1.2,
                   label=f"{name} ({here.sum()})", zorder=2)
    for name, (x, y) in zip(channels, xy, strict=True):
        ax.text(x, y, name, ha="center", va="center", fontsize=8, zorder=3)
    ax.set(aspect="equal", xlim=(-1.35, 1.35), ylim=(-1.2, 1.35))
    ax.axis("off")
    ax.legend(title="lobe (electrodes)", loc="center left", bbox_to_anchor=(1.0, 0.5),
              markerscale=0.6)
    return figure


def spectrum(frequencies: np.ndarray, psd: np.ndarray, bands: Mapping[str, tuple[float,
                                                                                 float]]) -> Figure:
    """Power spectral density over frequency, with the frequency bands behind it: channels are thin
    lines, with their median on top.

    Parameters
    ----------
    frequencies : array (n_frequencies,)
        In Hz.
    psd : array (n_channels, n_frequencies)
        In µV²/Hz.
    bands : mapping
        Name -> (lower, upper) edge in Hz.
    """
    figure, (ax,) = blanks(3.2)
    ax.plot(frequencies, psd.T, color="0.75", lw=0.6)
    ax.plot(frequencies, np.median(psd, axis=0), color=COLOURS["EEG"], lw=2,
            label=f"median of {len(psd)} channels")
    ax.legend(loc="upper right")
    for i, (name, (low, high)) in enumerate(bands.items()):
        ax.axvspan(low, high, color="0.93" if i % 2 else "0.97", zorder=-1, lw=0)
        ax.text((low + high) / 2, 1.01, name, transform=ax.get_xaxis_transform(), ha="center",
                va="bottom", fontsize=9)
    ax.set(yscale="log", xlabel="frequency (Hz)", ylabel="power spectral density (µV²/Hz)",
           xlim=(frequencies[0], frequencies[-1]))
    return figure


def label_overview(labels: Sequence[np.ndarray], rate: float = LABEL_RATE) -> Figure:
    """The continuous labels of a cohort: all values, lengths, and how much of the variance lies
    between trials.

    Parameters
    ----------
    labels : sequence of array (n_times,)
        Valence of each trial.
    rate : float
        Labels per second.
    """
    values, lengths = np.concatenate(labels), np.array([len(trace) for trace in labels])
    means, spreads = np.array([(trace.mean(), trace.std()) for trace in labels]).T
    between = np.average((means - values.mean())**2, weights=lengths) / values.var()
    figure, (left, middle, right) = blanks(2.9, 3, width_ratios=[1, 1, 1.5])
    left.hist(values, bins=40, color="0.55")
    left.set(xlabel="valence", ylabel="label steps",
             title=f"{values.size:,} steps, spread {values.std():.3f}")
    middle.hist(lengths / rate, bins=20, color="0.55")
    middle.set(xlabel="length (s)", ylabel="trials", title=f"{len(labels)} trials")
    order = np.argsort(means)
    right.errorbar(np.arange(len(labels)), means[order], spreads[order], fmt="none", ecolor="0.75",
                   elinewidth=1, label="spread in a trial")
    right.plot(means[order], ".", color="black", ms=3, label="mean of a trial")
    right.axhline(values.mean(), color="0.4", lw=0.8, ls="--")
    right.set(xlabel="trials, sorted by mean", ylabel="valence",
              title=f"{between:.0%} of the variance is between trials")
    right.legend(loc="upper left")
    return figure


def feature_maps(label: np.ndarray, features: Mapping[str, np.ndarray],
                 rate: float = LABEL_RATE) -> Figure:
    """One trial as a model sees it: the label on top, then each modality's features over time.

    Parameters
    ----------
    label : array (n_times,)
    features : mapping
        Modality (``face``, ``eeg``) -> standardised features ``(n_times, n_features)``.
    rate : float
        Steps per second.
    """
    figure = blank(1.2 + 1.6 * len(features))
    axes = figure.subplots(1 + len(features), 1, sharex=True,
                           height_ratios=[1, *[1.6] * len(features)])
    time = np.arange(len(label)) / rate
    axes[0].plot(time, label, color="black")
    axes[0].set(ylabel="valence")
    for ax, (name, x) in zip(axes[1:], features.items(), strict=True):
        image = ax.imshow(
            np.asarray(x).T, aspect="auto", origin="lower", cmap="vlag", vmin=-3, vmax=3,
            interpolation="nearest", extent=(0, len(label) / rate, 0, x.shape[1]))
        ax.set(ylabel=f"{name} features")
    axes[-1].set(xlabel="time after stimulus onset (s)", xlim=(0, len(label) / rate))
    figure.colorbar(image, ax=axes[1:], label="standard deviations", shrink=0.8, aspect=30)
    return figure
