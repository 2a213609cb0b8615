"""Paper 3's figures and its schematic: what is drawn, and sizes that are the model's own."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from lib.datasets.seed_format import BANDS, SEED_IV_EMOTIONS, SEED_IV_LABELS
from lib.evaluation.classification import confusion
from lib.evaluation.printed import load
from lib.models.multimodal_fusion import Attention
from lib.models.mv_sstma import MVSSTMA
from lib.papers.mv_sstma import analysis
from lib.papers.mv_sstma import figures as plots
from lib.papers.mv_sstma.schematic import three_stages
from lib.plots.classification import confusion_matrices
from lib.plots.style import modality, use_style


@pytest.fixture(autouse=True)
def style():
    use_style()


def words(figure) -> list[str]:
    FigureCanvasAgg(figure).draw()
    texts = [
        text for ax in figure.axes
        for text in (*ax.texts, ax.title, ax._left_title, ax.xaxis.label, ax.yaxis.label)
    ]
    texts += [text for legend in figure.legends for text in legend.get_texts()]
    return [text.get_text() for text in texts if text.get_text()]


def test_every_printed_row_has_the_colour_of_its_modality():
    rows = load("seed").query("table != 'text'").drop_duplicates("row")
    assert (rows["row"].map(modality) == rows["modality"]).all()
    assert {modality(name)
            for name in ("SVM EEG", "majority", "guess at training frequencies")} == {"control"}


def test_the_schematic_says_the_sizes_of_the_networks():
    said = " ".join(
        words(
            three_stages(MVSSTMA(62, 5, blocks=2), MVSSTMA(33, 1, blocks=2),
                         Attention(62 * 16, 33 * 16, 16, 5), ratio=0.5)))
    assert all(part in said for part in ("10 × 62 × 5", "10 × 33 × 1", "31 of 62 stay",
                                         "16 of 33 stay", "2 blocks × 16", "16 → 5"))


def test_no_text_of_the_schematic_lies_on_another():
    figure = three_stages(MVSSTMA(), MVSSTMA(31, 1), Attention(62 * 16, 31 * 16, 16, 4))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = [
        text.get_window_extent(canvas.get_renderer()) for text in figure.axes[0].texts
        if text.get_text()
    ]
    assert not [(i, j) for i in range(len(boxes)) for j in range(i) if boxes[i].overlaps(boxes[j])]
    assert all(figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 for box in boxes)


def test_balance_has_a_bar_for_each_emotion_and_part():
    figure = plots.balance(analysis.balance("seed-iv", SEED_IV_LABELS, "16/8"))
    assert len(figure.axes) == 3 and all(len(ax.patches) == 8 for ax in figure.axes)
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert heights == [4, 6, 4, 2, 2, 0, 2, 4]  # session 1: training, then test; no sad test trial


def test_scalp_maps_and_reconstructions_name_their_bands_and_rows():
    rng = np.random.default_rng(0)
    maps = words(plots.scalp_maps(rng.random((2, 62, 5)), ["SEED-IV", "SEED-V"], "share"))
    assert {*BANDS, "SEED-IV", "SEED-V", "share"} <= set(maps)
    masked = rng.random(62) < 0.5
    x = rng.normal(size=(62, 5))
    filled = words(plots.reconstruction(x, masked, x + 2, x))
    assert {*BANDS, "recorded", "visible", "network\nerror 4.00",
            "nearest\nerror 0.00"} <= set(filled)


def test_confusion_writes_percentages_and_counts():
    table = confusion([0, 0, 1, 2, 3], [0, 1, 1, 2, 2], SEED_IV_EMOTIONS)
    said = words(confusion_matrices({"EEG, SEED-IV": table}))
    assert said.count("50 %\n1") == 2 and said.count("100 %\n1") == 3


def test_ratio_curve_has_a_line_for_each_person_and_what_is_printed():
    scores = pd.DataFrame([{
        "paper": "seed", "experiment": "curve", "row": row, "role": role, "split": "16/8",
        "fold": fold, "seed": seed, "tier": "simulated", "metric": "SEED-IV accuracy",
        "value": fold + seed
    } for row, role in (("EEG", "model"), ("majority", "chance")) for fold in range(3)
                           for seed in range(2)])
    masked = scores.assign(metric="SEED-IV accuracy, 30 % masked")
    table = pd.DataFrame([{"metric": masked["metric"][0], "row": "EEG", "published": 0.8}])
    curve = analysis.ratio_curve(table, {0.3: masked, 0.0: scores})
    assert list(curve["ratio"]) == [0.0] * 3 + [0.3] * 3 and set(curve["row"]) == {"EEG"}
    assert list(curve["value"]) == [0.5, 1.5, 2.5] * 2
    assert curve["published"].isna().sum() == 3 and set(curve["dataset"]) == {"SEED-IV"}


def test_missing_channels_draws_every_row_with_published_dots():
    rows = [{
        "dataset": "SEED-IV", "row": row, "ratio": ratio, "published": 0.8 if ratio else np.nan,
        "fold": fold, "value": 0.5 + 0.1 * fold
    } for row in ("EEG", "Concat", "Attention") for ratio in (0.0, 0.3) for fold in range(3)]
    figure = plots.missing_channels(pd.DataFrame(rows), {"SEED-IV": 0.2})
    lines = {line.get_label(): line.get_ydata() for line in figure.axes[0].lines}
    assert lines["EEG"] == pytest.approx([0.6, 0.6])  # the mean of three people
    said = words(figure)
    assert {
        "EEG", "Concat", "Attention", "published", "guess at training frequencies",
        "share of missing channels"
    } <= set(said)


def test_curves_of_training_and_attention():
    curves = plots.training_curves({"SEED-IV": {"EEG": [np.ones(
        (3, 2)), np.zeros((3, 2))]}}, ["a", "b"], "error", [1.0], "mean")
    assert {"EEG, a", "EEG, b", "mean", "error", "epoch"} <= set(words(curves))
    table = pd.DataFrame({
        "dataset": "SEED-IV", "subject": 1, "session": 1, "emotion": ["sad", "fear"] * 4,
        "EEG": np.linspace(0, 1, 8)
    })
    assert {"sad", "fear"} <= {
        text.get_text() for text in plots.attention_weights(table).axes[0].get_xticklabels()
    }


def test_a_session_is_drawn_trial_by_trial():
    table = pd.DataFrame({
        "trial": np.repeat([1, 2, 3], 4), "emotion": np.repeat([0, 1, 2], 4), "eeg": 1.0, "eye": 2.0
    })
    figure = plots.session(table, SEED_IV_EMOTIONS, 3, "DE (nats)", "eye feature 1")
    assert {*SEED_IV_EMOTIONS, " test trials", "DE (nats)"} <= set(words(figure))
