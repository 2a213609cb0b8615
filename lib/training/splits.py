"""Splits, named by what they keep apart. Each yields trial indices; windows are cut afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["SPLITS", "Split", "by_subject", "by_trial", "contiguous_trials"]


@dataclass(frozen=True)
class Split:
    """One fold: disjoint trial indices for training, validation (model selection) and test."""

    name: str
    fold: int
    train: tuple[int, ...]
    val: tuple[int, ...]
    test: tuple[int, ...]


def _fold(name: str, fold: int, n: int, test: np.ndarray, inner: float, seed: int) -> Split:
    rest = np.random.default_rng(np.random.SeedSequence((seed, fold))).permutation(np.setdiff1d(np.arange(n), test))
    cut = int(inner * len(rest))
    parts = (np.sort(part) for part in (rest[:cut], rest[cut:], test))
    return Split(name, fold, *(tuple(map(int, part)) for part in parts))


def contiguous_trials(subjects, n_folds: int = 10, inner: float = 0.6, seed: int = 0) -> list[Split]:
    """Blocks of the subject-sorted trial list, the "random" folds that the code of [32] really makes.

    Fold k tests block ``n_folds - 1 - k``; neighbouring blocks share at most their boundary subjects. With 239 trials
    and 10 folds the sizes are those of the paper, 24 eight times, 23, 24 (Sec 4.3: 129/86/24).

    Parameters
    ----------
    subjects : sequence of int
        Subject of each trial, sorted.
    n_folds : int
    inner : float
        Share of the remaining trials used for training; the rest validates. Sec 4.3: 0.6 in ten folds.
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
    return [_fold("contiguous_trials", k, n, blocks[n_folds - 1 - k], inner, seed) for k in range(n_folds)]


def by_trial(subjects, n_folds: int = 10, inner: float = 0.6, seed: int = 0) -> list[Split]:
    """Truly random folds of whole trials: subjects and stimuli are shared between training and test."""
    n = len(subjects)
    blocks = np.array_split(np.random.default_rng(seed).permutation(n), n_folds)
    return [_fold("by_trial", k, n, np.sort(block), inner, seed) for k, block in enumerate(blocks)]


def by_subject(subjects, inner: float = 0.8, seed: int = 0) -> list[Split]:
    """Leave one subject out (Sec 4.3: the rest is split 8:2 into training and validation)."""
    subjects = np.asarray(subjects)
    return [_fold("by_subject", k, len(subjects), np.flatnonzero(subjects == subject), inner, seed)
            for k, subject in enumerate(np.unique(subjects))]


SPLITS: dict[str, Callable[..., list[Split]]] = {"contiguous_trials": contiguous_trials, "by_trial": by_trial, "by_subject": by_subject}
