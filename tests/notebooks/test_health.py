"""Every notebook keeps the rules; and the checks of the rules find what breaks them."""

from __future__ import annotations

import nbformat
import pytest

from lib import paths
from lib.companion.publish import paired
from tests.notebooks import health

SOURCES = sorted(paths.NOTEBOOKS.glob("[0-9]*.py"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: p.stem)
def test_source_keeps_the_rules(source):
    assert health.source_faults(source) == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: p.stem)
def test_committed_copy_is_the_executed_source(source):
    assert health.pair_faults(source, source.with_suffix(".ipynb")) == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: p.stem)
def test_demo_profile_is_the_default(source):
    assert health.demo_faults(source, paths.profiles()) == []


def test_every_copy_has_its_source():
    assert {p.stem for p in paths.NOTEBOOKS.glob("*.ipynb")} <= {p.stem for p in SOURCES}


def test_good_notebook_has_no_fault(toy_text, tmp_path):
    (tmp_path / "10_toy.py").write_text(toy_text)
    assert health.source_faults(tmp_path / "10_toy.py") == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [("name: python3", "name: my-env", "kernelspec"), ("paper: toy", "about: toy", "companion"),
     ("# # A toy", "# ## A toy", "title"), ("You will learn", "About", "'You will learn'"),
     ("Needs", "Takes", "'Needs'"), ('tags=["parameters"]', "", "tagged parameters"),
     ("size: int = 20  # draws", "size = 20  # draws", "without type"),
     ("size: int = 20  # draws", "size: int = 20", "comment"),
     ("size: int = 20", "size: int = len('a')", "no plain value"),
     ('device: str = "cpu"  # cpu or cuda\n', "", "first parameters"),
     (",\n            size=size", "", "not given size"),
     ('start("10_toy"', 'start("11_toy"', "exactly one start"),
     ("import numpy as np\n", "import numpy as np\n" + "draws = 1\n" * 25, "lines, at most"),
     ("import numpy as np\n", f"# {'long ' * 20}\n", "characters, at most"),
     ("import numpy as np\n", "class Model:\n    pass\n", "defines a class"),
     ("import numpy as np\n", "# %matplotlib inline\n", "magic"),
     ("import numpy as np\n", "# !pip install x\n", "magic"),
     ("import numpy as np\n", 'open("../data/x.csv")\n', "'../data/x.csv'"),
     ("import numpy as np\n", 'open("figures/x.csv")\n', "'figures/x.csv'"),
     ('tags=["nbval-check-output"]\nrun', 'tags=["nbval-skip"]\nrun', "nbval-skip"),
     ("run.finish()", "run.finish()\nprint(1)", "last cell"),])
def test_faults_are_found(toy_text, tmp_path, old, new, fault):
    assert old in toy_text
    (tmp_path / "10_toy.py").write_text(toy_text.replace(old, new))
    assert any(fault in line for line in health.source_faults(tmp_path / "10_toy.py"))


def test_demo_profile_that_differs_is_found(project, toy_text):
    (project / "notebooks" / "10_toy.py").write_text(toy_text)
    (project / "notebooks" / "profiles" /
     "demo.yaml").write_text("profile: demo\n10_toy: {size: 7}\n")
    assert health.demo_faults(project / "notebooks" / "10_toy.py", project / "notebooks" /
                              "profiles") == ["demo.yaml says size = 7, the notebook 20"]


@pytest.mark.kernel
def test_pair_faults_are_found(ran):
    source, copy = ran / "notebooks" / "10_toy.py", ran / "copy.ipynb"
    assert health.pair_faults(source, copy) == ["there is no copy.ipynb: make notebooks"]

    def faults(change) -> str:
        nb = paired(source, ran / "build" / "10_toy.ipynb")
        change(nb, [c for c in nb.cells if c.cell_type == "code"])
        nbformat.write(nb, copy)
        return "\n".join(health.pair_faults(source, copy))

    assert faults(lambda nb, code: None) == ""
    assert "make notebooks" in faults(lambda nb, code: code[1].update(source="x = 1"))
    assert "make notebooks" in faults(lambda nb, code: nb.cells.pop())
    assert "not executed" in faults(lambda nb, code: code[2].update(execution_count=None))
    assert "at least 3" in faults(lambda nb, code: code[2].metadata.clear())
    warning = nbformat.v4.new_output("stream", name="stderr", text="a warning")
    assert "error or a warning" in faults(lambda nb, code: code[2].outputs.append(warning))
