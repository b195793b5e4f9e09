"""Redis that is there and refuses: no memory, no rights, a replica. Configured backends serve, it is said once, and
when Redis takes writes again the list is its own."""

import json
import re

import pytest

from harness.fleet import Load, chosen, listed, post
from harness.program import run_command
from harness.waiting import wait_until

pytestmark = pytest.mark.usefixtures("coordination")


@pytest.fixture
def backends(scene):
    return [scene.backend(), scene.backend()]


def full(database):
    database.config_set("maxmemory", "1")


def roomy(database):
    database.config_set("maxmemory", "0")


def forbidden(database):
    database.execute_command("ACL", "SETUSER", "default", "-evalsha")


def allowed(database):
    database.execute_command("ACL", "SETUSER", "default", "+evalsha")


def a_replica(database):
    database.replicaof("127.0.0.1", 1)


def a_master(database):
    database.replicaof("NO", "ONE")


REFUSALS = pytest.mark.parametrize("hurt, heal, reason", [
    (full, roomy, "OOM"), (forbidden, allowed, "NOPERM"), (a_replica, a_master, "READONLY")])


REFUSED_EPOCHS = pytest.mark.parametrize("hurt, reason", [(full, "OOM"), (a_replica, "READONLY")])


def said(instance, pattern):
    return len(re.findall(pattern, instance.log()))


def list_of(instance):
    return json.loads(instance.admin_fetch("GET", "/api/v1/pools/default/backends").body)


def unregistered(instance):
    return int(re.search(r"\nfairlead_unregistered_pools (\d+)\n", instance.metrics()).group(1))


def reconnects(instance):
    found = re.search(r"\nfairlead_redis_reconnects_total (\d+)\n", instance.metrics())
    return int(found.group(1)) if found else 0


def serves(instance, backends):
    return {chosen(post(instance)) for _ in range(2 * len(backends))} == {backend.url for backend in backends}


@REFUSALS
def test_configured_backends_serve_although_redis_refuses_to_register_them(
        scene, redis_server, database, backends, hurt, heal, reason):
    database.set("fairlead:epoch", "known")  # a list that could be read and is empty
    hurt(database)
    instance = scene.fairlead(backends, state=redis_server.url, joined=False)
    wait_until(lambda: unregistered(instance) == 1, 5, "the refusal to be known")
    assert serves(instance, backends)
    assert list_of(instance)["unregistered"] == reason
    assert said(instance, f"redis refuses to register backends.*reason={reason} hint=") == 1
    heal(database)
    wait_until(lambda: unregistered(instance) == 0, 10, "the backends to be registered")
    assert listed(database) == [backend.url for backend in backends]
    assert "unregistered" not in list_of(instance)
    assert said(instance, "redis refuses to register backends") == 1
    assert said(instance, "redis registers a pool's backends again") == 1
    database.delete("backend_servers")
    wait_until(lambda: post(instance).status == 503, 5, "the emptied list to be obeyed")


@REFUSED_EPOCHS
def test_what_a_redis_lists_serves_although_it_takes_no_epoch(
        scene, redis_server, database, backends, hurt, reason):
    by_hand = scene.backend()
    database.rpush("backend_servers", by_hand.url)
    hurt(database)
    instance = scene.fairlead(backends, state=redis_server.url, joined=False)
    wait_until(lambda: serves(instance, [by_hand, *backends]), 10, "what Redis lists to serve")
    assert list_of(instance)["unregistered"] == reason


def test_a_backend_that_is_removed_from_a_redis_without_memory_stays_out(scene, redis_server, database, backends):
    by_hand = scene.backend()
    database.rpush("backend_servers", by_hand.url, backends[0].url)
    full(database)
    instance = scene.fairlead(backends, state=redis_server.url, joined=False)
    wait_until(lambda: serves(instance, [by_hand, *backends]), 10, "what Redis lists to serve")
    host, port = instance.admin
    removed = run_command("backend", "remove", backends[0].url, "--admin", f"{host}:{port}")
    assert (removed.returncode, removed.stdout) == (0, f"{backends[0].url} was removed\n")
    assert serves(instance, [by_hand, backends[1]])
    roomy(database)
    wait_until(lambda: unregistered(instance) == 0, 10, "the other one to be registered")
    assert listed(database) == [by_hand.url, backends[1].url]


def test_a_redis_that_comes_back_empty_and_without_memory_takes_no_backend_away(
        scene, redis_server, database, backends):
    instance = scene.fairlead(backends, state=redis_server.url)
    wait_until(lambda: serves(instance, backends), 5, "both to serve")
    load = Load(instance.address, lambda client: client.exchange("POST", "/proxy", body=b"x"), threads=2)
    load.has_done(50)
    database.flushall()
    database.set("fairlead:epoch", "another")
    full(database)
    wait_until(lambda: unregistered(instance) == 1, 5, "the refusal to be known")
    load.has_done(200)
    roomy(database)
    wait_until(lambda: listed(database), 10, "the backends to be registered")
    load.has_done(100)
    assert {response.status for response in load.stop()} == {200}
    assert not load.errors


def test_a_redis_without_memory_is_said_once_and_back_once_it_takes_writes(scene, redis_server, database, backends):
    instance = scene.fairlead(backends, state=redis_server.url)
    load = Load(instance.address, lambda client: client.exchange("POST", "/proxy?strategy=least_conn", body=b"x"))
    load.has_done(100)
    full(database)
    wait_until(lambda: reconnects(instance) >= 12, 20, "several tries by every connection")
    assert said(instance, "redis refuses us.*reason=OOM hint=") == 1, instance.log()
    assert said(instance, "redis is back") == 0, instance.log()
    roomy(database)
    wait_until(lambda: "\nfairlead_redis_up 1\n" in instance.metrics(), 10, "Redis to be in use")
    load.has_done(100)
    assert {response.status for response in load.stop()} == {200}
    assert said(instance, "redis refuses us") == 1, instance.log()
    assert said(instance, "redis is back") == 1, instance.log()
