"""How messages are framed (RFC 9112): bodies, answers without one, interim answers, trailers."""

import threading

import pytest

from harness.backend import answer
from harness.fleet import told
from harness.waiting import wait_until
from harness.wire import chunked

CHUNKED = ("Transfer-Encoding", "chunked")


def test_method_path_query_and_body_pass_through(proxy):
    instance, _ = proxy()
    received = told(instance.fetch("PUT", "/a/b%2Fc;d?e=f&g=%20?/", body=b"body"))
    assert (received["method"], received["target"], received["body"]) == ("PUT", "/a/b%2Fc;d?e=f&g=%20?/", "body")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "X-OWN"])
def test_every_method_may_carry_a_body_or_none(proxy, method):
    instance, _ = proxy()
    with instance.client() as client:
        assert told(client.exchange(method, "/", body=b"with"))["body"] == "with"
        without = told(client.exchange(method, "/"))
        assert (without["method"], without["body"]) == (method, "")


def test_a_post_without_a_body_says_that_its_length_is_0(proxy):
    instance, _ = proxy()
    fields = dict(told(instance.fetch("POST", "/", [("Content-Length", "0")]))["fields"])
    assert {name.lower(): value for name, value in fields.items()}.get("content-length") == "0"


def test_a_chunked_request_arrives_whole(proxy):
    instance, _ = proxy()
    with instance.client() as client:
        client.request("POST", "/", [CHUNKED]).send(chunked(b"one", b"two" * 5000, b"three"))
        assert told(client.response())["body"] == "one" + "two" * 5000 + "three"


def test_a_chunked_request_arrives_while_it_is_still_sent(proxy):
    instance, backend = proxy()
    with instance.client() as client:
        client.request("POST", "/", [CHUNKED]).send(b"5\r\nfirst\r\n")
        wait_until(lambda: b"first" in backend.raw, what="the first chunk at the backend")
        client.send(b"4\r\nlast\r\n0\r\n\r\n")
        assert told(client.response())["body"] == "firstlast"


def test_a_request_byte_by_byte_is_understood(proxy):
    instance, _ = proxy()
    with instance.client() as client:
        for byte in b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n":
            client.send(bytes([byte]))
        assert told(client.response())["body"] == "abc"


def test_a_chunked_answer_arrives_whole(proxy):
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"one", b"two" * 50_000)
    instance, _ = proxy(answer(raw))
    with instance.client() as client:
        for _ in range(2):
            response = client.exchange("GET", "/")
            assert (response.framing, response.body) == ("chunked", b"one" + b"two" * 50_000)


def test_a_chunked_answer_arrives_while_it_is_still_made(proxy):
    more = threading.Event()

    def script(exchange):
        exchange.read_body()
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        more.wait(20)
        exchange.send(b"4\r\nlast\r\n0\r\n\r\n")

    instance, _ = proxy(script)
    with instance.client() as client:
        client.request("GET", "/").response_head()
        while b"first" not in client.reader.buffer:
            client.reader.need()
        more.set()
        data = bytearray()
        client.reader.chunks(data.extend)
        assert data == b"firstlast"


def test_a_chunk_size_may_have_an_extension_which_is_dropped(proxy):
    instance, backend = proxy()
    with instance.client() as client:
        client.request("POST", "/", [CHUNKED]).send(b'3;name=value;q="x y"\r\nabc\r\n0;last\r\n\r\n')
        assert told(client.response())["body"] == "abc"
    assert b"name=value" not in backend.raw
    assert b";last" not in backend.raw


def test_a_close_delimited_answer_reaches_a_1_1_client_in_chunks(proxy):
    instance, _ = proxy(answer(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil close", close=True))
    with instance.client() as client:
        for _ in range(2):
            response = client.exchange("GET", "/")
            assert (response.framing, response.body) == ("chunked", b"until close")


@pytest.mark.parametrize("raw", [
    b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil close",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nuntil\r\n6\r\n close\r\n0\r\nX-Sum: 1\r\n\r\n",
])
def test_a_1_0_client_gets_an_answer_of_unknown_length_until_close(proxy, raw):
    instance, _ = proxy(answer(raw, close=True))
    with instance.client() as client:
        response = client.exchange("GET", "/", [("Connection", "keep-alive")], version="1.0")
        assert (response.framing, response.body, response.trailers) == ("close", b"until close", [])


def test_an_http_1_0_backend_is_understood(proxy):
    instance, _ = proxy(answer(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nold", close=True))
    response = instance.fetch("GET", "/")
    assert (response.status, response.body) == (200, b"old")


# Answers without a body.


def test_head_tells_the_length_and_sends_no_body(proxy):
    instance, backend = proxy(lambda exchange: exchange.reply(200, b"twelve bytes", [("ETag", '"x"')]))
    with instance.client() as client:
        for _ in range(2):
            response = client.exchange("HEAD", "/")
            assert (response.status, response.get("Content-Length"), response.get("ETag")) == (200, "12", '"x"')
        assert client.exchange("GET", "/").body == b"twelve bytes"
    assert [request.method for request in backend.requests] == ["HEAD", "HEAD", "GET"]
    assert len(backend.connections) == 1


def test_head_of_a_chunked_resource_has_no_body(proxy):
    def script(exchange):
        exchange.read_body()
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        if exchange.request.method != "HEAD":
            exchange.send(chunked(b"data"))

    instance, _ = proxy(script)
    with instance.client() as client:
        assert client.exchange("HEAD", "/").status == 200
        assert client.exchange("GET", "/").body == b"data"


def test_head_of_an_error_of_the_programs_own_has_no_body(scene):
    instance = scene.fairlead([scene.backend()])
    with instance.client() as client:
        for _ in range(2):
            response = client.exchange("HEAD", "/nowhere")
            assert response.status == 404
            assert int(response.get("Content-Length")) > 0


@pytest.mark.parametrize("status, fields", [
    (204, b""),
    (304, b'ETag: "x"\r\n'),
    (304, b'ETag: "x"\r\nContent-Length: 5000\r\n'),
    (304, b"Transfer-Encoding: chunked\r\n"),
])
def test_204_and_304_have_no_body_and_the_connection_goes_on(proxy, status, fields):
    instance, backend = proxy(answer(b"HTTP/1.1 %d Fine\r\n%s\r\n" % (status, fields)))
    with instance.client() as client:
        for _ in range(3):
            response = client.exchange("GET", "/")
            assert (response.status, response.body) == (status, b"")
            assert status != 204 or not response.all("Content-Length") + response.all("Transfer-Encoding")
    assert len(backend.connections) == 1


def test_an_answer_of_length_0_is_one(proxy):
    instance, _ = proxy(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    with instance.client() as client:
        for _ in range(2):
            response = client.exchange("GET", "/")
            assert (response.get("Content-Length"), response.body) == ("0", b"")


# Interim answers.


def test_interim_answers_are_relayed_in_order_with_their_fields(proxy):
    instance, _ = proxy(answer(
        b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nConnection: x-secret\r\nX-Secret: 1\r\n\r\n"
        b"HTTP/1.1 102 Processing\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
    with instance.client() as client:
        for _ in range(2):
            response = client.exchange("GET", "/")
            assert [interim.status for interim in response.interims] == [103, 102]
            assert response.interims[0].get("Link") == "</a.css>; rel=preload"
            assert response.interims[0].get("X-Secret") is None
            assert (response.status, response.body) == (200, b"ok")


def test_an_interim_answer_arrives_before_the_final_one_is_made(proxy):
    more = threading.Event()

    def script(exchange):
        exchange.read_body()
        exchange.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        more.wait(20)
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    instance, _ = proxy(script)
    with instance.client() as client:
        client.request("GET", "/")
        assert client.reader.response_head().status == 103
        more.set()
        assert client.response().status == 200


def test_a_1_0_client_gets_no_interim_answer(proxy):
    instance, _ = proxy(answer(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
    response = instance.fetch("GET", "/", version="1.0")
    assert (response.interims, response.status, response.body) == ([], 200, b"ok")


def test_expect_100_continue_waits_for_the_backends_word(proxy):
    def script(exchange):
        assert exchange.request.tokens("Expect") == ["100-continue"]
        assert not exchange.connection.reader.buffer, "the body came before it was asked for"
        exchange.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        exchange.reply(200, exchange.read_body())

    instance, _ = proxy(script)
    with instance.client() as client:
        client.request("POST", "/", [("Expect", "100-continue"), ("Content-Length", "4")])
        assert client.reader.response_head().status == 100
        client.send(b"body")
        response = client.response()
        assert (response.status, response.interims, response.body) == (200, [], b"body")


def test_expect_100_continue_may_be_answered_by_a_refusal(proxy):
    def script(exchange):
        exchange.body_read = True
        exchange.send(b"HTTP/1.1 403 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
        exchange.close()

    instance, _ = proxy(script)
    with instance.client() as client:
        client.request("POST", "/", [("Expect", "100-continue"), ("Content-Length", "4")])
        response = client.response()
        assert (response.status, response.interims, response.body) == (403, [], b"no")


def test_a_client_that_expects_100_may_send_its_body_at_once(proxy):
    instance, _ = proxy()
    with instance.client() as client:
        for _ in range(2):
            response = client.exchange("POST", "/", [("Expect", "100-continue")], b"impatient")
            assert told(response)["body"] == "impatient"


def test_another_expectation_is_417_or_passes(proxy):
    instance, backend = proxy()
    response = instance.fetch("POST", "/", [("Expect", "the-unexpected")], b"x")
    assert response.status == 417 or backend.requests[0].get("Expect") == "the-unexpected"


# Trailers.


def test_trailers_of_an_answer_pass_except_those_that_never_may(proxy):
    instance, _ = proxy(answer(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\n"
        b"X-Sum: 6\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\nConnection: close\r\nHost: evil\r\n\r\n"))
    with instance.client() as client:
        for _ in range(2):
            response = client.exchange("GET", "/", [("TE", "trailers"), ("Connection", "TE")])
            assert response.body == b"abc"
            assert response.trailers == [("X-Sum", "6")]


def test_trailers_of_a_request_pass_except_those_that_never_may(proxy):
    instance, _ = proxy()
    forbidden = [("Content-Length", "3"), ("Transfer-Encoding", "chunked"), ("Host", "evil"), ("Authorization", "x"),
                 ("X-Forwarded-For", "6.6.6.6"), ("Connection", "x-sum")]
    with instance.client() as client:
        client.request("POST", "/", [CHUNKED, ("Trailer", "X-Sum")])
        client.send(chunked(b"abc", trailers=[("X-Sum", "6"), *forbidden]))
        assert told(client.response())["trailers"] == [["X-Sum", "6"]]


def test_a_body_up_to_the_limit_passes(proxy):
    instance, _ = proxy(limits={"body": "64KiB"})
    assert len(told(instance.fetch("POST", "/", body=b"x" * 65_536))["body"]) == 65_536
    with instance.client() as client:
        client.request("POST", "/", [CHUNKED]).send(chunked(b"x" * 65_535, b"y"))
        assert len(told(client.response())["body"]) == 65_536
