"""Windows of trials that lie one after another in one array. No window crosses from one trial into
the next."""

import numpy as np


def trial_slices(lengths) -> list[slice]:
    """Where each trial lies on the concatenated time axis."""
    ends = np.cumsum(lengths)
    return [slice(int(end - length), int(end)) for length, end in zip(lengths, ends, strict=True)]


def window_starts(lengths, trials, size: int, hop: int) -> np.ndarray:
    """First step of every window of the chosen trials, on the concatenated time axis.

    Each trial gives windows every ``hop`` steps and one more aligned to its end, so that every step
    is covered.

    Raises
    ------
    ValueError
        Where a trial is shorter than a window.
    """
    starts: list[int] = []
    slices = trial_slices(lengths)
    for i in trials:
        where = slices[i]
        last = where.stop - size
        if last < where.start:
            raise ValueError(f"trial {i} has {lengths[i]} steps, fewer than a window of {size}")
        starts += [*range(where.start, last, hop), last]
    return np.array(starts, dtype=np.int64)


def overlap_mean(windows: np.ndarray, starts: np.ndarray, n_times: int) -> np.ndarray:
    """Average overlapping window values ``(..., n_windows, size)`` per time step: ``(...,
    n_times)``, NaN where uncovered."""
    index = starts[:, None] + np.arange(windows.shape[-1])
    total, count = np.zeros((*windows.shape[:-2], n_times)), np.zeros(n_times)
    np.add.at(total, (..., index), windows)
    np.add.at(count, index, 1)
    with np.errstate(invalid="ignore"):
        return total / np.where(count, count, np.nan)
