#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "core/balance/strategy.hpp"

namespace fairlead::balance {
namespace {

BackendSet backends_of(std::size_t count) {
  std::vector<Backend> list(count);
  for (std::size_t i = 0; i < count; ++i) {
    list[i].url = "http://" + std::to_string(i);
  }
  return BackendSet(std::move(list));
}

TEST(PowerOfTwo, OfTwoItIsTheLessLoadedWhateverTheChance) {
  const BackendSet backends = backends_of(2);
  const auto strategy = make_power_of_two(backends);
  const std::vector<std::uint32_t> loads{3, 2};
  std::mt19937_64 random(3);
  for (int i = 0; i < 100; ++i) {
    PickInput input;
    input.loads = loads;
    input.random = random();
    ASSERT_EQ(strategy->pick(input), 1U);
  }
}

TEST(PowerOfTwo, NeverTakesTheMostLoadedOfMany) {
  const BackendSet backends = backends_of(10);
  const auto strategy = make_power_of_two(backends);
  std::vector<std::uint32_t> loads(10, 1);
  loads[4] = 2;
  std::mt19937_64 random(3);
  for (int i = 0; i < 1000; ++i) {
    PickInput input;
    input.loads = loads;
    input.random = random();
    ASSERT_NE(strategy->pick(input), 4U);
  }
}

TEST(PowerOfTwo, KeepsTheHighestLoadFarBelowThatOfChanceAlone) {
  const BackendSet backends = backends_of(100);
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
