"""The files of one EMOTIV FLEX 2 recording, written as EmotivPRO exports them. Same content, same
bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import edfio
import numpy as np

from lib.datasets import flex_format as layout
from lib.datasets.flex_format import PREFIX, TABLES
from lib.simulation.mahnob_files import write_video as motion_jpeg
from lib.whole import write_file

# uV; assumed: what the headsets of this maker store lies about half way up their range
OFFSET, TOP = 4200.0, 8400.0
BEGIN = 1735700000.0  # time stamp of the first sample, the same for all
PLACES = 0.1282  # uV, one step of the 16 bits


def _whole(label: str, values: np.ndarray, rate: float) -> edfio.EdfSignal:
    return edfio.EdfSignal.from_digital(values.astype(np.int16), rate, label=label,
                                        physical_range=(-32768, 32767))


def write_edf(file: Path, eeg: np.ndarray, cap: tuple[str, ...], rate: float, quality: float,
              lost: np.ndarray) -> None:
    """Write EDF.

    Parameters
    ----------
    file : Path
    eeg : array, (n_channels, n)
        Microvolts without the offset; ``n`` a whole number of seconds.
    cap : tuple of str
        Electrodes.
    rate : float
    quality : float
        Of the contact, 0 to 100; it and the electrodes' are stored once a second (choice: the
        owner's files repeat them in every sample).
    lost : array, (n,)
        True where a packet was lost; the device then repeats the last sample and says so.
    """
    n = eeg.shape[1]
    seconds, index = int(n / rate), np.arange(n)
    data = np.clip(eeg + OFFSET, 0, TOP)[:, np.maximum.accumulate(np.where(lost, 0, index))]
    signals = [
        _whole("TIME_STAMP_s", index // rate, rate),
        _whole("TIME_STAMP_ms", index % rate / rate * 1000, rate),
        _whole(TABLES["counter"][0], index % rate, rate),
        _whole(TABLES["interpolated"][0], lost, rate)
    ]
    signals += [
        edfio.EdfSignal(row.astype(float), rate, label=name, physical_dimension="uV",
                        physical_range=(0, TOP)) for name, row in zip(cap, data, strict=True)
    ]
    once = np.ones(seconds)
    signals += [_whole("BATTERY_PERCENT", 90 * once, 1), _whole("MARKER_HARDWARE", 0 * once, 1)]
    signals += [
        _whole(f"CQ_{name}", (4 if quality >= layout.LEAST_QUALITY else 2) * once, 1)
        for name in cap
    ]
    signals += [
        _whole(TABLES["contact"][0], quality * once, 1),
        _whole(TABLES["eeg"][0], (quality - 5) * once, 1)
    ]
    write_file(file, edfio.Edf(signals, data_record_duration=1.0).to_bytes())


def write_csv(file: Path, eeg: np.ndarray, cap: tuple[str, ...], rate: float, quality: float,
              lost: np.ndarray) -> None:
    """Write CSV, see `write_edf`; lost packets are missing rows, which only the counter tells."""
    n = eeg.shape[1]
    kept = np.flatnonzero(~lost)
    data = np.round(np.clip(eeg + OFFSET, 0, TOP) / PLACES) * PLACES
    first = (f"title:simulated,start timestamp:{BEGIN},stop timestamp:{BEGIN + n / rate},headset "
             "type:FLEX2,headset serial:000000,"
             f"headset firmware:0,channels:{len(cap)},sampling "
             f"rate:eeg_{rate:g};mot_32,samples:{len(kept)},version:3.0")
    names = [
        "Timestamp", TABLES["counter"][1], TABLES["interpolated"][1],
        *(PREFIX + name for name in cap), "EEG.BatteryPercent", "EEG.MarkerHardware",
        *(f"CQ.{name}" for name in cap), TABLES["contact"][1], TABLES["eeg"][1]
    ]
    contact = 4 if quality >= layout.LEAST_QUALITY else 2
    row = "%.6f,%d,0," + "%.2f," * len(
        cap) + f"90,0,{f'{contact},' * len(cap)}{quality:g},{quality - 5:g}"
    rows = np.vstack([BEGIN + kept / rate, kept % rate, data[:, kept]]).T.tolist()
    write_file(
        file, "\n".join([first, ",".join(names), *(row % tuple(values) for values in rows)]) + "\n")


def write_markers(file: Path, clip: str, latency: float, duration: float) -> None:
    """Write the interval in which the clip was shown, in seconds from the recording's start."""
    row = (f"{latency:g}", f"{duration:g}", clip, "1", "", f"{BEGIN + latency:.3f}", "1")
    write_file(file.with_name(file.stem + layout.MARKERS),
               f"{','.join(layout.MARKER_COLUMNS)}\n{','.join(row)}\n")


def write_video(file: Path, frames: int, frame: Callable[[int], np.ndarray], rate: float,
                size: tuple[int, int]) -> None:
    """Write a Motion JPEG video whole or not at all, see
    :func:`lib.simulation.mahnob_files.write_video`."""
    with tempfile.TemporaryDirectory() as folder:
        motion_jpeg(Path(folder) / file.name, frames, frame, rate, size)
        write_file(file, (Path(folder) / file.name).read_bytes())
