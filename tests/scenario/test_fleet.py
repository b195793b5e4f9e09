"""Several instances on one Redis: they balance as one, in either coordination."""

import collections
import os
import signal

import pytest

from harness.backend import Gate, echo
from harness.fleet import Flight, Load, chosen, counts, post, wait_counts
from harness.waiting import wait_until

pytestmark = pytest.mark.usefixtures("coordination")


def fleet(scene, redis_server, backends, count):
    return [scene.fairlead(backends, state=redis_server.url) for _ in range(count)]


def spread(load_results):
    served = collections.Counter(chosen(response) for response in load_results)
    return max(served.values()) - min(served.values())


def proxy(strategy):
    return lambda client: client.exchange("POST", f"/proxy?strategy={strategy}", body=b"x")


@pytest.mark.parametrize("strategy", ["least_conn", "power_of_two"])
def test_a_strategy_by_load_goes_by_what_the_others_have_in_flight(scene, redis_server, database, strategy):
    busy, gate = scene.backend(), Gate()
    busy.script = lambda exchange: (gate if exchange.request.get("X-Hold") else echo)(exchange)
    idle = scene.backend()
    one, other = fleet(scene, redis_server, [busy, idle], 2)
    flight = Flight(one, 16, fields=[("X-Hold", "yes")])  # in turn: every second one stays at the busy backend
    gate.holds(8)
    wait_until(lambda: counts(database, [busy]) == [8], 5, "them to be counted")
    load = Load(other.address, proxy(strategy), threads=2)

    def passes_over():  # alone it would send half of them there
        last = load.results[-100:]
        return len(last) == 100 and sum(chosen(response) == busy.url for response in last) <= 10

    wait_until(passes_over, 10, "the second instance to pass over the busy backend")
    load.stop()
    gate.open()
    flight.land()
    wait_counts(database, [busy, idle], [0, 0])


def test_counts_are_the_truth_after_load_on_all_instances(scene, redis_server, database):
    backends = [scene.backend() for _ in range(3)]
    instances = fleet(scene, redis_server, backends, 3)
    loads = [Load(instance.address, proxy(strategy), threads=2)
             for instance in instances for strategy in ("least_conn", "round_robin")]
    for load in loads:
        load.has_done(200)
    results = [response for load in loads for response in load.stop()]
    assert {response.status for response in results} == {200}
    wait_counts(database, backends, [0, 0, 0])
    assert all(int(database.get(key)) == 0 for key in database.keys("conn_count:*"))


def test_a_rotation_is_even_over_all_instances(scene, redis_server, coordination):
    backends = [scene.backend() for _ in range(5)]
    loads = [Load(instance.address, proxy("round_robin"), threads=2)
             for instance in fleet(scene, redis_server, backends, 3)]
    for load in loads:
        load.has_done(400)
    results = [response for load in loads for response in load.stop()]
    assert len(results) >= 1200
    # Leased: what was taken before an instance knew of the others and held a block may meet theirs.
    assert spread(results) <= (1 if coordination == "exact" else len(results) / 50), spread(results)


def test_the_counter_is_the_number_of_requests_once_the_fleet_is_at_rest(scene, redis_server, database, coordination):
    instances = fleet(scene, redis_server, [scene.backend(), scene.backend()], 2)
    for number in range(10):
        chosen(post(instances[number % 2]))
    lapsed_max = 0 if coordination == "exact" else 4  # given back after another took some
    wait_until(lambda: 10 <= int(database.get("rr_counter")) <= 10 + lapsed_max, 2, "unused tickets to go back")


def test_two_instances_used_in_turn_rotate_together(scene, redis_server):
    backends = [scene.backend() for _ in range(3)]
    instances = fleet(scene, redis_server, backends, 2)
    served = [chosen(post(instances[number % 2])) for number in range(40)]
    assert all(abs(served.count(backend.url) - 40 / 3) <= 3 for backend in backends), served


def test_least_connections_heeds_what_a_client_of_the_plain_protocol_counted(scene, redis_server, database):
    backends = [scene.backend(), scene.backend()]
    instance = fleet(scene, redis_server, backends, 1)[0]
    database.incrby(f"conn_count:{backends[0].url}", 3)
    wait_until(lambda: {chosen(post(instance, query="?strategy=least_conn")) for _ in range(6)} == {backends[1].url}, 3,
               "the counted backend to be passed over")
    database.decrby(f"conn_count:{backends[0].url}", 3)
    wait_counts(database, backends, [0, 0])


def by_latency(instance):
    return chosen(post(instance, query="?strategy=peak_ewma"))


def test_a_backend_that_the_fleet_found_slow_is_passed_over_by_all(scene, redis_server, database):
    slow, quick = scene.backend(), scene.backend()
    database.hset("fairlead:latency", slow.url, 60_000_000)  # somebody waited for a minute
    for instance in fleet(scene, redis_server, [slow, quick], 2):
        wait_until(lambda one=instance: {by_latency(one) for _ in range(10)} == {quick.url}, 3, "the quick one alone")


def test_what_an_instance_measured_the_fleet_knows(scene, redis_server, database):
    backends = [scene.backend(), scene.backend()]
    instance = fleet(scene, redis_server, backends, 1)[0]
    wait_until(lambda: by_latency(instance) and database.hlen("fairlead:latency") == 2, 5, "both to be told")
    assert all(0 < int(database.hget("fairlead:latency", backend.url)) < 5_000_000 for backend in backends)


def test_what_a_killed_instance_had_in_flight_is_taken_back(scene, redis_server, database):
    gate = Gate()
    backends = [scene.backend(gate), scene.backend(gate)]
    living, dying = fleet(scene, redis_server, backends, 2)
    chosen_by_living = Flight(living, 2)
    Flight(dying, 4)
    gate.holds(6)
    wait_until(lambda: sum(counts(database, backends)) == 6, 5, "all to be counted")
    dying.kill()
    wait_until(lambda: sum(counts(database, backends)) == 2, 10, "the dead instance's share to be taken back")
    gate.open()
    chosen_by_living.land()
    wait_counts(database, backends, [0, 0])


def test_a_paused_instance_that_was_taken_out_says_its_truth_again(scene, redis_server, database):
    gate = Gate()
    backend = scene.backend(gate)
    paused, other = fleet(scene, redis_server, [backend], 2)
    flight = Flight(paused, 2)
    gate.holds(2)
    wait_counts(database, [backend], [2], 5)
    os.kill(paused.pid, signal.SIGSTOP)
    try:
        wait_until(lambda: counts(database, [backend]) == [0], 10, "the paused instance to be taken out")
    finally:
        os.kill(paused.pid, signal.SIGCONT)
    wait_counts(database, [backend], [2], 10)
    assert other.probe("/readyz") == 200
    gate.open()
    flight.land()
    wait_counts(database, [backend], [0], 5)


def test_the_metrics_say_by_whose_knowledge_backends_are_chosen(scene, redis_server, coordination):
    instance = scene.fairlead([scene.backend(), scene.backend()], state=redis_server.url)

    def picked():
        chosen(post(instance, query="?strategy=least_conn"))
        return f'fairlead_picks_total{{basis="{coordination}"}} 0\n' not in instance.metrics()

    wait_until(picked, 3, f"a pick on the basis {coordination}")
