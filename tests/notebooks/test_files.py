"""Nothing of the user's is lost: notebooks edited elsewhere, a full disk, two runs at once, names
that are no UTF-8."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import jupytext
import nbformat
import pytest

from lib import files, paths
from lib.companion import provenance
from lib.companion import run as notebook
from lib.companion import runner
from lib.datasets.base import BadFile, Cohort, Trial
from lib.whole import write_file


@pytest.fixture
def pair(project, toy_text):
    """A source and its published copy, without having run it."""
    source = project / "notebooks" / "10_toy.py"
    source.write_text(toy_text)
    nb = jupytext.read(source)
    nb.metadata["published"] = files.cells_digest(nb.cells)
    nbformat.write(nb, source.with_suffix(".ipynb"))
    return source, source.with_suffix(".ipynb")


def change(copy, edit):
    nb = nbformat.read(copy, as_version=4)
    edit(nb)
    nbformat.write(nb, copy)


def cell(kind, text):
    return getattr(nbformat.v4, f"new_{kind}_cell")(text)


@pytest.mark.parametrize(
    ("edit", "where"),
    [(lambda nb: nb.cells[3].update(source="seed = 7"), "its cell 4 says 'seed = 7'"),
     (lambda nb: nb.cells[0].update(source="# Other words"), "its cell 1 says '# Other words'"),
     (lambda nb: nb.cells.append(cell("code", "x = 1")), "says 'x = 1'"),
     (lambda nb: nb.cells.insert(2, cell("markdown", "a note")), "its cell 3 says 'a note'"),
     (lambda nb: nb.cells.pop(), "is gone"),
     (lambda nb: nb.cells.insert(3, nb.cells.pop(4)), "its cell 4 says"),
     (lambda nb: nb.cells[3].update(cell_type="raw"), "its cell 4 says"),],
    ids=["code", "text", "added", "inserted", "deleted", "reordered", "kind"])
@pytest.mark.parametrize("stripped", [False, True])
def test_an_edit_outside_jupytext_stops_and_is_kept(pair, capsys, edit, where, stripped):
    source, copy = pair
    change(copy, edit)
    if stripped:
        change(copy, lambda nb: nb.metadata.pop("published"))
    before = copy.read_bytes(), source.read_bytes()
    for arguments in (["10_toy"], [], ["10_toy", "--why"]):
        assert runner.main(arguments) == 1
        said = capsys.readouterr()
        assert "notebooks/10_toy.ipynb was edited without its pair 10_toy.py" in said.err
        assert where in said.err
    assert (copy.read_bytes(),
            source.read_bytes()) == before and not (paths.build() / "10_toy.ipynb").exists()


def test_the_command_that_is_named_keeps_the_edit(pair, capsys):
    source, copy = pair
    change(copy, lambda nb: nb.cells[3].update(source="seed = 7"))
    assert runner.main(["10_toy"]) == 1
    command = capsys.readouterr().err.split(
        "To keep the edit: .venv/bin/")[1].splitlines()[0].split()
    subprocess.run([sys.executable, "-m", *command], cwd=source.parents[1], check=True,
                   capture_output=True)
    assert "seed = 7" in source.read_text() and files.edits(source) == ""
    assert provenance.read_notebook("10_toy").produces == ("table1", "fig1")


def test_where_both_were_edited_the_command_overwrites_neither(pair):
    source, copy = pair
    change(copy, lambda nb: nb.cells[3].update(source="seed = 7"))
    source.write_text(source.read_text().replace("draws.mean()", "draws.max()"))
    assert "jupytext --to py:percent -o build/10_toy.py notebooks/10_toy.ipynb" in files.edits(
        source)


def outputs(nb):
    nb.metadata.update(kernelspec={"name": "other", "display_name": "x"}, widgets={"state": {}},
                       vscode={})
    for index, one in enumerate(nb.cells):
        one.id = f"other{index}"
        one.metadata.update(collapsed=True, vscode={"languageId": "python"})
        if one.cell_type == "code":
            one.execution_count, one.outputs = 9, [nbformat.v4.new_output("stream", text="again")]
    nb.cells[2].source += "\n\n"
    nb.cells.append(cell("code", ""))


@pytest.mark.parametrize("stripped", [False, True])
def test_new_outputs_are_no_edit(pair, stripped):
    source, copy = pair
    change(copy, outputs)
    if stripped:
        change(copy, lambda nb: nb.metadata.pop("published"))
    assert files.edits(source) == ""


def test_a_newer_source_is_no_edit_whatever_the_times(pair):
    source, copy = pair
    source.write_text(source.read_text().replace("draws.mean()", "draws.max()"))
    for times in ((1, 2), (2, 1)):
        os.utime(source, (times[0], times[0]))
        os.utime(copy, (times[1], times[1]))
        assert files.edits(source) == ""
    copy.unlink()
    assert files.edits(source) == ""


def test_jupyterlab_saves_both(pair):
    source, copy = pair
    change(copy, lambda nb: nb.cells[3].update(source="seed = 7"))
    source.write_text(jupytext.writes(nbformat.read(copy, as_version=4), "py:percent"))
    assert files.edits(source) == ""
    paths.build()
    # and the pair was run, before the .py went on
    nbformat.write(jupytext.read(source), paths.build() / "10_toy.ipynb")
    source.write_text(source.read_text().replace("seed = 7", "seed = 8"))
    assert files.edits(source) == ""


@pytest.mark.parametrize(("content", "found"), [
    ("", "JSONDecodeError"), ("[]", "TypeError"), ('{"metadata": {}}', "KeyError"),
    ("\xff", "UnicodeDecodeError"),
    ('{"cells": [\n<<<<<<< HEAD\n{}\n=======\n>>>>>>> theirs\n]}', "the marks of a merge conflict"),
    ('{"metadata": {}, "cells": [{}]}', "KeyError"),
    ('{"metadata": [], "cells": []}', "AttributeError"),
])
def test_a_damaged_copy_gets_one_message_and_stays(pair, capsys, content, found):
    _, copy = pair
    copy.write_bytes(content.encode("latin-1"))
    assert runner.main(["10_toy"]) == 1
    said = capsys.readouterr().err
    assert f"expected a notebook, found {found}" in said and said.count("\n") == 2
    assert copy.read_bytes() == content.encode("latin-1")


def test_a_conflict_in_the_source_gets_one_message(pair, capsys):
    source, _ = pair
    source.write_text(source.read_text() + "\nx = 1\n<<<<<<< HEAD\n")
    assert runner.main(["10_toy"]) == runner.main(["--publish", "10_toy"]) == 1
    said = capsys.readouterr().err.splitlines()
    line = source.read_text().count("\n")
    assert len(said) == 2 and all(f"notebooks/10_toy.py, line {line}: no Python" in one
                                  for one in said)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--profile", "mine"], "there is no profile 'mine'; there are demo, public, paper"),
     (["--data", "no/such"
       ], "no/such: expected the folder of your data, found nothing. Name the folder with DATA="),
     (["--data", __file__], "found a file"),])
def test_what_is_not_there_is_said_once_before_anything_runs(project, capsys, arguments, message):
    assert runner.main(arguments) == 1
    said = capsys.readouterr()
    assert message in said.err and said.err.count("\n") == 1 and said.out == ""


def test_a_full_disk_leaves_the_old_file_and_no_part(tmp_path, monkeypatch):
    file = tmp_path / "fig1.png"
    write_file(file, b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_file(file, b"new")
    with pytest.raises(OSError, match="No space left"):
        files.merge_json(tmp_path / "manifest.json", lambda _: [])
    assert [p.name for p in tmp_path.iterdir()] == ["fig1.png"] and file.read_bytes() == b"old"


def test_two_runs_of_one_notebook_take_turns(project, text_of, monkeypatch, capsys):
    (project / "notebooks" / "11_toy.py").write_text(text_of("# %%\nprint(1)"))
    at_work, most = [], []

    def execute(found, given, home):
        at_work.append(1)
        most.append(len(at_work))
        threading.Event().wait(0.3)
        at_work.pop()
        return 0

    monkeypatch.setattr(runner, "_reproduce", execute)
    runs = [threading.Thread(target=runner.main, args=(["11_toy"],)) for _ in range(2)]
    [run.start() for run in runs]
    [run.join() for run in runs]
    assert most == [1, 1] and "another run is making it" in capsys.readouterr().out


ODD = os.fsdecode(b"B \xfcbung.mat")


def test_names_that_are_no_utf8_are_readable_everywhere(project, toy_text, capsys):
    trial = Trial("x", 1, "s", 1, ODD, {}, {})
    cohort = Cohort("x", "public", (trial,), f"from {ODD}",
                    {ODD: f"{ODD} is damaged", "\ud800": ""})
    assert list(cohort.dropped) == ["B \\xfcbung.mat", "\\xed\\xa0\\x80"]
    assert str(BadFile(ODD, "a", ODD, "Mend.")).count("B \\xfcbung.mat") == 2
    (project / "notebooks" / "10_toy.py").write_text(toy_text.replace("[table1, fig1]", "[table1]"))
    run = notebook.start("10_toy", profile="demo", seed=0, device="cpu", data="", out="", size=20)
    run.table("table1", cohort.table(), caption=cohort.caption, dropped=[*cohort.dropped, ODD])
    run.finish()
    (row,) = json.loads((project / "build" / "figures" / "manifest.json").read_text())
    assert row["dropped"] == sorted([*cohort.dropped, "B \\xfcbung.mat"
                                     ]) and "\\xfcbung" in row["caption"]
    assert not [*project.rglob("*.part")]
