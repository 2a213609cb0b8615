"""The readers of photographs of faces, in their exact layouts, on pictures of one colour each."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from lib.datasets import catalogue, london_faces, registry, wild_faces
from lib.datasets.base import BadFile

LINES = [
    "302,Ada_Example_0001.jpg,happiness", "302,Ada_Example_0002.jpg,NEUTRAL",
    "628,Bo_van_Example_0001.jpg,Sadness", "JN721,Film_12.jpg,fearful", "628,alone.jpg,surprise",
    "302,Ada_Example_0001.jpg,Happiness"
]


def draw(path: Path, colour: int, size: int = 40) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    shade = np.random.default_rng(colour).integers(0, 255, (size, size + 10, 3), np.uint8)
    shade[:20] = colour
    assert cv2.imwrite(str(path), shade)


def legend(folder: Path, lines, below: str = "data") -> None:
    (folder / below).mkdir(parents=True, exist_ok=True)
    (folder / below / "legend.csv").write_text("\n".join(["user.id,image,emotion", *lines]))


@pytest.fixture
def wild(tmp_path):
    folder = tmp_path / "faces-in-the-wild"
    legend(folder, LINES)
    for number, name in enumerate(sorted({line.split(",")[1] for line in LINES})):
        draw(folder / "images" / name, 50 * number)
    return folder


@pytest.fixture
def london(tmp_path):
    folder = tmp_path / "london-faces"
    for person in (1, 27):
        draw(folder / "neutral_front" / f"{person:03d}_03.jpg", person)
        draw(folder / "smiling_front" / f"{person:03d}_08.jpg", 100 + person)
    (folder / "neutral_front" / "001_03.tem").write_text("landmarks")
    return folder


def named(cohort) -> dict[str, str]:
    return {trial.stimulus: wild_faces.EMOTIONS[int(trial.labels["emotion"])] for trial in cohort}


def test_names_tell_people_and_sources(wild):
    cohort = wild_faces.read(wild)
    assert named(cohort) == {
        "Ada_Example_0001.jpg": "happiness", "Ada_Example_0002.jpg": "neutral",
        "Bo_van_Example_0001.jpg": "sadness", "Film_12.jpg": "fear", "alone.jpg": "surprise"
    }
    ada, again, *others = (trial.subject for trial in cohort)
    assert ada == again and len({ada, *others}) == 4
    assert [trial.session for trial in cohort] == ["lfw", "lfw", "lfw", "other", "other"]
    assert cohort.tier == "public" and not cohort.dropped
    image = cohort[1].load("image").data
    assert image.shape == (1, 40, 50, 3) and abs(image[0, 5].mean() - 50) < 8


def test_the_legend_may_lie_beside_the_pictures_and_some_may_be_chosen(wild):
    shutil.move(wild / "data" / "legend.csv", wild / "legend.csv")
    (wild / "data").rmdir()
    assert len(wild_faces.read(wild)) == 5
    assert list(named(wild_faces.read(wild, lambda: {"images/alone.jpg"}))) == ["alone.jpg"]


def test_what_is_wrong_is_left_out_with_its_reason(wild):
    legend(wild, [
        *LINES, "1,Ada_Example_0002.jpg,anger", "1,gone_0001.jpg,anger", "1,odd_0001.jpg,joy",
        "1,../alone.jpg,anger", "1,cut_0001.jpg,anger", "1,Copy_0001.jpg,anger"
    ])
    content = (wild / "images" / "Film_12.jpg").read_bytes()
    (wild / "images" / "cut_0001.jpg").write_bytes(content[:-200])
    shutil.copyfile(wild / "images" / "alone.jpg", wild / "images" / "Copy_0001.jpg")
    cohort = wild_faces.read(wild)
    words = {
        "Ada_Example_0002.jpg": "neutral in line 3, anger in line 8",
        "gone_0001.jpg": "FileNotFoundError", "odd_0001.jpg": "joy in line 10",
        "../alone.jpg": "First_Last_0001", "cut_0001.jpg": "whole image",
        "Copy_0001.jpg": "alone.jpg", "alone.jpg": "Copy_0001.jpg"
    }
    assert cohort.dropped.keys() == words.keys()
    assert [name for name, word in words.items() if word not in cohort.dropped[name]] == []
    assert sorted(
        named(cohort)) == ["Ada_Example_0001.jpg", "Bo_van_Example_0001.jpg", "Film_12.jpg"]


def test_a_set_without_legend_or_pictures_is_refused_in_one_message(wild, tmp_path):
    shutil.rmtree(wild / "images")
    with pytest.raises(BadFile, match="none for 5 names"):
        wild_faces.read(wild)
    with pytest.raises(BadFile, match=r"legend\.csv"):
        wild_faces.read(tmp_path)


def test_people_of_london_whole_and_as_crops(london, tmp_path):
    cohort = london_faces.read(london)
    assert [(t.subject, t.stimulus, t.session) for t in cohort] == [(1, "neutral", "whole"),
                                                                    (27, "neutral", "whole"),
                                                                    (1, "happiness", "whole"),
                                                                    (27, "happiness", "whole")]
    assert cohort.caption == london_faces.CREDIT and "CC BY 4.0" in cohort.caption
    for name in ("happy_003_08", "neutral_003_03", "neutral_010_03"):
        draw(tmp_path / "crops" / f"{name}.jpg", len(name))
    (tmp_path / "crops" / "neutral_010_03.jpg").write_bytes(b"")
    crops = london_faces.read(tmp_path / "crops")
    assert [(t.subject, t.stimulus, t.session) for t in crops] == [(3, "happiness", "crop"),
                                                                   (3, "neutral", "crop")]
    assert "crops of the faces" in crops.caption
    assert list(crops.dropped) == ["neutral_010_03.jpg"]
    with pytest.raises(BadFile, match="001_03"):
        london_faces.read(tmp_path)


def test_both_are_found_and_say_where_to_get_them(wild, london, tmp_path):
    for name, ask in (("faces-in-the-wild", "muxspace"), ("london-faces", "figshare")):
        assert registry.find(name, tmp_path).tier == "public"
        with pytest.raises(FileNotFoundError, match=ask):
            registry.require(name, "public", tmp_path / "nowhere")
    assert registry.find("faces-in-the-wild", tmp_path).missing.startswith("1707 of 1707 files")
    assert len(catalogue.checksums("faces-in-the-wild")) == 1707


REAL = Path(os.environ.get("TEST_DATA", "nowhere"))


@pytest.mark.skipif(not (REAL / "london-faces").is_dir(),
                    reason="TEST_DATA names no folder with faces")
def test_real_pictures():
    wild = registry.require("faces-in-the-wild", "public", REAL)
    assert len(wild) > 1700 and len({trial.subject for trial in wild}) > 700
    assert len(registry.require("london-faces", "public", REAL)) == 204
