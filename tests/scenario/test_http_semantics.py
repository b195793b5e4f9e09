"""HTTP/1.1 on both sides: framing, interim answers, trailers, connections, forwarding fields (RFC 9110, RFC 9112)."""

import threading

import pytest

from harness.backend import Gate, answer
from harness.fleet import told
from harness.program import SANITIZED, VERBATIM_ROUTE, configuration
from harness.waiting import wait_until, wait_until_still
from harness.wire import Client, chunked

CHUNKED = ("Transfer-Encoding", "chunked")


@pytest.fixture
def proxy(scene):
    """Starts an instance that passes everything through to one backend, which runs the given script."""

    def start(script=None, **sections):
        backend = scene.backend(script) if script else scene.backend()
        return scene.fairlead([backend], routes=[VERBATIM_ROUTE], **sections), backend

    return start


def names_of(fields):
    return {name.lower() for name, _ in fields}


# Bodies.


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


# Connections.


def test_a_1_1_connection_stays_open(proxy):
    instance, backend = proxy()
    with instance.client() as client:
        for number in range(50):
            response = client.exchange("GET", f"/{number}")
            assert told(response)["path"] == f"/{number}"
            assert "close" not in response.tokens("Connection")
    assert len(backend.connections) == 1


@pytest.mark.parametrize("value", ["close", "Close", "keep-alive, close", "x , close"])
def test_connection_close_is_honoured(proxy, value):
    instance, _ = proxy()
    with instance.client() as client:
        response = client.exchange("GET", "/", [("Connection", value)])
        assert response.tokens("Connection") == ["close"]
        client.expect_closed()


def test_close_of_the_client_doesnt_close_the_backends_connection(proxy):
    instance, backend = proxy(workers=1)
    for _ in range(4):
        assert told(instance.fetch("GET", "/", [("Connection", "close")]))["connection"] == 0
    assert len(backend.connections) == 1


def test_a_1_0_client_without_keep_alive_is_closed(proxy):
    instance, _ = proxy()
    with instance.client() as client:
        response = client.exchange("GET", "/", version="1.0")
        assert response.status == 200
        client.expect_closed()


def test_a_1_0_client_may_ask_for_keep_alive(proxy):
    instance, _ = proxy()
    with instance.client() as client:
        for _ in range(3):
            response = client.exchange("GET", "/", [("Connection", "keep-alive")], version="1.0")
            assert response.framing == "length"
            assert response.tokens("Connection") == ["keep-alive"]


def test_a_1_0_request_needs_no_host(proxy):
    instance, backend = proxy()
    assert instance.fetch("GET", "/", version="1.0", host=None).status == 200
    assert backend.requests[0].version == "1.1"
    assert backend.requests[0].get("Host") == f"127.0.0.1:{backend.port}"


def test_pipelined_requests_are_answered_in_order(proxy):
    instance, _ = proxy()
    count = 40
    with instance.client() as client:
        client.send(b"".join(
            b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number if number % 2 else
            b"POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nGET" % number for number in range(count)))
        assert [told(client.response())["path"] for _ in range(count)] == [f"/{number}" for number in range(count)]


def test_pipelined_chunked_requests_are_told_apart(proxy):
    instance, _ = proxy()
    with instance.client() as client:
        one = b"POST /%d HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"a", b"bc")
        client.send(b"".join(one.replace(b"%d", b"%d" % number) for number in range(10)))
        for number in range(10):
            received = told(client.response())
            assert (received["path"], received["body"]) == (f"/{number}", "abc")


def test_a_pipelined_request_isnt_lost_behind_an_error(scene):
    instance = scene.fairlead([scene.backend()])
    with instance.client() as client:
        client.send(b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\nPOST /proxy HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
        assert client.response().status == 404
        assert client.response().status == 200


def test_nothing_is_answered_after_a_request_that_says_close(proxy):
    instance, backend = proxy()
    with instance.client() as client:
        client.send(b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n")
        assert told(client.response())["path"] == "/a"
        client.expect_closed()
    assert backend.targets() == ["/a"]


def test_empty_lines_before_a_request_are_skipped(proxy):
    instance, _ = proxy()
    with instance.client() as client:
        client.send(b"\r\n").request("GET", "/a")
        assert told(client.response())["path"] == "/a"


def test_a_client_that_half_closes_still_gets_its_answer(proxy):
    gate = Gate()
    instance, _ = proxy(gate)
    with instance.client() as client:
        client.request("POST", "/", body=b"x")
        client.half_close()
        gate.holds(1)
        gate.open()
        assert told(client.response())["body"] == "x"
        client.expect_closed()


def test_a_client_that_half_closes_inside_its_body_isnt_taken_as_complete(proxy):
    instance, backend = proxy()
    with instance.client() as client:
        client.request("POST", "/", [("Content-Length", "10")]).send(b"short")
        client.half_close()
        rest = client.until_close()
        assert rest == b"" or rest.startswith(b"HTTP/1.1 400 "), rest
    assert all(request.body == b"" for request in backend.requests)


def test_an_idle_connection_is_closed_after_the_configured_time(proxy):
    instance, _ = proxy(timeouts={"keep_alive": "1s"})
    with instance.client() as client:
        assert client.exchange("GET", "/").status == 200
        client.expect_closed()


def test_a_new_connection_that_says_nothing_is_closed_in_silence(proxy):
    instance, _ = proxy(timeouts={"keep_alive": "1s", "header": "300ms"})
    with instance.client() as client:
        rest = client.until_close()
        assert rest == b"" or rest.startswith(b"HTTP/1.1 408 "), rest


def test_a_client_that_resets_ends_the_request_at_the_backend(proxy):
    """An orderly end of the client's side alone may be a half-close, so it ends nothing."""
    gone = threading.Event()

    def script(exchange):
        exchange.read_body()
        exchange.gone(10)
        gone.set()
        exchange.close()

    instance, backend = proxy(script)
    with instance.client() as client:
        client.request("GET", "/")
        wait_until(lambda: backend.requests)
        client.reset()
    assert gone.wait(5), "the backend's connection was left standing"


# Early answers.


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_an_early_answer_reaches_a_client_that_still_uploads(proxy, framing):
    def script(exchange):
        exchange.body_read = True
        exchange.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 8\r\nConnection: close\r\n\r\ntoo much")
        exchange.gone(10)
        exchange.close()

    instance, _ = proxy(script, limits={"body": 0})
    with instance.client() as client:
        field = ("Content-Length", str(1 << 30)) if framing == "length" else CHUNKED
        client.request("POST", "/", [field])
        client.send(b"x" * 100 if framing == "length" else b"64\r\n" + b"x" * 100 + b"\r\n")
        response = client.response()
        assert (response.status, response.body) == (413, b"too much")


def test_an_early_answer_isnt_lost_when_the_client_goes_on_sending(proxy):
    def script(exchange):
        exchange.body_read = True
        exchange.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 8\r\nConnection: close\r\n\r\ntoo much")
        exchange.gone(10)
        exchange.close()

    instance, _ = proxy(script, limits={"body": 0})
    with instance.client() as client:
        client.request("POST", "/", [("Content-Length", str(64 << 20))])

        def upload():
            try:
                for _ in range(1024):
                    client.send(b"x" * 65_536)
            except OSError:
                pass

        sender = threading.Thread(target=upload, daemon=True)
        sender.start()
        response = client.response()
        assert (response.status, response.body) == (413, b"too much")
        client.close()
        sender.join(20)


# What doesn't cross.


HOP_BY_HOP = [("Keep-Alive", "timeout=5"), ("Proxy-Connection", "keep-alive"), ("Upgrade", "x-protocol"),
              ("TE", "gzip"), ("X-Nominated", "secret"), ("X-Too", "secret")]


def test_hop_by_hop_fields_of_a_request_stay_behind(proxy):
    instance, backend = proxy()
    fields = [("Connection", "keep-alive, X-Nominated, upgrade"), ("Connection", "x-too, te"), *HOP_BY_HOP]
    told(instance.fetch("GET", "/", [*fields, ("X-Kept", "yes")]))
    request = backend.requests[0]
    assert not names_of(request.fields) & {name.lower() for name, _ in HOP_BY_HOP}
    assert set(request.tokens("Connection")) <= {"keep-alive"}
    assert request.get("X-Kept") == "yes"


def test_hop_by_hop_fields_of_an_answer_stay_behind(proxy):
    fields = [("Connection", "X-Nominated"), ("Connection", "x-too"), *HOP_BY_HOP, ("X-Kept", "yes")]
    instance, _ = proxy(lambda exchange: exchange.reply(200, b"x", fields))
    response = instance.fetch("GET", "/")
    assert not names_of(response.fields) & {name.lower() for name, _ in HOP_BY_HOP}
    assert response.get("X-Kept") == "yes"


def test_connection_cant_nominate_what_the_proxy_needs_or_adds(proxy):
    instance, backend = proxy()
    nominated = "Host, Content-Length, X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, Via"
    response = instance.fetch("POST", "/", [("Connection", nominated)], b"body")
    if response.status == 400:
        return
    request = backend.requests[0]
    assert request.body == b"body"
    assert request.get("Host") == "app.test"
    assert request.get("X-Forwarded-For") == "127.0.0.1"
    assert request.get("X-Forwarded-Proto") == "http"
    assert request.get("X-Forwarded-Host") == "app.test"
    assert request.get("Via")


def test_an_upgrade_that_nobody_configured_isnt_passed(proxy):
    instance, backend = proxy()
    fields = [("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABk")]
    assert instance.fetch("GET", "/", fields).status == 200
    assert not names_of(backend.requests[0].fields) & {"upgrade", "http2-settings"}


def test_end_to_end_fields_pass_with_order_case_and_repetition(proxy):
    instance, backend = proxy()
    sent = [("X-One", "1"), ("x-TWO", "a, b"), ("X-One", "2"), ("X-Empty", ""), ("X-Text", "caf\xe9 \"q\"")]
    assert instance.fetch("GET", "/", sent).status == 200
    kept = [field for field in backend.requests[0].fields if field[0].lower().startswith("x-") and
            not field[0].lower().startswith("x-forwarded")]
    assert kept == sent


def test_set_cookie_fields_stay_apart(proxy):
    instance, _ = proxy(lambda exchange: exchange.reply(200, b"", [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]))
    assert instance.fetch("GET", "/").all("Set-Cookie") == ["a=1", "b=2"]


# Forwarding fields.


def test_forwarding_fields_tell_the_client(proxy):
    instance, backend = proxy()
    told(instance.fetch("GET", "/", host="shop.test:8080"))
    request = backend.requests[0]
    assert request.get("Host") == "shop.test:8080"
    assert request.get("X-Forwarded-For") == "127.0.0.1"
    assert request.get("X-Forwarded-Proto") == "http"
    assert request.get("X-Forwarded-Host") == "shop.test:8080"
    assert request.get("Via").split()[0] == "1.1"


SPOOFED = [("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-For", "7.7.7.7"), ("X-Forwarded-Proto", "https"),
           ("X-Forwarded-Host", "evil.test")]


def test_forwarding_fields_of_a_stranger_are_replaced(proxy):
    instance, backend = proxy()
    told(instance.fetch("GET", "/", [*SPOOFED, ("Forwarded", "for=6.6.6.6")]))
    request = backend.requests[0]
    assert request.get("X-Forwarded-For") == "127.0.0.1"
    assert request.get("X-Forwarded-Proto") == "http"
    assert request.get("X-Forwarded-Host") == "app.test"
    assert b"6.6.6.6" not in backend.raw


def test_forwarding_fields_of_a_trusted_proxy_are_kept_and_added_to(proxy):
    instance, backend = proxy(trusted_proxies=["10.0.0.0/8", "127.0.0.0/8"])
    told(instance.fetch("GET", "/", SPOOFED))
    request = backend.requests[0]
    assert request.tokens("X-Forwarded-For") == ["6.6.6.6", "7.7.7.7", "127.0.0.1"]
    assert request.get("X-Forwarded-Proto") == "https"
    assert request.get("X-Forwarded-Host") == "evil.test"


def test_via_is_added_to_what_stands(proxy):
    instance, backend = proxy()
    told(instance.fetch("GET", "/", [("Via", "1.0 fred")], version="1.0"))
    received = backend.requests[0].tokens("Via")
    assert received[0] == "1.0 fred"
    assert len(received) == 2 and received[1].startswith("1.0 ")


# Targets.


def test_an_absolute_target_decides_host_and_is_sent_as_a_path(proxy):
    instance, backend = proxy()
    with instance.client() as client:
        client.send(b"GET http://example.test:81/a?b HTTP/1.1\r\nHost: other.test\r\n\r\n")
        assert client.response().status == 200
    assert (backend.requests[0].target, backend.requests[0].get("Host")) == ("/a?b", "example.test:81")


def test_an_absolute_target_without_a_path_means_the_root(proxy):
    instance, backend = proxy()
    with instance.client() as client:
        client.send(b"GET http://example.test HTTP/1.1\r\nHost: example.test\r\n\r\n")
        assert client.response().status == 200
    assert backend.requests[0].target == "/"


def test_an_absolute_target_chooses_the_route_by_its_path(scene):
    backend = scene.backend()
    instance = scene.fairlead([backend])
    with instance.client() as client:
        client.send(b"POST http://a/proxy?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        assert client.response().status == 200
    assert backend.targets() == ["/process?x=1"]


def test_options_of_the_server_as_a_whole_is_never_taken_for_a_path(proxy):
    instance, backend = proxy()
    with instance.client() as client:
        response = client.exchange("OPTIONS", "*")
        assert response.status < 500
        assert client.exchange("GET", "/after").status == 200
    assert backend.targets() in (["*", "/after"], ["/after"])


# Size and pace.


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


def test_a_body_up_to_the_limit_passes(proxy):
    instance, _ = proxy(limits={"body": "64KiB"})
    assert len(told(instance.fetch("POST", "/", body=b"x" * 65_536))["body"]) == 65_536
    with instance.client() as client:
        client.request("POST", "/", [CHUNKED]).send(chunked(b"x" * 65_535, b"y"))
        assert len(told(client.response())["body"]) == 65_536


def test_ipv6_clients_are_served(scene):
    backend = scene.backend()
    config = configuration([backend], routes=[VERBATIM_ROUTE])
    port = config["listen"][0]["address"].rpartition(":")[2]
    config["listen"] = [{"address": f"127.0.0.1:{port}"}, {"address": f"[::1]:{port}"}]
    scene.fairlead(config=config)
    with Client(("::1", int(port))) as client:
        assert client.exchange("GET", "/", host="[::1]").status == 200
    assert backend.requests[0].get("X-Forwarded-For") == "::1"


def test_many_connections_at_once_are_served(proxy):
    instance, _ = proxy()
    clients = [instance.client() for _ in range(200)]
    for number, client in enumerate(clients):
        client.request("GET", f"/{number}")
    assert [told(client.response())["path"] for client in clients] == [f"/{number}" for number in range(200)]
    for client in clients:
        client.close()
    wait_until(lambda: instance.open_fds() < 260, what="the connections' descriptors to be given back")


def test_clients_that_reset_inside_their_request_do_no_harm(proxy):
    instance, _ = proxy()
    for _ in range(20):
        client = instance.client()
        client.request("POST", "/", [("Content-Length", "100000")])
        client.reset()
    assert instance.fetch("GET", "/after").status == 200
