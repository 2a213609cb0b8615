"""The tables of ``docs/teaching.md``, read from the lessons, so that the page cannot differ from
them. ``python -m lib.companion.teaching``."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import jupytext

from lib import paths
from lib.companion.exercises import HINT, exercises
from lib.companion.provenance import notebooks

PAGE = paths.ROOT / "docs" / "teaching.md"


def _opening(file: Path) -> dict[str, str]:
    """Title, goals and needs of a lesson, each on one line."""
    text = next(cell.source for cell in jupytext.read(file).cells if cell.cell_type == "markdown")
    goals = re.search(r"\*\*You will learn\*\*\n(.*?)\n\n", text, re.S)
    needs = re.search(r"\*\*Needs\*\* (.*?)(?:\n\n|\Z)", text, re.S)
    listed = [
        re.sub(r"\s+", " ", goal).strip(" ,.")
        for goal in re.split(r"^- ", goals[1] if goals else "", flags=re.M)[1:]
    ]
    return {
        "title": text.splitlines()[0].lstrip("# "), "goals": "; ".join(listed),
        "needs": re.sub(r"\s+", " ", needs[1]) if needs else ""
    }


def _link(file: Path) -> str:
    return f"[{file.stem}](../notebooks/{file.stem}.ipynb)"


def lessons_table() -> str:
    """Every lesson: what it asks, what is learnt, what it needs, as Markdown."""
    lines = ["| lesson | question | after it one knows | needs |", "|---|---|---|---|"]
    for file in sorted(notebooks().glob("[0-9]*.py")):
        found = _opening(file)
        lines.append(f"| {_link(file)} | {found['title']} | {found['goals']} | {found['needs']} |")
    return "\n".join(lines)


def mistakes_table() -> str:
    """Every exercise with the mistakes that its check names, as Markdown; shapes and values that
    are filled in read ``...``."""
    lines = ["| lesson | exercise | what the check says to wrong answers |", "|---|---|---|"]
    for file in sorted(notebooks().glob("[0-9]*.py")):
        for exercise in exercises(file.stem):
            said = [
                HINT.sub("", message).strip() for message in exercise.messages
                if " shape " not in message
            ]
            lines.append(
                f"| {_link(file)} | {exercise.title}: `{exercise.function}` | {'<br>'.join(said)} |"
            )
    return "\n".join(lines)


def page(text: str) -> str:
    """The text of the page with both tables put between their marks."""
    for name, table in (("lessons", lessons_table()), ("mistakes", mistakes_table())):
        marks = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
        head, _, rest = text.partition(marks[0])
        text = f"{head}{marks[0]}{table}\n{marks[1]}{rest.partition(marks[1])[2]}"
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.exit(0)
