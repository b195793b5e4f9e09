#include "fleet/sync_bell.hpp"

#include <gtest/gtest.h>

namespace fairlead::fleet {
namespace {

TEST(SyncBell, WakesOnceASleep) {
  int woken = 0;
  SyncBell bell;
  bell.wake = [&woken] { ++woken; };
  bell.ring();
  EXPECT_EQ(woken, 0);
  bell.fall_asleep();
  EXPECT_TRUE(bell.is_asleep());
  bell.ring();
  bell.ring();
  EXPECT_EQ(woken, 1);
  EXPECT_FALSE(bell.is_asleep());
  bell.fall_asleep();
  bell.stay_awake();
  bell.ring();
  EXPECT_EQ(woken, 1);
}

}  // namespace
}  // namespace fairlead::fleet
