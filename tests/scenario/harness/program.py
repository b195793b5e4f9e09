"""The program under test as a process: starts it on a configuration, watches it, and never lets a crash pass unseen."""

import copy
import os
import re
import signal
import subprocess
from pathlib import Path

import redis
import yaml

from harness.ports import free_port
from harness.waiting import wait_until
from harness.wire import Client, Cut, fetch

ROOT = Path(__file__).resolve().parents[3]
BINARY = os.environ.get("FAIRLEAD_BINARY", str(ROOT / "build/release/fairlead"))
# What the workers run on, unless a test's configuration names it; see `engine` in docs/configuration.md.
ENGINE = os.environ.get("FAIRLEAD_ENGINE", "auto")
# Bounds on resident memory say nothing when a sanitizer's allocator keeps what was freed.
SANITIZED = bool(os.environ.get("FAIRLEAD_SANITIZED"))

SEED_ROUTE = {
    "path": "/proxy",
    "methods": ["POST"],
    "pool": "default",
    "rewrite_path": "/process",
    "strategy_parameter": "strategy",
    "response": "annotated",
}
VERBATIM_ROUTE = {"prefix": "/", "pool": "default"}

_SIGNS_OF_A_CRASH = re.compile(r"broken invariant|AddressSanitizer|ThreadSanitizer|LeakSanitizer|runtime error:")
coordination = "exact"  # with Redis, unless a test says otherwise; the fixture of that name changes it
running = []  # every process that stands, for the logs of a failed test


def configuration(backends=(), routes=(SEED_ROUTE,), state="memory://", **sections):
    """A configuration on free ports. Sections are merged over the defaults of the tests."""
    made = {
        "listen": [{"address": f"127.0.0.1:{free_port()}"}],
        "admin": {"address": f"127.0.0.1:{free_port()}"},
        "workers": 2,
        "engine": ENGINE,
        "state": {"coordination": coordination, **(state if isinstance(state, dict) else {"url": state})},
        "timeouts": {"drain": "3s"},
        "pools": [{"name": "default", "strategy": "round_robin", "backends": [{"url": url} for url in urls(backends)]}],
        "routes": [dict(route) for route in routes],
    }
    for name, value in sections.items():
        if isinstance(value, dict) and isinstance(made.get(name), dict):
            made[name].update(value)
        else:
            made[name] = value
    return made


def urls(backends):
    return [backend if isinstance(backend, str) else backend.url for backend in backends]


def address_of(text):
    host, _, port = text.rpartition(":")
    return host.strip("[]").replace("0.0.0.0", "127.0.0.1"), int(port)


def run_command(*arguments, timeout=20, env=None):
    """Runs the program to its end and returns the finished process with its output as text."""
    return subprocess.run(
        [BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, check=False,
        env={**os.environ, **(env or {})},
    )


class Fairlead:
    """A running instance. `address` takes requests, `admin` answers /metrics and probes."""

    def __init__(self, directory, config=None, arguments=(), env=None, run_by=()):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.config = copy.deepcopy(config)
        self.file = self.directory / "fairlead.yml"
        self.log_file = self.directory / "stderr.log"
        self.address = self.admin = None
        self.stopped = False
        command = [*run_by, BINARY, "run", *arguments]
        if config is not None:
            self.write(config)
            command += ["--config", str(self.file)]
            self.address = address_of(config["listen"][0]["address"])
            self.admin = address_of(config["admin"]["address"])
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **(env or {})})
        running.append(self)

    def wait_redis_up(self, timeout=5.0):
        wait_until(lambda: "\nfairlead_redis_up 1\n" in self.metrics(), timeout, "Redis to be in use")

    def wait_joined(self, timeout=5.0):
        """Waits until every worker works with Redis and the configured backends are registered."""
        self.wait_redis_up(timeout)
        url, prefix = self.config["state"]["url"], self.config["state"].get("key_prefix", "")
        with redis.Redis.from_url(re.sub(r"^redis\+unix:", "unix:", url), decode_responses=True) as database:
            for pool in self.config["pools"]:
                key = prefix + ("" if pool["name"] == "default" else pool["name"] + ":") + "backend_servers"
                wanted = {backend["url"] for backend in pool.get("backends", ())}
                wait_until(lambda: wanted <= set(database.lrange(key, 0, -1)),  # pylint: disable=cell-var-from-loop
                           timeout, f"{key} to hold the configured backends")

    @property
    def pid(self):
        return self.process.pid

    def write(self, config):
        self.config = copy.deepcopy(config)
        self.file.write_text(config if isinstance(config, str) else yaml.safe_dump(config, sort_keys=False))

    def wait_ready(self, path="/readyz", timeout=15.0):
        wait_until(lambda: self.process.poll() is not None or self.probe(path) == 200, timeout, f"{path} to answer 200")
        assert self.process.poll() is None, f"ended with {self.process.returncode} at its start:\n{self.log()}"

    def probe(self, path):
        """The status of an admin path; 0 when nobody answers."""
        try:
            return fetch(self.admin, "GET", path).status
        except (OSError, AssertionError, Cut):
            return 0

    def client(self, **more):
        return Client(self.address, **more)

    def fetch(self, method, target, fields=(), body=None, **more):
        return fetch(self.address, method, target, fields, body, **more)

    def admin_fetch(self, method, target, fields=(), body=None, host="localhost"):
        return fetch(self.admin, method, target, fields, body, host=host)

    def metrics(self):
        response = fetch(self.admin, "GET", "/metrics")
        assert response.status == 200, response
        return response.text

    def log(self):
        return self.log_file.read_text(errors="replace")

    def rss(self):
        """Resident memory in bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024

    def open_fds(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def signal(self, number):
        self.process.send_signal(number)

    def reload(self, config=None):
        if config is not None:
            self.write(config)
        self.signal(signal.SIGHUP)

    def terminate(self):
        """SIGTERM, without waiting."""
        self.signal(signal.SIGTERM)

    def wait_end(self, timeout=10.0):
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still ran {timeout} s after it was told to end:\n{self.log()[-4000:]}") from None
        self.forget()
        return code

    def stop(self, timeout=10.0):
        """SIGTERM; expects the exit code 0 and nothing that smells of a crash in the log."""
        if self.stopped:
            return
        if self.process.poll() is None:
            self.terminate()
        code = self.wait_end(timeout)
        assert code == 0, f"ended with {code}:\n{self.log()[-4000:]}"
        self.check_log()

    def check_log(self):
        sign = _SIGNS_OF_A_CRASH.search(self.log())
        assert not sign, f"{sign.group(0)} in the log:\n{self.log()[-6000:]}"

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.forget()

    def forget(self):
        self.stopped = True
        if self in running:
            running.remove(self)
