"""Connections to backends: reuse, staleness, retries only where safe, failing backends, addresses of every kind."""

import socket
import threading

import pytest

from harness.backend import Gate, answer, echo
from harness.fleet import Flight, Load, chosen, post, problem, told
from harness.ports import free_port
from harness.program import VERBATIM_ROUTE
from harness.waiting import wait_until


@pytest.fixture
def proxy(scene):
    """An instance of one worker, whose pool is the only one, passing everything through."""

    def start(*backends, **sections):
        return scene.fairlead(backends, routes=[VERBATIM_ROUTE], **{"workers": 1, **sections})

    return start


def closes_after(count, script=echo):
    """Serves so many requests on a connection, then closes it in silence as a server with an idle limit does."""

    def run(exchange):
        script(exchange)
        if sum(request.connection == exchange.request.connection for request in exchange.backend.requests) >= count:
            exchange.close()

    return run


# Reuse.


def test_one_connection_serves_one_request_after_the_other(scene, proxy):
    backend = scene.backend()
    instance = proxy(backend)
    for _ in range(30):
        assert told(instance.fetch("GET", "/"))["connection"] == 0


def test_requests_at_once_get_connections_of_their_own(scene, proxy):
    gate = Gate()
    backend = scene.backend(gate)
    flight = Flight(proxy(backend), 10)
    gate.holds(10)
    assert len(backend.connections) == 10
    gate.open()
    assert {told(response)["connection"] for response in flight.land()} == set(range(10))


def test_the_connection_used_last_is_reused_first(scene, proxy):
    gate = Gate()
    backend = scene.backend(gate)
    instance = proxy(backend)
    flight = Flight(instance, 5)
    gate.holds(5)
    gate.open()
    flight.land()
    used = {told(instance.fetch("GET", "/"))["connection"] for _ in range(10)}
    assert len(used) == 1, used


def test_at_most_64_idle_connections_are_kept(scene, proxy):
    gate = Gate()
    backend = scene.backend(gate)
    flight = Flight(proxy(backend), 80)
    gate.holds(80)
    gate.open()
    assert all(response.status == 200 for response in flight.land())
    wait_until(lambda: backend.open_connections <= 64, what="surplus idle connections to be closed")
    assert backend.open_connections == 64


@pytest.mark.parametrize("raw", [
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
    b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
])
def test_a_connection_that_the_backend_wont_keep_isnt_reused(scene, proxy, raw):
    backend = scene.backend(answer(raw))
    instance = proxy(backend)
    for connections in (1, 2, 3):
        assert instance.fetch("POST", "/", body=b"x").status == 200
        assert len(backend.connections) == connections
    wait_until(lambda: backend.open_connections == 0, what="the proxy to close its side")


def test_a_connection_isnt_reused_after_its_client_left_in_the_middle(scene, proxy):
    def script(exchange):
        exchange.read_body()
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000)
        exchange.gone(10)
        exchange.close()

    backend = scene.backend(script)
    instance = proxy(backend)
    with instance.client() as client:
        client.request("GET", "/").response_head()
        client.reset()
    wait_until(lambda: backend.open_connections == 0, what="the half-used connection to be closed")


def test_a_body_that_the_backend_left_unread_ends_its_connection(scene, proxy):
    def script(exchange):
        exchange.body_read = True
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        exchange.gone(10)
        exchange.close()

    backend = scene.backend(script)
    instance = proxy(backend)
    with instance.client() as client:
        client.request("POST", "/", [("Content-Length", "1000")]).send(b"part")
        assert client.response().status == 200
    assert instance.fetch("GET", "/").status == 200
    assert len(backend.connections) == 2


# Stale connections.


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_idle_connection_that_the_backend_closed_gives_no_error(scene, proxy, method):
    backend = scene.backend(closes_after(1))
    instance = proxy(backend)
    for number in range(20):
        wait_until(lambda: backend.open_connections == 0)
        assert told(instance.fetch(method, f"/{number}", body=b"x"))["path"] == f"/{number}"
    assert len(backend.requests) == 20


def test_connections_that_close_at_any_moment_give_get_no_error(scene, proxy):
    backend = scene.backend(closes_after(3))
    instance = proxy(backend)
    load = Load(instance.address, lambda client: client.exchange("GET", "/"), threads=4)
    load.has_done(1000)
    load.stop()
    assert not load.errors
    assert {response.status for response in load.results} == {200}


def dies_on_reuse(exchange):
    """The first request of a connection is served; the second dies before a byte of its answer."""
    first = sum(request.connection == exchange.request.connection for request in exchange.backend.requests) == 1
    if first:
        echo(exchange)
    else:
        exchange.read_body()
        exchange.reset()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_an_idempotent_request_is_sent_again_when_a_reused_connection_dies(scene, proxy, method):
    backend = scene.backend(dies_on_reuse)
    instance = proxy(backend)
    assert instance.fetch("GET", "/first").status == 200
    body = b"small" if method == "PUT" else None
    assert instance.fetch(method, "/second", body=body).status == 200
    assert backend.targets() == ["/first", "/second", "/second"]
    assert backend.requests[2].body == (body or b"")


@pytest.mark.parametrize("method", ["POST", "PATCH", "X-OWN"])
def test_another_request_is_never_sent_twice(scene, proxy, method):
    backend = scene.backend(dies_on_reuse)
    instance = proxy(backend)
    assert instance.fetch("GET", "/first").status == 200
    problem(instance.fetch(method, "/second", body=b"x"), 502)
    assert backend.targets() == ["/first", "/second"]


def test_a_get_isnt_sent_again_once_a_byte_of_its_answer_came(scene, proxy):
    def script(exchange):
        exchange.read_body()
        if len(exchange.backend.requests) == 1:
            echo(exchange)
        else:
            exchange.send(b"HTTP/1.1 2")
            exchange.reset()

    backend = scene.backend(script)
    instance = proxy(backend)
    assert instance.fetch("GET", "/first").status == 200
    problem(instance.fetch("GET", "/second"), 502)
    assert backend.targets() == ["/first", "/second"]


def test_a_body_that_was_partly_sent_beyond_its_buffer_isnt_sent_again(scene, proxy):
    backend = scene.backend(dies_on_reuse)
    instance = proxy(backend)
    assert instance.fetch("GET", "/first").status == 200
    with instance.client() as client:
        client.request("PUT", "/second", [("Content-Length", "200000")])
        client.send(b"x" * 200_000)
        problem(client.response(), 502)
    assert backend.targets() == ["/first", "/second"]


# Backends that fail.


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connect_that_fails_goes_on_to_another_backend(scene, proxy, method):
    backend = scene.backend()
    instance = proxy(f"http://127.0.0.1:{free_port()}", backend)
    for number in range(12):
        assert told(instance.fetch(method, f"/{number}", body=b"kept"))["body"] == "kept"
    assert len(backend.requests) == 12


def test_each_backend_is_tried_once_at_most(proxy):
    ports = [free_port() for _ in range(3)]
    instance = proxy(*[f"http://127.0.0.1:{port}" for port in ports])
    problem(instance.fetch("GET", "/"), 502)


def full_listener():
    """A listener whose queue is full: a connect to it neither succeeds nor fails."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", free_port()))
    listener.listen(0)
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        fillers.append(filler)
    return listener, fillers


def test_a_connect_that_hangs_goes_on_to_another_backend_after_its_time(scene, proxy):
    listener, fillers = full_listener()
    backend = scene.backend()
    instance = proxy(f"http://127.0.0.1:{listener.getsockname()[1]}", backend, timeouts={"connect": "200ms"})
    for _ in range(2):
        assert told(instance.fetch("GET", "/"))["backend"] == backend.url
    for held in [listener, *fillers]:
        held.close()


def test_a_connect_that_hangs_everywhere_is_504_or_502(proxy):
    listener, fillers = full_listener()
    instance = proxy(f"http://127.0.0.1:{listener.getsockname()[1]}", timeouts={"connect": "200ms"})
    response = instance.fetch("GET", "/")
    assert response.status in (502, 504)
    problem(response, response.status)
    for held in [listener, *fillers]:
        held.close()


@pytest.mark.slow
def test_a_backend_that_fails_five_connects_in_a_row_rests_ten_seconds(scene, proxy):
    resting, steady = scene.backend(), scene.backend()
    instance = proxy(resting, steady)
    resting.stop_listening()
    resting.drop_connections()
    for _ in range(12):  # six turns at the one that fails, or more
        assert told(instance.fetch("GET", "/"))["backend"] == steady.url
    resting.listen()
    served = [told(instance.fetch("GET", "/"))["backend"] for _ in range(10)]
    assert resting.url not in served, "it should still rest"
    wait_until(lambda: told(instance.fetch("GET", "/"))["backend"] == resting.url, 11,
               "the rested backend to serve again")


def test_four_failed_connects_dont_make_a_backend_rest(scene, proxy):
    failing, steady = scene.backend(), scene.backend()
    instance = proxy(failing, steady)
    failing.stop_listening()
    for _ in range(4):  # at most four turns at the one that fails
        assert told(instance.fetch("GET", "/"))["backend"] == steady.url
    failing.listen()
    assert failing.url in [told(instance.fetch("GET", "/"))["backend"] for _ in range(4)]


def test_backends_dont_rest_when_all_fail(scene, proxy):
    backends = [scene.backend(), scene.backend()]
    instance = proxy(*backends)
    for backend in backends:
        backend.stop_listening()
    for _ in range(12):
        problem(instance.fetch("GET", "/"), 502)
    backends[0].listen()
    assert told(instance.fetch("GET", "/"))["backend"] == backends[0].url


# Addresses.


def test_a_backend_by_ipv6_serves(scene, proxy):
    backend = scene.backend(host="::1")
    assert backend.url.startswith("http://[::1]:")
    instance = proxy(backend)
    assert instance.fetch("GET", "/", version="1.0", host=None).status == 200
    assert backend.requests[0].get("Host") == f"[::1]:{backend.port}"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_backend_by_name_serves_on_whichever_address_it_listens(scene, proxy, host):
    known = {entry[4][0] for entry in socket.getaddrinfo("localhost", 80, type=socket.SOCK_STREAM)}
    if host not in known:
        pytest.skip(f"this machine's localhost isn't {host}")
    backend = scene.backend(host=host, name="localhost")
    instance = proxy(backend)
    for _ in range(3):
        assert told(instance.fetch("GET", "/"))["backend"] == f"http://localhost:{backend.port}"


def test_a_name_that_doesnt_resolve_goes_on_to_another_backend(scene, proxy):
    backend = scene.backend()
    instance = proxy("http://no-such-host.invalid:80", backend)
    for _ in range(4):
        assert told(instance.fetch("GET", "/"))["backend"] == backend.url


def test_only_a_name_that_doesnt_resolve_is_502(proxy):
    problem(proxy("http://no-such-host.invalid:80").fetch("GET", "/"), 502)


def test_a_name_that_resolves_slowly_doesnt_hold_others_up(scene, proxy):
    backend = scene.backend()
    instance = proxy("http://no-such-host.invalid:80", backend)
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(instance.fetch("GET", "/").status)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert answers == [200] * 8


def test_the_annotated_answer_names_the_backend_that_served(scene):
    backend = scene.backend()
    instance = scene.fairlead([f"http://127.0.0.1:{free_port()}", backend])
    for _ in range(4):
        response = post(instance)
        assert chosen(response) == backend.url
        assert response.body.startswith(f"Response from: {backend.url}\n\n".encode())
