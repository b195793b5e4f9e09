"""Runs clang-tidy-19 over the units in the compile database, remembering clean ones by what they were made of.

    clang_tidy.py [BUILD_FOLDER]

Most of its time goes into the standard library's headers, so the units of a folder are checked together, as one text.
A batch that isn't clean, be it only because two units have a name of their own in common, is halved until the units
are alone: what is printed was found in a unit by itself. (So a using declaration that only another unit of the batch
needs passes for used.) A verdict is kept under build/tidy, named by the unit's text,
the headers of ours that it includes, the compile command and .clang-tidy, so that a second run looks only at what
changed. Tests are left out: the compiler's warnings and the sanitizers watch those.
"""

import concurrent.futures
import hashlib
import itertools
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import tidy_headers
import tidy_rules

FOLDER = ROOT / "build" / "tidy"
BATCH_MAX = 12


class Unit:
    def __init__(self, house, entry, path):
        self.path = path
        self.text = house[path]
        self.command = entry["command"]
        rules = (ROOT / ".clang-tidy").read_text(encoding="utf-8")
        made_of = rules + self.command + tidy_headers.fingerprint(house, path)
        self.verdict = FOLDER / f"clang-{hashlib.sha256(made_of.encode()).hexdigest()}"

    def flags(self):
        """What one batch has in common: the command without this unit's own names."""
        return re.sub(r" -o \S+ -c \S+$", "", self.command)


def units(build_folder):
    house = tidy_rules.read_house(ROOT)
    for entry in json.loads((ROOT / build_folder / "compile_commands.json").read_text(encoding="utf-8")):
        path = pathlib.Path(entry["file"]).resolve().relative_to(ROOT.resolve()).as_posix()
        if path.startswith("src/") and tidy_rules.role_of(path) == "unit":
            yield Unit(house, entry, path)


def batches(waiting, size_max=BATCH_MAX):
    """Units with the same folder and flags, a few at a time."""
    kind = lambda unit: (os.path.dirname(unit.path), unit.flags())
    for _, alike in itertools.groupby(sorted(waiting, key=lambda unit: (*kind(unit), unit.path)), kind):
        alike = list(alike)
        parts = -(-len(alike) // size_max)
        yield from (alike[part::parts] for part in range(parts))


def check(run, batch):
    """What `run` says of each unit of a batch that isn't clean."""
    findings = run(batch)
    if not findings:
        return []
    if len(batch) == 1:
        return [findings]
    middle = len(batch) // 2
    return check(run, batch[:middle]) + check(run, batch[middle:])


def clang_tidy(batch):
    """What clang-tidy says of the units as one text; empty when nothing."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    source = ROOT / batch[0].path
    if len(batch) > 1:
        source = FOLDER / f"{batch[0].verdict.name}.cpp"
        source.write_text("".join(unit.text + "\n" for unit in batch), encoding="utf-8")
    flags = shlex.split(batch[0].flags())[1:]
    command = ["clang-tidy-19", "--quiet", str(source), "--config-file", str(ROOT / ".clang-tidy"), "--", *flags]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if len(batch) > 1:
        source.unlink()
    if run.returncode == 0 and not re.search(r"(warning|error):", run.stdout):
        for unit in batch:
            unit.verdict.touch()
        return ""
    return run.stdout.strip() or run.stderr.strip() or f"clang-tidy ended with {run.returncode}: {source}"


def main(build_folder):
    waiting = [unit for unit in units(build_folder) if not unit.verdict.exists()]
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        findings = list(itertools.chain(*pool.map(lambda batch: check(clang_tidy, batch), batches(waiting))))
    print(*findings, sep="\n", end="\n" if findings else "")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "build/release"))
