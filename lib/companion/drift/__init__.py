"""How far the tables that were made here lie from the committed ones.

The same code on another processor differs in the last digits, and a trained network in more than
those. What must hold anywhere is the same: columns, rows, words (splits, verdicts) and counts.
Controls are nearly so. A single network's score is not; the mean over the networks of one table,
split and metric is steady. ``tolerances.yaml`` says by how much each may differ, and how that was
measured.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import yaml

from lib import paths
from lib.companion.provenance import root

_FILE = yaml.safe_load(Path(__file__).with_name("tolerances.yaml").read_text(encoding="utf-8"))
RULES: dict[str, dict] = _FILE["tables"]
STEADY = tuple(_FILE["steady"])
BY = ("paper", "cohort", "split", "metric")
NAMES = ("row", "model")  # the column that names what was run


class Difference(NamedTuple):
    """One value beside the committed one; ``units``: its distance in units of what is tolerated."""

    table: str
    what: str
    found: object
    committed: object
    units: float = np.inf

    def __str__(self) -> str:
        both = self.found, self.committed
        found, committed = (f"{v:.4g}" if isinstance(v, float) else str(v) for v in both)
        return f"{self.table}, {self.what}: {found} here, {committed} committed"


def _groups(frame: pd.DataFrame, by: Sequence[str]) -> tuple[pd.Series, pd.Series]:
    """What a row is averaged with (all networks of its split and metric; a control stands alone),
    and whether it stands alone."""
    names = frame[next(c for c in (*NAMES, frame.columns[0]) if c in frame)].astype(str)
    alone = names.str.startswith(STEADY)
    rows = "row " + (frame.index + 1).astype(str) + ", " + names
    keys = [frame[c].astype(str) for c in by if c in frame]
    return rows.where(alone, "mean over networks").str.cat(keys, ", ", na_rep="nan"), alone


def differences(table: str, found: pd.DataFrame, committed: pd.DataFrame,
                rule: dict) -> Iterator[Difference]:
    """Compare one table with the committed one.

    Parameters
    ----------
    table : str
        What messages call it: ``rmmt/table3.csv``.
    found, committed : DataFrame
    rule : dict
        Tolerances ``[controls, mean over networks, one network]`` by column; null: not compared.
        ``by``: the columns by which networks are averaged. Text and counts are compared in every
        other column.
    """
    shapes = [f"{len(frame)} rows of {', '.join(frame)}" for frame in (found, committed)]
    if shapes[0] != shapes[1]:
        yield Difference(table, "shape", shapes[0], shapes[1])
        return
    for column in committed.select_dtypes(exclude="float").columns.difference([*rule], sort=False):
        ours, theirs = (frame[column].astype(object).fillna("") for frame in (found, committed))
        for i in np.flatnonzero((ours != theirs).to_numpy())[:1]:
            yield Difference(table, f"{column}, row {i + 1}", ours.iloc[i], theirs.iloc[i])
    labels, alone = _groups(committed, rule.get("by", BY))
    for column in (c for c in rule if c != "by"):
        control, mean, one = rule[column]
        values = pd.DataFrame({"found": found[column], "committed": committed[column]})
        values = values.astype(float).dropna(how="all")
        pairs = [(label, part.mean(skipna=False), control if alone[part.index[0]] else mean)
                 for label, part in values.groupby(labels, sort=False)]
        pairs += [(", ".join(map(str, committed.loc[i].iloc[:3])), pair, one)
                  for i, pair in values[~alone[values.index]].iterrows()]
        for what, (ours, theirs), limit in pairs:
            if limit is not None:
                units = np.nan_to_num(abs(ours - theirs) / limit, nan=np.inf)
                yield Difference(table, f"{column}, {what}", ours, theirs, units)


def main() -> int:
    """Say in one line how far the tables of this machine lie from the committed ones."""
    folders, found = (root(), paths.FIGURES), []
    names = [name for name in RULES if all((folder / name).is_file() for folder in folders)]
    for name in names:
        here, there = (pd.read_csv(folder / name) for folder in folders)
        found += differences(name, here, there, RULES[name])
    worst = max(found, key=lambda d: d.units, default=None)
    if worst is None:
        print("no tables to compare with the committed ones yet")
    else:
        print(f"{len(names)} tables compared with the committed ones: largest difference "
              f"{worst.units:.2g} of what is tolerated ({worst})")
    return 0
