"""Paper 4's face experiments on few faces: splits, rows, averages, the order of a batch, chance,
and what is drawn of it."""

import dataclasses

import numpy as np
import pytest

from lib.datasets.rafdb import EMOTIONS
from lib.models.face_attention import FaceAttention
from lib.papers.face_eeg import expression as experiment
from lib.papers.face_eeg import expression_figures as plots
from lib.papers.face_eeg import schematic as schematics
from lib.papers.face_eeg.expression_settings import NULL_TWIN, ROWS, SPLITS, FacePreset
from lib.papers.face_eeg.expression_training import control_fold
from lib.plots.inspection import faults
from lib.store import Store

TINY = FacePreset(repeats=2, recipe={"epochs": 2})
LABELS = np.random.default_rng(5).permutation(np.repeat(np.arange(4), [120, 50, 30, 50]))


@pytest.fixture(scope="module")
def how(tmp_path_factory):
    return {"engine": "serial", "store": Store(tmp_path_factory.mktemp("memo"))}


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """A cohort of 64 training and 32 test faces."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BUILD", str(tmp_path_factory.mktemp("build")))
        yield experiment.cohort("demo", train=64, test=32)


@pytest.fixture(scope="module")
def data(faces, how):
    return experiment.features(faces, store=how["store"])


@pytest.fixture(scope="module")
def records(data, how):
    return [r for split in SPLITS for r in experiment.run(data, list(ROWS), split, TINY, **how)]


def synthetic(effect: float) -> dict:
    """Maps whose mean in forty channels depends on the class; every fifth face is of the test
    part."""
    maps = np.random.default_rng(0).normal(size=(len(LABELS), 2, 160, 4, 4))
    for k in range(4):
        maps[LABELS == k, :, 40 * k:40 * k + 40] += effect
    return {
        "maps": maps.astype(np.float16), "emotion": LABELS,
        "official": np.where(np.arange(len(LABELS)) % 5, "train",
                             "test"), "about": {"tier": "simulated"}
    }


def test_features_say_which_weights_made_them_and_are_remembered(faces, data, how):
    assert data["images"].shape == (
        96, 100, 100, 3) and data["maps"].shape == data["random_maps"].shape == (96, 2, 160, 4, 4)
    assert data["about"][
        "caption"] == "simulated cohort, effect = 1, seed = 0; truncated MobileNetV2 (ImageNet)"
    assert data["about_random"]["caption"].endswith("(random weights)") and len(
        data["weights"]["sha256"]) == 64
    assert data["about"]["dropped"] == ("other emotions",) and not np.array_equal(
        data["maps"], data["random_maps"])
    before = how["store"].misses
    blind = experiment.features(faces, weights="random", control=False, store=how["store"])
    assert how["store"].misses == before and "random_maps" not in blind
    assert blind["about"] == data["about_random"] and blind["weights"]["source"] == "none: random"


def test_repeats_keep_the_owners_test_faces_or_mix_all(data):
    official, pooled = (experiment.repeats(data, split, TINY) for split in SPLITS)
    assert [part.fold for part in official] == [part.fold for part in pooled] == [0, 1]
    assert all(set(data["official"][list(part.test)]) == {"test"}
               for part in official) and official[0].val != official[1].val
    assert pooled[0].test != pooled[1].test and set(data["official"][list(
        pooled[0].test)]) == {"train", "test"}
    for part in (*official, *pooled):
        assert sorted((*part.train, *part.val, *part.test)) == list(range(96))


def test_every_row_is_run_on_every_repeat_and_table_1_is_answered(data, records):
    results = experiment.score(data, records, experiment="all")
    assert (results.groupby(["row", "split", "metric"])["fold"].nunique() == 2).all() and set(
        results["row"]) == set(ROWS)
    table = experiment.answer(results)
    printed = table[table["published"].notna()]
    assert set(printed["row"]) == {"Face"} and set(printed["split"]) == set(SPLITS) and set(
        printed["verdict"]) == {"simulated only"}
    assert printed.groupby("metric")["published"].first().to_dict() == {
        "accuracy": 0.92, "precision": 0.92, "recall": 0.92, "F1": 0.91
    }
    assert set(table.loc[table["row"] != "Face", "verdict"]) == {"control"}
    trained = {
        r.row: r.result["test"] for r in records if r.split.name == "official" and r.split.fold == 0
    }
    assert len({p.tobytes() for p in trained.values()}) == len(ROWS)


def test_macro_counts_classes_weighted_counts_faces(data, records):
    chosen = [r for r in records if r.row in ("majority", "linear")]
    scored = (experiment.score(data, chosen, experiment="x", average=average)
              for average in ("macro", "weighted"))
    macro, weighted = (table.set_index(["row", "split", "fold", "metric"])["value"]
                       for table in scored)
    assert (macro.xs("recall", level="metric")["majority"] == 0.25).all()
    np.testing.assert_allclose(weighted.xs("recall", level="metric"),
                               weighted.xs("accuracy", level="metric"))
    by_class = experiment.recalls(data, chosen).groupby(["row", "split", "fold"])["recall"].mean()
    np.testing.assert_allclose(
        macro.xs("recall", level="metric").sort_index(), by_class.sort_index())
    counts = experiment.confusions(
        data, [r for r in chosen if r.row == "majority" and r.split.name == "official"])["count"]
    assert counts["happiness"].sum() == counts.to_numpy().sum() == 64


def test_only_attention_over_the_batch_depends_on_the_order_of_the_faces(how):
    maps, preset = synthetic(0.3), FacePreset(2, {"epochs": 9, "patience": 20, "plateau": 20})
    rows = [name for name in ROWS if name.startswith("Face")]
    table = experiment.batch_order(maps, experiment.run(maps, rows, "official", preset, **how))
    table = table.set_index("row")
    sound = table.drop(index="Face (batch attention)")
    assert (sound["changed"] == 0).all() and (sound.groupby(["row", "fold"])["recall"].nunique()
                                              == 1).all()
    faulty = table.loc["Face (batch attention)"]
    assert (faulty.loc[faulty["batch"] == 1, "changed"] == 0).all()
    shown = faulty[faulty["batch"] == 8].pivot_table(index="fold", columns="order", values="recall")
    assert (shown["class by class"] > shown["shuffled"] + 0.05).all()


@pytest.mark.parametrize(("effect", "low", "high"), [(0.0, 0.13, 0.37), (0.5, 0.95, 1.0)])
def test_linear_control_finds_an_effect_and_nothing_where_there_is_none(how, effect, low, high):
    maps = synthetic(effect)
    results = experiment.score(maps, experiment.run(maps, ["linear"], "official", TINY, **how),
                               experiment="x")
    assert low <= results.query("metric == 'recall'")["value"].mean() <= high


@pytest.mark.parametrize("model", ["balanced linear", "majority"])
def test_controls_learn_nothing_from_the_test_faces(model):
    maps = synthetic(0.2)
    split = vars(experiment.repeats(maps, "official", TINY)[0])
    first = control_fold(maps, split, 0, model=model)
    np.testing.assert_allclose(first["test"].sum(axis=1), 1, rtol=1e-5)
    test = list(split["test"])
    maps["maps"][test], maps["emotion"] = 9, np.where(np.isin(np.arange(len(LABELS)), test), 3,
                                                      LABELS)
    again = control_fold(maps, split, 0, model=model)
    np.testing.assert_array_equal(again["val"], first["val"])


def test_null_twin_draws_the_same_labels_with_other_expressions(faces):
    null = experiment.cohort("demo", train=64, test=32, **NULL_TWIN)
    assert null.caption == "simulated cohort, effect = 0, seed = 0"
    assert [t.labels for t in null] == [t.labels for t in faces]
    units, changed = experiment.drawn_units(faces), experiment.drawn_units(null)
    assert {t.stimulus for t in faces} <= set(units) and units != changed
    assert experiment.drawn_units(dataclasses.replace(faces, tier="licensed")) == {}


def test_what_is_missing_or_unknown_is_named(data, tmp_path):
    with pytest.raises(ValueError, match="no row 'Voice'; there are Face, Face"):
        experiment.run(data, ["Voice"], "official", TINY)
    with pytest.raises(FileNotFoundError, match=r"needs RAF-DB.*list_patition_label.*whdeng"):
        experiment.cohort("paper", str(tmp_path))


def test_figures_are_drawn_from_what_the_experiments_return(data, records):
    first = next(r for r in records if r.row == "Face")
    shares = experiment.attention_on(data, first, [0, 5, 7])
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    assert shares.shape == (3, 4)
    official = [r for r in records if r.split.name == "official"]
    networks = [r for r in official if r.row.startswith("Face")]
    images = data["images"][:3]
    drawn = [
        plots.face_sheet({"fear": images, "neutral": images[:1]},
                         {"fear": ["a", "b", "c"], "neutral": ["d"]}),
        plots.detections(images[:1], np.array([[10, 10, 50, 50]]), images[:1], ["one"]),
        plots.learning({"Face": [first.result]}),
        plots.patch_attention(images, shares, ["x", "y", "z"], [True, False, True]),
        plots.recall_bars(experiment.recalls(data, official), ["Face", "linear"], EMOTIONS),
        plots.batch_effect(experiment.batch_order(data, networks, (8,)),
                           ["Face", "Face (batch attention)"])
    ]
    model = FaceAttention("random")
    drawn += [schematics.face_flow(model, EMOTIONS), schematics.patch_block(model, 29)]
    for figure in drawn:
        figure.draw_without_rendering()
    assert faults(drawn[3]) == [] and len(drawn[3].axes) == 3  # no axes without a face
    words = [text.get_text() for figure in drawn[-2:] for text in figure.axes[0].texts]
    assert {
        "frozen: 716,544 numbers", "trained: 184,804 weights",
        "separable conv 4 × 4\nstride 1\n256 × 4²", "separable conv 2 × 2\nstride 2\n256 × 2²",
        "4 patches\nof 256 values"
    } <= set(words)
