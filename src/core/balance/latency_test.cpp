#include "core/balance/latency.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/balance/backend_set.hpp"
#include "support/backends.hpp"

namespace fairlead::balance {
namespace {

constexpr LatencyTime ms(float milliseconds) {
  return LatencyTime(milliseconds / 1e3F);
}

TEST(Latency, TheFirstAnswerIsTheEstimate) {
  EXPECT_EQ(after({}, {ms(20)}, 5000), (LatencyEstimate{0.02F, 5000}));
}

TEST(Latency, ASlowerAnswerCountsAtOnce) {
  EXPECT_FLOAT_EQ(after({0.02F, 5000}, {ms(300)}, 5001).seconds, 0.3F);
}

TEST(Latency, FasterAnswersPullItDownWithATimeConstantOfTenSeconds) {
  LatencyEstimate estimate{1, 0};
  for (int now_ms = 100; now_ms <= 10'000; now_ms += 100) {
    estimate = after(estimate, {ms(10)}, now_ms);
  }
  EXPECT_NEAR(estimate.seconds, 0.01 + 0.99 * std::exp(-1), 1e-3);
}

TEST(Latency, HowManyFasterAnswersComeMakesNoDifferenceOnlyForHowLong) {
  LatencyEstimate many{1, 0};
  for (int answer = 1; answer <= 100'000; ++answer) {
    many = after(many, {ms(10)}, answer / 10);
  }
  EXPECT_NEAR(many.seconds, 0.01 + 0.99 * std::exp(-1), 2e-3);
}

TEST(Latency, FadesWhileNobodyAsks) {
  EXPECT_FLOAT_EQ(faded({0.5F, 1000}, 1000), 0.5F);
  EXPECT_NEAR(faded({0.5F, 1000}, 11'000), 0.5 * std::exp(-1), 1e-6);
  EXPECT_EQ(faded({}, 11'000), 0);
}

TEST(Latency, WhatIsSlowerThanTheFadedEstimateIsAPeak) {
  EXPECT_FLOAT_EQ(after({1, 0}, {ms(200)}, 30'000).seconds, 0.2F);
}

TEST(Latency, AFailureIsNeverFast) {
  EXPECT_FLOAT_EQ(after({0.02F, 5000}, {ms(1), false}, 5001).seconds, 0.02F);
  EXPECT_FLOAT_EQ(after({0.02F, 5000}, {ms(30'000), false}, 35'000).seconds, 30);
  EXPECT_EQ(after({}, {ms(1), false}, 5000), LatencyEstimate{});
}

TEST(Latency, WhoFailsAllTheTimeLooksNoBetterThanWhenItWasWell) {
  LatencyEstimate estimate{0.02F, 0};
  for (int now_ms = 1000; now_ms <= 60'000; now_ms += 1000) {
    estimate = after(estimate, {ms(1), false}, now_ms);
  }
  EXPECT_FLOAT_EQ(faded(estimate, 60'000), 0.02F);
}

TEST(Latency, MeasurementsAreCut) {
  EXPECT_EQ(after({}, {ms(0)}, 0).seconds, latency_min.count());
  EXPECT_EQ(after({}, {ms(-5)}, 0).seconds, latency_min.count());
  EXPECT_EQ(after({}, {LatencyTime(1e9F)}, 0).seconds, latency_max.count());
}

TEST(Latency, AClockThatIsBehindChangesNoTime) {
  EXPECT_EQ(after({0.02F, 5000}, {ms(10)}, 4990), (LatencyEstimate{0.02F, 5000}));
  EXPECT_EQ(faded({0.02F, 5000}, 4990), 0.02F);
}

TEST(Latency, TimeGoesOnWhenItsCountBeginsAnew) {
  constexpr std::int64_t turn = std::int64_t{1} << 32;
  const LatencyEstimate before{1, static_cast<std::uint32_t>(turn - 5000)};
  EXPECT_NEAR(faded(before, turn + 5000), std::exp(-1), 1e-6);
  EXPECT_NEAR(faded(before, turn + turn / 2), 0, 1e-6);
}

TEST(LatencyCell, KeepsWhatWasNoted) {
  LatencyCell cell;
  EXPECT_EQ(cell.estimate(), LatencyEstimate{});
  cell.note({ms(20)}, 5000);
  cell.note({ms(50), false}, 5000);
  EXPECT_EQ(cell.estimate(), (LatencyEstimate{0.05F, 5000}));
}

TEST(LatencyCell, AdoptsWhatTheFleetSays) {
  LatencyCell cell;
  cell.note({ms(20)}, 5000);
  const LatencyEstimate seen = cell.estimate();
  cell.note({ms(10)}, 6000);
  EXPECT_TRUE(cell.adopt({0.1F, 6000}, seen));
  EXPECT_EQ(cell.estimate(), (LatencyEstimate{0.1F, 6000}));
}

TEST(LatencyCell, APeakThatCameSinceStays) {
  LatencyCell cell;
  cell.note({ms(20)}, 5000);
  const LatencyEstimate seen = cell.estimate();
  cell.note({ms(900)}, 6000);
  EXPECT_FALSE(cell.adopt({0.1F, 6000}, seen));
  EXPECT_EQ(cell.estimate(), (LatencyEstimate{0.9F, 6000}));
}

TEST(LatencyCell, LatenciesAreFilledInTheSetsOrder) {
  const BackendSet backends = testing::equal_backends(3);
  backends[0].activity->latency.note({ms(20)}, 5000);
  backends[2].activity->latency.note({ms(50)}, 5000);
  std::vector<float> latencies{7};
  fill_latencies(backends, 5000, latencies);
  EXPECT_EQ(latencies, (std::vector<float>{0.02F, 0, 0.05F}));
}

}  // namespace
}  // namespace fairlead::balance
