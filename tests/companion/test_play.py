"""Copies of the lessons to play with."""

from __future__ import annotations

import json

import pytest

from lib.companion import checking, play


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


def test_an_exercise_is_copied_and_checked_where_it_was_edited(lesson, tmp_path, monkeypatch):
    lesson("first")
    given = tmp_path / "exercises" / "10_toy.ipynb"
    given.parent.mkdir()
    given.write_text(json.dumps({"cells": ["a task"], "metadata": {}}))
    assert play.copies() == []
    copy = tmp_path / "build" / "play" / "notebooks" / "exercises" / "10_toy.ipynb"
    before = given.read_bytes()
    copy.write_text("my answer")
    judged = []
    monkeypatch.setattr(checking, "lessons", lambda: ["10_toy"])
    monkeypatch.setattr(checking, "judge", lambda file, *_: judged.append(file) or [])
    assert checking.check("10") == 0 and judged == [copy]
    assert play.copies() == [] and copy.read_text() == "my answer" and given.read_bytes() == before
