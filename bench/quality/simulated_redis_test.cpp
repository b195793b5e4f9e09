#include "simulated_redis.hpp"

#include <gtest/gtest.h>

#include "instance.hpp"

namespace bench::quality {
namespace {

using fairlead::balance::StrategyId;
using fairlead::fleet::Arguments;
using fairlead::fleet::ReplyView;

class SimulatedRedisTest : public ::testing::Test {
 protected:
  ReplyView sync(std::initializer_list<std::string_view> words) {
    Arguments arguments;
    for (const std::string_view word : words) {
      arguments.add(word);
    }
    redis_.sync(arguments, answer_);
    return answer_.part.view();
  }

  std::unique_ptr<fairlead::routing::Pool> pool_ = pool_of(3);
  SimulatedRedis redis_{*pool_};
  SyncAnswer answer_;
};

TEST_F(SimulatedRedisTest, ASyncAppliesChangesAndTellsTheCountsAboveNought) {
  const ReplyView part =
      sync({"2", "conn_count:http://b2", "3", "conn_count:http://b0", "1", "", "1", "4", "0", "0", "0"});
  ASSERT_EQ(part.size(), 6u);
  EXPECT_EQ(part[1].integer(), 4);  // placed by load, by all
  EXPECT_EQ(part[2].text(), "http://b0");
  EXPECT_EQ(part[3].integer(), 1);
  EXPECT_EQ(part[4].text(), "http://b2");
  EXPECT_EQ(part[5].integer(), 3);
}

TEST_F(SimulatedRedisTest, CountsAreToldOnlyToWhoWantsThem) {
  EXPECT_EQ(sync({"1", "conn_count:http://b2", "3", "", "0", "0", "0", "0", "0"}).size(), 2u);
}

TEST_F(SimulatedRedisTest, TellsTheGeometricMeanOfLatenciesToWhoWantsThem) {
  EXPECT_EQ(sync({"0", "", "0", "0", "0", "0", "0", ""}).size(), 2u);
  EXPECT_EQ(sync({"0", "", "0", "0", "0", "0", "0", "0"})[2].size(), 0u);
  sync({"0", "", "0", "0", "0", "0", "0", "1", "http://b1", "1000"});
  const ReplyView part = sync({"0", "", "0", "0", "0", "0", "0", "1", "http://b1", "4000"});
  ASSERT_EQ(part.size(), 3u);
  ASSERT_EQ(part[2].size(), 2u);
  EXPECT_EQ(part[2][0].text(), "http://b1");
  EXPECT_EQ(part[2][1].integer(), 2000);
}

TEST_F(SimulatedRedisTest, ReturnedTicketsMoveTheCounterBackUnlessOthersTookSome) {
  EXPECT_EQ(sync({"0", "", "0", "0", "10", "0", "0"})[0].integer(), 10);
  EXPECT_EQ(sync({"0", "", "0", "0", "0", "4", "10"})[0].integer(), 6);
  EXPECT_EQ(sync({"0", "", "0", "0", "5", "0", "0"})[0].integer(), 11);
  EXPECT_EQ(sync({"0", "", "0", "0", "0", "2", "6"})[0].integer(), 11);
}

TEST_F(SimulatedRedisTest, ExactChoicesCountWhatTheyChose) {
  sync({"1", "conn_count:http://b1", "1", "", "0", "0", "0", "0", "0"});
  redis_.acquire(StrategyId::least_conn);
  redis_.acquire(StrategyId::least_conn);
  EXPECT_EQ(redis_.counts(), (std::vector<std::uint32_t>{1, 1, 1}));
  EXPECT_EQ(redis_.acquire(StrategyId::round_robin), 0u);
  redis_.release(0);
  EXPECT_EQ(redis_.counts(), (std::vector<std::uint32_t>{1, 1, 1}));
}

}  // namespace
}  // namespace bench::quality
