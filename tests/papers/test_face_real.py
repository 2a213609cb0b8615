"""Paper 4's face network on photographs that stand in: who and which source is kept apart, and what
is left with emotions that mean nothing."""

import numpy as np
import pandas as pd
import pytest

from lib import paths
from lib.evaluation.stand_in import LABELS
from lib.papers.face_eeg import real
from lib.papers.face_eeg.expression_settings import FacePreset
from lib.store import Store
from tests.datasets.test_faces import draw

TINY = FacePreset(recipe={"epochs": 1})


@pytest.fixture
def data():
    """Press photographs of people with four each, whose maps tell the emotion, and sad or surprised
    stills of eight actors, whose maps tell only that they are stills."""
    rng = np.random.default_rng(0)
    source = np.repeat(["lfw", "other"], [80, 32])
    emotion = np.concatenate([rng.permutation(np.arange(80) % 4), np.repeat([1, 1, 1, 2], 8)])
    maps = rng.normal(size=(112, 2, 160, 4, 4))
    for row, kind in enumerate(np.where(source == "lfw", emotion, 4)):
        maps[row, :, 30 * kind:30 * kind + 30] += 1
    return {
        "maps": maps.astype(np.float16), "random_maps": maps[..., ::-1].astype(np.float16),
        "emotion": emotion, "official": source,
        "subject": np.concatenate([np.arange(80) // 4,
                                   100 + np.arange(32) % 8]), "about": {"tier": "public"}
    }


def test_people_and_sources_are_kept_apart(data):
    subject, source = data["subject"], data["official"]
    shared = {}
    for name in (*real.SPLITS, *real.SOURCES):
        folds = real.folds(data, name)
        parts = [[set(subject[list(rows)]) for rows in (f.train, f.val, f.test)] for f in folds]
        shared[name] = any(a & b for p in parts for a, b in ((p[0], p[1]), (p[0], p[2])))
        assert len(folds) == 5 and all(set(f.train).isdisjoint(f.test) for f in folds)
        assert {str(s) for f in folds
                for s in source[list(f.test)]} == {"other" if name in real.SOURCES else "lfw"}
        both = {str(s) for f in folds for s in source[list(f.train + f.val)]}
        assert both == ({"lfw", "other"} if name == "both_sources" else {"lfw"})
    assert shared == {
        "random_pictures": True, "by_subject": False, "both_sources": False, "by_source": False
    }
    assert [f.train for f in real.folds(data, "by_source")
            ] == [f.train for f in real.folds(data, "by_subject")]


def test_a_source_that_is_nearly_always_sad_is_read_instead_of_the_emotion(data, tmp_path):
    how = {"store": Store(tmp_path), "jobs": 1, "engine": "serial"}
    scores, records = real.run(data, "wild", TINY, [0], ["by_subject"], ["linear", "majority"],
                               **how)
    mean = scores[scores["metric"] == real.METRIC].groupby(["row", "split",
                                                            "experiment"])["value"].mean()
    assert mean["linear"].xs(LABELS[0], level=1).min() > 0.9
    assert mean["linear"].xs(LABELS[1], level=1).between(0.1, 0.4).all()
    assert len(records) == 10 and {len(r.split.test) for r in records} == {16}
    other, _ = real.run(data, "other", TINY, [0], real.SOURCES, ["linear"], **how)
    share = other[other["metric"] == "other accuracy"].groupby(["split",
                                                                "experiment"])["value"].mean()
    assert share["both_sources"].min() > 0.6  # with emotions that mean nothing, too
    assert share["by_source"].max() < 0.6


def test_networks_of_both_numbers_of_classes(data, tmp_path):
    two = {**data, "emotion": data["emotion"] % 2, "official": np.repeat("crop", 112)}
    for given, classes in ((data, 4), (two, 2)):
        _, records = real.run(given, "x", TINY, [0], ["by_subject"], ["Face without attention"],
                              store=Store(tmp_path), jobs=1, engine="serial")
        assert {r.result["test"].shape[1] for r in records} == {classes}


def test_pictures_are_cut_to_the_face_and_counted(tmp_path):
    folder = tmp_path / "london-faces"
    for person in (1, 2):
        draw(folder / f"neutral_{person:03d}_03.jpg", person)
        draw(folder / f"happy_{person:03d}_08.jpg", 90 + person)
    found = real.features("london-faces", real.LONDON, "public", str(tmp_path), Store(tmp_path),
                          control=False)
    assert found["images"].shape == (4, 100, 100, 3) and "random_maps" not in found
    assert sorted(found["emotion"]) == [0, 0, 1, 1] and sorted(found["subject"]) == [1, 1, 2, 2]
    assert "a face in 4 of 4 pictures" in found["about"]["caption"]
    with pytest.raises(FileNotFoundError, match="muxspace"):
        real.features("faces-in-the-wild", real.EMOTIONS, "public", str(tmp_path))


def test_what_ships_is_shown_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "FIGURES", tmp_path)
    folder = tmp_path / "face_eeg" / "public"
    folder.mkdir(parents=True)
    for name in ("real", "real_claims", "real_confusion"):
        pd.DataFrame({"name": [name]}).to_csv(folder / f"{name}.csv", index=False)
    found = real.results("demo", "", [0])
    assert [found[key]["name"][0]
            for key in ("scores", "claims", "counts")] == ["real", "real_claims", "real_confusion"]
    assert "CC BY 4.0" in found["credit"]["caption"] and found["about"]["tier"] == "stand-in"
