"""Figures of classifiers: confusion matrices with counts and row percentages (papers 2 to 4)."""

from collections.abc import Mapping

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from lib.plots.shapes import blanks


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
    figure, axes = blanks(rows * (0.55 * size + 1.1), columns, rows,
                          min(9.0, columns * (0.85 * size + 1.3)))
    for ax, (title, table) in zip(axes.flat, tables.items(), strict=False):
        text = table["percent"].fillna(0).map("{:.0f} %\n".format) + table["count"].astype(str)
        sns.heatmap(table["percent"], annot=text, fmt="", ax=ax, cmap="Blues", vmin=0, vmax=100,
                    cbar=False, linewidths=1, annot_kws={"size": 8})
        ax.set(title=title, xlabel="predicted", ylabel="true")
        ax.tick_params(length=0, labelsize=8)
        ax.tick_params(axis="x", rotation=0 if size < 4 else 20)
        ax.tick_params(axis="y", rotation=0)
    for ax in axes.flat[len(tables):]:
        ax.set_axis_off()
    return figure
