#include "io/alarm.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace fairlead::io {
namespace {

using namespace std::chrono_literals;

class AlarmsTest : public testing::Test {
 protected:
  struct Counting : Alarm {
    Counting() {
      context = this;
      on_expiry = [](Alarm& alarm) { ++static_cast<Counting*>(alarm.context)->fired; };
    }
    int fired = 0;
  };

  const TimePoint start_{1s};
  Alarms alarms_;
};

TEST_F(AlarmsTest, FiresAtItsDeadlineAndNotBefore) {
  Counting alarm;
  alarms_.arm(alarm, start_ + 2ms);
  alarms_.advance(start_ + 2ms - 1ns);
  EXPECT_EQ(alarm.fired, 0);
  EXPECT_TRUE(alarm.is_armed());
  alarms_.advance(start_ + 2ms);
  EXPECT_EQ(alarm.fired, 1);
  EXPECT_FALSE(alarm.is_armed());
  alarms_.advance(start_ + 10ms);
  EXPECT_EQ(alarm.fired, 1);
}

TEST_F(AlarmsTest, ArmingAgainMovesIt) {
  Counting alarm;
  alarms_.arm(alarm, start_ + 2ms);
  alarms_.arm(alarm, start_ + 4ms);
  alarms_.advance(start_ + 3ms);
  EXPECT_EQ(alarm.fired, 0);
  EXPECT_EQ(alarms_.next_expiry(start_ + 1h), start_ + 4ms);
}

TEST_F(AlarmsTest, TellsTheNextDeadlineOfAll) {
  Counting first;
  Counting second;
  EXPECT_EQ(alarms_.next_expiry(start_ + 1h), start_ + 1h);
  alarms_.arm(first, start_ + 5ms);
  alarms_.arm(second, start_ + 3ms);
  EXPECT_EQ(alarms_.next_expiry(start_ + 1h), start_ + 3ms);
  second.cancel();
  EXPECT_EQ(alarms_.next_expiry(start_ + 1h), start_ + 5ms);
}

TEST_F(AlarmsTest, OneThatEndsTakesItselfOut) {
  {
    Counting alarm;
    alarms_.arm(alarm, start_);
  }
  alarms_.advance(start_ + 1s);
  EXPECT_EQ(alarms_.next_expiry(start_ + 1h), start_ + 1h);
}

TEST_F(AlarmsTest, OneArmedFromWithinForATimeThatHasPassedFiresTheNextTurn) {
  struct Pacing : Alarm {
    Alarms* alarms = nullptr;
    TimePoint again{};
    int fired = 0;
  };
  Pacing pacing;
  pacing.alarms = &alarms_;
  pacing.again = start_;
  pacing.context = &pacing;
  pacing.on_expiry = [](Alarm& alarm) {
    auto& self = *static_cast<Pacing*>(alarm.context);
    ++self.fired;
    self.alarms->arm(self, self.again);
  };
  alarms_.arm(pacing, start_);
  alarms_.advance(start_);
  EXPECT_EQ(pacing.fired, 1);
  EXPECT_TRUE(pacing.is_armed());
  alarms_.advance(start_);
  EXPECT_EQ(pacing.fired, 2);
}

TEST_F(AlarmsTest, OneThatIsDueMayCancelTheOther) {
  struct Canceller : Alarm {
    Canceller* other = nullptr;
    int fired = 0;
  };
  Canceller first;
  Canceller second;
  for (Canceller* alarm : {&first, &second}) {
    alarm->other = alarm == &first ? &second : &first;
    alarm->context = alarm;
    alarm->on_expiry = [](Alarm& fired) {
      auto& self = *static_cast<Canceller*>(fired.context);
      ++self.fired;
      self.other->cancel();
    };
    alarms_.arm(*alarm, start_);
  }
  alarms_.advance(start_);
  EXPECT_EQ(first.fired + second.fired, 1);
}

}  // namespace
}  // namespace fairlead::io
