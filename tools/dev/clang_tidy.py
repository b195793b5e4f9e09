"""Runs clang-tidy-19 over the units in the compile database, remembering clean ones by what they were made of.

    clang_tidy.py [BUILD_FOLDER]

A verdict is kept under build/tidy, named by the unit's text, the headers of ours that it includes, the compile command
and .clang-tidy, so that a second run looks only at what changed. Tests are left out: the compiler's warnings and the
sanitizers watch those.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import tidy_headers
import tidy_rules


def main(build_folder):
    house = tidy_rules.read_house(ROOT)
    rules = (ROOT / ".clang-tidy").read_text(encoding="utf-8")
    jobs = []
    for entry in json.loads((ROOT / build_folder / "compile_commands.json").read_text(encoding="utf-8")):
        path = pathlib.Path(entry["file"]).resolve().relative_to(ROOT.resolve()).as_posix()
        if path.startswith("src/") and tidy_rules.role_of(path) == "unit":
            digest = hashlib.sha256((rules + entry["command"] + tidy_headers.fingerprint(house, path)).encode())
            jobs.append((path, ROOT / "build" / "tidy" / f"clang-{digest.hexdigest()}"))
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        outputs = list(pool.map(lambda job: check(build_folder, *job), jobs))
    for output in outputs:
        if output:
            print(output)
    return 1 if any(outputs) else 0


def check(build_folder, path, verdict):
    """What clang-tidy says of one unit; empty when nothing."""
    if verdict.exists():
        return ""
    command = ["clang-tidy-19", "--quiet", "-p", str(ROOT / build_folder), str(ROOT / path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode == 0 and not re.search(r"(warning|error):", run.stdout):
        verdict.parent.mkdir(parents=True, exist_ok=True)
        verdict.touch()
        return ""
    return run.stdout.strip() or run.stderr.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "build/release"))
