"""start(), figures, tables and finish(), without a kernel."""

from __future__ import annotations

import json

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure

from lib import profiles
from lib.companion import provenance
from lib.companion import run as notebook
from lib.companion.verify import verify


@pytest.fixture
def begin(project, toy_text):
    (project / "notebooks" / "10_toy.py").write_text(toy_text)

    def start(profile="demo", device="cpu", out="", seed=0):
        return notebook.start("10_toy", profile=profile, seed=seed, device=device, data="", out=out,
                              size=20)

    return start


def picture(title="A line"):
    fig = Figure(figsize=(4, 3), layout="constrained")
    axes = fig.subplots()
    axes.plot([0, 1], [1, 0])
    axes.set(xlabel="time (s)", ylabel="valence", title=title)
    return fig


def test_start_fixes_chance_and_prints_no_time_and_no_path(begin, project, capsys):
    drawn, said = [], []
    for _ in range(2):
        begin(seed=3)
        drawn.append((np.random.random(), torch.rand(1).item()))  # noqa: NPY002
        said.append(capsys.readouterr().out)
    assert drawn[0] == drawn[1] and torch.get_num_threads() == 1
    assert said[0] == said[1] and len(said[0].splitlines()) == 4
    assert "profile demo, seed 3, device cpu" in said[0] and str(
        project) not in said[0] and "+cpu" not in said[0]


@pytest.mark.parametrize(("wrong", "message"),
                         [({"profile": "fast"}, "no profile 'fast'; there are demo, public, paper"),
                          ({"device": "cuda"}, "no CUDA device"),])
def test_start_refuses(begin, wrong, message, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match=message):
        begin(**wrong)


def test_same_figure_same_bytes_and_simulated_is_said(begin, project):
    contents = []
    for _ in range(2):
        run = begin()
        run.figure("fig1", picture(), caption="effect = 1")
        contents.append((project / "build" / "figures" / "toy" / "fig1.png").read_bytes())
    assert contents[0] == contents[1]
    assert b"simulated data: effect = 1" in contents[0]
    run.figure("fig1", picture(), caption="239 trials", tier="public")
    assert [row["caption"] for row in run.rows] == ["239 trials"]


def test_caption_is_drawn_below_everything(begin, project):
    fig, axes = plt.subplots(figsize=(4, 3))
    axes.plot([0, 1], "o")
    axes.set(xlabel="a label\nof two lines")
    begin().figure("fig1", fig, caption="effect = 1")
    fig.draw_without_rendering()
    (caption,) = fig.texts
    top = caption.get_window_extent().y1
    assert top <= axes.xaxis.get_label().get_window_extent().y0


def test_table_is_html_plain_text_and_csv(begin, project, monkeypatch):
    run, shown = begin(), []
    monkeypatch.setattr("lib.companion.run.display", lambda what, raw: shown.append(what))
    frame = pd.DataFrame({"model": ["face", "both"], "CCC": [0.123456789,
                                                             np.nan]}).set_index("model")
    run.table("table1", frame, caption="simulated cohort")
    text, cells = shown[0]["text/plain"], shown[0]["text/html"]
    assert text == "table1: simulated cohort\nmodel   CCC\n face 0.123\n both     -"
    assert [cells.count(f">{cell}</td>") for cell in ("face", "0.123", "both", "–")] == [1] * 4
    assert (project / "build" / "figures" / "toy" /
            "table1.csv").read_text() == "model,CCC\nface,0.123457\nboth,\n"


def test_profiles_keep_apart(begin, project):
    for profile in ("demo", "public"):
        run = begin(profile=profile, out=str(project / "figures"))
        run.figure("fig1", picture(), caption="simulated")
        run.table("table1", pd.DataFrame({"a": [1]}), caption="simulated")
        run.finish()
    public, demo = (json.loads((project / "figures" / part / "manifest.json").read_text())
                    for part in ("toy/public", ""))
    assert [row["file"] for row in public] == ["fig1.png", "table1.csv"]
    assert [row["file"] for row in demo] == ["toy/fig1.png", "toy/table1.csv"]
    assert verify(project / "figures") == ([], [])
    (project / "figures" / "manifest.json").write_text("[{")
    with pytest.raises(profiles.Refused, match=r"manifest.json: expected JSON.*Restore it"):
        verify(project / "figures")


def test_finish_wants_what_was_declared_and_no_more(begin):
    run = begin()
    run.figure("fig1", picture(), caption="simulated")
    with pytest.raises(RuntimeError, match="declares table1 in its header, but no cell made it"):
        run.finish()
    with pytest.raises(ValueError,
                       match=r"fig2 is not among the outputs .* declares: table1, fig1"):
        run.figure("fig2", picture(), caption="simulated")


def test_rerun_replaces_its_own_rows_only(tmp_path, project):
    manifest = tmp_path / "manifest.json"
    provenance.record(manifest, "a",
                      [{"file": "2.png", "notebook": "a"}, {"file": "1.png", "notebook": "a"}])
    provenance.record(manifest, "b", [{"file": "0.png", "notebook": "b"}])
    provenance.record(manifest, "a", [{"file": "1.png", "notebook": "a"}])
    assert [row["file"] for row in json.loads(manifest.read_text())] == ["0.png", "1.png"]


def test_show_source_shows_the_tested_code(monkeypatch):
    shown = []
    monkeypatch.setattr(notebook, "display", shown.append)
    notebook.show_source(notebook.Run.finish)
    assert shown[0].data.startswith("`lib/companion/run.py`\n\n```python\ndef finish(self)")


@pytest.mark.parametrize(("edit", "same"),
                         [(("x = 1  # one", "x = 1  # uno"), True),
                          (('"""Doc."""', '"""Other words.\n\n    More.\n    """'), True),
                          (("x = 1  # one", "x = 2  # one"), False),
                          (('"# no comment"', '"# other"'), False),])
def test_bare_code_ignores_words_only(edit, same):
    source = 'def f():\n    """Doc."""\n    x = 1  # one\n\n    return x, "# no comment"\n'
    assert (provenance.bare(source.replace(*edit)) == provenance.bare(source)) is same


def test_trials_that_could_not_be_read_stand_in_the_manifest(begin, project):
    run = begin()
    run.figure("fig1", picture(), caption="simulated cohort", dropped=("Sessions/4", "Sessions/2"))
    assert run.rows[0]["dropped"] == ["Sessions/2", "Sessions/4"]
