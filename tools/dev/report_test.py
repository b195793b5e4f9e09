"""Run: python3 -m unittest tools/dev/report_test.py"""

import contextlib
import io
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import report

GOOGLE = (
    '<testsuites><testsuite><testcase name="A" classname="S" status="run" result="completed"/>'
    '<testcase name="B" classname="S" status="notrun" result="suppressed"/>{more}</testsuite></testsuites>'
)
FAILED = '<testcase name="C" classname="S" status="run"><failure message="no"/></testcase>'


class Summary(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def leave(self, name, text):
        (self.folder / name).write_text(text)

    def test_passed_and_skipped_tests_are_counted(self):
        self.leave("release.core_test.xml", GOOGLE.format(more=""))
        self.leave("unit.status", "0\n")
        self.assertEqual(report.summarize(self.folder), (1, 1, []))

    def test_a_failed_test_is_named_once(self):
        self.leave("asan.core_test.xml", GOOGLE.format(more=FAILED))
        self.leave("asan.status", "1\n")
        self.assertEqual(report.summarize(self.folder), (1, 1, ["asan.core_test: S.C"]))

    def test_a_section_that_failed_without_a_failed_test_counts_as_one(self):
        self.leave("gcc.status", "1\n")
        passed, _, failures = report.summarize(self.folder)
        self.assertEqual((passed, len(failures)), (0, 1))

    def test_a_section_without_tests_counts_as_a_passed_check(self):
        self.leave("lint.status", "0\n")
        self.assertEqual(report.summarize(self.folder), (1, 0, []))

    def test_a_result_file_cut_short_by_a_crash_is_a_failure(self):
        self.leave("tsan.io_test.xml", "<testsuites><testsui")
        self.assertEqual(len(report.summarize(self.folder)[2]), 1)

    def test_nothing_at_all_is_no_success(self):
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(report.main(self.folder), 1)


if __name__ == "__main__":
    unittest.main()
