"""``python launch.py MODULE ARGUMENTS``: as ``python -m MODULE ARGUMENTS``, but in a fork of the
server that ``COMPANION_FORKS`` names (:mod:`lib.companion.forks`), where there is one.

A file that is run, not imported: it must start at once. It stands for the fork until that ends.
"""

import json
import os
import signal
import socket
import sys


def main() -> None:
    """Ask for a fork, pass signals on to it, end as it ends."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    server, plain = socket.socket(socket.AF_UNIX), [sys.executable, "-m", *sys.argv[1:]]
    try:
        server.connect(os.environ["COMPANION_FORKS"])
    except (KeyError, OSError):
        os.execv(sys.executable, plain)
    about = {"arguments": sys.argv[1:], "environment": dict(os.environ), "folder": os.getcwd()}
    request = json.dumps(about).encode()
    socket.send_fds(server, [len(request).to_bytes(4, "big")], [0, 1, 2])
    server.sendall(request)
    if not (answer := server.recv(4)):
        sys.exit("the server of forks ended before it had begun; run the same command again")
    if not (fork := int.from_bytes(answer, "big")):
        os.execv(sys.executable, plain)

    def pass_on(number: int, _: object) -> None:
        os.kill(fork, number)

    signal.signal(signal.SIGTERM, pass_on)
    signal.signal(signal.SIGHUP, pass_on)
    # Ctrl-C reaches a whole process group, the fork too; a kernel's launcher leads a group alone
    alone = os.getpgrp() == os.getpid()
    signal.signal(signal.SIGINT, pass_on if alone else signal.SIG_IGN)
    status = int.from_bytes(server.recv(4) or (1).to_bytes(4, "big"), "big", signed=True)
    if status < 0:
        if -status != signal.SIGKILL:
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


main()
