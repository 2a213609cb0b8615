"""Controls of paper 2: what each may use, agreement with scikit-learn, chance on a null."""

from functools import partial

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.naive_bayes import GaussianNB

from lib.evaluation.classification import classification
from lib.papers.amigos.controls import coin_fold, control_fold, stimulus_fold
from lib.papers.amigos.training import high_labels
from lib.store import Store
from lib.training.controls import CLASSIFIERS, fisher_scores
from lib.training.folds import Call, cross_validate
from lib.training.scaling import standardise
from lib.training.splits import segment_splits

linear_fold, naive_bayes_fold, majority_fold = (partial(control_fold, model=name)
                                                for name in ("linear", "naive Bayes", "majority"))


def cohort(effect, seed=0, n_subjects=12, n_clips=6, n_segments=5):
    """Each subject's features are shifted by a large amount of his own; ``effect`` lets the rating
    of a trial into one of each kind."""
    rng = np.random.default_rng(seed)
    trial = np.repeat(np.arange(n_subjects * n_clips), n_segments)
    rating = rng.uniform(1, 9, n_subjects * n_clips)
    data = {
        "trial": trial, "subject": trial // n_clips,
        "stimulus": np.array([f"clip {i}" for i in trial % n_clips])
    }
    for kind, width in (("eeg", 8), ("ecg", 3)):
        x = 5 * rng.standard_normal((n_subjects, width))[data["subject"]] + rng.standard_normal(
            (len(trial), width))
        x[:, 0] += effect * (rating[trial] - 5)
        data[f"features_{kind}"] = x.astype(np.float32)
    return data | {"arousal": rating[trial], "valence": rating[::-1][trial]}


def parts(fold):
    return {key: getattr(fold, key) for key in ("train", "val", "test")}


def accuracy(data, work, split="by_trial", **settings):
    scores = []
    for fold in segment_splits(split, data["subject"], data["trial"], n_folds=6):
        y = high_labels(data["arousal"], data["trial"], fold.train)[list(fold.test)]
        result = work(data, parts(fold), 0, target="arousal", **settings)
        assert {k: (v.shape, v.dtype) for k, v in result.items()
                } == {k: ((len(parts(fold)[k]),), np.float32) for k in ("val", "test")}
        scores.append(classification(y, result["test"] > 0.5)["accuracy"])
    return np.mean(scores)


@pytest.mark.parametrize("work", [linear_fold, naive_bayes_fold])
@pytest.mark.parametrize("modality", ["eeg", "ecg", "both"])
def test_an_effect_is_found_and_a_null_gives_chance(work, modality):
    found, null = (np.mean(
        [accuracy(cohort(effect, seed), work, modality=modality) for seed in range(3)])
                   for effect in (3.0, 0.0))
    # Ten seeds of one cohort: mean 0.89 to 0.90, spread 0.03; trained on shuffled ratings 0.58,
    # spread 0.13.
    assert found > 0.8
    # Ten such means (linear, and Bayes on EEG): 0.47 to 0.48, spread 0.04 at most.
    assert null == pytest.approx(0.5, abs=0.2)


def test_scaling_by_subject_takes_away_the_subject():
    own, train = (accuracy(cohort(1.0), linear_fold, "by_subject", modality="ecg", scaling=scaling)
                  for scaling in ("subject", "train"))
    assert own > train + 0.1


def test_a_coin_scores_half_where_the_majority_has_a_third():
    scores = {work: [] for work in (coin_fold, majority_fold)}
    data = cohort(0.0)
    for fold in segment_splits("by_subject", data["subject"], data["trial"], n_folds=6):
        y = high_labels(data["arousal"], data["trial"], fold.train)[list(fold.test)]
        for work, found in scores.items():
            p = work(data, parts(fold), 0, target="arousal")["test"]
            found.append(classification(y, p > 0.5)["F1"])
    assert np.mean(scores[coin_fold]) == pytest.approx(0.5, abs=0.03)
    assert np.mean(scores[majority_fold]) < 0.4


def test_majority_and_stimulus():
    data = cohort(0.0)
    data["arousal"] = np.where(np.isin(data["stimulus"], ["clip 0", "clip 1"]), 8.0,
                               np.where(data["stimulus"] == "clip 2", 7.0, 2.0))
    fold = parts(segment_splits("by_trial", data["subject"], data["trial"])[0])
    fold["train"] = tuple(i for i in fold["train"] if data["stimulus"][i] != "clip 2")
    y = high_labels(data["arousal"], data["trial"], fold["train"])
    result = stimulus_fold(data, fold, 0, "arousal")
    for part, p in result.items():
        rows = np.array(fold[part])
        known = data["stimulus"][rows] != "clip 2"
        assert np.array_equal(p[known], y[rows][known])
        assert np.allclose(p[~known], y[list(fold["train"])].mean())
        assert np.allclose(
            majority_fold(data, fold, 0, target="arousal")[part], y[list(fold["train"])].mean())
    assert np.any(data["stimulus"][list(fold["test"])] == "clip 2")
    coded = stimulus_fold(data | {"stimulus": np.unique(data["stimulus"], return_inverse=True)[1]},
                          fold, 0, "arousal")
    assert np.array_equal(coded["test"], result["test"])


def test_agree_with_scikit_learn_on_the_same_features():
    data = cohort(0.3)
    fold = parts(segment_splits("by_trial", data["subject"], data["trial"])[2])
    train, val, test = (list(fold[key]) for key in ("train", "val", "test"))
    y = high_labels(data["valence"], data["trial"], train)
    x = standardise(data["features_eeg"], train, data["subject"], "subject")
    fits = [
        LogisticRegression(C=candidate.C, max_iter=1000).fit(x[train], y[train])
        for candidate in CLASSIFIERS["linear"]
    ]
    best = fits[np.argmin([log_loss(y[val], fit.predict_proba(x[val])) for fit in fits])]
    assert np.allclose(
        linear_fold(data, fold, 0, target="valence", modality="eeg")["test"],
        best.predict_proba(x[test])[:, 1], atol=1e-6)
    j = fisher_scores(x[train], y[train])
    assert j.max() < 0.3  # so the best alone is used
    one = GaussianNB().fit(x[train][:, [j.argmax()]],
                           y[train]).predict_proba(x[test][:, [j.argmax()]])[:, 1]
    assert np.allclose(
        naive_bayes_fold(data, fold, 0, target="valence", modality="eeg")["test"], one, atol=1e-6)


def test_fisher_scores():
    x = np.array([[0.0, 1, 5], [2, 3, 5], [4, 1, 5], [6, 3, 5]])
    assert fisher_scores(x, np.array([0, 0, 1, 1])).tolist() == [16 / 2, 0, 0]


@pytest.mark.parametrize("work",
                         [linear_fold, naive_bayes_fold, stimulus_fold, majority_fold, coin_fold])
def test_labels_outside_training_are_not_used(work):
    data = cohort(0.5)
    fold = parts(segment_splits("by_trial", data["subject"], data["trial"])[1])
    hidden = data | {"arousal": data["arousal"].copy()}
    hidden["arousal"][list(fold["test"])] = np.nan
    assert np.array_equal(
        work(data, fold, 0, target="arousal")["test"],
        work(hidden, fold, 0, target="arousal")["test"])


def test_run_by_cross_validate(tmp_path):
    data = cohort(1.0)
    tasks = [
        Call("linear", fold, 0, {"target": "arousal", "model": "linear"})
        for fold in segment_splits("by_subject", data["subject"], data["trial"], 3)
    ]
    results = cross_validate(control_fold, data, tasks, engine="serial", store=Store(tmp_path))
    assert [len(r["test"]) for r in results] == [len(task.split.test) for task in tasks]
