"""A filter above a table: what a reader with a kernel can do with a frame that everybody can read
as it stands."""

from collections.abc import Callable, Sequence

import ipywidgets as widgets
import pandas as pd

ALL = "all"
BOX = {"max_height": "32em", "overflow": "auto"}


def as_html(frame: pd.DataFrame) -> str:
    """A frame as an HTML table in small print, without an index; a dash where there is no value."""
    text = frame.to_html(index=False, na_rep="–", border=0, justify="left",
                         float_format="{:.3f}".format).replace(" ± ", "&nbsp;±&nbsp;")
    return f'<div style="font-size: 85%; line-height: 1.25">{text}</div>'


def filtered(frame: pd.DataFrame, columns: Sequence[str],
             show: Callable[[pd.DataFrame], pd.DataFrame] | None = None) -> widgets.VBox:
    """One menu per column above the lines that all menus let through.

    Parameters
    ----------
    frame : DataFrame
    columns : sequence of str
        Those that get a menu: ``all``, then each of their values, in the order of the frame (an
        empty text reads "none").
    show : callable, optional
        Turns the chosen lines into what is shown, for example
        :func:`lib.companion.scoreboard.shown`; by default they are shown as they are.

    Returns
    -------
    VBox
        Its children: the menus (an HBox), how many lines are left (an HTML), the lines (a Box that
        scrolls, with an HTML).
    """
    values = {column: list(frame[column].drop_duplicates()) for column in columns}
    wide = widgets.Layout(width="auto", min_width="9em")
    menus = [
        widgets.Dropdown(options=[ALL, *(str(value) or "none" for value in values[column])],
                         index=0, description=column, layout=wide) for column in columns
    ]
    said, table = widgets.HTML(), widgets.HTML()

    def update(_change=None) -> None:
        chosen = frame
        for column, menu in zip(columns, menus, strict=True):
            if menu.index:
                chosen = chosen[chosen[column] == values[column][menu.index - 1]]
        none = "" if len(chosen) else f": set one of the menus back to {ALL}"
        said.value = f"{len(chosen)} of {len(frame)} lines{none}"
        table.value = "" if none else as_html(show(chosen) if show else chosen)

    for menu in menus:
        menu.observe(update, names="index")
    update()
    above = widgets.HBox(menus, layout=widgets.Layout(flex_flow="row wrap"))
    return widgets.VBox([above, said, widgets.Box([table], layout=widgets.Layout(**BOX))])
