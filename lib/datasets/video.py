"""Frames of a video, by the container's timestamps: a nominal rate may be far from the truth."""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from lib.datasets.base import Signal
from lib.datasets.checks import check, check_there, kept
from lib.datasets.picture import heard

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
    check_there(Path(path), "a video", ORIGINAL)
    found = _clock(str(path))
    check(path, found.length >= (1 - MOST_LOST) * least,
          f"a video of {least:.1f} s, as the recording lasts", f"{found.length:.1f} s", ORIGINAL)
    return found


@kept(64)
def _clock(path: str) -> Clock:
    must = partial(check, path, fix=ORIGINAL)
    capture = _open(path, cv2.CAP_PROP_FORMAT, -1)  # packets, not frames
    nominal, count = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
    nominal, stamps = nominal if np.isfinite(nominal) else 0.0, []
    while capture.grab():
        stamps.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
    capture.release()
    times = np.unique(stamps)  # in the order of decoding before
    times = times[times >= 0]  # where an editor cut the beginning off, it has negative ones
    n = len(times)
    must(n, "a video that OpenCV can decode", "no frames")
    must(n >= (1 - MOST_LOST) * len(stamps), "a time of its own for each frame",
         f"{n} for {len(stamps)} frames")
    constant = nominal > 0 and np.abs(times * nominal - np.arange(n)).max() <= 0.5
    rate = nominal if constant or n == 1 else (n - 1) / np.ptp(times)
    must(RATES[0] <= rate <= RATES[1], f"{RATES[0]:g} to {RATES[1]:g} frames per second",
         f"{rate:g}")
    shown = Clock(np.arange(n) / rate if constant else times, float(rate), bool(constant))
    announced = count / nominal if nominal > 0 else 0.0  # below 0 where the file does not say
    must(announced - shown.length <= max(1.5 / rate, LATE), f"{announced:.2f} s, as it announces",
         f"{shown.length:.2f} s (cut short)")
    _check_avi(path, shown)
    return shown


def _check_avi(path: str, shown: Clock) -> None:
    """An AVI file has its length and that of its parts in headers, and its frame rate twice."""
    must, size = partial(check, path, fix=ORIGINAL), Path(path).stat().st_size
    with open(path, "rb") as file:
        head = file.read(36)
        if head[:4] != b"RIFF":
            return
        end, at = 8 + int.from_bytes(head[4:8], "little"), 12
        must(size >= end, f"{end} bytes", f"{size} (cut short)")
        while at < end:
            file.seek(at)
            part = file.read(8)
            whole = len(part) == 8 and part[:4].strip().isalnum()
            must(whole, f"a part of the file at byte {at}", repr(part[:4]))
            at += 8 + int.from_bytes(part[4:], "little") + part[4] % 2
        must(at <= end + 1, f"parts of {end} bytes in all", at)
    if (frame := int.from_bytes(head[32:36], "little") / 1e6) and shown.constant:  # seconds
        alike = abs(frame * shown.rate - 1) <= 0.05
        must(alike, "one frame rate", f"{1 / frame:g} and {shown.rate:g} in its headers")


def _open(path: str | Path, *settings: int) -> cv2.VideoCapture:
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, list(settings))
    check(path, capture.isOpened(), "a video that OpenCV can decode", "no frames", ORIGINAL)
    return capture


def read_frames(path: str | Path, numbers: Sequence[int] | np.ndarray) -> Iterator[np.ndarray]:
    """Yield the frames with these ascending numbers of :func:`clock`, ``(height, width, 3)`` RGB.

    Raises
    ------
    BadFile
        A frame cannot be decoded, or comes at another time than the container says.
    """
    shown, capture, must = clock(path), _open(path), partial(check, path, fix=ORIGINAL)
    times, late = shown.times, max(LATE, 3 / shown.rate)
    step = np.diff(times).min(initial=1.0) / 2
    count, at, before, image = 0, -1, -1.0, None
    try:
        for number in numbers:
            while at < number:
                with heard() as lines:
                    there = capture.grab()
                wrong = next(filter(MENDED.match, lines), "")
                must(not wrong, "frames that can be decoded whole", wrong)
                must(there, f"{len(times)} frames", f"{count} that can be decoded")
                # 0 also where the decoder has lost it, as it does at the end of some AVI files
                now = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
                varies = now and not shown.constant
                at = int(np.searchsorted(times, now - step)) if varies else count
                timely = not now or (now > before and abs(now - times[min(at,
                                                                          len(times) - 1)]) <= late)
                must(at < len(times) and timely, "frames in the order of their timestamps",
                     f"one at {now:.3f} s after {before:.3f} s")
                count, before, image = count + 1, now, None
            must(times[at] - times[number] <= late, f"a frame at {times[number]:.3f} s",
                 f"the next at {times[at]:.3f} s")
            if image is None:
                decoded, image = capture.retrieve()
                must(decoded, f"a frame at {times[at]:.3f} s", "none")
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
        far = np.abs(found.times[numbers] - ticks / rate).max()
        check(path, far <= SLACK, f"a frame at least every {2 * SLACK:g} s",
              f"none for {2 * far:.1f} s", ORIGINAL)
    frames = np.stack([_reduced(image) for image in read_frames(path, numbers)])
    return Signal(frames, rate, start=-start)


def _reduced(image: np.ndarray) -> np.ndarray:
    scale = min(1.0, ROWS / image.shape[0])
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
