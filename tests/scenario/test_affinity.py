"""Consistent hashing: a key has the same backend on every instance, and only a lost backend's keys move."""

import collections

import pytest

from harness.fleet import Flight
from harness.backend import Gate
from harness.program import VERBATIM_ROUTE, urls
from harness.waiting import wait_until

USERS = [f"user-{number}" for number in range(60)]


def pools(backends, **affinity):
    return [{"name": "default", "strategy": "consistent_hash", "hash_key": {"header": "X-User"}, **affinity,
             "backends": [{"url": url} for url in urls(backends)]}]


def start(scene, backends, **sections):
    return scene.fairlead(backends, routes=[VERBATIM_ROUTE], **sections)


def home(instance, backends, user):
    """The backend that served a request of the user."""
    before = [len(backend.requests) for backend in backends]
    response = instance.fetch("GET", "/", [("X-User", user)])
    assert response.status == 200, response
    served = [backend for backend, count in zip(backends, before) if len(backend.requests) > count]
    assert len(served) == 1, served
    return served[0]


def homes(instance, backends):
    return {user: home(instance, backends, user) for user in USERS}


@pytest.mark.usefixtures("coordination")
def test_keys_have_the_same_backend_on_every_instance_and_only_a_lost_backends_keys_move(scene, redis_server):
    backends = [scene.backend() for _ in range(4)]
    one = start(scene, backends, state=redis_server.url, pools=pools(backends))
    other = start(scene, backends, state=redis_server.url, pools=pools(reversed(backends)))
    before = homes(one, backends)
    assert len(set(before.values())) == 4, "some backend has no key"
    assert homes(other, backends) == before
    assert homes(one, backends) == before
    lost = backends[1]
    lost.stop_listening()
    lost.drop_connections()
    after = homes(one, backends)
    assert lost not in after.values()
    assert {user: after[user] for user in USERS if before[user] is not lost} == \
        {user: before[user] for user in USERS if before[user] is not lost}
    assert homes(other, backends) == after


def test_keys_have_the_same_backend_after_a_restart(scene):
    backends = [scene.backend() for _ in range(3)]
    first = start(scene, backends, pools=pools(backends))
    before = homes(first, backends)
    first.stop()
    assert homes(start(scene, backends, pools=pools(backends)), backends) == before


@pytest.mark.parametrize("bound, at_home", [(1.25, 4), ("none", 20)])
def test_one_key_fills_its_backend_no_further_than_the_bound(scene, bound, at_home):
    backends = [scene.backend() for _ in range(4)]
    instance = start(scene, backends, pools=pools(backends, hash_load_max=bound))
    busy = home(instance, backends, "anna")
    gates = {backend: Gate() for backend in backends}
    for backend, gate in gates.items():
        backend.script = gate
    flights = []
    while len(flights) < 20:
        flights.append(Flight(instance, 1, "GET", "/", None, [("X-User", "anna")]))
        wait_until(lambda: sum(gate.waiting for gate in gates.values()) == len(flights), 5,
                   "the request to be at a backend")
    held = collections.Counter({backend: gate.waiting for backend, gate in gates.items()})
    for gate in gates.values():
        gate.open()
    for flight in flights:
        assert [answer.status for answer in flight.land()] == [200]
    # In 20 requests a backend's bound is at most ceil(1.25 * 19 / 4), 6, and one more may be there.
    assert held[busy] == 20 if bound == "none" else max(held.values()) <= 7
    assert held[busy] >= at_home
