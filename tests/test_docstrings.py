"""What the reference of the site shows: every public name says what it is for, and the examples
give what they print."""

from __future__ import annotations

import doctest
import importlib
import inspect

import pytest

from lib import paths

FILES = sorted((paths.ROOT / "lib").rglob("*.py"))
TAUGHT = [file for file in FILES if ">>> " in file.read_text(encoding="utf-8")]


def module(file):
    name = ".".join(file.relative_to(paths.ROOT).with_suffix("").parts)
    return importlib.import_module(name.removesuffix(".__init__"))


def test_examples_of_arithmetic_splits_metrics_and_band_power_are_there():
    assert {"numbers", "splits", "metrics", "power"} <= {file.stem for file in TAUGHT}


@pytest.mark.parametrize("file", TAUGHT, ids=lambda file: file.stem)
def test_examples_give_what_they_print(file):
    failed, tried = doctest.testmod(module(file))
    assert tried and not failed


@pytest.mark.parametrize("file", [f for f in FILES if f.stem not in ("__main__", "launch")],
                         ids=lambda file: str(file.relative_to(paths.ROOT)))
def test_every_public_name_has_a_docstring(file):
    loaded = module(file)
    own = [(name, value) for name, value in vars(loaded).items()
           if (inspect.isfunction(value) or inspect.isclass(value)) and not name.startswith("_")
           and value.__module__ == loaded.__name__]
    assert [name for name, value in own if not (value.__doc__ or "").strip()] == []
