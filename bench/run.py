#!/usr/bin/env python3
"""Compares fairlead with a bare relay, nginx and HAProxy on this machine.

  bench/run.py                       CPU, requests/s and latency at 16, 64 and 256 connections  (`./dev bench`)
  bench/run.py --idle 5000           resident memory of an idle keep-alive client connection
  bench/run.py --big                 1 GiB down and up: resident memory and MiB/s
  bench/run.py --proxies relay,nginx --connections 64 --rounds 5 --seconds 3 --json result.json

Needs the release build (`./dev build`); takes nginx, haproxy and redis-server from the PATH and says so where one is
missing. Exit status: 0 measured, 1 a proxy answered wrongly or nothing could be measured. Marks are printed, not
enforced: the figures of a busy machine are noise. How to read it: bench/README.md.
"""
import argparse
import datetime
import json
import os
import platform
import resource
import select
import signal
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

import proxies
from proxies import Stage, Unavailable, cpu_seconds, resident_bytes

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
WARMUP_SECONDS = 0.5
RELAY_RATIO_MAX = 1.30
IDLE_BYTES_MAX = 4 * KIB
BIG_GROWTH_MAX = 4 * MIB
# Beyond this share of the proxies' core taken by others, a window says more about them: cold caches, waiting.
OTHERS_SHARE_MAX = 0.10


def start_all(stage, names):
    running = {}
    for name in names:
        try:
            running[name] = stage.start(name)
        except Unavailable as reason:
            print(f"skipped {name}: {reason}", flush=True)
    return running


# --- CPU, requests/s and latency ------------------------------------------------------------------------------------


def core_busy_seconds(core):
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            user, nice, system, _idle, _iowait, irq, softirq, steal, *_ = map(int, ticks)
            return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
    return 0.0


def measure(stage, child, port, connections, seconds):
    """One window of one proxy. The load says when its warm-up is over and ends with the window."""
    command = [stage.tools / "load", "--port", port, "--connections", connections, "--seconds", seconds,
               "--warmup", WARMUP_SECONDS]
    load = subprocess.Popen(proxies.pinned(proxies.OTHERS_CORE, [str(part) for part in command]),
                            stdout=subprocess.PIPE, text=True)
    stage.children.append(load)
    try:
        select.select([load.stdout], [], [], WARMUP_SECONDS + 10)
        if load.stdout.readline().strip() != "measuring":
            return {"requests": 0, "errors": 1}
        cpu, busy = cpu_seconds(child.pid), core_busy_seconds(proxies.PROXY_CORE)
        select.select([load.stdout], [], [], seconds + 10)
        line = load.stdout.readline()
        cpu, busy = cpu_seconds(child.pid) - cpu, core_busy_seconds(proxies.PROXY_CORE) - busy
        sample = json.loads(line) if line else {"requests": 0, "errors": 1}
    finally:
        stage.end(load)
        load.stdout.close()
    sample["cpu_us"] = cpu * 1e6 / sample["requests"] if sample["requests"] else None
    sample["others_share"] = max(0.0, busy - cpu) / sample.get("seconds", seconds)
    return sample


def compare(stage, options):
    running = start_all(stage, options.proxies)
    samples = []
    for turn in range(options.rounds):
        for connections in options.connections:
            for name, (child, port) in running.items():
                sample = measure(stage, child, port, connections, options.seconds)
                samples.append({"proxy": name, "round": turn, "connections": connections, **sample})
    rows = [summary(samples, name, connections) for connections in options.connections for name in running]
    print_table(options, rows)
    print_marks(options, rows)
    print_noise(samples)
    return {"samples": samples, "summary": rows}, bool(rows) and not any(row["errors"] for row in rows)


def windows_of(samples, name, connections):
    """The windows to judge by, and whether they are quiet ones. Chosen by what others did, never by the outcome."""
    own = [each for each in samples
           if each["proxy"] == name and each["connections"] == connections and each.get("cpu_us")]
    quiet = [each for each in own if each["others_share"] <= OTHERS_SHARE_MAX]
    return (quiet, True) if quiet else (own, False)


def summary(samples, name, connections):
    own = [each for each in samples if each["proxy"] == name and each["connections"] == connections]
    good, quiet = windows_of(samples, name, connections)
    row = {"proxy": name, "connections": connections, "errors": sum(each["errors"] for each in own)}
    if not good:
        return row
    floor, floor_quiet = windows_of(samples, "relay", connections)
    costs = [each["cpu_us"] for each in good]
    row.update(cpu_us=statistics.median(costs), cpu_us_min=min(costs), cpu_us_max=max(costs),
               windows=len(own), quiet_windows=len(good) if quiet else 0,
               noisy=not (quiet and (floor_quiet or not floor)), relay_ratio=ratio_of(good, floor))
    for key in ("requests_per_second", "p50_us", "p99_us"):
        row[key] = statistics.median(each[key] for each in good)
    return row


def ratio_of(windows, floor):
    """Rounds held against their own relay window, next to them in time; else the medians against each other."""
    if not floor:
        return None
    by_round = {each["round"]: each["cpu_us"] for each in floor}
    ratios = [each["cpu_us"] / by_round[each["round"]] for each in windows if each["round"] in by_round]
    if ratios:
        return statistics.median(ratios)
    return statistics.median(each["cpu_us"] for each in windows) / statistics.median(by_round.values())


def print_noise(samples):
    shares = [sample["others_share"] for sample in samples if "others_share" in sample]
    loud = [share for share in shares if share > OTHERS_SHARE_MAX]
    if loud:
        print(f"\nnoisy: in {len(loud)} of {len(shares)} windows other processes took more than {OTHERS_SHARE_MAX:.0%} "
              f"of the proxies' core ({max(loud):.0%} at most). Where there was a quiet window, only quiet ones count.")


def print_table(options, rows):
    for connections in options.connections:
        print(f"\n{connections} connections, {options.rounds} rounds of {options.seconds:g} s, medians")
        print(f"  {'proxy':<16}{'CPU us/req':>11}{'min..max':>14}{'x relay':>9}{'req/s':>9}{'p50 us':>9}{'p99 us':>9}"
              f"{'errors':>8}{'quiet':>7}")
        for row in rows:
            if row["connections"] == connections:
                print("  " + line_of(row))


def line_of(row):
    if "cpu_us" not in row:
        return f"{row['proxy']:<16}{'no answer':>11}{row['errors']:>68}"
    spread = f"{row['cpu_us_min']:.1f}..{row['cpu_us_max']:.1f}"
    ratio = f"{row['relay_ratio']:.2f}" if row["relay_ratio"] else "-"
    return (f"{row['proxy']:<16}{row['cpu_us']:>11.1f}{spread:>14}{ratio:>9}{row['requests_per_second']:>9.0f}"
            f"{row['p50_us']:>9.0f}{row['p99_us']:>9.0f}{row['errors']:>8}"
            f"{row['quiet_windows']:>5}/{row['windows']}")


def print_marks(options, rows):
    print()
    for connections in options.connections:
        measured = {row["proxy"]: row for row in rows if row["connections"] == connections and "cpu_us" in row}
        own = measured.get("fairlead")
        if connections == 64:
            ratio = own["relay_ratio"] if own else None
            print_mark(f"fairlead (memory) at 64 connections <= {RELAY_RATIO_MAX:.2f} x relay", ratio, RELAY_RATIO_MAX,
                       "x relay", noisy=own and own["noisy"])
        anchors = {name: measured[name]["cpu_us"] for name in ("nginx", "haproxy") if name in measured}
        if len(anchors) == 2:
            cheaper = min(anchors, key=anchors.get)
            print_mark(f"fairlead (memory) at {connections} connections <= the cheaper of nginx and HAProxy "
                       f"({cheaper}, {anchors[cheaper]:.1f} us)", own and own["cpu_us"], anchors[cheaper], "us",
                       noisy=own and (own["noisy"] or measured[cheaper]["noisy"]))


def print_mark(text, value, limit, unit, noisy=False):
    if value is None:
        print(f"mark: {text}: not measured")
        return
    doubt = " (noisy windows only: measure again)" if noisy else ""
    print(f"mark: {text}: {value:.2f} {unit}: {'met' if value <= limit else 'MISSED'}{doubt}")


# --- memory ---------------------------------------------------------------------------------------------------------


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
        for _ in range(20):
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
    """Runs `measure_one` for every proxy but the relay; gives the rows and whether all went right."""
    rows, sound = [], True
    for name in options.proxies:
        if name == "relay":
            continue
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
    own = next((row["bytes_per_connection"] for row in rows if row["proxy"] == "fairlead"), None)
    print_mark(f"fairlead (memory) <= {IDLE_BYTES_MAX} bytes", own, IDLE_BYTES_MAX, "bytes")
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


# --- the program ----------------------------------------------------------------------------------------------------


def names_of(text):
    names = [name for name in text.split(",") if name]
    for name in names:
        if name not in proxies.PROXIES:
            raise argparse.ArgumentTypeError(f"no proxy '{name}'; there are {', '.join(proxies.PROXIES)}")
    return names


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=lambda text: [int(part) for part in text.split(",")],
                        default=[16, 64, 256], help="client connections, e.g. 16,64,256")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.5, help="of one window")
    parser.add_argument("--proxies", type=names_of, default=list(proxies.PROXIES), help=",".join(proxies.PROXIES))
    parser.add_argument("--idle", type=int, metavar="N", help="memory of N idle connections instead")
    parser.add_argument("--big", action="store_true", help="1 GiB down and up instead")
    parser.add_argument("--big-bytes", type=int, default=GIB)
    parser.add_argument("--build", type=Path, default=proxies.ROOT / "build" / "release")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all samples and the summary")
    return parser.parse_args()


def main():
    options = parse_options()
    options.build = options.build.resolve()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if not {proxies.PROXY_CORE, proxies.OTHERS_CORE} <= proxies.CORES:
        print("this machine doesn't have two cores for us: nothing is pinned and the figures mean little")
    mode = idle if options.idle else big if options.big else compare
    try:
        with Stage(options.build) as stage:
            if proxies.OTHERS_CORE in proxies.CORES:
                os.sched_setaffinity(0, {proxies.OTHERS_CORE})
            result, sound = mode(stage, options)
    except Unavailable as reason:
        print(reason)
        return 1
    if options.json:
        result["date"] = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        result["machine"] = {"kernel": platform.release(), "cores": os.cpu_count()}
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
