"""Decision fusion of the face and the EEG (paper 4, Sec 5.4).

The paper combines the outputs of its two models and prints no rule, no weight and no fused score.
It shows one case that a rule must get right: a sad face without expression, which the face model
calls neutral and the EEG model sadness. These are the rules that fit this and are in common use.
"""

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression

TINY = 1e-6  # choice: the least probability, so that no model can veto a class
LARGEST = 10.0  # choice: temperatures from 1 / 10 to 10
NEUTRAL = 3  # of happiness, sadness, fear, neutral
CONFIDENT = 0.5  # choice: of the EEG's highest probability, for the neutral override
Pair = tuple[np.ndarray, np.ndarray]


def _log(p: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(p, TINY))


def temperature(p: np.ndarray, y: np.ndarray) -> float:
    """The T for which ``softmax(log p / T)`` has the lowest cross-entropy, from 0.1 to 10; above 1
    where p was too sure.

    Parameters
    ----------
    p : array ``(n, K)``
        Posteriors of validation segments.
    y : array ``(n,)``
        Their classes, 0 to K - 1.
    """
    logits, rows = _log(p), np.arange(len(y))
    found = minimize_scalar(lambda t: -log_softmax(logits / np.exp(t), axis=1)[rows, y].mean(),
                            method="bounded", bounds=(-np.log(LARGEST), np.log(LARGEST)))
    return float(np.exp(found.x))


def calibrate(p: np.ndarray, T: float) -> np.ndarray:
    """``softmax(log p / T)`` of each row ``(n, K)``: the same order of classes, other
    confidence."""
    return softmax(_log(p) / T, axis=1)


def _weighted(face: np.ndarray, eeg: np.ndarray, weight: float) -> np.ndarray:
    return weight * face + (1 - weight) * eeg


def _product(face: np.ndarray, eeg: np.ndarray, val: Pair, y: np.ndarray) -> np.ndarray:
    return softmax(_log(face) + _log(eeg), axis=1)


def _validation_weighted(face: np.ndarray, eeg: np.ndarray, val: Pair, y: np.ndarray) -> np.ndarray:
    right = [float(np.mean(p.argmax(axis=1) == y)) for p in val]
    return _weighted(face, eeg, right[0] / sum(right) if sum(right) else 0.5)


def _maximum(face: np.ndarray, eeg: np.ndarray, val: Pair, y: np.ndarray) -> np.ndarray:
    return np.where(face.max(axis=1, keepdims=True) > eeg.max(axis=1, keepdims=True), face, eeg)


def _neutral_override(face: np.ndarray, eeg: np.ndarray, val: Pair, y: np.ndarray) -> np.ndarray:
    override = (face.argmax(axis=1) == NEUTRAL) & (eeg.max(axis=1) >= CONFIDENT)
    return np.where(override[:, None], eeg, _weighted(face, eeg, 0.5))


def _stacking(face: np.ndarray, eeg: np.ndarray, val: Pair, y: np.ndarray) -> np.ndarray:
    model = LogisticRegression(max_iter=1000).fit(np.hstack([_log(p) for p in val]), y)
    out = np.zeros(eeg.shape)
    out[:, model.classes_] = model.predict_proba(np.hstack([_log(face), _log(eeg)]))
    return out


RULES: dict[str, Callable[..., np.ndarray]] = {
    "sum": lambda face, eeg, val, y: _weighted(face, eeg, 0.5), "product": _product,
    "validation_weighted": _validation_weighted, "maximum": _maximum,
    "neutral_override": _neutral_override, "stacking": _stacking,
}


def fuse(rule: str, p_face: np.ndarray, p_eeg: np.ndarray, *, val: tuple[np.ndarray, np.ndarray,
                                                                         np.ndarray]) -> np.ndarray:
    """Fused posteriors of the segments of a test fold.

    Both posteriors are first calibrated by a temperature fitted on validation segments. The rules:
    ``sum``: their mean, the default of the project (choice). ``product``: ``p_face p_eeg``, which
    is Bayes' rule for signals that are independent given the class, as the face's network learned
    with classes weighed alike and the shares of the classes are in the EEG's.
    ``validation_weighted``: mean weighted by the validation accuracies. ``maximum``: the model that
    is more sure, the EEG where both are equally so. ``neutral_override``: the EEG where the face
    says neutral and the EEG's highest probability is at least one half, else ``sum``. ``stacking``:
    logistic regression on both log posteriors, fitted on validation.

    Parameters
    ----------
    rule : str
        One of :data:`RULES`.
    p_face, p_eeg : array ``(n, K)``
        Posteriors of the same segments. A row of NaN in ``p_face``: no face was seen, and the
        calibrated EEG is returned. For ``neutral_override`` class 3 is neutral.
    val : (array, array, array)
        ``p_face``, ``p_eeg`` and classes ``y`` of validation segments. Those without a face are
        left out of all that concerns the face.

    Returns
    -------
    array ``(n, K)``
        Rows sum to 1.

    Raises
    ------
    ValueError
        For an unknown rule, shapes that do not agree, or no validation segment with a face.
    """
    if rule not in RULES:
        raise ValueError(f"no rule {rule!r}; there are {', '.join(RULES)}")
    (face, eeg), (val_face, val_eeg) = ([np.asarray(p, float) for p in pair]
                                        for pair in ((p_face, p_eeg), val[:2]))
    y = np.asarray(val[2], int)
    if face.shape != eeg.shape or val_face.shape != val_eeg.shape or val_eeg.shape != (
            len(y), eeg.shape[1]):
        raise ValueError(f"posteriors (n, K) of the same segments are needed, not {face.shape} and "
                         f"{eeg.shape}, and for validation "
                         f"{val_face.shape}, {val_eeg.shape} and classes {y.shape}")
    seen, val_seen = (~np.isnan(p).any(axis=1) for p in (face, val_face))
    if not val_seen.any():
        raise ValueError(
            "no validation segment has a face, so nothing can be learnt about the face model")
    t_face, t_eeg = temperature(val_face[val_seen], y[val_seen]), temperature(val_eeg, y)
    out = calibrate(eeg, t_eeg)
    known = calibrate(val_face[val_seen], t_face), calibrate(val_eeg[val_seen], t_eeg)
    if seen.any():
        out[seen] = RULES[rule](calibrate(face[seen], t_face), out[seen], known, y[val_seen])
    return out


def pool_frames(p: np.ndarray, times: np.ndarray, starts: np.ndarray,
                window: float = 3.0) -> np.ndarray:
    """Mean posterior of the video frames within each EEG segment.

    Parameters
    ----------
    p : array ``(n_frames, K)``
        Posterior of each frame; NaN where no face was found, and such a frame is skipped.
    times : array ``(n_frames,)``
        s, rising.
    starts : array ``(n,)``
        Of the segments, s on the same clock.
    window : float
        s; a frame at ``start + window`` belongs to the next segment. Sec 5.4: 3.

    Returns
    -------
    array ``(n, K)``
        A row of NaN where no frame of the segment has a face.
    """
    seen = ~np.isnan(p).any(axis=1)
    starts = np.asarray(starts, float)
    first, last = np.searchsorted(times, starts), np.searchsorted(times, starts + window)
    out = np.full((len(starts), p.shape[1]), np.nan)
    for i, frames in enumerate(map(slice, first, last)):
        if seen[frames].any():
            out[i] = p[frames][seen[frames]].mean(axis=0)
    return out


def decision_delay(compute: float, window: float = 3.0, lag: float = 2.0) -> float:
    """Seconds from the first moment of a segment to the decision about it: its length, the lag
    between EEG and video, the computation.

    Sec 5.4: 3 s, 2 s and 1.5 s, that is 6.5 s; the paper prints no sum. ``lag`` may be negative,
    where the video is late: the later of the two is waited for.
    """
    return window + abs(lag) + compute
