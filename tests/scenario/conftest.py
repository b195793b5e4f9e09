"""Fixtures: factories that start what a test needs and end it afterwards, in the right order."""

import itertools

import pytest

from harness import program
from harness.backend import Backend, echo
from harness.program import VERBATIM_ROUTE, Fairlead, configuration
from harness.redis_server import RedisServer


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):  # pylint: disable=unused-argument
    """A failed test shows the logs of the instances that stand."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for instance in program.running:
            report.sections.append((f"log of pid {instance.pid}", instance.log()[-6000:]))


class Scene:
    """Everything that one test has on stage."""

    def __init__(self, directory):
        self.directory = directory
        self.numbers = itertools.count()
        self.backends, self.redis_servers, self.instances, self.others = [], [], [], []

    def folder(self, kind):
        return self.directory / f"{kind}{next(self.numbers)}"

    def backend(self, script=echo, **more):
        self.backends.append(Backend(script, **more))
        return self.backends[-1]

    def redis(self, **more):
        self.redis_servers.append(RedisServer(self.folder("redis"), **more))
        return self.redis_servers[-1]

    def fairlead(self, backends=(), arguments=(), env=None, ready="/readyz", config=None, joined=True, run_by=(),
                 **sections):
        """Started and ready; with Redis as its state and unless told otherwise, also joined to the fleet."""
        config = config or configuration(backends, **sections)
        self.instances.append(Fairlead(self.folder("fairlead"), config, arguments, env, run_by))
        if ready:
            self.instances[-1].wait_ready(ready)
            if joined and config["state"]["url"].startswith("redis:"):
                self.instances[-1].wait_joined()
        return self.instances[-1]

    def add(self, other):
        """Anything with stop()."""
        self.others.append(other)
        return other

    def clear(self):
        faults = [fault for backend in self.backends for fault in backend.faults]
        problems = []
        for server in self.redis_servers:
            if server.process.poll() is None:
                server.resume()
        for backend in self.backends:
            backend.stop()
        for instance in self.instances:
            try:
                instance.stop()
                instance.check_log()
            except AssertionError as error:
                problems.append(error)
        for other in self.others + self.redis_servers:
            other.stop()
        if problems:
            raise problems[0]
        assert not faults, f"a backend got what no proxy may send: {faults}"


@pytest.fixture(params=["exact", "leased"])
def coordination(request, monkeypatch):
    """For tests of what both modes promise."""
    monkeypatch.setattr(program, "coordination", request.param)
    return request.param


@pytest.fixture
def scene(tmp_path):
    stage = Scene(tmp_path)
    yield stage
    stage.clear()


@pytest.fixture(scope="module")
def shared_scene(tmp_path_factory):
    """For files whose cases don't change what they run on."""
    stage = Scene(tmp_path_factory.mktemp("shared"))
    yield stage
    stage.clear()


@pytest.fixture
def proxy(scene):
    """Starts an instance that passes everything through to one backend, which runs the given script; gives both."""

    def start(script=echo, **sections):
        backend = scene.backend(script)
        return scene.fairlead([backend], routes=[VERBATIM_ROUTE], **sections), backend

    return start


@pytest.fixture
def redis_server(scene):
    return scene.redis()


@pytest.fixture
def database(redis_server):
    return redis_server.client()
