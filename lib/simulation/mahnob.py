"""A simulated MAHNOB-HCI cohort in the owner's on-disk layout, with known ground truth, and its null twin.

One latent valence trace per trial drives the brain and the face; raters follow it late and add something of their own
(:mod:`lib.simulation.valence`). With ``effect = 0`` the labels stay as they are, but brain and face follow another latent of the same law
that has nothing to do with them; everything else, noise included, is drawn the same.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
from pathlib import Path

import cv2
import joblib
import numpy as np
from scipy.ndimage import gaussian_filter1d

from lib import paths
from lib.datasets.mahnob_format import (ALL_CHANNELS, BDF_RATE, EEG_CHANNELS, GAZE_RATE, LABEL_RATE, LABELS_FILE, MARGIN, bdf_name, gaze_name,
                                        session_id, video_name)
from lib.simulation import brain, face, mahnob_files
from lib.simulation.valence import EMOTIONS, HISTORY, Trace, Watching, draw_traces, plan, real_plan, stream
from lib.store import code_digest, digest

__all__ = ["make"]

log = logging.getLogger(__name__)
SIZE = (120, 160)  # pixels of the video, height and width
AUDIO_RATE = 44100.0  # Hz; the sample counter of the audio is the clock all devices share
LATENT_STD = 0.060  # of the latent, so that the brain and the face are driven in standard units
TAIL = (15.0, 18.0)  # seconds the video runs on after the stimulus
LEAD = (1.0, 3.0)  # seconds the video starts before it
# choice: set, with the slopes in lib.simulation.brain, so that ridge regression reaches what it reaches on real features (see the data card)
EXPRESSIVITY, EXPRESSION_NOISE, EXPRESSION_REST = 0.5, 0.4, 0.2  # spread of the log, moment-to-moment and per-trial movement that is not affect


def make(folder=None, *, subjects: int | None = 8, clips: int = 5, seconds: tuple[float, float] = (35, 45), effect: float = 1.0,
         fingerprint: float = 1.0, muscle: float = 1.0, video_rate: float = 15.0, seed: int = 0, jobs: int = 2) -> Path:
    """Write a cohort, or find it finished.

    A session is written to a temporary folder and renamed when complete; ``truth.json``, written last, marks the cohort as finished. A
    killed call is resumed by the next one.

    Parameters
    ----------
    folder : path-like, optional
        Default: ``mahnob-<hash of parameters and code>`` below :func:`lib.paths.cohorts`.
    subjects, clips, seconds
        See :func:`lib.simulation.valence.plan`. ``subjects=None`` gives the real cohort's shape (24 subjects, 239 trials of 35 to 117 s)
        and ignores ``clips`` and ``seconds``.
    effect : float
        0 (the null twin: labels independent of all signals) to 1 (calibrated): correlation of the latent the signals follow with the
        latent the raters follow.
    fingerprint : float
        How much subjects and recordings differ in what is not affect.
    muscle : float
        How much of the smile's muscles leaks into the EEG.
    video_rate : float
        Frames per second (the real cameras: about 61).
    seed, jobs : int
        Same seed, same bytes, whatever the number of processes.

    Returns
    -------
    Path
        The cohort's root.

    Raises
    ------
    ValueError
        Parameters out of range, or ``folder`` holds another cohort.
    """
    if not (0 <= effect <= 1 and fingerprint >= 0 and muscle >= 0 and video_rate > 0):
        raise ValueError(f"expected effect in 0..1, fingerprint and muscle >= 0, video_rate > 0, found {effect}, {fingerprint}, {muscle}, {video_rate}")
    parameters = {"subjects": subjects, "clips": clips, "seconds": list(seconds), "effect": effect, "fingerprint": fingerprint, "muscle": muscle,
                  "video_rate": video_rate, "seed": seed}
    if subjects is None:
        parameters |= {"clips": None, "seconds": None}
    key = digest((parameters, code_digest(__file__)))[:12]
    root = Path(folder) if folder else paths.cohorts() / f"mahnob-{key}"
    if _finished(root, key):
        return root
    _replace(root / "SIMULATED.txt", _caption(parameters) + "\n")
    watched = real_plan(seed) if subjects is None else plan(subjects, clips, seconds, seed)
    felt, other = draw_traces(watched, seed), draw_traces(watched, seed, shared=False)
    mixed = [Trace(effect * a.latent + np.sqrt(1 - effect**2) * b.latent, a.label) for a, b in zip(felt, other, strict=True)]
    work = [joblib.delayed(_session)(root, w, trace, parameters) for w, trace in zip(watched, mixed, strict=True)]
    with joblib.parallel_config(backend="loky", inner_max_num_threads=1):
        facts = joblib.Parallel(n_jobs=jobs)(work)
    _finish(root, key, parameters, watched, felt, mixed, facts)
    log.info("simulated cohort of %d trials in %s", len(watched), root)
    return root


def _finished(root: Path, key: str) -> bool:
    """True if this cohort stands there; prepares the folder otherwise."""
    if (root / "truth.json").exists():
        if json.loads((root / "truth.json").read_text(encoding="utf-8"))["key"] == key:
            return True
        raise ValueError(f"{root}: holds a cohort simulated with other parameters or code. Remove the folder or give another.")
    (root / ".partial").mkdir(parents=True, exist_ok=True)
    (root / "Sessions").mkdir(exist_ok=True)
    (root / "Subjects").mkdir(exist_ok=True)
    mark = root / ".partial" / "key"
    if mark.exists() and mark.read_text() != key:
        raise ValueError(f"{root}: holds a part of a cohort simulated with other parameters or code. Remove the folder or give another.")
    _replace(mark, key)
    return False


def _caption(parameters: dict) -> str:
    return f"simulated cohort, effect = {parameters['effect']:g}, seed = {parameters['seed']}"


def _replace(file: Path, text: str) -> None:
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, file)


def _finish(root: Path, key: str, parameters: dict, watched: list[Watching], felt: list[Trace], mixed: list[Trace], facts: list[dict]) -> None:
    """The files that speak of all sessions, and last the truth."""
    for subject in sorted({w.subject for w in watched}):
        rng = stream(parameters["seed"], "subject", subject)
        mahnob_files.write_xml(root / "Subjects" / f"subject{subject}.xml", "subject",
                               {"id": subject, "gender": "FM"[int(rng.integers(2))], "age": int(rng.integers(19, 41))})
    caption = _caption(parameters)
    order = sorted(range(len(watched)), key=lambda i: (watched[i].subject, watched[i].section))
    mahnob_files.write_labels(root / LABELS_FILE, [(watched[i].subject, watched[i].section) for i in order], [felt[i].label for i in order])
    start = int(HISTORY * LABEL_RATE)
    trials = [{"subject": watched[i].subject, "section": watched[i].section, "clip": watched[i].clip, **facts[i],
               "label": np.round(felt[i].label, 4).tolist(), "latent": np.round(felt[i].latent[start:], 4).tolist(),
               "signal_latent": np.round(mixed[i].latent[start:], 4).tolist()} for i in order]
    shutil.rmtree(root / ".partial")
    _replace(root / "truth.json", json.dumps({"caption": caption, "key": key, **parameters, "trials": trials}))


def _session(root: Path, w: Watching, trace: Trace, parameters: dict) -> dict:
    """Write one session unless it is there; returns the facts about its clocks that the truth keeps."""
    rng = stream(parameters["seed"], "session", w.subject, w.section)
    length, rate = w.steps / LABEL_RATE, parameters["video_rate"]
    first_frame = int(rng.uniform(60, 3000) * rate)  # of this session's video, counted from the start of the whole recording
    facts = {"lead": float(np.rint(rng.uniform(*LEAD) * 1000) / 1000), "edge": int(MARGIN * BDF_RATE + rng.integers(0, 64)), "first_frame": first_frame,
             "tail": float(rng.uniform(*TAIL))}
    final = root / "Sessions" / str(session_id(w.subject, w.section))
    if not final.exists():
        cv2.setNumThreads(1)
        temporary = Path(tempfile.mkdtemp(dir=root / ".partial"))
        _write_session(temporary, w, trace, parameters, facts, length)
        try:
            temporary.chmod(0o755)
            os.replace(temporary, final)
        except OSError:  # another process was faster; its files are the same
            shutil.rmtree(temporary)
    return {"seconds": length, **facts}


def _write_session(folder: Path, w: Watching, trace: Trace, parameters: dict, facts: dict, length: float) -> None:
    seed, fingerprint = parameters["seed"], parameters["fingerprint"]
    blinks = np.cumsum(0.8 + stream(seed, "blinks", w.subject, w.section).exponential(3.0, int(length + 80))) - MARGIN
    express = _expression(trace, stream(seed, "expression", w.subject, w.section), stream(seed, "expressivity", w.subject), fingerprint)
    mahnob_files.write_bdf(folder / bdf_name(w.subject, w.section), _physiology(w, trace, parameters, facts, express, blinks),
                           (facts["edge"], facts["edge"] + int(length * BDF_RATE)))
    _write_video(folder / video_name(w.subject, w.section), w, parameters, facts, express, blinks, length)
    _write_gaze(folder / gaze_name(w.subject, w.section), w, parameters, facts, blinks, length)
    _write_session_xml(folder / "session.xml", w, trace, parameters, facts, length)


def _expression(trace: Trace, rng: np.random.Generator, person: np.random.Generator, fingerprint: float):
    """A function of time: what the face shows. People differ in how much of what they feel it is; faces also move for no such reason."""
    expressivity = np.exp(fingerprint * EXPRESSIVITY * person.standard_normal())
    grid = np.arange(-MARGIN - 5, len(trace.label) / LABEL_RATE + MARGIN + 5, 1 / LABEL_RATE)
    sigma = 1.2 * LABEL_RATE
    moves = EXPRESSION_NOISE * np.sqrt(2 * np.sqrt(np.pi) * sigma) * gaussian_filter1d(rng.standard_normal(len(grid)), sigma)
    moves += EXPRESSION_REST * rng.standard_normal()
    return lambda times: expressivity * trace.latent_at(times) / LATENT_STD + np.interp(times, grid, moves)


def _physiology(w: Watching, trace: Trace, parameters: dict, facts: dict, express, blinks: np.ndarray) -> np.ndarray:
    """All channels but Status, ``(46, n_times)``."""
    seed, fingerprint = parameters["seed"], parameters["fingerprint"]
    n = int(np.ceil(facts["edge"] / BDF_RATE + len(trace.label) / LABEL_RATE + MARGIN) * BDF_RATE)
    times = (np.arange(n) - facts["edge"]) / BDF_RATE
    coarse = np.arange(times[0] - 1, times[-1] + 1, 1 / LABEL_RATE)
    valence = trace.latent_at(coarse) / LATENT_STD
    affect = brain.Affect(*(np.interp(times, coarse, x) for x in (valence, np.abs(valence), face.action_units(express(coarse))["AU12"])))
    person = brain.Person.sample(stream(seed, "brain", w.subject), len(EEG_CHANNELS), fingerprint)
    eeg = brain.record(person, affect, stream(seed, "eeg", w.subject, w.section), tuple(EEG_CHANNELS), BDF_RATE, muscle=parameters["muscle"],
                       blinks=blinks - times[0])
    eeg *= np.exp(0.05 * fingerprint * stream(seed, "cap", w.subject, w.section).standard_normal((len(eeg), 1)))  # impedance of this recording
    return np.vstack([eeg, _peripheral(times, stream(seed, "body", w.subject, w.section))])


def _peripheral(times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """EXG, GSR, Erg, Resp and Temp, simple and free of affect: heart beats on EXG1 to EXG3, breathing, slow drifts."""
    out = dict.fromkeys(ALL_CHANNELS[len(EEG_CHANNELS) : -1], None)
    n = len(times)
    beats = times[0] + np.cumsum(60 / 72 * (1 + 0.04 * rng.standard_normal(int(n / BDF_RATE * 2))))
    phase = times - beats[np.clip(np.searchsorted(beats, times), 0, len(beats) - 1)]
    phase = np.where(np.abs(phase) < 0.4, phase, 0.4)  # time to the next beat: R wave at 0, T wave seen after the beat before
    ecg = 900 * np.exp(-0.5 * (phase / 0.012) ** 2) - 150 * np.exp(-0.5 * ((phase + 0.03) / 0.01) ** 2)
    for i, name in enumerate(out):
        out[name] = rng.normal(0, 2.0, n) + (ecg * (1.0, 0.7, -0.8)[i] if i < 3 else 0)
    breath = np.sin(2 * np.pi * np.cumsum(0.25 + 0.01 * rng.standard_normal(n)) / BDF_RATE)
    out["Resp"] = 2000 * breath + rng.normal(0, 20, n)
    out["GSR1"] = 4e5 + 2e4 * np.cumsum(rng.standard_normal(n)) / np.sqrt(n) + rng.normal(0, 20, n)
    out["Temp"] = 31 + 0.05 * np.cumsum(rng.standard_normal(n)) / np.sqrt(n)
    return np.stack(list(out.values()))


def _write_video(file: Path, w: Watching, parameters: dict, facts: dict, express, blinks: np.ndarray, length: float) -> None:
    seed, rate, fingerprint = parameters["seed"], parameters["video_rate"], parameters["fingerprint"]
    times = np.arange(int((facts["lead"] + length + facts["tail"]) * rate)) / rate - facts["lead"]
    rng = stream(seed, "camera", w.subject, w.section)
    who = face.Identity.sample(stream(seed, "looks", w.subject), fingerprint)
    sway = gaussian_filter1d(rng.standard_normal((4, len(times))), 1.5 * rate, axis=1) * np.sqrt(2 * np.sqrt(np.pi) * 1.5 * rate)
    rest = fingerprint * rng.normal(0, (0.04, 0.03, 1.0, 0.02))  # where and how the head is held in this recording
    pose = (rest[:, None] + np.array([0.02, 0.015, 0.8, 0.008])[:, None] * sway).T + (0, 0, 0, 1)
    light = np.exp(0.08 * fingerprint * rng.standard_normal()) * (1 + 0.01 * rng.standard_normal(len(times)))
    looks = np.round(0.3 * rng.standard_normal((len(times) // int(rate) + 1, 2)), 2).repeat(int(rate), axis=0)
    units = face.action_units(express(times))
    units["AU45"] = np.clip(1.4 - np.abs(times[:, None] - blinks - 0.1) / 0.1, 0, 1).max(axis=1)

    def frame(i: int) -> np.ndarray:
        return face.draw(who, {name: values[i] for name, values in units.items()}, size=SIZE, pose=tuple(pose[i]), light=float(light[i]),
                         gaze=tuple(looks[min(i, len(looks) - 1)]))

    mahnob_files.write_video(file, len(times), frame, rate, SIZE)


def _clock(facts: dict, rate: float) -> tuple[int, float]:
    """Audio sample at the first video frame, and at stimulus onset."""
    begin = round(facts["first_frame"] / rate * AUDIO_RATE)
    return begin, begin + facts["lead"] * AUDIO_RATE


def _media(w: Watching, clips: int | None) -> str:
    emotion = EMOTIONS[min(int((w.clip + 0.5) / (clips or 20) * len(EMOTIONS)), len(EMOTIONS) - 1)]
    return f"simulated-{w.clip + 1:02d}-{emotion}.avi"


def _write_gaze(file: Path, w: Watching, parameters: dict, facts: dict, blinks: np.ndarray, length: float) -> None:
    rng = stream(parameters["seed"], "gaze", w.subject, w.section)
    begin, onset = _clock(facts, parameters["video_rate"])
    n = int((facts["lead"] + length + 5) * GAZE_RATE)
    times = np.arange(n) / GAZE_RATE - facts["lead"]
    shut = (np.abs(times[:, None] - blinks - 0.1) < 0.12).any(axis=1)
    fixation = np.cumsum(rng.random(n) < 1 / (0.35 * GAZE_RATE))
    point = rng.normal((640, 400), (220, 130), (fixation[-1] + 1, 2))[fixation] + rng.normal(0, 4, (n, 2))
    pupil = 3.5 + 0.3 * np.cumsum(rng.standard_normal(n)) / np.sqrt(n)
    gaze = {}
    for side, shift in (("Left", -6), ("Right", 6)):
        gaze |= {f"GazePointX{side}": np.where(shut, -1, point[:, 0] + shift), f"GazePointY{side}": np.where(shut, -1, point[:, 1]),
                 f"Distance{side}": np.where(shut, -1, 650.0), f"Pupil{side}": np.where(shut, -1, pupil), f"Validity{side}": np.where(shut, 4, 0)}
    first = int(rng.integers(10_000, 900_000))
    start, media = first + round(facts["lead"] * 1000), _media(w, parameters["clips"])
    stop = start + round(length * 1000)
    audio = np.rint(begin + (times + facts["lead"]) * AUDIO_RATE).astype(np.int64)
    mahnob_files.write_gaze(file, gaze, audio, first, [(start, "MovieStart", media), (stop, "MovieEnd", media), (stop + 3000, "KeyPress", "")])


def _write_session_xml(file: Path, w: Watching, trace: Trace, parameters: dict, facts: dict, length: float) -> None:
    rate, label = parameters["video_rate"], trace.label
    begin, _ = _clock(facts, rate)
    shown = facts["lead"] + length + facts["tail"]
    felt = int(np.clip(np.rint(5 + 30 * label.mean()), 1, 9))
    aroused = int(np.clip(np.rint(3 + 40 * np.abs(label).mean()), 1, 9))
    media = _media(w, parameters["clips"])
    code = {"neutral": 0, "disgust": 2, "fear": 3, "joy": 4, "sadness": 5, "amusement": 11}[media.split("-")[-1].removesuffix(".avi")]
    session = {"sessionId": session_id(w.subject, w.section), "date": "2009-07-09", "time": "17:53:46", "experimentType": "emotion elicitation",
               "isStim": 1, "feltEmo": code, "feltArsl": aroused, "feltVlnc": felt, "feltCtrl": 5, "feltPred": 5, "cutNr": w.section,
               "cutLenSec": f"{shown:.6f}", "vidRate": f"{rate:.6f}", "vidBeginSmp": facts["first_frame"],
               "vidEndSmp": facts["first_frame"] + int(shown * rate) - 1, "audRate": f"{AUDIO_RATE:.6f}", "audBeginSmp": begin,
               "audEndSmp": begin + round(shown * AUDIO_RATE), "mediaFile": media}
    tracks = [("subject", {"id": w.subject}, ()),
              ("track", {"type": "Physiological", "filename": bdf_name(w.subject, w.section)}, ()),
              ("track", {"type": "Video", "color": 1, "view": "frontal", "filename": video_name(w.subject, w.section)},
               [("annotation", {"type": "Gaze", "filename": gaze_name(w.subject, w.section)}, ())])]
    mahnob_files.write_xml(file, "session", session, tracks)
