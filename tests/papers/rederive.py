"""The verdicts of all claims derived a second time: from the same numbers and claims, with other
arithmetic, without our package.

Decimal intervals, walked through a formula's syntax tree; brute force over corners of the rounding,
over numbers of right answers and over windows. ``python tests/papers/rederive.py`` prints the
verdicts.
"""

from __future__ import annotations

import ast
import csv
import sys
from collections.abc import Mapping
from decimal import ROUND_DOWN, ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal, getcontext
from itertools import pairwise, product
from math import sqrt
from pathlib import Path

import yaml
from scipy import stats

FOLDER = Path(__file__).resolve().parents[2] / "lib" / "papers"
PAPERS = {
    yaml.safe_load(file.read_text(encoding="utf-8"))["paper"]: file.parent.name
    for file in sorted(FOLDER.glob("*/paper.yaml"))
}  # their folders
GOOD, ROUNDING, OPEN = "consistent", "within rounding", "cannot be checked"
BAD = "inconsistent as printed"
RANK = {GOOD: 0, ROUNDING: 1, OPEN: 2, BAD: 3}
getcontext().prec = 60


def read(folder: Path = FOLDER) -> tuple[dict, dict]:
    """Printed numbers as text, ``paper -> (table, row, metric) -> line``, and claims, ``paper ->
    list``."""
    numbers = {
        p: {(r["table"], r["row"], r["metric"]): r
            for r in csv.DictReader((folder / PAPERS[p] /
                                     "printed.csv").open(encoding="utf-8", newline=""))}
        for p in PAPERS
    }
    return numbers, {
        p: yaml.safe_load((folder / PAPERS[p] / "claims.yaml").read_text(encoding="utf-8"))
        for p in PAPERS
    }


def half(text: str) -> Decimal:
    return Decimal(5).scaleb(Decimal(text).as_tuple().exponent - 1)


def interval(text: str) -> tuple[Decimal, Decimal]:
    d = Decimal(text)
    return (d, d) if text.isdigit() else (d - half(text), d + half(text))


def point(text: str) -> tuple[Decimal, Decimal]:
    return Decimal(text), Decimal(text)


def walk(node, at: Mapping) -> tuple[Decimal, Decimal]:
    """Interval arithmetic."""
    if isinstance(node, ast.Expression):
        return walk(node.body, at)
    if isinstance(node, ast.Constant):
        return point(str(node.value))
    if isinstance(node, ast.Name):
        return at[node.id]
    (a, b), (c, d) = walk(node.left, at), walk(node.right, at)
    if isinstance(node.op, ast.Add):
        return a + c, b + d
    if isinstance(node.op, ast.Sub):
        return a - d, b - c
    all_four = [x * y for x, y in product((a, b), (c, d))] if isinstance(
        node.op, ast.Mult) else [x / y for x, y in product((a, b), (c, d))]
    return min(all_four), max(all_four)


class Paper:
    """One paper's numbers, and a method for each kind of claim: a list of verdicts."""
    def __init__(self, name: str, numbers: Mapping):
        self.name, self.numbers = name, numbers

    def line(self, ref) -> Mapping:
        *other, table, row, metric = ref
        return self.numbers[other[0] if other else self.name][str(table), row, metric]

    def text(self, ref, column: str = "mean") -> str:
        return self.line(ref).get(column) or ""

    def both(self, formula: str, values: Mapping):
        tree = ast.parse(formula, mode="eval")
        return [
            walk(tree, {k: how(self.text(ref)) for k, ref in values.items()})
            for how in (point, interval)
        ]

    def result(self, formula, values, said: str) -> list[str]:
        (exact, _), (low, high) = self.both(formula, values)
        target, h = Decimal(said), half(said)
        if -h <= exact - target < h:
            return [GOOD]
        return [ROUNDING if low <= target + h and high >= target - h else BAD]

    def arithmetic(self, formula, values, printed):
        return self.result(formula, values, self.text(printed))

    def difference(self, a, b, printed):
        return self.result("a - b", {"a": a, "b": b}, self.text(printed))

    def relative_change(self, a, b, printed):
        return self.result("100 * a / b - 100", {"a": a, "b": b}, self.text(printed))

    def rows(self, formula, values, table):
        return self.result(
            formula, values,
            str(len({row for t, row, _ in self.numbers[self.name] if t == str(table)})))

    def inequality(self, formulas, values):
        verdicts = []
        for formula in formulas:
            tree = ast.parse(formula, mode="eval").body
            sides = [[
                walk(side, {k: how(self.text(ref)) for k, ref in values.items()})
                for side in (tree.left, tree.comparators[0])
            ] for how in (point, interval)]
            if isinstance(tree.ops[0], ast.Lt | ast.LtE):
                sides = [pair[::-1] for pair in sides]
            strict = isinstance(tree.ops[0], ast.Lt | ast.Gt)
            fine = [
                left[1] > right[0] or (not strict and left[1] == right[0]) for left, right in sides
            ]
            verdicts.append(GOOD if fine[0] else ROUNDING if fine[1] else BAD)
        return verdicts

    def equal_cells(self, pairs):
        verdicts = []
        for a, b in pairs:
            couples = [(a, b)] if len(a) > 2 else [
                ([*a, m], [*b, m]) for t, r, m in self.numbers[self.name]
                if [t, r] == [str(a[0]), a[1]] and (str(b[0]), b[1], m) in self.numbers[self.name]
            ]
            for x, y in couples:
                for column in ("mean", "std", "half_width"):
                    p, q = self.text(x, column), self.text(y, column)
                    if p and q:
                        digits = max(Decimal(p).as_tuple().exponent, Decimal(q).as_tuple().exponent)
                        short = [
                            Decimal(v).quantize(Decimal(1).scaleb(digits), ROUND_HALF_UP)
                            for v in (p, q)
                        ]
                        (a0, a1), (b0, b1) = interval(p), interval(q)
                        verdicts.append(GOOD if short[0] == short[1] else ROUNDING if max(a0, b0) <
                                        min(a1, b1) else BAD)
        return verdicts

    def order(self, table, better, others=None, metrics=None, column="mean"):
        own = {(r, m): v for (t, r, m), v in self.numbers[self.name].items()
               if t == str(table) and (metrics is None or m in metrics)}
        verdicts = []
        for (row, metric), line in own.items():
            for (rival, same), other in own.items():
                wanted = rival in others if others else rival not in better
                if row in better and wanted and same == metric and line[column] and other[column]:
                    sign = -1 if metric == "RMSE" or column == "std" else 1
                    gap = sign * (Decimal(line[column]) - Decimal(other[column]))
                    room = half(line[column]) + half(other[column])
                    verdicts.append(GOOD if gap > 0 else ROUNDING if gap + room > 0 else BAD)
        return verdicts

    def trend(self, table, metric, rows):
        texts = [self.text([table, row, metric]) for row in rows]
        gaps = [(Decimal(b) - Decimal(a), half(a) + half(b)) for a, b in pairwise(texts)]
        return [GOOD if gap <= 0 else ROUNDING if gap <= room else BAD for gap, room in gaps]

    def below(self, table, low, high):
        verdicts = []
        for (t, row, metric), line in self.numbers[self.name].items():
            partner = self.numbers[self.name].get((t, row, metric.replace(low, high)))
            if t == str(table) and low in metric and line["mean"] and partner and partner["mean"]:
                verdicts += self.result_below(line["mean"], partner["mean"])
        return verdicts

    def result_below(self, small, great):
        return [
            GOOD if Decimal(small) <= Decimal(great) else
            ROUNDING if interval(small)[0] <= interval(great)[1] else BAD
        ]

    def ccc_and_pcc(self, table):
        return self.below(table, "CCC", "PCC")

    def f1_and_accuracy(self, table):
        return self.below(table, "F1", "accuracy")

    def f1_bound(self, table):
        verdicts = []
        for row in {r for t, r, _ in self.numbers[self.name] if t == str(table)}:
            f, p, r = (self.text([table, row, m]) for m in ("F1", "precision", "recall"))
            for how in (point, interval):
                # the harmonic mean is one over the mean of ones over
                inverse = (1 / how(p)[1] + 1 / how(r)[1]) / 2
                if how(f)[0] * inverse <= 1:
                    verdicts.append(GOOD if how is point else ROUNDING)
                    break
            else:
                verdicts.append(BAD)
        return verdicts

    def cells(self, tables, metrics=None):
        wanted = {str(t) for t in tables}
        own = [(m, v) for (t, _, m), v in self.numbers[self.name].items()
               if t in wanted and v["mean"]]
        return [(m, v) for m, v in own if metrics is None or m in metrics]

    def range(self, tables, bounds):
        verdicts = []
        for metric, line in self.cells(tables):
            low, high = next(v for k, v in bounds.items() if k in metric)
            inside = [
                how(line["mean"])[0] <= high and how(line["mean"])[1] >= low
                for how in (point, interval)
            ]
            verdicts.append(GOOD if inside[0] else ROUNDING if inside[1] else BAD)
        return verdicts

    def spread(self, tables, n, bounds, metrics=None):
        count, verdicts = int(self.text(n)), []
        for metric, line in self.cells(tables, metrics):
            kind = "std" if line.get("std") else "half_width"
            if not line.get(kind) or line["comparable"] != "true":
                continue
            low, high = next(v for k, v in bounds.items() if k in metric)
            scale = 1.0 if kind == "std" else sqrt(count) / stats.t.isf(0.025, count - 1)
            fits = []
            for how in (point, interval):
                variance = (float(how(line[kind])[0]) * scale)**2
                means = [float(m) for m in how(line["mean"])]
                grid = [means[0] + (means[1] - means[0]) * i / 10 for i in range(11)]
                fits.append(variance <= max(
                    (m - low) * (high - m) for m in grid) * count / (count - 1))
            verdicts.append(GOOD if fits[0] else ROUNDING if fits[1] else BAD)
        return verdicts

    def significance(self, table, better, others, bound, n, metrics=None):
        below = float(bound if isinstance(bound, str) else self.text(bound))
        count, verdicts = int(self.text(n)), []
        own = [
            m for t, r, m in self.numbers[self.name]
            if (t, r) == (str(table), better) and (metrics is None or m in metrics)
        ]
        for rival, metric in product(others, own):
            a, b = self.line([table, better, metric]), self.line([table, rival, metric])
            kind = "std" if a.get("std") else "half_width"
            scale = 1.0 if kind == "std" else sqrt(count) / stats.t.isf(0.025, count - 1)

            def p(x, y, s, t, scale=scale):
                u, v = (float(s) * scale)**2 / count, (float(t) * scale)**2 / count
                freedom = (u + v)**2 / ((u * u + v * v) / (count - 1))
                return 2 * stats.t.sf(abs(float(x - y)) / sqrt(u + v), freedom)

            exact = [Decimal(v) for v in (a["mean"], b["mean"], a[kind], b[kind])]
            corners = [
                c for c in product(*(interval(v) for v in (a["mean"], b["mean"], a[kind], b[kind])))
                if c[0] > c[1]
            ]
            if exact[0] > exact[1] and p(*exact) < below:
                verdicts.append(GOOD)
            elif not corners:
                verdicts.append(BAD)
            else:
                verdicts.append(ROUNDING if min(p(*c) for c in corners) < below else OPEN)
        return verdicts

    def grim(self, table, rows, formula, values):
        (possible, _), _ = self.both(formula, values)
        printed = [Decimal(self.text([table, row, "accuracy"])) for row in rows]

        def fits(n: int, roundings) -> bool:
            for value in printed:
                near = {max(0, min(n, int(value * n) + step)) for step in (-1, 0, 1, 2)}
                if not any((Decimal(k) / n).quantize(Decimal("0.0001"), how) == value for k in near
                           for how in roundings):
                    return False
            return True

        for verdict, roundings in ((GOOD, (ROUND_HALF_UP, ROUND_HALF_DOWN)), (ROUNDING,
                                                                              (ROUND_DOWN,))):
            if any(fits(n, roundings) for n in range(1, int(possible) + 1)):
                return [verdict]
        return [BAD]

    def frames(self, values, printed, hops):
        samples = int(Decimal(self.text(values["seconds"])) * Decimal(self.text(values["rate"])))
        wanted = int(self.text(printed))
        found = [
            (window, hop) for hop in range(hops[0], hops[1] + 1)
            for window in range(hop + 1, samples + 1)
            if len(range(0, samples - window + 1, hop)) == wanted and (samples - window) % hop == 0
        ]
        return [GOOD if found else BAD]

    def not_checkable(self, why):
        return [OPEN] if why else []


def derive(folder: Path = FOLDER) -> dict[str, str]:
    """Verdict of every claim that a paper makes, by id."""
    numbers, claims = read(folder)
    verdicts = {}
    for name in PAPERS:
        paper = Paper(name, numbers)
        for claim in claims[name]:
            if not claim.get("stated", True):
                continue
            method = getattr(paper, claim["kind"].lower().replace(" ", "_"))
            arguments = {
                k: v for k, v in claim.items()
                if k not in ("id", "where", "claim", "kind", "note", "stated", "names no metric")
            }
            parts = method(**arguments)
            if claim.get("names no metric"):
                parts = [part if part == GOOD else OPEN for part in parts]
            verdicts[claim["id"]] = max(parts, key=RANK.__getitem__)
    return verdicts


if __name__ == "__main__":
    sys.stdout.writelines(f"{verdict:24s} {name}\n" for name, verdict in derive().items())
