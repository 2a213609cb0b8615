"""What paper 4's numbers allow: the tables behind two kinds of :mod:`lib.evaluation.checks`."""

import pandas as pd

from lib.evaluation import printed
from lib.evaluation.checks import fitting
from lib.evaluation.feasibility import largest_f1
from lib.evaluation.numbers import statements

METRICS = ["accuracy", "precision", "recall", "F1"]


def averages() -> pd.DataFrame:
    """Which average over classes the four metrics of each model can be.

    Recall averaged with the classes' frequencies as weights *is* the accuracy; the plain (macro)
    average equals it only by chance or where all classes are equally frequent. In both averages F1
    cannot exceed the harmonic mean of precision and recall, because the harmonic mean is a concave
    function.

    Returns
    -------
    DataFrame
        ``row``, the four metrics; ``weighted possible`` (recall is the accuracy), ``bound``
        (largest F1 that the rounded precision and recall allow), ``holds`` (F1 not above it).
    """
    parts = []
    for number, half in ((1, 0.005), (3, 0.00005)):  # half of the last printed digit
        cells = printed.table("face_eeg", number).pivot_table(index="row", columns="metric",
                                                              values="mean", sort=False)[METRICS]
        bound = largest_f1(cells["precision"] + half, cells["recall"] + half)
        cells["weighted possible"] = (cells["accuracy"] - cells["recall"]).abs() <= 2 * half
        parts.append(cells.assign(bound=bound, holds=cells["F1"] - half <= bound))
    return pd.concat(parts).rename_axis(columns=None).reset_index()


def grim() -> pd.DataFrame:
    """The smallest test sets that can give the EEG accuracies of Table 3, beside the largest that
    the text allows.

    Returns
    -------
    DataFrame
        ``row`` (a model, or ``all three``), ``rounding``, ``smallest``: segments of the smallest
        test set that fits; ``possible``: 15 % of all segments of 3 s, end to end, of all subjects
        and the most minutes; ``holds``: the first is not above the second.

    Notes
    -----
    An observation. Different test sets for each model, means over several runs, or overlapping
    segments would explain it.
    """
    parts = []
    for s in statements("face_eeg", "GRIM"):
        given = {key: s[key] for key in ("table", "rows", "formula", "values")}
        row = s["rows"][0] if len(s["rows"]) == 1 else "all three"
        parts.append(fitting("face_eeg", **given).assign(row=row))
    table = pd.concat(parts, ignore_index=True)[["row", "rounding", "smallest", "possible"]]
    return table.assign(holds=table["smallest"] <= table["possible"])
