#include "rule.hpp"

#include <gtest/gtest.h>

namespace bench::quality {
namespace {

using namespace std::chrono_literals;
using fairlead::balance::StrategyId;

TEST(Rule, IsLeastConnAtTheProductsPaceUnlessToldOtherwise) {
  const std::optional<Rule> rule = rule_of("leased");
  ASSERT_TRUE(rule.has_value());
  EXPECT_EQ(rule->coordination, Coordination::leased);
  EXPECT_EQ(rule->strategy, StrategyId::least_conn);
  EXPECT_FALSE(rule->interval.has_value());
}

TEST(Rule, NamesAStrategyAndAnInterval) {
  const std::optional<Rule> rule = rule_of("leased:power_of_two@20ms");
  ASSERT_TRUE(rule.has_value());
  EXPECT_EQ(rule->strategy, StrategyId::power_of_two);
  EXPECT_EQ(rule->interval, 20ms);
  EXPECT_EQ(rule->name, "leased:power_of_two@20ms");
}

TEST(Rule, WhatMakesNoSenseIsNone) {
  for (const char* name : {"", "shared", "leased:", "leased:best", "leased@", "leased@0ms", "leased@5", "leased@5s",
                           "local@5ms", "exact@5ms", "exact:power_of_two", "rotating@5ms"}) {
    EXPECT_FALSE(rule_of(name).has_value()) << name;
  }
}

TEST(Rule, TheRotatingOneTakesTheFirstOfTheLeastFromTheNextBackendOn) {
  const fairlead::balance::BackendSet backends;
  const auto strategy = strategy_for(*rule_of("rotating"), backends);
  const std::vector<std::uint32_t> loads{0, 1, 0, 0};
  fairlead::balance::PickInput input;
  input.loads = loads;
  input.ticket = 1;
  EXPECT_EQ(strategy->pick(input), 2U);
  input.ticket = 3;
  EXPECT_EQ(strategy->pick(input), 3U);
}

}  // namespace
}  // namespace bench::quality
