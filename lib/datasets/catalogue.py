"""The datasets that the project reads: their tier, terms, layout, reader, and whom to ask for them.

A new dataset is one more :class:`Dataset` in :data:`DATASETS` and the reader it names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.datasets import (
    amigos,
    ecg_corpora,
    eeg_corpora,
    flex,
    mahnob,
    mahnob_features,
    muse,
    rafdb,
    seed_iv,
    seed_v,
)
from lib.datasets.base import Cohort
from lib.datasets.flex_format import LISTING_FILE
from lib.datasets.mahnob_files import read_labels
from lib.datasets.mahnob_format import LABELS_FILE, session_id
from lib.datasets.muse_format import FOLDER as MUSE
from lib.datasets.seed_format import FOLDERS_IV, FOLDERS_V

__all__ = ["DATASETS", "Dataset", "checksums"]


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


def checksums(name: str) -> dict[str, tuple[str, int]]:
    """Relative path -> (SHA-256, size in bytes) of the files that make up an openly downloadable
    dataset."""
    lines = (Path(__file__).parent / "checksums" /
             f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return {path: (digest, int(size)) for path, digest, size in map(str.split, lines)}


def _labelled_sessions(folder: Path) -> list[str]:
    return [
        f"Sessions/{session_id(subject, section)}/session.xml"
        for subject, section, _ in read_labels(folder)
    ]


def _corpus(name: str, title: str, tier: str, *, read: Callable[[Path],
                                                                Cohort], marks: str, licence: str,
            ask: str, layout: str, files: Iterable[str] = (), source: str = "") -> Dataset:
    """An unlabelled corpus of paper 2, which lies in a folder of its own name; simulated ones are
    marked as such."""
    return Dataset(name, title, tier, ("amigos",), licence=licence,
                   redistribute="Nothing: let everyone get it from its owner.", ask=ask,
                   layout=f"{name}/ with {layout}", marks=(marks,), absent=(eeg_corpora.MARK,),
                   folders=(name,), read=read, files=lambda folder: files, source=source,
                   role="pretraining")


def _seed(name: str, title: str, read: Callable[[Path], Cohort], files: Callable[[Path],
                                                                                 Iterable[str]], *,
          layout: str, marks: tuple[str, ...]) -> tuple[Dataset, Dataset]:
    """The features of SEED-IV or SEED-V as their owner gives them out, and the simulated cohort in
    the same layout."""
    folders = " and ".join(FOLDERS_IV if name == "seed-iv" else FOLDERS_V)
    common: dict[str, Any] = {"papers": ("seed",), "read": read, "files": files}
    return (Dataset(
        name, f"{title}, features of EEG and eye movements", "licensed", folders=(".", name, title),
        licence="Agreement between the owner and the user's institution: academic research only.",
        redistribute="Nothing.", ask="https://bcmi.sjtu.edu.cn/home/seed/",
        layout=f"{folders}, with {layout}", marks=marks, absent=("truth.json", "SIMULATED.txt"),
        **common),
            Dataset(f"{name}-simulated", f"simulated cohort in the layout of {title}", "simulated",
                    licence="Part of this project.", redistribute="Everything.",
                    ask="nobody: written by lib.simulation when needed",
                    layout=f"{folders}, and truth.json", marks=(*marks, "truth.json"),
                    folders=(".", name, f"{name}-simulated"), embedded=True, **common))


_RAFDB = (f"basic/{rafdb.OWNER[1]}|{rafdb.OWNER[1]}|{rafdb.REPACK}/train/[1-7]",)
DATASETS = {
    dataset.name: dataset for dataset in (
        Dataset(
            "mahnob", "MAHNOB-HCI, raw recordings", "licensed", ("rmmt",), licence=
            "End-user licence agreement between the owner and the user's institution: research only.",
            redistribute="Nothing.",
            ask="https://mahnob-db.eu/hci-tagging/ (if it does not answer: Dr Mohammad Soleymani)",
            layout=
            f"Sessions/<id>/ as downloaded, and {LABELS_FILE} beside it (openly published, see mahnob-public-features)",
            marks=("Sessions/*/session.xml",
                   LABELS_FILE), absent=("truth.json",
                                         "SIMULATED.txt"), folders=(".",
                                                                    "mahnob"), read=mahnob.read,
            files=_labelled_sessions),
        Dataset(
            mahnob_features.FOLDER,
            "MAHNOB-HCI, public 4 Hz features and continuous valence labels", "public", (
                "rmmt",), licence=
            "The repository says GPL-3; the data derive from MAHNOB-HCI, whose licence agreement allows research use only.",
            redistribute="Nothing: let everyone download it from its owner.",
            ask="https://github.com/soheilrayatdoost/ContinuousEmotionDetection",
            layout=f"{LABELS_FILE} and Features/*.mat", marks=(
                "Features/*.mat", LABELS_FILE), folders=(".", mahnob_features.FOLDER),
            read=mahnob_features.read, files=lambda folder: checksums(mahnob_features.FOLDER),
            source="https://raw.githubusercontent.com/soheilrayatdoost/ContinuousEmotionDetection/"
            "cb54a96240ceaa16c82b3e4c165e327175adbce3/data/"),
        Dataset("mahnob-simulated", "simulated cohort in the layout of MAHNOB-HCI", "simulated", (
            "rmmt",), licence="Part of this project.", redistribute="Everything.",
                ask="nobody: written by lib.simulation when needed",
                layout=f"Sessions/<id>/, {LABELS_FILE} and truth.json", marks=(
                    "Sessions/*/session.xml", LABELS_FILE,
                    "truth.json"), folders=(".", "mahnob", "mahnob-simulated"), read=mahnob.read,
                files=_labelled_sessions, embedded=True),
        Dataset(
            "amigos", "AMIGOS, preprocessed recordings", "licensed", ("amigos",), licence=
            "End-user licence agreement between the owner and the user's institution: research only.",
            redistribute="Nothing.", ask="http://www.eecs.qmul.ac.uk/mmv/datasets/amigos/", layout=
            "Data_Preprocessed_P01.mat to P40.mat, flat or each in a folder of its own, as unpacked",
            marks=("Data_Preprocessed_P*",), absent=("truth.json", "SIMULATED.txt"), folders=(
                ".", "amigos"), read=amigos.read, files=amigos.files),
        Dataset("amigos-simulated", "simulated cohort in the layout of AMIGOS", "simulated", (
            "amigos",), licence="Part of this project.", redistribute="Everything.",
                ask="nobody: written by lib.simulation when needed",
                layout="Data_Preprocessed_P*.mat and truth.json", marks=(
                    "Data_Preprocessed_P*", "truth.json"), folders=(
                        ".", "amigos",
                        "amigos-simulated"), read=amigos.read, files=amigos.files, embedded=True),
        *_seed("seed-iv", "SEED-IV", seed_iv.read, seed_iv.files,
               layout="1/1_20160518.mat and its like in both", marks=tuple(f"{part}/[123]/*_*.mat"
                                                                           for part in FOLDERS_IV)),
        *_seed("seed-v", "SEED-V", seed_v.read, seed_v.files,
               layout="1_123.npz to 16_123.npz in both, or the converted arrays", marks=tuple(
                   f"{part}/*_123.npz|[0-9]*_123.npz" for part in FOLDERS_V)),
        Dataset(
            "rafdb", "RAF-DB, basic emotions, aligned faces", "licensed", (
                "face_eeg",), licence="Access on request; for non-commercial research only.",
            redistribute="Nothing.", ask="http://www.whdeng.cn/raf/model1.html", layout=
            "basic/Image/aligned/ and basic/EmoLabel/list_patition_label.txt (sic), or DATASET/, train_labels.csv and test_labels.csv",
            marks=_RAFDB, absent=("truth.json", "SIMULATED.txt"), folders=(
                ".", "rafdb"), read=rafdb.read, files=rafdb.files),
        Dataset("rafdb-simulated", "simulated faces in the layout of RAF-DB", "simulated", (
            "face_eeg",), licence="Part of this project.", redistribute="Everything.",
                ask="nobody: written by lib.simulation when needed",
                layout="basic/ as RAF-DB has it, and truth.json", marks=(
                    *_RAFDB, "truth.json"), folders=(
                        ".", "rafdb",
                        "rafdb-simulated"), read=rafdb.read, files=rafdb.files, embedded=True),
        Dataset("flex", "EMOTIV FLEX 2 recordings and videos, as paper 4 made them", "licensed", (
            "face_eeg",), licence="Your own recordings; those of the paper were not released.",
                redistribute="As the people recorded have agreed.",
                ask="nobody: record your own with the headset and EmotivPRO",
                layout=f"{LISTING_FILE} and the files that it lists", marks=(
                    LISTING_FILE,), absent=("truth.json", "SIMULATED.txt"), folders=(
                        ".", "flex"), read=flex.read, files=flex.files),
        Dataset("flex-simulated", "simulated recordings in the form of EMOTIV FLEX 2 exports",
                "simulated", ("face_eeg",), licence="Part of this project.",
                redistribute="Everything.", ask="nobody: written by lib.simulation when needed",
                layout=f"{LISTING_FILE}, recordings/ and truth.json", marks=(
                    LISTING_FILE, "truth.json"), folders=(
                        ".", "flex",
                        "flex-simulated"), read=flex.read, files=flex.files, embedded=True),
        Dataset(
            MUSE, "Muse recordings of three mental states, 4 people", "public", (
                "across",), licence="Its owner states none.",
            redistribute="Nothing: let everyone download it from its owner.",
            ask="https://github.com/jordan-bird/eeg-feature-generation",
            layout="subjecta-relaxed-1.csv and its like", marks=(muse.MARK,), absent=(
                "truth.json", "SIMULATED.txt"), folders=(
                    ".", MUSE), read=muse.read, files=lambda folder: checksums(MUSE),
            source="https://raw.githubusercontent.com/jordan-bird/eeg-feature-generation/"
            "368947ac49ff4e9381e81020a6a04cecc4898783/dataset/original_data/"),
        Dataset("muse-simulated", "simulated cohort in the layout of the Muse recordings",
                "simulated", ("across",), licence="Part of this project.",
                redistribute="Everything.", ask="nobody: written by lib.simulation when needed",
                layout="subjecta-relaxed-1.csv and its like, and truth.json", marks=(
                    muse.MARK, "truth.json"), folders=(
                        ".", MUSE,
                        "muse-simulated"), read=muse.read, files=lambda folder: (), embedded=True),
        _corpus(
            "eegmmidb", "EEG Motor Movement/Imagery Database (BCI2000), 109 people, 64 channels",
            "public", read=eeg_corpora.read_eegmmidb, marks="**/S*R*.edf",
            licence="Open Data Commons Attribution 1.0.",
            ask="https://physionet.org/content/eegmmidb/1.0.0/",
            layout="S001/S001R01.edf to S109/S109R14.edf",
            source="https://physionet.org/files/eegmmidb/1.0.0/", files=tuple(
                f"S{subject:03d}/S{subject:03d}R{run:02d}.edf" for subject in range(1, 110)
                for run in range(1, 15))),
        _corpus(
            "way-eeg-gal", "WAY-EEG-GAL, grasping and lifting, 12 people, 32 channels", "public",
            read=eeg_corpora.read_way, marks="**/HS_P*_S*.mat|**/subj*_series*_data.csv", licence=
            "Creative Commons Attribution 4.0 according to its article; not checked with the owner.",
            ask=
            "https://doi.org/10.6084/m9.figshare.c.988376 (the article: https://doi.org/10.1038/sdata.2014.47)",
            layout="P1/HS_P1_S1.mat and its like, unzipped, or Kaggle's subj1_series1_data.csv"),
        _corpus(
            "kaya", "Motor imagery EEG of Kaya et al., 13 people, 19 channels", "public",
            read=eeg_corpora.read_kaya, marks="**/*Subject*.mat", licence=
            "Creative Commons Attribution 4.0 according to copies of it; not checked with the owner.",
            ask=
            "https://doi.org/10.6084/m9.figshare.c.3917698 (the article: https://doi.org/10.1038/sdata.2018.211)",
            layout="CLASubjectA1601083StLRHand.mat and its like"),
        _corpus("dreamer", "DREAMER, ECG of 23 people watching films", "licensed",
                read=ecg_corpora.read_dreamer, marks="DREAMER.mat",
                licence="Access on request; the terms are on its record.",
                ask="https://zenodo.org/record/546113", layout="DREAMER.mat", files=(
                    "DREAMER.mat",)),
        _corpus("ascertain", "ASCERTAIN, ECG of 58 people watching films", "licensed",
                read=ecg_corpora.read_ascertain, marks="**/ECG_Clip*.mat",
                licence="Not stated on its page; ask the owner.",
                ask="https://ascertain-dataset.github.io/",
                layout="ASCERTAIN_Raw/ECGData/Movie_P01/ECG_Clip1.mat and its like"),
        _corpus(
            "pspm", "PsPM data sets with an ECG (PsPM-FR, -HRM5, -RRM1-2, -VIS)", "public",
            read=ecg_corpora.read_pspm, marks="**/*.mat",
            licence="Set by set, as its Zenodo record says; not checked.", ask=
            "https://zenodo.org, the data sets of the PsPM team by name; PsPM-FR is https://zenodo.org/records/5573765",
            layout="the sets as unzipped, one folder each"),
    )
}
