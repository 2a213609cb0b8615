"""EEG and ECG to ten-second segments: filter, resample, cut (paper 2).

References
----------
Vazquez-Rodriguez, Lefebvre, Cumin & Crowley (2022), "the paper": Sec 4.1 (channels, lead), Sec
4.1.2 (the steps).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain, groupby
from typing import Any

import numpy as np

from lib.datasets.amigos_format import ECG_LEFT, EEG_CHANNELS, RATE
from lib.datasets.base import BadFile, Cohort, Signal, Trial
from lib.preprocessing.filters import bandpass, resample
from lib.preprocessing.heart import hand_features
from lib.preprocessing.recordings import checksum
from lib.store import Store
from lib.workers import side_by_side

__all__ = ["bandpass", "corpus_segments", "hand_features", "resample", "segments", "trial_segments"]

log = logging.getLogger(__name__)
LEADS = {"eeg": EEG_CHANNELS, "ecg": (ECG_LEFT,)}
RATINGS = ("arousal", "valence")


def segments(cohort: Cohort, *, seconds: float = 10.0, rate: float = RATE,
             channels: Sequence[str] = EEG_CHANNELS, jobs: int = 2,
             store: Store | None = None) -> dict:
    """Labelled segments of every trial, both signals side by side.

    The steps, in this order: non-finite samples are bridged by a straight line; `bandpass` at the
    original rate, baseline included; `resample`; the baseline is cut off; segments from the onset
    of the video, end to end. They are standardised later, by
    :func:`lib.training.scaling.standardise`, because that may need to know the fold.

    Parameters
    ----------
    cohort : Cohort
        Its trials carry ratings ``arousal`` and ``valence`` and loaders for ``eeg`` and ``ecg``
        with named channels; signals start before the video (``Signal.start`` < 0) or with it.
    seconds, rate : float
        Length of a segment in s, Sec 4.1.2: 10; samples per second, Sec 4.1.2: 128.
    channels : sequence of str
        EEG channels in the wanted order. Of the ECG the left-arm lead is used (Sec 4.1).
    jobs : int
        Processes, of one thread each.
    store : Store, optional
        The arrays are remembered there under the content of the cohort's files.

    Returns
    -------
    dict
        ``eeg`` ``(N, 10, L)`` and ``ecg`` ``(N, 1, L)`` float32 in the owner's units; ``arousal``
        and ``valence`` ``(N,)`` float64, ratings of the trial; ``trial`` ``(N,)`` int, its place in
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
    settings: dict[str, Any] = {"seconds": seconds, "rate": rate, "channels": tuple(channels)}
    if store is not None and all(trial.files for trial in cohort):
        data = store.memoise(_labelled, cohort, jobs=jobs, given=(_content(cohort), settings),
                             **settings)
    else:
        data = _labelled(cohort, jobs=jobs, **settings)
    left_out = dict(zip(data.pop("left_out").tolist(), data.pop("why").tolist(), strict=True))
    if left_out:
        log.info("%s: %d trials left out or shortened, the first because: %s", cohort.name,
                 len(left_out), next(iter(left_out.values())))
    return data | {"dropped": {**cohort.dropped, **left_out}}


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
    settings: dict[str, Any] = {
        "modality": modality, "seconds": seconds, "rate": rate, "limit": limit, "seed": seed
    }
    if store is not None and all(trial.files for trial in chain(*cohorts)):
        given = ([_content(cohort) for cohort in cohorts], settings)
        return store.memoise(_unlabelled, cohorts, jobs=jobs, given=given, **settings)["segments"]
    return _unlabelled(cohorts, jobs=jobs, **settings)["segments"]


def trial_segments(trial: Trial, seconds: float, rate: float,
                   channels: Sequence[str]) -> dict[str, np.ndarray]:
    """Segments of one trial: ``eeg``, ``ecg``, ``start`` as `segments`; ``total``, how many there
    are with those left out."""
    if missing := [modality for modality in LEADS if modality not in trial.loaders]:
        raise BadFile(trial.name, "eeg and ecg", f"no {' and no '.join(missing)}",
                      "Leave this trial out.")
    parts, gaps = {}, []
    for modality, names in (LEADS | {"eeg": tuple(channels)}).items():
        parts[modality], gap = _cut(trial.load(modality), names, seconds, rate, trial.name,
                                    baseline=True)
        gaps.append(gap)
    total = min(map(len, gaps))
    whole = np.flatnonzero(~(gaps[0][:total] | gaps[1][:total]))
    return {modality: part[whole] for modality, part in parts.items()
            } | {"start": seconds * whole, "total": np.array(total)}


def _cut(signal: Signal, names: Sequence[str], seconds: float, rate: float, where: str, *,
         baseline: bool) -> tuple[np.ndarray, np.ndarray]:
    """Filtered segments ``(m, n_channels, L)`` float32, and which of them ``(m,)`` touch a gap;
    ``baseline`` is cut off if said so."""
    data = _picked(signal, names, where).astype(np.float64)
    gaps = ~np.isfinite(data)
    if dead := [name for name, none in zip(names, gaps.all(axis=1), strict=True) if none]:
        raise BadFile(where, "finite samples in every channel", f"none in {', '.join(dead)}",
                      "Leave it out, or repair the channel.")
    onset = max(-signal.start, 0.0) if baseline else 0.0
    length, first = round(seconds * rate), round(onset * rate)
    if data.shape[1] < (onset + seconds) * signal.rate:
        raise BadFile(where, f"at least {seconds:g} s of signal",
                      f"{max(data.shape[1] / signal.rate - onset, 0):.1f} s",
                      "Nothing needs to be done: the other trials are used.")
    data = _bridged(data, gaps)
    clean = resample(bandpass(data, signal.rate), signal.rate, rate)
    # a flat channel stays flat: no rounding errors of the filter
    clean[np.ptp(data, axis=1) == 0] = 0
    m = (clean.shape[1] - first) // length
    touched = np.floor((np.flatnonzero(gaps.any(axis=0)) / signal.rate - onset) / seconds)
    parts = clean[:, first:first + m * length].reshape(len(names), m, length).swapaxes(0, 1)
    return parts.astype(np.float32), np.isin(np.arange(m), touched)


def _picked(signal: Signal, names: Sequence[str], where: str) -> np.ndarray:
    """The named channels in order; a signal of one channel is taken as it is, as every corpus names
    its lead differently."""
    if len(names) == 1 and len(signal.data) == 1:
        return signal.data
    if lacking := [name for name in names if name not in signal.channels]:
        raise BadFile(where, f"the channels {', '.join(names)}", f"no {', '.join(lacking)}",
                      "Check the channel names of the recording.")
    return signal.data[[signal.channels.index(name) for name in names]]


def _bridged(x: np.ndarray, gaps: np.ndarray) -> np.ndarray:
    """Straight lines across the gaps of each channel; beyond the first and last finite sample their
    values."""
    times = np.arange(x.shape[1])
    for row, gap in zip(x, gaps, strict=True):
        if gap.any():
            row[gap] = np.interp(times[gap], times[~gap], row[~gap])
    return x


def _labelled(cohort: Cohort, seconds: float, rate: float, channels: Sequence[str],
              jobs: int) -> dict[str, np.ndarray]:
    """The arrays of `segments`; ``left_out`` and ``why`` instead of ``dropped``, because the store
    keeps arrays."""
    work = partial(trial_segments, seconds=seconds, rate=rate, channels=channels)
    whole, why = [], {}
    for i, (trial, result) in enumerate(zip(cohort, _each(work, cohort.trials, jobs), strict=True)):
        if isinstance(result, str):
            why[trial.name] = result
            continue
        if lost := int(result["total"]) - len(result["start"]):
            why[trial.name] = f"{lost} segments of {result['total']} with non-finite values"
        whole.append((i, trial, result))
    counts = [len(result["start"]) for _, _, result in whole]
    if not sum(counts):
        raise BadFile(cohort.name, "at least one usable trial", f"none of {len(cohort)}",
                      f"The first reason: {next(iter(why.values()), 'no trials')}")
    data = {
        key: np.concatenate([result[key] for _, _, result in whole])
        for key in ("eeg", "ecg", "start")
    }
    about = {key: [float(trial.labels[key]) for _, trial, _ in whole] for key in RATINGS}
    about |= {
        key: [getattr(trial, key) for _, trial, _ in whole]
        for key in ("subject", "stimulus", "session")
    }
    about["trial"] = [i for i, _, _ in whole]
    reasons = {"left_out": list(why), "why": list(why.values())}
    return data | {key: np.repeat(values, counts) for key, values in about.items()
                   } | {key: np.array(texts, dtype=str) for key, texts in reasons.items()}


def _unlabelled(cohorts: Sequence[Cohort], modality: str, seconds: float, rate: float,
                limit: int | None, seed: int, jobs: int) -> dict[str, np.ndarray]:
    """``segments`` of `corpus_segments`. Each segment draws a number and the lowest stay, so that
    never many more are held than wanted."""
    work = partial(_recording, modality=modality, seconds=seconds, rate=rate)
    rng, trials = np.random.default_rng(np.random.SeedSequence(seed)), list(chain(*cohorts))
    parts, draws, why = [], [], {}
    for trial, result in zip(trials, _each(work, trials, jobs), strict=True):
        if isinstance(result, str):
            why[trial.name] = result
            continue
        parts.append(result["segments"])
        draws.append(rng.random(len(parts[-1])))
        if limit and sum(map(len, draws)) > 2 * limit:
            parts, draws = ([
                part
            ] for part in _lowest(np.concatenate(parts), np.concatenate(draws), limit))
    if not sum(map(len, draws)):
        raise BadFile("corpora", f"at least one usable {modality} recording",
                      f"none of {len(trials)}",
                      f"The first reason: {next(iter(why.values()), 'no recordings')}")
    if why:
        log.warning("%d of %d recordings left out, the first because: %s", len(why), len(trials),
                    next(iter(why.values())))
    return {"segments": _lowest(np.concatenate(parts), np.concatenate(draws), limit)[0]}


def _lowest(x: np.ndarray, draws: np.ndarray, limit: int | None) -> tuple[np.ndarray, np.ndarray]:
    if limit is None or len(draws) <= limit:
        return x, draws
    chosen = np.sort(np.argsort(draws)[:limit])
    return x[chosen], draws[chosen]


def _recording(trial: Trial, modality: str, seconds: float, rate: float) -> dict[str, np.ndarray]:
    """Standardised ``segments`` of one recording."""
    x, gap = _cut(trial.load(modality), LEADS[modality], seconds, rate, trial.name, baseline=False)
    x = x[~gap]
    if not len(x):
        raise BadFile(trial.name, "a segment of finite samples", "none",
                      "Leave this recording out.")
    mean, sd = (f(x, axis=(0, 2), dtype=np.float64, keepdims=True) for f in (np.mean, np.std))
    return {"segments": ((x - mean) / np.where(sd > 0, sd, 1)).astype(np.float32)}


def _each(work: Callable[[Trial], dict], trials: Sequence[Trial],
          jobs: int) -> Iterator[dict | str]:
    """``work`` of each trial in order, or why it failed. Trials of one file go to one process,
    which then reads it once."""
    groups = [
        list(group) for _, group in groupby(
            trials, lambda trial: sorted(set(trial.files.values())) or trial.subject)
    ]
    jobs = min(jobs, len(groups))
    for _, results in side_by_side(partial(_group, work), [(g,) for g in groups], jobs,
                                   ordered=True):
        yield from results


def _group(work: Callable[[Trial], dict], trials: Sequence[Trial]) -> list[dict | str]:
    results: list[dict | str] = []
    for trial in trials:
        try:
            results.append(work(trial))
        except BadFile as error:
            results.append(str(error))
    return results


def _content(cohort: Cohort) -> list[tuple]:
    """What decides a cohort's segments, besides settings and code: identity and ratings of its
    trials, checksums of their files."""
    sums = {
        file: checksum(file)
        for file in sorted({file for trial in cohort for file in trial.files.values()})
    }
    return [(trial.name, trial.session, trial.stimulus, [trial.labels.get(key) for key in RATINGS],
             {modality: sums[file] for modality, file in trial.files.items()}) for trial in cohort]
