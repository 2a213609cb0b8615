"""``make lab``: JupyterLab on copies of the lessons and exercises in ``build/play``, so that
playing changes nothing that is committed."""

import json
import os
import subprocess
import sys

from lib import paths
from lib.companion.provenance import sha256
from lib.files import read_json
from lib.whole import write_file

FIRST = "/lab/tree/notebooks/00_start_here.ipynb"


def copies() -> list[str]:
    """Copy the lessons that are new or have changed; returns the names of those that the learner
    has edited, which stay."""
    home, edited = paths.build() / "play", []
    if (answers := home / "notebooks" / "exercises").is_symlink():  # of an older version
        answers.unlink()
    answers.mkdir(parents=True, exist_ok=True)
    for link in ("docs", "figures", "README.md", "LICENSE"):
        if not (home / link).is_symlink():
            (home / link).symlink_to(paths.ROOT / link)
    note = home / "copied.json"
    old = read_json(note) or {}
    new, there = dict(old), paths.notebooks()
    for source in sorted([*there.glob("[0-9]*.ipynb"), *there.glob("exercises/[0-9]*.ipynb")]):
        name = source.relative_to(there).as_posix()
        made, copy = sha256(source), home / "notebooks" / name
        began, result = old.get(name, ("", ""))
        if copy.exists() and sha256(copy) != result:
            edited += [name.removesuffix(".ipynb")] if made != began else []
        elif not copy.exists() or made != began:
            lesson = json.loads(source.read_text(encoding="utf-8"))
            lesson["metadata"].pop("jupytext", None)  # a pair would be written back as a .py
            write_file(copy, json.dumps(lesson, ensure_ascii=False, indent=1).encode())
            new[name] = made, sha256(copy)
    write_file(note, json.dumps(new).encode())
    return edited


def main(options: list[str]) -> int:
    """Serve the copies; ``options`` are JupyterLab's."""
    for name in copies():
        print(f"{name}: the lesson is newer than your copy in build/play, which you edited and "
              "which stays; remove or rename it to get the new one")
    home = paths.build() / "play"
    if os.geteuid() == 0:
        print("JupyterLab runs as root, as in a container; on a machine that others share, start "
              "it as a user")
        options = ["--allow-root", *options]
    quiet = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    write_file(home / "settings" / "page_config.json", json.dumps(quiet).encode())
    lab = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={home}"]
    lab += [f"--LabApp.app_settings_dir={home / 'settings'}", f"--LabApp.default_url={FIRST}"]
    own = {"RESULTS": str(home / "figures-of-play")}
    return subprocess.call([*lab, *options], env=os.environ | own)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
