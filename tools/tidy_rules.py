"""The rules of tools/tidy that need nothing but text. A house is a mapping of path -> text; a rule maps it to findings.

A finding is one line, `PATH:LINE: what is wrong; what would be right`. Exceptions are listed with their reason.
"""

import pathlib
import re

import tidy_coroutines
import tidy_text

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
LINE_COLUMNS_MAX = 120

FOLDERS = ("src", "tests", "bench", "fuzz", "tools", "docs", "examples", "cmake", ".ci")
CODE_SUFFIXES = (".cpp", ".hpp", ".inc", ".py", ".sh", ".lua")

# Layer -> the layers whose headers it may include. None: every layer.
LAYERS = {
    "base": {"base"},
    "core": {"base", "core"},
    "io": {"base", "io"},
    "fleet": {"base", "core", "io", "fleet"},
    "proxy": {"base", "core", "io", "proxy"},
    "control": {"base", "core", "io", "fleet", "proxy", "control"},
    "app": None,
}
# Headers that a layer may include beyond its row.
LAYER_EXCEPTIONS = {"proxy": {"fleet/state_store.hpp"}}
# Tests link the io library (simulated engine) and stand on everything that their layer links.
TEST_EXTRAS = {"base": {"io"}, "core": {"io"}, "io": {"core"}, "fleet": set(), "proxy": {"fleet"}, "control": set()}

EFFECT_HEADERS = re.compile(
    r"(sys/|netinet/|arpa/|linux/|unistd\.h|fcntl\.h|poll\.h|pthread\.h|thread|mutex|shared_mutex|condition_variable|"
    r"fstream|iostream|filesystem|future|random|openssl/|hiredis/|yaml-cpp/|spdlog/)"
)
EFFECT_CALLS = re.compile(r"clock::now\s*\(|\bgetenv\s*\(|\bstd::time\s*\(|\bstd::rand\s*\(|\brandom_device\b")

# Units without a test beside them, and where they are tested instead.
WITHOUT_TEST = {}

BANNED_NAME = re.compile(r"(Manager|Helpers?|Utils?|Handler|Data|Info|Impl)$")
BANNED_FILE = re.compile(r"(^|_)(manager|helpers?|utils?|handler|impl|misc|common)(_|$)")
# Names that stand although the rule speaks against them.
NAMES_ALLOWED = {}

# A mutex anywhere else needs a reason here.
MUTEXES_ALLOWED = {
    "src/io/resolver.hpp": "getaddrinfo blocks, so it runs on a thread of its own",
    "src/io/resolver.cpp": "as its header",
}

# Spelled in parts so that this file doesn't break its own rule.
MACHINE_PATHS = re.compile(r"(?<![\w.])/(" + "|".join(("wo" + "rk", "ho" + "me", "ro" + "ot")) + r")/")
SCRATCH_PATH = re.compile(r"(?<![\w.])/t" + "mp/")

METRIC_NAME = re.compile(r'"((?:fairlead|process)_[a-z0-9_]+|http_requests_total|request_duration_seconds)"')


def read_house(root):
    """Every text file that the rules look at, by its path relative to `root`."""
    house = {}
    root = pathlib.Path(root)
    files = [path for path in root.iterdir() if path.is_file() and (path.suffix == ".md" or path.name == "dev")]
    for folder in FOLDERS:
        files += [path for path in (root / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    for path in files:
        try:
            house[path.relative_to(root).as_posix()] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a fuzz seed or a picture
    return house


def role_of(path):
    """"test", "fuzz" or "bench" by the suffix of the name; "unit" for everything else."""
    match = re.search(r"_(test|fuzz|bench)\.cpp$", path)
    return match.group(1) if match else "unit"


def layer_of(path):
    parts = path.split("/")
    return parts[1] if parts[0] == "src" and len(parts) > 2 else None


def is_cpp(path):
    return path.endswith((".cpp", ".hpp"))


def find_layers(path, text):
    layer = layer_of(path)
    if layer is None or not is_cpp(path):
        return
    if layer not in LAYERS:
        yield f"{path}:1: '{layer}' is no layer; the layers are {', '.join(LAYERS)}"
        return
    allowed = LAYERS[layer]
    exceptions = LAYER_EXCEPTIONS.get(layer, set())
    if allowed is not None and role_of(path) != "unit":
        allowed = allowed | TEST_EXTRAS[layer] | {"support"}
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if match is None or match.group(1) in exceptions:
            continue
        target = match.group(1).split("/")[0]
        if "/" not in match.group(1):
            yield f'{path}:{number}: include "{match.group(1)}" has no layer; write the path from src/'
        elif allowed is not None and target not in allowed:
            row = ", ".join(sorted(allowed))
            yield f"{path}:{number}: {layer} may not include {match.group(1)}; it may include {row}"


def find_core_effects(path, text):
    if layer_of(path) != "core" or role_of(path) != "unit":
        return
    code = tidy_text.without_comments_and_strings(text)
    for number, (line, raw) in enumerate(zip(code.splitlines(), text.splitlines()), 1):
        include = re.match(r"\s*#\s*include\s+<([^>]+)>", raw)
        if include and EFFECT_HEADERS.match(include.group(1)):
            yield f"{path}:{number}: core includes <{include.group(1)}>; decisions are pure, effects belong to io"
        if EFFECT_CALLS.search(line):
            yield f"{path}:{number}: core reads a clock, the environment or chance; take the value as an argument"


def find_sizes(path, text):
    is_code = path.endswith(CODE_SUFFIXES) or path in ("dev", "tools/tidy")
    if not is_code:
        return
    lines = text.splitlines()
    if len(lines) > FILE_LINES_MAX:
        yield f"{path}:{len(lines)}: {len(lines)} lines; a file has at most {FILE_LINES_MAX}, aim at 150"
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_COLUMNS_MAX:
            yield f"{path}:{number}: {len(line)} columns; a line has at most {LINE_COLUMNS_MAX}"
    if is_cpp(path):
        for start, length in tidy_text.function_lengths(text):
            if length > FUNCTION_LINES_MAX:
                yield f"{path}:{start}: function of {length} lines; at most {FUNCTION_LINES_MAX}, aim at 10"


def find_missing_tests(house):
    for path in house:
        if layer_of(path) in ("core", "fleet") and path.endswith(".cpp") and role_of(path) == "unit":
            beside = [path.removesuffix(".cpp") + suffix for suffix in ("_test.cpp", "_redis_test.cpp")]
            if not any(test in house for test in beside) and path not in WITHOUT_TEST:
                yield f"{path}:1: no test beside it; write {beside[0]} or give the reason in tools/tidy_rules.py"


def find_names(path, text):
    stem = path.split("/")[-1].split(".")[0]
    if layer_of(path) and BANNED_FILE.search(stem):
        yield f"{path}:1: the file name says what it is, not what it does; name the one thing in it"
    if not is_cpp(path):
        return
    code = tidy_text.without_comments_and_strings(text)
    for match in re.finditer(r"\b(?:class|struct|enum class|enum|union|concept|using)\s+([A-Za-z_]\w*)", code):
        name = match.group(1)
        if BANNED_NAME.search(name) and name not in NAMES_ALLOWED:
            yield f"{path}:{tidy_text.line_of(code, match.start())}: '{name}' says little; name what it is"


def find_header_form(path, text):
    if not path.endswith(".hpp") or layer_of(path) is None:
        return
    lines = text.splitlines()
    if not lines or not lines[0].startswith("//"):
        yield f"{path}:1: no opening comment; say in 3-8 lines what it is, who uses it, thread and lifetime rules"
    if "#pragma once" not in lines:
        yield f"{path}:1: no include guard; write #pragma once after the opening comment"
    for number, line in enumerate(lines, 1):
        if re.match(r"\s*using namespace\b", line):
            yield f"{path}:{number}: a header opens a namespace for everyone who includes it; name what you need"


def find_mutexes(path, text):
    if layer_of(path) is None or role_of(path) != "unit" or path in MUTEXES_ALLOWED:
        return
    code = tidy_text.without_comments_and_strings(text)
    for match in re.finditer(r"\bstd::(?:shared_|recursive_)?mutex\b|\bstd::this_thread::sleep", code):
        number = tidy_text.line_of(code, match.start())
        yield f"{path}:{number}: {match.group(0)}; cores share nothing, or give the reason in tools/tidy_rules.py"


def find_machine_paths(path, text):
    is_shipped = path.startswith("src/") and role_of(path) == "unit"
    for number, line in enumerate(text.splitlines(), 1):
        if MACHINE_PATHS.search(line) or (is_shipped and SCRATCH_PATH.search(line)):
            yield f"{path}:{number}: a path of one machine; take it as an argument or from the environment"


def find_docs_out_of_step(house):
    roster = house.get("src/core/balance/strategies.inc", "")
    reference = house.get("docs/configuration.md", "")
    for name in re.findall(r"^FAIRLEAD_STRATEGY\((\w+)\)", roster, re.MULTILINE):
        if f"`{name}`" not in reference:
            yield f"docs/configuration.md:1: the strategy `{name}` isn't described"
    series = house.get("docs/metrics.md", "")
    for path, text in sorted(house.items()):
        if layer_of(path) and role_of(path) == "unit" and is_cpp(path):
            for match in METRIC_NAME.finditer(text):
                if f"`{match.group(1)}`" not in series:
                    yield f"{path}:{tidy_text.line_of(text, match.start())}: {match.group(1)} isn't in docs/metrics.md"


def find_undocumented_promises(house):
    """The other way round: a series that the table of docs/metrics.md lists must be made somewhere."""
    made = set()
    for path, text in house.items():
        if path.startswith("src/"):
            made.update(METRIC_NAME.findall(text))
    for number, line in enumerate(house.get("docs/metrics.md", "").splitlines(), 1):
        match = re.match(r"\| `([a-z_]+)`", line)
        if match and match.group(1) not in made:
            yield f"docs/metrics.md:{number}: nothing in src/ makes {match.group(1)}; take it out or make it"


FILE_RULES = (
    find_layers,
    find_core_effects,
    find_sizes,
    find_names,
    find_header_form,
    find_mutexes,
    find_machine_paths,
    tidy_coroutines.find_coroutine_traps,
)
HOUSE_RULES = (find_missing_tests, find_docs_out_of_step, find_undocumented_promises)


def all_findings(house):
    findings = []
    for path, text in sorted(house.items()):
        for rule in FILE_RULES:
            findings += rule(path, text)
    for rule in HOUSE_RULES:
        findings += rule(house)
    return findings
