"""Requests that another parser could read differently are refused, and nothing smuggled in them reaches a backend.

Each case is raw bytes; behind those that tempt a parser to go on stands a whole request for /smuggled. Expected: one
answer with the stated status, the connection closed, and no backend that ever saw "smuggled". Clauses are RFC 9112
unless another number is named.
"""

import pytest

from harness.backend import echo
from harness.fleet import problem, told
from harness.program import VERBATIM_ROUTE
from harness.waiting import wait_until
from harness.wire import chunked

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: a\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
def backend(shared_scene):
    return shared_scene.backend(echo)


@pytest.fixture(scope="module")
def instance(shared_scene, backend):
    return shared_scene.fairlead([backend], routes=[VERBATIM_ROUTE], limits={"body": "1MiB"},
                                 timeouts={"header": "500ms"})


def case(clause, name, raw, *statuses):
    return pytest.param(raw, statuses or (400,), id=f"{clause} {name}")


def field(line):
    """A request with this field line, then the smuggled one."""
    return GET + line + b"\r\n\r\n" + SMUGGLED


def posted(lines, body=b""):
    return POST + lines + b"\r\n\r\n" + body + SMUGGLED


FRAMING = [
    case("6.1", "length and chunked", posted(b"Content-Length: 5\r\nTransfer-Encoding: chunked", b"0\r\n\r\n")),
    case("6.1", "chunked and length", posted(b"Transfer-Encoding: chunked\r\nContent-Length: 5", b"0\r\n\r\n")),
    case("6.1", "length 0 and chunked", posted(b"Content-Length: 0\r\nTransfer-Encoding: chunked", b"0\r\n\r\n")),
    case("6.3", "two different lengths", posted(b"Content-Length: 0\r\nContent-Length: 36")),
    case("6.3", "two equal lengths", posted(b"Content-Length: 0\r\nContent-Length: 0")),
    case("6.3", "a list of equal lengths", posted(b"Content-Length: 0, 0")),
    case("6.3", "a list of lengths", posted(b"Content-Length: 0, 36")),
    case("9110-8.6", "empty length", posted(b"Content-Length:")),
    case("9110-8.6", "negative length", posted(b"Content-Length: -1")),
    case("9110-8.6", "length with a plus", posted(b"Content-Length: +0")),
    case("9110-8.6", "hexadecimal length", posted(b"Content-Length: 0x0")),
    case("9110-8.6", "length with an underscore", posted(b"Content-Length: 0_0")),
    case("9110-8.6", "length with a fraction", posted(b"Content-Length: 0.0")),
    case("9110-8.6", "length with a blank inside", posted(b"Content-Length: 0 0")),
    case("9110-8.6", "quoted length", posted(b'Content-Length: "0"')),
    case("9110-8.6", "length beyond 64 bits", posted(b"Content-Length: 18446744073709551616"), 400, 413),
    case("9110-8.6", "length of 2^64 - 1", posted(b"Content-Length: 18446744073709551615"), 400, 413),
    case("9110-8.6", "length of forty digits", posted(b"Content-Length: " + b"9" * 40), 400, 413),
    case("9110-8.6", "length in other digits", posted("Content-Length: \u0660".encode())),
    case("9110-8.6", "length with a vertical tab", posted(b"Content-Length: \x0b0")),
    case("6.1", "unknown coding", posted(b"Transfer-Encoding: gzip"), 400, 501),
    case("6.1", "identity", posted(b"Transfer-Encoding: identity"), 400, 501),
    case("6.1", "gzip before chunked", posted(b"Transfer-Encoding: gzip, chunked", b"0\r\n\r\n"), 400, 501),
    case("6.1", "chunked isn't last", posted(b"Transfer-Encoding: chunked, gzip", b"0\r\n\r\n"), 400, 501),
    case("6.1", "chunked twice", posted(b"Transfer-Encoding: chunked, chunked", b"0\r\n\r\n"), 400, 501),
    case("6.1", "two fields chunked",
         posted(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", b"0\r\n\r\n"), 400, 501),
    case("6.1", "two fields, one identity",
         posted(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", b"0\r\n\r\n"), 400, 501),
    case("6.1", "empty coding", posted(b"Transfer-Encoding:"), 400, 501),
    case("6.1", "quoted chunked", posted(b'Transfer-Encoding: "chunked"', b"0\r\n\r\n"), 400, 501),
    case("6.1", "chunked with a parameter", posted(b"Transfer-Encoding: chunked;a=b", b"0\r\n\r\n"), 400, 501),
    case("6.1", "xchunked", posted(b"Transfer-Encoding: xchunked", b"0\r\n\r\n"), 400, 501),
    case("6.1", "chunked behind a vertical tab", posted(b"Transfer-Encoding: \x0bchunked", b"0\r\n\r\n")),
    case("6.1", "chunked behind an empty member", posted(b"Transfer-Encoding: ,chunked, gzip", b"0\r\n\r\n"), 400, 501),
    case("6.1", "blank inside the name", posted(b"Transfer Encoding: chunked", b"0\r\n\r\n")),
    case("6.1", "chunked in HTTP/1.0", b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED),
    case("6.1", "chunked in HTTP/1.0 with keep-alive",
         b"POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"
         b"0\r\n\r\n" + SMUGGLED),
]

FIELD_LINES = [
    case("5.1", "blank before the colon", field(b"Content-Length : 0")),
    case("5.1", "tab before the colon", field(b"X-A\t: b")),
    case("5.1", "no colon", field(b"X-A")),
    case("5.1", "empty name", field(b": value")),
    case("5.1", "blank inside a name", field(b"X A: b")),
    case("5.1", "blank before a name", GET + b"X-A: b\r\n Content-Length: 36\r\n\r\n" + SMUGGLED),
    case("5.2", "obs-fold", GET + b"X-A: b\r\n folded\r\n\r\n" + SMUGGLED),
    case("5.2", "obs-fold with a tab", GET + b"X-A: b\r\n\tfolded\r\n\r\n" + SMUGGLED),
    case("5.2", "obs-fold of the first line", b"GET / HTTP/1.1\r\n Host: a\r\nHost: a\r\n\r\n" + SMUGGLED),
    case("5.2", "obs-fold that hides chunked", posted(b"Transfer-Encoding:\r\n chunked", b"0\r\n\r\n")),
    case("2.2", "bare LF after a field", GET + b"X-A: b\nTransfer-Encoding: chunked\r\n\r\n" + SMUGGLED),
    case("2.2", "bare LF after the request line", b"GET / HTTP/1.1\nHost: a\r\n\r\n" + SMUGGLED),
    case("2.2", "bare LFs at the end", b"GET / HTTP/1.1\r\nHost: a\n\n" + SMUGGLED),
    case("2.2", "LF, CRLF at the end", GET + b"X-A: b\n\r\n" + SMUGGLED),
    case("2.2", "bare CR in a value", field(b"X-A: b\rX-B: c")),
    case("2.2", "bare CR at the end of a value", field(b"X-A: b\r")),
    case("2.2", "bare CR before the colon", field(b"X-A\r: b")),
    case("2.2", "bare CR in the request line", b"GET /\r HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED),
    case("2.2", "CR CR LF at the end", GET + b"\r\r\n" + SMUGGLED),
    case("9110-5.5", "NUL in a value", field(b"X-A: b\x00c")),
    case("9110-5.5", "NUL in a name", field(b"X-\x00A: b")),
    case("9110-5.5", "BEL in a value", field(b"X-A: \x07")),
    case("9110-5.5", "escape in a value", field(b"X-A: \x1b[0m")),
    case("9110-5.5", "DEL in a value", field(b"X-A: \x7f")),
    case("9110-5.5", "form feed in a value", field(b"X-A: \x0c")),
    *[case("9110-5.1", f"{name} in a name", field(b"X" + byte + b"A: b")) for name, byte in
      [("quote", b'"'), ("parenthesis", b"("), ("comma", b","), ("slash", b"/"), ("at", b"@"), ("bracket", b"["),
       ("brace", b"{"), ("equals", b"="), ("letter beyond ASCII", b"\xe9"), ("DEL", b"\x7f"), ("semicolon", b";")]],
]

REQUEST_LINES = [
    case("3", "two blanks before the target", b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED),
    case("3", "two blanks before the version", b"GET /  HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED),
    case("3", "tab as separator", b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED),
    case("3", "blank at the end", b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n" + SMUGGLED),
    case("3", "blank at the start", b" GET / HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED),
    case("3", "no version", b"GET /\r\nHost: a\r\n\r\n" + SMUGGLED),
    case("3", "only a method", b"GET\r\n\r\n" + SMUGGLED),
    case("3", "no target", b"GET HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED),
    case("3", "no method", b"/ HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED),
    case("3.1", "bad byte in a method", b"GE{T / HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED),
    case("3.1", "method beyond ASCII", b"G\xc9T / HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED),
    case("3.1", "NUL in a method", b"GE\x00T / HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED),
    case("2.3", "lower case version", b"GET / http/1.1\r\nHost: a\r\n\r\n" + SMUGGLED, 400, 505),
    case("2.3", "version 1.2", b"GET / HTTP/1.2\r\nHost: a\r\n\r\n" + SMUGGLED, 400, 505),
    case("2.3", "version 2.0", b"GET / HTTP/2.0\r\nHost: a\r\n\r\n" + SMUGGLED, 400, 505),
    case("2.3", "version 0.9", b"GET / HTTP/0.9\r\nHost: a\r\n\r\n" + SMUGGLED, 400, 505),
    case("2.3", "version 1.10", b"GET / HTTP/1.10\r\nHost: a\r\n\r\n" + SMUGGLED, 400, 505),
    case("2.3", "version 1", b"GET / HTTP/1\r\nHost: a\r\n\r\n" + SMUGGLED, 400, 505),
    case("2.3", "version 1,1", b"GET / HTTP/1,1\r\nHost: a\r\n\r\n" + SMUGGLED, 400, 505),
    case("2.3", "another protocol", b"GET / RTSP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED, 400, 505),
    case("2.3", "HTTP/2 by prior knowledge", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, 505),
    case("3.2", "relative path", b"GET smuggled HTTP/1.1\r\nHost: a\r\n\r\n"),
    case("3.2", "fragment", b"GET /a#smuggled HTTP/1.1\r\nHost: a\r\n\r\n"),
    case("3.2", "control byte in the target", b"GET /a\x01 HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED),
    case("3.2", "NUL in the target", b"GET /a\x00smuggled HTTP/1.1\r\nHost: a\r\n\r\n"),
    case("3.2", "DEL in the target", b"GET /a\x7f HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED),
    case("3.2", "bytes beyond ASCII in the target", b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED),
    case("3.2.2", "absolute target without a host", b"GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED),
    case("3.2.2", "absolute target with a user", b"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED),
    case("3.2.2", "absolute target of another scheme", b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED),
    case("3.2.3", "CONNECT", b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n" + SMUGGLED, 400, 405, 501),
    case("3.2.3", "authority with another method", b"GET a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n" + SMUGGLED),
    case("3.2.4", "asterisk with another method", b"GET * HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED),
    case("2.2", "TLS on a plain port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n\r\n"),
]

HOSTS = [
    case("3.2", "no Host", b"GET / HTTP/1.1\r\n\r\n" + SMUGGLED),
    case("3.2", "two different Hosts", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + SMUGGLED),
    case("3.2", "two equal Hosts", b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n" + SMUGGLED),
    case("3.2", "two Hosts in HTTP/1.0", b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n" + SMUGGLED),
    case("3.2", "list of Hosts", b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n" + SMUGGLED),
    case("3.2", "Host with a blank", b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n" + SMUGGLED),
    case("3.2", "Host with a path", b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n" + SMUGGLED),
    case("3.2", "Host with a user", b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n" + SMUGGLED),
    case("3.2", "Host with a fragment", b"GET / HTTP/1.1\r\nHost: a#b\r\n\r\n" + SMUGGLED),
    case("3.2", "Host with a bad port", b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n" + SMUGGLED),
    case("3.2", "absolute target without Host", b"GET http://a/ HTTP/1.1\r\n\r\n" + SMUGGLED),
]

CHUNKS = [
    case("7.1", name, CHUNKED + body + SMUGGLED) for name, body in [
        ("size isn't hexadecimal", b"g\r\nabc\r\n0\r\n\r\n"),
        ("negative size", b"-1\r\nabc\r\n0\r\n\r\n"),
        ("size with a plus", b"+3\r\nabc\r\n0\r\n\r\n"),
        ("size with 0x", b"0x3\r\nabc\r\n0\r\n\r\n"),
        ("size with an underscore", b"0_3\r\nabc\r\n0\r\n\r\n"),
        ("empty size", b"\r\nabc\r\n0\r\n\r\n"),
        ("blank before the size", b" 3\r\nabc\r\n0\r\n\r\n"),
        ("size beyond 64 bits", b"10000000000000003\r\nabc\r\n0\r\n\r\n"),
        ("bare LF after the size", b"3\nabc\r\n0\r\n\r\n"),
        ("bare CR after the size", b"3\rabc\r\n0\r\n\r\n"),
        ("bare LF in an extension", b"3;a\nabc\r\n0\r\n\r\n"),
        ("bare CR in an extension", b"3;a\rb\r\nabc\r\n0\r\n\r\n"),
        ("CR CR LF after an extension", b"3;a\r\r\nabc\r\n0\r\n\r\n"),
        ("NUL in an extension", b"3;a\x00b\r\nabc\r\n0\r\n\r\n"),
        ("data longer than its size", b"3\r\nabcd\r\n0\r\n\r\n"),
        ("data ended by LF", b"3\r\nabc\n0\r\n\r\n"),
        ("data ended by CR", b"3\r\nabc\r0\r\n\r\n"),
        ("extension over its limit", b"3;" + b"a" * 20_000 + b"\r\nabc\r\n0\r\n\r\n"),
        ("trailer without a colon", b"0\r\nX-A\r\n\r\n"),
        ("trailer with a blank before the colon", b"0\r\nX-A : b\r\n\r\n"),
        ("folded trailer", b"0\r\nX-A: b\r\n c\r\n\r\n"),
        ("trailer ended by LF", b"0\r\nX-A: b\n\r\n"),
        ("trailers ended by LF", b"0\r\n\n"),
        ("NUL in a trailer", b"0\r\nX-A: \x00\r\n\r\n"),
        ("too many trailers", b"0\r\n" + b"X-A: b\r\n" * 2000 + b"\r\n"),
        ("trailers over their limit", b"0\r\nX-A: " + b"b" * 40_000 + b"\r\n\r\n"),
    ]
]

LIMITS = [
    case("9110-5.4", "head over its limit", GET + (b"X-A: " + b"v" * 1000 + b"\r\n") * 40 + b"\r\n" + SMUGGLED, 431),
    case("9110-5.4", "line over its limit", field(b"X-A: " + b"v" * 9000), 431),
    case("9110-5.4", "line over its limit without an end", GET + b"X-A: " + b"v" * 40_000, 431),
    case("9110-5.4", "too many fields", GET + b"X-A: b\r\n" * 101 + b"\r\n" + SMUGGLED, 431),
    case("3", "target over its limit", b"GET /" + b"t" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED, 414),
    case("3", "target over its limit without an end", b"GET /" + b"t" * 40_000, 414),
    case("9110-15.5.14", "length over its limit", posted(b"Content-Length: 1048577"), 413),
    case("9110-15.5.14", "chunks over the limit", CHUNKED + chunked(b"x" * (1 << 20), b"y") + SMUGGLED, 413),
    case("9110-15.5.14", "a chunk that alone is over the limit", CHUNKED + b"100001\r\nabc", 413),
    case("9110-15.5.14", "a chunk of 2^64 - 1", CHUNKED + b"ffffffffffffffff\r\nabc", 400, 413),
    case("3", "method without an end", b"A" * 40_000, 400, 414, 431, 501),
    case("2.2", "endless empty lines", b"\r\n" * 20_000 + SMUGGLED, 400, 431),
]

CASES = FRAMING + FIELD_LINES + REQUEST_LINES + HOSTS + CHUNKS + LIMITS


def test_there_are_enough_cases():
    assert len(CASES) >= 80


def send_hostile(instance, raw):
    """The answer to raw bytes, the rest of the connection behind it. The peer may close before all was sent."""
    with instance.client(timeout=3) as client:
        try:
            client.send(raw)
        except OSError:
            pass
        return client.response(), client.until_close()


@pytest.mark.parametrize("raw, statuses", CASES)
def test_is_refused(instance, backend, raw, statuses):
    before = len(backend.tape)
    response, rest = send_hostile(instance, raw)
    assert response.status in statuses, response
    problem(response, response.status)
    assert "close" in response.tokens("Connection"), response
    assert rest == b"", f"the connection went on: {rest[:200]!r}"
    assert b"smuggled" not in backend.tape[before:]
    assert backend.faults == []


def test_bad_heads_are_refused_before_a_backend_sees_any_of_it(instance, backend):
    before = len(backend.requests)
    for hostile in FRAMING + FIELD_LINES + REQUEST_LINES + HOSTS:
        send_hostile(instance, hostile.values[0])
        assert len(backend.requests) == before, hostile.id


def test_a_refused_body_is_never_taken_as_whole(instance, backend):
    """Whatever the cases above made the proxy begin at the backend, it never ended as if it were complete."""
    before = len(backend.requests)
    for body in (b"3\r\nabc\r\ng\r\n", b"3\r\nabcd\r\n0\r\n\r\n", b"3\r\nabc\r\n0\r\nX A: b\r\n\r\n"):
        send_hostile(instance, CHUNKED + body)
    assert all(request.body == b"" for request in backend.requests[before:])
    assert told(instance.fetch("GET", "/after"))["path"] == "/after"


def test_the_same_is_refused_behind_a_good_request_on_the_same_connection(instance, backend):
    before = len(backend.tape)
    with instance.client() as client:
        client.send(GET + b"\r\n" + posted(b"Content-Length: 5\r\nTransfer-Encoding: chunked", b"0\r\n\r\n"))
        assert client.response().status == 200
        assert client.response().status == 400
        client.expect_closed()
    assert b"smuggled" not in backend.tape[before:]


def test_the_same_is_refused_byte_by_byte(instance):
    with instance.client() as client:
        for byte in POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n":
            client.send(bytes([byte]))
        assert client.response().status == 400
        client.expect_closed()


def test_a_head_that_never_ends_is_408(instance):
    with instance.client() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n")
        problem(client.response(), 408)
        client.expect_closed()


def test_the_time_for_a_head_isnt_renewed_by_each_byte(instance):
    with instance.client(timeout=0.05) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ")

        def is_answered():
            try:
                client.send(b"x")
                return client.reader.fill() or client.reader.buffer
            except (AssertionError, OSError):
                return client.reader.buffer

        wait_until(is_answered, 5, "the answer to a head that trickles")
        assert client.reader.buffer.startswith(b"HTTP/1.1 408 ")


def test_a_body_that_stands_still_is_408(scene):
    backend = scene.backend()
    instance = scene.fairlead([backend], routes=[VERBATIM_ROUTE], timeouts={"body_idle": "300ms"})
    with instance.client() as client:
        client.request("POST", "/", [("Content-Length", "10")]).send(b"half")
        problem(client.response(), 408)
        client.expect_closed()


LONGEST_TARGET = b"GET /" + b"t" * (8 * 1024 - 1) + b" HTTP/1.1\r\nHost: a\r\n\r\n"

GOOD = [
    pytest.param(raw, id=name) for name, raw in [
        ("a field without a value", GET + b"X-A:\r\n\r\n"),
        ("blanks around a value", GET + b"X-A: \t b \t \r\n\r\n"),
        ("a value beyond ASCII", GET + b"X-A: \xff\xfe\r\n\r\n"),
        ("every byte of a token in a name", GET + b"!#$%&'*+-.^_`|~9aZ: b\r\n\r\n"),
        ("any token as method", b"!A.z / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("leading zeros of a length", POST + b"Content-Length: 0003\r\n\r\nabc"),
        ("chunked in other case", POST + b"transfer-encoding: Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
        ("leading zeros of a chunk size", CHUNKED + b"0003\r\nabc\r\n000\r\n\r\n"),
        ("chunk size in both cases", CHUNKED + b"A\r\n0123456789\r\nb\r\n0123456789a\r\n0\r\n\r\n"),
        ("chunk extension with a quoted value", CHUNKED + b'3;a="b;\\"c"\r\nabc\r\n0\r\n\r\n'),
        ("Host by IPv6", b"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"),
        ("100 fields", GET + b"X-A: b\r\n" * 99 + b"\r\n"),
        ("a long line", GET + b"X-A: " + b"v" * 8000 + b"\r\n\r\n"),
        ("the longest target", LONGEST_TARGET),
        ("an odd but legal target", b"GET /a/./b/../c//d;p?q=!$&'()*+,;=:@/?%20 HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("HTTP/1.0", b"GET / HTTP/1.0\r\n\r\n"),
    ]
]


@pytest.mark.parametrize("raw", GOOD)
def test_what_is_legal_is_served(instance, raw):
    with instance.client() as client:
        client.send(raw)
        assert client.response().status == 200


def test_the_instance_serves_on_after_all_of_it(instance):
    assert told(instance.fetch("POST", "/end", body=b"x"))["body"] == "x"
