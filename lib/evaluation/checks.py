"""What four papers say of their own numbers, put to those numbers: one short function for each kind
of statement, one table of verdicts.

A verdict is an observation about printed digits. A misprint, another average, another set of folds
or a sentence that meant something else can all be behind it.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import product

import pandas as pd

from lib.evaluation.comparisons import (CHANGE, DIFFERENCE, VERDICTS, Part, arithmetic, at_most,
                                        change, difference, equal, inequality, judged, limits,
                                        order, printed_cells, row_count, trend, within)
from lib.evaluation.feasibility import (ROUNDINGS, deviation, largest_deviation, largest_f1,
                                        p_values, sizes_that_fit)
from lib.evaluation.numbers import cell, evaluate, named, number, rows_of, statements
from lib.evaluation.printed import papers


def _spread(paper: str, tables: Sequence[int], n: Sequence, bounds: Mapping,
            metrics: Sequence[str] | None = None) -> list[Part]:
    count, parts = int(number(paper, n).value), []
    for c in (c for c in printed_cells(paper, tables, metrics) if c.spread and c.comparable):
        low, high = limits(bounds, c.metric)
        found, least = (deviation(float(s), count, not c.std)
                        for s in (c.spread.value, c.spread.ends[0]))
        # the mean that allows most
        widest = min(max((low + high) / 2, float(c.mean.ends[0])), float(c.mean.ends[1]))
        most, possible = (largest_deviation(mean, low, high, count)
                          for mean in (float(c.mean.value), widest))
        text = (f"Table {c.table}, {c.row}: {c.metric} {c.mean.text} ± {c.spread.text}: deviation "
                f"{found:.3g}, at most {most:.3g}")
        parts.append(judged(found <= most, least <= possible, text))
    return parts


def _f1(paper: str, table: int) -> list[Part]:
    parts = []
    for row in dict.fromkeys(c.row for c in rows_of(paper, table)):
        f1, p, r = (number(paper, [table, row, name]) for name in ("F1", "precision", "recall"))
        most = largest_f1(p.value, r.value)
        text = f"{row}: F1 {f1.text}, at most {float(most):.4g}"
        parts.append(judged(f1.value <= most, f1.ends[0] <= largest_f1(p.ends[1], r.ends[1]), text))
    return parts


def compared(paper: str, table: int, better: str, others: Sequence[str], bound: Sequence | str,
             n: Sequence, metrics: Sequence[str] | None = None) -> pd.DataFrame:
    """Welch's p for one row of a table against others, column by column.

    Returns
    -------
    DataFrame
        ``claim`` (``"Fused > ECG"``), ``where``, ``metric``, ``printed`` (the bound), ``p``,
        ``p_best`` and ``p_worst`` (smallest and largest p of all numbers that round to the printed
        ones), ``possible`` (the first mean can be the greater).
    """
    below, count = float(number(paper, bound).value), int(number(paper, n).value)
    rows = []
    for other, a in product(others, rows_of(paper, table, [better], metrics)):
        b = cell(paper, [table, other, a.metric])
        p = p_values((a.mean, a.spread), (b.mean, b.spread), count, not a.std)
        possible = a.mean.ends[1] > b.mean.ends[0]
        rows.append((f"{better} > {other}", f"Table {table}", a.metric, below, *p, possible))
    names = "claim where metric printed p p_best p_worst possible"
    return pd.DataFrame(rows, columns=names.split())


def _significance(paper: str, **arguments) -> list[Part]:
    """Where an unpaired test cannot confirm a p value, a paired one still could: that needs the
    values of the folds."""
    parts = []
    for row in compared(paper, **arguments).itertuples():
        text = (f"{row.claim}, {row.metric}: p = {row.p:.2g} ({row.p_best:.2g} to "
                f"{row.p_worst:.2g} with rounding), bound {row.printed:g}")
        below, possible = (row.possible and p < row.printed for p in (row.p, row.p_best))
        part = judged(below, possible, text)
        if row.possible and part.verdict == "inconsistent as printed":
            part = Part("cannot be checked", f"{text}; a paired test may find less")
        parts.append(part)
    return parts


def fitting(paper: str, table: int, rows: Sequence[str], formula: str,
            values: Mapping) -> pd.DataFrame:
    """Smallest test set that gives the accuracies of some rows, ``rounding, smallest, possible``
    (the largest that the text allows)."""
    accuracies = [float(number(paper, [table, row, "accuracy"]).value) for row in rows]
    possible = int(evaluate(formula, named(paper, values)).value)
    sizes = [(r, int(sizes_that_fit(accuracies, r)[0]), possible) for r in ROUNDINGS]
    return pd.DataFrame(sizes, columns=["rounding", "smallest", "possible"])


def _grim(paper: str, **arguments) -> list[Part]:
    sizes = fitting(paper, **arguments).set_index("rounding")
    smallest, possible = sizes["smallest"], int(sizes["possible"].iloc[0])
    text = (f"smallest test set: {smallest['nearest']} segments, {smallest['down']} if digits are "
            f"cut off; possible: {possible}")
    return [judged(smallest["nearest"] <= possible, smallest["down"] <= possible, text)]


def _frames(paper: str, values: Mapping, printed: Sequence, hops: Sequence[int]) -> list[Part]:
    given, frames = named(paper, values), int(number(paper, printed).value)
    samples = int(given["seconds"].value * given["rate"].value)
    windows = {hop: samples - (frames - 1) * hop for hop in range(hops[0], hops[1] + 1)}
    found = "; ".join(f"window {w}, hop {h}: ({samples} - {w}) / {h} + 1 = {frames}"
                      for h, w in windows.items() if w > h)
    none = f"no window with a hop of {hops[0]} to {hops[1]} gives {frames} columns of {samples}"
    return [judged(bool(found), False, found or none)]


# kind -> (function, what it asks)
KINDS: dict[str, tuple[Callable[..., list[Part]], str]] = {
    "difference": (difference, "is the stated difference that of the two printed numbers?"),
    "relative change": (change, "is the stated percentage that of the two printed numbers?"),
    "arithmetic": (arithmetic, "does a printed number follow from others?"),
    "rows": (row_count, "has a table as many rows as the text says?"),
    "equal cells": (equal, "is the same thing printed alike in two places?"),
    "inequality": (inequality, "is the one greater than the other?"),
    "order": (order, "is a row better in every column it is claimed for?"),
    "trend": (trend, "does a row of numbers fall step by step?"),
    "CCC and PCC": (lambda paper, table: at_most(paper, table, "CCC", "PCC"),
                    "is no CCC above its PCC?"),
    "F1 and accuracy": (lambda paper, table: at_most(paper, table, "F1", "accuracy"),
                        "is no F1 over two classes above its accuracy?"),
    "F1 bound": (_f1, "is no F1 above the harmonic mean of precision and recall?"),
    "range": (within, "does every number lie where its metric can?"),
    "spread": (_spread, "can so many bounded values have so large a spread?"),
    "significance": (_significance, "is p below its bound, recomputed from means and spreads?"),
    "GRIM": (_grim, "is there a test set, no larger than possible, that gives these percentages?"),
    "frames": (_frames, "does a whole window and hop give the printed size?"),
    "not checkable": (lambda paper, why: [Part("cannot be checked", why)],
                      "what would have to be known?"),
}
# keys of a statement that are no arguments
_ABOUT = {"id", "where", "claim", "kind", "note", "stated", "names no metric"}


def check(paper: str, statement: Mapping) -> list[Part]:
    """All comparisons of one statement of :func:`lib.evaluation.numbers.statements`.

    Where the sentence ``names no metric``, what does not hold for one of them cannot be held
    against it.
    """
    if statement["kind"] not in KINDS:
        raise ValueError(
            f"claims.yaml of {paper}, {statement['id']}: no kind {statement['kind']!r}; "
            f"there are {', '.join(KINDS)}")
    given = {key: value for key, value in statement.items() if key not in _ABOUT}
    parts = KINDS[statement["kind"]][0](paper, **given)
    if statement.get("names no metric"):
        parts = [
            p if p.verdict == "consistent" else Part("cannot be checked", p.text) for p in parts
        ]
    return parts


def check_one(paper: str, statement: Mapping) -> Part:
    """The worst verdict of a statement's parts, and the calculations that have it."""
    parts = check(paper, statement)
    worst = max((p.verdict for p in parts), key=list(VERDICTS).index)
    shown = [p.text for p in parts if p.verdict == worst]
    good = sum(p.verdict == "consistent" for p in parts) if worst != "consistent" else 0
    shown = shown if len(shown) <= 3 else [*shown[:2], f"and {len(shown) - 2} more alike"]
    return Part(worst, (f"{good} of {len(parts)} hold; " if good else "") + "; ".join(shown))


def check_all() -> pd.DataFrame:
    """Every checkable statement of the four papers.

    Returns
    -------
    DataFrame
        ``id``, ``paper`` (1 to 4), ``claim`` (in our words), ``where``, ``kind`` (:data:`KINDS`),
        ``verdict`` (:data:`VERDICTS`), ``calculation``, ``note``.
    """
    rows = [(s["id"], position, s["claim"], s["where"], s["kind"], *check_one(paper, s),
             s.get("note", "")) for position, paper in enumerate(papers(), 1)
            for s in statements(paper, stated=True)]
    names = "id paper claim where kind verdict calculation note"
    return pd.DataFrame(rows, columns=names.split())


def differences(paper: str) -> pd.DataFrame:
    """Differences between rows that the text states, beside the same differences taken from the
    printed tables.

    Returns
    -------
    DataFrame
        ``a``, ``b``, ``protocol``, ``metric``, ``kind`` (``difference`` a - b, or ``change in %``
        of b), ``printed``, ``recomputed``, ``holds`` (equal after rounding to the printed digits),
        ``note``; ``low`` and ``high`` (of all numbers that round to the printed ones), ``half`` (of
        the last digit of ``printed``).
    """
    rows = []
    for s in statements(paper, "difference", "relative change"):
        a, b, said = (cell(paper, s[key]) for key in ("a", "b", "printed"))
        relative = s["kind"] != "difference"
        formula = CHANGE if relative else DIFFERENCE
        found = evaluate(formula, named(paper, {"a": s["a"], "b": s["b"]}))
        rows.append({
            "a": a.row, "b": b.row, "protocol": said.protocol, "metric": a.metric,
            "kind": "change in %" if relative else s["kind"], "printed": float(said.mean.value),
            "recomputed": float(round(found.value, 0 if relative else 3)),
            "holds": check_one(paper, s).verdict == "consistent", "note": said.note,
            "low": float(found.low), "high": float(found.high), "half": float(said.mean.half)
        })
    return pd.DataFrame(rows)
