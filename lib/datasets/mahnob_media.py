"""Gaze table and face video of one MAHNOB-HCI session, and the clock that ties them together."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from lib.datasets.base import Signal
from lib.datasets.checks import check, check_there, refused
from lib.datasets.mahnob_files import AGAIN, Session
from lib.datasets.mahnob_format import GAZE_COLUMNS, GAZE_PREAMBLE, GAZE_RATE
from lib.datasets.video import SLACK, Clock, clock, read_frames

RATE_ERROR = 0.05  # choice: AVI headers round the rate of the cameras, 60.97, to a whole number


def read_gaze(path: str | Path) -> tuple[pd.DataFrame, float, float]:
    """Read the gaze table; returns it with the timestamps (ms) of MovieStart and MovieEnd.
    Malformed lines are skipped."""
    path = Path(path)
    must = partial(check, path, fix=AGAIN)
    check_there(path, "the gaze table of the session", AGAIN)
    # includes pandas' parser and empty-file errors
    with refused(path, f"a tab-separated table after {GAZE_PREAMBLE} lines", AGAIN, ValueError):
        table = pd.read_csv(path, sep="\t", skiprows=GAZE_PREAMBLE, encoding_errors="replace",
                            on_bad_lines="skip", low_memory=False)
    missing = [name for name in GAZE_COLUMNS[:-1] if name not in table]
    must(not missing, f"column names on line {GAZE_PREAMBLE + 1}", f"no {', '.join(missing[:3])}")
    given = table[list(GAZE_COLUMNS[:13])]
    table[given.columns] = numbers = given.apply(pd.to_numeric, errors="coerce")
    lost = given.columns[given.notna().any() & numbers.isna().all()]
    found = next(iter(given[lost[:1]].dropna().to_numpy().ravel()), "")
    must(lost.empty, f"numbers in {', '.join(lost[:3])}", repr(found))
    # two cells run into one: what follows stands in the wrong columns
    torn = (given.notna() & numbers.isna()).any(axis=1)
    table.loc[torn, given.columns[1:]] = np.nan
    starts, ends = (table.loc[table["Event"] == event, "Timestamp"].dropna()
                    for event in ("MovieStart", "MovieEnd"))
    must(
        len(starts) and len(ends) and ends.iloc[-1] > starts.iloc[0],
        "the event MovieStart and after it MovieEnd", f"{len(starts)} and {len(ends)} of them")
    return table, float(starts.iloc[0]), float(ends.iloc[-1])


def media_start(gaze: str | Path, session: Session) -> float:
    """Second of the video file at which the stimulus began, on the common clock of the session, the
    audio sample counter.

    The first row of the gaze table that carries an audio sample number ties its timestamps to that
    counter; the video file begins at the counter value ``audBeginSmp``. Negative where the stimulus
    began before the video.
    """
    table, start, _ = read_gaze(gaze)
    anchors = table[["Timestamp", "AudioSampleNumber"]].dropna()
    check(gaze, len(anchors), "at least one AudioSampleNumber", "none", AGAIN)
    stamp, sample = anchors.iloc[0]
    return float((sample - session.audio_begin) / session.audio_rate + (start - stamp) / 1000)


def read_eye(path: str | Path) -> Signal:
    """Read gaze, distance, pupil and validity of both eyes between MovieStart and MovieEnd, 60 Hz,
    ``(10, n_times)``.

    Values are the owner's (-1 where the eye was lost); samples that the table lacks are NaN.
    """
    table, start, end = read_gaze(path)
    measured = list(GAZE_COLUMNS[3:13])
    rows = table[table["Timestamp"].between(start, end) & table["Number"].notna()
                 & table[measured].notna().any(axis=1)]
    rows = rows.drop_duplicates(["Number", *measured]).set_index("Number")
    again = rows.index[rows.index.duplicated()]
    check(path, not len(again), "each sample once",
          f"different values for sample {next(iter(again), 0):.0f}", AGAIN)
    close = len(rows) and np.ptp(rows.index) <= 2 * len(rows)
    check(path, close, "consecutively numbered samples between MovieStart and MovieEnd",
          f"{len(rows)} usable rows", AGAIN)
    first = (rows["Timestamp"].iloc[0] - start) / 1000
    rows = rows.reindex(np.arange(rows.index.min(), rows.index.max() + 1))[measured]
    return Signal(rows.to_numpy(np.float32).T, GAZE_RATE, tuple(rows.columns), "as recorded", first)


def video_clock(path: str | Path, rate: float) -> Clock:
    """When frames are shown: every 1 / ``rate`` s, the rate that ``session.xml`` gives, unless the
    container's timestamps vary."""
    check_there(Path(path), "the colour video of the session", AGAIN)
    found = clock(path)
    if not found.constant:
        return found
    near = abs(found.rate / rate - 1) <= RATE_ERROR
    check(path, near, f"{rate:g} frames per second, as session.xml says", f"{found.rate:g}", AGAIN)
    return Clock(np.arange(len(found.times)) / rate, rate, True)


def video_frames(video: str | Path, gaze: str | Path, session: Session,
                 times: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the frame shown at each of these ascending times (seconds after stimulus start), see
    :func:`read_frames`.

    Frame k of the file is shown from k / vidRate on; the stimulus starts at :func:`media_start`. Up
    to :data:`SLACK` seconds outside the file its first or last frame stands in.
    """
    shown = video_clock(video, session.video_rate)
    last, slack = len(shown.times) - 1, round(SLACK * session.video_rate)
    seconds = media_start(gaze, session) + np.asarray(times)
    numbers = np.floor(seconds * shown.rate + 1e-6).astype(int)
    check(video, numbers[0] >= -slack and numbers[-1] <= last + slack,
          f"frames {numbers[0]} to {numbers[-1]} of the stimulus", f"frames 0 to {last}", AGAIN)
    if not shown.constant:
        numbers = np.searchsorted(shown.times, seconds + 1e-6, "right") - 1
        gap = (np.clip(seconds, 0, shown.length) - shown.times[numbers.clip(0)]).max()
        check(video, gap <= SLACK, f"a frame every {SLACK:g} s", f"none for {gap:.1f} s", AGAIN)
    return read_frames(video, np.clip(numbers, 0, last))
