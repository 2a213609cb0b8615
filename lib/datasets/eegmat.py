"""EEG and ECG of 36 people at rest and during mental arithmetic (PhysioNet ``eegmat`` 1.0.0).

Zyma et al., Data 4(1):14, 2019, doi:10.3390/data4010014; doi:10.13026/C2JQ1P.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import mne

from lib.datasets import edf
from lib.datasets.base import Cohort, Signal, Trial
from lib.datasets.checks import alone, check, copies, finish, left_out, refused
from lib.datasets.eeg_corpora import normalised, signal
from lib.paths import glob

FOLDER = "eegmat"
STATES = ("rest", "arithmetic")  # Subject00_1.edf and Subject00_2.edf, in this order
NAME = re.compile(r"Subject(\d\d)_([12])")
# the ten of paper 2 among them; T3 to T6 are read as T7, T8, P7, P8
CHANNELS = tuple("Fp1 Fp2 F3 F4 F7 F8 T7 T8 C3 C4 P7 P8 P3 P4 O1 O2 Fz Cz Pz".split())
SECONDS = 62  # of every recording of arithmetic; at rest it is three times as long
AGAIN = f"Fetch it again: python -m lib.datasets fetch {FOLDER}"


def read(root: str | Path, sizes: Callable[[str], int | None] = lambda _: None) -> Cohort:
    """Read the recordings. Each header is checked now, the samples are read when asked for.

    Parameters
    ----------
    root : path-like
        Folder with ``Subject00_1.edf`` and its like.
    sizes : callable
        Name -> bytes of the owner's file. That whole files have another size (cut and saved again)
        is said in the caption.

    Returns
    -------
    Cohort
        Two trials per person, at rest and in the task (always in this order). ``labels``: ``state``
        (0 rest, 1 arithmetic) and ``seconds``. ``load("eeg")``: ``(19, n_times)`` float32 in uV at
        500 Hz, linked ears, :data:`CHANNELS`; ``load("ecg")``: ``(1, n_times)`` in uV. The owner
        removed eye, muscle and heart artefacts from the EEG by independent components.

    Raises
    ------
    BadFile
        No usable recording.
    """
    root = Path(root)
    names = {path: name for path in glob(root, "*.edf") if (name := NAME.fullmatch(path.stem))}
    trials, dropped, twins, as_given = [], dict[str, str](), copies(names), True
    for path, name in sorted(names.items()):
        with left_out(dropped, path.name):
            alone(path, twins, AGAIN)
            number, state = int(name[1]), int(name[2]) - 1
            raw, _ = _open(path)
            labels = {"state": state, "seconds": round(raw.n_times / raw.info["sfreq"], 1)}
            loaders = {"eeg": partial(_load, path, CHANNELS), "ecg": partial(_load, path, ("ECG",))}
            files = dict.fromkeys(loaders, str(path))
            trials.append(
                Trial(FOLDER, number, "1", state + 1, STATES[state], labels, loaders, files))
            as_given &= sizes(path.name) in (None, path.stat().st_size)
    caption = "EEGMAT, 36 people at rest and during mental arithmetic (real recordings)"
    caption += "" if as_given else "; not all files are as long as their owner's"
    return finish(Cohort(FOLDER, "public", (), caption), root, trials, dropped,
                  "at least one recording such as Subject00_1.edf", f"none of {len(names)}", AGAIN,
                  logging.INFO)


def equally_long(cohort: Cohort) -> Cohort:
    """The first :data:`SECONDS` of each recording.

    ``choice:`` both states last equally long, so that a guess at the commoner one is right in half
    of the segments.
    """
    trials = tuple(
        replace(trial, loaders={m: partial(_first, load) for m, load in trial.loaders.items()})
        for trial in cohort)
    return replace(cohort, trials=trials, caption=f"{cohort.caption}; their first {SECONDS} s")


def _first(load: Callable[[], Signal]) -> Signal:
    whole = load()
    return replace(whole, data=whole.data[:, :round(SECONDS * whole.rate)])


def _name(label: str) -> str:
    """``"T7"`` of ``"EEG T3"``, ``"ECG"`` of ``"ECG ECG"``."""
    word = normalised(label.split()[-1])
    return next((name for name in CHANNELS if name.upper() == word), word)


def _open(path: Path) -> tuple[mne.io.BaseRaw, list[str]]:
    """A recording, its samples not yet read, and its channels by their names here."""
    edf.check(path, lambda label: _name(label) in (*CHANNELS, "ECG"), AGAIN, mne=True)
    with refused(path, "a whole EDF file", AGAIN):
        raw = mne.io.read_raw_edf(path, verbose="error")
    names = [_name(label) for label in raw.ch_names]
    lacking = [name for name in (*CHANNELS, "ECG") if name not in names]
    check(path, not lacking, f"the channels {' '.join(CHANNELS)} and ECG",
          f"no {' '.join(lacking)}", AGAIN)
    return raw, names


def _load(path: Path, channels: tuple[str, ...]) -> Signal:
    raw, names = _open(path)
    data = raw.get_data([names.index(name) for name in channels]) * 1e6  # MNE's unit is the volt
    return signal(path, data, float(raw.info["sfreq"]), channels, "uV")
