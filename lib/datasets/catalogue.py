"""The datasets that the project reads: their tier, terms, layout, reader, and whom to ask for them.

A new dataset is one more entry in ``datasets.yaml``, which names its reader.
"""

from collections.abc import Callable, Iterable
from dataclasses import MISSING, dataclass, fields
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from lib.datasets.base import Cohort


@dataclass(frozen=True)
class Dataset:
    """One dataset.

    Attributes
    ----------
    name, title, tier : str
        Name in commands and folders, full name, and ``licensed``, ``public`` or ``simulated``.
    papers : tuple of str
        Which of the companion's papers use it.
    licence, redistribute, ask : str
        The terms in a sentence, what may be passed on, and where it comes from.
    layout : str
        What the folder must hold, in words.
    marks, absent : tuple of str
        Glob patterns that the folder must match, and must not, to be recognised. ``a|b`` is matched
        by either.
    read : callable
        Folder -> Cohort.
    files : callable
        Folder -> the relative paths that a complete copy holds.
    folders : tuple of str
        Where it may lie below the user's data folder.
    source : str
        Base address of the files that ``fetch`` may download; empty where the owner asks for a
        licence first.
    embedded : bool
        The project makes it when it is needed.
    role : str
        ``labelled``: what a paper's results are about; ``pretraining``: unlabelled recordings to
        pre-train on.
    """

    name: str
    title: str
    tier: str
    papers: tuple[str, ...]
    licence: str
    redistribute: str
    ask: str
    layout: str
    marks: tuple[str, ...]
    read: Callable[[Path], Cohort]
    files: Callable[[Path], Iterable[str]]
    absent: tuple[str, ...] = ()
    folders: tuple[str, ...] = (".",)
    source: str = ""
    embedded: bool = False
    role: str = "labelled"


@cache
def checksums(name: str) -> dict[str, tuple[str, int]]:
    """Relative path -> (SHA-256, size in bytes) of the files that make up an openly downloadable
    dataset."""
    file = Path(__file__).parent / "checksums" / f"{name}.txt"
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    return {path: (digest, int(size)) for path, digest, size in map(str.split, text.splitlines())}


@cache
def late(place: str, **known: Any) -> Callable[..., Any]:
    """A reader's function, imported when it is called, so that a change of one reader makes no
    other paper's results older than the code; a paper's folder imports the readers it uses."""
    module, _, name = place.partition(".")
    return lambda folder: getattr(import_module(f"lib.datasets.{module}"), name)(folder, **known)


# relative path -> subject and run
EEGMMIDB = {
    f"S{subject:03d}/S{subject:03d}R{run:02d}.edf": (subject, run) for subject in range(1, 110)
    for run in range(1, 15)
}
# what readers are told besides the folder
TOLD: dict[str, dict[str, Callable]] = {
    "faces-in-the-wild": {"only": lambda: checksums("faces-in-the-wild")},
    "eegmat": {"sizes": lambda name: checksums("eegmat")[name][1]}
}

# weights of image networks by file: what they are, their owner's address, licence, checksum, bytes
WEIGHTS: dict[str, dict] = yaml.safe_load(
    (Path(__file__).parent / "weights.yaml").read_text(encoding="utf-8"))


def _dataset(name: str, facts: dict) -> Dataset:
    known: dict[str, Any] = {
        key: tuple(fact) if isinstance(fact, list) else fact for key, fact in facts.items()
    }
    like = facts if "read" in facts else _FACTS.get(name.removesuffix("-simulated"), {})
    needed = [one.name for one in fields(Dataset) if one.default is MISSING]
    lacking = [key for key in needed[1:] if key not in facts and key not in ("read", "files")]
    if lacking or "read" not in like:
        raise ValueError(f"datasets.yaml, {name}: no {', '.join(lacking) or 'read'}")
    files = like.get("files") or (EEGMMIDB if name == "eegmmidb" else checksums(name))
    known["read"] = late(like["read"], **TOLD.get(name, {}))
    known["files"] = late(files) if isinstance(files, str) else lambda _: files
    return Dataset(name=name, **known)


_FACTS = yaml.safe_load((Path(__file__).parent / "datasets.yaml").read_text(encoding="utf-8"))
DATASETS = {name: _dataset(name, facts) for name, facts in _FACTS.items() if name[0] != "."}
