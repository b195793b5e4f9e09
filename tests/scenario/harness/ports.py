"""Free ports on loopback, outside the kernel's ephemeral range so that no outgoing connection takes one meanwhile."""

import itertools
import os
import socket

_FIRST, _COUNT = 10_000, 18_000
_sequence = itertools.count(os.getpid() * 37 % _COUNT)


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
    for _ in range(_COUNT):
        port = _FIRST + next(_sequence) % _COUNT
        if _is_free(port):
            return port
    raise RuntimeError("no free port on loopback")
