"""From executed notebooks to what readers open: the paired ``.ipynb``, the numbers of the README.
The report is :mod:`lib.companion.report`."""

import sys
from pathlib import Path

import jupytext
import nbformat
import pandas as pd

from lib import paths
from lib.companion import collect, scoreboard
from lib.companion.provenance import read_notebook
from lib.evaluation import stand_in
from lib.files import as_markdown, cells_digest, edits, filled, number_cells, own_cells
from lib.store import bare
from lib.whole import write_file

WIDGET = "application/vnd.jupyter.widget-view+json"
KEPT = ("kernelspec", "jupytext", "companion")  # of a notebook's metadata


def _outputs(cell, count: int, where: str) -> list:
    """Outputs of one executed cell as they are kept: streams joined, widgets left out, numbered
    from 1."""
    kept: list = []
    for output in cell.outputs:
        if output.output_type == "error" or output.get("name") == "stderr":
            raise ValueError(
                f"{where}: wrote an error or a warning; a published page holds neither")
        if "execution_count" in output:
            output.execution_count = count
        if output.output_type == "stream" and kept and kept[-1].output_type == "stream":
            kept[-1].text += output.text  # where a stream is split is chance
        # a widget's model lives in a kernel, under a random id; the static figure beside it stays
        elif WIDGET not in output.get("data", {}):
            kept.append(output)
    if str(paths.ROOT) in str(kept):
        raise ValueError(f"{where}: its output holds a path of this machine")
    return kept


def paired(source: Path, executed: Path) -> nbformat.NotebookNode:
    """The notebook of a ``.py`` source with the outputs of an executed copy: same bytes for the
    same two files.

    Cell ids are hashes of the file's name and the cell's number; papermill's parameters cell and
    timings are left out.

    Raises
    ------
    ValueError
        Where the executed copy is missing or of other code, or holds an error, a warning or a path
        of this machine.
    """
    if not executed.is_file():
        raise ValueError(f"{source.stem} has not been run: make reproduce")
    nb = jupytext.read(source)
    ran = own_cells(nbformat.read(executed, as_version=4).cells)
    code, ran = ([c for c in cells if c.cell_type == "code"] for cells in (nb.cells, ran))
    if [bare(c.source) for c in code] != [bare(c.source) for c in ran]:
        raise ValueError(f"{source.stem} changed since it was run: make reproduce")
    for count, (cell, old) in enumerate(zip(code, ran, strict=True), 1):
        outputs = _outputs(old, count, f"{source.stem}, code cell {count}")
        cell.execution_count, cell.outputs = count, outputs
    number_cells(nb.cells, source.stem)
    for cell in nb.cells:
        tags = cell.metadata.get("tags", [])
        cell.metadata = {"tags": tags} if tags else {}
        if "solution" in tags:  # JupyterLab folds it; the site does so by the tag hide-input
            cell.metadata["jupyter"] = {"source_hidden": True}
    kept = {name: nb.metadata[name] for name in KEPT if name in nb.metadata}
    nb.metadata = kept | {"language_info": {"name": "python"}, "published": cells_digest(nb.cells)}
    nb.nbformat, nb.nbformat_minor = 4, 5
    return nbformat.from_dict(nb)


def publish(names: list[str]) -> int:
    """Write ``notebooks/<name>.ipynb`` for each name; 1 where one could not be."""
    for name in names:
        try:
            source = read_notebook(name).file
            nb = paired(source, paths.build() / f"{name}.ipynb")
            if lost := edits(source):
                raise ValueError(lost)
            write_file(source.with_suffix(".ipynb"), nbformat.writes(nb) + "\n")
        except ValueError as error:
            print(error, file=sys.stderr)
            return 1
        print(f"notebooks/{name}.ipynb written")
    return 0


SHOWN = {
    "4": ("RMMT", "RSMT-F", "TCN-F", "RSMT-E", "ridge, both", "stimulus mean"),
    "5": ("RMMT", "RSMT-F", "TCN-F", "ridge, both")
}


def results_table(folder: Path) -> str:
    """The README's results as Markdown, from the tables of paper 1 in a folder: CCC of some rows of
    Tables 4 and 5."""
    lines = []
    for number, rows in SHOWN.items():
        table = pd.read_csv(folder / f"table{number}.csv").query("metric == 'CCC'")
        split = table["split"].dropna().iloc[0]
        table = table[table["split"] == split].drop_duplicates("row").set_index("row").loc[[*rows]]
        folds = split.replace("_", " ") + " (" + table["n"].astype(str) + " folds)"
        published = scoreboard.pair(table["published"], table["published_spread"])
        ours = scoreboard.pair(table["reproduced"], table["reproduced_spread"])
        lines += zip(folds, rows, published, ours, table["verdict"], strict=True)
    return as_markdown(["split", "model", "published", "reproduced", "verdict"], lines)


def claims_table() -> str:
    """The README's claims of paper 1 as Markdown: CCC of Tables 3 to 6, and how all printed
    differences are answered."""
    every = collect.claims()
    table = every.query("metric == 'CCC' and table != '7'").drop(columns=["paper", "p (Holm)"])
    equal = every["printed"].astype(float).eq(0) & every["answer"].eq("supported")
    answers = every["answer"].mask(equal, "printed equal and equal here").value_counts()
    n = ", ".join(f"{n} {answer}" for answer, n in answers.items())
    last = [["3 to 7", f"all {len(every)} differences asked", "all", "", "", n]]
    return as_markdown(list(table), table.to_numpy().tolist() + last)


def readme() -> None:
    """Write the README's tables between their marks: :func:`results_table`, :func:`claims_table`,
    the claims that were asked of real people (:func:`lib.evaluation.stand_in.asked`),
    :func:`lib.companion.scoreboard.markdown`."""
    file, asked = paths.ROOT / "README.md", stand_in.asked()
    text = file.read_text(encoding="utf-8")
    for name, table in (("results", results_table(paths.FIGURES / "rmmt" / "public")),
                        ("claims", claims_table()), ("asked",
                                                     as_markdown(list(asked),
                                                                 asked.itertuples(index=False))),
                        ("scoreboard", scoreboard.markdown(scoreboard.read().frame))):
        text = filled(text, name, table, file.name)
    write_file(file, text)
