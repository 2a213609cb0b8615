"""Which data are found where, and which tier is read."""

from __future__ import annotations

import json
import logging
import re
import shutil

import edfio
import numpy as np
import pytest
from scipy.io import savemat

from lib import paths
from lib.datasets import catalogue, eeg_corpora, mahnob_features, registry, seed_v
from lib.datasets.__main__ import main
from lib.datasets.amigos_format import EEG_CHANNELS
from lib.datasets.mahnob_format import LABELS_FILE

FEATURES = mahnob_features.FOLDER
CORPORA = ["eegmmidb", "way-eeg-gal", "kaya", "dreamer", "ascertain", "pspm"]


@pytest.fixture
def features(tmp_path, make):
    root = tmp_path / "data" / FEATURES
    (root / "Features").mkdir(parents=True)
    savemat(
        root / mahnob_features.feature_name(1, 2), {
            "target": np.zeros((1, 9)), "eeg_band_feats_full": np.zeros(
                (9, 128)), "face_feats": np.zeros((9, 38)), "gaze_feats": np.zeros((9, 2))
        })
    make.write_labels(root, [(1, 2)], [np.zeros(9)])
    return root


def test_every_entry_says_what_a_user_must_know():
    for name, dataset in registry.DATASETS.items():
        assert name == dataset.name and dataset.tier in (
            "licensed", "public", "simulated") and dataset.role in ("labelled", "pretraining")
        assert all((dataset.title, dataset.licence, dataset.redistribute, dataset.ask,
                    dataset.layout, dataset.papers, dataset.marks))


def test_checksums_list_the_published_files():
    files = catalogue.checksums(FEATURES)
    assert len(files) == 240 and LABELS_FILE in files
    assert all(
        re.fullmatch(r"[0-9a-f]{64}", digest) and size > 0 for digest, size in files.values())
    assert sum(
        re.fullmatch(r"Features/P\d+-features-resamp4hz-trial-\d+\.mat", name) is not None
        for name in files) == 239


def test_nothing_there(tmp_path):
    table = registry.status(tmp_path / "none").set_index("dataset")
    assert registry.corpora(tmp_path / "none") == {}
    assert table["found"].to_dict() == {
        name: "made when needed" if dataset.embedded else "no"
        for name, dataset in registry.DATASETS.items()
    }
    assert "Sessions/" in table.loc["mahnob", "missing"] and "mahnob-db.eu" in table.loc["mahnob",
                                                                                         "ask"]


def test_features_are_found_in_their_folder_and_above_it(features):
    for root in (features, features.parent):
        found = registry.find(FEATURES, root)
        assert (found.tier, found.path) == ("public", features.resolve())
        assert found.missing.startswith("238 of 240 files")
        assert registry.find("mahnob", root) == (None, None, registry.DATASETS["mahnob"].layout)


def test_simulated_is_never_taken_for_licensed(features, copy):
    root = features.parent
    shutil.copytree(copy, root / "mahnob", symlinks=True)
    assert registry.find("mahnob", root) == ("licensed", (root / "mahnob").resolve(), "")
    (root / "mahnob" / "truth.json").write_text(json.dumps({"effect": 1, "seed": 0}))
    assert registry.find("mahnob", root).tier is None and registry.find("mahnob-simulated",
                                                                        root).tier == "simulated"


def test_sessions_without_the_label_file_are_recognised_as_partly_there(copy):
    (copy / LABELS_FILE).unlink()
    assert registry.find("mahnob", copy) == (None, copy.resolve(), LABELS_FILE)


def test_missing_sessions_are_counted(copy, make):
    shutil.rmtree(make.session_folder(copy, 1, 4))
    assert registry.find("mahnob", copy) == ("licensed", copy.resolve(),
                                             "1 of 2 files, the first Sessions/4/session.xml")


def test_status_command(features, capsys):
    assert main(["status", "--data", str(features.parent)]) == 0
    printed = capsys.readouterr().out
    assert str(
        features
    ) in printed and "mahnob (licensed)\n  found    no" in printed and "238 of 240 files" in printed


@pytest.fixture
def eegmmidb(tmp_path):
    """One run of one subject, in the owner's layout, in a data folder."""
    file = tmp_path / "data" / "eegmmidb" / "S003" / "S003R04.edf"
    file.parent.mkdir(parents=True)
    edfio.Edf([
        edfio.EdfSignal(np.arange(160.0), 160, label=f"{name:.<4}", physical_dimension="uV",
                        physical_range=(-200, 200)) for name in EEG_CHANNELS
    ], data_record_duration=1.0).write(file)
    return tmp_path / "data"


def test_a_corpus_is_for_pretraining_and_never_taken_for_labelled_data(eegmmidb):
    found = registry.find("eegmmidb", eegmmidb)
    assert (found.tier, found.path) == ("public", (eegmmidb / "eegmmidb").resolve())
    assert found.missing == "1525 of 1526 files, the first S001/S001R01.edf"
    assert {name: len(cohort)
            for name, cohort in registry.corpora(eegmmidb).items()} == {"eegmmidb": 1}
    assert registry.corpora(eegmmidb, "rmmt") == {}


def test_the_licensed_cohort_is_labelled_and_recognised_in_a_folder_of_its_own(eegmmidb):
    (eegmmidb / "amigos" / "Data_Preprocessed_P01").mkdir(parents=True)
    assert registry.find("amigos", eegmmidb).tier == registry.find(
        "amigos", eegmmidb / "amigos").tier == "licensed"
    (eegmmidb / "amigos" / "truth.json").touch()
    assert registry.find("amigos", eegmmidb).tier is None and registry.find(
        "amigos-simulated", eegmmidb).tier == "simulated"


@pytest.mark.parametrize(
    ("name", "files"),
    [("seed-iv", ["eeg_feature_smooth/1/1_20160518.mat", "eye_feature_smooth/1/1_20160518.mat"]),
     ("seed-v", ["EEG_DE_features/1_123.npz", "Eye_movement_features/1_123.npz"]),
     ("seed-v", ["1_123.npz"])])
def test_seed_is_recognised_in_the_owners_folders_and_simulated_never_taken_for_it(
        tmp_path, name, files):
    for file in files[:1]:
        (tmp_path / name / file).parent.mkdir(parents=True)
        (tmp_path / name / file).touch()
    if len(files) > 1:  # one modality alone
        assert registry.find(name, tmp_path)[0] is None and registry.find(
            name, tmp_path).path == (tmp_path / name).resolve()
        (tmp_path / name / files[1]).parent.mkdir(parents=True)
        (tmp_path / name / files[1]).touch()
    other = {"seed-iv": "seed-v", "seed-v": "seed-iv"}[name]
    assert registry.find(name, tmp_path).tier == registry.find(name,
                                                               tmp_path / name).tier == "licensed"
    assert registry.find(
        other, tmp_path).tier is None and "bcmi.sjtu.edu.cn" in registry.DATASETS[name].ask
    (tmp_path / name / "truth.json").touch()
    assert registry.find(name, tmp_path).tier is None and registry.find(
        f"{name}-simulated", tmp_path).tier == "simulated"


def test_convert_command(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(seed_v, "convert", lambda source, target: [target] * 3)
    assert main(["convert", "seed-v", str(tmp_path), str(tmp_path / "plain")]) == 0
    assert "3 subjects as plain arrays in" in capsys.readouterr().out
    monkeypatch.undo()
    for source, target, message in ((tmp_path / "none", tmp_path / "out",
                                     "at least one readable trial of SEED-V"),
                                    (tmp_path, tmp_path, "another folder than the source")):
        assert main(["convert", "seed-v", str(source), str(target)]) == 1
        said = capsys.readouterr()
        assert said.out == "" and said.err.startswith(
            "error: ") and message in said.err and said.err.count("\n") == 1


@pytest.mark.parametrize(
    "label_file",
    ["basic/EmoLabel/list_patition_label.txt", "EmoLabel/list_patition_label.txt", ""])
def test_faces_are_found_in_each_layout_and_a_simulated_set_is_never_taken_for_them(
        tmp_path, label_file):
    folder = tmp_path / "rafdb"
    if label_file:
        (folder / label_file).parent.mkdir(parents=True)
        (folder / label_file).write_text("train_00001.jpg 4\n")
    else:
        (folder / "DATASET" / "train" / "4").mkdir(parents=True)
        for part in ("train", "test"):
            (folder / f"{part}_labels.csv").write_text(f"image,label\n{part}_00001_aligned.jpg,4\n")
    for root in (tmp_path, folder):
        found = registry.find("rafdb", root)
        assert (found.tier,
                found.path) == ("licensed",
                                folder.resolve()) and "_00001_aligned.jpg" in found.missing
    assert registry.find("rafdb-simulated", tmp_path).tier is None
    (folder / "truth.json").touch()
    assert registry.find("rafdb", tmp_path).tier is None and registry.find(
        "rafdb-simulated", tmp_path).tier == "simulated"


def test_a_corpus_that_cannot_be_read_is_passed_over_with_a_warning(eegmmidb, caplog):
    (eegmmidb / "kaya").mkdir()
    (eegmmidb / "kaya" / "CLASubjectA1.mat").write_bytes(b"garbage")
    with caplog.at_level(logging.WARNING):
        assert list(registry.corpora(eegmmidb)) == ["eegmmidb"]
    assert "kaya is passed over" in caplog.text and "a MATLAB 5 file" in caplog.text


def test_simulated_corpora_are_read_only_when_asked_for(eegmmidb):
    (eegmmidb / "eegmmidb" / eeg_corpora.MARK).write_text("simulated corpus, seed = 0\n")
    assert registry.find("eegmmidb", eegmmidb).tier is None and registry.corpora(eegmmidb) == {}
    (cohort,) = registry.corpora(eegmmidb, simulated=True).values()
    assert (cohort.tier, cohort.caption) == ("simulated", "simulated corpus, seed = 0")
    (eegmmidb / "eegmmidb" / eeg_corpora.MARK).unlink()
    assert registry.corpora(eegmmidb, simulated=True) == {}


@pytest.mark.parametrize(
    ("name", "file"), [("way-eeg-gal", "P1/HS_P1_S1.mat"),
                       ("way-eeg-gal", "train/subj1_series1_data.csv"),
                       ("kaya", "5F-SubjectB-160311-5St-SGLHand.mat"), ("dreamer", "DREAMER.mat"),
                       ("ascertain", "ASCERTAIN_Raw/ECGData/MOVIE_P01/ECG_CLIP1.MAT"),
                       ("pspm", "PsPM-FR/Data/FR_spike_01.mat")])
def test_layouts_of_the_corpora_are_recognised(tmp_path, name, file):
    path = tmp_path / name / file
    path.parent.mkdir(parents=True)
    path.touch()
    assert registry.find(name, tmp_path) == (registry.DATASETS[name].tier,
                                             (tmp_path / name).resolve(), "")
    assert registry.find(name, tmp_path / name).tier is None  # its folder must bear its name


def test_make_data_fetches_every_set_that_it_is_named_for():
    """:func:`lib.datasets.registry.require` says "Type `make data`" of each that has a source."""
    recipe = re.search(r"lib\.datasets fetch (.+?) \$\(if", (paths.ROOT / "Makefile").read_text())
    sources = {name for name, dataset in registry.DATASETS.items() if dataset.source}
    assert recipe and set(recipe[1].split()) == sources
