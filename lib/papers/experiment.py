"""The spine that the papers share: rows of tables, run on folds, scored, answered."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from lib import profiles
from lib.datasets import registry
from lib.datasets.base import Cohort
from lib.evaluation import printed, verdicts
from lib.evaluation.statistics import holm
from lib.training.folds import Call, cross_validate
from lib.training.splits import Split


@dataclass(frozen=True)
class Row:
    """A row of a table: what is done in a fold, ``work(data, split, seed, **settings)``.

    Parameters
    ----------
    work : callable
        Fold function.
    settings : mapping
        Its own arguments; a paper's protocol adds those of the preset.
    reads : tuple of str
        The arrays that it is given.
    role : {"model", "control", "chance"}
        ``model``: what a paper proposes or compares with. ``control``: ours beside them.
        ``chance``: what a constant or a guess scores.
    """

    work: Callable[..., dict[str, np.ndarray]]
    settings: Mapping = field(default_factory=dict)
    reads: tuple[str, ...] = ()
    role: str = "model"


@dataclass(frozen=True)
class Record:
    """One finished fold of one row: predictions, and what the network showed on the way.

    ``target``: what is predicted, where a paper has several. ``dataset``: where it has several.
    ``permuted``: trained and tested on labels dealt anew over recordings. ``role``: its row's.
    """

    row: str
    split: Split
    seed: int
    result: Mapping[str, np.ndarray]
    target: str = ""
    dataset: str = ""
    permuted: bool = False
    role: str = "model"


def cohort(profile: str, root: str, owners: str | Mapping[str, str], read: Callable[[Any], Cohort],
           make: Callable[..., Any], preset: Any, **simulated: Any) -> Cohort:
    """The trials of a profile: what ``make`` simulates and ``read`` reads (``demo``), or those of a
    dataset of the registry.

    ``preset``: its ``simulated`` are arguments of ``make``, before ``simulated``.

    Raises
    ------
    FileNotFoundError
        Where the dataset is not below the data folder; the message says where to ask.
    """
    base = profiles.base(profile)
    if base == "demo":
        return read(make(**{**preset.simulated, **simulated}))
    return registry.require(owners if isinstance(owners, str) else owners[base], profile, root)


def about(trials: Cohort, source: str, dropped: Iterable[str], caption: str = "") -> dict:
    """What every figure and table must say: ``caption``, ``tier``, ``source`` (digest of the
    arrays), names of the ``dropped`` trials."""
    return {
        "caption": "; ".join(filter(None, (trials.caption, caption))), "tier": trials.tier,
        "source": source, "dropped": tuple(dropped)
    }


def chosen(names: Iterable[str], rows: Mapping[str, Any], more: Mapping[str, Any] = {}) -> dict:
    """Rows by name; ValueError for a name that is neither among them nor among ``more``."""
    names, known = list(names), {**rows, **more}
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"no row {unknown[0]!r}; there are {', '.join(rows)}")
    return {name: known[name] for name in names}


def run(data: Mapping[str, Any], rows: Mapping[str, Row], folds: Sequence[Split], *,
        preset: Callable[[str, Row, Split], Mapping] = lambda *_: {}, seeds: Sequence[int] = (0,),
        about: Mapping = {}, **how: Any) -> list[Record]:
    """Train and predict rows on folds, side by side; finished folds come from the memo.

    Parameters
    ----------
    data : mapping
        Arrays by name.
    rows : mapping of Row
    folds : sequence of Split
    preset : callable
        Name, row and fold -> further arguments of its fold function.
    seeds : sequence of int
        Repetitions of the models; controls run once, with the first.
    about : mapping
        Further fields of the records.
    how
        ``engine``, ``jobs``, ``store``: see :func:`lib.training.folds.cross_validate`.
    """
    groups: dict[tuple, list[Call]] = {}
    for name, row in rows.items():
        groups.setdefault((row.work, row.reads), []).extend(
            Call(name, fold, seed, {**row.settings, **preset(name, row, fold)})
            for seed in (seeds if row.role == "model" else seeds[:1]) for fold in folds)
    records = []
    for (work, reads), calls in groups.items():
        results = cross_validate(work, {name: np.asarray(data[name]) for name in reads}, calls,
                                 label=f"{folds[0].name}, {work.__name__}", **how)
        records += [
            Record(call.row, call.split, call.seed, result, role=rows[call.row].role, **about)
            for call, result in zip(calls, results, strict=True)
        ]
    order = list(rows)
    return sorted(records, key=lambda record: order.index(record.row))


def score(paper: str, records: Iterable[Record], measure: Callable[[Record], Mapping[str, float]],
          **columns: Any) -> pd.DataFrame:
    """Tidy results, :data:`lib.evaluation.statistics.RESULT_COLUMNS`, of what ``measure`` finds in
    each record."""
    return pd.DataFrame([{
        "paper": paper, "row": record.row, "role": record.role, "split": record.split.name,
        "fold": record.split.fold, "seed": record.seed, **columns, "metric": metric, "value": value
    } for record in records for metric, value in measure(record).items()])


def compare(results: pd.DataFrame, pairs: Iterable[tuple[str, str]], metrics: Sequence[str],
            published: pd.DataFrame, folds: Sequence[Split]) -> pd.DataFrame:
    """Claims that one row beats another, see :func:`lib.evaluation.verdicts.compare`, with p-values
    adjusted for their number (``p_holm``)."""
    sizes = [len(fold.train) for fold in folds], [len(fold.test) for fold in folds]
    claims = pd.DataFrame([
        verdicts.compare(results, a, b, metric, published, *sizes) for a, b in pairs
        for metric in metrics
    ])
    return claims.assign(p_holm=holm(claims["p"]))


def answer(paper: str, results: pd.DataFrame, table: str | int) -> pd.DataFrame:
    """A printed table answered: its rows beside ours with verdicts, then our further rows and the
    controls."""
    return verdicts.verdicts(results, printed.table(paper, table))
