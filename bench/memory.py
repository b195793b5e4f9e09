"""Memory: what an idle keep-alive client connection takes, and how much a proxy grows while a large body passes."""
import socket
import time

import proxies
from proxies import Unavailable, resident_bytes
from report import print_mark

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
IDLE_BYTES_MAX = KIB
WARMING_REQUESTS = 2000  # once around a ring of receive buffers: those are the process', whoever connects
BIG_GROWTH_MAX = 4 * MIB
DEFAULT_PROXIES = ("fairlead", "fairlead-uring", "nginx", "haproxy")


def request(connection, head):
    """Sends a head and reads that of the answer; gives its length and what came of the body with it."""
    connection.sendall(head)
    return answer(connection)


def answer(connection):
    got = b""
    while b"\r\n\r\n" not in got:
        more = connection.recv(65536)
        if not more:
            raise ConnectionError("closed before an answer")
        got += more
    head, _, body = got.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 "):
        raise ConnectionError(f"answered {head.splitlines()[0].decode(errors='replace')}")
    for line in head.splitlines():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value), body
    raise ConnectionError("an answer without Content-Length")


def get(connection, path="/"):
    length, body = request(connection, f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
    got = len(body)
    while got < length:
        more = len(connection.recv(MIB))
        if more == 0:
            raise ConnectionError("closed within a body")
        got += more


def connect(port):
    connection = socket.create_connection(("127.0.0.1", port), 10)
    connection.settimeout(30)
    return connection


def idle_memory(stage, name, count):
    """A fresh process that has served one connection; then `count` more, a request each, all kept open."""
    child, port = stage.start(name)
    connections = [connect(port)]
    try:
        for _ in range(WARMING_REQUESTS):
            get(connections[0])
        time.sleep(0.3)
        before = resident_bytes(child.pid)
        for _ in range(count):
            connections.append(connect(port))
            get(connections[-1])
        time.sleep(0.5)
        return {"proxy": name, "connections": count, "bytes_per_connection":
                (resident_bytes(child.pid) - before) / count}
    finally:
        for connection in connections:
            connection.close()
        stage.end(child)


def download(connection, size, watch):
    length, body = request(connection, f"GET /bytes/{size} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
    buffer = bytearray(MIB)
    got = len(body)
    while got < length:
        more = connection.recv_into(buffer)
        if more == 0:
            raise ConnectionError(f"closed after {got} of {length} bytes")
        got += more
        watch(got)
    return got


def upload(connection, size, watch):
    connection.sendall(f"POST /upload HTTP/1.1\r\nHost: bench\r\nContent-Length: {size}\r\n\r\n".encode())
    block = bytes(MIB)
    for sent in range(0, size, MIB):
        connection.sendall(block[:size - sent])
        watch(sent)
    length, body = answer(connection)
    while len(body) < length:
        body += connection.recv(length - len(body))
    return int(body)


def big_transfer(stage, name, transfer, size):
    child, port = stage.start(name)
    connection = connect(port)
    peak = 0
    next_look = 0

    def watch(moved):
        nonlocal peak, next_look
        if moved >= next_look:
            next_look = moved + 16 * MIB
            peak = max(peak, resident_bytes(child.pid))

    try:
        get(connection)
        time.sleep(0.3)
        before = resident_bytes(child.pid)
        begun = time.monotonic()
        moved = transfer(connection, size, watch)
        seconds = time.monotonic() - begun
        if moved != size:
            raise ConnectionError(f"{moved} of {size} bytes came through")
        peak = max(peak, resident_bytes(child.pid))
        return {"proxy": name, "direction": transfer.__name__, "bytes": size, "growth_bytes": peak - before,
                "mib_per_second": size / MIB / seconds}
    finally:
        connection.close()
        stage.end(child)


def each_proxy(options, measure_one):
    """Runs `measure_one` for every proxy; gives the rows and whether all went right."""
    rows, sound = [], True
    for name in options.proxies or DEFAULT_PROXIES:
        try:
            rows.append(measure_one(name))
        except Unavailable as reason:
            print(f"skipped {name}: {reason}", flush=True)
        except OSError as reason:
            print(f"failed {name}: {reason}", flush=True)
            sound = False
    return rows, sound and bool(rows)


def idle(stage, options):
    rows, sound = each_proxy(options, lambda name: idle_memory(stage, name, options.idle))
    print(f"\nresident memory of an idle keep-alive client connection ({options.idle} open)")
    for row in rows:
        print(f"  {row['proxy']:<16}{row['bytes_per_connection'] / KIB:>8.2f} KiB")
    for name in ("fairlead", "fairlead-uring"):
        own = next((row["bytes_per_connection"] for row in rows if row["proxy"] == name), None)
        print_mark(f"{name} <= {IDLE_BYTES_MAX} bytes", own, IDLE_BYTES_MAX, "bytes")
    return {"idle": rows}, sound


def big(stage, options):
    size = options.big_bytes
    all_rows, all_sound = [], True
    for transfer in (download, upload):
        rows, sound = each_proxy(options, lambda name: big_transfer(stage, name, transfer, size))  # noqa: B023
        all_rows += rows
        all_sound = all_sound and sound
    print(f"\n{size / MIB:g} MiB through one connection")
    print(f"  {'proxy':<16}{'direction':<11}{'growth KiB':>11}{'MiB/s':>9}")
    for row in all_rows:
        print(f"  {row['proxy']:<16}{row['direction']:<11}{row['growth_bytes'] / KIB:>11.0f}"
              f"{row['mib_per_second']:>9.0f}")
    own = [row["growth_bytes"] / MIB for row in all_rows if row["proxy"] == "fairlead"]
    print_mark("fairlead (memory) grows by < 4 MiB", max(own) if own else None, BIG_GROWTH_MAX / MIB, "MiB")
    return {"big": all_rows}, all_sound
