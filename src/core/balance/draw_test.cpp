#include "core/balance/draw.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "support/backends.hpp"

namespace fairlead::balance {
namespace {

using testing::backends_of;

/// Draws with numbers spread evenly over all, so that shares are exact but for rounding.
std::vector<int> drawn(const BackendSet& backends, const PickInput& input,
                       std::optional<BackendIndex> left_out = std::nullopt) {
  std::vector<int> counts(backends.size());
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const auto index = draw_by_weight(backends, input, i * (UINT64_MAX / 1000), left_out);
    if (index) {
      ++counts[*index];
    }
  }
  return counts;
}

TEST(Draw, IsEvenAmongEqualsAndByWeightElse) {
  for (const int count : drawn(backends_of({1, 1, 1, 1, 1}), {})) {
    EXPECT_NEAR(count, 200, 1);
  }
  const std::vector<int> counts = drawn(backends_of({1, 3, 6}), {});
  EXPECT_NEAR(counts[0], 100, 1);
  EXPECT_NEAR(counts[1], 300, 1);
  EXPECT_NEAR(counts[2], 600, 1);
}

TEST(Draw, PassesOverWhatIsLeftOutOrIneligible) {
  const std::vector<std::uint8_t> eligible{1, 0, 1};
  PickInput input;
  EXPECT_EQ(drawn(backends_of({1, 1, 1}), input, 0)[0], 0);
  EXPECT_NEAR(drawn(backends_of({1, 1, 1}), input, 0)[2], 500, 1);
  EXPECT_EQ(drawn(backends_of({1, 1, 1}), input, 2)[2], 0);
  input.eligible = eligible;
  EXPECT_EQ(drawn(backends_of({1, 9, 1}), input)[1], 0);
  EXPECT_EQ(drawn(backends_of({1, 9, 1}), input, 2)[0], 1000);
}

TEST(Draw, NothingWhenNoOtherIsThere) {
  EXPECT_EQ(draw_by_weight(backends_of({1}), {}, 5, 0), std::nullopt);
  EXPECT_EQ(draw_by_weight(BackendSet(), {}, 5), std::nullopt);
  const std::vector<std::uint8_t> none{0, 0};
  PickInput input;
  input.eligible = none;
  EXPECT_EQ(draw_by_weight(backends_of({1, 2}), input, UINT64_MAX), std::nullopt);
}

TEST(Draw, TheNextNumberIsAnotherOne) {
  EXPECT_NE(next_random(0), next_random(1));
  EXPECT_NE(next_random(0) >> 32, 0U);
}

}  // namespace
}  // namespace fairlead::balance
