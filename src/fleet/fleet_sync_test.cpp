// The pace and the faults of a sync, against a scripted Redis in virtual time; with a real one: fleet_sync_redis_test.
#include "fleet/fleet_sync.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "fleet/leased_store.hpp"
#include "support/redis_loop.hpp"
#include "support/scripted_redis.hpp"

namespace fairlead::fleet {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Words = testing::ScriptedRedis::Words;

class FleetSyncTest : public ::testing::Test {
 protected:
  FleetSyncTest() {
    auto pool = std::make_unique<routing::Pool>("default", balance::StrategyId::round_robin, backends(),
                                                std::make_shared<balance::PoolActivity>());
    snapshot_.pools.push_back(std::move(pool));
    redis_.answer = [this](const Words& words) { return answer_to(words); };
    FleetSync::Settings settings;
    settings.member.redis.url = redis_.url();
    settings.member.member = "test";
    settings.interval = milliseconds(5);
    sync_.emplace(world_.loop(), resolver_, settings, metrics_, status_, log_);
    sync_->adopt(snapshot_);
    store_.emplace([this] { return world_.now(); }, sync_->bell());
  }
  void TearDown() override {
    scope_.spawn(sync_->stop());
    EXPECT_TRUE(world_.run_until([this] { return scope_.running() == 0; }));
    sync_.reset();
    world_.settle();
    EXPECT_EQ(world_.engine().open_sockets(), 0u);
  }

  static balance::BackendSet backends() {
    std::vector<balance::Backend> list;
    list.emplace_back().url = "http://a";
    return balance::BackendSet(std::move(list));
  }
  const routing::Pool& pool() { return *snapshot_.pools[0]; }
  std::optional<std::string> answer_to(const Words& words) {
    const std::optional<Script> script = testing::ScriptedRedis::script_of(words);
    if (script == Script::sync) {
      last_sync_ = words;
      return sync_answer_;
    }
    if (script == Script::reset) {
      last_reset_ = words;
      return "*2\r\n$5\r\nepoch\r\n:1\r\n";
    }
    if (script == Script::beat) {
      return "*3\r\n:1\r\n$5\r\nepoch\r\n:1\r\n";
    }
    return std::nullopt;
  }
  /// Since it joined.
  int syncs() { return all_syncs() - syncs_at_join_; }
  int all_syncs() { return redis_.count(Script::sync); }
  void start_and_join() {
    sync_->start();
    ASSERT_TRUE(becomes_live());
    world_.run_for(seconds(1));  // it sleeps
    syncs_at_join_ = all_syncs();
  }
  bool becomes_live() {
    return world_.run_until([this] { return status_.live == 1; }, seconds(5));
  }
  void begin(balance::StrategyId strategy = balance::StrategyId::round_robin) {
    Acquire want;
    want.pool = &pool();
    want.strategy = strategy;
    store_->acquire(want);
  }
  void end() { store_->release(pool(), pool().backends[0]); }
  static bool tells(const Words& words, const std::string& amount) {
    const auto key = std::ranges::find(words, "conn_count:http://a");
    return key != words.end() && key[1] == amount;
  }

  testing::Simulation world_;
  testing::ScriptedRedis redis_{world_};
  std::optional<std::string> sync_answer_ = "*1\r\n*2\r\n:0\r\n:0\r\n";
  int syncs_at_join_ = 0;
  Words last_sync_;
  Words last_reset_;
  io::ResolverThread thread_{[](const std::string&) { return io::Addresses{}; }};
  io::Resolver resolver_{world_.loop(), thread_};
  StateStatus status_;
  metrics::Registry registry_;
  StateMetrics metrics_{registry_.add_shard(), add_state_families(registry_, status_)};
  test::LinesSink lines_;
  Log log_{lines_, LogLevel::debug};
  routing::Snapshot snapshot_;
  std::optional<FleetSync> sync_;
  std::optional<LeasedStore> store_;
  io::TaskScope scope_;
};

TEST_F(FleetSyncTest, OnceItHasJoinedItAsksWhereTheRotationsStand) {
  sync_answer_ = "*1\r\n*2\r\n:41\r\n:0\r\n";
  sync_->start();
  ASSERT_TRUE(becomes_live());
  ASSERT_TRUE(world_.run_until([this] { return pool().activity->tickets.peek() == 41; }, milliseconds(10)));
}

TEST_F(FleetSyncTest, WithoutRequestsItSaysNothingMore) {
  start_and_join();
  world_.run_for(seconds(10));
  EXPECT_EQ(syncs(), 0);
}

TEST_F(FleetSyncTest, TheFirstRequestAfterARestIsToldAtOnce) {
  start_and_join();
  begin();
  ASSERT_TRUE(world_.run_until([this] { return syncs() == 1; }, milliseconds(1)));
  EXPECT_TRUE(tells(last_sync_, "1"));
}

TEST_F(FleetSyncTest, WhatFollowsIsToldTogetherAtTheNextInterval) {
  start_and_join();
  begin();
  ASSERT_TRUE(world_.run_until([this] { return syncs() == 1; }, milliseconds(1)));
  begin();
  begin();
  world_.run_for(milliseconds(3));
  EXPECT_EQ(syncs(), 1);
  ASSERT_TRUE(world_.run_until([this] { return syncs() == 2; }, milliseconds(4)));
  EXPECT_TRUE(tells(last_sync_, "2"));
}

TEST_F(FleetSyncTest, ARequestThatBeganAndEndedDuringACallIsToldToo) {
  start_and_join();
  sync_answer_ = "";  // for now
  begin();
  ASSERT_TRUE(world_.run_until([this] { return syncs() == 1; }, milliseconds(1)));
  begin();
  end();
  redis_.peer().send("*1\r\n*2\r\n:1\r\n:0\r\n");
  sync_answer_ = "*1\r\n*2\r\n:2\r\n:0\r\n";
  ASSERT_TRUE(world_.run_until([this] { return syncs() == 2; }, milliseconds(20)));
}

TEST_F(FleetSyncTest, APoolThatAReloadBringsIsAskedForAtOnce) {
  start_and_join();
  sync_answer_ = "*2\r\n*2\r\n:0\r\n:0\r\n*2\r\n:41\r\n:0\r\n";
  const auto blue = std::make_shared<balance::PoolActivity>();
  snapshot_.pools.push_back(
      std::make_unique<routing::Pool>("blue", balance::StrategyId::round_robin, backends(), blue));
  sync_->adopt(snapshot_);
  ASSERT_TRUE(world_.run_until([&] { return blue->tickets.peek() == 41; }, milliseconds(20)));
}

TEST_F(FleetSyncTest, ARingThatGotLostCostsASecondAtMost) {
  start_and_join();
  pool().backends[0].activity->in_flight = 1;  // and nobody rings
  ASSERT_TRUE(world_.run_until([this] { return tells(last_sync_, "1"); }, milliseconds(1100)));
  pool().backends[0].activity->in_flight = 0;
}

TEST_F(FleetSyncTest, AfterABusyTimeItLooksNoOftenerThanItCalled) {
  start_and_join();
  for (int i = 0; i < 2000; ++i) {  // 1,000 a second
    begin();
    end();
    world_.run_for(std::chrono::milliseconds(1));
  }
  const std::uint64_t turn = world_.loop().turn();
  world_.run_for(milliseconds(500));
  EXPECT_LT(world_.loop().turn() - turn, 150u);  // every 25 ms, some turns each
}

TEST_F(FleetSyncTest, InTheRotationItSpeaksOnlyWhenSomethingChanged) {
  start_and_join();
  begin();
  world_.run_for(seconds(5));
  EXPECT_EQ(syncs(), 1);
  end();
  world_.run_for(seconds(5));
  EXPECT_EQ(syncs(), 2);
  EXPECT_TRUE(tells(last_sync_, "-1"));
}

TEST_F(FleetSyncTest, ByLoadItAsksForCountsForHalfASecondAfterTheLastRequest) {
  start_and_join();
  begin(balance::StrategyId::least_conn);
  world_.run_for(milliseconds(450));
  const int asked = syncs();
  EXPECT_GT(asked, 60);
  world_.run_for(seconds(5));
  EXPECT_LT(syncs(), asked + 20);
}

TEST_F(FleetSyncTest, FencedItSaysTheWholeTruth) {
  start_and_join();
  begin();
  world_.run_for(seconds(1));
  sync_answer_ = "-FENCED not a member\r\n";
  begin();
  ASSERT_TRUE(world_.run_until([this] { return tells(last_reset_, "2"); }, seconds(1)));
  sync_answer_ = "*1\r\n*2\r\n:0\r\n:0\r\n";
  end();
  world_.run_for(seconds(1));
  EXPECT_TRUE(tells(last_sync_, "-1"));
}

TEST_F(FleetSyncTest, AnAnswerThatNeverComesEndsTheConnectionAndTheTruthIsToldAgain) {
  start_and_join();
  sync_answer_ = "";
  begin();
  ASSERT_TRUE(world_.run_until([this] { return status_.live == 0; }, seconds(1)));
  EXPECT_EQ(lines_.count("reason=timed_out"), 1u);
  begin();
  sync_answer_ = "*1\r\n*2\r\n:0\r\n:0\r\n";
  ASSERT_TRUE(becomes_live());
  EXPECT_TRUE(tells(last_reset_, "2"));
  EXPECT_EQ(lines_.count("redis is back"), 1u);
}

TEST_F(FleetSyncTest, AnAnswerOfAnotherShapeIsMalformed) {
  start_and_join();
  sync_answer_ = "*2\r\n*0\r\n*0\r\n";
  begin();
  ASSERT_TRUE(world_.run_until([this] { return lines_.count("reason=malformed") == 1; }, seconds(1)));
}

TEST_F(FleetSyncTest, APoolThatLeavesTheConfigurationIsToldUntilItsRequestsEnd) {
  start_and_join();
  begin();
  world_.run_for(seconds(1));
  const auto cells = pool().backends[0].activity;
  sync_->adopt(routing::Snapshot());
  cells->in_flight = 0;
  sync_->bell().ring();
  ASSERT_TRUE(world_.run_until([this] { return tells(last_sync_, "-1"); }, seconds(2)));
}

}  // namespace
}  // namespace fairlead::fleet
