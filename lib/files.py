"""How files are written, so that nothing is lost: one writer at a time, no edit of a notebook or
of a page overwritten."""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from filelock import FileLock

from lib import paths
from lib.profiles import Refused
from lib.store import json_digest
from lib.whole import write_file

LOST = """\
{copy} was edited without its pair {source}, which is what is run: {where}.
  Nothing was run, nothing was written. To keep the edit: {keep}
  To drop it: delete {copy}; make notebooks writes it again.
  (JupyterLab, opened by make lab, saves both.)"""
DAMAGED = """\
{copy}: expected a notebook, found {found}.
  It is not overwritten. Mend it, or delete it: make notebooks writes it again from {source}."""

ADDED = {"papermill-error-cell-tag", "injected-parameters"}  # tags of cells that papermill adds


def lock(file: Path) -> FileLock:
    """The lock of whoever writes a file, of this run or of another one in the same ``build/``."""
    locks = paths.build() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    return FileLock(locks / f"{hashlib.sha256(os.fsencode(file.resolve())).hexdigest()[:16]}.lock")


def read_json(file: Path) -> Any:
    """What a JSON file of our own holds; None where there is none."""
    try:
        return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
    except ValueError as error:
        raise Refused(f"{file}: expected JSON, as it was written here; found something else "
                      f"({error}). Restore it, or delete it and run `make reproduce`.") from None


def merge_json(file: Path, change):
    """Rewrite a JSON file as ``change(what it held, or None)``, which is returned: atomically, one
    writer at a time."""
    with lock(file):
        new = change(read_json(file))
        write_file(file, json.dumps(new, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return new


def as_markdown(head: Sequence[str], rows: Iterable[Sequence]) -> str:
    """A Markdown table."""
    first, *others = (f"| {' | '.join(map(str, line))} |" for line in [head, *rows])
    return "\n".join([first, "|---" * len(head) + "|", *others])


def filled(page: str, name: str, table: str, file: str) -> str:
    """The text of a page with a table put between the marks of its name; ``file`` is what messages
    call the page."""
    marks = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    head, begin, rest = page.partition(marks[0])
    _, end, tail = rest.partition(marks[1])
    if not (begin and end):
        raise ValueError(f"{file}: expected a line `{marks[0].strip()}` and, below it, "
                         f"`{marks[1]}`; found not both")
    return f"{head}{begin}{table}\n{end}{tail}"


def _sources(cells: Sequence) -> list[tuple[str, str]]:
    """Kind and text of each cell that holds any: no outputs, no metadata."""
    found = [(cell["cell_type"], "".join(cell["source"]).rstrip()) for cell in cells]
    return [cell for cell in found if cell[1]]


def own_cells(cells: Sequence) -> list:
    """The cells of an executed copy without those that papermill added."""
    return [cell for cell in cells if not ADDED & {*cell["metadata"].get("tags", [])}]


def cells_digest(cells: Sequence) -> str:
    """Hash of the kinds and texts of cells."""
    return json_digest(_sources(cells))


def number_cells(cells: Sequence, name: str) -> None:
    """Give the cells of a file ids that are the same each time it is written."""
    for index, cell in enumerate(cells):
        cell.id = hashlib.sha256(f"{name}:{index}".encode()).hexdigest()[:8]


def edits(source: Path) -> str:
    """What to say where the ``.ipynb`` beside a ``.py`` holds an edit that running and publishing
    the ``.py`` would lose.

    Times tell nothing in a clone. The ``.ipynb`` holds the hash of the cells it was published with:
    where they are still those, the ``.py`` is newer; where they are those of the ``.py``
    (JupyterLab saves both), nothing is lost.
    """
    copy, text = source.with_suffix(".ipynb"), ""
    names = {"copy": f"{copy.parent.name}/{copy.name}", "source": source.name}
    try:
        text = copy.read_text(encoding="utf-8")
        nb = json.loads(text)
        known = nb["metadata"].get("published")
        if cells_digest(nb["cells"]) == known:
            return ""
        cells = [cell | {"source": "".join(cell["source"])} for cell in nb["cells"]]
    except FileNotFoundError:
        return ""
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        conflict = re.search("^<<<<<<< ", text, re.M) and "the marks of a merge conflict"
        return DAMAGED.format(found=conflict or f"{type(error).__name__}: {error}", **names)
    import jupytext  # these take a second, and are needed only here
    import nbformat

    ours = _sources(jupytext.read(source).cells)
    # by way of the .py, which does not keep everything (blank lines at the end of a cell)
    script = jupytext.writes(nbformat.from_dict(nb | {"cells": cells}), "py:percent")
    theirs = _sources(jupytext.reads(script, "py:percent").cells)
    if theirs in (ours, _ran(copy.name)):
        return ""
    count, cell = next((i, b) for i, (a, b) in enumerate(zip_longest(ours, theirs), 1) if a != b)
    where = f"its cell {count} says {cell[1][:60]!r}" if cell else f"its cell {count} is gone"
    into = "" if json_digest(ours) == known else f" -o build/{source.name}"
    keep = f".venv/bin/jupytext --to py:percent{into} notebooks/{copy.name}"
    return LOST.format(where=where, keep=keep, **names)


def _ran(name: str) -> list[tuple[str, str]]:
    """Cells of the executed demo copy: they were those of the ``.py``."""
    try:
        cells = json.loads((paths.build() / name).read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return []
    return _sources(own_cells(cells))
