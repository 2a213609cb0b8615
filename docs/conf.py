"""Settings of the site: Sphinx with MyST-NB over the executed notebooks; nothing is run, nothing is
fetched.

Run by ``make site``. The source folder, below ``build/``, is filled by :func:`collect`, so that no
file of ours is touched.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import nbformat  # noqa: E402
import yaml  # noqa: E402
from docutils import nodes  # noqa: E402
from sphinx.errors import ExtensionError  # noqa: E402

from lib import paths  # noqa: E402
from lib.companion import scoreboard  # noqa: E402
from lib.companion.report.lessons import lessons  # noqa: E402
from lib.companion.report.markdown import mathml  # noqa: E402
from lib.companion.report.page import references  # noqa: E402
from lib.files import filled  # noqa: E402

project = "Emotion from brain and face: four papers, run again"
html_title = "Four papers, run again"
copyright = author = "the contributors of the companion"
extensions = ["myst_nb", "sphinx.ext.autodoc", "numpydoc", "sphinx_copybutton"]
exclude_patterns = ["_build", "files"]
autodoc_default_options = {
    "members": True, "ignore-module-all": True,
    "exclude-members": "set_fit_request, set_predict_request, set_score_request"
}
autodoc_typehints = "none"
numpydoc_show_class_members = False
copybutton_exclude = ".linenos, .gp, .go"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_theme = "pydata_sphinx_theme"
html_theme_options = {
    "navbar_align": "left", "navbar_end": ["theme-switcher"], "header_links_before_dropdown": 6,
    "show_nav_level": 2, "secondary_sidebar_items": ["page-toc"], "footer_end": [],
}
html_show_sourcelink = False
# a summary needs the page's text over HTTP, static/site.js turns it off where pages are files
html_show_search_summary = True
html_copy_source = False
html_last_updated_fmt = None
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system has it

nb_execution_mode = "off"
nb_ipywidgets_js = {}  # widgets are left out of the published copies, so nothing is loaded for them
nb_render_markdown_format = "myst"
myst_enable_extensions = ["dollarmath", "amsmath", "deflist", "tasklist"]
myst_heading_anchors = 4
html_math_renderer = "mathml"

# where the project lies, for Binder and Colab; no address there, no such links
ADDRESS = yaml.safe_load(
    (ROOT / "CITATION.cff").read_text(encoding="utf-8")).get("repository-code", "")
LINK = re.compile(
    r"(?P<picture>!?)\[(?P<text>[^\]]*)\]\((?!https?://|#|mailto:)(?P<path>[^)\s]+)\)")


def _link(page: Path, source: Path):
    """What a relative link in a page becomes: a link to its place on the site, or plain text where
    it is not on the site."""
    home = source / page.relative_to(ROOT / "docs").parent

    def change(match: re.Match) -> str:
        path, mark, part = match["path"].partition("#")
        target, inside = (page.parent / path).resolve(), None
        if match["picture"] and target.is_file():
            inside = source / "pictures" / target.relative_to(ROOT)
            inside.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(target, inside)
        elif target.is_relative_to(ROOT / "docs") and target.suffix == ".md" and target.is_file():
            inside = source / target.relative_to(ROOT / "docs")
        elif target.parent == ROOT / "notebooks" and target.name[0].isdigit() and target.is_file():
            inside = source / "notebooks" / f"{target.stem}.ipynb"
            # JupyterLab keeps capitals and marks in a heading's name, MyST does not
            part = re.sub(r"[^\w-]", "", unquote(part).lower())
        if inside is not None:
            there = f"{os.path.relpath(inside, home)}{mark}{part}"
            return f"{match['picture']}[{match['text']}]({there})"
        where = target.relative_to(ROOT).as_posix() if target.is_relative_to(ROOT) else path
        return f"{match['text']} (`{where}`)"

    return change


def _arrows(match: re.Match) -> str:
    """A diagram that only a script could draw, as a table."""
    ends: dict[str, list[str]] = {}
    for start, end in re.findall(r"(\S+) --> (\S+)", match[0]):
        ends.setdefault(start, []).append(end)
    return "| room | imported by |\n|---|---|\n" + "".join(
        f"| {start} | {', '.join(sorted(names))} |\n" for start, names in ends.items())


def _contents(title: str, text: str, pages: list[str]) -> str:
    """A page that is a title, a text and a list of pages."""
    return f"# {title}\n\n{text}\n\n```{{toctree}}\n:maxdepth: 2\n\n" + "\n".join(pages) + "\n```\n"


def _parts(source: Path, names: list[str], sheets: list[str]) -> None:
    """Write a page per paper, one for what lies across them, for the exercises, per folder of
    ``docs/``; list them and single pages."""
    parts, cards = {"notebooks/00_start_here": "Start"}, []
    heads = {"9": ("Across", "What no single paper tells.")}
    for number, cite in enumerate(references(), 1):
        heads[str(number)] = f"Paper {number}", "{title}. {names}. {venue}, {year}. <{url}>".format(
            **cite)
        cards.append("- [Paper {0}](part-{0}.md): *{title}* ({year})".format(number, **cite))
    for digit, (title, text) in sorted(heads.items()):
        if own := [f"notebooks/{name}" for name in names if name[0] == digit]:
            parts[f"part-{digit}"] = title
            (source / f"part-{digit}.md").write_text(_contents(title, text, own), encoding="utf-8")
    if sheets:
        parts["exercises"] = "Exercises"
        text = "To be worked on in JupyterLab: `make lab`, then the folder `notebooks/exercises`."
        pages = [f"notebooks/exercises/{name}" for name in sheets]
        (source / "exercises.md").write_text(_contents("Exercises", text, pages), encoding="utf-8")
    for folder in sorted(path for path in (ROOT / "docs").iterdir()
                         if path.is_dir() and any(path.glob("*.md"))):
        title = folder.name.replace("-", " ")
        title = title.upper() if title == "reforms" else title.capitalize()
        parts[f"folder-{folder.name}"] = title
        pages = [f"{folder.name}/{page.stem}" for page in sorted(folder.glob("*.md"))]
        (source / f"folder-{folder.name}.md").write_text(_contents(title, "", pages),
                                                         encoding="utf-8")
    entries = [f"{title} <{page}>" for page, title in parts.items()]
    entries += [page.stem for page in sorted((ROOT / "docs").glob("*.md")) if page.stem != "index"]
    entries.append("Reference <reference/index>")
    home = source / "index.md"
    text = filled(home.read_text(encoding="utf-8"), "papers", "\n".join(cards), "docs/index.md")
    board = scoreboard.markdown(scoreboard.read().frame)
    text = filled(text, "scoreboard", board, "docs/index.md")
    listed = "\n```{toctree}\n:hidden:\n:maxdepth: 2\n\n" + "\n".join(entries) + "\n```\n"
    home.write_text(text + listed, encoding="utf-8")


def _reference(source: Path) -> None:
    """Write a page per room of ``lib`` with what the docstrings of its modules say."""
    rooms: dict[str, list[str]] = {}
    for file in sorted((ROOT / "lib").rglob("*.py")):
        module = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if file.stem not in ("__main__", "launch") and module != "lib":
            rooms.setdefault(module.split(".")[1] if file.parent != ROOT / "lib" else "lib",
                             []).append(module)
    (source / "reference").mkdir()
    for room, modules in rooms.items():
        name = room if room == "lib" else f"lib.{room}"
        body = "".join((f"## {module}\n\n" if module != name else "") +
                       f"```{{eval-rst}}\n.. automodule:: {module}\n```\n\n" for module in modules)
        (source / "reference" / f"{room}.md").write_text(f"# {name}\n\n{body}", encoding="utf-8")
    text = "What each module, function and class of `lib` is for, from its docstring."
    page = _contents("Reference", text, sorted(rooms)).replace(":maxdepth: 2", ":maxdepth: 1")
    (source / "reference" / "index.md").write_text(page, encoding="utf-8")


def _beside(source: Path, lesson) -> str:
    """What stands below a lesson's title: its files, where it runs elsewhere if the project has an
    address, the modules that it calls."""
    files = []
    for suffix, label in ((".ipynb", "notebook"), (".py", "script")):
        file = ROOT / "notebooks" / f"{lesson.name}{suffix}"
        (source / "files").mkdir(exist_ok=True)
        if file.is_file():
            shutil.copyfile(file, source / "files" / file.name)
            files.append(f"{{download}}`{label} ({suffix}) <../files/{file.name}>`")
    if match := re.match(r"https://github\.com/([^/]+/[^/]+?)(?:\.git)?/?$", ADDRESS):
        at = f"notebooks/{lesson.name}.ipynb"
        files += [
            f"[Binder](https://mybinder.org/v2/gh/{match[1]}/HEAD?labpath={at})",
            f"[Colab](https://colab.research.google.com/github/{match[1]}/blob/HEAD/{at})"
        ]
    code = "\n".join(cell.source for cell in lesson.nb.cells if cell.cell_type == "code")
    used = {
        f"{room}.{name}" if (ROOT / room.replace(".", "/") / f"{name}.py").is_file() else room
        for room, names in re.findall(r"^from (lib[\w.]*) import \(?([\w, \n]+)", code, re.M)
        for name in re.findall(r"\w+", names)
    } - {"lib"}
    modules = ", ".join(f"{{py:mod}}`{name}`" for name in sorted(used))
    return f"Download: {' · '.join(files)}\n\nCalls: {modules}" if modules else " · ".join(files)


def _named(app, doctree, docname: str) -> None:
    """Lead from a name of the library in code style to its place in the reference."""
    domain, short = app.env.get_domain("py"), {}
    for full, entry in domain.objects.items():
        short.setdefault(full.split(".")[-1], []).append((full, entry))
    for literal in [] if docname.startswith("reference/") else list(doctree.findall(nodes.literal)):
        text = literal.astext().removesuffix("()")
        found = [(text, domain.objects[text])] if text in domain.objects else short.get(text, [])
        long = "." in text or "_" in text or text[:1].isupper() or literal.astext().endswith("()")
        if len(found) == 1 and long and not isinstance(literal.parent, nodes.reference):
            full, entry = found[0]
            place = f"{app.builder.get_relative_uri(docname, entry.docname)}#{entry.node_id}"
            link = nodes.reference("", "", internal=True, refuri=place, reftitle=full)
            literal.replace_self(link)
            link += literal


def collect(source: Path) -> None:
    """Fill the source folder: the pages of ``docs/``, the executed or committed copies of the
    notebooks, pages that list them."""
    if source.resolve() != paths.build() / "site-source" and any(source.iterdir()):
        raise ExtensionError(f"{source}: expected an empty folder, which is filled here, found "
                             "files. Say: make site")
    shutil.rmtree(source, ignore_errors=True)
    for page in sorted((ROOT / "docs").rglob("*.md")):
        place = source / page.relative_to(ROOT / "docs")
        place.parent.mkdir(parents=True, exist_ok=True)
        text = re.sub(r"```mermaid\n.*?```\n", _arrows, page.read_text(encoding="utf-8"),
                      flags=re.S)
        place.write_text(LINK.sub(_link(page, source), text), encoding="utf-8")
    (source / "notebooks").mkdir(parents=True, exist_ok=True)
    found = lessons(os.environ.get("PROFILE", "demo"), executed=os.environ.get("SITE_COPIES")
                    != "committed")
    for lesson in found:
        for cell in lesson.nb.cells:
            _describe(cell, lesson.name)
        title = next(i for i, cell in enumerate(lesson.nb.cells) if cell.cell_type == "markdown")
        head, _, rest = lesson.nb.cells[title].source.partition("\n")
        lesson.nb.cells[title].source = f"{head}\n\n{_beside(source, lesson)}\n{rest}"
        nbformat.write(lesson.nb, source / "notebooks" / f"{lesson.name}.ipynb")
    sheets = [
        sheet for sheet in sorted((ROOT / "notebooks" / "exercises").glob("[0-9]*.ipynb"))
        if ".mine" not in sheet.name
    ]
    (source / "notebooks" / "exercises").mkdir()
    for sheet in sheets:
        shutil.copyfile(sheet, source / "notebooks" / "exercises" / sheet.name)
    _reference(source)
    _parts(source, [lesson.name for lesson in found], [sheet.stem for sheet in sheets])


def _describe(cell, name: str) -> None:
    """Hand a picture's description on to MyST-NB, which takes it from the cell; fold what is only
    set-up."""
    if cell.cell_type != "code":
        return
    for output in cell.outputs:
        if "image/png" in output.get("data", {}):
            about = output.metadata.get("image/png")
            alt = about.get("alt") if isinstance(about, dict) else None
            cell.metadata.setdefault("mystnb",
                                     {"image": {"alt": alt or "Output of a cell of "
                                                f"{name}"}})
    if "parameters" in cell.metadata.get("tags", []):
        cell.metadata["tags"] = [*cell.metadata["tags"], "hide-input"]


def _rubrics(app, what: str, name: str, thing, options, lines: list[str]) -> None:
    """Headings within a module's docstring, of which a page holds many, become rubrics."""
    if what == "module":
        lines[:] = re.sub(r"^(\S.*)\n-{3,}$", r".. rubric:: \1\n", "\n".join(lines),
                          flags=re.M).split("\n")


def _inline(self, node) -> None:
    from docutils.nodes import SkipNode

    self.body.append(mathml(node.astext()))
    raise SkipNode


def _block(self, node) -> None:
    from docutils.nodes import SkipNode

    self.body.append(mathml(node.astext(), block=True))
    raise SkipNode


def setup(app) -> dict:
    """Collect the pages before Sphinx looks for them, and draw formulas as MathML, which needs no
    script."""
    collect(Path(app.srcdir))
    app.connect("autodoc-process-docstring", _rubrics, priority=100)
    app.connect("doctree-resolved", _named)
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True}
