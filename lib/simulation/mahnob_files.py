"""The files of one MAHNOB-HCI session, written as the owner's recording software left them. Same
content, same bytes."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree import ElementTree

import cv2
import edfio
import numpy as np
import pandas as pd
import scipy.io

from lib.datasets.mahnob_format import (ALL_CHANNELS, BDF_RATE, GAZE_COLUMNS, GAZE_PREAMBLE,
                                        GAZE_RATE)

# unit and largest value; else microvolts in BioSemi's range
UNITS = {"GSR1": ("Ohm", 8388607), "GSR2": ("Ohm", 8388607), "Temp": ("degC", 1024)}
# assumed: device bits of a BioSemi receiver (electrodes in range, speed), set throughout
STATUS_BITS = 1 << 20 | 1 << 19
NEW_EPOCH = 1 << 16  # set by the receiver on the first sample
PULSE, PULSE_SAMPLES = 16, 26
JPEG_QUALITY = 80


def write_bdf(file: Path, signals: np.ndarray, edges: tuple[int, int]) -> None:
    """Write the physiology.

    Parameters
    ----------
    file : Path
    signals : array, (46, n_times)
        All channels but Status in their units, 256 Hz; ``n_times`` a whole number of seconds.
    edges : (int, int)
        Samples at which the two pulses of Status rise: stimulus start and end.
    """
    channels = []
    for name, data in zip(ALL_CHANNELS[:-1], signals, strict=True):
        unit, top = UNITS.get(name, ("uV", 262143))
        channels.append(
            edfio.BdfSignal(
                np.clip(data, -top, top).astype(float), BDF_RATE, label=name,
                physical_dimension=unit, physical_range=(-top, top)))
    status = np.full(signals.shape[1], STATUS_BITS, np.int32)
    status[0] |= NEW_EPOCH
    for edge in edges:
        status[edge:edge + PULSE_SAMPLES] |= PULSE
    channels.append(
        edfio.BdfSignal.from_digital(status, BDF_RATE, label="Status", physical_dimension="Boolean",
                                     physical_range=(-8388608, 8388607)))
    edfio.Bdf(channels, data_record_duration=1.0).write(file)


def write_video(file: Path, frames: int, frame: Callable[[int], np.ndarray], rate: float,
                size: tuple[int, int]) -> None:
    """Write ``frames`` pictures, ``frame(i)`` being an RGB array of ``size`` (height, width), as
    Motion JPEG in AVI."""
    writer = cv2.VideoWriter(str(file), cv2.CAP_OPENCV_MJPEG, cv2.VideoWriter.fourcc(*"MJPG"), rate,
                             (size[1], size[0]))
    if not writer.isOpened():
        raise OSError(
            f"{file}: OpenCV cannot open it for writing (Motion JPEG). Check free space and the "
            "OpenCV installation.")
    writer.set(cv2.VIDEOWRITER_PROP_QUALITY, JPEG_QUALITY)
    for i in range(frames):
        writer.write(cv2.cvtColor(frame(i), cv2.COLOR_RGB2BGR))
    writer.release()


def write_gaze(file: Path, gaze: dict[str, np.ndarray], audio: np.ndarray, first_ms: int,
               events: Sequence[tuple[int, str, str]]) -> None:
    """Write gaze and events.

    Parameters
    ----------
    gaze : dict
        Columns of the format, one value per 60 Hz sample.
    audio : array
        Audio sample counter at each gaze sample; it is written once a second, as the eye tracker
        did.
    first_ms : int
        Time stamp of the first gaze sample on the eye tracker's clock, in milliseconds.
    events : sequence of (int, str, str)
        Time stamp, event, stimulus; each gets a row of its own.
    """
    n = len(audio)
    table = pd.DataFrame(
        {name: np.round(gaze.get(name, np.full(n, np.nan)), 3) for name in GAZE_COLUMNS})
    table["Timestamp"] = first_ms + np.rint(np.arange(n) / GAZE_RATE * 1000).astype(int)
    table["Number"] = pd.array(np.arange(1, n + 1), dtype="Int64")
    table["AudioSampleNumber"] = pd.array(np.where(np.arange(n) % int(GAZE_RATE) == 0, audio, -1),
                                          dtype="Int64")
    table["AudioSampleNumber"] = table["AudioSampleNumber"].mask(table["AudioSampleNumber"] < 0)
    for name in ("ValidityLeft", "ValidityRight"):
        table[name] = pd.array(gaze[name], dtype="Int64")
    table["Event"], table["StimuliName"] = table["Event"].astype(
        object), table["StimuliName"].astype(object)
    rows = pd.DataFrame(events, columns=["Timestamp", "Event",
                                         "StimuliName"]).reindex(columns=list(GAZE_COLUMNS))
    table = pd.concat([table.astype(object),
                       rows.astype(object)]).sort_values("Timestamp", kind="stable")
    title = "Simulated recording in the layout of an eye tracker's All-Data export"
    preamble = [title, *(f"Line {i}:" for i in range(2, GAZE_PREAMBLE + 1))]
    text = table.to_csv(sep="\t", index=False, lineterminator="\n")
    file.write_text("\n".join(preamble) + "\n" + text, encoding="ascii")


def write_xml(file: Path, tag: str, attributes: dict,
              children: Sequence[tuple[str, dict, Sequence]] = ()) -> None:
    """Write one element with nested children ``(tag, attributes, children)``."""
    def element(tag: str, attributes: dict, children: Sequence) -> ElementTree.Element:
        node = ElementTree.Element(tag, {name: str(value) for name, value in attributes.items()})
        node.extend([element(*child) for child in children])
        return node

    tree = ElementTree.ElementTree(element(tag, attributes, children))
    ElementTree.indent(tree)
    tree.write(file, encoding="utf-8", xml_declaration=True)


def write_labels(file: Path, included: np.ndarray, labels: Sequence[np.ndarray]) -> None:
    """Write the continuous labels: ``trials_included`` (n, 2) uint8 and ``labels`` (n, 1) of arrays
    (1, n_times)."""
    cells = np.empty((len(labels), 1), object)
    for i, label in enumerate(labels):
        cells[i, 0] = np.asarray(label, float)[None]
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, {"trials_included": np.asarray(included, np.uint8), "labels": cells})
    # the header SciPy writes holds the time of day: the same labels should be the same bytes
    header = b"MATLAB 5.0 MAT-file, simulated continuous labels".ljust(116)
    file.write_bytes(header + buffer.getvalue()[116:])
