"""Published beside reproduced: one verdict per number, and one per claimed difference between two
models."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from lib.evaluation.metrics import HIGHER_IS_BETTER, measure
from lib.evaluation.printed import facts, papers
from lib.evaluation.statistics import (PairedTest, corrected_paired_test, fold_error, fold_means,
                                       half_width, summary)

VERDICTS = {
    "reproduced": "the difference lies within the margin: the whole of its 90 % interval does (two "
    "one-sided tests at 5 %)",
    "close": "the two means differ by no more than the margin, but the interval does not prove it",
    "inconclusive": "they differ by more, yet by no more than a repetition of the same experiment "
    "may (95 % prediction interval)",
    "worse": "ours is worse by more than the margin and by more than chance explains",
    "better": "ours is better by more than that",
    "simulated only": "a run on simulated data: it shows that the code works and says nothing "
    "about the paper", "not testable": "no run that could answer it, with the reason",
    "control": "a row of ours; the paper prints none",
}
CLAIMS = {
    "supported": "the 95 % interval of the paired difference excludes 0, on the side of the claim; "
    "where two rows are printed equal, the 90 % interval lies within the margin",
    "not supported": "the 90 % interval excludes any advantage beyond the margin (or the printed "
    "one, where that is smaller), or the 95 % interval lies on the other side",
    "cannot tell": "neither: too few folds, too much spread",
}
# choice: what makes no practical difference, fixed before our results were judged by it: two to
# three times the advantage in PCC that paper 1 calls significant (0.017, Table 3); 5 points of a
# share; an RMSE (valence from -0.5 to 0.5) beyond those that it calls comparable.
MARGINS = dict.fromkeys(["CCC", "PCC", "F1", "accuracy", "precision", "recall"],
                        0.05) | {"RMSE": 0.005}
MIN_FOLDS = 0.5  # choice: share of the published folds below which nothing is judged
_COLUMNS = [
    "row", "role", "metric", "published", "published_spread", "reproduced", "reproduced_spread",
    "n", "split", "tier", "verdict", "why", "published_interval", "reproduced_interval"
]


def differences(lines: pd.DataFrame, scale: float = 1.0) -> pd.DataFrame:
    """Judge ours minus printed.

    ``choice:`` d has the two squared standard errors added, ours with the correction of Nadeau and
    Bengio for folds that share training trials (:func:`lib.evaluation.statistics.fold_error`), and
    Welch's degrees of freedom. *reproduced*: the 90 % interval of d lies within the margin
    (:data:`MARGINS`), so that more noise can never earn it. *close*: d does. *inconclusive*: it is
    beyond, but within the 95 % prediction interval of a replication (Patil, Peng and Leek 2016,
    doi:10.1177/1745691616646366). Else *worse* or *better*, by the metric's direction.
    ``assumed:`` a mean printed without spread scatters as ours does.

    Parameters
    ----------
    lines : DataFrame
        ``metric``; ``published`` and ``reproduced`` means, each with the half width of its 95 %
        interval over folds (``_interval``) and its folds (``published_n``, ``n``);
        ``published_ratio``, test over training trials of a fold, where the paper says it (else
        1/(n - 1)).
    scale : float
        Of the margin.

    Returns
    -------
    DataFrame
        ``difference``, ``low`` and ``high`` (90 %), ``margin``, ``verdict``.
    """
    metric, d, n = lines["metric"].map(
        measure), lines["reproduced"] - lines["published"], lines["n"]
    ours = lines["reproduced_interval"] / half_width(1.0, n)
    theirs = lines["published_interval"] / half_width(1.0, lines["published_n"])
    m, theirs = lines["published_n"].where(theirs.notna(), n), theirs.fillna(ours)
    ratio = lines.get("published_ratio", pd.Series(np.nan, lines.index)).fillna(1 / (n - 1))
    a, b = fold_error(ours, n, ratio), fold_error(theirs, m)
    error = np.hypot(a, b)
    df = error**4 / (a**4 / (n - 1) + b**4 / (m - 1)).where(error > 0)
    half, reach = (stats.t.ppf(level, df.fillna(1.0)) * error for level in (0.95, 0.975))
    margin = scale * metric.map(MARGINS)
    gain = d * metric.map(HIGHER_IS_BETTER).map({True: 1, False: -1})
    verdict = np.select(
        [abs(d) + half <= margin,
         abs(d) <= margin, abs(d) <= reach, gain > 0],
        ["reproduced", "close", "inconclusive", "better"], "worse")
    return pd.DataFrame(
        {"difference": d, "low": d - half, "high": d + half, "margin": margin, "verdict": verdict})


def judge(lines: pd.DataFrame, scale: float = 1.0) -> pd.DataFrame:
    """``verdict`` and ``why`` of every line: the first rule that applies.

    Parameters
    ----------
    lines : DataFrame
        As for :func:`differences`, and ``tier``, ``in_paper``, ``comparable``, ``note``.
    scale : float
    """
    found, n = differences(lines, scale), lines["n"].fillna(0)
    wanted = lines["published_n"].fillna(0)
    folds = n.map("{:.0f} of ".format) + wanted.map("{:.0f} folds run".format)
    rules = [(~lines["in_paper"], "control", "no published value"),
             (lines["published"].isna(), "not testable", "the paper prints no value"),
             (lines["comparable"].eq(False), "not testable", lines["note"]),
             (lines["reproduced"].isna(), "not testable", "not run"),
             (lines["tier"].eq("simulated"), "simulated only", "simulated data"),
             (n < (MIN_FOLDS * wanted).clip(lower=2), "not testable", folds),]
    where = [rule[0] for rule in rules]
    numbers = ["difference", "low", "high", "margin"]
    why = found[numbers].apply(
        lambda line: "{:+.3f} (90 %: {:+.3f} to {:+.3f}), margin {:.3f}".format(*line), axis=1)
    return pd.DataFrame(
        {
            "verdict": np.select(where, [rule[1] for rule in rules], found["verdict"]),
            "why": np.select(where, [rule[2] for rule in rules], why)
        }, index=lines.index)


def verdicts(results: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Put a result table beside published numbers and judge every line.

    Rows meet where the published ``row`` is ours, the metric is the same and the split answers the
    published protocol (:func:`lib.evaluation.printed.papers`). A row run with two such splits gives
    two lines.

    Parameters
    ----------
    results : DataFrame
        Tidy results with the columns of :data:`lib.evaluation.statistics.RESULT_COLUMNS`.
    published : DataFrame
        From :func:`lib.evaluation.printed.table` or :func:`lib.evaluation.printed.load` (values
        outside tables are ignored). A run that matches none of these rows is a *control* here.

    Returns
    -------
    DataFrame
        ``row``, ``role``, ``metric``, ``published``, ``published_spread``, ``reproduced``,
        ``reproduced_spread``, ``n`` (folds run), ``split``, ``tier``, ``verdict`` (one of
        :data:`VERDICTS`), ``why``, and the half widths ``published_interval`` and
        ``reproduced_interval`` of the 95 % intervals. Published rows in printed order, then
        controls.
    """
    paper = papers()[published["paper"].iloc[0]]
    protocol = paper["answers"]
    known = published[published["table"] != "text"]
    if strange := set(known["metric"].map(measure)) - set(HIGHER_IS_BETTER):
        raise ValueError(f"printed.csv of {published['paper'].iloc[0]}: nothing here measures "
                         f"{', '.join(sorted(strange))}; known are {', '.join(HIGHER_IS_BETTER)}")
    known = known.drop_duplicates(
        ["protocol", "row",
         "metric"]).rename(columns={"mean": "published", "std": "published_spread"})
    known = known.assign(published_n=known["protocol"].map(paper["folds"]), order=range(len(known)),
                         in_paper=True)
    known["published_ratio"] = known["protocol"].map(paper.get("ratio", {}))
    known["published_interval"] = half_width(known["published_spread"], known["published_n"])
    known["published_interval"] = known["half_width"].fillna(known["published_interval"])
    ours = summary(results).drop_duplicates(["row", "split", "metric",
                                             "tier"]).reset_index(drop=True)
    unknown = sorted(set(ours["split"]) - set(protocol))
    if unknown:
        raise ValueError(f"no published protocol is known for split {unknown[0]!r}; known are "
                         f"{', '.join(protocol)}")
    ours = ours.assign(protocol=ours["split"].map(protocol))
    ours = ours.rename(columns={"mean": "reproduced", "std": "reproduced_spread"}).drop(
        columns=["paper"])
    ours["reproduced_interval"] = half_width(ours["reproduced_spread"], ours["n"])
    table = known.merge(ours, on=["protocol", "row", "metric"], how="outer")
    table["in_paper"] = table["in_paper"].eq(True)
    table = table.sort_values("order", kind="stable", na_position="last").reset_index(drop=True)
    table[["verdict", "why"]] = judge(table)
    return table[_COLUMNS].fillna({"role": "", "split": "", "tier": "", "n": 0}).astype({"n": int})


def told(claims: pd.DataFrame) -> list[str]:
    """Difference and 95 % interval of every claim, as a table shows them."""
    return [
        *map("{difference:+.3f} ({low:+.3f} to {high:+.3f})".format_map, claims.to_dict("records"))
    ]


def claim_verdict(metric: str, test: PairedTest, published: float = 1.0) -> tuple[str, str]:
    """Judge a claimed difference a - b (:data:`CLAIMS`): the rule of :func:`differences` with 0 as
    reference, paired. An advantage that is printed smaller than the margin must itself be excluded.

    ``choice:`` two rows that are printed equal claim no difference: *supported* where the 90 %
    interval lies within the margin, *not supported* where the 95 % interval excludes 0.
    """
    if np.isnan(published):
        return "control", "no published difference"
    margin = MARGINS[measure(metric)]
    side = np.sign(published) or 1.0
    ends = np.sort(side * np.array([test.low, test.high]))  # towards the claim: upwards
    half = (ends[1] - ends[0]) / 2 * stats.t.ppf(0.95, test.df) / stats.t.ppf(0.975, test.df)
    middle = side * test.difference
    if published == 0:
        if abs(middle) + half <= margin:
            return "supported", "no difference beyond the margin, as printed"
        if ends[0] > 0 or ends[1] < 0:
            return "not supported", "printed equal, ours differ"
        return "cannot tell", "the interval is wider than the margin"
    if ends[0] > 0:
        return "supported", "the interval excludes 0" + (
            ", the difference is smaller than the margin" if middle < margin else "")
    if ends[1] < 0:
        return "not supported", "the opposite direction"
    if middle + half <= min(margin, abs(published)):
        return "not supported", "no advantage beyond the margin" if margin < abs(
            published) else "no advantage as large as the printed one"
    return "cannot tell", "the interval holds 0 and an advantage that matters"


def paired(values: pd.DataFrame, a: str, b: str, n_train: float | Sequence[float] | None = None,
           n_test: float | Sequence[float] | None = None) -> PairedTest:
    """Row a minus row b over the folds that both have, seeds averaged first. ``values``: tidy
    results of one metric, split and tier; ``n_train``, ``n_test``: see :func:`compare`."""
    folds = fold_means(values).pivot_table(index="fold", columns="row",
                                           values="value").reindex(columns=[a, b]).dropna()
    if len(folds) < 2:
        raise ValueError(
            f"{a!r} and {b!r} share {len(folds)} folds; a comparison needs two or more")
    return corrected_paired_test(folds[a], folds[b],
                                 n_train=len(folds) - 1.0 if n_train is None else n_train,
                                 n_test=1.0 if n_test is None else n_test)


def compare(frame: pd.DataFrame, a: str, b: str, metric: str, published: pd.DataFrame | None = None,
            n_train: float | Sequence[float] | None = None,
            n_test: float | Sequence[float] | None = None) -> dict:
    """Test a claim between two rows, such as "RMMT beats F-Fusion in PCC".

    Parameters
    ----------
    frame : DataFrame
        Tidy results of one split and tier with both rows; folds that both have are compared,
        seeds averaged first.
    a, b : str
        Rows; the difference is a - b.
    metric : str
    published : DataFrame, optional
        From :mod:`lib.evaluation.printed`; gives the published difference of the protocol of this
        split.
    n_train, n_test : float or sequence, optional
        Trials of each fold for the correction. ``choice:`` without them n_test/n_train is 1/(n -
        1) of n folds, that of folds without inner validation data; with such data the true ratio is
        larger, so pass the counts.

    Returns
    -------
    dict
        ``a``, ``b``, ``metric``, ``split``, ``tier``, ``n`` (folds), ``difference``, ``low``,
        ``high``, ``p``, ``effect``, ``published`` (difference), ``verdict``
        (:func:`claim_verdict`), ``why``. Adjust the p-values of several claims with
        :func:`lib.evaluation.statistics.holm`.
    """
    chosen = frame[(frame["metric"] == metric) & frame["row"].isin([a, b])]
    where = chosen[["split", "tier"]].drop_duplicates()
    if len(where) != 1:
        raise ValueError(
            f"compare needs results of one split and tier for {a!r} and {b!r} ({metric}); found "
            f"{where.to_numpy().tolist()}")
    split, tier = where.iloc[0]
    test = paired(chosen, a, b, n_train, n_test)
    printed, paper = np.nan, chosen["paper"].iloc[0]
    protocol = facts("answers").get((paper, split), "")
    if published is not None:
        rows = published[(published["table"] != "text") & (published["metric"] == metric) &
                         (published["protocol"] == protocol)]
        values = rows.drop_duplicates("row").set_index("row")["mean"]
        printed = round(float(values.get(a, np.nan) - values.get(b, np.nan)), 3)
    verdict, why = claim_verdict(metric, test, printed)
    needed = facts("folds").get((paper, protocol), 0)
    if verdict != "control" and tier == "simulated":
        verdict, why = "simulated only", f"{verdict} on simulated data"
    elif verdict != "control" and test.n < MIN_FOLDS * needed:
        verdict, why = "not testable", f"{test.n} of {needed} folds run"
    found = {
        name: getattr(test, name) for name in ("n", "difference", "low", "high", "p", "effect")
    }
    return {
        "a": a, "b": b, "metric": metric, "split": split, "tier": tier,
        **found, "published": printed, "verdict": verdict, "why": why
    }
