"""A simulated FLEX 2 cohort (paper 4) in the layout of :mod:`lib.datasets.flex_format`, with known
ground truth, and its null twin.

A clip's emotion drives the EEG by its valence and arousal (:mod:`lib.simulation.brain`), and the
face by action units. People differ, and so does each recording of one person. With ``effect = 0``
the listing stays as it is, but brain and face follow another emotion, drawn for each recording
without looking at its label; everything else, noise included, is drawn the same.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lib.datasets import flex_format as layout
from lib.datasets.flex_format import CAPS, EMOTIONS
from lib.simulation import brain, face, flex_files
from lib.simulation.files import motion_jpeg
from lib.simulation.folder import cohort, keep
from lib.simulation.valence import smooth, stream
from lib.whole import write_file
from lib.workers import bar, side_by_side

# s the EEG is late (Sec 5.4); s of recording before the clip where there are markers
LAG, LEAD = 2.0, 1.0
# assumed: valence, arousal
AFFECT = {"happiness": (1.2, 0.4), "sadness": (-1.0, -0.8), "fear": (-0.8, 1.4), "neutral": (0, 0)}
# choice: sadness barely shows, and what shows of it is a part of fear: the confusions of Sec 5.2
FACES = {
    "happiness": {"AU6": 0.8, "AU12": 1.0,
                  "AU25": 0.4}, "sadness": {"AU1": 0.3, "AU4": 0.25, "AU15": 0.3},
    "fear": {"AU1": 0.8, "AU2": 0.5, "AU4": 0.4, "AU5": 0.8, "AU20": 0.5,
             "AU25": 0.5}, "neutral": {},
}
# choice, with the spreads below set by the linear control of the data card: factors on the slopes
# of lib.simulation.brain; what the smile adds to the EEG
RHYTHMS, SMILE = brain.louder(valence=5.0, arousal=5.0), 0.1
# affect of this recording alone; from moment to moment; s in which it rises
OWN, MOMENTS, RISE = 0.35, 0.3, 6.0
# of a recording: log gains, log rhythms, 1/f exponent, alpha in Hz
DAY = (0.085, 0.085, 0.07, 0.15)
# of an electrode in a recording: median noise in uV, and spread of its log
CONTACT_NOISE = (1.5, 1.0)
# spread of the log strength of the face between people, and between recordings
EXPRESSIVE, EXPRESSED = 0.4, 0.3
VIDEO_RATE = 2.0  # frames per second
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
    clips = [(f"{emotion}-{i + 1}", emotion) for emotion in EMOTIONS
             for i in range(parameters["clips"])]
    out, n = [], len(clips)
    for subject in range(1, parameters["subjects"] + 2):
        rng = stream(parameters["seed"], "order", subject)
        order, others = rng.permutation(n), rng.choice(EMOTIONS, n).tolist()
        quality = rng.integers(82, 100, n).astype(float).tolist()
        out += [Recording(subject, *clips[i], others[i], quality[i]) for i in map(int, order)]
    volunteer = out[-n]
    return [*out[:-n], replace(volunteer, quality=volunteer.quality - 30)]


def _grid(parameters: dict) -> np.ndarray:
    return np.arange(-(LEAD + LAG + 2) * GRID, (parameters["seconds"] + LAG + 2) * GRID) / GRID


def affect(r: Recording, parameters: dict, times: np.ndarray) -> np.ndarray:
    """Valence and arousal ``(2, n)`` at times in seconds after the clip's onset."""
    effect, grid = parameters["effect"], _grid(parameters)
    rng = stream(parameters["seed"], "affect", r.subject, r.clip)
    driven, other = np.array(AFFECT[r.emotion]), np.array(AFFECT[r.other])
    place = effect * driven + (1 - effect) * other + OWN * rng.standard_normal(2)
    rise = 0.5 - 0.5 * np.cos(np.pi * np.clip(times / RISE, 0, 1))
    moments = smooth(rng, len(grid), 3.0 * GRID, rows=place.shape, pad=False)
    own = np.array([np.interp(times, grid, row) for row in moments])
    return rise * (place[:, None] + MOMENTS * own)


def action_units(r: Recording, parameters: dict, times: np.ndarray) -> dict[str, np.ndarray]:
    """What the face shows, 0 to 1, at times in seconds after the clip's onset."""
    seed, effect, grid = parameters["seed"], parameters["effect"], _grid(parameters)
    rng = stream(seed, "expression", r.subject, r.clip)
    person = stream(seed, "expressivity", r.subject).standard_normal()
    strength = np.exp(parameters["fingerprint"] * EXPRESSIVE * person +
                      EXPRESSED * rng.standard_normal() - 0.2)
    moving = 0.7 + 0.5 * smooth(rng, len(grid), GRID, pad=False)
    shown = strength * np.interp(times, grid, np.clip(moving, 0, None) * (grid > 0))
    one, other, names = FACES[r.emotion], FACES[r.other], face.ACTION_UNITS
    much = {name: effect * one.get(name, 0) + (1 - effect) * other.get(name, 0) for name in names}
    return {name: np.clip(shown * share, 0, 1) for name, share in much.items()}


def _blinks(r: Recording, parameters: dict) -> np.ndarray:
    """Seconds after the clip's onset."""
    rng = stream(parameters["seed"], "blinks", r.subject, r.clip)
    return brain.blinking(rng, int(parameters["seconds"])) - LEAD - LAG - 1


def eeg(r: Recording, parameters: dict) -> np.ndarray:
    """EEG of one recording ``(32, n)`` float32 in uV: what happened :data:`LAG` seconds before each
    sample's place on the video's clock."""
    seed, fingerprint, here = parameters["seed"], parameters["fingerprint"], (r.subject, r.clip)
    n = int(np.ceil(r.lead + parameters["seconds"])) * int(r.rate)
    times, coarse = np.arange(n) / r.rate - r.lead - LAG, _grid(parameters)
    valence, arousal = (np.interp(times, coarse, x) for x in affect(r, parameters, coarse))
    smile = SMILE * np.interp(times, coarse, action_units(r, parameters, coarse)["AU12"])
    rng = stream(seed, "cap", *here)
    person = brain.Person.sample(stream(seed, "brain", r.subject), len(r.cap), fingerprint,
                                 RHYTHMS).today(rng, fingerprint, *DAY)
    clean = brain.record(person, brain.Affect(valence, arousal, smile), stream(seed, "eeg", *here),
                         r.cap, r.rate, montage="standard_1020",
                         blinks=_blinks(r, parameters) - times[0], rhythms=RHYTHMS)
    usual, spread = CONTACT_NOISE
    noise = usual * np.exp(spread * fingerprint * rng.standard_normal((len(clean), 1)))
    return clean + (noise * rng.standard_normal(clean.shape)).astype(np.float32)


def _video(r: Recording, parameters: dict) -> bytes:
    seed, fingerprint = parameters["seed"], parameters["fingerprint"]
    n = int((r.lead + parameters["seconds"]) * VIDEO_RATE)
    times, rng = np.arange(n) / VIDEO_RATE - r.lead, stream(seed, "camera", r.subject, r.clip)
    who = face.Identity.sample(stream(seed, "looks", r.subject), fingerprint)
    rest = np.array((0, 0, 0, 1)) + fingerprint * rng.normal(0, (0.04, 0.03, 1.0, 0.02))
    pose = rest + rng.normal(0, (0.02, 0.015, 0.8, 0.008), (n, 4))
    light = np.full(n, np.exp(0.08 * fingerprint * rng.standard_normal()))
    units = action_units(r, parameters, times)
    units["AU45"] = face.closed(times, _blinks(r, parameters))
    return motion_jpeg(face.film(who, units, pose, light, np.zeros((n, 2))), VIDEO_RATE, face.SIZE)


def _recording(r: Recording, parameters: dict, number: int) -> str | bytes:
    """The file of the EEG. One recording in eight lost packets: a few, which can be bridged, and
    half a second."""
    data = eeg(r, parameters)
    lost = np.zeros(data.shape[1], bool)
    if number % 8 == 0:
        few, half = int(7.1 * r.rate), int(9.2 * r.rate)
        lost[few:few + 6] = lost[half:int(9.7 * r.rate)] = True
    export = flex_files.csv if r.file.endswith(".csv") else flex_files.edf
    return export(data, r.cap, r.rate, r.quality, lost)


def write(root: Path, r: Recording, parameters: dict, number: int) -> None:
    """Write a recording's files that are not there."""
    file = root / r.file
    if parameters["video"]:
        keep(file.with_suffix(".avi"), lambda: _video(r, parameters))
    if r.lead:
        keep(file.with_name(file.stem + layout.MARKERS),
             lambda: flex_files.markers(r.clip, r.lead, parameters["seconds"]))
    keep(file, lambda: _recording(r, parameters, number))


def make(folder=None, *, subjects: int = layout.SUBJECTS, clips: int = 2, seconds: float = 60,
         effect: float = 1.0, fingerprint: float = 1.0, seed: int = 0, video: bool = True,
         jobs: int = 2) -> Path:
    """Write a cohort, or find it finished (:func:`lib.simulation.folder.cohort`).

    Parameters
    ----------
    folder : path-like, optional
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
    """
    return cohort("flex", __file__, locals(), _write, subjects=(1, 40), clips=(1, 9),
                  seconds=(12, np.inf))


def _write(root: Path, parameters: dict, jobs: int) -> dict:
    planned = recordings(parameters)
    calls = [(root, r, parameters, i) for i, r in enumerate(planned)]
    for _ in bar(side_by_side(write, calls, jobs), len(calls), "simulation"):
        pass
    rows = [(r.file, r.subject, r.emotion, r.clip,
             str(Path(r.file).with_suffix(".avi")) if parameters["video"] else "") for r in planned]
    write_file(root / layout.LISTING_FILE,
               "".join(",".join(map(str, row)) + "\n" for row in (layout.LISTING, *rows)))
    return {"lag": LAG, "recordings": [{"file": r.file, **vars(r)} for r in planned]}
