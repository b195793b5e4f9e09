#include "core/balance/sync_pace.hpp"

#include <gtest/gtest.h>

namespace fairlead::balance {
namespace {

using namespace std::chrono_literals;
double milliseconds_of(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

/// Long enough for the means: so many requests in 10 ms, so many in flight at any time.
SyncPace settled(std::uint64_t per_10_ms, std::uint64_t in_flight, std::uint64_t backends = 1'000'000) {
  SyncPace pace;
  for (int i = 0; i < 2000; ++i) {
    pace.note({per_10_ms, in_flight, backends}, 10ms);
  }
  return pace;
}

TEST(SyncPace, IsAnEighthOfWhatARequestTakes) {
  const SyncPace pace = settled(10, 40);                   // 1,000 a second, 40 ms each
  EXPECT_NEAR(milliseconds_of(pace.interval()), 5, 0.05);  // what begins counts from the look that sees it
  EXPECT_NEAR(pace.begun_per_s(), 1000, 10);
}

TEST(SyncPace, StaysBetweenOneAndTwentyFiveMilliseconds) {
  EXPECT_EQ(settled(100, 30).interval(), 1ms);  // 10,000 a second, 3 ms each
  EXPECT_EQ(settled(10, 100'000).interval(), 25ms);
}

TEST(SyncPace, ShortRequestsArePublishedNotFollowed) {
  const SyncPace pace = settled(200, 10);  // 20,000 a second, 0.5 ms each
  EXPECT_EQ(pace.interval(), 25ms);
  EXPECT_NEAR(milliseconds_of(pace.trusted_for()), 0.1, 0.01);
}

TEST(SyncPace, ARestBeforeARequestIsNoPartOfItsTime) {
  SyncPace pace(2ms);
  pace.note({0, 0, 4}, 1s);
  for (int i = 0; i < 10; ++i) {  // 10 ms each, 10 s apart
    pace.note({1, 1, 4}, 10s);
    pace.note({0, 0, 4}, 10ms);
  }
  EXPECT_NEAR(milliseconds_of(pace.trusted_for()), 30, 0.3);
}

TEST(SyncPace, WhereOwnRequestsKeepEachBackendBusyItNeedNotBeFresh) {
  EXPECT_EQ(settled(100, 30, 30).interval(), 1ms);
  EXPECT_EQ(settled(100, 31, 30).interval(), 25ms);
}

TEST(SyncPace, WhereOwnRequestsKeepEachBackendBusyAViewIsTrustedWhileItIsFresh) {
  EXPECT_NEAR(milliseconds_of(settled(10, 40, 40).trusted_for()), 120, 1.2);
  EXPECT_NEAR(milliseconds_of(settled(10, 41, 40).trusted_for()), 8.2, 0.1);
}

TEST(SyncPace, WithFewRequestsItCallsAtMostEightTimesEach) {
  SyncPace pace;
  for (int i = 0; i < 20'000; ++i) {
    pace.note({i % 20 == 0 ? 1U : 0U, 1, 4}, 1ms);  // 50 a second, 20 ms each
  }
  pace.note({0, 1, 4}, 1ms);
  EXPECT_NEAR(milliseconds_of(pace.gap()), 2.5, 0.1);
  EXPECT_EQ(SyncPace().interval(), 25ms);
}

TEST(SyncPace, WithOneRequestASecondItCallsEveryTwentyFiveMillisecondsAtMost) {
  EXPECT_EQ(settled(0, 0).interval(), 25ms);
  EXPECT_EQ(settled(0, 0).gap(), 6250us);  // a request's time is unknown: 50 ms
}

TEST(SyncPace, IsBusyOnceARequestBeginsWithinEachGap) {
  EXPECT_TRUE(settled(10, 40).is_busy());
  EXPECT_FALSE(SyncPace().is_busy());
}

TEST(SyncPace, AFixedIntervalIsKept) {
  SyncPace pace(2ms);
  pace.note({1000, 100, 4}, 10ms);
  EXPECT_EQ(pace.interval(), 2ms);
}

TEST(SyncPace, ToldHalfAGapAgoInTheMean) {
  EXPECT_EQ(SyncPace(4ms).told_ago(), 2ms);
  EXPECT_NEAR(milliseconds_of(settled(10, 40).told_ago()), 2.5, 0.03);
}

TEST(SyncPace, WhoCallsSeldomTellsAtOnceWhatHappensBetween) {
  EXPECT_EQ(settled(0, 0).interval(), 25ms);
  EXPECT_NEAR(milliseconds_of(settled(0, 0).told_ago()), 0.781, 0.001);  // a gap of 6.25 ms in 25, half of it
}

TEST(SyncPace, AViewIsTrustedForThreeRequestTimes) {
  EXPECT_NEAR(milliseconds_of(settled(10, 40).trusted_for()), 120, 1.2);
}

}  // namespace
}  // namespace fairlead::balance
