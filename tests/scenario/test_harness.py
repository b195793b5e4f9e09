"""The harness itself: a test is worth as much as what it stands on."""

import pytest

from harness.backend import Gate, answer
from harness.wire import Client, Cut, FramingFault, chunked, fetch


def address(backend):
    return ("127.0.0.1", backend.port)


def test_backend_echoes_and_records(scene):
    backend = scene.backend()
    with Client(address(backend)) as client:
        client.exchange("POST", "/a?b=1", body=b"one")
        client.request("PUT", "/c", [("Transfer-Encoding", "chunked")])
        client.send(chunked(b"two", b"three", trailers=[("X-Sum", "5")]))
        assert b"twothree" in client.response().body
    assert [request.body for request in backend.requests] == [b"one", b"twothree"]
    assert backend.requests[1].trailer("x-sum") == "5"
    assert len(backend.connections) == 1
    assert backend.raw.startswith(b"POST /a?b=1 HTTP/1.1\r\nHost: app.test\r\n")


@pytest.mark.parametrize("raw", [
    b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nName : value\r\n\r\n",
])
def test_client_accepts_no_broken_answer(scene, raw):
    with pytest.raises(FramingFault):
        fetch(address(scene.backend(answer(raw))), "GET", "/")


def test_client_sees_a_cut_body(scene):
    backend = scene.backend(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", close=True))
    with pytest.raises(Cut):
        fetch(address(backend), "GET", "/")


def test_client_collects_interim_answers(scene):
    backend = scene.backend(answer(b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    assert [interim.status for interim in fetch(address(backend), "GET", "/").interims] == [103]


def test_gate_holds_requests_until_opened(scene):
    gate = Gate()
    backend = scene.backend(gate)
    clients = [Client(address(backend)).request("GET", "/") for _ in range(3)]
    gate.holds(3)
    gate.open()
    assert [client.response().status for client in clients] == [200] * 3
