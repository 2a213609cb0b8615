"""Folds of segments: what is kept apart, and what is not."""

import numpy as np
import pytest

from lib.training.splits import SEGMENT_SPLITS, segment_splits

LENGTHS = np.array([12, 7, 30, 5, 9, 21] * 6)  # segments of 36 trials
TRIAL = np.repeat(np.random.default_rng(0).permutation(36), LENGTHS)
SUBJECT = np.repeat(np.arange(12), LENGTHS.reshape(12, 3).sum(1))
UNITS = {"random_segments": np.arange(len(TRIAL)), "by_trial": TRIAL, "by_subject": SUBJECT}


@pytest.mark.parametrize("name", SEGMENT_SPLITS)
def test_every_segment_is_in_one_part_and_tested_once(name):
    folds = segment_splits(name, SUBJECT, TRIAL)
    assert len(folds) == 10 and [fold.fold for fold in folds] == list(
        range(10)) and {fold.name for fold in folds} == {name}
    for fold in folds:
        assert sorted(fold.train + fold.val + fold.test) == list(range(
            len(TRIAL))) and fold.train and fold.val and fold.test
        assert all(
            list(part) == sorted(part) and isinstance(part[0], int)
            for part in (fold.train, fold.val, fold.test))
    assert sorted(i for fold in folds for i in fold.test) == list(range(len(TRIAL)))
    assert segment_splits(name, SUBJECT, TRIAL) == folds
    other = segment_splits(name, SUBJECT, TRIAL, seed=1)
    assert [fold.train for fold in other] != [fold.train for fold in folds]


@pytest.mark.parametrize("name", UNITS)
def test_units_stay_together_and_their_numbers_are_the_asked_ones(name):
    unit = UNITS[name]
    for fold in segment_splits(name, SUBJECT, TRIAL, inner=0.25):
        train, val, test = (set(unit[list(part)]) for part in (fold.train, fold.val, fold.test))
        assert not (train & val or train & test or val & test)
        assert abs(len(test) - len(set(unit)) / 10) < 1
        assert len(val) == round(0.25 * (len(train) + len(val)))


def test_blocks_are_contiguous_equal_and_in_order():
    folds = segment_splits("blocked_segments", SUBJECT, TRIAL)
    fold_of = np.empty(len(TRIAL), int)
    for fold in folds:
        fold_of[list(fold.test)] = fold.fold
    for number in range(36):
        own = fold_of[TRIAL == number]
        if len(own) >= 10:
            sizes = np.bincount(own, minlength=10)
            assert np.all(np.diff(own) >= 0) and sizes.min() >= 1 and np.ptp(sizes) <= 1
        else:
            assert np.all(np.diff(own) % 10 == 1)  # the next fold in turn
    short = np.isin(TRIAL, [n for n in range(36) if np.sum(TRIAL == n) < 10])
    assert np.ptp(np.bincount(fold_of[short], minlength=10)) <= 1


def test_random_segments_alone_leak_neighbours_of_all_test_segments():
    shared = {}
    for name in SEGMENT_SPLITS:
        fold = segment_splits(name, SUBJECT, TRIAL)[0]
        shared[name] = np.mean(np.isin(TRIAL[list(fold.test)], TRIAL[list(fold.train)]))
    assert shared["random_segments"] == 1 and shared["by_trial"] == shared["by_subject"] == 0


def test_fewer_subjects_than_folds():
    few = np.isin(SUBJECT, [0, 1, 2, 3])
    folds = segment_splits("by_subject", SUBJECT[few], TRIAL[few])
    assert [set(SUBJECT[few][list(fold.test)]) for fold in folds] and len(folds) == 4
    assert all(len(set(SUBJECT[few][list(fold.test)])) == 1 for fold in folds)


def test_bad_input_is_named():
    with pytest.raises(ValueError,
                       match="no split 'by_clip' of segments; there are random_segments"):
        segment_splits("by_clip", SUBJECT, TRIAL)
    with pytest.raises(ValueError, match=r"by_subject needs three units or more .* there are 2"):
        segment_splits("by_subject", SUBJECT[:100] // 2, TRIAL[:100])
