"""EMOTIV FLEX 2: EEG exported by EmotivPRO as EDF or CSV, with a video of the face, of people watching emotional clips (paper 4).

The layout is in :mod:`lib.datasets.flex_format`. Simulated cohorts in the same layout carry a ``truth.json`` and are read by the same code.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import edfio
import numpy as np

from lib.datasets import edf
from lib.datasets import flex_format as layout
from lib.datasets.base import BadFile, Cohort, Signal, Trial, origin, read_csv, read_text
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
RECORDINGS = (".bdf", ".csv", ".edf")
SAME = 0.1  # uV; choice: closer means and spreads of every electrode are those of one recording
DRIFT = 0.01  # choice: of the time, by which the clock and the packets may part
# X.md (1)_intervalMarker: the recording's name, tags of streams and the number of a copy, what
# makes it a marker file, the number of a copy
NAME = re.compile(rf"(.+?)(?:\.(?:{'|'.join(layout.STREAMS)})|\s?\((\d+)\))*"
                  r"(_intervalmarker)?(?:\s?\((\d+)\))?", re.IGNORECASE)
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
    found, dropped, count = [], {}, Counter[int]()
    rows = _listing(folder)
    lines = Counter(row["file"] for row in rows.values())
    names = {line: row["file"] + (f", line {line}" if lines[row["file"]] > 1 else "") for line,
             row in rows.items()}
    for line, row in rows.items():
        try:
            if before := next((other for other in rows if other < line and rows[other] == row),
                              None):
                raise BadFile(folder / layout.LISTING_FILE, "each line once",
                              f"line {before} again in line {line}", "Remove one.")
            subject = _number(folder, row, line)
            count[subject] += 1
            found.append((line, *_trial(folder, row, subject, count[subject], tuple(channels),
                                        quality, least, video_rate, dropped)))
        except BadFile as error:
            dropped[names[line]] = str(error)
    again = _again([samples for _, _, samples in found])
    for (line, *_), others in zip(found, again, strict=True):
        if others:
            same = ", ".join(f"line {found[i][0]} ({names[found[i][0]]})" for i in others)
            dropped[names[line]] = str(BadFile(
                folder / layout.LISTING_FILE, f"in line {line} samples that no other line has",
                f"those of {same}",
                "Correct the listing; several clips of one recording need their intervals in "
                f"<name>{layout.MARKERS}."))
    trials = [trial for (_, trial, _), others in zip(found, again, strict=True) if not others]
    if not trials:
        raise BadFile(folder, "at least one usable recording", f"none; the first: {next(iter(dropped.values()), 'no lines')}", AGAIN)
    damaged = {name: why for name, why in dropped.items() if GATE not in why}  # that the gate holds some back is its purpose
    if damaged:
        log.warning("%s: %d files left out, the first, %s, because: %s", folder, len(damaged), *next(iter(damaged.items())))
    return Cohort("flex" if tier == "licensed" else "flex-simulated", tier, tuple(trials), caption, dropped)


def files(folder: str | Path) -> list[str]:
    """Relative paths of a complete copy: the listing and what it names."""
    rows = _listing(Path(folder)).values()
    return [layout.LISTING_FILE, *(row[key] for row in rows for key in ("file", "video") if row[key])]


def _listing(folder: Path) -> dict[int, dict[str, str]]:
    """The rows by the number of their line."""
    table = read_csv(folder / layout.LISTING_FILE,
                     "Write one line for each recording; video may be empty.", layout.LISTING,
                     text=layout.LISTING)
    for name in ("file", "video"):  # a path written on Windows
        table[name] = [path if (folder / path).exists() else path.replace("\\", "/")
                       for path in table[name]]
    return table[list(layout.LISTING)].to_dict("index")


def _number(folder: Path, row: Mapping[str, str], line: int) -> int:
    if not row["subject"].isdecimal() or row["emotion"] not in CODES or not row["clip"]:
        raise BadFile(folder / layout.LISTING_FILE, f"a subject's number, one of {', '.join(EMOTIONS)}, and a clip",
                      f"{row['subject']!r}, {row['emotion']!r}, {row['clip']!r} in line {line}",
                      "Correct this line.")
    return int(row["subject"])


class _Samples(NamedTuple):
    """Which samples a row stands for: length and each electrode's mean and spread of the recording
    and of the clip, and when that ran."""

    recording: np.ndarray
    clip: np.ndarray
    first: int
    last: int


def _trial(folder: Path, row: Mapping[str, str], subject: int, number: int, channels: tuple[str, ...], quality: str, least: float,
           video_rate: float, dropped: dict[str, str]) -> tuple[Trial, _Samples]:
    path = folder / row["file"]
    rate, table = _table(path, (*channels, *TABLES))
    if missing := [name for name in channels if name not in table]:
        raise BadFile(path, f"the {len(channels)} electrodes of the 28-channel map", f"no {', '.join(missing)}",
                      "Use a 32-channel recording, or name the electrodes it has: read(..., channels=...).")
    if rate not in layout.RATES:
        raise BadFile(path, "128 or 256 samples per second", f"{rate:g}", "Export at the rate of the headset, without resampling.")
    if least > 0:
        _gate(path, table, quality, least)
    data = _placed(path, rate, channels, table)
    lost = np.isnan(data).any(axis=0).mean()
    if lost > MOST_LOST:
        raise BadFile(path, f"at most {MOST_LOST:.0%} of the samples lost (COUNTER, INTERPOLATED)",
                      f"{lost:.0%}", LEAVE)
    if lost:
        log.info("%s: %.2g of the samples lost, marked as NaN", path, lost)
    markers = _markers(path)
    start, end = _interval(markers, row["clip"], data.shape[1] / rate) if markers else (0.0, np.inf)
    loaders, paths = {"eeg": partial(_eeg, path, channels, start, end)}, {"eeg": str(path)}
    if markers:
        paths["markers"] = str(markers)
    if row["video"]:
        video, lasts = spelled(folder / row["video"]), min(end, data.shape[1] / rate)
        try:
            clock(video, lasts)
            loaders["video"] = partial(_video, video, video_rate, start, end, lasts)
            paths["video"] = str(video)
        except BadFile as error:
            dropped[row["video"]] = f"{error} The EEG of this recording is read without it."
    first, last = round(start * rate), round(min(end * rate, data.shape[1]))
    return (Trial("flex", subject, "1", number, row["clip"], {"emotion": CODES[row["emotion"]]},
                  loaders, paths),
            _Samples(_summary(data), _summary(data[:, first:last]), first, last))


def _summary(data: np.ndarray) -> np.ndarray:
    known = np.ma.masked_invalid(data)
    return np.r_[data.shape[1], known.mean(axis=1).filled(0), known.std(axis=1).filled(0)]


def _again(rows: Sequence[_Samples]) -> list[list[int]]:
    """For each row the others that stand for some of its samples, whatever the files' names."""
    recordings, clips = (np.array([row[i] for row in rows]) for i in (0, 1))
    first, last = (np.array([row[i] for row in rows]) for i in (2, 3))
    again = []
    for i, row in enumerate(rows):
        same = np.abs(recordings - row.recording).max(axis=1) < SAME
        overlap = (first < row.last - 1) & (last > row.first + 1)
        others = (same & overlap) | (np.abs(clips - row.clip).max(axis=1) < SAME)
        again.append([j for j in np.flatnonzero(others) if j != i])
    return again


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
    header = edf.check(path, lambda label: label in wanted, AGAIN)
    with warnings.catch_warnings(action="ignore"):  # edfio's, of what the check let pass and said
        bdf = header.kind == "BDF"
        content = edfio.read_bdf(path) if bdf else edfio.read_edf(path, lazy_load_data=True)
    signals = {signal.label: signal for signal in content.signals}
    labels = {name: TABLES[name][0] if name in TABLES else name for name in wanted}
    return header.rate, {name: signals[label].data * header.microvolts.get(label, 1.0)
                         for name, label in labels.items() if label in signals}


def _from_csv(path: Path, wanted: Sequence[str]) -> tuple[float, dict[str, np.ndarray]]:
    first = read_text(path, AGAIN).partition("\n")[0]  # a title in it may hold anything
    key = r"(?:^|[,;])\s*sampling rate:\s*(?:eeg_)?(\d+)"  # eeg_128;mot_32: a rate for each stream
    rates = {float(rate) for rate in re.findall(key, first, re.IGNORECASE)}
    if len(rates) != 1:
        raise BadFile(path, "a first line with one 'sampling rate:'",
                      f"{sorted(rates)} in {first[:60]!r}",
                      f"{AGAIN} A title that looks like a setting must change.")
    names = {TABLES[name][1] if name in TABLES else layout.PREFIX + name: name for name in wanted}
    table = read_csv(path, AGAIN, keep=names.__contains__, skip=1)
    return rates.pop(), {names[column]: table[column].to_numpy() for column in table}


def _placed(path: Path, rate: float, channels: Sequence[str],
            table: Mapping[str, np.ndarray]) -> np.ndarray:
    """The samples, each at its time; what was lost or made up by the device is NaN."""
    lengths = {len(values) for name, values in table.items() if name not in QUALITY}
    if len(lengths) != 1 or 0 in lengths:
        raise BadFile(path, "as many samples of every electrode as of COUNTER and INTERPOLATED", f"{sorted(lengths)}", AGAIN)
    places = _places(path, rate, table)
    data = np.full((len(channels), places[-1] + 1), np.nan, np.float32)
    data[:, places] = np.stack([table[name] for name in channels])
    data[:, places[table.get("interpolated", np.zeros(len(places))) > 0]] = np.nan
    data[~np.isfinite(data)] = np.nan
    return data


def _places(path: Path, rate: float, table: Mapping[str, np.ndarray]) -> np.ndarray:
    """Where each sample belongs once the lost ones are put back: the counter tells it within a
    second, the clock the seconds."""
    n = len(next(iter(table.values())))
    counter = table.get("counter", np.arange(n) % rate)
    if (not np.isfinite(counter).all() or (counter % 1).any()
            or not 0 <= counter.min() <= counter.max() <= rate):
        raise BadFile(path, f"a counter from 0 to {rate - 1:g} in every row",
                      "empty rows or other numbers", AGAIN)
    period = counter.max() + 1  # it counts from 0 again every second
    steps = np.diff(counter) % period
    clock = table["clock"] + table.get("milliseconds", 0) / 1000 if "clock" in table else None
    if clock is not None:
        passed = np.diff(clock) * rate
        if not np.isfinite(passed).all() or (n > 1 and not 0.75 < np.median(passed) < 1.5):
            raise BadFile(path, f"a time in seconds in each row, {rate:g} rows a second",
                          f"{rate / np.median(passed):g} a second", AGAIN)
        steps += period * np.round((passed - steps) / period).clip(0)
        off = np.abs(passed - steps)
        slack = 1.5 + 3 * np.percentile(off[steps == 1], 99) if (steps == 1).any() else 1.5
    places = np.concatenate([[0], np.cumsum(steps)])
    if n > 1 and (wrong := (steps == 0)).any():
        raise BadFile(path, "a counter that goes on",
                      f"{counter[wrong.argmax()]:g} again in sample {wrong.argmax() + 1}", AGAIN)
    if clock is not None and n > 1:
        late = np.abs((clock - clock[0]) * rate - places) > slack + DRIFT * places
        if (wrong := (off > slack) | late[1:]).any():
            at = int(wrong.argmax())
            raise BadFile(path, "a counter and a clock that agree",
                          f"{steps[at]:g} packets and {passed[at] / rate:.3f} s after sample {at}",
                          "It is not known how much is missing there. " + AGAIN)
    return places.astype(int)


def _named(path: Path) -> tuple[str, str | None, bool]:
    """What a file is called but for tags and copies, the copy's number, and if it holds markers."""
    name = NAME.fullmatch(path.stem)
    return (name[1], name[2] or name[4], bool(name[3])) if name else (path.stem, None, False)


def _markers(path: Path) -> Path | None:
    """The recording's marker file, None where there is none; one that may be its own is refused."""
    if (exact := path.with_name(path.stem + layout.MARKERS)).is_file():
        return exact
    bare, copy, _ = _named(path)
    beside = {file: _named(file) for file in sorted(path.parent.iterdir())
              if file != path and file.is_file()}
    own: dict[tuple[bool, bool], list[Path]] = {}
    for file, (name, number, marks) in beside.items():
        if (marks and file.suffix.lower() == ".csv" and name.casefold() == bare.casefold()
                and (number == copy or None in (number, copy))):
            own.setdefault((name == bare, number == copy), []).append(file)
    if own and len(best := own[max(own)]) == 1:
        return best[0]
    recordings = {name for file, name in beside.items()
                  if file.suffix.lower() in RECORDINGS and "marker" not in file.stem.lower()}
    unused = [file for file, (name, number, marks) in beside.items()
              if (name, number, False) not in recordings and (
                  re.match(rf"{re.escape(bare)}[^a-z0-9].*marker", file.stem, re.IGNORECASE)
                  or (marks and bare.casefold().startswith(f"{name.casefold()}.")))]
    if unused:
        raise BadFile(path, f"its markers in {path.stem}{layout.MARKERS}",
                      f"{', '.join(file.name for file in unused)} beside it",
                      "Give its marker file that name, or move the other away: then the clip "
                      "starts with the recording.")
    return _markers(path.resolve()) if path.is_symlink() else None


def _interval(markers: Path, clip: str, seconds: float) -> tuple[float, float]:
    """Start and end of the clip in seconds after the start of a recording of so many seconds."""
    table = read_csv(markers, AGAIN, ("latency", "duration", "type"), text=("type",))
    rows = table.loc[table["type"] == clip, ["latency", "duration"]].to_numpy(float)
    if len(rows) != 1 or not (rows[0, 0] >= 0 and rows[0, 1] > 0):
        raise BadFile(markers, f"one interval of type {clip!r} with a latency and a duration", f"{rows.tolist()}",
                      "Correct the clip in recordings.csv, or remove this file to use the whole recording.")
    start, end = rows[0, 0], rows[0].sum()
    if end > seconds + 1:
        unit = " (milliseconds?)" if 10 * seconds < end <= 1000 * (seconds + 1) else ""
        raise BadFile(markers, f"an interval within the {seconds:g} s of the recording",
                      f"{start:g} to {end:g}{unit}",
                      "Write latency and duration in seconds, or get the whole recording.")
    return float(start), float(end)


def _eeg(path: Path, channels: tuple[str, ...], start: float, end: float) -> Signal:
    rate, table = _table(path, (*channels, *(name for name in TABLES if name not in QUALITY)))
    data = _placed(path, rate, channels, table)
    return Signal(data[:, : round(min(end * rate, data.shape[1]))], rate, channels, "uV", -start)
