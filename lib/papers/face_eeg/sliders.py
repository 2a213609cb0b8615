"""Paper 4 with sliders: the weight of the face in a fusion, and the face moved in time."""

from collections.abc import Mapping, Sequence

import numpy as np
from ipywidgets import Dropdown, FloatSlider
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.companion.sliders import View, wide
from lib.datasets.flex_format import EMOTIONS
from lib.papers.face_eeg.fusion import alone
from lib.plots.shapes import blanks, legend
from lib.plots.style import COLOURS


def _over_time(ax: Axes, start: np.ndarray, posteriors: Mapping[str, np.ndarray], emotion: int,
               recording: int) -> None:
    """Posteriors of one emotion over the segments, and where the fused answer is right."""
    for name, p in posteriors.items():
        label = "fused" if name == "both" else name
        ax.plot(start, p[:, emotion], "o-", ms=4, color=COLOURS[name], label=label)
    won = posteriors["both"].argmax(axis=1) == emotion
    ax.plot(start[won], np.full(won.sum(), 1.05), "k^", ms=5, label="fused answer is right")
    said = f"recording {recording}: {EMOTIONS[emotion]}, {won.sum()} of {len(won)} right"
    ax.set(xlabel="start of the segment (s)", ylabel=f"posterior of {EMOTIONS[emotion]}",
           ylim=(-0.03, 1.12), title=said)


def _over_weights(ax: Axes, betas: np.ndarray, right: Sequence[float], beta: float) -> None:
    """Accuracy over the weight of the face, a dot at the chosen one."""
    chance, now = 1 / len(EMOTIONS), np.interp(beta, betas, right)
    ax.plot(betas, right, color=COLOURS["both"])
    ax.plot(beta, now, "o", color="black")
    ax.axhline(chance, color="0.6", lw=1)
    ax.text(0, chance - 0.01, "chance", va="top", fontsize=8, color="0.4")
    ax.set(xlabel="weight of the face, beta", ylabel="accuracy (test)", ylim=(0, 1),
           title=f"beta = {beta:.2f}: {now:.3f}")


def fusion(data: Mapping[str, np.ndarray], records: Sequence, faces: np.ndarray) -> View:
    """Calibrated posteriors of face and EEG over time, fused with a weight, the face moved in time;
    and the accuracy over weights. It opens on the recording that depends most on the weight.

    Parameters
    ----------
    data : mapping
        ``emotion``, ``recording``, ``start`` ``(N,)`` of the segments.
    records : sequence
        Folds of the EEG network in which every segment is tested once.
    faces : array ``(N, 4)``
        Posteriors of the face; NaN where none was seen.
    """
    said, betas = np.full((2, *faces.shape), np.nan), np.linspace(0, 1, 21)
    for record in records:
        known = data["emotion"][list(record.split.val)]
        said[:, list(record.split.test)] = alone(record, faces, known)
    faces, eeg = said
    numbers = np.unique(data["recording"]).tolist()
    rows_of = {number: np.flatnonzero(data["recording"] == number) for number in numbers}
    emotion_of = {number: int(data["emotion"][rows[0]]) for number, rows in rows_of.items()}

    def moved(lag: float) -> np.ndarray:
        out = faces.copy()
        for rows in rows_of.values():
            at = data["start"][rows]
            out[rows] = np.transpose([np.interp(at - lag, at, p) for p in faces[rows].T])
        return np.where(np.isnan(out), eeg, out)

    def share(face: np.ndarray, rows: np.ndarray | slice) -> list[float]:
        fused = (b * face[rows] + (1 - b) * eeg[rows] for b in betas)
        return [float(np.mean(p.argmax(axis=1) == data["emotion"][rows])) for p in fused]

    def draw(beta: float, lag: float, recording: int) -> Figure:
        face, rows = moved(lag), rows_of[recording]
        fused = beta * face[rows] + (1 - beta) * eeg[rows]
        posteriors = {"face": face[rows], "EEG": eeg[rows], "both": fused}
        figure, (time, curve) = blanks(2.8, 2, width_ratios=[1.5, 1])
        _over_time(time, data["start"][rows], posteriors, emotion_of[recording], recording)
        _over_weights(curve, betas, share(face, slice(None)), beta)
        legend(figure, time)
        return figure

    still = moved(0)
    first = max(rows_of, key=lambda number: np.ptp(share(still, rows_of[number])))
    options = [(f"{number}: {EMOTIONS[emotion_of[number]]}", number) for number in numbers]
    sliders = {
        "beta": wide(FloatSlider, min=0, max=1, step=0.05, value=0.5,
                     description="weight of the face, beta"),
        "lag": wide(FloatSlider, min=-9, max=9, step=0.5, value=0, description="face moved by (s)"),
        "recording": Dropdown(options=options, value=first, description="recording")
    }
    return View(draw, sliders)
