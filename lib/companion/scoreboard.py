"""Every experiment on one board: what is printed, what a run gave on real and on simulated data (in
columns of their own, always), the controls, the verdict, the cost."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from lib import paths, profiles
from lib.companion.collect import COST, complete, scores, with_margins
from lib.companion.provenance import results as places
from lib.evaluation.metrics import HIGHER_IS_BETTER, higher_is_better, measure
from lib.evaluation.printed import facts, load, papers, titles
from lib.evaluation.verdicts import VERDICTS, judge
from lib.files import as_markdown

REAL, SIMULATED = "reproduced (real data)", "simulated (not a reproduction)"
KEY = ["paper", "table", "row", "metric", "split"]
# of the run that the verdict judges
ABOUT = ["notebook", "cell", "figure", *COST]
CONTROL = ["control", "control_role"]
MARGINS = ["spread", "interval", "n"]
RUN = ["role", "mean", *MARGINS, "tier", *CONTROL, "control_value", *ABOUT]
PRINTED = ["paper", "table", "row", "metric", "protocol"]
COLUMNS = [
    *KEY, "kind", "published", "published_spread", "published_interval", "published_n",
    "published_ratio", "comparable", "note", "real", "real_spread", "real_interval", "real_n",
    "tier", "real_control", "real_control_role", "real_control_value", "simulated",
    "simulated_spread", "simulated_interval", "simulated_n", "simulated_control",
    "simulated_control_role", "simulated_control_value", "verdict", "why", *ABOUT
]


class Board(NamedTuple):
    """The board and what could not be read. ``frame`` has the columns :data:`COLUMNS`, one line per
    table, row, metric and split (see :func:`read`); ``cost`` one line per notebook and kind of
    data; ``problems`` one message per file; ``root`` is the folder of the simulated results.
    """

    frame: pd.DataFrame
    cost: pd.DataFrame
    problems: list[str]
    root: Path


def _sign(metric: pd.Series) -> pd.Series:
    """1 where more of a metric is better, -1 where less is."""
    return metric.map(lambda name: 1 if higher_is_better(name) else -1)


def _controls(results: pd.DataFrame) -> pd.DataFrame:
    """The best control of the same table, split, metric and tier beside each line; nothing on the
    lines of the controls."""
    group = ["paper", "table", "split", "metric", "tier"]
    own = results["role"].ne("model") & results["verdict"].eq("control")
    order = -results["mean"] * _sign(results["metric"])
    # of equal ones the first in its table
    ranked = results.assign(order=order)[own].sort_values("order", kind="stable")
    best = ranked.groupby(group)[["row", "role", "mean"]].first()
    best = best.set_axis([*CONTROL, "control_value"], axis=1).reset_index()
    found = results.merge(best, how="left", on=group)
    found[CONTROL] = found[CONTROL].mask(own, "").fillna("")
    return found.assign(control_value=found["control_value"].mask(own))


def _runs(frames: list[pd.DataFrame], name: str) -> pd.DataFrame:
    """Results of one kind (real or simulated), one line per :data:`KEY`, with the kind's name
    before every other column."""
    results = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=[*KEY, *RUN])
    results = results[results["metric"].map(measure).isin(list(HIGHER_IS_BETTER))]
    # the full data win over openly published features of them
    results = results.sort_values("tier", key=lambda tier: tier.ne("licensed"), kind="stable")
    results = _controls(results).drop_duplicates(KEY) if len(results) else results
    names = {key: f"{name}_{key}" for key in RUN} | {"mean": name}
    return results[[*KEY, *RUN]].rename(columns=names)


def _printed() -> pd.DataFrame:
    """All published numbers with their 95 % intervals; those that stand in no table have the table
    ``text``."""
    frame = pd.concat([load(paper) for paper in papers()], ignore_index=True)
    frame["table"] = ("table" + frame["table"]).replace("tabletext", "text")
    frame = frame.rename(columns={"std": "spread", "half_width": "interval"})
    frame = with_margins(frame.join(pd.Series(facts("folds"), name="n"), on=["paper", "protocol"]))
    ratio = pd.Series(facts("ratio"), name="published_ratio")
    frame = frame.join(ratio, on=["paper", "protocol"])
    names = {"mean": "published"} | {name: f"published_{name}" for name in MARGINS}
    return frame.rename(columns=names).assign(order=range(len(frame)))


def _repeated(runs: pd.DataFrame, printed: pd.DataFrame) -> pd.DataFrame:
    """Runs that answer a number which the text repeats from a table: the same lines once more, for
    the table ``text``."""
    names = ["paper", "row", "metric", "protocol"]
    text = printed["table"] == "text"
    tables = printed[~text].drop_duplicates(names)[[*names, "table"]]
    both = printed[text][names].merge(tables, on=names)
    return runs.merge(both, on=[*names, "table"]).assign(table="text")


def _untested(lines: pd.DataFrame) -> pd.Series:
    """What a number is that stands in no table, where no run answers it."""
    claim = lines["metric"].str.contains("difference|change in %|p below", na=False)
    scored = lines["metric"].map(measure).isin(list(HIGHER_IS_BETTER))
    said = pd.Series("describes the data or the settings, no result", index=lines.index)
    said[scored] = "only the text gives it, and no run answers it"
    said[claim] = "a statement about other numbers, recomputed in 91_published_claims"
    return said


def judged(frame: pd.DataFrame, scale: float = 1.0) -> pd.DataFrame:
    """:func:`lib.evaluation.verdicts.judge` on every line of the board, with margins scaled."""
    lines = frame.assign(in_paper=frame["kind"].isin(["printed", "other split", "text"]),
                         reproduced=frame["real"].fillna(frame["simulated"]),
                         tier=frame["tier"].where(frame["real"].notna(), "simulated"))
    lines[["n", "reproduced_interval"]] = frame[["real_n", "real_interval"]].astype(float)
    found = judge(lines, scale)
    text = frame["kind"].eq("text") & found["why"].eq("not run")
    return found.assign(why=found["why"].mask(text, _untested(frame)))


def _join(real: pd.DataFrame, simulated: pd.DataFrame) -> pd.DataFrame:
    """Published numbers and the runs that answer them, paper by paper in printed order, then the
    lines that no paper prints."""
    printed = _printed()
    answers = pd.DataFrame({"protocol": facts("answers")})
    answers["rank"] = range(len(answers))
    runs = real.merge(simulated, on=KEY, how="outer").join(answers, on=["paper", "split"])
    runs = runs.fillna({"protocol": ""})
    runs = pd.concat([runs, _repeated(runs, printed)], ignore_index=True)
    lines = printed.merge(runs, on=PRINTED, how="outer")
    lines = lines.assign(paper_order=lines["paper"].map(list(papers()).index),
                         no_real=lines["real"].isna())
    order = ["paper_order", "order", "no_real", "rank", "table", "split", "metric"]
    lines = lines.sort_values(order, kind="stable").reset_index(drop=True)
    first = ~lines.duplicated("order") & lines["order"].notna()
    control = lines["real_role"].fillna(lines["simulated_role"]).isin(["control", "chance"])
    kinds = [first & lines["table"].eq("text"), first, lines["order"].notna(), control]
    names = ["text", "printed", "other split", "control"]
    return lines.assign(kind=np.select(kinds, names, "ours"))


def _sources(root: Path, profile: str) -> dict[Path, str]:
    """The manifests of the simulated results, then those of the real ones, and which they are;
    those of the profile that asks stand in place of those that it is like."""
    found = {}
    for base in profiles.OURS:
        home, data = (root, "simulated") if base == "demo" else (paths.FIGURES, "real")
        order = [(root, profile)] * (base == profiles.base(profile)) + [(home, base)]
        for paper in papers():
            there = [places(where, paper, name)[1] for where, name in order]
            found |= {file: data for file in [*filter(Path.is_file, there)][:1]}
    return found


def read(root: Path = paths.FIGURES, profile: str = "demo") -> Board:
    """Put all experiments of the four papers beside all published numbers.

    Parameters
    ----------
    root : Path
        Folder of figures and tables with a ``manifest.json``. Where it does not answer every
        printed table (:func:`lib.companion.collect.complete`), the committed ``figures/`` are read.
    profile : str
        The run that asks. Simulated results are those of the demo profile under ``root``. Results
        on real data are those under ``root`` for this profile, for the others the committed ones.

    Returns
    -------
    Board
        ``kind`` of a line: *printed* (a number in a table of a paper, once, with the split that
        answers it first: one run on real data, then in the order of
        :func:`lib.evaluation.printed.papers`), *other split* (a further answer to it), *text* (a
        number that stands in no table), *control*, *ours* (neither). ``tier`` is that of the real
        value; notebook, cell, figure and cost are those of the run that the verdict judges. A
        number that no run answers is *not testable*, and ``why`` says so.
    """
    root = root if complete(root) else paths.FIGURES
    frames: dict[str, list] = {"real": [], "simulated": []}
    rows, problems = [], []
    for file, data in _sources(root, profile).items():
        found, listed, wrong = scores(file, data == "real")
        frames[data] += found
        problems += wrong
        rows += [row | {"data": data} for row in listed]
    lines = _join(*(_runs(own, data) for data, own in frames.items()))
    ran = lines["real"].notna()
    for name in ABOUT:
        lines[name] = lines[f"real_{name}"].where(ran, lines[f"simulated_{name}"])
    lines = lines.rename(columns={"real_tier": "tier"})
    lines[["verdict", "why"]] = judged(lines)
    whole = ["real_n", "simulated_n", "cell", *COST]
    lines[whole] = lines[whole].astype(float).astype("Int64")
    words = ["split", "tier", "notebook", "figure"]
    words += [f"{kind}_{name}" for kind in ("real", "simulated") for name in CONTROL]
    lines = lines.fillna(dict.fromkeys(words, ""))
    cost = pd.DataFrame(rows, columns=["notebook", "data", *COST]).drop_duplicates()
    cost = cost.sort_values(["notebook", "data"], ignore_index=True)
    return Board(lines[COLUMNS], cost, problems, root)


def distinct(frame: pd.DataFrame) -> pd.DataFrame:
    """The lines of numbers that stand in tables (dashes are no number); what several tables repeat,
    under whatever name, is one."""
    lines, same = frame[frame["kind"].eq("printed") & frame["published"].notna()], facts("same")
    key = lines[["paper", "row", "metric", "split", "published"]].assign(
        **{
            name: [
                same.get(known, known[1]) for known in zip(lines["paper"], lines[name], strict=True)
            ] for name in ("row", "metric")
        })
    return lines[~key.duplicated()]


def counts(frame: pd.DataFrame) -> pd.DataFrame:
    """Verdicts by paper: ``paper``, ``printed``, :func:`distinct`, ``real data`` (its tiers), a
    column per verdict, which add up to ``distinct``, and ``behind``: of those that real data
    answer, how many of our means are worse than the printed one."""
    lines = frame[frame["kind"].eq("printed") & frame["published"].notna()]
    once = distinct(frame)
    verdicts = [name for name in VERDICTS if name != "control"]
    table = pd.crosstab(once["paper"], once["verdict"])
    table = table.reindex(index=list(papers()), columns=verdicts, fill_value=0)
    ran = once[once["real"].notna()]
    worse = (ran["real"] - ran["published"]) * _sign(ran["metric"]) < 0
    behind = worse.groupby(ran["paper"]).agg(lambda of: f"{of.sum()} of {len(of)}")
    tiers = lines.query("tier != ''").groupby("paper")["tier"].unique().map(sorted).str.join(", ")
    table.insert(0, "printed", lines["paper"].value_counts().reindex(table.index, fill_value=0))
    table.insert(1, "distinct", table[verdicts].sum(axis=1))
    table.insert(2, "real data", tiers.reindex(table.index, fill_value="none"))
    table["behind"] = behind.reindex(table.index, fill_value="–")
    return table.rename(index=titles()).rename_axis(columns=None).reset_index()


def markdown(frame: pd.DataFrame) -> str:
    """:func:`counts` as a Markdown table, for the README."""
    table = counts(frame).rename(columns={"printed": "printed numbers"})
    return as_markdown(list(table), table.to_numpy().tolist())


def networks_and_controls(frame: pd.DataFrame, kind: str = "simulated") -> pd.DataFrame:
    """How often a printed row of ours is better than the best control of the same table, split and
    metric.

    Returns
    -------
    DataFrame
        ``paper``; ``learned``: lines whose best control learns from the signals or the stimulus,
        and ``better``: those in which the row is better than it; ``chance``: lines whose best
        control is a constant prediction or a guess, and ``above chance``.
    """
    lines = frame[frame["kind"].isin(["printed", "other split"])]
    lines = lines[lines[f"{kind}_control_value"].notna()]
    better = (lines[kind] - lines[f"{kind}_control_value"]) * _sign(lines["metric"]) > 0
    chance = lines[f"{kind}_control_role"].eq("chance")
    parts = {"learned": ~chance, "better": ~chance & better, "chance": chance}
    table = pd.DataFrame(parts | {"above chance": chance & better})
    table = table.groupby(lines["paper"]).sum().reindex(list(papers()), fill_value=0)
    return table.rename(index=titles()).rename_axis("paper").reset_index()


def pair(mean: pd.Series, spread: pd.Series, word: Callable = "{:.3f}".format) -> pd.Series:
    """``mean ± spread`` (each as ``word`` says it, with three decimals), the mean alone where there
    is no spread, a dash where there is no mean."""
    text, error = (values.astype(float).map(word) for values in (mean, spread))
    return (text + " ± " + error).where(spread.notna(), text).where(mean.notna(), "–")


def shown(frame: pd.DataFrame) -> pd.DataFrame:
    """The board for reading: means with spreads over folds, real and simulated in columns of their
    own, every name in full."""
    def control(kind: str) -> pd.Series:
        value = frame[f"{kind}_control_value"]
        text = frame[f"{kind}_control"] + " " + value.map("{:.3f}".format)
        return text.where(value.notna(), "–")

    def value(kind: str) -> pd.Series:
        return pair(frame[kind], frame[f"{kind}_spread"])

    verdict, made = frame["verdict"], frame["notebook"] + ", cell " + frame["cell"].astype(str)
    verdict = verdict.mask(verdict.eq("not testable"), verdict + ": " + frame["why"])
    names = frame[KEY].replace({"paper": titles()})
    names["table"] = names["table"].str.replace("table", "Table ", regex=False)
    names["split"] = names["split"].str.replace("_", " ")
    columns = {
        "published": value("published"), REAL: value("real"), "its best control": control("real"),
        SIMULATED: value("simulated"), "best control, simulated": control("simulated"),
        "verdict": verdict, "made in": made.where(frame["notebook"] != "", "–")
    }
    return names.assign(**columns)
