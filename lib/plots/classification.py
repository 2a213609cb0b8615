"""Figures of classifiers: confusion matrices with counts and row percentages (papers 2 to 4)."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from lib.plots.style import blank

__all__ = ["confusion_matrices"]


def confusion_matrices(tables: Mapping[str, pd.DataFrame], columns: int = 3) -> Figure:
    """One panel per table: the colour is the share of the true class, the text the count and that share.

    Parameters
    ----------
    tables : mapping
        Title -> DataFrame of :func:`lib.evaluation.classification.confusion`.
    columns : int
        Panels side by side.
    """
    columns = min(columns, len(tables))
    rows, size = -(-len(tables) // columns), len(next(iter(tables.values())))
    figure = blank(rows * (0.55 * size + 1.1), min(9.0, columns * (0.85 * size + 1.3)))
    axes = figure.subplots(rows, columns, squeeze=False)
    for ax, (title, table) in zip(axes.flat, tables.items(), strict=False):
        percent, count = table["percent"], table["count"]
        ax.imshow(percent, cmap="Blues", vmin=0, vmax=100, aspect="auto")
        for i, true in enumerate(percent.index):
            for j, predicted in enumerate(percent.columns):
                share = percent.loc[true, predicted]
                text = f"{count.loc[true, predicted]}\n{share:.0f} %" if share == share else "0"
                ax.text(j, i, text, ha="center", va="center", fontsize=8, color="white" if share > 60 else "0.15")
        ax.set(xticks=range(size), xticklabels=percent.columns, yticks=range(size), yticklabels=percent.index, title=title)
        ax.tick_params(length=0, labelsize=9 if size < 4 else 8)
        ax.tick_params(axis="x", rotation=0 if size < 4 else 20)
    for ax in axes.flat[len(tables):]:
        ax.set_axis_off()
    for ax in axes[:, 0]:
        ax.set_ylabel("true")
    for ax in axes[-1]:
        ax.set_xlabel("predicted")
    return figure
