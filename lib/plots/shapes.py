"""Shapes that many figures share: panels, the legend above them, offsets side by side, intervals,
curves over epochs, pictures."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from scipy.optimize import isotonic_regression
from scipy.special import expit, logit

from lib.evaluation.metrics import higher_is_better, measure
from lib.plots.style import LINES, WIDTH, blank, colour, modality


def blanks(height: float, columns: int = 1, rows: int = 0, width: float = WIDTH,
           **options) -> tuple[Figure, np.ndarray]:
    """A blank figure and its axes, ``(columns,)`` or, where ``rows`` are asked for,
    ``(rows, columns)``; options of ``subplots``."""
    figure = blank(height, width)
    axes = figure.subplots(rows or 1, columns, squeeze=False, **options)
    return figure, axes if rows else axes[0]


def legend(figure: Figure, of: Axes | Sequence, ncols: int | None = None, **look) -> None:
    """What a panel's labels say, or given handles, above the panels in one line or ``ncols``
    columns."""
    handles = of.get_legend_handles_labels()[0] if isinstance(of, Axes) else of
    figure.legend(handles, [handle.get_label() for handle in handles],
                  **{"loc": "outside upper left", "ncols": ncols or len(handles), **look})


def down(ax: Axes, names: Sequence[str]) -> None:
    """Names of rows along the vertical axis, the first on top."""
    ax.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.5, -0.5))
    ax.tick_params(axis="y", length=0)


def fan(n: int, step: float) -> np.ndarray:
    """Offsets of ``n`` marks that stand side by side, ``step`` apart."""
    return step * (np.arange(n) - (n - 1) / 2)


def apart(y: np.ndarray, step: float) -> np.ndarray:
    """Heights of labels at ``y``, moved as little as leaves neighbours ``step`` apart or more."""
    order, rank, out = np.argsort(y), np.arange(len(y)) * step, np.empty(len(y))
    out[order] = isotonic_regression(y[order] - rank).x + rank
    return out


def arms(mean, low, high, metric: str = "") -> np.ndarray:
    """How far intervals reach down and up from their means, ``(2, n)``; not at all where they are
    unknown.

    With a metric they cannot leave its range: symmetric intervals of a score are made on a scale
    without ends (logit of a share, arctanh of a correlation), those of an error end at 0.
    """
    if metric and not higher_is_better(metric):
        low = np.maximum(low, 0.0)
    elif metric:
        linear = measure(metric) in {"PCC", "CCC"}
        to, back = (np.arctanh, np.tanh) if linear else (logit, expit)
        inside = np.clip(mean, -0.999 if linear else 0.001, 0.999)
        slope = 1 - inside**2 if linear else inside * (1 - inside)
        middle, step = to(inside), (high - low) / 2 / slope
        low, high = back(middle - step), back(middle + step)
    return np.maximum(np.nan_to_num([mean - low, high - mean]), 0.0)


def whole_range(axes: Sequence[Axes], metric: str, along: str = "y") -> None:
    """The range of a metric, the same on all axes: from 0, to 1 where it is no error; lower where
    something drawn lies below 0. Correlations get their line of chance, 0."""
    ends = np.array([getattr(ax.dataLim, f"interval{along}") for ax in axes])
    low, high, score = min(0.0, ends.min()), ends.max(), higher_is_better(metric)
    low, high = low - 0.05 * (low < 0), 1.0 if score and high <= 1 else 1.05 * high
    for ax in axes:
        ax.set(**{f"{along}lim": (low, high)})
        if score:
            {"x": ax.axvline, "y": ax.axhline}[along](0, color="0.6", lw=1, ls="--", zorder=0)


def styles(rows: Sequence[str]) -> list[str]:
    """Line styles that tell rows of one colour apart."""
    kinds = [modality(row) for row in rows]
    return [LINES[kinds[:i].count(kind) % len(LINES)] for i, kind in enumerate(kinds)]


def over_epochs(axes: Sequence[Axes], folds: Sequence[np.ndarray], row: str, style: str,
                label: str) -> None:
    """A column of ``(n_epochs, n_columns)`` on each axes: the mean over folds, and a band from the
    lowest to the highest."""
    stack = np.stack(folds)
    epochs, shade = np.arange(1, stack.shape[1] + 1), colour(row)
    for ax, values in zip(axes, np.moveaxis(stack, 2, 0)[:len(axes)], strict=True):
        ax.fill_between(epochs, values.min(axis=0), values.max(axis=0), color=shade, alpha=0.12,
                        lw=0)
        ax.plot(epochs, values.mean(axis=0), lw=2, label=label, color=shade, ls=style)
        ax.set(xlabel="epoch")
        ax.xaxis.get_major_locator().set_params(integer=True)


def picture(ax: Axes, image: np.ndarray, **options) -> AxesImage:
    """An image without ticks and frame."""
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return ax.imshow(image, **options)
