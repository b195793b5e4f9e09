"""Holds the hot path to its budget: instructions of our own functions a request, counted by callgrind.

    budget.py           compares with bench/budget.json; fails when a kind of request got more than 3 % dearer
    budget.py --write   records what is now, after a change that is worth it

The requests are those of src/proxy/steady_state_test.cpp: a whole worker on the simulated engine, so that the count is
the same on every run and however busy the machine is. What the simulation itself costs isn't counted. A request's cost
is the difference of two runs of different length, so that starting up doesn't count either.
"""

import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUDGET = ROOT / "bench" / "budget.json"
PROGRAM = ROOT / "build" / "release" / "proxy_test"
KINDS = {"get": "AGetAllocatesNothing", "post": "AnAnnotatedPostAllocatesNothing"}
SHORT, LONG = 200, 600
GROWTH_MAX = 0.03
LINE = re.compile(r"^\s*([\d,]+) \(.*?\)\s+\S+?:(.*?)(?: \[[^\]]*\])?$")


def is_ours(function):
    return "fairlead::" in function and "fairlead::testing" not in function


def counts_of(annotated):
    """Instructions by function, callees not included, of callgrind_annotate's text."""
    counts = {}
    for line in annotated.splitlines():
        found = LINE.match(line)
        if found and is_ours(found.group(2)):
            name = re.sub(r"\(.*", "", found.group(2).replace("(anonymous namespace)", "_"))
            counts[name] = counts.get(name, 0) + int(found.group(1).replace(",", ""))
    return counts


def run(program, kind, requests):
    out = program.with_suffix(".callgrind")
    command = ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}", str(program),
               f"--gtest_filter=SteadyState.{KINDS[kind]}", "--gtest_brief=1"]
    done = subprocess.run(command, env={**os.environ, "FAIRLEAD_STEADY_REQUESTS": str(requests)}, capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"budget: {' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    annotated = subprocess.run(["callgrind_annotate", "--threshold=100", "--auto=no", str(out)], capture_output=True,
                               text=True, check=True)
    return counts_of(annotated.stdout)


def measure(kind):
    """Instructions a request by function."""
    # valgrind 3.19 can't read this compiler's debug information; names come from the symbol table.
    program = ROOT / "build" / "release" / "proxy_test.budget"
    subprocess.run(["objcopy", "--strip-debug", str(PROGRAM), str(program)], check=True)
    before, after = run(program, kind, SHORT), run(program, kind, LONG)
    each = {name: round((count - before.get(name, 0)) / (LONG - SHORT), 1) for name, count in after.items()}
    return {name: count for name, count in sorted(each.items()) if count > 0}


def verdict(kind, now, then):
    """Lines to print, and whether the kind keeps to its budget."""
    total, budget = sum(now.values()), sum(then.values())
    growth = round(total / budget - 1, 4)
    lines = [f"{kind}: {total:.0f} instructions a request, {growth:+.1%} against {budget:.0f}"]
    if growth > GROWTH_MAX:
        grown = sorted(now, key=lambda name: then.get(name, 0) - now[name])[:8]
        lines += [f"  {now[name] - then.get(name, 0):+8.0f}  {name}" for name in grown if now[name] > then.get(name, 0)]
        lines.append(f"  more than {GROWTH_MAX:.0%}: make it cheaper, or say in the commit why it is worth that and "
                     "run tools/dev/budget.py --write")
    return lines, growth <= GROWTH_MAX


def main():
    now = {kind: measure(kind) for kind in KINDS}
    if sys.argv[1:] == ["--write"]:
        BUDGET.write_text(json.dumps(now, indent=1) + "\n")
        return 0
    then = json.loads(BUDGET.read_text())
    sound = True
    for kind, counts in now.items():
        lines, kept = verdict(kind, counts, then[kind])
        print("\n".join(lines))
        sound = sound and kept
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
