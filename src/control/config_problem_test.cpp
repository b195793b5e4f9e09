#include "control/config_problem.hpp"

#include <gtest/gtest.h>

namespace fairlead::control {
namespace {

TEST(ConfigProblem, HasTheFormOfTheCommandLine) {
  EXPECT_EQ(format_problem({"a.yml", {3, 7}, "this is wrong; do that"}), "a.yml:3:7: this is wrong; do that");
}

TEST(ConfigProblem, IsSortedByPlaceAndToldOnce) {
  ProblemList problems("f");
  problems.add({2, 1}, "b");
  problems.add({1, 9}, "a");
  problems.add({2, 1}, "b");
  const auto sorted = problems.sorted();
  ASSERT_EQ(sorted.size(), 2U);
  EXPECT_EQ(sorted[0].text, "a");
  EXPECT_EQ(sorted[1].text, "b");
}

TEST(ConfigProblem, IsKeptUpToTheLimitAndTheRestIsSaid) {
  ProblemList problems("f");
  for (int line = 1; line <= static_cast<int>(ProblemList::problems_max) + 5; ++line) {
    problems.add({line, 1}, "x");
  }
  const auto sorted = problems.sorted();
  EXPECT_EQ(sorted.size(), ProblemList::problems_max + 1);
  EXPECT_EQ(sorted.back().text, "there are more problems than are shown; mend these first");
}

TEST(ConfigProblem, IsAtTheKeyWhereItWasSetLast) {
  KeySources sources;
  sources.add("f", {{"state.url", {2, 8}}, {"state", {1, 1}}, {"pools[0]", {5, 5}}});
  sources.add("--set", {{"state.url", {1, 11}}});
  EXPECT_EQ(format_problem(sources.problem("state.url", "x")), "--set:1:11: x");
  EXPECT_EQ(format_problem(sources.problem("state.ca_file", "x")), "f:1:1: x");
  EXPECT_EQ(format_problem(sources.problem("pools[0].backends[3].url", "x")), "f:5:5: x");
}

TEST(ConfigProblem, QuotesShortAndCleanText) {
  EXPECT_EQ(backquoted("abc"), "`abc`");
  EXPECT_EQ(backquoted("a\x1b[2Jb"), "`a?[2Jb`");
  EXPECT_EQ(backquoted("w\xc3\xb6rkers"), "`w\xc3\xb6rkers`");
  EXPECT_EQ(backquoted("\xc3\xb6\xff\xe2\x80\xae"), "`\xc3\xb6??`");
  EXPECT_EQ(backquoted(std::string(39, 'x') + "\xc3\xb6"), "`" + std::string(39, 'x') + "...`");
  EXPECT_EQ(backquoted(std::string(41, 'x')), "`" + std::string(40, 'x') + "...`");
}

TEST(ConfigProblem, ShowsTextAsAFileHasIt) {
  EXPECT_EQ(as_in_file("[::]:5000"), "\"[::]:5000\"");
  EXPECT_EQ(as_in_file("{lb}:"), "\"{lb}:\"");
  EXPECT_EQ(as_in_file("shop:"), "\"shop:\"");
  EXPECT_EQ(as_in_file(""), "\"\"");
  EXPECT_EQ(as_in_file("127.0.0.1:5000"), "127.0.0.1:5000");
  EXPECT_EQ(as_in_file("redis://127.0.0.1:6379"), "redis://127.0.0.1:6379");
}

TEST(ConfigProblem, SuggestsTheNearestOrAll) {
  EXPECT_EQ(suggestion("hed", {"head", "line"}), "; did you mean `head`?");
  EXPECT_EQ(suggestion("zzz", {"head", "line"}), "; known are `head`, `line`");
}

}  // namespace
}  // namespace fairlead::control
