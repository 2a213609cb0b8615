"""EEG and ECG to ten-second segments: filter, resample, cut (paper 2).

References
----------
Vazquez-Rodriguez, Lefebvre, Cumin & Crowley (2022), "the paper": Sec 4.1 (channels, lead), Sec
4.1.2 (the steps).
"""

import logging
from collections.abc import Sequence
from functools import cache
from itertools import chain

import numpy as np

from lib.datasets.amigos_format import ECG_LEFT, EEG_CHANNELS, RATE
from lib.datasets.base import BadFile, Cohort, Signal, Trial
from lib.preprocessing.filters import bandpass, cut, picked, resample
from lib.preprocessing.recordings import (attempts, checksum, content, each, none_usable, table,
                                          usable)
from lib.store import Store

log = logging.getLogger(__name__)
LEADS = {"eeg": EEG_CHANNELS, "ecg": (ECG_LEFT,)}
RATINGS = ("arousal", "valence")


def segments(cohort: Cohort, *, seconds: float = 10.0, rate: float = RATE,
             channels: Sequence[str] = EEG_CHANNELS, targets: Sequence[str] = RATINGS,
             jobs: int = 2, store: Store | None = None) -> dict:
    """Labelled segments of every trial, both signals side by side.

    The steps, in this order: non-finite samples are bridged by a straight line; `bandpass` at the
    original rate, baseline included; `resample`; the baseline is cut off; segments from the onset
    of the video, end to end. They are standardised later, by
    :func:`lib.training.scaling.standardise`, because that may need to know the fold.

    Parameters
    ----------
    cohort : Cohort
        Its trials carry the ``targets`` as labels and loaders for ``eeg`` and ``ecg``
        with named channels; signals start before the video (``Signal.start`` < 0) or with it.
    seconds, rate : float
        Length of a segment in s, Sec 4.1.2: 10; samples per second, Sec 4.1.2: 128.
    channels : sequence of str
        EEG channels in the wanted order. Of the ECG the left-arm lead is used (Sec 4.1).
    targets : sequence of str
        Labels of a trial.
    jobs : int
        Processes, of one thread each.
    store : Store, optional
        Each trial is remembered there under the content of its files.

    Returns
    -------
    dict
        ``eeg`` ``(N, 10, L)`` and ``ecg`` ``(N, 1, L)`` float32 in the owner's units; each of
        the ``targets`` ``(N,)`` float64, of the trial; ``trial`` ``(N,)`` int, its place in
        the cohort; ``subject`` ``(N,)`` int; ``stimulus``, ``session`` ``(N,)`` str; ``start``
        ``(N,)`` float64, s after the onset; ``dropped``, a mapping from a trial's name to why it,
        or some of its segments, are left out.

    Raises
    ------
    BadFile
        If no trial is usable.

    Notes
    -----
    choice: a segment is left out if either signal has a non-finite sample in it, so that all rows
    of a table stand on the same segments; the bridge keeps one gap from spreading over the trial. A
    rest of a video shorter than a segment is left out.
    """
    results = each(cohort.trials, trial_segments, jobs=jobs, store=store, seconds=seconds,
                   rate=rate, channels=tuple(channels))
    kept, dropped = usable(cohort, results, level=logging.INFO)
    data = table(kept, ("eeg", "ecg", "start"), "trial", ("subject", "stimulus", "session"),
                 dict.fromkeys(targets, float))
    return data | {"dropped": dropped}


def corpus_segments(cohorts: Sequence[Cohort], modality: str, *, seconds: float = 10.0,
                    rate: float = RATE, limit: int | None = None, seed: int = 0, jobs: int = 2,
                    store: Store | None = None) -> np.ndarray:
    """Unlabelled segments of whole recordings for pre-training ``(M, n_channels, L)`` float32.

    Bridged, filtered, resampled and cut as in `segments`, from the first sample on; then
    standardised per recording and channel. ``choice:`` per recording, where Sec 4.1.2 has "for each
    subject", as gains differ between the recordings of one subject.

    Parameters
    ----------
    cohorts : sequence of Cohort
        Their trials have a loader for ``modality``: ``eeg`` with the ten channels among its own, or
        ``ecg`` with one lead, at any rate.
    modality : {"eeg", "ecg"}
    seconds, rate, jobs, store
        See `segments`.
    limit : int, optional
        At most this many segments, drawn at random without replacement from all.
    seed : int
        Of that draw.

    Raises
    ------
    BadFile
        If no recording is usable.
    """
    trials, settings = list(chain(*cohorts)), (modality, seconds, rate, limit, seed)
    if store is None or not all(trial.files for trial in trials):
        return _drawn(trials, *settings, jobs)["segments"]
    once = cache(checksum)
    given = [(content(trial, read=once), trial.name) for trial in trials], settings
    return store.memoise(_drawn, trials, *settings, jobs, given=given)["segments"]


def trial_segments(trial: Trial, seconds: float, rate: float,
                   channels: Sequence[str]) -> dict[str, np.ndarray]:
    """Segments of one trial: ``eeg``, ``ecg``, ``start`` as `segments`; ``why`` some are left out,
    empty where none is."""
    if missing := [modality for modality in LEADS if modality not in trial.loaders]:
        raise BadFile(trial.name, "eeg and ecg", f"no {' and no '.join(missing)}",
                      "Leave this trial out.")
    cuts = {
        modality: _cut(trial.load(modality), names, seconds, rate, trial.name, baseline=True)
        for modality, names in (LEADS | {"eeg": channels}).items()
    }
    total = min(len(gaps) for _, gaps in cuts.values())
    gaps = np.any([gaps[:total] for _, gaps in cuts.values()], axis=0)
    whole, why = _whole(gaps, trial), f"{gaps.sum()} segments of {total} with non-finite values"
    about = {"start": seconds * whole, "why": np.array(why if gaps.any() else "")}
    return {modality: parts[whole] for modality, (parts, _) in cuts.items()} | about


def _whole(gaps: np.ndarray, trial: Trial) -> np.ndarray:
    """Places of the segments without a gap."""
    if gaps.all():
        raise BadFile(trial.name, "a segment of finite samples",
                      f"{len(gaps)} segments of {len(gaps)} with non-finite values",
                      "Leave this recording out.")
    return np.flatnonzero(~gaps)


def _cut(signal: Signal, names: Sequence[str], seconds: float, rate: float, where: str, *,
         baseline: bool) -> tuple[np.ndarray, np.ndarray]:
    """Filtered segments ``(m, n_channels, L)`` float32, and which of them ``(m,)`` touch a gap;
    ``baseline`` is cut off if said so."""
    data, gaps = picked(signal, names, where)
    onset = max(-signal.start, 0.0) if baseline else 0.0
    if data.shape[1] < (onset + seconds) * signal.rate:
        raise BadFile(where, f"at least {seconds:g} s of signal",
                      f"{max(data.shape[1] / signal.rate - onset, 0):.1f} s",
                      "Nothing needs to be done: the other trials are used.")
    clean = resample(bandpass(data, signal.rate), signal.rate, rate)
    # a flat channel stays flat: no rounding errors of the filter
    clean[np.ptp(data, axis=1) == 0] = 0
    parts = cut(clean[:, round(onset * rate):], round(seconds * rate)).astype(np.float32)
    touched = np.floor((np.flatnonzero(gaps.any(axis=0)) / signal.rate - onset) / seconds)
    return parts, np.isin(np.arange(len(parts)), touched)


def _drawn(trials: Sequence[Trial], modality: str, seconds: float, rate: float, limit: int | None,
           seed: int, jobs: int) -> dict[str, np.ndarray]:
    """``segments`` of `corpus_segments`. Each segment draws a number and the lowest stay, so that
    never many more are held than wanted."""
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    parts, draws, why = [], [], {}
    for i, result in attempts(trials, _recording, jobs, ordered=True, modality=modality,
                              seconds=seconds, rate=rate):
        if isinstance(result, str):
            why[trials[i].name] = result
            continue
        parts.append(result["segments"])
        draws.append(rng.random(len(parts[-1])))
        if limit and sum(map(len, draws)) > 2 * limit:
            parts, draws = ([part] for part in _lowest(parts, draws, limit))
    if not parts:
        raise none_usable("corpora", f"usable {modality} recording", len(trials), why)
    if why:
        log.warning("%d of %d recordings left out, the first because: %s", len(why), len(trials),
                    next(iter(why.values())))
    return {"segments": _lowest(parts, draws, limit)[0]}


def _lowest(parts: Sequence[np.ndarray], draws: Sequence[np.ndarray],
            limit: int | None) -> tuple[np.ndarray, np.ndarray]:
    x, drawn = np.concatenate(parts), np.concatenate(draws)
    if limit is None or len(drawn) <= limit:
        return x, drawn
    chosen = np.sort(np.argsort(drawn)[:limit])
    return x[chosen], drawn[chosen]


def _recording(trial: Trial, modality: str, seconds: float, rate: float) -> dict[str, np.ndarray]:
    """Standardised ``segments`` of one recording."""
    x, gap = _cut(trial.load(modality), LEADS[modality], seconds, rate, trial.name, baseline=False)
    x = x[_whole(gap, trial)]
    mean, sd = (f(x, axis=(0, 2), dtype=np.float64, keepdims=True) for f in (np.mean, np.std))
    return {"segments": ((x - mean) / np.where(sd > 0, sd, 1)).astype(np.float32)}
