"""A backend as a process of its own, so that it can be killed in the middle of anything.

`python -m harness.flock PORT` starts it.
Answers every request with the request's own id (its path and body) in the length of the body that the query asks for.
"""

import socket
import subprocess
import sys
import threading
from pathlib import Path

from harness.waiting import wait_until


def payload(identity, size):
    """What a right answer to a request of that id holds: the id, again and again."""
    unit = f"<{identity}>".encode()
    return (unit * (size // len(unit) + 1))[:max(size, len(unit))]


def _serve(connection):
    buffer = b""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        while True:
            while b"\r\n\r\n" not in buffer:
                data = connection.recv(65_536)
                if not data:
                    return
                buffer += data
            head, _, buffer = buffer.partition(b"\r\n\r\n")
            path, _, query = head.split(b" ", 2)[1].decode().partition("?")
            body = payload(path.lstrip("/"), int(query or 0))
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    except OSError:
        pass


def main(port):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(512)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_serve, args=(connection,), daemon=True).start()


class Sheep:
    """One such process, killed and started again at will."""

    def __init__(self, port):
        self.port = port
        self.process = None
        self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        self.process = subprocess.Popen([sys.executable, "-m", "harness.flock", str(self.port)],
                                        cwd=Path(__file__).resolve().parents[1])

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def wait_listening(self):
        wait_until(self.listens, 10, "the backend's process to listen")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.kill()


if __name__ == "__main__":
    main(int(sys.argv[1]))
