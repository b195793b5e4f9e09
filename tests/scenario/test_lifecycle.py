"""Start, reload, drain, end; the other commands; what is said when something is wrong."""

import re
import signal
import socket
import subprocess

import pytest
import yaml

from harness.backend import Gate
from harness.fleet import Flight, Load, chosen, counts, post, problem, wait_counts
from harness.ports import free_port
from harness.program import BINARY, SEED_ROUTE, VERBATIM_ROUTE, Fairlead, configuration, run_command
from harness.waiting import wait_until
from harness.wire import Client


def refuses(address):
    try:
        Client(address, timeout=2).close()
    except OSError:
        return True
    return False


# The end.


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_instance_ends_with_0(scene, number):
    instance = scene.fairlead([scene.backend()])
    post(instance)
    instance.signal(number)
    assert instance.wait_end() == 0


def test_a_drain_ends_requests_in_flight_and_takes_no_new_ones(scene):
    gate = Gate()
    server = scene.redis()
    backend = scene.backend(gate)
    instance = scene.fairlead([backend], state=server.url, timeouts={"drain": "20s"})
    flight = Flight(instance, 3)
    gate.holds(3)
    instance.terminate()
    wait_until(lambda: refuses(instance.address), 5, "the listener to be closed")
    wait_until(lambda: instance.probe("/readyz") == 503, 5, "/readyz to answer 503")
    assert instance.probe("/healthz") == 200
    assert counts(server.client(), [backend]) == [3]
    gate.open()
    for response in flight.land():
        assert chosen(response) == backend.url
    assert instance.wait_end(5) == 0
    assert counts(server.client(), [backend]) == [0]


def test_a_drain_says_close_to_the_clients_whose_requests_end(scene):
    gate = Gate()
    instance = scene.fairlead([scene.backend(gate)], timeouts={"drain": "20s"})
    with instance.client() as client:
        client.request("POST", "/proxy", body=b"x")
        gate.holds(1)
        instance.terminate()
        wait_until(lambda: refuses(instance.address), 5)
        gate.open()
        assert "close" in client.response().tokens("Connection")
        client.expect_closed()


def test_a_drain_ends_idle_connections_at_once(scene):
    instance = scene.fairlead([scene.backend()], timeouts={"drain": "20s"})
    with instance.client() as client:
        assert client.exchange("POST", "/proxy", body=b"x").status == 200
        instance.terminate()
        client.expect_closed()
        assert instance.wait_end(5) == 0


def test_a_drain_lasts_no_longer_than_its_time(scene):
    gate = Gate()
    server = scene.redis()
    backend = scene.backend(gate)
    instance = scene.fairlead([backend], state=server.url, timeouts={"drain": "500ms"})
    flight = Flight(instance, 2)
    gate.holds(2)
    instance.terminate()
    assert instance.wait_end(5) == 0
    assert counts(server.client(), [backend]) == [0]
    gate.open()
    flight.abandon()


def test_a_second_signal_ends_the_drain_or_leaves_it_going_but_never_crashes(scene):
    gate = Gate()
    instance = scene.fairlead([scene.backend(gate)], timeouts={"drain": "1s"})
    flight = Flight(instance)
    gate.holds(1)
    instance.terminate()
    wait_until(lambda: refuses(instance.address), 5)
    instance.terminate()
    code = instance.wait_end(5)
    assert code >= 0, f"ended by signal {-code}"
    gate.open()
    flight.abandon()


def test_the_other_instance_doesnt_notice_that_one_ends(scene):
    server = scene.redis()
    backends = [scene.backend(), scene.backend()]
    leaving, staying = (scene.fairlead(backends, state=server.url) for _ in range(2))
    load = Load(staying.address, lambda client: client.exchange("POST", "/proxy?strategy=least_conn", body=b"x"))
    load.has_done(200)
    leaving.stop()
    load.has_done(200)
    assert {response.status for response in load.stop()} == {200}
    assert not load.errors
    wait_counts(server.client(), backends, [0, 0])


# Reload.


def default_instance(scene, state):
    """An instance without a file; only the addresses are set."""
    addresses = [("127.0.0.1", free_port()) for _ in range(2)]
    listen, admin = ("%s:%d" % address for address in addresses)
    overrides = ["--set", f"listen={listen}", "--set", f"admin.address={admin}"]
    instance = Fairlead(scene.folder("fairlead"), None, overrides, {"FAIRLEAD_STATE": state})
    scene.instances.append(instance)
    instance.address, instance.admin = addresses
    return instance


def reloaded(instance, config):
    """Reloads and waits until the log tells how it went."""
    before = len(instance.log())
    instance.reload(config)
    word = re.compile(r"(?i)reload|configuration|snapshot")
    wait_until(lambda: word.search(instance.log()[before:]), 5, "a word on the reload")
    return before


def test_a_reload_adds_and_removes_routes(scene):
    backend = scene.backend()
    instance = scene.fairlead([backend])
    problem(instance.fetch("GET", "/new"), 404)
    config = {**instance.config, "routes": [{"path": "/new", "pool": "default"}]}
    instance.reload(config)
    wait_until(lambda: instance.fetch("GET", "/new").status == 200, 5, "the new route to serve")
    # Each worker takes the new snapshot by itself, within its next turns.
    wait_until(lambda: instance.fetch("POST", "/proxy", body=b"x").status == 404, 5, "the old route to be gone")


def test_a_reload_adds_and_removes_backends(scene):
    first, second = scene.backend(), scene.backend()
    instance = scene.fairlead([first])
    config = configuration([second])
    instance.reload({**instance.config, "pools": config["pools"]})
    wait_until(lambda: chosen(post(instance)) == second.url, 5, "the new backend to serve")
    wait_until(lambda: {chosen(post(instance)) for _ in range(5)} == {second.url}, 5, "every worker to use it alone")


def test_a_reload_leaves_requests_in_flight_alone(scene):
    gate = Gate()
    leaving, staying = scene.backend(gate), scene.backend()
    instance = scene.fairlead([leaving])
    flight = Flight(instance, 2)
    gate.holds(2)
    reloaded(instance, {**instance.config, "pools": configuration([staying])["pools"]})
    served = Flight(instance)
    wait_until(lambda: staying.requests, 5, "the new backend to serve")
    assert [chosen(response) for response in served.land()] == [staying.url]
    assert gate.waiting == 2
    gate.open()
    assert [chosen(response) for response in flight.land()] == [leaving.url] * 2


def test_reloads_under_load_lose_no_request(scene):
    backends = [scene.backend() for _ in range(3)]
    instance = scene.fairlead(backends, routes=[VERBATIM_ROUTE])
    load = Load(instance.address, lambda client: client.exchange("GET", "/"), threads=4)
    for turn in range(10):
        load.has_done(100)
        routes = [VERBATIM_ROUTE] if turn % 2 else [SEED_ROUTE, VERBATIM_ROUTE]
        pools = configuration(backends[: 1 + turn % 3])["pools"]
        reloaded(instance, {**instance.config, "routes": routes, "pools": pools})
    load.has_done(100)
    assert {response.status for response in load.stop()} == {200}
    assert not load.errors


BAD_CONFIG = """\
listen:
  - address: 127.0.0.1:{port}
admin:
  address: 127.0.0.1:{admin}
timeouts:
  header: 10 parsecs
workerz: 2
routes:
  - path: /proxy
    pool: nowhere
"""


def bad_config():
    return BAD_CONFIG.format(port=free_port(), admin=free_port())


def test_a_bad_configuration_keeps_the_old_one_and_tells_every_fault(scene):
    backend = scene.backend()
    instance = scene.fairlead([backend])
    before = reloaded(instance, bad_config())
    wait_until(lambda: all(word in instance.log()[before:] for word in ("parsecs", "workerz", "nowhere")), 5,
               "every fault in the log")
    assert chosen(post(instance)) == backend.url
    assert instance.probe("/readyz") == 200
    instance.reload(configuration([backend], listen=[{"address": "%s:%d" % instance.address}],
                                  admin={"address": "%s:%d" % instance.admin}, routes=[VERBATIM_ROUTE]))
    wait_until(lambda: instance.fetch("GET", "/").status == 200, 5, "a good file to be taken after the bad one")


def test_a_configuration_that_vanished_keeps_the_old_one(scene):
    backend = scene.backend()
    instance = scene.fairlead([backend])
    instance.file.unlink()
    before = len(instance.log())
    instance.reload()
    wait_until(lambda: str(instance.file) in instance.log()[before:], 5, "the file's name in the log")
    assert chosen(post(instance)) == backend.url


# The start.


def fails_to_start(*arguments, env=None):
    """Runs the program, expects it to end by itself, and returns what it said."""
    done = run_command("run", *arguments, timeout=15, env=env)
    assert done.returncode > 0, f"ended with {done.returncode}: {done.stderr}"
    assert done.stderr.strip(), "it said nothing"
    return done.stderr


@pytest.mark.parametrize("which", ["listen", "admin"])
def test_a_port_that_is_taken_is_told_in_one_sentence(tmp_path, which):
    config = configuration()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port()))
        taken.listen()
        address = "%s:%d" % taken.getsockname()
        config[which] = [{"address": address}] if which == "listen" else {"address": address}
        file = tmp_path / "fairlead.yml"
        file.write_text(yaml.safe_dump(config))
        said = fails_to_start("--config", file)
    lines = [line for line in said.splitlines() if address in line]
    assert len(lines) == 1, said
    assert re.search("in use", lines[0]), said
    assert "listening" not in said, "nothing serves"


def test_an_address_that_no_interface_has_is_told(tmp_path):
    file = tmp_path / "fairlead.yml"
    file.write_text(yaml.safe_dump(configuration(listen=[{"address": "192.0.2.1:5000"}])))
    assert "192.0.2.1:5000: no interface of this machine has the address; " in fails_to_start("--config", file)


def test_a_file_that_isnt_there_is_told(tmp_path):
    said = fails_to_start("--config", tmp_path / "absent.yml")
    assert "absent.yml" in said
    assert re.search("(?i)no such file|can't|cannot|not found", said)


def test_a_bad_file_is_told_fault_by_fault(tmp_path):
    file = tmp_path / "bad.yml"
    file.write_text(bad_config())
    said = fails_to_start("--config", file)
    for line in (6, 7, 10):
        assert re.search(rf"^\S*bad\.yml:{line}:\d+: .+", said, re.MULTILINE), said


def test_without_a_file_the_built_in_default_runs(scene):
    instance = default_instance(scene, "")
    instance.wait_ready("/healthz")
    problem(post(instance), 503)
    problem(instance.fetch("GET", "/proxy"), 405)
    problem(instance.fetch("GET", "/"), 404)


def test_the_built_in_default_takes_its_state_from_the_environment(scene):
    server, backend = scene.redis(), scene.backend()
    server.client().lpush("backend_servers", backend.url)
    instance = default_instance(scene, server.url)
    instance.wait_ready()
    assert chosen(post(instance)) == backend.url


def test_a_state_in_the_environment_that_is_none_is_told():
    said = fails_to_start("--set", f"listen=127.0.0.1:{free_port()}", "--set", f"admin.address=127.0.0.1:{free_port()}",
                          env={"FAIRLEAD_STATE": "mysql://user:secret-word@x"})
    assert "redis://" in said and "broken invariant" not in said
    assert "secret-word" not in said


def test_a_state_in_the_environment_that_isnt_used_is_told(scene):
    instance = scene.fairlead([scene.backend()], env={"FAIRLEAD_STATE": "redis://127.0.0.1:1"})
    assert "FAIRLEAD_STATE isn't used" in instance.log()


def test_set_overrides_the_file(scene):
    backend = scene.backend()
    instance = scene.fairlead([backend], arguments=["--set", "limits.body=4B", "--set", "timeouts.header=1s"])
    problem(post(instance, b"12345"), 413)
    assert post(instance, b"1234").status == 200


def test_a_set_of_an_unknown_key_is_told():
    said = fails_to_start("--set", "timeouts.heder=1s")
    assert "heder" in said and "header" in said


# Checking a file.


def test_check_of_a_good_file_ends_with_0(tmp_path):
    file = tmp_path / "good.yml"
    file.write_text("listen:\n  - address: 127.0.0.1:5000\npools:\n  - name: default\n    backends:\n"
                    "      - url: http://localhost:6001\n      - {url: http://localhost:6002, weight: 2}\n"
                    "routes:\n  - {prefix: /, pool: default}\n")
    done = run_command("check", file)
    assert done.returncode == 0, done.stderr + done.stdout


def test_check_of_a_bad_file_ends_with_1_and_names_each_fault_with_its_place(tmp_path):
    file = tmp_path / "bad.yml"
    file.write_text(bad_config())
    done = run_command("check", file)
    assert done.returncode == 1
    said = done.stdout + done.stderr
    faults = re.findall(rf"^{re.escape(str(file))}:(\d+):(\d+): (.+); (.+)$", said, re.MULTILINE)
    assert [int(fault[0]) for fault in faults] == [6, 7, 10], said
    assert "workers" in said, "the nearest known key is named"


@pytest.mark.parametrize("text, line, word", [
    ("workers: 2\nstate: [\n}\n", 3, ""),
    ("workers: 2\nworkers: 3\n", 2, "workers"),
    ("listen: nonsense\n", 1, ""),
    ("timeouts:\n  first_byte: -1s\n", 2, ""),
    ("limits:\n  head: 32KB\n", 2, "KiB"),
    ("pools:\n  - name: default\n  - name: default\n", 3, ""),
    ("pools:\n  - name: default\n    strategy: round_robbin\n", 3, "round_robin"),
    ("pools:\n  - name: default\n    backends:\n      - url: ftp://a\n", 4, "http"),
    ("routes:\n  - prefix: /\n  - path: /never\n", 3, ""),
    ("state:\n  url: mysql://x\n", 2, "redis"),
    ("trusted_proxies: [10.0.0.0/99]\n", 1, ""),
])
def test_check_tells_a_fault_with_line_and_column(tmp_path, text, line, word):
    file = tmp_path / "bad.yml"
    file.write_text(text)
    done = run_command("check", file)
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert re.search(rf"^{re.escape(str(file))}:{line}:\d+: .*{word}", said, re.MULTILINE), said


def test_check_of_a_file_that_isnt_there_ends_with_1(tmp_path):
    done = run_command("check", tmp_path / "absent.yml")
    assert done.returncode == 1
    assert "absent.yml" in done.stdout + done.stderr


def test_check_finds_the_faults_that_a_start_would_find(tmp_path):
    secret = tmp_path / "token"
    secret.write_text("brief")
    file = tmp_path / "files.yml"
    file.write_text(f"admin:\n  token_file: {secret}\nstate:\n  url: rediss://h\n  ca_file: {tmp_path}/absent.pem\n")
    for words in (["check", file], ["run", "--config", file]):
        done = run_command(*words)
        assert done.returncode == 1
        assert [line.split(" ")[0] for line in done.stderr.splitlines()] == [f"{file}:2:15:", f"{file}:5:12:"]


def test_check_sees_the_file_as_a_start_with_the_same_settings_would(tmp_path):
    file = tmp_path / "good.yml"
    file.write_text("workers: 2\n")
    assert run_command("check", file, "--set", "workers=3").returncode == 0
    done = run_command("check", file, "--set", "workers=x")
    assert done.returncode == 1 and done.stderr.startswith("--set:1:9: `workers` can't be the text `x`")


def test_check_notes_what_is_legal_and_surely_not_meant(tmp_path):
    file = tmp_path / "odd.yml"
    file.write_text("pools:\n  - name: default\n    backends: [{url: 'http://a'}, {url: 'http://A:80'}]\n")
    done = run_command("check", file)
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].startswith(f"{file}:3:41: note: `http://A:80` is the same server"), done.stdout


# The command line.


def test_version_tells_name_and_number():
    done = run_command("version")
    assert done.returncode == 0
    assert re.search(r"fairlead \d+\.\d+\.\d+", done.stdout)


def test_help_lists_the_commands():
    done = run_command("help")
    assert done.returncode == 0
    for command in ("run", "check", "version", "demo-backend"):
        assert re.search(rf"\b{command}\b", done.stdout), done.stdout


def test_help_of_a_command_tells_its_options():
    done = run_command("help", "run")
    assert done.returncode == 0
    assert "--config" in done.stdout and "--set" in done.stdout


def test_help_of_a_commands_command_tells_its_options():
    done = run_command("help", "backend", "add")
    assert done.returncode == 0
    assert "--weight" in done.stdout and "URL" in done.stdout
    done = run_command("help", "backend", "ad")
    assert done.returncode == 2
    assert "did you mean add?" in done.stderr and "`fairlead help backend` lists" in done.stderr


@pytest.mark.parametrize("arguments, word", [
    (["rnu"], "run"), (["run", "--confg", "x"], "--confg"), (["check"], "FILE"), (["run", "--config"], "--config"),
])
def test_a_wrong_command_line_is_told(arguments, word):
    done = run_command(*arguments)
    assert done.returncode not in (0, None) and done.returncode > 0
    assert word.lower() in done.stderr.lower(), done.stderr


def test_the_demo_backend_answers_process(scene):
    port = free_port()
    process = subprocess.Popen([BINARY, "demo-backend", "--port", str(port)], stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: not refuses(("127.0.0.1", port)), 5, "the demo backend to listen")
        response = post(scene.fairlead([f"http://127.0.0.1:{port}"]), b"hello")
        assert chosen(response) == f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        assert process.wait(5) == 0
