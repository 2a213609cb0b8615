"""Which datasets of :mod:`lib.datasets.catalogue` are in the user's folder, in which tier, and what
is missing."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from lib import paths
from lib.datasets.base import BadFile, Cohort, readable
from lib.datasets.catalogue import DATASETS, Dataset
from lib.datasets.checks import check
from lib.datasets.mahnob_format import LABELS_FILE

log = logging.getLogger(__name__)


class Found(NamedTuple):
    """Result of :func:`find`: the tier that can be read (None if none), the folder (None if nothing
    is there), and what is missing."""

    tier: str | None
    path: Path | None
    missing: str


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
        signs = set(dataset.marks) - {LABELS_FILE, *lacking}
        if signs and partly.path is None and not dataset.embedded:
            partly = Found(None, folder.resolve(), ", ".join(lacking))
    return partly


def require(name: str, profile: str, root: str | Path | None = None) -> Cohort:
    """Read a dataset that a profile cannot do without.

    Raises
    ------
    FileNotFoundError
        Where it is not below the data folder; the message says what is missing and where to get it.
    BadFile
        Nothing of it can be used.
    """
    dataset, found = DATASETS[name], find(name, root or None)
    if found.tier is None or found.path is None:
        get = "Type `make data`" if dataset.source else f"Where to get it: {dataset.ask}"
        title = dataset.title.split(",")[0]
        raise FileNotFoundError(
            f"profile {profile!r} needs {title}, which is not below the data folder (missing: "
            f"{found.missing}). {get}; or name its folder with DATA=<folder>.")
    cohort = dataset.read(found.path)
    first = next(iter(cohort.dropped.values()), "")  # all that is there may contradict itself
    check(found.path, cohort, "at least one usable recording", f"none; the first: {first}",
          "Correct it.")
    return cohort


def stand_in(name: str, profile: str, root: str = "") -> Cohort:
    """:func:`require`, of other people than a paper's own: real recordings are of the tier
    ``stand-in``, which answers no printed number."""
    cohort = require(name, profile, root)
    return cohort if cohort.tier == "simulated" else replace(cohort, tier="stand-in")


def _has(folder: Path, pattern: str) -> bool:
    return folder.is_dir() and any(paths.glob(folder, either) for either in pattern.split("|"))


def _missing(dataset: Dataset, folder: Path) -> str:
    try:
        expected = list(dataset.files(folder))
    except BadFile as error:
        return str(error)
    lacking = [path for path in expected if not paths.spelled(folder / path).is_file()]
    return f"{len(lacking)} of {len(expected)} files, the first {lacking[0]}" if lacking else ""


def status(root: str | Path | None = None) -> pd.DataFrame:
    """One row per dataset: name, its tier, whether it was found and where, what is missing, and
    where to ask."""
    rows = []
    for name, dataset in DATASETS.items():
        tier, path, missing = find(name, root)
        made = dataset.embedded and not tier
        rows.append({
            "dataset": name, "tier": dataset.tier,
            "found": "made when needed" if made else "yes" if tier else "no",
            "where": readable(path or ""), "missing": "" if made else missing, "ask": dataset.ask
        })
    return pd.DataFrame(rows)


def corpora(root: str | Path | None = None, paper: str = "amigos", *,
            simulated: bool = False) -> dict[str, Cohort]:
    """Read every corpus for pre-training that is there.

    Parameters
    ----------
    root : path-like, optional
        The data folder; ``lib.paths.data()`` by default.
    paper : str
    simulated : bool
        ``root`` is what :func:`lib.simulation.corpora.make` wrote; otherwise simulated corpora are
        passed over.

    Returns
    -------
    dict
        Name -> Cohort, in the order of :data:`DATASETS`. Those that cannot be read are left out
        with a warning.
    """
    found = {}
    for dataset in DATASETS.values():
        if paper not in dataset.papers or dataset.role != "pretraining":
            continue
        made = Found("simulated", paths.data(root) / dataset.name, "")
        cohort = _read(dataset, made if simulated else find(dataset.name, root))
        if cohort and (cohort.tier == "simulated") == simulated:
            found[dataset.name] = cohort
    return found


def _read(dataset: Dataset, found: Found) -> Cohort | None:
    try:
        return dataset.read(found.path) if found.tier and found.path else None
    except BadFile as error:
        log.warning("%s is passed over: %s", dataset.name, error)
        return None
