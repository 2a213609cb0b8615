"""Open recordings of people whom no paper used: FEIS (EEG) and RCQoEA-360VR (ECG), unlabelled, for
the pre-training of paper 2's stand-in.

Wellington & Clayton, 2019, doi:10.5281/zenodo.3369178; Vijayakumar et al., 2024
(github.com/sowmyyav/RCQoEA-360VR-Dataset). Their labels are not read.
"""

import re
from contextlib import suppress
from functools import partial
from itertools import chain
from operator import itemgetter
from pathlib import Path
from zipfile import is_zipfile

import numpy as np
import pandas as pd

from lib import paths
from lib.datasets.base import BadFile, Cohort, Signal
from lib.datasets.checks import check, check_array, check_finite, kept, refused
from lib.datasets.eeg_corpora import AGAIN, OMIT, Recording, collect, numbers, signal, ten_channels
from lib.datasets.table import read_csv

LATE = 0.1  # choice: by which part of a step a sample's time may be off
FEIS_RATE = 256.0  # Hz, in the name of the column of times
# the phases of FEIS; its full_eeg holds all of them once more
PHASES = ("stimuli", "articulators", "thinking", "speaking", "resting")
# the order of channels in the arrays of FEIS
EPOC = ("F3", "FC5", "AF3", "F7", "T7", "P7", "O1", "O2", "P8", "T8", "F8", "AF4", "FC6", "F4")
POLAR_RATE = 130.0  # Hz, of the Polar H10 that RCQoEA-360VR was recorded with


def read_feis(folder: str | Path) -> Cohort:
    """Read FEIS: ``<person>/<phase>.csv``, or ``<phase>.zip`` with that table in it, as the owner's
    release and repository have them; or ``<person>.npz``, arrays of the phase articulators.

    Epochs of 1 to 5 s lie end to end in a phase, though time passed between them. choice: each
    channel's mean over an epoch is taken out, so that no step is left where two meet. Arrays hold
    ``eeg`` (14, n_times) in 0.1 uV, in the order :data:`EPOC`, ``epoch`` and ``t`` (n_times,).

    Returns
    -------
    Cohort
        One trial per person and phase; people named ``chinese-<n>`` count from 101. Signals,
        ``dropped`` and errors as in :func:`lib.datasets.eeg_corpora.read_way`.
    """
    found = []
    endings = ("csv", "zip", "npz")
    for path in chain(*(paths.glob(folder, f"**/*.{ending}") for ending in endings)):
        name, phase = path.parent.name, path.stem.lower()
        if path.suffix.lower() == ".npz":
            name, phase = path.stem, "articulators"
        if phase in PHASES:
            person = re.fullmatch(r"(chinese-)?(\d+)", name)
            subject = int(person[2]) + 100 * bool(person[1]) if person else 0
            found.append((subject, PHASES.index(phase) + 1, path, phase))
    return collect("feis", "public", "eeg", folder, "01/thinking.csv and its like",
                   (Recording(path, subject, number, phase, partial(_load_feis, path))
                    for subject, number, path, phase in sorted(found)))


def read_rcqoea(folder: str | Path) -> Cohort:
    """Read the ECG of RCQoEA-360VR: ``ecg_P<person>_V<video>.csv`` at any depth (some names lack
    the V), columns ``time`` and ``ECG``; or ``ecg_130hz.npz``, an array ``P<person>_V<video>``
    for each.

    The unit is not documented. assumed: microvolts, as the device gives them.

    Returns
    -------
    Cohort
        One trial per person and video, at 130 Hz; otherwise as
        :func:`lib.datasets.ecg_corpora.read_ascertain`. A table whose times have another rate, or a
        gap, is left out.
    """
    found = [(*numbers(path.stem, r"ecg_P(\d+)_V?(\d+)"), path, "", partial(_load_polar, path))
             for path in paths.glob(folder, "**/ecg_P*.csv")]
    for path in paths.glob(folder, "**/ecg_130hz.npz"):
        names = ["P1_V1"]  # of a damaged file, which is refused when this is loaded
        with suppress(BadFile):
            names = [*_arrays(path)]
        found += [(*numbers(name, r"P(\d+)_V(\d+)"), path, name,
                   partial(_load_polar_array, path, name)) for name in names]
    return collect("rcqoea-ecg", "public", "ecg", folder, "ecg_P1_V1.csv and its like",
                   (Recording(path, subject, video, f"video {video}", load, part)
                    for subject, video, path, part, load in sorted(found, key=itemgetter(0, 1, 2))))


def _load_feis(path: Path) -> Signal:
    columns = ["Time:256Hz", "Epoch", *EPOC]
    with refused(path, f"numbers for {', '.join(columns)}", AGAIN):
        if path.suffix.lower() == ".npz":
            eeg, epoch, time = (_arrays(path)[name] for name in ("eeg", "epoch", "t"))
            table = pd.DataFrame(0.1 * eeg.T, columns=EPOC).assign(Epoch=epoch)
            table["Time:256Hz"] = time
        else:
            table = pd.read_csv(path, usecols=columns)
        table = table.astype(np.float64)
    time, epoch = (table.pop(name).to_numpy() for name in columns[:2])
    check_finite(path, epoch, " for epochs", OMIT)
    joint = np.diff(epoch, prepend=np.nan) != 0
    _steady(path, np.diff(time)[~joint[1:]], FEIS_RATE)
    parts = np.diff(np.flatnonzero(joint), append=len(joint)) / FEIS_RATE % 1 > 0
    check(path, not parts.any(), "epochs of whole seconds",
          f"{parts.sum()} of {len(parts)} of other length", AGAIN)
    centred = table - table.groupby(joint.cumsum()).transform("mean")
    return ten_channels(path, centred.to_numpy(), table.columns, FEIS_RATE)


def _load_polar(path: Path) -> Signal:
    table = read_csv(path, AGAIN, ("time", "ECG"), text=("time",))
    with refused(path, "times such as 2023-08-10 18:39:19.215641", AGAIN):
        times = pd.to_datetime(table["time"], format="ISO8601")  # a whole second has no fraction
    _steady(path, times.diff().dt.total_seconds().to_numpy()[1:], POLAR_RATE)
    return _lead(path, table["ECG"].to_numpy())


def _load_polar_array(path: Path, name: str) -> Signal:
    return _lead(path, _arrays(path)[name])


def _lead(path: Path, data: np.ndarray) -> Signal:
    check_array(path, data, (None,), "numbers, one per sample", AGAIN)
    return signal(path, data[None], POLAR_RATE, ("ECG",), "uV")


def _steady(path: Path, steps: np.ndarray, rate: float) -> None:
    """Refuse a recording in which the seconds from sample to sample are not those of its rate."""
    wrong = steps[~(np.abs(steps * rate - 1) < LATE)]
    check(path, not len(wrong), f"{rate:g} samples a second, none lost or doubled",
          f"{len(wrong)} of {len(steps)} steps of other length", OMIT)


@kept(1)
def _arrays(path: Path) -> dict[str, np.ndarray]:
    check(path, is_zipfile(path), "an .npz file of arrays", "another kind of file", AGAIN)
    with refused(path, "arrays of numbers", AGAIN), np.load(path) as arrays:
        return dict(arrays)
