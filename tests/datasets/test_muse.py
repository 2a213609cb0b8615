"""The Muse recordings: read as they lie, short ones left out, gaps found, one message for what is
wrong, checksums."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from lib.datasets import catalogue, muse, registry
from lib.datasets.base import BadFile
from lib.datasets.muse_format import CHANNELS, CLOCK, FOLDER, RATE, STATES, UNUSED, file_name
from lib.preprocessing.muse import segments


def write(folder, name, seconds=20.0, pause=0.0, start=0.0, drop=(), **columns):
    """A recording whose channel k holds ``start + k`` plus the sample's number in thousandths, with
    a gap in the middle."""
    n = round(seconds * RATE)
    clock = 1.5e9 + np.arange(n) / RATE + pause * (np.arange(n) >= n // 2)
    data = {
        CLOCK: clock, **{
            name: start + k + np.arange(n) / 1000 for k, name in enumerate(CHANNELS)
        }, UNUSED: np.zeros(n)
    }
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(data | columns).drop(columns=[*drop]).to_csv(folder / name, index=False,
                                                              float_format="%.3f")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / FOLDER
    write(folder, file_name(2, "neutral", 2), start=100)
    write(folder, file_name(1, "concentrating", 1), pause=900, start=200)
    write(folder, file_name(1, "relaxed", 1), start=300)
    write(folder, file_name(1, "neutral", 1), seconds=9)
    write(folder, "TEST-RELAXED.csv")
    return folder


def test_recordings_are_read_in_order_from_the_folder_and_from_above(folder):
    for root in (folder, folder.parent):
        cohort = muse.read(root)
        assert [(t.subject, t.stimulus, t.session) for t in cohort] == [(1, "relaxed", "1"),
                                                                        (1, "concentrating", "1"),
                                                                        (2, "neutral", "2")]
        assert [dict(t.labels)
                for t in cohort] == [{"state": state, "seconds": 20.0, "stretches": stretches}
                                     for state, stretches in ((0, 1), (2, 2), (1, 1))]
    signal = cohort[0].load("eeg")
    assert (signal.data.shape, signal.data.dtype) == ((4, 5120), np.float32)
    assert (signal.rate, signal.channels, signal.unit) == (RATE, CHANNELS, "uV")
    np.testing.assert_allclose(signal.data[:, 7], 300 + np.arange(4) + 0.007, rtol=1e-6)
    assert cohort.tier == "public" and "real" in cohort.caption


def test_a_short_recording_is_left_out_with_the_reason(folder):
    ((name, reason),) = muse.read(folder).dropped.items()
    assert name == file_name(1, "neutral", 1) and "expected 12 s of samples, found 9.0 s" in reason


def test_no_segment_crosses_a_gap(folder):
    data = segments(muse.read(folder))
    assert np.bincount(data["recording"]).tolist() == [6, 3 + 3, 6] and np.bincount(
        data["y"]).tolist() == [6, 6, 6]
    assert data["x"].shape == (18, 20) and np.isfinite(data["x"]).all()
    write(folder, file_name(1, "concentrating", 1), pause=0, start=200)
    assert np.bincount(segments(muse.read(folder))["recording"]).tolist() == [6, 6, 6]
    write(folder, file_name(1, "concentrating", 1), seconds=22, pause=900)
    # 7 without the gap
    assert np.bincount(segments(muse.read(folder))["recording"]).tolist() == [6, 3 + 3, 6]


@pytest.mark.parametrize(("change", "expected", "found"),
                         [({"drop": ["AF7", "TP10"]}, "the columns timestamps, TP9, AF7, AF8, TP10",
                           "no AF7, TP10 in 'timestamps,TP9,AF8,Right AUX'"),
                          ({"AF8": "high"}, "a number for AF8", "'high' in line 2"),
                          ({"TP9": np.nan}, "finite numbers", "5120 NaN or infinite"),
                          ({CLOCK: 1.5e9}, "timestamps that increase", "after sample 0"),
                          ({CLOCK: 1.5e12 + np.arange(5120) * 3.9
                            }, "256 samples a second, the time in seconds", "a step of 3.8999")])
def test_a_file_that_is_not_as_promised_is_left_out_and_the_others_go_on(
        folder, change, expected, found):
    write(folder, file_name(1, "relaxed", 1), **change)
    cohort = muse.read(folder)
    message = cohort.dropped[file_name(1, "relaxed", 1)]
    assert len(cohort) == 2
    assert re.search(
        rf"relaxed-1\.csv: expected {re.escape(expected)}, found .*{re.escape(found)}\. Fetch it "
        r"again: python -m", message)


def test_a_single_lost_sample_breaks_a_recording(folder):
    path = folder / file_name(1, "relaxed", 1)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:2000] + lines[2001:]))
    assert muse.read(folder)[0].labels["stretches"] == 2


def test_a_recording_copied_under_another_name_is_left_out_with_its_original(folder):
    path, copy = (folder / file_name(*which) for which in ((1, "relaxed", 1), (4, "relaxed", 2)))
    copy.write_bytes(path.read_bytes())
    cohort = muse.read(folder)
    assert len(cohort) == 2 and f"the bytes of {copy}" in cohort.dropped[path.name]


def test_no_table_at_all(folder):
    (folder / file_name(1, "relaxed", 1)).write_bytes(b"\x00\xff\x00garbage")
    assert "subjecta-relaxed-1.csv: expected" in muse.read(folder).dropped[file_name(
        1, "relaxed", 1)]


def test_nothing_usable_is_said_once(tmp_path):
    write(tmp_path, file_name(3, "neutral", 1), seconds=5)
    with pytest.raises(BadFile,
                       match=r"at least one recording such as .*found none of 1: .*found 5\.0 s"):
        muse.read(tmp_path)
    with pytest.raises(BadFile, match=r"found none of 0: no such file\. Fetch it again"):
        muse.read(tmp_path / "empty")


def test_checksums_list_the_published_recordings():
    files = catalogue.checksums(FOLDER)
    assert sorted(files) == sorted(
        file_name(subject, state, number) for subject in (1, 2, 3, 4) for state in STATES
        for number in (1, 2))
    assert all(
        re.fullmatch(r"[0-9a-f]{64}", digest) and size > 40_000 for digest, size in files.values())
    assert "368947ac49ff4e9381e81020a6a04cecc4898783" in registry.DATASETS[FOLDER].source


def test_the_registry_finds_them_and_never_takes_a_simulated_cohort_for_them(folder):
    found = registry.find(FOLDER, folder.parent)
    assert (found.tier,
            found.path) == ("public",
                            folder.resolve()) and found.missing.startswith("20 of 24 files")
    (folder / "truth.json").write_text('{"effect": 1, "seed": 0}')
    assert registry.find(FOLDER, folder.parent).tier is None and registry.find(
        "muse-simulated", folder.parent).tier == "simulated"
    assert muse.read(folder).tier == "simulated"
    with pytest.raises(FileNotFoundError,
                       match=r"profile 'public' needs Muse recordings.*make data"):
        registry.require(FOLDER, "public", folder.parent)
