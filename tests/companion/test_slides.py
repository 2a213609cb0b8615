"""Slides of a lesson: all of what it shows, none of its code, nothing fetched from elsewhere."""

from __future__ import annotations

import re

import nbformat
import pytest

from lib import paths
from lib.companion import slides

pytest.importorskip("sphinx_revealjs")  # carries reveal.js
LESSON = "42_eeg_recognition"


def test_slides_hold_figures_and_tables_and_open_offline(tmp_path):
    lesson = nbformat.read(paths.NOTEBOOKS / f"{LESSON}.ipynb", as_version=4)
    figures = [
        output.data["image/png"].replace("\n", "") for cell in lesson.cells
        for output in cell.get("outputs", []) if "image/png" in output.get("data", {})
    ]
    page = slides.write(LESSON, tmp_path).read_text(encoding="utf-8")
    shown = page.split('<div class="slides">')[1]
    assert figures and all(figure in shown.replace("\n", "") for figure in figures)
    assert shown.count("<table") >= 3 and "simulated only" in shown
    assert "run.figure(" not in shown and "deal_anew(emotion, recording, seed):" not in shown
    fetched = re.findall(r'(?:src|href|import|url)\s*[=(]?\s*["\']?((?:https?:)?//[^\s"\')]+)',
                         page)
    assert not [link for link in fetched if f'<a href="{link}"' not in page]
    local = re.findall(r'(?:src|href)="(reveal\.js/[^"]+)"', page)
    assert len(local) >= 3 and all((tmp_path / file).is_file() for file in local)


def test_each_heading_begins_a_slide_and_what_follows_stands_below_it():
    cells = slides.deck(LESSON).cells
    kinds = [cell.metadata.slideshow.slide_type for cell in cells]
    begun = [
        cell.source.split("\n")[0] for cell, kind in zip(cells, kinds, strict=True)
        if kind == "slide"
    ]
    assert begun[0] == "# 98.7 percent: of what?" and "## The null twin" in begun
    assert all(text.startswith("#") for text in begun)
    at = kinds.index("slide", kinds.index("subslide"))
    assert kinds[at + 1] in ("-", "subslide")


def test_a_column_that_says_the_same_in_each_row_is_said_once(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("row,tier,mean_score\na,simulated,0.12345\nb,simulated,\n")
    html = slides.table(file, "t: <seed> 0")
    assert "t: &lt;seed&gt; 0; tier: simulated" in html and "<th>mean score</th>" in html
    assert html.count("simulated") == 1 and "0.123" in html and "–" in html
