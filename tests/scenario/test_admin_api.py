"""The admin API and the commands that speak to it: what is changed at one instance holds at all."""

import json
import pathlib
import subprocess

import jsonschema
import pytest
import yaml

from harness.backend import Gate
from harness.fleet import Flight, chosen, post, problem, wait_counts
from harness.program import BINARY, run_command
from harness.waiting import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
OPENAPI = yaml.safe_load((ROOT / "docs/openapi.yaml").read_text())
BACKENDS = "/api/v1/pools/default/backends"
TOKEN = "a-token-that-is-long-enough"


def call(instance, method, target, body=None, fields=(), **more):
    """An answer that the OpenAPI file describes, whatever its status."""
    payload = b"" if body is None else (body if isinstance(body, bytes) else json.dumps(body).encode())
    fields = list(fields) + ([("Content-Type", "application/json")] if body is not None else [])
    response = instance.admin_fetch(method, target, fields, payload, **more)
    path = target.partition("?")[0]
    template = "/api/v1/pools/{pool}/backends" if path.endswith("/backends") else path
    described = OPENAPI["paths"][template][method.lower()]["responses"][str(response.status)]
    if "$ref" in described:
        described = OPENAPI["components"]["responses"][described["$ref"].rpartition("/")[2]]
    if "content" not in described:
        assert not response.body
        return response, None
    kind, content = next(iter(described["content"].items()))
    assert response.get("Content-Type") == kind
    answer = json.loads(response.body)
    schema = {**content["schema"], "components": OPENAPI["components"]}
    jsonschema.validate(answer, nullable(schema))
    return response, answer


def nullable(schema):
    """OpenAPI 3.0's `nullable` as JSON Schema has it."""
    if isinstance(schema, dict):
        made = {key: nullable(value) for key, value in schema.items() if key != "nullable"}
        return {**made, "type": [made["type"], "null"]} if schema.get("nullable") is True else made
    return [nullable(item) for item in schema] if isinstance(schema, list) else schema


def states(instance):
    return {one["url"]: (one["weight"], one["state"]) for one in call(instance, "GET", BACKENDS)[1]["backends"]}


def served(instance, count):
    return [chosen(post(instance)) for _ in range(count)]


@pytest.fixture(params=["memory", "leased", "exact"])
def state(request, scene, monkeypatch):
    """A section `state`; instances with it are a fleet unless it is memory."""
    if request.param == "memory":
        return "memory://"
    return {"url": scene.redis().url, "coordination": request.param}


def test_a_backend_is_added_weighted_drained_and_removed(scene, state):
    first, second = scene.backend(), scene.backend()
    instance = scene.fairlead([first], state=state)
    response, added = call(instance, "POST", BACKENDS, {"url": second.url, "weight": 3})
    assert response.status == 201 and added["weight"] == 3 and added["state"] == "up"
    assert sorted(served(instance, 8)) == sorted([first.url] * 2 + [second.url] * 6)
    response, drained = call(instance, "POST", BACKENDS, {"url": first.url, "state": "draining"})
    assert response.status == 200 and drained["state"] == "draining" and drained["draining_since_ms"] > 0
    assert set(served(instance, 5)) == {second.url}
    assert states(instance) == {first.url: (1, "draining"), second.url: (3, "up")}
    assert call(instance, "POST", BACKENDS, {"url": first.url})[0].status == 200
    assert set(served(instance, 8)) == {first.url, second.url}
    assert call(instance, "DELETE", f"{BACKENDS}?url={second.url}")[0].status == 204
    assert set(served(instance, 5)) == {first.url}
    assert call(instance, "DELETE", f"{BACKENDS}?url={second.url}")[0].status == 404


def test_with_all_backends_draining_nobody_serves(scene, state):
    backend = scene.backend()
    instance = scene.fairlead([backend], state=state)
    call(instance, "POST", BACKENDS, {"url": backend.url, "state": "draining"})
    assert all(problem(post(instance), 503) for _ in range(20))  # on connections of all workers
    call(instance, "POST", BACKENDS, {"url": backend.url, "state": "up"})
    assert {chosen(post(instance)) for _ in range(20)} == {backend.url}


def test_requests_in_flight_at_a_draining_backend_end_undisturbed(scene, state):
    backend, gate = scene.backend(), Gate()
    backend.script = gate
    instance = scene.fairlead([backend], state=state)
    flight = Flight(instance, 2)
    gate.holds(2)
    call(instance, "POST", BACKENDS, {"url": backend.url, "state": "draining"})
    shown = call(instance, "GET", BACKENDS)[1]["backends"][0]
    assert shown["in_flight"]["local"] == 2
    gate.open()
    assert [response.status for response in flight.land()] == [200, 200]


def test_a_change_at_one_instance_holds_at_all_within_a_second(scene, redis_server, coordination):
    first, second = scene.backend(), scene.backend()
    here, there = (scene.fairlead([first], state=redis_server.url) for _ in range(2))
    call(here, "POST", BACKENDS, {"url": second.url, "weight": 2})
    wait_until(lambda: states(there) == {first.url: (1, "up"), second.url: (2, "up")}, 1, "the other to know it")
    call(there, "POST", BACKENDS, {"url": first.url, "state": "draining"})
    wait_until(lambda: set(served(here, 3)) == {second.url}, 1, "the first to pass it over")
    call(here, "DELETE", f"{BACKENDS}?url={first.url}")
    wait_until(lambda: states(there) == {second.url: (2, "up")}, 1, "the other to forget it")


def test_weights_are_respected_by_loads_too(scene, redis_server, database, coordination):
    heavy, light, gate = scene.backend(), scene.backend(), Gate()
    heavy.script = light.script = gate
    instance = scene.fairlead([heavy, light], state=redis_server.url)
    call(instance, "POST", BACKENDS, {"url": heavy.url, "weight": 3})
    flight = Flight(instance, 8, target="/proxy?strategy=least_conn")
    gate.holds(8)
    wait_counts(database, [heavy, light], [6, 2])
    gate.open()
    flight.land()


def test_the_fleet_shows_its_members(scene, redis_server, coordination):
    backend = scene.backend()
    instances = [scene.fairlead([backend], state=redis_server.url, workers=1) for _ in range(3)]
    wait_until(lambda: len(call(instances[0], "GET", "/api/v1/fleet")[1]["members"]) == 3, 3, "three members")
    fleet = call(instances[0], "GET", "/api/v1/fleet")[1]
    assert fleet["coordination"] == coordination and fleet["state"]["step"] == "live" and fleet["drift"] == 0
    assert [member["own"] for member in fleet["members"]].count(True) == 1
    assert all(0 < member["lease_ms"] <= 3000 for member in fleet["members"])


def test_the_fleet_shows_what_is_in_flight_where(scene, redis_server, coordination):
    backend, gate = scene.backend(), Gate()
    backend.script = gate
    here, there = (scene.fairlead([backend], state=redis_server.url) for _ in range(2))
    flights = [Flight(here, 2), Flight(there, 1)]
    gate.holds(3)
    shown = lambda: call(there, "GET", BACKENDS)[1]["backends"][0]["in_flight"]
    wait_until(lambda: shown() == {"local": 1, "fleet": 3}, 2, "three in flight")
    gate.open()
    for flight in flights:
        flight.land()
    wait_until(lambda: shown() == {"local": 0, "fleet": 0}, 2, "none in flight")


def test_without_redis_changes_are_refused_and_pictures_are_local(scene, redis_server, coordination):
    backend = scene.backend()
    instance = scene.fairlead([backend], state=redis_server.url)
    redis_server.kill()
    wait_until(lambda: call(instance, "GET", "/api/v1/fleet")[1]["state"]["step"] == "local", 5, "it to notice")
    fleet = call(instance, "GET", "/api/v1/fleet")[1]
    assert fleet["members"] == [] and fleet["drift"] is None
    response, answer = call(instance, "POST", BACKENDS, {"url": "http://127.0.0.1:1"})
    assert response.status == 503 and "Redis" in answer["detail"]
    assert states(instance) == {backend.url: (1, "up")}
    assert chosen(post(instance)) == backend.url


@pytest.mark.parametrize("body, hint", [
    (b"nonsense", "JSON object"),
    ([], "JSON object"),
    ({}, '"url"'),
    ({"url": 7}, "url must be"),
    ({"url": "ftp://a"}, "http://"),
    ({"url": "http://a", "weight": 0}, "1 to 1000"),
    ({"url": "http://a", "weight": 1001}, "1 to 1000"),
    ({"url": "http://a", "weight": "2"}, "1 to 1000"),
    ({"url": "http://a", "state": "down"}, "draining"),
    ({"url": "http://a", "wieght": 2}, "isn't known"),
    (b'{"url": "http://a", "url": "http://b"}', "twice"),
])
def test_a_wrong_body_is_refused_with_what_would_be_right(shared_instance, body, hint):
    response, answer = call(shared_instance, "POST", BACKENDS, body)
    assert response.status == 400 and hint in answer["detail"]


@pytest.fixture(scope="module")
def shared_instance(shared_scene):
    return shared_scene.fairlead()


def test_what_there_is_not_is_refused(shared_instance):
    instance = shared_instance
    assert call(instance, "GET", "/api/v1/pools/other/backends")[0].status == 404
    assert call(instance, "POST", BACKENDS, {"url": "http://a", "state": "draining"})[0].status == 404
    assert call(instance, "DELETE", BACKENDS)[0].status == 400
    assert call(instance, "POST", BACKENDS, b"{" + b" " * 70_000 + b"}")[0].status == 413
    assert problem(instance.admin_fetch("GET", "/api/v2/fleet"), 404)
    assert problem(instance.admin_fetch("PUT", BACKENDS), 405)
    assert problem(instance.admin_fetch("POST", "/api/v1/fleet", [("Content-Type", "application/json")], b"{}"), 405)
    assert problem(instance.admin_fetch("POST", BACKENDS, (), b"{}"), 415)


def test_a_browsers_page_of_another_site_changes_nothing(shared_instance):
    for fields, host in (([("Origin", "http://evil.example")], "localhost"), ([], "evil.example"),
                         ([("X-Forwarded-For", "10.0.0.1")], "localhost")):
        assert call(shared_instance, "POST", BACKENDS, {"url": "http://a"}, fields, host=host)[0].status == 403
    assert states(shared_instance) == {}


def test_who_speaks_for_another_host_needs_the_token(scene, tmp_path):
    (tmp_path / "token").write_text(TOKEN + "\n")
    instance = scene.fairlead(admin={"token_file": str(tmp_path / "token")})
    forwarded = ("X-Forwarded-For", "10.0.0.1")
    assert call(instance, "POST", BACKENDS, {"url": "http://a"}, [forwarded])[0].status == 401
    with_token = [forwarded, ("Authorization", f"Bearer {TOKEN}")]
    assert call(instance, "POST", BACKENDS, {"url": "http://a"}, with_token)[0].status == 201
    assert call(instance, "DELETE", BACKENDS + "?url=http://a", None, [forwarded])[0].status == 401


def test_a_token_file_that_holds_none_is_a_fault_at_start(scene, tmp_path):
    (tmp_path / "token").write_text("short")
    instance = scene.fairlead(admin={"token_file": str(tmp_path / "token")}, ready=None)
    assert instance.wait_end() == 1
    assert "admin.token_file" in instance.log() and "16 to 4096" in instance.log()
    scene.instances.remove(instance)


def command(instance, *arguments):
    host, port = instance.admin
    return run_command(*arguments, "--admin", f"{host}:{port}")


def test_the_commands_do_what_they_say(scene, redis_server):
    backend = scene.backend()
    instance = scene.fairlead([backend], state=redis_server.url)
    added = command(instance, "backend", "add", "http://127.0.0.1:1", "--weight", "4")
    assert (added.returncode, added.stdout) == (0, "http://127.0.0.1:1 was added\n")
    drained = command(instance, "backend", "drain", "http://127.0.0.1:1")
    assert drained.returncode == 0 and "drains" in drained.stdout
    listed = command(instance, "backend", "list")
    assert listed.returncode == 0
    lines = [line.split() for line in listed.stdout.splitlines()]
    assert [backend.url, "1", "up", "0", "0"] in lines
    assert ["http://127.0.0.1:1", "4", "draining", "0", "0"] in lines
    status = command(instance, "status")
    assert status.returncode == 0 and "MEMBER" in status.stdout and "POOL default" in status.stdout
    removed = command(instance, "backend", "remove", "http://127.0.0.1:1")
    assert (removed.returncode, removed.stdout) == (0, "http://127.0.0.1:1 was removed\n")
    again = command(instance, "backend", "remove", "http://127.0.0.1:1")
    assert again.returncode == 1 and "the pool default has no backend http://127.0.0.1:1; " in again.stderr


def test_the_commands_say_what_is_wrong(shared_instance, tmp_path):
    nobody = run_command("status", "--admin", "127.0.0.1:1")
    assert nobody.returncode == 1 and "no fairlead answers on 127.0.0.1:1" in nobody.stderr
    assert "--admin" in run_command("status", "--admin", "nonsense").stderr
    pool = command(shared_instance, "backend", "list", "--pool", "defualt")
    assert pool.returncode == 1 and "no pool named defualt; did you mean default?" in pool.stderr
    for words in (["status"], ["backend", "list"], ["backend", "remove", "http://a"]):
        clients = run_command(*words, "--admin", "%s:%d" % shared_instance.address)
        assert clients.returncode == 1 and "isn't fairlead's admin listener" in clients.stderr
    assert "1 to 1000" in command(shared_instance, "backend", "add", "http://a", "--weight", "0").stderr
    assert "starts with http://" in command(shared_instance, "backend", "add", "a").stderr
    assert "list, add, remove or drain" in run_command("backend").stderr
    missing = command(shared_instance, "status", "--token-file", str(tmp_path / "none"))
    assert missing.returncode == 1 and "No such file" in missing.stderr


def test_top_shows_the_fleet_again_and_again(scene):
    host, port = scene.fairlead([scene.backend()]).admin
    with subprocess.Popen([BINARY, "top", "--admin", f"{host}:{port}"], stdout=subprocess.PIPE, text=True) as process:
        pictures = 0
        while pictures < 2:
            line = process.stdout.readline()
            assert line, "it ended by itself"
            pictures += "requests/s" in line
        process.kill()
