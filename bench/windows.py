"""Windows: one proxy under one shape's load for a few seconds, and what several windows say together.

A busy machine makes every proxy dearer, but not evenly. So the windows of a round stand next to each other in time,
ratios are taken within a round, and windows in which others took the proxies' core don't count where quiet ones exist.
"""
import json
import select
import statistics
import subprocess

import proxies
from proxies import core_busy_seconds, cpu_seconds
from shapes import SHAPES

WARMUP_SECONDS = 0.5
# Beyond this share of the proxies' core taken by others, a window says more about them: cold caches, waiting.
OTHERS_SHARE_MAX = 0.10
PEERS = ("nginx", "haproxy")


def measure(stage, child, port, shape, seconds):
    """One window. The load says when its warm-up is over and ends with the window."""
    command = [stage.tools / "load", "--port", port, "--connections", shape.connections, "--seconds", seconds,
               "--warmup", WARMUP_SECONDS, *shape.load]
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


def usable(samples, shape, name):
    """The windows to judge by, and whether they are quiet ones. Chosen by what others did, never by the outcome."""
    own = [each for each in samples if each["proxy"] == name and each["shape"] == shape and each.get("cpu_us")]
    quiet = [each for each in own if each["others_share"] <= OTHERS_SHARE_MAX]
    return (quiet, True) if quiet else (own, False)


def ratio(samples, figure, one, other):
    """Of two (shape, proxy): rounds held against each other, else the medians; nothing if either wasn't measured."""
    (mine, _), (theirs, _) = usable(samples, *one), usable(samples, *other)
    if not mine or not theirs:
        return None
    by_round = {each["round"]: each[figure] for each in theirs}
    pairs = [each[figure] / by_round[each["round"]] for each in mine if by_round.get(each["round"])]
    if pairs:
        return statistics.median(pairs)
    return statistics.median(each[figure] for each in mine) / statistics.median(by_round.values())


def summary(samples, shape, name):
    own = [each for each in samples if each["proxy"] == name and each["shape"] == shape]
    good, quiet = usable(samples, shape, name)
    row = {"shape": shape, "proxy": name, "errors": sum(each["errors"] for each in own)}
    if not good:
        return row
    costs = [each["cpu_us"] for each in good]
    row.update(cpu_us=statistics.median(costs), cpu_us_min=min(costs), cpu_us_max=max(costs), windows=len(own),
               quiet_windows=len(good) if quiet else 0, resident=max(each["resident"] for each in own),
               relay_ratio=ratio(samples, "cpu_us", (shape, name), (shape, "relay")))
    for key in ("requests_per_second", "p50_us", "p99_us", "p999_us"):
        row[key] = statistics.median(each[key] for each in good)
    return row


def verdicts(samples, shapes):
    """What became of each mark: (shape, mark, the ratio or nothing, whether only noisy windows say so)."""
    for shape in shapes:
        for mark in SHAPES[shape].marks:
            own = (shape, mark.proxy)
            name, _, elsewhere = mark.against.partition("@")
            if name == "peer":
                name = cheaper_peer(samples, shape, mark.figure)
            other = (elsewhere or shape, name)
            value = ratio(samples, mark.figure, own, other) if name else None
            noisy = not (usable(samples, *own)[1] and name and usable(samples, *other)[1])
            yield shape, mark, name, value, noisy


def cheaper_peer(samples, shape, figure):
    """The one with the lower median; nothing unless both were measured."""
    medians = {}
    for name in PEERS:
        good, _ = usable(samples, shape, name)
        if not good:
            return None
        medians[name] = statistics.median(each[figure] for each in good)
    return min(medians, key=medians.get)
