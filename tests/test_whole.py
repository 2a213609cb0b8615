"""Files are there whole or not at all, and what killed writers leave goes."""

import os
import signal
import subprocess
import sys
import time

from lib import paths, whole
from lib.whole import writing


def old(folder):
    whole._sweep.cache_clear()
    for part in folder.glob(".*.part"):
        os.utime(part, (time.time() - 60,) * 2)


def test_a_killed_writer_changes_nothing_and_what_it_left_goes_with_the_next(tmp_path):
    file = tmp_path / "a.txt"
    with writing(file) as handle:
        handle.write(b"whole")
    code = (f"import os, signal; from lib.whole import writing\nwith writing({str(file)!r}) as "
            "handle:\n"
            " handle.write(b'half'); handle.flush(); os.kill(os.getpid(), signal.SIGKILL)")
    assert subprocess.run([sys.executable, "-c", code],
                          cwd=paths.ROOT).returncode == -signal.SIGKILL
    assert file.read_bytes() == b"whole" and len(list(tmp_path.iterdir())) == 2
    old(tmp_path)
    with writing(file) as first:  # the part of a living writer stays
        first.write(b"first")
        first.flush()
        old(tmp_path)
        with writing(tmp_path / "b.txt") as second:
            second.write(b"second")
    assert {path.name: path.read_bytes()
            for path in tmp_path.iterdir()} == {"a.txt": b"first", "b.txt": b"second"}


def test_an_error_while_writing_leaves_the_old_file(tmp_path):
    file = tmp_path / "a.txt"
    file.write_bytes(b"old")
    try:
        with writing(file) as handle:
            handle.write(b"new")
            raise OSError("full")
    except OSError:
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"] and file.read_bytes() == b"old"
