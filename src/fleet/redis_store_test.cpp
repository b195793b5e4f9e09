// A scripted Redis in virtual time does what a real one does too rarely; with a real one: redis_store_redis_test.cpp.
#include "fleet/redis_store.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>

#include "fleet/failover_store.hpp"
#include "support/redis_loop.hpp"
#include "support/scripted_redis.hpp"

namespace fairlead::fleet {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Words = testing::ScriptedRedis::Words;

class RedisStoreTest : public ::testing::Test {
 protected:
  RedisStoreTest() {
    redis_.answer = [this](const Words& words) { return answer_to(words); };
    RedisStoreSettings settings;
    settings.member.redis.url = redis_.url();
    settings.member.member = "test.0";
    store_.emplace(world_.loop(), resolver_, settings, metrics_, status_, bell_, log_);
  }
  void TearDown() override {
    if (store_) {
      stop();
    }
    world_.settle();
    EXPECT_EQ(world_.engine().open_sockets(), 0u);
  }

  void stop() {
    scope_.spawn(store_->stop());
    EXPECT_TRUE(world_.run_until([this] { return scope_.running() == 0; }));
    store_.reset();
  }
  void start_and_join() {
    store_->start();
    ASSERT_TRUE(becomes_live());
  }
  bool becomes_live() {
    return world_.run_until([this] { return status_.live == 1; }, seconds(5));
  }
  bool becomes_degraded() {
    return world_.run_until([this] { return status_.is_degraded(); }, seconds(5));
  }
  /// Wants a backend; tells whether Redis answers it before the time is over.
  bool is_answered_within(milliseconds time) {
    want_ = Acquire{};
    want_.pool = &pool_;
    want_.context = &is_answered_;
    want_.on_answer = [](Acquire& want) { *static_cast<bool*>(want.context) = true; };
    is_answered_ = store_->acquire(want_);
    return world_.run_until([this] { return is_answered_; }, time);
  }
  int acquires() { return redis_.count(Script::acquire); }
  void release() { store_->release(pool_, *want_.backend); }

  /// As Redis would with an empty fleet and one backend; a script's own answer goes first.
  std::optional<std::string> answer_to(const Words& words) {
    const std::optional<Script> script = testing::ScriptedRedis::script_of(words);
    if (!script) {
      return std::nullopt;
    }
    const auto scripted = scripted_.find(*script);
    if (scripted != scripted_.end()) {
      return scripted->second;
    }
    switch (*script) {
      case Script::reset: return "*2\r\n$5\r\nepoch\r\n:1\r\n";
      case Script::beat: return "*3\r\n:1\r\n$5\r\nepoch\r\n:1\r\n";
      case Script::acquire: return wants_in(words) ? "*1\r\n*1\r\n$8\r\nhttp://a\r\n" : "*0\r\n";
      default: return std::nullopt;
    }
  }
  static bool wants_in(const Words& words) { return std::ranges::count(words, "round_robin") > 0; }
  static balance::BackendSet backends() {
    std::vector<balance::Backend> list;
    list.emplace_back().url = "http://a";
    return balance::BackendSet(std::move(list));
  }

  testing::Simulation world_;
  testing::ScriptedRedis redis_{world_};
  std::map<Script, std::string> scripted_;
  io::ResolverThread thread_{[](const std::string&) { return io::Addresses{}; }};
  io::Resolver resolver_{world_.loop(), thread_};
  StateStatus status_;
  metrics::Registry registry_;
  StateMetrics metrics_{registry_.add_shard(), add_state_families(registry_, status_)};
  test::LinesSink lines_;
  Log log_{lines_, LogLevel::debug};
  routing::Pool pool_{"default", balance::StrategyId::round_robin, backends(),
                      std::make_shared<balance::PoolActivity>()};
  SyncBell bell_;
  std::optional<FailoverStore> store_;
  Acquire want_;
  bool is_answered_ = false;
  io::TaskScope scope_;
};

TEST_F(RedisStoreTest, RedisAnswersAWantOnceJoined) {
  start_and_join();
  ASSERT_TRUE(is_answered_within(milliseconds(10)));
  EXPECT_EQ(want_.backend, &pool_.backends[0]);
  release();
}

TEST_F(RedisStoreTest, AWantIsAnsweredLocallyAfterFiftyMillisecondsAtMost) {
  start_and_join();
  scripted_[Script::acquire] = "";
  ASSERT_TRUE(is_answered_within(milliseconds(50)));
  EXPECT_EQ(want_.backend, &pool_.backends[0]);
  EXPECT_TRUE(status_.is_degraded());
  release();
}

TEST_F(RedisStoreTest, ARedisThatWasTooSlowIsAwayUntilItAnswersAJoinInTime) {
  start_and_join();
  scripted_[Script::acquire] = "";
  scripted_[Script::reset] = "";
  ASSERT_TRUE(is_answered_within(milliseconds(50)));
  const int joins = redis_.count(Script::reset);
  ASSERT_TRUE(world_.run_until([&] { return redis_.count(Script::reset) > joins; }, seconds(1)));
  const int connections = redis_.connections();
  world_.run_for(milliseconds(60));
  redis_.peer().send("*2\r\n$5\r\nepoch\r\n:1\r\n");  // too late
  ASSERT_TRUE(world_.run_until([&] { return redis_.connections() > connections; }, milliseconds(400)));
  EXPECT_EQ(lines_.count("redis unavailable"), 1u);
  EXPECT_EQ(lines_.count("redis is back"), 0u);
  scripted_.clear();
  ASSERT_TRUE(becomes_live());
  EXPECT_EQ(lines_.count("redis is back"), 1u);
  release();
}

TEST_F(RedisStoreTest, AnAnswerThatComesAfterTheLocalOneCountsNothingTwice) {
  start_and_join();
  scripted_[Script::acquire] = "";
  ASSERT_TRUE(is_answered_within(milliseconds(50)));
  redis_.peer().send("*1\r\n*1\r\n$8\r\nhttp://a\r\n");
  scripted_.clear();
  ASSERT_TRUE(becomes_live());
  EXPECT_EQ(pool_.backends[0].activity->in_flight, 1u);
  release();
  EXPECT_EQ(pool_.backends[0].activity->in_flight, 0u);
}

TEST_F(RedisStoreTest, AnAnswerOfAnotherShapeIsMalformed) {
  start_and_join();
  scripted_[Script::acquire] = "*2\r\n*0\r\n*0\r\n";
  ASSERT_TRUE(is_answered_within(milliseconds(50)));
  EXPECT_EQ(lines_.count("reason=malformed"), 1u);
  release();
}

TEST_F(RedisStoreTest, AReplicaIsSaidToTheOperator) {
  start_and_join();
  scripted_[Script::acquire] = "-READONLY You can't write against a read only replica.\r\n";
  ASSERT_TRUE(is_answered_within(milliseconds(50)));
  EXPECT_EQ(lines_.count("redis refuses us"), 1u);
  EXPECT_EQ(lines_.count("reason=READONLY"), 1u);
  release();
}

TEST_F(RedisStoreTest, AReplicaThatRefusesATicketIsSaidOnceAndForNoPool) {
  start_and_join();
  scripted_[Script::acquire] = "*1\r\n-READONLY You can't write against a read only replica.\r\n";
  ASSERT_TRUE(is_answered_within(milliseconds(50)));
  EXPECT_TRUE(status_.is_degraded());
  EXPECT_EQ(lines_.count("redis refuses us"), 1u);
  EXPECT_EQ(lines_.count("redis refuses a pool's keys"), 0u);
  release();
}

TEST_F(RedisStoreTest, AReturnGoesAlongWithTheWantThatFollowsItQuickly) {
  start_and_join();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(is_answered_within(milliseconds(10)));
    release();
  }
  EXPECT_LE(acquires(), 110);
  world_.run_for(milliseconds(3));
  EXPECT_EQ(pool_.backends[0].activity->in_flight, 0u);
  EXPECT_TRUE(redis_.commands().back().ends_with("conn_count:http://a -1")) << redis_.commands().back();
}

TEST_F(RedisStoreTest, ARequestThatComesAloneIsAskedForInAFewWordsAndAnsweredByItsUrl) {
  scripted_[Script::acquire] = "$8\r\nhttp://a\r\n";
  start_and_join();
  ASSERT_TRUE(is_answered_within(milliseconds(10)));
  EXPECT_EQ(want_.backend, &pool_.backends[0]);
  EXPECT_TRUE(redis_.commands().back().ends_with(" test.0 round_robin ")) << redis_.commands().back();
  release();
}

TEST_F(RedisStoreTest, AUrlInPlaceOfGroupsIsMalformedWhenNoRequestCameAlone) {
  start_and_join();
  scripted_[Script::acquire] = "$8\r\nhttp://a\r\n";
  Acquire other;
  other.pool = &pool_;
  other.on_answer = [](Acquire&) {};
  ASSERT_FALSE(store_->acquire(other));
  ASSERT_TRUE(is_answered_within(milliseconds(10)));
  EXPECT_EQ(lines_.count("reason=malformed"), 1u);
  release();
  store_->release(pool_, *other.backend);
}

TEST_F(RedisStoreTest, AReturnIsToldAtOnceWhenNoWantIsToBeExpected) {
  start_and_join();
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(is_answered_within(milliseconds(10)));
    const int told = acquires();
    world_.run_for(milliseconds(5));
    release();
    ASSERT_TRUE(world_.run_until([&] { return acquires() == told + 1; }, std::chrono::microseconds(500)));
    world_.run_for(milliseconds(5));
  }
}

TEST_F(RedisStoreTest, AFencedWorkerSaysItsTruthAndIsLiveAgain) {
  start_and_join();
  ASSERT_TRUE(is_answered_within(milliseconds(10)));
  const int connections = redis_.connections();
  scripted_[Script::beat] = "*3\r\n:0\r\n$5\r\nepoch\r\n:1\r\n";
  ASSERT_TRUE(becomes_degraded());
  scripted_.clear();
  ASSERT_TRUE(becomes_live());
  EXPECT_EQ(redis_.connections(), connections);
  EXPECT_TRUE(redis_.commands().back().ends_with("conn_count:http://a 1")) << redis_.commands().back();
  release();
}

TEST_F(RedisStoreTest, AnotherEpochMeansThatRedisLostItsData) {
  start_and_join();
  scripted_[Script::beat] = "*3\r\n:1\r\n$5\r\nother\r\n:1\r\n";
  ASSERT_TRUE(becomes_degraded());
  EXPECT_EQ(lines_.count("redis lost what it knew of this instance"), 1u);
}

TEST_F(RedisStoreTest, ABeatThatIsNotAnsweredEndsTheConnection) {
  start_and_join();
  scripted_[Script::beat] = "";
  ASSERT_TRUE(becomes_degraded());
  EXPECT_EQ(lines_.count("reason=timed_out"), 1u);
  scripted_.clear();
  EXPECT_TRUE(becomes_live());
}

TEST_F(RedisStoreTest, AJoinThatIsRefusedIsTriedAgainUntilRedisTakesIt) {
  scripted_[Script::reset] = "-LOADING Redis is loading the dataset in memory\r\n";
  store_->start();
  world_.run_for(seconds(3));
  EXPECT_EQ(lines_.count("redis unavailable"), 1u);
  EXPECT_EQ(lines_.count("reason=LOADING"), 1u);
  scripted_.clear();
  ASSERT_TRUE(becomes_live());
  EXPECT_EQ(lines_.count("redis is back"), 1u);
}

TEST_F(RedisStoreTest, AWorkerThatLeftLacksNothing) {
  start_and_join();
  stop();
  EXPECT_FALSE(status_.is_degraded());
  EXPECT_EQ(status_.workers, 0u);
}

}  // namespace
}  // namespace fairlead::fleet
