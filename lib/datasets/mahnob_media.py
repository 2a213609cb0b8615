"""Gaze table and face video of one MAHNOB-HCI session, and the clock that ties them together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from lib.datasets.base import BadFile, Signal
from lib.datasets.mahnob_files import AGAIN, Session
from lib.datasets.mahnob_format import GAZE_COLUMNS, GAZE_PREAMBLE, GAZE_RATE

__all__ = ["SLACK", "media_start", "read_eye", "read_frames", "read_gaze", "video_frames", "video_length"]

SLACK = 1.0  # choice: seconds by which a video may start late or end early; the nearest frame then stands in


def read_gaze(path: str | Path) -> tuple[pd.DataFrame, float, float]:
    """Read the gaze table; returns it with the timestamps (ms) of MovieStart and MovieEnd. Malformed lines are skipped."""
    path = Path(path)
    if not path.is_file():
        raise BadFile(path, "the gaze table of the session", "no such file", AGAIN)
    try:
        table = pd.read_csv(path, sep="\t", skiprows=GAZE_PREAMBLE, encoding_errors="replace", on_bad_lines="skip", low_memory=False)
    except ValueError as error:  # includes pandas' parser and empty-file errors
        raise BadFile(path, f"a tab-separated table after {GAZE_PREAMBLE} lines", str(error), AGAIN) from error
    missing = [name for name in GAZE_COLUMNS[:-1] if name not in table]
    if missing:
        raise BadFile(path, f"column names on line {GAZE_PREAMBLE + 1}", f"no {', '.join(missing[:3])}", AGAIN)
    given = table[list(GAZE_COLUMNS[:13])]
    table[given.columns] = given.apply(pd.to_numeric, errors="coerce")
    if lost := [name for name in given if given[name].notna().any() and table[name].isna().all()]:
        raise BadFile(path, f"numbers in {', '.join(lost[:3])}",
                      f"{given[lost[0]].dropna().iloc[0]!r}", AGAIN)
    starts, ends = (table.loc[table["Event"] == event, "Timestamp"].dropna() for event in ("MovieStart", "MovieEnd"))
    if starts.empty or ends.empty or ends.iloc[-1] <= starts.iloc[0]:
        raise BadFile(path, "the event MovieStart and after it MovieEnd", f"{len(starts)} and {len(ends)} of them", AGAIN)
    return table, float(starts.iloc[0]), float(ends.iloc[-1])


def media_start(gaze: str | Path, session: Session) -> float:
    """Second of the video file at which the stimulus began, on the common clock of the session, the audio sample counter.

    The first row of the gaze table that carries an audio sample number ties its timestamps to that counter; the video file begins at the
    counter value ``audBeginSmp``. Negative where the stimulus began before the video.
    """
    table, start, _ = read_gaze(gaze)
    anchors = table[["Timestamp", "AudioSampleNumber"]].dropna()
    if anchors.empty:
        raise BadFile(gaze, "at least one AudioSampleNumber", "none", AGAIN)
    stamp, sample = anchors.iloc[0]
    return float((sample - session.audio_begin) / session.audio_rate + (start - stamp) / 1000)


def read_eye(path: str | Path) -> Signal:
    """Read gaze, distance, pupil and validity of both eyes between MovieStart and MovieEnd, 60 Hz, ``(10, n_times)``.

    Values are the owner's (-1 where the eye was lost); samples that the table lacks are NaN.
    """
    table, start, end = read_gaze(path)
    rows = table[table["Timestamp"].between(start, end) & table["Number"].notna()].drop_duplicates("Number").set_index("Number")
    if rows.empty or np.ptp(rows.index) > 2 * len(rows):
        raise BadFile(path, "consecutively numbered samples between MovieStart and MovieEnd", f"{len(rows)} usable rows", AGAIN)
    first = (rows["Timestamp"].iloc[0] - start) / 1000
    rows = rows.reindex(np.arange(rows.index.min(), rows.index.max() + 1))[list(GAZE_COLUMNS[3:13])]
    return Signal(rows.to_numpy(np.float32).T, GAZE_RATE, tuple(rows.columns), "as recorded", first)


def _open_video(path: str | Path) -> tuple[cv2.VideoCapture, int]:
    if not Path(path).is_file():
        raise BadFile(path, "the colour video of the session", "no such file", AGAIN)
    capture = cv2.VideoCapture(str(path))
    count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if capture.isOpened() else 0
    if count <= 0:
        capture.release()
        raise BadFile(path, "a video that OpenCV can decode", "no frames", AGAIN)
    return capture, count


def video_length(path: str | Path, rate: float) -> float:
    """Length in seconds of a video at the rate that ``session.xml`` gives."""
    capture, count = _open_video(path)
    capture.release()
    return count / rate


def read_frames(path: str | Path, numbers: np.ndarray, slack: int = 0) -> Iterator[np.ndarray]:
    """Decode a video from its beginning and yield the frames with these ascending numbers, ``(height, width, 3)`` RGB uint8.

    Numbers up to ``slack`` frames outside the file give its first or last frame. Nothing but the current frame is kept.
    """
    numbers = np.asarray(numbers, int)
    capture, count = _open_video(path)
    try:
        if numbers[0] < -slack or numbers[-1] > count - 1 + slack:
            raise BadFile(path, f"frames {numbers[0]} to {numbers[-1]} of the stimulus", f"frames 0 to {count - 1}", AGAIN)
        position, image = -1, None
        for number in np.clip(numbers, 0, count - 1):
            while position < number:
                if not capture.grab():
                    raise BadFile(path, f"{count} frames", f"{position + 1} that can be decoded", AGAIN)
                position, image = position + 1, None
            if image is None:
                image = cv2.cvtColor(capture.retrieve()[1], cv2.COLOR_BGR2RGB)
            yield image
    finally:
        capture.release()


def video_frames(video: str | Path, gaze: str | Path, session: Session, times: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the frame shown at each of these ascending times (seconds after stimulus start), see :func:`read_frames`.

    Frame k of the file is shown from k / vidRate on; the stimulus starts at :func:`media_start`.
    """
    numbers = np.floor((media_start(gaze, session) + np.asarray(times)) * session.video_rate + 1e-6)
    return read_frames(video, numbers, slack=round(SLACK * session.video_rate))
