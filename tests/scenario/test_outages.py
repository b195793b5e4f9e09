"""The outage ladder, step by step, on two instances under load: no request fails, each instance says the step once, and
when Redis is well again counts are true and the fleet is one. How long it took is printed (pytest -rP), not judged."""

import json
import re
import time

import pytest

from harness import namespaces, program
from harness.backend import Gate, echo
from harness.fleet import Flight, Load, counts, wait_counts
from harness.namespaces import Cable
from harness.slow_link import SlowLink
from harness.waiting import wait_until

pytestmark = pytest.mark.usefixtures("coordination")

STRATEGIES = ("least_conn", "round_robin", "power_of_two")


class Outage:
    """What is done to Redis and undone again. `degrades`: does that coordination have to go on by itself?"""

    degrades = {"exact": True, "leased": True}
    line = "requests go on with local state"  # of the log

    def __init__(self, scene):
        self.scene = scene
        self.server = scene.redis(**self.options())
        self.url = self.server.url

    def options(self):
        return {}

    def hurt(self):
        raise NotImplementedError

    def heal(self):
        raise NotImplementedError


class Hangs(Outage):
    def hurt(self):
        self.server.pause()

    def heal(self):
        self.server.resume()


class ComesBackEmpty(Outage):
    def hurt(self):
        self.server.kill()

    def heal(self):
        self.server.start()


class ComesBackWithOldData(ComesBackEmpty):
    def hurt(self):
        self.server.client().save()  # of the middle of the load: what was in flight then, and leases that may still run
        super().hurt()


class BecomesAReplica(Outage):
    def hurt(self):
        self.server.client().replicaof("127.0.0.1", 1)

    def heal(self):
        self.server.client().replicaof("NO", "ONE")


class ChangesItsPassword(Outage):
    line = "redis refuses us.*reason=WRONGPASS"  # after one for the connections that it ended

    def options(self):
        return {"password": "known"}

    def hurt(self):
        self.give("other")

    def heal(self):
        self.give("known")

    def give(self, password):
        self.server.client().config_set("requirepass", password)
        self.server.password = password
        self.server.client().execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


class IsSlow(Outage):
    """Beyond what a request waits for; a view of a few tenths of a second ago only fades."""

    degrades = {"exact": True, "leased": False}

    def __init__(self, scene):
        super().__init__(scene)
        self.link = scene.add(SlowLink(self.server.port))
        self.url = f"redis://127.0.0.1:{self.link.port}"

    def hurt(self):
        self.link.delay = 0.04  # each way

    def heal(self):
        self.link.delay = 0.0


class LosesPackets(Outage):
    def __init__(self, scene):
        reason = namespaces.why_not()
        if reason:
            pytest.skip(reason)
        self.cable = scene.add(Cable())
        super().__init__(scene)

    def options(self):
        return {"host": Cable.there, "run_by": self.cable.at_the_far_end()}

    def hurt(self):
        self.cable.pull()

    def heal(self):
        self.cable.plug()


def is_degraded(instance):
    return re.search(r'fairlead_degraded\{step="local"\} 1\n', instance.metrics())


class Listener:
    """What an instance's log says from now on; a busy machine may be an outage of its own before."""

    def __init__(self, instance):
        self.instance = instance
        self.begin = len(instance.log())

    def heard(self, pattern):
        return len(re.findall(pattern, self.instance.log()[self.begin:]))


def mixed(client):
    client.sent = getattr(client, "sent", 0) + 1
    started = time.monotonic()
    response = client.exchange("POST", f"/proxy?strategy={STRATEGIES[client.sent % 3]}", body=b"x")
    response.took = time.monotonic() - started
    return response


def fleet_of(instance):
    return json.loads(instance.admin_fetch("GET", "/api/v1/fleet").body)


def held_by(instance):
    """Requests in the ledgers of its members; in exact coordination each worker is one."""
    return sum(member["in_flight"] for member in fleet_of(instance)["members"] if member["own"])


def is_one_fleet(instances, members):
    return all(len(fleet["members"]) == members and fleet["drift"] == 0 for fleet in map(fleet_of, instances))


def counts_are_true(instances, database, backends):
    """What any instance has in flight is counted, and nothing is once that ended."""
    wait_counts(database, backends, [0] * len(backends), 15)
    gate = Gate()
    for backend in backends:
        backend.script = gate
    flights = [Flight(instance, 2) for instance in instances]
    gate.holds(2 * len(instances))
    wait_until(lambda: sum(counts(database, backends)) == 2 * len(instances), 15, "held requests to be counted")
    gate.open()
    for flight in flights:
        flight.land()
    for backend in backends:
        backend.script = echo
    wait_counts(database, backends, [0] * len(backends), 5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Hangs, ComesBackEmpty, ComesBackWithOldData, BecomesAReplica, ChangesItsPassword,
                                  IsSlow, LosesPackets])
def test_no_request_fails_and_the_fleet_is_one_again_when_redis(scene, coordination, kind):
    outage = kind(scene)
    backends = [scene.backend(), scene.backend()]
    instances = [scene.fairlead(backends, state=outage.url) for _ in range(2)]
    members = 2 * (2 if coordination == "exact" else 1)
    wait_until(lambda: is_one_fleet(instances, members), 5, "one fleet")
    loads = [Load(instance.address, mixed, threads=3) for instance in instances]
    for load in loads:
        load.has_done(200)
    wait_until(lambda: not any(map(is_degraded, instances)), 10, "both to use Redis")
    listeners = [Listener(instance) for instance in instances]
    hurt_at = time.monotonic()
    outage.hurt()
    if outage.degrades[coordination]:
        wait_until(lambda: all(map(is_degraded, instances)), 10, "both to say that they go on by themselves")
    noticed_at = time.monotonic()
    for load in loads:
        load.has_done(600)
    is_degrading = outage.degrades[coordination]
    for listener in listeners:
        assert listener.heard(outage.line) == (1 if is_degrading else 0), listener.instance.log()
    healed_at = time.monotonic()
    outage.heal()
    wait_until(lambda: not any(map(is_degraded, instances)), 20, "both to use Redis again")
    back_at = time.monotonic()
    wait_until(lambda: is_one_fleet(instances, members), 20, "one fleet again")
    for load in loads:
        load.has_done(200)
    results = [response for load in loads for response in load.stop()]
    print(f"{kind.__name__} {coordination}: noticed after {noticed_at - hurt_at:.2f} s, back after "
          f"{back_at - healed_at:.2f} s, {len(results)} requests, slowest {max(r.took for r in results) * 1000:.0f} ms")
    assert not [error for load in loads for error in load.errors]
    assert {response.status for response in results} == {200}
    for listener in listeners:
        assert listener.heard("redis is back") > 0 or not is_degrading, listener.instance.log()
    counts_are_true(instances, outage.server.client(), backends)
    assert is_one_fleet(instances, members)


@pytest.mark.slow
def test_an_instance_killed_under_load_leaves_nothing_behind(scene, redis_server, database, coordination):
    """Whenever one looks, counts are the sum of the ledgers; once the dead one's lease has ended, of the living's."""
    backends = [scene.backend() for _ in range(3)]
    instances = [scene.fairlead(backends, state=redis_server.url) for _ in range(3)]
    members_each = 2 if program.coordination == "exact" else 1
    loads = [Load(instance.address, mixed, threads=2) for instance in instances]
    for load in loads:
        load.has_done(100)
    *living, dying = instances
    gate = Gate()
    for backend in backends:
        backend.script = lambda exchange: (gate if exchange.request.query == "held" else echo)(exchange)
    Flight(dying, 4, target="/proxy?held")
    gate.holds(4)
    loads[-1].stopping.set()  # its errors would say nothing
    wait_until(lambda: held_by(dying) == 4, 5, "them alone to be counted")
    dying.kill()
    drifts = []

    def is_taken_out():
        fleet = fleet_of(living[0])
        drifts.append(fleet["drift"])
        return len(fleet["members"]) == 2 * members_each

    wait_until(is_taken_out, 15, "the dead instance to be taken out")
    for load in loads[:-1]:
        load.has_done(200)
        assert {response.status for response in load.stop()} == {200}
        assert not load.errors
    loads[-1].stop()
    wait_counts(database, backends, [0, 0, 0], 5)
    assert {drift for drift in drifts if drift is not None} == {0}
    reaped = sum(float(re.search(r"fairlead_ghost_load_reaped_total (\d+)", instance.metrics()).group(1))
                 for instance in living)
    assert reaped >= 4
    wait_until(lambda: database.keys("fairlead:ledger:*") == [], 5, "the next beats to take away shares of 0")
    gate.open()
