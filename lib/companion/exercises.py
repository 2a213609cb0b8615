"""Exercises with a check: cut out of the lessons, given to learners without the solution, and
checked as the learner saved them.

In a lesson an exercise is three cells in a row: a text tagged ``exercise``, a function tagged
``solution`` whose body stands between the comments ``# your code`` and ``# end``, and asserts
tagged ``check`` whose messages name the mistake and a hint.

``python -m lib.companion.exercises write`` makes ``notebooks/exercises/<lesson>.ipynb`` of them, in
which the body is missing; ``python -m lib.companion.exercises check 12`` runs what a learner saved
there, with the checks of the lesson; ``grade <folder>`` does so with a folder of hand-ins.
"""

import argparse
import ast
import os
import re
import sys
from pathlib import Path
from typing import NamedTuple

import jupytext
import nbformat
from IPython import get_ipython
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lib import paths
from lib.companion.provenance import headings
from lib.files import cells_digest, number_cells
from lib.whole import write_file

BEGIN, END = "# your code", "# end"
BODY = re.compile(rf"(?<={BEGIN}\n)(?P<body>.*?)(?P<indent>[ ]*)(?={END}$)", re.S | re.M)
SECONDS = 60  # choice: the longest that a hand-in may run
HINT = re.compile(r"\(hint (\d)\)")
PARTS = ["exercise", "solution", "check"]
TEXTS = Path(__file__).with_name("deck") / "exercise.md"  # above all exercises, below each task
HEAD, POINTS = TEXTS.read_text(encoding="utf-8").rstrip("\n").split("\n---\n")
PLAINLY = ("from lib.companion.exercises import say_plainly\n\n"
           "say_plainly()  # what is wrong, without a traceback\n")
# JupyterLab: text and checks are not changed by accident
LOCKED = {"editable": False, "deletable": False}
TASK = LOCKED | {"tags": ["exercise"]}
CHECK = LOCKED | {"tags": ["check"], "jupyter": {"source_hidden": True}}
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def _function(solution: str) -> str:
    return next(node.name for node in ast.parse(solution).body if isinstance(node, ast.FunctionDef))


def asserts(statement: ast.stmt) -> bool:
    """Whether a statement of a check asserts something, and so is worth a point."""
    return any(isinstance(node, ast.Assert) for node in ast.walk(statement))


class Exercise(NamedTuple):
    """One exercise of a lesson: the sources of its three cells."""

    text: str
    solution: str
    check: str

    @property
    def title(self) -> str:
        """The heading of the text, without ``Exercise:``."""
        return headings(self.text)[0].removeprefix("Exercise: ")

    @property
    def function(self) -> str:
        """Name of the function to be written."""
        return _function(self.solution)

    @property
    def points(self) -> int:
        """One for each check, and as many again for all of them: a made-up answer passes some."""
        return 2 * sum(map(asserts, ast.parse(self.check).body))

    @property
    def messages(self) -> list[str]:
        """What the checks say about wrong answers; a value that is filled in reads ``...``."""
        def said(part) -> str:
            return str(part.value) if isinstance(part, ast.Constant) else "..."

        asserts = [node for node in ast.walk(ast.parse(self.check)) if isinstance(node, ast.Assert)]
        texts = [getattr(node.msg, "values", [node.msg]) for node in asserts]
        return ["".join(map(said, parts)) for parts in texts]


def stub(solution: str) -> str:
    """A solution without what stands between its two comments (once, else a ``ValueError``);
    instead it raises an error that says what to do."""
    name = _function(solution)
    todo = (f'raise NotImplementedError("{name}() is not written yet: put your code here, in place '
            'of this line (hint 1)")\n')
    text, n = BODY.subn(lambda found: f"{found['indent']}{todo}{found['indent']}", solution)
    if n != 1:
        raise ValueError(
            f"{name}: a solution stands once between the comments {BEGIN!r} and {END!r}")
    return text


def exercises(lesson: str) -> list[Exercise]:
    """The exercises of a lesson (its file name without suffix), in order; a ``ValueError`` where
    the three cells of one do not follow each other."""
    cells = jupytext.read(paths.notebooks() / f"{lesson}.py").cells
    tags = ["".join({*PARTS} & {*cell.metadata.get("tags", [])}) for cell in cells]
    starts = [i for i in range(len(cells)) if tags[i:i + 3] == PARTS]
    if 3 * len(starts) != len(tagged := [*filter(None, tags)]):
        raise ValueError(f"{lesson}: an exercise is three cells in a row, tagged "
                         f"{', '.join(PARTS)}; found {tagged}")
    return [Exercise(*(cell.source for cell in cells[i:i + 3])) for i in starts]


def say_plainly() -> None:
    """In this kernel, what a check says stands alone; other errors keep their traceback."""
    def tell(shell, kind, value, trace, tb_offset=None):
        if HINT.search(str(value)):
            shell._showtraceback(kind, value, [f"not yet: {value}"])
        else:
            shell.showtraceback((kind, value, trace), tb_offset)

    get_ipython().set_custom_exc((AssertionError, NotImplementedError), tell)


def lessons() -> list[str]:
    """Lessons that have an exercise."""
    files = paths.sources()
    return [file.stem for file in files if '"solution"' in file.read_text(encoding="utf-8")]


def place(lesson: str) -> Path:
    """Where the exercises of a lesson are written."""
    return paths.notebooks() / "exercises" / f"{lesson}.ipynb"


def sheet(lesson: str) -> nbformat.NotebookNode:
    """What a learner is given: the exercises of a lesson with the bodies of their functions
    missing. Same bytes for the same lesson."""
    own = exercises(lesson)
    title = headings(jupytext.read(paths.notebooks() / f"{lesson}.py").cells[0].source)[0]
    head = HEAD.format(s="" if len(own) == 1 else "s", number=lesson.split("_")[0], title=title,
                       lesson=lesson)
    cells = [new_markdown_cell(head, metadata=LOCKED)]
    for exercise in own:
        points = POINTS.format(points=exercise.points, checks=exercise.points // 2)
        cells.append(new_markdown_cell(exercise.text.removeprefix("#") + points, metadata=TASK))
        cells.append(new_code_cell(stub(exercise.solution)))
        cells.append(new_code_cell(PLAINLY + exercise.check, metadata=CHECK))
    number_cells(cells, f"exercises/{lesson}")
    about = {"companion": {"given": cells_digest(cells)}, "language_info": {"name": "python"}}
    return new_notebook(cells=cells, metadata=about | {"kernelspec": KERNEL})


def edited(file: Path) -> bool:
    """Whether somebody has worked in an exercise: its cells are no longer those that were written.
    Outputs do not count."""
    try:
        nb = nbformat.read(file, as_version=4)
        return nb.metadata.get("companion", {}).get("given") != cells_digest(nb.cells)
    except Exception:  # damaged by hand: certainly not ours to overwrite
        return True


def write(names: list[str] | None = None) -> int:
    """Write the exercises of lessons. What a learner has edited is kept as ``<lesson>.mine.ipynb``;
    1 where that is there already."""
    code = 0
    for lesson in names or lessons():
        file, kept = place(lesson), ""
        mine, fresh = file.with_suffix(".mine.ipynb"), nbformat.writes(sheet(lesson)) + "\n"
        if file.exists() and edited(file):
            if mine.exists():
                print(f"{file.name}: you have worked in it, and {mine.name} is there too; nothing "
                      "was written. Rename one of the two.")
                code = 1
                continue
            file.rename(mine)
            kept = f"; your work is now {mine.name}, and make check looks there first"
        elif file.exists() and file.read_text(encoding="utf-8") == fresh:
            continue
        write_file(file, fresh)
        print(f"{file.relative_to(paths.notebooks().parent)}: written{kept}")
    return code


def main(argv: list[str] | None = None) -> int:
    """Write the exercises of the lessons, or check what a learner has written."""
    parser = argparse.ArgumentParser(prog="python -m lib.companion.exercises",
                                     description=main.__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("write").add_argument("lessons", nargs="*")
    asked, graded = commands.add_parser("check"), commands.add_parser("grade")
    asked.add_argument("number", nargs="?", default="", help="number of the lesson, for example 12")
    graded.add_argument("folder", type=Path, help="hand-ins, each named like its lesson")
    for command in (asked, graded):
        command.add_argument("--seconds", type=float, default=SECONDS, help="longest time for one")
    args = parser.parse_args(argv)
    if args.command == "write":
        return write(args.lessons)
    os.environ.setdefault("MPLCONFIGDIR", str(paths.build() / "matplotlib"))
    from lib.companion import checking

    if args.command == "grade":
        return checking.grade(args.folder, args.seconds)
    return checking.check(args.number, args.seconds)


if __name__ == "__main__":
    sys.exit(main())
