#include "core/balance/sync_pace.hpp"

#include <gtest/gtest.h>

namespace fairlead::balance {
namespace {

using namespace std::chrono_literals;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

/// Long enough for the means: so many requests in 10 ms, so many in flight at any time.
SyncPace settled(std::uint64_t per_10_ms, std::uint64_t in_flight, std::uint64_t backends = 1'000'000) {
  SyncPace pace;
  for (int i = 0; i < 2000; ++i) {
    pace.note({per_10_ms, in_flight, backends}, 10ms);
  }
  return pace;
}

TEST(SyncPace, IsAFifthOfWhatARequestTakes) {
  const SyncPace pace = settled(10, 40);  // 1,000 a second, 40 ms each
  EXPECT_EQ(duration_cast<milliseconds>(pace.interval() + 1us), 8ms);
  EXPECT_NEAR(pace.begun_per_s(), 1000, 1);
}

TEST(SyncPace, StaysBetweenOneAndTwentyMilliseconds) {
  EXPECT_EQ(settled(100, 30).interval(), 1ms);  // 10,000 a second, 3 ms each
  EXPECT_EQ(settled(10, 100'000).interval(), 20ms);
}

TEST(SyncPace, ShortRequestsArePublishedNotFollowed) {
  EXPECT_EQ(settled(200, 10).interval(), 5ms);  // 20,000 a second, 0.5 ms each
}

TEST(SyncPace, WhereOwnRequestsKeepEachBackendBusyItNeedNotBeFresh) {
  EXPECT_EQ(settled(100, 30, 30).interval(), 1ms);
  EXPECT_EQ(settled(100, 31, 30).interval(), 5ms);
  EXPECT_EQ(duration_cast<milliseconds>(settled(10, 40, 30).interval() + 1us), 8ms);
}

TEST(SyncPace, WithFewRequestsItCallsAtMostEightTimesEach) {
  SyncPace pace;
  for (int i = 0; i < 20'000; ++i) {
    pace.note({i % 20 == 0 ? 1U : 0U, 1, 4}, 1ms);  // 50 a second, 20 ms each
  }
  pace.note({0, 1, 4}, 1ms);
  EXPECT_EQ(duration_cast<milliseconds>(pace.gap() + 100us), 4ms);
  EXPECT_EQ(SyncPace().interval(), 20ms);
}

TEST(SyncPace, WithOneRequestASecondItCallsEveryTwentyMillisecondsAtMost) {
  EXPECT_EQ(settled(0, 0).interval(), 20ms);
  EXPECT_EQ(settled(0, 0).gap(), 10ms);  // a request's time is unknown: 50 ms
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

TEST(SyncPace, AViewIsTrustedForThreeRequestTimes) {
  EXPECT_EQ(duration_cast<milliseconds>(settled(10, 40).trusted_for() + 1us), 120ms);
}

}  // namespace
}  // namespace fairlead::balance
