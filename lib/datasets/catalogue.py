"""The datasets that the project reads: their tier, terms, layout, reader, and whom to ask for them.

A new dataset is one more entry in ``datasets.yaml`` and its reader in :data:`READERS`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import yaml

from lib.datasets import (amigos, dens, ecg_corpora, eeg_corpora, eegmat, emoeeg_mc, flex,
                          london_faces, mahnob, mahnob_features, muse, rafdb, seed_iv, seed_v,
                          wild_faces)
from lib.datasets.base import Cohort
from lib.datasets.mahnob_files import read_labels
from lib.datasets.mahnob_format import session_id


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
    text = (Path(__file__).parent / "checksums" / f"{name}.txt").read_text(encoding="utf-8")
    return {path: (digest, int(size)) for path, digest, size in map(str.split, text.splitlines())}


def _labelled_sessions(folder: Path) -> list[str]:
    rows = read_labels(folder)
    return [f"Sessions/{session_id(subject, part)}/session.xml" for subject, part, _ in rows]


# relative path -> subject and run
EEGMMIDB = {
    f"S{subject:03d}/S{subject:03d}R{run:02d}.edf": (subject, run) for subject in range(1, 110)
    for run in range(1, 15)
}
# what reads it, and what lists the files of a complete copy where they are known; a simulated
# cohort is read as what it has the layout of
READERS: dict[str, tuple] = {
    "mahnob": (mahnob.read, _labelled_sessions), "amigos": (amigos.read, amigos.files),
    "mahnob-public-features": (mahnob_features.read, lambda _: checksums(mahnob_features.FOLDER)),
    "seed-iv": (seed_iv.read, seed_iv.files), "seed-v": (seed_v.read, seed_v.files),
    "rafdb": (rafdb.read, rafdb.files), "london-faces": (london_faces.read,),
    "faces-in-the-wild": (partial(wild_faces.read, only=partial(checksums, wild_faces.FOLDER)),
                          lambda _: checksums(wild_faces.FOLDER)), "flex": (flex.read, flex.files),
    "muse-mental-states": (muse.read, lambda _: checksums(muse.FOLDER)), "muse": (muse.read,),
    "eegmat": (partial(eegmat.read, sizes=lambda name: checksums(eegmat.FOLDER)[name][1]),
               lambda _: checksums(eegmat.FOLDER)), "eegmmidb": (eeg_corpora.read_eegmmidb,
                                                                 lambda _: EEGMMIDB),
    "way-eeg-gal": (eeg_corpora.read_way,), "kaya": (eeg_corpora.read_kaya,),
    "dreamer": (ecg_corpora.read_dreamer,
                lambda _: ["DREAMER.mat"]), "ascertain": (ecg_corpora.read_ascertain,),
    "pspm": (ecg_corpora.read_pspm,), "dens": (dens.read,), "emoeeg-mc": (emoeeg_mc.read,)
}

# weights of image networks by file: what they are, their owner's address, licence, checksum, bytes
WEIGHTS: dict[str, dict] = yaml.safe_load(
    (Path(__file__).parent / "weights.yaml").read_text(encoding="utf-8"))


def _dataset(name: str, facts: dict) -> Dataset:
    read, files = (*READERS[name.removesuffix("-simulated")], lambda _: ())[:2]
    known: dict[str, Any] = {
        key: tuple(fact) if isinstance(fact, list) else fact for key, fact in facts.items()
    }
    return Dataset(name=name, read=read, files=files, **known)


_FACTS = yaml.safe_load((Path(__file__).parent / "datasets.yaml").read_text(encoding="utf-8"))
DATASETS = {name: _dataset(name, facts) for name, facts in _FACTS.items() if name[0] != "."}
