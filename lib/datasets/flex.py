"""EMOTIV FLEX 2: EEG exported by EmotivPRO as EDF or CSV, with a video of the face, of people watching emotional clips (paper 4).

The layout is in :mod:`lib.datasets.flex_format`. Simulated cohorts in the same layout carry a ``truth.json`` and are read by the same code.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import edfio
import numpy as np
import pandas as pd

from lib.datasets import flex_format as layout
from lib.datasets.base import BadFile, Cohort, Signal, Trial, origin
from lib.datasets.flex_format import CHANNELS, EMOTIONS, LEAST_QUALITY, TABLES
from lib.datasets.video import clock
from lib.datasets.video import read_video as _video
from lib.paths import spelled

__all__ = ["files", "read"]

log = logging.getLogger(__name__)
AGAIN = "Export this recording again."
GATE = "a median quality of"
LEAVE = "Nothing needs to be done: the other recordings are read."
MOST_LOST = 0.1  # choice: of the samples; a recording that lost more is left out
VIDEO_RATE = 2.0  # choice: frames per second in memory
QUALITY = ("contact", "eeg")
CODES = {emotion: float(i) for i, emotion in enumerate(EMOTIONS)}


def read(folder: str | Path, channels: Sequence[str] = CHANNELS, *, quality: str = "contact", least: float = LEAST_QUALITY,
         video_rate: float = VIDEO_RATE) -> Cohort:
    """Read FLEX 2 recordings, or a simulated cohort in their layout.

    Parameters
    ----------
    folder : path-like
        Holds ``recordings.csv``, one line per recording: ``file`` and ``video`` (paths from here; ``video`` may be empty), ``subject`` (a
        number), ``emotion`` and ``clip`` (its name). Intervals beside the recording, in ``<name>_intervalMarker.csv``, must hold one whose
        ``type`` is the clip; without that file the clip starts with the recording. The video starts with the recording.
    channels : sequence of str
        Electrodes in the wanted order.
    quality : {"contact", "eeg"}
        Which of the device's two overall scores (0 to 100) decides. Sec 5.1 says "signal quality reported by the device".
    least : float
        Lowest median over the recording; 0 takes all. Sec 5.1: 80.
    video_rate : float
        Frames per second that are kept.

    Returns
    -------
    Cohort
        One trial per recording in the order of the listing; ``session`` is ``"1"``, ``trial`` counts a subject's lines from 1,
        ``stimulus`` is the clip, ``labels["emotion"]`` 0 to 3 (:data:`lib.datasets.flex_format.EMOTIONS`). Signals start with the
        recording (``start`` <= 0) and end with the clip: ``eeg`` ``(n_channels, n)`` float32 in uV at 128 or 256 Hz, offset and all;
        ``video`` ``(n, height, width, 3)`` where there is one. What is left out is in ``dropped``, with the reason.

    Raises
    ------
    BadFile
        No listing, or not one usable recording.

    Notes
    -----
    Samples the device lost are NaN: those it filled in itself (``INTERPOLATED`` > 0), and those missing from the file, which a jump of
    ``COUNTER`` tells and which are put back as NaN, so that time goes on. A loss of whole seconds cannot be seen by the counter.
    """
    folder = Path(folder)
    tier, caption = origin(folder, "EMOTIV FLEX 2")
    trials, dropped, count = [], {}, {}
    for row in _listing(folder):
        try:
            subject = _number(folder, row)
            count[subject] = count.get(subject, 0) + 1
            trials.append(_trial(folder, row, subject, count[subject], tuple(channels), quality,
                                 least, video_rate, dropped))
        except BadFile as error:
            dropped[row["file"]] = str(error)
    if not trials:
        raise BadFile(folder, "at least one usable recording", f"none; the first: {next(iter(dropped.values()), 'no lines')}", AGAIN)
    damaged = {name: why for name, why in dropped.items() if GATE not in why}  # that the gate holds some back is its purpose
    if damaged:
        log.warning("%s: %d files left out, the first, %s, because: %s", folder, len(damaged), *next(iter(damaged.items())))
    return Cohort("flex" if tier == "licensed" else "flex-simulated", tier, tuple(trials), caption, dropped)


def files(folder: str | Path) -> list[str]:
    """Relative paths of a complete copy: the listing and what it names."""
    rows = _listing(Path(folder))
    return [layout.LISTING_FILE, *(row[key] for row in rows for key in ("file", "video") if row[key])]


def _listing(folder: Path) -> list[dict[str, str]]:
    path, columns = folder / layout.LISTING_FILE, ", ".join(layout.LISTING)
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, skipinitialspace=True)
    except (OSError, ValueError) as error:
        raise BadFile(path, f"a listing with the columns {columns}", type(error).__name__,
                      "Write one line for each recording, in UTF-8.") from error
    if missing := [name for name in layout.LISTING if name not in table]:
        raise BadFile(path, f"the columns {columns}", f"no {', '.join(missing)}", "Add them; video may be empty.")
    return table[list(layout.LISTING)].to_dict("records")


def _number(folder: Path, row: Mapping[str, str]) -> int:
    if not row["subject"].isdecimal() or row["emotion"] not in CODES or not row["clip"]:
        raise BadFile(folder / layout.LISTING_FILE, f"a subject's number, one of {', '.join(EMOTIONS)}, and a clip",
                      f"{row['subject']!r}, {row['emotion']!r}, {row['clip']!r} for {row['file']}", "Correct this line.")
    return int(row["subject"])


def _trial(folder: Path, row: Mapping[str, str], subject: int, number: int, channels: tuple[str, ...], quality: str, least: float,
           video_rate: float, dropped: dict[str, str]) -> Trial:
    path = folder / row["file"]
    rate, table = _table(path, (*channels, *TABLES))
    if missing := [name for name in channels if name not in table]:
        raise BadFile(path, f"the {len(channels)} electrodes of the 28-channel map", f"no {', '.join(missing)}",
                      "Use a 32-channel recording, or name the electrodes it has: read(..., channels=...).")
    if rate not in layout.RATES:
        raise BadFile(path, "128 or 256 samples per second", f"{rate:g}", "Export at the rate of the headset, without resampling.")
    if least > 0:
        _gate(path, table, quality, least)
    _lost(path, table)
    start, end = _interval(path, row["clip"])
    loaders, paths = {"eeg": partial(_eeg, path, channels, start, end)}, {"eeg": str(path)}
    if (markers := _markers(path)).is_file():
        paths["markers"] = str(markers)
    if row["video"]:
        video, lasts = spelled(folder / row["video"]), min(end, len(table[channels[0]]) / rate)
        try:
            clock(video, lasts)
            loaders["video"] = partial(_video, video, video_rate, start, end, lasts)
            paths["video"] = str(video)
        except BadFile as error:
            dropped[row["video"]] = f"{error} The EEG of this recording is read without it."
    return Trial("flex", subject, "1", number, row["clip"], {"emotion": CODES[row["emotion"]]}, loaders, paths)


def _gate(path: Path, table: Mapping[str, np.ndarray], quality: str, least: float) -> None:
    score = np.nanmedian(table[quality]) if quality in table and np.isfinite(table[quality]).any() else None
    if score is None:
        raise BadFile(path, f"the device's overall quality ({' or '.join(TABLES[quality])})", "none",
                      "Export with quality channels, or take the recording as it is with read(..., least=0).")
    if score < least:
        raise BadFile(path, f"{GATE} {least:g} or more", f"{score:g}", LEAVE)


def _table(path: Path, wanted: Sequence[str]) -> tuple[float, dict[str, np.ndarray]]:
    """Samples per second, and of the wanted columns (electrodes, or keys of ``TABLES``) those that are there."""
    if not path.is_file():
        raise BadFile(path, "a recording (.edf or .csv)", "no such file", f"Correct its line in {layout.LISTING_FILE}.")
    try:
        return (_from_csv if path.suffix.lower() == ".csv" else _from_edf)(path, wanted)
    except BadFile:
        raise
    except Exception as error:  # a parser raises whatever the damaged bytes lead it to
        raise BadFile(path, "an EDF or CSV file exported by EmotivPRO", f"{type(error).__name__}: {error}", AGAIN) from error


def _from_edf(path: Path, wanted: Sequence[str]) -> tuple[float, dict[str, np.ndarray]]:
    signals = {signal.label: signal for signal in edfio.read_edf(path, lazy_load_data=True).signals}
    labels = {name: TABLES[name][0] if name in TABLES else name for name in wanted}
    found = {name: signals[label] for name, label in labels.items() if label in signals}
    rates = [signal.sampling_frequency for name, signal in found.items() if name not in TABLES]
    return rates[0] if rates else 0.0, {name: signal.data for name, signal in found.items()}


def _from_csv(path: Path, wanted: Sequence[str]) -> tuple[float, dict[str, np.ndarray]]:
    with open(path, encoding="utf-8-sig") as handle:
        preamble = handle.readline()
    rate = re.search(r"sampling rate:\s*(?:eeg_)?(\d+)", preamble, re.IGNORECASE)  # eeg_128;mot_32: a rate for each stream
    if rate is None:
        raise BadFile(path, "a first line with 'sampling rate:'", repr(preamble[:60]), AGAIN)
    names = {TABLES[name][1] if name in TABLES else layout.PREFIX + name: name for name in wanted}
    table = pd.read_csv(path, skiprows=1, usecols=lambda column: column in names, dtype=np.float64)
    return float(rate[1]), {names[column]: table[column].to_numpy() for column in table}


def _places(table: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Where each sample belongs once the lost ones are put back, and which samples the device made up."""
    n = len(next(iter(table.values())))
    counter = table.get("counter", np.zeros(n))
    steps = (np.diff(counter) - 1) % (counter.max() + 1) + 1  # it counts from 0 again every second
    return np.concatenate([[0], np.cumsum(steps)]).astype(int), table.get("interpolated", np.zeros(n)) > 0


def _lost(path: Path, table: Mapping[str, np.ndarray]) -> None:
    lengths = {len(values) for name, values in table.items() if name not in QUALITY}
    if len(lengths) != 1 or 0 in lengths:
        raise BadFile(path, "as many samples of every electrode as of COUNTER and INTERPOLATED", f"{sorted(lengths)}", AGAIN)
    if not np.isfinite(table.get("counter", 0)).all():
        raise BadFile(path, "a number in every row of the counter", "empty rows", AGAIN)
    places, made_up = _places(table)
    total = int(places[-1]) + 1
    lost = total - len(places) + int(made_up.sum())
    if lost > MOST_LOST * total:
        raise BadFile(path, f"at most {MOST_LOST:.0%} of the samples lost (COUNTER, INTERPOLATED)", f"{lost / total:.0%}", LEAVE)
    if lost:
        log.info("%s: %d of %d samples lost, marked as NaN", path, lost, total)


def _markers(path: Path) -> Path:
    return path.with_name(path.stem + layout.MARKERS)


def _interval(path: Path, clip: str) -> tuple[float, float]:
    """Start and end of the clip in seconds after the recording's start."""
    markers = _markers(path)
    if not markers.is_file():
        return 0.0, np.inf
    try:
        table = pd.read_csv(markers)
        rows = table.loc[table["type"].astype(str) == clip, ["latency", "duration"]].to_numpy(float)
    except (OSError, ValueError, KeyError) as error:
        raise BadFile(markers, f"the columns {', '.join(layout.MARKER_COLUMNS)}", f"{type(error).__name__}: {error}", AGAIN) from error
    if len(rows) != 1 or not (rows[0, 0] >= 0 and rows[0, 1] > 0):
        raise BadFile(markers, f"one interval of type {clip!r} with a latency and a duration", f"{rows.tolist()}",
                      "Correct the clip in recordings.csv, or remove this file to use the whole recording.")
    return float(rows[0, 0]), float(rows[0].sum())


def _eeg(path: Path, channels: tuple[str, ...], start: float, end: float) -> Signal:
    rate, table = _table(path, (*channels, "counter", "interpolated"))
    places, made_up = _places(table)
    data = np.full((len(channels), places[-1] + 1), np.nan, np.float32)
    data[:, places] = np.stack([table[name] for name in channels])
    data[:, places[made_up]] = np.nan
    return Signal(data[:, : round(min(end * rate, data.shape[1]))], rate, channels, "uV", -start)
