"""Published beside reproduced: one verdict per number, and one per claimed difference between two
models."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.evaluation.metrics import HIGHER_IS_BETTER, higher_is_better, measure
from lib.evaluation.printed import facts, papers
from lib.evaluation.statistics import (PairedTest, corrected_paired_test, fold_means, half_width,
                                       summary)

VERDICTS = {
    "reproduced": "the two means differ by no more than the wider of their 95 % intervals",
    "better": "ours is better by more than that",
    "partly": "worse by more than that, but on the published side of the constant prediction, "
    "which our interval excludes",
    "not reproduced": "worse by more than that, and not clearly on that side",
    "simulated only": "a run on simulated data: it shows that the code works and says nothing "
    "about the paper", "not testable": "no run that could answer it, with the reason",
    "control": "a row of ours; the paper prints none",
}
# choice: share of the published folds below which an interval is too wide to confirm anything
MIN_FOLDS = 0.5
_COLUMNS = [
    "row", "role", "metric", "published", "published_spread", "reproduced", "reproduced_spread",
    "n", "split", "tier", "verdict", "why", "published_interval", "reproduced_interval"
]


def value_verdict(metric: str, published: float, ours: float, margins: tuple[float, float],
                  chance: float = np.nan) -> tuple[str, str]:
    """Judge one reproduced mean.

    ``choice:`` with ``margins`` the half widths of the two 95 % t intervals over folds (published,
    ours; NaN where unknown) and ``margin`` the wider one: *reproduced* if the means differ by at
    most ``margin``, that is, if either mean lies in the other's interval; *better* if ours is
    better by more. If ours is worse by more: *partly* where it lies on the same side of ``chance``
    as the published mean and our own interval excludes ``chance``, else *not reproduced*.

    Parameters
    ----------
    metric : str
        For RMSE lower is better, for the others higher.
    published, ours : float
    margins : tuple of float
    chance : float
        The metric of the constant prediction on the same folds; NaN where unknown (then there is no
        *partly*).

    Returns
    -------
    tuple of str
        Verdict and reason.
    """
    margin = np.nanmax([*margins, 0.0])
    gain = ours - published if higher_is_better(metric) else published - ours
    why = f"{ours - published:+.3f}, margin {margin:.3f}"
    # the last digit that is printed is rounded: half of it is no difference
    if abs(ours - published) <= max(margin, 5e-4):
        return "reproduced", why
    if gain > 0:
        return "better", why
    clear = abs(ours - chance) > np.nan_to_num(margins[1])
    same_side = np.sign(ours - chance) == np.sign(published - chance)
    return ("partly" if clear and same_side else "not reproduced"), why


def _judge(row: pd.Series) -> tuple[str, str]:
    """Verdict and reason of one line of the merged table; the first rule that applies."""
    if not row["in_paper"]:
        return "control", "no published value"
    if pd.isna(row["published"]):
        return "not testable", "the paper prints no value"
    if not row["comparable"]:
        return "not testable", row["note"]
    if pd.isna(row["reproduced"]):
        return "not testable", "not run"
    if row["tier"] == "simulated":
        return "simulated only", "simulated data"
    if row["n"] < MIN_FOLDS * row["published_n"]:
        return "not testable", f"{row['n']:.0f} of {row['published_n']:.0f} folds run"
    margins = row["published_interval"], row["reproduced_interval"]
    return value_verdict(row["metric"], row["published"], row["reproduced"], margins, row["chance"])


def _chance(ours: pd.DataFrame) -> pd.Series:
    """What a constant prediction scores: 0 for correlations; else the best row of that role in the
    same split and tier, NaN without one."""
    names = ["split", "tier", "metric"]
    sign = ours["metric"].map(lambda metric: 1 if higher_is_better(metric) else -1)
    ranked = ours.assign(gain=ours["mean"] * sign).sort_values("gain", kind="stable")
    constant = ranked[ranked["role"] == "chance"].groupby(names)["mean"].last()
    keys = zip(*(ours[name] for name in names), strict=True)
    chance = [
        0.0 if measure(key[-1]) in {"PCC", "CCC"} else constant.get(key, np.nan) for key in keys
    ]
    return pd.Series(chance, index=ours.index, dtype=float)


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
        outside tables are ignored). A run that matches none of these rows is a *control* here;
        those whose role is ``chance`` give the chance that *partly* needs.

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
    known = published[(published["table"] != "text")
                      & published["metric"].map(measure).isin(list(HIGHER_IS_BETTER))]
    known = known.drop_duplicates(
        ["protocol", "row",
         "metric"]).rename(columns={"mean": "published", "std": "published_spread"})
    known = known.assign(published_n=known["protocol"].map(paper["folds"]), order=range(len(known)),
                         in_paper=True)
    known["published_interval"] = half_width(known["published_spread"], known["published_n"])
    known["published_interval"] = known["half_width"].fillna(known["published_interval"])
    ours = summary(results).drop_duplicates(["row", "split", "metric",
                                             "tier"]).reset_index(drop=True)
    unknown = sorted(set(ours["split"]) - set(protocol))
    if unknown:
        raise ValueError(f"no published protocol is known for split {unknown[0]!r}; known are "
                         f"{', '.join(protocol)}")
    ours = ours.assign(protocol=ours["split"].map(protocol), chance=_chance(ours))
    ours = ours.rename(columns={"mean": "reproduced", "std": "reproduced_spread"}).drop(
        columns=["paper"])
    ours["reproduced_interval"] = half_width(ours["reproduced_spread"], ours["n"])
    table = known.merge(ours, on=["protocol", "row", "metric"], how="outer")
    table["in_paper"] = table["in_paper"].eq(True)
    table = table.sort_values("order", kind="stable", na_position="last").reset_index(drop=True)
    table[["verdict", "why"]] = pd.DataFrame([_judge(row) for _, row in table.iterrows()],
                                             index=table.index, columns=["verdict", "why"])
    return table[_COLUMNS].fillna({"role": "", "split": "", "tier": "", "n": 0}).astype({"n": int})


def claim_verdict(metric: str, test: PairedTest, published: float,
                  tier: str = "") -> tuple[str, str]:
    """Judge a claimed difference a - b.

    ``choice:`` with the corrected 95 % interval of our difference. The direction is wrong: *not
    reproduced*. The interval holds 0: *partly* (direction right, but within noise). It excludes 0:
    *reproduced* if it holds the published difference too or both are printed equal; *better* if our
    difference is larger in favour of the claim; *partly* if it is smaller. A published difference
    of exactly 0 is reproduced if our interval holds 0.
    """
    higher_is_better(metric)
    if np.isnan(published):
        return "control", "no published difference"
    if tier == "simulated":
        return "simulated only", "simulated data"
    holds_zero, holds_published = (test.low <= value <= test.high for value in (0.0, published))
    if published == 0:
        return ("reproduced",
                "no difference, as printed") if holds_zero else ("not reproduced",
                                                                 "printed equal, ours differ")
    if np.sign(test.difference) != np.sign(published):
        return "not reproduced", "no difference or the opposite direction"
    if holds_zero:
        return "partly", "direction right, but the interval holds 0"
    if holds_published:
        return "reproduced", "direction right, the interval holds the published difference"
    return ("better", "direction right, larger") if abs(
        test.difference) > abs(published) else ("partly", "direction right, smaller")


def compare(frame: pd.DataFrame, a: str, b: str, metric: str, published: pd.DataFrame | None = None,
            n_train: float | None = None, n_test: float | None = None) -> dict:
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
    n_train, n_test : float, optional
        Trials per fold for the correction. ``choice:`` without them n_test/n_train is 1/(n_folds -
        1), that of folds without inner validation data; with such data the true ratio is larger, so
        pass the counts.

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
    folds = fold_means(chosen).pivot_table(index="fold", columns="row",
                                           values="value").reindex(columns=[a, b]).dropna()
    if len(folds) < 2:
        raise ValueError(
            f"{a!r} and {b!r} share {len(folds)} folds; a comparison needs two or more")
    ratio = (1.0 if n_test is None else n_test, len(folds) - 1.0 if n_train is None else n_train)
    test = corrected_paired_test(folds[a], folds[b], n_train=ratio[1], n_test=ratio[0])
    printed, paper = np.nan, chosen["paper"].iloc[0]
    protocol = facts("answers").get((paper, split), "")
    if published is not None:
        rows = published[(published["table"] != "text") & (published["metric"] == metric) &
                         (published["protocol"] == protocol)]
        values = rows.drop_duplicates("row").set_index("row")["mean"]
        printed = round(float(values.get(a, np.nan) - values.get(b, np.nan)), 3)
    verdict, why = claim_verdict(metric, test, printed, tier)
    needed = facts("folds").get((paper, protocol), 0)
    if verdict not in {"control", "simulated only"} and test.n < MIN_FOLDS * needed:
        verdict, why = "not testable", f"{test.n} of {needed} folds run"
    found = {
        name: getattr(test, name) for name in ("n", "difference", "low", "high", "p", "effect")
    }
    return {
        "a": a, "b": b, "metric": metric, "split": split, "tier": tier,
        **found, "published": printed, "verdict": verdict, "why": why
    }
