"""Bodies far bigger than any buffer: streamed both ways in bounded memory, at the pace of the slower side."""

import threading

import pytest

from harness.program import SANITIZED, VERBATIM_ROUTE
from harness.waiting import wait_until, wait_until_still

CHUNKED = ("Transfer-Encoding", "chunked")


BIG = 256 << 20
PIECE = bytes(range(256)) * 1024


def serve_big(exchange):
    exchange.read_body()
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BIG)
    for _ in range(BIG // len(PIECE)):
        exchange.send(PIECE)
        exchange.backend.sent = getattr(exchange.backend, "sent", 0) + len(PIECE)


class Counting:
    """A sink that counts, and compares each byte with the endlessly repeated pattern."""

    def __init__(self):
        self.count = 0
        self.wrong = 0

    def __call__(self, piece):
        start = self.count % 256
        if self.count // len(PIECE) % 16 == 0:  # one piece of sixteen is compared: Python's speed is part of the budget
            self.wrong += (PIECE * 2)[start:start + len(piece)] != piece
        self.count += len(piece)


def big_limits():
    return {"limits": {"body": 0}, "workers": 1}


def test_a_big_download_streams_in_bounded_memory(scene):
    backend = scene.backend(serve_big, keep_raw=False)
    instance = scene.fairlead([backend], routes=[VERBATIM_ROUTE], **big_limits())
    with instance.client() as client:
        before = instance.rss()
        client.request("GET", "/")
        response, sink = client.response_head(), Counting()
        client.reader.body(response, sink, none_means_close=False)
        assert_grew_little(instance, before)
    assert (sink.count, sink.wrong) == (BIG, 0)


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_big_upload_streams_in_bounded_memory(scene, framing):
    sink = Counting()

    def script(exchange):
        exchange.read_body(sink)
        exchange.reply(200, b"done")

    backend = scene.backend(script, keep_raw=False)
    instance = scene.fairlead([backend], routes=[VERBATIM_ROUTE], **big_limits())
    with instance.client(timeout=60) as client:
        before = instance.rss()
        if framing == "length":
            client.request("POST", "/", [("Content-Length", str(BIG))])
            for _ in range(BIG // len(PIECE)):
                client.send(PIECE)
        else:
            client.request("POST", "/", [CHUNKED])
            for _ in range(BIG // len(PIECE)):
                client.send(b"%x\r\n%s\r\n" % (len(PIECE), PIECE))
            client.send(b"0\r\n\r\n")
        assert client.response().body == b"done"
        assert_grew_little(instance, before)
    assert (sink.count, sink.wrong) == (BIG, 0)


def assert_grew_little(instance, before, allowed=4 << 20):
    grown = instance.rss() - before
    assert SANITIZED or grown < allowed, f"resident memory grew by {grown >> 10} KiB"


def test_a_slow_reader_slows_the_backend_down(scene):
    backend = scene.backend(serve_big, keep_raw=False)
    instance = scene.fairlead([backend], routes=[VERBATIM_ROUTE], **big_limits())
    with instance.client(receive_buffer=65_536, timeout=60) as client:
        before = instance.rss()
        client.request("GET", "/")
        response = client.response_head()
        stands_at = still(lambda: getattr(backend, "sent", 0))
        assert stands_at < BIG / 4, "the backend could send while nobody read"
        assert_grew_little(instance, before)
        sink = Counting()
        client.reader.body(response, sink, none_means_close=False)
        assert (sink.count, sink.wrong) == (BIG, 0)


def test_a_slow_backend_slows_the_uploading_client_down(scene):
    goes_on, sink = threading.Event(), Counting()

    def script(exchange):
        goes_on.wait(60)
        exchange.read_body(sink)
        exchange.reply(200, b"done")

    backend = scene.backend(script, keep_raw=False)
    instance = scene.fairlead([backend], routes=[VERBATIM_ROUTE], **big_limits())
    with instance.client(timeout=60) as client:
        before, sent = instance.rss(), [0]

        def upload():
            client.request("POST", "/", [("Content-Length", str(BIG))])
            for _ in range(BIG // len(PIECE)):
                client.send(PIECE)
                sent[0] += len(PIECE)

        sender = threading.Thread(target=upload, daemon=True)
        sender.start()
        assert still(lambda: sent[0]) < BIG / 4, "the client could send while nobody read"
        assert_grew_little(instance, before)
        goes_on.set()
        sender.join(60)
        assert client.response().body == b"done"
    assert (sink.count, sink.wrong) == (BIG, 0)


def still(read):
    wait_until(read, what="the first bytes")
    return wait_until_still(read)
