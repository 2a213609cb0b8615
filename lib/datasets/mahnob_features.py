"""The openly published 4 Hz features of the 239 annotated MAHNOB-HCI trials.

Rayatdoost & Soleymani, github.com/soheilrayatdoost/ContinuousEmotionDetection, folder ``data/``:
one MATLAB file per trial with band power of the EEG, facial landmarks and gaze on the clock of the
labels, and the label file itself.
"""

from functools import partial
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from lib.datasets import mat
from lib.datasets.base import Cohort, Signal, Trial
from lib.datasets.checks import check, check_array, check_finite, check_there, finish, left_out
from lib.datasets.mahnob_files import read_labels
from lib.datasets.mahnob_format import EEG_CHANNELS, LABEL_RATE, LABELS_FILE, session_id
from lib.paths import spelled

FOLDER = "mahnob-public-features"
# assumed: the owner states no order. Band by band, electrodes as in the raw recordings, is the one
# in which correlations fall with distance (data card)
BANDS = ("theta", "alpha", "beta", "gamma")
KEYS = {"eeg_features": "eeg_band_feats_full", "face_features": "face_feats", "gaze": "gaze_feats"}
# assumed: the owner's code uses the first 38 of 327 columns of the face
WIDTHS = {"eeg_features": (128,), "face_features": (327, 38), "gaze": (2,)}
NAMES = {"eeg_features": tuple(f"{band} {channel}" for band in BANDS for channel in EEG_CHANNELS)}
# What the owner's resampling of 60 frames/s to 4 Hz makes of a constant: its filter begins from
# zeros. assumed: this filter; the face features of all trials begin as its response does (card)
ONSET = resample_poly(np.ones(600), 1, 15)[:10]
AGAIN = f"Fetch it again: python -m lib.datasets fetch {FOLDER}"


def feature_name(subject: int, section: int) -> str:
    """Path of a trial's features below the folder; the number after ``trial`` is the section, twice
    the trial's number."""
    return f"Features/P{subject}-features-resamp4hz-trial-{section}.mat"


def home(root: str | Path) -> Path:
    """The folder that holds the label file and ``Features/``: ``root`` itself or
    ``root/mahnob-public-features``."""
    here = (Path(root) / "Features").is_dir() and (Path(root) / LABELS_FILE).is_file()
    return Path(root) / ("" if here else FOLDER)


def read(root: str | Path) -> Cohort:
    """Read the public features. Each file is checked once now and read again when asked for.

    Parameters
    ----------
    root : path-like
        Folder with ``lable_continous_Mahnob.mat`` and ``Features/``, or the folder above
        ``mahnob-public-features/``.

    Returns
    -------
    Cohort
        Trials in the order of the label file. ``labels["valence"]`` is ``(n_times,)`` at 4 Hz on
        the scale of the label file (-0.33 to 0.45); the array ``target`` inside the feature files
        is twice that, which is checked and not used. Signals, float32 at 4 Hz: ``eeg_features``
        ``(128, n_times)``, ``assumed:`` natural logarithms of band power, named by band and
        electrode; ``face_features`` ``(38, n_times)``, whose first steps are divided by
        :data:`ONSET`; ``gaze`` ``(2, n_times)``, which keeps one value after the first fifteenth of
        a trial. assumed: ``stimulus`` is the length of the trial, as the clip is not published; it
        tells about 16 of the 20 clips apart. Trials whose file is missing or not as promised are in
        ``dropped``.

    Raises
    ------
    BadFile
        The label file is unusable, or no trial at all can be read.
    """
    root = home(root)
    cohort = Cohort(FOLDER, "public", (), "public 4 Hz features of MAHNOB-HCI (real recordings)")
    trials, dropped, rows = [], dict[str, str](), read_labels(root)
    for subject, section, valence in rows:
        path = spelled(root / feature_name(subject, section))
        with left_out(dropped, path.name):
            _check(path, valence)
            loaders = {modality: partial(_load, path, modality) for modality in KEYS}
            trials.append(
                Trial("mahnob", subject, str(session_id(subject, section)), section // 2,
                      f"length {valence.size}", {"valence": valence}, loaders,
                      {"features": str(path)}))
    return finish(cohort, root, trials, dropped, "at least one readable feature file",
                  f"none of {len(rows)}; the first", AGAIN)


def _arrays(path: Path, keys: list[str]) -> dict[str, np.ndarray]:
    check_there(path, "the features of one trial", AGAIN)
    return mat.load_all(path, keys, AGAIN)


def _check(path: Path, valence: np.ndarray) -> None:
    arrays, n = _arrays(path, [*KEYS.values(), "target"]), valence.size
    for modality, key in KEYS.items():
        array, widths = arrays[key], WIDTHS[modality]
        width = next((width for width in widths if width == array.shape[-1]), widths[0])
        check_array(path, array, (n, width),
                    f"{key} ({n}, {' or '.join(map(str, widths))}), as long as the label", AGAIN)
        check_finite(path, array[:, :widths[-1]], f" in {key}", AGAIN)
    check(path.parents[1] / LABELS_FILE,
          np.isfinite(valence).all(), "a label for every quarter of a second", "NaN", AGAIN)
    target, expected = arrays["target"].ravel(), "target = 2 x the valence in the label file"
    check_array(path, target, valence.shape, expected, AGAIN)
    off = np.abs(target - 2 * valence).max(initial=0)
    check(path, off <= 1e-5, expected, f"up to {off:.2g} off", AGAIN)


def _load(path: Path, modality: str) -> Signal:
    width = WIDTHS[modality][-1]
    data = _arrays(path, [KEYS[modality]])[KEYS[modality]][:, :width].T.astype(np.float32)
    if modality == "face_features":
        data[:, :len(ONSET)] /= ONSET[:data.shape[1]]
    names = NAMES.get(modality) or tuple(f"{modality} {i}" for i in range(width))
    return Signal(np.ascontiguousarray(data), LABEL_RATE, names, "as published")
