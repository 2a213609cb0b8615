"""The on-disk format of SEED-IV and SEED-V: names, labels and splits, and the checks that both
readers share.

Both datasets come from the BCMI laboratory of Shanghai Jiao Tong University as features:
differential entropy (DE) of 62 EEG channels in 5 bands, and eye movement features, both over
windows of 4 s that do not overlap. SEED-IV: Zheng, Liu, Lu, Lu & Cichocki, IEEE Trans. Cybernetics
49(3), 2019. SEED-V: Liu, Qiu, Zheng & Lu, IEEE Trans. Cognitive and Developmental Systems 14(2),
2022.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from lib.datasets.base import BadFile, Cohort, Trial, origin

log = logging.getLogger(__name__)
CHANNELS = tuple(
    ("FP1 FPZ FP2 AF3 AF4 F7 F5 F3 F1 FZ F2 F4 F6 F8 FT7 FC5 FC3 FC1 FCZ FC2 FC4 FC6 FT8 T7 C5 C3 "
     "C1 CZ C2 C4 C6 T8 TP7 CP5 CP3 CP1 CPZ "
     "CP2 CP4 CP6 TP8 P7 P5 P3 P1 PZ P2 P4 P6 P8 PO7 PO5 PO3 POZ PO4 PO6 PO8 CB1 O1 OZ O2 CB2"
     ).split())
# The same channels under the names of MNE's colin27_1005 (standard_1005 in older versions). CB1 and
# CB2 (over the cerebellum) have no standard position. assumed: they sit where PO9 and PO10 do,
# beside O1 and O2 in the cap's last row; an exact picture leaves them out.
MNE_NAMES = tuple({"CB1": "PO9", "CB2": "PO10"}.get(name,
                                                    re.sub("Z$", "z", name).replace("FP", "Fp"))
                  for name in CHANNELS)
# Hz, Sec 3.2
BANDS = {
    "delta": (1.0, 4.0), "theta": (4.0, 8.0), "alpha": (8.0, 14.0), "beta": (14.0, 31.0),
    "gamma": (31.0, 50.0)
}
WINDOW = 4.0  # seconds of one feature; windows do not overlap
FEATURE_RATE = 1 / WINDOW
RAW_RATE = 200.0  # Hz of the raw EEG of SEED-IV
N_EYE_IV, N_EYE_V = 31, 33  # what the columns mean is not published
SMOOTHINGS = ("de_LDS", "de_movingAve")
FOLDERS_IV = ("eeg_feature_smooth", "eye_feature_smooth")
FOLDERS_V = ("EEG_DE_features", "Eye_movement_features")

SEED_IV_EMOTIONS = ("neutral", "sad", "fear", "happy")
SEED_IV_LABELS = {
    1: (1, 2, 3, 0, 2, 0, 0, 1, 0, 1, 2, 1, 1, 1, 2, 3, 2, 2, 3, 3, 0, 3, 0, 3),
    2: (2, 1, 3, 0, 0, 2, 0, 2, 3, 3, 2, 3, 2, 0, 1, 1, 2, 1, 0, 3, 0, 1, 3, 1),
    3: (1, 2, 2, 1, 3, 3, 3, 1, 1, 2, 1, 0, 2, 3, 3, 0, 2, 3, 0, 0, 2, 0, 1, 0),
}
SEED_V_EMOTIONS = ("disgust", "fear", "sad", "neutral", "happy")
_REST = (2, 1, 3, 0, 4, 4, 0, 3, 2, 1, 3, 4, 1, 2, 0)
SEED_V_LABELS = {1: (4, 1, 3, 2, 0) * 3, 2: _REST, 3: _REST}

# Split -> folds; a fold is the first and the last of the trials (numbered from 1 in each session)
# that are tested; the rest trains. "16/8" and "9/6": Sec 3.1. "3fold": three blocks of five trials
# of SEED-V, each of which holds every emotion once.
SPLITS = {
    "16/8": (24, ((17, 24),)), "9/6": (15, ((10, 15),)), "3fold": (15, ((1, 5), (6, 10), (11, 15)))
}
AGAIN = "Get the original file from the owner (https://bcmi.sjtu.edu.cn/home/seed/)."


def split(name: str) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Folds of a named split: the numbers of the training and of the test trials, within each
    session, counted from 1.

    Notes
    -----
    The tests of "16/8" have 8 trials and are not balanced (session 1 tests no sad trial); "9/6" is
    not balanced either; "3fold" is.
    """
    n_trials, blocks = SPLITS[name]
    trials = range(1, n_trials + 1)
    return [(tuple(t for t in trials
                   if not first <= t <= last), tuple(t for t in trials if first <= t <= last))
            for first, last in blocks]


def check_eeg(file: Path, name: str, eeg: np.ndarray) -> None:
    """Raise ``BadFile`` unless ``eeg`` is finite and has 62 channels, any number of windows, and 5
    bands."""
    shape = (len(CHANNELS), "windows", len(BANDS))
    if eeg.ndim != 3 or (eeg.shape[0], eeg.shape[2]) != (
            shape[0], shape[2]) or not eeg.shape[1] or eeg.dtype.kind not in "fiu":
        raise BadFile(file, f"{name} {shape}".replace("'", ""), f"{eeg.dtype} {eeg.shape}", AGAIN)
    if not np.isfinite(eeg).all():
        raise BadFile(file, f"finite numbers in {name}",
                      f"{(~np.isfinite(eeg)).sum()} NaN or infinite", AGAIN)


def check_eye(file: Path, name: str, eye: np.ndarray, n_features: int, n_windows: int) -> None:
    """Raise ``BadFile`` unless ``eye`` is ``(n_features, n_windows)``, as long as the EEG.

    NaN is allowed: a blink leaves some.
    """
    if eye.ndim != 2 or eye.shape[0] != n_features or eye.dtype.kind not in "fiu":
        raise BadFile(file, f"{name} ({n_features}, windows)", f"{eye.dtype} {eye.shape}", AGAIN)
    if np.isinf(eye).any():
        raise BadFile(file, f"numbers or NaN in {name}", f"{np.isinf(eye).sum()} infinite", AGAIN)
    if eye.shape[1] != n_windows:
        raise BadFile(file,
                      f"{name} with {n_windows} windows, as many as the EEG of the same trial",
                      f"{eye.shape[1]}", AGAIN)


def finish(root: Path, name: str, title: str, trials: Sequence[Trial],
           dropped: Mapping[str, str]) -> Cohort:
    """The cohort of what could be read; ``BadFile`` where that is nothing, a warning where it is
    not all."""
    tier, caption = origin(root, title)
    first = next(iter(dropped.values()), "no files")
    if not trials:
        raise BadFile(root, f"at least one readable trial of {title}",
                      f"none; the first reason: {first}",
                      "Check that this is the folder that holds the feature folders.")
    if dropped:
        log.warning("%s: %d trials or files left out, the first because: %s", root, len(dropped),
                    first)
    return Cohort(name if tier == "licensed" else f"{name}-simulated", tier, tuple(trials), caption,
                  dict(dropped))
