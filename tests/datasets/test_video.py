"""The time of a video's frames comes from its container, whatever its header says of a rate."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lib.datasets.base import BadFile
from lib.datasets.video import clock, read_frames, read_video

EVEN = np.arange(0, 12, 1 / 25)
PHONE = np.r_[np.arange(0, 4, 1 / 30), np.arange(4, 12, 1 / 10)]  # it gets dark after 4 s


def avi(path, rate=25, frames=300):
    writer = cv2.VideoWriter(str(path), cv2.CAP_OPENCV_MJPEG, cv2.VideoWriter.fourcc(*"MJPG"), rate,
                             (32, 24))
    for i in range(frames):
        writer.write(np.full((24, 32, 3), i % 256, np.uint8))
    writer.release()
    return path


def said(video):
    """The times that a read video gives its frames, and what their brightness tells."""
    return np.arange(len(video.data)) / video.rate, video.data[:, 12, 16].mean(axis=1) / 20


@pytest.mark.parametrize("times", [EVEN, PHONE, np.delete(EVEN, [50, 51, 52, 100, 180])])
@pytest.mark.parametrize("seconds", [None, 12])
def test_frames_are_those_of_their_time(tmp_path, make, times, seconds):
    video = read_video(make.write_matroska(tmp_path / "a.mkv", times, seconds), 2.0)
    given, true = said(video)
    assert (len(video.data), video.rate) == (24, 2.0) and np.abs(given - true).max() < 0.11
    assert len(read_video(tmp_path / "a.mkv", 2.0, end=3.0).data) == 6
    assert len(read_video(tmp_path / "a.mkv",
                          1000.0).data) == pytest.approx(len(times),
                                                         abs=1)  # no more than there are


@pytest.mark.parametrize("rate", [10, 25, 30])
def test_frames_of_a_constant_rate_are_taken_by_number(tmp_path, rate):
    path, capture = avi(tmp_path / "a.avi", rate), cv2.VideoCapture(str(tmp_path / "a.avi"))
    whole = np.stack([cv2.cvtColor(capture.read()[1], cv2.COLOR_BGR2RGB) for _ in range(300)])
    numbers = [i for i in (-(-k * rate // 2) for k in range(60))
               if i < 300]  # the first frame from each half second on
    np.testing.assert_array_equal(read_video(path, 2.0).data, whole[numbers])
    np.testing.assert_array_equal(np.stack(list(read_frames(path, [3, 3, 200, 299]))),
                                  whole[[3, 3, 200, 299]])


def changed(path, at, values):
    content = bytearray(path.read_bytes())
    content[at:at + len(values)] = values
    path.write_bytes(content)
    return path


def doubled(path):
    content = path.read_bytes()
    path.write_bytes(content[:50_000] + content[49_000:])
    return path


def cut(path, share):
    path.write_bytes(path.read_bytes()[:int(share * path.stat().st_size)])
    return path


def whole(rate):
    """Where an AVI file has its frame rate, and that rate as a fraction of one."""
    return 132, np.array([rate], "<u4").tobytes()


FAULTS = {
    "1000 frames a second": (lambda f, write: avi(f / "a.avi", 1000),
                             "0.5 to 500 frames per second, found 1000",
                             ),
    "two rates": (lambda f, write: changed(avi(f / "a.avi", 25), *whole(50)),
                  "one frame rate, found 25 and 50",
                  ), "no frames": (lambda f, write: write(f / "a.mkv", []),
                                   "a video that OpenCV can decode, found no frames",
                                   ),
    "backwards": (lambda f, write: write(f / "a.mkv", [*EVEN[:100], *EVEN[50:100], *EVEN[150:]]),
                  "a time of its own for each frame, found 250",
                  ),
    "out of order": (lambda f, write: write(
        f / "a.mkv", EVEN[[*range(100), *range(149, 99, -1), *range(150, 300)]]), "in the order of",
                     ), "standing still": (lambda f, write: write(f / "a.mkv", np.zeros(300)),
                                           "a time of its own for each frame, found 1 for 300",
                                           ),
    "a pause": (lambda f, write: write(f / "a.mkv", [*EVEN[:100], *EVEN[200:]]),
                "a frame at least every 2 s, found none for 4.0 s",
                ), "cut": (lambda f, write: cut(avi(f / "a.avi"), 0.5), "cut short"),
    "cut a little": (lambda f, write: cut(avi(f / "a.avi"), 0.99), "cut short"),
    "cut, of another kind": (lambda f, write: cut(write(f / "a.mkv", EVEN, 12), 0.5),
                             r"12.00 s, as it announces, found 5.96 s \(cut short\)",
                             ), "doubled": (lambda f, write: doubled(avi(f / "a.avi")),
                                            r"a part of the file at byte \d+|parts of \d+ bytes",
                                            ),
    "other bytes": (lambda f, write:
                    (f / "a.avi").write_bytes(b"RIFF" * 9) and f / "a.avi", "no frames",
                    ), "missing": (lambda f, write: f / "a.avi", "no such file"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_no_video_of_a_camera_is_refused(tmp_path, make, fault):
    damage, reason = FAULTS[fault]
    path = damage(tmp_path, make.write_matroska)
    with pytest.raises(BadFile, match=reason):
        read_video(path, 2.0)


def test_a_video_must_last_as_long_as_its_recording(tmp_path):
    path = avi(tmp_path / "a.avi", frames=50)
    assert clock(path, least=2.1).length == 2.0
    with pytest.raises(BadFile, match=r"a video of 60.0 s, as the recording lasts, found 2.0 s"):
        read_video(path, 2.0, least=60.0)


def test_a_frame_that_is_damaged_inside_is_refused(tmp_path):
    path = tmp_path / "a.avi"
    writer = cv2.VideoWriter(str(path), cv2.CAP_OPENCV_MJPEG, cv2.VideoWriter.fourcc(*"MJPG"), 25,
                             (64, 48))
    for image in np.random.default_rng(0).integers(0, 255, (50, 48, 64, 3), np.uint8):
        writer.write(image)
    writer.release()
    assert len(read_video(path, 25.0).data) == 50
    middle = path.stat().st_size // 2
    changed(path, middle, path.read_bytes()[middle - 50:middle])
    with pytest.raises(BadFile, match=r"frames that can be decoded whole, found \[mjpeg @"):
        read_video(path, 25.0)
