"""A picture is decoded whole or refused, whatever the decoder would make of it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lib.datasets.base import BadFile
from lib.datasets.picture import read_picture

HALVES = np.zeros((100, 100, 3), np.uint8)  # blue, green, red
HALVES[:50], HALVES[50:] = (10, 60, 200), (90, 180, 30)
NOISY = np.random.default_rng(0).integers(0, 255, (100, 100, 3), np.uint8)
JPEGS = {
    "baseline": [], "progressive": [cv2.IMWRITE_JPEG_PROGRESSIVE, 1],
    "restarts": [cv2.IMWRITE_JPEG_RST_INTERVAL, 5], "its own code": [cv2.IMWRITE_JPEG_OPTIMIZE, 1],
}


def encoded(image, ending=".jpg", options=()) -> bytes:
    return cv2.imencode(ending, image, list(options))[1].tobytes()


def turned() -> bytes:
    """A JPEG file whose EXIF part says that the camera was held a quarter to the left."""
    tag = b"II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0"
    part = b"Exif\0\0" + tag
    jpeg = encoded(HALVES)
    return jpeg[:2] + b"\xff\xe1" + (len(part) + 2).to_bytes(2, "big") + part + jpeg[2:]


KINDS = {  # the colour, red first, at the upper left and the lower right
    "16 bits": (encoded(HALVES.astype(np.uint16) * 257, ".png"), (200, 60, 10), (30, 180, 90)),
    "grey": (encoded(HALVES[..., 2]), (200, 200, 200), (30, 30, 30)),
    "grey, 16 bits": (encoded(HALVES[..., 2].astype(np.uint16) * 257,
                              ".png"), (200,) * 3, (30,) * 3,
                      ),
    "transparent": (encoded(np.dstack([HALVES, HALVES[..., 0]]),
                            ".png"), (200, 60, 10), (30, 180, 90),
                    ),
    "turned": (turned(), (30, 180, 90), (200, 60, 10)),  # the lower half to the left
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_picture_is_red_green_blue_and_upright(tmp_path, kind):
    content, left, right = KINDS[kind]
    (tmp_path / "a").write_bytes(content)
    image = read_picture(tmp_path / "a", "").astype(int)
    row = 80 if kind != "turned" else 20
    assert image.shape == (100, 100, 3)
    assert np.abs(image[20, 20] - left).max() < 4 and np.abs(image[row, 80] - right).max() < 4


@pytest.mark.parametrize("name", [*JPEGS, "png"])
def test_bytes_after_the_end_are_no_damage_and_the_decoders_own_channel_is_left_alone(
        tmp_path, name, capfd):
    content = encoded(NOISY, ".png") if name == "png" else encoded(NOISY, options=JPEGS[name])
    whole = cv2.cvtColor(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR),
                         cv2.COLOR_BGR2RGB)
    for more in (b"", b"\0" * 500, b"\xff\xd8\xff", b"x"):
        (tmp_path / "a").write_bytes(content + more)
        np.testing.assert_array_equal(read_picture(tmp_path / "a", ""), whole)
    assert capfd.readouterr().err == ""


def damaged(content: bytes, how: str) -> bytes:
    i, n = len(content) // 2, 400
    return {
        "doubled": content[:i] + content[i - n:i] + content[i:],
        "zeroed": content[:i] + bytes(n) + content[i + n:],
        "changed": content[:i] + NOISY.tobytes()[:n] + content[i + n:],
        "taken out": content[:i] + content[i + 3 * n:], "cut": content[:i],
        "cut, with an end": content[:i] + content[-2:], "another part": content[:2] + content[40:],
    }[how]


@pytest.mark.parametrize(
    "how", ["doubled", "zeroed", "changed", "taken out", "cut", "cut, with an end", "another part"])
@pytest.mark.parametrize("name", [*JPEGS, "png"])
def test_damage_inside_is_refused(tmp_path, name, how):
    content = encoded(NOISY, ".png") if name == "png" else encoded(NOISY, options=JPEGS[name])
    (tmp_path / "a").write_bytes(damaged(content, how))
    with pytest.raises(BadFile, match=r"a: expected a whole image file, found .+\. Get it again"):
        read_picture(tmp_path / "a", "Get it again.")


def test_a_run_of_zeros_is_no_data_of_the_usual_code(tmp_path):
    content = encoded(np.full((100, 100, 3), 128, np.uint8))
    scan = content.index(b"\xff\xda") + 14
    (tmp_path / "a").write_bytes(content[:scan] + bytes(30) + content[scan + 30:])
    with pytest.raises(BadFile):
        read_picture(tmp_path / "a", "")
