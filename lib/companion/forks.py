"""Notebooks without the wait for their imports: a server imports once what all of them need, and
forks a process for each program that :mod:`lib.companion.launch` asks for.

``python -m lib.companion.forks COMMAND ...`` runs a command, such as make, with a server beside it.
Both end together: the system ends the server with the command's parent, and the forks with the
server; a fork whose launcher was killed is killed. Where there is no server (macOS, a GPU, which a
fork could not use) every program starts as it always does.
"""

import contextlib
import gc
import importlib
import json
import os
import random
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from lib import paths
from lib.whole import write_file
from lib.workers import end_with_parent

IMPORTED = [
    "ipykernel.kernelapp", "IPython.core.pylabtools", "matplotlib_inline.backend_inline", "torch",
    "torch._dynamo", "mne", "seaborn", "sklearn.ensemble", "papermill", "jupytext",
    "lib.companion.run", "lib.papers.experiment"
]


def _receive(connection: socket.socket) -> tuple[dict, list[int]]:
    head, files, _, _ = socket.recv_fds(connection, 4, 3)
    with connection.makefile("rb") as stream:
        return json.loads(stream.read(int.from_bytes(head, "big"))), files


def _become(request: dict, files: list[int]) -> None:
    """Make this fork what a new process would be that the launcher had started."""
    end_with_parent()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    sys.path[0], sys.argv = request["folder"], request["arguments"]
    if sys.argv[0] == "ipykernel_launcher":
        sys.argv.append(f"--IPKernelApp.parent_handle={os.getppid()}")
    random.seed()  # each process draws its own
    np.random.seed()  # noqa: NPY002


def serve(listener: socket.socket) -> None:
    """Fork for every request; returns in the fork, with ``sys.argv`` as asked for."""
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the forks, and for make
    os.environ["JE_ARROW_MALLOC_CONF"] = "background_thread:false"  # pyarrow, which pandas imports
    for name in IMPORTED:
        importlib.import_module(name)
    from lib.companion.provenance import read_notebook

    for source in paths.sources():  # code that is parsed here need not be parsed in each fork
        with contextlib.suppress(Exception):  # the fork that needs it says what is wrong
            read_notebook(source.stem).code_parts("demo")
    gc.freeze()  # what is here is never garbage: looking for some would copy it into each fork
    safe = len(os.listdir("/proc/self/task")) == 1  # only one thread survives a fork
    ended, wake = os.pipe2(os.O_NONBLOCK)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    asked: dict[int, socket.socket] = {}
    ready = selectors.DefaultSelector()
    ready.register(listener, selectors.EVENT_READ)
    ready.register(ended, selectors.EVENT_READ)
    while True:
        for key, _ in ready.select():
            if key.fileobj is listener:
                connection = listener.accept()[0]
                try:
                    request, files = _receive(connection)
                except (OSError, ValueError):  # the launcher was killed while it asked
                    connection.close()
                    continue
                fork = os.fork() if safe else -1
                if not fork:
                    ready.close()
                    for ours in (listener, connection, *asked.values()):
                        ours.close()
                    for pipe in (ended, wake):
                        os.close(pipe)
                    return _become(request, files)
                for file in files:
                    os.close(file)
                if safe:
                    asked[fork] = connection
                    ready.register(connection, selectors.EVENT_READ, fork)
                with contextlib.suppress(OSError):
                    connection.sendall(max(fork, 0).to_bytes(4, "big"))  # 0: start a process
            elif key.fileobj == ended:
                os.read(ended, 4096)
                _reap(asked, ready)
            else:  # the launcher was killed
                ready.unregister(key.fileobj)
                os.kill(key.data, signal.SIGKILL)


def _reap(asked: dict[int, socket.socket], ready: selectors.BaseSelector) -> None:
    """Tell the launchers of all forks that have ended how they did."""
    while asked and (found := os.waitpid(-1, os.WNOHANG))[0]:
        code = os.waitstatus_to_exitcode(found[1])
        with asked.pop(found[0]) as connection, contextlib.suppress(KeyError, OSError):
            ready.unregister(connection)
            connection.sendall(code.to_bytes(4, "big", signed=True))


def kernels() -> Path:
    """A folder for ``JUPYTER_PATH`` whose kernel ``python3`` is launched here."""
    launch = [sys.executable, "-S", "-E", str(Path(__file__).with_name("launch.py"))]
    kernel = [*launch, "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": kernel, "display_name": "Python 3 (ipykernel)", "language": "python"}
    write_file(paths.build() / "jupyter" / "kernels" / "python3" / "kernel.json", json.dumps(spec))
    return paths.build() / "jupyter"


def start(place: str) -> subprocess.Popen:
    """A server that is asked at this path, from now on: whoever asks before its imports waits."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(place)
        listener.listen(64)
        command = [sys.executable, "-m", "lib.companion.forks", "--serve", str(listener.fileno())]
        return subprocess.Popen(command, pass_fds=[listener.fileno()])


def main() -> int:
    """Run the command with a server beside it; its exit status."""
    if sys.argv[1] == "--serve":
        serve(socket.socket(fileno=int(sys.argv[2])))
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
        return 0
    if sys.platform != "linux":
        return subprocess.call(sys.argv[1:])
    signal.signal(signal.SIGINT, lambda *_: None)  # the command's to answer
    with tempfile.TemporaryDirectory() as folder:
        place = f"{folder}/forks"
        server = start(place)
        search = os.pathsep.join(filter(None, [str(kernels()), os.environ.get("JUPYTER_PATH")]))
        environment = os.environ | {"COMPANION_FORKS": place, "JUPYTER_PATH": search}
        try:
            return subprocess.call(sys.argv[1:], env=environment)
        finally:
            server.kill()
            server.wait()


if __name__ == "__main__":
    sys.exit(main())
