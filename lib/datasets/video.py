"""Frames of a video, by the container's timestamps: a nominal rate may be far from the truth."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from lib.datasets.base import BadFile, Signal
from lib.datasets.picture import heard

__all__ = ["SLACK", "Clock", "clock", "read_frames", "read_video"]

SLACK = 1.0  # choice: seconds that the nearest frame may lie off and still stands in
LATE = 0.1  # choice: seconds; decoders give frames late, and codecs store some that are never shown
MOST_LOST = 0.1  # choice: of the recording that a video goes with, as for samples of EEG
RATES = (0.5, 500.0)  # choice: frames per second of whatever films a face
ROWS = 360  # choice: rows in memory; a face then still has over 112 pixels
MENDED = re.compile(r"\[(mjpeg|mpeg4|h264|hevc|vp\d) @ .*(error|damaged|overread)", re.IGNORECASE)
ORIGINAL = "Get the original file, or leave the trial out."


class Clock(NamedTuple):
    """Ascending times (s) at which frames are shown, their mean rate, and if it is constant."""

    times: np.ndarray
    rate: float
    constant: bool

    @property
    def length(self) -> float:
        """Seconds until the last frame has been shown."""
        return float(self.times[-1] + 1 / self.rate)


def clock(path: str | Path, least: float = 0.0) -> Clock:
    """Read the timestamps of a video of ``least`` seconds or more; its pictures are not decoded.

    Raises
    ------
    BadFile
        No video, one that is cut short, or timestamps that no camera makes.
    """
    if not Path(path).is_file():
        raise BadFile(path, "a video", "no such file", ORIGINAL)
    state = Path(path).stat()
    found = _clock(str(path), state.st_mtime_ns, state.st_size)
    if found.length < (1 - MOST_LOST) * least:
        expected = f"a video of {least:.1f} s, as the recording lasts"
        raise BadFile(path, expected, f"{found.length:.1f} s", ORIGINAL)
    return found


@lru_cache(maxsize=64)
def _clock(path: str, mtime: int, size: int) -> Clock:
    capture = _open(path, cv2.CAP_PROP_FORMAT, -1)  # packets, not frames
    nominal, count = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
    stamps = []
    while capture.grab():
        stamps.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
    capture.release()
    times = np.unique(stamps)  # in the order of decoding before
    times = times[times >= 0]  # where an editor cut the beginning off, it has negative ones
    if not len(times):
        raise BadFile(path, "a video that OpenCV can decode", "no frames", ORIGINAL)
    if len(times) < (1 - MOST_LOST) * len(stamps):
        found = f"{len(times)} for {len(stamps)} frames"
        raise BadFile(path, "a time of its own for each frame", found, ORIGINAL)
    nominal, numbers = (nominal if np.isfinite(nominal) else 0.0), np.arange(len(times))
    constant = nominal > 0 and np.abs(times * nominal - numbers).max() <= 0.5
    rate = nominal if constant or len(times) == 1 else (len(times) - 1) / np.ptp(times)
    if not RATES[0] <= rate <= RATES[1]:
        expected = f"{RATES[0]:g} to {RATES[1]:g} frames per second"
        raise BadFile(path, expected, f"{rate:g}", ORIGINAL)
    shown = Clock(numbers / rate if constant else times, float(rate), bool(constant))
    announced = count / nominal if nominal > 0 else 0.0  # below 0 where the file does not say
    if announced - shown.length > max(1.5 / rate, LATE):
        found = f"{shown.length:.2f} s (cut short)"
        raise BadFile(path, f"{announced:.2f} s, as it announces", found, ORIGINAL)
    _check_avi(path, size, shown)
    return shown


def _check_avi(path: str, size: int, shown: Clock) -> None:
    """An AVI file has its length and that of its parts in headers, and its frame rate twice."""
    with open(path, "rb") as file:
        head = file.read(36)
        if head[:4] != b"RIFF":
            return
        end, at = 8 + int.from_bytes(head[4:8], "little"), 12
        if size < end:
            raise BadFile(path, f"{end} bytes", f"{size} (cut short)", ORIGINAL)
        while at < end:
            file.seek(at)
            part = file.read(8)
            if len(part) < 8 or not part[:4].strip().isalnum():
                raise BadFile(path, f"a part of the file at byte {at}", repr(part[:4]), ORIGINAL)
            at += 8 + int.from_bytes(part[4:], "little") + part[4] % 2
        if at > end + 1:
            raise BadFile(path, f"parts of {end} bytes in all", f"{at}", ORIGINAL)
    frame = int.from_bytes(head[32:36], "little") / 1e6  # seconds
    if frame and shown.constant and abs(frame * shown.rate - 1) > 0.05:
        found = f"{1 / frame:g} and {shown.rate:g} in its headers"
        raise BadFile(path, "one frame rate", found, ORIGINAL)


def _open(path: str | Path, *settings: int) -> cv2.VideoCapture:
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, list(settings))
    if not capture.isOpened():
        raise BadFile(path, "a video that OpenCV can decode", "no frames", ORIGINAL)
    return capture


def read_frames(path: str | Path, numbers: Sequence[int] | np.ndarray) -> Iterator[np.ndarray]:
    """Yield the frames with these ascending numbers of :func:`clock`, ``(height, width, 3)`` RGB.

    Raises
    ------
    BadFile
        A frame cannot be decoded, or comes at another time than the container says.
    """
    shown, capture = clock(path), _open(path)
    times, late = shown.times, max(LATE, 3 / shown.rate)
    step = np.diff(times).min(initial=1.0) / 2
    count, at, before, image = 0, -1, -1.0, None
    try:
        for number in numbers:
            while at < number:
                with heard() as lines:
                    there = capture.grab()
                if wrong := next(filter(MENDED.match, lines), ""):
                    raise BadFile(path, "frames that can be decoded whole", wrong, ORIGINAL)
                if not there:
                    raise BadFile(path, f"{len(times)} frames", f"{count} that can be decoded",
                                  ORIGINAL)
                # 0 also where the decoder has lost it, as it does at the end of some AVI files
                now = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
                varies = now and not shown.constant
                at = int(np.searchsorted(times, now - step)) if varies else count
                if at >= len(times) or (now and (now <= before or abs(now - times[at]) > late)):
                    found = f"one at {now:.3f} s after {before:.3f} s"
                    raise BadFile(path, "frames in the order of their timestamps", found, ORIGINAL)
                count, before, image = count + 1, now, None
            if times[at] - times[number] > late:
                found = f"the next at {times[at]:.3f} s"
                raise BadFile(path, f"a frame at {times[number]:.3f} s", found, ORIGINAL)
            if image is None:
                decoded, image = capture.retrieve()
                if not decoded:
                    raise BadFile(path, f"a frame at {times[at]:.3f} s", "none", ORIGINAL)
                image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
            yield image
    finally:
        capture.release()


def read_video(path: str | Path, rate: float, start: float = 0.0, end: float = np.inf,
               least: float = 0.0) -> Signal:
    """Read a video at ``rate`` frames per second, or its own if that is less, up to ``end`` (s).

    At a constant rate the first frame from each tick on is taken, else the nearest in time.
    ``start`` is the stimulus onset in the video; ``least``: see :func:`clock`.
    """
    found = clock(path, least)
    rate = min(rate, found.rate)
    ticks = np.arange(int(found.times[-1] * rate + 1e-6) + 1)
    ticks = ticks[ticks / rate < end]
    if found.constant:
        numbers = np.ceil(ticks * found.rate / rate - 1e-6).astype(int)
    else:
        numbers = np.searchsorted((found.times[1:] + found.times[:-1]) / 2, ticks / rate)
        if (far := np.abs(found.times[numbers] - ticks / rate).max()) > SLACK:
            expected = f"a frame at least every {2 * SLACK:g} s"
            raise BadFile(path, expected, f"none for {2 * far:.1f} s", ORIGINAL)
    frames = np.stack([_reduced(image) for image in read_frames(path, numbers)])
    return Signal(frames, rate, start=-start)


def _reduced(image: np.ndarray) -> np.ndarray:
    scale = min(1.0, ROWS / image.shape[0])
    if scale == 1:
        return image
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
