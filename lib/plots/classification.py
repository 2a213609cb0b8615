"""Figures of classifiers: confusion matrices with counts and row percentages (papers 2 to 4)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from lib.plots.style import blank

__all__ = ["confusion_matrices"]


def confusion_matrices(tables: Mapping[str, pd.DataFrame], columns: int = 3) -> Figure:
    """One panel per table: the colour is the share of the true class, the text that share and the
    count.

    Parameters
    ----------
    tables : mapping
        Title -> DataFrame of :func:`lib.evaluation.classification.confusion`.
    columns : int
        Panels side by side.
    """
    columns = min(columns, len(tables))
    rows, size = -(-len(tables) // columns), max(map(len, tables.values()))
    figure = blank(rows * (0.55 * size + 1.1), min(9.0, columns * (0.85 * size + 1.3)))
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax, (title, table) in zip(axes, tables.items(), strict=False):
        pairs = zip(table["percent"].to_numpy().ravel(), table["count"].to_numpy().ravel(),
                    strict=True)
        text = np.reshape([f"{np.nan_to_num(p):.0f} %\n{n}" for p, n in pairs],
                          table["count"].shape)
        look = {
            "cmap": "Blues", "vmin": 0, "vmax": 100, "cbar": False, "linewidths": 1,
            "annot_kws": {"size": 8}
        }
        sns.heatmap(table["percent"], annot=text, fmt="", ax=ax, **look)
        ax.set(title=title, xlabel="predicted", ylabel="true")
        ax.tick_params(length=0, labelsize=8)
        ax.tick_params(axis="x", rotation=0 if size < 4 else 20)
        ax.tick_params(axis="y", rotation=0)
    for ax in axes[len(tables):]:
        ax.set_axis_off()
    return figure
