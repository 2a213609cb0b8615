"""The scoreboard against the files it reads: nothing lost, nothing doubled, nothing mixed; and the
filter above it."""

from __future__ import annotations

import hashlib
import json
import shutil

import numpy as np
import pandas as pd
import pytest

from lib import paths
from lib.companion import collect, scoreboard
from lib.companion.explore import filtered
from lib.evaluation.printed import papers
from lib.evaluation.statistics import RESULT_COLUMNS

PAPERS = list(papers())
KEY = ["paper", "table", "row", "metric", "split"]
JUDGED = ["reproduced", "close", "inconclusive", "worse", "better"]


@pytest.fixture(scope="module")
def frame():
    return scoreboard.read(paths.FIGURES).frame


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """The tables and manifests of figures/, to be damaged; the board knows no other ones."""
    root = tmp_path / "figures"
    shutil.copytree(paths.FIGURES, root,
                    ignore=lambda _, names: [name for name in names if name.endswith(".png")])
    monkeypatch.setattr(paths, "FIGURES", root)
    return root


def verdict_tables() -> pd.DataFrame:
    """Every line of every table beside printed numbers, read without the code that is tested."""
    parts = []
    for file in [*paths.FIGURES.glob("*/table*.csv"), *paths.FIGURES.glob("*/public/table*.csv")]:
        table = pd.read_csv(file)
        if "verdict" in table:
            paper = file.relative_to(paths.FIGURES).parts[0]
            parts.append(
                table.assign(paper=paper, table=file.stem, real=file.parent.name == "public"))
    return pd.concat(parts).fillna({"split": ""})


def signed(file, change):
    """Change a table, and its hash in the manifest with it."""
    file.write_text(change(file.read_text()))
    manifest = file.parents[1] / "manifest.json"
    rows = json.loads(manifest.read_text())
    for row in rows:
        if row["file"] == f"{file.parent.name}/{file.name}":
            row["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(rows))


@pytest.mark.parametrize(("column", "tier"), [("real", "public"), ("simulated", "simulated")])
def test_each_value_stands_in_the_column_of_its_data(frame, column, tier):
    tables = verdict_tables().query("tier == @tier and reproduced.notna()").set_index(
        KEY)["reproduced"]
    lines = frame[frame["table"].str.fullmatch(r"table\d")
                  & frame[column].notna()].set_index(KEY)[column]
    assert len(tables) > 100 and sorted(tables.index) == sorted(lines.index)
    assert np.allclose(tables.sort_index(), lines.sort_index())


def test_simulated_tables_of_a_real_run_are_not_real(frame):
    twin = frame[frame["table"] == "nulltwin"]  # figures/rmmt/public holds one too
    assert len(twin) and twin["real"].isna().all()
    assert (frame["tier"] == "").eq(frame["real"].isna()).all() and "simulated" not in set(
        frame["tier"])
    assert not frame.loc[frame["real"].isna(), "verdict"].isin(JUDGED).any()


@pytest.mark.parametrize("paper", PAPERS)
def test_every_published_number_appears_once(frame, paper):
    printed = pd.read_csv(papers()[paper]["folder"] / "printed.csv", dtype={"table": str})
    for kind, chosen in (("text", printed[printed["table"] == "text"]),
                         ("printed", printed[printed["table"] != "text"])):
        lines = frame[(frame["paper"] == paper) & (frame["kind"] == kind)]
        found = lines.assign(table=lines["table"].str.removeprefix("table"),
                             mean=lines["published"])
        found, wanted = (part[["table", "row", "metric", "mean"]].fillna({"mean": -1})
                         for part in (found, chosen))
        assert sorted(map(str,
                          found.to_numpy().tolist())) == sorted(map(str,
                                                                    wanted.to_numpy().tolist()))
    again = frame[(frame["paper"] == paper) & (frame["kind"] == "other split")]
    assert set(again["row"]) <= set(
        printed["row"]) and not frame[frame["table"] != "text"].duplicated(KEY).any()


def test_verdicts_are_those_of_the_tables(frame):
    tables = verdict_tables().sort_values(
        "real", ascending=False).drop_duplicates(KEY).set_index(KEY)["verdict"]
    lines = frame[frame["table"].str.fullmatch(r"table\d")].set_index(KEY)["verdict"]
    assert lines.to_dict() == tables.reindex(lines.index).to_dict()


def test_every_line_says_why_and_where(frame):
    assert frame["why"].str.len().gt(0).all()
    ran = frame["real"].notna() | frame["simulated"].notna()
    assert frame.loc[ran, "notebook"].str.match(r"\d\d_").all() and frame.loc[
        ran, ["cell", "seconds", "peak_mib"]].notna().all(axis=None)
    assert all(
        (paths.FIGURES / f"{name}.csv").is_file() for name in frame.loc[ran, "figure"].unique())
    assert set(frame.loc[~ran, "verdict"]) == {"not testable"}


@pytest.mark.parametrize(("table", "metric", "split"), [("table5", "CCC", "by_subject"),
                                                        ("table3", "RMSE", "contiguous_trials")])
def test_the_best_control_is_beside(frame, table, metric, split):
    lines = pd.read_csv(paths.FIGURES / "rmmt" / "public" /
                        f"{table}.csv").query("metric == @metric and verdict == 'control'")
    lines = lines[~lines["row"].str.startswith("RMMT")].sort_values("reproduced",
                                                                    ascending=metric == "RMSE")
    found = frame.query(
        "paper == 'rmmt' and table == @table and metric == @metric and split == @split and row "
        "== 'RMMT'").iloc[0]
    assert (found["real_control"], found["real_control_value"]) == (lines["row"].iloc[0],
                                                                    lines["reproduced"].iloc[0])
    assert found["simulated_control_value"] != found["real_control_value"]


def test_intervals_and_spreads_follow_from_each_other(frame):
    line = frame.query("paper == 'amigos' and table == 'table1' and kind == 'printed'").iloc[0]
    assert line["published_interval"] == 0.0073 and line["published_spread"] == pytest.approx(
        0.0073 * 3 / 2.262157, rel=1e-5)
    line = frame.query("paper == 'rmmt' and table == 'table5' and kind == 'printed'").iloc[0]
    assert line["real_interval"] == pytest.approx(line["real_spread"] * 2.068658 / np.sqrt(23),
                                                  rel=1e-5)


def gone(file):
    file.unlink()


def cut(file):
    file.write_text(file.read_text()[:-200])


def no_verdict(file):
    signed(file, lambda text: text.replace("verdict", "judgement", 1))


def no_table(file):
    signed(file, lambda text: "")


@pytest.mark.parametrize(("damage", "words"), [(gone, "found no such file"),
                                               (cut, "found another content"),
                                               (no_verdict, "without verdict"),
                                               (no_table, "No columns")])
def test_a_damaged_table_takes_nothing_else_down(copied, frame, damage, words):
    damage(copied / "amigos" / "table2.csv")
    board = scoreboard.read(copied)
    assert len(board.problems) == 1 and words in board.problems[0]
    assert board.problems[0].startswith("figures/amigos/table2.csv: expected")
    assert board.problems[0].endswith("run 22_amigos_recognition again")
    lost = board.frame.query("paper == 'amigos' and table == 'table2'")
    assert len(lost) == 12 and set(lost["verdict"]) == {"not testable"} and set(
        lost["why"]) == {"not run"}
    rest = [
        f[~((f["paper"] == "amigos") & f["table"].isin(["table2"]))].reset_index(drop=True)
        for f in (board.frame, frame)
    ]
    pd.testing.assert_frame_equal(*rest, check_dtype=False)


def test_damaged_manifests_are_named(copied):
    for name in ("manifest.json", "rmmt/public/manifest.json"):
        (copied / name).write_text("[{")
    board = scoreboard.read(copied)
    assert [problem.split(": ")[0].endswith("manifest.json")
            for problem in board.problems] == [True, True]
    assert set(board.frame["verdict"]) == {"not testable"} and (board.frame["kind"]
                                                                == "printed").sum() == 199


def test_a_folder_without_all_results_is_not_read(tmp_path, frame):
    assert collect.complete(paths.FIGURES) and not collect.complete(tmp_path)
    board = scoreboard.read(tmp_path)
    assert board.root == paths.FIGURES
    pd.testing.assert_frame_equal(board.frame, frame)


def test_counts_add_up(frame):
    counts = scoreboard.counts(frame)
    verdicts = counts.drop(columns=["paper", "printed", "distinct", "real data", "behind"])
    assert verdicts.sum(axis=1).tolist() == counts["distinct"].tolist()
    assert counts["printed"].tolist()[:4] == [93, 36, 44, 20]
    once = pd.concat([pd.read_csv(papers()[paper]["folder"] / "printed.csv") for paper in PAPERS])
    once = once[once["table"].ne("text") & once["mean"].notna()]
    # printed twice under two names: RMMT in Table 7, the 30 % column of paper 3's Table 4
    once = once.replace({"RMMT alpha=1.0": "RMMT"}).replace(", 30 % masked", "", regex=True)
    once = once.drop_duplicates(["paper", "protocol", "row", "metric", "mean"])
    assert counts["distinct"].tolist() == once["paper"].value_counts()[PAPERS].tolist()
    assert counts["distinct"].tolist() == [84, 24, 38, 16]
    assert counts.set_index("real data").loc["none", JUDGED].to_numpy().sum() == 0


@pytest.mark.skipif(not (paths.FIGURES / "across" / "scoreboard.csv").exists(),
                    reason="no scoreboard yet")
def test_the_committed_scoreboard_is_that_of_the_committed_tables(frame):
    words, numbers = [
        "row", "split", "kind", "verdict", "why", "real_control", "simulated_control", "figure"
    ], ["real", "simulated"]
    kept = pd.read_csv(paths.FIGURES / "across" / "scoreboard.csv").fillna(dict.fromkeys(words, ""))
    pd.testing.assert_frame_equal(kept[words + numbers], frame[words + numbers], rtol=1e-5,
                                  check_dtype=False)


def test_the_filter_filters(frame):
    box = filtered(frame, ["paper", "tier", "verdict"], scoreboard.shown)
    menus, said, table = box.children
    paper, tier, verdict = menus.children
    assert said.value == f"{len(frame)} of {len(frame)} lines"
    paper.value, verdict.value = "rmmt", "inconclusive"
    chosen = frame.query("paper == 'rmmt' and verdict == 'inconclusive'")
    assert said.value == f"{len(chosen)} of {len(frame)} lines" and len(chosen) > 3
    html = table.children[0].value
    assert html.count("<tr") == len(chosen) + 1 and "simulated only" not in html
    assert all(row in html for row in chosen["row"])
    paper.value = "seed"
    assert said.value.startswith("0 of") and table.children[0].value == ""
    paper.value, verdict.value, tier.value = "all", "all", "none"
    assert said.value == f"{frame['real'].isna().sum()} of {len(frame)} lines"
    tier.value = "all"
    assert said.value == f"{len(frame)} of {len(frame)} lines"


def test_scores_speak_one_vocabulary_and_say_their_role():
    kinds = ("", "_spread", "_interval")
    known = {"mean", "std", "low", "high", "n", "n_seeds", "unit", "verdict", "why"}
    known |= {"units", "size", "features", "reading"}  # of bootstrap; options of a curve
    known |= {f"{kind}{of}" for kind in ("published", "reproduced") for of in kinds}
    files = [file for paper in PAPERS for file in (paths.FIGURES / paper).rglob("*.csv")]
    scores = {
        file: table for file in files
        if {"row", "split", "metric"} <= {*(table := pd.read_csv(file))}
    }
    assert len(scores) >= 25
    for file, table in scores.items():
        assert set(table) <= known | {*RESULT_COLUMNS}, file
        ran = table["n"] > 0 if "n" in table else table["value"].notna()  # a summary, or folds
        assert table[ran]["role"].isin(["model", "control", "chance"]).all(), file
