"""Printed numbers as intervals: what a number can have been before it was rounded, and what follows
for sums and differences of it."""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from operator import add, mul, sub, truediv

import yaml

from lib.evaluation.printed import papers


@dataclass(frozen=True)
class Number:
    """A number as printed, for example ``Number("0.736")``.

    A decimal stands for everything that rounds to it, 0.7355 to 0.7365. A whole number is a count
    and exact; only as the printed result of a calculation (65 %) is it rounded too. Where nothing
    is printed the text is empty and the number counts as False.

    >>> [float(end) for end in Number("0.736").ends]
    [0.7355, 0.7365]
    """

    text: str

    def __bool__(self) -> bool:
        return self.text != ""

    @property
    def value(self) -> Fraction:
        """The number as it stands, exactly."""
        return Fraction(self.text)

    @property
    def half(self) -> Fraction:
        """Half of the last printed digit."""
        mantissa, _, exponent = self.text.lower().partition("e")
        return Fraction(1, 2) / Fraction(10)**(len(mantissa.partition(".")[2]) - int(exponent or 0))

    @property
    def ends(self) -> tuple[Fraction, Fraction]:
        """Least and greatest number that is printed like this; both the same for a whole number."""
        half = Fraction(0) if self.value.denominator == 1 and "." not in self.text else self.half
        return self.value - half, self.value + half


@dataclass(frozen=True)
class Cell:
    """One line of the CSV of a paper; ``spread`` is its standard deviation or the half width of its
    interval."""

    table: str
    row: str
    metric: str
    protocol: str
    note: str
    comparable: bool
    mean: Number
    std: Number
    half_width: Number

    @property
    def spread(self) -> Number:
        """Standard deviation, or half width of the 95 % interval, whichever is printed."""
        return self.std or self.half_width


@dataclass(frozen=True)
class Range:
    """A calculation with printed numbers: ``value`` with the numbers as they stand, ``low`` and
    ``high`` with all that round to them."""

    value: Fraction
    low: Fraction
    high: Fraction

    def combined(self, other: Range, operator: Callable[[Fraction, Fraction], Fraction]) -> Range:
        """Interval arithmetic; exact where no number occurs on both sides. A quotient has no bounds
        where what it is divided by may be 0."""
        if operator is truediv and other.low <= 0 <= other.high:
            raise ValueError(f"divided by {other.low} to {other.high}, which may be 0")
        ends = [operator(a, b) for a in (self.low, self.high) for b in (other.low, other.high)]
        return Range(operator(self.value, other.value), min(ends), max(ends))


SIGNS: dict[type, Callable] = {ast.Add: add, ast.Sub: sub, ast.Mult: mul, ast.Div: truediv}


@cache
def _cells(paper: str) -> dict[tuple[str, str, str], Cell]:
    with (papers()[paper]["folder"] / "printed.csv").open(encoding="utf-8", newline="") as file:
        found = {}
        for line in csv.DictReader(file):
            key = (line["table"], line["row"], line["metric"])
            if key in found:
                raise ValueError(f"{paper}.csv: two lines for table {', '.join(key)}")
            mean, std, half_width = (Number(line.get(name) or "")
                                     for name in ("mean", "std", "half_width"))
            found[key] = Cell(*key, line["protocol"], line["note"], line["comparable"] == "true",
                              mean, std, half_width)
    return found


def cell(paper: str, reference: Sequence) -> Cell:
    """The line that ``[table, row, metric]`` names; with four entries the first is the paper.

    Raises
    ------
    KeyError
        Where no such number is printed.
    """
    *other, table, row, metric = reference
    try:
        return _cells(other[0] if other else paper)[str(table), row, metric]
    except KeyError:
        raise KeyError(f"no printed number {list(reference)} of {paper!r}") from None


def rows_of(paper: str, table: int | str, rows: Sequence[str] | None = None,
            metrics: Sequence[str] | None = None) -> list[Cell]:
    """Lines of one printed table in printed order, all or those of some rows and metrics. Raises
    KeyError where one is not there."""
    found = [c for (number, _, _), c in _cells(paper).items() if number == str(table)]
    for wanted, there in ((rows, {c.row for c in found}), (metrics, {c.metric for c in found})):
        if missing := set(wanted or ()) - there:
            raise KeyError(f"Table {table} of {paper!r} prints no {', '.join(sorted(missing))}")
    return [c for c in found if c.row in (rows or c.row) and c.metric in (metrics or c.metric)]


def number(paper: str, reference: Sequence | str) -> Number:
    """The printed mean of the cell that a reference names; digits stand for themselves."""
    if isinstance(reference, str):
        return Number(reference)
    mean = cell(paper, reference).mean
    if not mean:
        raise KeyError(f"{list(reference)} of {paper!r} is printed without a value")
    return mean


def named(paper: str, values: Mapping[str, Sequence]) -> dict[str, Number]:
    """Name -> :func:`number` of the reference."""
    return {name: number(paper, reference) for name, reference in values.items()}


def evaluate(formula: str, numbers: Mapping[str, Number]) -> Range:
    """A formula of names and whole numbers with + - * /, each name used once."""
    def of(node: ast.expr) -> Range:
        match node:
            case ast.BinOp(left, operator, right) if type(operator) in SIGNS:
                return of(left).combined(of(right), SIGNS[type(operator)])
            case ast.Name(name):
                return Range(numbers[name].value, *numbers[name].ends)
            case ast.Constant(int(whole)):
                return Range(Fraction(whole), Fraction(whole), Fraction(whole))
        raise ValueError(f"{formula!r}: a formula has names, whole numbers and + - * /, no "
                         f"{ast.unparse(node)!r}")

    try:
        tree = ast.parse(formula, mode="eval")
    except SyntaxError as error:
        raise ValueError(f"{formula!r}: no formula ({error.msg})") from error
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    if len(names) > len(set(names)):
        raise ValueError(f"{formula!r}: each name stands once, or its bounds would not be exact")
    return of(tree.body)


def written(formula: str, numbers: Mapping[str, Number]) -> str:
    """The formula with the printed numbers in the place of the names."""
    return re.sub(r"[a-z]\w*", lambda name: numbers[name[0]].text, formula)


@cache
def _statements(paper: str) -> tuple[dict, ...]:
    file = papers()[paper]["folder"] / "claims.yaml"
    found = tuple(yaml.safe_load(file.read_text(encoding="utf-8")) or ())
    for statement in found:
        if lacking := [key for key in ("id", "where", "claim", "kind") if key not in statement]:
            raise ValueError(f"{file}: a statement has no {', '.join(lacking)}: {statement}")
    return found


def statements(paper: str, *kinds: str, stated: bool | None = None) -> list[dict]:
    """What a paper says of its own numbers, from its YAML: ``id``, ``where``, ``claim`` (in our
    words), ``kind``, arguments of the check.

    Parameters
    ----------
    paper : str
        Of :func:`lib.evaluation.printed.papers`.
    *kinds : str
        Only these kinds; none: all.
    stated : bool, optional
        True: only what the paper says itself; questions of ours carry ``stated: false``.
    """
    return [
        dict(s) for s in _statements(paper)
        if (not kinds or s["kind"] in kinds) and stated in (None, s.get("stated", True))
    ]
