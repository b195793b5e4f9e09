"""The series of the contract, as text, by promtool and in a real Prometheus; probes."""

import re
import subprocess

import pytest

from harness.backend import Gate
from harness.fleet import Flight, post
from harness.ports import free_port
from harness.program import SEED_ROUTE, VERBATIM_ROUTE
from harness.prometheus_server import PrometheusServer
from harness.waiting import wait_until
from harness.wire import fetch

BUCKETS = ["0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10",
           "30", "60", "+Inf"]
SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')


def samples(text, name):
    """label set -> value, of one series name."""
    found = {}
    for line in text.splitlines():
        match = SAMPLE.match(line)
        if match and match.group(1) == name:
            labels = frozenset(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match.group(2) or ""))
            assert labels not in found, f"the series occurs twice: {line}"
            found[labels] = float(match.group(3))
    return found


def requests_of(instance, **labels):
    return samples(instance.metrics(), "http_requests_total").get(frozenset(labels.items()), 0)


def wait_requests(instance, count, **labels):
    wait_until(lambda: requests_of(instance, **labels) == count, 3, f"{count} requests counted with {labels}")


def test_requests_are_counted_by_method_route_and_status(scene):
    instance = scene.fairlead([scene.backend()])
    assert requests_of(instance, method="POST", route="/proxy", status="200") == 0
    for _ in range(3):
        post(instance)
    wait_requests(instance, 3, method="POST", route="/proxy", status="200")
    assert {name for labels in samples(instance.metrics(), "http_requests_total") for name, _ in labels} == \
        {"method", "route", "status"}


def test_durations_are_counted_in_the_buckets_of_the_contract(scene):
    instance = scene.fairlead([scene.backend()])
    for _ in range(3):
        post(instance)
    wait_requests(instance, 3, method="POST", route="/proxy", status="200")
    text = instance.metrics()
    buckets = {dict(labels)["le"]: value for labels, value in samples(text, "request_duration_seconds_bucket").items()
               if dict(labels)["route"] == "/proxy"}
    assert sorted(buckets, key=float) == sorted(BUCKETS, key=float)
    ordered = [buckets[bound] for bound in sorted(buckets, key=float)]
    assert ordered == sorted(ordered), "buckets are cumulative"
    route = frozenset({("route", "/proxy")})
    assert buckets["+Inf"] == samples(text, "request_duration_seconds_count")[route] == 3
    assert samples(text, "request_duration_seconds_sum")[route] > 0


def test_a_slow_request_falls_into_a_higher_bucket(scene):
    gate = Gate()
    instance = scene.fairlead([scene.backend(gate)], timeouts={"first_byte": "300ms"})
    assert post(instance).status == 504
    wait_requests(instance, 1, method="POST", route="/proxy", status="504")
    buckets = {dict(labels)["le"]: value
               for labels, value in samples(instance.metrics(), "request_duration_seconds_bucket").items()
               if dict(labels)["route"] == "/proxy"}
    assert (buckets["0.25"], buckets["+Inf"]) == (0, 1)
    gate.open()


def test_each_refusal_is_counted_with_its_status(scene):
    instance = scene.fairlead([f"http://127.0.0.1:{free_port()}"])
    instance.fetch("GET", "/proxy")
    instance.fetch("GET", "/nowhere")
    post(instance, query="?strategy=unknown")
    post(instance)
    with instance.client() as client:
        client.send(b"GET / HTTP/1.1\r\n\r\n").response()
    wait_requests(instance, 1, method="GET", route="/proxy", status="405")
    wait_requests(instance, 1, method="GET", route="_none", status="404")
    wait_requests(instance, 1, method="POST", route="/proxy", status="400")
    wait_requests(instance, 1, method="POST", route="/proxy", status="502")
    by_status = {}
    for labels, value in samples(instance.metrics(), "http_requests_total").items():
        status = dict(labels)["status"]
        by_status[status] = by_status.get(status, 0) + value
    assert by_status.get("400") == 2, "the malformed request is counted too"


def test_a_backends_status_is_counted_as_it_is(scene):
    instance = scene.fairlead([scene.backend(lambda exchange: exchange.reply(418))])
    post(instance)
    wait_requests(instance, 1, method="POST", route="/proxy", status="418")


def test_no_label_is_under_a_clients_control(scene):
    instance = scene.fairlead([scene.backend()], routes=[SEED_ROUTE, {"prefix": "/app/", "pool": "default"}])
    for number in range(50):
        instance.fetch(f"M{number}", f"/app/{number}")
        instance.fetch(f"N{number}", f"/random-{number}", host=f"host-{number}.test")
    wait_requests(instance, 50, method="_other", route="/app/", status="200")
    wait_requests(instance, 50, method="_other", route="_none", status="404")
    text = instance.metrics()
    assert "random-" not in text and "host-" not in text
    assert not re.search(r'"[MN]\d+"', text)
    assert len(samples(text, "http_requests_total")) < 10


def test_an_odd_status_of_a_backend_makes_no_endless_series(scene):
    statuses = iter(range(200, 600))
    instance = scene.fairlead([scene.backend(lambda exchange: exchange.reply(next(statuses)))], routes=[VERBATIM_ROUTE])
    with instance.client() as client:
        for _ in range(100):
            client.exchange("HEAD", "/")
    values = {dict(labels)["status"] for labels in samples(instance.metrics(), "http_requests_total")}
    assert all(re.fullmatch(r"[1-5][0-9]{2}|_other", value) for value in values), values


def test_requests_in_flight_are_shown(scene):
    gate = Gate()
    instance = scene.fairlead([scene.backend(gate)])
    flight = Flight(instance, 4)
    gate.holds(4)
    in_flight = samples(instance.metrics(), "fairlead_requests_in_flight")
    assert sum(in_flight.values()) == 4, in_flight
    gate.open()
    flight.land()
    wait_until(lambda: sum(samples(instance.metrics(), "fairlead_requests_in_flight").values()) == 0, 3)


def test_backends_requests_failures_and_connections_are_counted(scene):
    backend = scene.backend()
    instance = scene.fairlead([backend, f"http://127.0.0.1:{free_port()}"], workers=1)
    for _ in range(4):
        assert post(instance).status == 200
    wait_requests(instance, 4, method="POST", route="/proxy", status="200")
    text = instance.metrics()
    assert sum(samples(text, "fairlead_upstream_failures_total").values()) >= 1
    by_kind = {}
    for labels, value in samples(text, "fairlead_upstream_connections_total").items():
        by_kind[dict(labels)["kind"]] = by_kind.get(dict(labels)["kind"], 0) + value
    assert by_kind["reused"] == 3
    assert sum(samples(text, "fairlead_upstream_requests_total").values()) >= 4


def test_redis_is_shown_up_and_down(scene):
    server = scene.redis()
    instance = scene.fairlead([scene.backend()], state=server.url)
    post(instance)

    def up():
        return set(samples(instance.metrics(), "fairlead_redis_up").values())

    wait_until(lambda: up() == {1.0}, 3, "fairlead_redis_up to be 1")
    server.kill()
    wait_until(lambda: (post(instance), up() == {0.0})[1], 5, "fairlead_redis_up to be 0")
    server.start()
    wait_until(lambda: (post(instance), up() == {1.0})[1], 10, "fairlead_redis_up to be 1 again")


def in_flight(text, scope):
    """By the backend's URL."""
    return {dict(labels)["server"]: value for labels, value in samples(text, "fairlead_upstream_in_flight").items()
            if dict(labels)["scope"] == scope}


def drift_of(instance):
    """Nothing when Redis didn't answer the scrape in time."""
    return samples(instance.metrics(), "fairlead_shared_count_drift").get(frozenset({("pool", "default")}))


def test_what_the_whole_fleet_has_in_flight_is_shown_beside_the_own(scene, redis_server, coordination):
    gate = Gate()
    backend = scene.backend(gate)
    here, there = (scene.fairlead([backend], state=redis_server.url) for _ in range(2))
    flights = [Flight(here, 2), Flight(there, 1)]
    gate.holds(3)
    wait_until(lambda: in_flight(there.metrics(), "fleet") == {backend.url: 3}, 3, "three in flight over the fleet")
    assert in_flight(there.metrics(), "local") == {backend.url: 1}
    wait_until(lambda: drift_of(there) == 0, 3, "a scrape that Redis answers in time")
    gate.open()
    for flight in flights:
        flight.land()
    wait_until(lambda: in_flight(there.metrics(), "fleet") == {backend.url: 0}, 3, "none in flight")


def test_what_a_user_counts_by_hand_is_drift(scene, redis_server, database, coordination):
    backend = scene.backend()
    instance = scene.fairlead([backend], state=redis_server.url)
    database.incrby(f"conn_count:{backend.url}", 2)
    wait_until(lambda: drift_of(instance) == 2, 3, "the hand's count to be seen")


def test_a_scrape_while_redis_hangs_leaves_out_what_it_cannot_know(scene, redis_server, coordination):
    backend = scene.backend()
    instance = scene.fairlead([backend], state=redis_server.url)
    post(instance)
    redis_server.pause()
    wait_until(lambda: in_flight(instance.metrics(), "fleet") == {}, 3, "the last picture to be too old")
    text = instance.metrics()
    assert in_flight(text, "fleet") == {} and not samples(text, "fairlead_shared_count_drift")
    assert in_flight(text, "local") == {backend.url: 0}
    redis_server.resume()
    wait_until(lambda: in_flight(instance.metrics(), "fleet") == {backend.url: 0}, 10, "the fleet to be shown again")


def test_the_regret_of_choices_by_load_is_shown(scene):
    gate = Gate()
    instance = scene.fairlead([scene.backend(gate), scene.backend(gate)], workers=1)
    flight = Flight(instance, 4, target="/proxy?strategy=least_conn")
    gate.holds(4)
    text = instance.metrics()
    labels = {("pool", "default"), ("strategy", "least_conn")}
    assert samples(text, "fairlead_pick_regret_bucket")[frozenset(labels | {("le", "0")})] == 4
    assert samples(text, "fairlead_pick_regret_sum")[frozenset(labels)] == 0
    gate.open()
    flight.land()


def test_the_build_and_the_process_are_shown(scene):
    text = scene.fairlead([scene.backend()]).metrics()
    assert set(samples(text, "fairlead_build_info").values()) == {1.0}
    assert samples(text, "process_cpu_seconds_total")[frozenset()] >= 0
    for name in ("process_resident_memory_bytes", "process_open_fds", "process_start_time_seconds"):
        assert samples(text, name)[frozenset()] > 0, name


def test_promtool_has_nothing_to_say(scene):
    instance = scene.fairlead([scene.backend(), f"http://127.0.0.1:{free_port()}"], state=scene.redis().url)
    for _ in range(4):
        post(instance)
    instance.fetch("GET", "/nowhere")
    done = subprocess.run(["promtool", "check", "metrics"], input=instance.metrics(), text=True, capture_output=True,
                          timeout=20, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_metrics_say_their_content_type(scene):
    response = fetch(scene.fairlead([scene.backend()]).admin, "GET", "/metrics")
    assert response.get("Content-Type").startswith("text/plain; version=0.0.4")


@pytest.mark.slow
def test_a_real_prometheus_answers_the_queries_of_the_contract(scene):
    instance = scene.fairlead([scene.backend()])
    prometheus = scene.add(PrometheusServer(scene.folder("prometheus"), instance.admin))

    def rises():
        post(instance)
        result = prometheus.query("sum(rate(request_duration_seconds_bucket[1m])) by (le, route)")
        return [sample for sample in result if sample["metric"].get("le") == "+Inf" and float(sample["value"][1]) > 0]

    assert wait_until(rises, 25, "a rate above 0")[0]["metric"]["route"] == "/proxy"
    total = prometheus.query("http_requests_total")
    series = {tuple(sample["metric"][label] for label in ("method", "route", "status")) for sample in total}
    assert series == {("POST", "/proxy", "200")}
    assert prometheus.query("up")[0]["value"][1] == "1"
    quantile = prometheus.query("histogram_quantile(0.99, sum(rate(request_duration_seconds_bucket[1m])) by (le))")
    assert 0 < float(quantile[0]["value"][1]) < 60


# Probes.


def test_probes_answer(scene):
    instance = scene.fairlead([scene.backend()])
    assert (instance.probe("/healthz"), instance.probe("/readyz")) == (200, 200)
    assert fetch(instance.admin, "HEAD", "/healthz").status == 200
    assert fetch(instance.admin, "GET", "/nowhere").status == 404
    assert fetch(instance.admin, "POST", "/metrics", body=b"x").status == 405


def test_probes_and_metrics_arent_on_the_proxys_port(scene):
    instance = scene.fairlead([scene.backend()])
    for path in ("/metrics", "/healthz", "/readyz"):
        assert instance.fetch("GET", path).status == 404


def test_the_admin_listener_is_strict_too(scene):
    instance = scene.fairlead([scene.backend()])
    instance.address = instance.admin
    with instance.client() as client:
        client.send(b"GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert client.response().status == 400
