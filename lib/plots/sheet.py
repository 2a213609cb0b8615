"""A small drawing vocabulary for schematics: box, arrow, flow, elbow, frame, note. One unit of a
drawing is one inch."""

import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from lib.plots.style import COLOURS, FOOTER

_ROUND = "round,pad=0,rounding_size=0.06"
_FILL = {
    "face": "#FBE3D4", "EEG": "#D6E8F5", "ECG": "#F6E3EE", "eye": "#FBEFD0", "both": "#D5F0E6",
    "control": "#F0F0F0", "label": "#FFFFFF"
}


@dataclass(frozen=True)
class Box:
    """A drawn box: its centre and size in inches."""

    x: float
    y: float
    w: float
    h: float


Point: TypeAlias = tuple[float, float]


def _meet(end: Box | Point, other: Box | Point) -> Point:
    """A point itself; of a box, where a line along an axis from ``other`` meets its edge."""
    if not isinstance(end, Box):
        return end
    x, y = (other.x, other.y) if isinstance(other, Box) else other
    if abs(x - end.x) <= end.w / 2:
        return x, end.y + math.copysign(end.h / 2, y - end.y)
    return end.x + math.copysign(end.w / 2, x - end.x), y


class Sheet:
    """A blank drawing of ``width`` x ``height`` inches above the footer, and the vocabulary."""
    def __init__(self, width: float, height: float):
        self.figure = Figure(figsize=(width, height + FOOTER))
        self.ax = self.figure.add_axes(
            (0, FOOTER / (height + FOOTER), 1, height / (height + FOOTER)))
        self.ax.set(xlim=(0, width), ylim=(0, height), aspect="equal")
        self.ax.axis("off")

    def box(self, x: float, y: float, text: str, kind: str = "control", w: float = 1.3,
            h: float = 0.55, size: float = 9, n: int = 1) -> Box:
        """A labelled box centred at (x, y), with up to two more behind it where ``n`` layers or
        steps follow one another.

        ``kind`` is a modality, ``control`` (grey) or ``label`` (white).
        """
        layers = min(n, 3) - 1
        for k in range(layers, -1, -1):
            corner = (x + 0.06 * k - w / 2, y + 0.06 * k - h / 2)
            self.ax.add_patch(
                FancyBboxPatch(corner, w, h, boxstyle=_ROUND, fc=_FILL[kind],
                               ec=COLOURS.get(kind, "0.6"), lw=1.2, zorder=2))
        self.ax.text(x, y, text, ha="center", va="center", fontsize=size, zorder=3, linespacing=1.4)
        return Box(x + 0.03 * layers, y + 0.03 * layers, w + 0.06 * layers, h + 0.06 * layers)

    def arrow(self, start: Box | Point, end: Box | Point, text: str = "", kind: str = "",
              dashed: bool = False, head: bool = True, shift: Point = (0, 0.11)) -> None:
        """A straight arrow between points or the edges of boxes, with a label beside its middle,
        moved by ``shift``."""
        start, end = _meet(start, end), _meet(end, start)
        style = "-|>,head_length=4,head_width=2.2" if head else "-"
        self.ax.add_patch(
            FancyArrowPatch(start, end, arrowstyle=style, color=COLOURS.get(kind, "0.3"), lw=1.3,
                            shrinkA=0, shrinkB=0, ls=(0, (3, 2)) if dashed else "-",
                            mutation_scale=1, zorder=1))
        if text:
            self.note((start[0] + end[0]) / 2 + shift[0], (start[1] + end[1]) / 2 + shift[1], text)

    def flow(self, *boxes: Box, y: float, kind: str = "", dashed: bool = False) -> None:
        """A level arrow at height ``y`` from each box to the next."""
        for a, b in pairwise(boxes):
            self.arrow(_meet(a, (b.x, y)), _meet(b, (a.x, y)), kind=kind, dashed=dashed)

    def elbow(self, *points: Box | Point, text: str = "", kind: str = "",
              dashed: bool = False) -> None:
        """An arrow along right angles, its label at its longest piece; between two boxes only, it
        leaves the first sideways."""
        match points:
            case Box() as a, Box() as b:
                points = a, (b.x, a.y), b
        inner = [_meet(point, points[0]) for point in points[1:-1]]
        ends = [_meet(points[0], points[1]), *inner, _meet(points[-1], points[-2])]
        pairs = list(pairwise(ends))
        longest = max(pairs, key=lambda pair: math.dist(*pair))
        for pair in pairs:
            self.arrow(*pair, text if pair == longest else "", kind, dashed, head=pair == pairs[-1])

    def frame(self, left: float, bottom: float, width: float, height: float) -> None:
        """A dashed frame around things that belong together."""
        self.ax.add_patch(
            FancyBboxPatch((left, bottom), width, height, boxstyle=_ROUND, fc="#FAFAFA", ec="0.6",
                           ls="--", zorder=0))

    def note(self, x: float, y: float, text: str, size: float = 8, ha: str = "center",
             **style) -> None:
        """Text on the sheet."""
        self.ax.text(x, y, text, ha=ha, va="center", fontsize=size, color="0.2", zorder=4, **style)


def drawing(beside: str | Path, name: str, **facts: Any) -> Figure:
    """A drawing that stands in ``drawings.yaml`` beside a file: its size, then what is drawn, one
    call of a :class:`Sheet` each.

    A box is called what it is drawn ``as``; its name stands for it, and in a point for its
    coordinate. Texts are filled with ``facts``, of which ``n`` of a box may be one; what has a
    ``when`` is drawn where that fact is true.
    """
    text = Path(beside).with_name("drawings.yaml").read_text(encoding="utf-8")
    size, *steps = yaml.safe_load(text)[name]
    sheet, boxes = Sheet(*size), {}

    def said(value):
        return value.format(**facts) if isinstance(value, str) else value

    def place(end) -> Box | Point:
        if isinstance(end, str):
            return boxes[end]
        x, y = end
        return boxes[x].x if isinstance(x, str) else x, boxes[y].y if isinstance(y, str) else y

    for (draw, given), *look in (step.items() for step in steps):
        options = {key: said(value) for key, value in look}
        if not facts.get(options.pop("when", ""), True):
            continue
        called = options.pop("as", "")
        options |= {"n": facts.get(options["n"], options["n"])} if "n" in options else {}
        read = place if draw in ("arrow", "flow", "elbow") else said
        boxes[called] = getattr(sheet, draw)(*map(read, given), **options)
    return sheet.figure
