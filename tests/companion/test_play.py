"""Copies of the lessons to play with."""

from __future__ import annotations

import json

import pytest

from lib.companion import play


@pytest.fixture
def lesson(tmp_path, monkeypatch):
    """Writes a lesson; its copy lies in ``build/play``."""
    monkeypatch.setenv("NOTEBOOKS", str(tmp_path))
    monkeypatch.setenv("BUILD", str(tmp_path / "build"))

    def write(text: str):
        content = {"cells": [text], "metadata": {"jupytext": {"formats": "ipynb,py:percent"}}}
        (tmp_path / "10_toy.ipynb").write_text(json.dumps(content))
        return tmp_path / "build" / "play" / "notebooks" / "10_toy.ipynb"

    return write


def test_copy_follows_the_lesson_until_it_is_edited(lesson):
    copy = lesson("first")
    assert play.copies() == [] and json.loads(
        copy.read_text()) == {"cells": ["first"], "metadata": {}}
    lesson("second")
    assert play.copies() == [] and "second" in copy.read_text()
    copy.write_text("mine")
    assert play.copies() == []
    lesson("third")
    assert play.copies() == ["10_toy"] and copy.read_text() == "mine"
