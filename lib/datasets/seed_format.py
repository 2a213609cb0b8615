"""The on-disk format of SEED-IV and SEED-V: names, labels and splits, and the checks that both
readers share.

Both datasets come from the BCMI laboratory of Shanghai Jiao Tong University as features:
differential entropy (DE) of 62 EEG channels in 5 bands, and eye movement features, both over
windows of 4 s that do not overlap. SEED-IV: Zheng, Liu, Lu, Lu & Cichocki, IEEE Trans. Cybernetics
49(3), 2019. SEED-V: Liu, Qiu, Zheng & Lu, IEEE Trans. Cognitive and Developmental Systems 14(2),
2022.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lib.datasets.base import Cohort, Signal, Trial
from lib.datasets.checks import check, check_array, check_finite, finish, origin

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


def check_features(eeg: tuple[Path, str, np.ndarray], eye: tuple[Path, str, np.ndarray],
                   n_eye: int) -> None:
    """Refuse a trial, given as file, name and array, whose EEG is not finite or not 62 channels,
    any number of windows and 5 bands, or whose eye movements are not as long.

    NaN is allowed in these: a blink leaves some.
    """
    (file, name, array), (n, bands) = eeg, (len(CHANNELS), len(BANDS))
    check_array(file, array, (n, None, bands), f"{name} ({n}, windows, {bands})", AGAIN)
    check_finite(file, array, f" in {name}", AGAIN)
    windows = array.shape[1]
    file, name, array = eye
    check_array(file, array, (n_eye, None), f"{name} ({n_eye}, windows)", AGAIN)
    infinite = np.isinf(array).sum()
    check(file, not infinite, f"numbers or NaN in {name}", f"{infinite} infinite", AGAIN)
    check(file, array.shape[1] == windows,
          f"{name} with {windows} windows, as many as the EEG of the same trial", array.shape[1],
          AGAIN)


def signal(modality: str, features: np.ndarray) -> Signal:
    """The features of one trial in float64: EEG, channel, window, band, or eye movements, row,
    window."""
    data = np.array(features, np.float64, order="C")
    if modality == "eeg":
        return Signal(data, FEATURE_RATE, CHANNELS, "nats")
    return Signal(data, FEATURE_RATE, tuple(f"eye {i}" for i in range(1, len(data) + 1)))


def trial_of(dataset: str, subject: int, session: int, number: int, emotion: int,
             load: Callable[[Path, str, Any], Signal], places: Mapping[str, tuple[Path,
                                                                                  Any]]) -> Trial:
    """A trial whose modalities are loaded from their ``places``, file and key in it."""
    loaders = {
        modality: partial(load, path, modality, key) for modality, (path, key) in places.items()
    }
    files = {modality: str(path) for modality, (path, _) in places.items()}
    return Trial(dataset, subject, str(session), number, f"{session}-{number}",
                 {"emotion": emotion}, loaders, files)


def ended(root: Path, name: str, trials: Sequence[Trial], dropped: Mapping[str, str]) -> Cohort:
    """The cohort of what could be read; see :func:`lib.datasets.checks.finish`."""
    title = name.upper()
    return finish(origin(root, name, title), root, trials, dropped,
                  f"at least one readable trial of {title}", "none; the first reason",
                  "Check that this is the folder that holds the feature folders.")
