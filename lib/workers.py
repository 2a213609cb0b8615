"""Work side by side in processes of one thread each, which end with the one that started them.

However that one ends: a foreman, a process that imports what the work needs and computes nothing,
forks the workers, which share its memory and start at once. It ends when its standard input closes,
which the system does for a parent that is killed; the workers end with it.
"""

from __future__ import annotations

import ctypes
import importlib
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from typing import Any, ClassVar

import cloudpickle
from tqdm import tqdm

METHOD = "fork" if sys.platform == "linux" else "spawn"  # macOS: not all libraries survive a fork
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS", "VECLIB_MAXIMUM")}
LOST = ("a worker process was ended before its work was done, most likely because memory ran out. "
        "Close other programs or use fewer jobs, and run again: what was finished is kept.")
PR_SET_PDEATHSIG = 1
_job: tuple[Callable, Sequence[tuple]]  # in the foreman and its workers


class _Foreman:
    """The foreman, seen from the process that started it."""

    idle: ClassVar[list[_Foreman]] = []

    def __init__(self) -> None:
        self.connection, theirs = multiprocessing.Pipe()
        start = (f"import sys; sys.path[:] = {sys.path!r}; "
                 f"from lib.workers import _serve; _serve({theirs.fileno()})")
        self.process = subprocess.Popen([sys.executable, "-c", start], stdin=subprocess.PIPE,
                                        pass_fds=[theirs.fileno()], env=os.environ | ONE_THREAD)
        theirs.close()

    @classmethod
    def free(cls) -> _Foreman:
        while cls.idle:
            if (foreman := cls.idle.pop()).process.poll() is None:
                return foreman
        return cls()

    def receive(self) -> tuple[int, Any, Exception | None, str]:
        try:
            return pickle.loads(self.connection.recv_bytes())
        except (EOFError, ConnectionError) as error:
            raise RuntimeError(LOST) from error

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()
        self.connection.close()


def bar(steps: Iterable, total: int, label: str) -> tqdm:
    """Steps with a bar of text for a person who waits, gone when all are done; none under
    ``TQDM_DISABLE``, nor where nobody looks."""
    watched = "ipykernel" in sys.modules or sys.stdout.isatty()
    return tqdm(steps, total=total, desc=label, leave=False, file=sys.stdout, ncols=100,
                disable=bool(os.environ.get("TQDM_DISABLE")) or not watched)


os.register_at_fork(after_in_child=_Foreman.idle.clear)


def side_by_side(work: Callable, calls: Sequence[tuple], jobs: int, *,
                 ordered: bool = False) -> Iterator[tuple[int, Any]]:
    """Yield ``(i, work(*calls[i]))`` of every call, as they are finished or in order.

    Parameters
    ----------
    work : callable
        Sent once: large data that all calls share belong into it (:func:`functools.partial`).
    calls : sequence of tuple
        Arguments of each call.
    jobs : int
        Workers. One: the work is done in this process.
    ordered : bool
        Yield in the order of ``calls``.

    Raises
    ------
    RuntimeError
        Where a worker was killed. What the work raises is raised here.
    """
    if jobs == 1 or not calls:
        yield from ((i, work(*call)) for i, call in enumerate(calls))
        return
    foreman = _Foreman.free()
    try:
        here = dict(os.environ), os.getcwd(), sys.path
        foreman.connection.send((METHOD, min(jobs, len(calls)), ordered, here))
        foreman.connection.send_bytes(cloudpickle.dumps((work, calls)))
        for _ in calls:
            i, result, error, where = foreman.receive()
            if error is not None:
                error.add_note(f"In a worker process:\n{where}")
                raise error
            yield i, result
        _Foreman.idle.append(foreman)
    finally:
        if foreman not in _Foreman.idle:  # interrupted, or the work failed
            foreman.end()


def _serve(handle: int) -> None:
    """Do one job after another, as the foreman."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupted parent ends this process itself
    threading.Thread(target=_end_after, args=(os.read, 0, 1), daemon=True).start()
    connection = Connection(handle)
    while True:
        try:
            _oversee(connection)
        except (EOFError, ConnectionError):  # the parent ended
            return
        except BrokenProcessPool:
            connection.send_bytes(_failure(None, RuntimeError(LOST)))
        except Exception as error:  # most likely the work could not be imported
            connection.send_bytes(_failure(None, error))


def _oversee(connection: Connection) -> None:
    global _job
    method, jobs, ordered, (environment, folder, sys.path[:]) = connection.recv()
    os.environ.update(environment | ONE_THREAD)
    os.chdir(folder)
    job = connection.recv_bytes()
    _job = pickle.loads(job)
    if method == "fork":  # it is inherited
        job = b""
        if "torch" in sys.modules:  # what the first optimiser imports: 2 s, for all workers once
            importlib.import_module("torch._dynamo")
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(jobs, context, _begin, (job,)) as pool:
        waiting = {pool.submit(_call, i): i for i in range(len(_job[1]))}
        in_order = iter(lambda: next(iter(waiting), None), None)
        for future in in_order if ordered else as_completed(waiting):
            del waiting[future]  # and with it, after this turn, its result
            connection.send_bytes(future.result())
    del _job


def end_with_parent() -> None:
    """Have the system end this process with its parent, at once even inside a library's loop
    (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _begin(job: bytes) -> None:
    """Set up a worker, which ends with the foreman."""
    global _job
    end_with_parent()
    foreman = multiprocessing.parent_process()
    assert foreman is not None
    threading.Thread(target=_end_after, args=(foreman.join,), daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if job:
        _job = pickle.loads(job)


def _end_after(wait: Callable, *args) -> None:
    wait(*args)
    os._exit(1)


def _call(i: int) -> bytes:
    work, calls = _job
    try:
        return cloudpickle.dumps((i, work(*calls[i]), None, ""))
    except Exception as error:
        return _failure(i, error)


def _failure(i: int | None, error: Exception) -> bytes:
    where = "".join(traceback.format_tb(error.__traceback__))
    try:
        pickle.loads(answer := cloudpickle.dumps((i, None, error, where)))
    except Exception:  # an error that cannot be sent
        plain = RuntimeError(f"{type(error).__name__}: {error}")
        answer = pickle.dumps((i, None, plain, where))
    return answer
