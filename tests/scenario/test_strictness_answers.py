"""Bad answers of backends become 502 or a visibly cut body, never a wrong one, and their connection is never reused."""

import pytest

from harness.backend import answer
from harness.fleet import problem
from harness.program import VERBATIM_ROUTE
from harness.waiting import wait_until
from harness.wire import Cut, chunked

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
POISON = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"


@pytest.fixture
def proxy(scene):
    def start(script, **sections):
        backend = scene.backend(script)
        return scene.fairlead([backend], routes=[VERBATIM_ROUTE], workers=1, **sections), backend

    return start


BAD_HEADS = {
    "length and chunked": OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + POISON,
    "two different lengths": OK + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\n" + POISON,
    "two equal lengths": OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    "a list of lengths": OK + b"Content-Length: 2, 2\r\n\r\nok",
    "empty length": OK + b"Content-Length:\r\n\r\n" + POISON,
    "negative length": OK + b"Content-Length: -1\r\n\r\n" + POISON,
    "length with a plus": OK + b"Content-Length: +2\r\n\r\nok",
    "hexadecimal length": OK + b"Content-Length: 0x2\r\n\r\nok",
    "length beyond 64 bits": OK + b"Content-Length: 18446744073709551618\r\n\r\nok",
    "unknown coding": OK + b"Transfer-Encoding: gzip\r\n\r\nok",
    "chunked twice": OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked isn't last": OK + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked in HTTP/1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "status of two digits": b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "status of four digits": b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
    "status in letters": b"HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n",
    "status below 100": b"HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n",
    "status above 599": b"HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n",
    "negative status": b"HTTP/1.1 -20 OK\r\nContent-Length: 0\r\n\r\n",
    "no status": b"HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "two blanks before the status": b"HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n",
    "tab before the status": b"HTTP/1.1\t200 OK\r\nContent-Length: 0\r\n\r\n",
    "version 2.0": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "version 1.2": b"HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n",
    "lower case version": b"http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "another protocol": b"ICY 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/0.9": b"<html>just a page</html>",
    "no head": b"\r\n\r\n",
    "control byte in the reason": b"HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n",
    "bare CR in the reason": b"HTTP/1.1 200 OK\rX: y\r\nContent-Length: 0\r\n\r\n",
    "bare LF in the head": b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
    "bare LF after a field": OK + b"X-A: b\nContent-Length: 0\r\n\r\n",
    "blank before the colon": OK + b"Content-Length : 0\r\n\r\n",
    "obs-fold": OK + b"X-A: b\r\n c\r\nContent-Length: 0\r\n\r\n",
    "empty name": OK + b": b\r\nContent-Length: 0\r\n\r\n",
    "no colon": OK + b"X-A\r\nContent-Length: 0\r\n\r\n",
    "NUL in a value": OK + b"X-A: \x00\r\nContent-Length: 0\r\n\r\n",
    "bare CR in a value": OK + b"X-A: b\rX-B: c\r\nContent-Length: 0\r\n\r\n",
    "head over its limit": OK
    + b"".join(b"X-%d: %s\r\n" % (n, b"v" * 1000) for n in range(80))
    + b"Content-Length: 0\r\n\r\n",
    "line over its limit": OK + b"X-A: " + b"v" * 40_000 + b"\r\nContent-Length: 0\r\n\r\n",
    "too many fields": OK + b"X-A: b\r\n" * 200 + b"Content-Length: 0\r\n\r\n",
    "101 unasked": b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n" + POISON,
    "endless interim answers": b"HTTP/1.1 102 Processing\r\n\r\n" * 20_000,
    "head cut short": b"HTTP/1.1 200 OK\r\nContent-Le",
}


@pytest.mark.parametrize("raw", BAD_HEADS.values(), ids=BAD_HEADS)
def test_a_bad_head_is_502_and_its_connection_ends(proxy, raw):
    instance, backend = proxy(answer(raw, close=raw.endswith(b"Content-Le")))
    with instance.client(timeout=5) as client:
        for connections in (1, 2):
            response = client.exchange("POST", "/", body=b"x")
            assert b"poison" not in response.body
            problem(response, 502)
            assert len(backend.connections) == connections, "its connection was used again"
    wait_until(lambda: backend.open_connections == 0, what="the connections to be closed")


@pytest.mark.parametrize("raw", [b"", b"HTTP/1.1 103 Early\r\n\r\n"], ids=["at once", "after an interim answer"])
def test_a_backend_that_hangs_up_without_an_answer_is_502(proxy, raw):
    instance, _ = proxy(answer(raw, close=True))
    problem(instance.fetch("POST", "/", body=b"x"), 502)


CUT_BODIES = {
    "length": OK + b"Content-Length: 100\r\n\r\nshort",
    "inside a chunk": CHUNKED + b"64\r\nshort",
    "between chunks": CHUNKED + b"5\r\nshort\r\n",
    "before the last line end": CHUNKED + b"5\r\nshort\r\n0\r\n",
    "inside the trailers": CHUNKED + b"5\r\nshort\r\n0\r\nX-Sum: 1",
}


@pytest.mark.parametrize("raw", CUT_BODIES.values(), ids=CUT_BODIES)
def test_a_cut_body_is_seen_as_cut(proxy, raw):
    instance, _ = proxy(answer(raw, close=True))
    expect_cut(instance)


@pytest.mark.parametrize("raw", CUT_BODIES.values(), ids=CUT_BODIES)
def test_a_body_cut_by_a_reset_is_seen_as_cut(proxy, raw):
    def script(exchange):
        exchange.read_body()
        exchange.send(raw)
        exchange.reset()

    instance, _ = proxy(script)
    expect_cut(instance)


BAD_CHUNKS = {
    "size isn't hexadecimal": b"zz\r\n",
    "empty size": b"\r\n",
    "negative size": b"-5\r\nshort\r\n0\r\n\r\n",
    "size with 0x": b"0x5\r\nshort\r\n0\r\n\r\n",
    "blank before the size": b" 5\r\nshort\r\n0\r\n\r\n",
    "size beyond 64 bits": b"10000000000000005\r\nshort\r\n0\r\n\r\n",
    "bare LF after the size": b"5\nshort\r\n0\r\n\r\n",
    "bare LF in an extension": b"5;a\nshort\r\n0\r\n\r\n",
    "data longer than its size": b"5\r\nshorter\r\n0\r\n\r\n",
    "data ended by LF": b"5\r\nshort\n0\r\n\r\n",
    "endless extension": b"5;" + b"a" * 100_000 + b"\r\nshort\r\n0\r\n\r\n",
    "trailer without a colon": b"5\r\nshort\r\n0\r\nX-A\r\n\r\n",
    "folded trailer": b"5\r\nshort\r\n0\r\nX-A: b\r\n c\r\n\r\n",
    "NUL in a trailer": b"5\r\nshort\r\n0\r\nX-A: \x00\r\n\r\n",
    "too many trailers": b"5\r\nshort\r\n0\r\n" + b"X-A: b\r\n" * 5000 + b"\r\n",
}


@pytest.mark.parametrize("raw", BAD_CHUNKS.values(), ids=BAD_CHUNKS)
def test_bad_chunks_are_502_or_a_cut_body(proxy, raw):
    instance, backend = proxy(answer(CHUNKED + b"3\r\nabc\r\n" + raw))
    expect_cut(instance)
    expect_cut(instance)
    assert len(backend.connections) == 2, "its connection was used again"


def expect_cut(instance):
    """A client can tell that something is missing: 502, or a body that doesn't end as it should."""
    with instance.client(timeout=5) as client:
        try:
            response = client.exchange("POST", "/", body=b"x")
        except Cut:
            return
    problem(response, 502)


@pytest.mark.parametrize("raw", CUT_BODIES.values(), ids=CUT_BODIES)
def test_a_cut_body_is_seen_as_cut_behind_the_seeds_line_too(scene, raw):
    instance = scene.fairlead([scene.backend(answer(raw, close=True))])
    with instance.client(timeout=5) as client:
        with pytest.raises(Cut):
            client.exchange("POST", "/proxy", body=b"x")


EXTRA = {
    "after a length": OK + b"Content-Length: 2\r\n\r\nok" + POISON,
    "after length 0": OK + b"Content-Length: 0\r\n\r\n" + POISON,
    "after chunks": CHUNKED + chunked(b"ok") + POISON,
    "after 204": b"HTTP/1.1 204 No\r\n\r\n" + POISON,
    "after 304": b"HTTP/1.1 304 No\r\nContent-Length: 2\r\n\r\n" + POISON,
    "one line end": OK + b"Content-Length: 2\r\n\r\nok\r\n",
    "one byte": OK + b"Content-Length: 2\r\n\r\nok!",
}


@pytest.mark.parametrize("raw", EXTRA.values(), ids=EXTRA)
def test_extra_bytes_after_an_answer_reach_nobody(proxy, raw):
    instance, backend = proxy(answer(raw))
    with instance.client(timeout=5) as client:
        for connections in (1, 2, 3):
            response = client.exchange("POST", "/", body=b"x")
            assert response.status in (200, 204, 304, 502)
            assert response.status == 502 or response.body in (b"", b"ok")
            assert len(backend.connections) == connections, "its connection was used again"


def test_extra_bytes_after_the_answer_to_head_reach_nobody(proxy):
    instance, backend = proxy(answer(OK + b"Content-Length: 6\r\n\r\npoison"))
    with instance.client(timeout=5) as client:
        for connections in (1, 2, 3):
            assert client.exchange("HEAD", "/").status in (200, 502)
            assert len(backend.connections) == connections


def test_bytes_that_come_between_two_requests_reach_nobody(proxy):
    """An answer that nobody asked for, sent on an idle connection, isn't the answer to the next request."""
    def script(exchange):
        exchange.reply(200, b"asked")
        if len(exchange.backend.requests) == 1:
            exchange.send(POISON)

    instance, backend = proxy(script)
    assert instance.fetch("POST", "/", body=b"x").body == b"asked"
    wait_until(lambda: backend.open_connections == 0, what="the connection with unasked bytes to be closed")
    assert instance.fetch("POST", "/", body=b"x").body == b"asked"


def test_a_bad_answer_doesnt_cost_the_client_its_connection(scene):
    bad, good = scene.backend(answer(b"nonsense\r\n\r\n", close=True)), scene.backend()
    instance = scene.fairlead([bad, good], routes=[VERBATIM_ROUTE])
    with instance.client() as client:
        statuses = sorted(client.exchange("POST", "/", body=b"x").status for _ in range(6))
    assert statuses == [200] * 3 + [502] * 3


def test_an_answer_that_stalls_in_its_body_is_cut_after_the_idle_time(proxy):
    def script(exchange):
        exchange.read_body()
        exchange.send(OK + b"Content-Length: 100\r\n\r\nshort")
        exchange.gone(20)

    instance, _ = proxy(script, timeouts={"idle": "300ms"})
    with instance.client(timeout=5) as client:
        with pytest.raises(Cut):
            client.exchange("GET", "/")


def test_an_answer_that_stalls_in_its_head_is_504(proxy):
    def script(exchange):
        exchange.read_body()
        exchange.send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        exchange.gone(20)

    instance, _ = proxy(script, timeouts={"first_byte": "300ms", "idle": "300ms"})
    problem(instance.fetch("GET", "/"), 504)


def test_what_is_legal_but_odd_passes(proxy):
    raw = b"HTTP/1.1 299 \r\nX-Empty:\r\nX-Bytes: \xff\r\ntransfer-encoding: Chunked\r\n\r\n" \
          b"003;ext=1\r\nabc\r\n00\r\n\r\n"
    instance, backend = proxy(answer(raw))
    with instance.client() as client:
        for _ in range(2):
            response = client.exchange("GET", "/")
            assert (response.status, response.body) == (299, b"abc")
            assert (response.get("X-Empty"), response.get("X-Bytes")) == ("", "\xff")
    assert len(backend.connections) == 1
