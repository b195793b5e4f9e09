#!/usr/bin/python3
"""How well a fleet balances, for real: many instances before the same backends, fairlead's beside HAProxy's.

  bench/quality/run.py                        16 instances, 12 one-worker backends, 40 ms service, 85 % load
  bench/quality/run.py --shape speeds         4-worker backends with speeds 1 to 4 and a slow one
  bench/quality/run.py --shape wide           16-worker backends of one speed
  bench/quality/run.py --only haproxy,exact --seconds 60 --runs 3
  bench/quality/run.py --all                  three runs of all that the tables of README.md have, in 22 minutes

Each rule gets the same arrivals and each request the same service time, whoever serves it. Rules: haproxy (leastconn in
each process), local (fairlead, memory://), exact, leased, leased2 and leased5 (the interval in ms), exact1 (one
instance).
Exit status 1: nothing could be measured. Marks are printed, not enforced. How to read it: bench/quality/README.md.
"""
import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import proxies  # noqa: E402
from proxies import OTHERS_CORE, PROXY_CORE, Unavailable, cpu_seconds, free_ports, needs, pinned, written  # noqa: E402

BUSY_MAX = 0.6
LATE_MS_MAX = 1.0

FAIRLEAD = """
listen: [{{address: "127.0.0.1:{port}"}}]
admin: {{address: "127.0.0.1:{admin_port}"}}
workers: 1
state: {{url: "{state_url}", coordination: {coordination}, sync_interval: {interval}}}
pools:
  - name: default
    strategy: least_conn
    backends:
{servers}
routes:
  - {{prefix: /, pool: default}}
"""

# name: coordination, sync interval, instances (0: as many as asked)
FAIRLEAD_RULES = {
    "local": (None, "auto", 0),
    "exact": ("exact", "auto", 0),
    "exact1": ("exact", "auto", 1),
    "leased": ("leased", "auto", 0),
    "leased2": ("leased", "2ms", 0),
    "leased5": ("leased", "5ms", 0),
}
# workers a backend, speeds (repeated over the backends), service ms
SHAPES = {
    "headline": (1, [1.0], 40),
    "speeds": (4, [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 0.5], 40),
    "wide": (16, [1.0], 40),
}
MARKS = {
    "headline": [("exact", "haproxy", 0.50), ("leased2", "haproxy", 0.55), ("leased5", "haproxy", 0.65),
                 ("leased", "haproxy", 0.65), ("exact", "exact1", 1.10)],
    "speeds": [("exact", "haproxy", 0.65), ("leased", "haproxy", 0.65)],
    "wide": [("exact", "haproxy", 1.05), ("leased5", "haproxy", 1.05), ("leased", "haproxy", 1.05)],
}
# What --all runs: shape, seconds that count a run (the others take many more requests a second), rules.
ALL = [
    ("headline", 30, "haproxy,exact,exact1,leased2,leased5,leased"),
    ("speeds", 16, "haproxy,exact,leased5,leased"),
    ("wide", 16, "haproxy,exact,leased5,leased"),
]
ALL_RUNS = 3


class Fleet(proxies.Stage):
    """The instances of one rule, their backends and their Redis; its end ends them all."""

    def __init__(self, build, options, rule, seed):
        super().__init__(build)
        self.options, self.rule, self.seed = options, rule, seed
        self.workers, speeds, self.service_ms = SHAPES[options.shape]
        self.speeds = [speeds[at % len(speeds)] for at in range(options.backends)]
        self.fleet = []
        self.redis = None

    def __enter__(self):
        try:
            self.backend_ports = free_ports(self.options.backends)
            places = [f"{port}:{speed}" for port, speed in zip(self.backend_ports, self.speeds)]
            self.backends = self.spawn("backends", OTHERS_CORE, [
                self.tools / "quality_backends", "--service-ms", self.service_ms, "--workers", self.workers, "--seed",
                self.seed, *places])
            for port in self.backend_ports:
                self.await_port("backends", port)
            self.ports = self.start_haproxies() if self.rule == "haproxy" else self.start_fairleads()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start_haproxies(self):
        ports = free_ports(self.options.instances)
        servers = "\n  ".join(f"server s{port} 127.0.0.1:{port}" for port in self.backend_ports)
        for port in ports:
            config = written(self.folder / f"{port}.cfg", proxies.HAPROXY.format(
                port=port, servers=servers, balance="leastconn", connections_max=4000))
            self.fleet.append(self.spawn(f"haproxy{port}", PROXY_CORE, [needs("haproxy"), "-db", "-f", config]))
            self.await_port(f"haproxy{port}", port)
        return ports

    def start_fairleads(self):
        coordination, interval, count = FAIRLEAD_RULES[self.rule]
        state_url = "memory://"
        if coordination:
            redis_port = free_ports(1)[0]
            self.redis = self.spawn("redis", PROXY_CORE, [needs("redis-server"), "--port", redis_port, "--bind",
                                                          "127.0.0.1", "--save", "", "--appendonly", "no", "--dir",
                                                          self.folder])
            self.await_port("redis", redis_port)
            state_url = f"redis://127.0.0.1:{redis_port}"
        servers = "\n".join(f"      - url: http://127.0.0.1:{port}" for port in self.backend_ports)
        ports = free_ports(count or self.options.instances)
        for port in ports:
            admin_port = free_ports(1)[0]
            text = FAIRLEAD.format(port=port, admin_port=admin_port, state_url=state_url, interval=interval,
                                   coordination=coordination or "leased", servers=servers)
            config = written(self.folder / f"{port}.yaml", text)
            self.fleet.append(self.spawn(f"fairlead{port}", PROXY_CORE, [self.build / "fairlead", "run", "--config",
                                                                         config]))
            # Ready: joined, and the list is read.
            self.await_port(f"fairlead{port}", admin_port, b"GET /readyz HTTP/1.1\r\nHost: bench\r\n\r\n")
        return ports

    def measure(self):
        options = self.options
        capacity = sum(self.speeds) * self.workers / (self.service_ms / 1000)
        rate = options.load * capacity
        on_proxies = [*self.fleet, *([self.redis] if self.redis else [])]
        before = [sum(cpu_seconds(child.pid) for child in on_proxies),
                  cpu_seconds(self.redis.pid) if self.redis else 0, cpu_seconds(self.backends.pid), time.monotonic()]
        command = pinned(OTHERS_CORE, [str(part) for part in [
            self.tools / "quality_arrivals", "--rate", rate, "--seconds", options.seconds, "--warmup", options.warmup,
            "--seed", self.seed, *self.ports]])
        load = subprocess.run(command, capture_output=True, text=True, check=True)
        took = time.monotonic() - before[3]
        result = json.loads(load.stdout)
        result["proxy_busy"] = (sum(cpu_seconds(child.pid) for child in on_proxies) - before[0]) / took
        result["redis_us"] = 1e6 * ((cpu_seconds(self.redis.pid) if self.redis else 0) - before[1]) / result["begun"]
        result["backend_busy"] = (cpu_seconds(self.backends.pid) - before[2]) / took
        return result


def faults_of(result):
    faults = []
    if result["errors"]:
        faults.append(f"{result['errors']} errors")
    for core, busy in (("proxies'", result["proxy_busy"]), ("backends'", result["backend_busy"])):
        if busy > BUSY_MAX:
            faults.append(f"{core} core {busy:.0%} busy")
    if result["late_p99_ms"] > LATE_MS_MAX:
        faults.append(f"requests began {result['late_p99_ms']:.1f} ms late")
    return faults


def worst_of(runs):
    return {key: max(run[key] for run in runs) for key in runs[0]}


def print_table(results, options):
    print(f"\n{options.shape}: {options.instances} instances, {options.backends} backends, load {options.load:.0%}, "
          f"{options.seconds} s, medians of {options.runs} runs")
    print(f"  {'':<9}{'':>8}{'':>8}{'':>14}{'':>8}  | x haproxy")
    print(f"  {'rule':<9}{'p50 ms':>8}{'p99 ms':>8}{'min..max':>14}{'p99.9':>8}  |{'p50':>6}{'p99':>6}{'min..max':>12}"
          f"{'p99.9':>7}  |{'requests':>9}{'proxies busy':>14}{'redis us/req':>14}  void")
    for rule, runs in results.items():
        middle = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        p99s = [run["p99_ms"] for run in runs]
        faults = faults_of(worst_of(runs))
        print(f"  {rule:<9}{middle['p50_ms']:>8.0f}{middle['p99_ms']:>8.0f}{min(p99s):>8.0f}..{max(p99s):<4.0f}"
              f"{middle['p999_ms']:>8.0f}  |{ratios_text(results, rule)}  |{middle['requests']:>9.0f}"
              f"{middle['proxy_busy']:>14.0%}{middle['redis_us']:>14.0f}  {', '.join(faults)}")


def ratios_of(results, rule, other, quantile):
    """A run each: the quantile / the other's with the same arrivals. Empty: one of them didn't run as often."""
    ones, others = results.get(rule, []), results.get(other, [])
    return [one[quantile] / two[quantile] for one, two in zip(ones, others)] if len(ones) == len(others) else []


def ratios_text(results, rule):
    p99s = ratios_of(results, rule, "haproxy", "p99_ms")
    if not p99s:
        return f"{'':>31}"
    p50, p99, p999 = (statistics.median(ratios_of(results, rule, "haproxy", quantile))
                      for quantile in ("p50_ms", "p99_ms", "p999_ms"))
    return f"{p50:>6.2f}{p99:>6.2f}{f'{min(p99s):.2f}..{max(p99s):.2f}':>12}{p999:>7.2f}"


def print_marks(results, shape):
    print()
    for rule, other, most in MARKS[shape]:
        ratios = ratios_of(results, rule, other, "p99_ms")
        if ratios:
            ratio = statistics.median(ratios)
            verdict = "met" if ratio <= most else "MISSED"
            is_void = any(faults_of(worst_of(results[each])) for each in (rule, other))
            print(f"mark: {shape}: p99 of {rule} <= {most:.2f} x {other}: {ratio:.2f}: {verdict}"
                  f"{', but void' if is_void else ''}", flush=True)


def measured(options, rules):
    """Rule -> its results, a run each; who can't take part is named and left out."""
    results = {}
    for seed in range(1, options.runs + 1):
        for rule in rules:
            try:
                with Fleet(options.build.resolve(), options, rule, seed) as fleet:
                    results.setdefault(rule, []).append(fleet.measure())
                result = results[rule][-1]
                print(f"{options.shape} run {seed} {rule}: p99 {result['p99_ms']:.0f} ms "
                      f"{', '.join(faults_of(result))}", file=sys.stderr)
            except Unavailable as reason:
                print(f"{rule} skipped: {reason}", file=sys.stderr)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="headline")
    parser.add_argument("--instances", type=int, default=16)
    parser.add_argument("--backends", type=int, default=12)
    parser.add_argument("--load", type=float, default=0.85)
    parser.add_argument("--seconds", type=int, default=40, help="that count, a run")
    parser.add_argument("--warmup", type=int, default=5)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--only", default="haproxy,exact,leased2,leased5,leased,exact1")
    parser.add_argument("--all", action="store_true", help="three runs of each shape; its rules and seconds are set")
    parser.add_argument("--build", type=Path, default=proxies.ROOT / "build" / "release")
    options = parser.parse_args()
    for rule in options.only.split(","):
        if rule != "haproxy" and rule not in FAIRLEAD_RULES:
            parser.error(f"no rule '{rule}'; there are haproxy, {', '.join(FAIRLEAD_RULES)}")
    plans = [(options.shape, options.seconds, options.only)]
    if options.all:
        plans, options.runs = ALL, ALL_RUNS
    is_measured = False
    for shape, seconds, rules in plans:
        options.shape, options.seconds = shape, seconds
        results = measured(options, rules.split(","))
        if results:
            print_table(results, options)
            print_marks(results, options.shape)
            is_measured = True
    return 0 if is_measured else 1


if __name__ == "__main__":
    sys.exit(main())
