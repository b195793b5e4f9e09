"""Run: python3 -m unittest tools/dev/budget_test.py"""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import budget

ANNOTATED = """\
Ir
352,690,296 (100.0%)  PROGRAM TOTALS

Ir                   file:function
45,282,007 (12.84%)  ???:fairlead::http::FieldSection::parse(std::basic_string_view<char>, int) [/a/program]
1,000 ( 0.10%)  ???:fairlead::proxy::(anonymous namespace)::lead(int) [/a/program]
24 ( 0.10%)  ???:fairlead::proxy::(anonymous namespace)::lead(char) [/a/program]
900 ( 0.10%)  ???:fairlead::testing::SimulatedEngine::wait(int) [/a/program]
800 ( 0.10%)  ./string/../sysdeps/memmove.S:__memcpy_avx_unaligned_erms [/usr/lib/libc.so.6]
"""


class Budget(unittest.TestCase):
    def test_only_our_own_functions_count_and_overloads_count_as_one(self):
        self.assertEqual(budget.counts_of(ANNOTATED),
                         {"fairlead::http::FieldSection::parse": 45282007, "fairlead::proxy::_::lead": 1024})

    def test_what_stays_within_three_percent_keeps_to_the_budget(self):
        _, kept = budget.verdict("get", {"f": 1030.0}, {"f": 1000.0})
        self.assertTrue(kept)

    def test_what_grew_more_fails_and_names_the_function_that_grew_most(self):
        lines, kept = budget.verdict("get", {"f": 1000.0, "g": 500.0, "h": 40.0}, {"f": 1000.0, "g": 400.0, "h": 50.0})
        self.assertFalse(kept)
        self.assertIn("g", lines[1])
        self.assertFalse(any(line.endswith(" h") for line in lines))


if __name__ == "__main__":
    unittest.main()
