"""AMIGOS: ``Data_Preprocessed_PXX.mat``, one file per subject with EEG, ECG and skin conductance of
16 short and 4 long videos.

The layout is in :mod:`lib.datasets.amigos_format`. Simulated cohorts in the same layout carry a
``truth.json`` and are read by the same code.
"""

import re
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lib import paths
from lib.datasets import amigos_format as layout
from lib.datasets import mat
from lib.datasets.base import Cohort, Signal, Trial
from lib.datasets.checks import (alone, check, check_array, check_there, copies, finish, kept,
                                 left_out, origin)

# the owner names no unit for the skin conductance
UNITS = {"eeg": "uV", "ecg": layout.ECG_UNIT, "gsr": ""}
USED = [layout.ALL_CHANNELS.index(name) for name in (*layout.EEG_CHANNELS, layout.ECG_LEFT)]
EXTERNAL = "labels_ext_annotation"
AGAIN = "Download this subject's file again."
LEAVE = "Nothing needs to be done: the other trials are read."
WITHOUT = " The trials are read without it."


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
    cohort = origin(folder, "amigos", "AMIGOS")
    found, dropped = _found(folder)
    check(
        folder, found, "Data_Preprocessed_P01.mat to P40.mat, flat or as "
        "Data_Preprocessed_P01/Data_Preprocessed_P01.mat", "none",
        "Unpack the preprocessed MATLAB files of AMIGOS there, or name the folder that holds them.")
    trials, absent, twins = [], dict[str, str](), copies(found.values())
    for subject, path in found.items():
        with left_out(dropped, path.relative_to(folder).as_posix()):
            alone(path, twins, AGAIN)
            trials += _trials(path, subject, dropped, absent)
    # that cells are empty is in the nature of the format, and no cause for a warning
    return finish(cohort, folder, trials, dropped | absent, "at least one usable trial",
                  f"none in {len(found)} files; the first", AGAIN, unsaid=absent)


def files(folder: str | Path) -> list[str]:
    """Relative paths a complete copy holds: those that are there, and of the 40 subjects those that
    are not, as they unpack."""
    folder = Path(folder)
    there, _ = _found(folder)
    found = {subject: path.relative_to(folder).as_posix() for subject, path in there.items()}
    if origin(folder, "amigos", "AMIGOS").tier == "licensed":
        stems = {subject: Path(layout.file_name(subject)).stem for subject in layout.SUBJECTS}
        found = {subject: f"{stem}/{stem}.mat" for subject, stem in stems.items()} | found
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
            with left_out(others, name):
                check(path, path == first, "one file of each subject",
                      f"{first} too, which is read", LEAVE)
    return dict(sorted(found.items())), others


def _trials(path: Path, subject: int, damaged: dict[str, str], absent: dict[str,
                                                                            str]) -> list[Trial]:
    """The usable trials of a subject, and why others are none: cells without signals, of shape
    (0, 0), or self-reports, (1, 0), are ``absent``."""
    trials, (cells, other) = [], _cells(path)
    external = f"amigos subject {subject} external annotation"
    with left_out(damaged, external, WITHOUT):
        check(path, not other, f"{EXTERNAL}, a cell array of {layout.CELLS}", other, AGAIN)
        if not any(cell.annotation.size for cell in cells):
            absent[external] = f"no {EXTERNAL}"
    for i, cell in enumerate(cells):
        name = f"amigos subject {subject} trial {i + 1}"
        parts = {"signal": cell.signals, "self-report": cell.reports}
        if missing := ", ".join(f"no {part}" for part, value in parts.items() if not value.size):
            absent[name] = missing
            continue
        with left_out(damaged, name):
            labels, video = _labels(f"{path} cell {i + 1}", cell)
            with left_out(damaged, f"{name} external annotation", WITHOUT):
                labels |= _external(f"{path} cell {i + 1}", cell.annotation)
            loaders = {part: partial(_signal, path, i, part) for part in layout.COLUMNS}
            trials.append(
                Trial("amigos", subject, "short" if i < layout.N_SHORT else "long", i + 1, video,
                      labels, loaders, dict.fromkeys(loaders, str(path))))
    return trials


def _labels(where: str, cell: Cell) -> tuple[dict[str, Any], str]:
    """Self-reports and video of a cell, which is checked."""
    must, columns, n = partial(check, where, fix=LEAVE), layout.ALL_CHANNELS, len(layout.RATINGS)
    expected = f"signals of shape (more than {layout.BASELINE}, {len(columns)})"
    check_array(where, cell.signals, (None, len(columns)), expected, LEAVE)
    must(
        len(cell.signals) > layout.BASELINE, expected, f"{cell.signals.dtype} {cell.signals.shape}")
    check_array(where, cell.reports, (1, len(layout.SELF_REPORTS)),
                f"{len(layout.SELF_REPORTS)} self-reports in a row", LEAVE)
    reports, video = cell.reports[0], "".join(map(str, cell.video.ravel())).strip()
    must(((reports[:n] >= 1) & (reports[:n] <= 9)).all(),
         f"ratings ({', '.join(layout.RATINGS)}) from 1 to 9", reports[:n].tolist())
    must(video, "a name in VideoIDs", "none")
    dead = [columns[i] for i in USED if not np.isfinite(cell.signals[:, i]).any()]
    must(not dead, "finite samples in the ten EEG channels of paper 2 and in ECG left",
         f"none in {', '.join(dead)}")
    return dict(zip(layout.SELF_REPORTS, map(float, reports), strict=True)), video


def _external(where: str, annotation: np.ndarray) -> dict[str, np.ndarray]:
    if not annotation.size:
        return {}
    names = layout.ANNOTATION  # segment, valence, arousal
    check_array(where, annotation, (None, len(names)), f"{EXTERNAL} (n, {len(names)})", AGAIN)
    return {f"external_{names[i]}": annotation[:, i].astype(float) for i in (1, 2)}


def _signal(path: Path, index: int, modality: str) -> Signal:
    check_there(path, "a subject's file", AGAIN)
    columns = layout.COLUMNS[modality]
    data = _cells(path)[0][index].signals[:, columns].T.astype(float)
    return Signal(data, layout.RATE, layout.ALL_CHANNELS[columns], UNITS[modality],
                  -layout.BASELINE / layout.RATE)


@kept(2)
def _cells(path: Path) -> tuple[list[Cell], str]:
    """All cells of a file, and what the external annotation is where it is no cells; kept for the
    next trials of the subject, as one file takes a second to read and holds all 20."""
    content = mat.load_all(path, layout.VARIABLES, AGAIN, also=(EXTERNAL,))
    others = {
        name: f"{cells.dtype} {cells.shape}" for name, cells in content.items()
        if cells.dtype != object or cells.size != layout.CELLS
    }
    other = others.pop(EXTERNAL, "")
    check(path, not others, f"cell arrays of {layout.CELLS}",
          ", ".join(f"{name} {found}" for name, found in others.items()), AGAIN)
    none = [np.empty((0, 0))] * layout.CELLS
    annotations = none if other or EXTERNAL not in content else content[EXTERNAL].ravel()
    columns = [content[name].ravel() for name in layout.VARIABLES]
    return [*map(Cell, *columns, annotations)], other
