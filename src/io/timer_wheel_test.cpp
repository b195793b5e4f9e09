#include "io/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <vector>

namespace fairlead::io {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

const TimePoint start = TimePoint{} + hours(5) + nanoseconds(123'457);

/// A timer that counts its firings.
struct Alarm {
  Alarm() {
    timer.context = this;
    timer.on_expiry = [](Timer& fired) { ++static_cast<Alarm*>(fired.context)->firings; };
  }
  Timer timer;
  int firings = 0;
};

/// Follows next_expiry() as a loop does, until `end`; returns when the alarm fired first.
TimePoint run(TimerWheel& wheel, const Alarm& alarm, TimePoint end) {
  TimePoint now = start;
  while (now < end && alarm.firings == 0) {
    now = std::max(now, std::min(end, wheel.next_expiry(end)));
    wheel.advance(now);
  }
  return now;
}

TEST(TimerWheel, FiresWithinASlotAfterTheDeadlineNeverBefore) {
  for (const nanoseconds delay :
       {nanoseconds(0), nanoseconds(1), nanoseconds(milliseconds(9)), nanoseconds(milliseconds(10)),
        nanoseconds(10'000'001), nanoseconds(seconds(1)), nanoseconds(milliseconds(10'239)),
        nanoseconds(milliseconds(10'240)), nanoseconds(milliseconds(10'250)), nanoseconds(hours(2))}) {
    TimerWheel wheel(start);
    Alarm alarm;
    wheel.arm(alarm.timer, start + delay);
    const TimePoint fired = run(wheel, alarm, start + hours(3));
    EXPECT_EQ(alarm.firings, 1);
    EXPECT_GE(fired, start + delay) << delay.count();
    EXPECT_LE(fired, start + delay + TimerWheel::granularity) << delay.count();
  }
}

TEST(TimerWheel, DoesNotFireJustBeforeTheDeadline) {
  TimerWheel wheel(start);
  Alarm alarm;
  wheel.arm(alarm.timer, start + milliseconds(50));
  wheel.advance(start + milliseconds(50) - nanoseconds(1));
  EXPECT_EQ(alarm.firings, 0);
  EXPECT_TRUE(alarm.timer.is_armed());
  wheel.advance(start + milliseconds(50));
  EXPECT_EQ(alarm.firings, 1);
  EXPECT_FALSE(alarm.timer.is_armed());
}

TEST(TimerWheel, ADeadlineInThePastFiresInTheNextSlot) {
  TimerWheel wheel(start);
  wheel.advance(start + seconds(1));
  Alarm alarm;
  wheel.arm(alarm.timer, start);
  EXPECT_LE(wheel.next_expiry(start + hours(1)), start + seconds(1) + TimerWheel::granularity);
  wheel.advance(start + seconds(1) + TimerWheel::granularity);
  EXPECT_EQ(alarm.firings, 1);
}

TEST(TimerWheel, ACancelledTimerDoesNotFire) {
  TimerWheel wheel(start);
  Alarm alarm;
  wheel.arm(alarm.timer, start + milliseconds(50));
  alarm.timer.cancel();
  alarm.timer.cancel();
  wheel.advance(start + seconds(1));
  EXPECT_EQ(alarm.firings, 0);
}

TEST(TimerWheel, ADestroyedTimerDoesNotFire) {
  TimerWheel wheel(start);
  auto alarm = std::make_unique<Alarm>();
  wheel.arm(alarm->timer, start + milliseconds(50));
  alarm.reset();
  wheel.advance(start + seconds(1));
  EXPECT_EQ(wheel.next_expiry(start + hours(9)), start + hours(9));
}

TEST(TimerWheel, ArmingAgainMovesATimer) {
  TimerWheel wheel(start);
  Alarm alarm;
  wheel.arm(alarm.timer, start + milliseconds(50));
  wheel.arm(alarm.timer, start + milliseconds(500));
  wheel.advance(start + milliseconds(490));
  EXPECT_EQ(alarm.firings, 0);
  wheel.advance(start + milliseconds(510));
  EXPECT_EQ(alarm.firings, 1);
}

TEST(TimerWheel, TimersOutliveTheirWheelUnarmed) {
  Alarm alarm;
  {
    TimerWheel wheel(start);
    wheel.arm(alarm.timer, start + milliseconds(50));
  }
  EXPECT_FALSE(alarm.timer.is_armed());
}

TEST(TimerWheel, ATimerOfALaterRoundWaitsInItsSlot) {
  TimerWheel wheel(start);
  Alarm near;
  Alarm far;
  wheel.arm(near.timer, start + milliseconds(50));
  wheel.arm(far.timer, start + milliseconds(50) + TimerWheel::granularity * 1024);
  wheel.advance(start + milliseconds(60));
  EXPECT_EQ(near.firings, 1);
  EXPECT_EQ(far.firings, 0);
  wheel.advance(start + milliseconds(50) + TimerWheel::granularity * 1024);
  EXPECT_EQ(far.firings, 1);
}

TEST(TimerWheel, ALongPauseFiresEverythingThatIsDueOnce) {
  TimerWheel wheel(start);
  std::vector<std::unique_ptr<Alarm>> alarms;
  for (int i = 0; i < 5000; ++i) {
    alarms.push_back(std::make_unique<Alarm>());
    wheel.arm(alarms.back()->timer, start + milliseconds(13) * i);
  }
  wheel.advance(start + hours(24));
  for (const std::unique_ptr<Alarm>& alarm : alarms) {
    EXPECT_EQ(alarm->firings, 1);
  }
}

struct Repeating {
  Repeating() {
    timer.context = this;
    timer.on_expiry = [](Timer& fired) {
      auto& self = *static_cast<Repeating*>(fired.context);
      ++self.firings;
      self.wheel.arm(fired, self.now + self.every);
    };
  }
  TimerWheel wheel{start};
  TimePoint now = start;
  nanoseconds every = milliseconds(20);
  int firings = 0;
  Timer timer;
};

TEST(TimerWheel, ATimerMayArmItselfFromWithin) {
  Repeating repeating;
  repeating.wheel.arm(repeating.timer, start + repeating.every);
  for (int step = 0; step < 100; ++step) {
    repeating.now += milliseconds(10);
    repeating.wheel.advance(repeating.now);
  }
  EXPECT_EQ(repeating.firings, 50);
}

TEST(TimerWheel, ATimerThatArmsItselfForTheSameSlotNextRoundFiresOnceARound) {
  Repeating repeating;
  repeating.every = TimerWheel::granularity * 1024;
  repeating.wheel.arm(repeating.timer, start + milliseconds(10));
  repeating.now = start + milliseconds(10);
  repeating.wheel.advance(repeating.now);
  EXPECT_EQ(repeating.firings, 1);
  EXPECT_LE(repeating.wheel.next_expiry(start + hours(1)), repeating.now + repeating.every);
  repeating.now += repeating.every;
  repeating.wheel.advance(repeating.now);
  EXPECT_EQ(repeating.firings, 2);
}

TEST(TimerWheel, AnExpiryMayCancelItsNeighboursInTheSlot) {
  TimerWheel wheel(start);
  Alarm neighbours[3];
  Timer first;
  first.context = neighbours;
  first.on_expiry = [](Timer& fired) {
    auto* alarms = static_cast<Alarm*>(fired.context);
    alarms[0].timer.cancel();
    alarms[2].timer.cancel();
  };
  wheel.arm(first, start + milliseconds(50));
  for (Alarm& alarm : neighbours) {
    wheel.arm(alarm.timer, start + milliseconds(50));
  }
  wheel.advance(start + milliseconds(50));
  EXPECT_EQ(neighbours[0].firings, 0);
  EXPECT_EQ(neighbours[1].firings, 1);
  EXPECT_EQ(neighbours[2].firings, 0);
}

TEST(TimerWheel, NextExpiryIsTheFallbackWhenNothingIsArmed) {
  const TimerWheel wheel(start);
  EXPECT_EQ(wheel.next_expiry(start + hours(9)), start + hours(9));
}

/// The wheel against a list of deadlines: random arming, cancelling and pauses of all lengths.
class WheelAndModel {
 public:
  explicit WheelAndModel(unsigned seed) : chance_(seed), alarms_(300) {}

  void step() {
    Alarm& alarm = alarms_[chance_() % alarms_.size()];
    const auto kind = chance_() % 10;
    if (kind < 5) {
      const TimePoint deadline = now_ + random_duration();
      wheel_.arm(alarm.timer, deadline);
      deadlines_[&alarm] = deadline;
    } else if (kind < 7) {
      alarm.timer.cancel();
      deadlines_.erase(&alarm);
    } else {
      advance(kind == 9 ? wheel_.next_expiry(now_ + seconds(20)) : now_ + random_duration());
    }
  }

 private:
  nanoseconds random_duration() {
    const std::int64_t longest[] = {1'000'000, 30'000'000, 2'000'000'000, 40'000'000'000};
    return nanoseconds(static_cast<std::int64_t>(chance_()) * 1000 % longest[chance_() % 4]);
  }

  void advance(TimePoint to) {
    now_ = std::max(now_, to);
    for (Alarm& alarm : alarms_) {
      alarm.firings = 0;
    }
    wheel_.advance(now_);
    for (Alarm& alarm : alarms_) {
      const auto expected = deadlines_.find(&alarm);
      const bool is_due = expected != deadlines_.end() && expected->second <= now_;
      const bool is_overdue = is_due && expected->second + TimerWheel::granularity <= now_ - armed_slack;
      ASSERT_LE(alarm.firings, is_due ? 1 : 0);
      ASSERT_TRUE(alarm.firings == 1 || !is_overdue);
      if (alarm.firings == 1) {
        deadlines_.erase(expected);
      }
      ASSERT_EQ(alarm.timer.is_armed(), deadlines_.contains(&alarm));
    }
    check_next_expiry();
  }

  void check_next_expiry() {
    const TimePoint next = wheel_.next_expiry(TimePoint::max());
    for (const auto& [alarm, deadline] : deadlines_) {
      ASSERT_LE(next, std::max(deadline, now_) + TimerWheel::granularity);
    }
  }

  /// A deadline that had passed when armed counts from the slot that follows.
  static constexpr nanoseconds armed_slack = TimerWheel::granularity;

  std::mt19937 chance_;
  TimePoint now_ = start;
  TimerWheel wheel_{start};
  std::vector<Alarm> alarms_;
  std::map<const Alarm*, TimePoint> deadlines_;
};

TEST(TimerWheel, AgreesWithAListOfDeadlines) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    WheelAndModel both(seed);
    for (int step = 0; step < 4000 && !::testing::Test::HasFatalFailure(); ++step) {
      both.step();
    }
  }
}

}  // namespace
}  // namespace fairlead::io
