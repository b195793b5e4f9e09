#include "core/balance/herd.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "support/backends.hpp"

namespace fairlead::balance {
namespace {

using testing::backends_of;

/// Shares of 100,000 draws.
std::vector<double> shares_of(const std::vector<std::uint32_t>& weights, const std::vector<std::uint32_t>& loads,
                              float expected, const std::vector<std::uint8_t>& eligible = {}) {
  const BackendSet backends = backends_of(weights);
  std::mt19937_64 random(1);
  std::vector<double> shares(weights.size());
  for (int i = 0; i < 100'000; ++i) {
    PickInput input;
    input.loads = loads;
    input.eligible = eligible;
    input.expected = expected;
    input.random = random();
    const std::optional<BackendIndex> index = pick_below_level(backends, input);
    if (!index) {
      return {};
    }
    shares[*index] += 1e-5;
  }
  return shares;
}

TEST(Herd, WithLittleExpectedTheLeastLoadedServesEquallyAmongEquals) {
  const std::vector<double> shares = shares_of({1, 1, 1}, {2, 5, 2}, 0.01F);
  EXPECT_NEAR(shares[0], 0.5, 0.01);
  EXPECT_EQ(shares[1], 0);
  EXPECT_NEAR(shares[2], 0.5, 0.01);
}

TEST(Herd, DrawsInProportionToWhatEachLacksToTheLevel) {
  // 4 requests fill loads 0 and 2 up to a level of 3, which 6 is above: they lack 3 and 1.
  const std::vector<double> shares = shares_of({1, 1, 1}, {0, 2, 6}, 4);
  EXPECT_NEAR(shares[0], 0.75, 0.01);
  EXPECT_NEAR(shares[1], 0.25, 0.01);
  EXPECT_EQ(shares[2], 0);
}

TEST(Herd, WithMuchExpectedItIsRandomByWeight) {
  const std::vector<double> shares = shares_of({1, 3}, {4, 0}, 1e6F);
  EXPECT_NEAR(shares[0], 0.25, 0.01);
  EXPECT_NEAR(shares[1], 0.75, 0.01);
}

TEST(Herd, LoadsCountForTheirWeight) {
  // Level 2: 2 * 1 - 2 = 0 and 2 * 4 - 4 = 4.
  const std::vector<double> shares = shares_of({1, 4}, {2, 4}, 4);
  EXPECT_EQ(shares[0], 0);
  EXPECT_NEAR(shares[1], 1, 1e-9);
}

TEST(Herd, ABackendThatRoundingPutsAtTheLevelEndsTheSearch) {
  // The large backend is within a rounding of the common level: below it in one round, not in the next.
  const std::vector<double> shares = shares_of({4'294'967'295, 10}, {4'294'967'294, 4}, 6);
  EXPECT_NEAR(shares[0] + shares[1], 1, 0.001);
}

TEST(Herd, NeverDrawsAnIneligibleOne) {
  const std::vector<double> shares = shares_of({1, 1, 1}, {0, 5, 5}, 3, {0, 1, 1});
  EXPECT_EQ(shares[0], 0);
  EXPECT_NEAR(shares[1], 0.5, 0.01);
  EXPECT_TRUE(shares_of({1, 1}, {0, 0}, 3, {0, 0}).empty());
}

TEST(Herd, TheLargestRandomNumberStillDraws) {
  const BackendSet backends = backends_of({1, 1});
  const std::vector<std::uint32_t> loads{7, 9};
  PickInput input;
  input.loads = loads;
  input.expected = 1.0F;
  input.random = ~std::uint64_t{0};
  EXPECT_EQ(pick_below_level(backends, input), 0U);
}

}  // namespace
}  // namespace fairlead::balance
