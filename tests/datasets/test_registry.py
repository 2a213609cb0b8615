"""Which data are found where, and which tier is read."""

from __future__ import annotations

import json
import logging
import re
import shutil

import numpy as np
import pytest
from scipy.io import savemat

from lib.datasets import mahnob_features, registry
from lib.datasets.__main__ import main
from lib.datasets.mahnob_format import LABELS_FILE

FEATURES = mahnob_features.FOLDER


@pytest.fixture
def features(tmp_path, make):
    root = tmp_path / "data" / FEATURES
    (root / "Features").mkdir(parents=True)
    savemat(root / mahnob_features.feature_name(1, 2), {"target": np.zeros((1, 9)), "eeg_band_feats_full": np.zeros((9, 128)),
                                                        "face_feats": np.zeros((9, 38)), "gaze_feats": np.zeros((9, 2))})
    make.write_labels(root, [(1, 2)], [np.zeros(9)])
    return root


def test_every_entry_says_what_a_user_must_know():
    for name, dataset in registry.DATASETS.items():
        assert name == dataset.name and dataset.tier in registry.TIERS
        assert all((dataset.title, dataset.licence, dataset.redistribute, dataset.ask, dataset.layout, dataset.papers, dataset.marks))


def test_checksums_list_the_published_files():
    files = registry.checksums(FEATURES)
    assert len(files) == 240 and LABELS_FILE in files
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) and size > 0 for digest, size in files.values())
    assert sum(re.fullmatch(r"Features/P\d+-features-resamp4hz-trial-\d+\.mat", name) is not None for name in files) == 239


def test_nothing_there(tmp_path):
    assert registry.best(tmp_path / "none") is None
    table = registry.status(tmp_path / "none").set_index("dataset")
    assert table["found"].to_dict() == {"mahnob": "no", FEATURES: "no", "mahnob-simulated": "made when needed"}
    assert "Sessions/" in table.loc["mahnob", "missing"] and "mahnob-db.eu" in table.loc["mahnob", "ask"]


def test_features_are_found_in_their_folder_and_above_it(features):
    for root in (features, features.parent):
        found = registry.find(FEATURES, root)
        assert (found.tier, found.path) == ("public", features.resolve())
        assert found.missing.startswith("238 of 240 files")
        assert registry.find("mahnob", root) == (None, None, registry.DATASETS["mahnob"].layout)
    assert registry.best(features.parent).tier == "public"


def test_licensed_comes_before_public_and_simulated_is_never_taken_for_it(features, copy, caplog):
    root = features.parent
    shutil.copytree(copy, root / "mahnob", symlinks=True)
    assert registry.find("mahnob", root) == ("licensed", (root / "mahnob").resolve(), "")
    assert registry.best(root).tier == "licensed"
    (root / "mahnob" / "truth.json").write_text(json.dumps({"effect": 1, "seed": 0}))
    assert registry.find("mahnob", root).tier is None and registry.find("mahnob-simulated", root).tier == "simulated"
    assert registry.best(root).tier == "public"
    (root / "mahnob" / "truth.json").unlink()
    for path in (root / "mahnob").rglob("*.bdf"):
        path.unlink()
    with caplog.at_level(logging.WARNING):
        assert registry.best(root).tier == "public"
    assert "mahnob is passed over" in caplog.text and "none of 2" in caplog.text


def test_sessions_without_the_label_file_are_recognised_as_partly_there(copy):
    (copy / LABELS_FILE).unlink()
    assert registry.find("mahnob", copy) == (None, copy.resolve(), LABELS_FILE)


def test_missing_sessions_are_counted(copy, make):
    shutil.rmtree(make.session_folder(copy, 1, 4))
    assert registry.find("mahnob", copy) == ("licensed", copy.resolve(), "1 of 2 files, the first Sessions/4/session.xml")


def test_status_command(features, capsys):
    assert main(["status", "--data", str(features.parent)]) == 0
    printed = capsys.readouterr().out
    assert str(features) in printed and "mahnob (licensed)\n  found    no" in printed and "238 of 240 files" in printed
