"""The runner, the manifest and the published copy, on one small notebook that is run once."""

from __future__ import annotations

import json

import jupytext
import nbformat
import pytest
import yaml

from lib import files, paths
from lib.companion import provenance, publish, runner, state
from lib.companion.report.page import write
from lib.companion.verify import verify

pytestmark = pytest.mark.kernel


@pytest.fixture
def source(ran):
    """The source of the notebook that was run, put back after the test."""
    file = ran / "notebooks" / "10_toy.py"
    text = file.read_text()
    yield file
    file.write_text(text)


def reasons(ran, **override) -> list[str]:
    given = runner.parameters("10_toy", "demo", out=str(ran / "figures"), **override)
    return state.why(provenance.read_notebook("10_toy"), given)


def test_manifest_leads_from_each_file_to_its_cell(ran):
    rows = {row["file"]: row for row in json.loads((ran / "figures" / "manifest.json").read_text())}
    assert sorted(rows) == [
        "toy/fig1.csv", "toy/fig1.png", "toy/table1.csv", "toy/table1_scores.csv"
    ]
    beside = rows["toy/table1_scores.csv"]
    assert (beside["id"], beside["cell"], beside["kind"]) == ("table1", 4, "scores")
    figure, table = rows["toy/fig1.png"], rows["toy/table1.csv"]
    assert (figure["cell"], figure["heading"], figure["kind"]) == (5, "Look at them", "figure")
    assert (table["cell"], table["heading"], table["kind"]) == (4, "Draw some numbers", "table")
    assert figure["caption"] == "simulated data: seed = 0"
    assert (figure["parameters"], figure["seed"], figure["notebook"]) == ({"size": 20}, 0, "10_toy")
    assert str(ran) not in (ran / "figures" / "manifest.json").read_text()


def test_second_run_is_up_to_date(ran, capsys):
    before = (ran / "build" / "10_toy.ipynb").stat().st_mtime_ns
    assert runner.main(["10_toy", "--out", str(ran / "figures")]) == 0
    assert capsys.readouterr().out == "10_toy: up to date\n"
    assert (ran / "build" / "10_toy.ipynb").stat().st_mtime_ns == before
    assert json.loads((ran / "build" / "timings.json").read_text())["10_toy"]["peak_mib"] > 50


def test_words_and_comments_make_nothing_stale(ran, source):
    source.write_text(source.read_text().replace("## Look at them", "## See them").replace(
        "# draws", "# how many draws"))
    assert reasons(ran) == []


def test_change_and_change_back(ran, source):
    text = source.read_text()
    source.write_text(text.replace("draws.mean()", "draws.max()"))
    assert reasons(ran) == ["its code cells changed"]
    source.write_text(text)
    assert reasons(ran) == []
    assert reasons(ran, seed=3) == ["parameter seed is 3 now"]


def test_inputs_and_outputs_count(ran):
    (ran / "data").mkdir()
    toy, given = provenance.read_notebook("10_toy"), {
        "profile": "public", "data": str(ran / "data")
    }
    before = state.state(toy, given)
    (ran / "data" / "trial.csv").write_text("1")
    assert state.state(toy, given)["data"] != before["data"]
    assert reasons(ran) == []  # the demo looks at no data of the user
    (ran / "data" / "trial.csv").unlink()
    figure = ran / "figures" / "toy" / "fig1.png"
    content = figure.read_bytes()
    figure.unlink()
    assert reasons(ran) == ["fig1.png is gone or was changed by hand"]
    figure.write_bytes(content)
    assert reasons(ran) == []


def test_a_notebook_that_reads_others_is_made_again_when_their_tables_change(ran, text_of):
    reader = text_of("# %%\nprint(1)").replace("paper: toy", "paper: across\n#     reads: true")
    assert run(ran, reader, "11_reader") == 0
    assert provenance.read_notebook(
        "11_reader").reads and not provenance.read_notebook("10_toy").reads
    manifest = ran / "figures" / "manifest.json"
    kept = manifest.read_text()

    def after(file, **change):
        rows = [row | (change if row["file"] == file else {}) for row in json.loads(kept)]
        manifest.write_text(json.dumps(rows))
        given = runner.parameters("11_reader", "demo", out=str(ran / "figures"))
        return state.why(provenance.read_notebook("11_reader"), given)

    assert after("toy/table1.csv", seconds=99) == after("toy/fig1.png", sha256="0") == []
    assert after("toy/table1.csv", sha256="0") == ["the results of other notebooks changed"]
    # a table that is gone is a change, too
    assert after("toy/table1.csv", sha256="0", notebook="11_reader") != []
    manifest.write_text(kept)
    (ran / "notebooks" / "11_reader.py").unlink()


def test_library_code_counts(ran, monkeypatch):
    real = provenance.Notebook.code_parts
    monkeypatch.setattr(
        provenance.Notebook, "code_parts",
        lambda self, profile: real(self, profile) | {"lib/companion/run.py": "edited"})
    assert "lib/companion/run.py" in real(provenance.read_notebook("10_toy"), "demo")
    assert reasons(ran) == ["lib/companion/run.py changed"]


def test_verify_finds_each_broken_link(ran, source):
    figures, folder = ran / "figures", ran / "figures" / "toy"
    assert verify(figures) == ([], [])
    content = (folder / "fig1.png").read_bytes()
    (folder / "fig1.png").write_bytes(content + b" ")
    (folder / "stray.png").write_bytes(b"")
    (folder / "table1.csv").rename(ran / "kept.csv")
    found = "\n".join(verify(figures)[0])
    assert "fig1.png: is not the file that 10_toy wrote" in found
    assert "stray.png: in no manifest" in found
    assert "table1.csv: in the manifest, but there is no such file" in found
    (folder / "fig1.png").write_bytes(content)
    (folder / "stray.png").unlink()
    (ran / "kept.csv").rename(folder / "table1.csv")
    source.write_text(source.read_text().replace("draws.mean()", "draws.max()").replace(
        "[table1, fig1]", "[table1, fig1, fig2]"))
    found = "\n".join(verify(figures)[0])
    assert "10_toy: its code, or code that it imports, changed" in found
    assert "10_toy: declares fig2, which the manifest does not hold" in found
    source.unlink()
    assert "made by 10_toy, which is no longer there" in "\n".join(verify(figures)[0])


def test_published_copy_is_stable_and_clean(ran, source):
    copy = source.with_suffix(".ipynb")
    assert publish.publish(["10_toy"]) == 0
    first = copy.read_bytes()
    assert publish.publish(["10_toy"]) == 0
    assert copy.read_bytes() == first
    nb = nbformat.read(copy, as_version=4)
    nbformat.validate(nb)
    assert "papermill" not in nb.metadata
    assert b"injected-parameters" not in first and b"iopub" not in first
    assert "20 draws" in str(nb.cells[4].outputs)
    source.write_text(source.read_text().replace("draws.mean()", "draws.max()"))
    assert publish.publish(["10_toy"]) == 1


def test_publishing_stops_at_an_edit(ran, capsys):
    source = ran / "notebooks" / "10_toy.py"
    copy = source.with_suffix(".ipynb")
    assert publish.publish(["10_toy"]) == 0
    nb = nbformat.read(copy, as_version=4)
    assert nb.metadata["published"] == files.cells_digest(jupytext.read(source).cells)
    nb.cells[3].source = "seed = 7"
    nbformat.write(nb, copy)
    edited = copy.read_bytes()
    assert publish.publish(["10_toy"]) == 1 and copy.read_bytes() == edited
    assert "was edited without its pair" in capsys.readouterr().err
    copy.unlink()
    assert publish.publish(["10_toy"]) == 0


def test_report_shows_the_executed_copy_and_where_its_figure_came_from(ran):
    said = write(ran / "build" / "report.html", figures=ran / "figures")
    page = (ran / "build" / "report.html").read_text()
    assert "1 notebooks, 1 pictures" in said
    for part in ('id="fig-toy-fig1"', 'href="#row-toy-fig1-png"', 'id="row-toy-fig1-png"'):
        assert part in page
    assert "not the same bytes" not in page and "20 draws" in page


def run(project, text, name="11_toy", *arguments) -> int:
    (project / "notebooks" / f"{name}.py").write_text(text)
    return runner.main([name, "--out", str(project / "figures"), *arguments])


def test_failing_notebook_gives_one_message(project, text_of, capfd):
    assert run(project, text_of("# %% [markdown]\n# ## Divide by nothing",
                                "# %%\nprint(1 / 0)")) == 1
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err.startswith('11_toy failed in "Divide by nothing", code cell 2:\n')
    assert "ZeroDivisionError: division by zero" in said.err and "\x1b" not in said.err
    assert "11_toy.failed.ipynb" in said.err and len(said.err.splitlines()) < 20
    assert (project / "build" /
            "11_toy.failed.ipynb").is_file() and not (project / "build" / "11_toy.ipynb").exists()


def test_our_package_is_used_where_another_one_is_called_lib(project, text_of, tmp_path,
                                                             monkeypatch):
    other = tmp_path / "other"
    (other / "lib").mkdir(parents=True)
    for name in ("__init__", "paths"):
        (other / "lib" / f"{name}.py").write_text("X = 1")
    monkeypatch.setenv("PYTHONPATH", str(other))
    cell = """
        # %%
        from joblib import Parallel, delayed
        from lib.datasets.base import readable
        from lib import paths
        print(paths.ROOT, Parallel(n_jobs=2)(delayed(readable)(name) for name in "ab"))
        """
    assert run(project, text_of(cell)) == 0
    assert f"{paths.ROOT} ['a', 'b']" in (project / "build" / "11_toy.ipynb").read_text()


def test_dead_kernel_says_so_and_where(project, text_of, capfd):
    assert run(
        project,
        text_of("# %% [markdown]\n# ## Too much",
                "# %%\nimport os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
                "# %% [markdown]\n# ## Not reached", "# %%\nprint(1)")) == 138
    said = capfd.readouterr().err
    assert "out of memory" in said and 'failed after "Too much", code cell 2\n' in said


def test_declared_output_must_be_made(project, text_of, capfd):
    assert run(project, text_of("# %%\nprint(1)", produces="fig9")) == 1
    assert "made no fig9" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("profile", "message"),
    [({"10_toy": {"sise": 3}}, "10_toy has no parameter 'sise'; it has profile"),
     ({"10_toy": {"size": "3"}}, "parameter size = '3' is str, expected int like 20"),
     ({"10_toy": {"size": True}}, "is bool, expected int"),
     ({"10_toi": {"size": 3}}, "section '10_toi' names no notebook; there are 10_toy"),
     ({"size": 3}, "'size' is no common parameter"),])
def test_what_is_unknown_is_refused(project, toy_text, capsys, profile, message):
    (project / "notebooks" / "profiles" / "demo.yaml").write_text(yaml.safe_dump(profile))
    assert run(project, toy_text, "10_toy") == 1
    assert message in capsys.readouterr().err
    assert run(project, toy_text, "10_toy", "--why") in (0, 1)


def test_unknown_notebook_is_named(project, capsys):
    assert runner.main(["99_nothing"]) == 1
    assert "no notebook 99_nothing: there are none" in capsys.readouterr().err
