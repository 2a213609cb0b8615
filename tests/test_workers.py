"""Worker processes: what they return, and that none outlives the process that started it."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import psutil
import pytest

from lib import paths, workers
from lib.datasets.base import BadFile
from lib.workers import side_by_side
from tests import kills


def double(shared: int, x: int, folder: Path) -> tuple[int, str]:
    while x == 0 and not (folder / "3").exists():  # the first call ends last
        time.sleep(0.01)
    (folder / str(x)).touch()
    return shared + 2 * x, os.environ["OMP_NUM_THREADS"]


def stay(folder: str, holding: bool) -> None:
    """Say who is here and stay for a minute, inside a C function that holds the interpreter's lock
    or not."""
    if folder:
        (Path(folder) / f"{os.getpid()}").touch()
        (ctypes.PyDLL if holding else ctypes.CDLL)(None).sleep(60)


def fail(kind: str) -> None:
    if kind == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    raise BadFile("a.csv", "numbers", "words",
                  "Mend it.") if kind == "file" else KeyError("missing")


@pytest.fixture(params=["fork", "spawn"])  # Linux, macOS
def method(request, monkeypatch):
    monkeypatch.setattr(workers, "METHOD", request.param)
    return request.param


def gone(pids: list[int], seconds: float) -> bool:
    """Whether all have ended within some seconds."""
    end = time.monotonic() + seconds
    while alive := [
            p for p in pids
            if psutil.pid_exists(p) and psutil.Process(p).status() != psutil.STATUS_ZOMBIE
    ]:
        if time.monotonic() > end:
            for pid in alive:
                os.kill(pid, signal.SIGKILL)
            return False
        time.sleep(0.05)
    return True


def staying(folder: Path) -> list[int]:
    end = time.monotonic() + 60
    while len(pids := [int(file.name) for file in folder.iterdir()]) < 2 and time.monotonic() < end:
        time.sleep(0.05)
    assert len(pids) == 2
    return [*pids, psutil.Process(pids[0]).ppid()]


def test_results_as_they_come_or_in_order(method, tmp_path):
    calls = [(x, tmp_path) for x in range(4)]
    expected = [(x, (5 + 2 * x, "1")) for x in range(4)]
    assert list(side_by_side(partial(double, 5), calls, 2, ordered=True)) == expected
    (tmp_path / "3").unlink()
    found = list(side_by_side(partial(double, 5), calls, 2))
    assert sorted(found) == expected and found[0][0] != 0


@pytest.mark.parametrize(("method", "end"), [("fork", signal.SIGKILL), ("spawn", signal.SIGKILL),
                                             ("fork", signal.SIGINT)])
def test_workers_end_with_their_parent(tmp_path, method, end):
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)  # else "
        "ignored below a shell's background job\n"
        "from lib import workers; from tests.test_workers import stay; workers.METHOD = "
        f"{method!r}\n"
        f"list(workers.side_by_side(stay, [({str(tmp_path)!r}, {end == signal.SIGKILL})] * 2, 2))")
    with subprocess.Popen([sys.executable, "-c", code], cwd=paths.ROOT, stderr=subprocess.PIPE,
                          text=True) as parent:
        pids = staying(tmp_path)
        parent.send_signal(end)
        assert gone([*pids, parent.pid], 60)
        assert end == signal.SIGKILL or "KeyboardInterrupt" in parent.stderr.read()


def test_workers_end_where_nobody_waits_for_them(tmp_path):
    results = side_by_side(stay, [("", False)] + [(str(tmp_path), False)] * 2, 3)
    assert next(results) == (0, None)
    pids = staying(tmp_path)
    results.close()
    assert gone(pids, 60)


@pytest.mark.parametrize(
    ("kind", "error", "words"),
    [("killed", RuntimeError, "most likely because memory ran out. Close other programs"),
     ("file", BadFile, "a.csv: expected numbers, found words. Mend it."),
     ("key", KeyError, "missing")])
def test_a_failure_is_one_clear_error_and_the_next_call_works(kind, error, words):
    with pytest.raises(error, match=words) as caught:
        list(side_by_side(fail, [(kind,), (kind,)], 2))
    assert kind == "killed" or "tests/test_workers.py" in caught.value.__notes__[0]
    assert [*side_by_side(abs, [(-1,), (2,)], 2, ordered=True)] == [(0, 1), (1, 2)]


@pytest.mark.kernel
@pytest.mark.timeout(900)
def test_make_reproduce_killed_twice_loses_and_leaves_nothing():
    assert kills.main(["--kills", "2", "--short"]) == 0
