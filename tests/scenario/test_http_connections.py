"""Connections of clients: kept, closed, pipelined, half-closed, reset; answers that come early (RFC 9112 section 9)."""

import threading

import pytest

from harness.backend import Gate
from harness.fleet import told
from harness.program import VERBATIM_ROUTE, configuration
from harness.waiting import wait_until
from harness.wire import Client, chunked

CHUNKED = ("Transfer-Encoding", "chunked")


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
        client.send(b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"
                    b"POST /proxy HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
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
