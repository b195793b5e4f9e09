#include "core/balance/regret.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace fairlead::balance {
namespace {

BackendSet set_of(const std::vector<std::uint32_t>& weights) {
  std::vector<Backend> backends;
  for (const std::uint32_t weight : weights) {
    backends.emplace_back().weight = weight;
  }
  return BackendSet(std::move(backends));
}

TEST(Regret, IsHowManyRequestsMoreThanTheLeastTheChosenHas) {
  const BackendSet backends = set_of({1, 1, 1});
  const std::vector<std::uint32_t> loads{4, 2, 7};
  EXPECT_EQ(regret_of(backends, {.loads = loads, .eligible = {}}, 0), 2);
  EXPECT_EQ(regret_of(backends, {.loads = loads, .eligible = {}}, 2), 5);
}

TEST(Regret, IsNothingForTheLeastLoaded) {
  const BackendSet backends = set_of({1, 1});
  const std::vector<std::uint32_t> loads{3, 3};
  EXPECT_EQ(regret_of(backends, {.loads = loads, .eligible = {}}, 1), 0);
}

TEST(Regret, LeavesOutWhoMayNotServe) {
  const BackendSet backends = set_of({1, 1, 1});
  const std::vector<std::uint32_t> loads{4, 0, 3};
  const std::vector<std::uint8_t> eligible{1, 0, 1};
  EXPECT_EQ(regret_of(backends, {.loads = loads, .eligible = eligible}, 0), 1);
}

TEST(Regret, CountsLoadsForTheirWeight) {
  const BackendSet backends = set_of({4, 1});
  const std::vector<std::uint32_t> loads{8, 1};
  EXPECT_EQ(regret_of(backends, {.loads = loads, .eligible = {}}, 0), 4);  // at 1 a weight it would have 4
  EXPECT_EQ(regret_of(backends, {.loads = loads, .eligible = {}}, 1), 0);
}

TEST(Regret, OfAThirdOfAWeightIsNoRoundingError) {
  const BackendSet backends = set_of({3, 1});
  const std::vector<std::uint32_t> loads{1, 1};
  EXPECT_EQ(regret_of(backends, {.loads = loads, .eligible = {}}, 0), 0);
}

TEST(Regret, WithoutLoadsThereIsNone) {
  const BackendSet backends = set_of({1, 1});
  EXPECT_EQ(regret_of(backends, {.loads = {}, .eligible = {}}, 1), 0);
}

}  // namespace
}  // namespace fairlead::balance
