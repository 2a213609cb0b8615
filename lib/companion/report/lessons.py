"""The executed notebooks that a report or the site shows: which copy of each, and what is to be
said about that copy."""

from pathlib import Path
from typing import NamedTuple

import nbformat

from lib import paths
from lib.companion.provenance import headings, read_notebook
from lib.companion.publish import paired
from lib.companion.state import folder


class Lesson(NamedTuple):
    """One executed notebook.

    Attributes
    ----------
    name : str
        File name without suffix; its first digit says where it belongs (0 start, 1 to 4 a paper, 9
        across the papers).
    paper : str
        Folder of its figures, from its header.
    nb : NotebookNode
        Cells with outputs as :func:`lib.companion.publish.paired` keeps them.
    profile : str
        Of this copy.
    parameters : dict
        Those given to the run of this copy; empty for a committed copy.
    note : str
        Why it is the committed copy; empty where it is the executed one.
    """

    name: str
    paper: str
    nb: nbformat.NotebookNode
    profile: str
    parameters: dict
    note: str = ""

    @property
    def title(self) -> str:
        """First heading."""
        texts = (cell.source for cell in self.nb.cells if cell.cell_type == "markdown")
        return next((found[0] for found in map(headings, texts) if found), "")


def _load(source: Path, profile: str, executed: bool) -> Lesson | None:
    name, paper, note = source.stem, read_notebook(source.stem).paper, ""
    copy = folder(profile) / f"{name}.ipynb"
    try:
        if executed:
            nb = paired(source, copy)
            ran = nbformat.read(copy, as_version=4).metadata.get("papermill", {})
            given = ran.get("parameters", {})
            own = {key: value for key, value in given.items() if key not in ("data", "out")}
            return Lesson(name, paper, nb, profile, own)
    except ValueError as error:
        note = str(error)
    if (committed := source.with_suffix(".ipynb")).is_file():
        return Lesson(name, paper, nbformat.read(committed, as_version=4), "demo", {}, note)
    return None


def lessons(profile: str = "demo", *, executed: bool = True) -> list[Lesson]:
    """Every notebook by name: the copy that was run in this profile; else the committed one, with
    the reason in ``note``.

    Parameters
    ----------
    profile : str
    executed : bool
        ``False`` takes the committed copies only. Notebooks with neither are left out.
    """
    return [*filter(None, (_load(source, profile, executed) for source in paths.sources()))]
