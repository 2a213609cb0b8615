"""Splits of recordings: what each keeps apart, and the control with exchanged emotions."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from lib.training.splits import RECORDING_SPLITS, permute_labels, recording_splits

PEOPLE, EMOTIONS, CLIPS, LENGTH = 7, 4, 2, 27


def cohort(length=LENGTH, clips=CLIPS):
    """Per segment: subject, recording, clip, emotion, position; in shuffled order."""
    subject, emotion, nth, position = (part.ravel()
                                       for part in np.indices((PEOPLE, EMOTIONS, clips, length)))
    clip = emotion * 10 + nth
    order = np.random.default_rng(0).permutation(len(subject))
    return tuple(part[order] for part in (subject, subject * 100 + clip, clip, emotion, position))


SUBJECT, RECORDING, CLIP, EMOTION, POSITION = COHORT = cohort()
PARTS = ("train", "val", "test")


def parts(fold):
    return [np.array(getattr(fold, part)) for part in PARTS]


@pytest.mark.parametrize("name", RECORDING_SPLITS)
def test_parts_are_disjoint_sorted_seeded_and_hold_all_emotions(name):
    folds = recording_splits(name, *COHORT)
    assert folds == recording_splits(name, *COHORT) and [fold.fold for fold in folds] == list(
        range(len(folds)))
    for fold in folds:
        train, val, test = parts(fold)
        together = np.concatenate([train, val, test])
        assert fold.name == name and len(set(together)) == len(together)
        assert all(
            np.all(np.diff(part) > 0) and set(EMOTION[part]) == set(range(EMOTIONS))
            for part in (train, val, test))
        assert name == "blocked_segments" or len(together) == len(SUBJECT)
    if name != "blocked_segments":
        assert recording_splits(name, *COHORT, seed=1) != folds


def test_random_segments_have_the_printed_shares_and_share_every_recording():
    for fold in recording_splits("random_segments", *COHORT):
        train, val, test = parts(fold)
        np.testing.assert_allclose(
            np.array([len(train), len(val), len(test)]) / len(SUBJECT), [0.7225, 0.1275, 0.15],
            atol=1e-3)
        assert np.isin(RECORDING[test], RECORDING[train]).all()


@pytest.mark.parametrize("gap", [0, 1, 2])
def test_blocks_are_runs_in_time_with_a_gap_and_each_is_tested_once(gap):
    folds = recording_splits("blocked_segments", *COHORT, gap=gap)
    tested = np.concatenate([parts(fold)[2] for fold in folds])
    assert sorted(tested) == list(range(len(SUBJECT)))
    for fold in folds:
        train, val, test = parts(fold)
        for number in np.unique(RECORDING)[::9]:
            own = [
                np.sort(POSITION[part[RECORDING[part] == number]]) for part in (train, val, test)
            ]
            assert all(np.all(np.diff(run) == 1) and len(run) >= 2 for run in own[1:])
            for i, a in enumerate(own):
                for b in own[i + 1:]:
                    assert np.abs(a[:, None] - b).min() > gap
        # no more is left out
        assert len(train) + len(val) + len(test) >= (LENGTH - 3 * gap) / LENGTH * len(SUBJECT)


def test_a_gap_counts_positions_not_rows():
    kept = POSITION % 3 > 0  # a third of the segments was rejected
    subset = [part[kept] for part in COHORT]
    for fold in recording_splits("blocked_segments", *subset, gap=2):
        train, _, test = parts(fold)
        for number in np.unique(RECORDING):
            a, b = (subset[4][part[subset[1][part] == number]] for part in (train, test))
            assert np.abs(a[:, None] - b).min() > 2


def test_by_clip_tests_on_clips_nobody_trained_on_but_on_known_people():
    folds = recording_splits("by_clip", *COHORT)
    assert len(folds) == CLIPS and sorted(np.concatenate([parts(fold)[2] for fold in folds
                                                          ])) == list(range(len(SUBJECT)))
    for fold in folds:
        train, val, test = parts(fold)
        assert not set(CLIP[test]) & set(CLIP[np.concatenate([train, val])]) and len(set(
            CLIP[test])) == EMOTIONS
        assert not set(RECORDING[val]) & set(RECORDING[train]) and set(SUBJECT[test]) == set(
            SUBJECT[train])
        assert len(set(RECORDING[val])) == EMOTIONS  # 15 % of 7 recordings of an emotion is one
    more = recording_splits("by_clip", *cohort(clips=3), n_folds=2)
    assert [len(set(cohort(clips=3)[2][parts(fold)[2]])) for fold in more] == [8, 4]


def test_by_subject_leaves_each_subject_out_once():
    folds = recording_splits("by_subject", *COHORT)
    people = [[set(SUBJECT[part]) for part in parts(fold)] for fold in folds]
    assert sorted(next(iter(test)) for _, _, test in people) == list(range(PEOPLE))
    assert all(
        len(test) == len(val) == 1 and not (train & val or train & test or val & test)
        for train, val, test in people)


def test_permuted_labels_stay_with_recordings_and_subjects():
    permuted = permute_labels(EMOTION, RECORDING, SUBJECT, seed=3)
    assert all(len(set(permuted[RECORDING == number])) == 1 for number in np.unique(RECORDING))
    for person in range(PEOPLE):
        assert np.array_equal(np.bincount(permuted[SUBJECT == person]),
                              np.bincount(EMOTION[SUBJECT == person]))
    first = np.unique(RECORDING, return_index=True)[1]
    agree = [
        np.mean(permute_labels(EMOTION, RECORDING, SUBJECT, seed)[first] == EMOTION[first])
        for seed in range(60)
    ]
    # 2 of 8 recordings of a subject have each emotion
    assert np.mean(agree) == pytest.approx(1 / 4, abs=0.03)
    assert np.array_equal(permuted, permute_labels(EMOTION, RECORDING, SUBJECT, seed=3))


def test_recognising_recordings_scores_high_in_random_and_blocked_splits_whatever_the_labels():
    rng = np.random.default_rng(0)
    fingerprint = rng.normal(size=(1000, 12))[RECORDING]
    x = 2 * fingerprint + rng.normal(size=(len(SUBJECT), 12))  # no emotion in it
    for y in (EMOTION, permute_labels(EMOTION, RECORDING, SUBJECT)):
        score = {}
        for name in RECORDING_SPLITS:
            right = [
                KNeighborsClassifier(5).fit(x[list(f.train)],
                                            y[list(f.train)]).score(x[list(f.test)],
                                                                    y[list(f.test)])
                for f in recording_splits(name, *COHORT)
            ]
            score[name] = np.mean(right)
        assert min(score["random_segments"], score["blocked_segments"]) > 0.7
        assert max(score["by_clip"], score["by_subject"]) < 0.4


def test_bad_input_is_named():
    with pytest.raises(ValueError,
                       match="no split 'by_trial' of recordings; there are random_segments"):
        recording_splits("by_trial", *COHORT)
    with pytest.raises(ValueError, match="two clips of each emotion"):
        recording_splits("by_clip", *cohort(clips=1))
    alone = [part[SUBJECT == 0] for part in COHORT]
    with pytest.raises(ValueError, match="two recordings or more of each training clip"):
        recording_splits("by_clip", *alone)
    with pytest.raises(ValueError, match="three blocks or more"):
        recording_splits("blocked_segments", *COHORT, n_folds=2)
    with pytest.raises(ValueError, match=r"blocks of 5.4 segments and a gap of 30 leave nothing"):
        recording_splits("blocked_segments", *COHORT, gap=30)
    with pytest.raises(ValueError, match="one emotion and one subject"):
        permute_labels(EMOTION, CLIP, SUBJECT)
