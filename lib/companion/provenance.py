"""Where each figure and table came from: a manifest of rows, and a check of it that runs nothing
again.

``figures/manifest.json`` holds one row per file: the notebook and the cell that made it, the
parameters, the code (hash of the notebook's code and of everything in this package that it
imports), the lock file, the data's tier, the file's hash. ``python -m lib.companion.verify`` prints
one line per broken link of that chain. Results of the demo profile must come from the code that
stands here, since anyone can make them again. Those of the other profiles need the user's data:
where code or lock have changed since, that is said beside them, and is no fault.
"""

import ast
import hashlib
import json
import os
import re
import resource
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from lib import paths, profiles
from lib.files import merge_json
from lib.store import bare, import_closure, json_digest

MARKER = re.compile(r"^# %%(.*)$", re.M)
HEADER = re.compile(r"\A# ---\n(?P<yaml>(?:#.*\n)*?)# ---\n")
RESOURCES = {".csv", ".yaml", ".json"}  # data files of the package that a result can depend on


@dataclass(frozen=True)
class Cell:
    """One cell of a percent-format notebook: ``code`` or not, its text."""

    code: bool
    source: str


@dataclass(frozen=True)
class Notebook:
    """The source of a notebook (its percent-format ``.py``), read without executing or importing
    anything."""

    file: Path
    paper: str
    produces: tuple[str, ...]
    cells: tuple[Cell, ...]
    profiles: tuple[str, ...] = profiles.OURS
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
        method = "figure" if kind in ("figure", "data") else "table"
        heading, number = "", 0
        for cell in self.cells:
            number += cell.code
            if not cell.code:
                text = re.sub("^# ?", "", cell.source, flags=re.M)
                heading = [heading, *headings(text)][-1]
            elif re.search(rf"""\.{method}\(\s*["']{re.escape(identifier)}["']""", cell.source):
                return {"cell": number, "heading": heading}
        return {"cell": None, "heading": ""}

    def missing(self, rows: Iterable[dict]) -> list[str]:
        """Declared outputs that are not among a manifest's rows."""
        made = {row["id"] for row in rows}
        return [declared for declared in self.produces if declared not in made]

    def code_parts(self, profile: str) -> dict[str, str]:
        """What the notebook's results depend on in the project: digest by name of each of its own
        code cells, each module, and what the profile says of each paper that it imports.

        Text cells and comments are no part of it, so that rewording a lesson makes nothing stale.
        """
        cells = [bare(cell.source) for cell in self.cells if cell.code]
        parts = {"cells": json_digest(cells), "declared": json_digest([self.paper, *self.produces])}
        files = set(import_closure(self.file)[0].values())
        parts |= {_relative(file): bare(file.read_text(encoding="utf-8")) for file in files}
        beside = {data for folder in {file.parent for file in files} for data in folder.iterdir()}
        parts |= {_relative(data): sha256(data) for data in beside if data.suffix in RESOURCES}
        presets = profiles.load(profile).presets
        papers = {file.parent.name for file in files if file.name == "settings.py"}
        return parts | {f"preset of {name}": json_digest(presets.get(name, {})) for name in papers}

    def code(self, profile: str) -> str:
        """One hash of :meth:`code_parts`."""
        return json_digest(sorted(self.code_parts(profile).items()))


def _relative(file: Path) -> str:
    return file.relative_to(paths.ROOT).as_posix()


def sha256(file: str | os.PathLike) -> str:
    """Hash of a file's bytes; ``"none"`` where there is no such file."""
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except FileNotFoundError:
        return "none"


def headings(text: str) -> list[str]:
    """Every heading of a Markdown text."""
    return re.findall(r"^#+ +(.+?) *$", text, re.M)


def peak_mib(*whose: int) -> int:
    """Most memory that a process of these (``resource.RUSAGE_...``) held, in MiB."""
    peak = max(resource.getrusage(who).ru_maxrss for who in whose)
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10))


def read_notebook(name: str) -> Notebook:
    """Read the header and the cells of ``notebooks/<name>.py``.

    Raises
    ------
    FileNotFoundError
        Where there is no such notebook; the message lists those that there are.
    SyntaxError
        Where it is no Python (the marks of a merge conflict).
    """
    file = paths.notebooks() / f"{name}.py"
    if not file.is_file():
        there = ", ".join(source.stem for source in paths.sources()) or "none"
        raise FileNotFoundError(f"no notebook {name}: there are {there}")
    text = file.read_text(encoding="utf-8")
    ast.parse(text, f"{file.parent.name}/{file.name}")
    header = HEADER.match(text)
    meta = yaml.safe_load(re.sub(r"^# ?", "", header["yaml"], flags=re.M)) if header else {}
    companion = meta.get("jupyter", {}).get("companion", {})
    parts = MARKER.split(text)[1:]
    pairs = zip(parts[::2], parts[1::2], strict=True)
    cells = tuple(Cell("[markdown]" not in mark, source.strip("\n")) for mark, source in pairs)
    return Notebook(file, companion.get("paper", ""), tuple(companion.get("produces") or ()), cells,
                    tuple(companion.get("profiles") or profiles.OURS), bool(companion.get("reads")))


def root(out: str | os.PathLike = "") -> Path:
    """Folder under which all figures and tables lie: ``out``, relative to the project; empty means
    ``build/figures``, in ``make lab`` the ``RESULTS`` of the environment."""
    return paths.ROOT / (out or os.environ.get("RESULTS") or paths.build() / "figures")


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
    readers = {source.stem for source in paths.sources() if read_notebook(source.stem).reads}
    rows = []
    for manifest in sorted(
        {*root(out).rglob("manifest.json"), *paths.FIGURES.rglob("manifest.json")}):
        try:
            listed = json.loads(manifest.read_text(encoding="utf-8"))
            rows += [[str(manifest), row["file"], row["sha256"], row["cell"]] for row in listed
                     if row["file"].endswith(".csv") and row["notebook"] not in readers]
        except (ValueError, KeyError, TypeError):  # damaged: the notebook that reads it says so
            rows.append([str(manifest), sha256(manifest)])
    return json_digest(rows)


def record(manifest: Path, notebook: str, rows: list[dict]) -> None:
    """Put a notebook's rows into a manifest in place of the ones it had; rows of other notebooks
    stay, sorted by file."""
    def change(old):
        kept = {row["file"]: row for row in old or () if row["notebook"] != notebook}
        return [row for _, row in sorted((kept | {row["file"]: row for row in rows}).items())]

    merge_json(manifest, change)
