"""Splits for paper 4, where one recording has one emotion: what a score means depends on what
training and test share.

A segment is 3 s of one recording, and a recording is one subject watching one clip. Whoever
recognises the recording knows the emotion, so :func:`permute_labels` gives the control: the same
splits where the emotions of whole recordings are exchanged.
"""

from __future__ import annotations

import numpy as np

from lib.training.splits import Split, segment_splits

__all__ = ["RECORDING_SPLITS", "permute_labels", "recording_splits"]

RECORDING_SPLITS = ("random_segments", "blocked_segments", "by_clip", "by_subject")
TEST = 0.15  # Sec 5.3: 15 % for testing; 15 % of the rest validates, `inner`


def recording_splits(name: str, subject, recording, clip, emotion, position, n_folds: int = 5,
                     seed: int = 0, *, inner: float = 0.15, gap: int = 1) -> list[Split]:
    """Folds of segments, named by what they keep apart.

    Parameters
    ----------
    name : str
        ``random_segments`` (as we read Sec 5.3): each fold draws 15 % of all segments for the test,
        then 15 % of the rest for validation; folds are repetitions. All recordings are shared.
        ``blocked_segments``: each recording is cut into ``n_folds`` blocks of neighbouring
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

    Returns
    -------
    list of Split
        Sorted segment indices.

    Raises
    ------
    ValueError
        For an unknown name, too few clips, recordings, blocks or subjects, or a gap that leaves
        nothing.
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


def _split(name: str, fold: int, *parts: np.ndarray) -> Split:
    """A fold from the masks of training, validation and test."""
    return Split(name, fold, *(tuple(np.flatnonzero(part).tolist()) for part in parts))


def _random(n: int, fold: int, inner: float, seed: int) -> Split:
    order = np.random.default_rng(np.random.SeedSequence((seed, fold))).permutation(n)
    n_test = round(TEST * n)
    n_val = round(inner * (n - n_test))
    rank = np.empty(n, int)
    rank[order] = np.arange(n)
    return _split("random_segments", fold, rank >= n_test + n_val,
                  (rank >= n_test) & (rank < n_test + n_val), rank < n_test)


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
        raise ValueError(
            f"blocked_segments needs three blocks or more (training, validation, test), not {n_folds}"
        )
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
            raise ValueError(
                f"blocks of {len(order) / len(np.unique(recording)) / n_folds:.3g} segments and a gap of {gap} leave nothing: "
                "fewer folds, or a smaller gap")
        folds.append(_split("blocked_segments", k, train, val, test))
    return folds


def _by_clip(recording: np.ndarray, clip: np.ndarray, emotion: np.ndarray, n_folds: int,
             inner: float, seed: int) -> list[Split]:
    rng = np.random.default_rng(np.random.SeedSequence(seed))
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
            raise ValueError(
                "by_clip needs two recordings or more of each training clip: one to train on, one to validate on"
            )
        folds.append(_split("by_clip", k, train, val, test))
    return folds


def permute_labels(emotion, recording, subject, seed: int = 0) -> np.ndarray:
    """Exchange the emotions of whole recordings within each subject: all that is left to learn is
    which recording a segment is from.

    Each recording keeps one label, and each subject as many recordings of each emotion as before.
    choice: any permutation, so some recordings keep their own emotion by chance.

    Parameters
    ----------
    emotion, recording, subject : sequence ``(n_segments,)``
        Of each segment; one emotion and one subject for each recording.
    seed : int

    Returns
    -------
    array ``(n_segments,)``

    Raises
    ------
    ValueError
        If a recording has two emotions or two subjects.
    """
    emotion, subject = np.asarray(emotion), np.asarray(subject)
    first, number = np.unique(recording, return_index=True, return_inverse=True)[1:]
    if not (np.array_equal(emotion[first][number], emotion)
            and np.array_equal(subject[first][number], subject)):
        raise ValueError("each recording has one emotion and one subject; here one has several")
    label, rng = emotion[first], np.random.default_rng(np.random.SeedSequence(seed))
    for person in np.unique(subject):
        own = np.flatnonzero(subject[first] == person)
        label[own] = rng.permutation(label[own])
    return label[number]
