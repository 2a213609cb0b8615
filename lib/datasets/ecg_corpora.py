"""The unlabelled ECG corpora of paper 2's pre-training: DREAMER, ASCERTAIN and the PsPM data sets
of the Bach laboratory.

Katsigiannis & Ramzan, IEEE J. Biomed. Health Inform. 22(1), 2018; Subramanian et al., IEEE Trans.
Affective Computing 9(2), 2018; PsPM: bachlab.org/pspm. Their emotional labels, where they have any,
are not read. Signals keep the owner's unit: paper 2 standardises them.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from lib import paths
from lib.datasets.base import Cohort, Signal
from lib.datasets.checks import check, check_array, copies, kept
from lib.datasets.eeg_corpora import AGAIN, Recording, collect, field, numbers, read_mat, signal

ASCERTAIN_RATE = 256.0  # Hz, not written in the files
PARTS = ("baseline", "stimuli")  # of DREAMER: before each film, and during it


def read_dreamer(folder: str | Path) -> Cohort:
    """Read the ECG of ``DREAMER.mat``: for each subject and film the neutral film before it
    (``baseline``) and the film (``stimuli``).

    choice: of the two leads the first. The file names neither; scaled and without labels, either
    would do, and using both would show the network each heartbeat twice.

    Parameters
    ----------
    folder : path-like
        Holds ``DREAMER.mat``, which is read whole; the chosen lead of all trials stays in memory
        until another copy is read.

    Returns
    -------
    Cohort
        Two trials per subject and film, ``labels`` empty. ``load("ecg")``: ``(1, n_times)`` float32
        at the rate the file states (256 Hz), in the owner's unit. Recordings that cannot be used
        are in ``dropped`` with the reason.

    Raises
    ------
    BadFile
        No usable recording.
    """
    path = Path(folder) / "DREAMER.mat"
    return collect("dreamer", "licensed", "ecg", folder, "DREAMER.mat",
                   _dreamer_recordings(path) if path.is_file() else ())


def read_ascertain(folder: str | Path) -> Cohort:
    """Read the ECG of ASCERTAIN: ``ASCERTAIN_Raw/ECGData/Movie_P<subject>/ECG_Clip<clip>.mat``, in
    any case.

    assumed, from how others read ``Data_ECG``: column 0 is the time; the left arm's lead is column
    1, or column 4 in files with six columns and more. choice: the left arm, the lead that paper 2
    takes from AMIGOS.

    Parameters
    ----------
    folder : path-like

    Returns
    -------
    Cohort
        One trial per clip, at 256 Hz; otherwise as :func:`read_dreamer`. Each file is read once now
        and again when asked for.
    """
    found = sorted(
        (*numbers(f"{path.parent.name} {path.stem}", r"Movie_P(\d+) ECG_Clip(\d+)"), path)
        for path in paths.glob(folder, "**/*.mat"))
    return collect("ascertain", "licensed", "ecg", folder,
                   "ASCERTAIN_Raw/ECGData/Movie_P01/ECG_Clip1.mat and its like",
                   (Recording(path, subject, clip, f"clip {clip}", partial(_load_ascertain, path))
                    for subject, clip, path in found if subject))


def read_pspm(folder: str | Path) -> Cohort:
    """Read the ECG of PsPM files: variables ``infos`` and ``data``, a cell of channels with
    ``.data`` and ``.header``.

    The channel whose ``header.chantype`` is ``ecg`` is taken (the first, if there are several),
    with its ``sr`` and ``units``. Files without one, such as the log files beside the recordings,
    are in ``dropped``. assumed: one file per person. Every set numbers its people anew, so subjects
    are counted over all files.

    Parameters
    ----------
    folder : path-like
        Holds one set or several, at any depth.

    Returns
    -------
    Cohort
        One trial per file; ``stimulus`` is the file's name; otherwise as :func:`read_ascertain`.
    """
    found = paths.glob(folder, "**/*.mat")
    twins = copies(found)
    first = {path: min(path, twins.get(path, path)) for path in found}
    recordings = (Recording(path,
                            found.index(one) + 1, 1, one.stem, partial(_load_pspm, path))
                  for path, one in first.items())
    return collect("pspm", "public", "ecg", folder, "PsPM files (*.mat)", recordings)


def _dreamer_recordings(path: Path) -> Iterator[Recording]:
    for subject, film, part in sorted(_dreamer(path)[1]):
        yield Recording(path, subject,
                        len(PARTS) * (film - 1) + PARTS.index(part) + 1, f"{part} {film}",
                        partial(_load_dreamer, path, subject, film, part),
                        f"subject {subject} {part} {film}")


@kept(1)
def _dreamer(path: Path) -> tuple[float, dict[tuple[int, int, str], np.ndarray]]:
    """The rate and, by subject, film and part, the first lead. The whole file is one variable: it
    is read once, not once per trial."""
    (dreamer,) = read_mat(path, "DREAMER")
    leads = {}
    for subject, person in enumerate(np.atleast_1d(field(path, dreamer, "Data")), 1):
        for part in PARTS:
            for film, cell in enumerate(np.atleast_1d(field(path, person, f"ECG.{part}")), 1):
                leads[subject, film, part] = np.array(cell[:, 0] if np.ndim(cell) == 2 else [])
    return field(path, dreamer, "ECG_SamplingRate"), leads


def _load_dreamer(path: Path, subject: int, film: int, part: str) -> Signal:
    rate, leads = _dreamer(path)
    return _lead(path, leads[subject, film, part], rate)


def _load_ascertain(path: Path) -> Signal:
    (data,) = read_mat(path, "Data_ECG")
    check(path,
          np.ndim(data) == 2 and np.shape(data)[1] > 1, "Data_ECG (n_times, time and leads)",
          f"shape {np.shape(data)}", AGAIN)
    return _lead(path, data[:, 1 if data.shape[1] < 6 else 4], ASCERTAIN_RATE)


def _load_pspm(path: Path) -> Signal:
    no_recording = "Nothing is to be done if the file is not meant to hold an ECG."
    _, data = read_mat(path, "infos", "data", fix=no_recording)
    kinds = ((field(path, one, "header.chantype"), one) for one in np.atleast_1d(data))
    ecg = next((one for kind, one in kinds if kind == "ecg"), None)
    check(path, ecg is not None, "a channel of type ecg", "none", no_recording)
    lead, rate, unit = (field(path, ecg, name) for name in ("data", "header.sr", "header.units"))
    return _lead(path, lead, rate, str(unit))


def _lead(path: Path, data: np.ndarray, rate: float, unit: str = "as recorded") -> Signal:
    """One lead ``(1, n_times)``, checked."""
    check_array(path, np.asarray(data), (None,), "numbers, one per sample", AGAIN)
    return signal(path, data[None], rate, ("ECG",), unit)
