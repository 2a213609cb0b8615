"""Profiles: the one place of presets, and a user's own YAML."""

from __future__ import annotations

import importlib

import pytest
import yaml

from lib import paths, profiles
from lib.companion import runner
from lib.companion.provenance import read_notebook

SETTINGS = [
    importlib.import_module(f"lib.papers.{file.parent.name}.settings")
    for file in paths.PAPERS.glob("*/settings.py")
]
PRESETS = {s.__name__.split(".")[-2]: s.Preset for s in SETTINGS if hasattr(s, "Preset")}


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A folder with our notebooks and profiles, not the user's, and one more profile."""
    ours = (paths.profiles() / f"{name}.yaml" for name in (*profiles.OURS, "full"))
    for file in [*paths.sources(), *ours]:
        to = tmp_path / file.relative_to(paths.NOTEBOOKS)
        to.parent.mkdir(exist_ok=True)
        to.write_bytes(file.read_bytes())
    monkeypatch.setenv("NOTEBOOKS", str(tmp_path))

    def write(text: str) -> None:
        (tmp_path / "profiles" / "mine.yaml").write_text(text)

    return write


def test_every_preset_is_read_by_its_paper():
    assert len(PRESETS) >= 4
    for name in profiles.OURS:
        assert set(profiles.load(name).presets) <= set(PRESETS)
        changed = {paper: preset.of(name) != preset() for paper, preset in PRESETS.items()}
        assert changed == {paper: paper in profiles.load(name).presets for paper in PRESETS}


def test_a_profile_of_ones_own_says_only_what_it_changes(mine):
    mine("like: demo\nseed: 3\n12_rmmt_training: {splits: [by_clip]}\n"
         "presets: {rmmt: {n_folds: 2, recipe: {lr: 1}}}")
    rmmt = PRESETS["rmmt"]
    assert rmmt.of("mine").recipe == {**rmmt.of("demo").recipe, "lr": 1}
    assert (rmmt.of("mine").n_folds, rmmt.of("mine").options) == (2, rmmt.of("demo").options)
    assert PRESETS["amigos"].of("mine") == PRESETS["amigos"].of("demo")
    assert profiles.base("mine") == "demo" and profiles.names()[-1] == "mine"
    given = runner.parameters("12_rmmt_training", "mine")
    assert given == {"profile": "mine", "seed": 3, "splits": ["by_clip"]}


def test_only_notebooks_of_a_paper_depend_on_its_preset(mine):
    mine("like: demo\npresets: {amigos: {n_folds: 3}}")
    mv_sstma, amigos = (read_notebook(name)
                        for name in ("31_seed_pretraining", "21_amigos_pretraining"))
    assert mv_sstma.code("mine") == mv_sstma.code("demo")
    before, after = (amigos.code_parts(name) for name in ("demo", "mine"))
    assert [part for part in after if after[part] != before[part]] == ["preset of amigos"]


@pytest.mark.parametrize(("text", "message"), [
    ("presets: {leakage: {FOLDS: 3}}", "mine.yaml, presets: 'leakage' is no paper; there are"),
    ("presets: {rmmt: {folds: 3}}",
     "mine.yaml, presets, rmmt: 'folds' is no key; there are n_folds"),
    ("presets: {rmmt: {recipe: {epoch: 3}}}", "rmmt, recipe: 'epoch' is no key; there are epochs"),
    ("presets: {rmmt: {recipe: {lr: 4e-3}}}",
     "lr = '4e-3' is str, expected float .YAML takes 4e-3"),
    ("presets: {rmmt: {n_folds: true}}", "n_folds = True is bool, expected int"),
    ("presets: {rmmt: 3}", "mine.yaml, presets, rmmt: expected names with values, found 3"),
    ("presets: {amigos: {head: {eye: {}}}}", "head: 'eye' is no key; there are ecg, eeg"),
    ("presets: {amigos: {model: {eeg: {channels: 3}}}}", "channels = 3 is int, expected"),
    ("presets: {face_eeg: {face: {repeats: many}}}", "face: repeats = 'many' is str, expected int"),
    ("presets: {tsception: {}}", "'tsception' is no paper; there are amigos"),
    ("presets: {", "mine.yaml: expected YAML, found"),
    ("seed: 1\nseed: 2", "expected YAML, found 'seed' twice, line 3"),
    ("presets: {rmmt: {n_folds: 2, n_folds: 3}}", "'n_folds' twice"),
    ("12_rmmt_training:", "mine.yaml: 12_rmmt_training stands there without a value"),
    ("like: theirs", "there is no profile 'theirs'; there are demo, public, paper, full, mine"),
    ("like: mine", "mine.yaml: expected `like: demo`, .* found like: mine"),
    ("", "mine.yaml: expected `like: demo`, `like: public`, `like: paper`, whose data it reads"),
])
def test_what_is_wrong_is_said(mine, text, message):
    mine(text if text.startswith("like") or not text else f"like: demo\n{text}")
    with pytest.raises(profiles.Refused, match=message):
        for preset in PRESETS.values():
            preset.of("mine")


@pytest.mark.kernel
def test_a_profile_of_ones_own_runs(project, toy_text):
    folder = project / "notebooks"
    (folder / "10_toy.py").write_text(toy_text)
    (folder / "profiles" / "mine.yaml").write_text(
        yaml.safe_dump({"like": "demo", "10_toy": {"size": 7}}))
    assert runner.main(["10_toy", "--profile", "mine"]) == 0
    assert (project / "build" / "mine" / "10_toy.ipynb").is_file()
    made = project / "build" / "figures" / "toy" / "mine"
    assert {"fig1.png", "table1.csv", "manifest.json"} <= {file.name for file in made.iterdir()}


def test_an_experiment_is_a_profile_below_build(tmp_path, monkeypatch):
    monkeypatch.setenv("BUILD", str(tmp_path))
    own = {"repeats": None, "splits": None}

    def changed(*settings: str) -> str:
        return profiles.changed("demo", "12_rmmt_training", "rmmt", own, settings)

    name, rmmt = changed("repeats=3", "recipe.epochs=2"), PRESETS["rmmt"]
    assert runner.parameters("12_rmmt_training", name) == {"profile": name, "repeats": 3}
    assert rmmt.of(name).recipe == {**rmmt.of("demo").recipe, "epochs": 2}
    assert (tmp_path / "sets" / f"{name}.yaml").is_file() and profiles.base(name) == "demo"
    assert changed("repeats=4") != name and name not in profiles.names()
    for wrong, said in (("repeats", "expected NAME=VALUE"), ("epoch=3", "'epoch' is no key"),
                        ("repeats=[", "expected a value")):
        with pytest.raises(profiles.Refused, match=said):
            changed(wrong)


def test_a_profile_that_holds_itself_is_refused(mine):
    mine("like: demo\npresets: &all\n  rmmt: *all\n")
    with pytest.raises(profiles.Refused, match=r"mine.yaml: expected YAML"):
        profiles.load("mine")


def test_a_users_profile_may_begin_as_an_experiment_does(mine):
    mine("like: demo\n")
    (paths.profiles() / "set-up.yaml").write_text("like: mine\n")
    assert profiles.load("set-up").base == "demo"
