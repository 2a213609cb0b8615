"""What a notebook's results depend on, and why it should be run again."""

from collections.abc import Mapping
from pathlib import Path

from lib import paths, profiles
from lib.companion.provenance import Notebook, others, results, sha256
from lib.files import read_json
from lib.store import json_digest

WORDS = {
    "cells": "its code cells", "declared": "its declared outputs", "lock": "requirements.lock",
    "data": "the data folder", "others": "the results of other notebooks"
}


def folder(profile: str) -> Path:
    """Folder of the executed copies of one profile."""
    return paths.build() if profile == "demo" else paths.build() / profile


def _data_print(data: str) -> str:
    """Fingerprint of the user's data: names, sizes and times (of any change) of files, not
    contents."""
    root, files = paths.data(data), []
    for path in paths.files(root):
        state = path.stat() if path.exists() else None  # None: a link that leads nowhere
        times = (state.st_size, state.st_mtime_ns, state.st_ctime_ns) if state else ()
        files.append((path.relative_to(root).as_posix(), *times))
    return json_digest(files) if files else "none"


def state(notebook: Notebook, given: Mapping) -> dict:
    """Everything a notebook's results depend on."""
    own = {key: value for key, value in given.items() if key not in ("data", "out")}
    # the demo looks at no data of the user
    demo = profiles.base(given["profile"]) == "demo"
    data = "none" if demo else _data_print(given.get("data", ""))
    code, lock = notebook.code_parts(given["profile"]), sha256(paths.LOCK)
    found = {"code": code, "parameters": own, "lock": lock, "data": data}
    return found | ({"others": others(given.get("out", ""))} if notebook.reads else {})


def made(notebook: Notebook, given: Mapping) -> dict[str, dict]:
    """What the manifest says the notebook made, by file."""
    _, manifest = results(given.get("out", ""), notebook.paper, given["profile"])
    rows = read_json(manifest) or []
    own = [row for row in rows if row["notebook"] == notebook.name]
    return {str(manifest.parent / row["file"]): row for row in own}


def why(notebook: Notebook, given: Mapping) -> list[str]:
    """Reasons to run a notebook, one per line; empty where it is up to date."""
    home = folder(given["profile"])
    stamp = home / f"{notebook.name}.stamp.json"
    if (home / f"{notebook.name}.failed.ipynb").exists():
        return [f"its last run failed; the log: {home / notebook.name}.log"]
    if not stamp.exists() or not (home / f"{notebook.name}.ipynb").exists():
        return ["it has not been run yet"]
    old, new = read_json(stamp), state(notebook, given)

    def changed(before: Mapping, after: Mapping) -> list[str]:
        names = sorted(before.keys() | after.keys())
        return [name for name in names if before.get(name) != after.get(name)]

    now = {key: f"{value!r} now" for key, value in new["parameters"].items()}
    reasons = [f"{WORDS.get(part, part)} changed" for part in changed(old["code"], new["code"])]
    other = changed(old["parameters"], new["parameters"])
    reasons += [f"parameter {key} is {now.get(key, 'no longer set')}" for key in other]
    inputs = [key for key in ("lock", "data", "others") if old.get(key) != new.get(key)]
    reasons += [f"{WORDS[key]} changed" for key in inputs]
    written = made(notebook, given)
    if notebook.missing(written.values()):
        reasons.append("not all of its declared outputs are there")
    lost = [file for file, row in written.items() if sha256(file) != row["sha256"]]
    return reasons + [f"{Path(file).name} is gone or was changed by hand" for file in lost]
