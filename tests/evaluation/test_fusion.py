"""Decision fusion: the paper's example, agreement, missing faces, calibration, symmetry."""

import numpy as np
import pytest
from scipy.special import softmax

from lib.evaluation.fusion import RULES, calibrate, decision_delay, fuse, pool_frames, temperature

HAPPINESS, SADNESS, FEAR, NEUTRAL = range(4)


def posteriors(y, skill, rng, sharp=1.0):
    """Posteriors that Bayes' rule gives for noisy evidence of strength ``skill``, sharpened by
    ``sharp``."""
    evidence = skill * np.eye(4)[y] + rng.normal(size=(len(y), 4))
    return softmax(sharp * skill * evidence, axis=1)


def validation(n=600, face=1.2, eeg=2.0, sharp=(1.0, 1.0)):
    rng = np.random.default_rng(0)
    y = rng.integers(4, size=n)
    return posteriors(y, face, rng, sharp[0]), posteriors(y, eeg, rng, sharp[1]), y


VAL = validation()


@pytest.mark.parametrize("rule", RULES)
def test_the_sad_face_without_expression_is_called_sad(rule):
    face, eeg = np.array([[0.05, 0.35, 0.05, 0.55]]), np.array([[0.02, 0.94, 0.02, 0.02]])
    assert fuse(rule, face, eeg, val=VAL).argmax() == SADNESS


@pytest.mark.parametrize("rule", RULES)
def test_agreement_is_kept_and_rows_sum_to_one(rule):
    rng = np.random.default_rng(1)
    face, eeg = (rng.dirichlet(np.ones(4), 400) for _ in range(2))
    fused = fuse(rule, face, eeg, val=VAL)
    np.testing.assert_allclose(fused.sum(1), 1)
    assert fused.min() >= 0
    sure = 4 * np.eye(4) + 0.5
    sure /= sure.sum(1, keepdims=True)
    assert fuse(rule, sure, sure, val=VAL).argmax(1).tolist() == [0, 1, 2, 3]
    if rule != "stacking":  # which also knows which classes are frequent
        both = face.argmax(1) == eeg.argmax(1)
        assert np.array_equal(fused.argmax(1)[both], face.argmax(1)[both])


@pytest.mark.parametrize("rule", RULES)
def test_without_a_face_the_eeg_decides(rule):
    face, eeg, _ = (part[:50].copy() for part in VAL)
    face[::3] = np.nan
    fused = fuse(rule, face, eeg, val=VAL)
    assert np.array_equal(fused[::3].argmax(1), eeg[::3].argmax(1)) and np.isfinite(fused).all()
    np.testing.assert_allclose(fused[::3], calibrate(eeg, temperature(VAL[1], VAL[2]))[::3])
    np.testing.assert_allclose(fused[1::3], fuse(rule, face[1::3], eeg[1::3], val=VAL))
    gone = VAL[0].copy()
    gone[:100] = np.nan
    assert np.isfinite(fuse(rule, face, eeg, val=(gone, *VAL[1:]))).all()
    with pytest.raises(ValueError, match="no validation segment has a face"):
        fuse(rule, face, eeg, val=(np.full_like(VAL[0], np.nan), *VAL[1:]))


@pytest.mark.parametrize("rule", RULES)
def test_names_of_classes_do_not_matter(rule):
    rng = np.random.default_rng(2)
    face, eeg = (rng.dirichlet(np.ones(4), 100) for _ in range(2))
    order = np.array([2, 0, 1, 3])  # neutral, which one rule singles out, keeps its place
    renamed = fuse(rule, face[:, order], eeg[:, order],
                   val=(VAL[0][:, order], VAL[1][:, order], np.argsort(order)[VAL[2]]))
    np.testing.assert_allclose(renamed,
                               fuse(rule, face, eeg, val=VAL)[:, order],
                               atol=1e-3 if rule == "stacking" else 1e-9)


def test_fusion_gains_where_both_models_know_something():
    face, eeg, y = (part[300:] for part in VAL)
    alone = max(np.mean(p.argmax(1) == y) for p in (face, eeg))
    score = {
        rule: np.mean(fuse(rule, face, eeg, val=tuple(part[:300] for part in VAL)).argmax(1) == y)
        for rule in RULES
    }
    assert score["product"] > alone + 0.02 and score["stacking"] > alone + 0.02 and min(
        score.values()) > alone - 0.1
    useless = np.random.default_rng(3).dirichlet(np.ones(4), 600)
    stacked = fuse("stacking", useless[300:], eeg, val=(useless[:300], VAL[1][:300], VAL[2][:300]))
    assert np.mean(stacked.argmax(1) == y) > np.mean(eeg.argmax(1) == y) - 0.03


def test_known_answers_of_the_rules():
    # classes 0 and 1 right nine times in ten by both: already calibrated
    p = np.array([[0.9, 0.1, 0, 0], [0.1, 0.9, 0, 0]]).clip(1e-6).repeat(10, axis=0)
    y = np.array([0] * 9 + [1] + [1] * 9 + [0])
    assert temperature(p, y) == pytest.approx(1, abs=1e-3)
    face, eeg = np.array([[0.6, 0.2, 0.1, 0.1]]), np.array([[0.1, 0.7, 0.1, 0.1]])

    def values(rule):
        return fuse(rule, face, eeg, val=(p, p, y))[0]

    np.testing.assert_allclose(values("sum"), [0.35, 0.45, 0.1, 0.1], atol=1e-3)
    np.testing.assert_allclose(values("maximum"), eeg[0], atol=1e-3)
    np.testing.assert_allclose(values("validation_weighted"), [0.35, 0.45, 0.1, 0.1], atol=1e-3)
    product = face[0] * eeg[0]
    np.testing.assert_allclose(values("product"), product / product.sum(), atol=2e-3)


def test_product_is_bayes_rule_for_a_face_model_that_weighs_classes_alike():
    rng, prior = np.random.default_rng(0), np.array([0.1, 0.1, 0.1, 0.7])
    y = rng.choice(4, size=8000, p=prior)
    said = [1.5 * np.eye(4)[y] + rng.normal(size=(len(y), 4)) for _ in range(2)]
    face, eeg = softmax(1.5 * said[0], axis=1), softmax(1.5 * said[1] + np.log(prior), axis=1)
    known, new = slice(4000), slice(4000, None)
    fused = fuse("product", face[new], eeg[new], val=(face[known], eeg[known], y[known]))
    bayes = softmax(1.5 * sum(said) + np.log(prior), axis=1)[new]
    assert np.mean(fused.argmax(1) == bayes.argmax(1)) > 0.97
    assert np.mean(fused.argmax(1) == y[new]) > np.mean(eeg[new].argmax(1) == y[new]) + 0.05


def test_validation_weights_are_shares_of_accuracy():
    y = np.zeros(100, int)
    right, wrong = [0.7, 0.1, 0.1, 0.1], [0.1, 0.7, 0.1, 0.1]
    face, eeg = (np.array([right] * n + [wrong] * (100 - n)) for n in (90, 60))
    fused = fuse("validation_weighted", np.eye(4)[[2]], np.eye(4)[[3]], val=(face, eeg, y))
    t = [temperature(p, y) for p in (face, eeg)]
    weight = 0.9 / 1.5
    expected = weight * calibrate(np.eye(4)[[2]], t[0]) + (1 - weight) * calibrate(
        np.eye(4)[[3]], t[1])
    np.testing.assert_allclose(fused, expected)


def test_temperature_undoes_sharpening():
    p, _, y = validation(4000)
    base = temperature(p, y)
    assert base == pytest.approx(1, abs=0.1)
    for sharp in (0.5, 2.0):
        assert temperature(softmax(sharp * np.log(p), axis=1),
                           y) == pytest.approx(sharp * base, rel=0.02)
    assert temperature(0.6 * np.eye(4)[y] + 0.1, y) < 0.5 and temperature(
        np.eye(4)[(y + 1) % 4], y) > 9


def test_neutral_override_needs_a_neutral_face_and_a_sure_eeg():
    face = np.array([[0.1, 0.1, 0.1, 0.7], [0.1, 0.1, 0.1, 0.7], [0.1, 0.7, 0.1, 0.1]])
    eeg = np.array([[0.02, 0.02, 0.94, 0.02], [0.28, 0.24, 0.24, 0.24], [0.02, 0.02, 0.94, 0.02]])
    fused, mean = (fuse(rule, face, eeg, val=VAL) for rule in ("neutral_override", "sum"))
    assert fused[0].argmax() == FEAR and np.array_equal(
        fused[1:], mean[1:]) and not np.allclose(fused[0], mean[0])


def test_frames_are_pooled_by_segment_and_those_without_a_face_skipped():
    p = np.array([[0.8, 0.2], [np.nan, np.nan], [0.4, 0.6], [0.1, 0.9], [np.nan, np.nan]])
    times = np.array([0.0, 1.0, 2.9, 3.0, 6.5])
    pooled = pool_frames(p, times, np.array([0.0, 3.0, 6.0, 9.0]))
    np.testing.assert_allclose(pooled[:2], [[0.6, 0.4], [0.1, 0.9]])
    assert np.isnan(pooled[2:]).all()


def test_decision_delay_of_the_paper():
    assert decision_delay(1.5) == 6.5 == decision_delay(1.5, lag=-2.0)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="no rule 'vote'; there are sum"):
        fuse("vote", VAL[0], VAL[1], val=VAL)
    with pytest.raises(ValueError, match=r"not \(3, 4\) and \(600, 4\)"):
        fuse("sum", VAL[0][:3], VAL[1], val=VAL)
