"""The cells of one notebook as the page shows them: text, folded code, outputs, and for each figure
where it came from."""

import base64
import hashlib
import io
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from bs4 import BeautifulSoup
from markupsafe import Markup
from nbconvert.filters import strip_ansi
from nbformat import NotebookNode
from PIL import Image

from lib.companion.report.lessons import Lesson
from lib.companion.report.markdown import Text, slug

PNG = "image/png"


class Picture(NamedTuple):
    """A PNG with its size, what it says, and the manifest row of the file with the same bytes (or
    of the same id, ``same`` false)."""

    png: bytes
    alt: str
    row: dict | None = None
    same: bool = True
    id: str = ""

    @property
    def src(self) -> str:
        """The picture as an address, as WebP without loss: two fifths of the bytes."""
        Image.open(io.BytesIO(self.png)).convert("RGB").save(to := io.BytesIO(), "WEBP", lossless=1)
        return f"data:image/webp;base64,{base64.b64encode(to.getvalue()).decode()}"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return Image.open(io.BytesIO(self.png)).size


class Block(NamedTuple):
    """One cell: of a text cell its ``text`` as HTML that is safe; of a code cell its number,
    ``outputs`` (a kind: text, html, picture; and a value) and the manifest rows of the tables
    ``made`` by it."""

    number: int
    text: str
    cell: NotebookNode
    outputs: list[tuple[str, object]]
    made: list[dict]


class Section(NamedTuple):
    """One notebook on the page."""

    lesson: Lesson
    blocks: list[Block]
    headings: list[tuple[int, str, str]]

    @property
    def pictures(self) -> list[Picture]:
        """Every picture of the notebook, in order."""
        values = (value for block in self.blocks for _, value in block.outputs)
        return [value for value in values if isinstance(value, Picture)]


def anchor(row: Mapping) -> str:
    """What a manifest row is called in an address: its file below ``figures/``."""
    return f"row-{slug(row['path'])}"


def _html(text: str) -> Markup | None:
    """The tables of an HTML output, without their styles, scripts and attributes; nothing where
    there is no table."""
    soup = BeautifulSoup(text, "html.parser")
    for part in soup(["style", "script"]):
        part.decompose()
    for part in soup(True):
        part.attrs = {key: part[key] for key in ("colspan", "rowspan") if key in part.attrs}
    for head in soup("th"):
        head["scope"] = "col" if head.find_parent("thead") else "row"
    return Markup("".join(str(table) for table in soup("table"))) or None


def _picture(data: str, metadata: Mapping, where: str, figures: list[dict]) -> Picture:
    png, alt = base64.b64decode(data), metadata.get(PNG, {})
    alt = alt.get("alt", "") if isinstance(alt, Mapping) else ""
    digest = hashlib.sha256(png).hexdigest()
    row = next((row for row in figures if row["sha256"] == digest), None)
    named = row or next((row for row in figures if alt.startswith(f"{row['id']}: ")), None)
    name = f"fig-{named['paper']}-{slug(named['id'])}" if named else ""
    return Picture(png, alt or f"Output of {where}", named, row is not None, name)


def _outputs(cell, where: str, figures: list[dict], text: Text) -> Iterable[tuple[str, object]]:
    for output in cell.outputs:
        data = output.get("data", {})
        if output.output_type == "stream":
            yield "text", strip_ansi(output.text).rstrip()
        elif PNG in data:
            yield "picture", _picture(data[PNG], output.metadata, where, figures)
        elif "text/markdown" in data:
            yield "html", Markup(text.html(data["text/markdown"]))
        elif table := _html(data.get("text/html", "")):
            yield "html", Markup('<div class="wide">{}</div>').format(table)
        elif "text/plain" in data:
            yield "text", strip_ansi(data["text/plain"]).rstrip()


def section(lesson: Lesson, rows: Iterable[dict], known: Iterable[str]) -> Section:
    """Render a notebook.

    Parameters
    ----------
    lesson : Lesson
    rows : iterable of dict
        Manifest rows, each with ``path`` (its file below ``figures/``); those of this notebook and
        profile are used.
    known : iterable of str
        Names of the notebooks on the page, which the text may link to.
    """
    shown = lesson.name, lesson.profile
    own = [row for row in rows if (row["notebook"], row["profile"]) == shown]
    figures = [row for row in own if row["path"].endswith(".png")]
    text, blocks, number = Text(lesson.name, known), [], 0
    for cell in lesson.nb.cells:
        if cell.cell_type == "markdown":
            blocks.append(Block(0, Markup(text.html(cell.source)), cell, [], []))
        elif cell.cell_type == "code":
            number += 1
            outputs = [*_outputs(cell, f"{lesson.name}, code cell {number}", figures, text)]
            made = [row for row in own if row["cell"] == number and row not in figures]
            blocks.append(Block(number, "", cell, outputs, made))
    return Section(lesson, blocks, text.headings)
