"""Work on each recording of a cohort: remembered by content, in parallel, and a damaged recording
takes no other down."""

import hashlib
import inspect
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import groupby
from operator import attrgetter

import numpy as np

from lib.datasets.base import BadFile, Cohort, Trial
from lib.store import Store, code_digest
from lib.workers import bar, side_by_side

log = logging.getLogger(__name__)


def checksum(file: str) -> str:
    """SHA-256 of a file; of one that cannot be read only the kind of error, which is left to its
    loader to report."""
    try:
        with open(file, "rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        return type(error).__name__


def content(trial: Trial, *modalities: str, read: Callable = checksum) -> dict[str, str]:
    """Checksum of each file of a trial by modality, or of the named ones alone."""
    return {
        modality: read(file) for modality, file in trial.files.items()
        if not modalities or modality in modalities
    }


def identity(backbone: Callable) -> tuple:
    """What decides the features of a network: its weights, its settings and its code."""
    settings = [str(getattr(backbone, name, None)) for name in ("name", "fingerprint", "size")]
    file = inspect.getsourcefile(backbone if inspect.isfunction(backbone) else type(backbone))
    return (*settings, code_digest(file) if file else None)


def each(trials: Sequence[Trial], work: Callable[..., Mapping], *modalities: str, jobs: int = 2,
         store: Store | None = None, **settings) -> list[Mapping | str]:
    """``work(trial, **settings)`` of every recording, in order; where it raises
    :class:`lib.datasets.base.BadFile`, its message.

    A result is remembered under the content of the recording's files, which recording in them it
    is, its labels, the settings, and the code of ``work``.

    Parameters
    ----------
    trials : sequence of Trial
    work : callable
        Module-level function that returns plain arrays by name.
    modalities : str
        Whose files it reads; none: all.
    jobs : int
        Processes of one thread each. Starting them takes seconds: that is done only for what is
        new.
    store : Store, optional
        Where finished recordings are found and kept, but for those made in memory.
    """
    decides = {
        name: identity(value) if callable(value) else value for name, value in settings.items()
    }
    once = cache(checksum)  # a file may hold many recordings

    def key(trial: Trial) -> str:
        if store is None or not trial.files:
            return ""
        return store.key(work, (content(trial, *modalities, read=once), trial.name, trial.session,
                                trial.stimulus, dict(trial.labels), decides))

    keys = [key(trial) for trial in trials]
    results: list = [store.load(at) if store is not None and at else None for at in keys]
    todo = [i for i, result in enumerate(results) if result is None]
    for k, result in attempts([trials[i] for i in todo], work, jobs, **settings):
        results[todo[k]] = result
        if store is not None and keys[todo[k]] and not isinstance(result, str):
            store.save(keys[todo[k]], result)
    return results


def attempts(trials: Sequence[Trial], work: Callable[..., Mapping], jobs: int, *,
             ordered: bool = False, **settings) -> Iterator[tuple[int, Mapping | str]]:
    """Place and ``work(trial, **settings)`` of every recording, or why it failed, as they are
    finished or in order. Neighbours of one file go to one process, which then reads it once."""
    groups = [
        list(group) for _, group in groupby(
            enumerate(trials), lambda pair: sorted(set(pair[1].files.values())) or pair[1].subject)
    ]
    attempt, jobs = partial(_attempt, work, settings), min(jobs, len(groups))
    finished = side_by_side(attempt, [(group,) for group in groups], jobs, ordered=ordered)
    for _, results in bar(finished, len(groups), "recordings"):
        yield from results


def _attempt(work: Callable[..., Mapping], settings: Mapping,
             group: Sequence[tuple[int, Trial]]) -> list[tuple[int, Mapping | str]]:
    results: list[tuple[int, Mapping | str]] = []
    for i, trial in group:
        try:
            results.append((i, work(trial, **settings)))
        except BadFile as error:
            results.append((i, str(error)))
    return results


Kept = Sequence[tuple[int, Trial, Mapping]]  # place in the cohort, recording, result


def usable(cohort: Cohort, results: Sequence[Mapping | str], what: str = "usable trial", *,
           name: Callable[[Trial], str] = attrgetter("name"),
           level: int = logging.WARNING) -> tuple[Kept, dict[str, str]]:
    """What `each` made, without those that failed; and by name why these, or parts of others
    (``why`` in a result), are left out, by the cohort or here. That is logged.

    Raises
    ------
    BadFile
        If there is none, with the first reason.
    """
    pairs = list(zip(cohort, results, strict=True))
    reasons = {
        name(trial): result if isinstance(result, str) else str(result.get("why", ""))
        for trial, result in pairs
    }
    dropped = {**cohort.dropped, **{key: why for key, why in reasons.items() if why}}
    kept = [(i, trial, result) for i, (trial, result) in enumerate(pairs)
            if not isinstance(result, str)]
    if not kept:
        raise none_usable(cohort.name, what, len(cohort), dropped)
    if dropped:
        log.log(level, "%s: %d left out or shortened, the last because: %s", cohort.name,
                len(dropped), [*dropped.values()][-1])
    return kept, dropped


def none_usable(name: str, what: str, n: int, why: Mapping[str, str]) -> BadFile:
    """What to raise where no recording is left."""
    return BadFile(name, f"at least one {what}", f"none of {n}",
                   f"The first reason: {next(iter(why.values()), 'no recordings')}")


def table(kept: Kept, arrays: Sequence[str], place: str, fields: Sequence[str],
          labels: Mapping[str, Callable]) -> dict[str, np.ndarray]:
    """The ``arrays`` of all `usable` results one after another, and for each of their rows the
    recording's place in the cohort, its fields, and what is made of its labels."""
    counts = [len(result[arrays[0]]) for *_, result in kept]
    about = {
        place: [i for i, *_ in kept],
        **{key: [getattr(trial, key) for _, trial, _ in kept] for key in fields},
        **{key: [kind(trial.labels[key]) for _, trial, _ in kept] for key, kind in labels.items()}
    }
    return {key: np.concatenate([result[key] for *_, result in kept])
            for key in arrays} | {key: np.repeat(values, counts) for key, values in about.items()}
