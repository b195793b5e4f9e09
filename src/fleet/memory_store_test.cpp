#include "fleet/memory_store.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::fleet {
namespace {

using balance::StrategyId;

class MemoryStoreTest : public testing::Test {
 protected:
  MemoryStoreTest() : pool_("default", StrategyId::round_robin, backends(), activity_) {}

  static balance::BackendSet backends() {
    std::vector<balance::Backend> list;
    for (const char* url : {"http://a", "http://b", "http://c"}) {
      list.emplace_back().url = url;
    }
    return balance::BackendSet(std::move(list));
  }

  /// The chosen URL, "" when none may serve.
  std::string pick(StrategyId strategy, std::span<const std::string_view> tried = {},
                   std::optional<std::uint64_t> key_hash = {}) {
    Acquire want;
    want.key_hash = key_hash;
    want.pool = &pool_;
    want.strategy = strategy;
    want.tried = tried;
    EXPECT_TRUE(store_.acquire(want));
    return want.backend == nullptr ? "" : want.backend->url;
  }
  std::uint32_t in_flight(balance::BackendIndex index) const { return pool_.backends[index].activity->in_flight; }
  void rest(balance::BackendIndex index, std::int64_t until) {
    pool_.backends[index].activity->rests_until_ms = until;
    activity_->rests_until_ms = until;
  }

  std::int64_t now_ms_ = 1000;
  std::shared_ptr<balance::PoolActivity> activity_ = std::make_shared<balance::PoolActivity>();
  routing::Pool pool_;
  MemoryStore store_{[this] { return io::TimePoint(std::chrono::milliseconds(now_ms_)); }};
};

TEST_F(MemoryStoreTest, RoundRobinTakesBackendsInListOrder) {
  EXPECT_EQ(pick(StrategyId::round_robin), "http://a");
  EXPECT_EQ(pick(StrategyId::round_robin), "http://b");
  EXPECT_EQ(pick(StrategyId::round_robin), "http://c");
  EXPECT_EQ(pick(StrategyId::round_robin), "http://a");
}

TEST_F(MemoryStoreTest, LeastConnTakesTheLeastLoadedAndRotatesTies) {
  EXPECT_EQ(pick(StrategyId::least_conn), "http://a");
  EXPECT_EQ(pick(StrategyId::least_conn), "http://c");  // of b and c, the second's turn
  EXPECT_EQ(pick(StrategyId::least_conn), "http://b");
}

TEST_F(MemoryStoreTest, AKeyStaysWithItsBackendUntilThatIsAboveTheBound) {
  const std::string first = pick(StrategyId::consistent_hash, {}, 7);
  EXPECT_EQ(pick(StrategyId::consistent_hash, {}, 7), first);
  EXPECT_NE(pick(StrategyId::consistent_hash, {}, 7), first);  // 2 of 2 in flight; with 3 backends 1 may be there
}

TEST_F(MemoryStoreTest, AKeyThatStaysWhateverTheLoadTakesNoTurnOfAnyKind) {
  routing::Pool pool("default", StrategyId::consistent_hash, backends(), activity_, {}, {.key = {}, .load_max = 0});
  Acquire want;
  want.pool = &pool;
  want.strategy = StrategyId::consistent_hash;
  for (std::uint64_t key = 0; key < 10; ++key) {
    want.key_hash = key;
    ASSERT_TRUE(store_.acquire(want));
    EXPECT_NE(want.backend, nullptr);
  }
  EXPECT_EQ(activity_->ties, 0U);
  EXPECT_EQ(activity_->by_key, 10U);
  EXPECT_EQ(pick(StrategyId::round_robin), "http://a");
}

TEST_F(MemoryStoreTest, AKeyWhoseBackendFailedGoesToTheSameOther) {
  const std::string_view first = pool_.backends.find(pick(StrategyId::consistent_hash, {}, 7))->url;
  const std::string second = pick(StrategyId::consistent_hash, {&first, 1}, 7);
  EXPECT_NE(second, first);
  EXPECT_EQ(pick(StrategyId::consistent_hash, {&first, 1}, 7), second);
}

TEST_F(MemoryStoreTest, RequestsWithoutAKeyAreSpread) {
  for (int i = 0; i < 300; ++i) {
    pick(StrategyId::consistent_hash);
  }
  for (const balance::BackendIndex index : {0U, 1U, 2U}) {
    EXPECT_NEAR(in_flight(index), 100, 50);
  }
}

TEST_F(MemoryStoreTest, ByLatencyItTakesWhoAnsweredSooner) {
  for (const balance::BackendIndex slow : {0U, 2U}) {
    pool_.backends[slow].activity->latency.note({balance::LatencyTime(1)}, now_ms_);
  }
  pool_.backends[1].activity->latency.note({balance::LatencyTime(0.01F)}, now_ms_);
  const std::string_view tried[] = {"http://c"};
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(pick(StrategyId::peak_ewma, tried), "http://b");
  }
}

TEST_F(MemoryStoreTest, CountsWhatWasPlacedByLatency) {
  pick(StrategyId::round_robin);
  pick(StrategyId::least_conn);
  EXPECT_EQ(activity_->by_latency, 0u);
  pick(StrategyId::peak_ewma);
  EXPECT_EQ(activity_->by_latency, 1u);
}

TEST_F(MemoryStoreTest, StoresOfTwoWorkersShareTicketsAndLoads) {
  MemoryStore other([] { return io::TimePoint(); });
  Acquire want;
  want.pool = &pool_;
  ASSERT_TRUE(other.acquire(want));
  EXPECT_EQ(pick(StrategyId::round_robin), "http://b");
}

TEST_F(MemoryStoreTest, ABackendThatWasTriedIsNotChosenAgain) {
  const std::string_view tried[] = {"http://a", "http://c"};
  EXPECT_EQ(pick(StrategyId::round_robin, tried), "http://b");
  EXPECT_EQ(pick(StrategyId::least_conn, tried), "http://b");
}

TEST_F(MemoryStoreTest, NoneIsLeftWhenAllWereTried) {
  const std::string_view tried[] = {"http://a", "http://b", "http://c"};
  EXPECT_EQ(pick(StrategyId::round_robin, tried), "");
  EXPECT_EQ(in_flight(0) + in_flight(1) + in_flight(2), 0u);
}

TEST_F(MemoryStoreTest, AChoiceByLoadSaysHowFarFromTheLeastLoadedItWas) {
  pool_.backends[0].activity->in_flight = 5;
  pool_.backends[1].activity->in_flight = 2;
  const std::string_view tried[] = {"http://c"};
  Acquire want;
  want.pool = &pool_;
  want.strategy = StrategyId::power_of_two;  // of two backends the less loaded
  want.tried = tried;
  ASSERT_TRUE(store_.acquire(want));
  EXPECT_EQ(want.regret, 0);
  want.strategy = StrategyId::round_robin;
  ASSERT_TRUE(store_.acquire(want));
  EXPECT_LT(want.regret, 0) << "it went by no loads";
}

TEST_F(MemoryStoreTest, ABackendRestsUntilItsTimeIsUp) {
  rest(0, 1500);
  EXPECT_EQ(pick(StrategyId::round_robin), "http://b");
  now_ms_ = 1500;
  activity_->tickets.move_to(0);
  EXPECT_EQ(pick(StrategyId::round_robin), "http://a");
}

TEST_F(MemoryStoreTest, ALeaseCountsUntilItEnds) {
  Acquire want;
  want.pool = &pool_;
  ASSERT_TRUE(store_.acquire(want));
  {
    const Lease lease(store_, pool_, *want.backend);
    EXPECT_EQ(in_flight(0), 1u);
  }
  EXPECT_EQ(in_flight(0), 0u);
}

}  // namespace
}  // namespace fairlead::fleet
