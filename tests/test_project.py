"""The project itself: it installs from one lock, its package is tracked, its rooms depend on each
other in one direction."""

from __future__ import annotations

import ast
import io
import os
import re
import shutil
import subprocess
import sys
import tokenize
import tomllib
from itertools import chain
from pathlib import Path

import pytest
import yaml

import lib
from lib import paths
from lib.companion import publish, runner, scoreboard
from lib.evaluation import stand_in
from lib.evaluation.printed import papers
from lib.files import as_markdown

PYPROJECT = tomllib.loads((paths.ROOT / "pyproject.toml").read_text())
LOCK = (paths.ROOT / "requirements.lock").read_text()
MODULES = sorted((paths.ROOT / "lib").rglob("*.py"))
ROOMS = ["datasets", "simulation", "preprocessing", "models", "training", "evaluation", "papers"]
# beside what comes later in ROOMS
OUTSIDE = {"models": {"datasets", "simulation"}, "datasets": {"simulation"}}
# Used by notebooks and commands, and by papers for their figures and sliders; by no other room.
FRONT = {"companion", "plots"}
BUDGET = 15_853  # lines of code in lib; it may fall, it rises by what is new alone


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
    return subprocess.run(["make", *arguments], cwd=paths.ROOT, capture_output=True, text=True,
                          check=True).stdout


def test_package_is_ours_and_tracked():
    assert Path(lib.__file__).is_relative_to(paths.ROOT)
    ignored = subprocess.run(["git", "check-ignore", "lib", "lib/paths.py"], cwd=paths.ROOT,
                             capture_output=True, text=True)
    assert ignored.stdout == ""


def test_lock_holds_every_requirement_at_one_version_and_no_address():
    pinned = {canonical(line): line for line in LOCK.splitlines() if re.match(r"[a-z]", line)}
    assert all(re.match(r"[a-z0-9._-]+==[\w.]+\s", line + " ") for line in pinned.values())
    assert not re.search(r"://|--\w|\+", LOCK)
    wanted = PYPROJECT["project"]["dependencies"] + [
        *chain(*PYPROJECT["project"]["optional-dependencies"].values())
    ]
    assert [name for name in wanted if canonical(name) not in pinned] == []
    exact = dict(re.findall(r"(\w+)==([\d.]+)$", "\n".join(wanted), re.M))
    assert all(pinned[name].startswith(f"{name}=={version}")
               for name, version in exact.items()) and "torch" in exact


def test_environment_yml_says_nothing_of_its_own():
    environment = yaml.safe_load((paths.ROOT / "environment.yml").read_text())
    *conda, pip = environment["dependencies"]
    assert conda == [f"python{PYPROJECT['project']['requires-python']}", "pip"]
    assert pip == {"pip": ["-r requirements.lock"]}


def test_make_prints_help_and_every_target_is_in_it():
    listed = set(re.findall(r"^  ([a-z-]+) ", make(), re.M))
    wanted = ("help setup lock lab exercises check notebooks reproduce test format lint fuzz kills "
              "bench tune data weights data-status prune verify grade slides "
              "report site clean distclean")
    assert listed == set(wanted.split())


def test_make_and_the_runner_set_the_same_environment():
    exported = dict(
        re.findall(r"^export (\w+) := (.*)$", (paths.ROOT / "Makefile").read_text(), re.M))
    assert {key: exported.get(key) for key in runner.ENVIRONMENT} == runner.ENVIRONMENT


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A project in a folder with an odd name, whose Python only notes what it is asked for; and a
    function that calls its make."""
    folder = tmp_path / "My Drive's $HOME; (1) # \"x\""
    for name in ("Makefile", "requirements.lock", "requirements-weights.txt", "pyproject.toml",
                 "lib/__init__.py", "lib/paths.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(paths.ROOT / name, folder / name)
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\ncase "$*" in *paths.build*) exec {sys.executable} "$@";; esac\n'
                      'printf "%s\\n" "$@" >> asked\n')
    python.chmod(0o755)
    (folder / ".venv" / ".stamp").write_text("emotion-companion made this\n")
    for name in ("VENV", "BUILD", "DATA", "PROFILE", "MAKEFLAGS", "MAKELEVEL", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)

    def make(*arguments, **environment):
        done = subprocess.run(["make", *arguments], cwd=folder, env=os.environ | environment,
                              capture_output=True, text=True)
        made = folder / "asked"
        asked = made.read_text().splitlines() if made.exists() else []
        made.unlink(missing_ok=True)
        return done, asked

    return folder, make


def test_make_takes_folders_as_typed_and_little_from_the_environment(checkout):
    folder, make = checkout
    done, asked = make("reproduce", "DATA=a  $b; 'c\" #d", "DEVICE=-x y", VENV="/other",
                       PROFILE="work", PYTHON="/no", JOBS="x")
    assert done.returncode == 0, done.stderr
    together = ["--output-sync=target"] if "--output-sync=target" in asked else []
    assert asked == [
        "-m", "lib.companion.runner", "--plan", "--profile=demo", "--data=a  $b; 'c\" #d",
        "--device=-x y", "-m", "lib.companion.forks", "make", "--no-print-directory", "-j", "2",
        *together, "executed", "-m", "lib.companion.drift", "-m", "lib.prune", "--quiet"
    ]
    assert {p.name for p in folder.parent.iterdir()} == {folder.name}


@pytest.mark.parametrize("how", ["environment", "command line"])
def test_build_folder_of_any_name_is_made_and_removed(checkout, how):
    folder, make = checkout
    build = folder.parent / "b uild's $(shell touch ran) $HOME"
    arguments, environment = ([], {"BUILD": str(build)
                                   }) if how == "environment" else ([f"BUILD={build}"], {})
    done, _ = make("site", *arguments, **environment)
    assert done.returncode == 0 and done.stdout == f"{build}/site/index.html\n", done
    assert (build / "CACHEDIR.TAG").is_file() and (build / "site-source").is_dir()
    assert {p.name for p in folder.parent.iterdir()} == {folder.name, build.name
                                                         } and not (folder / "ran").exists()
    make("clean", *arguments, **environment)
    assert not build.exists() and (folder / ".venv").exists()


def test_clean_and_distclean_remove_only_what_was_made_here(checkout):
    folder, make = checkout
    mine = [
        folder.parent / "my" / "thesis.txt", folder / "build" / "own.txt",
        folder.parent / "env" / "bin" / "own", folder / "mine.egg-info" / "own",
        folder.parent / "disk" / "own"
    ]
    for file in mine:
        file.parent.mkdir(parents=True)
        file.write_text("mine")
    (folder.parent / "env" / ".stamp").write_text("")
    for variables in ({"VENV": str(folder.parent / "my envs")},
                      {"VENV": str(folder.parent / "env")}, {"BUILD": str(folder.parent / "my")}):
        make("clean", **variables)
        assert make("distclean",
                    *(f"{key}={value}" for key, value in variables.items()))[0].returncode == 0
    assert not (folder / ".venv").exists()
    (folder / "link").symlink_to(folder.parent / "disk")
    (folder.parent / "disk" / "CACHEDIR.TAG").write_text(paths.TAG)
    for name in ("link", "link/", "link//"):
        assert "is a link: left as it is" in make("clean", f"BUILD={name}")[0].stdout
    assert "was not made here" in make("clean", "BUILD=.")[0].stdout
    assert all(file.read_text() == "mine" for file in mine)


def test_nothing_is_installed_into_an_environment_of_somebody_else(checkout):
    folder, make = checkout
    other = folder.parent / "conda"
    (other / "bin").mkdir(parents=True)
    (other / "bin" / "python").write_text("#!/bin/sh\ntouch used\n")
    done, asked = make("setup", f"VENV={other}")
    assert done.returncode != 0 and asked == []
    assert "was not made by make, so nothing is installed into it" in done.stderr
    assert [p.name
            for p in other.rglob("*")] == ["bin", "python"] and not (folder / "used").exists()


@pytest.mark.parametrize("names", [("12_rmmt_training", "13_rmmt_fusion", "92_scoreboard"),
                                   ("50_mine", "92_scoreboard")])
def test_notebooks_wait_for_those_they_read_whatever_is_asked_for(names):
    """What make knows of the order, where only a few notebooks are made; the scoreboard waits for
    all of them."""
    told = subprocess.run(["make", "-np", "reproduce", "BUILD=build", f"NAMES={' '.join(names)}"],
                          cwd=paths.ROOT, env=os.environ | {"MAKEFLAGS": ""}, capture_output=True,
                          text=True, check=False).stdout
    for one in ("build/%s.ipynb", "nbval/%s"):
        waits = re.search(rf"^{re.escape(one % names[-1])}: setup \| (.+)$", told, re.M)
        assert waits and waits[1].split() == [one % name for name in names[:-1]]


def test_citation_names_each_paper():
    """By the place in this list the report and the site number a paper's notebooks."""
    citation = yaml.safe_load((paths.ROOT / "CITATION.cff").read_text())
    assert len(citation["references"]) == len(papers())
    assert all(paper.get("doi") or paper.get("url") for paper in citation["references"])


@pytest.mark.parametrize("file", MODULES, ids=lambda p: p.relative_to(paths.ROOT).as_posix())
def test_imports_point_one_way(file):
    parts = file.relative_to(paths.ROOT / "lib").parts
    room = parts[0] if len(parts) > 1 else ""
    ours = {name.split(".")[1] for name in imported(file) if name.startswith("lib.")}
    assert not any(
        name.split(".")[0] in ("notebooks", "tests", "benchmarks") for name in imported(file))
    if room in ROOMS:
        later = set(ROOMS[ROOMS.index(room) + 1:])
        front = set() if room == "papers" else FRONT
        assert ours & (later | front | OUTSIDE.get(room, set())) == set()
    if room in FRONT:
        assert "papers" not in ours


def test_no_room_but_the_papers_names_a_paper():
    keys = papers().keys() - {"seed"}  # which is a number, too
    named = {
        f"{file.parent.name}/{file.name}: {node.value}"
        for room in ("training", "models", "evaluation", "plots", "companion")
        for file in (paths.ROOT / "lib" / room).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and node.value in keys
    }
    # the README shows the public results of paper 1
    assert named == {"companion/publish.py: rmmt"}


def lines_of_code(file: Path) -> int:
    """Without blanks, comments and docstrings."""
    text = file.read_text()
    told = [
        node.body[0] for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Module | ast.ClassDef
                      | ast.FunctionDef) and ast.get_docstring(node) is not None
    ]
    layout = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
              tokenize.ENDMARKER)
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    lines = {
        n for token in tokens if token.type not in layout
        for n in range(token.start[0], token.end[0] + 1)
    }
    return len(lines - {n for node in told for n in range(node.lineno, node.end_lineno + 1)})


def sizes() -> dict[str, tuple[int, int]]:
    """Room -> its lines of code and files; ``beside the rooms`` last."""
    home, found = paths.ROOT / "lib", dict[str, tuple[int, int]]()
    for file in sorted(MODULES, key=lambda file: (file.parent == home, file)):
        room = "beside the rooms" if file.parent == home else file.relative_to(home).parts[0]
        lines, files = found.get(room, (0, 0))
        found[room] = lines + lines_of_code(file), files + 1
    return found


def test_the_code_budget_falls():
    assert sum(map(lines_of_code, MODULES)) <= BUDGET


def test_the_page_says_how_large_each_room_is():
    page = (paths.ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    whole = [sum(column) for column in zip(*sizes().values(), strict=True)]
    rows = {**sizes(), "**all**": whole}
    assert [
        row for row in (f"| {room} | {lines:,} | {files} |"
                        for room, (lines, files) in rows.items()) if row not in page
    ] == []


@pytest.mark.parametrize("file", MODULES, ids=lambda p: p.relative_to(paths.ROOT).as_posix())
def test_modules_and_functions_fit_on_the_screen(file):
    text = file.read_text()
    assert text.count("\n") <= 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) and node.body[1:] else node.body
            assert node.end_lineno - body[0].lineno < 60, node.name  # without its docstring


def test_the_readmes_numbers_are_those_of_the_tables():
    folder = paths.FIGURES / "rmmt" / "public"
    page = (paths.ROOT / "README.md").read_text(encoding="utf-8")
    asked = stand_in.asked()
    tables = (publish.results_table(folder), publish.claims_table(),
              scoreboard.markdown(scoreboard.read().frame),
              as_markdown(list(asked), asked.itertuples(index=False)))
    assert [table for table in tables if table not in page] == []
