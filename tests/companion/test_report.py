"""The report as text: nothing is lost, nothing is fetched, nothing that data say becomes markup.
Its looks are tested in tests/browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from lib import paths
from lib.companion import scoreboard
from lib.companion.report.cells import section
from lib.companion.report.lessons import Lesson, lessons
from lib.companion.report.markdown import Text, mathml
from lib.companion.report.page import manifest, render
from lib.companion.report.tables import board, compare

HOSTILE = '<script>alert("&")</script><img src=x onerror=alert(1)>'
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def silent(figures):
    return [], []


def row(file: str, content: bytes, **changes) -> dict:
    identifier = file.split("/")[-1].split(".")[0]
    return {
        "id": identifier, "file": file, "sha256": hashlib.sha256(content).hexdigest(),
        "notebook": "10_toy", "profile": "demo", "cell": 1, "heading": "", "caption": HOSTILE,
        "tier": "simulated", "seed": 0, "parameters": {"key": HOSTILE}, "code": "c", "lock": "l",
        "data": "", "dropped": [HOSTILE
                                ], "device": "cpu", "seconds": 1, "peak_mib": 1, "kind": "figure"
    } | changes


def answer(**changes) -> dict:
    return {
        "row": "model", "role": "model", "metric": "CCC", "published": 0.7, "published_spread": 0.1,
        "reproduced": 0.25, "reproduced_spread": 0.2, "n": 3, "split": "by_trial",
        "tier": "simulated", "verdict": "simulated only"
    } | changes


@pytest.fixture(scope="module")
def whole():
    """The page of the committed notebooks and figures, and what it says of itself."""
    return render(executed=False, check=silent)


@pytest.fixture
def hostile(project, toy_text):
    """A project whose notebook, manifest and tables hold markup wherever text of a run can
    stand."""
    (project / "notebooks" / "10_toy.py").write_text(toy_text)
    figure = new_output("display_data", {"image/png": base64.b64encode(PNG).decode()},
                        metadata={"image/png": {"alt": f"fig1: {HOSTILE}"}})
    html = ('<table onclick="alert(1)"><thead><tr><th>a</th></tr></thead>'
            f"<tr><td>{HOSTILE}</td></tr></table>")
    outputs = [
        new_output("stream", text=HOSTILE), figure,
        new_output("execute_result", {"text/html": html, "text/plain": HOSTILE})
    ]
    cells = [
        new_markdown_cell("# A toy\n\nSee `10_toy` and $\\alpha$."),
        new_code_cell("x = '<script>'", outputs=outputs)
    ]
    nbformat.write(new_notebook(cells=cells), project / "notebooks" / "10_toy.ipynb")
    table = pd.DataFrame([answer(row=HOSTILE)]).to_csv(index=False).encode()
    (project / "figures" / "toy").mkdir(parents=True)
    (project / "figures" / "toy" / "table1.csv").write_bytes(table)
    (project / "figures" / "across").mkdir()
    claims = f"id,claim,verdict\nx,{HOSTILE},consistent\n".encode()
    (project / "figures" / "across" / "claims.csv").write_bytes(claims)
    rows = [
        row("toy/fig1.png", PNG),
        row("toy/table1.csv", table, kind="table"),
        row("across/claims.csv", claims, kind="table")
    ]
    (project / "figures" / "manifest.json").write_text(json.dumps(rows))
    return project


def test_every_link_within_the_page_has_one_target(whole):
    ids = re.findall(r'<[^>]*\sid="([^"]+)"', whole[0])
    assert len(ids) == len(set(ids)) > 500
    assert set(re.findall(r'href="#([^"]+)"', whole[0])) - set(ids) == set()


def test_pictures_are_embedded_once_and_the_file_stays_small(whole):
    pictures = re.findall(r'src="data:image/webp;base64,([^"]+)"', whole[0])
    assert len(pictures) == len(set(pictures)) == whole[1]["pictures"] > 50
    assert len(whole[0]) < 25 * 2**20


def test_nothing_is_loaded_from_elsewhere(whole):
    assert not re.search(
        r'(?:src|srcset|poster)="(?!data:)|@import|<link(?! rel="icon" '
        r'href="data:,">)|<iframe|<object', whole[0])
    script = re.search(r"<script>(.*)</script>", whole[0], re.S)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src"
    assert f"{policy} 'sha256-{digest}'" in whole[0]


def test_every_figure_of_the_real_manifest_leads_to_its_row(whole):
    figures = re.findall(r'<figure id="fig-[^"]+">.*?</figure>', whole[0], re.S)
    assert len(figures) > 50
    assert all(
        re.search(r'href="#row-[\w-]+-png"', figure) and "sha256 <code>" in figure
        for figure in figures)


def test_what_data_say_is_text_and_not_markup(hostile):
    page, _ = render(figures=hostile / "figures", executed=False, check=lambda figures:
                     ([HOSTILE], [HOSTILE]))
    assert page.count("<script>") == 1 and "<img src=x" not in page and "onclick" not in page
    assert page.count("&lt;script&gt;alert(") > 10
    assert 'href="#fig-toy-fig1"' in page and "across/claims.csv" in page


def test_same_inputs_give_the_same_bytes(hostile):
    once, again = (render(figures=hostile / "figures", executed=False, check=silent)[0]
                   for _ in range(2))
    assert once == again


def test_a_picture_that_is_not_the_recorded_file_says_so(hostile):
    listed = hostile / "figures" / "manifest.json"
    assert "not the same bytes" not in render(figures=hostile / "figures", executed=False,
                                              check=silent)[0]
    listed.write_text(json.dumps([row("toy/fig1.png", PNG + b"other")]))
    assert "not the same bytes as the file in the manifest" in render(figures=hostile / "figures",
                                                                      executed=False,
                                                                      check=silent)[0]


def test_results_of_this_machine_stand_beside_its_copies_and_committed_ones_beside_the_others(
        tmp_path):
    def rows_of(folder, digest):
        (tmp_path / folder / "toy").mkdir(parents=True)
        listed = [
            row(f"toy/{name}.csv", b"", notebook=name, sha256=digest)
            for name in ("10_toy", "11_toy")
        ]
        (tmp_path / folder / "manifest.json").write_text(json.dumps(listed))
        return tmp_path / folder

    found = manifest(rows_of("figures", "committed"), rows_of("build", "here"), own={"11_toy"})
    assert {row["notebook"]: row["sha256"]
            for row in found} == {"10_toy": "committed", "11_toy": "here"}
    assert [row["at"].parent.parent.name for row in found] == ["figures", "build"]


def test_a_committed_copy_says_why_it_stands_in(hostile):
    (lesson,) = lessons("demo")
    assert lesson.note == "10_toy has not been run: make reproduce"
    page, about = render(figures=hostile / "figures", check=silent)
    assert about[
        "committed"] == 1 and "committed copy, profile demo (10_toy has not been run" in page


def test_no_notebook_is_no_page(project):
    with pytest.raises(ValueError, match="make reproduce"):
        render(figures=project / "figures", check=silent)


def test_real_and_simulated_never_share_a_column():
    runs = [
        pd.DataFrame([answer(), answer(row="control", published=None, verdict="control")]),
        pd.DataFrame([answer(tier="public", reproduced=0.68, n=10, verdict="reproduced")])
    ]
    table = compare(runs, "Table 4")
    assert table.columns == [
        "row", "metric", "split", "published", "reproduced on public data", "simulated cohort",
        "verdict"
    ]
    assert table.rows[0] == [
        "model", "CCC", "by trial", "0.700 ± 0.100", "0.680 ± 0.200 (n = 10)",
        "0.250 ± 0.200 (n = 3)", "reproduced"
    ]
    assert table.rows[1][3:] == ["–", "–", "0.250 ± 0.200 (n = 3)", "control"]


def test_a_number_that_no_run_answers_stays_in_the_table():
    unanswered = answer(row="other", reproduced=None, split=None, data=None, n=0,
                        verdict="not testable")
    table = compare([pd.DataFrame([answer(), unanswered])], "")
    assert table.rows[1] == ["other", "CCC", "–", "0.700 ± 0.100", "–", "not testable"]


def test_the_scoreboard_keeps_printed_numbers_with_real_and_simulated_apart(whole):
    table = board(paths.FIGURES / "across" / "scoreboard.csv", "")
    lines = pd.read_csv(paths.FIGURES / "across" / "scoreboard.csv").query("kind == 'printed'")
    assert len(table.rows) == len(lines) and "verdict" in table.columns
    row = dict(
        zip(table.columns, table.rows[int(lines["real"].notna().to_numpy().argmax())], strict=True))
    first = lines[lines["real"].notna()].iloc[0]
    assert row[scoreboard.REAL].startswith(f"{first['real']:.3f}") and row[
        scoreboard.SIMULATED].startswith(f"{first['simulated']:.3f}")
    assert f'<a href="#{first["notebook"]}">{row["made in"]}</a>' in whole[0]


def test_formulas_become_mathml_and_bad_ones_stay_readable():
    assert mathml(r"\alpha \le 1").replace("\n", "").replace(
        " ", "") == "<math><mi>α</mi><mo>≤</mo><mn>1</mn></math>"
    assert mathml(r"\nosuchcommand{x<y}") == r'<code class="tex">\nosuchcommand{x&lt;y}</code>'


def test_headings_go_down_and_keep_apart():
    text = Text("10_toy", known={"11_next"})
    html = text.html("# A\n\n## Recap\n\n### b\n\n## Recap\n\n[on](../notebooks/11_next.ipynb) and "
                     "[code](../lib/paths.py)")
    assert re.findall(r'<(h\d) id="10_toy([^"]*)"', html) == [("h3", ""), ("h4", "--recap"),
                                                              ("h5", "--b"), ("h4", "--recap-2")]
    assert '<a href="#11_next">on</a>' in html and "code (<code>../lib/paths.py</code>)" in html


def test_cells_are_numbered_as_in_the_manifest():
    nb = new_notebook(cells=[
        new_markdown_cell("# T"),
        new_code_cell("1"),
        new_markdown_cell("x"),
        new_code_cell("2")
    ])
    table = row("toy/table1.csv", b"", cell=2) | {"path": "toy/table1.csv", "paper": "toy"}
    part = section(Lesson("10_toy", "toy", nb, "demo", {}), [table], ["10_toy"])
    assert [(block.number, block.made) for block in part.blocks] == [(0, []), (1, []), (0, []),
                                                                     (2, [table])]
