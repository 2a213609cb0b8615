"""The page: what goes under which tab, and the file that holds all of it."""

import base64
import hashlib
import os
from collections import defaultdict
from collections.abc import Collection
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from lib import paths
from lib.companion.provenance import root, sha256
from lib.companion.report.cells import Picture, Section, anchor, section
from lib.companion.report.lessons import lessons
from lib.companion.report.markdown import slug
from lib.companion.report.tables import REAL, Table, answers, board, read_csv
from lib.companion.verify import verify
from lib.evaluation.verdicts import VERDICTS
from lib.files import read_json
from lib.whole import write_file

ACROSS = "across"  # folder of what belongs to no single paper
# tables shown whole, where the notebook that makes them was run
EXTRA = {"scoreboard": "The scoreboard", "claims": "The printed claims"}
TEMPLATES = Environment(loader=PackageLoader(__package__, "template"), autoescape=True,
                        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
TEMPLATES.globals.update(anchor=anchor, slug=slug, extra=EXTRA, real=REAL, verdicts=VERDICTS,
                         code=HtmlFormatter, highlight=highlight, python=PythonLexer(),
                         base64=base64.b64encode, sha256=hashlib.sha256)


class Panel(NamedTuple):
    """One tab: ``start``, ``paper-1`` to ``paper-4`` or ``across``, with its notebooks, tables and
    further figures."""

    id: str
    label: str
    heading: str
    cite: dict
    sections: list[Section]
    answers: dict[str, Table]
    extra: dict[str, Table]
    others: list[Picture]


def manifest(*folders: Path, own: Collection[str] = ()) -> list[dict]:
    """Rows of every manifest below some folders, each with ``path`` (its file, relative to its
    folder), ``at`` (the file) and ``paper``.

    Of two rows for one path, the one in the later folder counts if its notebook is among ``own``,
    those that were run here.
    """
    rows: dict[str, dict] = {}
    for folder in folders:
        for file in sorted(folder.rglob("manifest.json")):
            for row in read_json(file):
                at = file.parent / row["file"]
                path = at.relative_to(folder).as_posix()
                if path not in rows or row["notebook"] in own:
                    rows[path] = row | {"path": path, "at": at, "paper": path.split("/")[0]}
    return [rows[path] for path in sorted(rows)]


def references() -> list[dict]:
    """The papers in their order, from ``CITATION.cff``: title, names, venue, year, address."""
    papers = yaml.safe_load((paths.ROOT / "CITATION.cff").read_text(encoding="utf-8"))["references"]
    for paper in papers:
        authors = [f"{one['given-names']} {one['family-names']}" for one in paper["authors"]]
        paper["names"] = ", ".join(authors)
        paper["venue"] = paper.get("journal") or paper["conference"]["name"]
        paper["url"] = paper.get("url") or f"https://doi.org/{paper['doi']}"
    return papers


def _others(rows: list[dict], sections: list[Section]) -> dict[str, list[Picture]]:
    """Figures of the manifests that no shown notebook holds, by paper; of other profiles those on
    real data only, no second schematics."""
    shown = {picture.row["path"] for part in sections for picture in part.pictures if picture.row}
    found = defaultdict(list)
    for row in rows:
        new = row["path"].endswith(".png") and row["path"] not in shown and row["at"].is_file()
        if new and (row["profile"] == "demo" or row["tier"] in (*REAL, "stand-in")):
            found[row["paper"]].append(
                Picture(row["at"].read_bytes(), f"{row['id']}: {row['caption']}", row,
                        sha256(row["at"]) == row["sha256"], f"fig-{slug(row['path'])}"))
    return found


def panels(sections: list[Section], rows: list[dict]) -> list[Panel]:
    """Sort notebooks, tables and figures under their tabs; a tab that would be empty is left
    out."""
    by_digit, others = defaultdict(list), _others(rows, sections)
    for part in sections:
        by_digit[part.lesson.name[0]].append(part)
    found = [Panel("start", "Start", "What is on this page", {}, by_digit["0"], {}, {}, [])]
    for number, cite in enumerate(references(), 1):
        own = by_digit[str(number)]
        paper = own[0].lesson.paper if own else ""
        label, beside = f"Paper {number}", answers(row for row in rows if row["paper"] == paper)
        heading = f"{label}: {cite['title']}"
        found.append(Panel(f"paper-{number}", label, heading, cite, own, beside, {}, others[paper]))
    at = {row["path"]: row["at"] for row in rows if row["at"].is_file()}
    tables = {name: f"{ACROSS}/{name}.csv" for name in EXTRA}
    extra = {name: board(at[path], f"From {path}") for name, path in tables.items() if path in at}
    found.append(
        Panel(ACROSS, "Across", "Across the papers", {}, by_digit["9"], {}, extra, others[ACROSS]))
    return [panel for panel in found if panel.id == "start" or panel.sections or panel.extra]


def render(profile: str = "demo", *, figures: Path | None = None, executed: bool = True,
           check=verify) -> tuple[str, dict]:
    """The page as text, and what is in it: ``notebooks``, ``committed`` copies among them,
    ``pictures``.

    Parameters
    ----------
    profile : str
        Which executed copies are shown; committed ones stand in for those that are missing, and the
        page says so.
    figures : Path, optional
        Folder of the figures, tables and manifests. Default: for a notebook that was run here
        ``build/figures``, for the others the committed ``figures/``.
    executed : bool
        ``False`` shows committed copies only.
    check : callable
        Answers as :func:`lib.companion.verify.verify` does: problems and remarks about a folder
        of figures.

    Raises
    ------
    ValueError
        Where there is no notebook to show.
    """
    found = lessons(profile, executed=executed)
    if not found:
        raise ValueError("no notebook has been run yet: make reproduce")
    ran = {lesson.name for lesson in found if executed and not lesson.note}
    folders = [figures or paths.FIGURES]
    if ran and not figures and root().is_dir():
        folders.append(root())
    rows = manifest(*folders, own=ran)
    known = [lesson.name for lesson in found]
    sections = [section(lesson, rows, known) for lesson in found]
    tabs = panels(sections, rows)

    problems, older = ([*chain(*lines)] for lines in zip(*map(check, folders), strict=True))
    pictures = [*chain(*(tab.others for tab in tabs), *(part.pictures for part in sections))]
    places = {picture.row["path"]: picture.id for picture in pictures if picture.row}
    summary = next((row["at"] for row in rows if row["path"] == f"{ACROSS}/summary.csv"), None)
    about = "Printed numbers by verdict; where there is no real data, runs on simulated cohorts"
    totals = read_csv(summary, about) if summary and summary.is_file() else None
    page = TEMPLATES.get_template("page.html")
    html = page.render(tabs=tabs, rows=rows, totals=totals, problems=problems, older=older,
                       lock=sha256(paths.LOCK), profile=profile, places=places, names=set(known))
    committed = sum(bool(lesson.note) for lesson in found)
    return html, {"notebooks": len(found), "committed": committed, "pictures": len(pictures)}


def write(file: Path, profile: str = "demo", **options) -> str:
    """Write :func:`render` to a file; returns one line that says what it holds."""
    html, about = render(profile, **options)
    write_file(file, html.encode())
    stand_in = f" ({about['committed']} as committed)" if about["committed"] else ""
    return (f"{os.path.relpath(file)}: {about['notebooks']} notebooks{stand_in}, "
            f"{about['pictures']} pictures, {file.stat().st_size / 2**20:.1f} MiB")
