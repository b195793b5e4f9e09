"""Run: python3 -m unittest tools/dev/clang_tidy_test.py"""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import clang_tidy


class FakeUnit:
    def __init__(self, path, flags="-O2"):
        self.path = path
        self.flags = lambda: flags


def names(batch):
    return [unit.path for unit in batch]


class Batches(unittest.TestCase):
    def test_units_of_one_folder_go_together_and_every_unit_goes_somewhere(self):
        units = [FakeUnit(f"src/core/{number}.cpp") for number in range(7)] + [FakeUnit("src/io/a.cpp")]
        sizes = [len(batch) for batch in clang_tidy.batches(units, size_max=4)]
        self.assertEqual(sizes, [4, 3, 1])

    def test_units_with_other_flags_are_kept_apart(self):
        units = [FakeUnit("src/io/a.cpp"), FakeUnit("src/io/b.cpp", "-DB"), FakeUnit("src/io/c.cpp")]
        batches = [names(batch) for batch in clang_tidy.batches(units)]
        self.assertEqual(sorted(batches), [["src/io/a.cpp", "src/io/c.cpp"], ["src/io/b.cpp"]])

    def test_a_finding_is_told_of_the_unit_that_has_it(self):
        batch = [FakeUnit(name) for name in "abcde"]
        told = clang_tidy.check(lambda part: "".join(name + "!" for name in names(part) if name in "bd"), batch)
        self.assertEqual(told, ["b!", "d!"])

    def test_units_that_only_clash_with_each_other_are_clean(self):
        batch = [FakeUnit(name) for name in "abcd"]
        self.assertEqual(clang_tidy.check(lambda part: "clash" if len(part) > 1 else "", batch), [])


if __name__ == "__main__":
    unittest.main()
