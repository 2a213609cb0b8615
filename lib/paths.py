"""The only place that knows where things are."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
PROFILES = NOTEBOOKS / "profiles"
FIGURES = ROOT / "figures"
PUBLISHED = ROOT / "lib" / "published"
LOCK = ROOT / "requirements.lock"
# By the first line programs that keep copies know a cache (bford.info/cachedir); by the second `make clean` knows what is ours.
TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# emotion-companion made this: `make clean` removes the folder\n"


def build() -> Path:
    """Folder for everything that can be made again (``BUILD`` in the environment moves it); made, and tagged, where it is new."""
    folder = Path(os.environ.get("BUILD") or ROOT / "build").resolve()
    with contextlib.suppress(OSError):  # there already, or not to be written to: who writes says so
        folder.mkdir(parents=True)
        (folder / "CACHEDIR.TAG").write_text(TAG)
    return folder


def memo() -> Path:
    """Folder of the memo store."""
    return build() / "memo"


def cohorts() -> Path:
    """Folder of the simulated cohorts."""
    return build() / "cohorts"


def data(root: str | os.PathLike | None = None) -> Path:
    """Folder of the user's data: the argument, else ``DATA`` in the environment, else ``data/`` in the project."""
    return Path(root or os.environ.get("DATA") or ROOT / "data").expanduser().resolve()
