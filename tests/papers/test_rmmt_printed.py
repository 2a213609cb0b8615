"""The numbers of paper 1 against a second transcription of its tables, and against each other."""

import numpy as np
import pytest

from lib.evaluation import printed
from lib.evaluation.checks import differences
from lib.papers.rmmt.settings import TABLES

# table | row | RMSE | PCC | CCC, mean and spread in thousandths, read from the printed tables
# independently of the CSV
PRINTED = """
3 | F-Fusion | 50 10 | 738 82 | 706 80
3 | D-Fusion | 50 9 | 747 74 | 713 76
3 | RMMT | 51 7 | 755 82 | 736 78
4 | Soleymani [29] EEG | 53 29 | 240 340 | -
4 | Choi [31] EEG | 49 5 | 290 80 | -
4 | TCN-E | 68 17 | 492 142 | 443 148
4 | RSMT-E | 77 14 | 492 135 | 450 127
4 | Soleymani [29] face | 43 26 | 480 370 | -
4 | Choi [31] face | 39 4 | 520 70 | -
4 | TCN-F | 56 8 | 715 79 | 670 76
4 | RSMT-F | 54 9 | 727 84 | 701 79
4 | Soleymani [29] both | 44 26 | 450 350 | -
4 | Choi [31] both | 37 3 | 530 50 | -
4 | TCN-E taught by face | 68 19 | 471 155 | 420 116
4 | RMMT | 51 7 | 755 82 | 736 78
5 | TCN-E | 64 26 | 498 245 | 391 245
5 | RSMT-E | 70 20 | 438 254 | 374 246
5 | TCN-F | 54 18 | 668 231 | 574 226
5 | RSMT-F | 52 13 | 675 249 | 603 225
5 | RMMT | 47 11 | 703 195 | 635 195
6 | MMT | 71 12 | 731 91 | 659 98
6 | RMMT without KD | 53 7 | 746 87 | 722 82
6 | RMMT | 51 7 | 755 82 | 736 78
7 | RMMT alpha=0.2 | 50 7 | 752 89 | 733 91
7 | RMMT alpha=0.4 | 51 6 | 753 77 | 733 77
7 | RMMT alpha=0.6 | 52 7 | 755 80 | 734 75
7 | RMMT alpha=0.8 | 51 7 | 753 82 | 733 78
7 | RMMT alpha=1.0 | 51 7 | 755 82 | 736 78
7 | RMMT alpha=1.2 | 52 8 | 747 91 | 726 85
7 | RMMT alpha=1.4 | 52 7 | 746 88 | 728 81
7 | RMMT alpha=1.6 | 54 9 | 742 84 | 713 87
7 | RMMT alpha=1.8 | 53 8 | 738 82 | 715 78
7 | RMMT alpha=2.0 | 53 8 | 736 82 | 714 73
"""


@pytest.fixture
def tables():
    frame = printed.load("rmmt")
    return frame[frame["table"] != "text"]


def test_all_99_cells_equal_the_printed_tables(tables):
    lines = [[cell.strip() for cell in line.split("|")] for line in PRINTED.strip().splitlines()]
    cells = {(number, row, metric): tuple(int(v) / 1000 for v in cell.split()) if cell != "-" else
             (np.nan, np.nan) for number, row, *values in lines
             for metric, cell in zip(("RMSE", "PCC", "CCC"), values, strict=True)}
    ours = {(r.table, r.row, r.metric): (r.mean, r.std) for r in tables.itertuples()}
    assert len(tables) == len(cells) == 99 and set(ours) == set(cells)
    for key, value in cells.items():
        assert ours[key] == pytest.approx(value, nan_ok=True), key


def test_every_model_of_ours_is_answered_and_copied_rows_are_marked(tables):
    assert {name for names in TABLES.values() for name in names} <= set(tables["row"])
    assert set(tables.loc[~tables["comparable"],
                          "row"].str.extract(r"(\[\d+\])")[0]) == {"[29]", "[31]"}


def test_claims_of_the_text_against_its_own_tables():
    claims = differences("rmmt")
    wrong = claims[~claims["holds"]]
    assert len(claims) == 10
    assert {(r.a, r.b, r.metric, r.printed, r.recomputed)
            for r in wrong.itertuples()} == {("RMMT", "Soleymani [29] both", "PCC", 65, 68),
                                             ("RMMT", "MMT", "CCC", 0.057, 0.077)}
    assert wrong["note"].str.contains("erratum").all()


def test_unknown_papers_and_tables_are_named():
    with pytest.raises(ValueError, match=r"there are .*rmmt"):
        printed.load("nothing")
    with pytest.raises(ValueError, match="no table 8"):
        printed.table("rmmt", 8)
