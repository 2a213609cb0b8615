"""What a learner saved, run with the checks of the lesson."""

from __future__ import annotations

import ast
import subprocess

import nbformat
from nbformat.v4 import new_code_cell

from lib import paths
from lib.companion.exercises import HINT, SECONDS, Exercise, exercises, lessons, place


def _run(nb: nbformat.NotebookNode, seconds: float) -> str:
    """Execute all cells in a kernel of their own, going on after errors; returns what ended it too
    early, or nothing."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    client = NotebookClient(nb, timeout=seconds, startup_timeout=120, kernel_name="python3",
                            allow_errors=True, resources={"metadata": {"path": str(paths.ROOT)}})
    try:
        client.execute(stderr=subprocess.DEVNULL)  # start-up chatter of the kernel
    except CellTimeoutError:
        return (f"code cell {client.code_cells_executed + 1} was stopped after {seconds:g} s: is "
                "there a loop that never ends?")
    except DeadKernelError:
        return (f"code cell {client.code_cells_executed + 1} ended the kernel, most likely for "
                "want of memory")
    return ""


def _error(cell: nbformat.NotebookNode) -> tuple[str, str]:
    """Name and text of the error that a cell ended with; empty without one."""
    return next(((o.ename, o.evalue) for o in cell.outputs if o.output_type == "error"), ("", ""))


def _own_fault(number: int, cell: nbformat.NotebookNode) -> str:
    """One line about an error in a learner's own cell; empty without one."""
    name, text = _error(cell)
    if name in ("SyntaxError", "IndentationError", "TabError"):
        try:
            ast.parse(cell.source)
        # Python says it better than the kernel, which calls most of it "incomplete input"
        except SyntaxError as error:
            return f"code cell {number}, line {error.lineno}, is no Python: {error.msg}"
    return f"code cell {number} stopped with {name}: {text}" if name else ""


def _verdict(exercise: Exercise, cell: nbformat.NotebookNode) -> tuple[bool, list[str]]:
    """Whether an exercise is accepted, and what to say about it."""
    name, text = _error(cell)
    if not name:
        return True, [
            "".join(o.text for o in cell.outputs
                    if o.output_type == "stream" and o.name == "stdout").strip()
        ]
    if name == "NotImplementedError":
        lines = [text]
    elif name == "AssertionError" and HINT.search(text):
        lines = [f"not yet: {text}"]
    elif name == "NameError" and exercise.function in text:
        return False, [
            f"not yet: there is no function {exercise.function}(); its cell did not run, or its "
            "name was changed"
        ]
    else:
        lines = [f"not yet: {exercise.function}() stopped the check with {name}: {text}"]
    hint = HINT.search(text)
    return False, [*lines, f"open hint {hint[1] if hint else 1} in the text above your code"]


def check(number: str, seconds: float = SECONDS) -> int:
    """Run a learner's exercise with the checks of its lesson, and say what came out. 0 accepted, 1
    not yet, 2 no such exercise.

    The learner's file is ``<lesson>.mine.ipynb`` where that exists, else the one that was given.
    The checks in it are not used but those of the lesson, so that a changed check accepts nothing.
    The file itself is only read.
    """
    there = {name.split("_")[0]: name for name in lessons()}
    lesson = there.get(number.split("_")[0])
    if lesson is None:
        print(f"there is no exercise {number!r}; say which one, for example make check EX=12. "
              f"There are {', '.join(there)}.")
        return 2
    file = next(
        (f for f in (place(lesson).with_suffix(".mine.ipynb"), place(lesson)) if f.exists()), None)
    if file is None:
        print(f"exercises/{lesson}.ipynb is not there: make exercises")
        return 2
    try:
        nb = nbformat.read(file, as_version=4)
    except Exception:
        print(f"{file.name} cannot be read as a notebook: save it again in JupyterLab, or delete "
              "it and say make exercises")
        return 2
    cells = [
        cell for cell in nb.cells
        if cell.cell_type == "code" and "check" not in cell.metadata.get("tags", [])
    ]
    own = exercises(lesson)
    nb.cells = cells + [new_code_cell(exercise.check) for exercise in own]
    if ended := _run(nb, seconds):
        print(f"{file.name}: {ended}")
        return 1
    faults = [fault for k, cell in enumerate(cells, 1) if (fault := _own_fault(k, cell))]
    for fault in faults:
        print(f"{file.name}: {fault}")
    verdicts = [
        _verdict(exercise, cell) for exercise, cell in zip(own, nb.cells[len(cells):], strict=True)
    ]
    for exercise, (_, lines) in zip(own, verdicts, strict=True):
        print(f"{file.name}, {exercise.title}: " + "\n  ".join(lines))
    return int(not all(accepted for accepted, _ in verdicts))
