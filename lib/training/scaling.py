"""Standardise with numbers of the training examples only, or of each subject."""

from collections.abc import Sequence

import numpy as np


def standardise(x: np.ndarray, train: Sequence[int] | np.ndarray, subject: np.ndarray | None = None,
                scaling: str = "train") -> np.ndarray:
    """Segments ``(n_segments, n_channels, n_times)`` per channel, or features ``(n_segments,
    n_features)``; a channel that is flat in the training segments becomes zero.

    Parameters
    ----------
    train : sequence of int
        Training segments.
    subject : array, optional
        ``(n_segments,)``; for ``scaling="subject"``.
    scaling : {"train", "subject"}
        ``train``: mean and spread of the training segments. ``subject``: of each subject over all
        his segments (paper 2, Sec 4.1.2; transductive: it uses unlabelled test data of the same
        person).
    """
    if scaling not in {"subject", "train"}:
        raise ValueError(f"scaling is 'subject' or 'train', not {scaling!r}")
    out, axes = np.empty(x.shape, np.float32), (0, *range(2, x.ndim))
    groups = np.asarray(subject) if scaling == "subject" else np.zeros(len(x), int)
    if groups.shape != (len(x),) or (groups != groups).any():
        raise ValueError(f"expected a subject for each of {len(x)} segments, found {subject!r}")
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        known = x[rows if scaling == "subject" else np.asarray(train)]
        mean, sd = (f(known, axis=axes, dtype=np.float64, keepdims=True) for f in (np.mean, np.std))
        varies = sd > 1e-6 * np.abs(mean)  # float32 resolves 1e-7 of the mean
        out[rows] = np.where(varies, (x[rows] - mean) / np.where(varies, sd, 1), 0)
    return out
