"""Figures of paper 4's face: examples, the detector, learning, attention over patches, recall, what
the order of a batch changes."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from lib.plots.shapes import blanks, legend, picture
from lib.plots.style import COLOURS, LINES

ORDERS = {"class by class": (COLOURS["face"], "--"), "shuffled": (COLOURS["control"], "-")}
_SHADES = (COLOURS["face"], COLOURS["EEG"], COLOURS["eye"], COLOURS["control"])


def _face(ax: Axes, image: np.ndarray, below: str = "", colour: str = "0.2") -> None:
    # a small picture enlarged; files stay small
    picture(ax, image, interpolation="nearest" if max(image.shape) <= 112 else None)
    ax.set_xlabel(below, fontsize=7, color=colour, labelpad=2)


def face_sheet(faces: Mapping[str, Sequence[np.ndarray]], notes: Mapping[str,
                                                                         Sequence[str]]) -> Figure:
    """A row of faces for each emotion, with a note under each.

    Parameters
    ----------
    faces, notes : mapping
        Emotion -> pictures ``(height, width, 3)``, and -> as many texts.
    """
    width = max(map(len, faces.values()))
    figure, axes = blanks(1.3 * len(faces), width, rows=len(faces), width=7.2)
    for row, (emotion, pictures) in zip(axes, faces.items(), strict=True):
        for ax in row[len(pictures):]:
            ax.set_axis_off()
        for ax, image, note in zip(row, pictures, notes[emotion], strict=False):
            _face(ax, image, note)
        row[0].set_ylabel(emotion)
    return figure


def detections(frames: Sequence[np.ndarray], boxes: np.ndarray, crops: np.ndarray,
               titles: Sequence[str]) -> Figure:
    """Frames with the face that was found, and beside each what the network is given.

    Parameters
    ----------
    frames : sequence of array ``(height, width, 3)``
    boxes : array ``(n, 4)``
        Left, top, width, height in pixels of the frame.
    crops : array ``(n, size, size, 3)``
    titles : sequence of str
    """
    figure, axes = blanks(2.3, 2 * len(frames), width_ratios=[1.25, 1] * len(frames))
    for frame, box, crop, title, whole, part in zip(frames, boxes, crops, titles, axes[::2],
                                                    axes[1::2], strict=True):
        _face(whole, frame)
        whole.add_patch(Rectangle(box[:2], *box[2:], fill=False, ec=COLOURS["face"], lw=2))
        whole.set_title(title)
        _face(part, crop, f"{crop.shape[0]} × {crop.shape[1]} pixels")
    return figure


def learning(trainings: Mapping[str, Sequence[Mapping[str, np.ndarray]]]) -> Figure:
    """Training over epochs, a line for each training; a dot marks the epoch whose weights are kept.

    Parameters
    ----------
    trainings : mapping
        Row -> results of :func:`lib.papers.face_eeg.expression_training.face_fold`, of which
        ``history`` and ``best`` are drawn.
    """
    titles = ("training loss", "validation loss", "validation accuracy", "learning rate")
    figure, axes = blanks(2.9, len(titles))
    for (row, runs), shade, style in zip(trainings.items(), _SHADES, LINES, strict=False):
        for result in runs:
            history, best = result["history"], int(result["best"])
            epochs = np.arange(1, len(history) + 1)
            for column, ax in enumerate(axes):
                ax.plot(epochs, history[:, column], color=shade, ls=style, lw=1.1)
            axes[2].plot(best + 1, history[best, 2], "o", ms=4, color=shade)
        axes[0].plot([], [], color=shade, ls=style, label=row)
    for ax, title in zip(axes, titles, strict=True):
        ax.set(xlabel="epoch", title=title)
        ax.xaxis.get_major_locator().set_params(integer=True)
    axes[2].set_ylim(0, 1.02)
    axes[2].axhline(0.25, color="0.6", lw=1, zorder=0)
    axes[2].text(0.98, 0.24, "a quarter", ha="right", va="top", fontsize=8, color="0.4",
                 transform=axes[2].get_yaxis_transform())
    axes[3].set_yscale("log")
    figure.legend(loc="outside upper left", ncols=len(trainings))
    return figure


def patch_attention(images: np.ndarray, weights: np.ndarray, titles: Sequence[str],
                    right: Sequence[bool]) -> Figure:
    """Faces under a two by two grid: the number is the share of the attention that a patch gets,
    the shade its distance from a quarter.

    Parameters
    ----------
    images : array ``(n, height, width, 3)``
    weights : array ``(n, 4)``
        Upper left, upper right, lower left, lower right; rows sum to one.
    titles : sequence of str
        What the network says of each face.
    right : sequence of bool
        Whether it is right; the title is coloured where it is not.
    """
    lines = -(-len(images) // 4)
    figure, axes = blanks(2.1 * lines, 4, rows=lines)
    spread = max(float(np.abs(weights - 0.25).max()), 0.1)  # small differences stay pale
    for ax, image, shares, title, good in zip(axes.flat, images, weights, titles, right,
                                              strict=False):
        height, width = image.shape[:2]
        _face(ax, image, title, "0.2" if good else COLOURS["face"])
        for k, share in enumerate(shares):
            left, top = width * (k % 2) / 2, height * (k // 2) / 2
            tint = COLOURS["face"] if share > 0.25 else COLOURS["EEG"]
            ax.add_patch(
                Rectangle((left - 0.5, top - 0.5), width / 2, height / 2, fc=tint, ec="none",
                          alpha=0.4 * abs(share - 0.25) / spread))
            ax.text(left + width / 4, top + height / 4, f"{share:.0%}", ha="center", va="center",
                    fontsize=8, color="white",
                    bbox={"fc": "0.15", "ec": "none", "alpha": 0.55, "pad": 1})
        ax.axhline(height / 2 - 0.5, color="white", lw=0.8)
        ax.axvline(width / 2 - 0.5, color="white", lw=0.8)
    for ax in axes.ravel()[len(images):]:
        ax.remove()
    return figure


def recall_bars(table: pd.DataFrame, rows: Sequence[str], emotions: Sequence[str]) -> Figure:
    """Recall of each emotion: bars are means over trainings, dots the trainings; the grey line is
    what guessing gives.

    Parameters
    ----------
    table : DataFrame
        ``row``, ``fold``, ``emotion``, ``recall``.
    rows, emotions : sequence of str
        What is drawn, in this order.
    """
    figure, (ax,) = blanks(2.7)
    what = {"x": "emotion", "y": "recall", "hue": "row", "order": emotions, "hue_order": rows}
    sns.barplot(table, **what, palette=_SHADES[:len(rows)], saturation=1, alpha=0.55, gap=0.1,
                errorbar=None, ax=ax)
    handles = ax.get_legend_handles_labels()[0]
    sns.stripplot(table, **what, palette=["0.15"] * len(rows), dodge=True, jitter=0.12, size=4,
                  ax=ax)
    ax.axhline(1 / len(emotions), color="0.5", lw=1, ls="--", zorder=0)
    ax.set(xlabel="", ylim=(-0.02, 1.02))
    ax.get_legend().remove()
    legend(figure, handles)
    return figure


def batch_effect(table: pd.DataFrame, rows: Sequence[str]) -> Figure:
    """Mean recall on the same faces in two orders, over the size of the batch; a panel per row,
    thin lines are trainings.

    Parameters
    ----------
    table : DataFrame
        Of :func:`lib.papers.face_eeg.expression.batch_order`.
    rows : sequence of str
    """
    figure, axes = blanks(2.6, len(rows), sharey=True)
    for ax, row in zip(axes, rows, strict=True):
        for order, (shade, style) in ORDERS.items():
            found = table[(table["row"] == row) & (table["order"] == order)].pivot_table(
                index="batch", columns="fold", values="recall")
            x = np.arange(len(found))
            ax.plot(x, found, color=shade, lw=0.7, alpha=0.6)
            ax.plot(x, found.mean(axis=1), color=shade, lw=2.2, ls=style, marker="o")
            ax.set(xticks=x, xticklabels=found.index, xlabel="faces in a batch", title=row)
        ax.axhline(0.25, color="0.6", lw=1, zorder=0)
    axes[0].set(ylabel="mean recall", ylim=(0.2, None))
    axes[0].text(0, 0.255, "chance", fontsize=8, color="0.4")
    legend(figure, [
        Line2D([], [], color=shade, marker="o", ls=style, label=f"test faces {order}")
        for order, (shade, style) in ORDERS.items()
    ], handlelength=3.2)
    return figure
