"""What papers 2 and 3 say about their own tables, column by column: the rows behind two kinds of
:mod:`lib.evaluation.checks`."""

import pandas as pd

from lib.evaluation.checks import check, compared
from lib.evaluation.numbers import statements


def significance() -> pd.DataFrame:
    """The p values that paper 2 claims, recomputed from its tables: Welch's t-test from means and
    half widths over ten folds.

    The paper does not name its test; a paired one needs the values of the folds, which are not
    printed. Folds share training data, so every such p is too small.

    Returns
    -------
    DataFrame
        ``claim`` (``"Fused > ECG"``), ``where``, ``metric``, ``printed`` (the bound), ``p``;
        ``p_best``, ``p_worst``: the smallest and the largest p of all numbers that round to the
        printed ones; ``holds`` (``p`` below the bound), ``note``.
    """
    arguments = ("table", "better", "others", "bound", "n")
    table = pd.concat([
        compared("amigos", **{key: s[key] for key in arguments})
        for s in statements("amigos", "significance")
    ], ignore_index=True).drop(columns="possible")
    decided = (table["p_best"] >= table["printed"]) | (table["p_worst"] < table["printed"])
    note = decided.map({
        True: "", False: "the printed digits do not decide: p may lie on either side of the bound"
    })
    return table.assign(holds=table["p"] < table["printed"], note=note)


def orderings(paper: str) -> pd.DataFrame:
    """Claims of the form "a is better than b, everywhere", tested on all cells of their table.

    Parameters
    ----------
    paper : {"amigos", "seed"}

    Returns
    -------
    DataFrame
        ``claim``, ``where``, ``holds``, ``counterexample`` (the cells that contradict it, empty if
        none).
    """
    rows = []
    for s in (s for s in statements(paper, "order") if "metrics" not in s):
        against = [part.text for part in check(paper, s) if part.verdict != "consistent"]
        rows.append((s["claim"], s["where"], not against, "; ".join(against)))
    return pd.DataFrame(rows, columns=["claim", "where", "holds", "counterexample"])
