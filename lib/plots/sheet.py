"""A small drawing vocabulary for schematics: box, stack, arrow, elbow, note. One unit of a drawing
is one inch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from lib.plots.style import COLOURS, FOOTER

__all__ = ["Box", "Sheet"]

_ROUND = "round,pad=0,rounding_size=0.06"
_FILL = {
    "face": "#FBE3D4", "EEG": "#D6E8F5", "ECG": "#F6E3EE", "eye": "#FBEFD0", "both": "#D5F0E6",
    "control": "#F0F0F0", "label": "#FFFFFF"
}


@dataclass(frozen=True)
class Box:
    """A drawn box: its centre and size in inches, with the points where arrows meet it."""

    x: float
    y: float
    w: float
    h: float

    def side(self, where: str, shift: float = 0.0) -> tuple[float, float]:
        """The middle of a side (``left``, ``right``, ``top``, ``bottom``), moved along it by
        ``shift``."""
        dx, dy = {"left": (-1, 0), "right": (1, 0), "top": (0, 1), "bottom": (0, -1)}[where]
        return self.x + dx * self.w / 2 + shift * abs(dy), self.y + dy * self.h / 2 + shift * abs(
            dx)


class Sheet:
    """A blank drawing of ``width`` x ``height`` inches above the footer, and the vocabulary: box,
    stack, arrow, elbow, note."""
    def __init__(self, width: float, height: float):
        self.figure = Figure(figsize=(width, height + FOOTER))
        self.ax = self.figure.add_axes(
            (0, FOOTER / (height + FOOTER), 1, height / (height + FOOTER)))
        self.ax.set(xlim=(0, width), ylim=(0, height), aspect="equal")
        self.ax.axis("off")

    def box(self, x: float, y: float, text: str, kind: str = "control", w: float = 1.3,
            h: float = 0.55, size: float = 9) -> Box:
        """A labelled box centred at (x, y); ``kind`` is a modality, ``control`` (grey) or ``label``
        (white)."""
        edge = COLOURS.get(kind, "0.6")
        corner = (x - w / 2, y - h / 2)
        self.ax.add_patch(
            FancyBboxPatch(corner, w, h, boxstyle=_ROUND, fc=_FILL[kind], ec=edge, lw=1.2,
                           zorder=2))
        self.ax.text(x, y, text, ha="center", va="center", fontsize=size, zorder=3, linespacing=1.4)
        return Box(x, y, w, h)

    def stack(self, x: float, y: float, text: str, kind: str = "control", w: float = 1.3,
              h: float = 0.55, n: int = 3, size: float = 9) -> Box:
        """Boxes behind one another: a sequence or repeated layers. At most three are drawn."""
        layers = min(n, 3) - 1
        for k in range(layers, 0, -1):
            self.box(x + 0.06 * k, y + 0.06 * k, "", kind, w, h)
        self.box(x, y, text, kind, w, h, size)
        return Box(x + 0.03 * layers, y + 0.03 * layers, w + 0.06 * layers, h + 0.06 * layers)

    def arrow(self, start: tuple[float, float], end: tuple[float, float], text: str = "",
              kind: str = "", dashed: bool = False, head: bool = True,
              shift: tuple[float, float] = (0, 0.11)) -> None:
        """A straight arrow with a label beside its middle, moved by ``shift``."""
        shade = COLOURS.get(kind, "0.3")
        style = "-|>,head_length=4,head_width=2.2" if head else "-"
        self.ax.add_patch(
            FancyArrowPatch(start, end, arrowstyle=style, color=shade, lw=1.3, shrinkA=0, shrinkB=0,
                            ls=(0, (3, 2)) if dashed else "-", mutation_scale=1, zorder=1))
        if text:
            self.note((start[0] + end[0]) / 2 + shift[0], (start[1] + end[1]) / 2 + shift[1], text)

    def elbow(self, points: Sequence[tuple[float, float]], text: str = "", kind: str = "",
              dashed: bool = False, shift: tuple[float, float] = (0, 0.11)) -> None:
        """An arrow along right angles; the label sits at its longest piece."""
        pairs = list(pairwise(points))
        longest = max(pairs,
                      key=lambda pair: abs(pair[0][0] - pair[1][0]) + abs(pair[0][1] - pair[1][1]))
        for pair in pairs:
            self.arrow(*pair, text if pair == longest else "", kind, dashed, head=pair == pairs[-1],
                       shift=shift)

    def frame(self, left: float, bottom: float, width: float, height: float) -> None:
        """A dashed frame around things that belong together."""
        patch = FancyBboxPatch((left, bottom), width, height, boxstyle=_ROUND, fc="#FAFAFA",
                               ec="0.6", ls="--", zorder=0)
        self.ax.add_patch(patch)

    def note(self, x: float, y: float, text: str, size: float = 8, ha: str = "center",
             **style) -> None:
        """Text on the sheet."""
        self.ax.text(x, y, text, ha=ha, va="center", fontsize=size, color="0.2", zorder=4, **style)
