"""Which datasets the project reads, in which tier, how to recognise them in the user's folder, and whom to ask for them.

A new dataset is one more :class:`Dataset` in :data:`DATASETS` and the reader it names.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from lib import paths
from lib.datasets import mahnob, mahnob_features
from lib.datasets.base import BadFile, Cohort
from lib.datasets.mahnob_files import read_labels
from lib.datasets.mahnob_format import LABELS_FILE, session_id

__all__ = ["DATASETS", "Dataset", "Found", "best", "checksums", "find", "status"]

log = logging.getLogger(__name__)
TIERS = ("licensed", "public", "simulated")  # best first


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
        Glob patterns that the folder must match, and must not, to be recognised.
    read : callable
        Folder -> Cohort.
    files : callable
        Folder -> the relative paths that a complete copy holds.
    folders : tuple of str
        Where it may lie below the user's data folder.
    source : str
        Base address of the files that ``fetch`` may download; empty where the owner asks for a licence first.
    embedded : bool
        The project makes it when it is needed.
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


class Found(NamedTuple):
    """Result of :func:`find`: the tier that can be read (None if none), the folder (None if nothing is there), and what is missing."""

    tier: str | None
    path: Path | None
    missing: str


def checksums(name: str) -> dict[str, tuple[str, int]]:
    """Relative path -> (SHA-256, size in bytes) of the files that make up an openly downloadable dataset."""
    lines = (Path(__file__).parent / "checksums" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return {path: (digest, int(size)) for path, digest, size in map(str.split, lines)}


def _labelled_sessions(folder: Path) -> list[str]:
    return [f"Sessions/{session_id(subject, section)}/session.xml" for subject, section, _ in read_labels(folder)]


DATASETS = {dataset.name: dataset for dataset in (
    Dataset(
        "mahnob", "MAHNOB-HCI, raw recordings", "licensed", ("rmmt",),
        licence="End-user licence agreement between the owner and the user's institution: research only.",
        redistribute="Nothing.",
        ask="https://mahnob-db.eu/hci-tagging/ (if it does not answer: Dr Mohammad Soleymani)",
        layout=f"Sessions/<id>/ as downloaded, and {LABELS_FILE} beside it (openly published, see mahnob-public-features)",
        marks=("Sessions/*/session.xml", LABELS_FILE), absent=("truth.json", "SIMULATED.txt"), folders=(".", "mahnob"),
        read=mahnob.read, files=_labelled_sessions),
    Dataset(
        mahnob_features.FOLDER, "MAHNOB-HCI, public 4 Hz features and continuous valence labels", "public", ("rmmt",),
        licence="The repository says GPL-3; the data derive from MAHNOB-HCI, whose licence agreement allows research use only.",
        redistribute="Nothing: let everyone download it from its owner.",
        ask="https://github.com/soheilrayatdoost/ContinuousEmotionDetection",
        layout=f"{LABELS_FILE} and Features/*.mat",
        marks=("Features/*.mat", LABELS_FILE), folders=(".", mahnob_features.FOLDER),
        read=mahnob_features.read, files=lambda folder: checksums(mahnob_features.FOLDER),
        source="https://raw.githubusercontent.com/soheilrayatdoost/ContinuousEmotionDetection/"
               "cb54a96240ceaa16c82b3e4c165e327175adbce3/data/"),
    Dataset(
        "mahnob-simulated", "simulated cohort in the layout of MAHNOB-HCI", "simulated", ("rmmt",),
        licence="Part of this project.", redistribute="Everything.", ask="nobody: written by lib.simulation when needed",
        layout=f"Sessions/<id>/, {LABELS_FILE} and truth.json",
        marks=("Sessions/*/session.xml", LABELS_FILE, "truth.json"), folders=(".", "mahnob", "mahnob-simulated"),
        read=mahnob.read, files=_labelled_sessions, embedded=True),
)}


def find(name: str, root: str | Path | None = None) -> Found:
    """Look for a dataset in the user's data folder and in the subfolders named after it.

    Parameters
    ----------
    name : str
        A key of :data:`DATASETS`.
    root : path-like, optional
        The data folder; ``lib.paths.data()`` by default.
    """
    dataset, root = DATASETS[name], paths.data(root)
    partly = Found(None, None, dataset.layout)
    for folder in (root / below for below in dataset.folders):
        if any(_has(folder, pattern) for pattern in dataset.absent):
            continue
        lacking = [pattern for pattern in dataset.marks if not _has(folder, pattern)]
        if not lacking:
            return Found(dataset.tier, folder.resolve(), _missing(dataset, folder))
        # the label file is common to all MAHNOB datasets, so it alone is no sign of any of them
        if partly.path is None and any(pattern not in (LABELS_FILE, *lacking) for pattern in dataset.marks) and not dataset.embedded:
            partly = Found(None, folder.resolve(), ", ".join(lacking))
    return partly


def _has(folder: Path, pattern: str) -> bool:
    return next(folder.glob(pattern), None) is not None


def _missing(dataset: Dataset, folder: Path) -> str:
    try:
        expected = list(dataset.files(folder))
    except BadFile as error:
        return str(error)
    lacking = [path for path in expected if not (folder / path).is_file()]
    return f"{len(lacking)} of {len(expected)} files, the first {lacking[0]}" if lacking else ""


def status(root: str | Path | None = None) -> pd.DataFrame:
    """One row per dataset: name, its tier, whether it was found and where, what is missing, and where to ask."""
    rows = []
    for dataset in DATASETS.values():
        tier, path, missing = find(dataset.name, root)
        if dataset.embedded and path is None:
            missing = ""
        rows.append({"dataset": dataset.name, "tier": dataset.tier, "found": "made when needed" if dataset.embedded and not tier
                     else "yes" if tier else "no", "where": str(path or ""), "missing": missing, "ask": dataset.ask})
    return pd.DataFrame(rows)


def best(root: str | Path | None = None, paper: str = "rmmt") -> Cohort | None:
    """Read the best tier of a paper's data that the folder holds: licensed before public; None where there is neither.

    A dataset that is there but cannot be read is passed over with a warning. Simulated cohorts are never returned, even where one lies
    in the folder: ask for them by name.
    """
    for dataset in sorted(DATASETS.values(), key=lambda dataset: TIERS.index(dataset.tier)):
        if paper not in dataset.papers or dataset.tier == "simulated":
            continue
        found = find(dataset.name, root)
        if found.tier and found.path:
            try:
                return dataset.read(found.path)
            except BadFile as error:
                log.warning("%s is passed over: %s", dataset.name, error)
    return None
