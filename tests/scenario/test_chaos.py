"""Backends killed and restarted at random under load: every GET gets a right answer or a stated error, and no count is
left behind. The order of the kills is seeded; what the requests meet is not."""

import itertools
import json
import random
import threading
import time

import pytest

from harness.fleet import Load, wait_counts
from harness.flock import Sheep, payload
from harness.ports import free_port
from harness.program import VERBATIM_ROUTE
from harness.wire import Cut

REQUESTS = 20_000
KILLS = 24
SECONDS = 16  # over which the kills are spread
SECONDS_MAX = 90


class Identified:
    """A GET with an id of its own, whose answer must hold that id and nothing else."""

    def __init__(self):
        self.numbers = itertools.count()
        self.wrong = []
        self.cut = 0
        self._lock = threading.Lock()

    def __call__(self, client):
        number = next(self.numbers)
        size = 200_000 if number % 40 == 3 else (0, 100, 5_000)[number % 3]
        try:
            response = client.exchange("GET", f"/id-{number}?{size}")
        except Cut as cut:
            if not payload(f"id-{number}", size).startswith(cut.body):
                self.wrong.append(f"cut, and wrong before: {cut.body[:100]!r}")
            with self._lock:
                self.cut += 1
            raise
        self.check(number, size, response)
        return response

    def check(self, number, size, response):
        if response.status == 200:
            if response.body != payload(f"id-{number}", size):
                self.wrong.append(f"id-{number}?{size}: {response.body[:100]!r}")
        elif response.status in (502, 503, 504):
            if json.loads(response.body)["status"] != response.status:
                self.wrong.append(repr(response))
        else:
            self.wrong.append(repr(response))


def is_to_go_on(load, kills, seconds):
    is_done = len(load.results) + len(load.errors) >= REQUESTS and kills >= KILLS
    return not is_done and seconds < SECONDS_MAX


@pytest.mark.slow
@pytest.mark.usefixtures("coordination")
def test_backends_killed_and_restarted_under_load_cause_no_wrong_answer(scene):
    dice = random.Random(20_000)
    server = scene.redis()
    flock = [scene.add(Sheep(free_port())) for _ in range(4)]
    for sheep in flock:
        sheep.wait_listening()
    instance = scene.fairlead(flock, routes=[VERBATIM_ROUTE], state=server.url,
                              pools=[{"name": "default", "strategy": "least_conn",
                                      "backends": [{"url": sheep.url} for sheep in flock]}])
    one = Identified()
    load = Load(instance.address, one, threads=8)
    begun = time.monotonic()
    kills = 0
    while is_to_go_on(load, kills, time.monotonic() - begun):
        sheep = dice.choice(flock)
        sheep.kill()
        kills += 1
        load.stopping.wait(dice.uniform(0.02, 0.15))
        sheep.start()
        load.stopping.wait(max(0.0, begun + SECONDS * kills / KILLS - time.monotonic()) * dice.uniform(0.7, 1.0))
    load.stop()
    answered = len(load.results) + len(load.errors)
    assert answered >= REQUESTS, f"only {answered} requests in {SECONDS_MAX} s"
    assert kills >= KILLS
    assert not one.wrong, one.wrong[:5]
    strange = [error for error in load.errors if not isinstance(error, Cut)]
    assert not strange, strange[:5]
    served = sum(response.status == 200 for response in load.results)
    assert served > 0.9 * answered, f"{served} of {answered} served, {one.cut} cut"
    wait_counts(server.client(), flock, [0, 0, 0, 0], 5)
    assert instance.fetch("GET", "/id-after?0").status in (200, 502)
