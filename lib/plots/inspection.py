"""What a figure must not be saved with: empty axes, and marks outside of the limits."""

from collections.abc import Iterator

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.transforms import Transform

SLACK = 2.0  # points by which a mark may reach over


def _corners(artist: Artist) -> tuple[np.ndarray, Transform]:
    """Points ``(n, 2)`` of an artist, none for what has no place of its own, and the transform from
    their coordinates."""
    if isinstance(artist, PathCollection):
        return np.ma.filled(artist.get_offsets(), np.nan), artist.get_offset_transform()
    if isinstance(artist, Rectangle):
        return artist.get_bbox().get_points(), artist.get_data_transform()
    if isinstance(artist, Line2D):
        return artist.get_xydata(), artist.get_transform()
    lines = artist.get_segments() if isinstance(artist, LineCollection) else []
    points = np.concatenate([np.reshape(line, (-1, 2)) for line in [[], *lines]])
    return points, artist.get_transform()


def _placed(ax: Axes) -> Iterator[tuple[Artist, np.ndarray]]:
    """Marks that stand at a place in the data's coordinates, and their finite points in pixels."""
    for artist in (*ax.lines, *ax.collections, *ax.patches):
        points, transform = _corners(artist)
        points = points[np.isfinite(points).all(axis=1)]
        if artist.get_visible() and len(points) and transform == ax.transData:
            yield artist, transform.transform(points)


def _drawn(ax: Axes) -> bool:
    shapes = [
        artist for artist in (*ax.collections, *ax.patches)
        if artist.get_visible() and not isinstance(artist, LineCollection | PathCollection
                                                   | Rectangle)
    ]
    return bool(shapes or ax.images or ax.texts or ax.tables or next(_placed(ax), None))


def faults(figure: Figure) -> list[str]:
    """What is wrong with a figure that has been laid out, in words."""
    slack, found = SLACK * figure.dpi / 72, []
    for i, ax in enumerate(figure.findobj(Axes)):
        if not (ax.get_visible() and ax.axison):
            continue
        name = f"axes {i} ({ax.get_title(loc='left') or ax.get_title() or ax.get_ylabel() or '-'})"
        if not _drawn(ax):
            found.append(f"{name}: nothing is drawn")
        box = ax.get_window_extent().padded(slack)
        for artist, points in _placed(ax) if ax.name == "rectilinear" else ():
            out = ((points < box.min) | (points > box.max)).any(axis=1)
            if out.any() and artist.get_clip_on():
                x, y = ax.transData.inverted().transform(points[out][0])
                found.append(f"{name}: {type(artist).__name__} at ({x:.3g}, {y:.3g}) is outside")
    return found
