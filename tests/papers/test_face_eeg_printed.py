"""The numbers of paper 4 against a second transcription of its tables, and what follows from
them."""

import numpy as np
import pandas as pd
import pytest

from lib.evaluation import printed as published
from lib.evaluation.feasibility import sizes_that_fit
from lib.evaluation.metrics import higher_is_better
from lib.evaluation.statistics import RESULT_COLUMNS
from lib.evaluation.verdicts import verdicts
from lib.papers.face_eeg.claims import averages, grim

# table | row | accuracy, precision, recall, F1 in hundredths of a percent
PRINTED = """
1 | Face | 9200 9200 9200 9100
2 | Scalp maps | 9871 9871 9877 9872
3 | SST-EmotionNet | 7415 7741 7303 7460
3 | EEG-ITNet | 9461 9481 9389 9362
3 | Scalp maps | 9871 9871 9877 9872
"""


def test_all_cells_equal_the_printed_tables_as_fractions():
    frame = published.load("face_eeg").query("table != 'text'")
    typed = [(table, row, metric, int(value) / 1e4)
             for table, row, cells in (line.split(" | ") for line in PRINTED.strip().splitlines())
             for metric, value in zip(("accuracy", "precision", "recall",
                                       "F1"), cells.split(), strict=True)]
    assert list(frame[["table", "row", "metric", "mean"]].itertuples(index=False,
                                                                     name=None)) == typed
    assert frame[["std", "half_width"]].isna().all(axis=None) and frame["comparable"].all()
    assert set(frame["protocol"]) <= set(published.papers()["face_eeg"]["answers"].values()) & set(
        published.papers()["face_eeg"]["folds"])
    assert all(higher_is_better(metric) for metric in frame["metric"])


def test_recall_tells_which_average_it_cannot_be():
    table = averages().set_index("row")
    assert table["weighted possible"].to_dict() == {
        "Face": True, "SST-EmotionNet": False, "EEG-ITNet": False, "Scalp maps": False
    }
    assert table["holds"].all()
    assert table.loc["EEG-ITNet",
                     "bound"] == pytest.approx(2 * 0.94815 * 0.93895 / (0.94815 + 0.93895))


@pytest.mark.parametrize("rounding", ["nearest", "down"])
def test_sizes_that_fit_agree_with_printing_every_fraction(rounding):
    def printed(k, n):  # hundredths of a percent, in whole numbers; a tie may be printed either way
        return {(20_000 * k + n) //
                (2 * n), -((n - 20_000 * k) //
                           (2 * n))} if rounding == "nearest" else {10_000 * k // n}

    for values in ([0.9871], [0.9461, 0.7415], [0.9875]):
        expected = [
            n for n in range(1, 401) if all(
                any(round(1e4 * value) in printed(k, n) for k in range(n + 1)) for value in values)
        ]
        assert sizes_that_fit(values, rounding, 400).tolist() == expected


def test_no_test_set_that_the_text_allows_gives_all_three_accuracies():
    table = grim().set_index(["row", "rounding"])
    assert table["smallest"].loc["all three"].to_dict() == {"nearest": 1242, "down": 855}
    assert (table["possible"] == 7 * 20 * 20 * 0.15).all()
    assert table["holds"].groupby(level="row").all().to_dict() == {
        "EEG-ITNet": True, "SST-EmotionNet": True, "Scalp maps": True, "all three": False
    }
    for accuracy in (0.9871, 0.9461, 0.7415):
        assert round(round(accuracy * 1242) / 1242, 4) == accuracy
    with pytest.raises(ValueError, match="'nearest' or 'down', not 'up'"):
        sizes_that_fit([0.5], "up")


def test_verdicts_take_every_split_and_precision_and_recall():
    rows = [("face_eeg", "eeg", row, role, split, fold, 0, "licensed", metric, value)
            for split in ("random_segments", "by_subject") for fold in range(5)
            for row, role, value in (("Scalp maps", "model",
                                      0.985 if split == "random_segments" else 0.3),
                                     ("majority", "chance", 0.25), ("Nearest", "control", 0.9))
            for metric, value in ((m, value + 0.002 * (fold - 2))
                                  for m in ("accuracy", "precision", "recall"))]
    rows += [("face_eeg", "face", "Face", "model", "official", fold, 0, "licensed", "accuracy",
              0.919 + 0.001 * fold) for fold in range(3)]
    table = verdicts(pd.DataFrame(rows, columns=list(RESULT_COLUMNS)), published.load("face_eeg"))
    found = table.set_index(["row", "split", "metric"])["verdict"]
    assert found["Scalp maps", "random_segments", "accuracy"] == "reproduced"
    # the paper prints nothing for people kept apart
    assert found["Scalp maps", "by_subject", "precision"] == "control"
    assert found["Face", "official", "accuracy"] == "reproduced" and found["Nearest", "by_subject",
                                                                           "accuracy"] == "control"
    assert np.all(table.loc[table["row"] == "EEG-ITNet", "verdict"] == "not testable")
