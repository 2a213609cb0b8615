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
from lib.datasets import amigos, ecg_corpora, eeg_corpora, mahnob, mahnob_features, rafdb
from lib.datasets.base import BadFile, Cohort
from lib.datasets.mahnob_files import read_labels
from lib.datasets.mahnob_format import LABELS_FILE, session_id

__all__ = ["DATASETS", "Dataset", "Found", "best", "checksums", "corpora", "find", "status"]

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
        Glob patterns that the folder must match, and must not, to be recognised. ``a|b`` is matched by either.
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
    role : str
        ``labelled``: what a paper's results are about; ``pretraining``: unlabelled recordings to pre-train on.
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


def _corpus(name: str, title: str, tier: str, *, read: Callable[[Path], Cohort], marks: str, licence: str, ask: str, layout: str,
            files: Iterable[str] = (), source: str = "") -> Dataset:
    """An unlabelled corpus of paper 2, which lies in a folder of its own name; simulated ones are marked as such."""
    return Dataset(name, title, tier, ("amigos",), licence=licence, redistribute="Nothing: let everyone get it from its owner.", ask=ask,
                   layout=f"{name}/ with {layout}", marks=(marks,), absent=(eeg_corpora.MARK,), folders=(name,), read=read,
                   files=lambda folder: files, source=source, role="pretraining")


_RAFDB = (f"basic/{rafdb.OWNER[1]}|{rafdb.OWNER[1]}|{rafdb.REPACK}/train/[1-7]",)
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
    Dataset(
        "amigos", "AMIGOS, preprocessed recordings", "licensed", ("amigos",),
        licence="End-user licence agreement between the owner and the user's institution: research only.",
        redistribute="Nothing.", ask="http://www.eecs.qmul.ac.uk/mmv/datasets/amigos/",
        layout="Data_Preprocessed_P01.mat to P40.mat, flat or each in a folder of its own, as unpacked",
        marks=("Data_Preprocessed_P*",), absent=("truth.json", "SIMULATED.txt"), folders=(".", "amigos"),
        read=amigos.read, files=amigos.files),
    Dataset(
        "amigos-simulated", "simulated cohort in the layout of AMIGOS", "simulated", ("amigos",),
        licence="Part of this project.", redistribute="Everything.", ask="nobody: written by lib.simulation when needed",
        layout="Data_Preprocessed_P*.mat and truth.json", marks=("Data_Preprocessed_P*", "truth.json"),
        folders=(".", "amigos", "amigos-simulated"), read=amigos.read, files=amigos.files, embedded=True),
    Dataset(
        "rafdb", "RAF-DB, basic emotions, aligned faces", "licensed", ("face_eeg",),
        licence="Access on request; for non-commercial research only.", redistribute="Nothing.",
        ask="http://www.whdeng.cn/raf/model1.html",
        layout="basic/Image/aligned/ and basic/EmoLabel/list_patition_label.txt (sic), or DATASET/, train_labels.csv and test_labels.csv",
        marks=_RAFDB, absent=("truth.json", "SIMULATED.txt"), folders=(".", "rafdb"), read=rafdb.read, files=rafdb.files),
    Dataset(
        "rafdb-simulated", "simulated faces in the layout of RAF-DB", "simulated", ("face_eeg",),
        licence="Part of this project.", redistribute="Everything.", ask="nobody: written by lib.simulation when needed",
        layout="basic/ as RAF-DB has it, and truth.json", marks=(*_RAFDB, "truth.json"),
        folders=(".", "rafdb", "rafdb-simulated"), read=rafdb.read, files=rafdb.files, embedded=True),
    _corpus(
        "eegmmidb", "EEG Motor Movement/Imagery Database (BCI2000), 109 people, 64 channels", "public", read=eeg_corpora.read_eegmmidb,
        marks="**/S*R*.edf", licence="Open Data Commons Attribution 1.0.", ask="https://physionet.org/content/eegmmidb/1.0.0/",
        layout="S001/S001R01.edf to S109/S109R14.edf", source="https://physionet.org/files/eegmmidb/1.0.0/",
        files=tuple(f"S{subject:03d}/S{subject:03d}R{run:02d}.edf" for subject in range(1, 110) for run in range(1, 15))),
    _corpus(
        "way-eeg-gal", "WAY-EEG-GAL, grasping and lifting, 12 people, 32 channels", "public", read=eeg_corpora.read_way,
        marks="**/HS_P*_S*.mat|**/subj*_series*_data.csv",
        licence="Creative Commons Attribution 4.0 according to its article; not checked with the owner.",
        ask="https://doi.org/10.6084/m9.figshare.c.988376 (the article: https://doi.org/10.1038/sdata.2014.47)",
        layout="P1/HS_P1_S1.mat and its like, unzipped, or Kaggle's subj1_series1_data.csv"),
    _corpus(
        "kaya", "Motor imagery EEG of Kaya et al., 13 people, 19 channels", "public", read=eeg_corpora.read_kaya, marks="**/*Subject*.mat",
        licence="Creative Commons Attribution 4.0 according to copies of it; not checked with the owner.",
        ask="https://doi.org/10.6084/m9.figshare.c.3917698 (the article: https://doi.org/10.1038/sdata.2018.211)",
        layout="CLASubjectA1601083StLRHand.mat and its like"),
    _corpus(
        "dreamer", "DREAMER, ECG of 23 people watching films", "licensed", read=ecg_corpora.read_dreamer, marks="DREAMER.mat",
        licence="Access on request; the terms are on its record.", ask="https://zenodo.org/record/546113",
        layout="DREAMER.mat", files=("DREAMER.mat",)),
    _corpus(
        "ascertain", "ASCERTAIN, ECG of 58 people watching films", "licensed", read=ecg_corpora.read_ascertain,
        marks="**/[Mm][Oo][Vv][Ii][Ee]_[Pp]*", licence="Not stated on its page; ask the owner.", ask="https://ascertain-dataset.github.io/",
        layout="ASCERTAIN_Raw/ECGData/Movie_P01/ECG_Clip1.mat and its like"),
    _corpus(
        "pspm", "PsPM data sets with an ECG (PsPM-FR, -HRM5, -RRM1-2, -VIS)", "public", read=ecg_corpora.read_pspm, marks="**/*.mat",
        licence="Set by set, as its Zenodo record says; not checked.",
        ask="https://zenodo.org, the data sets of the PsPM team by name; PsPM-FR is https://zenodo.org/records/5573765",
        layout="the sets as unzipped, one folder each"),
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
    return any(next(folder.glob(either), None) is not None for either in pattern.split("|"))


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
    in the folder: ask for them by name. Nor are corpora for pre-training: see :func:`corpora`.
    """
    for dataset in sorted(DATASETS.values(), key=lambda dataset: TIERS.index(dataset.tier)):
        if paper in dataset.papers and dataset.tier != "simulated" and dataset.role == "labelled":
            if cohort := _read(dataset, find(dataset.name, root)):
                return cohort
    return None


def corpora(root: str | Path | None = None, paper: str = "amigos", *, simulated: bool = False) -> dict[str, Cohort]:
    """Read every corpus for pre-training that is there.

    Parameters
    ----------
    root : path-like, optional
        The data folder; ``lib.paths.data()`` by default.
    paper : str
    simulated : bool
        ``root`` is what :func:`lib.simulation.corpora.make` wrote; otherwise simulated corpora are passed over.

    Returns
    -------
    dict
        Name -> Cohort, in the order of :data:`DATASETS`. Those that cannot be read are left out with a warning.
    """
    found = {}
    for dataset in DATASETS.values():
        if dataset.role == "pretraining" and paper in dataset.papers:
            there = Found("simulated", paths.data(root) / dataset.name, "") if simulated else find(dataset.name, root)
            if (cohort := _read(dataset, there)) and (cohort.tier == "simulated") == simulated:
                found[dataset.name] = cohort
    return found


def _read(dataset: Dataset, found: Found) -> Cohort | None:
    try:
        return dataset.read(found.path) if found.tier and found.path else None
    except BadFile as error:
        log.warning("%s is passed over: %s", dataset.name, error)
        return None
