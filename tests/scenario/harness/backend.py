"""Scripted backends: a thread a connection, a function a request, full control of every byte.

A script is called once the head of a request is there: `script(exchange)`. It reads the body when it wants to and sends
raw bytes or a well-formed reply. Whatever the proxy sends is recorded; what breaks the protocol is a fault of the test.
"""

import json
import socket
import threading

from harness.ports import free_port
from harness.waiting import wait_until
from harness.wire import Cut, FramingFault, Reader


class Exchange:
    """One request as a script sees it."""

    def __init__(self, backend, connection, request):
        self.backend = backend
        self.connection = connection
        self.request = request
        self.body_read = False
        self.closed = False

    def read_body(self, sink=None):
        """Reads the request's body to its end; into request.body when there is no sink."""
        data = bytearray()
        self.connection.reader.body(self.request, sink or data.extend, none_means_close=False)
        self.request.body = bytes(data)
        self.body_read = True
        return self.request.body

    def send(self, data):
        self.connection.socket.sendall(data)

    def reply(self, status=200, body=b"", fields=(), reason="Fine"):
        """A whole answer with Content-Length; reads the body first if the script hasn't."""
        if not self.body_read:
            self.read_body()
        names = {name.lower() for name, _ in fields}
        head = [f"HTTP/1.1 {status} {reason}"] + [f"{name}: {value}" for name, value in fields]
        if not names & {"content-length", "transfer-encoding"} and status not in (204, 304):
            head.append(f"Content-Length: {len(body)}")
        payload = b"" if self.request.method == "HEAD" else body
        self.send("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + payload)

    def close(self):
        """Ends the connection in order."""
        self.closed = True
        self.connection.end()

    def reset(self):
        """Ends the connection with RST."""
        self.closed = True
        self.connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.connection.socket.close()

    def gone(self, timeout=5.0):
        """Waits until the proxy has closed this connection."""
        self.connection.socket.settimeout(timeout)
        try:
            while self.connection.reader.fill():
                pass
        except Cut:
            pass
        return True


class Connection:
    def __init__(self, backend, accepted, number):
        self.backend = backend
        self.socket = accepted
        self.number = number
        self.raw = bytearray()
        self.open = True
        self.reader = Reader(accepted, tap=self.record)

    def record(self, data):
        if self.backend.keep_raw:
            self.raw += data
            self.backend.tape += data

    def serve(self):
        try:
            self.socket.settimeout(60)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while self.serve_one():
                pass
        except (Cut, OSError):
            pass
        except BaseException as error:  # pylint: disable=broad-except
            if not self.backend.stopping:
                self.backend.faults.append(f"{type(error).__name__}: {error}")
        finally:
            self.end()

    def serve_one(self):
        if not self.reader.buffer and not self.reader.fill():
            return False
        request = self.reader.request_head()
        request.connection = self.number
        exchange = Exchange(self.backend, self, request)
        self.backend.requests.append(request)
        self.backend.script(exchange)
        return exchange.body_read and not exchange.closed

    def end(self):
        self.open = False
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()


def echo(exchange):
    """The plain good backend: tells what it received, as JSON."""
    body = exchange.read_body()
    request = exchange.request
    told = {
        "backend": exchange.backend.url,
        "method": request.method,
        "target": request.target,
        "path": request.path,
        "query": request.query,
        "fields": request.fields,
        "trailers": request.trailers,
        "framing": request.framing,
        "body": body.decode("latin-1"),
        "connection": request.connection,
    }
    exchange.reply(200, json.dumps(told).encode(), [("Content-Type", "application/json")])


def answer(raw, close=False):
    """A script that reads the request and sends these bytes."""

    def script(exchange):
        exchange.read_body()
        exchange.send(raw)
        if close:
            exchange.close()

    return script


class Gate:
    """A script that holds every request until opened, then serves it by the script behind."""

    def __init__(self, script=echo):
        self.script = script
        self.event = threading.Event()
        self.waiting = 0
        self._lock = threading.Lock()

    def __call__(self, exchange):
        exchange.read_body()
        with self._lock:
            self.waiting += 1
        assert self.event.wait(60), "the gate was never opened"
        with self._lock:
            self.waiting -= 1
        exchange.read_body = lambda *_: exchange.request.body
        self.script(exchange)

    def open(self):
        self.event.set()

    def holds(self, count, timeout=5.0):
        wait_until(lambda: self.waiting == count, timeout, f"{count} requests held at the backend")


class Backend:
    """Listens at once; `requests` in order of arrival, `connections` in order of acceptance."""

    def __init__(self, script=echo, host="127.0.0.1", port=None, name=None, keep_raw=True, receive_buffer=None):
        self.script = script
        self.host = host
        self.port = port or free_port()
        self.name = name or (f"[{host}]" if ":" in host else host)
        self.keep_raw = keep_raw
        self.receive_buffer = receive_buffer
        self.requests = []
        self.connections = []
        self.tape = bytearray()  # every byte received, in order of arrival
        self.faults = []
        self.stopping = False
        self.listener = None
        self.listen()

    @property
    def url(self):
        return f"http://{self.name}:{self.port}"

    def listen(self):
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self.receive_buffer:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_buffer)
        self.listener.bind((self.host, self.port))
        self.listener.listen(1024)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def _accept(self, listener):
        while True:
            try:
                accepted, _ = listener.accept()
            except OSError:
                return
            connection = Connection(self, accepted, len(self.connections))
            self.connections.append(connection)
            threading.Thread(target=connection.serve, daemon=True).start()

    def stop_listening(self):
        """New connections are refused; those that stand go on."""
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()

    def drop_connections(self):
        for connection in list(self.connections):
            connection.end()

    @property
    def open_connections(self):
        return sum(connection.open for connection in list(self.connections))

    @property
    def raw(self):
        """Every byte received, connection after connection."""
        return b"".join(bytes(connection.raw) for connection in list(self.connections))

    def targets(self):
        return [request.target for request in list(self.requests)]

    def stop(self):
        self.stopping = True
        self.stop_listening()
        self.drop_connections()


__all__ = ["Backend", "Cut", "Exchange", "FramingFault", "Gate", "answer", "echo"]
