"""Figures with sliders, below static ones of the same data: a page reads without a kernel, and with
one it can be asked.

Each function of this package returns a :class:`View`: ``view.figure()`` draws its first position,
``view.controls()`` puts the sliders above it. One module per paper, so that a lesson depends on its
own only.
"""

import base64
import html
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from ipywidgets import HTML, Layout, VBox, Widget
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.companion.run import captioned


@dataclass(frozen=True)
class View:
    """A figure and the sliders that it depends on.

    Attributes
    ----------
    draw : callable
        Takes one keyword for each slider, returns a Figure.
    sliders : dict
        Name -> widget; its value is what ``draw`` is given.
    """

    draw: Callable[..., Figure]
    sliders: Mapping[str, Widget]

    def figure(self) -> Figure:
        """The figure where the sliders stand now."""
        return self.draw(**{name: slider.value for name, slider in self.sliders.items()})

    def controls(self, *, caption: str, tier: str = "simulated", **_: Any) -> VBox:
        """The sliders with the figure below them, drawn anew when one is let go. Arguments as
        :meth:`lib.companion.run.Run.figure`."""
        # no Image: that widget has no text for those who cannot see it
        picture, alt = HTML(), html.escape(caption)

        def redraw(_=None) -> None:
            figure, file = self.figure(), io.BytesIO()
            figure.text(0.01, 0.01, captioned(caption, tier), va="bottom", fontsize=7, color="0.35")
            # one pass: the footer of a blank figure is free, so nothing has to grow
            figure.savefig(file, format="png", dpi=110)
            drawn = base64.b64encode(file.getvalue()).decode()
            picture.value = (f'<img alt="{alt}" style="max-width: min(100%, 900px)" '
                             f'src="data:image/png;base64,{drawn}">')

        for slider in self.sliders.values():
            slider.style.description_width = "12em"
            slider.observe(redraw, names="value")
        redraw()
        return VBox([*self.sliders.values(), picture])


def wide(kind: type, **options: Any) -> Widget:
    """A slider that is as wide as the figure and answers when it is let go."""
    return kind(continuous_update=False, layout=Layout(width="36em"), **options)


def electrodes(ax: Axes, xy: np.ndarray, values: np.ndarray, limits: tuple[float, float], cmap: str,
               hidden=None):
    """Electrodes ``(n, 2)`` seen from above, the vertex at 0, coloured by ``values`` ``(n,)``;
    ``hidden`` ones have a cross."""
    dots = ax.scatter(*xy.T, c=values, s=3200 / len(xy), cmap=cmap, vmin=limits[0], vmax=limits[1],
                      edgecolors="0.4", linewidths=0.5)
    if hidden is not None:
        ax.scatter(*xy[hidden].T, marker="x", s=900 / len(xy), color="black", linewidths=1)
    reach = 1.12 * float(np.abs(xy).max())
    # the nose
    ax.plot([-0.1 * reach, 0, 0.1 * reach], [reach, 1.12 * reach, reach], color="0.4", lw=1)
    ax.set(aspect="equal", xlim=(-reach, reach), ylim=(-reach, 1.14 * reach))
    ax.axis("off")
    return dots
