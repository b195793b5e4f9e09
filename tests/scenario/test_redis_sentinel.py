"""Three sentinels, a master and its replica: the fleet's state is where the master is, whoever that is."""

import re

import pytest

from harness.backend import Gate
from harness.fleet import Flight, Load, are_counted, chosen, counts, listed, post, wait_counts
from harness.program import run_command
from harness.redis_groups import SentinelGroup
from harness.waiting import wait_until

pytestmark = pytest.mark.usefixtures("coordination")

FOLLOWED = 20.0  # seconds; a hang check: sentinels need 1 to 3 s, and the instance asks again every 2 s at the latest


@pytest.fixture
def group(scene):
    return scene.add(SentinelGroup(lambda: scene.folder("redis")))


@pytest.fixture
def backends(scene):
    return [scene.backend(), scene.backend()]


@pytest.fixture
def instance(scene, group, backends):
    return start(scene, group, backends)


def start(scene, group, backends):
    instance = scene.fairlead(backends, state=group.url)
    instance.wait_redis_up()
    database = group.master().client()
    wait_until(lambda: len(listed(database)) == len(backends), 5, "the configured backends to be registered")
    return instance


def names_at(server):
    """The instance's connections there, by the names that they gave themselves."""
    return sorted(client["name"] for client in server.client().client_list() if client["name"].startswith("fairlead-"))


def proxy(client):
    return client.exchange("POST", "/proxy?strategy=least_conn", body=b"x")


def is_used(master, instance, within=0.3):
    """The rotation there moves on with requests. Whoever polls looks again soon; who asks once waits for longer."""
    database = master.client()
    before = int(database.get("rr_counter") or 0)
    post(instance)
    try:
        wait_until(lambda: int(database.get("rr_counter") or 0) > before, within)
        return True
    except AssertionError:
        return False


def counts_are_true(instance, master, backends):
    """Held requests are counted, and nothing is once they ended."""
    database = master.client()
    wait_counts(database, backends, [0, 0], FOLLOWED)
    gate = Gate(backends[0].script)
    for backend in backends:
        backend.script = gate
    flight = Flight(instance, 2)
    wait_until(lambda: gate.waiting >= 2)
    wait_until(lambda: sum(counts(database, backends)) == 2, FOLLOWED, "both held requests to be counted")
    gate.open()
    flight.land()
    wait_counts(database, backends, [0, 0])


def test_requests_are_counted_at_the_master_that_the_sentinels_name(scene, group):
    gate = Gate()
    backend = scene.backend(gate)
    instance = start(scene, group, [backend])
    flight = Flight(instance, 3)
    gate.holds(3)
    are_counted(group.master().client(), [backend], [3])
    gate.open()
    flight.land()
    are_counted(group.master().client(), [backend], [0])


@pytest.mark.parametrize("trouble", ["kill", "pause"])
def test_a_lost_master_is_followed_and_no_request_fails(group, instance, backends, trouble):
    old = group.master()
    load = Load(instance.address, proxy, threads=4)
    load.has_done(200)
    getattr(old, trouble)()
    new = group.wait_master_other_than(old)
    wait_until(lambda: is_used(new, instance), FOLLOWED, "the new master to be used")
    load.has_done(200)
    results = load.stop()
    assert not load.errors
    assert {response.status for response in results} == {200}
    instance.wait_redis_up(FOLLOWED)
    counts_are_true(instance, new, backends)


def test_after_a_failover_by_hand_every_connection_ends_at_the_new_master(group, instance, backends):
    old = group.master()
    expected = names_at(old)
    assert expected
    load = Load(instance.address, proxy, threads=4)
    load.has_done(200)
    group.fail_over()
    new = group.wait_master_other_than(old)
    wait_until(lambda: names_at(new) == expected and not names_at(old), FOLLOWED, "the connections to have moved")
    load.has_done(200)
    results = load.stop()
    assert not load.errors
    assert {response.status for response in results} == {200}
    instance.wait_redis_up(FOLLOWED)
    counts_are_true(instance, new, backends)


def test_requests_in_flight_over_a_failover_are_counted_at_the_new_master_and_returned(scene, group):
    gate = Gate()
    backend = scene.backend(gate)
    instance = start(scene, group, [backend])
    flight = Flight(instance, 3)
    gate.holds(3)
    old = group.master()
    old.kill()
    new = group.wait_master_other_than(old)
    wait_counts(new.client(), [backend], [3], FOLLOWED)
    gate.open()
    flight.land()
    wait_counts(new.client(), [backend], [0], FOLLOWED)


def test_a_list_is_edited_at_the_new_master(scene, group, instance, backends):
    old = group.master()
    old.kill()
    new = group.wait_master_other_than(old)
    added = scene.backend()
    admin = ":".join(map(str, instance.admin))

    def add():
        return run_command("backend", "add", added.url, "--admin", admin).returncode == 0

    wait_until(add, FOLLOWED, "the edit to be taken")
    assert added.url in listed(new.client())
    wait_until(lambda: chosen(post(instance)) == added.url, 5, "the new backend to serve")
    new.client().lrem("backend_servers", 0, backends[0].url)
    wait_until(lambda: {chosen(post(instance)) for _ in range(6)} == {added.url, backends[1].url}, 5,
               "an edit by hand to act")


def test_two_dead_sentinels_of_three_are_passed_over(scene, group, backends):
    for sentinel in group.sentinels[:2]:
        sentinel.kill()
    instance = scene.fairlead(backends, state=group.url)
    instance.wait_redis_up(FOLLOWED)
    assert names_at(group.master())


def test_an_old_master_that_comes_back_is_not_used(group, instance):
    old = group.master()
    expected = names_at(old)
    old.kill()
    new = group.wait_master_other_than(old)
    wait_until(lambda: names_at(new) == expected, FOLLOWED, "the connections to have moved")
    instance.wait_redis_up(FOLLOWED)
    old.start()  # as a master, until the sentinels make it a replica
    assert all(is_used(new, instance, within=5) for _ in range(20))
    assert names_at(new) == expected
    assert not names_at(old)


def test_sentinels_with_a_password_get_the_urls(scene, backends):
    group = scene.add(SentinelGroup(lambda: scene.folder("redis"), password="hunter2", sentinel_password="hunter2"))
    instance = scene.fairlead(backends, state=group.url)
    instance.wait_redis_up(FOLLOWED)
    assert names_at(group.master())
    assert "hunter2" not in instance.log()


def test_sentinels_with_another_password_are_an_operators_matter(scene, backends):
    group = scene.add(SentinelGroup(lambda: scene.folder("redis"), sentinel_password="their-own"))
    instance = scene.fairlead(backends, state=group.url, joined=False)
    wait_until(lambda: re.search("reason=sentinel_refuses", instance.log()), 5, "the log to say so")
    chosen(post(instance))


def test_a_name_that_no_sentinel_knows_is_an_operators_matter(scene, group, backends):
    instance = scene.fairlead(backends, state=group.url.replace(f"/{group.name}", "/another"), joined=False)
    wait_until(lambda: re.search("reason=unknown_master", instance.log()), 5, "the log to say so")
    assert instance.log().count("reason=unknown_master") == 1
    chosen(post(instance))


def test_it_starts_without_any_sentinel_and_finds_them_later(scene, group, backends):
    for sentinel in group.sentinels:
        sentinel.kill()
    instance = scene.fairlead(backends, state=group.url)
    chosen(post(instance))
    for sentinel in group.sentinels:
        sentinel.start()
    instance.wait_redis_up(FOLLOWED)
    wait_until(lambda: is_used(group.master(), instance), FOLLOWED, "the master to be used")
