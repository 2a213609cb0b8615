"""The lists of ``docs/teaching.md``, read from the lessons, so that the page cannot differ from
them. ``python -m lib.companion.teaching``."""

import re
from pathlib import Path

import jupytext

from lib import paths
from lib.companion.exercises import HINT, exercises
from lib.companion.provenance import headings
from lib.files import filled

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


def lessons_list() -> str:
    """Every lesson: what it asks, what is learnt, what it needs, as Markdown."""
    entry = "- **{}** {}. *Then one knows:* {}. *Needs:* {}".format
    lines = "\n".join(entry(_link(file), *_opening(file)) for file in paths.sources())
    return lines.replace("?. *", "? *")


def mistakes_list() -> str:
    """Every exercise with the mistakes that its check names, as Markdown; shapes and values that
    are filled in read ``...``."""
    lines = []
    for file in paths.sources():
        for exercise in exercises(file.stem):
            said = [HINT.sub("", text).strip() for text in exercise.messages]
            lines.append(f"- **{_link(file)}** {exercise.title}, `{exercise.function}`")
            lines += [f"  - {text}" for text in said if " shape " not in text]
    return "\n".join(lines)


def page(text: str) -> str:
    """The text of the page with both lists put between their marks."""
    text = filled(text, "lessons", lessons_list(), PAGE.name)
    return filled(text, "mistakes", mistakes_list(), PAGE.name)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
