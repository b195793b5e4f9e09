#!/usr/bin/env python3
"""Compares fairlead with a bare relay, nginx and HAProxy on this machine.

  bench/run.py                       keep-alive GET at 16, 64 and 256 connections  (`./dev bench`)
  bench/run.py post browser          some shapes of work; --list names them
  bench/run.py all                   every shape
  bench/run.py --idle 5000           resident memory of an idle keep-alive client connection
  bench/run.py --big                 1 GiB down and up: resident memory and MiB/s
  bench/run.py all --rounds 5 --report docs    also writes docs/benchmarks.md and docs/benchmarks.svg
  bench/run.py get-64 --proxies relay,nginx --seconds 3 --json result.json

Needs the release build (`./dev build`); takes nginx, haproxy and redis-server from the PATH and says so where one is
missing. Exit status: 0 measured, 1 a proxy answered wrongly or nothing could be measured. Marks are printed, not
enforced: the figures of a busy machine are noise. How to read it: bench/README.md.
"""
import argparse
import datetime
import json
import os
import resource
import signal
import sys
from pathlib import Path

import memory
import proxies
import report
import windows
from proxies import Stage, Unavailable
from shapes import DEFAULT, SHAPES


def start_all(stage, names, refused):
    """Starts the proxies; says once a run why one can't take part."""
    running = {}
    for name in names:
        if name in refused:
            continue
        try:
            running[name] = stage.start(name)
        except Unavailable as reason:
            refused.add(name)
            print(f"skipped {name}: {reason}", flush=True)
    return running


def run_shape(options, shape, refused):
    """All windows of a shape, the rounds interleaved: A B C, A B C."""
    samples = []
    names = [name for name in shape.proxies if not options.proxies or name in options.proxies]
    with Stage(options.build, shape.backends) as stage:
        if proxies.OTHERS_CORE in proxies.CORES:
            os.sched_setaffinity(0, {proxies.OTHERS_CORE})
        running = start_all(stage, names, refused)
        for turn in range(options.rounds):
            for name, (child, port) in running.items():
                sample = windows.measure(stage, child, port, shape, options.seconds)
                sample["resident"] = proxies.resident_bytes(child.pid)
                samples.append({"proxy": name, "shape": shape.name, "round": turn, **sample})
    rows = [windows.summary(samples, shape.name, name) for name in running]
    report.print_table(shape, options, rows)
    return samples, rows


def compare(options):
    samples, rows, refused = [], [], set()
    for name in options.shapes:
        more, summed = run_shape(options, SHAPES[name], refused)
        samples += more
        rows += summed
    verdicts = list(windows.verdicts(samples, options.shapes))
    report.print_verdicts(verdicts)
    report.print_noise(samples, windows.OTHERS_SHARE_MAX)
    if options.report:
        report.write(options.report, options, rows, verdicts)
    return {"samples": samples, "summary": rows}, bool(rows) and not any(row["errors"] for row in rows)


def in_stage(mode):
    def run(options):
        with Stage(options.build) as stage:
            if proxies.OTHERS_CORE in proxies.CORES:
                os.sched_setaffinity(0, {proxies.OTHERS_CORE})
            return mode(stage, options)
    return run


def names_of(text):
    names = [name for name in text.split(",") if name]
    for name in names:
        if name not in proxies.PROXIES:
            raise argparse.ArgumentTypeError(f"no proxy '{name}'; there are {', '.join(proxies.PROXIES)}")
    return names


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shapes", nargs="*", default=list(DEFAULT), metavar="SHAPE", help="or `all`; see --list")
    parser.add_argument("--list", action="store_true", help="the shapes, a line each")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.5, help="of one window")
    parser.add_argument("--proxies", type=names_of, default=[], help="only these of " + ",".join(proxies.PROXIES))
    parser.add_argument("--idle", type=int, metavar="N", help="memory of N idle connections instead")
    parser.add_argument("--big", action="store_true", help="1 GiB down and up instead")
    parser.add_argument("--big-bytes", type=int, default=memory.GIB)
    parser.add_argument("--build", type=Path, default=proxies.ROOT / "build" / "release")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all samples and the summary")
    parser.add_argument("--report", type=Path, metavar="FOLDER", help="writes benchmarks.md and benchmarks.svg there")
    options = parser.parse_args()
    if options.shapes == ["all"]:
        options.shapes = list(SHAPES)
    for name in options.shapes:
        if name not in SHAPES:
            parser.error(f"no shape '{name}'; there are {', '.join(SHAPES)}, and `all`")
    return options


def main():
    options = parse_options()
    if options.list:
        for shape in SHAPES.values():
            print(f"{shape.name:<15}{shape.says}")
        return 0
    options.build = options.build.resolve()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if not {proxies.PROXY_CORE, proxies.OTHERS_CORE} <= proxies.CORES:
        print("this machine doesn't have two cores for us: nothing is pinned and the figures mean little")
    mode = in_stage(memory.idle) if options.idle else in_stage(memory.big) if options.big else compare
    try:
        result, sound = mode(options)
    except Unavailable as reason:
        print(reason)
        return 1
    if options.json:
        result["date"] = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        result["machine"] = report.machine()
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
