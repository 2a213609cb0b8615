"""Work on each recording of a cohort: remembered by content, in parallel, and a damaged recording
takes no other down."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from lib.datasets.base import BadFile, Trial
from lib.store import Store, code_digest
from lib.workers import side_by_side


def checksum(file: str) -> str:
    """SHA-256 of a file; of one that cannot be read only the kind of error, which is left to its
    loader to report."""
    try:
        with open(file, "rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        return type(error).__name__


def content(trial: Trial, *modalities: str) -> dict[str, str]:
    """Checksum of each file of a trial by modality, or of the named ones alone."""
    return {
        modality: checksum(file) for modality, file in trial.files.items()
        if not modalities or modality in modalities
    }


def identity(backbone: Callable | None) -> tuple:
    """What decides the features of a network: its weights, its settings and its code."""
    if backbone is None:
        return ()
    settings = [
        str(getattr(backbone, name, None)) for name in ("name", "fingerprint", "size", "dtype")
    ]
    file = inspect.getsourcefile(backbone if inspect.isfunction(backbone) else type(backbone))
    return (*settings, code_digest(file) if file else None)


def each(trials: Sequence[Trial], work: Callable[..., Mapping], given: Callable[[Trial],
                                                                                tuple | None], *,
         jobs: int = 2, store: Store | None = None, **settings) -> list[Mapping | str]:
    """``work(trial, **settings)`` of every recording, in order; where it raises
    :class:`lib.datasets.base.BadFile`, its message.

    Parameters
    ----------
    trials : sequence of Trial
    work : callable
        Module-level function that returns plain arrays by name.
    given : callable
        Of a trial: what decides its result, besides the code of ``work``. None: it is ready in its
        file, read here and not remembered.
    jobs : int
        Processes of one thread each. Starting them takes seconds: that is done only for what is
        new.
    store : Store, optional
        Where finished recordings are found and kept.
    """
    about = [given(trial) for trial in trials]
    keys = [
        store.key(work, known) if store is not None and known is not None and trial.files else None
        for trial, known in zip(trials, about, strict=True)
    ]
    results: list = [
        _attempt(work, trial, settings)
        if known is None else store.load(key) if store is not None and key else None
        for trial, known, key in zip(trials, about, keys, strict=True)
    ]
    if todo := [i for i, result in enumerate(results) if result is None]:
        attempt = partial(_attempt, work, settings=settings)
        for k, result in side_by_side(attempt, [(trials[i],) for i in todo], min(jobs, len(todo))):
            results[todo[k]], key = result, keys[todo[k]]
            if store is not None and key and not isinstance(result, str):
                store.save(key, result)
    return results


def _attempt(work: Callable[..., Mapping], trial: Trial, settings: Mapping) -> Mapping | str:
    try:
        return work(trial, **settings)
    except BadFile as error:
        return str(error)
