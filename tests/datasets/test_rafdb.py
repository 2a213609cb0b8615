"""The reader of RAF-DB: both layouts, what is left out and why."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lib.datasets import rafdb
from lib.datasets.base import BadFile

LABELS = {
    "train_00002.jpg": 5, "train_00001.jpg": 4, "train_00003.jpg": 1, "test_0001.jpg": 7,
    "test_0002.jpg": 2, "train_00004.jpg": 6
}


def face(name: str, size: int = 100) -> bytes:
    image = np.full((size, size, 3), (10, 60, 200), np.uint8)  # blue, green, red
    image[:LABELS.get(name, 1) * 10] = 255
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 100])[1].tobytes()


def put(path, content: bytes):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@pytest.fixture
def owner(tmp_path):
    root = tmp_path / "owner"
    for name in LABELS:
        put(root / "basic/Image/aligned" / rafdb.aligned(name), face(name))
    lines = [
        f"{name}{separator}{code}"
        for (name, code), separator in zip(LABELS.items(), " \t \t \t", strict=False)
    ]
    put(root / "basic/EmoLabel/list_patition_label.txt", "\n".join(lines).encode())
    return root


@pytest.fixture
def repack(tmp_path):
    root = tmp_path / "repack"
    rows = {"train": "image,label\n", "test": "image,label\n"}
    for name, code in LABELS.items():
        split = name.split("_")[0]
        put(root / "DATASET" / split / str(code) / rafdb.aligned(name), face(name))
        rows[split] += f"{rafdb.aligned(name)},{code}\n"
    for split, text in rows.items():
        put(root / f"{split}_labels.csv", text.encode())
    return root


def add(owner, name: str, code, content: bytes | None):
    with open(owner / "basic/EmoLabel/list_patition_label.txt", "a", encoding="utf-8") as table:
        table.write(f"\n{name} {code}")
    if content is not None:
        put(owner / "basic/Image/aligned" / rafdb.aligned(name), content)


@pytest.mark.parametrize("layout", ["owner", "basic", "repack"])
def test_both_layouts_say_the_same(layout, request):
    root = request.getfixturevalue("repack" if layout == "repack" else "owner")
    cohort = rafdb.read(root / "basic" if layout == "basic" else root)
    assert (cohort.name, cohort.tier, cohort.caption) == ("rafdb", "licensed",
                                                          "RAF-DB (real recordings)")
    found = [(t.session, t.trial, rafdb.EMOTIONS[t.labels["emotion"]], t.subject) for t in cohort]
    assert found == [("train", 1, "happiness", 0), ("train", 2, "sadness", 0),
                     ("test", 1, "neutral", 0), ("test", 2, "fear", 0)]
    image = cohort[1].load("image").data
    assert image.shape == (1, 100, 100, 3) and image.dtype == np.uint8
    # red first; 5 in the label file
    assert np.abs(image[0, 80, 50].astype(int) -
                  (200, 60, 10)).max() < 4 and image[0, :45].min() > 240
    assert dict(cohort.dropped) == {
        "other emotions": "2 images of emotions that paper 4 does not use: anger 1, surprise 1"
    }
    assert len(rafdb.files(root)) == (8 if layout == "repack" else 7) and all(
        (root / name).is_file() for name in rafdb.files(root))


def test_each_damaged_image_or_line_is_left_out_alone(owner):
    add(owner, "train_00010.jpg", 4, face("")[:-300])
    add(owner, "train_00011.jpg", 4, b"")
    add(owner, "train_00012.jpg", 4, b"not an image")
    add(owner, "train_00013.jpg", 4, None)
    add(owner, "train_00014.jpg", 4, face("", size=80))
    add(owner, "train_00015.jpg", 8, face(""))
    add(owner, "portrait.jpg", 4, face(""))
    add(owner, "train_00001.jpg", 5, None)
    add(owner, "train_00016.jpg", "4 4", face(""))
    cohort = rafdb.read(owner)
    assert [t.trial for t in cohort] == [2, 1, 2]
    reasons = {
        "train_00010.jpg": "a part of one", "train_00011.jpg": "0 bytes",
        "train_00012.jpg": "12 bytes that are none",
        "train_00013.jpg": "expected a picture, found FileNotFoundError",
        "train_00014.jpg": "expected an aligned image of 100 x 100 pixels, found 80 x 80",
        "train_00015.jpg": "1 surprise, 2 fear, .*found 8 in line 12 of list_pat",
        "portrait.jpg": "a name like train_00001.jpg",
        "train_00001.jpg": "one emotion for each image, found 4 in line 2 .*, 5 in line 14",
        "list_patition_label.txt: train_00016.jpg 4 4": "a number from 1 to 7"
    }
    assert cohort.dropped.keys() == reasons.keys() | {"other emotions"}
    for name, reason in reasons.items():
        with pytest.raises(BadFile, match=reason):
            raise BadFile("", cohort.dropped[name], "", "")


def test_one_damaged_label_file_of_two(repack):
    (repack / "test_labels.csv").write_bytes(b"\xff\xfe\x00")
    cohort = rafdb.read(repack)
    assert {t.session for t in cohort} == {"train"}
    assert "found damaged UTF-16" in cohort.dropped["test_labels.csv"]


@pytest.mark.parametrize("again",
                         ["train_00001.jpg 4", "train_00001_aligned.jpg 4", "train_1.jpg 4"])
def test_an_image_that_is_listed_twice_is_read_once(owner, again):
    with open(owner / "basic/EmoLabel/list_patition_label.txt", "a", encoding="utf-8") as table:
        table.write(f"\n{again}")
    cohort = rafdb.read(owner)
    assert [t.trial for t in cohort] == [1, 2, 1, 2]
    assert "found line 2 of" in cohort.dropped[again.split()[0]]


def test_label_files_of_a_spreadsheet(repack):
    for split in ("train", "test"):
        table = repack / f"{split}_labels.csv"
        text = table.read_text().replace(",", ";").replace("\n", ";\n")
        table.write_text(text, encoding="utf-16")
    cohort = rafdb.read(repack)
    assert len(cohort) == 4 and list(cohort.dropped) == ["other emotions"]


def test_nothing_usable(owner, tmp_path):
    with pytest.raises(
            BadFile,
            match=r"expected basic/EmoLabel/list_patition_label.txt, or DATASET/ .*found neither"):
        rafdb.read(tmp_path)
    table = owner / "basic/EmoLabel/list_patition_label.txt"
    table.write_text("train_00001.jpg 1 happiness\n")
    with pytest.raises(BadFile, match=r"a space or tab, found 'train_00001.jpg 1 happiness'"):
        rafdb.read(owner)
    table.write_text("train_00009.jpg 4\n")
    with pytest.raises(
            BadFile, match=r"at least one usable image, found none for 1 labels; the first: "
            r".*train_00009_aligned.jpg"):
        rafdb.read(owner)
    table.write_text("")
    with pytest.raises(BadFile, match="found an empty file"):
        rafdb.read(owner)
    (owner / "SIMULATED.txt").write_text("simulated")
    with pytest.raises(BadFile, match="Simulate the cohort again"):
        rafdb.read(owner)
