"""What a notebook of this project must be, as functions that return one line per fault."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import jupytext
import nbformat
import yaml

TAGS = {
    "parameters", "nbval-check-output", "nbval-ignore-output", "hide-input", "solution", "exercise",
    "check", "slow"
}
STANDARD = {"profile": "demo", "seed": 0, "device": "cpu", "data": "", "out": ""}
PATH = re.compile(r"^(~|\.{1,2}|data|build|figures|lib|notebooks|tests)?/\S|^[A-Za-z]:\\")
MAGIC = re.compile(r"^\s*(# ?)?[%!]{1,2}[A-Za-z]", re.M)
WIDTH = 88
# of a text what cannot be broken: a row of a table, a title, a command, a formula, a link
WHOLE = re.compile(r"# (\||# |    \S|\$|\s+\[\S+\]\(\S+\)\.?$)")
MOST_LINES = 25  # of what is read; the checks of exercises are not
LEAST_CHECKED = 3


def tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def template(nb) -> list[str]:
    """The order of the parts: title, what it is for, parameters, ..., run.finish()."""
    faults = []
    if nb.metadata.get("kernelspec", {}).get("name") != "python3":
        faults.append("the header's kernelspec is not python3")
    companion = nb.metadata.get("companion", {})
    if not companion.get("paper") or "produces" not in companion:
        faults.append("the header lacks companion: paper, produces")
    if nb.cells[0].cell_type != "markdown" or not nb.cells[0].source.startswith("# "):
        faults.append("the first cell is not a text cell with the title")
    if sum(len(re.findall("^# ", c.source, re.M)) for c in nb.cells
           if c.cell_type == "markdown") != 1:
        faults.append("there is not exactly one title")
    given = [i for i, c in enumerate(nb.cells) if "parameters" in tags(c)]
    if len(given) != 1:
        return [*faults, "there is not exactly one cell tagged parameters"]
    opening = "\n".join(c.source for c in nb.cells[:given[0]] if c.cell_type == "markdown")
    faults += [
        f"the opening does not say {words!r}" for words in ("You will learn", "Reproduces", "Needs")
        if words not in opening
    ]
    if any(c.cell_type == "code" for c in nb.cells[:given[0]]):
        faults.append("code stands before the parameters")
    if nb.cells[-1].source.strip() != "run.finish()":
        faults.append("the last cell is not run.finish()")
    return faults


def parameters(nb, name: str) -> list[str]:
    """Parameters are annotated, explained, JSON-like, start with the five standard ones, and all
    reach start()."""
    cell = next((c for c in nb.cells if "parameters" in tags(c)), None)
    if cell is None:
        return []
    faults, found, lines = [], {}, cell.source.splitlines()
    for node in ast.parse(cell.source).body:
        if not isinstance(
                node, ast.AnnAssign) or node.value is None or "#" not in lines[node.end_lineno - 1]:
            faults.append(f"parameter without type, value or comment: {ast.unparse(node)}")
            continue
        try:
            found[ast.unparse(node.target)] = ast.literal_eval(node.value)
        except ValueError:
            faults.append(f"parameter that is no plain value: {ast.unparse(node)}")
    if list(found.items())[:5] != list(STANDARD.items()):
        faults.append(f"the first parameters are not {STANDARD}")
    calls = [
        n for c in nb.cells if c.cell_type == "code" for n in ast.walk(ast.parse(c.source))
        if isinstance(n, ast.Call) and ast.unparse(n.func) == "start"
    ]
    if len(calls) != 1 or [ast.unparse(a) for a in calls[0].args] != [repr(name)]:
        return [*faults, f'there is not exactly one start("{name}", ...)']
    passed = {k.arg for k in calls[0].keywords if k.arg == ast.unparse(k.value)}
    return faults + [f"start() is not given {key}={key}" for key in found if key not in passed]


def code(nb) -> list[str]:
    """Short cells, no classes, no paths, no unknown tags."""
    faults = []
    for number, cell in enumerate((c for c in nb.cells if c.cell_type == "code"), 1):
        where = f"code cell {number}"
        tree = [*ast.walk(ast.parse(cell.source))]
        if (lines := len(cell.source.splitlines())) > MOST_LINES and "check" not in tags(cell):
            faults.append(f"{where}: {lines} lines, at most {MOST_LINES}")
        if any(isinstance(node, ast.ClassDef) for node in tree):
            faults.append(
                f"{where}: defines a class; it belongs in lib, and show_source() shows it")
        paths = [
            n.value for n in tree
            if isinstance(n, ast.Constant) and isinstance(n.value, str) and PATH.match(n.value)
        ]
        faults += [
            f"{where}: the path {path!r}; lib.paths knows where things are" for path in paths
        ]
    unknown = {tag for cell in nb.cells for tag in tags(cell)} - TAGS
    return faults + [f"unknown tag {tag!r}" for tag in sorted(unknown)]


def source_faults(file: Path) -> list[str]:
    """Every fault of a percent-format source."""
    nb = jupytext.read(file)
    magics = [
        f"a magic or a shell command: {c.source!r}" for c in nb.cells
        if c.cell_type == "code" and MAGIC.search(c.source)
    ]
    wide = [
        f"line {number}: {len(line)} characters, at most {WIDTH}"
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > WIDTH and not WHOLE.match(line)
    ]
    # with a magic the cells are no Python to be read
    return template(nb) + wide + (magics or parameters(nb, file.stem) + code(nb))


def pair_faults(source: Path, paired: Path) -> list[str]:
    """Every fault of a committed ``.ipynb``: not the cells of its source, not executed in order,
    errors, too little compared."""
    if not paired.is_file():
        return [f"there is no {paired.name}: make notebooks"]
    ours, theirs = ([(c.cell_type, c.source, sorted(tags(c))) for c in nb.cells]
                    for nb in (jupytext.read(source), nbformat.read(paired, as_version=4)))
    faults = [
        f"cell {i} is {there[1][:60]!r}, but its source says {here[1][:60]!r}: make notebooks"
        for i, (here, there) in enumerate(zip(ours, theirs, strict=False), 1) if here != there
    ]
    if len(ours) != len(theirs):
        faults.append(f"{len(theirs)} cells, but its source has {len(ours)}: make notebooks")
    cells = [c for c in nbformat.read(paired, as_version=4).cells if c.cell_type == "code"]
    if [c.execution_count for c in cells] != [*range(1, len(cells) + 1)]:
        faults.append("not executed from the first cell to the last")
    for number, cell in enumerate(cells, 1):
        if any(o.output_type == "error" or o.get("name") == "stderr" for o in cell.outputs):
            faults.append(f"code cell {number} holds an error or a warning")
    checked = [c for c in cells if "nbval-check-output" in tags(c) and c.outputs]
    if len(checked) < LEAST_CHECKED:
        faults.append(f"{len(checked)} cells with output are tagged nbval-check-output, at least "
                      f"{LEAST_CHECKED} are needed")
    return faults


def demo_faults(source: Path, profiles: Path) -> list[str]:
    """The demo profile is what stands in the notebook: otherwise nbval and ``make reproduce`` would
    run different things."""
    cell = next(c for c in jupytext.read(source).cells if "parameters" in tags(c))
    defaults = {
        ast.unparse(n.target): ast.literal_eval(n.value) for n in ast.parse(cell.source).body
    }
    demo = yaml.safe_load((profiles / "demo.yaml").read_text()) or {}
    wanted = {k: v
              for k, v in demo.items() if not isinstance(v, dict)} | (demo.get(source.stem) or {})
    return [
        f"demo.yaml says {key} = {value!r}, the notebook {defaults.get(key)!r}"
        for key, value in wanted.items() if defaults.get(key) != value
    ]
