"""The raw reader on a database whose every sample and frame is known."""

from __future__ import annotations

import json
import logging
import pickle
import re

import cv2
import numpy as np
import pytest
from scipy.io import savemat

from lib.datasets import mahnob, registry
from lib.datasets.base import BadFile
from lib.datasets.mahnob_files import read_labels, read_session, stimulus_times
from lib.datasets.mahnob_format import (ALL_CHANNELS, EEG_CHANNELS, LABELS_FILE, bdf_name,
                                        gaze_name, video_name)
from lib.datasets.mahnob_media import video_frames


def frames_at(trial, times):
    return video_frames(trial.files["video"], trial.files["eye"],
                        read_session(trial.files["session"]), times)


# case: (file, what is done to it, reason); None deletes it, bytes replace it, a number cuts so many
# bytes off, a mapping writes it anew
DROPPED = {
    "no bdf": ("bdf", None, "no such file"), "bdf cut short": ("bdf", 1000, "cut short"),
    "bdf by one byte": ("bdf", 1, "cut short"),
    "bdf in another unit": ("bdf", {"unit": "nV"}, "uV, mV or V as the unit of Fp1, found 'nV'"),
    "not a bdf": ("bdf", b"0" * 999, "the header of an EDF or BDF file"),
    "46 channels": ("bdf", {"names": ALL_CHANNELS[1:]}, "expected 47 channels, found 46"),
    "another montage": ("bdf", {"names": ("A1", *ALL_CHANNELS[1:])}, "A1 in place of Fp1"),
    "no video": ("video", None, "the video file that session.xml names"),
    "no gaze": ("gaze", None, "the eye file that session.xml names"), "no xml": ("xml", None,
                                                                                 "no such file"),
    "xml with entities": ("xml", {"head": '<!DOCTYPE s [<!ENTITY a "b">]>', "more": "&a;"},
                          "EntitiesForbidden"), "xml broken": ("xml", b"<session", "ParseError"),
    "no rates": ("xml", b"<session><subject id='1'/></session>",
                 "vidRate"), "no colour track": ("xml", {"color": "0"}, 'color="1"'),
    "another subject": ("xml", {"as_subject": 2}, "expected subject 1"),
}
LOADING = {
    "one pulse": ("eeg", "bdf", {"pulses": (30.0,)}, "two pulses .* found 1 in 68.0 s"),
    "three pulses": ("ecg", "bdf", {"pulses": (30.0, 33.0, 38.0)}, "two pulses .* found 3"),
    "ends early": ("eeg", "bdf", {"pulses": (30.0, 34.0),
                                  "seconds": 35.0}, "8 s of recording .* found 5.00 s"),
    "short video": ("video", "video", {"n_frames": 150},
                    "frames 42 to 197 .* found frames 0 to 149"),
    "no video inside": ("video", "video", b"RIFF" * 9, "no frames"),
    "no events": ("video", "gaze", {"events": False}, "MovieStart"),
    "no table": ("eye", "gaze", b"x\n" * 40, "column names on line 24"),
}


def damage(make, root, file, how):
    folder = make.session_folder(root, 1, 4)
    path = folder / {
        "bdf": bdf_name(1, 4), "video": video_name(1, 4), "gaze": gaze_name(1, 4),
        "xml": "session.xml"
    }[file]
    content = path.read_bytes()
    path.unlink()  # the link, not the file it stands for
    if isinstance(how, int):
        path.write_bytes(content[:-how])
    elif isinstance(how, bytes):
        path.write_bytes(how)
    elif how is not None:
        getattr(make, f"write_{file}")(path, **how)


def test_trials_in_label_order_with_ratings(database):
    cohort = mahnob.read(database)
    assert (cohort.name, cohort.tier, dict(cohort.dropped)) == ("mahnob", "licensed", {})
    assert [(t.subject, t.session, t.trial, t.stimulus)
            for t in cohort] == [(1, "4", 2, "53.avi"), (30, "3792", 11, "53.avi")]
    assert cohort[0].labels["felt_valence"] == 8 and "felt_control" not in cohort[0].labels
    np.testing.assert_allclose(cohort[1].labels["valence"], np.linspace(0.1, -0.2, 31))
    assert pickle.loads(pickle.dumps(cohort[0])).load("ecg").channels == ("EXG1", "EXG2", "EXG3")


@pytest.mark.parametrize(("modality", "channels", "first"), [("eeg", tuple(EEG_CHANNELS), 0),
                                                             ("ecg", mahnob.CHANNELS["ecg"], 32)])
def test_physiology_is_cut_around_the_pulses_in_microvolt(database, modality, channels, first,
                                                          make):
    signal = mahnob.read(database)[0].load(modality)
    assert (signal.channels, signal.rate, signal.unit, signal.start) == (channels, make.RATE, "uV",
                                                                         -2.0)
    assert signal.data.shape == (len(channels), (make.SECONDS + 4) * make.RATE)
    times = signal.start + np.arange(signal.data.shape[1]) / make.RATE
    expected = np.array([make.eeg_wave(times, first + i) for i in range(len(channels))])
    # one step of the converter is 0.031 uV
    np.testing.assert_allclose(signal.data, expected, atol=0.04)


def test_flags_above_the_trigger_lines_and_a_resting_level_do_not_matter(tmp_path, make):
    for flags in (0, 1 << 16, 1 << 20 | 1 << 16, 0xFF00):
        make.write_bdf(tmp_path / "a.bdf", flags=flags)
        found = stimulus_times(tmp_path / "a.bdf")
        assert (found.onset, found.offset, found.length,
                found.source) == (make.ONSET, make.ONSET + make.SECONDS, 68.0, "Status")


def test_signal_is_clipped_at_the_edges_of_the_recording(copy, make):
    damage(make, copy, "bdf", {"pulses": (1.0, 9.0), "seconds": 10.0})
    signal = mahnob.read(copy)[0].load("eeg")
    assert signal.start == -1.0 and signal.data.shape[1] == 10 * make.RATE
    # the end pulse too early: the labels decide
    damage(make, copy, "bdf", {"pulses": (1.0, 3.0), "seconds": 12.0})
    assert mahnob.read(copy)[0].load("eeg").data.shape[1] == 11 * make.RATE


def test_without_pulses_thirty_seconds_are_assumed_and_said(copy, caplog, make):
    damage(make, copy, "bdf", {"pulses": ()})
    trial = mahnob.read(copy)[0]
    with caplog.at_level(logging.WARNING):
        found = stimulus_times(trial.files["eeg"])
    assert (found.onset, found.offset,
            found.source) == (30.0, 38.0, "assumed 30 s") and "no pulse on Status" in caplog.text
    times = -2.0 + np.arange(3) / make.RATE + 30.0 - make.ONSET
    np.testing.assert_allclose(trial.load("eeg").data[0, :3], make.eeg_wave(times, 0), atol=0.04)


def test_video_frames_follow_the_audio_clock(database, make):
    trial = mahnob.read(database)[0]
    video = trial.load("video")
    assert video.data.shape == (32, 48, 64, 3) and video.data.dtype == np.uint8 and (
        video.rate, video.start) == (4.0, 0.125)
    assert [make.frame_number(image) for image in video.data
            ] == [int((make.MEDIA + (i + 0.5) / 4) * make.FPS) for i in range(32)]
    assert [make.frame_number(image)
            for image in frames_at(trial, [-0.5, 0.0, 0.0, 7.99])] == [30, 40, 40, 199]


def test_eye_samples_between_the_events(database, make):
    eye = mahnob.read(database)[0].load("eye")
    assert eye.data.shape == (10, make.SECONDS * 60 + 1) and eye.rate == 60 and abs(
        eye.start) < 1 / 60
    np.testing.assert_allclose(eye.data[3], np.arange(162, 162 + 481) + 0.03, atol=1e-4)


def _gaze_row(copy, make, change):
    """Change one row of the gaze table, in its cells; what becomes of the eye signal."""
    path = make.session_folder(copy, 1, 4) / gaze_name(1, 4)
    lines = path.read_text().splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if line.split("\t")[2:3] == ["200"])
    lines[at:at + 1] = change(lines[at])
    path.unlink()
    path.write_text("".join(lines))
    return mahnob.read(copy)[0].load("eye")


def test_two_gaze_cells_run_into_one_leave_a_gap(copy, make):
    def torn(line):
        cells = line.split("\t")
        return ["\t".join([*cells[:3], cells[3] + "." + cells[4], *cells[5:]])]

    eye = _gaze_row(copy, make, torn)
    assert np.isnan(eye.data[:, 200 - 162]).all() and np.isfinite(
        np.delete(eye.data, 200 - 162, axis=1)).all()


def test_a_gaze_sample_with_two_values_is_refused(copy, make):
    assert np.isfinite(_gaze_row(copy, make, lambda line: [line, line]).data).all()
    with pytest.raises(BadFile, match="each sample once, found different values for sample 200"):
        _gaze_row(
            copy, make,
            lambda line: [line, "\t".join([*line.split("\t")[:3], "1.5", *line.split("\t")[4:]])])


def test_sync_report(database):
    report = mahnob.sync_report(mahnob.read(database))
    expected = {
        "eeg_s": [8, 8], "label_s": [8, 7.75], "media_s": [8, 8], "video_s": [11, 11],
        "onset_minus_30_s": [0.25, 0.25], "media_start_in_video_s": [2, 2]
    }
    for column, values in expected.items():
        np.testing.assert_allclose(report[column], values, atol=1e-4, err_msg=column)
    assert report["onset_source"].tolist() == ["Status", "Status"
                                               ] and report["problem"].tolist() == ["", ""]


def test_sync_report_goes_on_after_a_bad_file(copy, make):
    damage(make, copy, "bdf", {"pulses": (30.0,)})
    report = mahnob.sync_report(mahnob.read(copy))
    assert "two pulses on Status" in report["problem"][0] and report["media_s"].tolist() == [
        8, 8
    ] and report["problem"][1] == ""
    damage(make, copy, "video", b"RIFF" * 9)
    report = mahnob.sync_report(mahnob.read(copy))
    assert "no frames" in report["problem"][0] and np.isnan(report["video_s"][0])
    np.testing.assert_allclose(report[["media_s", "media_start_in_video_s"]], [[8, 2]] * 2,
                               atol=1e-4)


@pytest.mark.parametrize("case", DROPPED)
def test_a_damaged_trial_is_left_out_with_its_reason(copy, case, caplog, make):
    file, how, reason = DROPPED[case]
    damage(make, copy, file, how)
    with caplog.at_level(logging.WARNING):
        cohort = mahnob.read(copy)
    assert [t.subject for t in cohort] == [30] and list(cohort.dropped) == ["Sessions/4"]
    assert reason in cohort.dropped["Sessions/4"] and reason in caplog.text


def test_a_needed_video_needs_the_gaze_table_for_its_clock(copy, make):
    damage(make, copy, "gaze", None)
    cohort = mahnob.read(copy, need=("video",))
    assert [t.subject for t in cohort] == [30]
    assert re.search("the eye file that session.xml names, found no such file.*leave video out",
                     cohort.dropped["Sessions/4"])
    assert len(mahnob.read(copy, need=("eeg",))) == 2


def test_without_videos_the_eeg_can_still_be_read(copy, make):
    damage(make, copy, "video", None)
    trial = mahnob.read(copy, need=("eeg",))[0]
    assert trial.load("eeg").data.shape[0] == 32
    with pytest.raises(BadFile, match="the colour video of the session, found no such file"):
        trial.load("video")


@pytest.mark.parametrize("case", LOADING)
def test_what_is_seen_when_loading_names_file_and_remedy(copy, case, make):
    modality, file, how, reason = LOADING[case]
    damage(make, copy, file, how)
    with pytest.raises(BadFile, match=reason) as caught:
        mahnob.read(copy)[0].load(modality)
    assert str(make.session_folder(copy, 1, 4)) in str(
        caught.value) and "leave the trial out" in str(caught.value)


def test_a_video_that_ends_a_little_early_repeats_its_last_frame(copy, make):
    damage(make, copy, "video", {"n_frames": 190})
    assert [make.frame_number(image)
            for image in mahnob.read(copy)[0].load("video").data[-3:]] == [187, 189, 189]


def test_label_file(copy, make):
    rows = [(1, 4), (30, 22), (30, 22)]
    (copy / LABELS_FILE).unlink()
    make.write_labels(copy, rows, [np.r_[np.zeros(31), np.nan], np.zeros(31), np.ones(31)])
    cohort = mahnob.read(copy)
    assert [t.subject for t in cohort] == [30] and not cohort[0].labels["valence"].any()
    assert "1 NaN of 32" in cohort.dropped["Sessions/4"] and "again" in cohort.dropped[
        "Sessions/3792 (repeated)"]
    for content in ({"trials_included": np.zeros((2, 3)), "labels": np.zeros(
        (2, 1), object)}, {"labels": np.zeros(3)}):
        savemat(copy / LABELS_FILE, content)
        with pytest.raises(BadFile, match=r"trials_included \(n, 2\)"):
            read_labels(copy)
    (copy / LABELS_FILE).write_bytes(b"\0" * 300)
    with pytest.raises(BadFile, match="MATLAB 5"):
        read_labels(copy)
    (copy / LABELS_FILE).unlink()
    with pytest.raises(BadFile, match="no such file"):
        mahnob.read(copy)


def test_an_empty_database_is_one_message(copy):
    (copy / "Sessions").rename(copy / "elsewhere")
    with pytest.raises(BadFile, match="none of 2"):
        mahnob.read(copy)


def test_names_in_the_xml_cannot_leave_the_session(database, make):
    session = read_session(make.session_folder(database, 1, 4) / "session.xml")
    assert session.physiology == bdf_name(1, 4)


def test_a_simulated_cohort_says_so(copy):
    (copy / "truth.json").write_text(json.dumps({"effect": 0.5, "seed": 7}))
    cohort = mahnob.read(copy)
    assert (cohort.name, cohort.tier,
            cohort.caption) == ("mahnob-simulated", "simulated",
                                "simulated cohort, effect = 0.5, seed = 7")
    (copy / "truth.json").write_text("{}")
    with pytest.raises(BadFile, match="effect and seed"):
        mahnob.read(copy)


def test_an_unfinished_simulated_cohort_never_passes_for_the_real_one(copy):
    (copy / "SIMULATED.txt").write_text("simulated")
    with pytest.raises(BadFile, match="the end of a simulated cohort"):
        mahnob.read(copy)
    assert registry.find("mahnob", copy).tier is None


def test_frames_agree_with_reading_the_whole_video(database, make):
    path = make.session_folder(database, 1, 4) / video_name(1, 4)
    capture = cv2.VideoCapture(str(path))
    whole = [cv2.cvtColor(capture.read()[1], cv2.COLOR_BGR2RGB) for _ in range(60)]
    trial = mahnob.read(database)[0]
    for image, number in zip(frames_at(trial, np.array([0.0, 0.5, 0.9])), (40, 50, 58),
                             strict=True):
        np.testing.assert_array_equal(image, whole[number])


def test_a_video_of_varying_rate_is_read_by_its_own_clock(copy, make):
    path = make.session_folder(copy, 1, 4) / video_name(1, 4)
    path.unlink()
    times = np.r_[np.arange(0, 5, 1 / 30), np.arange(5, 11, 1 / 10)]
    make.write_matroska(path, times)
    shown = np.stack(list(frames_at(mahnob.read(copy)[0], seconds := np.arange(0, 8, 0.25))))
    np.testing.assert_allclose(shown[:, 12, 16].mean(axis=1) / 20, make.MEDIA + seconds, atol=0.16)
    assert mahnob.sync_report(mahnob.read(copy))["video_s"][0] == pytest.approx(11, abs=0.1)
    path.unlink()
    make.write_matroska(path, np.arange(0, 11, 1 / 10))
    with pytest.raises(BadFile, match=r"20 frames per second, as session\.xml says, found 10"):
        next(frames_at(mahnob.read(copy)[0], seconds))
