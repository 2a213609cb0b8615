"""JupyterLab itself, in Chromium: a slider is moved in a lesson; a student gets an exercise wrong,
opens the hint, gets it right."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import jupytext
import pytest

from lib import paths
from lib.companion import checking, exercises

pytest.importorskip("playwright")
CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome")
                 if (found := shutil.which(name))), None)
pytestmark = [
    pytest.mark.kernel, pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
]
WAIT = 60_000  # ms


@pytest.fixture(scope="module")
def lab(tmp_path_factory, toy_text):
    """Address of a JupyterLab that serves a project with the toy lesson and its exercise."""
    folder = tmp_path_factory.mktemp("lab")
    notebooks = folder / "notebooks"
    (notebooks / "exercises").mkdir(parents=True)
    (notebooks / "profiles").mkdir()
    for file in ("jupytext.toml", "notebooks/exercises/jupytext.toml",
                 "notebooks/profiles/demo.yaml"):
        shutil.copy(paths.ROOT / file, folder / file)
    (notebooks / "10_toy.py").write_text(toy_text)
    jupytext.write(jupytext.read(notebooks / "10_toy.py"), notebooks / "10_toy.ipynb")
    with socket.socket() as free, pytest.MonkeyPatch.context() as patch:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        own = {
            "NOTEBOOKS": notebooks, "BUILD": folder / "build", "PYTHONPATH": paths.ROOT,
            "JUPYTERLAB_WORKSPACES_DIR": folder / "workspaces"
        }
        for name, value in own.items():
            patch.setenv(name, str(value))
        free.close()
        assert exercises.write() == 0
        options = [
            f"--port={port}", "--no-browser", "--allow-root", "--IdentityProvider.token=",
            f"--ServerApp.root_dir={folder}"
        ]
        with subprocess.Popen([sys.executable, "-m", "jupyterlab", *options], cwd=folder,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
            answers(f"http://127.0.0.1:{port}/api")
            yield f"http://127.0.0.1:{port}/lab/tree/notebooks"
            server.terminate()


def answers(address: str, seconds: float = 60) -> None:
    """Wait until a server answers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(address)
            return
        except OSError:
            time.sleep(0.25)
    raise TimeoutError(f"no answer from {address} within {seconds:g} s")


@pytest.fixture
def page():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1300, "height": 900})
        page.set_default_timeout(WAIT)
        yield page
        browser.close()


def answer(page, body: str, told: str) -> None:
    """Write a body between the marks, run the cell and the check below it, and wait for what the
    check must say."""
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(f"def mean_of(x):\n    # your code\n    {body}\n    # end")
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    page.locator(".jp-CodeCell").nth(1).locator(".jp-OutputArea-output").filter(
        has_text=re.compile(told)).wait_for()


def test_student_walks_through_an_exercise(lab, page, capsys):
    page.goto(f"{lab}/exercises/10_toy.ipynb?reset")
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    answer(page, "return max(x)", r"^not yet: yours is the largest \(hint 2\)")
    hint = page.locator("details", has_text="Hint 2")
    assert not hint.get_by_text("Divide.").is_visible()
    hint.locator("summary").click()
    hint.get_by_text("Divide.").wait_for()
    answer(page, "return sum(x) / len(x)", "^accepted: the mean of 1, 2, 6 is 3")
    page.keyboard.press("Control+s")
    page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')")
    assert checking.check("10") == 0
    assert "10_toy.ipynb, the mean: accepted" in capsys.readouterr().out
    assert not (exercises.place("10_toy").with_suffix(".py")).exists()  # exercises are not paired


def test_slider_moves_the_figure(lab, page):
    page.goto(f"{lab}/10_toy.ipynb?reset")
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    picture = page.locator(".widget-html img")
    assert picture.get_attribute("alt") == "toy"
    before = picture.get_attribute("src")
    page.locator(".noUi-handle").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("before => document.querySelector('.widget-html img').src !== before",
                           arg=before)
