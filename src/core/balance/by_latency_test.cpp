#include "core/balance/by_latency.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "support/backends.hpp"

namespace fairlead::balance {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

struct Given {
  std::vector<std::uint32_t> loads;
  std::vector<float> latencies;

  [[nodiscard]] PickInput input() const {
    PickInput input;
    input.loads = loads;
    input.latencies = latencies;
    return input;
  }
  [[nodiscard]] std::pair<double, double> compared() const {
    const TwoLatencies two = latencies_of(input(), 0, 1);
    return {two.left, two.right};
  }
};

using Two = std::pair<double, double>;

TEST(ByLatency, TwoThatAreKnownAreComparedAsTheyAre) {
  EXPECT_EQ((Given{{5, 0}, {0.5F, 0.25F}}.compared()), Two(0.5, 0.25));
}

TEST(ByLatency, WhoIsNotKnownIsAsQuickAsTheOtherForOneRequest) {
  EXPECT_EQ((Given{{0, 7}, {0, 0.25F}}.compared()), Two(0.25, 0.25));
  EXPECT_EQ((Given{{7, 0}, {0.25F, 0}}.compared()), Two(0.25, 0.25));
}

TEST(ByLatency, WhoIsNotKnownAndBeingTriedGetsNoMore) {
  EXPECT_EQ((Given{{1, 7}, {0, 0.25F}}.compared()), Two(infinite, 0.25));
  EXPECT_EQ((Given{{7, 1}, {0.25F, 0}}.compared()), Two(0.25, infinite));
}

TEST(ByLatency, TwoThatAreNotKnownAreEqual) {
  EXPECT_EQ((Given{{3, 0}, {0, 0}}.compared()), Two(1, 1));
  EXPECT_EQ((Given{{}, {}}.compared()), Two(1, 1));
}

TEST(ByLatency, AMeasurementThatIsNoNumberAboveZeroIsNotKnown) {
  constexpr float largest = std::numeric_limits<float>::max();
  const Given given{{}, {-1, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN(), largest}};
  for (const BackendIndex index : {0U, 1U, 2U, 4U}) {
    EXPECT_EQ(latency_of(given.input(), index), 0) << index;
  }
  EXPECT_EQ(latency_of(given.input(), 3), largest);
}

TEST(ByLatency, LoadsAreComparedForTheirWeightsWithTheRequestToCome) {
  const BackendSet backends = testing::backends_of({1, 3});
  const auto is_less = [&](std::uint32_t left, std::uint32_t right) {
    const Given given{{left, right}, {}};
    return is_less_loaded(backends, given.input(), 0, 1);
  };
  EXPECT_TRUE(is_less(0, 3));
  EXPECT_FALSE(is_less(0, 2));
  EXPECT_FALSE(is_less(4294967295U, 4294967295U));
}

}  // namespace
}  // namespace fairlead::balance
