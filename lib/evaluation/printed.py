"""The papers' printed numbers as data: one CSV per paper, every value with its table, row, metric
and caveat."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from lib import paths

_TEXT = dict.fromkeys(["paper", "table", "protocol", "modality", "row", "metric", "note"], str)

FACTS = ("paper", "title", "answers", "folds", "rows")  # that each paper.yaml must have


@cache
def _papers(folder: Path) -> dict[str, dict]:
    found = {}
    for file in folder.glob("*/paper.yaml"):
        facts = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        if lacking := [name for name in FACTS if name not in facts]:
            raise ValueError(f"{file}: expected {', '.join(FACTS)}, found no {', '.join(lacking)}")
        number = facts["title"].partition(" ")[0]
        if not number.isdecimal():
            raise ValueError(f"{file}: expected a title that begins with the paper's number, as in "
                             f"'1 RMMT', found {facts['title']!r}")
        found[int(number)] = facts | {"folder": file.parent}
    return {found[number]["paper"]: found[number] for number in sorted(found)}


def papers() -> dict[str, dict]:
    """The papers in their order: ``title``, ``answers`` (our split -> the published protocol that
    it answers), ``folds`` (of each protocol), ``ratio`` (of their test to their training trials,
    where the paper says it), ``same`` (names of one thing in two tables), ``rows`` (modality ->
    first words of names), ``folder``."""
    return _papers(paths.PAPERS)


def facts(kind: str) -> dict[tuple[str, str], Any]:
    """``answers``, ``folds``, ``ratio``, ``same`` or ``rows`` of all papers, by paper and key."""
    return {(paper, key): fact for paper, of in papers().items()
            for key, fact in of.get(kind, {}).items()}


def titles() -> dict[str, str]:
    """Paper -> its number and short name."""
    return {paper: facts["title"] for paper, facts in papers().items()}


@cache
def _read(paper: str) -> pd.DataFrame:
    if paper not in papers():
        raise ValueError(f"no printed numbers of {paper!r}; there are {', '.join(papers())}")
    file = papers()[paper]["folder"] / "printed.csv"
    frame = pd.read_csv(file, dtype=_TEXT | {"comparable": bool}).fillna(dict.fromkeys(_TEXT, ""))
    return frame if "half_width" in frame else frame.assign(half_width=np.nan)


def load(paper: str) -> pd.DataFrame:
    """All printed numbers of one paper.

    Parameters
    ----------
    paper : str
        ``"rmmt"``: paper 1, Jin et al. (2024), doi:10.1049/cit2.12346. ``"amigos"``: paper 2,
        Vazquez-Rodriguez et al. (2022), hal-03897400. ``"seed"``: paper 3, Gao et al. (2024); its
        percentages stand here as fractions.

    Returns
    -------
    DataFrame
        ``paper``, ``table`` (its number, or ``text`` for values that only the text, a figure or
        Table 1 gives), ``protocol`` (``10fold``, ``LOSO``; for paper 3 training and test trials,
        ``16/8``, ``9/6``), ``modality`` (``EEG``, ``ECG``, ``face``, ``eye``, ``both``), ``row``
        (the name of our model where it is the same thing, else as printed), ``metric``, ``mean``,
        ``std`` (spread over folds, for paper 3 over subjects), ``comparable`` (False: copied by the
        paper from elsewhere, with another split), ``note``, ``half_width`` (of the printed 95 %
        interval; paper 2 alone).
    """
    return _read(paper).copy()


def table(paper: str, number: int | str) -> pd.DataFrame:
    """The rows of one printed table (``"text"`` for values outside tables), in printed order;
    columns as :func:`load`."""
    frame = load(paper)
    chosen = frame[frame["table"] == str(number)]
    if chosen.empty:
        raise ValueError(
            f"no table {number!r} of {paper!r}; there are {', '.join(frame['table'].unique())}")
    return chosen.reset_index(drop=True)


def tables(paper: str, rows: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Printed table -> the rows among ``rows`` that it prints, in its order; tables with none are
    left out."""
    frame = load(paper).query("table != 'text'")
    ours = frame[frame["row"].isin(list(rows))].groupby("table", sort=False)["row"]
    return {number: tuple(dict.fromkeys(names)) for number, names in ours}
