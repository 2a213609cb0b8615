"""What the texts of papers 2 and 3 say about their own tables, recomputed from the printed numbers."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
from scipy import stats

from lib import published

__all__ = ["orderings", "significance"]

N = 10  # folds behind a mean of paper 2, Sec 5
MEAN_ROUNDING, HALF_ROUNDING = 0.005, 5e-5  # half of the last printed digit of its means and half widths
NONE = " without pre-training"
CLAIMED = {"1": [("EEG", "EEG" + NONE)], "2": [("Fused", "ECG"), ("Fused", "EEG")], "3": [("Fused", "Fused" + NONE)]}  # Sec 5.1 to 5.3
# paper -> (claim, where, table, column, better rows, rows beside them, whether higher is claimed)
ORDERINGS: dict[str, list[tuple[str, str, str, str, tuple[str, ...], tuple[str, ...], bool]]] = {
    "amigos": [
        ("pre-training improves EEG", "Table 1, Sec 5.1", "1", "mean", ("EEG",), ("EEG" + NONE,), True),
        ("fusion improves on each signal", "Table 2, Sec 5.2", "2", "mean", ("Fused",), ("ECG", "EEG"), True),
        ("pre-training improves the fusion", "Table 3, Sec 5.3", "3", "mean", ("Fused",), ("Fused" + NONE,), True),
        ("F1 above the AMIGOS paper's", "Table 4, Sec 5.4", "4", "mean", ("EEG", "Fused"),
         ("AMIGOS baseline, EEG", "AMIGOS baseline, EEG+ECG+GSR"), True),
    ],
    "seed": [
        ("pre-training improves EEG", "Table 1, Sec 4.1", "1", "mean", ("EEG",), ("EEG" + NONE,), True),
        ("pre-training improves eye movements", "Table 1, Sec 4.1", "1", "mean", ("Eye",), ("Eye" + NONE,), True),
        ("pre-training lowers the spread of EEG", "Table 1, Sec 4.1", "1", "std", ("EEG",), ("EEG" + NONE,), False),
        ("pre-training lowers the spread of eye movements", "Table 1, Sec 4.1", "1", "std", ("Eye",), ("Eye" + NONE,), False),
        ("multimodal better than EEG", "Table 2, Sec 4.2", "2", "mean", ("Concat", "Attention"), ("EEG",), True),
        ("lower spread than EEG", "Table 2, Sec 4.2", "2", "std", ("Concat", "Attention"), ("EEG",), False),
        ("attention fusion is the best", "Table 2, Sec 4.2", "2", "mean", ("Attention",),
         ("EEG", "MAX", "Fuzzy integral", "BDAE", "Concat"), True),
        ("multimodal better than EEG with few labels", "Table 3, Sec 4.2", "3", "mean", ("Concat", "Attention"), ("EEG",), True),
        # Sec 4.2 says it of SEED-V only, and names EEG's as the lowest on SEED-IV; it is Table 2's claim put to Table 3
        ("lower spread than EEG with few labels", "Table 3; claimed for Table 2", "3", "std", ("Concat", "Attention"), ("EEG",), False),
        ("multimodal better than EEG at every ratio", "Table 4, Sec 4.3", "4", "mean", ("Concat", "Attention"), ("EEG",), True),
    ],
}


def _welch(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Two-tailed p of Welch's t-test between two (mean, half width of the 95 % t interval) over `N` folds each."""
    s_a, s_b = (half * np.sqrt(N) / stats.t.ppf(0.975, N - 1) for _, half in (a, b))
    return float(stats.ttest_ind_from_stats(a[0], s_a, N, b[0], s_b, N, equal_var=False).pvalue)


def significance() -> pd.DataFrame:
    """The p values that paper 2 claims, recomputed from its tables: Welch's t-test from means and half widths over ten folds.

    The paper does not name its test; a paired one needs the values of the folds, which are not printed. Folds share training data, so
    every such p is too small.

    Returns
    -------
    DataFrame
        ``claim`` (``"Fused > ECG"``), ``where``, ``metric``, ``printed`` (the bound), ``p``; ``p_best``, ``p_worst``: the smallest and the
        largest p of all numbers that round to the printed ones; ``holds`` (``p`` below the bound), ``note``.
    """
    frame = published.load("amigos")
    values = frame.set_index(["table", "row", "metric"])[["mean", "half_width"]]
    rows = []
    for number, pairs in CLAIMED.items():
        bound = float(values.loc[("text", f"significance of Table {number}", "p below"), "mean"])
        metrics = frame.loc[frame["table"] == number, "metric"].unique()
        for (high, low), metric in product(pairs, metrics):
            (a, half_a), (b, half_b) = (values.loc[(number, row, metric)] for row in (high, low))
            p = _welch((a, half_a), (b, half_b))
            up = min(MEAN_ROUNDING, abs(a - b) / 2)  # two equal means are the worst there is
            best = _welch((a + MEAN_ROUNDING, half_a - HALF_ROUNDING), (b - MEAN_ROUNDING, half_b - HALF_ROUNDING))
            worst = _welch((a - up, half_a + HALF_ROUNDING), (b + up, half_b + HALF_ROUNDING))
            note = "" if best >= bound or worst < bound else "the printed digits do not decide: p may lie on either side of the bound"
            rows.append({"claim": f"{high} > {low}", "where": f"Table {number}", "metric": metric, "printed": bound, "p": p, "p_best": best,
                         "p_worst": worst, "holds": p < bound, "note": note})
    return pd.DataFrame(rows)


def orderings(paper: str) -> pd.DataFrame:
    """Claims of the form "a is better than b, everywhere", tested on all cells of their table.

    Parameters
    ----------
    paper : {"amigos", "seed"}

    Returns
    -------
    DataFrame
        ``claim``, ``where``, ``holds``, ``counterexample`` (the cells that contradict it, empty if none).
    """
    if paper not in ORDERINGS:
        raise ValueError(f"no orderings of {paper!r}; there are {', '.join(ORDERINGS)}")
    rows = []
    for claim, where, number, column, better, others, higher in ORDERINGS[paper]:
        cells = published.table(paper, number).pivot_table(index="metric", columns="row", values=column, sort=False)
        against = [f"{metric}: {a} {cells.loc[metric, a]:.4g}, {b} {cells.loc[metric, b]:.4g}"
                   for metric, a, b in product(cells.index, better, others)
                   if (cells.loc[metric, a] > cells.loc[metric, b]) != higher]
        rows.append({"claim": claim, "where": where, "holds": not against, "counterexample": "; ".join(against)})
    return pd.DataFrame(rows)
