"""Splits, named by what they keep apart. Each yields trials or segments for training, validation
and test; windows are cut afterwards.

Where one recording (one subject watching one clip) has one label, whoever recognises the recording
knows the label: :func:`permute_labels` gives the control.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

SEGMENT_SPLITS = ("random_segments", "blocked_segments", "by_trial", "by_subject")
RECORDING_SPLITS = ("random_segments", "blocked_segments", "by_clip", "by_subject")
TEST = 0.15  # paper 4, Sec 5.3: 15 % for testing; 15 % of the rest validates


@dataclass(frozen=True)
class Split:
    """One fold: disjoint indices for training, validation (model selection) and test, sorted."""

    name: str
    fold: int
    train: tuple[int, ...]
    val: tuple[int, ...]
    test: tuple[int, ...]


def _split(name: str, fold: int, *parts: np.ndarray) -> Split:
    """A fold from the masks of training, validation and test."""
    return Split(name, fold, *(tuple(np.flatnonzero(part).tolist()) for part in parts))


def _rng(*seeds: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seeds if len(seeds) > 1 else seeds[0]))


def _folds(name: str, unit: np.ndarray, tested: Iterable[np.ndarray], seed: int,
           cut: Callable[[int], int]) -> list[Split]:
    """One fold for each set of tested units; of the others, in random order, the first ``cut``
    validate (where negative, the last), the rest train."""
    folds = []
    for k, test in enumerate(tested):
        rest = _rng(seed, k).permutation(np.setdiff1d(unit, test))
        n = cut(len(rest))
        val, train = (rest[:n], rest[n:]) if n >= 0 else (rest[n:], rest[:n])
        if not (len(train) and len(test)):
            raise ValueError(f"{name}, fold {k}: {len(train)} of {len(unit)} would train and "
                             f"{len(test)} be tested; ask for fewer folds")
        folds.append(_split(name, k, *(np.isin(unit, part) for part in (train, val, test))))
    return folds


def _trials(name: str, n: int, tested: Iterable[np.ndarray], inner: float,
            seed: int) -> list[Split]:
    """Folds of ``n`` whole trials, a share ``inner`` of those outside the test fold trains."""
    if not 0 <= inner <= 1:
        raise ValueError(f"inner is a share from 0 to 1, not {inner}")
    return _folds(name, np.arange(n), tested, seed, lambda rest: int(inner * rest) - rest)


def contiguous_trials(subjects, n_folds: int = 10, inner: float = 0.6,
                      seed: int = 0) -> list[Split]:
    """Blocks of the subject-sorted trial list, the "random" folds that the code of paper 1's [32]
    really makes.

    Fold k tests block ``n_folds - 1 - k``; neighbouring blocks share at most their boundary
    subjects. With 239 trials and 10 folds the sizes are those of the paper, 24 eight times, 23, 24
    (Sec 4.3: 129/86/24).

    Parameters
    ----------
    subjects : sequence of int
        Subject of each trial, sorted.
    inner : float
        Share of the remaining trials used for training; the rest validates. Sec 4.3: 0.6 in ten
        folds.
    """
    if np.any(np.diff(subjects) < 0):
        raise ValueError("contiguous_trials needs trials sorted by subject")
    sizes = [len(block) for block in np.array_split(np.arange(len(subjects)), n_folds)]
    sizes[-2:] = sizes[-2:][::-1]
    blocks = np.split(np.arange(len(subjects)), np.cumsum(sizes)[:-1])
    return _trials("contiguous_trials", len(subjects), blocks[::-1], inner, seed)


def by_trial(subjects, n_folds: int = 10, inner: float = 0.6, seed: int = 0) -> list[Split]:
    """Truly random folds of whole trials: subjects and stimuli are shared between training and
    test."""
    order = np.random.default_rng(seed).permutation(len(subjects))
    return _trials("by_trial", len(order), np.array_split(order, n_folds), inner, seed)


def by_subject(subjects, inner: float = 0.8, seed: int = 0) -> list[Split]:
    """Leave one subject out (paper 1, Sec 4.3: the rest is split 8:2 into training and
    validation).

    >>> [split.test for split in by_subject(["a", "a", "b", "b", "c", "c"])]
    [(0, 1), (2, 3), (4, 5)]
    """
    subjects = np.asarray(subjects)
    tested = [np.flatnonzero(subjects == subject) for subject in np.unique(subjects)]
    return _trials("by_subject", len(subjects), tested, inner, seed)


SPLITS: dict[str, Callable[..., list[Split]]] = {
    "contiguous_trials": contiguous_trials, "by_trial": by_trial, "by_subject": by_subject
}


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
        Share of the *units* outside the test fold that validates; at least one does.

    Returns
    -------
    list of Split
        *Segment* indices. Every segment is tested once.
    """
    if name not in SEGMENT_SPLITS:
        raise ValueError(f"no split {name!r} of segments; there are {', '.join(SEGMENT_SPLITS)}")
    subject, trial = np.asarray(subject), np.asarray(trial)
    if name == "blocked_segments":
        block = _blocks(trial, n_folds)
        unit = np.unique(np.stack([trial, block]), axis=1, return_inverse=True)[1].ravel()
        tested = [np.unique(unit[block == k]) for k in np.unique(block)]
    else:
        whole = {
            "random_segments": np.arange(len(trial)), "by_trial": trial, "by_subject": subject
        }[name]
        unit = np.unique(whole, return_inverse=True)[1]
        order = _rng(seed).permutation(unit.max() + 1)
        tested = np.array_split(order, min(n_folds, len(order)))
    if unit.max() < 2:
        raise ValueError(f"{name} needs three units or more (training, validation, test); there "
                         f"are {unit.max() + 1}")
    return _folds(name, unit, tested, seed, lambda rest: max(1, round(inner * rest)))


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


def recording_splits(name: str, subject, recording, clip, emotion, position, n_folds: int = 5,
                     seed: int = 0, *, inner: float = 0.15, gap: int = 1) -> list[Split]:
    """Folds of segments, named by what they keep apart.

    Parameters
    ----------
    name : str
        ``random_segments`` (as we read paper 4, Sec 5.3): each fold draws 15 % of all segments for
        the test, then 15 % of the rest for validation; folds are repetitions. All recordings are
        shared. ``blocked_segments``: each recording is cut into ``n_folds`` blocks of neighbouring
        segments; fold k tests the k-th, validates on the next one (the first after the last), and
        trains on the others. Recordings are shared, neighbours are not. ``by_clip``: of each
        emotion some clips are trained on and others tested, for all subjects; at most as many folds
        as the emotion with the fewest clips has, so that each fold tests all emotions; of each
        emotion ``inner`` of the other recordings validate, at least one. ``by_subject``: one
        subject after another is left out; ``inner`` of the others validate, at least one.
    subject, recording, clip, emotion, position : sequence ``(n_segments,)``
        Of each segment; ``position`` counts segments within the recording. Numbers of recordings
        and clips hold over all subjects.
    n_folds : int
        Of the first two, and the most of `by_clip`.
    seed : int
    inner : float
        Share that validates; not used by `blocked_segments`.
    gap : int
        Of `blocked_segments`: segments this near in position to a test segment of the same
        recording are left out of validation and training, and those near a validation segment out
        of training. choice: 1, that is 3 s.
    """
    if name not in RECORDING_SPLITS:
        raise ValueError(
            f"no split {name!r} of recordings; there are {', '.join(RECORDING_SPLITS)}")
    subject, recording, clip, emotion, position = (np.asarray(part)
                                                   for part in (subject, recording, clip, emotion,
                                                                position))
    if name == "random_segments":
        return [_random(len(subject), fold, inner, seed) for fold in range(n_folds)]
    if name == "by_subject":
        return segment_splits(name, subject, recording, len(np.unique(subject)), inner, seed)
    if name == "by_clip":
        return _by_clip(recording, clip, emotion, n_folds, inner, seed)
    return _blocked(recording, position, n_folds, gap)


def _random(n: int, fold: int, inner: float, seed: int) -> Split:
    rank = np.argsort(_rng(seed, fold).permutation(n))
    n_test = round(TEST * n)
    n_val = round(inner * (n - n_test))
    part = np.digitize(rank, (n_test, n_test + n_val))
    return _split("random_segments", fold, part == 2, part == 1, part == 0)


def _near(mask: np.ndarray, recording: np.ndarray, position: np.ndarray, gap: int) -> np.ndarray:
    """Segments at most ``gap`` positions from a chosen one of the same recording, chosen ones
    included."""
    number = np.unique(recording, return_inverse=True)[1]
    # recordings one after another, further apart than the gap
    place = number * (np.ptp(position) + gap + 1) + position
    chosen = np.sort(place[mask])
    reach = gap + 1e-6  # positions may come from times
    left, right = np.searchsorted(chosen, place - reach), np.searchsorted(chosen, place + reach)
    return right > left


def _blocked(recording: np.ndarray, position: np.ndarray, n_folds: int, gap: int) -> list[Split]:
    if n_folds < 3:
        raise ValueError(f"blocked_segments needs three blocks or more, not {n_folds}")
    order = np.lexsort((position, recording))
    block = np.empty(len(order), int)
    for fold in segment_splits("blocked_segments", recording[order], recording[order], n_folds):
        block[order[list(fold.test)]] = fold.fold
    folds = []
    for k in range(n_folds):
        test, val = block == k, block == (k + 1) % n_folds
        val &= ~_near(test, recording, position, gap)
        train = ~_near(test | val, recording, position, gap)
        if not (train.any() and val.any() and test.any()):
            length = len(order) / len(np.unique(recording)) / n_folds
            raise ValueError(f"blocks of {length:.3g} segments and a gap of {gap} leave nothing: "
                             "fewer folds, or a smaller gap")
        folds.append(_split("blocked_segments", k, train, val, test))
    return folds


def _by_clip(recording: np.ndarray, clip: np.ndarray, emotion: np.ndarray, n_folds: int,
             inner: float, seed: int) -> list[Split]:
    rng = _rng(seed)
    of = [emotion == label for label in np.unique(emotion)]
    clips = [rng.permutation(np.unique(clip[own])) for own in of]
    n_folds, folds = min(n_folds, *map(len, clips)), []
    if n_folds < 2:
        raise ValueError(
            "by_clip needs two clips of each emotion or more: one to train on, one to test on")
    for k in range(n_folds):
        test = np.isin(clip, np.concatenate([np.array_split(own, n_folds)[k] for own in clips]))
        known = [rng.permutation(np.unique(recording[own & ~test])) for own in of]
        val = ~test & np.isin(
            recording,
            np.concatenate([numbers[:max(1, round(inner * len(numbers)))] for numbers in known]))
        train = ~(test | val)
        if not all((own & train).any() for own in of):
            raise ValueError("by_clip needs two recordings or more of each training clip: one to "
                             "train on, one to validate on")
        folds.append(_split("by_clip", k, train, val, test))
    return folds


def permute_labels(emotion, recording, subject, seed: int = 0) -> np.ndarray:
    """Exchange the labels of whole recordings within each subject: all that is left to learn is
    which recording a segment is from.

    Each recording keeps one label, and each subject as many recordings of each emotion as before.
    choice: any permutation, so some recordings keep their own emotion by chance.

    Parameters
    ----------
    emotion, recording, subject : sequence ``(n_segments,)``
        Of each segment; one emotion and one subject for each recording.
    seed : int
    """
    emotion, subject = np.asarray(emotion), np.asarray(subject)
    first, number = np.unique(recording, return_index=True, return_inverse=True)[1:]
    if not (np.array_equal(emotion[first][number], emotion)
            and np.array_equal(subject[first][number], subject)):
        raise ValueError("each recording has one emotion and one subject; here one has several")
    label, rng = emotion[first], _rng(seed)
    for person in np.unique(subject):
        own = np.flatnonzero(subject[first] == person)
        label[own] = rng.permutation(label[own])
    return label[number]
