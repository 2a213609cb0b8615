"""Slides of lessons, from the committed notebooks, without code: nbconvert's, which open offline.
``python -m lib.companion.slides 12 42``."""

from __future__ import annotations

import re
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator
from html import escape
from pathlib import Path

import nbformat
import pandas as pd
from nbconvert import SlidesExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from lib import paths
from lib.companion.provenance import headings
from lib.companion.report.markdown import Text
from lib.companion.report.page import manifest

UNSEEN = {"parameters", "solution", "check"}  # tags of cells that slides leave out
FRAME = re.compile(r"\bstart\($|^run\.finish\(", re.M)  # what cells of each lesson say of the run


def table(file: Path, caption: str) -> str:
    """A table as HTML; a column with one value for all rows is said once, below the caption."""
    frame = pd.read_csv(file)
    same = [name for name in frame if frame[name].nunique(dropna=False) == 1 < len(frame)]
    said = [caption, *(f"{name}: {frame[name].iloc[0]}" for name in same)]
    shown = frame.drop(columns=same).rename(columns=lambda name: name.replace("_", " "))
    cells = shown.to_html(index=False, na_rep="–", border=0, float_format="{:.3f}".format)
    return f'<p class="where">{escape("; ".join(said))}</p>{cells}'


def _items(name: str) -> Iterator[tuple[str, nbformat.NotebookNode]]:
    """What a deck shows, in order, each with the heading that it stands under: texts, cut at their
    headings, and outputs."""
    made, number, under = defaultdict(list), 0, ""
    for row in manifest(paths.FIGURES):
        if (row["notebook"], row["profile"], row["kind"]) == (name, "demo", "table"):
            made[row["cell"]].append(table(row["at"], f"{row['id']}: {row['caption']}"))
    for cell in nbformat.read(paths.notebooks() / f"{name}.ipynb", as_version=4).cells:
        number += cell.cell_type == "code"
        if cell.cell_type == "markdown":
            text = re.sub(r"<details>.*?</details>", "", cell.source, flags=re.S)
            for part in filter(str.strip, re.split(r"^(?=#{1,3} )", text, flags=re.M)):
                under = next(iter(headings(part)), under)
                yield under, new_markdown_cell(part)
        elif not (UNSEEN & {*cell.metadata.get("tags", [])} or FRAME.search(cell.source)):
            outputs = [new_output("display_data", {"text/html": one}) for one in made[number]]
            for output in outputs or cell.outputs:
                yield under, new_code_cell(outputs=[output])


def deck(name: str) -> nbformat.NotebookNode:
    """The slides of a lesson as a notebook: each heading begins one, and what follows stands below
    it."""
    cells, alone = [], False
    for under, cell in _items(name):
        begins = cell.source.startswith("#")
        if not begins and not alone:
            cells.append(new_markdown_cell(f'<p class="where">{escape(under)}</p>'))
            cells[-1].metadata["slideshow"] = {"slide_type": "subslide"}
        cell.metadata["slideshow"] = {"slide_type": "slide" if begins else "-"}
        cells.append(cell)
        alone = begins and "\n" not in cell.source.strip()
    return nbformat.v4.new_notebook(cells=cells, metadata={"title": cells[0].source.split("\n")[0]})


def write(name: str, folder: Path) -> Path:
    """Write the slides of a lesson, beside a copy of reveal.js."""
    import sphinx_revealjs  # carries reveal.js

    scripts = Path(sphinx_revealjs.__file__).parent / "_static" / "revealjs"
    shutil.copytree(scripts / "dist", folder / "reveal.js" / "dist", dirs_exist_ok=True)
    exporter = SlidesExporter(extra_template_basedirs=[str(Path(__file__).parent)],
                              template_name="deck", reveal_theme="white",
                              reveal_url_prefix="reveal.js", exclude_input=True,
                              exclude_output_prompt=True, exclude_input_prompt=True)
    exporter.register_filter("markdown2html", lambda text: Text(name).html(text))
    file = folder / f"{name}.html"
    file.write_text(exporter.from_notebook_node(deck(name))[0], encoding="utf-8")
    return file


if __name__ == "__main__":
    for source in paths.sources():
        if source.stem.split("_")[0] in sys.argv[1:]:
            print(write(source.stem, paths.build() / "slides"))
