"""The header of an EDF or BDF file, held against the file before a library reads it.

MNE and edfio mend or pass over what is refused here: files that were cut, limits that say nothing
of the unit, channels of another rate. Kemp et al. 1992, Kemp & Olivan 2003 (EDF+); BDF has 24 bits.
"""

import logging
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lib.datasets.checks import check as check_file

log = logging.getLogger(__name__)
# bytes for each channel
FIELDS = {
    "label": 16, "transducer": 80, "unit": 8, "lowest": 8, "highest": 8, "digital lowest": 8,
    "digital highest": 8, "filter": 80, "samples": 8, "reserved": 32
}
MICROVOLTS = {"uV": 1.0, "µV": 1.0, "mV": 1e3, "V": 1e6, "nV": 1e-3, "": 1.0}
TO_MNE = ("uV", "µV", "mV", "V")  # MNE takes any other unit for the volt
RATES = (100.0, 20000.0)  # Hz; choice: what EEG is recorded at
LEAST_RANGE, MOST_STEP = 10.0, 10.0  # uV; choice: in which EEG fits, scaled to itself or not


class Header(NamedTuple):
    """What a header says: ``EDF`` or ``BDF``, all labels, and of the channels that are used the
    samples per second and the factor to microvolts."""

    kind: str
    labels: list[str]
    rate: float
    microvolts: dict[str, float]


def check(path: Path, used: Callable[[str], bool], fix: str, *, mne: bool = False) -> Header:
    """Refuse a file whose header cannot be true of it; ``used`` tells the labels of electrodes,
    ``mne`` that MNE will read it."""
    unless = partial(check_file, path, fix=fix)
    size = path.stat().st_size
    with open(path, "rb") as file:
        head = file.read(256)
        first = head[:8]
        kind = "BDF" if first == b"\xffBIOSEMI" else "EDF" if first.strip() == b"0" else ""
        unless(kind and len(head) == 256, "the header of an EDF or BDF file", repr(first))
        parts = {
            "header bytes": head[184:192], "number of records": head[236:244],
            "seconds of a record": head[244:252], "number of channels": head[252:256]
        }
        length, records, seconds, n = (_number(path, *part, fix) for part in parts.items())
        unless(n >= 1 and length == 256 * (n + 1), "a header of 256 bytes and 256 for each channel",
               f"{length:g} for {n:g} channels")
        rest = file.read(256 * int(n))
    unless(len(rest) == 256 * n, f"a header of {length:g} bytes", f"{size} bytes (cut short)")
    ending = path.suffix[1:].upper()
    unless(not mne or ending == kind, f"an {ending} file", f"a {kind} file",
           fix=f"Give its name the ending .{kind.lower()}.")
    unless(head[192:197].strip() not in (b"EDF+D", b"BDF+D"), "a recording without interruption",
           "EDF+D, a discontinuous one", fix="Export it as EDF+C.")
    fields = _fields(rest, int(n),
                     b" " if mne else b" \0")  # to MNE a zero byte is part of the text
    labels = [label.decode("latin-1") for label in fields["label"]]
    samples = np.array([
        _number(path, f"samples of {label}", text, fix)
        for label, text in zip(labels, fields["samples"], strict=True)
    ])
    unless(seconds > 0 and (samples >= 1).all() and (samples % 1 == 0).all(),
           "records of some seconds, with samples of every channel",
           f"{seconds:g} s, {samples.min():g} samples")
    record = (2 + (kind == "BDF")) * int(samples.sum())
    unless(records % 1 == 0, "a whole number of records", f"{records:g}")
    there, more = divmod(size - int(length), record)
    if records == -1 and there and not more:  # what an interrupted recording leaves
        log.warning("%s: the header does not say how long it is; %d records are there", path, there)
    else:
        promised = int(length) + record * int(records)
        unless(records > 0 and size == promised, f"{promised} bytes, {records:g} records",
               f"{size} ({'cut short' if size < promised else 'longer than its header says'})")
    signals = [i for i in range(int(n)) if not labels[i].endswith("Annotations")]
    picked = [i for i in signals if used(labels[i])]
    twice = [label for label, times in Counter(labels[i] for i in picked).items() if times > 1]
    unless(not twice, "each electrode once", f"{', '.join(twice)} twice")
    rates = sorted({float(samples[i] / seconds) for i in (signals if mne else picked)})
    unless(len(rates) < 2, "one sampling rate", ", ".join(f"{rate:g}" for rate in rates))
    unless(not rates or RATES[0] <= rates[0] <= RATES[1],
           f"{RATES[0]:g} to {RATES[1]:g} samples per second", f"{sum(rates):g}")
    texts = {labels[i]: {name: fields[name][i] for name in fields} for i in picked}
    scales = {
        label: _microvolts(path, label, text, kind, fix, mne) for label, text in texts.items()
    }
    limits = Counter(tuple(text.items())[2:7] for text in texts.values())
    unless(
        len(limits) < 2 or max(limits.values()) < 0.75 * len(picked),
        "the same limits and unit of all electrodes, or those of each",
        f"others in a few of {len(picked)}")
    return Header(kind, labels, rates[0] if rates else 0.0, scales)


def _fields(rest: bytes, n: int, blank: bytes) -> dict[str, list[bytes]]:
    """The second part of a header: what it says of each of ``n`` channels, field by field."""
    fields, at = {}, 0
    for name, width in FIELDS.items():
        block = rest[at:at + width * n]
        fields[name] = [block[i:i + width].strip(blank) for i in range(0, len(block), width)]
        at += len(block)
    return fields


def _number(path: Path, name: str, text: bytes, fix: str) -> float:
    number = np.nan
    with suppress(ValueError):
        number = float(text.decode("ascii").strip(" \0"))
    why = " (a decimal comma)" if b"," in text else ""
    check_file(path, np.isfinite(number), f"a number in its header: {name}", f"{text!r}{why}", fix)
    return number


def _microvolts(path: Path, label: str, text: dict[str, bytes], kind: str, fix: str,
                mne: bool) -> float:
    """The factor that makes microvolts of a channel's physical values."""
    old = mne or b"\xc2" not in text["unit"]  # MNE reads Latin-1; some write the sign in UTF-8
    unit = text["unit"].decode("latin-1" if old else "utf-8", "replace")
    must = partial(check_file, path, fix=fix)
    must(unit in (TO_MNE if mne else MICROVOLTS), f"uV, mV or V as the unit of {label}", repr(unit))
    limits = ("lowest", "highest", "digital lowest", "digital highest")
    numbers = [_number(path, f"{name} value of {label}", text[name], fix) for name in limits]
    low, high, digital_low, digital_high = numbers
    half = 2**(23 if kind == "BDF" else 15)
    must(-half <= digital_low < digital_high < half,
         f"digital limits of {label} from {-half} to {half - 1}",
         f"{digital_low:g} to {digital_high:g}")
    span = abs(high - low) * MICROVOLTS[unit]
    step = span / (digital_high - digital_low)
    must(
        span >= LEAST_RANGE and step <= MOST_STEP,
        f"limits of {label} in which EEG fits: {LEAST_RANGE:g} uV or more, in "
        f"steps of at most {MOST_STEP:g} uV", f"{low:g} to {high:g} {unit}".strip())
    must(unit or (low, high) != (digital_low, digital_high), f"{label} in microvolts",
         "limits of the converter and no unit: numbers that were never calibrated")
    return MICROVOLTS[unit]
