"""Figures that must not be saved are refused, and those that may be are not."""

import numpy as np
import pytest
from matplotlib.lines import Line2D

from lib.plots.inspection import faults
from lib.plots.shapes import blanks


@pytest.fixture
def panel():
    figure, (left, right) = blanks(2.5, 2)
    left.plot([0, 1], [0.2, 0.8], "o-", label="ours")
    left.set(xlim=(-0.1, 1.1), ylim=(0, 1), title="CCC")
    right.bar([0, 1], [0.2, 0.8])
    left.legend(handles=[Line2D([], [], marker="o", label="ours")])
    left.axhline(0.5)
    left.axvspan(0.2, 0.4)
    return figure, left, right


def found(figure):
    figure.draw_without_rendering()
    return faults(figure)


def test_a_whole_figure_has_no_faults(panel):
    figure, left, right = panel
    left.errorbar([0, 1], [0.2, 0.8], yerr=0.2, fmt="none")  # ends on the edge
    left.errorbar([0.5], [0.5], yerr=[[np.nan], [np.nan]], fmt="o")  # no interval
    right.cla()
    right.imshow(np.eye(3))
    assert found(figure) == []


@pytest.mark.parametrize("draw", [
    lambda ax: ax.plot([0], [1.2], "o"), lambda ax: ax.scatter([0, 3], [0.5, 0.5]),
    lambda ax: ax.bar([0], [1.3]), lambda ax: ax.barh([0.5], [0.4], left=0.9),
    lambda ax: ax.errorbar([0.5], [0.9], yerr=[[0.1], [0.3]], fmt="o"),
    lambda ax: ax.vlines([0.5], 0.5, 1.4), lambda ax: ax.plot([0, 1], [-0.3, 0.5])
], ids=range(7))
def test_a_mark_outside_of_the_limits_is_refused(panel, draw):
    figure, left, _ = panel
    draw(left)
    left.set(xlim=(-0.1, 1.1), ylim=(0, 1))
    assert "axes 0 (CCC)" in found(figure)[0]
    assert all("is outside" in fault for fault in found(figure))


def test_empty_axes_are_refused_unless_switched_off(panel):
    figure, _, right = panel
    right.cla()
    assert found(figure) == ["axes 1 (-): nothing is drawn"]
    right.plot([np.nan], [1], "o")
    right.axhline(0)
    right.axvspan(0, 1)
    assert found(figure) == ["axes 1 (-): nothing is drawn"]
    right.set_axis_off()
    assert found(figure) == []
