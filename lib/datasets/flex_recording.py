"""One recording of EMOTIV FLEX 2, EDF or CSV: its samples, each at its time,
and the interval of a clip in its marker file."""

import re
import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import edfio
import numpy as np

from lib.datasets import edf
from lib.datasets import flex_format as layout
from lib.datasets.checks import check, check_there, microvolts, refused
from lib.datasets.flex_format import TABLES
from lib.datasets.table import read_csv, read_text

AGAIN = "Export this recording again."
QUALITY = ("contact", "eeg")
RECORDINGS = (".bdf", ".csv", ".edf")
DRIFT = 0.01  # choice: of the time, by which the clock and the packets may part
# X.md (1)_intervalMarker: the recording's name, tags of streams and the number of a copy, what
# makes it a marker file, the number of a copy
NAME = re.compile(
    rf"(.+?)(?:\.(?:{'|'.join(layout.STREAMS)})|\s?\((\d+)\))*"
    r"(_intervalmarker)?(?:\s?\((\d+)\))?", re.IGNORECASE)


def read_table(path: Path, wanted: Sequence[str]) -> tuple[float, dict[str, np.ndarray]]:
    """Samples per second, and of the wanted columns (electrodes, or keys of ``TABLES``) those that
    are there."""
    check_there(path, "a recording (.edf or .csv)", f"Correct its line in {layout.LISTING_FILE}.")
    with refused(path, "an EDF or CSV file exported by EmotivPRO", AGAIN):
        return (_from_csv if path.suffix.lower() == ".csv" else _from_edf)(path, wanted)


def _from_edf(path: Path, wanted: Sequence[str]) -> tuple[float, dict[str, np.ndarray]]:
    header = edf.check(path, wanted.__contains__, AGAIN)
    with warnings.catch_warnings(action="ignore"):  # edfio's, of what the check let pass and said
        bdf = header.kind == "BDF"
        content = edfio.read_bdf(path) if bdf else edfio.read_edf(path, lazy_load_data=True)
    signals = {signal.label: signal for signal in content.signals}
    labels = {name: TABLES[name][0] if name in TABLES else name for name in wanted}
    return header.rate, {
        name: signals[label].data * header.microvolts.get(label, 1.0)
        for name, label in labels.items() if label in signals
    }


def _from_csv(path: Path, wanted: Sequence[str]) -> tuple[float, dict[str, np.ndarray]]:
    first = read_text(path, AGAIN).partition("\n")[0]  # a title in it may hold anything
    key = r"(?:^|[,;])\s*sampling rate:\s*(?:eeg_)?(\d+)"  # eeg_128;mot_32: a rate for each stream
    rates = {float(rate) for rate in re.findall(key, first, re.IGNORECASE)}
    one = len(rates) == 1
    check(path, one, "a first line with one 'sampling rate:'", f"{sorted(rates)} in {first[:60]!r}",
          f"{AGAIN} A title that looks like a setting must change.")
    names = {TABLES[name][1] if name in TABLES else layout.PREFIX + name: name for name in wanted}
    table = read_csv(path, AGAIN, keep=names.__contains__, skip=1)
    return rates.pop(), {names[column]: table[column].to_numpy() for column in table}


def placed(path: Path, rate: float, channels: Sequence[str],
           table: Mapping[str, np.ndarray]) -> np.ndarray:
    """The samples, each at its time; what was lost or made up by the device is NaN."""
    lengths = {len(values) for name, values in table.items() if name not in QUALITY}
    alike = len(lengths) == 1 and 0 not in lengths
    check(path, alike, "as many samples of every electrode as of COUNTER and INTERPOLATED",
          sorted(lengths), AGAIN)
    places = _places(path, rate, table)
    data = np.full((len(channels), places[-1] + 1), np.nan, np.float32)
    data[:, places] = np.stack([table[name] for name in channels])
    data[:, places[table.get("interpolated", np.zeros(len(places))) > 0]] = np.nan
    data[~np.isfinite(data)] = np.nan
    microvolts(path, data, AGAIN)
    return data


def _places(path: Path, rate: float, table: Mapping[str, np.ndarray]) -> np.ndarray:
    """Where each sample belongs once the lost ones are put back: the counter tells it within a
    second, the clock the seconds."""
    must, n = partial(check, path, fix=AGAIN), len(next(iter(table.values())))
    counter = table.get("counter", np.arange(n) % rate)
    whole = np.isfinite(counter).all() and not (counter % 1).any()
    must(whole and 0 <= counter.min() and counter.max() <= rate,
         f"a counter from 0 to {rate - 1:g} in every row", "empty rows or other numbers")
    period = counter.max() + 1  # it counts from 0 again every second
    steps = np.diff(counter) % period
    if "clock" in table and n > 1:
        clock = table["clock"] + table.get("milliseconds", 0) / 1000
        passed = np.diff(clock) * rate
        timely = np.isfinite(passed).all() and 0.75 < np.median(passed) < 1.5
        must(timely, f"a time in seconds in each row, {rate:g} rows a second",
             f"{rate / np.median(passed):g} a second")
        steps += period * np.round((passed - steps) / period).clip(0)
    places = np.concatenate([[0], np.cumsum(steps)])
    still = int((places[1:] == places[:-1]).argmax()) if n > 1 else 0
    must(n == 1 or steps[still], "a counter that goes on",
         f"{counter[still]:g} again in sample {still + 1}")
    if "clock" in table and n > 1:
        off = np.abs(passed - steps)
        slack = 1.5 + 3 * np.percentile(off[steps == 1], 99) if (steps == 1).any() else 1.5
        late = np.abs((clock - clock[0]) * rate - places) > slack + DRIFT * places
        wrong = (off > slack) | late[1:]
        at = int(wrong.argmax())
        must(not wrong.any(), "a counter and a clock that agree",
             f"{steps[at]:g} packets and {passed[at] / rate:.3f} s after sample {at}",
             fix=f"It is not known how much is missing there. {AGAIN}")
    return places.astype(int)


def _named(path: Path) -> tuple[str, str | None, bool]:
    """What a file is called but for tags and copies, the copy's number, and if it holds markers."""
    name = NAME.fullmatch(path.stem)
    return (name[1], name[2] or name[4], bool(name[3])) if name else (path.stem, None, False)


def marker_file(path: Path) -> Path | None:
    """The recording's marker file, None where there is none; one that may be its own is refused."""
    if (exact := path.with_name(path.stem + layout.MARKERS)).is_file():
        return exact
    bare, copy, _ = _named(path)
    others = [file for file in sorted(path.parent.iterdir()) if file != path and file.is_file()]
    beside = {file: _named(file) for file in others}
    own = defaultdict(list)
    for file, (name, number, marks) in beside.items():
        alike = name.casefold() == bare.casefold() and (number == copy or None in (number, copy))
        if marks and alike and file.suffix.lower() == ".csv":
            own[name == bare, number == copy].append(file)
    if own and len(best := own[max(own)]) == 1:
        return best[0]
    recordings = {
        name for file, name in beside.items()
        if file.suffix.lower() in RECORDINGS and "marker" not in file.stem.lower()
    }
    unused = [
        file for file, (name, number, marks) in beside.items()
        if (name, number, False) not in recordings and (
            re.match(rf"{re.escape(bare)}[^a-z0-9].*marker", file.stem, re.IGNORECASE) or
            (marks and bare.casefold().startswith(f"{name.casefold()}.")))
    ]
    found = ", ".join(file.name for file in unused)
    check(
        path, not unused, f"its markers in {path.stem}{layout.MARKERS}", f"{found} beside it",
        "Give its marker file that name, or move the other away: then the clip starts with the "
        "recording.")
    return marker_file(path.resolve()) if path.is_symlink() else None


def interval(markers: Path, clip: str, seconds: float) -> tuple[float, float]:
    """Start and end of the clip in seconds after the start of a recording of so many seconds."""
    table = read_csv(markers, AGAIN, ("latency", "duration", "type"), text=("type",))
    rows = table.loc[table["type"] == clip, ["latency", "duration"]].to_numpy(float)
    one = len(rows) == 1 and rows[0, 0] >= 0 and rows[0, 1] > 0
    check(markers, one, f"one interval of type {clip!r} with a latency and a duration",
          rows.tolist(),
          "Correct the clip in recordings.csv, or remove this file to use the whole recording.")
    start, end = map(float, (rows[0, 0], rows[0].sum()))
    unit = " (milliseconds?)" if 10 * seconds < end <= 1000 * (seconds + 1) else ""
    check(markers, end <= seconds + 1 and start < seconds,
          f"an interval within the {seconds:g} s of the recording", f"{start:g} to {end:g}{unit}",
          "Write latency and duration in seconds, or get the whole recording.")
    return start, end
