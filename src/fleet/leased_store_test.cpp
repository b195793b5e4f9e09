#include "fleet/leased_store.hpp"

#include <gtest/gtest.h>

namespace fairlead::fleet {
namespace {

using namespace std::chrono_literals;
using balance::StrategyId;

class LeasedStoreTest : public ::testing::Test {
 protected:
  LeasedStoreTest() {
    bell_.wake = [this] { ++woken_; };
  }
  static balance::BackendSet backends() {
    std::vector<balance::Backend> list;
    for (const char* url : {"http://a", "http://b"}) {
      list.emplace_back().url = url;
    }
    return balance::BackendSet(std::move(list));
  }
  std::string pick(StrategyId strategy) {
    Acquire want;
    want.pool = &pool_;
    want.strategy = strategy;
    EXPECT_TRUE(store_.acquire(want));
    basis_ = want.basis;
    return want.backend == nullptr ? "" : want.backend->url;
  }

  int woken_ = 0;
  Basis basis_ = Basis::exact;
  SyncBell bell_;
  io::TimePoint now_{10s};
  std::shared_ptr<balance::PoolActivity> activity_ = std::make_shared<balance::PoolActivity>();
  routing::Pool pool_{"default", StrategyId::round_robin, backends(), activity_};
  LeasedStore store_{[this] { return now_; }, bell_};
};

TEST_F(LeasedStoreTest, AnswersAtOnceAndRingsAtBothEndsOfARequest) {
  bell_.fall_asleep();
  EXPECT_EQ(pick(StrategyId::round_robin), "http://a");
  EXPECT_EQ(woken_, 1);
  bell_.fall_asleep();
  store_.release(pool_, pool_.backends[0]);
  EXPECT_EQ(woken_, 2);
  EXPECT_EQ(pool_.backends[0].activity->in_flight, 0u);
}

TEST_F(LeasedStoreTest, CountsWhatOthersHaveInFlightWhileTheViewIsTrusted) {
  pool_.backends[0].activity->others_in_flight = 5;
  activity_->view.publish({.as_of = now_.time_since_epoch(), .trusted_for = 100ms});
  EXPECT_EQ(pick(StrategyId::least_conn), "http://b");
  EXPECT_EQ(pick(StrategyId::least_conn), "http://b");
  EXPECT_EQ(basis_, Basis::leased);
  now_ += 1s;  // own counts alone
  EXPECT_EQ(pick(StrategyId::least_conn), "http://a");
  EXPECT_EQ(basis_, Basis::local);
}

TEST_F(LeasedStoreTest, CountsWhatOthersHaveInFlightInTheMeanWhereAViewIsTooOldForItsRequests) {
  pool_.backends[0].activity->others_lasting = 5;
  activity_->view.publish({.as_of = now_.time_since_epoch(), .trusted_for = 1ms});
  now_ += 20ms;
  EXPECT_EQ(pick(StrategyId::least_conn), "http://b");
  EXPECT_EQ(pick(StrategyId::least_conn), "http://b");
  EXPECT_EQ(basis_, Basis::leased);
}

TEST_F(LeasedStoreTest, ExpectsWhatOthersPlacedSinceAndSpreads) {
  pool_.backends[0].activity->others_in_flight = 1;
  activity_->view.publish({.as_of = now_.time_since_epoch(), .trusted_for = 1s, .others_per_s = 1e6F});
  now_ += 100ms;
  int to_a = 0;
  for (int i = 0; i < 200; ++i) {
    to_a += pick(StrategyId::least_conn) == "http://a" ? 1 : 0;
  }
  EXPECT_GT(to_a, 50);
  EXPECT_LT(to_a, 150);
}

TEST_F(LeasedStoreTest, TakesLeasedTicketsFirst) {
  activity_->tickets.add(7, 1);
  EXPECT_EQ(pick(StrategyId::round_robin), "http://b");
  EXPECT_EQ(basis_, Basis::leased);
  EXPECT_EQ(activity_->tickets.take_overdrawn(), 0u);
  pick(StrategyId::round_robin);
  EXPECT_EQ(basis_, Basis::local);
}

}  // namespace
}  // namespace fairlead::fleet
