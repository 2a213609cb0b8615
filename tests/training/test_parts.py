"""Losses, splits and windows: known answers and what must never happen."""

import numpy as np
import pytest
import torch

from lib.papers.rmmt.training import scale
from lib.training.losses import ccc, ccc_loss, kd_loss
from lib.training.scaling import standardise
from lib.training.splits import SPLITS, by_subject, by_trial, contiguous_trials
from lib.training.windows import overlap_mean, trial_slices, window_starts

SUBJECTS = np.repeat([1, 2, 4, 7, 9], [12, 7, 11, 10, 9])
# MAHNOB-HCI, 239 in all
TRIALS_PER_SUBJECT = [
    19, 5, 13, 9, 13, 9, 13, 13, 5, 6, 13, 2, 1, 11, 17, 10, 14, 15, 12, 16, 6, 4, 10, 3
]


def test_ccc_known_answers():
    y = torch.tensor([1.0, 2.0, 3.0, 4.0])
    assert ccc(y, y) == pytest.approx(1)
    assert ccc(-y, y) < 0
    assert ccc(y + 1, y) == pytest.approx(2 * 1.25 / (2.5 + 1))
    assert ccc(torch.ones(4), y) == pytest.approx(0, abs=1e-6)


def test_scope_of_the_ccc_loss():
    y = torch.randn(5, 30) + torch.arange(5.0)[:, None]
    guess = y - y.mean(1, keepdim=True)  # right inside every window, wrong between windows
    assert ccc_loss(guess, y, "batch") > ccc_loss(y, y, "batch") + 0.3
    assert ccc_loss(guess + y.mean(1, keepdim=True), y, "window") == pytest.approx(0, abs=1e-5)


def test_an_unknown_scope_is_named():
    with pytest.raises(ValueError, match="'batch' or 'window', not 'batches'"):
        ccc_loss(torch.zeros(1, 4), torch.zeros(1, 4), "batches")


def test_kd_loss_is_the_mean_difference_and_detaches():
    x_e, x_f = torch.zeros(2, 3, 4, requires_grad=True), torch.full((2, 3, 4), 2.0,
                                                                    requires_grad=True)
    assert kd_loss(x_e, x_f) == 2
    kd_loss(x_e, x_f, detach=True).backward()
    assert x_e.grad is not None and x_f.grad is None


@pytest.mark.parametrize("name", SPLITS)
def test_every_trial_is_tested_once_and_never_trained_on_in_its_fold(name):
    folds = SPLITS[name](SUBJECTS)
    assert sorted(i for fold in folds for i in fold.test) == list(range(len(SUBJECTS)))
    for fold in folds:
        assert sorted(fold.train + fold.val + fold.test) == list(range(len(SUBJECTS)))
        assert fold.name == name


def test_sizes_of_the_paper():
    subjects = np.repeat(np.arange(24), TRIALS_PER_SUBJECT)
    folds = contiguous_trials(subjects)
    sizes = [(len(f.train), len(f.val), len(f.test)) for f in folds]
    assert sizes.count((129, 86, 24)) == 9 and sizes.count((129, 87, 23)) == 1
    shared = [
        len(set(subjects[list(f.train + f.val)]) & set(subjects[list(f.test)])) for f in folds
    ]
    assert max(shared) <= 2 and min(shared) == 0  # nearly subject-disjoint
    assert len(by_subject(subjects)) == 24


def test_by_subject_keeps_subjects_apart_and_random_folds_do_not():
    for fold in by_subject(SUBJECTS):
        assert not set(SUBJECTS[list(fold.test)]) & set(SUBJECTS[list(fold.train + fold.val)])
    assert any(
        set(SUBJECTS[list(f.test)]) & set(SUBJECTS[list(f.train)]) for f in by_trial(SUBJECTS))


def test_contiguous_folds_need_sorted_subjects():
    with pytest.raises(ValueError, match="sorted by subject"):
        contiguous_trials([2, 1, 1])


def test_windows_cover_each_trial_and_never_cross_into_the_next():
    lengths = np.array([100, 96, 141])
    starts = window_starts(lengths, [0, 2], size=96, hop=32)
    assert starts.tolist() == [0, 4, 196, 228, 241]
    trial = np.repeat(np.arange(3), lengths)
    index = starts[:, None] + np.arange(96)
    assert all(len(set(trial[row])) == 1 for row in index)
    assert set(index.ravel()) == {*range(100), *range(196, 337)}
    with pytest.raises(ValueError, match="trial 1 has 96 steps, fewer than a window of 97"):
        window_starts(lengths, [1], size=97, hop=32)


def test_overlap_mean_inverts_windowing_and_leaves_the_rest_nan():
    lengths = [50, 70]
    trace = np.random.default_rng(0).normal(size=(2, 120))
    starts = window_starts(lengths, [1], size=24, hop=10)
    back = overlap_mean(trace[:, starts[:, None] + np.arange(24)], starts, 120)
    where = trial_slices(lengths)[1]
    np.testing.assert_allclose(back[:, where], trace[:, where])
    assert np.isnan(back[:, :50]).all()


def test_folds_that_cannot_be_made_are_named():
    for cut, why in ((lambda: by_trial([1, 1, 2], 10), "fold 3: .* and 0 be tested"),
                     (lambda: by_subject(["a", "a"]), "0 of 2 would train"),
                     (lambda: contiguous_trials([1] * 10, 5, inner=0.0), "0 of 10 would train"),
                     (lambda: contiguous_trials([1] * 10, 5, inner=1.5), "inner is a share")):
        with pytest.raises(ValueError, match=why):
            cut()


def test_what_stands_still_in_training_is_no_signal():
    x = np.random.default_rng(0).normal([0.0, 5.0], size=(12, 2))
    x[:8, 1] = 5.0  # the trials that train; the last one moves
    for baseline in (0, 2):
        scaled = scale(x, [4, 4, 4], [1, 2, 3], [0, 1], "train", baseline)
        assert not scaled[:, 1].any() and scaled[:8, 0].std() == pytest.approx(1, abs=0.3)


def test_scaling_by_subject_wants_a_subject_for_each_segment():
    x = np.ones((4, 2), np.float32)
    for wrong in (None, ["a", "b"], np.array([0, 0, np.nan, 1])):
        with pytest.raises(ValueError, match="a subject for each of 4 segments"):
            standardise(x, [0, 1], wrong, "subject")
    assert standardise(x, [0, 1], ["a", "a", "b", "b"], "subject").shape == (4, 2)
