"""The seed contract, line by line, with a real Redis and the list of backends edited by hand."""

import time

import pytest

from harness.backend import Gate, answer, echo
from harness.fleet import (Flight, Load, are_counted, chosen, counts, is_counted, listed, post, problem, told,
                           wait_counts)
from harness.ports import free_port
from harness.waiting import wait_until

LEASE = 10.0


pytestmark = pytest.mark.usefixtures("coordination")


@pytest.fixture
def seed(scene, redis_server):
    """Starts an instance on the Redis of the test, the backends given in its configuration."""

    def start(backends=(), **sections):
        return scene.fairlead(backends, state=redis_server.url, **sections)

    return start


# The answer.


def test_answers_with_a_line_that_names_the_backend_an_empty_line_and_the_backends_body(scene, seed):
    backend = scene.backend(answer(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n\r\npayload"))
    response = post(seed([backend]))
    assert response.status == 200
    assert response.body == f"Response from: {backend.url}\n\npayload".encode()


def test_names_the_backend_in_the_header_x_backend_server(scene, seed):
    backend = scene.backend()
    assert post(seed([backend])).get("X-Backend-Server") == backend.url


def test_replaces_an_x_backend_server_that_the_backend_sends(scene, seed):
    backend = scene.backend(lambda exchange: exchange.reply(200, b"x", [("X-Backend-Server", "http://elsewhere")]))
    assert post(seed([backend])).get("X-Backend-Server") == backend.url


def test_content_length_counts_the_added_line(scene, seed):
    backend = scene.backend(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\npayload"))
    response = post(seed([backend]))
    assert response.framing == "length"
    assert int(response.get("Content-Length")) == len(f"Response from: {backend.url}\n\n") + 7


def test_an_answer_without_length_gets_the_line_too(scene, seed):
    backend = scene.backend(answer(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"))
    assert post(seed([backend])).body == f"Response from: {backend.url}\n\nabcdefg".encode()


@pytest.mark.parametrize("status", [200, 201, 400, 404, 418, 500, 503])
def test_passes_the_backends_status(scene, seed, status):
    backend = scene.backend(lambda exchange: exchange.reply(status, b"said by the backend"))
    response = post(seed([backend]))
    assert response.status == status
    assert response.body.endswith(b"\n\nsaid by the backend")


def test_a_204_stays_without_a_body(scene, seed):
    backend = scene.backend(lambda exchange: exchange.reply(204))
    instance = seed([backend])
    with instance.client() as client:
        for _ in range(2):
            response = client.exchange("POST", "/proxy", body=b"x")
            assert (response.status, response.all("Content-Length")) == (204, [])
            assert response.get("X-Backend-Server") == backend.url


def test_passes_body_content_type_and_other_fields_to_process(scene, seed):
    backend = scene.backend()
    fields = [("Content-Type", "text/x-test; charset=latin-1"), ("X-Custom", "kept"), ("Cookie", "a=b")]
    received = told(post(seed([backend]), bytes(range(256)), fields=fields))
    assert received["method"] == "POST"
    assert received["path"] == "/process"
    assert received["body"].encode("latin-1") == bytes(range(256))
    names = {name.lower(): value for name, value in received["fields"]}
    assert names["content-type"] == "text/x-test; charset=latin-1"
    assert names["x-custom"] == "kept"
    assert names["cookie"] == "a=b"


def test_passes_the_backends_content_type(scene, seed):
    backend = scene.backend(lambda exchange: exchange.reply(200, b"{}", [("Content-Type", "application/x-test")]))
    assert post(seed([backend])).get("Content-Type") == "application/x-test"


@pytest.mark.parametrize("query, arrives", [
    ("", "/process"),
    ("?strategy=round_robin", "/process"),
    ("?a=1&strategy=least_conn&b=%20x", "/process?a=1&b=%20x"),
    ("?a=1&b=2", "/process?a=1&b=2"),
    ("?strategy=least_conn&a=1", "/process?a=1"),
    ("?strategyx=1&xstrategy=2", "/process?strategyx=1&xstrategy=2"),
])
def test_the_query_goes_along_without_the_strategy(scene, seed, query, arrives):
    backend = scene.backend()
    assert told(post(seed([backend]), query=query))["target"] == arrives


# Errors of the program's own.


@pytest.mark.parametrize("name", ["fastest", "", "ROUND_ROBIN", "round_robin%00"])
def test_an_unknown_strategy_is_400(scene, seed, name):
    backend = scene.backend()
    problem(post(seed([backend]), query=f"?strategy={name}"), 400)
    assert backend.requests == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "BREW"])
def test_another_method_on_proxy_is_405_and_told_what_is_allowed(scene, seed, method):
    backend = scene.backend()
    response = seed([backend]).fetch(method, "/proxy")
    problem(response, 405)
    assert response.get("Allow") == "POST"
    assert backend.requests == []


@pytest.mark.parametrize("target", ["/", "/proxyx", "/proxy/", "/prox", "/PROXY", "/metrics"])
def test_an_unknown_path_is_404(scene, seed, target):
    backend = scene.backend()
    problem(seed([backend]).fetch("POST", target, body=b"x"), 404)
    assert backend.requests == []


def test_no_backend_is_503_with_retry_after(seed):
    response = post(seed(ready="/healthz"))
    problem(response, 503)
    assert int(response.get("Retry-After")) >= 1


def test_a_backend_that_refuses_is_502(seed):
    problem(post(seed([f"http://127.0.0.1:{free_port()}"])), 502)


def test_a_backend_that_answers_nonsense_is_502(scene, seed):
    problem(post(seed([scene.backend(answer(b"\x16\x03\x01 this isn't HTTP\r\n\r\n", close=True))])), 502)


def test_a_backend_that_takes_too_long_is_504(scene, seed):
    gate = Gate()
    instance = seed([scene.backend(gate)], timeouts={"first_byte": "300ms"})
    problem(post(instance), 504)
    gate.open()


def test_problems_show_no_internals(scene, seed):
    port = free_port()
    instance = seed([f"http://127.0.0.1:{port}"])
    unknown = post(instance, query="?strategy=secret-word")
    for response in (post(instance), unknown, instance.fetch("GET", "/secret-word")):
        text = response.text + str(response.fields)
        assert str(port) not in text
        assert "secret-word" not in text
        assert ".cpp" not in text


def test_a_connection_serves_on_after_an_error(scene, seed):
    instance = seed([scene.backend()])
    with instance.client() as client:
        problem(client.exchange("GET", "/proxy"), 405)
        problem(client.exchange("POST", "/nowhere", body=b"not read by any backend"), 404)
        assert client.exchange("POST", "/proxy", body=b"x").status == 200


# Strategies.


def test_without_a_strategy_the_routes_own_serves(scene, seed, database):
    instance = seed([scene.backend(), scene.backend()])
    post(instance)
    is_counted(lambda: database.get("rr_counter") == "1", "the request's turn")


def test_round_robin_takes_the_server_that_the_counter_names(scene, seed, database):
    database.set("rr_counter", 41)
    instance = seed([scene.backend() for _ in range(3)])
    servers = wait_until(lambda: len(listed(database)) == 3 and listed(database), 2, "three registered backends")
    for counter in range(42, 54):
        assert chosen(post(instance, query="?strategy=round_robin")) == servers[(counter - 1) % 3]
        is_counted(lambda: database.get("rr_counter") == str(counter),  # pylint: disable=cell-var-from-loop
                   f"turn {counter}")


@pytest.mark.parametrize("coordination", ["exact"], indirect=True)
def test_two_instances_share_one_round_robin_turn_by_turn(scene, seed, database):
    backends = [scene.backend() for _ in range(3)]
    instances = [seed(backends), seed(backends)]
    servers = listed(database)
    assert sorted(servers) == sorted(backend.url for backend in backends)
    for counter in range(1, 13):
        assert chosen(post(instances[counter % 2])) == servers[(counter - 1) % 3]


def test_least_conn_takes_the_backend_with_the_fewest_requests_in_flight(scene, seed, database):
    gates = [Gate(), Gate(), Gate()]
    backends = [scene.backend(gate) for gate in gates]
    instance = seed(backends)
    flights = [Flight(instance, target="/proxy?strategy=least_conn")]
    wait_until(lambda: sum(gate.waiting for gate in gates) == 1)
    for held in range(2, 7):
        flights.append(Flight(instance, target="/proxy?strategy=least_conn"))
        wait_until(lambda: sum(gate.waiting for gate in gates) == held)  # pylint: disable=cell-var-from-loop
        in_flight = [gate.waiting for gate in gates]
        assert max(in_flight) - min(in_flight) <= 1, in_flight
    are_counted(database, backends, [2, 2, 2])
    for gate in gates:
        gate.open()
    assert [flight.land()[0].status for flight in flights] == [200] * 6


@pytest.mark.parametrize("coordination", ["exact"], indirect=True)
def test_least_conn_heeds_what_others_counted_with_the_very_next_request(scene, seed, database):
    backends = [scene.backend(), scene.backend()]
    instance = seed(backends)
    database.incrby(f"conn_count:{backends[0].url}", 3)
    assert {chosen(post(instance, query="?strategy=least_conn")) for _ in range(6)} == {backends[1].url}
    database.decrby(f"conn_count:{backends[0].url}", 3)
    wait_counts(database, backends, [0, 0])


def test_least_conn_rotates_among_equals(scene, seed, database):
    backends = [scene.backend() for _ in range(3)]
    instance = seed(backends)
    served = []
    for _ in range(9):
        wait_counts(database, backends, [0, 0, 0])
        served.append(chosen(post(instance, query="?strategy=least_conn")))
    assert [served.count(backend.url) for backend in backends] == [3, 3, 3]


# The list of backends.


def test_lpush_makes_a_backend_serve_within_a_second(scene, seed, database):
    first, second = scene.backend(), scene.backend()
    instance = seed([first])
    assert chosen(post(instance)) == first.url
    database.lpush("backend_servers", second.url)
    wait_until(lambda: chosen(post(instance)) == second.url, 1.0, "the pushed backend to serve")
    assert listed(database) == [second.url, first.url]


def test_the_first_backend_may_come_by_lpush(scene, seed, database):
    backend = scene.backend()
    instance = seed(ready="/healthz")
    problem(post(instance), 503)
    database.lpush("backend_servers", backend.url)
    wait_until(lambda: post(instance).status == 200, 1.0, "the pushed backend to serve")
    wait_until(lambda: instance.probe("/readyz") == 200, 2.0, "/readyz to answer 200")


def test_lrem_takes_a_backend_out_and_requests_in_flight_end_undisturbed(scene, seed, database):
    gate = Gate()
    leaving, staying = scene.backend(gate), scene.backend()
    instance = seed([leaving])
    flight = Flight(instance, 2)
    gate.holds(2)
    database.lpush("backend_servers", staying.url)
    wait_until(lambda: listed(database) == [staying.url, leaving.url])
    assert database.lrem("backend_servers", 0, leaving.url) == 1

    def only_the_other_serves():
        with instance.client(timeout=0.3) as client:
            try:
                return all(chosen(client.exchange("POST", "/proxy", body=b"x")) == staying.url for _ in range(4))
            except AssertionError:  # it was held by the one that leaves
                return False

    wait_until(only_the_other_serves, 1.0, "only the backend that stays to serve")
    gate.open()
    assert [chosen(response) for response in flight.land()] == [leaving.url] * 2
    wait_counts(database, [leaving, staying], [0, 0])


def test_lrem_of_the_last_backend_leaves_none(scene, seed, database):
    backend = scene.backend()
    instance = seed([backend])
    database.lrem("backend_servers", 0, backend.url)
    wait_until(lambda: post(instance).status == 503, 1.0, "503 without a backend")
    assert listed(database) == []


def test_configured_backends_are_added_to_what_the_list_holds(scene, seed, database):
    by_hand, configured = scene.backend(), scene.backend()
    database.lpush("backend_servers", by_hand.url)
    instance = seed([configured])
    assert sorted(listed(database)) == sorted([by_hand.url, configured.url])
    assert {chosen(post(instance)) for _ in range(4)} == {by_hand.url, configured.url}


def test_a_second_instance_registers_no_backend_twice(scene, seed, database):
    backends = [scene.backend(), scene.backend()]
    seed(backends)
    seed(backends)
    assert sorted(listed(database)) == sorted(backend.url for backend in backends)


# The counts.


def test_conn_count_tells_the_requests_in_flight(scene, seed, database):
    gate = Gate()
    backends = [scene.backend(gate), scene.backend(gate)]
    flight = Flight(seed(backends), 6)
    gate.holds(6)
    are_counted(database, backends, [3, 3])
    gate.open()
    flight.land()
    wait_counts(database, backends, [0, 0])


def test_conn_count_is_0_after_every_way_for_a_request_to_end(scene, seed, database):
    gate = Gate(lambda exchange: exchange.reset())
    hangs = Gate()
    ways = {
        "served": scene.backend(),
        "nonsense": scene.backend(answer(b"nonsense\r\n\r\n", close=True)),
        "cut": scene.backend(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this", close=True)),
        "reset": scene.backend(gate),
        "slow": scene.backend(hangs),
    }
    gate.open()
    instance = seed(list(ways.values()), timeouts={"first_byte": "200ms"})
    for flight in [Flight(instance, fields=[("Connection", "close")]) for _ in range(10)]:
        flight.clients[0].until_close()
    refused = f"http://127.0.0.1:{free_port()}"
    database.rpush("backend_servers", refused)
    for flight in [Flight(instance, fields=[("Connection", "close")]) for _ in range(6)]:
        flight.clients[0].until_close()
    hangs.open()
    wait_counts(database, list(ways.values()), [0] * 5)
    assert int(database.get(f"conn_count:{refused}") or 0) == 0


def test_conn_count_is_returned_when_the_client_leaves(scene, seed, database):
    gate = Gate()
    backend = scene.backend(gate)
    flight = Flight(seed([backend]), 3)
    gate.holds(3)
    wait_counts(database, [backend], [3])
    flight.abandon()
    wait_counts(database, [backend], [0])
    gate.open()


def test_conn_count_is_never_negative_and_0_at_rest(scene, seed, database):
    backends = [scene.backend(), scene.backend()]
    instance = seed(backends)
    load = Load(instance.address, lambda client: client.exchange("POST", "/proxy?strategy=least_conn", body=b"x"))
    lowest = 0
    deadline = time.monotonic() + 1.0
    while time.monotonic() < deadline:
        lowest = min(lowest, *counts(database, backends))
    load.stop()
    assert not load.errors
    assert lowest == 0
    wait_counts(database, backends, [0, 0])


@pytest.mark.slow
def test_counts_are_right_within_a_lease_after_an_instance_was_killed(scene, seed, database):
    gate = Gate()
    backends = [scene.backend(gate), scene.backend(gate)]
    killed, survivor = seed(backends), seed(backends)
    lost, kept = Flight(killed, 4), Flight(survivor, 2)
    gate.holds(6)
    is_counted(lambda: sum(counts(database, backends)) == 6, "all six requests")
    killed.kill()
    wait_until(lambda: sum(counts(database, backends)) == 2, LEASE, "the dead instance's requests to be forgotten")
    assert min(counts(database, backends)) >= 0
    gate.open()
    assert [response.status for response in kept.land()] == [200, 200]
    wait_counts(database, backends, [0, 0])
    lost.abandon()


@pytest.mark.slow
def test_counts_are_right_within_a_lease_after_the_only_instance_was_killed(scene, seed, database):
    gate = Gate()
    backend = scene.backend(gate)
    instance = seed([backend])
    flight = Flight(instance, 3)
    gate.holds(3)
    are_counted(database, [backend], [3])
    instance.kill()
    wait_counts(database, [backend], [0], LEASE)
    gate.open()
    flight.abandon()


def test_a_new_instance_puts_the_counts_right_after_the_only_one_was_killed(scene, seed, database):
    gate = Gate()
    backend = scene.backend(gate)
    instance = seed([backend])
    flight = Flight(instance, 3)
    gate.holds(3)
    instance.kill()
    gate.open()
    flight.abandon()
    restarted = seed([backend])
    wait_counts(database, [backend], [0], LEASE)
    assert post(restarted).status == 200


def test_keys_carry_the_prefix_of_the_configuration(scene, redis_server, database):
    gate = Gate()
    backend = scene.backend(gate)
    instance = scene.fairlead([backend], state={"url": redis_server.url, "key_prefix": "{lb}:"})
    flight = Flight(instance)
    gate.holds(1)
    assert database.lrange("{lb}:backend_servers", 0, -1) == [backend.url]
    are_counted(database, [backend], [1], "{lb}:")
    is_counted(lambda: database.get("{lb}:rr_counter") == "1", "the request's turn")
    assert all(key.startswith("{lb}:") for key in database.keys("*")), database.keys("*")
    gate.open()
    flight.land()


def test_a_pool_of_another_name_has_keys_of_its_own(scene, redis_server, database):
    first, second = scene.backend(), scene.backend()
    instance = scene.fairlead(state=redis_server.url, pools=[
        {"name": "default", "backends": [{"url": first.url}]}, {"name": "other", "backends": [{"url": second.url}]},
    ], routes=[{"path": "/first", "pool": "default"}, {"path": "/second", "pool": "other"}])
    assert told(instance.fetch("GET", "/first"))["backend"] == first.url
    assert told(instance.fetch("GET", "/second"))["backend"] == second.url
    assert listed(database) == [first.url]
    assert database.lrange("other:backend_servers", 0, -1) == [second.url]
    is_counted(lambda: database.get("other:rr_counter") == "1", "the request's turn")


def test_memory_state_serves_without_redis(scene):
    backends = [scene.backend(), scene.backend(echo)]
    instance = scene.fairlead(backends)
    served = [chosen(post(instance)) for _ in range(6)]
    assert [served.count(backend.url) for backend in backends] == [3, 3]
    assert all(served[index] != served[index + 1] for index in range(5)), "round robin alternates"
