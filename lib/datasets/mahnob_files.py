"""The files of MAHNOB-HCI, one reader each: continuous labels, session.xml and BDF physiology (gaze
and video: ``mahnob_media``).

Every reader raises :class:`~lib.datasets.base.BadFile` for a file that is not what the format
promises. Times are seconds after the stimulus began unless a docstring says otherwise.
"""

import logging
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

import defusedxml.ElementTree as ElementTree
import mne
import numpy as np
from defusedxml.common import DefusedXmlException

from lib.datasets import edf, mat
from lib.datasets.base import Signal
from lib.datasets.checks import check, check_there, refused
from lib.datasets.mahnob_format import ALL_CHANNELS, LABELS_FILE, MARGIN

log = logging.getLogger(__name__)
# choice: seconds kept on either side of the stimulus, enough for filter transients and windows of 2
# s
EDGE = 2.0
# what a user can do about a damaged session
AGAIN = "Download this session again, or leave the trial out."
# the subject's ratings: our name, that of session.xml
FELT_KEYS = {
    "felt_valence": "feltVlnc", "felt_arousal": "feltArsl", "felt_control": "feltCtrl",
    "felt_predictability": "feltPred", "felt_emotion": "feltEmo"
}


@dataclass(frozen=True)
class Stimulus:
    """When the stimulus ran within a BDF file: ``onset``, ``offset`` and file ``length`` in
    seconds, and which ``source`` says so."""

    onset: float
    offset: float
    length: float
    source: str


@dataclass(frozen=True)
class Session:
    """What ``session.xml`` says: stimulus file name, the subject's ratings, names of the files
    (None where not named), and the clocks (rates in Hz)."""

    subject: int
    stimulus: str
    felt: dict[str, float]
    video: str | None
    physiology: str | None
    gaze: str | None
    video_rate: float
    audio_rate: float
    audio_begin: float


def read_labels(root: str | Path) -> list[tuple[int, int, np.ndarray]]:
    """Read the continuous valence labels.

    Parameters
    ----------
    root : path-like
        Folder that holds ``lable_continous_Mahnob.mat``.

    Returns
    -------
    list of (subject, section, valence)
        In the order of the file; valence is ``(n_times,)`` at 4 Hz, the mean of five raters,
        unscaled. NaN are left for the caller to judge.

    Raises
    ------
    BadFile
        The file is missing, unreadable or of another shape.
    """
    path = Path(root) / LABELS_FILE
    expected = "a MATLAB 5 file with trials_included (n, 2) and labels (n, 1)"
    fix = ("Get the original with `python -m lib.datasets fetch mahnob-public-features` and put it "
           "there.")
    check_there(path, expected, fix)
    content = mat.load(path, ["trials_included", "labels"], fix)
    check(path, len(content) == 2, expected, f"only {', '.join(content) or 'others'}", fix)
    trials, labels = content.values()
    fine = trials.ndim == 2 and trials.shape[1] == 2
    check(path, fine and labels.dtype == object and labels.size == len(trials), expected,
          f"trials_included {trials.shape}, labels {labels.dtype} {labels.shape}", fix)
    with refused(path, "one numeric trace per trial", fix, TypeError, ValueError):
        # the pairs are stored as uint8, too small for what is computed from them
        return [(int(subject), int(section), np.asarray(label, float).ravel())
                for (subject, section), label in zip(trials, labels.ravel(), strict=True)]


def read_session(path: str | Path) -> Session:
    """Parse ``session.xml``; entities are refused, file names are cut to their last part, the video
    is the track with ``color="1"``."""
    path = Path(path)
    check_there(path, "the session's description", AGAIN)
    with refused(path, "plain XML without entities", AGAIN, ElementTree.ParseError,
                 DefusedXmlException):
        root = ElementTree.parse(path).getroot()

    def file_of(track: str) -> str | None:
        element = root.find(track)
        name = "" if element is None else element.get("filename", "")
        return PureWindowsPath(name).name or None

    with refused(path, "subject id, vidRate, audRate and audBeginSmp, all numbers", AGAIN,
                 AttributeError, KeyError, TypeError, ValueError):
        subject = int(root.find("subject").get("id"))
        rates = [float(root.attrib[key]) for key in ("vidRate", "audRate", "audBeginSmp")]
        felt = {name: float(root.attrib[key]) for name, key in FELT_KEYS.items() if root.get(key)}
    check(path,
          np.isfinite(rates).all() and min(rates[:2]) > 0, "positive vidRate and audRate",
          rates[:2], AGAIN)
    stimulus = PureWindowsPath(root.get("mediaFile", "")).name or "unknown"
    return Session(subject, stimulus, felt, file_of("track[@color='1']"),
                   file_of("track[@type='Physiological']"), file_of(".//*[@type='Gaze']"), *rates)


def check_bdf(path: str | Path) -> None:
    """Check a BDF file by its header alone (:mod:`lib.datasets.edf`), and the 47 channels."""
    path = Path(path)
    check_there(path, "the physiology of the session", AGAIN)
    # EEG, ECG, Status; the other inputs carry nothing that is used
    used = (*ALL_CHANNELS[:35], "Status")
    names = edf.check(path, lambda label: label in used[:-1], AGAIN, mne=True).labels
    check(path, len(names) == len(ALL_CHANNELS), f"{len(ALL_CHANNELS)} channels", len(names), AGAIN)
    wrong = [
        f"{there or 'nothing'} in place of {name}"
        for there, name in zip(names, ALL_CHANNELS, strict=True) if name in used and there != name
    ]
    check(path, not wrong, "the channel names of the database", ", ".join(wrong[:3]), AGAIN)


def _open_bdf(path: str | Path) -> mne.io.BaseRaw:
    check_bdf(path)
    with refused(path, "a BDF file that MNE can read", AGAIN):
        return mne.io.read_raw_bdf(path, stim_channel="Status", verbose="ERROR")


def stimulus_times(path: str | Path, raw: mne.io.BaseRaw | None = None) -> Stimulus:
    """Find stimulus start and end in a BDF file from the rising edges of its Status channel.

    The low 16 bits of Status are the trigger lines; the bits above are the amplifier's own flags.
    The first pulse is the start, the second the end (as in TEAP's and torcheeg's loaders). Without
    any pulse, 30 s before and after are taken and a warning is logged.

    Raises
    ------
    BadFile
        One edge, or more than two.
    """
    raw = _open_bdf(path) if raw is None else raw
    rate, length = raw.info["sfreq"], raw.n_times / raw.info["sfreq"]
    lines = raw.get_data(picks=["Status"])[0].astype(np.int64) & 0xFFFF
    edges = np.flatnonzero(np.diff((lines > lines.min()).astype(np.int8)) == 1) + 1
    if len(edges) == 2:
        return Stimulus(edges[0] / rate, edges[1] / rate, length, "Status")
    check(path, not len(edges) and length > 2 * MARGIN,
          "two pulses on Status (stimulus start and end)", f"{len(edges)} in {length:.1f} s", AGAIN)
    log.warning(
        "%s: no pulse on Status; the stimulus is taken to lie %g s from either end of the "
        "recording", path, MARGIN)
    return Stimulus(MARGIN, length - MARGIN, length, f"assumed {MARGIN:g} s")


def read_physiology(path: str | Path, channels: tuple[str, ...], seconds: float) -> Signal:
    """Read some channels of a BDF file from 2 s before the stimulus to 2 s after it, in microvolt.

    Parameters
    ----------
    path : path-like
        BDF file.
    channels : tuple of str
        Channel names, in the order wanted.
    seconds : float
        Length of the labels; where it exceeds the time between the pulses, the signal goes on to
        the end of the labels.

    Returns
    -------
    Signal
        ``(n_channels, n_times)`` float64; ``start`` is about -2 s (later where the recording begins
        later).
    """
    raw = _open_bdf(path)
    rate, times = raw.info["sfreq"], stimulus_times(path, raw)
    check(path, times.length >= times.onset + seconds,
          f"{seconds:g} s of recording after stimulus start, as the labels last",
          f"{times.length - times.onset:.2f} s", AGAIN)
    end = max(times.offset, times.onset + seconds) + EDGE
    first, last = max(0, round((times.onset - EDGE) * rate)), min(raw.n_times, round(end * rate))
    data = raw.get_data(picks=list(channels), start=first, stop=last, units="uV")
    return Signal(data, rate, tuple(channels), "uV", first / rate - times.onset)
