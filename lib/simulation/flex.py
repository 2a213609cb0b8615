"""A simulated FLEX 2 cohort (paper 4) in the layout of :mod:`lib.datasets.flex_format`, with known
ground truth, and its null twin.

A clip's emotion drives the EEG by its valence and arousal (:mod:`lib.simulation.brain`), and the
face by action units. People differ, and so does each recording of one person. With ``effect = 0``
the listing stays as it is, but brain and face follow another emotion, drawn for each recording
without looking at its label; everything else, noise included, is drawn the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d

from lib import paths
from lib.datasets import flex_format as layout
from lib.datasets.flex_format import CAPS, EMOTIONS
from lib.simulation import brain, face, flex_files
from lib.simulation.folder import claim, finish
from lib.simulation.valence import stream
from lib.store import code_digest, digest
from lib.whole import write_file
from lib.workers import side_by_side

log = logging.getLogger(__name__)
# s the EEG is late (Sec 5.4); s of recording before the clip where there are markers
LAG, LEAD = 2.0, 1.0
# assumed: valence, arousal
AFFECT = {
    "happiness": (1.2, 0.4), "sadness": (-1.0, -0.8), "fear": (-0.8, 1.4), "neutral": (0.0, 0.0)
}
# choice: sadness barely shows, and what shows of it is a part of fear: the confusions of Sec 5.2
FACES = {
    "happiness": {"AU6": 0.8, "AU12": 1.0,
                  "AU25": 0.4}, "sadness": {"AU1": 0.3, "AU4": 0.25, "AU15": 0.3},
    "fear": {"AU1": 0.8, "AU2": 0.5, "AU4": 0.4, "AU5": 0.8, "AU20": 0.5,
             "AU25": 0.5}, "neutral": {},
}
# choice, with the spreads below set by the linear control of the data card: factors on the slopes
# of lib.simulation.brain
VALENCE, AROUSAL, SMILE = 5.0, 5.0, 0.1
RHYTHMS = tuple(
    replace(r, valence=VALENCE * r.valence, strength=VALENCE * r.strength, arousal=AROUSAL *
            r.arousal) for r in brain.RHYTHMS)
# affect of this recording alone; from moment to moment; s in which it rises
OWN, MOMENTS, RISE = 0.35, 0.3, 6.0
# of a recording: log gains, 1/f exponent, alpha in Hz, log rhythms
CONTACT, SLOPE, PEAK, SIZES = 0.085, 0.07, 0.15, 0.085
# of an electrode in a recording: median noise in uV, and spread of its log
CONTACT_NOISE = (1.5, 1.0)
# spread of the log strength of the face between people, and between recordings
EXPRESSIVE, EXPRESSED = 0.4, 0.3
VIDEO_RATE, SIZE = 2.0, (120, 160)  # frames per second; pixels
GRID = 8.0  # Hz at which latents are drawn


@dataclass(frozen=True)
class Recording:
    """One subject watching one clip.

    Attributes
    ----------
    subject, clip, emotion : int, str, str
    other : str
        The emotion that the null twin's signals follow.
    quality : float
        The device's score in per cent.
    """

    subject: int
    clip: str
    emotion: str
    other: str
    quality: float

    @property
    def rate(self) -> float:
        """Every other subject was recorded at 256 Hz."""
        return layout.RATES[self.subject % 2 == 0]

    @property
    def cap(self) -> tuple[str, ...]:
        """Half of the subjects wore the cap with TP9 and TP10."""
        return CAPS["AB"[self.subject % 4 > 1]]

    @property
    def lead(self) -> float:
        """Seconds of recording before the clip; a third of the subjects have a file with
        markers."""
        return LEAD if self.subject % 3 == 2 else 0.0

    @property
    def file(self) -> str:
        """Path of the EEG; one subject in five was exported as CSV."""
        ending = ".csv" if self.subject % 5 == 3 else ".edf"
        name = f"{self.clip}_FLEX2_000000_2025.01.01T10.00.00{ending}"
        return f"recordings/S{self.subject}/{name}"


def recordings(parameters: dict) -> list[Recording]:
    """All recordings, each subject's in an order of their own; last one of a volunteer whose
    electrodes had poor contact."""
    seed, out = parameters["seed"], []
    clips = [(emotion, f"{emotion}-{i + 1}") for emotion in EMOTIONS
             for i in range(parameters["clips"])]
    for subject in range(1, parameters["subjects"] + 2):
        rng = stream(seed, "order", subject)
        order, others, quality = rng.permutation(len(clips)), rng.choice(EMOTIONS,
                                                                         len(clips)), rng.integers(
                                                                             82, 100, len(clips))
        rows = [
            Recording(subject, clips[i][1], clips[i][0], str(others[i]), float(quality[i]))
            for i in order
        ]
        out += rows if subject <= parameters["subjects"] else [
            replace(rows[0], quality=float(quality[order[0]]) - 30)
        ]
    return out


def _noise(rng: np.random.Generator, n: int, seconds: float) -> np.ndarray:
    """Smooth Gaussian noise of about unit variance at ``GRID`` Hz."""
    sigma = seconds * GRID
    return np.sqrt(2 * np.sqrt(np.pi) * sigma) * gaussian_filter1d(rng.standard_normal(n), sigma)


def _grid(parameters: dict) -> np.ndarray:
    return np.arange(-(LEAD + LAG + 2) * GRID, (parameters["seconds"] + LAG + 2) * GRID) / GRID


def affect(r: Recording, parameters: dict, times: np.ndarray) -> np.ndarray:
    """Valence and arousal ``(2, n)`` at times in seconds after the clip's onset."""
    effect, grid = parameters["effect"], _grid(parameters)
    rng = stream(parameters["seed"], "affect", r.subject, r.clip)
    place = effect * np.array(AFFECT[r.emotion]) + (1 - effect) * np.array(
        AFFECT[r.other]) + OWN * rng.standard_normal(2)
    rise = 0.5 - 0.5 * np.cos(np.pi * np.clip(times / RISE, 0, 1))
    return np.stack([
        rise * (level + MOMENTS * np.interp(times, grid, _noise(rng, len(grid), 3.0)))
        for level in place
    ])


def action_units(r: Recording, parameters: dict, times: np.ndarray) -> dict[str, np.ndarray]:
    """What the face shows, 0 to 1, at times in seconds after the clip's onset."""
    seed, effect, grid = parameters["seed"], parameters["effect"], _grid(parameters)
    rng = stream(seed, "expression", r.subject, r.clip)
    strength = np.exp(parameters["fingerprint"] * EXPRESSIVE *
                      stream(seed, "expressivity", r.subject).standard_normal() +
                      EXPRESSED * rng.standard_normal() - 0.2)
    moving = np.clip(0.7 + 0.5 * _noise(rng, len(grid), 1.0), 0, None) * (grid > 0)
    shown = strength * np.interp(times, grid, moving)
    names = dict.fromkeys(name for of_emotion in FACES.values() for name in of_emotion)
    return {
        name: np.clip(
            shown * (effect * FACES[r.emotion].get(name, 0) +
                     (1 - effect) * FACES[r.other].get(name, 0)), 0, 1) for name in names
    }


def _blinks(r: Recording, parameters: dict) -> np.ndarray:
    """Seconds after the clip's onset."""
    rng = stream(parameters["seed"], "blinks", r.subject, r.clip)
    return np.cumsum(0.8 + rng.exponential(3.0, int(parameters["seconds"]))) - LEAD - LAG - 1


def eeg(r: Recording, parameters: dict) -> np.ndarray:
    """EEG of one recording ``(32, n)`` float32 in uV: what happened :data:`LAG` seconds before each
    sample's place on the video's clock."""
    seed, fingerprint = parameters["seed"], parameters["fingerprint"]
    times = np.arange(
        int(np.ceil(r.lead + parameters["seconds"])) * int(r.rate)) / r.rate - r.lead - LAG
    coarse = _grid(parameters)
    valence, arousal = (np.interp(times, coarse, x) for x in affect(r, parameters, coarse))
    smile = SMILE * np.interp(times, coarse, action_units(r, parameters, coarse)["AU12"])
    rng = stream(seed, "cap", r.subject, r.clip)
    person = brain.Person.sample(stream(seed, "brain", r.subject), len(r.cap), fingerprint, RHYTHMS)
    contact, sizes, (exponent, peak) = rng.standard_normal(len(r.cap)), rng.standard_normal(
        len(RHYTHMS)), rng.standard_normal(2)
    person = replace(person, gains=person.gains * np.exp(CONTACT * fingerprint * contact),
                     sizes=person.sizes * np.exp(SIZES * fingerprint * sizes),
                     exponent=person.exponent + SLOPE * fingerprint * exponent,
                     alpha=person.alpha + PEAK * fingerprint * peak)
    clean = brain.record(person, brain.Affect(valence, arousal, smile),
                         stream(seed, "eeg", r.subject,
                                r.clip), r.cap, r.rate, montage="standard_1020",
                         blinks=_blinks(r, parameters) - times[0], rhythms=RHYTHMS)
    noise = CONTACT_NOISE[0] * np.exp(CONTACT_NOISE[1] * fingerprint * rng.standard_normal(
        (len(clean), 1)))
    return clean + (noise * rng.standard_normal(clean.shape)).astype(np.float32)


def _frames(r: Recording, parameters: dict) -> tuple[int, Callable[[int], np.ndarray]]:
    seed, fingerprint = parameters["seed"], parameters["fingerprint"]
    times = np.arange(int((r.lead + parameters["seconds"]) * VIDEO_RATE)) / VIDEO_RATE - r.lead
    rng = stream(seed, "camera", r.subject, r.clip)
    who = face.Identity.sample(stream(seed, "looks", r.subject), fingerprint)
    pose = np.array(
        (0, 0, 0, 1)) + fingerprint * rng.normal(0, (0.04, 0.03, 1.0, 0.02)) + rng.normal(
            0, (0.02, 0.015, 0.8, 0.008), (len(times), 4))
    light = float(np.exp(0.08 * fingerprint * rng.standard_normal()))
    units = action_units(r, parameters, times)
    units["AU45"] = np.clip(1.4 - np.abs(times[:, None] - _blinks(r, parameters) - 0.1) / 0.1, 0,
                            1).max(axis=1)

    def frame(i: int) -> np.ndarray:
        return face.draw(who, {name: values[i] for name, values in units.items()}, size=SIZE,
                         pose=tuple(pose[i]), light=light)

    return len(times), frame


def write(root: Path, r: Recording, parameters: dict, number: int) -> None:
    """Write a recording's files unless its EEG, the last of them, is there."""
    file = root / r.file
    if file.exists():
        return
    cv2.setNumThreads(1)
    if parameters["video"]:
        frames, frame = _frames(r, parameters)
        flex_files.write_video(file.with_suffix(".avi"), frames, frame, VIDEO_RATE, SIZE)
    if r.lead:
        flex_files.write_markers(file, r.clip, r.lead, parameters["seconds"])
    data = eeg(r, parameters)
    lost = np.zeros(data.shape[1], bool)
    # one recording in eight lost packets: a few, which can be bridged, and half a second
    if number % 8 == 0:
        few, half = int(7.1 * r.rate), int(9.2 * r.rate)
        lost[few:few + 6] = lost[half:int(9.7 * r.rate)] = True
    to = flex_files.write_csv if file.suffix == ".csv" else flex_files.write_edf
    to(file, data, r.cap, r.rate, r.quality, lost)


def make(folder=None, *, subjects: int = layout.SUBJECTS, clips: int = 2, seconds: float = 60,
         effect: float = 1.0, fingerprint: float = 1.0, seed: int = 0, video: bool = True,
         jobs: int = 2) -> Path:
    """Write a cohort, or find it finished.

    A file is written elsewhere and moved to its place when complete; ``truth.json``, written last,
    marks the cohort as finished. A killed call is resumed by the next one.

    Parameters
    ----------
    folder : path-like, optional
        Default: ``flex-<hash of parameters and code>`` below :func:`lib.paths.cohorts`.
    subjects, clips : int
        1 to 40 subjects, each with 1 to 9 clips of each of the four emotions. One more person has a
        single recording of poor quality, which the reader leaves out.
    seconds : float
        Length of a clip, 12 or more; the EEG's last two seconds show what happened before the
        clip's last two.
    effect : float
        0 (the null twin: labels independent of EEG and video) to 1 (calibrated): share of the
        clip's emotion in what the signals follow.
    fingerprint : float
        How much subjects and recordings differ in what is not emotion.
    seed, jobs : int
        Same seed, same bytes, whatever the number of processes.
    video : bool
        Write videos too.

    Raises
    ------
    ValueError
        Parameters out of range, or ``folder`` holds another cohort.
    """
    if not (1 <= subjects <= 40 and 1 <= clips <= 9 and seconds >= 12 and 0 <= effect <= 1
            and fingerprint >= 0):
        raise ValueError("expected 1 to 40 subjects, 1 to 9 clips, 12 seconds or more, effect in "
                         f"0..1, fingerprint >= 0, found {subjects}, {clips}, {seconds}, {effect}, "
                         f"{fingerprint}")
    parameters = {
        "subjects": subjects, "clips": clips, "seconds": seconds, "effect": effect,
        "fingerprint": fingerprint, "seed": seed, "video": video
    }
    key = digest((parameters, code_digest(__file__)))[:12]
    root = Path(folder) if folder else paths.cohorts() / f"flex-{key}"
    caption = f"simulated cohort, effect = {effect:g}, seed = {seed}"
    if claim(root, key, caption):
        return root
    planned = recordings(parameters)
    for _ in side_by_side(write, [(root, r, parameters, i) for i, r in enumerate(planned)], jobs):
        pass
    rows = [(r.file, r.subject, r.emotion, r.clip,
             str(Path(r.file).with_suffix(".avi")) if video else "") for r in planned]
    write_file(root / layout.LISTING_FILE,
               "\n".join(",".join(map(str, row)) for row in (layout.LISTING, *rows)) + "\n")
    finish(
        root, {
            "caption": caption, "key": key, **parameters, "lag": LAG,
            "recordings": [{"file": r.file, **vars(r)} for r in planned]
        })
    log.info("simulated cohort of %d recordings in %s", len(planned), root)
    return root
