"""A learner's code in a process of its own, behind what walls the machine has: it is asked for
values, and decides nothing.

The process runs the cells, then answers calls of the functions that it defines. Questions and
answers are lines of JSON with arrays as ``.npy``: no code can come back, only values, and a forged
line is just another answer that the check must like.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import functools
import io
import json
import os
import resource
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen, run

import numpy as np

from lib import paths

MEMORY, SCRATCH, LONGEST = 4 * 2**30, 64 * 2**20, 32 * 2**20  # bytes: address space, files, a line
LIMITS = ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_FSIZE, SCRATCH), (resource.RLIMIT_CORE, 0))
HIDDEN = ("notebooks", "tests", "build", ".git")  # here solutions and marks lie
WALLS = ("bubblewrap: no network, no file can be written",
         "unshare: no network; files of this account can be written (apt install bubblewrap)")
NO_WALLS = "no walls: hand-ins have a process, limits and a folder of their own, and no more"
NO_VALUE = "it answers what is no value"
ENDED = "it ended its process: by an exit, or for want of memory"


def pack(value: object) -> object:
    """A value as JSON; a ``TypeError`` for what is neither number, text, array, nor a collection
    of such."""
    torch = sys.modules.get("torch")
    if isinstance(value, np.ndarray | np.generic):
        file = io.BytesIO()
        np.save(file, value, allow_pickle=False)
        kind = "array" if isinstance(value, np.ndarray) else "number"
        return [kind, base64.b64encode(file.getvalue()).decode()]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if torch and isinstance(value, torch.Tensor):
        return ["tensor", pack(value.detach().numpy())]
    if isinstance(value, np.random.Generator):
        return ["generator", value.bit_generator.state]
    if isinstance(value, dict):
        return ["dict", [[pack(key), pack(one)] for key, one in value.items()]]
    for name, kinds in (("tuple", tuple), ("set", set), ("list", list | range | Iterator)):
        if isinstance(value, kinds):
            return [name, [pack(one) for one in value]]  # type: ignore[attr-defined]
    raise TypeError(f"{type(value).__name__} is neither a number, a text, an array, nor a "
                    "collection of such")


def unpack(packed):
    """What :func:`pack` was given."""
    if not isinstance(packed, list):
        return packed
    kind, content = packed
    if kind in ("array", "number"):
        file = io.BytesIO(base64.b64decode(content))
        found = np.lib.format.read_array(file, allow_pickle=False)
        return found if kind == "array" else found[()]
    if kind == "tensor":
        import torch
        return torch.from_numpy(unpack(content))
    if kind == "generator":
        rng = np.random.default_rng()
        rng.bit_generator.state = content
        return rng
    if kind == "dict":
        return {unpack(key): unpack(one) for key, one in content}
    return {"tuple": tuple, "set": set, "list": list}[kind](map(unpack, content))


def _fault(number: int, source: str, error: BaseException) -> str:
    """One line about an error in a learner's own cell."""
    if isinstance(error, SyntaxError):
        try:
            ast.parse(source)
        # Python says it better than IPython, which calls most of it "incomplete input"
        except SyntaxError as plain:
            return f"code cell {number}, line {plain.lineno}, is no Python: {plain.msg}"
    return f"code cell {number} stopped with {type(error).__name__}: {error}"


def serve() -> None:
    """Run the cells that the first line holds, then answer calls until there are no more. What the
    code prints goes nowhere."""
    asked, told = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    for number in range(3):
        os.dup2(os.open(os.devnull, os.O_RDWR), number)
    for what, most in LIMITS:
        with contextlib.suppress(ValueError):  # a lower limit holds already
            resource.setrlimit(what, (most, most))
    from IPython.core.interactiveshell import InteractiveShell

    shell, faults = InteractiveShell.instance(), []
    for number, source in enumerate(json.loads(asked.readline()), 1):
        ran = shell.run_cell(source, store_history=False)
        if error := ran.error_before_exec or ran.error_in_exec:
            faults.append(_fault(number, source, error))
    print(json.dumps(faults), file=told, flush=True)
    for line in asked:
        name, packed = json.loads(line)
        try:
            args, kwargs = unpack(packed)
            result = pack(shell.user_ns[name](*args, **kwargs))
            answer = {"result": result, "args": [pack(arg) for arg in args]}
        except BaseException as error:
            answer = {"error": [type(error).__name__, str(error)]}
        print(json.dumps(answer), file=told, flush=True)


class Fault(Exception):
    """An error of a learner's code; ``name`` is its class there, empty where the process ended."""
    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name


@functools.cache
def walls() -> tuple[str, tuple[str, ...]]:
    """The best walls that this machine allows: in words, and the command that builds them."""
    folders = [*(paths.ROOT / name for name in HIDDEN), paths.notebooks().resolve()]
    hide = [part for folder in folders if folder.is_dir() for part in ("--tmpfs", str(folder))]
    bubble = ("bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", *hide,
              "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL")
    for words, command in zip(WALLS, (bubble, ("unshare", "-rnpf", "--kill-child")), strict=True):
        with contextlib.suppress(OSError):
            if not run([*command, "true"], capture_output=True).returncode:
                return words, command
    return NO_WALLS, ()


class Handin:
    """The process of one hand-in; ``faults`` says which of its cells stopped.

    Parameters
    ----------
    cells : sequence of str
        Sources of its code cells.
    seconds : float
        After so long all of it is killed.
    hide : Path, optional
        A folder that it must not see: the other hand-ins.
    """
    def __init__(self, cells: Sequence[str], seconds: float, hide: Path | None = None) -> None:
        self.work = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.seconds, self.end = seconds, time.monotonic() + seconds
        wall = [*walls()[1]]
        if wall[:1] == ["bwrap"]:
            if hide and not any(one.is_relative_to(hide) for one in (paths.ROOT, Path(sys.prefix))):
                wall += ["--tmpfs", str(hide)]
            wall += ["--size", str(SCRATCH), "--tmpfs", self.work.name, "--chdir", self.work.name]
        own = dict.fromkeys(("HOME", "BUILD", "MPLCONFIGDIR", "TMPDIR"), self.work.name)
        own |= {"PATH": os.defpath, "PYTHONPATH": str(paths.ROOT), "COMPANION": str(paths.ROOT)}
        own |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
        self.process = Popen([*wall, sys.executable, "-m", __name__], stdin=PIPE, stdout=PIPE,
                             stderr=DEVNULL, cwd=self.work.name, env=own, start_new_session=True,
                             encoding="utf-8", errors="replace")
        self.timer = threading.Timer(seconds, self._kill)
        self.timer.start()
        try:
            self.faults = [str(fault) for fault in self._ask(list(cells))]
        except BaseException:
            self.close()
            raise

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def _ask(self, question):
        line = ""
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps(question), file=self.process.stdin, flush=True)
            line = self.process.stdout.readline(LONGEST)
        if line.endswith("\n"):
            try:
                return json.loads(line)
            except (ValueError, RecursionError):
                raise Fault("", NO_VALUE) from None
        ended = "its answer is too large" if line else ENDED
        late = f"it was stopped after {self.seconds:g} s: is there a loop that never ends?"
        raise Fault("", late if time.monotonic() >= self.end else ended)

    def function(self, name: str) -> Callable:
        """The function of a name, called over there; what it changes in its arguments stays there,
        and is a fault."""
        def call(*args, **kwargs):
            given = [pack(arg) for arg in args]
            packed = self._ask([name, pack(([*args], kwargs))])
            try:
                if "error" in packed:
                    raise Fault(*map(str, packed["error"]))
                result, changed = unpack(packed["result"]), False
                for arg, old, new in zip(args, given, packed["args"], strict=True):
                    if isinstance(arg, np.random.Generator):
                        arg.bit_generator.state = new[1]
                    changed |= old != new and not isinstance(arg, np.random.Generator)
            except Exception as error:
                raise error if isinstance(error, Fault) else Fault("", NO_VALUE) from None
            assert not changed, f"{name}() changes what it is given; begin with a copy (hint 1)"
            return result

        return call

    def close(self) -> None:
        """End the process and whatever it started."""
        self.timer.cancel()
        self._kill()
        with contextlib.suppress(BrokenPipeError):
            self.process.communicate()
        self.work.cleanup()


if __name__ == "__main__":
    serve()
