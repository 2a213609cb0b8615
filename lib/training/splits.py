"""Splits, named by what they keep apart. Each yields trial indices, and windows are cut afterwards;
`segment_splits` yields segments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = [
    "SEGMENT_SPLITS", "SPLITS", "Split", "by_subject", "by_trial", "contiguous_trials",
    "random_segments", "segment_splits"
]


@dataclass(frozen=True)
class Split:
    """One fold: disjoint trial (or segment) indices for training, validation (model selection) and
    test."""

    name: str
    fold: int
    train: tuple[int, ...]
    val: tuple[int, ...]
    test: tuple[int, ...]


def _fold(name: str, fold: int, n: int, test: np.ndarray, inner: float, seed: int) -> Split:
    rest = np.random.default_rng(np.random.SeedSequence(
        (seed, fold))).permutation(np.setdiff1d(np.arange(n), test))
    cut = int(inner * len(rest))
    parts = (np.sort(part) for part in (rest[:cut], rest[cut:], test))
    return Split(name, fold, *(tuple(map(int, part)) for part in parts))


def contiguous_trials(subjects, n_folds: int = 10, inner: float = 0.6,
                      seed: int = 0) -> list[Split]:
    """Blocks of the subject-sorted trial list, the "random" folds that the code of [32] really
    makes.

    Fold k tests block ``n_folds - 1 - k``; neighbouring blocks share at most their boundary
    subjects. With 239 trials and 10 folds the sizes are those of the paper, 24 eight times, 23, 24
    (Sec 4.3: 129/86/24).

    Parameters
    ----------
    subjects : sequence of int
        Subject of each trial, sorted.
    n_folds : int
    inner : float
        Share of the remaining trials used for training; the rest validates. Sec 4.3: 0.6 in ten
        folds.
    seed : int
        Of the inner split.
    """
    subjects = np.asarray(subjects)
    if np.any(np.diff(subjects) < 0):
        raise ValueError("contiguous_trials needs trials sorted by subject")
    n = len(subjects)
    sizes = [len(block) for block in np.array_split(np.arange(n), n_folds)]
    sizes[-2:] = sizes[-2:][::-1]
    blocks = np.split(np.arange(n), np.cumsum(sizes)[:-1])
    return [
        _fold("contiguous_trials", k, n, blocks[n_folds - 1 - k], inner, seed)
        for k in range(n_folds)
    ]


def by_trial(subjects, n_folds: int = 10, inner: float = 0.6, seed: int = 0) -> list[Split]:
    """Truly random folds of whole trials: subjects and stimuli are shared between training and
    test."""
    n = len(subjects)
    blocks = np.array_split(np.random.default_rng(seed).permutation(n), n_folds)
    return [_fold("by_trial", k, n, np.sort(block), inner, seed) for k, block in enumerate(blocks)]


def by_subject(subjects, inner: float = 0.8, seed: int = 0) -> list[Split]:
    """Leave one subject out (Sec 4.3: the rest is split 8:2 into training and validation)."""
    subjects = np.asarray(subjects)
    return [
        _fold("by_subject", k, len(subjects), np.flatnonzero(subjects == subject), inner, seed)
        for k, subject in enumerate(np.unique(subjects))
    ]


SPLITS: dict[str, Callable[..., list[Split]]] = {
    "contiguous_trials": contiguous_trials, "by_trial": by_trial, "by_subject": by_subject
}

SEGMENT_SPLITS = ("random_segments", "blocked_segments", "by_trial", "by_subject")


def random_segments(subjects, n_folds: int = 10, inner: float = 0.2, seed: int = 0) -> list[Split]:
    """Truly random folds of segments: neighbours of a test segment, cut from the same trial, are
    trained on. See `segment_splits`."""
    return segment_splits("random_segments", subjects, np.zeros(len(subjects), int), n_folds, inner,
                          seed)


def segment_splits(name: str, subject, trial, n_folds: int = 10, inner: float = 0.2,
                   seed: int = 0) -> list[Split]:
    """Folds of segments in which whole units are kept together, in training, validation or test.

    Parameters
    ----------
    name : str
        What the units are. ``random_segments``: each segment is one. ``blocked_segments``: each
        trial is cut into ``n_folds`` blocks of neighbouring segments, and fold k tests the k-th
        block of every trial; a trial with fewer segments than folds gives each segment to the next
        fold in turn, going on where the previous such trial stopped. ``by_trial``: one subject
        watching one video. ``by_subject``: all segments of a subject.
    subject, trial : sequence of int
        Of each segment, ``(n_segments,)``; segments of a trial stand in order of time. A trial has
        one number over all subjects.
    n_folds : int
        Where there are fewer units (subjects), as many folds as units.
    inner : float
        Share of the *units* outside the test fold that validates; at least one does. (In `by_trial`
        it is the share that trains.)
    seed : int
        Of the folds and of the inner split.

    Returns
    -------
    list of Split
        Sorted *segment* indices. Every segment is tested once.

    Raises
    ------
    ValueError
        For an unknown name, or fewer than three units.
    """
    if name not in SEGMENT_SPLITS:
        raise ValueError(f"no split {name!r} of segments; there are {', '.join(SEGMENT_SPLITS)}")
    subject, trial = np.asarray(subject), np.asarray(trial)
    if name == "blocked_segments":
        block = _blocks(trial, n_folds)
        unit = np.unique(np.stack([trial, block]), axis=1, return_inverse=True)[1].ravel()
        tested = [np.unique(unit[block == k]) for k in np.unique(block)]
    else:
        unit = np.arange(len(trial)) if name == "random_segments" else np.unique(
            {"by_trial": trial, "by_subject": subject}[name], return_inverse=True)[1]
        order = np.random.default_rng(np.random.SeedSequence(seed)).permutation(unit.max() + 1)
        tested = np.array_split(order, min(n_folds, len(order)))
    if unit.max() < 2:
        raise ValueError(
            f"{name} needs three units or more (training, validation, test); there are {unit.max() + 1}"
        )
    return [_grouped(name, k, unit, units, inner, seed) for k, units in enumerate(tested)]


def _grouped(name: str, fold: int, unit: np.ndarray, test: np.ndarray, inner: float,
             seed: int) -> Split:
    """One fold from its test units."""
    rest = np.random.default_rng(np.random.SeedSequence(
        (seed, fold))).permutation(np.setdiff1d(unit, test))
    cut = max(1, round(inner * len(rest)))
    return Split(
        name, fold,
        *(tuple(np.flatnonzero(np.isin(unit, part)).tolist())
          for part in (rest[cut:], rest[:cut], test)))


def _blocks(trial: np.ndarray, n_folds: int) -> np.ndarray:
    """Block ``(n_segments,)`` of each segment within its trial, see `segment_splits`."""
    block, turn = np.empty(len(trial), int), 0
    for number in np.unique(trial):
        rows = np.flatnonzero(trial == number)
        if len(rows) >= n_folds:
            block[rows] = np.arange(len(rows)) * n_folds // len(rows)
        else:
            block[rows] = (turn + np.arange(len(rows))) % n_folds
            turn += len(rows)
    return block
