"""docs/tutorial.md, executed: its fenced blocks in their order, with free ports in place of those that it names.

```sh start=NAME   runs until the end, as in a terminal of its own
```sh run=NAME     must succeed; what it printed is kept for the tests below
"""

import functools
import os
import re
import shlex
import signal
import socket
import subprocess

import pytest

from harness.ports import free_port
from harness.program import BINARY, ROOT
from harness.waiting import wait_until

pytestmark = pytest.mark.slow

PORTS = ("6379", "6001", "6002", "5000", "8000", "9090")
# What must listen before the next block makes sense.
LISTENS = {"redis": "6379", "backend_1": "6001", "backend_2": "6002", "fairlead": "8000", "prometheus": "9090"}


def blocks():
    """(kind, name, text) of each executable block of the tutorial."""
    text = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
    return re.findall(r"^```sh (start|run)=(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


class Walk:
    """One way through the tutorial."""

    def __init__(self, folder):
        self.folder = folder
        self.ports = {port: str(free_port()) for port in PORTS}
        self.printed = {}
        self.processes = []
        scrape = (ROOT / "examples/prometheus.yml").read_text(encoding="utf-8")
        (folder / "prometheus.yml").write_text(self.translated(scrape), encoding="utf-8")

    def translated(self, text):
        return re.sub(r"\b(" + "|".join(PORTS) + r")\b", lambda match: self.ports[match.group(1)], text)

    def command(self, name, text):
        command = self.translated(text)
        command = command.replace("examples/prometheus.yml", shlex.quote(str(self.folder / "prometheus.yml")))
        command = command.replace("build/prometheus", shlex.quote(str(self.folder / "prometheus")))
        if name == "fairlead":
            ours = f"--set listen=127.0.0.1:{self.ports['5000']} --set admin.address=127.0.0.1:{self.ports['8000']}"
            command = command.replace("build/release/fairlead run", f"{shlex.quote(BINARY)} run {ours}")
        return command

    def start(self, name, text):
        log_file = self.folder / f"{name}.log"
        with open(log_file, "wb") as log:
            process = subprocess.Popen(
                ["bash", "-c", self.command(name, text)], cwd=self.where(name), start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.processes.append(process)

        def listens():
            assert process.poll() is None, f"{name} ended:\n{log_file.read_text(errors='replace')}"
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", int(self.ports[LISTENS[name]]))) == 0

        wait_until(listens, 30, f"{name} to listen")

    def where(self, name):
        return self.folder if name == "redis" else ROOT

    def run(self, name, text):
        run = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.command(name, text)], cwd=ROOT, capture_output=True, text=True,
            timeout=60, check=False, stdin=subprocess.DEVNULL)
        self.printed[name] = run.stdout
        if name in NEEDS_A_MOMENT:
            return run.returncode == 0 and NEEDS_A_MOMENT[name](self)
        assert run.returncode == 0, f"'{name}' ended with {run.returncode}:\n{run.stdout}{run.stderr}"
        return True

    def finish(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(40)

    def server(self, port):
        return f"http://localhost:{self.ports[port]}"

    def answerers(self, name):
        return re.findall(r"^Response from: (\S+)$", self.printed[name], re.MULTILINE)


# Blocks that are tried until they show what they must, as the tutorial says; all others run once.
NEEDS_A_MOMENT = {
    "ready": lambda walk: True,
    "query_requests": lambda walk: walk.printed["query_requests"].strip(),
    "query_latency": lambda walk: walk.printed["query_latency"].strip(),
    "only_one_left": lambda walk: walk.server("6002") not in walk.answerers("only_one_left"),
}


@pytest.fixture(scope="module", name="walk")
def walk_through(tmp_path_factory):
    walk = Walk(tmp_path_factory.mktemp("tutorial"))
    try:
        for kind, name, text in blocks():
            if kind == "start":
                walk.start(name, text)
            else:
                wait_until(functools.partial(walk.run, name, text), 40, f"'{name}' of the tutorial")
        yield walk
    finally:
        walk.finish()


def test_the_tutorial_has_blocks_to_execute():
    names = [name for _, name, _ in blocks()]
    assert len(names) == len(set(names)) and {"redis", "fairlead", "round_robin", "query_latency"} <= set(names)


def test_the_backends_answer_by_themselves(walk):
    assert walk.printed["direct"] == f"backend {walk.ports['6001']} got 5 bytes\n"


def test_the_list_has_the_last_pushed_in_front(walk):
    assert walk.printed["register"].split()[-2:] == [walk.server("6002"), walk.server("6001")]


def test_round_robin_goes_through_the_list_in_its_order(walk):
    assert walk.answerers("round_robin") == [walk.server("6002"), walk.server("6001")] * 2


def test_answers_are_as_the_tutorial_shows_them(walk):
    text = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
    shown = re.search(r"^```\n(Response from:.*?)^```$", text, re.MULTILINE | re.DOTALL).group(1)
    assert walk.printed["round_robin"].startswith(walk.translated(shown))


def test_least_connections_rotates_among_equals(walk):
    assert sorted(walk.answerers("least_conn")) == sorted([walk.server("6001"), walk.server("6002")])


def test_counts_in_redis_are_the_truth_at_rest(walk):
    assert walk.printed["counts"].split() == ["4", "0", "0"]


def test_an_unknown_strategy_gets_a_problem_document(walk):
    printed = walk.printed["unknown_strategy"]
    assert printed.startswith("HTTP/1.1 400 ") and "application/problem+json" in printed.lower()


def test_prometheus_counts_the_requests(walk):
    printed = walk.printed["query_requests"]
    assert re.findall(r'http_requests_total\{.*route="/proxy".*status="200".*\} => (\d+) ', printed) == ["6"]


def test_prometheus_rates_the_buckets_of_the_durations(walk):
    assert re.search(r'\{.*le="\+Inf".*route="/proxy".*\} => ', walk.printed["query_latency"])


def test_a_backend_taken_out_gets_nothing_new(walk):
    assert walk.answerers("only_one_left") == [walk.server("6001")] * 2
