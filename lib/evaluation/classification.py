"""Accuracy, macro-F1 and confusion of classifiers (papers 2 to 4)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support


def classification(y, yhat) -> dict[str, float]:
    """Accuracy, and the mean over classes of F1 (Sec 5 of paper 2: "between the two predicted
    classes").

    Parameters
    ----------
    y, yhat : array ``(n,)``
        True and predicted classes, 0, 1, ...

    Returns
    -------
    dict
        ``accuracy``, ``F1``.

    Raises
    ------
    ValueError
        If the two are not equally long, or hold something else than classes.

    Notes
    -----
    choice: the mean runs over the classes that occur in ``y`` or in the predictions, as in
    scikit-learn; a class that is never predicted counts with F1 = 0. So a constant prediction
    reaches half the F1 of its class.
    """
    y, yhat = np.asarray(y), np.asarray(yhat)
    if y.ndim != 1 or y.shape != yhat.shape or not y.size:
        raise ValueError(f"expected two equally long lists of classes, found {y.shape} and "
                         f"{yhat.shape}")
    given = np.concatenate([y, yhat])
    classes = given.astype(int)
    if (classes < 0).any() or (classes != given).any():
        raise ValueError(f"classes must be 0, 1, ...; found {np.unique(given)[:9].tolist()}")
    y, yhat = np.split(classes, 2)
    right, true, guess = (np.bincount(c, minlength=classes.max() + 1)
                          for c in (y[y == yhat], y, yhat))
    # scikit-learn's, without what costs it 20 times as long
    f1 = 2 * right / np.maximum(true + guess, 1)
    f1 = f1[true + guess > 0]
    return {"accuracy": float(right.sum() / len(y)), "F1": float(f1.mean())}


def averages(y: np.ndarray, p: np.ndarray, average: str = "macro") -> dict[str, float]:
    """Accuracy, and precision, recall and F1 averaged over the classes, as fractions (paper 4,
    Tables 1 to 3).

    Parameters
    ----------
    y : array ``(n,)``
        True classes, numbered from 0.
    p : array ``(n, n_classes)``
        Probability of each class; the highest is predicted.
    average : str
        Of scikit-learn. The paper names none. ``choice:`` ``macro``, in which all classes count the
        same: for its EEG models recall differs from accuracy, so that theirs is not the weighted
        one. A class that is never predicted has precision 0.
    """
    guess = p.argmax(axis=1)
    found = precision_recall_fscore_support(y, guess, labels=range(p.shape[1]), average=average,
                                            zero_division=0)
    return {
        "accuracy": float(accuracy_score(y, guess)), "precision": float(found[0]),
        "recall": float(found[1]), "F1": float(found[2])
    }


def confusion(y, yhat, labels: Sequence[str]) -> pd.DataFrame:
    """How often each true class (rows) is predicted as each class (columns).

    Parameters
    ----------
    y, yhat : array ``(n,)`` of int
        True and predicted classes, numbered from 0.
    labels : sequence of str
        Names of the classes, in the order of their numbers.

    Returns
    -------
    DataFrame
        Columns of two levels: ``("count", label)``, and ``("percent", label)`` of the row, NaN
        where the class never occurs.
    """
    y, yhat, names = np.asarray(y, int), np.asarray(yhat, int), list(labels)
    if not np.isin(np.concatenate([y, yhat]), np.arange(len(names))).all():
        raise ValueError(
            f"classes must be 0 to {len(names) - 1} for the {len(names)} labels; found "
            f"{np.unique([*y, *yhat]).tolist()}")
    counts = pd.DataFrame(confusion_matrix(y, yhat, labels=range(len(names))), names, names)
    counts = counts.rename_axis(index="true", columns="predicted")
    percent = 100 * counts.div(counts.sum(axis=1).replace(0, np.nan), axis=0)
    return pd.concat({"count": counts, "percent": percent}, axis=1)


def accuracies(tested: pd.DataFrame, level: float = 0.95, draws: int = 2000) -> pd.DataFrame:
    """Accuracy of every row under every split, with percentile intervals that cannot leave the
    range.

    Parameters
    ----------
    tested : DataFrame
        A line for each tested example: ``row``, ``role``, ``split``, ``fold``, ``unit`` (what was
        drawn independently, such as a recording or a person), ``right``.
    level : float
        Of the interval, from ``draws`` bootstrap samples of units.

    Returns
    -------
    DataFrame
        ``row``, ``role``, ``split``, ``metric``; ``n`` folds; ``units``; ``mean`` over all tested
        examples; ``std`` over folds; ``low``, ``high``, NaN for fewer than five units.
    """
    rows, tails = [], (0.5 - level / 2, 0.5 + level / 2)
    for key, group in tested.groupby(["row", "role", "split"], sort=False):
        right, n = (group.groupby("unit")["right"].agg(how).to_numpy() for how in ("sum", "size"))
        picks = np.random.default_rng(0).integers(len(n), size=(draws, len(n)))
        folds = group.groupby("fold")["right"].mean()
        low, high = np.quantile(right[picks].sum(axis=1) /
                                n[picks].sum(axis=1), tails) if len(n) >= 5 else (np.nan, np.nan)
        rows.append((*key, "accuracy", len(folds), len(n), right.sum() / n.sum(), folds.std(ddof=0),
                     low, high))
    return pd.DataFrame(rows, columns="row role split metric n units mean std low high".split())
