"""What a learner saved, run with the checks of the lesson."""

import ast
import subprocess
from itertools import count

import nbformat
from nbformat.v4 import new_code_cell

from lib import paths
from lib.companion.exercises import HINT, SECONDS, Exercise, exercises, lessons, place


def _run(nb: nbformat.NotebookNode, seconds: float) -> str:
    """Execute all cells in a kernel of their own; returns what ended it too early, or nothing."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    client = NotebookClient(nb, timeout=seconds, startup_timeout=120, kernel_name="python3",
                            allow_errors=True, resources={"metadata": {"path": str(paths.ROOT)}})
    try:
        client.execute(stderr=subprocess.DEVNULL)  # start-up chatter of the kernel
        return ""
    except CellTimeoutError:
        what = f"was stopped after {seconds:g} s: is there a loop that never ends?"
    except DeadKernelError:
        what = "ended the kernel, most likely for want of memory"
    return f"code cell {client.code_cells_executed + 1} {what}"


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


def _verdict(exercise: Exercise, cell: nbformat.NotebookNode) -> str:
    """What to say about an exercise."""
    name, text = _error(cell)
    function, hint = exercise.function, HINT.search(text)
    if not name:
        said = [o.text for o in cell.outputs if o.get("name") == "stdout"]
        return "".join(said).strip()
    if name == "NameError" and function in text:
        return (f"not yet: there is no function {function}(); its cell did not run, or its name "
                "was changed")
    if name == "AssertionError" and hint:
        text = f"not yet: {text}"
    elif name != "NotImplementedError":
        text = f"not yet: {function}() stopped the check with {name}: {text}"
    return f"{text}\n  open hint {hint[1] if hint else 1} in the text above your code"


def check(number: str, seconds: float = SECONDS) -> int:
    """Run a learner's exercise with the checks of its lesson, and say what came out. 0 accepted, 1
    not yet, 2 no such exercise.

    ``<lesson>.mine.ipynb`` comes before the file that was given. It is only read, and the checks in
    it are not used, so that a changed check accepts nothing.
    """
    there = {name.split("_")[0]: name for name in lessons()}
    lesson = there.get(number.split("_")[0])
    if lesson is None:
        print(
            f"there is no exercise {number!r}; say which one, for example make check EX=12. There "
            f"are {', '.join(there)}.")
        return 2
    given = place(lesson)
    file = next((f for f in (given.with_suffix(".mine.ipynb"), given) if f.exists()), None)
    if file is None:
        print(f"exercises/{lesson}.ipynb is not there: make exercises")
        return 2
    try:
        nb = nbformat.read(file, as_version=4)
    except Exception:
        print(
            f"{file.name} cannot be read as a notebook: save it again in JupyterLab, or delete it "
            "and say make exercises")
        return 2
    cells = [
        cell for cell in nb.cells
        if cell.cell_type == "code" and "check" not in cell.metadata.get("tags", [])
    ]
    own = exercises(lesson)
    checks = [new_code_cell(exercise.check) for exercise in own]
    nb.cells = cells + checks
    if ended := _run(nb, seconds):
        print(f"{file.name}: {ended}")
        return 1
    for fault in filter(None, map(_own_fault, count(1), cells)):
        print(f"{file.name}: {fault}")
    for exercise, cell in zip(own, checks, strict=True):
        print(f"{file.name}, {exercise.title}: {_verdict(exercise, cell)}")
    return int(any(_error(cell)[0] for cell in checks))
