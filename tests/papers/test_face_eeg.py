"""Paper 4's EEG and fusion on a tiny cohort: five splits, permuted labels, rules, examples,
figures."""

import numpy as np
import pytest

from lib.datasets.flex_format import CHANNELS, EMOTIONS, GRID
from lib.evaluation.classification import accuracies, averages
from lib.evaluation.fusion import RULES
from lib.evaluation.statistics import summary
from lib.papers.face_eeg import figures as plots
from lib.papers.face_eeg import fusion
from lib.papers.face_eeg import protocol as face_eeg
from lib.papers.face_eeg import schematic as scalp
from lib.papers.face_eeg.settings import PERMUTED, SPLITS, Preset
from lib.papers.face_eeg.signals import PLACES
from lib.store import Store
from lib.training.splits import permute_labels

TINY = Preset(n_folds=3, model={"Scalp maps": {"widths": (8, 4, 4), "hidden": 8}},
              recipe={"Scalp maps": {"epochs": 2, "lr": 1e-3}})


@pytest.fixture(scope="module")
def data():
    """Three people, four emotions, two clips, twelve segments: each recording has a fingerprint, no
    recording an emotion."""
    rng = np.random.default_rng(0)
    recording = np.repeat(np.arange(24), 12)
    fingerprint = 3 * rng.normal(size=(24, 28, 5))
    return {
        "maps": rng.normal(size=(288, 6, 7, 5)).astype(np.float16),
        "eeg": rng.normal(size=(288, 28, 600)).astype(np.float32),
        "de": (fingerprint[recording] + rng.normal(size=(288, 28, 5))).astype(np.float32),
        "emotion": recording % 4, "subject": recording // 8, "recording": recording,
        "clip": recording % 8, "position": np.tile(np.arange(12),
                                                   24), "start": 3.0 * np.tile(np.arange(12), 24)
    }


@pytest.fixture(scope="module")
def how(tmp_path_factory):
    return {"engine": "serial", "store": Store(tmp_path_factory.mktemp("memo"))}


def test_every_split_runs_and_only_the_papers_own_answers_its_table(data, how):
    names = ["Scalp maps", "linear", "nearest neighbour", "majority"]
    records = [
        r for split in (*SPLITS, PERMUTED) for r in face_eeg.run(data, names, split, TINY, **how)
    ]
    results = face_eeg.score(data, records, experiment="test", tier="public")
    assert set(results["split"]) == {*SPLITS, PERMUTED}
    table = face_eeg.answer(results, 2)
    answered = table[(table["row"] == "Scalp maps") & table["published"].notna()]
    assert set(answered["split"]) == {"random_segments"} and len(answered) == 4
    accuracy = summary(results[results["metric"] == "accuracy"]).set_index(["row", "split"])["mean"]
    assert accuracy["nearest neighbour", "random_segments"] > 0.9 < accuracy["nearest neighbour",
                                                                             PERMUTED]
    assert accuracy["nearest neighbour", "by_clip"] < 0.5 > accuracy["nearest neighbour",
                                                                     "by_subject"]
    plots.five_splits(accuracies(face_eeg.tested(data, records)),
                      ["Scalp maps", "linear", "nearest neighbour"], (*SPLITS, PERMUTED),
                      {"Scalp maps": 0.9871}).draw_without_rendering()


def test_permuted_records_are_scored_with_the_labels_they_were_trained_on(data, how):
    record = face_eeg.run(data, ["nearest neighbour"], PERMUTED, TINY, **how)[0]
    dealt = permute_labels(data["emotion"], data["recording"], data["subject"], 0)
    np.testing.assert_array_equal(face_eeg.truth(data, record), dealt[list(record.split.test)])
    assert (dealt != data["emotion"]).any()


def test_metrics_are_macro_averages():
    y, p = np.array([0, 0, 0, 1]), np.eye(4)[[0, 0, 0, 0]]
    assert averages(y, p) == pytest.approx(
        {"accuracy": 0.75, "precision": 0.75 / 4, "recall": 0.25, "F1": (6 / 7) / 4})


def test_unknown_rows_and_missing_recordings_are_named(data, tmp_path):
    with pytest.raises(ValueError, match="no row 'EMG'; there are Scalp maps"):
        face_eeg.run(data, ["EMG"], "by_clip", TINY)
    with pytest.raises(FileNotFoundError, match=r"needs EMOTIV FLEX 2 recordings.*recordings\.csv"):
        face_eeg.cohort("paper", str(tmp_path))


def test_the_grids_places_are_where_the_electrodes_are():
    place = dict(zip(CHANNELS, PLACES, strict=True))
    assert len({tuple(xy) for xy in place.values()}) == 28
    assert place["Fp1"][0] < 0 < place["Fp2"][0] and place["Fp1"][1] > place["Cz"][1] > place["Oz"][
        1] and place["Cz"][0] == 0


def test_rules_are_fitted_on_validation_and_examples_follow_their_rule(data, how):
    records = face_eeg.run(data, ["linear"], "by_subject", TINY, **how)
    rng = np.random.default_rng(1)
    faces = rng.dirichlet(np.ones(4), 288)
    faces[:6] = np.nan
    table = fusion.fusion_accuracies(data, records, faces)
    names = [*fusion.SINGLE, *fusion.STACKED, *RULES]
    assert set(table["row"]) == {*names} and table["low"].isna().all()
    one = fusion.posteriors(data, records[0], faces)
    assert all(np.allclose(p.sum(axis=1), 1) for p in one.values())
    before = records[0].result["test"].argmax(axis=1)  # calibrated, not changed in order
    np.testing.assert_array_equal(one["EEG alone"].argmax(axis=1), before)
    first = fusion.fusion_accuracies(data, records[:1], faces)
    spoiled = faces.copy()
    spoiled[list(records[0].split.train)] = 0.25  # nothing is fitted on training segments
    again = fusion.fusion_accuracies(data, records[:1], spoiled)
    np.testing.assert_array_equal(again["mean"], first["mean"])
    chosen = fusion.examples(data, records, faces)
    assert chosen["fused_right"].all() and chosen["seen"].all() and chosen["emotion"].is_unique
    assert (data["recording"][chosen["segment"]] == chosen["recording"]).all()
    grid = fusion.beta_map(data, 0)
    assert np.isnan(grid).sum() == 7 and grid[3, 2] == data["de"][0, CHANNELS.index("Cz"), 3]
    said = [{name: row[name] for name in ("face", "EEG", "fused")} for _, row in chosen.iterrows()]
    frames = [np.zeros((8, 8, 3), np.uint8)] * len(said)
    plots.decisions(frames, [grid] * len(said), said,
                    list(EMOTIONS)[:len(said)], EMOTIONS).draw_without_rendering()
    plots.rules(table, names, ["by_subject"]).draw_without_rendering()


def test_further_figures_are_drawn():
    rng = np.random.default_rng(0)
    bands = {name: rng.random(600) for name in ("delta-theta-alpha", "beta", "gamma")}
    for figure in (plots.preparation(rng.random(600), bands, rng.random((3, 20, 20)), 200.0,
                                     "T8"), plots.electrode_grid(GRID),
                   plots.images(rng.random((2, 3, 9, 9, 3)), "ab", "wxyz"), scalp.setup()):
        figure.draw_without_rendering()
