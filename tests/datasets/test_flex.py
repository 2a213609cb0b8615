"""The FLEX 2 reader on files whose every sample is known, with each fault that was foreseen."""

from __future__ import annotations

import json
import logging

import cv2
import edfio
import numpy as np
import pytest

from lib.datasets import flex
from lib.datasets import flex_format as layout
from lib.datasets.base import BadFile
from lib.datasets.flex_format import CAPS, CHANNELS, GRID

CAP = CAPS["A"]
N = 3 * 128


def values(n=N):
    """Channel c of the cap at sample i: 4000 + 10 c + i / 8 microvolts."""
    return 4000.0 + 10 * np.arange(len(CAP))[:, None] + np.arange(n) / 8


def write_edf(path, rate=128, cap=CAP, quality=90, interpolated=(), seconds=3):
    n = int(seconds * rate)

    def whole(label, x, at=rate):
        return edfio.EdfSignal.from_digital(np.asarray(x, np.int16), at, label=label, physical_range=(-32768, 32767))

    signals = [whole("COUNTER", np.arange(n) % rate), whole("INTERPOLATED", np.isin(np.arange(n), interpolated))]
    signals += [edfio.EdfSignal(row, rate, label=name, physical_range=(0, 8191.875)) for name, row in zip(cap, values(n), strict=False)]
    if quality is not None:
        signals += [whole("CQ_OVERALL", [quality] * seconds, 1), whole("EQ_OVERALL", [quality - 20] * seconds, 1)]
    path.parent.mkdir(parents=True, exist_ok=True)
    edfio.Edf(signals, data_record_duration=1.0).write(path)


def write_csv(path, preamble="title:x,sampling rate:eeg_128;mot_32,version:3.0", rows=range(N), text=None):
    names = ["Timestamp", "EEG.Counter", "EEG.Interpolated", *(f"EEG.{name}" for name in CAP), "CQ.Overall", "POW.Cz.Alpha"]
    lines = [[i / 128, i % 128, 0, *values()[:, i], 90 if i % 64 == 0 else "", ""] for i in rows]
    if text:
        lines[5][3] = text
    path.write_text("\n".join([preamble, ",".join(names), *(",".join(map(str, line)) for line in lines)]), encoding="utf-8")


def write_video(path, frames=30, rate=10):
    writer = cv2.VideoWriter(str(path), cv2.CAP_OPENCV_MJPEG, cv2.VideoWriter.fourcc(*"MJPG"), rate, (32, 24))
    for i in range(frames):
        writer.write(np.full((24, 32, 3), (8 * i, 0, 0), np.uint8))  # blue
    writer.release()


def listing(folder, *rows):
    lines = [",".join(layout.LISTING), *(",".join(map(str, row)) for row in rows)]
    (folder / layout.LISTING_FILE).write_text("\n".join(lines), encoding="utf-8")


@pytest.fixture
def folder(tmp_path):
    """A good EDF, to which each test adds."""
    write_edf(tmp_path / "a.edf")
    listing(tmp_path, ("a.edf", 1, "sadness", "film 1", ""))
    return tmp_path


def add(folder, name, clip="film 2", video="", emotion="fear", subject=1):
    listing(folder, ("a.edf", 1, "sadness", "film 1", ""), (name, subject, emotion, clip, video))


def test_the_28_electrodes_fill_the_map_and_nothing_else():
    assert len(CHANNELS) == 28 and set(CHANNELS) <= set(CAPS["A"]) & set(CAPS["B"])
    assert sorted(name for row in GRID for name in row if name) == sorted(CHANNELS) and [len(row) for row in GRID] == [5] * 7


@pytest.mark.parametrize("name", ["b.edf", "b.csv"])
def test_signals_in_the_order_asked_for(folder, name):
    (write_csv if name.endswith("csv") else write_edf)(folder / name)
    add(folder, name)
    cohort = flex.read(folder)
    assert (cohort.name, cohort.tier, dict(cohort.dropped)) == ("flex", "licensed", {})
    assert [(t.subject, t.trial, t.stimulus, t.labels["emotion"]) for t in cohort] == [(1, 1, "film 1", 1.0), (1, 2, "film 2", 2.0)]
    signal = cohort[1].load("eeg")
    assert (signal.channels, signal.rate, signal.unit, signal.start) == (CHANNELS, 128.0, "uV", 0.0)
    np.testing.assert_allclose(signal.data, values()[[CAP.index(c) for c in CHANNELS]], atol=0.07)  # half a step of the 16 bits
    np.testing.assert_allclose(flex.read(folder, ("FT9", "Cz"))[1].load("eeg").data, values()[[CAP.index("FT9"), 0]], atol=0.07)
    assert flex.files(folder) == ["recordings.csv", "a.edf", name]


def test_lost_samples_are_nan_and_time_goes_on(folder):
    write_edf(folder / "b.edf", interpolated=(10, 11))
    add(folder, "b.edf")
    assert np.flatnonzero(np.isnan(flex.read(folder)[1].load("eeg").data).any(axis=0)).tolist() == [10, 11]
    write_csv(folder / "c.csv", rows=[i for i in range(N) if i not in (130, 131, 132)])
    add(folder, "c.csv")
    data = flex.read(folder)[1].load("eeg").data
    assert data.shape[1] == N and np.flatnonzero(np.isnan(data).all(axis=0)).tolist() == [130, 131, 132]
    np.testing.assert_allclose(data[0, 133:], values()[0, 133:], atol=0.01)


def test_markers_say_when_the_clip_began_and_ended(folder):
    (folder / "a_intervalMarker.csv").write_text("latency,duration,type,marker_value\n0.5,1.5,film 1,1\n2.1,0.5,other,1\n")
    write_video(folder / "a.avi")
    listing(folder, ("a.edf", 1, "sadness", "film 1", "a.avi"))
    trial = flex.read(folder)[0]
    signal = trial.load("eeg")
    assert signal.start == -0.5 and signal.data.shape[1] == 256 and set(trial.files) == {"eeg", "video", "markers"}
    video = trial.load("video")
    assert (video.rate, video.start, video.data.shape) == (2.0, -0.5, (4, 24, 32, 3))
    np.testing.assert_allclose(video.data[:, 12, 16, 2], [0, 40, 80, 120], atol=6)  # every fifth frame, blue is last
    assert flex.read(folder, video_rate=5)[0].load("video").data.shape[0] == 10


FAULTS = {
    "electrodes": (lambda f: write_edf(f / "b.edf", cap=CAP[:30]), r"the 28 electrodes.*found no F8, Fp2|found no .*F8"),
    "rate": (lambda f: write_edf(f / "b.edf", rate=200), "128 or 256 samples per second, found 200"),
    "quality": (lambda f: write_edf(f / "b.edf", quality=79), "median quality of 80 or more, found 79"),
    "no quality": (lambda f: write_edf(f / "b.edf", quality=None), r"overall quality \(CQ_OVERALL or CQ.Overall\), found none"),
    "lost": (lambda f: write_edf(f / "b.edf", interpolated=range(60)), "at most 10% of the samples lost .*found 16%"),
    "damaged": (lambda f: (f / "b.edf").write_bytes(b"0" * 300), "an EDF or CSV file exported by EmotivPRO"),
    "missing": (lambda f: None, "a recording .*found no such file"),
    "markers": (lambda f: (write_edf(f / "b.edf"), (f / "b_intervalMarker.csv").write_text("latency,duration,type\n1,1,x\n")),
                "one interval of type 'film 2'"),
    "marker columns": (lambda f: (write_edf(f / "b.edf"), (f / "b_intervalMarker.csv").write_text("a,b\n1,1\n")), "the columns latency"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_recording_is_left_out_with_its_reason(folder, fault, caplog):
    make, reason = FAULTS[fault]
    make(folder)
    add(folder, "b.edf")
    with caplog.at_level(logging.WARNING):
        cohort = flex.read(folder)
    assert [t.stimulus for t in cohort] == ["film 1"] and list(cohort.dropped) == ["b.edf"]
    assert ("b.edf" in caplog.text) == (fault != "quality")  # to hold such recordings back is what the gate is for
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(cohort.dropped["b.edf"])


@pytest.mark.parametrize(("kwargs", "reason"), [({"preamble": "title:x"}, "a first line with 'sampling rate:'"), ({"text": "oops"}, "oops"),
                                                ({"rows": [*range(100), *range(190, N)]}, "of the samples lost")])
def test_faulty_csv(folder, kwargs, reason):
    write_csv(folder / "b.csv", **kwargs)
    add(folder, "b.csv")
    assert reason in flex.read(folder).dropped["b.csv"]


def test_the_gate_is_yours_to_set(folder):
    write_edf(folder / "b.edf", quality=79)
    add(folder, "b.edf")
    assert len(flex.read(folder, least=70)) == 2
    with pytest.raises(BadFile, match="at least one usable recording"):
        flex.read(folder, quality="eeg")  # 59 and 70


def test_missing_video_leaves_the_eeg(folder):
    listing(folder, ("a.edf", 1, "sadness", "film 1", "gone.avi"))
    cohort = flex.read(folder)
    assert "video" not in cohort[0].loaders and "no such file" in cohort.dropped["gone.avi"]
    (folder / "gone.avi").write_bytes(b"no video")
    cohort = flex.read(folder)
    assert "expected a video" in cohort.dropped["gone.avi"]
    assert cohort[0].load("eeg").data.shape[1] == N
    write_video(folder / "gone.avi", frames=10)
    cohort = flex.read(folder)
    assert "video" not in cohort[0].loaders
    assert f"a video of {N / 128:.1f} s" in cohort.dropped["gone.avi"]


def test_faults_of_the_listing(folder):
    add(folder, "a.edf", emotion="joy")
    assert "'joy'" in flex.read(folder).dropped["a.edf"]
    (folder / layout.LISTING_FILE).write_text("file,subject\na.edf,1\n")
    with pytest.raises(BadFile, match="found no emotion, clip, video"):
        flex.read(folder)
    (folder / layout.LISTING_FILE).unlink()
    with pytest.raises(BadFile, match=r"recordings\.csv: expected a listing"):
        flex.read(folder)


def test_a_simulated_cohort_says_so(folder):
    (folder / "truth.json").write_text(json.dumps({"effect": 0, "seed": 3}))
    cohort = flex.read(folder)
    assert (cohort.name, cohort.tier, cohort.caption) == ("flex-simulated", "simulated", "simulated cohort, effect = 0, seed = 3")
