"""The FLEX 2 reader on files whose every sample is known, with each fault that was foreseen."""

from __future__ import annotations

import json
import logging
import os
import shutil

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


def write_edf(path, rate=128, cap=CAP, quality=90, interpolated=(), seconds=3, shift=0.0,
              counter=None, clock=None):
    n = int(seconds * rate)

    def whole(label, x, at=rate):
        return edfio.EdfSignal.from_digital(np.asarray(x, np.int16), at, label=label,
                                            physical_range=(-32768, 32767))

    signals = [
        whole("COUNTER",
              np.arange(n) % rate if counter is None else counter),
        whole("INTERPOLATED", np.isin(np.arange(n), interpolated))
    ]
    if clock is not None:
        signals += [whole("TIME_STAMP_s", clock // 1), whole("TIME_STAMP_ms", clock % 1 * 1000)]
    signals += [
        edfio.EdfSignal(row + shift, rate, label=name, physical_range=(0, 8191.875))
        for name, row in zip(cap, values(n), strict=False)
    ]
    if quality is not None:
        signals += [
            whole("CQ_OVERALL", [quality] * seconds, 1),
            whole("EQ_OVERALL", [quality - 20] * seconds, 1)
        ]
    path.parent.mkdir(parents=True, exist_ok=True)
    edfio.Edf(signals, data_record_duration=1.0).write(path)


def write_csv(path, preamble="title:x,sampling rate:eeg_128;mot_32,version:3.0", rows=range(N),
              text=None, n=N, counter=None, clock=None):
    names = [
        "Timestamp", "EEG.Counter", "EEG.Interpolated", *(f"EEG.{name}" for name in CAP),
        "CQ.Overall", "POW.Cz.Alpha"
    ]
    counter = np.arange(n) % 128 if counter is None else counter
    clock = np.arange(n) / 128 if clock is None else clock
    lines = [[clock[i], counter[i], 0, *values(n)[:, i], 90 if i % 64 == 0 else "", ""]
             for i in rows]
    if text:
        lines[5][3] = text
    path.write_text(
        "\n".join([preamble, ",".join(names), *(",".join(map(str, line)) for line in lines)]),
        encoding="utf-8")


def write_video(path, frames=30, rate=10):
    writer = cv2.VideoWriter(str(path), cv2.CAP_OPENCV_MJPEG, cv2.VideoWriter.fourcc(*"MJPG"), rate,
                             (32, 24))
    for i in range(frames):
        writer.write(np.full((24, 32, 3), (8 * i, 0, 0), np.uint8))  # blue
    writer.release()


def listing(folder, *rows):
    lines = [",".join(layout.LISTING), *(",".join(map(str, row)) for row in rows)]
    (folder / layout.LISTING_FILE).write_text("\n".join(lines), encoding="utf-8")


@pytest.fixture
def folder(tmp_path):
    """A good EDF, to which each test adds."""
    write_edf(tmp_path / "a.edf", shift=500)
    listing(tmp_path, ("a.edf", 1, "sadness", "film 1", ""))
    return tmp_path


def add(folder, name, clip="film 2", video="", emotion="fear", subject=1):
    listing(folder, ("a.edf", 1, "sadness", "film 1", ""), (name, subject, emotion, clip, video))


def test_the_28_electrodes_fill_the_map_and_nothing_else():
    assert len(CHANNELS) == 28 and set(CHANNELS) <= set(CAPS["A"]) & set(CAPS["B"])
    assert sorted(name for row in GRID
                  for name in row if name) == sorted(CHANNELS) and [len(row)
                                                                    for row in GRID] == [5] * 7


@pytest.mark.parametrize("name", ["b.edf", "b.csv"])
def test_signals_in_the_order_asked_for(folder, name):
    (write_csv if name.endswith("csv") else write_edf)(folder / name)
    add(folder, name)
    cohort = flex.read(folder)
    assert (cohort.name, cohort.tier, dict(cohort.dropped)) == ("flex", "licensed", {})
    assert [(t.subject, t.trial, t.stimulus, t.labels["emotion"])
            for t in cohort] == [(1, 1, "film 1", 1.0), (1, 2, "film 2", 2.0)]
    signal = cohort[1].load("eeg")
    assert (signal.channels, signal.rate, signal.unit, signal.start) == (CHANNELS, 128.0, "uV", 0.0)
    # half a step of the 16 bits
    np.testing.assert_allclose(signal.data, values()[[CAP.index(c) for c in CHANNELS]], atol=0.07)
    np.testing.assert_allclose(
        flex.read(folder, ("FT9", "Cz"))[1].load("eeg").data,
        values()[[CAP.index("FT9"), 0]], atol=0.07)
    assert flex.files(folder) == ["recordings.csv", "a.edf", name]


def test_lost_samples_are_nan_and_time_goes_on(folder):
    write_edf(folder / "b.edf", interpolated=(10, 11))
    add(folder, "b.edf")
    assert np.flatnonzero(np.isnan(
        flex.read(folder)[1].load("eeg").data).any(axis=0)).tolist() == [10, 11]
    write_csv(folder / "c.csv", rows=[i for i in range(N) if i not in (130, 131, 132)])
    add(folder, "c.csv")
    data = flex.read(folder)[1].load("eeg").data
    assert data.shape[1] == N and np.flatnonzero(
        np.isnan(data).all(axis=0)).tolist() == [130, 131, 132]
    np.testing.assert_allclose(data[0, 133:], values()[0, 133:], atol=0.01)


def test_markers_say_when_the_clip_began_and_ended(folder):
    (folder / "a_intervalMarker.csv"
     ).write_text("latency,duration,type,marker_value\n0.5,1.5,film 1,1\n2.1,0.5,other,1\n")
    write_video(folder / "a.avi")
    listing(folder, ("a.edf", 1, "sadness", "film 1", "a.avi"))
    trial = flex.read(folder)[0]
    signal = trial.load("eeg")
    assert signal.start == -0.5 and signal.data.shape[1] == 256 and set(
        trial.files) == {"eeg", "video", "markers"}
    video = trial.load("video")
    assert (video.rate, video.start, video.data.shape) == (2.0, -0.5, (4, 24, 32, 3))
    # every fifth frame, blue is last
    np.testing.assert_allclose(video.data[:, 12, 16, 2], [0, 40, 80, 120], atol=6)
    assert flex.read(folder, video_rate=5)[0].load("video").data.shape[0] == 10


FAULTS = {
    "electrodes": (lambda f: write_edf(f / "b.edf", cap=CAP[:30]),
                   r"the 28 electrodes.*found no F8, Fp2|found no .*F8"),
    "rate": (lambda f: write_edf(f / "b.edf", rate=200),
             "128 or 256 samples per second, found 200"),
    "quality": (lambda f: write_edf(f / "b.edf", quality=79),
                "median quality of 80 or more, found 79"),
    "no quality": (lambda f: write_edf(f / "b.edf", quality=None),
                   r"overall quality \(CQ_OVERALL or CQ.Overall\), found none"),
    "lost": (lambda f: write_edf(f / "b.edf", interpolated=range(60)),
             "at most 10% of the samples lost .*found 16%"),
    "damaged": (lambda f: (f / "b.edf").write_bytes(b"0" * 300),
                "the header of an EDF or BDF file, found b'00000000'"),
    "missing": (lambda f: None, "a recording .*found no such file"),
    "markers": (lambda f:
                (write_edf(f / "b.edf"),
                 (f / "b_intervalMarker.csv").write_text("latency,duration,type\n1,1,x\n")),
                "one interval of type 'film 2'"),
    "marker columns": (lambda f: (write_edf(f / "b.edf"),
                                  (f / "b_intervalMarker.csv").write_text("a,b\n1,1\n")),
                       "the columns latency"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_recording_is_left_out_with_its_reason(folder, fault, caplog):
    make, reason = FAULTS[fault]
    make(folder)
    add(folder, "b.edf")
    with caplog.at_level(logging.WARNING):
        cohort = flex.read(folder)
    assert [t.stimulus for t in cohort] == ["film 1"] and list(cohort.dropped) == ["b.edf"]
    # to hold such recordings back is what the gate is for
    assert ("b.edf" in caplog.text) == (fault != "quality")
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(cohort.dropped["b.edf"])


@pytest.mark.parametrize(("kwargs", "reason"),
                         [({"preamble": "title:x"}, "a first line with one 'sampling rate:'"),
                          ({"text": "oops"}, "oops"),
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


def test_eeg_that_ends_long_before_its_video_was_cut(folder):
    """A CSV file that ends at the end of a line tells nothing itself."""
    write_video(folder / "b.avi", frames=30)
    write_csv(folder / "b.csv", rows=range(N // 2))
    add(folder, "b.csv", video="b.avi")
    assert "EEG to the end of its video of 3.0 s, found 1.5 s" in flex.read(folder).dropped["b.csv"]
    (folder / f"b{layout.MARKERS}").write_text("latency,duration,type\n0.25,1,film 2\n")
    assert len(flex.read(folder)) == 2  # it is said when the clip ended


def test_faults_of_the_listing(folder):
    add(folder, "a.edf", emotion="joy")
    assert "'joy', 'film 2' in line 3" in flex.read(folder).dropped["a.edf, line 3"]
    (folder / layout.LISTING_FILE).write_text("file,subject\na.edf,1\n")
    with pytest.raises(BadFile, match="found no emotion, clip, video"):
        flex.read(folder)
    (folder / layout.LISTING_FILE).unlink()
    with pytest.raises(BadFile,
                       match=r"recordings\.csv: expected a text file, found FileNotFoundError"):
        flex.read(folder)


def test_a_simulated_cohort_says_so(folder):
    (folder / "truth.json").write_text(json.dumps({"effect": 0, "seed": 3}))
    cohort = flex.read(folder)
    assert (cohort.name, cohort.tier, cohort.caption) == ("flex-simulated", "simulated",
                                                          "simulated cohort, effect = 0, seed = 3")


def dropped(folder, *rows):
    """Of these rows the clips that are read, and why the others are not."""
    listing(folder, *rows)
    cohort = flex.read(folder)
    return [trial.stimulus for trial in cohort], list(cohort.dropped.values())


NAMES = [
    "X.md.csv|X_intervalMarker.csv", "X.md.pm.bp.csv|X_intervalMarker.csv",
    "X.edf|x_INTERVALMARKER.CSV", "X (1).csv|X_intervalMarker.csv",
    "X (1).csv|X_intervalMarker (1).csv", "X (1).csv|X (1)_intervalMarker.csv",
    "X.md (2).csv|X_intervalMarker(2).csv"
]


@pytest.mark.parametrize("names", NAMES)
def test_a_marker_file_is_found_under_every_name_that_it_gets(tmp_path, names):
    recording, markers = names.split("|")
    (write_edf if recording.endswith("edf") else write_csv)(tmp_path / recording)
    (tmp_path / markers).write_text("latency,duration,type\n1,1.5,07\n0.5,0.5,NA\n")
    listing(tmp_path, (recording, 1, "fear", "07", ""), (recording, 1, "neutral", "NA", ""))
    trials = flex.read(tmp_path)
    found = [(t.stimulus, t.load("eeg").start, t.load("eeg").data.shape[1]) for t in trials]
    assert found == [("07", -1.0, 320), ("NA", -0.5, 128)]
    assert {t.files["markers"] for t in trials} == {str(tmp_path / markers)}


@pytest.mark.parametrize(
    "markers", ["b.x_intervalMarkers.csv", "b_interval_marker.txt", "b (2)_intervalMarker.csv"])
def test_a_marker_file_that_would_be_passed_over_is_named(folder, markers):
    write_edf(folder / "b (1).edf")
    (folder / markers).write_text("latency,duration,type\n1,1.5,film 2\n")
    add(folder, "b (1).edf")
    assert f"{markers} beside it. Give its marker file" in flex.read(folder).dropped["b (1).edf"]


def test_a_marker_file_of_another_recording_is_none_of_this_one(folder):
    for name in ("b.edf", "b_2.edf"):
        write_edf(folder / name, seconds=3 + len(name))
    (folder / "b_2_intervalMarker.csv").write_text("latency,duration,type\n1,1.5,film 2\n")
    add(folder, "b.edf")
    assert flex.read(folder)[1].load("eeg").data.shape[1] == 8 * 128


def test_the_same_samples_are_never_two_trials(folder):
    shutil.copy(folder / "a.edf", folder / "copy.edf")
    os.link(folder / "a.edf", folder / "hard.edf")
    (folder / "soft.edf").symlink_to("a.edf")
    write_edf(folder / "b.edf")
    good, one = ("b.edf", 1, "neutral", "ok", ""), ("a.edf", 1, "fear", "c", "")
    for other in ("copy.edf", "hard.edf", "soft.edf", "./a.edf", str(folder / "a.edf")):
        clips, reasons = dropped(folder, good, one, (other, 2, "sadness", "d", ""))
        assert clips == ["ok"] and len(reasons) == 2 and f"found those of {other}" in reasons[0]
    clips, reasons = dropped(folder, good, one,
                             ("a.edf", 1, "sadness", "d", ""))  # two clips, no markers
    assert clips == ["ok"] and "need their intervals" in reasons[0]
    clips, reasons = dropped(folder, good, one, one)
    assert clips == ["ok", "c"] and "line 3 again in line 4" in reasons[0]
    clips, reasons = dropped(folder, one, ("copy.edf", 2, "sadness", "d", ""))
    assert clips == [] and len(reasons) == 2  # nothing is left


def test_the_same_recording_as_edf_and_csv_and_clips_that_overlap(folder):
    write_edf(folder / "b.edf")
    write_csv(folder / "c.csv")
    good = ("a.edf", 1, "sadness", "film 1", "")
    assert dropped(folder, good, ("b.edf", 1, "fear", "c", ""),
                   ("c.csv", 1, "fear", "d", ""))[0] == ["film 1"]
    rows = [good, ("b.edf", 1, "fear", "c", ""), ("b.edf", 1, "neutral", "d", "")]
    for second, clips in ((1.0, ["film 1", "c", "d"]), (0.9, ["film 1"])):
        markers = f"latency,duration,type\n0,1,c\n{second},1,d\n"
        (folder / "b_intervalMarker.csv").write_text(markers)
        assert dropped(folder, *rows)[0] == clips


def test_one_face_is_not_in_two_recordings(folder):
    write_edf(folder / "b.edf")
    write_video(folder / "a.avi")
    rows = [("a.edf", 1, "fear", "c", "a.avi"), ("b.edf", 1, "fear", "d", "a.avi")]
    clips, reasons = dropped(folder, rows[0], (*rows[1][:4], ""))
    assert clips == ["c", "d"] and not reasons  # one without a video shares none
    clips, reasons = dropped(folder, *rows)
    assert clips == ["c", "d"] and "a video of one recording, found that of 2" in reasons[0]
    shutil.copy(folder / "a.avi", folder / "b.avi")
    listing(folder, rows[0], (*rows[1][:4], "b.avi"))
    cohort = flex.read(folder)
    assert [list(trial.loaders) for trial in cohort] == [["eeg"]] * 2 and len(cohort.dropped) == 2
    (folder / "a_intervalMarker.csv").write_text("latency,duration,type\n0,1,c\n1,1,d\n")
    listing(folder, rows[0], ("a.edf", 1, "sadness", "d", "a.avi"))
    assert [list(trial.loaders) for trial in flex.read(folder)] == [["eeg", "video"]] * 2


def test_markers_in_milliseconds_or_beyond_the_recording(folder):
    for line, found in (("500,1500", "500 to 2000 (milliseconds?)"), ("2,2.5", "2 to 4.5. "),
                        ("3.1,0.5", "3.1 to 3.6. ")):
        (folder / "a_intervalMarker.csv").write_text(f"latency,duration,type\n{line},film 1\n")
        with pytest.raises(BadFile, match="within the 3 s of the recording, found ") as caught:
            flex.read(folder)
        assert found in str(caught.value)


CLOCK = np.arange(N) / 128
# counter, clock: samples of the result, or the reason
PACKETS = {
    "as it should be": (np.arange(N) % 128, CLOCK, N),
    "a gap that the counter does not know": (np.arange(N) % 128, CLOCK + 0.2 * (CLOCK >= 1),
                                             "found 1 packets and 0.20"),
    "a packet twice": (np.arange(N) % 128 - (np.arange(N) == 200), CLOCK,
                       "counter that goes on, found 71 again in sample 200"),
    "a jump that the clock does not know": ((np.arange(N) + 20 * (np.arange(N) >= 200)) % 128,
                                            CLOCK, "21 packets and 0.008 s"),
    "a counter beyond the second": (np.arange(N), CLOCK, "a counter from 0 to 127"),
    "a clock of another rate": (np.arange(N) % 128, CLOCK / 2, "128 rows a second, found 25"),
}


@pytest.mark.parametrize("case", PACKETS)
@pytest.mark.parametrize("write", ["edf", "csv"])
def test_packets_are_held_against_the_clock(folder, case, write):
    counter, clock, expected = PACKETS[case]
    if write == "edf":
        write_edf(folder / "b.edf", counter=counter, clock=clock)
    else:
        write_csv(folder / "b.csv", counter=counter, clock=clock)
    add(folder, f"b.{write}")
    cohort = flex.read(folder)
    if isinstance(expected, int):
        assert cohort[1].load("eeg").data.shape[1] == expected
    else:
        assert expected in cohort.dropped[f"b.{write}"]


def test_whole_seconds_that_only_the_clock_knows_are_put_back_as_nan(folder):
    rows = np.delete(np.arange(30 * 128), slice(5 * 128, 7 * 128))
    write_csv(folder / "b.csv", n=30 * 128, rows=rows)
    add(folder, "b.csv")
    data = flex.read(folder)[1].load("eeg").data
    lost = np.isnan(data).all(axis=0)
    assert len(lost) == 30 * 128 and np.flatnonzero(lost).tolist() == list(range(640, 896))


@pytest.mark.parametrize(("title", "read"), [("07", True), ("a:b", True),
                                             ("sampling rate:256", True),
                                             ("a,sampling rate:256", False)])
def test_a_title_that_looks_like_a_setting(folder, title, read):
    write_csv(folder / "b.csv",
              preamble=f"title:{title},start timestamp:0,sampling rate:eeg_128;mot_32")
    add(folder, "b.csv")
    cohort = flex.read(folder)
    assert len(cohort) == 1 + read and all("A title that looks like" in reason
                                           for reason in cohort.dropped.values())


def test_clips_and_paths_stay_as_they_are_written(folder):
    (folder / "S1").mkdir()
    clips = ["07", "NA", "null", "TRUE", "1.50", "nan"]
    for i, _ in enumerate(clips):
        write_edf(folder / "S1" / f"{i}.edf", shift=10.0 * i)
    rows = [(f"S1\\{i}.edf", "01", "fear", clip, "") for i, clip in enumerate(clips)]
    assert dropped(folder, *rows) == (clips, [])
    assert flex.files(folder)[1] == "S1/0.edf"


def test_bdf_is_read_by_its_content(folder):
    n = 3 * 128
    signals = [
        edfio.BdfSignal(row, 128, label=name, physical_dimension="uV", physical_range=(0, 8191.875))
        for name, row in zip(CAP, values(n), strict=True)
    ]
    counter = edfio.BdfSignal(
        np.arange(n) % 128 * 1.0, 128, label="COUNTER", physical_range=(-8388608, 8388607))
    edfio.Bdf([counter, *signals], data_record_duration=1.0).write(folder / "b.edf")
    add(folder, "b.edf")
    np.testing.assert_allclose(
        flex.read(folder, least=0)[1].load("eeg").data[0],
        values()[CAP.index(CHANNELS[0])], atol=0.01)
