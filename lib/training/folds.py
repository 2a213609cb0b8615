"""Folds and rows in parallel, each finished one memoised: a killed run loses at most the folds
in flight."""

import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import cloudpickle
import numpy as np

from lib.store import Store, digest
from lib.training.splits import Split
from lib.workers import bar, side_by_side

log = logging.getLogger(__name__)
Result = dict[str, np.ndarray]


@dataclass(frozen=True)
class Call:
    """One fold of one row of a table. ``settings`` are keyword arguments of the work function."""

    row: str
    split: Split
    seed: int = 0
    settings: Mapping = field(default_factory=dict)


def weights(result: Mapping[str, np.ndarray]) -> Result:
    """The weights among the arrays of a result (``weights/<parameter>``), by parameter name."""
    return {
        name.removeprefix("weights/"): value for name, value in result.items()
        if name.startswith("weights/")
    }


def fold_seed(seed: int, split: Split) -> int:
    """Seed of one fold: derived from the base seed, the split and the fold, the same for all
    rows (paired folds)."""
    name = int.from_bytes(split.name.encode()[:8], "little")
    return int(np.random.SeedSequence((seed, split.fold, name)).generate_state(1)[0])


def _single_thread(work: Callable[..., Result], data: Mapping[str, np.ndarray],
                   kwargs: Mapping) -> Result:
    """Run one task with one thread: processes side by side are faster than threads inside one (see
    benchmarks)."""
    if "torch" in sys.modules:  # what needs none must not wait for its import
        sys.modules["torch"].set_num_threads(1)
    return work(data, **kwargs)


def _indexed(i: int, work, data, kwargs) -> tuple[int, Result]:
    return i, _single_thread(work, data, kwargs)


def _serial(work, data, calls: Sequence[Mapping], jobs: int) -> Iterator[tuple[int, Result]]:
    return (_indexed(i, work, data, kwargs) for i, kwargs in enumerate(calls))


def _processes(work, data, calls: Sequence[Mapping], jobs: int) -> Iterator[tuple[int, Result]]:
    return side_by_side(partial(_single_thread, work, data), [(kwargs,) for kwargs in calls], jobs)


def _ray(work, data, calls: Sequence[Mapping], jobs: int) -> Iterator[tuple[int, Result]]:
    """A Ray cluster: the one of ``RAY_ADDRESS``, else one on this machine with ``jobs`` workers."""
    try:
        import ray
    except ImportError as error:
        raise ImportError("engine 'ray' needs the extra: pip install -e '.[ray]'") from error
    if not ray.is_initialized():
        own = {} if os.environ.get("RAY_ADDRESS") else {
            "num_cpus": jobs, "include_dashboard": False
        }
        ray.init(logging_level="error", log_to_driver=False, **own)
    shared = ray.put(dict(data))
    remote = ray.remote(num_cpus=1)(_indexed)
    pending = [remote.remote(i, work, shared, kwargs) for i, kwargs in enumerate(calls)]
    while pending:
        done, pending = ray.wait(pending)
        yield from ray.get(done)


ENGINES: dict[str, Callable[..., Iterator[tuple[int, Result]]]] = {
    "serial": _serial, "processes": _processes, "ray": _ray
}


def _told(settings: Mapping) -> dict:
    """Settings as a key holds them: a class defined in a cell by its content, new in each kernel,
    so that no edit of it finds old folds."""
    return {
        name: cloudpickle.dumps(value) if callable(value) else value
        for name, value in settings.items()
    }


def cross_validate(work: Callable[..., Result], data: Mapping[str, np.ndarray],
                   calls: Iterable[Call], *, engine: str = "processes", jobs: int | None = None,
                   store: Store | None = None, label: str = "folds") -> list[Result]:
    """Run ``work(data, split=..., seed=..., **settings)`` for every call; results in the order of
    the calls.

    Parameters
    ----------
    work : callable
        Module-level function that returns plain arrays by name.
    data : mapping of arrays
        Shared by all calls; its content is part of every key of the memo.
    calls : iterable of Call
        Those with the same split, seed and settings are computed once, whatever their ``row``.
    engine : {"processes", "ray", "serial"}
    jobs : int, optional
        Workers of one thread each; default: the number of cores.
    store : Store, optional
        Where finished folds are kept; default: ``build/memo``.
    label : str
        Of the progress bar.
    """
    if engine not in ENGINES:
        raise ValueError(f"no engine {engine!r}; there are {', '.join(ENGINES)}")
    store, jobs = store or Store(), jobs or os.cpu_count() or 1
    content = digest({name: np.asarray(array) for name, array in data.items()})
    given = [{
        "split": {part: getattr(call.split, part) for part in ("train", "val", "test")},
        "seed": fold_seed(call.seed, call.split), **call.settings
    } for call in calls]
    keys = [store.key(work, (content, _told(kwargs))) for kwargs in given]
    results = {key: value for key in dict.fromkeys(keys) if (value := store.load(key)) is not None}
    missing = {key: kwargs for key, kwargs in zip(keys, given, strict=True) if key not in results}
    log.info("%s: %d finished before, %d to do", label, len(results), len(missing))
    todo = list(missing)
    finished = ENGINES[engine](work, data, list(missing.values()), jobs) if missing else ()
    for i, value in (progress := bar(finished, len(todo), label)):
        store.save(todo[i], value)
        results[todo[i]] = value
        if "validation" in value:
            progress.set_postfix_str(f"validation {float(value['validation']):.2f}")
    return [results[key] for key in keys]
