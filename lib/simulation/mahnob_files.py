"""The files of one MAHNOB-HCI session, written as the owner's recording software left them. Same
content, same bytes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

import edfio
import numpy as np
import pandas as pd

from lib.datasets.mahnob_format import (ALL_CHANNELS, BDF_RATE, GAZE_COLUMNS, GAZE_PREAMBLE,
                                        GAZE_RATE)
from lib.simulation.files import cells, matlab
from lib.whole import write_file

# unit and largest value; else microvolts in BioSemi's range
UNITS = {"GSR1": ("Ohm", 8388607), "GSR2": ("Ohm", 8388607), "Temp": ("degC", 1024)}
# assumed: device bits of a BioSemi receiver (electrodes in range, speed), set throughout
STATUS_BITS = 1 << 20 | 1 << 19
NEW_EPOCH = 1 << 16  # set by the receiver on the first sample
PULSE, PULSE_SAMPLES = 16, 26


def bdf(signals: np.ndarray, edges: tuple[int, int]) -> bytes:
    """The physiology.

    Parameters
    ----------
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
    return edfio.Bdf(channels, data_record_duration=1.0).to_bytes()


def gaze(values: Mapping[str, np.ndarray], audio: np.ndarray, first_ms: int,
         events: Sequence[tuple[int, str, str]]) -> str:
    """Gaze and events.

    Parameters
    ----------
    values : mapping
        Columns of the format, one value per 60 Hz sample.
    audio : array
        Audio sample counter at each gaze sample; it is written once a second, as the eye tracker
        did.
    first_ms : int
        Time stamp of the first gaze sample on the eye tracker's clock, in milliseconds.
    events : sequence of (int, str, str)
        Time stamp, event, stimulus; each gets a row of its own.
    """
    number = np.arange(len(audio))
    columns = {name: np.round(x, 3) for name, x in values.items()} | {
        "Timestamp": first_ms + np.rint(number / GAZE_RATE * 1000).astype(int), "Number": number +
        1, "AudioSampleNumber": np.where(number % int(GAZE_RATE) == 0, audio, None)
    }
    table = pd.DataFrame(columns, columns=list(GAZE_COLUMNS), dtype=object)
    rows = pd.DataFrame(events, columns=["Timestamp", "Event", "StimuliName"], dtype=object)
    table = pd.concat([table, rows]).sort_values("Timestamp", kind="stable")
    title = "Simulated recording in the layout of an eye tracker's All-Data export"
    preamble = [title, *(f"Line {i}:" for i in range(2, GAZE_PREAMBLE + 1))]
    return "\n".join([*preamble, table.to_csv(sep="\t", index=False, lineterminator="\n")])


def xml(tag: str, attributes: dict, *children: tuple) -> bytes:
    """One element with nested children ``(tag, attributes, *children)``."""
    def element(tag: str, attributes: dict, *children: tuple) -> ElementTree.Element:
        node = ElementTree.Element(tag, {name: str(value) for name, value in attributes.items()})
        node.extend(element(*child) for child in children)
        return node

    root = element(tag, attributes, *children)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


def write_labels(file: Path, included: Sequence, labels: Sequence[np.ndarray]) -> None:
    """Write the continuous labels: ``trials_included`` (n, 2) uint8 and ``labels`` (n, 1) of arrays
    (1, n_times)."""
    traces = cells([np.asarray(label, float)[None] for label in labels])
    content = {"trials_included": np.asarray(included, np.uint8), "labels": traces}
    write_file(file, matlab(content, "simulated continuous labels"))
