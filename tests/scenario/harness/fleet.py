"""What a user sees of the shared state with redis-cli, and requests by the seed's way."""

import json
import threading

from harness import program
from harness.waiting import wait_until
from harness.wire import Client


def counts(database, backends, prefix=""):
    """conn_count of each backend; an absent key counts as 0."""
    return [int(database.get(f"{prefix}conn_count:{backend.url}") or 0) for backend in backends]


def wait_counts(database, backends, expected, timeout=2.0):
    wait_until(lambda: counts(database, backends) == expected, timeout,
               f"conn_count to be {expected} (is {counts(database, backends)})")


def is_counted(condition, what):
    """What Redis was told of holds at once in exact coordination, and a moment later in leased."""
    if program.coordination == "exact":
        assert condition(), what
    else:
        wait_until(condition, 2.0, what)


def are_counted(database, backends, expected, prefix=""):
    is_counted(lambda: counts(database, backends, prefix) == expected, f"conn_count to be {expected}")


def listed(database):
    return database.lrange("backend_servers", 0, -1)


def post(instance, body=b"hallo", query="", fields=(), **more):
    """One request to /proxy on a connection of its own."""
    return instance.fetch("POST", "/proxy" + query, fields, body, **more)


def chosen(response):
    assert response.status == 200, response
    return response.get("X-Backend-Server")


def told(response):
    """What the echo backend received, from a verbatim or an annotated answer."""
    assert response.status == 200, response
    text = response.text
    return json.loads(text.partition("\n\n")[2] if text.startswith("Response from: ") else text)


def problem(response, status):
    """Checks an answer of the program's own (RFC 9457) and returns its members."""
    assert response.status == status, response
    assert response.get("Content-Type").partition(";")[0] == "application/problem+json", response
    members = json.loads(response.body)
    assert members["status"] == status
    assert all(isinstance(members[name], str) and members[name] for name in ("type", "title", "detail")), members
    return members


class Flight:
    """Requests under way, each on its own connection; ends them by reading their answers."""

    def __init__(self, instance, count=1, method="POST", target="/proxy", body=b"in flight", fields=()):
        self.method = method
        self.clients = [Client(instance.address) for _ in range(count)]
        for client in self.clients:
            client.request(method, target, fields, body)

    def land(self):
        answers = [client.response(self.method) for client in self.clients]
        for client in self.clients:
            client.close()
        return answers

    def abandon(self):
        """The clients go away for good, by RST: an orderly end may be a half-close."""
        for client in self.clients:
            client.reset()


class Load:
    """Threads that send requests until told to stop. `results` holds what `one(client)` gave; an exception ends a
    connection, is kept in `errors`, and the thread goes on with a new one."""

    def __init__(self, address, one, threads=4, reuse=True):
        self.address, self.one, self.reuse = address, one, reuse
        self.results, self.errors = [], []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def _run(self):
        client = None
        while not self.stopping.is_set():
            try:
                client = client or Client(self.address)
                response = self.one(client)
                self.results.append(response)
                if not self.reuse or "close" in response.tokens("Connection"):
                    client.close()
                    client = None
            except Exception as error:  # pylint: disable=broad-except
                self.errors.append(error)
                if client:
                    client.close()
                client = None
                self.stopping.wait(0.01)
        if client:
            client.close()

    def has_done(self, count, timeout=20.0):
        """Waits until that many more requests were answered."""
        goal = len(self.results) + count
        wait_until(lambda: len(self.results) >= goal or self.errors, timeout, f"{count} more answers")

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive(), "a request of the load hangs"
        return self.results
