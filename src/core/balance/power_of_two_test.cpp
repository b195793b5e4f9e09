#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "core/balance/strategy.hpp"
#include "support/backends.hpp"

namespace fairlead::balance {
namespace {

using testing::equal_backends;

/// How often each was picked in 1,000 picks with these loads.
std::vector<int> picks(const std::vector<std::uint32_t>& loads) {
  const BackendSet backends = equal_backends(loads.size());
  const auto strategy = make_power_of_two(backends);
  std::vector<int> counts(loads.size());
  std::mt19937_64 random(3);
  for (int i = 0; i < 1000; ++i) {
    PickInput input;
    input.loads = loads;
    input.random = random();
    ++counts[*strategy->pick(input)];
  }
  return counts;
}

TEST(PowerOfTwo, OfTwoItIsTheLessLoadedWhateverTheChance) {
  EXPECT_EQ(picks({3, 2}), (std::vector<int>{0, 1000}));
}

TEST(PowerOfTwo, NeverTakesTheMostLoadedOfMany) {
  EXPECT_EQ(picks({1, 1, 1, 1, 2, 1, 1, 1, 1, 1})[4], 0);
}

TEST(PowerOfTwo, KeepsTheHighestLoadFarBelowThatOfChanceAlone) {
  const BackendSet backends = equal_backends(100);
  const auto highest = [](const std::unique_ptr<Strategy>& strategy) {
    std::vector<std::uint32_t> loads(100);
    std::mt19937_64 random(5);
    for (int i = 0; i < 10'000; ++i) {
      PickInput input;
      input.loads = loads;
      input.random = random();
      ++loads[*strategy->pick(input)];
    }
    return *std::ranges::max_element(loads);
  };
  EXPECT_LE(highest(make_power_of_two(backends)), 103U);
  EXPECT_GE(highest(make_random(backends)), 115U);
}

}  // namespace
}  // namespace fairlead::balance
