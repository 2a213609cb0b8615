"""What paper 4 says about its own numbers, recomputed from the printed ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lib import published

__all__ = ["arithmetic", "averages", "grim", "orderings", "sizes_that_fit"]

METRICS = ["accuracy", "precision", "recall", "F1"]
ROUNDINGS = ("nearest", "down")
CLAIMED = [("Scalp maps", "EEG-ITNet"), ("Scalp maps", "SST-EmotionNet"), ("EEG-ITNet", "SST-EmotionNet")]  # Sec 5.3


def _text() -> pd.Series:
    return published.table("face_eeg", "text").set_index(["row", "metric"])["mean"]


def _cells(number: int) -> pd.DataFrame:
    """A printed table: models by metrics, in printed order."""
    return published.table("face_eeg", number).pivot_table(index="row", columns="metric", values="mean", sort=False)[METRICS]


def arithmetic() -> pd.DataFrame:
    """Numbers that follow from others, or are printed twice.

    Returns
    -------
    DataFrame
        ``check``, ``where``, ``printed``, ``recomputed``, ``holds`` (they differ by at most half of the coarser one's last digit).
    """
    text, face, eeg, all_eeg = _text(), _cells(1), _cells(2), _cells(3)
    maps, raf, cohort = text["Scalp maps"], text["RAF-DB"], text["cohort"]
    test, val = maps["share for testing"], maps["share of the rest for validation"]
    finals = [maps[f"final share for {part}"] for part in ("training", "validation", "testing")]
    rows = [
        ("share for training", "Sec 5.3", finals[0], (1 - test) * (1 - val), 4),
        ("share for validation", "Sec 5.3", finals[1], (1 - test) * val, 4),
        ("shares of the EEG data add up", "Sec 5.3", 1.0, sum(finals), 4),
        ("shares of the faces add up", "Sec 5.2", 1.0, text["Face"]["share for training"] + text["Face"]["share for testing"], 2),
        ("RAF-DB: shares of genders add up", "Sec 5.1", 1.0, raf[["share female", "share male", "share of uncertain gender"]].sum(), 2),
        ("RAF-DB: shares of origins add up", "Sec 5.1", 1.0, raf[["share White", "share African-American", "share Asian"]].sum(), 2),
        *((f"Table 3 repeats Table 2: {metric}", "Table 3", all_eeg.loc["Scalp maps", metric], eeg.loc["Scalp maps", metric], 4)
          for metric in METRICS),
        ("EEG accuracy in the abstract", "abstract", text["Scalp maps in the abstract", "accuracy"], eeg.loc["Scalp maps", "accuracy"], 3),
        ("face accuracy in the abstract", "abstract", text["Face in the abstract", "accuracy"], face.loc["Face", "accuracy"], 2),
        ("least age of the subjects", "Sec 5.1", cohort["least age"], cohort["least age in the set-up"], 0),
    ]
    table = pd.DataFrame(rows, columns=["check", "where", "printed", "recomputed", "digits"])
    half = 0.5 * 10.0 ** -table.pop("digits")
    return table.assign(holds=(table["printed"] - table["recomputed"]).abs() <= half + 1e-9)


def averages() -> pd.DataFrame:
    """Which average over classes the four metrics of each model can be.

    Recall averaged with the classes' frequencies as weights *is* the accuracy; the plain (macro) average equals it only by chance or
    where all classes are equally frequent. In both averages F1 cannot exceed the harmonic mean of precision and recall, because the
    harmonic mean is a concave function.

    Returns
    -------
    DataFrame
        ``row``, the four metrics; ``weighted possible`` (recall is the accuracy), ``bound`` (largest F1 that the rounded precision and
        recall allow), ``holds`` (F1 not above it).
    """
    parts = []
    for number, half in ((1, 0.005), (3, 0.00005)):  # half of the last printed digit
        cells = _cells(number)
        p, r = cells["precision"] + half, cells["recall"] + half
        bound = 2 * p * r / (p + r)
        parts.append(cells.assign(**{"weighted possible": (cells["accuracy"] - cells["recall"]).abs() <= 2 * half, "bound": bound,
                                     "holds": cells["F1"] - half <= bound}))
    return pd.concat(parts).rename_axis(columns=None).reset_index()


def sizes_that_fit(accuracies: Sequence[float], rounding: str = "nearest", largest: int = 2500) -> np.ndarray:
    """Sizes of one test set that can give all accuracies: whole numbers of right answers, printed as a percentage with two decimals.

    A test in the manner of GRIM (Brown and Heathers 2017, doi:10.1177/1948550616673876), computed in whole numbers.

    Parameters
    ----------
    accuracies : sequence of float
        Fractions with four decimals.
    rounding : {"nearest", "down"}
        To the nearest (a tie either way), or cut off.
    largest : int
        Sizes tried are 1 to this.
    """
    if rounding not in ROUNDINGS:
        raise ValueError(f"rounding is {' or '.join(map(repr, ROUNDINGS))}, not {rounding!r}")
    n = np.arange(1, largest + 1)
    fits = np.ones(largest, bool)
    for value in accuracies:
        low = 2 * round(1e4 * value) - (rounding == "nearest")  # right answers are k with low <= 20000 k / n <= high
        high = 2 * round(1e4 * value) + (1 if rounding == "nearest" else 2)
        least = -(-low * n // 20_000)
        most = high * n // 20_000 if rounding == "nearest" else -(-high * n // 20_000) - 1  # the next number itself is not cut to this one
        fits &= most >= least
    return n[fits]


def grim() -> pd.DataFrame:
    """The smallest test sets that can give the EEG accuracies of Table 3, beside the largest that the text allows.

    Returns
    -------
    DataFrame
        ``row`` (a model, or ``all three``), ``rounding``, ``smallest``: segments of the smallest test set that fits; ``possible``: 15 % of
        all segments of 3 s, end to end, of all subjects and the most minutes; ``holds``: the first is not above the second.

    Notes
    -----
    An observation. Different test sets for each model, means over several runs, or overlapping segments would explain it.
    """
    text, accuracy = _text(), _cells(3)["accuracy"]
    segments = text["cohort", "subjects"] * text["cohort", "most minutes"] * 60 / text["timing", "segment in s"]
    possible = int(segments * text["Scalp maps", "share for testing"])
    groups = {**{row: [value] for row, value in accuracy.items()}, "all three": list(accuracy)}
    rows = [{"row": row, "rounding": rounding, "smallest": int(sizes_that_fit(values, rounding)[0]), "possible": possible}
            for row, values in groups.items() for rounding in ROUNDINGS]
    table = pd.DataFrame(rows)
    return table.assign(holds=table["smallest"] <= table["possible"])


def orderings() -> pd.DataFrame:
    """The claimed order of the EEG models "across all four evaluation metrics" (Sec 5.3).

    Returns
    -------
    DataFrame
        ``claim``, ``where``, ``metric``, ``difference`` (fraction), ``holds``.
    """
    cells = _cells(3)
    rows = [{"claim": f"{a} > {b}", "where": "Table 3, Sec 5.3", "metric": metric,
             "difference": round(float(cells.loc[a, metric] - cells.loc[b, metric]), 4)} for a, b in CLAIMED for metric in METRICS]
    table = pd.DataFrame(rows)
    return table.assign(holds=table["difference"] > 0)
