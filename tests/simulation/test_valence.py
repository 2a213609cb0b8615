"""The law of the simulated valence traces against what was measured on the 239 real labels."""

from __future__ import annotations

import numpy as np
import pytest

from lib.simulation.valence import REAL_TRIALS, Trace, draw_traces, plan, real_plan, stream


def _ccc(a, b):
    return 2 * np.cov(a, b, bias=True)[0, 1] / (a.var() + b.var() + (a.mean() - b.mean())**2)


@pytest.fixture(scope="module")
def real_cohorts():
    cohorts = []
    for seed in range(4):
        watched = real_plan(seed)
        cohorts.append((watched, [t.label for t in draw_traces(watched, seed)]))
    return cohorts


def _statistics(watched, labels):
    y, means, n = np.concatenate(labels), np.array([x.mean() for x in labels
                                                    ]), np.array([len(x) for x in labels])
    others = [[
        y for v, y in zip(watched, labels, strict=True)
        if v.clip == w.clip and v.subject != w.subject
    ] for w in watched]
    guess = [np.mean(traces, axis=0) for traces in others]
    between = np.sum(n * (means - y.mean())**2) / n.sum() / y.var()
    return {
        "std": y.std(), "between": between, "within": np.mean([x.std() for x in labels]),
        "mean": y.mean(), "min": y.min(), "max": y.max(), "positive": np.mean(means > 0),
        "stimulus": _ccc(np.concatenate(guess), y)
    }


@pytest.mark.parametrize("name, measured, tolerance", [("std", 0.0705, 0.006),
                                                       ("between", 0.56, 0.06),
                                                       ("within", 0.039, 0.004),
                                                       ("mean", 0.0146, 0.01),
                                                       ("min", -0.332, 0.12), ("max", 0.454, 0.15),
                                                       ("positive", 0.54, 0.07),
                                                       ("stimulus", 0.504, 0.08)])
def test_law_of_labels(real_cohorts, name, measured, tolerance):
    assert np.mean([_statistics(*cohort)[name]
                    for cohort in real_cohorts]) == pytest.approx(measured, abs=tolerance)


def test_real_shape():
    watched = real_plan()
    assert len(watched) == 239 and {w.subject for w in watched} == set(REAL_TRIALS)
    assert {s: sum(w.subject == s for w in watched) for s in REAL_TRIALS} == REAL_TRIALS
    lengths = {w.clip: w.steps for w in watched}
    assert len(lengths) == 20 and len(set(lengths.values())) == 16
    assert min(lengths.values()) == 140 and max(lengths.values()) == 469


def test_label_is_the_latent_one_to_two_seconds_late():
    watched = plan(4, 5, (90, 110), seed=1)
    lags = []
    for trace in draw_traces(watched, 1):
        start = len(trace.latent) - len(trace.label)
        r = [
            np.corrcoef(trace.latent[start - lag:len(trace.latent) - lag][32:],
                        trace.label[32:])[0, 1] for lag in range(start)
        ]
        lags.append(int(np.argmax(r)) / 4)
    assert 1.0 <= np.median(lags) <= 2.0


def test_null_latents_share_nothing():
    watched = plan(27, 5, (40, 40), seed=2)
    felt, null = draw_traces(watched, 2), draw_traces(watched, 2, shared=False)
    start = len(felt[0].latent) - len(felt[0].label)

    def same_clip(traces):
        means = np.array([t.latent[start:].mean() for t in traces])
        clips = np.array([w.clip for w in watched])
        return np.var([means[clips == c].mean() for c in range(5)]) / np.var(means)

    assert same_clip(felt) > 0.2 > 0.1 > same_clip(null)
    a, b = (np.concatenate([t.latent[start:] for t in traces]) for traces in (felt, null))
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.15
    assert b.std() == pytest.approx(a.std(), rel=0.15)


def test_latent_at_fades_outside_the_stimulus():
    trace = Trace(np.ones(16 + 40), np.ones(40))
    np.testing.assert_allclose(trace.latent_at(np.array([-3.0, -1.0, 0.0, 5.0, 10.0, 11.0, 12.5])),
                               [0, 0.5, 1, 1, 1, 0.5, 0], atol=1e-12)


def test_streams_and_plans_are_stable():
    assert stream(1, "a", 2).random() == stream(1, "a", 2).random() != stream(1, "a", 3).random()
    assert plan(3, 4, seed=5) == plan(3, 4, seed=5)
    # another subject changes nothing for the others
    assert plan(2, 4, seed=5) == plan(3, 4, seed=5)[:8]
