"""The only place that knows where things are."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
PROFILES = NOTEBOOKS / "profiles"
FIGURES = ROOT / "figures"
PUBLISHED = ROOT / "lib" / "published"
LOCK = ROOT / "requirements.lock"


def build() -> Path:
    """Folder for everything that can be made again (``BUILD`` in the environment moves it)."""
    return Path(os.environ.get("BUILD", ROOT / "build")).resolve()


def memo() -> Path:
    """Folder of the memo store."""
    return build() / "memo"


def cohorts() -> Path:
    """Folder of the simulated cohorts."""
    return build() / "cohorts"


def data(root: str | os.PathLike | None = None) -> Path:
    """Folder of the user's data: the argument, else ``DATA`` in the environment, else ``data/`` in the project."""
    return Path(root or os.environ.get("DATA") or ROOT / "data").expanduser().resolve()
