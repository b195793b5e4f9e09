"""A Redis Cluster of three nodes: with a hash tag in the prefix all keys lie on one slot, and its node is found."""

import re

import pytest

from harness.authority import Authority
from harness.backend import Gate
from harness.fleet import Flight, Load, chosen, counts, post
from harness.redis_groups import RedisCluster
from harness.waiting import wait_until

pytestmark = pytest.mark.usefixtures("coordination")

PREFIX = "{lb}:"
LIST = PREFIX + "backend_servers"
FOLLOWED = 20.0  # seconds; a hang check


@pytest.fixture
def cluster(scene):
    return scene.add(RedisCluster(lambda: scene.folder("redis")))


def start(scene, node, backends, prefix=PREFIX):
    state = {"url": node.url, "key_prefix": prefix}
    if node.tls:
        state |= {"url": f"rediss://127.0.0.1:{node.tls_port}", "ca_file": str(node.tls.ca)}
    return scene.fairlead(backends, joined=False, state=state)


def wait_counts(node, backends, expected, timeout=5.0):
    database = node.client()
    wait_until(lambda: counts(database, backends, PREFIX) == expected, timeout, f"counts to be {expected}")


def proxy(client):
    return client.exchange("POST", "/proxy?strategy=least_conn", body=b"x")


def is_counted_truly(scene, cluster, configured):
    gate = Gate()
    backend = scene.backend(gate)
    instance = start(scene, configured, [backend])
    instance.wait_redis_up(FOLLOWED)
    flight = Flight(instance, 3)
    gate.holds(3)
    wait_counts(cluster.owner(LIST), [backend], [3])
    gate.open()
    flight.land()
    wait_counts(cluster.owner(LIST), [backend], [0])
    return instance


def test_requests_are_counted_at_the_node_that_has_the_keys(scene, cluster):
    is_counted_truly(scene, cluster, cluster.owner(LIST))


def test_another_node_leads_to_it_without_a_word_of_trouble(scene, cluster):
    instance = is_counted_truly(scene, cluster, cluster.others(LIST)[0])
    assert "MOVED" not in instance.log()


def test_another_node_leads_to_it_also_through_tls(scene, tmp_path):
    cluster = scene.add(RedisCluster(lambda: scene.folder("redis"), tls=Authority(tmp_path / "authority")))
    instance = is_counted_truly(scene, cluster, cluster.others(LIST)[0])
    assert "MOVED" not in instance.log()
    addresses = [client["laddr"] for client in cluster.owner(LIST).client().client_list()
                 if client["name"].startswith("fairlead-")]
    assert {address.rpartition(":")[2] for address in addresses} == {str(cluster.owner(LIST).tls_port)}


def test_instances_that_know_different_nodes_are_one_fleet(scene, cluster):
    backends = [scene.backend(), scene.backend()]
    instances = [start(scene, node, backends) for node in cluster.nodes]
    for instance in instances:
        instance.wait_redis_up(FOLLOWED)
    loads = [Load(instance.address, proxy, threads=2) for instance in instances]
    for load in loads:
        load.has_done(100)
    assert {response.status for load in loads for response in load.stop()} == {200}
    wait_counts(cluster.owner(LIST), backends, [0, 0])


def test_a_list_is_edited_at_the_node_that_has_it(scene, cluster):
    first, second = scene.backend(), scene.backend()
    instance = start(scene, cluster.others(LIST)[0], [first])
    instance.wait_redis_up(FOLLOWED)
    database = cluster.owner(LIST).client()
    wait_until(lambda: database.lrange(LIST, 0, -1) == [first.url], 5, "the configured backend to be registered")
    database.rpush(LIST, second.url)
    wait_until(lambda: {chosen(post(instance)) for _ in range(4)} == {first.url, second.url}, 5, "both to serve")
    database.lrem(LIST, 0, first.url)
    wait_until(lambda: {chosen(post(instance)) for _ in range(4)} == {second.url}, 5, "the second alone to serve")


def test_a_slot_that_moves_is_followed_and_no_request_fails(scene, cluster):
    backends = [scene.backend(), scene.backend()]
    instance = start(scene, cluster.owner(LIST), backends)
    instance.wait_redis_up(FOLLOWED)
    load = Load(instance.address, proxy, threads=4)
    load.has_done(100)
    slot, source, target = cluster.slot_of(LIST), cluster.owner(LIST), cluster.others(LIST)[0]
    cluster.begin_moving(slot, source, target)
    cluster.move_keys(slot, source, target)
    load.has_done(100)
    cluster.move_keys(slot, source, target)
    cluster.end_moving(slot, source, target)
    wait_until(lambda: int(target.client().zcard(PREFIX + "fairlead:instances")) > 0, FOLLOWED,
               "the instance to have joined there")
    instance.wait_redis_up(FOLLOWED)
    load.has_done(100)
    results = load.stop()
    assert not load.errors
    assert {response.status for response in results} == {200}
    wait_counts(target, backends, [0, 0])


def test_a_promoted_replica_is_followed_and_no_request_fails(scene):
    cluster = scene.add(RedisCluster(lambda: scene.folder("redis"), replicas=1))
    owner = cluster.owner(LIST)
    replica = cluster.attach_replica(owner)
    backends = [scene.backend(), scene.backend()]
    instance = start(scene, cluster.others(LIST)[0], backends)
    instance.wait_redis_up(FOLLOWED)
    load = Load(instance.address, proxy, threads=4)
    load.has_done(100)
    owner.kill()
    wait_until(lambda: replica.client().role()[0] == "master", 30, "the replica to be promoted")
    instance.wait_redis_up(FOLLOWED)
    load.has_done(100)
    results = load.stop()
    assert not load.errors
    assert {response.status for response in results} == {200}
    wait_counts(replica, backends, [0, 0], FOLLOWED)


def test_a_cluster_that_is_down_is_survived(scene, cluster):
    backends = [scene.backend(), scene.backend()]
    instance = start(scene, cluster.owner(LIST), backends)
    instance.wait_redis_up(FOLLOWED)
    load = Load(instance.address, proxy, threads=4)
    load.has_done(100)
    dead = cluster.others(LIST)[0]
    dead.kill()
    wait_until(lambda: "redis unavailable" in instance.log(), FOLLOWED, "the outage")
    load.has_done(100)
    dead.start()
    instance.wait_redis_up(FOLLOWED)
    results = load.stop()
    assert not load.errors
    assert {response.status for response in results} == {200}
    wait_counts(cluster.owner(LIST), backends, [0, 0], FOLLOWED)


def test_without_a_hash_tag_the_log_says_once_what_to_set(scene, cluster):
    instance = start(scene, cluster.nodes[0], [scene.backend()], prefix="")
    line = wait_until(lambda: re.search(r"reason=CROSSSLOT.*state\.key_prefix.*\{lb\}:", instance.log()), 10, "a line")
    assert line
    for _ in range(5):
        chosen(post(instance))
    assert instance.log().count("CROSSSLOT") == 1
