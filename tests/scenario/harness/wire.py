"""HTTP/1.1 read byte by byte and strictly (RFC 9112). Whatever the program under test may not send is a FramingFault.

Used on both sides: `Client` reads answers, scripted backends read requests with the same `Reader`.
"""

import re
import socket

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*\Z")
_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-9][0-9]{2}) ([\t\x20-\x7e\x80-\xff]*)\Z")
_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e\x80-\xff]+) HTTP/1\.([01])\Z")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})\Z")


class FramingFault(AssertionError):
    """The peer sent bytes that break the protocol's rules."""


class Cut(Exception):
    """The stream ended or broke before the message did. `so_far` is what was read and not understood yet, `body` what
    had come of a response's body."""

    def __init__(self, so_far=b"", was_reset=False):
        super().__init__(f"stream ended inside a message, reset={was_reset}, behind {so_far[:200]!r}")
        self.so_far = bytes(so_far)
        self.was_reset = was_reset
        self.body = b""


class Message:
    """What requests and responses have in common: fields in order, body, trailers."""

    def __init__(self, fields):
        self.fields = fields
        self.body = b""
        self.trailers = []
        self.framing = "none"

    def all(self, name):
        """Values of every field of that name, in order."""
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def get(self, name):
        """The value of the only field of that name; None when there is none. Two of them are a fault."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} occurs {len(values)} times: {values}"
        return values[0] if values else None

    def tokens(self, name):
        """Members of a comma-separated list field, lower case."""
        return [token.strip().lower() for value in self.all(name) for token in value.split(",") if token.strip()]

    def trailer(self, name):
        values = [value for key, value in self.trailers if key.lower() == name.lower()]
        return values[0] if values else None


class Response(Message):
    def __init__(self, status, reason, fields):
        super().__init__(fields)
        self.status = status
        self.reason = reason
        self.interims = []

    @property
    def text(self):
        return self.body.decode("utf-8")

    def __repr__(self):
        return f"Response({self.status}, {self.fields}, body={self.body[:200]!r})"


class Request(Message):
    def __init__(self, method, target, version, fields):
        super().__init__(fields)
        self.method = method
        self.target = target
        self.version = version
        self.connection = 0

    @property
    def path(self):
        return self.target.partition("?")[0]

    @property
    def query(self):
        return self.target.partition("?")[2]

    def __repr__(self):
        return f"Request({self.method} {self.target} HTTP/{self.version}, {self.fields})"


class Reader:
    """Bytes of one socket, taken line by line or count by count. `tap` sees every byte received."""

    def __init__(self, stream, tap=None):
        self.stream = stream
        self.buffer = bytearray()
        self.tap = tap

    def fill(self):
        """One read; False at the end of the stream."""
        try:
            data = self.stream.recv(262_144)
        except (ConnectionResetError, BrokenPipeError) as error:
            raise Cut(self.buffer, was_reset=True) from error
        except (TimeoutError, socket.timeout) as error:
            raise AssertionError(f"nothing came in time; so far: {bytes(self.buffer[:500])!r}") from error
        if self.tap is not None:
            self.tap(data)
        self.buffer += data
        return bool(data)

    def need(self):
        if not self.fill():
            raise Cut(self.buffer)

    def line(self):
        while True:
            end = self.buffer.find(b"\n")
            if end >= 0:
                break
            self.need()
        raw = bytes(self.buffer[: end + 1])
        if not raw.endswith(b"\r\n") or b"\r" in raw[:-2]:
            raise FramingFault(f"line isn't ended by CRLF: {raw!r}")
        del self.buffer[: end + 1]
        return raw[:-2]

    def fields(self):
        found = []
        while True:
            raw = self.line()
            if not raw:
                return found
            name, colon, value = raw.partition(b":")
            value = value.strip(b" \t")
            if not colon or not _TOKEN.match(name) or not _VALUE.match(value):
                raise FramingFault(f"bad field line: {raw!r}")
            found.append((name.decode(), value.decode("latin-1")))

    def exactly(self, count, sink):
        while count:
            if not self.buffer:
                self.need()
            piece = bytes(self.buffer[:count])
            del self.buffer[: len(piece)]
            count -= len(piece)
            sink(piece)

    def chunks(self, sink):
        """Chunked data up to its end; returns the trailers."""
        while True:
            raw = self.line()
            size = _CHUNK_SIZE.match(raw)
            if not size:
                raise FramingFault(f"bad chunk size line: {raw!r}")
            count = int(size.group(1), 16)
            if count == 0:
                return self.fields()
            self.exactly(count, sink)
            if self.line() != b"":
                raise FramingFault("chunk data isn't followed by CRLF")

    def until_close(self, sink):
        while True:
            if self.buffer:
                piece = bytes(self.buffer)
                self.buffer.clear()
                sink(piece)
            if not self.fill():
                return

    def response_head(self):
        raw = self.line()
        match = _STATUS_LINE.match(raw)
        if not match:
            raise FramingFault(f"bad status line: {raw!r}")
        return Response(int(match.group(1)), match.group(2).decode("latin-1"), self.fields())

    def request_head(self):
        raw = self.line()
        match = _REQUEST_LINE.match(raw)
        if not match:
            raise FramingFault(f"bad request line: {raw!r}")
        version = "1." + match.group(3).decode()
        return Request(match.group(1).decode(), match.group(2).decode("latin-1"), version, self.fields())

    def body(self, message, sink, none_means_close):
        """Reads the message's body into `sink`, sets its framing and trailers."""
        codings, lengths = message.tokens("Transfer-Encoding"), message.all("Content-Length")
        if codings:
            if codings != ["chunked"] or lengths:
                raise FramingFault(f"ambiguous framing: {message.fields}")
            message.framing = "chunked"
            message.trailers = self.chunks(sink)
        elif lengths:
            if len(lengths) != 1 or not re.fullmatch("[0-9]{1,19}", lengths[0]):
                raise FramingFault(f"bad Content-Length: {lengths}")
            message.framing = "length"
            self.exactly(int(lengths[0]), sink)
        elif none_means_close:
            message.framing = "close"
            self.until_close(sink)


def has_no_body(method, status):
    return method == "HEAD" or status in (204, 304) or 100 <= status < 200


class Client:
    """A client connection. Sends what it is told to, byte for byte; reads answers strictly."""

    def __init__(self, address, timeout=15.0, receive_buffer=None):
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = Reader(self.socket)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        self.socket.sendall(data)
        return self

    def request(self, method, target, fields=(), body=None, version="1.1", host="app.test"):
        """Sends a well-formed request; a body gets a Content-Length unless the fields frame it."""
        self.send(request_bytes(method, target, fields, body, version, host))
        return self

    def response_head(self, interims=None):
        """The head of the next final answer; interim ones before it are collected."""
        interims = [] if interims is None else interims
        while True:
            response = self.reader.response_head()
            if response.status == 101 or response.status >= 200:
                response.interims = interims
                return response
            interims.append(response)

    def response(self, method="GET"):
        """One whole answer. Raises Cut when the connection ends inside it, FramingFault when it breaks the rules."""
        response = self.response_head()
        if not has_no_body(method, response.status):
            data = bytearray()
            try:
                self.reader.body(response, data.extend, none_means_close=True)
            except Cut as cut:
                cut.body = bytes(data)
                raise
            response.body = bytes(data)
        return response

    def exchange(self, method, target, fields=(), body=None, **more):
        return self.request(method, target, fields, body, **more).response(method)

    def until_close(self):
        """All bytes up to the end of the connection, a reset counting as an end."""
        data = bytearray()
        try:
            self.reader.until_close(data.extend)
        except Cut as cut:
            data += cut.so_far
        return bytes(data)

    def expect_closed(self):
        rest = self.until_close()
        assert rest == b"", f"expected the connection to end, got {rest[:300]!r}"

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        """Ends the connection with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.socket.close()

    def close(self):
        self.socket.close()


def request_bytes(method, target, fields=(), body=None, version="1.1", host="app.test"):
    lines = [f"{method} {target} HTTP/{version}"]
    names = {name.lower() for name, _ in fields}
    if host is not None and "host" not in names:
        lines.append(f"Host: {host}")
    lines += [f"{name}: {value}" for name, value in fields]
    if body is not None and not names & {"content-length", "transfer-encoding"}:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")


def chunked(*pieces, trailers=()):
    """The pieces as a chunked body, trailers and end included."""
    data = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return data + b"0\r\n" + b"".join(f"{name}: {value}\r\n".encode() for name, value in trailers) + b"\r\n"


def fetch(address, method, target, fields=(), body=None, **more):
    """One request on a connection of its own."""
    with Client(address) as client:
        return client.exchange(method, target, fields, body, **more)
