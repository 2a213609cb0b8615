"""The table of claims against a derivation of its own (rederive.py), as printed and after printed
numbers were changed."""

import ast
import csv
import random
import shutil
from fractions import Fraction

import pytest

from lib import paths
from lib.evaluation import checks, numbers
from lib.evaluation.numbers import Number, evaluate
from lib.evaluation.printed import papers
from tests.papers import rederive

OBSERVED = {
    "rmmt-every-fold", "rmmt-pcc-29", "rmmt-sota-rmse", "rmmt-residual-ccc", "rmmt-alpha-fall-ccc",
    "rmmt-conclusion-pcc", "rmmt-conclusion-ccc", "seed-order-4", "face-least-age", "face-grim-all"
}
ROUNDED = {"rmmt-alone-pcc", "rmmt-alpha-pcc", "amigos-p-2-ecg", "face-abstract", "face-above-92"}
# one printed number changed (paper, table, row, metric, column, new text) -> a claim and its new
# verdict
GOOD, ROUNDING, OPEN, BAD = checks.VERDICTS
CHANGES = [
    ("rmmt", "3", "F-Fusion", "PCC", "mean", "0.748", "rmmt-pcc-f-fusion", BAD),
    ("rmmt", "6", "MMT", "CCC", "mean", "0.679", "rmmt-residual-ccc", GOOD),
    ("rmmt", "4", "Choi [31] both", "PCC", "mean", "0.500", "rmmt-pcc-31", BAD),
    ("rmmt", "text", "RMMT alpha grid", "step", "mean", "0.3", "rmmt-alpha-grid", BAD),
    ("rmmt", "6", "RMMT", "CCC", "std", "0.079", "rmmt-same-row", BAD),
    ("rmmt", "7", "RMMT alpha=1.4", "PCC", "mean", "0.750", "rmmt-alpha-fall-pcc", BAD),
    ("rmmt", "5", "TCN-E", "CCC", "mean", "0.500", "rmmt-ccc-5", BAD),
    ("rmmt", "4", "TCN-E", "PCC", "mean", "0.491", "rmmt-alone-pcc", GOOD),
    ("rmmt", "4", "RSMT-F", "RMSE", "mean", "0.030", "rmmt-face-rmse", GOOD),
    ("amigos", "text", "cohort", "subjects", "mean", "41", "amigos-subjects", BAD),
    ("amigos", "2", "Fused", "valence F1", "mean", "0.83", "amigos-order-2", ROUNDING),
    ("amigos", "3", "Fused", "valence F1", "mean", "0.87", "amigos-f1-3", BAD),
    ("amigos", "2", "Fused", "arousal accuracy", "mean", "0.90", "amigos-p-2-ecg", GOOD),
    ("amigos", "2", "Fused", "arousal accuracy", "half_width", "0.0950", "amigos-p-2-ecg", OPEN),
    ("amigos", "2", "Fused", "arousal accuracy", "mean", "0.80", "amigos-p-2-ecg", BAD),
    ("seed", "1", "Eye", "SEED-V accuracy", "mean", "1.6419", "seed-range", BAD),
    ("seed", "1", "Eye", "SEED-V accuracy", "std", "0.6440", "seed-spread-v", BAD),
    ("seed", "4", "Concat", "SEED-IV accuracy, 50 % masked", "mean", "0.8700", "seed-order-4",
     GOOD), ("face_eeg", "1", "Face", "accuracy", "mean", "0.93", "face-above-92", GOOD),
    ("face_eeg", "3", "EEG-ITNet", "F1", "mean", "0.9500", "face-f1-eeg", BAD),
    ("face_eeg", "text", "cohort", "most minutes", "mean", "60", "face-grim-all", GOOD),
    ("face_eeg", "text", "cohort", "most minutes", "mean", "45", "face-grim-all", ROUNDING),
    ("face_eeg", "text", "signals", "spectrogram side", "mean", "700", "face-frames", BAD),
]


def verdicts():
    table = checks.check_all()
    assert table["id"].is_unique
    return table.set_index("id")["verdict"].to_dict()


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """The printed numbers in a folder where they can be changed, and a function that changes some
    of them."""
    folders = {paper: facts["folder"] for paper, facts in papers().items()}
    for folder in folders.values():
        (tmp_path / folder.name).mkdir()
        for name in ("printed.csv", "claims.yaml", "paper.yaml"):
            shutil.copy(folder / name, tmp_path / folder.name)

    def change(paper, edits):
        file = tmp_path / folders[paper].name / "printed.csv"
        with file.open(encoding="utf-8", newline="") as handle:
            rows = list(csv.DictReader(handle))
        done = 0
        for row in rows:
            for column in ("mean", "std", "half_width"):
                if (text := edits.get(
                    (row["table"], row["row"], row["metric"], column))) is not None:
                    row[column], done = text, done + 1
        assert done == len(edits)
        with file.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.DictWriter(handle, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        numbers._cells.cache_clear()

    monkeypatch.setattr(paths, "PAPERS", tmp_path)
    numbers._cells.cache_clear()
    yield tmp_path, change
    numbers._cells.cache_clear()


def test_every_verdict_is_derived_again_without_the_package():
    assert verdicts() == rederive.derive()
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse((paths.ROOT / "tests/papers/rederive.py").read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([alias.name
                      for alias in node.names] if isinstance(node, ast.Import) else [node.module])
    }
    assert imported.isdisjoint({"lib", "tests", "pandas"})


def test_what_is_observed_stays_the_same():
    found = verdicts()
    assert {name for name, verdict in found.items() if verdict == BAD} == OBSERVED
    assert {name for name, verdict in found.items() if verdict == ROUNDING} == ROUNDED


@pytest.mark.parametrize(("paper", "table", "row", "metric", "column", "text", "claim", "expected"),
                         CHANGES)
def test_a_changed_number_changes_the_verdict(copied, paper, table, row, metric, column, text,
                                              claim, expected):
    folder, change = copied
    before = rederive.derive(folder)  # equal to ours, says the first test
    change(paper, {(table, row, metric, column): text})
    after = verdicts()
    assert before[claim] != after[claim] == expected
    assert after == rederive.derive(folder)


def test_every_kind_is_claimed_and_changed():
    kinds = {s["id"]: s["kind"] for paper in papers() for s in numbers.statements(paper)}
    assert set(kinds.values()) == set(checks.KINDS)
    assert {kinds[change[6]] for change in CHANGES} == set(checks.KINDS) - {"not checkable"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_both_derivations_agree_on_numbers_changed_at_random(copied, seed):
    folder, change = copied
    draw = random.Random(seed)
    for paper in papers():
        printed, edits = rederive.read(folder)[0][paper], {}
        for key in draw.sample(sorted(printed), len(printed) // 4):
            for column in ("mean", "std", "half_width"):
                text = printed[key].get(column)
                if text and "e" not in text:
                    digits = len(text.partition(".")[2])
                    value = Fraction(text) + Fraction(draw.choice([-20, -2, -1, 1, 2, 20]), 10**
                                                      digits)
                    if value > 0:
                        edits[*key, column] = f"{float(value):.{digits}f}"
        change(paper, edits)
    found = verdicts()
    assert found == rederive.derive(folder)
    assert sum(verdict == BAD for verdict in found.values()) > 2 * len(OBSERVED)


def test_statements_say_where_they_stand_and_only_name_what_is_printed():
    for paper in papers():
        for s in numbers.statements(paper):
            assert s["id"].startswith(paper.split("_")[0]) and s["claim"] and s["where"].startswith(
                ("Sec ", "Table", "Abstract"))
    with pytest.raises(KeyError, match="no printed number"):
        checks.check(
            "rmmt", {
                "kind": "difference", "a": [3, "RMMT", "PCC"], "b": [3, "nothing", "PCC"],
                "printed": [3, "RMMT", "PCC"]
            })
    with pytest.raises(KeyError, match="Table 3 of 'rmmt' prints no nothing"):
        checks.check(
            "rmmt", {
                "kind": "order", "table": 3, "better": ["RMMT"], "others": ["D-Fusion"],
                "metrics": ["nothing"]
            })


def test_questions_of_ours_are_no_claims_of_a_paper():
    assert [s["id"] for s in numbers.statements("seed", stated=False)] == ["seed-order-3-std"]
    assert "seed-order-3-std" not in verdicts()


def test_numbers_stand_for_what_rounds_to_them():
    assert Number("0.736").ends == (Fraction("0.7355"),
                                    Fraction("0.7365")) and Number("37").ends == (37, 37)
    assert Number("1e-5").half == Fraction("0.5e-5") and Number("2.0").ends[1] == Fraction("2.05")
    found = evaluate("100 * (a / b - 1)", {"a": Number("0.755"), "b": Number("0.450")})
    assert (round(float(found.value), 2), round(float(found.low),
                                                2), round(float(found.high),
                                                          2)) == (67.78, 67.48, 68.08)


@pytest.mark.parametrize(("formula", "said"), [("__import__('os').getcwd()", "no \"__import__"),
                                               ("a ** 9", r"no 'a \*\* 9'"),
                                               ("a + 0.5", "no '0.5'"),
                                               ("a * (a - 1)", "each name stands once"),
                                               ("a +", "no formula"),
                                               ("1 / (a - 3)", "which may be 0")])
def test_a_formula_is_arithmetic_and_nothing_else(formula, said):
    with pytest.raises(ValueError, match=said):
        evaluate(formula, {"a": Number("3")})
