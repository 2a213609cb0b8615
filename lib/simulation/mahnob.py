"""A simulated MAHNOB-HCI cohort in the owner's on-disk layout, with known ground truth, and its
null twin.

One latent valence trace per trial drives the brain and the face; raters follow it late and add
something of their own (:mod:`lib.simulation.valence`). With ``effect = 0`` the labels stay as they
are, but brain and face follow another latent of the same law that has nothing to do with them;
everything else, noise included, is drawn the same.
"""

from pathlib import Path

import numpy as np

from lib.datasets import mahnob_format as layout
from lib.datasets.mahnob_format import (ALL_CHANNELS, BDF_RATE, EEG_CHANNELS, FELT, GAZE_RATE,
                                        LABEL_RATE, LABELS_FILE, MARGIN)
from lib.simulation import brain, face
from lib.simulation.files import motion_jpeg
from lib.simulation.folder import cohort, keep
from lib.simulation.mahnob_files import bdf, gaze, write_labels, xml
from lib.simulation.valence import (EMOTIONS, HISTORY, KNOWN, REAL_CLIPS, Trace, Watching,
                                    draw_traces, mix, plan, real_plan, smooth, stream)
from lib.whole import write_file
from lib.workers import bar, side_by_side

AUDIO_RATE = 44100.0  # Hz; the sample counter of the audio is the clock all devices share
LATENT_STD = 0.060  # of the latent, so that the brain and the face are driven in standard units
TAIL = (15.0, 18.0)  # seconds the video runs on after the stimulus
LEAD = (1.0, 3.0)  # seconds the video starts before it
# choice: set, with the slopes in lib.simulation.brain, so that ridge regression reaches what it
# reaches on real features (data card)
EXPRESSIVITY = 0.5  # spread between people of the log of how much their face shows
# moment-to-moment and per-trial movement of the face that is not affect
EXPRESSION_NOISE, EXPRESSION_REST = 0.45, 0.25


def make(folder=None, *, subjects: int | None = 8, clips: int = 5,
         seconds: tuple[float, float] = (35, 45), effect: float = 1.0, fingerprint: float = 1.0,
         muscle: float = 1.0, video_rate: float = 15.0, seed: int = 0, jobs: int = 2) -> Path:
    """Write a cohort, or find it finished (:func:`lib.simulation.folder.cohort`).

    Parameters
    ----------
    folder : path-like, optional
    subjects, clips, seconds
        See :func:`lib.simulation.valence.plan`. ``subjects=None`` gives the real cohort's shape (24
        subjects, 239 trials of 35 to 117 s) and ignores ``clips`` and ``seconds``.
    effect : float
        0 (the null twin: labels independent of all signals) to 1 (calibrated): correlation of the
        latent the signals follow with the latent the raters follow.
    fingerprint : float
        How much subjects and recordings differ in what is not affect.
    muscle : float
        How much of the smile's muscles leaks into the EEG.
    video_rate : float
        Frames per second, 1 or more (the real cameras: about 61).
    seed, jobs : int
        Same seed, same bytes, whatever the number of processes.
    """
    given = locals() | ({"clips": None, "seconds": None} if subjects is None else {})
    return cohort("mahnob", __file__, given, _write, subjects=(1, len(KNOWN)),
                  clips=(1, REAL_CLIPS), seconds=(5, np.inf), muscle=(0, np.inf),
                  video_rate=(1, np.inf))


def _write(root: Path, parameters: dict, jobs: int) -> dict:
    subjects, seed = parameters["subjects"], parameters["seed"]
    watched = real_plan(seed) if subjects is None else plan(subjects, parameters["clips"],
                                                            parameters["seconds"], seed)
    felt, other = draw_traces(watched, seed), draw_traces(watched, seed, shared=False)
    pairs = zip(felt, other, strict=True)
    driving = [Trace(mix(parameters["effect"], a.latent, b.latent), a.label) for a, b in pairs]
    calls = [(root, w, trace, parameters) for w, trace in zip(watched, driving, strict=True)]
    made = bar(side_by_side(session, calls, jobs, ordered=True), len(calls), "simulation")
    facts = [fact for _, fact in made]
    for subject in sorted({w.subject for w in watched}):
        rng = stream(seed, "subject", subject)
        who = {"id": subject, "gender": "FM"[rng.integers(2)], "age": rng.integers(19, 41)}
        write_file(root / "Subjects" / f"subject{subject}.xml", xml("subject", who))
    rows = sorted(zip(watched, felt, driving, facts, strict=True), key=lambda row:
                  (row[0].subject, row[0].section))
    write_labels(root / LABELS_FILE, [(w.subject, w.section) for w, *_ in rows],
                 [trace.label for _, trace, *_ in rows])
    start, trials = int(HISTORY * LABEL_RATE), []
    for w, a, b, fact in rows:
        place = {"subject": w.subject, "section": w.section, "clip": w.clip}
        traces = {"label": a.label, "latent": a.latent[start:], "signal_latent": b.latent[start:]}
        trials.append(place | fact | {name: np.round(x, 4).tolist() for name, x in traces.items()})
    return {"trials": trials}


def session(root: Path, w: Watching, trace: Trace, parameters: dict) -> dict:
    """Write the files of one session that are not there; returns the facts about its clocks that
    the truth keeps."""
    here, seed = (w.subject, w.section), parameters["seed"]
    rng, length = stream(seed, "session", *here), w.steps / LABEL_RATE
    # the first frame of this session's video, counted from the start of the whole recording
    first = int(rng.uniform(60, 3000) * parameters["video_rate"])
    lead, edge = round(rng.uniform(*LEAD), 3), int(MARGIN * BDF_RATE + rng.integers(0, 64))
    tail = float(rng.uniform(*TAIL))
    facts = {"seconds": length, "lead": lead, "edge": edge, "first_frame": first, "tail": tail}
    edges = (edge, edge + int(length * BDF_RATE))
    blinks = brain.blinking(stream(seed, "blinks", *here), int(length + 80)) - MARGIN
    express = _expression(trace, stream(seed, "expression", *here),
                          stream(seed, "expressivity", w.subject), parameters["fingerprint"])
    folder = root / "Sessions" / str(layout.session_id(*here))
    keep(folder / layout.bdf_name(*here),
         lambda: bdf(_physiology(w, trace, parameters, facts, express, blinks), edges))
    keep(folder / layout.video_name(*here), lambda: _video(w, parameters, facts, express, blinks))
    keep(folder / layout.gaze_name(*here), lambda: _gaze(w, parameters, facts, blinks))
    keep(folder / "session.xml", lambda: _xml(w, trace, parameters, facts))
    return facts


def _expression(trace: Trace, rng: np.random.Generator, person: np.random.Generator,
                fingerprint: float):
    """A function of time: what the face shows. People differ in how much of what they feel it is;
    faces also move for no such reason."""
    expressivity = np.exp(fingerprint * EXPRESSIVITY * person.standard_normal())
    grid = np.arange(-MARGIN - 5, len(trace.label) / LABEL_RATE + MARGIN + 5, 1 / LABEL_RATE)
    moves = smooth(rng, len(grid), 1.2 * LABEL_RATE, size=EXPRESSION_NOISE, pad=False)
    moves += EXPRESSION_REST * rng.standard_normal()
    return lambda times: expressivity * trace.latent_at(times) / LATENT_STD + np.interp(
        times, grid, moves)


def _physiology(w: Watching, trace: Trace, parameters: dict, facts: dict, express,
                blinks: np.ndarray) -> np.ndarray:
    """All channels but Status, ``(46, n_times)``."""
    seed, fingerprint, here = parameters["seed"], parameters["fingerprint"], (w.subject, w.section)
    n = int(np.ceil(facts["edge"] / BDF_RATE + len(trace.label) / LABEL_RATE + MARGIN) * BDF_RATE)
    times = (np.arange(n) - facts["edge"]) / BDF_RATE
    coarse = np.arange(times[0] - 1, times[-1] + 1, 1 / LABEL_RATE)
    valence = trace.latent_at(coarse) / LATENT_STD
    smile = face.action_units(express(coarse))["AU12"]
    affect = brain.Affect(*(np.interp(times, coarse, x) for x in (valence, np.abs(valence), smile)))
    person = brain.Person.sample(stream(seed, "brain", w.subject), len(EEG_CHANNELS), fingerprint)
    eeg = brain.record(person, affect, stream(seed, "eeg", *here), tuple(EEG_CHANNELS), BDF_RATE,
                       muscle=parameters["muscle"], blinks=blinks - times[0])
    # of each electrode in this recording
    contact = stream(seed, "cap", *here).standard_normal((len(eeg), 1))
    eeg *= np.exp(0.05 * fingerprint * contact)
    return np.vstack([eeg, _peripheral(times, stream(seed, "body", *here))])


def _peripheral(times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """EXG, GSR, Erg, Resp and Temp, simple and free of affect: heart beats on EXG1 to EXG3,
    breathing, slow drifts."""
    names, n = ALL_CHANNELS[len(EEG_CHANNELS):-1], len(times)
    beats = times[0] + np.cumsum(60 / 72 * (1 + 0.04 * rng.standard_normal(int(n / BDF_RATE * 2))))
    phase = times - beats[np.clip(np.searchsorted(beats, times), 0, len(beats) - 1)]
    # time to the next beat: R wave at 0, T wave seen after the beat before
    phase = np.where(np.abs(phase) < 0.4, phase, 0.4)
    ecg = 900 * np.exp(-0.5 * (phase / 0.012)**2) - 150 * np.exp(-0.5 * ((phase + 0.03) / 0.01)**2)
    out = rng.normal(0, 2.0, (len(names), n))
    out[:3] += np.outer((1.0, 0.7, -0.8), ecg)

    def drift() -> np.ndarray:
        return np.cumsum(rng.standard_normal(n)) / np.sqrt(n)

    breath = np.sin(2 * np.pi * np.cumsum(0.25 + 0.01 * rng.standard_normal(n)) / BDF_RATE)
    out[names.index("Resp")] = 2000 * breath + rng.normal(0, 20, n)
    out[names.index("GSR1")] = 4e5 + 2e4 * drift() + rng.normal(0, 20, n)
    out[names.index("Temp")] = 31 + 0.05 * drift()
    return out


def _video(w: Watching, parameters: dict, facts: dict, express, blinks: np.ndarray) -> bytes:
    seed, rate, fingerprint = (parameters[name] for name in ("seed", "video_rate", "fingerprint"))
    n = int(_shown(facts) * rate)
    times, rng = np.arange(n) / rate - facts["lead"], stream(seed, "camera", w.subject, w.section)
    who = face.Identity.sample(stream(seed, "looks", w.subject), fingerprint)
    sway = smooth(rng, n, 1.5 * rate, rows=(4,), pad=False)
    # where and how the head is held in this recording
    rest = fingerprint * rng.normal(0, (0.04, 0.03, 1.0, 0.02))
    pose = np.array((0, 0, 0, 1)) + rest + np.array((0.02, 0.015, 0.8, 0.008)) * sway.T
    light = np.exp(0.08 * fingerprint * rng.standard_normal()) * (1 + 0.01 * rng.standard_normal(n))
    looks = np.round(0.3 * rng.standard_normal((n // int(rate) + 1, 2)),
                     2).repeat(int(rate), axis=0)
    units = face.action_units(express(times)) | {"AU45": face.closed(times, blinks)}
    return motion_jpeg(face.film(who, units, pose, light, looks), rate, face.SIZE)


def _shown(facts: dict) -> float:
    """Seconds of video."""
    return facts["lead"] + facts["seconds"] + facts["tail"]


def _audio_begin(facts: dict, rate: float) -> int:
    """Audio sample at the first video frame."""
    return round(facts["first_frame"] / rate * AUDIO_RATE)


def _media(w: Watching, clips: int | None) -> tuple[str, str]:
    """Emotion and file of the clip."""
    place = int((w.clip + 0.5) / (clips or REAL_CLIPS) * len(EMOTIONS))
    emotion = EMOTIONS[min(place, len(EMOTIONS) - 1)]
    return emotion, f"simulated-{w.clip + 1:02d}-{emotion}.avi"


def _gaze(w: Watching, parameters: dict, facts: dict, blinks: np.ndarray) -> str:
    rng = stream(parameters["seed"], "gaze", w.subject, w.section)
    n = int((facts["lead"] + facts["seconds"] + 5) * GAZE_RATE)
    times = np.arange(n) / GAZE_RATE - facts["lead"]
    shut = (np.abs(times[:, None] - blinks - 0.1) < 0.12).any(axis=1)
    fixation = np.cumsum(rng.random(n) < 1 / (0.35 * GAZE_RATE))
    points = rng.normal((640, 400), (220, 130), (fixation[-1] + 1, 2))
    x, y = (points[fixation] + rng.normal(0, 4, (n, 2))).T
    pupil = 3.5 + 0.3 * np.cumsum(rng.standard_normal(n)) / np.sqrt(n)
    values = {}
    for side, shift in (("Left", -6), ("Right", 6)):
        seen = {"GazePointX": x + shift, "GazePointY": y, "Distance": 650.0, "Pupil": pupil}
        values |= {f"{name}{side}": np.where(shut, -1, data) for name, data in seen.items()}
        values[f"Validity{side}"] = np.where(shut, 4, 0)
    first = int(rng.integers(10_000, 900_000))
    start, (_, media) = first + round(facts["lead"] * 1000), _media(w, parameters["clips"])
    stop = start + round(facts["seconds"] * 1000)
    begin = _audio_begin(facts, parameters["video_rate"])
    audio = np.rint(begin + (times + facts["lead"]) * AUDIO_RATE).astype(np.int64)
    events = [(start, "MovieStart", media), (stop, "MovieEnd", media),
              (stop + 3000, "KeyPress", "")]
    return gaze(values, audio, first, events)


def _xml(w: Watching, trace: Trace, parameters: dict, facts: dict) -> bytes:
    here, rate, label = (w.subject, w.section), parameters["video_rate"], trace.label
    begin, first, shown = _audio_begin(facts, rate), facts["first_frame"], _shown(facts)
    felt, aroused = (int(np.clip(np.rint(x), 1, 9))
                     for x in (5 + 30 * label.mean(), 3 + 40 * np.abs(label).mean()))
    emotion, media = _media(w, parameters["clips"])
    session = {
        "sessionId": layout.session_id(*here), "date": "2009-07-09", "time": "17:53:46",
        "experimentType": "emotion elicitation", "isStim": 1,
        "feltEmo": next(number for number, name in FELT.items() if name == emotion),
        "feltArsl": aroused, "feltVlnc": felt, "feltCtrl": 5, "feltPred": 5, "cutNr": w.section,
        "cutLenSec": f"{shown:.6f}", "vidRate": f"{rate:.6f}", "vidBeginSmp": first,
        "vidEndSmp": first + int(shown * rate) - 1, "audRate": f"{AUDIO_RATE:.6f}",
        "audBeginSmp": begin, "audEndSmp": begin + round(shown * AUDIO_RATE), "mediaFile": media
    }
    eyes = {"type": "Gaze", "filename": layout.gaze_name(*here)}
    camera = {"type": "Video", "color": 1, "view": "frontal", "filename": layout.video_name(*here)}
    body = {"type": "Physiological", "filename": layout.bdf_name(*here)}
    return xml("session", session, ("subject", {"id": w.subject}), ("track", body),
               ("track", camera, ("annotation", eyes)))
