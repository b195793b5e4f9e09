#include "fleet/state_log.hpp"

#include <gtest/gtest.h>

#include "support/redis_loop.hpp"

namespace fairlead::fleet {
namespace {

class StateLogTest : public ::testing::Test {
 protected:
  test::LinesSink lines_;
  Log base_{lines_, LogLevel::debug};
  StateLog log_{base_, "redis://h"};
};

TEST_F(StateLogTest, SaysConnectedOnceAndBackAfterAnAbsence) {
  log_.live(StateStatus::Flip::none);
  log_.live(StateStatus::Flip::connected);
  log_.live(StateStatus::Flip::back);
  EXPECT_EQ(lines_.count("redis connected state=redis://h"), 1u);
  EXPECT_EQ(lines_.count("redis is back state=redis://h"), 1u);
  EXPECT_EQ(lines_.count("state="), 2u);
}

TEST_F(StateLogTest, AnAbsenceThatIsNoNewsIsNotSaid) {
  log_.away({"timed_out", false}, false);
  EXPECT_EQ(lines_.count("redis"), 0u);
}

TEST_F(StateLogTest, SaysWhichPoolRedisRefusesAndThatItServesItAgain) {
  log_.pool_flipped("blue", "WRONGTYPE");
  EXPECT_EQ(lines_.count("pool=blue reason=WRONGTYPE"), 1u);
  log_.pool_flipped("blue", {});
  EXPECT_EQ(lines_.count("redis serves a pool again pool=blue"), 1u);
}

TEST_F(StateLogTest, ARedisThatForgotUsWasNotAway) {
  log_.away({"FENCED", false}, true);
  log_.live(StateStatus::Flip::known_again);
  EXPECT_EQ(lines_.count("redis lost what it knew of this instance"), 1u);
  EXPECT_EQ(lines_.count("redis knows this instance again"), 1u);
  EXPECT_EQ(lines_.count("unavailable"), 0u);
  EXPECT_EQ(lines_.count("is back"), 0u);
}

TEST_F(StateLogTest, WhoAsksForTlsInVainIsAskedWhetherThePortSpeaksIt) {
  StateLog(base_, "rediss://h").away({"timed_out", false}, true);
  EXPECT_EQ(lines_.count("does that port speak TLS?"), 1u);
}

TEST_F(StateLogTest, WhatAnOperatorMustMendIsAnError) {
  log_.away({"timed_out", false}, true);
  log_.away({"NOAUTH", true}, true);
  log_.away({"certificate_refused", true, "expired"}, true);
  log_.away({"CROSSSLOT", true, "set it"}, true);
  EXPECT_EQ(lines_.count("redis unavailable"), 1u);
  EXPECT_EQ(lines_.count("redis refuses us"), 2u);
  EXPECT_EQ(lines_.count("redis certificate refused"), 1u);
  EXPECT_EQ(lines_.count("reason=CROSSSLOT hint="), 1u);
  EXPECT_EQ(lines_.count("hint=expired"), 1u);
}

}  // namespace
}  // namespace fairlead::fleet
