"""A bad input for each rule of tools/tidy, and a good one beside it. Run: python3 -m unittest tools/tidy_test.py"""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import tidy_coroutines
import tidy_headers
import tidy_rules
import tidy_text


def found(rule, path, text):
    return list(rule(path, text))


class Layers(unittest.TestCase):
    def test_core_may_not_include_io(self):
        findings = found(tidy_rules.find_layers, "src/core/http/a.cpp", '// x\n#include "io/stream.hpp"\n')
        self.assertEqual(len(findings), 1)
        self.assertTrue(findings[0].startswith("src/core/http/a.cpp:2: core may not include io/stream.hpp"))

    def test_core_may_include_base(self):
        self.assertEqual(found(tidy_rules.find_layers, "src/core/a.cpp", '#include "base/result.hpp"\n'), [])

    def test_proxy_may_include_of_fleet_only_the_state_store(self):
        self.assertEqual(found(tidy_rules.find_layers, "src/proxy/a.hpp", '#include "fleet/state_store.hpp"\n'), [])
        self.assertEqual(len(found(tidy_rules.find_layers, "src/proxy/a.hpp", '#include "fleet/redis_store.hpp"\n')), 1)

    def test_tests_of_proxy_may_include_all_of_fleet(self):
        text = '#include "fleet/memory_store.hpp"\n#include "support/peer.hpp"\n'
        self.assertEqual(found(tidy_rules.find_layers, "src/proxy/a_test.cpp", text), [])

    def test_tests_may_not_look_upward(self):
        self.assertEqual(len(found(tidy_rules.find_layers, "src/io/a_test.cpp", '#include "proxy/worker.hpp"\n')), 1)

    def test_app_may_include_everything(self):
        self.assertEqual(found(tidy_rules.find_layers, "src/app/a.cpp", '#include "control/config.hpp"\n'), [])

    def test_includes_name_their_layer(self):
        self.assertEqual(len(found(tidy_rules.find_layers, "src/core/a.cpp", '#include "message.hpp"\n')), 1)

    def test_an_unknown_layer_is_named(self):
        self.assertEqual(len(found(tidy_rules.find_layers, "src/utilities/a.cpp", "\n")), 1)


class CoreEffects(unittest.TestCase):
    def test_effect_headers_are_found(self):
        for header in ("sys/socket.h", "thread", "mutex", "fstream", "unistd.h", "openssl/evp.h"):
            with self.subTest(header):
                text = f"#include <{header}>\n"
                self.assertEqual(len(found(tidy_rules.find_core_effects, "src/core/a.hpp", text)), 1)

    def test_reading_a_clock_is_found(self):
        text = "auto now = std::chrono::steady_clock::now();\n"
        self.assertEqual(len(found(tidy_rules.find_core_effects, "src/core/a.cpp", text)), 1)

    def test_a_clock_in_a_comment_or_in_io_is_none(self):
        text = "// never clock::now()\n"
        self.assertEqual(found(tidy_rules.find_core_effects, "src/core/a.cpp", text), [])
        self.assertEqual(found(tidy_rules.find_core_effects, "src/io/a.cpp", "steady_clock::now();\n"), [])

    def test_pure_headers_pass(self):
        self.assertEqual(found(tidy_rules.find_core_effects, "src/core/a.hpp", "#include <atomic>\n"), [])


class Sizes(unittest.TestCase):
    def test_a_file_at_the_limit_passes_and_one_line_more_is_found(self):
        self.assertEqual(found(tidy_rules.find_sizes, "src/core/a.inc", "x\n" * 500), [])
        self.assertEqual(len(found(tidy_rules.find_sizes, "src/core/a.inc", "x\n" * 501)), 1)

    def test_a_line_at_the_limit_passes_and_one_column_more_is_found(self):
        self.assertEqual(found(tidy_rules.find_sizes, "tools/a.py", "x" * 120), [])
        self.assertEqual(len(found(tidy_rules.find_sizes, "tools/a.py", "x" * 121)), 1)

    def test_a_function_at_the_limit_passes_and_one_line_more_is_found(self):
        def function(lines):
            return "namespace a {\nint f(int x) {\n" + "  x += 1;\n" * (lines - 2) + "}\n}  // namespace a\n"

        self.assertEqual(found(tidy_rules.find_sizes, "src/core/a.cpp", function(70)), [])
        findings = found(tidy_rules.find_sizes, "src/core/a.cpp", function(71))
        self.assertEqual(len(findings), 1)
        self.assertTrue(findings[0].startswith("src/core/a.cpp:2: function of 71 lines"))

    def test_a_long_class_is_no_function(self):
        text = "class A {\n" + "  int f() { return 1; }\n" * 100 + "};\n"
        self.assertEqual(found(tidy_rules.find_sizes, "src/core/a.hpp", text), [])

    def test_methods_in_a_class_are_measured(self):
        text = "class A {\n  void f() {\n" + "    g();\n" * 80 + "  }\n};\n"
        self.assertEqual(len(found(tidy_rules.find_sizes, "src/core/a.hpp", text)), 1)

    def test_braces_in_literals_and_comments_do_not_count(self):
        text = "int f() {\n  return '{' + \"{\"[0];  // {\n}\nint g() {\n  return 1'000;\n}\n"
        self.assertEqual(list(tidy_text.function_lengths(text)), [(1, 3), (4, 3)])


class TestsBeside(unittest.TestCase):
    def test_a_unit_of_core_without_test_is_found(self):
        self.assertEqual(len(list(tidy_rules.find_missing_tests({"src/core/http/a.cpp": ""}))), 1)

    def test_a_test_on_a_real_redis_counts(self):
        house = {"src/fleet/a.cpp": "", "src/fleet/a_redis_test.cpp": ""}
        self.assertEqual(list(tidy_rules.find_missing_tests(house)), [])

    def test_a_unit_with_test_and_one_of_another_layer_pass(self):
        house = {"src/core/a.cpp": "", "src/core/a_test.cpp": "", "src/core/a_fuzz.cpp": "", "src/app/b.cpp": ""}
        self.assertEqual(list(tidy_rules.find_missing_tests(house)), [])


class Names(unittest.TestCase):
    def test_empty_words_are_found(self):
        for name in ("PoolManager", "StringUtils", "RequestHandler", "StoreImpl", "RouteData", "ParseHelper"):
            with self.subTest(name):
                self.assertEqual(len(found(tidy_rules.find_names, "src/io/a.hpp", f"class {name} {{}};\n")), 1)

    def test_names_that_say_something_pass(self):
        self.assertEqual(found(tidy_rules.find_names, "src/io/a.hpp", "class Database {};\nstruct Handle {};\n"), [])

    def test_file_names_count_as_well(self):
        self.assertEqual(len(found(tidy_rules.find_names, "src/io/string_utils.cpp", "")), 1)
        self.assertEqual(found(tidy_rules.find_names, "src/io/utility_meter.cpp", ""), [])


class Headers(unittest.TestCase):
    GOOD = "// What it is.\n#pragma once\n"

    def test_a_header_opens_with_a_comment_and_a_guard(self):
        self.assertEqual(found(tidy_rules.find_header_form, "src/io/a.hpp", self.GOOD), [])
        self.assertEqual(len(found(tidy_rules.find_header_form, "src/io/a.hpp", "#pragma once\n")), 1)
        self.assertEqual(len(found(tidy_rules.find_header_form, "src/io/a.hpp", "// What it is.\n")), 1)

    def test_using_namespace_in_a_header_is_found(self):
        text = self.GOOD + "using namespace std;\n"
        self.assertEqual(len(found(tidy_rules.find_header_form, "src/io/a.hpp", text)), 1)

    def test_a_header_that_needs_another_before_it_is_found_and_a_good_verdict_is_remembered(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "src/io").mkdir(parents=True)
            (root / "src/io/bad.hpp").write_text("#pragma once\ninline std::string name();\n")
            (root / "src/io/good.hpp").write_text("#pragma once\n#include <string>\ninline std::string name();\n")
            house = tidy_rules.read_house(root)
            findings = tidy_headers.findings(root, house)
            self.assertEqual(len(findings), 1)
            self.assertTrue(findings[0].startswith("src/io/bad.hpp:1: doesn't compile alone"))
            self.assertEqual(len(list((root / "build/tidy").iterdir())), 1)

    def test_the_build_proves_a_header_only_where_its_unit_includes_it_first(self):
        house = {"src/io/a.hpp": "", "src/io/a.cpp": '#include "io/a.hpp"\n#include <string>\n'}
        self.assertTrue(tidy_headers.is_first_of_its_unit(house, "src/io/a.hpp"))
        house["src/io/a.cpp"] = '#include <string>\n#include "io/a.hpp"\n'
        self.assertFalse(tidy_headers.is_first_of_its_unit(house, "src/io/a.hpp"))
        self.assertFalse(tidy_headers.is_first_of_its_unit({"src/io/b.hpp": ""}, "src/io/b.hpp"))

    def test_a_change_far_below_makes_a_new_verdict(self):
        house = {"src/io/a.hpp": '#include "io/b.hpp"\n', "src/io/b.hpp": "int b;\n"}
        changed = house | {"src/io/b.hpp": "int c;\n"}
        self.assertNotEqual(
            tidy_headers.fingerprint(house, "src/io/a.hpp"), tidy_headers.fingerprint(changed, "src/io/a.hpp")
        )


class Mutexes(unittest.TestCase):
    def test_a_mutex_and_a_sleep_are_found(self):
        self.assertEqual(len(found(tidy_rules.find_mutexes, "src/proxy/a.cpp", "std::mutex mutex_;\n")), 1)
        text = "std::this_thread::sleep_for(1s);\n"
        self.assertEqual(len(found(tidy_rules.find_mutexes, "src/proxy/a.cpp", text)), 1)

    def test_a_comment_about_a_mutex_is_none(self):
        self.assertEqual(found(tidy_rules.find_mutexes, "src/proxy/a.cpp", "// no std::mutex here\n"), [])


class MachinePaths(unittest.TestCase):
    def test_a_home_folder_is_found_anywhere(self):
        self.assertEqual(len(found(tidy_rules.find_machine_paths, "docs/a.md", "see /ho" + "me/me/file\n")), 1)

    def test_the_scratch_folder_is_found_in_the_program_only(self):
        text = 'open("/t' + 'mp/a");\n'
        self.assertEqual(len(found(tidy_rules.find_machine_paths, "src/app/a.cpp", text)), 1)
        self.assertEqual(found(tidy_rules.find_machine_paths, "src/app/a_test.cpp", text), [])

    def test_a_url_path_is_none(self):
        self.assertEqual(found(tidy_rules.find_machine_paths, "docs/a.md", "http://a.example/home/b\n"), [])


class Coroutines(unittest.TestCase):
    def traps(self, text):
        return found(tidy_coroutines.find_coroutine_traps, "src/io/a.cpp", text)

    def test_co_await_in_a_conditional_is_found(self):
        self.assertEqual(len(self.traps("Task<int> f() {\n  int x = b ? co_await g() : 0;\n}\n")), 1)

    def test_co_await_in_braces_is_found(self):
        for statement in ("std::vector<int> v{co_await a()};", "int v[] = {co_await a()};", "return {co_await a()};",
                          "h({1, co_await a()});", "Pair p{1, g(co_await a())};"):
            with self.subTest(statement):
                self.assertEqual(len(self.traps("Task<int> f() {\n  " + statement + "\n}\n")), 1)

    def test_co_await_in_a_block_passes(self):
        for block in ("if (x) {", "for (;;) {", "try {", "else {", "do {", "while (x) {"):
            with self.subTest(block):
                self.assertEqual(self.traps("Task<int> f() {\n  " + block + "\n    co_await g();\n  }\n}\n"), [])

    def test_two_co_await_in_a_statement_are_found(self):
        self.assertEqual(len(self.traps("Task<int> f() {\n  use(co_await a(), co_await b());\n}\n")), 2)

    def test_a_capturing_lambda_coroutine_is_found(self):
        text = "void f() {\n  spawn([this]() -> Task<void> {\n    co_await g();\n  }());\n}\n"
        self.assertEqual(len(self.traps(text)), 1)

    def test_a_plain_lambda_with_captures_and_a_coroutine_lambda_without_pass(self):
        self.assertEqual(self.traps("auto f = [&x](int y) { return x + y; };\n"), [])
        self.assertEqual(self.traps("auto f = [](int y) -> Task<int> { co_return y; };\n"), [])

    def test_a_subscript_is_no_lambda(self):
        self.assertEqual(self.traps("Task<int> f() {\n  if (a[i]) {\n    co_return 1;\n  }\n}\n"), [])


class DocsInStep(unittest.TestCase):
    def test_a_strategy_without_description_is_found(self):
        house = {"src/core/balance/strategies.inc": "FAIRLEAD_STRATEGY(best)\n", "docs/configuration.md": "`other`"}
        self.assertEqual(len(list(tidy_rules.find_docs_out_of_step(house))), 1)
        house["docs/configuration.md"] = "| `best` |"
        self.assertEqual(list(tidy_rules.find_docs_out_of_step(house)), [])

    def test_a_series_without_description_is_found(self):
        house = {"src/proxy/a.cpp": 'add({.name = "fairlead_redis_up"});\n', "docs/metrics.md": ""}
        self.assertEqual(len(list(tidy_rules.find_docs_out_of_step(house))), 1)
        house["docs/metrics.md"] = "| `fairlead_redis_up` |"
        self.assertEqual(list(tidy_rules.find_docs_out_of_step(house)), [])

    def test_a_described_series_that_nothing_makes_is_found(self):
        house = {"docs/metrics.md": "| `fairlead_redis_up` | gauge |\n", "src/proxy/a.cpp": ""}
        self.assertEqual(len(list(tidy_rules.find_undocumented_promises(house))), 1)
        house["src/proxy/a.cpp"] = '"fairlead_redis_up"'
        self.assertEqual(list(tidy_rules.find_undocumented_promises(house)), [])


if __name__ == "__main__":
    unittest.main()
