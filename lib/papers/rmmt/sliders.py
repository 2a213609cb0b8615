"""Paper 1 with sliders: alpha of the distillation loss, band power over the scalp."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from ipywidgets import FloatSlider, SelectionSlider, ToggleButtons
from matplotlib.figure import Figure

from lib.companion.sliders import View, electrodes, wide
from lib.datasets.mahnob_format import LABEL_RATE
from lib.evaluation.statistics import fold_means
from lib.plots.shapes import blanks
from lib.plots.signals import flat
from lib.plots.style import COLOURS


def sweep(results: pd.DataFrame, metric: str = "CCC", reference: float = 1.0) -> View:
    """What another alpha changes, fold by fold: the mean over alpha, and the differences to a
    reference.

    Parameters
    ----------
    results : DataFrame
        Tidy results with variants named ``... alpha=<number>``; others are left out.
    """
    swept = results[results["row"].str.contains("alpha=") & (results["metric"] == metric)]
    folds = fold_means(swept).assign(alpha=lambda f: f["row"].str.split("=").str[1].astype(float))
    table = folds.pivot_table(index="fold", columns="alpha", values="value")

    def draw(alpha: float) -> Figure:
        figure, (left, right) = blanks(2.7, 2, width=7.5)
        left.plot(table.columns, table.to_numpy().T, color="0.8", lw=0.8)
        left.plot(table.columns, table.mean(), "o-", color=COLOURS["both"], ms=4)
        left.axvline(alpha, color="black", lw=1)
        left.set(xlabel="alpha", ylabel=metric,
                 title=f"alpha = {alpha:g}: mean {table[alpha].mean():.3f}")
        change = table[alpha] - table[reference]
        shades = np.where(change > 0, COLOURS["both"], "0.6")
        right.bar(range(len(change)), change, color=shades)
        right.axhline(0, color="black", lw=0.8)
        reach = 1.1 * float(np.abs(table.sub(table[reference], axis=0)).to_numpy().max())
        said = f"better in {(change > 0).sum()} of {len(change)} folds, mean {change.mean():+.3f}"
        right.set(xlabel="fold", ylabel=f"{metric} minus that at {reference:g}",
                  xticks=range(len(change)), ylim=(-reach, reach),
                  title="the reference itself" if alpha == reference else said)
        return figure

    options = [(f"{alpha:g}", alpha) for alpha in table.columns]
    return View(draw, {"alpha": wide(SelectionSlider, options=options, description="alpha")})


def band_over_time(power: np.ndarray, channels: Sequence[str], bands: Sequence[str],
                   rate: float = LABEL_RATE) -> View:
    """Relative band power over the scalp at one moment, and over time.

    Parameters
    ----------
    power : array ``(n_windows, n_bands, n_channels)``
    channels, bands : sequence of str
    rate : float
        Windows per second.
    """
    xy, seconds = flat(channels), np.arange(len(power)) / rate

    def draw(band: str, time: float) -> Figure:
        of_band, now = power[:, list(bands).index(band)], round(time * rate)
        figure, (left, right) = blanks(2.9, 2, width=7.5, width_ratios=[1, 1.6])
        limits = tuple(np.percentile(of_band, [2, 98]))
        dots = electrodes(left, xy, of_band[now], limits, "rocket_r")
        figure.colorbar(dots, ax=left, label="share of power", shrink=0.8)
        left.set_title(f"{band}, {time:.2f} s")
        right.plot(seconds, of_band, color="0.85", lw=0.5)
        right.plot(seconds, of_band.mean(axis=1), color=COLOURS["EEG"], lw=1.8,
                   label=f"mean of {len(channels)} channels")
        right.axvline(time, color="black", lw=1)
        right.set(xlabel="time of the window (s)", ylabel="share of power", xlim=(0, seconds[-1]))
        right.legend(loc="upper right")
        return figure

    first = "alpha" if "alpha" in bands else bands[0]
    named = ToggleButtons(options=list(bands), value=first, description="band")
    moment = wide(FloatSlider, max=seconds[-1], step=1 / rate, description="time (s)")
    return View(draw, {"band": named, "time": moment})
