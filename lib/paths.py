"""The only place that knows where things are."""

import contextlib
import logging
import os
import re
from fnmatch import fnmatch
from pathlib import Path

log = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
FIGURES = ROOT / "figures"
PAPERS = ROOT / "lib" / "papers"
LOCK = ROOT / "requirements.lock"
# By the first line programs that keep copies know a cache (bford.info/cachedir); by the second
# `make clean` knows what is ours.
TAG = ("Signature: 8a477f597d28d172789f06886806bc55\n"
       "# emotion-companion made this: `make clean` removes the folder\n")


def build() -> Path:
    """Folder for everything that can be made again (``BUILD`` in the environment moves it); made,
    and tagged, where it is new."""
    folder = Path(os.environ.get("BUILD") or ROOT / "build").resolve()
    with contextlib.suppress(OSError):  # there already, or not to be written to: who writes says so
        folder.mkdir(parents=True)
        (folder / "CACHEDIR.TAG").write_text(TAG)
    return folder


def notebooks() -> Path:
    """Folder of the notebooks (``NOTEBOOKS`` in the environment moves it, as the tests do)."""
    return Path(os.environ.get("NOTEBOOKS") or NOTEBOOKS)


def sources() -> list[Path]:
    """The notebooks' sources, in order."""
    return sorted(notebooks().glob("[0-9]*.py"))


def profiles() -> Path:
    """Folder of the profiles."""
    return notebooks() / "profiles"


def memo() -> Path:
    """Folder of the memo store."""
    return build() / "memo"


def cohorts() -> Path:
    """Folder of the simulated cohorts."""
    return build() / "cohorts"


def data(root: str | os.PathLike | None = None) -> Path:
    """Folder of the user's data: the argument, else ``DATA`` in the environment, else ``data/`` in
    the project."""
    return Path(root or os.environ.get("DATA") or ROOT / "data").expanduser().resolve()


def weights(file: str = "", root: str | os.PathLike | None = None) -> Path:
    """Where ``make weights`` puts the weights of networks, or one file of them."""
    return data(root) / "weights" / file


def files(folder: str | os.PathLike) -> list[Path]:
    """All files below a folder and the folders linked there, each once; links that lead nowhere
    too."""
    found, seen, folders, links = [], set(), [Path(folder)], []
    while folders or links:
        # a folder's own name goes before a link's
        here = folders.pop() if folders else links.pop(0)
        real, parent = Path(os.path.realpath(here)), Path(os.path.realpath(here.parent))
        if real in seen or (here.is_symlink() and real in (parent, *parent.parents)):
            continue
        seen.add(real)
        try:
            entries = sorted(here.iterdir())
        except OSError as error:
            log.warning("%s is left out: %s", here, error.strerror)
            continue
        for entry in entries:
            to = found if not entry.is_dir() else links if entry.is_symlink() else folders
            to.append(entry)
    return sorted(found)


def broken(folder: str | os.PathLike) -> dict[str, str]:
    """The links below a folder that lead nowhere, and that they do."""
    return {
        path.relative_to(folder).as_posix(): f"{path}: a link to {os.readlink(path)}, where "
        "nothing is" for path in files(folder) if path.is_symlink() and not path.exists()
    }


def glob(folder: str | os.PathLike, pattern: str) -> list[Path]:
    """As ``Path.glob``, but ``.EDF`` is ``.edf``, and a leading ``**/`` follows links to
    folders."""
    if pattern.startswith("**/"):
        return [path for path in files(folder) if fnmatch(path.name.lower(), pattern[3:].lower())]
    ending = Path(pattern).suffix
    cases = re.sub("[a-zA-Z]", lambda letter: f"[{letter[0].lower()}{letter[0].upper()}]", ending)
    return sorted(Path(folder).glob(pattern.removesuffix(ending) + cases))


def spelled(path: Path) -> Path:
    """The path, with its ending in capitals or without if the file has it so."""
    cases = (path, path.with_suffix(path.suffix.upper()), path.with_suffix(path.suffix.lower()))
    return next(filter(Path.exists, cases), path)
