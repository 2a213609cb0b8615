"""One session of a simulated MAHNOB-HCI cohort: what brain, body, face and eyes do while the clip
runs, and the files that keep it."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d

from lib.datasets import mahnob_format as layout
from lib.datasets.mahnob_format import (ALL_CHANNELS, BDF_RATE, EEG_CHANNELS, FELT, GAZE_RATE,
                                        LABEL_RATE, MARGIN)
from lib.simulation import brain, face, mahnob_files
from lib.simulation.valence import EMOTIONS, Trace, Watching, stream

SIZE = (120, 160)  # pixels of the video, height and width
AUDIO_RATE = 44100.0  # Hz; the sample counter of the audio is the clock all devices share
LATENT_STD = 0.060  # of the latent, so that the brain and the face are driven in standard units
TAIL = (15.0, 18.0)  # seconds the video runs on after the stimulus
LEAD = (1.0, 3.0)  # seconds the video starts before it
# choice: set, with the slopes in lib.simulation.brain, so that ridge regression reaches what it
# reaches on real features (data card)
EXPRESSIVITY = 0.5  # spread between people of the log of how much their face shows
# moment-to-moment and per-trial movement of the face that is not affect
EXPRESSION_NOISE, EXPRESSION_REST = 0.45, 0.25


def session(root: Path, w: Watching, trace: Trace, parameters: dict) -> dict:
    """Write one session unless it is there; returns the facts about its clocks that the truth
    keeps."""
    rng = stream(parameters["seed"], "session", w.subject, w.section)
    length, rate = w.steps / LABEL_RATE, parameters["video_rate"]
    # of this session's video, counted from the start of the whole recording
    first_frame = int(rng.uniform(60, 3000) * rate)
    facts = {
        "lead": round(rng.uniform(*LEAD), 3), "edge": int(MARGIN * BDF_RATE + rng.integers(0, 64)),
        "first_frame": first_frame, "tail": float(rng.uniform(*TAIL))
    }
    final = root / "Sessions" / str(layout.session_id(w.subject, w.section))
    if not final.exists():
        cv2.setNumThreads(1)
        temporary = Path(tempfile.mkdtemp(dir=root / ".partial"))
        try:
            _write_session(temporary, w, trace, parameters, facts, length)
            temporary.chmod(0o755)
            os.replace(temporary, final)
        except OSError:
            if not final.exists():  # else another process was faster; its files are the same
                raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return {"seconds": length, **facts}


def _write_session(folder: Path, w: Watching, trace: Trace, parameters: dict, facts: dict,
                   length: float) -> None:
    seed, fingerprint = parameters["seed"], parameters["fingerprint"]
    blinks = np.cumsum(0.8 + stream(seed, "blinks", w.subject, w.section).exponential(
        3.0, int(length + 80))) - MARGIN
    express = _expression(trace, stream(seed, "expression", w.subject, w.section),
                          stream(seed, "expressivity", w.subject), fingerprint)
    mahnob_files.write_bdf(folder / layout.bdf_name(w.subject, w.section),
                           _physiology(w, trace, parameters, facts, express, blinks),
                           (facts["edge"], facts["edge"] + int(length * BDF_RATE)))
    _write_video(folder / layout.video_name(w.subject, w.section), w, parameters, facts, express,
                 blinks, length)
    _write_gaze(folder / layout.gaze_name(w.subject, w.section), w, parameters, facts, blinks,
                length)
    _write_session_xml(folder / "session.xml", w, trace, parameters, facts, length)


def _expression(trace: Trace, rng: np.random.Generator, person: np.random.Generator,
                fingerprint: float):
    """A function of time: what the face shows. People differ in how much of what they feel it is;
    faces also move for no such reason."""
    expressivity = np.exp(fingerprint * EXPRESSIVITY * person.standard_normal())
    grid = np.arange(-MARGIN - 5, len(trace.label) / LABEL_RATE + MARGIN + 5, 1 / LABEL_RATE)
    sigma = 1.2 * LABEL_RATE
    moves = EXPRESSION_NOISE * np.sqrt(2 * np.sqrt(np.pi) * sigma) * gaussian_filter1d(
        rng.standard_normal(len(grid)), sigma)
    moves += EXPRESSION_REST * rng.standard_normal()
    return lambda times: expressivity * trace.latent_at(times) / LATENT_STD + np.interp(
        times, grid, moves)


def _physiology(w: Watching, trace: Trace, parameters: dict, facts: dict, express,
                blinks: np.ndarray) -> np.ndarray:
    """All channels but Status, ``(46, n_times)``."""
    seed, fingerprint = parameters["seed"], parameters["fingerprint"]
    n = int(np.ceil(facts["edge"] / BDF_RATE + len(trace.label) / LABEL_RATE + MARGIN) * BDF_RATE)
    times = (np.arange(n) - facts["edge"]) / BDF_RATE
    coarse = np.arange(times[0] - 1, times[-1] + 1, 1 / LABEL_RATE)
    valence = trace.latent_at(coarse) / LATENT_STD
    smile = face.action_units(express(coarse))["AU12"]
    affect = brain.Affect(*(np.interp(times, coarse, x) for x in (valence, np.abs(valence), smile)))
    person = brain.Person.sample(stream(seed, "brain", w.subject), len(EEG_CHANNELS), fingerprint)
    eeg = brain.record(person, affect, stream(seed, "eeg", w.subject,
                                              w.section), tuple(EEG_CHANNELS), BDF_RATE,
                       muscle=parameters["muscle"], blinks=blinks - times[0])
    # of each electrode in this recording
    contact = stream(seed, "cap", w.subject, w.section).standard_normal((len(eeg), 1))
    eeg *= np.exp(0.05 * fingerprint * contact)
    return np.vstack([eeg, _peripheral(times, stream(seed, "body", w.subject, w.section))])


def _peripheral(times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """EXG, GSR, Erg, Resp and Temp, simple and free of affect: heart beats on EXG1 to EXG3,
    breathing, slow drifts."""
    out = dict.fromkeys(ALL_CHANNELS[len(EEG_CHANNELS):-1], None)
    n = len(times)
    beats = times[0] + np.cumsum(60 / 72 * (1 + 0.04 * rng.standard_normal(int(n / BDF_RATE * 2))))
    phase = times - beats[np.clip(np.searchsorted(beats, times), 0, len(beats) - 1)]
    # time to the next beat: R wave at 0, T wave seen after the beat before
    phase = np.where(np.abs(phase) < 0.4, phase, 0.4)
    ecg = 900 * np.exp(-0.5 * (phase / 0.012)**2) - 150 * np.exp(-0.5 * ((phase + 0.03) / 0.01)**2)
    for i, name in enumerate(out):
        out[name] = rng.normal(0, 2.0, n) + (ecg * (1.0, 0.7, -0.8)[i] if i < 3 else 0)
    breath = np.sin(2 * np.pi * np.cumsum(0.25 + 0.01 * rng.standard_normal(n)) / BDF_RATE)
    out["Resp"] = 2000 * breath + rng.normal(0, 20, n)
    out["GSR1"] = 4e5 + 2e4 * np.cumsum(rng.standard_normal(n)) / np.sqrt(n) + rng.normal(0, 20, n)
    out["Temp"] = 31 + 0.05 * np.cumsum(rng.standard_normal(n)) / np.sqrt(n)
    return np.stack(list(out.values()))


def _write_video(file: Path, w: Watching, parameters: dict, facts: dict, express,
                 blinks: np.ndarray, length: float) -> None:
    seed, rate, fingerprint = parameters["seed"], parameters["video_rate"], parameters[
        "fingerprint"]
    times = np.arange(int((facts["lead"] + length + facts["tail"]) * rate)) / rate - facts["lead"]
    rng = stream(seed, "camera", w.subject, w.section)
    who = face.Identity.sample(stream(seed, "looks", w.subject), fingerprint)
    sway = gaussian_filter1d(rng.standard_normal(
        (4, len(times))), 1.5 * rate, axis=1) * np.sqrt(2 * np.sqrt(np.pi) * 1.5 * rate)
    # where and how the head is held in this recording
    rest = fingerprint * rng.normal(0, (0.04, 0.03, 1.0, 0.02))
    pose = np.array((0, 0, 0, 1)) + rest + np.array((0.02, 0.015, 0.8, 0.008)) * sway.T
    light = np.exp(
        0.08 * fingerprint * rng.standard_normal()) * (1 + 0.01 * rng.standard_normal(len(times)))
    looks = np.round(0.3 * rng.standard_normal((len(times) // int(rate) + 1, 2)),
                     2).repeat(int(rate), axis=0)
    units = face.action_units(express(times))
    units["AU45"] = np.clip(1.4 - np.abs(times[:, None] - blinks - 0.1) / 0.1, 0, 1).max(axis=1)

    def frame(i: int) -> np.ndarray:
        return face.draw(who, {name: values[i] for name, values in units.items()}, size=SIZE,
                         pose=tuple(pose[i]), light=float(light[i]),
                         gaze=tuple(looks[min(i,
                                              len(looks) - 1)]))

    mahnob_files.write_video(file, len(times), frame, rate, SIZE)


def _audio_begin(facts: dict, rate: float) -> int:
    """Audio sample at the first video frame."""
    return round(facts["first_frame"] / rate * AUDIO_RATE)


def _media(w: Watching, clips: int | None) -> str:
    emotion = EMOTIONS[min(int((w.clip + 0.5) / (clips or 20) * len(EMOTIONS)), len(EMOTIONS) - 1)]
    return f"simulated-{w.clip + 1:02d}-{emotion}.avi"


def _write_gaze(file: Path, w: Watching, parameters: dict, facts: dict, blinks: np.ndarray,
                length: float) -> None:
    rng = stream(parameters["seed"], "gaze", w.subject, w.section)
    begin = _audio_begin(facts, parameters["video_rate"])
    n = int((facts["lead"] + length + 5) * GAZE_RATE)
    times = np.arange(n) / GAZE_RATE - facts["lead"]
    shut = (np.abs(times[:, None] - blinks - 0.1) < 0.12).any(axis=1)
    fixation = np.cumsum(rng.random(n) < 1 / (0.35 * GAZE_RATE))
    point = rng.normal((640, 400), (220, 130),
                       (fixation[-1] + 1, 2))[fixation] + rng.normal(0, 4, (n, 2))
    pupil = 3.5 + 0.3 * np.cumsum(rng.standard_normal(n)) / np.sqrt(n)
    gaze = {}
    for side, shift in (("Left", -6), ("Right", 6)):
        seen = {
            "GazePointX": point[:, 0] + shift, "GazePointY": point[:, 1], "Distance": 650.0,
            "Pupil": pupil
        }
        gaze |= {f"{name}{side}": np.where(shut, -1, values)
                 for name, values in seen.items()} | {f"Validity{side}": np.where(shut, 4, 0)}
    first = int(rng.integers(10_000, 900_000))
    start, media = first + round(facts["lead"] * 1000), _media(w, parameters["clips"])
    stop = start + round(length * 1000)
    audio = np.rint(begin + (times + facts["lead"]) * AUDIO_RATE).astype(np.int64)
    events = [(start, "MovieStart", media), (stop, "MovieEnd", media),
              (stop + 3000, "KeyPress", "")]
    mahnob_files.write_gaze(file, gaze, audio, first, events)


def _write_session_xml(file: Path, w: Watching, trace: Trace, parameters: dict, facts: dict,
                       length: float) -> None:
    rate, label = parameters["video_rate"], trace.label
    begin = _audio_begin(facts, rate)
    shown = facts["lead"] + length + facts["tail"]
    felt = int(np.clip(np.rint(5 + 30 * label.mean()), 1, 9))
    aroused = int(np.clip(np.rint(3 + 40 * np.abs(label).mean()), 1, 9))
    media = _media(w, parameters["clips"])
    code = {name: number
            for number, name in FELT.items()}[media.split("-")[-1].removesuffix(".avi")]
    session = {
        "sessionId": layout.session_id(w.subject, w.section), "date": "2009-07-09",
        "time": "17:53:46", "experimentType": "emotion elicitation", "isStim": 1, "feltEmo": code,
        "feltArsl": aroused, "feltVlnc": felt, "feltCtrl": 5, "feltPred": 5, "cutNr": w.section,
        "cutLenSec": f"{shown:.6f}", "vidRate": f"{rate:.6f}", "vidBeginSmp": facts["first_frame"],
        "vidEndSmp": facts["first_frame"] + int(shown * rate) - 1, "audRate": f"{AUDIO_RATE:.6f}",
        "audBeginSmp": begin, "audEndSmp": begin + round(shown * AUDIO_RATE), "mediaFile": media
    }
    gaze = ("annotation", {"type": "Gaze", "filename": layout.gaze_name(w.subject, w.section)}, [])
    camera = {
        "type": "Video", "color": 1, "view": "frontal",
        "filename": layout.video_name(w.subject, w.section)
    }
    children: list[tuple[str, dict, list]] = [
        ("subject", {"id": w.subject}, []),
        ("track", {"type": "Physiological", "filename": layout.bdf_name(w.subject, w.section)}, []),
        ("track", camera, [gaze]),
    ]
    mahnob_files.write_xml(file, "session", session, children)
