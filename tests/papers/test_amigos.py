"""Paper 2's experiments on a tiny cohort: which folds, which networks, which rows; the search; what
is drawn of it."""

import numpy as np
import pandas as pd
import pytest
import yaml
from matplotlib.figure import Figure

from lib.datasets.base import BadFile
from lib.evaluation.verdicts import VERDICTS
from lib.models.physio_transformer import FusionHead, PhysioTransformer, Recogniser
from lib.papers.amigos import analysis as amigos_analysis
from lib.papers.amigos import figures as plots
from lib.papers.amigos import pretraining as amigos_pretraining
from lib.papers.amigos import protocol as amigos
from lib.papers.amigos import schematic as schematics
from lib.papers.amigos import search as amigos_search
from lib.papers.amigos.settings import CONTROLS, SPACE, SPLITS, TABLES, VARIANTS, Preset
from lib.papers.experiment import Record
from lib.plots.classification import confusion_matrices
from lib.plots.results import splits_beside
from lib.store import Store

MODEL = {
    "channels": (4, 8), "kernels": (9, 5), "strides": (8, 4), "layers": 1, "heads": 2,
    "feedforward": 8, "mask_hidden": 8
}
TINY = Preset(
    n_folds=3, own=False,
    model={"eeg": {"in_channels": 10, **MODEL}, "ecg": {"in_channels": 1, **MODEL}},
    head={"eeg": {"hidden": (4,), "dropout": 0.0}, "ecg": {"hidden": (6, 5), "dropout": 0.0}},
    pretraining={m: {"epochs": 2, "warmup": 1, "lr": 1e-3, "batch": 16} for m in ("eeg", "ecg")},
    finetuning={"epochs": 2, "lr": 1e-3,
                "batch": 16}, fusion={"epochs": 2, "lr": 1e-3, "batch": 16})


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    trial = np.repeat(np.arange(24), 3)  # 6 subjects, 4 videos, 3 segments each
    rating = rng.permutation(np.linspace(1, 9, 24))
    return {
        "eeg": rng.normal(size=(72, 10, 256)).astype(np.float32),
        "ecg": rng.normal(size=(72, 1, 256)).astype(np.float32), "arousal": rating[trial],
        "valence": rating[::-1][trial], "trial": trial, "subject": trial // 4,
        "stimulus": (trial % 4).astype(str),
        "features_eeg": rng.normal(size=(72, 50)).astype(np.float32),
        "features_ecg": rng.normal(size=(72, 4)).astype(np.float32)
    }


@pytest.fixture(scope="module")
def unlabelled():
    rng = np.random.default_rng(1)
    return {
        "eeg": rng.normal(size=(20, 10, 256)).astype(np.float32),
        "ecg": rng.normal(size=(20, 1, 256)).astype(np.float32)
    }


@pytest.fixture(scope="module")
def how(tmp_path_factory):
    return {"engine": "serial", "store": Store(tmp_path_factory.mktemp("memo"))}


@pytest.fixture(scope="module")
def records(data, unlabelled, how):
    return amigos.run(data, unlabelled, [*VARIANTS, *CONTROLS], "by_subject", TINY, **how)


def test_every_row_is_run_on_every_fold_and_answers_its_table(data, records):
    results = amigos.score(data, records, experiment="all", tier="public")
    assert set(results["row"]) == {*VARIANTS, *CONTROLS}
    assert (results.groupby(["row", "metric"])["fold"].nunique() == 3).all()
    for number, rows in TABLES.items():
        chosen = results["row"].isin(rows) | results["role"].eq("chance")
        table = amigos.answer(results[chosen], number)
        printed = table[table["published"].notna() & table["row"].isin(rows)]
        assert len(printed) and (printed["n"] == 3).all()
    assert set(amigos.answer(results, 2)["verdict"]) <= {*VERDICTS} - {"simulated only"}


def test_the_networks_of_a_pair_share_everything_but_the_start(data, unlabelled, records, how):
    before = how["store"].misses
    again = amigos.run(data, unlabelled, ["EEG", "Fused"], "by_subject", TINY, **how)
    assert how["store"].misses == before  # found in the memo
    same = next(r for r in records if (r.row, r.target, r.split.fold) == ("EEG", "arousal", 0))
    np.testing.assert_array_equal(again[0].result["test"], same.result["test"])
    other = next(r for r in records
                 if (r.row, r.target, r.split.fold) == ("EEG without pre-training", "arousal", 0))
    assert not np.array_equal(other.result["test"], same.result["test"])


def test_own_segments_make_one_pretraining_per_fold_without_its_test_part(data, unlabelled, how):
    own = Preset(**{**vars(TINY), "own": True})
    folds = amigos.splits(data, "by_subject", own)
    first = amigos_pretraining.pretrain(data, unlabelled["ecg"], "ecg", folds, own, **how)
    assert len({r["history"].tobytes() for r in first}) == len(folds)
    spoiled = {**data, "ecg": data["ecg"].copy()}
    # another signal; scaling is per subject, and these are whole subjects
    spoiled["ecg"][list(folds[0].test)] *= -7
    again = amigos_pretraining.pretrain(spoiled, unlabelled["ecg"], "ecg", folds[:1], own, **how)
    np.testing.assert_array_equal(again[0]["history"], first[0]["history"])


@pytest.mark.parametrize("split", SPLITS)
def test_splits_keep_apart_what_their_name_says(data, split):
    kept = {
        "random_segments": np.arange(72), "by_trial": data["trial"], "by_subject": data["subject"]
    }[split]
    for fold in amigos.splits(data, split, TINY):
        assert not set(kept[list(fold.train + fold.val)]) & set(kept[list(fold.test)])


def test_an_unknown_row_is_named(data):
    with pytest.raises(ValueError, match="no row 'EMG'; there are EEG without"):
        amigos.run(data, {}, ["EMG"], "by_subject", TINY)


def test_missing_amigos_says_where_to_ask(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"needs AMIGOS.*Data_Preprocessed.*eecs\.qmul"):
        amigos.cohort("paper", str(tmp_path))


def test_complementarity_counts_every_test_segment_once_and_examples_keep_their_rule(data, records):
    table = amigos_analysis.complementarity(data, records, "arousal")
    assert sorted(table["segment"]) == list(range(72))
    table.loc[0, ["ECG", "EEG", "Fused", "y"]] = [0.9, 0.1, 0.4, 0]
    table.loc[0, ["ECG_right", "EEG_right", "Fused_right"]] = [False, True, True]
    table.loc[0, "case"] = "only EEG right"
    # Fig 3 of the paper: "incorrectly classified by the ECG model"
    assert amigos_analysis.examples(table.iloc[:1]) == {"fig3": 0}
    shown = amigos_analysis.look(data, records, table, 0, "arousal")
    assert shown["ecg"].shape == (256,) and shown["eeg"].shape == (2, 256) and len(
        shown["attention"]["EEG"]) == 8
    assert "high (0.90, wrong)" in shown["verdict"]["ECG"]
    assert isinstance(plots.complementary(**shown), Figure)


def test_attention_summary_knows_even_and_narrow():
    even = Record("ECG", None, 0, {"attention": np.full((3, 40), 0.02)}, "arousal")
    narrow = Record("EEG", None, 0, {"attention": np.eye(40)[:3]}, "arousal")
    summary = amigos_analysis.attention_summary([even, narrow], "arousal").set_index("modality")
    assert summary.loc["ECG", "evenness"] == pytest.approx(1) and summary.loc[
        "ECG", "ten strongest"] == pytest.approx(0.25)
    assert summary.loc["EEG", "evenness"] == pytest.approx(
        0, abs=1e-6) and summary.loc["EEG", "ten strongest"] == pytest.approx(1)


def test_gaps_are_interpolated_by_what_the_corpora_repeat():
    """A wave of one frequency and any phase is known from its visible points, noise is not."""
    rng, time = np.random.default_rng(0), np.arange(200)
    waves = np.sin(0.4 * time + rng.uniform(0, 2 * np.pi, (40, 2, 1))).astype(np.float32)
    noise = rng.standard_normal((40, 2, 200)).astype(np.float32)
    mask = np.tile(time % 40 > 20, (3, 1))
    for known, low, high in ((waves, 0.0, 0.05), (noise, 0.9, 1.1)):
        x, covariance = known[:3], amigos_pretraining.autocovariance(known[3:])
        errors = amigos_pretraining.gap_errors(x, mask, x, covariance)
        assert errors["network"] == 0 and low <= errors["interpolation"] / errors["zero"] < high
    covariance = amigos_pretraining.autocovariance(waves[3:])
    changed = np.where(mask[:, None], 9, waves[:3])  # what is hidden is not looked at
    filled = [amigos_pretraining.interpolate(x, mask, covariance) for x in (waves[:3], changed)]
    np.testing.assert_array_equal(*filled)


def test_the_search_uses_validation_only_and_is_read_back(data, unlabelled, tmp_path, monkeypatch):
    fold = amigos.splits(data, "by_subject", TINY)[0]
    settings = {
        "seed": 0, "modality": "ecg", "target": "arousal", "model": TINY.model["ecg"],
        "head": TINY.head["ecg"], "recipe": TINY.finetuning, "weights": None
    }
    inner = {"train": fold.train, "val": fold.val, "test": fold.val}
    config = {"lr": 1e-3, "weight_decay": 1e-5, "dropout": 0.2, "batch": 16}
    before = amigos_search._objective(config, data, inner, settings)
    spoiled = {**data, "ecg": data["ecg"].copy()}
    spoiled["ecg"][list(fold.test)] = 1e3
    assert amigos_search._objective(config, spoiled, inner, settings) == before
    file = tmp_path / f"by_subject-{fold.fold}-ecg-arousal.yaml"
    with pytest.raises(FileNotFoundError, match="make tune"):
        amigos_search.best(fold, "ecg", "arousal", tmp_path)
    file.write_text(yaml.safe_dump({"config": config}))
    # found, not searched again
    assert amigos_search.search(data, unlabelled, fold, "ecg", "arousal", TINY, tmp_path) == config
    assert amigos_search.found([fold], tmp_path) == {(fold.fold, "ecg", "arousal"): config}
    file.write_text(yaml.safe_dump({"config": {"lr": 1}}))
    with pytest.raises(BadFile, match="lr, weight_decay, dropout, batch, found lr"):
        amigos_search.best(fold, "ecg", "arousal", tmp_path)
    changed = amigos.configured(settings, config)
    assert changed["head"]["dropout"] == 0.2 and changed["recipe"]["batch"] == 16 and set(
        SPACE) == set(config)


def test_scores_and_their_intervals_stay_between_0_and_1():
    rows, splits = ["ECG", "EEG", "Fused"], list(SPLITS)
    table = pd.DataFrame([{
        "row": row, "role": "model", "metric": "arousal F1", "published": 0.9, "reproduced": mean,
        "reproduced_interval": 0.4, "split": split
    } for row, mean in zip(rows, (0.03, 0.5, 0.97), strict=True) for split in splits])
    coin = table.assign(row="coin", role="chance", reproduced=0.5)
    constant = coin.assign(row="majority", reproduced=0.35)
    table = pd.concat([table, coin, constant])
    figure = splits_beside(table, rows, ["arousal F1"], splits, published=True)
    (ax,) = figure.axes
    bars = [path.vertices[:, 1] for lines in ax.collections for path in lines.get_paths()]
    assert len(bars) == 9 and min(map(np.ptp, bars)) > 0.05
    assert 0 < np.min(bars) < 0.03 and 0.97 < np.max(bars) < 1 and ax.get_ylim() == (0, 1)
    flat = {float(line.get_ydata()[0]) for line in ax.lines if len(set(line.get_ydata())) == 1}
    assert {0.5, 0.9} < flat and 0.35 not in flat  # the coin is chance, not the majority


def test_figures_of_paper_2_are_drawn():
    rng = np.random.default_rng(0)
    cells = pd.DataFrame({"subject": 1, "cell": range(1, 21), "state": "missing"})
    rated = pd.DataFrame({
        "arousal": rng.uniform(1, 9, 9), "valence": rng.uniform(1, 9, 9),
        "session": ["short"] * 6 + ["long"] * 3
    })
    x = rng.normal(size=(3, 128))
    matrix = pd.concat(
        {"count": pd.DataFrame(np.eye(2, dtype=int)), "percent": 100 * pd.DataFrame(np.eye(2))},
        axis=1)
    paper = {
        m: Recogniser(PhysioTransformer(**Preset.of("paper").model[m]),
                      **Preset.of("paper").head[m]) for m in ("ecg", "eeg")
    }
    drawn = [
        plots.presence(cells),
        plots.ratings(rated, {"arousal": 5.0, "valence": 5.0}),
        plots.segment(x, x, ["F7", "F3", "ECG"], 128, ("uV", "mV")),
        plots.reconstruction(x, x[0] > 0, x, ["F7", "F3", "T7"], 128),
        confusion_matrices({"a": matrix, "b": matrix}),
        schematics.single_modality(paper["eeg"]),
        schematics.late_fusion(paper["ecg"], paper["eeg"], FusionHead(576))
    ]
    for figure in drawn:
        figure.draw_without_rendering()
    words = [text.get_text() for text in drawn[-2].axes[0].texts]
    assert "1D-CNN\nkernels 65 · 33 · 17\nwidths 64 · 128 · 256" in words and "1280 tokens" in words
