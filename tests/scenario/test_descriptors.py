"""Fewer file descriptors than limits.connections needs: what fits is served, the rest waits, and the log says it."""

import re
import shutil

import pytest

from harness.fleet import Flight, post

LIMIT = 40
pytestmark = pytest.mark.skipif(not shutil.which("prlimit"), reason="prlimit isn't installed")


def test_clients_beyond_what_descriptors_allow_wait_and_none_gets_an_error(scene):
    backends = [scene.backend(), scene.backend()]
    instance = scene.fairlead(backends, run_by=["prlimit", f"--nofile={LIMIT}:{LIMIT}"], limits={"connections": 100},
                              workers=2)
    said = re.search(r"descriptor limit is too low.*limit=40 needed=464 limits.connections=100 served=(\d+)",
                     instance.log())
    assert said, instance.log()
    served = int(said.group(1))
    assert served < LIMIT / 2
    flight = Flight(instance, 3 * LIMIT)
    for client in flight.clients:  # each worker takes them in their order
        assert client.response("POST").status == 200
        client.close()
    assert post(instance).status == 200
    assert "accept failed" not in instance.log()
    assert "for want of our own" not in instance.log()
