"""The site of the notebooks: built without warnings and without executing anything, and read from
files."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from lib import paths

pytestmark = pytest.mark.slow
LOADED = ("Promise.all([...document.images]"
          ".map(i => i.decode().then(() => i.naturalWidth, () => 0)))")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Folder of the built site: the committed notebooks, every warning an error."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "source").mkdir()
    sphinx = [sys.executable, "-m", "sphinx", "-c", "docs", "-W", "--keep-going", "-q", "-d"]
    command = [*sphinx, folder / "trees", folder / "source", folder / "out"]
    done = subprocess.run(command, cwd=paths.ROOT, env=os.environ | {"SITE_COPIES": "committed"},
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder / "out"


LINKED = ("[...document.querySelectorAll('a')].map(a => "
          "a.pathname.split('/').pop().replace('.html', ''))")
BARRIERS = [
    "index", "notebooks/21_amigos_pretraining", "notebooks/92_scoreboard", "reference/lib", "search"
]


def test_every_page_is_reached_from_the_start_page(visit, site):
    page = visit((site / "index.html").as_uri())
    linked = set(page.evaluate(LINKED))
    assert {"part-1", "part-4", "92_scoreboard"} <= linked
    assert page.locator("article table").first.locator("tbody tr").count() == 4
    for part in [*site.glob("part-*.html"), *site.glob("folder-*.html")]:
        page.goto(part.as_uri())
        linked |= set(page.evaluate(LINKED))
    assert {file.stem for file in paths.NOTEBOOKS.glob("[0-9]*.ipynb")} <= linked
    assert {file.stem for file in (paths.ROOT / "docs").rglob("*.md")} <= linked | {"index"}
    assert page.faults == []


def test_a_lesson_leads_to_its_files_and_to_the_reference(visit, site):
    page = visit((site / "notebooks" / "12_rmmt_training.html").as_uri())
    files = page.evaluate("[...document.querySelectorAll('a.download')].map(a => a.href)")
    assert {file.rsplit("/", 1)[-1]
            for file in files} == {"12_rmmt_training.ipynb", "12_rmmt_training.py"}
    page.click("article a[href*='reference/training.html#']")
    page.locator("dl.py").first.wait_for(state="attached")
    assert page.locator("dl.py").count() > 20 and page.faults == []


@pytest.mark.parametrize("name", BARRIERS)
def test_the_site_has_no_barriers(barriers, site, name):
    query = "?q=distillation" if name == "search" else ""
    ready = "#search-results li a" if query else "main"
    assert barriers((site / f"{name}.html").as_uri() + query, ready) == []


def test_a_notebook_page_shows_its_pictures_and_formulas(visit, site):
    page = visit((site / "notebooks" / "21_amigos_pretraining.html").as_uri(),
                 viewport={"width": 400, "height": 800})
    widths = page.evaluate(LOADED)
    assert len(widths) >= 4 and min(widths) > 0
    assert page.evaluate("[...document.images].filter(i => !i.alt.trim()).length") == 0
    assert page.locator("article math").count() > 1 and page.evaluate(
        "document.documentElement.scrollWidth") == 400
    assert page.faults == []


def test_search_works_from_files(visit, site):
    page = visit((site / "search.html").as_uri() + "?q=distillation")
    page.wait_for_selector("#search-results li a")
    assert page.locator("#search-results a[href*='notebooks/15_rmmt_alpha_sweep']").count() == 1
    assert page.faults == []
