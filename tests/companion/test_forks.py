"""Forks of the server: as a new process would be, and gone with whoever asked for them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest

from lib import paths
from lib.companion import forks

pytestmark = [pytest.mark.kernel, pytest.mark.skipif(sys.platform != "linux", reason="no fork")]
LAUNCH = [sys.executable, "-S", "-E", str(paths.ROOT / "lib" / "companion" / "launch.py")]
PROGRAM = """
import json, os, random, sys
import numpy as np
print(json.dumps({
    "argv": sys.argv[1:], "cwd": os.getcwd(), "said": sys.stdin.read(), "name": __name__,
    "HASTE": os.environ.get("HASTE"), "PATH": os.environ.get("PATH"),
    "torch": "torch" in sys.modules, "drawn": [random.random(), np.random.rand()],
}))
print("to standard error", file=sys.stderr)
sys.exit(int(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    place = str(tmp_path_factory.mktemp("s") / "forks")
    process = forks.start(place)
    yield os.environ | {"COMPANION_FORKS": place}
    process.kill()
    process.wait()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "sleeps.py").write_text(
        "import os, time\nopen('pid', 'w').write(str(os.getpid()))\n"
        "os.rename('pid', 'here')\ntime.sleep(600)\n")
    return tmp_path


def run(folder, environment, *arguments):
    return subprocess.run([*LAUNCH, "program", *arguments], cwd=folder, capture_output=True,
                          text=True, input="words", env=environment)


def sleeping(folder, command, environment, **how) -> tuple[subprocess.Popen, psutil.Process]:
    process = subprocess.Popen(command, cwd=folder, env=environment, **how)
    while not (folder / "here").exists():
        time.sleep(0.05)
    return process, psutil.Process(int((folder / "here").read_text()))


def test_a_fork_is_what_a_new_process_would_be(server, folder):
    environment = {key: value for key, value in server.items() if key != "PATH"}
    done = [run(folder, environment | {"HASTE": "of the caller"}, "3", "é") for _ in range(2)]
    said = [json.loads(one.stdout) for one in done]
    assert said[0].pop("drawn") != said[1].pop("drawn")
    assert said[0] == said[1] == {
        "argv": ["3", "é"], "cwd": str(folder), "said": "words", "HASTE": "of the caller",
        "PATH": None, "torch": True, "name": "__main__"
    }
    assert [one.returncode for one in done] == [3, 3] and done[0].stderr == "to standard error\n"


def test_without_a_server_it_is_a_new_process(folder):
    for place in ({}, {"COMPANION_FORKS": str(folder / "nobody")}):
        done = run(folder, os.environ | place, "4")
        said = json.loads(done.stdout)
        assert (done.returncode, said["torch"], said["said"]) == (4, False, "words")


def test_signals_reach_the_fork_and_its_end_the_launcher(server, folder):
    launcher, fork = sleeping(folder, [*LAUNCH, "sleeps"], server)
    fork.kill()
    assert launcher.wait(10) == -signal.SIGKILL
    (folder / "here").unlink()
    launcher, fork = sleeping(folder, [*LAUNCH, "sleeps"], server)
    launcher.terminate()
    assert launcher.wait(10) == -signal.SIGTERM and not fork.is_running()
    (folder / "here").unlink()
    launcher, fork = sleeping(folder, [*LAUNCH, "sleeps"], server, start_new_session=True)
    launcher.send_signal(signal.SIGINT)  # as Jupyter interrupts a kernel
    assert launcher.wait(10) == 1 and not fork.is_running()


def test_a_fork_whose_launcher_is_killed_is_killed(server, folder):
    launcher, fork = sleeping(folder, [*LAUNCH, "sleeps"], server)
    launcher.kill()
    assert launcher.wait() == -signal.SIGKILL
    psutil.wait_procs([fork], timeout=10)
    assert not fork.is_running() and run(folder, server, "0").returncode == 0


def test_a_launcher_that_is_killed_while_it_asks_leaves_the_server_serving(server, folder):
    for said in (b"", b"\0\0\1\0", b"\0\0\0\2{}"):
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(server["COMPANION_FORKS"])
            asking.sendall(said)
    done = run(folder, server, "0")
    assert done.returncode == 0 and json.loads(done.stdout)["torch"]


def test_server_and_forks_end_with_the_command_that_is_killed(folder):
    command = [sys.executable, "-m", "lib.companion.forks", *LAUNCH, "sleeps"]
    above, fork = sleeping(folder, command, os.environ | {"COMPANION": str(paths.ROOT)})
    ours = [*psutil.Process(above.pid).children(recursive=True), fork]
    assert len(ours) == 4  # server, launcher, and the fork twice
    above.kill()
    above.wait()
    _, left = psutil.wait_procs(ours, timeout=10)
    for process in left:
        process.kill()
    assert left == []
