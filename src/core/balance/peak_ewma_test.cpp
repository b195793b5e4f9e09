#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "core/balance/strategy.hpp"
#include "support/backends.hpp"

namespace fairlead::balance {
namespace {

using testing::backends_of;
using testing::equal_backends;

struct Given {
  std::vector<float> latencies;
  std::vector<std::uint32_t> loads;
};

/// How often each was picked in 1,000 picks.
std::vector<int> picks(const BackendSet& backends, const Given& given) {
  const auto strategy = make_peak_ewma(backends);
  std::vector<int> counts(backends.size());
  std::mt19937_64 random(3);
  for (int i = 0; i < 1000; ++i) {
    PickInput input;
    input.loads = given.loads;
    input.latencies = given.latencies;
    input.random = random();
    ++counts[*strategy->pick(input)];
  }
  return counts;
}

using Counts = std::vector<int>;

TEST(PeakEwma, OfTwoItIsTheQuickerWhateverTheChance) {
  EXPECT_EQ(picks(equal_backends(2), {{0.02F, 0.01F}, {0, 0}}), (Counts{0, 1000}));
}

TEST(PeakEwma, LatencyCountsForEachRequestInFlightAndTheOneToCome) {
  EXPECT_EQ(picks(equal_backends(2), {{0.03F, 0.01F}, {0, 3}}), (Counts{1000, 0}));  // 30 ms against 40
  EXPECT_EQ(picks(equal_backends(2), {{0.03F, 0.01F}, {1, 4}}), (Counts{0, 1000}));  // 60 ms against 50
}

TEST(PeakEwma, AHeavierBackendServesAsManyAtOnce) {
  EXPECT_EQ(picks(backends_of({1, 4}), {{0.01F, 0.03F}, {0, 0}}), (Counts{0, 1000}));  // 10 ms against 30 / 4
}

TEST(PeakEwma, TheSlowestOfManyGetsNothingAndTheQuickestNotAll) {
  const Counts counts = picks(equal_backends(5), {{0.01F, 0.02F, 0.03F, 0.04F, 0.05F}, {0, 0, 0, 0, 0}});
  EXPECT_EQ(counts[4], 0);
  EXPECT_NEAR(counts[0], 400, 60);  // it is one of the two that are drawn
  EXPECT_NEAR(counts[3], 100, 40);
}

TEST(PeakEwma, WhoIsNotKnownYetIsTriedByOneRequestAtATime) {
  const Counts idle = picks(equal_backends(4), {{0, 0.01F, 0.01F, 0.01F}, {0, 1, 1, 1}});
  EXPECT_NEAR(idle[0], 500, 80);
  const Counts tried = picks(equal_backends(4), {{0, 0.01F, 0.01F, 0.01F}, {1, 9, 9, 9}});
  EXPECT_EQ(tried[0], 0);
}

TEST(PeakEwma, AmongIdleOnesWhoIsNotKnownYetGetsNoMoreThanItsShare) {
  const Counts counts = picks(equal_backends(4), {{0, 0.01F, 0.01F, 0.01F}, {0, 0, 0, 0}});
  EXPECT_NEAR(counts[0], 250, 70);
}

TEST(PeakEwma, OfTwoThatAreNotKnownTheLessLoadedForItsWeightIsTaken) {
  EXPECT_EQ(picks(equal_backends(2), {{0, 0}, {3, 2}}), (Counts{0, 1000}));
  EXPECT_EQ(picks(equal_backends(2), {{}, {3, 2}}), (Counts{0, 1000}));
  EXPECT_EQ(picks(backends_of({1, 4}), {{0, 0}, {1, 4}}), (Counts{0, 1000}));  // 2 against 5 / 4
}

TEST(PeakEwma, AMeasurementThatIsNoNumberAboveZeroIsNotKnown) {
  for (const float absurd : {-1.0F, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    EXPECT_EQ(picks(equal_backends(2), {{absurd, 0.01F}, {1, 100}}), (Counts{0, 1000})) << absurd;
    EXPECT_EQ(picks(equal_backends(2), {{absurd, 0.01F}, {0, 1}}), (Counts{1000, 0})) << absurd;
  }
}

}  // namespace
}  // namespace fairlead::balance
