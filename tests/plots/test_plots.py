"""Figures as data: what is drawn, its labels and units; schematics without overlaps, with the
model's own sizes."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from lib.datasets.mahnob_format import EEG_CHANNELS
from lib.evaluation import printed as published
from lib.evaluation.verdicts import verdicts
from lib.models.rmmt import MODELS, build
from lib.papers.rmmt import schematic as schematics
from lib.plots import results as plots
from lib.plots import signals
from lib.plots import style as looks
from lib.plots.signals import LOBES


@pytest.fixture(autouse=True)
def style():
    with plt.rc_context():
        looks.use_style()
        yield
        assert not plt.get_fignums(), "a figure was left in pyplot's global state"


@pytest.fixture
def results():
    rng = np.random.default_rng(0)
    cells = itertools.product(["RMMT", "RSMT-F", "constant"], range(10), [0, 1],
                              ["RMSE", "PCC", "CCC"])
    rows = [{
        "paper": "rmmt", "experiment": "fusion", "row": v,
        "role": "chance" if v == "constant" else "model", "split": "contiguous_trials", "fold": f,
        "seed": s, "metric": m, "value": rng.normal(0.06 if m == "RMSE" else 0.7,
                                                    0.01), "tier": "simulated"
    } for v, f, s, m in cells]
    return pd.DataFrame(rows)


def legend(figure):
    legends = [*figure.legends, *(ax.get_legend() for ax in figure.axes if ax.get_legend())]
    return [text.get_text() for one in legends for text in one.get_texts()]


def render(figure):
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return canvas.get_renderer()


def test_every_model_has_the_colour_of_its_modality():
    assert "control" not in map(looks.modality, MODELS)
    rows = published.load("rmmt").query("table != 'text'").drop_duplicates("row")
    # predicts from EEG alone; the paper prints it with the multimodal rows
    taught = rows["row"] == "TCN-E taught by face"
    assert (rows["row"].map(looks.modality) == rows["modality"])[~taught].all()
    assert looks.modality("constant") == looks.modality("ridge, EEG") == "control"


def test_topomaps_have_a_map_per_row_and_band_and_one_scale_per_band():
    power = np.random.default_rng(0).random((2, 3, 32))
    faces = [np.zeros((48, 48, 3), np.uint8)] * 2
    figure = signals.topomaps(power, EEG_CHANNELS, ["subject 1", "subject 2"], ["θ", "α", "γ"],
                              faces)
    maps, bars = figure.axes[:8], figure.axes[8:]
    assert len(bars) == 3 and [ax.get_title(loc="center") for ax in maps[:4]] == ["", "θ", "α", "γ"]
    assert maps[5].images[0].get_clim() == pytest.approx((power[:, 0].min(), power[:, 0].max()))
    assert "relative band power" in figure.get_suptitle() and maps[0].get_ylabel() == "subject 1"
    with pytest.raises(ValueError, match=r"\(2, 2, 32\)"):
        signals.topomaps(power, EEG_CHANNELS, ["a", "b"], ["θ", "α"])


def test_montage_shows_32_named_electrodes_left_and_right_where_they_are():
    figure = signals.montage()
    (ax,) = figure.axes
    where = {text.get_text(): text.get_position() for text in ax.texts}
    assert set(where) == set(EEG_CHANNELS)
    assert where["F3"][0] < 0 < where["F4"][0] and where["Oz"][1] < where["Cz"][1] < where["Fz"][1]
    assert np.hypot(*where["Cz"]) < 0.05 and max(np.hypot(*xy) for xy in where.values()) < 1.12
    counts = [int(entry.split("(")[1].rstrip(")")) for entry in legend(figure)]
    assert sum(counts) == 32 and [entry.split()[0] for entry in legend(figure)] == list(LOBES)


def test_spectrum_and_label_overview_say_their_units():
    f = np.arange(1, 46.0)
    ax = signals.spectrum(f, np.ones((32, 45)), bands={"α": (8, 12)}).axes[0]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("frequency (Hz)",
                                                  "power spectral density (µV²/Hz)")
    assert len(ax.lines) == 33 and [t.get_text() for t in ax.texts] == ["α"]
    # two constant trials: all the variance lies between them
    figure = signals.label_overview([np.full(140, 0.1), np.full(140, -0.1)])
    assert [a.get_xlabel()
            for a in figure.axes] == ["valence", "length (s)", "trials, sorted by mean"]
    assert figure.axes[2].get_title(loc="left").startswith("100%")
    assert figure.axes[1].patches[0].get_x() == pytest.approx(34.5)  # 140 steps at 4 Hz are 35 s


def test_published_vs_reproduced_draws_every_value_once(results):
    whole = verdicts(results, published.table("rmmt", 3))
    figure = plots.published_vs_reproduced(whole)
    table, guesses = (whole[whole["role"].eq("chance") == drawn] for drawn in (False, True))
    assert [ax.get_xlabel().split()[0]
            for ax in figure.axes] == list(dict.fromkeys(table["metric"]))
    for ax in figure.axes:
        panel = table[table["metric"] == ax.get_xlabel().split()[0]]
        dots = [(line.get_xdata()[0], line.get_markerfacecolor()) for line in ax.lines
                if line.get_marker() == "o"]
        hollow, filled = ([x for x, face in dots if (face == "white") == wanted]
                          for wanted in (True, False))
        assert sorted(hollow) == pytest.approx(sorted(panel["published"].dropna()))
        assert sorted(filled) == pytest.approx(sorted(panel["reproduced"].dropna()))
        lines = {line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == "--"}
        chance = guesses[guesses["metric"] == ax.get_xlabel().split()[0]]["reproduced"]
        assert set(chance) <= lines
    names = ["published", "this run, simulated data", "face", "both", "chance"]
    assert legend(figure) == names
    assert [label.get_text()
            for label in figure.axes[0].get_yticklabels()] == list(dict.fromkeys(table["row"]))


def test_where_folds_are_few_each_is_drawn_and_no_interval(results):
    few = results[results["fold"] < 3]
    table = verdicts(few, published.table("rmmt", 3))
    for ax in plots.published_vs_reproduced(table, few).axes:
        light = [line.get_xdata()[0] for line in ax.lines if line.get_alpha() == 0.5]
        own = few[few["metric"].eq(ax.get_xlabel().split()[0]) & few["role"].eq("model")]
        folds = own.groupby(["row", "fold"])["value"].mean()
        assert sorted(light) == pytest.approx(sorted(folds)) and len(light) == 6


def test_traces_name_each_model_and_tie_pictures_to_times():
    time = np.arange(240) / 4
    figure = plots.traces(time, np.sin(time), {"RSMT-E": time, "RMMT": time, "MMT": time},
                          [np.zeros((48, 48, 3), np.uint8)] * 2, [7, 37])
    ax = figure.axes[0]
    assert legend(figure) == ["target", "RSMT-E", "RMMT", "MMT"
                              ] and ax.get_xlabel() == "time after stimulus onset (s)"
    assert [thumb.get_title(loc="center") for thumb in figure.axes[1:]] == ["7 s", "37 s"]
    with pytest.raises(ValueError, match="frame_times"):
        plots.traces(time, time, {}, [np.zeros((48, 48, 3), np.uint8)])
    lines = {line.get_label(): line for line in ax.lines}
    assert lines["RMMT"].get_color() == lines["MMT"].get_color() == looks.COLOURS["both"]
    assert lines["RMMT"].get_linestyle() != lines["MMT"].get_linestyle()


def test_curve_draws_the_printed_alpha_sweep():
    printed = published.table("rmmt", 7)
    alpha = printed["row"].str.extract(r"=(.*)")[0].astype(float)
    sweep = {
        m: (alpha[printed["metric"] == m], printed.loc[printed["metric"] == m, "mean"])
        for m in ("RMSE", "PCC", "CCC")
    }
    mean = {m: np.full(10, 0.7) for m in sweep}
    figure = plots.curve(np.arange(0.2, 2.1, 0.2), mean, {m: np.full(10, 0.05) for m in sweep},
                         sweep, xlabel="α")
    assert [ax.get_xlabel() for ax in figure.axes] == ["α"] * 3
    hollow = next(line for line in figure.axes[1].lines if line.get_markerfacecolor() == "white")
    assert list(hollow.get_ydata()) == list(sweep["PCC"][1]) and len(hollow.get_xdata()) == 10
    assert figure.axes[0].collections[0].get_paths()[0].get_extents().height == pytest.approx(0.1)
    assert set(legend(figure)) == {"this run", "95 % interval over folds", "published", "constant"}


def test_intervals_along_a_curve_stay_in_the_metrics_range():
    mean, half = {"RMSE": np.full(3, 0.1), "PCC": np.full(3, 0.9)}, np.full(3, 0.4)
    dots = {metric: (np.arange(3), values, half) for metric, values in mean.items()}
    figure = plots.curve(np.arange(3), mean, dict.fromkeys(mean, half), dots)
    for ax, low, high in zip(figure.axes, (0, -1), (0.5, 1), strict=True):
        band, bars = ax.collections
        band = band.get_paths()[0].get_extents()
        assert low <= band.y0 < mean[ax.get_ylabel().split()[0]][0] < band.y1 <= high
        for bar in bars.get_segments():
            assert bar[:, 1] == pytest.approx((band.y0, band.y1))


def test_learning_curves_and_fold_lines(results):
    history = [np.column_stack([np.linspace(1, 0.3, 12) + k] * 3) for k in range(4)]
    alone = [fold * (1, 0, 1) for fold in history]  # has no KD loss
    panels = ["training CCC loss", "training KD loss", "validation CCC"]
    figure = plots.learning_curves({"RMMT": history, "RSMT-F": alone}, panels)
    assert legend(figure) == ["RMMT", "RSMT-F"]
    for ax in figure.axes:  # the mean over folds, and a band from the lowest to the highest
        mean, band = ax.lines[0].get_ydata(), ax.collections[0].get_paths()[0].get_extents()
        np.testing.assert_allclose(mean, history[0][:, 0] + 1.5)
        assert (band.y0, band.y1) == pytest.approx((0.3, 4))
    assert [np.isfinite(ax.lines[1].get_ydata()).all() for ax in figure.axes] == [True, False, True]
    assert [ax.get_ylabel() for ax in figure.axes] == panels
    shifted = results.assign(value=results["value"] - 1.0 * (results["row"] == "RMMT"))
    titles = [ax.get_title(loc="left") for ax in plots.fold_lines(shifted, "RMMT", "RSMT-F").axes]
    assert titles == ["RMMT better in 10 of 10", "RMMT better in 0 of 10", "RMMT better in 0 of 10"]


def test_the_footer_stays_free(results):
    made = [
        plots.published_vs_reproduced(verdicts(results, published.table("rmmt", 3))),
        plots.fold_lines(results, "RMMT", "RSMT-F"),
        signals.topomaps(
            np.random.default_rng(0).random((1, 6, 32)), EEG_CHANNELS, ["a"], list("abcdef"))
    ]
    for figure in made:
        lowest = min(ax.get_tightbbox(render(figure)).y0 for ax in figure.axes)
        assert lowest >= looks.FOOTER * figure.dpi - 1


SHEETS = {
    "1": lambda model: schematics.fusion_schemes(), "2": schematics.overview,
    "3": schematics.fusion_block, "4": schematics.distillation, "6": schematics.compared_models
}


@pytest.mark.parametrize(
    "options",
    [{}, {"layers": 4, "heads": 4, "attention": "scaled_relu", "block_residual": "input"}])
@pytest.mark.parametrize("name", SHEETS)
def test_schematics_have_no_overlaps_and_nothing_clipped(name, options):
    figure = SHEETS[name](build("RMMT", 192, 1280, **options))
    renderer, (ax,) = render(figure), figure.axes
    words = [(text.get_text(), text.get_window_extent(renderer)) for text in ax.texts
             if text.get_text()]
    for (first, a), (second, b) in itertools.combinations(words, 2):
        assert not a.overlaps(b), f"{first!r} and {second!r} overlap"
    boxes = [patch.get_window_extent(renderer) for patch in ax.patches if patch.get_zorder() == 2]
    for text, extent in words:
        inside = [
            box.x0 <= extent.x0 and extent.x1 <= box.x1 and box.y0 <= extent.y0
            and extent.y1 <= box.y1 for box in boxes
        ]
        assert any(inside) or not any(extent.overlaps(box)
                                      for box in boxes), f"{text!r} crosses the edge of a box"
    sheet = ax.get_window_extent(renderer)
    for extent in [*(extent for _, extent in words), *boxes]:
        assert sheet.x0 <= extent.x0 and extent.x1 <= sheet.x1
        assert sheet.y0 <= extent.y0 and extent.y1 <= sheet.y1


def test_schematics_show_the_sizes_of_the_model_given():
    small = build("RMMT", 128, 38, widths=(64, 32), layers=3, kernel=5)
    assert schematics.sizes(small) == {
        "eeg": 128, "face": 38, "H": 32, "blocks": 2, "kernel": 5, "N": 3, "heads": 1, "d_K": 32,
        "inner": 128, "cat": 64
    }
    words = " ".join(
        text.get_text()
        for text in schematics.overview(small, n_times=40, backbone="IR-50").axes[0].texts)
    for shown in ("40 × 38", "40 × 128", "40 × 32", "40 × 64", "kernel 5", "× 3", "IR-50"):
        assert shown in words
    block = schematics.fusion_block(build("RMMT", 192, 1280, attention="softmax"))
    assert any("softmax" in text.get_text() for text in block.axes[0].texts)
    with pytest.raises(ValueError, match="both streams"):
        schematics.sizes(build("RSMT-E", 192, 1280))
    with pytest.raises(ValueError, match="residual"):
        schematics.sizes(build("MMT", 192, 1280))


@pytest.mark.parametrize("own", [{"text.usetex": True}, {
    "savefig.bbox": "tight", "savefig.transparent": True, "savefig.pad_inches": 2
}, {"figure.autolayout": True}, {"figure.constrained_layout.use": True}, {
    "text.parse_math": False, "axes.unicode_minus": False
}, {"image.cmap": "jet", "image.origin": "lower"}, {"figure.dpi": 300, "savefig.dpi": 30}, {
    "path.sketch": (1, 100, 2)
}, {"font.family": "serif", "axes.prop_cycle": plt.cycler("color", ["r"])},
                                 {"figure.max_open_warning": 1},], ids=lambda own: next(iter(own)))
def test_the_users_own_settings_do_not_reach_a_figure(own):
    ours = dict(plt.rcParams)
    plt.rcParams.update(own)
    assert dict(plt.rcParams) != ours
    looks.use_style()
    assert dict(plt.rcParams) == ours
