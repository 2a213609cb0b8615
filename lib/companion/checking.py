"""What learners saved, judged by the checks of the lesson: one's own exercise, or a folder of
hand-ins."""

import ast
import contextlib
import csv
import io
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

import nbformat

from lib import paths
from lib.companion.exercises import (HINT, SECONDS, Exercise, asserts, edited, exercises, lessons,
                                     place)
from lib.companion.handin import NO_WALLS, Fault, Handin, walls

LARGEST = 10 * 2**20  # choice: bytes of a hand-in; an exercise has 10 thousand
FORMULA = ("=", "+", "-", "@")  # how spreadsheets know one
COLUMNS = ("file", "student", "exercise", "points", "of", "message", "seconds")


class Mark(NamedTuple):
    """What an answer is worth, and the first thing that is to be said about it."""

    exercise: Exercise
    points: int
    message: str


def _message(function: str, error: Exception) -> str:
    """What to say about the first check that an answer does not pass."""
    name, text = getattr(error, "name", type(error).__name__), str(error)
    if name == "KeyError" and function in text:
        return (f"not yet: there is no function {function}(); its cell did not run, or its name "
                "was changed")
    if name not in ("", "NotImplementedError") and not isinstance(error, AssertionError):
        text = f"{function}() stopped the check with {name}: {text}"
    hint = HINT.search(text)
    return f"not yet: {text}\n  open hint {hint[1] if hint else 1} in the text above your code"


def mark(exercise: Exercise, handin: Handin) -> Mark:
    """Ask a hand-in what the checks of an exercise ask. A failed one does not end them, an error
    does."""
    names: dict = {}
    exec(exercise.solution, names)  # for what it imports
    names[exercise.function] = handin.function(exercise.function)
    faults = "".join(f"{fault}\n" for fault in handin.faults)
    said, passed, first = io.StringIO(), 0, None
    with contextlib.redirect_stdout(said):
        for part in ast.parse(exercise.check).body:
            try:
                exec(compile(ast.Module([part], []), "check", "exec"), names)
                passed += asserts(part)
            except Exception as error:
                first = first or error
                if not isinstance(error, AssertionError):
                    break
    if first:
        return Mark(exercise, passed, faults + _message(exercise.function, first))
    return Mark(exercise, exercise.points, said.getvalue().strip())


def judge(file: Path, lesson: str, seconds: float, hide: Path | None = None) -> list[Mark]:
    """Marks of a saved notebook, one for each exercise of the lesson; a ``ValueError`` says why
    there can be none. The file is only read, and the checks in it are not used."""
    if file.is_symlink() or not file.is_file() or file.stat().st_size > LARGEST:
        raise ValueError(f"expected a file of at most {LARGEST // 2**20} MiB; found a larger one, "
                         "a link or no file")
    try:
        nb = nbformat.read(file, as_version=4)
        code = [cell for cell in nb.cells if cell.cell_type == "code"]
        cells = [cell.source for cell in code if "check" not in cell.metadata.get("tags", [])]
    except Exception:
        raise ValueError("cannot be read as a notebook: save it again in JupyterLab") from None
    try:
        with contextlib.closing(Handin(cells, seconds, hide)) as handin:
            return [mark(exercise, handin) for exercise in exercises(lesson)]
    except Fault as fault:
        return [Mark(exercise, 0, f"not yet: {fault}") for exercise in exercises(lesson)]


def check(number: str, seconds: float = SECONDS) -> int:
    """Say what a learner's exercise is worth: 0 accepted, 1 not yet, 2 no such exercise.
    What was edited in ``make lab``, then ``<lesson>.mine.ipynb``, come before the file that was
    given."""
    there = {name.split("_")[0]: name for name in lessons()}
    lesson = there.get(number.split("_")[0])
    if lesson is None:
        print(f"there is no exercise {number!r}; say which one, for example make check EX=12. "
              f"There are {', '.join(there)}.")
        return 2
    given = place(lesson)
    played = paths.build() / "play" / "notebooks" / "exercises" / given.name
    files = [played] if played.exists() and edited(played) else []
    files += [given.with_suffix(".mine.ipynb"), given]
    file = next(filter(Path.exists, files), None)
    if file is None:
        print(f"exercises/{lesson}.ipynb is not there: make exercises")
        return 2
    try:
        marks = judge(file, lesson, seconds)
    except ValueError as error:
        print(f"{file.name} {error}; or delete it and say make exercises")
        return 2
    for one in marks:
        print(f"{file.name}, {one.exercise.title}: {one.message}\n"
              f"  {one.points} of {one.exercise.points} points")
    return int(any(one.points < one.exercise.points for one in marks))


def _lines(file: Path, folder: Path, seconds: float) -> Iterator[tuple]:
    """What the list says of one hand-in: student, exercise, points, of, message."""
    name = file.relative_to(folder).as_posix().removesuffix(".ipynb").removesuffix(".mine")
    lesson = next((lesson for lesson in lessons() if lesson in name), "")
    student = name.replace(lesson, "").strip(" ._-/") or "unknown"
    try:
        if not lesson or file.suffix != ".ipynb":
            raise ValueError("expected a notebook with the name of its lesson, such as "
                             f"{lessons()[0]}.ipynb, in its own")
        for one in judge(file, lesson, seconds, folder):
            yield student, one.exercise.title, one.points, one.exercise.points, one.message
    except ValueError as error:
        most = sum(exercise.points for exercise in exercises(lesson)) if lesson else 0
        yield student, lesson, 0, most, str(error)


def _cell(value: object) -> str:
    """A text on one line that no spreadsheet takes for a formula."""
    text = "".join(c if c.isprintable() else " " for c in str(value))
    text = " ".join(text.split())[:500]
    return f"'{text}" if text.startswith(FORMULA) else text


def grade(folder: Path, seconds: float = SECONDS) -> int:
    """Judge every file of a folder; the list is a new CSV in ``build/grades``. 2 without one."""
    folder = folder.resolve()
    files = sorted(file for file in folder.rglob("*")
                   if not file.is_dir() and "/." not in f"/{file.relative_to(folder).as_posix()}")
    if not files:
        print(f"{folder}: expected a folder of hand-ins; found no file. make grade FOLDER=<folder>")
        return 2
    grades = paths.build() / "grades"
    grades.mkdir(exist_ok=True)
    target = next(file for number in count(1)
                  if not (file := grades / f"{folder.name}-{number}.csv").exists())
    print(walls()[0])
    if walls()[0] == NO_WALLS:
        print("  grade on a machine, or in a container, that holds nothing you would miss")
    with target.open("x", newline="", encoding="utf-8") as opened:
        lines = csv.writer(opened)
        lines.writerow(COLUMNS)
        for file in files:
            began = time.monotonic()
            for line in _lines(file, folder, seconds):
                name, took = file.relative_to(folder).as_posix(), time.monotonic() - began
                lines.writerow([*map(_cell, (name, *line)), round(took, 1)])
                print(f"{name}: {line[2]} of {line[3]}")
            opened.flush()
    print(target)
    return 0
