"""The shapes of work that the bench knows, each with what it asks of fairlead.

A shape is a kind of request, how many connections send it, and before how many backends; a mark says what a proxy may
cost there, as a ratio to another in the same run.
"""
from dataclasses import dataclass, field

KIB, MIB = 1 << 10, 1 << 20


@dataclass(frozen=True)
class Mark:
    """`proxy` stays within `limit` times what `against` does. "peer" is the cheaper of nginx and HAProxy;
    "PROXY@SHAPE" is another shape of the same run."""
    proxy: str
    limit: float
    against: str
    figure: str = "cpu_us"


@dataclass(frozen=True)
class Shape:
    name: str
    says: str
    connections: int
    load: tuple = ()
    backends: int = 3
    bytes_each: int = 0  # of body, where the cost of a GiB says more than that of a request
    proxies: tuple = ("relay", "fairlead", "fairlead-uring", "nginx", "haproxy")
    marks: tuple = field(default=())


EVERYBODY = ("relay", "fairlead", "fairlead-uring", "fairlead-leased", "fairlead-exact", "nginx", "haproxy")
BOTH_ENGINES = ("fairlead", "fairlead-uring")


def of_both(limit, against, figure="cpu_us"):
    return tuple(Mark(name, limit, against, figure) for name in BOTH_ENGINES)


def get(connections, marks, proxies=Shape.proxies):
    return Shape(f"get-{connections}", f"keep-alive GET, {connections} connection{'s'[:connections != 1]}", connections,
                 proxies=proxies, marks=marks)


CLOSE_TO_THE_RELAY = (Mark("fairlead", 1.15, "relay"), Mark("fairlead-uring", 1.08, "relay"), *of_both(0.80, "peer"),
                      *of_both(1.00, "peer", "p99_us"))

SHAPES = {shape.name: shape for shape in (
    get(1, of_both(1.00, "peer")),
    get(16, of_both(1.00, "peer")),
    get(64, (*CLOSE_TO_THE_RELAY, Mark("fairlead-leased", 1.05, "fairlead"), Mark("fairlead-exact", 1.60, "fairlead")),
        EVERYBODY),
    get(256, CLOSE_TO_THE_RELAY, EVERYBODY),
    get(1000, of_both(1.00, "peer")),
    Shape("post", "POST of 1 KiB, 64 connections", 64, ("--method", "POST", "--body", 1 * KIB),
          marks=of_both(0.85, "peer")),
    Shape("browser", "a browser's head of 800 bytes, 64 connections", 64, ("--browser",), marks=of_both(0.85, "peer")),
    Shape("download", "answers of 1 MiB, 16 connections", 16, ("--path", f"/bytes/{MIB}"), bytes_each=MIB,
          marks=of_both(1.10, "relay")),
    Shape("upload", "uploads of 64 MiB, 4 connections", 4,
          ("--method", "POST", "--path", "/upload", "--body", 64 * MIB), bytes_each=64 * MIB,
          marks=of_both(1.10, "relay")),
    Shape("connects", "a connection a request, 64 at a time", 64, ("--fresh",), marks=of_both(0.95, "peer")),
    Shape("backends-100", "keep-alive GET before 100 backends, 64 connections", 64, backends=100),
    Shape("backends-1000", "keep-alive GET before 1,000 backends, 64 connections", 64, backends=1000,
          marks=(Mark("fairlead", 1.05, "fairlead@get-64"),)),
    Shape("workers", "keep-alive GET, one worker and two, 64 connections", 64,
          proxies=("relay", "fairlead", "fairlead-two"), marks=(Mark("fairlead-two", 1.10, "fairlead"),)),
    Shape("origin", "the Python program whose contract fairlead keeps, 16 connections", 16,
          ("--method", "POST", "--path", "/proxy", "--body", 5), proxies=("fairlead-exact", "origin")),
)}

DEFAULT = ("get-16", "get-64", "get-256")
