"""Redis slow, gone, restarted empty, answering errors, refusing the password: requests go on, and the truth returns."""

import re
import time

import pytest
import yaml

from harness import program
from harness.authority import Authority
from harness.backend import Gate
from harness.fleet import Flight, Load, chosen, counts, listed, post, wait_counts
from harness.program import ROOT, configuration, run_command
from harness.waiting import wait_until

pytestmark = pytest.mark.usefixtures("coordination")

HANG = 1.0  # seconds; a request that takes longer waits for Redis. A hang check, not a measurement.


@pytest.fixture
def backends(scene):
    return [scene.backend(), scene.backend()]


@pytest.fixture
def instance(scene, redis_server, backends):
    return scene.fairlead(backends, state=redis_server.url)


def says(instance, pattern):
    return re.search(pattern, instance.log(), re.IGNORECASE)


def wait_said(instance, pattern, timeout=5.0):
    """Polls the log while requests flow: an outage may be noticed only by using what is broken."""
    wait_until(lambda: (post(instance), says(instance, pattern))[1], timeout, f"a log line like {pattern!r}")


def serve_quickly(instance, count=20):
    for _ in range(count):
        started = time.monotonic()
        chosen(post(instance))
        assert time.monotonic() - started < HANG, "a request waited for Redis"


def keeps_serving(instance, trouble, count=200):
    """Load goes on over the trouble; every answer is a 200 and none hangs."""
    def timed(client):
        started = time.monotonic()
        response = client.exchange("POST", "/proxy?strategy=least_conn", body=b"x")
        response.took = time.monotonic() - started
        return response

    load = Load(instance.address, timed, threads=4)
    load.has_done(count)
    trouble()
    load.has_done(count)
    results = load.stop()
    assert not load.errors
    assert {response.status for response in results} == {200}
    assert max(response.took for response in results) < HANG, "a request waited for Redis"


def counts_are_true_again(instance, redis_server, backends, timeout=15.0):
    """Held requests are counted, and nothing is once they ended."""
    database = redis_server.client()
    wait_counts(database, backends, [0, 0], timeout)
    gate = Gate(backends[0].script)
    for backend in backends:
        backend.script = gate

    flight = Flight(instance, 2)
    wait_until(lambda: gate.waiting >= 2)
    # A worker that has yet to find Redis again chose by itself, and says so when it joins.
    wait_until(lambda: sum(counts(database, backends)) == 2, timeout, "both held requests to be counted")
    gate.open()
    flight.land()
    wait_counts(database, backends, [0, 0])


def test_a_stopped_redis_is_survived(instance, redis_server, backends):
    keeps_serving(instance, redis_server.pause)
    wait_said(instance, r"redis|state")
    serve_quickly(instance)
    redis_server.resume()
    wait_until(lambda: (post(instance), int(redis_server.client().get("rr_counter") or 0))[1] and
               follows_the_counter(instance, redis_server), 15, "the instance to use Redis again")
    counts_are_true_again(instance, redis_server, backends)


def follows_the_counter(instance, redis_server):
    """Redis hears of requests again: the counter goes up with each, at once or, leased, a moment later."""
    database = redis_server.client()
    before = int(database.get("rr_counter") or 0)
    post(instance)
    if program.coordination == "exact":
        return int(database.get("rr_counter") or 0) == before + 1
    end = time.monotonic() + 0.2  # earlier requests may be told of meanwhile
    while time.monotonic() < end:
        if int(database.get("rr_counter") or 0) > before:
            return True
    return False


def test_a_redis_paused_by_its_operator_is_survived(instance, redis_server, backends):
    keeps_serving(instance, lambda: redis_server.client().execute_command("CLIENT", "PAUSE", "1500", "ALL"))
    wait_until(lambda: follows_the_counter(instance, redis_server), 15, "the instance to use Redis again")
    counts_are_true_again(instance, redis_server, backends)


def test_a_redis_that_is_gone_is_survived(instance, redis_server):
    keeps_serving(instance, redis_server.kill)
    wait_said(instance, r"(redis|state).*")
    serve_quickly(instance)


def test_a_redis_that_comes_back_empty_is_filled_again(instance, redis_server, backends):
    keeps_serving(instance, redis_server.restart)
    database = redis_server.client()
    wait_until(lambda: (post(instance), sorted(listed(database)))[1] == sorted(b.url for b in backends), 10,
               "the configured backends to be registered again")
    wait_until(lambda: follows_the_counter(instance, redis_server), 10, "the instance to use Redis again")
    counts_are_true_again(instance, redis_server, backends)


def test_requests_in_flight_over_an_outage_are_counted_again_and_returned(scene, redis_server):
    gate = Gate()
    backend = scene.backend(gate)
    instance = scene.fairlead([backend], state=redis_server.url)
    flight = Flight(instance, 3)
    gate.holds(3)
    redis_server.restart()
    wait_counts(redis_server.client(), [backend], [3], 15)
    gate.open()
    flight.land()
    wait_counts(redis_server.client(), [backend], [0])


def test_a_redis_that_comes_back_with_old_data_hears_the_truth(scene, redis_server):
    gate = Gate()
    backend = scene.backend(gate)
    instance = scene.fairlead([backend], state=redis_server.url)
    flight = Flight(instance, 3)
    wait_counts(redis_server.client(), [backend], [3])
    redis_server.client().save()
    gate.open()
    flight.land()
    wait_counts(redis_server.client(), [backend], [0])
    redis_server.kill()
    redis_server.start()  # with what was saved: three in flight, and a lease that may still run
    wait_counts(redis_server.client(), [backend], [0], 15)
    serve_quickly(instance)


def test_a_redis_that_becomes_a_replica_is_said_and_survived(instance, redis_server, backends):
    serve_quickly(instance, 4)
    keeps_serving(instance, lambda: redis_server.client().replicaof("127.0.0.1", 1))
    wait_said(instance, "READONLY")
    serve_quickly(instance)
    redis_server.client().replicaof("NO", "ONE")
    wait_until(lambda: follows_the_counter(instance, redis_server), 15, "the instance to use Redis again")
    counts_are_true_again(instance, redis_server, backends)


def test_the_rights_that_the_documentation_lists_are_enough(scene, redis_server, backends):
    text = (ROOT / "docs/redis.md").read_text(encoding="utf-8").partition("## Rights and versions")[2]
    rights = [f"+{name.lower().replace(' ', '|')}" for name in re.findall(r"`([A-Z][A-Z ]+)`", text)]
    assert "+evalsha" in rights and "+script|load" in rights
    redis_server.client().execute_command("ACL", "SETUSER", "fairlead", "on", ">pw", "~*", "&*", "-@all", *rights)
    instance = scene.fairlead(backends, state=redis_server.url.replace("//", "//fairlead:pw@"))
    keeps_serving(instance, lambda: None)
    counts_are_true_again(instance, redis_server, backends)
    redis_server.client().flushall()
    wait_until(lambda: sorted(listed(redis_server.client())) == sorted(b.url for b in backends), 10,
               "the configured backends to be registered again")
    assert "NOPERM" not in instance.log()
    log = redis_server.client().execute_command("ACL", "LOG")
    assert not log, log


def test_configured_backends_are_registered_again_after_a_flush(instance, redis_server, backends):
    database = redis_server.client()
    database.flushall()
    wait_until(lambda: sorted(listed(database)) == sorted(backend.url for backend in backends), 10,
               "the configured backends to be registered again")
    serve_quickly(instance)
    counts_are_true_again(instance, redis_server, backends)


def test_a_list_that_a_user_emptied_stays_empty(instance, redis_server, backends):
    database = redis_server.client()
    for backend in backends:
        database.lrem("backend_servers", 0, backend.url)
    wait_until(lambda: post(instance).status == 503, 1.5, "503 without a backend")
    time_to_beat = time.monotonic() + 5
    wait_until(lambda: listed(database) != [] or time.monotonic() > time_to_beat, 6)
    assert listed(database) == []


@pytest.mark.parametrize("key", ["backend_servers", "rr_counter", "conn_count"])
def test_a_key_of_the_wrong_type_is_survived(scene, redis_server, backends, key):
    database = redis_server.client()
    instance = scene.fairlead(backends, state=redis_server.url)
    serve_quickly(instance, 4)
    name = f"conn_count:{backends[0].url}" if key == "conn_count" else key
    database.delete(name)
    if key == "backend_servers":
        database.set(name, "x")
    else:
        database.lpush(name, "x")
    serve_quickly(instance)
    if key == "conn_count":  # what can be written anew needs nobody's attention
        wait_until(lambda: database.type(name) == "string", 5, "the count to be a number again")
    else:
        wait_said(instance, r"(warn|error).*(redis|state)|WRONGTYPE")
    database.delete(name)
    if key == "backend_servers":
        database.rpush(name, *[backend.url for backend in backends])
    wait_until(lambda: follows_the_counter(instance, redis_server), 15, "the instance to use Redis again")
    counts_are_true_again(instance, redis_server, backends)


def test_scripts_that_redis_forgot_are_loaded_again(instance, redis_server, backends):
    serve_quickly(instance, 4)
    redis_server.client().script_flush()
    serve_quickly(instance)
    wait_until(lambda: follows_the_counter(instance, redis_server), 10, "the instance to use Redis again")
    counts_are_true_again(instance, redis_server, backends)


def test_connections_that_redis_killed_are_made_again(instance, redis_server, backends):
    kill = ("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    keeps_serving(instance, lambda: redis_server.client().execute_command(*kill))
    wait_until(lambda: follows_the_counter(instance, redis_server), 10, "the instance to use Redis again")
    counts_are_true_again(instance, redis_server, backends)


def test_a_start_without_redis_serves_and_finds_it_later(scene, redis_server, backends):
    redis_server.kill()
    instance = scene.fairlead(backends, state=redis_server.url, joined=False)
    serve_quickly(instance)
    assert says(instance, r"redis|state")
    redis_server.start()
    database = redis_server.client()
    wait_until(lambda: sorted(listed(database)) == sorted(backend.url for backend in backends), 10,
               "the configured backends to be registered")
    counts_are_true_again(instance, redis_server, backends)


# Who may come in, and by which way.


def uses_redis(instance, database, backends):
    serve_quickly(instance, 4)
    wait_until(lambda: sorted(listed(database)) == sorted(b.url for b in backends), 3, "the backends to be registered")
    wait_until(lambda: int(database.get("rr_counter") or 0) > 0 or not post(instance), 3, "rr_counter to count")


def test_a_wrong_password_is_said_and_survived(scene, backends):
    server = scene.redis(password="right")
    instance = scene.fairlead(backends, state=server.url.replace("right", "wrong-secret"), joined=False)
    serve_quickly(instance)
    wait_said(instance, r"password|auth|WRONGPASS")
    assert "wrong-secret" not in instance.log()
    assert listed(server.client()) == []


def test_a_password_of_the_url_is_used(scene, backends):
    server = scene.redis(password="plain-secret")
    uses_redis(scene.fairlead(backends, state=server.url), server.client(), backends)


def test_a_password_may_be_percent_encoded(scene, backends):
    server = scene.redis(password="p@ss/w:rd")
    url = server.url.replace("p@ss/w:rd", "p%40ss%2Fw%3Ard")
    uses_redis(scene.fairlead(backends, state=url), server.client(), backends)


def test_a_user_of_the_url_is_used(scene, backends):
    server = scene.redis(user="fairlead", password="secret")
    uses_redis(scene.fairlead(backends, state=server.url), server.client(), backends)


def test_the_database_of_the_url_is_used(scene, redis_server, backends):
    uses_redis(scene.fairlead(backends, state=redis_server.url + "/3"), redis_server.client(db=3), backends)
    assert listed(redis_server.client(db=0)) == []


def test_a_unix_socket_is_used(scene, backends):
    server = scene.redis(unix_socket=True)
    uses_redis(scene.fairlead(backends, state=f"redis+unix://{server.socket_path}"), server.client(), backends)


@pytest.fixture
def tls_server(scene, tmp_path):
    return scene.redis(tls=Authority(tmp_path / "authority"))


def with_tls(scene, server, backends, ca_file, env=None):
    state = {"url": f"rediss://127.0.0.1:{server.tls_port}", **({"ca_file": str(ca_file)} if ca_file else {})}
    return scene.fairlead(backends, state=state, env=env)


def test_tls_is_used_with_the_authority_of_the_configuration(scene, backends, tls_server):
    instance = with_tls(scene, tls_server, backends, tls_server.tls.ca)
    uses_redis(instance, tls_server.client(), backends)
    wait_said(instance, "redis connected")
    keeps_serving(instance, tls_server.restart)
    wait_until(lambda: follows_the_counter(instance, tls_server), 10, "the instance to use Redis again")
    counts_are_true_again(instance, tls_server, backends)


def test_tls_is_used_with_an_authority_of_the_system(scene, backends, tls_server):
    instance = with_tls(scene, tls_server, backends, None, env={"SSL_CERT_FILE": str(tls_server.tls.ca)})
    uses_redis(instance, tls_server.client(), backends)


def refuses_the_certificate(instance, server, why):
    serve_quickly(instance)
    wait_said(instance, f"redis certificate refused.*{why}")
    assert len(re.findall("redis certificate refused", instance.log())) == 1, "one line for the process"
    assert listed(server.client()) == []
    assert server.client().get("rr_counter") is None


def test_a_certificate_of_another_authority_is_refused(scene, backends, tls_server, tmp_path):
    stranger = Authority(tmp_path / "stranger")
    refuses_the_certificate(with_tls(scene, tls_server, backends, stranger.ca), tls_server, "certificate")


def test_a_certificate_for_another_name_is_refused(scene, backends, tmp_path):
    server = scene.redis(tls=Authority(tmp_path / "authority", names="IP:127.0.0.2,DNS:elsewhere.test"))
    refuses_the_certificate(with_tls(scene, server, backends, server.tls.ca), server, "mismatch")


def test_a_redis_without_tls_is_said_and_survived(scene, backends, redis_server, tmp_path):
    ca_file = Authority(tmp_path / "authority").ca
    state = {"url": f"rediss://127.0.0.1:{redis_server.port}", "ca_file": str(ca_file)}
    instance = scene.fairlead(backends, state=state)
    serve_quickly(instance)
    wait_said(instance, "redis unavailable.*reason=timed_out")  # to it, our hello is the start of a long line


def test_an_authority_that_cannot_be_read_is_a_start_failure(tmp_path, backends):
    state = {"url": "rediss://127.0.0.1:1", "ca_file": str(tmp_path / "absent.pem")}
    file = tmp_path / "fairlead.yml"
    file.write_text(yaml.safe_dump(configuration(backends, state=state)))
    ended = run_command("run", "--config", file)
    assert ended.returncode != 0
    [said] = [line for line in ended.stderr.splitlines() if "absent.pem" in line]
    assert re.search(r"fairlead\.yml:\d+:\d+: `state.ca_file` .*absent.pem.*can't be read", said)


def test_two_workers_log_an_outage_and_its_end_once(instance, redis_server):
    redis_server.kill()
    wait_said(instance, "redis unavailable")
    redis_server.start()
    wait_said(instance, "redis is back")
    for line in ("redis connected", "redis unavailable", "redis is back"):
        assert len(re.findall(line, instance.log())) == 1, line
