"""The project itself: it installs from one lock, its package is tracked, its rooms depend on each other in one direction."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from itertools import chain
from pathlib import Path

import pytest
import yaml

import lib
from lib import paths, publish, reproduce, scoreboard

PYPROJECT = tomllib.loads((paths.ROOT / "pyproject.toml").read_text())
LOCK = (paths.ROOT / "requirements.lock").read_text()
MODULES = sorted((paths.ROOT / "lib").rglob("*.py"))
ROOMS = ["datasets", "simulation", "preprocessing", "models", "training", "evaluation", "protocols"]
OUTSIDE = {"models": {"datasets", "simulation"}, "datasets": {"simulation"}}  # beside what comes later in ROOMS
# used by notebooks and commands, by no room
FRONT = {"collect", "exercises", "explore", "interactive", "notebook", "provenance", "publish", "report", "reproduce", "plots",
         "schematics", "scoreboard", "teaching"}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", name).group()).lower()


def imported(file) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import; write lib. in front"
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def make(*arguments) -> str:
    return subprocess.run(["make", *arguments], cwd=paths.ROOT, capture_output=True, text=True, check=True).stdout


def test_package_is_ours_and_tracked():
    assert Path(lib.__file__).is_relative_to(paths.ROOT)
    ignored = subprocess.run(["git", "check-ignore", "lib", "lib/paths.py"], cwd=paths.ROOT, capture_output=True, text=True)
    assert ignored.stdout == ""


def test_lock_holds_every_requirement_at_one_version_and_no_address():
    pinned = {canonical(line): line for line in LOCK.splitlines() if re.match(r"[a-z]", line)}
    assert all(re.match(r"[a-z0-9._-]+==[\w.]+\s", line + " ") for line in pinned.values())
    assert not re.search(r"://|--\w|\+", LOCK)
    wanted = PYPROJECT["project"]["dependencies"] + [*chain(*PYPROJECT["project"]["optional-dependencies"].values())]
    assert [name for name in wanted if canonical(name) not in pinned] == []
    exact = dict(re.findall(r"(\w+)==([\d.]+)$", "\n".join(wanted), re.M))
    assert all(pinned[name].startswith(f"{name}=={version}") for name, version in exact.items()) and "torch" in exact


def test_environment_yml_says_nothing_of_its_own():
    environment = yaml.safe_load((paths.ROOT / "environment.yml").read_text())
    *conda, pip = environment["dependencies"]
    assert conda == [f"python{PYPROJECT['project']['requires-python']}", "pip"]
    assert pip == {"pip": ["-r requirements.lock"]}


def test_make_prints_help_and_every_target_is_in_it():
    listed = set(re.findall(r"^  ([a-z-]+) ", make(), re.M))
    wanted = ("help setup lock lab exercises check notebooks reproduce test lint bench tune data data-status verify report site "
              "clean distclean")
    assert listed == set(wanted.split())


def test_make_and_the_runner_set_the_same_environment():
    exported = dict(re.findall(r"^export (\w+) := (.*)$", (paths.ROOT / "Makefile").read_text(), re.M))
    assert {key: exported.get(key) for key in reproduce.ENVIRONMENT} == reproduce.ENVIRONMENT


def test_citation_names_the_four_papers():
    citation = yaml.safe_load((paths.ROOT / "CITATION.cff").read_text())
    assert len(citation["references"]) == 4
    assert all(paper.get("doi") or paper.get("url") for paper in citation["references"])


@pytest.mark.parametrize("file", MODULES, ids=lambda p: p.relative_to(paths.ROOT).as_posix())
def test_imports_point_one_way(file):
    parts = file.relative_to(paths.ROOT / "lib").parts
    room = parts[0] if len(parts) > 1 else ""
    ours = {name.split(".")[1] for name in imported(file) if name.startswith("lib.")}
    assert not any(name.split(".")[0] in ("notebooks", "tests", "benchmarks") for name in imported(file))
    if room in ROOMS:
        later = set(ROOMS[ROOMS.index(room) + 1 :])
        assert ours & (later | FRONT | OUTSIDE.get(room, set())) == set()


@pytest.mark.parametrize("file", MODULES, ids=lambda p: p.relative_to(paths.ROOT).as_posix())
def test_modules_and_functions_fit_on_the_screen(file):
    text = file.read_text()
    assert text.count("\n") <= 300
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    assert [node.name for node in functions if node.end_lineno - node.lineno > 60] == []


def test_the_readmes_numbers_are_those_of_the_tables():
    folder = paths.FIGURES / "rmmt" / "public"
    assert publish.results_table(folder) in (paths.ROOT / "README.md").read_text(encoding="utf-8")
    assert scoreboard.markdown(scoreboard.read().frame) in (paths.ROOT / "README.md").read_text(encoding="utf-8")
