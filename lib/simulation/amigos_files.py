"""One subject of a simulated AMIGOS cohort: what is felt, what is reported, what brain, heart and
skin do, and the file that keeps it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.signal import butter, sosfiltfilt
from scipy.stats import norm

from lib.datasets import amigos_format as layout
from lib.datasets.amigos_format import (BASELINE, CELLS, HEADSET, LONG_VIDEOS, N_SHORT, RATE,
                                        SELF_REPORTS, SHORT_VIDEOS)
from lib.simulation import brain, heart
from lib.simulation.folder import matlab
from lib.simulation.heart import wave
from lib.simulation.valence import stream
from lib.whole import write_file

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
VALENCE, AROUSAL = 1.3, 1.5
RHYTHMS = tuple(
    replace(r, valence=VALENCE * r.valence, strength=VALENCE * r.strength, arousal=AROUSAL *
            r.arousal) for r in brain.RHYTHMS)
# of a person's recordings: log gains, 1/f exponent, alpha in Hz, log rhythms
CONTACT, SLOPE, PEAK, SIZES = 0.15, 0.12, 0.2, 0.15
FEELINGS = {
    "neutral": (0, 0),
    "disgust": (-1.2, 0.4),
    "happiness": (1.2, 0.4),
    "surprise": (0.2, 1.3),
    "anger": (-1, 1.2),
    # assumed: their place in valence and arousal
    "fear": (-0.6, 1.4),
    "sadness": (-1, -0.8)
}


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
    name = layout.file_name(subject)
    return f"{name.removesuffix('.mat')}/{name}" if subject % 2 else name


def viewings(subject: int, parameters: dict) -> list[Viewing]:
    """The subject's 20 cells in their order, which is not that of the videos' numbers.

    What is felt is partly the video's, the same for everyone, and partly the subject's own in this
    trial. The signals follow it with the correlation ``effect``; the rest of what they follow
    belongs to this trial alone, so that not even the video can be told from it.
    """
    seed, effect = parameters["seed"], parameters["effect"]
    videos = stream(seed, "videos")
    quantiles = norm.ppf((np.arange(CELLS) + 0.5) / CELLS)
    of_video = np.stack([videos.permutation(quantiles) for _ in range(2)], axis=1) / quantiles.std()
    felt = SHARED * of_video + np.sqrt(1 - SHARED**2) * stream(seed, "own",
                                                               subject).standard_normal((CELLS, 2))
    driven = effect * felt + np.sqrt(1 - effect**2) * stream(seed, "null", subject).standard_normal(
        (CELLS, 2))
    reports = _reports(felt, stream(seed, "reports", subject))
    seconds = [
        np.rint(2 * videos.permutation(np.linspace(*parameters[kind], n))) / 2
        for kind, n in (("short", N_SHORT), ("long", CELLS - N_SHORT))
    ]
    order = stream(seed, "order", subject)
    places = [*order.permutation(N_SHORT), *(N_SHORT + order.permutation(CELLS - N_SHORT))]
    lengths = np.concatenate(seconds)
    return [
        Viewing(subject, i, VIDEOS[v], float(lengths[v]), tuple(map(float, felt[v])),
                tuple(map(float, driven[v])), tuple(map(float, reports[v])), _lacks(subject, i))
        for i, v in enumerate(places)
    ]


def _lacks(subject: int, cell: int) -> tuple[str, ...]:
    """The gaps of the real files, one of each kind: no long videos, signals or reports alone or
    both missing, a channel that fails."""
    both = ("signal", "self-report")
    if subject == 3 and cell >= N_SHORT:
        return both
    return {(1, 2): ("finite T7",), (2, 5): both[:1], (2, 9): both[1:], (2, 12): both}.get(
                (subject, cell), ())


def _reports(felt: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Self-reports ``(20, 12)``: two ratings follow what is felt, liking follows valence, the other
    two follow nothing."""
    valence, arousal = (felt + BIAS * rng.standard_normal(2) +
                        NOISE * rng.standard_normal(felt.shape)).T
    others = rng.standard_normal((3, len(felt)))
    ratings = np.stack([arousal, valence, others[0], 0.7 * valence + 0.7 * others[1], others[2]],
                       axis=1)
    away = np.linalg.norm(felt[:, None] - np.array(list(FEELINGS.values())), axis=2)
    named = np.array(list(FEELINGS))[away.argmin(axis=1)]
    marks = named[:, None] == np.array(SELF_REPORTS[len(layout.RATINGS):])
    return np.hstack([np.round(np.clip(5 + POINTS * ratings, 1, 9), 1), marks])


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
    valence, arousal = (rise * (level + MOMENTS * wave(moments, n, RATE, 3.0))
                        for level in viewing.driven)
    smile = np.clip(
        0.2 * np.exp(0.5 * fingerprint * stream(seed, "face", who).standard_normal()) * valence, 0,
        1)
    rng = stream(seed, "cap", *here)
    person = _today(
        brain.Person.sample(stream(seed, "brain", who), len(HEADSET), fingerprint, RHYTHMS), rng,
        fingerprint)
    blinks = np.cumsum(0.8 + rng.exponential(3.0, int(n / RATE)))
    eeg = brain.record(person, brain.Affect(valence, arousal, smile), stream(seed, "eeg", *here),
                       HEADSET, RATE, montage="standard_1020", blinks=blinks, rhythms=RHYTHMS)
    eeg = sosfiltfilt(butter(4, (4, 45), "bandpass", fs=RATE, output="sos"), eeg - eeg.mean(axis=0),
                      axis=1)
    ecg = heart.record(_heart(seed, who, fingerprint), arousal, stream(seed, "ecg", *here), RATE,
                       fingerprint=fingerprint)
    ecg = sosfiltfilt(butter(4, 60, fs=RATE, output="sos"), ecg, axis=1)
    skin = stream(seed, "skin", *here)  # a level and a drift that follow nothing
    gsr = np.exp(1 + 0.5 * fingerprint * stream(seed, "sweat", who).standard_normal() +
                 0.1 * wave(skin, n, RATE, 6.0))
    out = np.vstack([eeg, ecg, gsr]).T[EDGE:-EDGE].astype(np.float32)
    if "finite T7" in viewing.lacks:
        out[BASELINE + int(2 * RATE):BASELINE + int(6 * RATE),
            layout.ALL_CHANNELS.index("T7")] = np.nan
    return out


@lru_cache(maxsize=4)
def _heart(seed: int, subject: int, fingerprint: float) -> heart.Heart:
    """The subject's heart, kept for the next of the 20 recordings: its beat takes as long to
    compute as a recording."""
    return heart.Heart.sample(stream(seed, "heart", subject), fingerprint)


def _today(person: brain.Person, rng: np.random.Generator, fingerprint: float) -> brain.Person:
    """The person as this recording sees them: electrodes that touch otherwise, a spectrum of the
    day."""
    contact, sizes, (exponent, peak) = rng.standard_normal(len(person.gains)), rng.standard_normal(
        len(RHYTHMS)), rng.standard_normal(2)
    return replace(person, gains=person.gains * np.exp(CONTACT * fingerprint * contact),
                   sizes=person.sizes * np.exp(SIZES * fingerprint * sizes),
                   exponent=person.exponent + SLOPE * fingerprint * exponent,
                   alpha=person.alpha + PEAK * fingerprint * peak)


def write(root: Path, subject: int, parameters: dict) -> list[Viewing]:
    """Write a subject's file unless it is there; returns what the truth keeps."""
    watched = viewings(subject, parameters)
    final = root / path_of(subject)
    if not final.exists():
        columns: dict[str, list[np.ndarray]] = {
            name: [] for name in (*layout.VARIABLES, "labels_ext_annotation")
        }
        for viewing in watched:
            columns["joined_data"].append(
                np.empty((0, 0)) if "signal" in viewing.lacks else cell(viewing, parameters))
            columns["labels_selfassessment"].append(
                np.empty((1, 0)) if "self-report" in viewing.lacks else np.array([viewing.reports]))
            columns["VideoIDs"].append(np.array([viewing.video]))
            columns["labels_ext_annotation"].append(_annotation(viewing, parameters["seed"]))
        write_file(final, _mat(columns))
    return watched


def _annotation(viewing: Viewing, seed: int) -> np.ndarray:
    """Rows (segment, valence, arousal), one per 20 s, as other people would judge it; assumed:
    counted from 1, in -1 to 1."""
    rng, n = stream(seed, "judges", viewing.subject,
                    VIDEOS.index(viewing.video)), int(np.ceil(viewing.seconds / 20))
    return np.column_stack([
        np.arange(1, n + 1),
        np.tanh(0.5 * np.array(viewing.felt) + 0.2 * rng.standard_normal((n, 2)))
    ])


def _mat(columns: dict[str, list[np.ndarray]]) -> bytes:
    """A MATLAB 5 file of cell arrays ``(1, 20)``."""
    content = {name: np.empty((1, CELLS), object) for name in columns}
    for name, values in columns.items():
        content[name][0, :] = values
    return matlab(content)
