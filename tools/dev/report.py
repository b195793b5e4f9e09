"""Sums the results of a test run: JUnit files of GoogleTest and pytest, and NAME.status files of whole sections.

Prints one line per failed test and, as the last line, `N passed, M failed`. Exits 1 when anything failed.
A section that failed without a failed test of its own (a build, a lint) counts as one failure; one that has no
tests and succeeded counts as one passed check.
"""

import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def read_cases(path):
    """(passed, skipped, names of failed tests) of one JUnit file; a file cut short by a crash is one failure."""
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError:
        return 0, 0, [f"{path.stem}: unreadable result file (did the program crash?)"]
    passed, skipped, failed = 0, 0, []
    for case in root.iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed.append(f"{path.stem}: {case.get('classname')}.{case.get('name')}")
        elif case.find("skipped") is not None or case.get("status") == "notrun" or case.get("result") == "skipped":
            skipped += 1
        else:
            passed += 1
    return passed, skipped, failed


def section_of(path):
    return path.name.split(".")[0]


def summarize(folder):
    """(passed, skipped, failures) of everything in `folder`. Unit tests of the release build are section `unit`."""
    passed, skipped, failures, sections_with_tests, sections_with_failures = 0, 0, [], set(), set()
    for path in sorted(folder.glob("*.xml")):
        section = "unit" if section_of(path) == "release" else section_of(path)
        good, left_out, bad = read_cases(path)
        passed, skipped = passed + good, skipped + left_out
        failures += bad
        sections_with_tests.add(section)
        if bad:
            sections_with_failures.add(section)
    for path in sorted(folder.glob("*.status")):
        name = path.name.removesuffix(".status")
        if path.read_text().strip() != "0":
            if name not in sections_with_failures:
                failures.append(f"{name}: failed as a whole; its output is above")
        elif name not in sections_with_tests:
            passed += 1
    return passed, skipped, failures


def main(folder):
    passed, skipped, failures = summarize(pathlib.Path(folder))
    for failure in failures:
        print(f"FAILED {failure}")
    if skipped:
        print(f"{skipped} skipped")
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
