"""The tables of ``docs/teaching.md``, read from the lessons, so that the page cannot differ from
them. ``python -m lib.companion.teaching``."""

import re
from pathlib import Path

import jupytext

from lib import paths
from lib.companion.exercises import HINT, exercises
from lib.companion.provenance import headings
from lib.files import as_markdown, filled

PAGE = paths.ROOT / "docs" / "teaching.md"


def _opening(file: Path) -> list[str]:
    """Title, goals and needs of a lesson, each on one line."""
    text = next(cell.source for cell in jupytext.read(file).cells if cell.cell_type == "markdown")
    goals = re.search(r"\*\*You will learn\*\*\n(.*?)\n\n", text, re.S)
    needs = re.search(r"\*\*Needs\*\* (.*?)(?:\n\n|\Z)", text, re.S)
    listed = re.split(r"^- ", goals[1] if goals else "", flags=re.M)[1:]
    learnt = "; ".join(" ".join(goal.split()).strip(" ,.") for goal in listed)
    return [headings(text)[0], learnt, re.sub(r"\s+", " ", needs[1]) if needs else ""]


def _link(file: Path) -> str:
    return f"[{file.stem}](../notebooks/{file.stem}.ipynb)"


def lessons_table() -> str:
    """Every lesson: what it asks, what is learnt, what it needs, as Markdown."""
    return as_markdown(["lesson", "question", "after it one knows", "needs"],
                       [[_link(file), *_opening(file)] for file in paths.sources()])


def mistakes_table() -> str:
    """Every exercise with the mistakes that its check names, as Markdown; shapes and values that
    are filled in read ``...``."""
    rows = []
    for file in paths.sources():
        for exercise in exercises(file.stem):
            said = [
                HINT.sub("", text).strip() for text in exercise.messages if " shape " not in text
            ]
            name = f"{exercise.title}: `{exercise.function}`"
            rows.append([_link(file), name, "<br>".join(said)])
    return as_markdown(["lesson", "exercise", "what the check says to wrong answers"], rows)


def page(text: str) -> str:
    """The text of the page with both tables put between their marks."""
    text = filled(text, "lessons", lessons_table(), PAGE.name)
    return filled(text, "mistakes", mistakes_table(), PAGE.name)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
