"""The files of one EMOTIV FLEX 2 recording, written as EmotivPRO exports them. Same content, same
bytes."""

from functools import partial

import edfio
import numpy as np

from lib.datasets import flex_format as layout
from lib.datasets.flex_format import PREFIX, TABLES

# uV; assumed: what the headsets of this maker store lies about half way up their range
OFFSET, TOP = 4200.0, 8400.0
BEGIN = 1735700000.0  # time stamp of the first sample, the same for all
PLACES = 0.1282  # uV, one step of the 16 bits


def edf(eeg: np.ndarray, cap: tuple[str, ...], rate: float, quality: float,
        lost: np.ndarray) -> bytes:
    """A recording in EDF.

    Parameters
    ----------
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
    index, once = np.arange(eeg.shape[1]), np.ones(int(eeg.shape[1] / rate))
    data = np.clip(eeg + OFFSET, 0, TOP)[:, np.maximum.accumulate(np.where(lost, 0, index))]
    clock = {"TIME_STAMP_s": index // rate, "TIME_STAMP_ms": index % rate / rate * 1000}
    clock |= {TABLES["counter"][0]: index % rate, TABLES["interpolated"][0]: lost}
    contact = dict.fromkeys((f"CQ_{name}" for name in cap), _contact(quality))
    state = {"BATTERY_PERCENT": 90, "MARKER_HARDWARE": 0, **contact}
    state |= {TABLES["contact"][0]: quality, TABLES["eeg"][0]: quality - 5}
    signal = partial(edfio.EdfSignal, sampling_frequency=rate, physical_dimension="uV",
                     physical_range=(0, TOP))
    electrodes = [signal(x, label=name) for name, x in zip(cap, data.astype(float), strict=True)]
    whole = partial(edfio.EdfSignal.from_digital, physical_range=(-32768, 32767))
    fast = [whole(x.astype(np.int16), rate, label=name) for name, x in clock.items()]
    slow = [whole((x * once).astype(np.int16), 1, label=name) for name, x in state.items()]
    return edfio.Edf([*fast, *electrodes, *slow], data_record_duration=1.0).to_bytes()


def _contact(quality: float) -> int:
    """Of an electrode, 0 to 4."""
    return 4 if quality >= layout.LEAST_QUALITY else 2


def csv(eeg: np.ndarray, cap: tuple[str, ...], rate: float, quality: float,
        lost: np.ndarray) -> str:
    """A recording in CSV, see `edf`; lost packets are missing rows, which only the counter
    tells."""
    kept = np.flatnonzero(~lost)
    data = np.round(np.clip(eeg + OFFSET, 0, TOP) / PLACES) * PLACES
    first = (f"title:simulated,start timestamp:{BEGIN},stop timestamp:{BEGIN + len(lost) / rate},"
             f"headset type:FLEX2,headset serial:000000,headset firmware:0,channels:{len(cap)},"
             f"sampling rate:eeg_{rate:g};mot_32,samples:{len(kept)},version:3.0")
    names = ["Timestamp", TABLES["counter"][1], TABLES["interpolated"][1]]
    names += [*(PREFIX + name for name in cap), "EEG.BatteryPercent", "EEG.MarkerHardware"]
    names += [*(f"CQ.{name}" for name in cap), TABLES["contact"][1], TABLES["eeg"][1]]
    state = ["90", "0", *[f"{_contact(quality)}"] * len(cap), f"{quality:g}", f"{quality - 5:g}"]
    row = ",".join(["%.6f,%d,0", *["%.2f"] * len(cap), *state])
    rows = np.vstack([BEGIN + kept / rate, kept % rate, data[:, kept]]).T.tolist()
    lines = [first, ",".join(names), *(row % tuple(values) for values in rows)]
    return "\n".join(lines) + "\n"


def markers(clip: str, latency: float, duration: float) -> str:
    """The interval in which the clip was shown, in seconds from the recording's start."""
    row = (f"{latency:g}", f"{duration:g}", clip, "1", "", f"{BEGIN + latency:.3f}", "1")
    return f"{','.join(layout.MARKER_COLUMNS)}\n{','.join(row)}\n"
