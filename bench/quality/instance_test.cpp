#include "instance.hpp"

#include <gtest/gtest.h>

namespace bench::quality {
namespace {

using namespace std::chrono_literals;
using TimePoint = Instance::TimePoint;

constexpr TimePoint start{1h};

/// Two instances and their Redis; a call is answered a millisecond later.
class InstanceTest : public ::testing::Test {
 protected:
  Instance::Next answer(Instance& instance, TimePoint at) {
    redis_.sync(instance.arguments(), answer_);
    return instance.answered(answer_.part.view(), at);
  }

  std::unique_ptr<fairlead::routing::Pool> pool_ = pool_of(2);
  SimulatedRedis redis_{*pool_};
  SyncAnswer answer_;
  Instance first_{2, *rule_of("leased@5ms"), 2};
  Instance second_{2, *rule_of("leased@5ms"), 2};
};

TEST_F(InstanceTest, ChoosesByItsOwnCountsAndWhatOthersTold) {
  EXPECT_TRUE(first_.join(start).is_call);
  answer(first_, start + 1ms);
  const auto taken = first_.choose(start + 2ms, 0);
  EXPECT_TRUE(first_.look_around(start + 5ms).is_call);
  answer(first_, start + 6ms);

  second_.join(start + 6ms);
  answer(second_, start + 7ms);
  second_.release(second_.choose(start + 8ms, 0), 0ms, start + 8ms);  // who placed none by load asks for no counts
  EXPECT_TRUE(second_.look_around(start + 11ms).is_call);
  answer(second_, start + 12ms);
  EXPECT_NE(second_.choose(start + 12ms, 0), taken);
}

TEST_F(InstanceTest, ASleepingSyncIsWokenOnceAndCallsNoSoonerThanItsGap) {
  first_.join(start);
  answer(first_, start + 1ms);
  first_.choose(start + 2ms, 0);
  EXPECT_TRUE(first_.wakes());
  EXPECT_FALSE(first_.wakes());
  const Instance::Next next = first_.look_around(start + 2ms);
  EXPECT_FALSE(next.is_call);
  EXPECT_EQ(next.look_at, start + 5ms);
  EXPECT_TRUE(first_.look_around(start + 5ms).is_call);
}

TEST_F(InstanceTest, ByLatencyItAvoidsWhoAnsweredSlowly) {
  Instance instance(2, *rule_of("local:peak_ewma"), 1);
  const auto slow = instance.choose(start, 0);
  const auto quick = instance.choose(start, 0);
  ASSERT_NE(slow, quick);
  instance.release(slow, 1s, start + 1s);
  instance.release(quick, 1ms, start + 1s);
  for (std::uint64_t random = 0; random < 20; ++random) {
    EXPECT_EQ(instance.choose(start + 1s, random << 60), quick);
    instance.release(quick, 1ms, start + 1s);
  }
}

TEST_F(InstanceTest, WithOneCallUnderWayThereIsNoSecond) {
  first_.join(start);
  first_.choose(start + 9ms, 0);
  const Instance::Next next = first_.look_around(start + 9ms);
  EXPECT_FALSE(next.is_call);
  EXPECT_FALSE(next.look_at.has_value());
}

}  // namespace
}  // namespace bench::quality
