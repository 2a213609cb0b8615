"""Where each figure and table came from: a manifest of rows, and a check of it that runs nothing
again.

``figures/manifest.json`` holds one row per file: the notebook and the cell that made it, the
parameters, the code (hash of the notebook's code and of everything in this package that it
imports), the lock file, the data's tier, the file's hash. ``python -m lib.companion.verify`` prints
one line per broken link of that chain. Results of the demo profile must come from
the code that stands here, since anyone can make them again. Those of the other profiles need the
user's data: where code or lock have changed since, that is said beside them, and is no fault.
"""

from __future__ import annotations

import ast
import hashlib
import io
import json
import os
import re
import tokenize
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from lib import paths
from lib.files import merge_json
from lib.store import import_closure

PROFILES = ("demo", "public", "paper")
MARKER = re.compile(r"^# %%(?P<rest>.*)$", re.M)
HEADER = re.compile(r"\A# ---\n(?P<yaml>(?:#.*\n)*?)# ---\n")
RESOURCES = {".csv", ".yaml", ".json"}  # data files of the package that a result can depend on


@dataclass(frozen=True)
class Cell:
    """One cell of a percent-format notebook: ``code`` or not, its tags, its text."""

    code: bool
    tags: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class Notebook:
    """The source of a notebook (its percent-format ``.py``), read without executing or importing
    anything."""

    file: Path
    paper: str
    produces: tuple[str, ...]
    cells: tuple[Cell, ...]
    profiles: tuple[str, ...] = PROFILES
    reads: bool = False  # its results depend on those of the other notebooks

    @property
    def name(self) -> str:
        """File name without its suffix, for example ``10_rmmt_data``."""
        return self.file.stem

    def place(self, identifier: str, kind: str = "figure") -> dict:
        """Where an output is made: number of the code cell (from 1) that names it, and the heading
        above it.

        A table may have the id of a figure. ``kind``: ``"table"``, or ``"figure"`` and ``"data"``
        for a figure and what is drawn in it.
        """
        method = "table" if kind == "table" else "figure"
        heading, number = "", 0
        for cell in self.cells:
            if not cell.code:
                heading = next(
                    (line.lstrip("# ")
                     for line in reversed(cell.source.splitlines()) if re.match(r"# #+ ", line)),
                    heading)
                continue
            number += 1
            if re.search(rf"""\.{method}\(\s*["']{re.escape(identifier)}["']""", cell.source):
                return {"cell": number, "heading": heading}
        return {"cell": None, "heading": ""}

    def code_parts(self) -> dict[str, str]:
        """What the notebook's results depend on in the project: digest by name of each of its own
        code cells and each module.

        Text cells and comments are no part of it, so that rewording a lesson makes nothing stale.
        """
        cells = [bare(cell.source) for cell in self.cells if cell.code]
        parts = {"cells": _digest(cells), "declared": _digest([self.paper, *self.produces])}
        modules, _ = import_closure(self.file)
        for file in modules.values():
            parts[_relative(file)] = _digest(bare(file.read_text(encoding="utf-8")))
            parts |= {
                _relative(data): sha256(data) for data in sorted(file.parent.iterdir())
                if data.suffix in RESOURCES
            }
        return parts

    def code(self) -> str:
        """One hash of :meth:`code_parts`."""
        return _digest(sorted(self.code_parts().items()))


def _digest(value) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


@cache
def bare(source: str) -> str:
    """Python source without comments, docstrings and blank lines.

    Text, not a syntax tree: a tree prints differently in each version of Python, and the manifest
    is read by all of them.
    """
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef
                      | ast.AsyncFunctionDef) and ast.get_docstring(node) is not None:
            first, last = node.body[0].lineno - 1, node.body[0].end_lineno
            if not lines[first][:node.body[0].col_offset].strip():  # not on the line of its def
                lines[first:last] = [""] * len(lines[first:last])
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _relative(file: Path) -> str:
    return file.relative_to(paths.ROOT).as_posix()


def sha256(file: str | os.PathLike) -> str:
    """Hash of a file's bytes; ``"none"`` where there is no such file."""
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except FileNotFoundError:
        return "none"


def notebooks() -> Path:
    """Folder of the notebooks (``NOTEBOOKS`` in the environment moves it, as the tests do)."""
    return Path(os.environ.get("NOTEBOOKS") or paths.NOTEBOOKS)


def read_notebook(name: str) -> Notebook:
    """Read the header and the cells of ``notebooks/<name>.py``.

    Raises
    ------
    FileNotFoundError
        Where there is no such notebook; the message lists those that there are.
    SyntaxError
        Where it is no Python (the marks of a merge conflict).
    """
    file = notebooks() / f"{name}.py"
    if not file.is_file():
        there = ", ".join(sorted(p.stem for p in notebooks().glob("[0-9]*.py"))) or "none"
        raise FileNotFoundError(f"no notebook {name}: there are {there}")
    text = file.read_text(encoding="utf-8")
    ast.parse(text, f"{file.parent.name}/{file.name}")
    header = HEADER.match(text)
    meta = yaml.safe_load(re.sub(r"^# ?", "", header["yaml"], flags=re.M)) if header else {}
    companion = meta.get("jupyter", {}).get("companion", {})
    marks = [*MARKER.finditer(text)]
    cells = [
        Cell("[markdown]" not in mark["rest"], tuple(re.findall(r'"([\w-]+)"', mark["rest"])),
             text[mark.end():end].strip("\n")) for mark, end in
        zip(marks, [*(m.start() for m in marks[1:]), len(text)], strict=True)
    ]
    return Notebook(file, companion.get("paper", ""), tuple(companion.get("produces") or ()),
                    tuple(cells), tuple(companion.get("profiles") or PROFILES),
                    bool(companion.get("reads")))


def root(out: str | os.PathLike = "") -> Path:
    """Folder under which all figures and tables lie: ``out``, relative to the project; empty means
    ``build/figures``."""
    return paths.ROOT / out if str(out) else paths.build() / "figures"


def results(out: str | os.PathLike, paper: str, profile: str) -> tuple[Path, Path]:
    """Folder of a notebook's figures and tables, and the manifest that lists them.

    ``<out>/<paper>`` with ``<out>/manifest.json`` for the demo profile; the other profiles keep a
    manifest of their own in ``<out>/<paper>/<profile>``. ``out`` is that of :func:`root`.
    """
    base = root(out)
    folder = base / paper if profile == "demo" else base / paper / profile
    return folder, (base if profile == "demo" else folder) / "manifest.json"


def others(out: str | os.PathLike = "") -> str:
    """Digest of the tables of all notebooks, for those that read them (``reads: true`` in the
    header).

    Counts every table that a manifest under :func:`root` or in the committed ``figures/`` lists:
    its file, its content, its cell. Notebooks that read others are left out, or two of them would
    make each other stale for ever.
    """
    readers = {p.stem for p in notebooks().glob("[0-9]*.py") if read_notebook(p.stem).reads}
    rows = []
    for manifest in sorted(
        {*root(out).rglob("manifest.json"), *paths.FIGURES.rglob("manifest.json")}):
        try:
            listed = json.loads(manifest.read_text(encoding="utf-8"))
            rows += [[str(manifest), row["file"], row["sha256"], row["cell"]] for row in listed
                     if row["file"].endswith(".csv") and row["notebook"] not in readers]
        except (ValueError, KeyError, TypeError):  # damaged: the notebook that reads it says so
            rows.append([str(manifest), sha256(manifest)])
    return _digest(rows)


def record(manifest: Path, notebook: str, rows: list[dict]) -> None:
    """Put a notebook's rows into a manifest in place of the ones it had; rows of other notebooks
    stay, sorted by file."""
    def change(old):
        kept = {row["file"]: row for row in old or () if row["notebook"] != notebook}
        return [row for _, row in sorted((kept | {row["file"]: row for row in rows}).items())]

    merge_json(manifest, change)
