"""A headless Chromium of the system for tests that look at pages as a reader's browser does; they
are skipped where there is none."""

from __future__ import annotations

import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"
]


@pytest.fixture(scope="module")
def chromium():
    """The browser, with a new folder for its user's data."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is on PATH, and CHROMIUM names none")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium):
    """Opens an address in a new context. ``page.faults`` collects console errors, exceptions and
    requests that leave the machine."""
    contexts = []

    def open_page(address: str, **options):
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.faults = []
        page.on(
            "console", lambda message: page.faults.append(message.text)
            if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on(
            "request", lambda request: None
            if request.url.startswith(("file:", "data:")) else page.faults.append(request.url))
        page.on("requestfailed", lambda request: page.faults.append(f"failed: {request.url[:200]}"))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def barriers(visit):
    """Opens an address wide and light, narrow and dark; says what axe finds against WCAG 2.1 A and
    AA, by rule, and pages that are wider than the window."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "resultTypes": ["violations"]}

    def find(address: str, ready: str = "main") -> list[tuple]:
        found = []
        for width, scheme in ((1400, "light"), (400, "dark")):
            page = visit(address, viewport={"width": width, "height": 900}, color_scheme=scheme)
            page.wait_for_selector(ready, state="attached")
            # axe reads hidden parts too, which takes a minute on a page of 19 MiB
            page.evaluate("document.querySelectorAll('.panel[hidden]').forEach(p => p.remove())")
            for problem in axe.run(page, options=rules).response["violations"]:
                nodes = [node["target"][0] for node in problem["nodes"]]
                found.append((scheme, width, problem["id"], len(nodes), nodes[:3]))
            if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
                found.append((scheme, width, "wider than the window", wide, []))
            page.context.close()
        return found

    return find
