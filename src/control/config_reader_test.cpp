#include "control/config_reader.hpp"

#include <gtest/gtest.h>

namespace fairlead::control {
namespace {

struct Reading {
  Config config;
  Positions positions;
  std::vector<std::string> faults;
};

Reading read(std::string_view text) {
  Reading reading;
  ProblemList problems("f");
  const YamlNode tree = read_yaml(text, problems);
  ConfigReader(problems, reading.positions).read_mapping(tree, settings_of(reading.config), "");
  for (const Problem& problem : problems.sorted()) {
    reading.faults.push_back(problem.text);
  }
  return reading;
}

std::string fault_of(std::string_view text) {
  const Reading reading = read(text);
  EXPECT_EQ(reading.faults.size(), 1U) << text << ": " << testing::PrintToString(reading.faults);
  return reading.faults.empty() ? "" : reading.faults[0];
}

TEST(ConfigReader, RemembersWhereKeysAre) {
  const Reading reading = read("limits:\n  head: 1KiB\npools:\n  - name: a\n    backends: [{url: http://b}]\n");
  EXPECT_EQ(reading.positions.at("limits.head"), (Position{2, 9}));
  EXPECT_EQ(reading.positions.at("pools[0]"), (Position{4, 5}));
  EXPECT_EQ(reading.positions.at("pools[0].backends[0].url"), (Position{5, 22}));
}

TEST(ConfigReader, LeavesWhatIsNotThereAsItWas) {
  const Reading reading = read("limits: {fields: 7}");
  EXPECT_EQ(reading.config.limits.fields, 7U);
  EXPECT_EQ(reading.config.limits.head, LimitsConfig{}.head);
  EXPECT_EQ(reading.config.listen.size(), 1U);
}

TEST(ConfigReader, ReplacesAListRatherThanAddingToIt) {
  const Reading reading = read("listen: [{address: 127.0.0.1:1}]");
  ASSERT_EQ(reading.config.listen.size(), 1U);
  EXPECT_EQ(reading.config.listen[0].address, "127.0.0.1:1");
}

TEST(ConfigReader, TakesAQuotedNumberForText) {
  EXPECT_EQ(fault_of("workers: \"4\""),
            "`workers` can't be the quoted text `4`; write auto or a whole number such as 4");
  fault_of("limits: {head: \"4096\"}");
  EXPECT_EQ(read("limits: {head: \"4KiB\"}").config.limits.head, 4'096U);
  EXPECT_EQ(read("pools: [{name: \"5\"}]").config.pools.at(0).name, "5");
}

TEST(ConfigReader, TakesAPlainNumberOrTruthNotForText) {
  for (const char* name : {"5", "-5", "1.5", "true", "false"}) {
    EXPECT_NE(fault_of("pools: [{name: " + std::string(name) + "}]").find("write it in quotes"), std::string::npos);
  }
}

TEST(ConfigReader, WantsAUnitOnADuration) {
  EXPECT_EQ(fault_of("timeouts: {connect: 5}"),
            "`timeouts.connect` can't be the value `5`; write a duration such as 250ms, 5s or 1m");
}

TEST(ConfigReader, TakesTheEndsOfARangeAndNothingBeyond) {
  EXPECT_EQ(read("timeouts: {connect: 10ms}").config.timeouts.connect, Milliseconds(10));
  EXPECT_EQ(read("timeouts: {connect: 1m}").config.timeouts.connect, Milliseconds(60'000));
  EXPECT_EQ(fault_of("timeouts: {connect: 9ms}"),
            "`timeouts.connect` can't be `9ms`; the least is 10ms, the most is 1m");
  EXPECT_EQ(fault_of("timeouts: {connect: 60001ms}"),
            "`timeouts.connect` can't be `60001ms`; the least is 10ms, the most is 1m");
  EXPECT_EQ(read("limits: {fields: 10000}").config.limits.fields, 10'000U);
  fault_of("limits: {fields: 0}");
  fault_of("limits: {fields: 10001}");
  EXPECT_EQ(read("limits: {head: 1MiB}").config.limits.head, 1U << 20);
  fault_of("limits: {head: 1025KiB}");
}

TEST(ConfigReader, TakesAWordForZeroOnlyWhereItStandsForIt) {
  EXPECT_EQ(read("workers: auto").config.workers, 0U);
  fault_of("workers: 0");
  fault_of("limits: {fields: auto}");
}

TEST(ConfigReader, TakesAFactorWithTwoDecimalsOrItsWord) {
  const auto with = [](const std::string& value) {
    return "pools: [{name: default, strategy: consistent_hash, hash_load_max: " + value + "}]";
  };
  EXPECT_EQ(read(with("1.01")).config.pools[0].hash_load_max, 101U);
  EXPECT_EQ(read(with("1.5")).config.pools[0].hash_load_max, 150U);
  EXPECT_EQ(read(with("100")).config.pools[0].hash_load_max, 10'000U);
  EXPECT_EQ(read(with("none")).config.pools[0].hash_load_max, 0U);
  EXPECT_EQ(fault_of(with("1")), "`pools[0].hash_load_max` can't be `1`; the least is 1.01, the most is 100");
  EXPECT_EQ(fault_of(with("1.255")),
            "`pools[0].hash_load_max` can't be the value `1.255`; write none or a number such as 1.25, with two "
            "decimals at most");
  fault_of(with("125%"));
  fault_of(with("'1.25'"));
  fault_of(with("100.01"));
  fault_of(with("off"));
}

TEST(ConfigReader, WantsAGroupOrAListWhereItBelongs) {
  EXPECT_EQ(fault_of("limits: 5"), "`limits` can't be the value `5`; write keys below it, or leave it out");
  EXPECT_EQ(fault_of("limits:"), "`limits` can't be nothing; write keys below it, or leave it out");
  EXPECT_EQ(fault_of("pools: {name: a}"), "`pools` can't be a group of keys; write a list, one pool after each `- `");
  EXPECT_EQ(fault_of("pools: []"), "`pools` is an empty list; add a pool, or leave the key out");
  fault_of("pools: [a]");
  fault_of("workers: [1]");
  fault_of("engine: {a: b}");
  fault_of("trusted_proxies: 10.0.0.0/8");
}

TEST(ConfigReader, AGroupThatSaysNothingIsAFaultWhereItWouldMeanSomethingElse) {
  const std::string pool = "pools:\n  - name: a\n    hash_key: {";
  EXPECT_EQ(
      fault_of(pool + "}\n"),
      "`pools[0].hash_key` says nothing; write `header`, `cookie` or `query_parameter` below it, or leave it out");
  EXPECT_TRUE(read(pool + "cookie: sid}\n").faults.empty());
  EXPECT_TRUE(read("limits: {}\ntimeouts: {}\n").faults.empty());
}

TEST(ConfigReader, SaysWhichKeyATextOfAListLacks) {
  EXPECT_EQ(fault_of("pools: [{name: a, backends: ['http://u:hunter2@h']}]"),
            "`pools[0].backends[0]` is a text without a key; write `- url: ` before it, as in `- url: "
            "http://localhost:6001`");
  EXPECT_NE(fault_of("listen: [0.0.0.0:80]").find("write `- address: `"), std::string::npos);
}

TEST(ConfigReader, TellsTheMostOfANumberThatIsBeyondAll) {
  EXPECT_EQ(fault_of("timeouts: {connect: 99999999999999999999s}"),
            "`timeouts.connect` can't be `99999999999999999999s`; the least is 10ms, the most is 1m");
  fault_of("limits: {fields: 99999999999999999999}");
  EXPECT_NE(fault_of("limits: {head: 99999999999999999999MiB}").find("the most is 1MiB"), std::string::npos);
  EXPECT_NE(fault_of("limits: {head: 99999999999999999999MB}").find("write a size"), std::string::npos);
}

TEST(ConfigReader, ListsTheWordsWhereAListIsNone) {
  EXPECT_EQ(fault_of("engine: [epoll]"), "`engine` can't be a list; write one of `auto`, `epoll` or `io_uring`");
}

TEST(ConfigReader, NamesAnEmptyText) {
  EXPECT_EQ(fault_of("engine: {}").substr(0, 34), "`engine` can't be a group of keys;");
  EXPECT_EQ(fault_of("workers: ''").substr(0, 33), "`workers` can't be an empty text;");
}

TEST(ConfigReader, TakesNoDottedKeyInAFile) {
  EXPECT_NE(fault_of("limits.head: 1KiB").find("isn't known"), std::string::npos);
}

TEST(ConfigReader, RefusesAnItemTwiceInAListOfTexts) {
  EXPECT_EQ(fault_of("trusted_proxies: [::1, ::1]"), "`::1` is twice in `trusted_proxies`; keep one of them");
}

TEST(ConfigReader, TakesTheMostItemsAndNoMore) {
  const auto listeners = [](int count) {
    std::string text = "listen:\n";
    for (int index = 0; index < count; ++index) {
      text += "  - address: 127.0.0.1:0\n";
    }
    return text;
  };
  EXPECT_EQ(read(listeners(64)).config.listen.size(), 64U);
  EXPECT_EQ(fault_of(listeners(65)), "`listen` has 65 items; the most is 64");
}

}  // namespace
}  // namespace fairlead::control
