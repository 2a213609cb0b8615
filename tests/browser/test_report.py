"""The report in a browser: it opens from a file, every tab and link works with mouse and keyboard,
it fits a phone and prints."""

from __future__ import annotations

import itertools
import re

import pytest

from lib import paths
from lib.companion.report.page import write

pytestmark = pytest.mark.slow
TITLES = [
    "Paper 1: Residual", "Paper 2: Emotion Recognition", "Paper 3: Multimodal Multi-View",
    "Paper 4: Combination of"
]
OUTLINE = ("[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')]"
           ".map(h => [+h.tagName[1], h.textContent.trim()])")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Address of a report of the committed notebooks; the answer of ``make verify`` is made up,
    since it takes seconds."""
    file = tmp_path_factory.mktemp("report") / "report.html"
    write(file, executed=False, check=lambda figures: (["made up"], []))
    return file.as_uri()


def shown(page) -> list[str]:
    return page.evaluate(
        "[...document.querySelectorAll('.panel')].filter(p => p.checkVisibility()).map(p => p.id)")


def names(page) -> list[str]:
    return page.evaluate("[...document.querySelectorAll('.panel')].map(p => p.id)")


def test_opens_from_a_file_without_errors_requests_or_missing_pictures(visit, report):
    page = visit(report)
    widths = page.evaluate(
        "Promise.all([...document.images].map(i => i.decode().then(() => i.naturalWidth, () => 0)))"
    )
    assert len(widths) > 50 and min(widths) > 0
    assert page.evaluate(
        "performance.getEntriesByType('resource').filter(e => !e.name.startsWith('data:')).length"
    ) == 0
    assert page.faults == []


def test_pictures_have_two_pixels_for_each_of_the_page(visit, report):
    page = visit(report, viewport={"width": 1400, "height": 900})
    page.evaluate("document.querySelectorAll('.panel').forEach(p => p.hidden = false)")
    assert page.evaluate(
        "Math.min(...[...document.images].map(i => i.naturalWidth / i.width))") > 1.9


def test_every_tab_by_click_and_by_arrow_keys(visit, report):
    page = visit(report)
    tabs = names(page)
    assert shown(page) == ["start"] and {"paper-1", "paper-2", "paper-3", "paper-4", "provenance"
                                         } < set(tabs)
    for tab in tabs:
        page.click(f"#tab-{tab}")
        assert shown(page) == [tab] and page.get_attribute(f"#tab-{tab}", "aria-selected") == "true"
    page.keyboard.press("Home")
    walked = []
    for _ in tabs:
        walked += shown(page)
        assert page.evaluate("document.activeElement.id") == f"tab-{walked[-1]}"
        page.keyboard.press("ArrowRight")
    assert walked == tabs and shown(page) == ["start"]
    page.keyboard.press("ArrowLeft")
    assert shown(page) == [tabs[-1]]
    page.go_back()
    assert shown(page) == ["start"]
    assert page.faults == []


def test_slash_finds_a_figure_and_enter_goes_to_it(visit, report):
    page = visit(report)
    page.keyboard.press("/")
    page.keyboard.type("manifest row of amigos/splits.png")
    page.wait_for_selector("#results li:first-child a[href='#fig-amigos-splits']")
    assert page.text_content("#found") == "1 place"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert shown(page) == ["paper-2"] and not page.is_visible("#results")
    assert page.evaluate("document.activeElement.id") == "fig-amigos-splits"
    top = page.evaluate("document.activeElement.getBoundingClientRect().top - "
                        "document.querySelector('header').offsetHeight")
    assert 0 <= top < 100  # below the header that stays, not under it
    page.keyboard.press("/")
    page.fill("#query", "no such words anywhere")
    page.get_by_text("Nothing found").wait_for()
    page.fill("#query", "distilation")
    page.get_by_text(re.compile("for “distillation”: [0-9]+ places")).wait_for()
    page.keyboard.press("Escape")
    assert not page.is_visible("#results") and page.faults == []


def test_a_link_opens_the_tab_and_the_fold_of_its_target(visit, report):
    page = visit(report + "#paper-1--table5")
    assert shown(page) == ["paper-1"] and page.is_visible("#paper-1--table5")
    page.goto(report + "#start")
    page.click(".contents a[href='#42_eeg_recognition']")
    assert shown(page) == ["paper-4"] and page.is_visible("h3[id='42_eeg_recognition']")
    links = page.evaluate(
        """[...document.querySelectorAll("a[href^='#']")].map(a => a.hash.slice(1))""")
    assert len(links) > 500 and page.evaluate(
        "links => links.filter(id => !document.getElementById(id))", links) == []


def test_code_is_folded_until_asked_for(visit, report):
    page = visit(report + "#12_rmmt_training")
    code = page.locator("[id='12_rmmt_training--cell-2'] .code pre")
    assert not code.is_visible() and page.is_visible("[id='12_rmmt_training--cell-2'] pre.output")
    page.click("#fold")
    assert code.is_visible() and page.get_attribute("#fold", "aria-pressed") == "true"


def test_the_scoreboard_shows_only_the_lines_asked_for(visit, report):
    page = visit(report + "#scoreboard")
    rows = page.locator("#scoreboard--table tbody tr:visible")
    every = rows.count()
    page.fill("[data-filter=scoreboard--table]", "close ccc")
    chosen = rows.all_text_contents()
    assert 0 < len(chosen) < every > 100 and all("close" in row and "CCC" in row for row in chosen)
    assert page.text_content(".filter [role=status]") == f"{len(chosen)} of {every}"


def test_a_screen_reader_finds_its_way(visit, report):
    page = visit(report)
    outline = page.evaluate(OUTLINE)
    levels = [level for level, _ in outline]
    assert levels.count(1) == 1 and all(text for _, text in outline)
    assert max(b - a for a, b in itertools.pairwise(levels)) == 1
    lacking = page.evaluate("""({
        alt: [...document.images].filter(i => !i.alt.trim()).length,
        scope: [...document.querySelectorAll('th:not([scope])')].length,
        name: [...document.querySelectorAll('button, input')]
            .filter(e => !e.labels?.length && !e.textContent.trim()).length,
    })""")
    assert lacking == {"alt": 0, "scope": 0, "name": 0}
    assert page.evaluate("document.documentElement.lang") == "en" and page.title() and page.locator(
        "main").count() == 1
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_nothing_is_wider_than_a_phone(visit, report):
    page = visit(report, viewport={"width": 400, "height": 800})
    widths = {}
    for tab in names(page):
        page.click(f"#tab-{tab}")
        widths[tab] = page.evaluate("document.documentElement.scrollWidth")
    assert set(widths.values()) == {400}, widths


def test_without_scripts_everything_is_there(visit, report):
    page = visit(report, java_script_enabled=False)
    assert page.locator(".panel:visible").count() == page.locator(".panel").count() > 5


def test_prints_every_tab_with_whole_figures_and_no_code(visit, report, tmp_path):
    page = visit(report + "#paper-3")
    content = page.pdf(path=tmp_path / "report.pdf", format="A4", tagged=True, outline=True)
    assert len(re.findall(rb"/Type\s*/Page\b", content)) > 60
    outline = "\n".join(
        title.decode("latin-1") for title in re.findall(rb"/Title\s*\((.*?)\)", content))
    assert [title for title in TITLES if title not in outline] == []
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert shown(page) == names(page) and page.locator(
        "pre:visible .k, #tabs:visible, #search:visible").count() == 0
    assert page.evaluate(
        "[...document.querySelectorAll('.answer table')].every(t => t.checkVisibility())")
    paper = 267 / 25.4 * 96  # pixels between the margins of an A4 page
    assert page.evaluate(
        "Math.max(...[...document.querySelectorAll('figure')].map(f => f.offsetHeight))") < paper
    assert page.faults == []


@pytest.mark.parametrize("tab", ["start", "paper-4", "scoreboard"])
def test_the_report_has_no_barriers(barriers, report, tab):
    assert barriers(f"{report}#{tab}") == []


def test_tables_are_taken_home_as_csv(visit, report):
    page = visit(report + "#row-across-scoreboard-csv")
    with page.expect_download() as got:
        page.click("[id=row-across-scoreboard-csv] a[download]")
    assert got.value.path().read_bytes() == (paths.FIGURES / "across/scoreboard.csv").read_bytes()
    assert page.faults == []
