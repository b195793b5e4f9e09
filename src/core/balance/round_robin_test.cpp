#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/balance/strategy.hpp"
#include "support/backends.hpp"

namespace fairlead::balance {
namespace {

using testing::backends_of;

std::vector<BackendIndex> picks(const BackendSet& backends, std::size_t count) {
  const auto strategy = make_round_robin(backends);
  std::vector<BackendIndex> list;
  for (std::uint64_t ticket = 0; ticket < count; ++ticket) {
    list.push_back(*strategy->pick({ticket, {}, {}}));
  }
  return list;
}

/// The textbook form, a look at each backend a step: what the cycle must equal.
std::vector<BackendIndex> smooth_reference(const std::vector<std::uint32_t>& weights, std::size_t count) {
  std::vector<std::int64_t> balance(weights.size());
  std::int64_t total = 0;
  for (const std::uint32_t weight : weights) {
    total += weight;
  }
  std::vector<BackendIndex> list;
  while (list.size() < count) {
    for (std::size_t index = 0; index < weights.size(); ++index) {
      balance[index] += weights[index];
    }
    const auto richest = std::max_element(balance.begin(), balance.end());
    *richest -= total;
    list.push_back(static_cast<BackendIndex>(richest - balance.begin()));
  }
  return list;
}

TEST(RoundRobin, TakesEqualBackendsInTheirOrder) {
  EXPECT_EQ(picks(backends_of({1, 1, 1}), 7), (std::vector<BackendIndex>{0, 1, 2, 0, 1, 2, 0}));
  EXPECT_EQ(picks(backends_of({9, 9}), 4), (std::vector<BackendIndex>{0, 1, 0, 1}));
}

TEST(RoundRobin, SpreadsTheTurnsOfAHeavyBackend) {
  EXPECT_EQ(picks(backends_of({5, 1, 1}), 7), (std::vector<BackendIndex>{0, 0, 1, 0, 2, 0, 0}));
}

TEST(RoundRobin, EqualsTheTextbookFormOfSmoothWeighting) {
  for (const std::vector<std::uint32_t>& weights :
       {std::vector<std::uint32_t>{2, 1}, {1, 2, 3}, {3, 3, 1}, {7, 2, 2, 7, 1}, {1, 1, 1, 50}, {8, 5, 3, 2, 1, 1}}) {
    EXPECT_EQ(picks(backends_of(weights), 200), smooth_reference(weights, 200)) << ::testing::PrintToString(weights);
  }
}

TEST(RoundRobin, DividesWeightsByTheirCommonDivisor) {
  EXPECT_EQ(picks(backends_of({3'000'000'000, 1'000'000'000}), 8), smooth_reference({3, 1}, 8));
}

TEST(RoundRobin, ScalesWeightsWhoseCycleWouldBeTooLong) {
  const BackendSet backends = backends_of({4'000'000'000, 1'000'000'001, 1});
  const auto list = picks(backends, 65'536);
  std::vector<double> turns(3);
  for (const BackendIndex index : list) {
    ++turns[index];
  }
  EXPECT_NEAR(turns[0], 65'536 * 0.8, 10);
  EXPECT_NEAR(turns[1], 65'536 * 0.2, 10);
  EXPECT_GE(turns[2], 1);
}

TEST(RoundRobin, TakesMoreWeightedBackendsThanACycleHasSlots) {
  std::vector<std::uint32_t> weights(70'000, 1);
  weights[0] = 2;
  const auto list = picks(backends_of(weights), 70'000);
  EXPECT_EQ(std::count(list.begin(), list.end(), 69'999U), 1);
}

TEST(RoundRobin, GivesAnIneligibleSlotToTheNextInOrder) {
  const BackendSet backends = backends_of({1, 1, 1, 1});
  const auto strategy = make_round_robin(backends);
  const std::vector<std::uint8_t> eligible{1, 0, 0, 1};
  EXPECT_EQ(strategy->pick({0, {}, eligible}), 0U);
  EXPECT_EQ(strategy->pick({1, {}, eligible}), 3U);
  EXPECT_EQ(strategy->pick({2, {}, eligible}), 3U);
  EXPECT_EQ(strategy->pick({3, {}, eligible}), 3U);
}

TEST(RoundRobin, GoesRoundTheEndForTheNextInOrder) {
  const BackendSet backends = backends_of({1, 1, 1});
  const std::vector<std::uint8_t> eligible{0, 1, 0};
  EXPECT_EQ(make_round_robin(backends)->pick({2, {}, eligible}), 1U);
}

TEST(RoundRobin, NeedsNoLoads) {
  EXPECT_FALSE(make_round_robin(BackendSet())->needs_loads());
}

}  // namespace
}  // namespace fairlead::balance
