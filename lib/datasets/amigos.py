"""AMIGOS: ``Data_Preprocessed_PXX.mat``, one file per subject with EEG, ECG and skin conductance of
16 short and 4 long videos.

The layout is in :mod:`lib.datasets.amigos_format`. Simulated cohorts in the same layout carry a
``truth.json`` and are read by the same code.
"""

from __future__ import annotations

import logging
import re
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lib import paths
from lib.datasets import amigos_format as layout
from lib.datasets import mat
from lib.datasets.base import BadFile, Cohort, Signal, Trial, alone, copies, origin

log = logging.getLogger(__name__)
# the owner names no unit for the skin conductance
UNITS = {"eeg": "uV", "ecg": layout.ECG_UNIT, "gsr": ""}
USED = [layout.ALL_CHANNELS.index(name) for name in (*layout.EEG_CHANNELS, layout.ECG_LEFT)]
AGAIN = "Download this subject's file again."
LEAVE = "Nothing needs to be done: the other trials are read."


class Cell(NamedTuple):
    """One of the 20 cells: ``(n_times, 17)`` signals, 12 self-reports, video and external
    annotation ``(n, 3)``; empty where missing."""

    signals: np.ndarray
    reports: np.ndarray
    video: np.ndarray
    annotation: np.ndarray


def read(folder: str | Path) -> Cohort:
    """Read AMIGOS, or a simulated cohort in its layout.

    Parameters
    ----------
    folder : path-like
        Holds ``Data_Preprocessed_PXX.mat``, each flat or in a folder of its own, at any depth.

    Returns
    -------
    Cohort
        One trial per subject and video that has signals and self-reports, by subject and cell.
        ``session`` is ``"short"`` or ``"long"``, ``trial`` the cell's number from 1, ``stimulus``
        the video. ``labels`` holds the 12 self-reports by name and, where they exist,
        ``external_valence`` and ``external_arousal``, ``(n_segments,)``, one value per 20 s.
        Signals at 128 Hz, from 5 s before the video (``start = -5``), as stored, NaN included:
        ``eeg (14, n)`` in uV, ``ecg (2, n)``, ``gsr (1, n)``. What is left out is in ``dropped``,
        with the reason.

    Raises
    ------
    BadFile
        No file, or not one usable trial.
    """
    folder = Path(folder)
    tier, caption = origin(folder, "AMIGOS")
    found, damaged = _found(folder)
    if not found:
        raise BadFile(
            folder, "Data_Preprocessed_P01.mat to P40.mat, flat or as "
            "Data_Preprocessed_P01/Data_Preprocessed_P01.mat", "none",
            "Unpack the preprocessed MATLAB files of AMIGOS there, or name the folder that holds "
            "them.")
    trials, absent, twins = [], {}, copies(found.values())
    for subject, path in found.items():
        try:
            alone(path, twins, AGAIN)
            cells = _cells(*_state(path))
        except BadFile as error:
            damaged[path.relative_to(folder).as_posix()] = str(error)
            continue
        if not any(cell.annotation.size for cell in cells):
            absent[f"amigos subject {subject} external annotation"] = "no labels_ext_annotation"
        for i, cell in enumerate(cells):
            name = f"amigos subject {subject} trial {i + 1}"
            try:
                if missing := _missing(cell):
                    absent[name] = missing
                else:
                    trials.append(_trial(path, subject, i, cell))
            except BadFile as error:
                damaged[name] = str(error)
    dropped = damaged | absent
    if not trials:
        raise BadFile(folder, "at least one usable trial",
                      f"none in {len(found)} files; the first: {next(iter(dropped.values()))}",
                      AGAIN)
    if damaged:  # that cells are empty is in the nature of the format, and no cause for a warning
        log.warning("%s: %d trials or files left out, the first, %s, because: %s", folder,
                    len(damaged), *next(iter(damaged.items())))
    return Cohort("amigos" if tier == "licensed" else "amigos-simulated", tier, tuple(trials),
                  caption, dropped)


def files(folder: str | Path) -> list[str]:
    """Relative paths a complete copy holds: those that are there, and of the 40 subjects those that
    are not, as they unpack."""
    folder = Path(folder)
    there, _ = _found(folder)
    found = {subject: path.relative_to(folder).as_posix() for subject, path in there.items()}
    if origin(folder, "AMIGOS")[0] == "licensed":
        names = {subject: layout.file_name(subject) for subject in layout.SUBJECTS}
        found = {subject: f"{name.removesuffix('.mat')}/{name}"
                 for subject, name in names.items()} | found
    return list(found.values())


def _found(folder: Path) -> tuple[dict[int, Path], dict[str, str]]:
    """One file per subject, the one nearest to the folder, and why other files are left out.

    A simulated cohort below a folder of other files is not part of them.
    """
    simulated = {mark.parent for mark in paths.glob(folder, "**/SIMULATED.txt")} - {folder}
    found: dict[int, Path] = {}
    others = paths.broken(folder)
    files = paths.glob(folder, "**/Data_Preprocessed_P*.mat")
    for path in sorted(files, key=lambda path: (len(path.parts), path)):
        number = re.fullmatch(r"Data_Preprocessed_P(\d+)", path.stem, re.IGNORECASE)
        name = path.relative_to(folder).as_posix()
        if number and name not in others and simulated.isdisjoint(path.parents):
            first = found.setdefault(int(number[1]), path)
            if path != first:
                found_too = f"{first} too, which is read"
                others[name] = str(BadFile(path, "one file of each subject", found_too, LEAVE))
    return dict(sorted(found.items())), others


def _missing(cell: Cell) -> str:
    """Which part of a cell is missing; seen are signals of shape (0, 0) and self-reports of shape
    (1, 0), together or alone."""
    return ", ".join(f"no {part}"
                     for part, value in (("signal", cell.signals), ("self-report", cell.reports))
                     if not value.size)


def _trial(path: Path, subject: int, index: int, cell: Cell) -> Trial:
    where = f"{path} cell {index + 1}"
    signals, reports, video = cell.signals, cell.reports, "".join(map(str,
                                                                      cell.video.ravel())).strip()
    if not _table(signals, len(layout.ALL_CHANNELS)) or len(signals) <= layout.BASELINE:
        expected = f"signals of shape (more than {layout.BASELINE}, {len(layout.ALL_CHANNELS)})"
        raise BadFile(where, expected, f"{signals.dtype} {signals.shape}", LEAVE)
    if not _table(reports, len(layout.SELF_REPORTS)) or len(reports) != 1:
        raise BadFile(where, f"{len(layout.SELF_REPORTS)} self-reports in a row",
                      f"{reports.dtype} {reports.shape}", LEAVE)
    ratings = reports.ravel()[:len(layout.RATINGS)]
    if not np.all((ratings >= 1) & (ratings <= 9)):
        raise BadFile(where, f"ratings ({', '.join(layout.RATINGS)}) from 1 to 9",
                      f"{ratings.tolist()}", LEAVE)
    if not video:
        raise BadFile(where, "a name in VideoIDs", "none", LEAVE)
    dead = [layout.ALL_CHANNELS[i] for i in USED if not np.isfinite(signals[:, i]).any()]
    if dead:
        raise BadFile(where, "finite samples in the ten EEG channels of paper 2 and in ECG left",
                      f"none in {', '.join(dead)}", LEAVE)
    labels: dict[str, float | np.ndarray] = dict(
        zip(layout.SELF_REPORTS, map(float, reports.ravel()), strict=True))
    if _table(cell.annotation, len(layout.ANNOTATION)):
        traces = dict(zip(layout.ANNOTATION, cell.annotation.T.astype(float), strict=True))
        labels |= {"external_valence": traces["valence"], "external_arousal": traces["arousal"]}
    loaders = {modality: partial(_signal, path, index, modality) for modality in layout.COLUMNS}
    session = "short" if index < layout.N_SHORT else "long"
    return Trial("amigos", subject, session, index + 1, video, labels, loaders,
                 dict.fromkeys(loaders, str(path)))


def _table(x: np.ndarray, columns: int) -> bool:
    return x.dtype.kind in "fiu" and x.ndim == 2 and x.shape[1] == columns


def _signal(path: Path, index: int, modality: str) -> Signal:
    columns = layout.COLUMNS[modality]
    data = _cells(*_state(path))[index].signals[:, columns].T.astype(float)
    return Signal(data, layout.RATE, layout.ALL_CHANNELS[columns], UNITS[modality],
                  -layout.BASELINE / layout.RATE)


def _state(path: Path) -> tuple[Path, int, int]:
    try:
        return path, path.stat().st_mtime_ns, path.stat().st_size
    except OSError as error:
        raise BadFile(path, "a subject's file", type(error).__name__, AGAIN) from error


@lru_cache(maxsize=2)
def _cells(path: Path, mtime: int, size: int) -> tuple[Cell, ...]:
    """All cells of a file; kept for the next trials of the subject, as one file takes a second to
    read and holds all 20."""
    content = mat.load(path, [*layout.VARIABLES, "labels_ext_annotation"], AGAIN)
    lacking = [name for name in layout.VARIABLES if name not in content]
    if lacking:
        raise BadFile(path, f"the variables {', '.join(layout.VARIABLES)}",
                      f"no {', '.join(lacking)}", AGAIN)
    columns = [content[name] for name in layout.VARIABLES]
    if any(column.dtype != object or column.size != layout.CELLS for column in columns):
        raise BadFile(path, f"cell arrays of {layout.CELLS}",
                      ", ".join(f"{c.dtype} {c.shape}" for c in columns), AGAIN)
    annotation = content.get("labels_ext_annotation", np.empty(0))
    none = [np.empty((0, 0))] * layout.CELLS
    annotations = annotation.ravel() if annotation.size == layout.CELLS else none
    return tuple(
        Cell(signals, reports, video, extra)
        for signals, reports, video, extra in zip(*(
            column.ravel() for column in columns), annotations, strict=True))
