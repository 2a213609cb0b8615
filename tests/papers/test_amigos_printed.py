"""The numbers of papers 2 and 3 against a second transcription of their tables, and what their
texts say about them."""

import numpy as np
import pytest
from scipy import stats

from lib.evaluation import printed as published
from lib.evaluation.metrics import higher_is_better
from lib.papers.amigos.claims import orderings, significance

# table | row | arousal accuracy, arousal F1, valence accuracy, valence F1: mean in thousandths and
# half width in ten thousandths
AMIGOS = """
1 | EEG without pre-training | 760 73 | 750 83 | 700 64 | 700 68
1 | EEG | 810 107 | 800 94 | 770 93 | 770 91
2 | ECG | 880 54 | 870 54 | 830 78 | 830 74
2 | EEG | 810 107 | 800 94 | 770 93 | 770 91
2 | Fused | 890 50 | 890 50 | 850 38 | 850 39
3 | Fused without pre-training | 860 49 | 850 51 | 820 65 | 810 68
3 | Fused | 890 50 | 890 50 | 850 38 | 850 39
4 | AMIGOS baseline, EEG | - | 577 | - | 564
4 | EEG | - | 800 94 | - | 770 91
4 | AMIGOS baseline, EEG+ECG+GSR | - | 564 | - | 560
4 | Fused | - | 890 50 | - | 850 39
"""
# table | row | SEED-IV, SEED-V: mean and spread in hundredths of a percent; in Table 4 the means at
# 30, 50, 70 % masked
SEED = """
1 | EEG without pre-training | 5697 956 | 7129 1076
1 | EEG | 8540 525 | 7947 950
1 | Eye without pre-training | 6498 1460 | 5388 684
1 | Eye | 7816 826 | 6419 644
2 | EEG | 8778 690 | 8041 1051
2 | MAX | 6000 1710 | 7320 930
2 | Fuzzy integral | 7360 1670 | 7320 870
2 | BDAE | 8510 1180 | 7970 480
2 | Concat | 8956 619 | 8103 931
2 | Attention | 9016 544 | 8138 876
3 | EEG | 8703 588 | 7907 1095
3 | Concat | 8864 671 | 7913 872
3 | Attention | 8804 657 | 7920 849
4 | EEG | 8703 8684 8425 | 7907 7844 7559
4 | Concat | 8864 8660 8500 | 7913 8415 7781
4 | Attention | 8804 8995 8674 | 7920 8106 7829
"""


def lines(text):
    for line in text.strip().splitlines():
        number, row, *cells = (cell.strip() for cell in line.split("|"))
        yield number, row, [[int(v) for v in cell.split()] for cell in cells if cell != "-"]


def tables(paper):
    frame = published.load(paper)
    return frame[frame["table"] != "text"]


def test_all_cells_of_paper_2_equal_the_printed_tables():
    ours = tables("amigos")
    typed = [(number, row, cell[0] / 1000, cell[1] / 10000 if len(cell) > 1 else np.nan)
             for number, row, cells in lines(AMIGOS) for cell in cells]
    assert list(zip(ours["table"], ours["row"],
                    strict=True)) == [(number, row) for number, row, _, _ in typed]
    assert np.allclose(ours[["mean", "half_width"]], [pair for _, _, *pair in typed], rtol=0,
                       atol=1e-12, equal_nan=True)
    assert ours["std"].isna().all()
    four = ["arousal accuracy", "arousal F1", "valence accuracy", "valence F1"]
    assert ours["metric"].tolist() == four * 7 + four[1::2] * 4


def test_all_cells_of_paper_3_equal_the_printed_tables_as_fractions():
    ours = {(r.table, r.row, r.metric): (r.mean, r.std) for r in tables("seed").itertuples()}
    typed = {}
    for number, row, cells in lines(SEED):
        for name, cell in zip(("SEED-IV", "SEED-V"), cells, strict=True):
            if number == "4":
                typed |= {(number, row, f"{name} accuracy, {ratio} % masked"): (value / 1e4, np.nan)
                          for ratio, value in zip((30, 50, 70), cell, strict=True)}
            else:
                typed[number, row, f"{name} accuracy"] = (cell[0] / 1e4, cell[1] / 1e4)
    assert ours.keys() == typed.keys() and len(tables("seed")) == len(typed) == 44
    for key, value in typed.items():
        assert ours[key] == pytest.approx(value, nan_ok=True), key


def test_what_the_papers_copied_is_marked_and_every_metric_has_a_direction():
    assert set(tables("amigos").query("not comparable")["row"]) == {
        "AMIGOS baseline, EEG", "AMIGOS baseline, EEG+ECG+GSR"
    }
    assert set(tables("seed").query("not comparable")["row"]) == {"MAX", "Fuzzy integral", "BDAE"}
    assert all(
        higher_is_better(metric) for paper in ("amigos", "seed")
        for metric in tables(paper)["metric"].unique())
    assert published.load("rmmt")["half_width"].isna().all()


def test_values_are_the_printed_ones():
    def of(paper: str, number: int, row: str, metric: str) -> list[float]:
        line = published.table(paper, number).query("row == @row and metric == @metric")
        return line[["mean", "std", "half_width"]].iloc[0].dropna().tolist()

    assert of("amigos", 2, "ECG", "arousal accuracy") == [0.88, 0.0054]
    assert of("amigos", 2, "ECG", "valence F1") == [0.83, 0.0074]
    assert of("amigos", 4, "AMIGOS baseline, EEG", "arousal F1") == [0.577]
    assert of("seed", 2, "BDAE", "SEED-IV accuracy") == [0.851, 0.118]
    assert of("seed", 2, "BDAE", "SEED-V accuracy") == [0.797, 0.048]
    assert of("rmmt", 4, "Choi [31] EEG", "RMSE") == [0.049, 0.005]
    assert of("rmmt", 4, "Choi [31] EEG", "CCC") == []
    assert of("face_eeg", 3, "SST-EmotionNet", "recall") == [0.7303]


def test_p_values_agree_with_samples_that_have_the_printed_moments():
    table = significance().set_index(["claim", "metric"])
    assert len(table) == 16 and (table["p_best"] < table["p"]).all() and (table["p"]
                                                                          < table["p_worst"]).all()
    scores = np.random.default_rng(0).standard_normal((2, 10))
    scores = (scores - scores.mean(1, keepdims=True)) / scores.std(1, ddof=1, keepdims=True)
    printed = ((0.89, 0.005), (0.88, 0.0054))
    fused, ecg = (mean + half / stats.t.ppf(0.975, 9) * np.sqrt(10) * s
                  for (mean, half), s in zip(printed, scores, strict=True))
    p = stats.ttest_ind(fused, ecg, equal_var=False).pvalue
    assert table.loc[("Fused > ECG", "arousal accuracy"), "p"] == pytest.approx(p) == pytest.approx(
        6.6e-3, rel=0.01)
    assert stats.t.interval(0.95, 9, fused.mean(), stats.sem(fused)) == pytest.approx(
        (0.885, 0.895))


def test_one_of_the_claimed_bounds_does_not_follow_from_the_printed_table():
    table = significance()
    wrong = table[~table["holds"]]
    assert wrong[["claim", "where", "metric", "printed"
                  ]].to_numpy().tolist() == [["Fused > ECG", "Table 2", "arousal accuracy", 1e-3]]
    assert (wrong["p_best"] < 1e-5).all() and (wrong["p_worst"] == 1).all()
    undecided = table[table["note"] != ""]
    assert set(undecided["claim"]) == {"Fused > ECG"} and len(undecided) == 4


def test_two_orderings_of_paper_3_are_contradicted_by_its_tables():
    assert orderings("amigos")["holds"].all()
    seed = orderings("seed")
    wrong = seed[~seed["holds"]].set_index("claim")["counterexample"]
    said = "SEED-IV accuracy, 50 % masked: Concat 0.866, EEG 0.8684"
    assert wrong["multimodal better than EEG at every ratio"] == said
    assert wrong["lower spread than EEG with few labels"].count(
        "SEED-IV") == 2 and "SEED-V " not in wrong.to_string()
    assert len(wrong) == 2 and len(seed) == 10
