"""Free ports on loopback, outside the kernel's ephemeral range so that no outgoing connection takes one meanwhile."""

import itertools
import os
import socket

_FIRST, _COUNT = 10_000, 18_000
# Processes that share a run take turns, so that none probes a port that another is about to use.
_PROCESSES = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_PROCESS = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_TURNS = _COUNT // _PROCESSES
_turns = itertools.count(os.getpid() * 37 % _TURNS)


def _is_free(port):
    for family, host in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port():
    """A port that nobody listens on; each call of a run gives another one."""
    for _ in range(_TURNS):
        port = _FIRST + next(_turns) % _TURNS * _PROCESSES + _PROCESS
        if _is_free(port):
            return port
    raise RuntimeError("no free port on loopback")
