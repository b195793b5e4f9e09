"""Every header compiles alone: whoever includes it needs nothing before it. One that its own unit includes first is
proven by the build. Verdicts on the others are remembered under build/tidy, by the text of the header and of everything
of ours that it includes."""

import concurrent.futures
import hashlib
import os
import re
import shutil
import subprocess

COMPILER = "clang++-19"
FLAGS = ("-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wno-pragma-once-outside-header", "-x", "c++")
FLAGS += ('-DFAIRLEAD_VERSION="0"', '-DFAIRLEAD_SOURCE_DIR="."')  # what CMakeLists.txt defines
FOLDERS_SEARCHED = ("src", "tests")


def findings(root, house):
    if shutil.which(COMPILER) is None:
        return [f"tools/tidy:1: {COMPILER} isn't there, so no header was compiled; ./dev setup installs it"]
    headers = [path for path in sorted(house) if path.endswith(".hpp") and not is_first_of_its_unit(house, path)]
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return [finding for finding in pool.map(lambda path: check(root, house, path), headers) if finding]


def is_first_of_its_unit(house, path):
    unit = house.get(path.removesuffix(".hpp") + ".cpp", "")
    first = re.search(r'^\s*#\s*include\s+["<]([^">]+)[">]', unit, re.MULTILINE)
    return first is not None and path in (f"{folder}/{first.group(1)}" for folder in FOLDERS_SEARCHED)


def check(root, house, path):
    verdict = root / "build" / "tidy" / fingerprint(house, path)
    if verdict.exists():
        return None
    folders = [f"-I{root / folder}" for folder in FOLDERS_SEARCHED]
    run = subprocess.run([COMPILER, *FLAGS, *folders, str(root / path)], capture_output=True, text=True, check=False)
    if run.returncode == 0:
        verdict.parent.mkdir(parents=True, exist_ok=True)
        verdict.touch()
        return None
    reason = next((line for line in run.stderr.splitlines() if "error:" in line), "error: " + run.stderr[:200])
    return f"{path}:1: doesn't compile alone; include what it uses ({reason.split('error:', 1)[1].strip()})"


def fingerprint(house, path):
    digest = hashlib.sha256(" ".join(FLAGS).encode())
    for name in sorted(reached_from(house, path)):
        digest.update(f"{name}\n{house[name]}".encode())
    return digest.hexdigest()


def reached_from(house, path):
    """The header and every file of the house that it includes, however far away."""
    seen, waiting = set(), [path]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for target in re.findall(r'^\s*#\s*include\s+"([^"]+)"', house[name], re.MULTILINE):
            waiting += [f"{folder}/{target}" for folder in FOLDERS_SEARCHED if f"{folder}/{target}" in house]
    return seen
