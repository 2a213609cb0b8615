"""A small database in the owner's layout: two sessions of 8 s with everything in known places."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from edfio import Bdf, BdfSignal
from scipy.io import savemat

from lib.datasets.mahnob_format import (ALL_CHANNELS, GAZE_COLUMNS, GAZE_PREAMBLE, LABELS_FILE,
                                        bdf_name, gaze_name, session_id, video_name)

RATE, SECONDS, ONSET, FPS, AUDIO = 256, 8, 30.25, 20, 44100
MEDIA = 2.0  # seconds of video before the stimulus


def eeg_wave(times, channel: int):
    """What the recording holds in one channel, in uV, at times in seconds after stimulus start."""
    return (5 + channel) * np.sin(2 * np.pi * 3 * np.asarray(times)) + 100 * channel


def write_bdf(path: Path, pulses=(ONSET, ONSET + SECONDS), seconds=68.0, names=ALL_CHANNELS,
              flags: int = 0, unit="uV"):
    times = np.arange(int(seconds * RATE)) / RATE
    status = np.full(times.size, flags & 0xFFFF, float)
    status[(times >= 10) & (times < 20)] += flags & ~0xFFFF  # the amplifier's own flags come and go
    for pulse in pulses:
        status[(times >= pulse) & (times < pulse + 0.1)] += 16
    signals = [
        BdfSignal(eeg_wave(times - ONSET, i), RATE, label=name, physical_dimension=unit,
                  physical_range=(-262144, 262143)) for i, name in enumerate(names[:-1])
    ]
    whole = (-8388608, 8388607)
    Bdf([
        *signals,
        BdfSignal(status, RATE, label=names[-1], physical_range=whole, digital_range=whole)
    ]).write(path)


def write_video(path: Path, n_frames: int = 220):
    """Frame n shows n in base 16: the left half red, the right half blue."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), FPS, (64, 48))
    for n in range(n_frames):
        image = np.zeros((48, 64, 3), np.uint8)
        image[:, :32, 2], image[:, 32:, 0] = 16 * (n % 16), 16 * (n // 16)
        writer.write(image)
    writer.release()


def frame_number(image: np.ndarray) -> int:
    return round(image[10:40, 5:25, 0].mean() / 16) + 16 * round(image[10:40, 40:60, 2].mean() / 16)


def element(code: str, content: bytes) -> bytes:
    return bytes.fromhex(code) + (len(content) | 1 << 56).to_bytes(8, "big") + content


def write_matroska(path: Path, times, seconds: float | None = None) -> Path:
    """Motion JPEG, any time for each frame; its brightness is 20 times that."""
    blocks = b""
    for time in times:
        jpeg = cv2.imencode(".jpg", np.full((24, 32, 3), 20 * time, np.uint8))[1].tobytes()
        stamp = element("e7", round(1000 * time).to_bytes(4, "big"))
        blocks += element("1f43b675", stamp + element("a3", b"\x81\0\0\x80" + jpeg))
    info = element("2ad7b1", (10**6).to_bytes(4, "big"))
    if seconds:
        info += element("4489", struct.pack(">d", 1000 * seconds))
    track = element("d7", b"\x01") + element("73c5", b"\x01") + element("83", b"\x01")
    size = element("b0", b"\x20") + element("ba", b"\x18")
    track += element("86", b"V_MJPEG") + element("e0", size)
    tracks = element("1654ae6b", element("ae", track))
    path.write_bytes(
        element("1a45dfa3", element("4282", b"matroska")) +
        element("18538067",
                element("1549a966", info) + tracks + blocks))
    return path


def write_gaze(path: Path, events: bool = True):
    """60 Hz; the audio counter is known at 1000 ms only, 0.3 s after the video began; MovieStart
    1700 ms later."""
    lines = ["preamble"] * GAZE_PREAMBLE + ["\t".join(GAZE_COLUMNS)]
    marks = {2700: "MovieStart", 2700 + 1000 * SECONDS: "MovieEnd"} if events else {}
    for number in range(12 * 60):
        stamp = round(number / 60 * 1000)
        for at in [at for at in marks if at <= stamp]:
            lines.append("\t".join([str(at), "", "", *[""] * 10, marks.pop(at), "clip.avi"]))
        counter = str(round(AUDIO * 100.3)) if stamp == 1000 else ""
        lines.append("\t".join([
            str(stamp), counter,
            str(number), *[f"{number + j / 100:.2f}" for j in range(10)], "", "clip.avi"
        ]))
    lines.insert(GAZE_PREAMBLE + 300, "a\tbroken\tline" + "\tx" * 30)
    del lines[-30]
    path.write_text("\n".join(lines), encoding="utf-8")


def write_xml(path: Path, subject: int = 1, section: int = 4, as_subject: int | None = None,
              color: str = "1", more: str = "", head: str = ""):
    path.write_text(
        f"""<?xml version="1.0"?>{head}
<session sessionId="{session_id(subject, section)}" isStim="1" feltEmo="4" feltArsl="6"
 feltVlnc="8" cutNr="{section}" vidRate="{FPS}" vidBeginSmp="5000" vidEndSmp="5220"
 audRate="{AUDIO}" audBeginSmp="{AUDIO * 100}" audEndSmp="{AUDIO * 111}"
 mediaFile="C:\\media\\53.avi">
 <subject id="{as_subject or subject}"/>
 <track type="Video" color="0" filename="P1-Rec1_C2.avi"/>
 <track type="Video" color="{color}" filename="{video_name(subject, section)}">
  <annotation type="Gaze" filename="{gaze_name(subject, section)}"/></track>
 <track type="Physiological" filename="..\\..\\{bdf_name(subject, section)}"/>{more}
</session>""", encoding="utf-8")


def write_labels(root: Path, rows: list[tuple[int, int]], traces):
    cells = np.empty((len(rows), 1), object)
    for i, trace in enumerate(traces):
        cells[i, 0] = np.asarray(trace, float)[None]
    savemat(root / LABELS_FILE, {"trials_included": np.array(rows, np.uint8), "labels": cells})


def session_folder(root: Path, subject: int, section: int) -> Path:
    return root / "Sessions" / str(session_id(subject, section))


@pytest.fixture(scope="session")
def make():
    """This module: the writers and what they write."""
    return sys.modules[__name__]


@pytest.fixture(scope="session")
def database(tmp_path_factory) -> Path:
    """Subjects 1 and 30 (whose session numbers do not fit in the label file's uint8), read only."""
    root = tmp_path_factory.mktemp("mahnob")
    for subject, section in ((1, 4), (30, 22)):
        folder = session_folder(root, subject, section)
        folder.mkdir(parents=True)
        write_bdf(folder / bdf_name(subject, section), flags=1 << 16 | 1 << 20)
        write_video(folder / video_name(subject, section))
        write_gaze(folder / gaze_name(subject, section))
        write_xml(folder / "session.xml", subject, section)
    write_labels(root, [(1, 4), (30, 22)], [np.linspace(-0.1, 0.2, 32), np.linspace(0.1, -0.2, 31)])
    return root


@pytest.fixture
def copy(database, tmp_path) -> Path:
    """A copy of the database to damage; big files are links until they are replaced."""
    root = tmp_path / "mahnob"
    for path in database.rglob("*"):
        if path.is_file():
            target = root / path.relative_to(database)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(path)
    return root
