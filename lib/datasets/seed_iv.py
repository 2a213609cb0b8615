"""SEED-IV: differential entropy of the EEG and eye movement features, as the owner publishes them.

``eeg_feature_smooth/{1,2,3}/{subject}_{date}.mat`` and ``eye_feature_smooth/{1,2,3}/`` with the
same names. Zheng, Liu, Lu, Lu & Cichocki, "EmotionMeter: a multimodal framework for recognizing
human emotions", IEEE Trans. Cybernetics 49(3), 2019. 15 subjects, 3 sessions of 24 trials.
Simulated cohorts in the same layout carry a ``truth.json`` and are read by the same code.
"""

import re
from collections import Counter
from pathlib import Path

import numpy as np
from scipy.io import whosmat

from lib.datasets import mat
from lib.datasets.base import Cohort, Signal, Trial
from lib.datasets.checks import alone, check, check_there, copies, left_out
from lib.datasets.seed_format import (AGAIN, FOLDERS_IV, N_EYE_IV, SEED_IV_LABELS, SMOOTHINGS,
                                      check_features, ended, signal, trial_of)
from lib.paths import glob

EEG, EYE = FOLDERS_IV


def read(folder: str | Path, smooth: str = "de_LDS") -> Cohort:
    """Read SEED-IV, or a simulated cohort in its layout. Each file is checked once now and read
    again when asked for.

    Parameters
    ----------
    folder : path-like
        The folder that holds ``eeg_feature_smooth/`` and ``eye_feature_smooth/``.
    smooth : str
        ``"de_LDS"`` (smoothed by a linear dynamical system) or ``"de_movingAve"`` (by a moving
        average). The paper does not say which it uses; choice: LDS, with which most published
        results on these features were made. LDS looks ahead within its trial.

    Returns
    -------
    Cohort
        Trials by session, then subject (as a number), then trial. ``labels["emotion"]``: 0 neutral,
        1 sad, 2 fear, 3 happy. Signals, float64, one value in 4 s: ``eeg`` ``(62, n_windows, 5)``
        in nats, channel, window, band; ``eye`` ``(31, n_windows)``, with NaN where the owner has
        NaN; what its rows mean is not published. Left-out files and trials are in ``dropped``, with
        the reason.

    Raises
    ------
    BadFile
        No trial at all can be read.
    """
    if smooth not in SMOOTHINGS:
        raise ValueError(f"smooth: expected one of {SMOOTHINGS}, found {smooth!r}")
    root, trials, dropped = Path(folder), [], {}
    twins = copies(path for part in FOLDERS_IV for path in glob(root, f"{part}/*/*.mat"))
    for session in SEED_IV_LABELS:
        eeg, eye = (_named(root / part / str(session)) for part in FOLDERS_IV)
        with left_out(dropped, f"{EEG}/{session}"):
            check(root / EEG / str(session), eeg, "one <subject>_<date>.mat for each subject",
                  "none", AGAIN)
        pairs = Counter(_order(name)[0] for name in eeg if name in eye)
        for name in sorted({*eeg, *eye}, key=_order):
            subject = _order(name)[0]
            with left_out(dropped, f"session {session}/{name}"):
                eeg_path, eye_path = (root / part / str(session) / name for part in FOLDERS_IV)
                check(eeg_path, pairs[subject] < 2, "one recording of a subject in a session",
                      pairs[subject], f"Keep the original alone. {AGAIN}")
                for path in (eeg_path, eye_path):
                    alone(path, twins, AGAIN)
                trials += _recording(eeg_path, eye_path, session, subject, smooth, dropped)
    return ended(root, "seed-iv", trials, dropped)


def files(folder: str | Path) -> list[str]:
    """Relative paths of a complete copy: both files of every subject that is there at all, in all
    three sessions."""
    root = Path(folder)
    known = {(session, _order(name)[0]): name for session in SEED_IV_LABELS for part in FOLDERS_IV
             for name in _named(root / part / str(session))}
    return [
        f"{part}/{session}/{known.get((session, subject), f'{subject}_<date>.mat')}"
        for session in SEED_IV_LABELS for subject in sorted({subject for _, subject in known})
        for part in FOLDERS_IV
    ]


def _named(folder: Path) -> list[str]:
    """Names of the recordings in a folder, without readme and hidden files."""
    return [path.name for path in glob(folder, "*.mat") if re.fullmatch(r"\d+_\d+", path.stem)]


def _order(name: str) -> tuple[int, int]:
    """Subject and date as numbers: as text, 10 comes before 2."""
    subject, date = Path(name).stem.split("_")
    return int(subject), int(date)


def _recording(eeg_path: Path, eye_path: Path, session: int, subject: int, smooth: str,
               dropped: dict[str, str]) -> list[Trial]:
    """The usable trials of one subject in one session; what is not usable goes into ``dropped``."""
    numbers = range(1, len(SEED_IV_LABELS[session]) + 1)
    eeg = _arrays(eeg_path, [f"{smooth}{t}" for t in numbers])
    eye = _arrays(eye_path, [f"eye_{t}" for t in numbers])
    trials = []
    for t, emotion in zip(numbers, SEED_IV_LABELS[session], strict=True):
        with left_out(dropped, f"seed-iv subject {subject} session {session} trial {t}"):
            places = {"eeg": (eeg_path, f"{smooth}{t}"), "eye": (eye_path, f"eye_{t}")}
            for (path, key), arrays in zip(places.values(), (eeg, eye), strict=True):
                check(path, key in arrays, f"the array {key}", f"{len(arrays)} others of its kind",
                      AGAIN)
            (_, eeg_key), (_, eye_key) = places.values()
            check_features((eeg_path, eeg_key, eeg[eeg_key]), (eye_path, eye_key, eye[eye_key]),
                           N_EYE_IV)
            trials.append(trial_of("seed-iv", subject, session, t, emotion, _load, places))
    return trials


def _arrays(path: Path, keys: list[str]) -> dict[str, np.ndarray]:
    """Those of the arrays that the file has; ``BadFile`` if it has none of them."""
    check_there(path, "the features of one subject and session", AGAIN)
    found = mat.load(path, keys, AGAIN)
    others = [] if found else [key for key, *_ in whosmat(path)]
    check(path, found, f"arrays {keys[0]} to {keys[-1]}",
          f"none of them, but {', '.join(others[:3]) or 'nothing'}", AGAIN)
    return found


def _load(path: Path, modality: str, key: str) -> Signal:
    return signal(modality, _arrays(path, [key])[key])
