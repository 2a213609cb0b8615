"""EMOTIV FLEX 2: EEG exported by EmotivPRO as EDF or CSV, with a video of the face, of people
watching emotional clips (paper 4).

The layout is in :mod:`lib.datasets.flex_format`. Simulated cohorts in the same layout carry a
``truth.json`` and are read by the same code.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import cdist

from lib.datasets import flex_format as layout
from lib.datasets.base import Cohort, Signal, Trial
from lib.datasets.checks import check, copies, left_out, origin, tell
from lib.datasets.flex_format import CHANNELS, EMOTIONS, LEAST_QUALITY, TABLES
from lib.datasets.flex_recording import AGAIN, QUALITY, interval, marker_file, placed, read_table
from lib.datasets.table import read_csv
from lib.datasets.video import clock, read_video
from lib.paths import spelled

log = logging.getLogger(__name__)
GATE = "a median quality of"
LEAVE = "Nothing needs to be done: the other recordings are read."
# s; choice: by which a video may go on after the EEG where no marker says when the clip ended
MOST_LONGER = 1.0
MOST_LOST = 0.1  # choice: of the samples; a recording that lost more is left out
VIDEO_RATE = 2.0  # choice: frames per second in memory
SAME = 0.1  # uV; choice: closer means and spreads of every electrode are those of one recording
CODES = {emotion: float(i) for i, emotion in enumerate(EMOTIONS)}


def read(folder: str | Path, channels: Sequence[str] = CHANNELS, *, quality: str = "contact",
         least: float = LEAST_QUALITY, video_rate: float = VIDEO_RATE) -> Cohort:
    """Read FLEX 2 recordings, or a simulated cohort in their layout.

    Parameters
    ----------
    folder : path-like
        Holds ``recordings.csv``, one line per recording: ``file`` and ``video`` (paths from here;
        ``video`` may be empty), ``subject`` (a number), ``emotion`` and ``clip`` (its name).
        Intervals beside the recording, in ``<name>_intervalMarker.csv``, must hold one whose
        ``type`` is the clip; without that file the clip starts with the recording. The video starts
        with the recording.
    channels : sequence of str
        Electrodes in the wanted order.
    quality : {"contact", "eeg"}
        Which of the device's two overall scores (0 to 100) decides. Sec 5.1 says "signal quality
        reported by the device".
    least : float
        Lowest median over the recording; 0 takes all. Sec 5.1: 80.
    video_rate : float
        Frames per second that are kept.

    Returns
    -------
    Cohort
        One trial per recording in the order of the listing; ``session`` is ``"1"``, ``trial``
        counts a subject's lines from 1, ``stimulus`` is the clip, ``labels["emotion"]`` 0 to 3
        (:data:`lib.datasets.flex_format.EMOTIONS`). Signals start with the recording (``start`` <=
        0) and end with the clip: ``eeg`` ``(n_channels, n)`` float32 in uV at 128 or 256 Hz, offset
        and all; ``video`` ``(n, height, width, 3)`` where there is one. What is left out is in
        ``dropped``, with the reason; lines that stand for the same samples are all left out, and
        the cohort is empty where there are no others.

    Raises
    ------
    BadFile
        No listing, or not one usable recording.

    Notes
    -----
    Samples the device lost are NaN: those it filled in itself (``INTERPOLATED`` > 0), and those
    missing from the file, which a jump of ``COUNTER`` tells and which are put back as NaN, so that
    time goes on. A loss of whole seconds only the clock can tell, which every CSV file has and not
    every EDF file; where the two contradict each other, the recording is left out.
    """
    folder = Path(folder)
    cohort = origin(folder, "flex", "EMOTIV FLEX 2")
    dropped: dict[str, str] = {}
    found = _found(folder, dropped, (tuple(channels), quality, least, video_rate))
    check(folder, found, "at least one usable recording",
          f"none; the first: {next(iter(dropped.values()), 'no lines')}", AGAIN)
    trials = _own_videos(_distinct(folder, found, dropped), dropped)
    # that the gate holds some back is its purpose
    tell(folder, trials, {name: why for name, why in dropped.items() if GATE not in why})
    return replace(cohort, trials=tuple(trials), dropped=dropped)


def _found(folder: Path, dropped: dict[str, str],
           options: tuple) -> dict[str, tuple[Trial, _Samples]]:
    """The recordings that can be read, by the file and, where it has several, the line."""
    rows, found, count = _listing(folder), {}, Counter[int]()
    files, first = Counter(row["file"] for row in rows.values()), dict[tuple, int]()
    must = partial(check, folder / layout.LISTING_FILE)
    for line, row in rows.items():
        name = row["file"] + (f", line {line}" if files[row["file"]] > 1 else "")
        with left_out(dropped, name):
            before = first.setdefault(tuple(row.values()), line)
            must(before == line, "each line once", f"line {before} again in line {line}",
                 "Remove one.")
            must(row["subject"].isdecimal() and row["emotion"] in CODES and row["clip"],
                 f"a subject's number, one of {', '.join(EMOTIONS)}, and a clip",
                 f"{row['subject']!r}, {row['emotion']!r}, {row['clip']!r} in line {line}",
                 "Correct this line.")
            count[subject := int(row["subject"])] += 1
            found[name] = _trial(folder, row, subject, count[subject], dropped, *options)
    return found


def _distinct(folder: Path, found: Mapping[str, tuple[Trial, _Samples]],
              dropped: dict[str, str]) -> list[Trial]:
    """Those whose samples no other line has, whatever the files' names; which line of several is
    right nothing tells."""
    names = np.array(list(found), object)
    recordings, clips, first, last = map(
        np.array, zip(*(samples for _, samples in found.values()), strict=True))
    same = cdist(recordings, recordings, "chebyshev") < SAME
    overlap = (first < last[:, None] - 1) & (last > first[:, None] + 1)
    again = (same & overlap) | (cdist(clips, clips, "chebyshev") < SAME)
    np.fill_diagonal(again, False)
    must = partial(
        check, folder / layout.LISTING_FILE, fix="Correct the listing; several clips of one "
        f"recording need their intervals in <name>{layout.MARKERS}.")
    for name, others in zip(names, again, strict=True):
        with left_out(dropped, name):
            must(not others.any(), f"for {name} samples that no other line has",
                 f"those of {'; '.join(names[others])}")
    return [trial for name, (trial, _) in found.items() if name not in dropped]


def _own_videos(trials: list[Trial], dropped: dict[str, str]) -> list[Trial]:
    """Leave out a video that two recordings have: one face cannot belong to both."""
    videos = {
        i: Path(t.files["video"]).resolve() for i, t in enumerate(trials) if "video" in t.files
    }
    twins, shown = copies(set(videos.values())), defaultdict(set)
    for i, video in videos.items():
        videos[i] = min(video, twins.get(video, video))
        shown[videos[i]].add(trials[i].files["eeg"])
    for i, video in videos.items():
        if len(shown[video]) > 1:
            files = dict(trials[i].files)
            with left_out(dropped, file := files.pop("video")):
                check(file, False, "a video of one recording", f"that of {len(shown[video])}",
                      "Correct the listing. The EEG of these recordings is read without it.")
            trials[i] = replace(trials[i], loaders={"eeg": trials[i].loaders["eeg"]}, files=files)
    return trials


def files(folder: str | Path) -> list[str]:
    """Relative paths of a complete copy: the listing and what it names."""
    named = [row[key] for row in _listing(Path(folder)).values() for key in ("file", "video")]
    return [layout.LISTING_FILE, *filter(None, named)]


def _listing(folder: Path) -> dict[int, dict[str, str]]:
    """The rows by the number of their line."""
    fix = "Write one line for each recording; video may be empty."
    table = read_csv(folder / layout.LISTING_FILE, fix, layout.LISTING, text=layout.LISTING)
    for name in ("file", "video"):  # a path written on Windows
        there = [(folder / path).exists() for path in table[name]]
        table[name] = table[name].where(there, table[name].str.replace("\\", "/"))
    return table[list(layout.LISTING)].to_dict("index")


class _Samples(NamedTuple):
    """Which samples a row stands for: length and each electrode's mean and spread of the recording
    and of the clip, and when that ran."""

    recording: np.ndarray
    clip: np.ndarray
    first: int
    last: int


def _trial(folder: Path, row: Mapping[str, str], subject: int, number: int, dropped: dict[str, str],
           channels: tuple[str, ...], quality: str, least: float,
           video_rate: float) -> tuple[Trial, _Samples]:
    path = folder / row["file"]
    must = partial(check, path)
    rate, table = read_table(path, (*channels, *TABLES))
    missing = [name for name in channels if name not in table]
    must(not missing, f"the {len(channels)} electrodes of the 28-channel map",
         f"no {', '.join(missing)}",
         "Use a 32-channel recording, or name the electrodes it has: read(..., channels=...).")
    must(rate in layout.RATES, "128 or 256 samples per second", f"{rate:g}",
         "Export at the rate of the headset, without resampling.")
    if least > 0:
        scores = table.get(quality, np.array([np.nan]))
        must(
            np.isfinite(scores).any(),
            f"the device's overall quality ({' or '.join(TABLES[quality])})", "none",
            "Export with quality channels, or take the recording as it is with read(..., least=0).")
        score = np.nanmedian(scores)
        must(score >= least, f"{GATE} {least:g} or more", f"{score:g}", LEAVE)
    data = placed(path, rate, channels, table)
    seconds, lost = data.shape[1] / rate, np.isnan(data).any(axis=0).mean()
    must(lost <= MOST_LOST, f"at most {MOST_LOST:.0%} of the samples lost (COUNTER, INTERPOLATED)",
         f"{lost:.0%}", LEAVE)
    if lost:
        log.info("%s: %.2g of the samples lost, marked as NaN", path, lost)
    markers = marker_file(path)
    start, end = interval(markers, row["clip"], seconds) if markers else (0.0, np.inf)
    loaders, paths = {"eeg": partial(_eeg, path, channels, start, end)}, {"eeg": str(path)}
    if markers:
        paths["markers"] = str(markers)
    if row["video"]:
        video, lasts, seen = spelled(folder / row["video"]), min(end, seconds), 0.0
        with left_out(dropped, row["video"], " The EEG of this recording is read without it."):
            seen = clock(video, lasts).length
            loaders["video"] = partial(read_video, video, video_rate, start, end, lasts)
            paths["video"] = str(video)
        must(markers or seen <= seconds + MOST_LONGER,
             f"EEG to the end of its video of {seen:.1f} s", f"{seconds:.1f} s (cut short?)",
             f"{AGAIN} If the clip ended before the video, say when in <name>{layout.MARKERS}.")
    first, last = round(start * rate), round(min(end * rate, data.shape[1]))
    samples = _Samples(_summary(data), _summary(data[:, first:last]), first, last)
    labels = {"emotion": CODES[row["emotion"]]}
    return Trial("flex", subject, "1", number, row["clip"], labels, loaders, paths), samples


def _summary(data: np.ndarray) -> np.ndarray:
    known = np.ma.masked_invalid(data)
    return np.r_[data.shape[1], known.mean(axis=1).filled(0), known.std(axis=1).filled(0)]


def _eeg(path: Path, channels: tuple[str, ...], start: float, end: float) -> Signal:
    rate, table = read_table(path, (*channels, *(name for name in TABLES if name not in QUALITY)))
    data = placed(path, rate, channels, table)
    return Signal(data[:, :round(min(end * rate, data.shape[1]))], rate, channels, "uV", -start)
