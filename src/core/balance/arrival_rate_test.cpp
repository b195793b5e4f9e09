#include "core/balance/arrival_rate.hpp"

#include <gtest/gtest.h>

namespace fairlead::balance {
namespace {

using namespace std::chrono_literals;

TEST(ArrivalRate, ComesToTheMean) {
  ArrivalRate rate;
  EXPECT_EQ(rate.per_s(), 0);
  for (int i = 0; i < 1000; ++i) {
    rate.note(i % 2 == 0 ? 4 : 0, 5ms);
  }
  EXPECT_NEAR(rate.per_s(), 400, 10);
}

TEST(ArrivalRate, ForgetsWithinASecondAndTakesALongPauseAsOneMean) {
  ArrivalRate rate;
  rate.note(1000, 10s);
  EXPECT_NEAR(rate.per_s(), 100, 1);
  for (int i = 0; i < 200; ++i) {
    rate.note(0, 5ms);
  }
  EXPECT_LT(rate.per_s(), 3);
}

TEST(ArrivalRate, NoTimeSaysNothing) {
  ArrivalRate rate;
  rate.note(5, 0ns);
  EXPECT_EQ(rate.per_s(), 0);
}

}  // namespace
}  // namespace fairlead::balance
