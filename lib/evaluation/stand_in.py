"""Claims of the papers asked of openly published recordings that stand in for gated ones: other
people, another task, the same kind of signals. No verdict on a printed number."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lib import paths
from lib.evaluation import printed, verdicts
from lib.evaluation.statistics import half_width, summary
from lib.store import digest
from lib.training.splits import Split

LABELS = ("own labels", "exchanged labels")
CONTROL = ", control"  # ends the name of a claim that is asked of controls


def ask(results: pd.DataFrame, claims: Mapping[str, Iterable[tuple[str, str]]], metric: str,
        folds: Mapping[str, Sequence[Split]], **about: Any) -> pd.DataFrame:
    """Does one row beat another, as a paper claims, under every split, and with labels that mean
    nothing?

    Parameters
    ----------
    results : DataFrame
        Tidy results whose ``experiment`` is one of :data:`LABELS`.
    claims : mapping
        Claim -> pairs of rows ``(a, b)``: a is said to beat b.
    metric : str
    folds : mapping
        Name of the split -> its folds.
    about
        Further columns: ``stand_in``, ``people``.

    Returns
    -------
    DataFrame
        The columns of ``about``; ``claim``, ``a``, ``b``, ``paper`` (printed differences, by
        metric), ``split``, ``labels``, ``n`` (folds), ``difference`` of the metric, ``low``,
        ``high`` (95 %, paired, corrected for overlapping training sets), ``answer``
        (:data:`lib.evaluation.verdicts.CLAIMS`), ``why``.
    """
    paper, values = results["paper"].iloc[0], results[results["metric"] == metric]
    rows = []
    for claim, pairs in claims.items():
        for a, b in pairs:
            said = printed_differences(paper, a, b)
            for (split, labels), own in values.groupby(["split", "experiment"], sort=False):
                sizes = ([len(getattr(fold, part)) for fold in folds[split]]
                         for part in ("train", "test"))
                test = verdicts.paired(own, a, b, *sizes)
                answer, why = verdicts.claim_verdict(metric, test)
                rows.append({
                    **about, "claim": claim, "a": a, "b": b, "paper": said, "split": split,
                    "labels": labels, "n": test.n, "difference": test.difference, "low": test.low,
                    "high": test.high, "answer": answer, "why": why
                })
    return pd.DataFrame(rows)


def printed_differences(paper: str, a: str, b: str) -> str:
    """What the paper prints for a - b in the first table that has both, such as ``"arousal F1 +0.02
    (Table 2)"``; empty where none has."""
    for number, table in printed.load(paper).query("table != 'text'").groupby("table", sort=False):
        wide = table.pivot_table(index="metric", columns="row", values="mean", sort=False)
        if {a, b} <= set(wide):
            gain = (wide[a] - wide[b]).dropna()
            said = ", ".join(f"{metric} {value:+.2f}" for metric, value in gain.items())
            return f"{said} (Table {number})"
    return ""


def shipped(paper: str, caption: str,
            name: str = "real") -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Scores and claims of the public profile as they ship with the project, and what a figure must
    say. ``name``: of the table of scores; the claims are ``<name>_claims``."""
    folder = paths.FIGURES / paper / "public"
    scores, claims = (pd.read_csv(folder / f"{table}.csv", keep_default_na=False)
                      for table in (name, f"{name}_claims"))
    about = {
        "caption": f"{caption}, the results that ship with the project", "tier": "stand-in",
        "source": digest(scores)
    }
    return scores, claims, about


def beside(scores: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Means of one metric as :func:`lib.plots.results.splits_beside` draws them; a panel
    (its ``metric``) for the true and one for the exchanged labels."""
    table = summary(scores[scores["metric"] == metric])
    half = half_width(table["std"], table["n"])
    return table.assign(metric=table["metric"] + ", " + table["experiment"], published=np.nan,
                        reproduced=table["mean"], reproduced_interval=half)


def drawn(about: Mapping[str, Any], means: pd.DataFrame) -> dict[str, Any]:
    """What a figure of :func:`beside` must say, with the seeds behind its means: the fewest and the
    most."""
    seeds = " to ".join(map(str, sorted({means["n_seeds"].min(), means["n_seeds"].max()})))
    return {**about, "caption": f"{about['caption']}; 95 % intervals over folds; seeds: {seeds}"}


def asked(split: str = "by_subject") -> pd.DataFrame:
    """Every claim that was asked of real people, as it ships with the project: a line each, for
    people whom the networks have not seen. ``control``: the same asked of controls, pair by pair
    (the claims that end in :data:`CONTROL`)."""
    tables = []
    for number, paper in enumerate(printed.papers(), 1):
        for file in sorted((paths.FIGURES / paper / "public").glob("real*_claims.csv")):
            table = pd.read_csv(file, keep_default_na=False)
            table = table[table["split"] == split]
            table["effect"] = verdicts.told(table)
            table["place"] = table.groupby(["claim", "labels"]).cumcount()
            table = table.set_index(["claim", "place"])
            own, dealt = (table[table["labels"] == labels] for labels in LABELS)
            beside = own["effect"].rename(lambda claim: claim.removesuffix(CONTROL), level="claim")
            of_control = own.index.get_level_values("claim").str.endswith(CONTROL)
            tables.append(
                pd.DataFrame({
                    "paper": number, "rows": own["a"] + " against " + own["b"],
                    "printed": own["paper"], "stand-in": own["stand_in"], "people": own["people"],
                    "here (95 %)": own["effect"], "control": beside[of_control],
                    "labels exchanged": dealt["difference"].map("{:+.3f}".format),
                    "answer": own["answer"]
                }).reindex(own.index[~of_control]).reset_index("claim"))
    table = pd.concat(tables, ignore_index=True).fillna({"control": ""})
    return table[["paper", "claim", *table.columns.drop(["paper", "claim"])]]
