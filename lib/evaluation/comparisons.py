"""Comparisons of printed numbers: what holds as printed, what holds within rounding, what does not.
Each function gives a list of parts.

``paper`` is one of :func:`lib.evaluation.printed.papers`, a reference is ``[table, row, metric]``;
KeyError where no such number is printed.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise, product
from operator import ge, gt, le, lt
from typing import NamedTuple

from lib.evaluation.numbers import Cell, Number, cell, evaluate, named, number, rows_of, written

VERDICTS = {  # from the best to the worst: a statement has the worst verdict of its parts
    "consistent": "holds for the numbers as printed",
    "within rounding": "does not hold for the numbers as printed, but for others that are "
                       "printed like them",
    "cannot be checked": "what would be needed is not printed, or the words do not say what is "
                         "meant",
    "inconsistent as printed": "holds for no numbers that are printed like these",
}
OPERATORS = {">=": ge, "<=": le, ">": gt, "<": lt}
LOWER_IS_BETTER = {"RMSE"}
DIFFERENCE, CHANGE = "a - b", "100 * (a / b - 1)"


class Part(NamedTuple):
    """One comparison within a statement: its verdict, and the numbers written out."""

    verdict: str
    text: str


def judged(as_printed: bool, possible: bool, text: str) -> Part:
    """A part that holds for the numbers as printed, or else for some that are printed like them, or
    for none."""
    otherwise = "within rounding" if possible else "inconsistent as printed"
    return Part("consistent" if as_printed else otherwise, text)


def arithmetic(paper: str, formula: str, values: Mapping, printed: Sequence | str) -> list[Part]:
    """A formula of printed numbers against a printed result (its reference, or its digits)."""
    numbers = named(paper, values)
    found = evaluate(formula, numbers)
    said = number(paper, printed)
    text = f"{written(formula, numbers)} = {float(found.value):.4g}, printed {said.text}"
    part = judged(-said.half <= found.value - said.value < said.half,
                  found.low <= said.value + said.half and found.high >= said.value - said.half,
                  text)
    if part.verdict != "consistent" and found.low < found.high:
        part = part._replace(
            text=f"{text}; {float(found.low):.4g} to {float(found.high):.4g} with rounding")
    return [part]


def difference(paper: str, a: Sequence, b: Sequence, printed: Sequence) -> list[Part]:
    """Two printed numbers against their stated difference."""
    return arithmetic(paper, DIFFERENCE, {"a": a, "b": b}, printed)


def change(paper: str, a: Sequence, b: Sequence, printed: Sequence) -> list[Part]:
    """Two printed numbers against their stated difference in percent of the second."""
    return arithmetic(paper, CHANGE, {"a": a, "b": b}, printed)


def row_count(paper: str, formula: str, values: Mapping, table: int) -> list[Part]:
    """A formula against the number of rows of a table."""
    return arithmetic(paper, formula, values, str(len({c.row for c in rows_of(paper, table)})))


def inequality(paper: str, formulas: Sequence[str], values: Mapping) -> list[Part]:
    """Formulas with one of the signs ``>``, ``<``, ``>=``, ``<=`` between two sides."""
    parts = []
    for formula in formulas:
        left, sign, right = re.split(r"\s*(>=|<=|>|<)\s*", formula)
        numbers = named(paper, {name: values[name] for name in re.findall(r"[a-z]\w*", formula)})
        gap, holds = evaluate(f"{left} - ({right})", numbers), OPERATORS[sign]
        text = f"{written(left, numbers)} {sign} {written(right, numbers)}"
        as_printed = holds(gap.value, 0)
        parts.append(
            judged(as_printed, holds(gap.high if ">" in sign else gap.low, 0),
                   text if as_printed else f"not {text}"))
    return parts


def _same(a: Number, b: Number) -> tuple[bool, bool]:
    """Whether the one rounds to the other, and whether both can be one number."""
    coarse, fine = sorted((a, b), key=lambda n: -n.half)
    gap = fine.value - coarse.value
    alike = gap == 0 or (fine.half < coarse.half and -coarse.half <= gap < coarse.half)
    (low_a, high_a), (low_b, high_b) = a.ends, b.ends
    return alike, low_a < high_b and low_b < high_a


def equal(paper: str, pairs: Sequence[Sequence[Sequence]]) -> list[Part]:
    """Pairs of cells, or of rows ``[table, row]`` with all metrics that both print: means and
    spreads that must agree."""
    parts = []
    for a, b in pairs:
        if len(a) == 2:
            (table_a, row_a), (table_b, row_b) = a, b
            right = {c.metric: c for c in rows_of(paper, table_b, [row_b])}
            both = [(c, right[c.metric]) for c in rows_of(paper, table_a, [row_a])
                    if c.metric in right]
        else:
            both = [(cell(paper, a), cell(paper, b))]
        for x, y in both:
            printed = [(m, n) for m, n in ((x.mean, y.mean), (x.spread, y.spread)) if m and n]
            alike, possible = zip(*(_same(m, n) for m, n in printed), strict=True)
            text = " and ".join(" ± ".join(n.text for n in side)
                                for side in zip(*printed, strict=True))
            parts.append(judged(all(alike), all(possible), f"{x.metric}: {text}"))
    return parts


def order(paper: str, table: int, better: Sequence[str], others: Sequence[str] | None = None,
          metrics: Sequence[str] | None = None, column: str = "mean") -> list[Part]:
    """Some rows of a table better than others (default: all others) in every column; lower is
    better for RMSE and for spreads."""
    cells = {(c.row, c.metric): getattr(c, column) for c in rows_of(paper, table, None, metrics)}
    rows = others or [row for row in dict.fromkeys(row for row, _ in cells) if row not in better]
    parts = []
    for metric, a, b in product(dict.fromkeys(metric for _, metric in cells), better, rows):
        x, y = cells[a, metric], cells[b, metric]
        if x and y:
            more, less = (y, x) if column != "mean" or metric in LOWER_IS_BETTER else (x, y)
            text = f"{metric}: {a} {float(x.value):.4g}, {b} {float(y.value):.4g}"
            parts.append(judged(more.value > less.value, more.ends[1] > less.ends[0], text))
    return parts


def trend(paper: str, table: int, metric: str, rows: Sequence[str]) -> list[Part]:
    """A metric that never rises from row to row."""
    values = [number(paper, [table, row, metric]) for row in rows]
    return [
        judged(b.value <= a.value, b.ends[0] <= a.ends[1], f"{a.text} then {b.text}")
        for a, b in pairwise(values)
    ]


def at_most(paper: str, table: int, low: str, high: str) -> list[Part]:
    """Every value of a metric beside the metric of the same row that it cannot exceed."""
    means = {(c.row, c.metric): c.mean for c in rows_of(paper, table) if c.mean}
    pairs = [(row, n, means.get((row, metric.replace(low, high))))
             for (row, metric), n in means.items() if low in metric]
    return [
        judged(x.value <= y.value, x.ends[0] <= y.ends[1], f"{row}: {x.text} and {y.text}")
        for row, x, y in pairs if y
    ]


def limits(bounds: Mapping[str, Sequence[int]], metric: str) -> tuple[int, int]:
    """Least and greatest value of a metric, from the first key that is part of its name."""
    return next((low, high) for name, (low, high) in bounds.items() if name in metric)


def printed_cells(paper: str, tables: Sequence[int],
                  metrics: Sequence[str] | None = None) -> list[Cell]:
    """All cells of some tables that hold a number."""
    return [c for table in tables for c in rows_of(paper, table, None, metrics) if c.mean]


def within(paper: str, tables: Sequence[int], bounds: Mapping) -> list[Part]:
    """Every number of some tables inside the range of its metric."""
    parts = []
    for c in printed_cells(paper, tables):
        (low, high), (least, most) = limits(bounds, c.metric), c.mean.ends
        text = f"Table {c.table}, {c.row}: {c.metric} {c.mean.text} in {low} to {high}"
        parts.append(judged(low <= c.mean.value <= high, least <= high and most >= low, text))
    return parts
