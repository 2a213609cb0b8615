"""The check of EDF and BDF headers, and what comes through the readers: microvolts, or a reason."""

from __future__ import annotations

import logging
import warnings

import edfio
import mne
import numpy as np
import pytest

from lib.datasets import edf
from lib.datasets.base import BadFile

RATE, SECONDS = 128, 4
UV = 50 + 20 * np.sin(np.arange(RATE * SECONDS) / 9)  # what both channels hold


def write(path, unit="uV", factor=1.0, kind=edfio.Edf, rates=(RATE, RATE), labels=("Cz", "Pz")):
    signal = edfio.BdfSignal if kind is edfio.Bdf else edfio.EdfSignal
    signals = [
        signal(
            np.resize(UV, rate * SECONDS) * factor, rate, label=label, physical_dimension=unit,
            physical_range=(-400 * factor, 400 * factor))
        for label, rate in zip(labels, rates, strict=True)
    ]
    kind(signals, data_record_duration=1.0).write(path)
    return path


def change(path, at, text, width=8):
    content = bytearray(path.read_bytes())
    content[at:at + width] = text.encode("latin-1").ljust(width)
    path.write_bytes(content)


def field(name, channel=0, channels=2):
    """Where a channel's field stands in the file."""
    widths = list(edf.FIELDS.items())
    at = [name for name, _ in widths].index(name)
    return 256 + channels * sum(width for _, width in widths[:at]) + channel * widths[at][1]


def check(path, **options):
    return edf.check(path, lambda label: label in ("Cz", "Pz"), "Fix.", **options)


@pytest.mark.parametrize(("unit", "factor"), [("uV", 1.0), ("", 1.0), ("mV", 1e-3), ("V", 1e-6),
                                              ("nV", 1e3)])
@pytest.mark.parametrize("kind", [edfio.Edf, edfio.Bdf])
def test_every_unit_becomes_microvolts(tmp_path, unit, factor, kind):
    path = write(tmp_path / "a.edf", unit, factor, kind)
    header = check(path)
    data = (edfio.read_bdf if kind is edfio.Bdf else edfio.read_edf)(path).signals[0].data
    assert (header.kind, header.labels, header.rate) == (kind.__name__.upper(), ["Cz", "Pz"], RATE)
    np.testing.assert_allclose(data * header.microvolts["Cz"], UV, atol=0.5)


@pytest.mark.parametrize(("unit", "factor"), [("uV", 1.0), ("mV", 1e-3), ("V", 1e-6),
                                              ("\xb5V", 1.0)])
def test_what_mne_is_given_it_reads_as_microvolts(tmp_path, unit, factor):
    path = write(tmp_path / "a.edf", "uV", factor)
    change(path, field("unit"), unit)
    change(path, field("unit", 1), unit)
    check(path, mne=True)
    np.testing.assert_allclose(
        mne.io.read_raw_edf(path, verbose="error").get_data()[0] * 1e6, UV, atol=0.5)


def test_a_zero_byte_after_the_unit_is_a_unit_that_mne_does_not_know(tmp_path):
    path = write(tmp_path / "a.edf", "uV")
    change(path, field("unit"), "uV \0")
    assert check(path).microvolts["Cz"] == 1
    with pytest.raises(BadFile, match=r"as the unit of Cz, found 'uV \\x00'"):
        check(path, mne=True)


# at, what is written there, the reason
HEADERS = {
    "unit": (field("unit"), "degC", "uV, mV or V as the unit of Cz, found 'degC'"),
    "physical limits equal": (field("lowest"), "400", "limits of Cz in which EEG fits"),
    "decimal comma": (field("highest",
                            1), "400,5", "highest value of Pz, found b'400,5' (a decimal comma)"),
    "not a number": (field("lowest"), "nan", "lowest value of Cz, found b'nan'"),
    "too coarse": (field("highest"), "9999999",
                   "in steps of at most 10 uV"), "too fine": (field("lowest"), "399",
                                                              "10 uV or more"),
    "digital limits": (field("digital lowest"), "32767",
                       "digital limits of Cz from -32768 to 32767, found 32767 to 32767"),
    "digital limits of 24 bits": (field("digital lowest", 1), "-8388608", "digital limits of Pz"),
    "samples of a record": (field("samples"), "64", "longer than its header says"),
    "no samples": (field("samples"), "0", "with samples of every channel"), "label twice": (field(
        "label",
        1), "Cz", "each electrode once, found Cz twice"), "records": (236, "5", "cut short"),
    "half a record": (236, "4.5", "a whole number of records, found 4.5"),
    "record of four seconds": (244, "4", "100 to 20000 samples per second, found 32"),
    "record of no time": (244, "0", "records of some seconds"),
    "channels": (252, "3",
                 "a header of 256 bytes and 256 for each channel, found 768 for 3 channels"),
    "header bytes": (184, "1024", "found 1024 for 2 channels"),
    "discontinuous": (192, "EDF+D", "a recording without interruption"),
    "another format": (0, "BIOSEMI", "the header of an EDF or BDF file"),
}


@pytest.mark.parametrize("case", HEADERS)
def test_a_header_that_cannot_be_true_is_refused(tmp_path, case):
    at, text, reason = HEADERS[case]
    path = write(tmp_path / "a.edf")
    change(path, at, text, 16 if text == "Cz" else 4 if at == 252 else 8)
    with pytest.raises(BadFile, match=r"a\.edf: expected") as caught:
        check(path)
    assert reason in str(caught.value)


@pytest.mark.parametrize("cut", [1, 2, 255, 2 * RATE, 4 * RATE, 8 * RATE, -2, -4 * RATE])
def test_a_file_that_is_shorter_or_longer_than_its_header_says(tmp_path, cut):
    path = write(tmp_path / "a.edf")
    content = path.read_bytes()
    path.write_bytes(content[:-cut] if cut > 0 else content + b"\0" * -cut)
    with pytest.raises(BadFile, match="cut short" if cut > 0 else "longer than its header says"):
        check(path)


def test_an_interrupted_recording_is_as_long_as_its_file(tmp_path, caplog):
    path = write(tmp_path / "a.edf")
    change(path, 236, "-1")
    with caplog.at_level(logging.WARNING), warnings.catch_warnings(action="ignore"):
        check(path)
        assert len(edfio.read_edf(path).signals[0].data) == len(UV)
    assert "4 records are there" in caplog.text
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(BadFile, match="-1 records"):
        check(path)


def test_one_electrode_whose_limits_are_not_those_of_the_others(tmp_path):
    names = tuple(f"E{i}" for i in range(8))
    path = write(tmp_path / "a.edf", rates=(RATE,) * 8, labels=names)
    edf.check(path, names.__contains__, "Fix.")
    change(path, field("highest", 3, 8), "401")
    with pytest.raises(BadFile,
                       match=r"the same limits and unit of all electrodes.*others in a few of 8"):
        edf.check(path, names.__contains__, "Fix.")
    for i in range(8):  # each scaled to itself, as many files are
        change(path, field("highest", i, 8), f"{400 + i}")
    edf.check(path, names.__contains__, "Fix.")


def test_numbers_that_were_never_calibrated(tmp_path):
    path = write(tmp_path / "a.edf", unit="")
    for name in ("lowest", "digital lowest"):
        change(path, field(name), "-2048")
    for name in ("highest", "digital highest"):
        change(path, field(name), "2047")
    with pytest.raises(BadFile, match="never calibrated"):
        check(path)


def test_rates_and_names_that_mne_would_bend(tmp_path):
    path = write(tmp_path / "a.edf", rates=(RATE, 2 * RATE))
    with pytest.raises(BadFile, match="one sampling rate, found 128, 256"):
        check(path)
    path = write(tmp_path / "b.edf", rates=(RATE, 2 * RATE), labels=("Cz", "light"))
    assert check(path).rate == RATE
    with pytest.raises(BadFile, match="one sampling rate"):
        check(path, mne=True)
    with pytest.raises(BadFile,
                       match=r"an EDF file, found a BDF file. Give its name the ending \.bdf"):
        check(write(tmp_path / "c.edf", kind=edfio.Bdf), mne=True)
