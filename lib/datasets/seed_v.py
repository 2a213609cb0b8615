"""SEED-V: differential entropy of the EEG and eye movement features, as the owner publishes them,
or converted to plain arrays.

``EEG_DE_features/{subject}_123.npz`` and ``Eye_movement_features/`` with the same names; each holds
pickles, which are read by :mod:`lib.datasets.safe_pickle`. Liu, Qiu, Zheng & Lu, "Comparing
recognition performance and robustness of multimodal deep learning models for multimodal emotion
recognition", IEEE Trans. Cognitive and Developmental Systems 14(2), 2022. Features of 16 subjects,
3 sessions of 15 trials. Simulated cohorts in the same layout carry a ``truth.json`` and are read by
the same code.
"""

import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from lib.datasets import safe_pickle
from lib.datasets.base import Cohort, Signal, Trial
from lib.datasets.checks import (alone, check, check_array, check_there, copies, kept, left_out,
                                 refused)
from lib.datasets.seed_format import (AGAIN, BANDS, CHANNELS, FOLDERS_V, N_EYE_V, SEED_V_LABELS,
                                      check_features, ended, signal, trial_of)
from lib.paths import glob
from lib.whole import writing

# of the 45 trials of a subject
EXPECTED = [label for labels in SEED_V_LABELS.values() for label in labels]
PER_SESSION = len(EXPECTED) // len(SEED_V_LABELS)
SUBJECTS = 16
Arrays = dict[int, np.ndarray]


def read(folder: str | Path) -> Cohort:
    """Read SEED-V, its converted form (see `convert`), or a simulated cohort in its layout. Files
    are checked now and read again later.

    Parameters
    ----------
    folder : path-like
        The folder that holds ``EEG_DE_features/`` and ``Eye_movement_features/``, or the converted
        ``{subject}_123.npz``.

    Returns
    -------
    Cohort
        Trials by subject (as a number), session, trial. ``labels["emotion"]``: 0 disgust, 1 fear, 2
        sad, 3 neutral, 4 happy. Signals, float64, one value in 4 s: ``eeg`` ``(62, n_windows, 5)``
        in nats, channel, window, band; ``eye`` ``(33, n_windows)``; what its rows mean is not
        published. Left-out files and trials are in ``dropped``, each with the reason.

    Raises
    ------
    BadFile
        No trial at all can be read.
    """
    root, trials, dropped, names = Path(folder), [], {}, _names(Path(folder))
    subjects = Counter(map(_subject, names))
    twins = copies({path for name in names for path in _paths(root, name)})
    for name in sorted(names, key=_subject):
        with left_out(dropped, name):
            times = subjects[_subject(name)]
            check(root / name, times == 1, "one recording of each subject", times, AGAIN)
            for path in _paths(root, name):
                alone(path, twins, AGAIN)
            trials += _recording(root, name, dropped)
    return ended(root, "seed-v", trials, dropped)


def files(folder: str | Path) -> list[str]:
    """Relative paths of a complete copy: 16 subjects, EEG and eye movements (or the converted file
    of each that is there)."""
    root = Path(folder)
    if _folders(root) == [root] or (root / "truth.json").is_file():
        found = [path for name in sorted(_names(root), key=_subject) for path in _paths(root, name)]
        return [str(path.relative_to(root)) for path in found]
    return [f"{part}/{subject}_123.npz" for subject in range(1, SUBJECTS + 1) for part in FOLDERS_V]


def convert(source: str | Path, target: str | Path) -> list[Path]:
    """Write SEED-V as plain arrays, which ``numpy.load`` opens without pickles and `read` reads as
    it reads the original.

    One file for each subject, ``{subject}_123.npz``, with ``eeg_00`` to ``eeg_44`` ``(62,
    n_windows, 5)``, ``eye_00`` to ``eye_44`` ``(33, n_windows)`` and ``label_00`` to ``label_44``.
    Trials that cannot be read are left out. What marks a simulation is copied.

    Returns
    -------
    list of Path
        The files written.
    """
    cohort, target = read(source), Path(target)
    there = target.resolve().is_relative_to(Path(source).resolve()) or any(target.glob("*_123.npz"))
    check(target, not there, "a folder of its own, without such files", "the source, or files of "
          "an earlier conversion", "Name a new folder.")
    target.mkdir(parents=True, exist_ok=True)
    for mark in ("SIMULATED.txt", "truth.json"):
        if (Path(source) / mark).is_file():
            shutil.copyfile(Path(source) / mark, target / mark)
    written = []
    for subject in sorted({trial.subject for trial in cohort}):
        arrays = {}
        for trial in (trial for trial in cohort if trial.subject == subject):
            k = PER_SESSION * (int(trial.session) - 1) + trial.trial - 1
            arrays |= {f"{part}_{k:02d}": trial.load(part).data for part in ("eeg", "eye")}
            arrays[f"label_{k:02d}"] = np.array(trial.labels["emotion"])
        path = target / f"{subject}_123.npz"
        with writing(path) as handle:
            np.savez(handle, **arrays)
        written.append(path)
    return written


def _folders(root: Path) -> list[Path]:
    """Where EEG and eye movements are: the owner's two folders or, converted, ``root``."""
    own = [root / part for part in FOLDERS_V]
    return own if any(map(Path.is_dir, own)) else [root]


def _names(root: Path) -> set[str]:
    found = [path for folder in _folders(root) for path in glob(folder, "*_123.npz")]
    return {path.name for path in found if re.fullmatch(r"\d+_123", path.stem)}


def _subject(name: str) -> int:
    return int(name.split("_")[0])  # as a number: as text, 10 comes before 2


def _paths(root: Path, name: str) -> list[Path]:
    return [folder / name for folder in _folders(root)]


def _recording(root: Path, name: str, dropped: dict[str, str]) -> list[Trial]:
    """The usable trials of one subject; what is not usable goes into ``dropped``."""
    subject, paths = _subject(name), _paths(root, name)
    eeg_path, eye_path = paths[0], paths[-1]
    (eeg, eeg_label), (eye, eye_label) = _arrays(eeg_path, "eeg"), _arrays(eye_path, "eye")
    labels = (eeg_path, eeg_label), (eye_path, eye_label)
    trials, parts = [], ((eeg_path, eeg), labels[0], (eye_path, eye), labels[1])
    for path, arrays in parts:
        more = arrays.keys() - set(range(len(EXPECTED)))
        check(path, not more, f"trials 0 to {len(EXPECTED) - 1}",
              f"trial {max(more, default=0)} too", AGAIN)
    for k, expected in enumerate(EXPECTED):
        session, t = k // PER_SESSION + 1, k % PER_SESSION + 1
        with left_out(dropped, f"seed-v subject {subject} session {session} trial {t}"):
            for path, arrays in parts:
                check(path, k in arrays, f"data and label of trial {k} (from 0)",
                      f"{len(arrays)} of {len(EXPECTED)} trials", AGAIN)
            check_features((eeg_path, f"trial {k}, as channels, windows, bands:", eeg[k]),
                           (eye_path, f"trial {k}, as features, windows:", eye[k]), N_EYE_V)
            right, windows = f"label {expected} all through trial {k}", eeg[k].shape[1]
            for path, of_trial in labels:
                found = of_trial[k]
                check_array(path, found.ravel(), (None,), right, AGAIN)
                check(path, (found == expected).all(), right, np.unique(found).tolist(), AGAIN)
                check(path, found.size in (1, windows),
                      f"a label for each of the {windows} windows of trial {k}", found.size, AGAIN)
            places = {"eeg": (eeg_path, k), "eye": (eye_path, k)}
            trials.append(trial_of("seed-v", subject, session, t, expected, _load, places))
    return trials


def _arrays(path: Path, modality: str) -> tuple[Arrays, Arrays]:
    """Data, ``(62, n_windows, 5)`` or ``(33, n_windows)`` where it is as promised, and labels of
    one file, by trial from 0."""
    check_there(path, f"the {modality} features of one subject", AGAIN)
    return _read_file(path, modality)


# a file holds 45 trials: asked for one by one, it should not be read 45 times
@kept(4)
def _read_file(path: Path, modality: str) -> tuple[Arrays, Arrays]:
    with refused(path, "an .npz file of plain arrays",
                 AGAIN), np.load(path, allow_pickle=False) as archive:
        members = dict(archive)
    if {"data", "label"} <= set(members):
        data, label = (_pickled(path, name, members[name]) for name in ("data", "label"))
        return {k: _turned(array, modality) for k, array in data.items()}, label
    data, label = ({
        int(name[-2:]): array for name, array in members.items()
        if re.fullmatch(rf"{kind}_\d\d", name)
    } for kind in (modality, "label"))
    check(path, data, f"arrays data and label, or {modality}_00 to {modality}_44",
          ", ".join(list(members)[:3]) or "nothing", AGAIN)
    return data, label


def _pickled(path: Path, name: str, member: np.ndarray) -> Arrays:
    """The dictionary whose pickle is the raw bytes of a member."""
    content: Any = safe_pickle.loads(member.tobytes(), path)
    expected = f"in {name} a dictionary of arrays, by trial"
    check(path, isinstance(content, dict), expected, type(content).__name__, AGAIN)
    with refused(path, expected, AGAIN, TypeError, ValueError):
        arrays = {int(k): np.asarray(array) for k, array in content.items()}
    check(path, len(arrays) == len(content), expected, "one trial under two keys", AGAIN)
    return arrays


def _turned(array: np.ndarray, modality: str) -> np.ndarray:
    """From the owner's (windows, features): 310 EEG features are 62 channels of 5 bands each. An
    array of other width stays as it is."""
    if modality == "eye":
        return array.T
    shape = (-1, len(CHANNELS), len(BANDS))
    return array.reshape(shape).swapaxes(
        0, 1) if array.ndim == 2 and array.shape[1] == shape[1] * shape[2] and len(array) else array


def _load(path: Path, modality: str, key: int) -> Signal:
    return signal(modality, _arrays(path, modality)[0][key])
