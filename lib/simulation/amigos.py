"""A simulated AMIGOS cohort in the owner's on-disk layout, with known ground truth, and its null
twin.

Valence and arousal of each trial drive the EEG (:mod:`lib.simulation.brain`) and the heart
(:mod:`lib.simulation.heart`); the same two, with the rater's habit and noise, are reported on
scales from 1 to 9. With ``effect = 0`` the reports stay as they are, but the signals follow another
latent of the same law that has nothing to do with them; everything else, noise included, is drawn
the same.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.signal import butter, sosfiltfilt
from scipy.stats import norm

from lib.datasets.amigos_format import (ALL_CHANNELS, BASELINE, CELLS, HEADSET, LONG_VIDEOS,
                                        N_SHORT, RATE, RATINGS, SELF_REPORTS, SHORT_VIDEOS,
                                        SUBJECTS, file_name)
from lib.simulation import brain, heart
from lib.simulation.files import cells, matlab
from lib.simulation.folder import cohort, keep
from lib.simulation.heart import wave
from lib.simulation.valence import mix, stream
from lib.workers import bar, side_by_side

VIDEOS = (*SHORT_VIDEOS, *LONG_VIDEOS)
# samples made on either side and cut off after filtering: the owner filtered whole sessions
EDGE = int(2 * RATE)
RISE = 6.0  # assumed: seconds in which affect rises from neutral after the video starts
SHARED = 0.6  # choice: correlation of two people's latents for one video is its square
MOMENTS = 0.3  # choice: spread from moment to moment within a trial
# choice: rater's habit, rater's noise (both in units of the latent), points of the scale per unit
BIAS, NOISE, POINTS = 0.3, 0.45, 1.6
# choice: factors on the slopes of lib.simulation.brain, and below the spreads; set by the linear
# control of the data card
RHYTHMS = brain.louder(valence=3.2, arousal=3.0)
# of a person's recordings: log gains, log rhythms, 1/f exponent, alpha in Hz
DAY = (0.15, 0.15, 0.12, 0.2)
# assumed: their place in valence and arousal
FEELINGS = {
    "neutral": (0, 0), "disgust": (-1.2, 0.4), "happiness": (1.2, 0.4), "surprise": (0.2, 1.3),
    "anger": (-1, 1.2), "fear": (-0.6, 1.4), "sadness": (-1, -0.8)
}


def make(folder=None, *, subjects: int = 8, short: tuple[float, float] = (30, 40),
         long: tuple[float, float] = (60, 70), effect: float = 1.0, fingerprint: float = 1.0,
         seed: int = 0, jobs: int = 2) -> Path:
    """Write a cohort, or find it finished (:func:`lib.simulation.folder.cohort`).

    Parameters
    ----------
    folder : path-like, optional
    subjects : int
        1 to 40. Every subject has 16 short and 4 long videos; from three subjects on every kind of
        gap of the real files occurs.
    short, long : (float, float)
        Shortest and longest video in seconds, after 5 s of baseline; a video lasts equally long for
        everyone.
    effect : float
        0 (the null twin: reports independent of all signals) to 1 (calibrated): correlation of the
        latent the signals follow with the latent the reports follow.
    fingerprint : float
        How much subjects and recordings differ in what is not affect.
    seed, jobs : int
        Same seed, same bytes, whatever the number of processes.
    """
    return cohort("amigos", __file__, locals(), _write, subjects=(1, len(SUBJECTS)),
                  short=(10, np.inf), long=(10, np.inf))


def _write(root: Path, parameters: dict, jobs: int) -> dict:
    numbers = SUBJECTS[:parameters["subjects"]]
    calls = [(root, subject, parameters) for subject in numbers]
    written = bar(side_by_side(write, calls, jobs, ordered=True), len(calls), "simulation")
    trials = [vars(viewing) for _, watched in written for viewing in watched]
    return {"files": [*map(path_of, numbers)], "trials": trials}


@dataclass(frozen=True)
class Viewing:
    """One subject before one video.

    Attributes
    ----------
    subject, cell, video : int, int, str
    seconds : float
        Length of the video.
    felt, driven : tuple of two float
        Valence and arousal the reports follow, and those the signals follow, mean 0 and variance 1.
    reports : tuple of float
        The 12 self-reports.
    lacks : tuple of str
        ``"signal"``, ``"self-report"``, ``"finite T7"``.
    """

    subject: int
    cell: int
    video: str
    seconds: float
    felt: tuple[float, ...]
    driven: tuple[float, ...]
    reports: tuple[float, ...]
    lacks: tuple[str, ...]


def path_of(subject: int) -> str:
    """Where a subject's file lies: odd numbers in a folder of their own, even ones flat."""
    name = file_name(subject)
    return f"{name.removesuffix('.mat')}/{name}" if subject % 2 else name


def viewings(subject: int, parameters: dict) -> list[Viewing]:
    """The subject's 20 cells in their order, which is not that of the videos' numbers.

    What is felt is partly the video's, the same for everyone, and partly the subject's own in this
    trial. The signals follow it with the correlation ``effect``; the rest of what they follow
    belongs to this trial alone, so that not even the video can be told from it.
    """
    seed, videos = parameters["seed"], stream(parameters["seed"], "videos")
    own, null = (stream(seed, name, subject).standard_normal((CELLS, 2))
                 for name in ("own", "null"))
    quantiles = norm.ppf((np.arange(CELLS) + 0.5) / CELLS)
    of_video = np.stack([videos.permutation(quantiles) for _ in range(2)], axis=1) / quantiles.std()
    felt = mix(SHARED, of_video, own)
    driven = mix(parameters["effect"], felt, null)
    reports = _reports(felt, stream(seed, "reports", subject))
    short = videos.permutation(np.linspace(*parameters["short"], N_SHORT))
    long = videos.permutation(np.linspace(*parameters["long"], CELLS - N_SHORT))
    seconds = np.rint(2 * np.concatenate([short, long])) / 2
    order = stream(seed, "order", subject)
    places = [*order.permutation(N_SHORT), *(N_SHORT + order.permutation(CELLS - N_SHORT))]
    return [
        Viewing(subject, i, VIDEOS[v], float(seconds[v]), tuple(felt[v].tolist()),
                tuple(driven[v].tolist()), tuple(reports[v].tolist()), _lacks(subject, i))
        for i, v in enumerate(places)
    ]


def _lacks(subject: int, cell: int) -> tuple[str, ...]:
    """The gaps of the real files, one of each kind: no long videos, signals or reports alone or
    both missing, a channel that fails."""
    both = ("signal", "self-report")
    gaps = {(1, 2): ("finite T7",), (2, 5): both[:1], (2, 9): both[1:], (2, 12): both}
    return both if subject == 3 and cell >= N_SHORT else gaps.get((subject, cell), ())


def _reports(felt: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Self-reports ``(20, 12)``: two ratings follow what is felt, liking follows valence, the other
    two follow nothing."""
    valence, arousal = (felt + BIAS * rng.standard_normal(2) +
                        NOISE * rng.standard_normal(felt.shape)).T
    dominance, liking, familiarity = rng.standard_normal((3, len(felt)))
    ratings = [arousal, valence, dominance, 0.7 * valence + 0.7 * liking, familiarity]
    away = np.linalg.norm(felt[:, None] - np.array(list(FEELINGS.values())), axis=2)
    named = np.array(list(FEELINGS))[away.argmin(axis=1)]
    marks = named[:, None] == np.array(SELF_REPORTS[len(RATINGS):])
    return np.hstack([np.round(np.clip(5 + POINTS * np.transpose(ratings), 1, 9), 1), marks])


def cell(viewing: Viewing, parameters: dict) -> np.ndarray:
    """Record one trial: ``(n_times, 17)`` float32 at 128 Hz from 5 s before the video, processed as
    the owner did.

    The owner's processing: EEG against the average of all electrodes, 4 to 45 Hz; ECG below 60 Hz.
    choice: zero-phase Butterworth filters of order 4, as the owner names none.
    """
    seed, fingerprint, who = parameters["seed"], parameters["fingerprint"], viewing.subject
    here = (who, VIDEOS.index(viewing.video))
    n = BASELINE + int(viewing.seconds * RATE) + 2 * EDGE
    times = (np.arange(n) - EDGE - BASELINE) / RATE
    rise = 0.5 - 0.5 * np.cos(np.pi * np.clip(times / RISE, 0, 1))
    moments = stream(seed, "moments", *here)
    # choice: brain and heart have moments of their own, so that what blurs one leaves the other
    valence, arousal, *beat = (rise * (level + MOMENTS * wave(moments, n, RATE, 3.0))
                               for level in 2 * viewing.driven)
    shows = 0.2 * np.exp(0.5 * fingerprint * stream(seed, "face", who).standard_normal())
    smile = np.clip(shows * valence, 0, 1)
    rng = stream(seed, "cap", *here)
    person = brain.Person.sample(stream(seed, "brain", who), len(HEADSET), fingerprint,
                                 RHYTHMS).today(rng, fingerprint, *DAY)
    eeg = brain.record(person, brain.Affect(valence, arousal, smile), stream(seed, "eeg", *here),
                       HEADSET, RATE, montage="standard_1020",
                       blinks=brain.blinking(rng, int(n / RATE)), rhythms=RHYTHMS)
    ecg = heart.record(heart.of(fingerprint, seed, "heart", who), beat[0], beat[1],
                       stream(seed, "ecg", *here), RATE, fingerprint=fingerprint)
    band = butter(4, (4, 45), "bandpass", fs=RATE, output="sos")
    eeg = sosfiltfilt(band, eeg - eeg.mean(axis=0), axis=1)
    ecg = sosfiltfilt(butter(4, 60, fs=RATE, output="sos"), ecg, axis=1)
    level = 1 + 0.5 * fingerprint * stream(seed, "sweat", who).standard_normal()
    # a level and a drift that follow nothing
    gsr = np.exp(level + 0.1 * wave(stream(seed, "skin", *here), n, RATE, 6.0))
    out = np.vstack([eeg, ecg, gsr]).T[EDGE:-EDGE].astype(np.float32)
    if "finite T7" in viewing.lacks:
        lost = slice(BASELINE + int(2 * RATE), BASELINE + int(6 * RATE))
        out[lost, ALL_CHANNELS.index("T7")] = np.nan
    return out


def write(root: Path, subject: int, parameters: dict) -> list[Viewing]:
    """Write a subject's file unless it is there; returns what the truth keeps."""
    watched = viewings(subject, parameters)
    keep(root / path_of(subject), lambda: _mat(watched, parameters))
    return watched


def _mat(watched: list[Viewing], parameters: dict) -> bytes:
    """The file: cell arrays ``(1, 20)``."""
    signals = [np.empty((0, 0)) if "signal" in v.lacks else cell(v, parameters) for v in watched]
    reports = [np.array([() if "self-report" in v.lacks else v.reports]) for v in watched]
    columns = {"joined_data": signals, "labels_selfassessment": reports}
    columns["VideoIDs"] = [np.array([v.video]) for v in watched]
    columns["labels_ext_annotation"] = [_annotation(v, parameters["seed"]) for v in watched]
    return matlab({name: cells(values).T for name, values in columns.items()})


def _annotation(viewing: Viewing, seed: int) -> np.ndarray:
    """Rows (segment, valence, arousal), one per 20 s, as other people would judge it; assumed:
    counted from 1, in -1 to 1."""
    rng = stream(seed, "judges", viewing.subject, VIDEOS.index(viewing.video))
    n = int(np.ceil(viewing.seconds / 20))
    judged = np.tanh(0.5 * np.array(viewing.felt) + 0.2 * rng.standard_normal((n, 2)))
    return np.column_stack([np.arange(1, n + 1), judged])
