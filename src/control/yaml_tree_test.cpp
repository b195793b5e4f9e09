#include "control/yaml_tree.hpp"

#include <gtest/gtest.h>

namespace fairlead::control {
namespace {

std::vector<std::string> faults_of(std::string_view text) {
  ProblemList problems("f");
  read_yaml(text, problems);
  std::vector<std::string> lines;
  for (const Problem& problem : problems.sorted()) {
    lines.push_back(format_problem(problem));
  }
  return lines;
}

YamlNode tree_of(std::string_view text) {
  EXPECT_EQ(faults_of(text), std::vector<std::string>{});
  ProblemList problems("f");
  return read_yaml(text, problems);
}

std::string fault_of(std::string_view text) {
  const auto faults = faults_of(text);
  EXPECT_EQ(faults.size(), 1U) << testing::PrintToString(faults);
  return faults.empty() ? "" : faults[0];
}

TEST(YamlTree, NothingHasThePlaceOfItsKey) {
  const YamlNode tree = tree_of("limits:\n\nworkers: 2\nadmin: ~\n");
  ASSERT_EQ(tree.entries.size(), 3U);
  EXPECT_EQ(tree.entries[0].value.at, (Position{1, 1}));
  EXPECT_EQ(tree.entries[2].value.at, (Position{4, 8}));
}

TEST(YamlTree, KeepsTheOrderAndThePlaceOfKeys) {
  const YamlNode tree = tree_of("b: 1\na:\n  - x\n  - y: z\n");
  ASSERT_EQ(tree.kind, YamlKind::mapping);
  ASSERT_EQ(tree.entries.size(), 2U);
  EXPECT_EQ(tree.entries[0].key, "b");
  EXPECT_EQ(tree.entries[0].value.at, (Position{1, 4}));
  EXPECT_EQ(tree.entries[1].at, (Position{2, 1}));
  const YamlNode& list = tree.entries[1].value;
  ASSERT_EQ(list.kind, YamlKind::sequence);
  EXPECT_EQ(list.items[0].text, "x");
  EXPECT_EQ(list.items[1].entries[0].value.at, (Position{4, 8}));
}

TEST(YamlTree, TellsPlainFromQuoted) {
  const YamlNode tree = tree_of("[a, 'b', \"c\", null, 'null']");
  EXPECT_TRUE(tree.items[0].plain);
  EXPECT_FALSE(tree.items[1].plain);
  EXPECT_FALSE(tree.items[2].plain);
  EXPECT_EQ(tree.items[3].kind, YamlKind::null);
  EXPECT_EQ(tree.items[4].kind, YamlKind::scalar);
}

TEST(YamlTree, RefusesAnchorsAndAliases) {
  const auto faults = faults_of("a: &x 1\nb: *x\n");
  ASSERT_EQ(faults.size(), 2U);
  EXPECT_NE(faults[0].find("f:1:4: anchors aren't supported"), std::string::npos) << faults[0];
  EXPECT_NE(faults[1].find("f:2:4: aliases aren't supported"), std::string::npos) << faults[1];
  EXPECT_NE(fault_of("b: *x\n").find("aliases aren't supported"), std::string::npos);
}

TEST(YamlTree, RefusesMergeKeys) {
  EXPECT_EQ(fault_of("<<: {a: 1}\n"), "f:1:1: merge keys aren't supported; write the values out");
}

TEST(YamlTree, RefusesTags) {
  EXPECT_NE(fault_of("a: !!str 1\n").find("tags such as `!!str` aren't supported"), std::string::npos);
  EXPECT_NE(fault_of("a: !x {b: 1}\n").find("aren't supported"), std::string::npos);
}

TEST(YamlTree, RefusesADuplicateKey) {
  EXPECT_EQ(fault_of("a: 1\nb: 2\na: 3\n"),
            "f:3:1: the key `a` is here a second time; keep one of them (the first is in line 1)");
}

TEST(YamlTree, RefusesAKeyThatIsNoText) {
  EXPECT_EQ(fault_of("[a]: 1\n"), "f:1:1: a key isn't plain text; write it as `key: value`");
}

TEST(YamlTree, RefusesASecondDocument) {
  EXPECT_NE(fault_of("a: 1\n---\nb: 2\n").find("a second document starts here"), std::string::npos);
  EXPECT_EQ(fault_of("a: 1\n---\n").substr(0, 4), "f:2:");
}

TEST(YamlTree, RefusesATabInTheIndentation) {
  EXPECT_EQ(fault_of("a:\n\tb: 1\n"), "f:2:1: there is a tab in the indentation; indent with blanks");
  EXPECT_EQ(fault_of("a:\n  \tb: 1\n").substr(0, 6), "f:2:3:");
}

TEST(YamlTree, RefusesControlBytesAndTellsTheFirst) {
  EXPECT_EQ(fault_of(std::string_view("a: \0", 4)), "f:1:4: there is a control byte; a configuration is text in UTF-8");
  EXPECT_EQ(fault_of("a: 1\nb: \x1b[1m\x1b[2m\n").substr(0, 6), "f:2:4:");
}

TEST(YamlTree, RefusesWhatIsntUtf8) {
  EXPECT_EQ(fault_of("a: 1\n# caf\xe9\n"), "f:2:6: the bytes from here on aren't UTF-8; save the file as UTF-8");
  EXPECT_EQ(fault_of(std::string_view("\xff\xfe"
                                      "a\0:\0\n\0",
                                      8)),
            "f:1:1: the file is in UTF-16; save it as UTF-8");
  EXPECT_EQ(tree_of("a: caf\xc3\xa9\n").entries.at(0).value.text, "caf\xc3\xa9");
}

TEST(YamlTree, RemindsOfQuotesWhereABracketBeginsAText) {
  for (const char* text : {"a: [::]:5000\n", "a: {lb}:\n", "a:\n  - b: [::]:5000\n"}) {
    EXPECT_NE(fault_of(text).find("a text that begins with a bracket needs quotes"), std::string::npos) << text;
  }
}

TEST(YamlTree, PassesOverAByteOrderMark) {
  const YamlNode tree = tree_of(
      "\xef\xbb\xbf"
      "a: \"x\"\n");
  EXPECT_EQ(tree.entries.at(0).key, "a");
  EXPECT_EQ(tree.entries[0].value.at, (Position{1, 4}));
}

TEST(YamlTree, RefusesAQuoteThatIsntClosedInItsLine) {
  EXPECT_EQ(fault_of("a: \"x\n"),
            "f:1:4: the quote that opens here isn't closed in this line; write \" at the end of the text");
  EXPECT_EQ(fault_of("a: \"x\nb: 1\nc: \"y\"\n").substr(0, 6), "f:1:4:");
  EXPECT_EQ(fault_of("a: 'it''s\n").substr(0, 6), "f:1:4:");
  EXPECT_EQ(fault_of("a: [1, \"x\\\"]\n").substr(0, 6), "f:1:8:");
  EXPECT_EQ(fault_of("\"a: 1\n").substr(0, 6), "f:1:1:");
  const YamlNode tree = tree_of("a: \"x\\\"y\"\nb: 'it''s'\nc: it's\nd: [\"\", '']\n");
  EXPECT_EQ(tree.entries.at(0).value.text, "x\"y");
  EXPECT_EQ(tree.entries.at(1).value.text, "it's");
  EXPECT_EQ(tree.entries.at(2).value.text, "it's");
}

TEST(YamlTree, AnEmptyItemHasThePlaceOfItsDash) {
  EXPECT_EQ(tree_of("a:\n  -\n").entries.at(0).value.items.at(0).at, (Position{2, 3}));
  const YamlNode list = tree_of("a:\n  - # nothing\n\n  -\n  - ~\nb: 1\n").entries.at(0).value;
  ASSERT_EQ(list.items.size(), 3U);
  EXPECT_EQ(list.items[0].at, (Position{2, 3}));
  EXPECT_EQ(list.items[1].at, (Position{4, 3}));
  EXPECT_EQ(list.items[2].at, (Position{5, 5}));
}

TEST(YamlTree, TakesAFileOfOneMebibyteAndNoMore) {
  std::string text(YamlLimits::bytes_max, ' ');
  EXPECT_EQ(faults_of(text), std::vector<std::string>{});
  text += ' ';
  EXPECT_EQ(fault_of(text), "f:1:1: the file is larger than 1 MiB; a configuration is at most that");
}

TEST(YamlTree, TakesTheDeepestNestingAndNoDeeper) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(faults_of(nested(YamlLimits::depth_max)), std::vector<std::string>{});
  EXPECT_NE(fault_of(nested(YamlLimits::depth_max + 1)).find("nested deeper"), std::string::npos);
  EXPECT_NE(fault_of(std::string(100'000, '[')).find("nested deeper"), std::string::npos);
}

TEST(YamlTree, TakesTheMostValuesAndNoMore) {
  const auto list = [](std::size_t items) {
    std::string text = "[";
    for (std::size_t item = 0; item < items; ++item) {
      text += "a, ";
    }
    return text + "]";
  };
  EXPECT_EQ(faults_of(list(YamlLimits::nodes_max - 1)), std::vector<std::string>{});
  EXPECT_NE(fault_of(list(YamlLimits::nodes_max)).find("more values"), std::string::npos);
}

}  // namespace
}  // namespace fairlead::control
