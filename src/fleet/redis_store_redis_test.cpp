// Stores on a real redis-server: exactness between two workers, one call a turn, and the ladder of outages.
#include <gtest/gtest.h>

#include <limits>
#include <list>
#include <optional>
#include <string>

#include "fleet/failover_store.hpp"
#include "fleet/redis_store.hpp"
#include "support/redis_loop.hpp"
#include "support/redis_server.hpp"

namespace fairlead::fleet {
namespace {

using balance::StrategyId;

/// A want and what became of it.
struct Asked {
  Acquire acquire;
  bool is_answered = false;
  [[nodiscard]] std::string url() const { return acquire.backend == nullptr ? "" : acquire.backend->url; }
};

long connections_in(const std::string& stats) {
  constexpr std::string_view key = "total_connections_received:";
  return std::stol(stats.substr(stats.find(key) + key.size()));
}

class StoresOnRedis : public testing::Test {
 protected:
  void SetUp() override {
    if (!test::RedisServer::is_installed()) {
      GTEST_SKIP() << "redis-server isn't installed";
    }
    ASSERT_TRUE(server_.start());
  }
  void TearDown() override {
    for (auto& store : stores_) {
      on_.finish(store.stop());
    }
  }

  FailoverStore& add_store(StateUrl url) {
    RedisStoreSettings settings;
    settings.member.redis.url = std::move(url);
    settings.member.member = "test." + std::to_string(stores_.size());
    FailoverStore& store =
        stores_.emplace_back(on_.loop, on_.resolver, std::move(settings), on_.metrics, on_.status, bell_, on_.log);
    store.start();
    return store;
  }
  StateUrl unix_url() const {
    StateUrl url;
    url.kind = StateKind::redis_unix;
    url.path = server_.socket_path();
    return url;
  }
  FailoverStore& add_live_store() {
    FailoverStore& store = add_store(unix_url());
    EXPECT_TRUE(on_.until([this] { return all_live(); }));
    return store;
  }
  bool all_live() const { return on_.status.live == stores_.size(); }

  static balance::BackendSet backends() {
    std::vector<balance::Backend> list;
    for (const char* url : {"http://a", "http://b", "http://c"}) {
      list.emplace_back().url = url;
    }
    return balance::BackendSet(std::move(list));
  }
  void list_backends() { redis()("RPUSH backend_servers http://a http://b http://c"); }

  Asked& ask(StateStore& store, StrategyId strategy, std::span<const std::string_view> tried = {}) {
    Asked& asked = asked_.emplace_back();
    asked.acquire.pool = &pool_;
    asked.acquire.strategy = strategy;
    asked.acquire.tried = tried;
    asked.acquire.context = &asked;
    asked.acquire.on_answer = [](Acquire& acquire) { static_cast<Asked*>(acquire.context)->is_answered = true; };
    asked.is_answered = store.acquire(asked.acquire);
    return asked;
  }
  std::string pick(StateStore& store, StrategyId strategy, std::span<const std::string_view> tried = {}) {
    Asked& asked = ask(store, strategy, tried);
    EXPECT_TRUE(on_.until([&asked] { return asked.is_answered; }));
    return asked.url();
  }
  /// As a beat of another member does when the lease has ended.
  void take_out(const std::string& member) {
    redis()("ZADD fairlead:instances XX 0 " + member);
    redis().call({"EVAL", std::string(text_of(Script::beat)), "3", "fairlead:instances", "fairlead:ledger:reaper",
                  "fairlead:epoch", "8000", "reaper", "3000"});
  }
  void release(StateStore& store, const Asked& asked) { store.release(pool_, *asked.acquire.backend); }
  void release_all(StateStore& store) {
    for (const Asked& asked : asked_) {
      release(store, asked);
    }
    asked_.clear();
  }

  test::RedisConnection& redis() {
    if (!redis_) {
      redis_.emplace(server_);
    }
    return *redis_;
  }
  std::string count(const std::string& url) { return redis()("GET conn_count:" + url).text; }
  /// Of all three counts.
  int total() {
    int sum = 0;
    for (const char* url : {"http://a", "http://b", "http://c"}) {
      const std::string text = count(url);
      sum += text.empty() ? 0 : std::stoi(text);
    }
    return sum;
  }
  bool counts_become(const std::string& a, const std::string& b, const std::string& c) {
    return on_.until([&] { return count("http://a") == a && count("http://b") == b && count("http://c") == c; });
  }
  std::uint32_t in_flight() const {
    std::uint32_t sum = 0;
    for (const balance::Backend& backend : pool_.backends) {
      sum += backend.activity->in_flight;
    }
    return sum;
  }

  test::RedisServer server_;
  std::optional<test::RedisConnection> redis_;
  test::RedisLoop on_;
  std::shared_ptr<balance::PoolActivity> activity_ = std::make_shared<balance::PoolActivity>();
  routing::Pool pool_{"default", StrategyId::round_robin, backends(), activity_};
  std::list<Asked> asked_;
  SyncBell bell_;
  std::list<FailoverStore> stores_;
};

TEST_F(StoresOnRedis, RoundRobinIsOneRotationOverTwoWorkers) {
  list_backends();
  FailoverStore& one = add_live_store();
  FailoverStore& two = add_live_store();
  EXPECT_EQ(pick(one, StrategyId::round_robin), "http://a");
  EXPECT_EQ(pick(two, StrategyId::round_robin), "http://b");
  EXPECT_EQ(pick(one, StrategyId::round_robin), "http://c");
  EXPECT_EQ(pick(two, StrategyId::round_robin), "http://a");
  EXPECT_EQ(redis()("GET rr_counter").text, "4");
}

TEST_F(StoresOnRedis, LeastConnSeesTheOtherWorkersRequests) {
  list_backends();
  FailoverStore& one = add_live_store();
  FailoverStore& two = add_live_store();
  pick(one, StrategyId::least_conn);
  pick(one, StrategyId::least_conn);
  pick(two, StrategyId::least_conn);
  EXPECT_EQ(count("http://a") + count("http://b") + count("http://c"), "111");
}

TEST_F(StoresOnRedis, ATurnsWantsAndReturnsLeaveInOneCall) {
  list_backends();
  FailoverStore& store = add_live_store();
  pick(store, StrategyId::round_robin);
  redis()("CONFIG RESETSTAT");
  release_all(store);
  for (int i = 0; i < 30; ++i) {
    ask(store, i % 2 == 0 ? StrategyId::least_conn : StrategyId::round_robin);
  }
  ASSERT_TRUE(on_.until([this] { return asked_.back().is_answered; }));
  const std::string stats = redis()("INFO commandstats").text;
  EXPECT_NE(stats.find("cmdstat_evalsha:calls=1,"), std::string::npos) << stats;
  EXPECT_TRUE(counts_become("10", "10", "10"));
}

TEST_F(StoresOnRedis, CountsAreZeroAtRestAtOnce) {
  list_backends();
  FailoverStore& store = add_live_store();
  for (int i = 0; i < 3; ++i) {
    pick(store, StrategyId::round_robin);
  }
  EXPECT_TRUE(counts_become("1", "1", "1"));
  EXPECT_EQ(in_flight(), 3u);
  release_all(store);
  EXPECT_TRUE(counts_become("0", "0", "0"));
  EXPECT_EQ(in_flight(), 0u);
}

TEST_F(StoresOnRedis, ACancelledWantStaysUncounted) {
  list_backends();
  FailoverStore& store = add_live_store();
  Asked& kept_back = ask(store, StrategyId::round_robin);
  store.cancel(kept_back.acquire);
  Asked& sent = ask(store, StrategyId::round_robin);
  on_.loop.run_once(on_.loop.exact_now());  // its call leaves
  store.cancel(sent.acquire);
  pick(store, StrategyId::round_robin);
  store.release(pool_, *asked_.back().acquire.backend);
  EXPECT_TRUE(on_.until([this] { return total() == 0; }));
  EXPECT_FALSE(kept_back.is_answered || sent.is_answered);
}

TEST_F(StoresOnRedis, WhatWasTriedOrRestsIsNotChosen) {
  list_backends();
  FailoverStore& store = add_live_store();
  const std::int64_t for_ever = std::numeric_limits<std::int64_t>::max();
  pool_.backends[1].activity->rests_until_ms = for_ever;
  activity_->rests_until_ms = for_ever;
  const std::string_view tried[] = {"http://a"};
  EXPECT_EQ(pick(store, StrategyId::least_conn, tried), "http://c");
  const std::string_view both[] = {"http://a", "http://c"};
  EXPECT_EQ(pick(store, StrategyId::least_conn, both), "http://b") << "all else was tried";
  EXPECT_TRUE(on_.until([this] { return count("http://b") == "1"; }));
}

TEST_F(StoresOnRedis, ARetryDoesNotTurnTheRotationForOthers) {
  list_backends();
  FailoverStore& store = add_live_store();
  EXPECT_EQ(pick(store, StrategyId::round_robin), "http://a");
  const std::string_view tried[] = {"http://a"};
  EXPECT_EQ(pick(store, StrategyId::round_robin, tried), "http://c");
  EXPECT_EQ(redis()("GET rr_counter").text, "1");
  EXPECT_EQ(pick(store, StrategyId::round_robin), "http://b");
}

TEST_F(StoresOnRedis, ABackendThatTheSnapshotDoesNotKnowServesAtOnce) {
  redis()("RPUSH backend_servers http://[::1]:7001");
  FailoverStore& store = add_live_store();
  Asked& asked = ask(store, StrategyId::round_robin);
  ASSERT_TRUE(on_.until([&asked] { return asked.is_answered; }));
  EXPECT_EQ(asked.acquire.backend->host, "::1");
  EXPECT_EQ(asked.acquire.backend->port, 7001);
  release(store, asked);
  EXPECT_TRUE(on_.until([this] { return count("http://[::1]:7001") == "0"; }));
}

TEST_F(StoresOnRedis, ATextInTheListThatIsNoBackendIsPassedOver) {
  redis()("RPUSH backend_servers nonsense http://a");
  FailoverStore& store = add_live_store();
  EXPECT_EQ(pick(store, StrategyId::round_robin), "http://a");
  EXPECT_EQ(pick(store, StrategyId::round_robin), "http://a");
  EXPECT_TRUE(on_.until([this] { return count("nonsense") == "0"; }));
}

TEST_F(StoresOnRedis, AnEmptyTextInTheListIsPassedOverAsWell) {
  redis().call({"RPUSH", "backend_servers", "", "http://a"});
  redis().call({"SET", "conn_count:", "0"});
  FailoverStore& store = add_live_store();
  for (int i = 0; i < 4; ++i) {
    Asked& asked = ask(store, StrategyId::round_robin);
    ASSERT_TRUE(on_.until([&asked] { return asked.is_answered; }));
    EXPECT_EQ(asked.url(), "http://a");
    EXPECT_EQ(asked.acquire.basis, Basis::exact);
  }
  EXPECT_EQ(on_.lines.count("redis unavailable"), 0u);
}

TEST_F(StoresOnRedis, ARightThatItsScriptLacksIsToldAndRequestsGoOnLocally) {
  list_backends();
  FailoverStore& store = add_live_store();
  redis()("ACL SETUSER default -zrank");
  EXPECT_EQ(pick(store, StrategyId::round_robin), "http://a");
  EXPECT_TRUE(on_.until([this] { return on_.lines.count("reason=NOPERM") == 1; }));
  redis()("ACL SETUSER default +zrank");
  EXPECT_TRUE(on_.until([this] { return all_live(); }));
}

TEST_F(StoresOnRedis, AListOfAWrongTypeLeavesThePoolToLocalState) {
  redis()("SET backend_servers x");
  FailoverStore& store = add_live_store();
  EXPECT_EQ(pick(store, StrategyId::round_robin), "http://a");
  EXPECT_EQ(pick(store, StrategyId::round_robin), "http://b");
  EXPECT_EQ(on_.lines.count("reason=WRONGTYPE"), 1u);
  EXPECT_TRUE(on_.until([this] { return count("http://a") == "1" && count("http://b") == "1"; }));
  EXPECT_TRUE(all_live());
}

TEST_F(StoresOnRedis, AnOutageIsAnsweredLocallyAndCountedAfterwards) {
  list_backends();
  FailoverStore& store = add_live_store();
  pick(store, StrategyId::round_robin);
  redis_.reset();
  server_.kill();
  ASSERT_TRUE(on_.until([this] { return on_.status.is_degraded(); }));
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(ask(store, StrategyId::round_robin).is_answered);
  }
  release(store, asked_.front());
  asked_.pop_front();
  ASSERT_TRUE(server_.start());
  list_backends();
  ASSERT_TRUE(on_.until([this] { return all_live(); }));
  EXPECT_TRUE(counts_become("1", "1", "1"));
  EXPECT_EQ(on_.lines.count("redis unavailable"), 1u);
  EXPECT_EQ(on_.lines.count("redis is back"), 1u);
}

TEST_F(StoresOnRedis, AWantInFlightIsAnsweredLocallyWhenRedisHangs) {
  list_backends();
  FailoverStore& store = add_live_store();
  server_.pause();
  Asked& asked = ask(store, StrategyId::round_robin);
  EXPECT_FALSE(asked.is_answered);
  ASSERT_TRUE(on_.until([&asked] { return asked.is_answered; }));
  EXPECT_EQ(asked.url(), "http://a");
  EXPECT_TRUE(ask(store, StrategyId::round_robin).is_answered) << "nobody waits a second time";
  EXPECT_EQ(on_.lines.count("reason=timed_out"), 1u);
  server_.resume();
  ASSERT_TRUE(on_.until([this] { return all_live(); }));
  EXPECT_TRUE(on_.until([this] { return count("http://a") == "1" && count("http://b") == "1"; }));
}

TEST_F(StoresOnRedis, AWorkerThatWasTakenForDeadSaysItsTruthAgain) {
  list_backends();
  FailoverStore& store = add_live_store();
  pick(store, StrategyId::round_robin);
  redis()("FLUSHALL");
  list_backends();
  pick(store, StrategyId::round_robin);
  ASSERT_TRUE(on_.until([this] { return all_live(); }));
  EXPECT_TRUE(on_.until([this] { return total() == 2; }));
}

TEST_F(StoresOnRedis, AWorkerPausedBeyondItsLeaseAndTakenOutIsFencedAndJoinsAgain) {
  list_backends();
  FailoverStore& paused = add_live_store();
  FailoverStore& other = add_live_store();
  pick(paused, StrategyId::round_robin);
  pick(other, StrategyId::round_robin);
  take_out("test.0");
  EXPECT_NE(pick(paused, StrategyId::round_robin), "");
  EXPECT_EQ(on_.lines.count("redis lost what it knew of this instance"), 1u);
  EXPECT_TRUE(on_.until([this] { return all_live() && total() == 3; }));
}

TEST_F(StoresOnRedis, AWorkerThatIsFencedAgainAtOnceConnectsAnew) {
  list_backends();
  FailoverStore& store = add_live_store();
  const std::string before = redis()("INFO stats").text;
  for (int i = 0; i < 2; ++i) {
    take_out("test.0");
    EXPECT_NE(pick(store, StrategyId::round_robin), "");
    ASSERT_TRUE(on_.until([this] { return all_live(); }));
  }
  EXPECT_EQ(connections_in(redis()("INFO stats").text), connections_in(before) + 1);
  EXPECT_TRUE(on_.until([this] { return total() == 2; }));
}

TEST_F(StoresOnRedis, ScriptsThatWereFlushedAreLoadedAgain) {
  list_backends();
  FailoverStore& store = add_live_store();
  redis()("SCRIPT FLUSH");
  EXPECT_NE(pick(store, StrategyId::round_robin), "");
  ASSERT_TRUE(on_.until([this] { return all_live(); }));
  pick(store, StrategyId::round_robin);
  EXPECT_TRUE(on_.until([this] { return total() == 2; }));
}

TEST_F(StoresOnRedis, AWrongPasswordIsAnErrorThatShowsNoSecret) {
  redis()("CONFIG SET requirepass right");
  StateUrl url = unix_url();
  url.password = "wrong-secret";
  FailoverStore& store = add_store(url);
  ASSERT_TRUE(on_.until([this] { return on_.lines.count("redis refuses us") == 1; }));
  EXPECT_EQ(on_.lines.count("WRONGPASS"), 1u);
  EXPECT_EQ(on_.lines.count("wrong-secret"), 0u);
  EXPECT_EQ(pick(store, StrategyId::round_robin), "http://a");
}

TEST_F(StoresOnRedis, ATcpConnectionWithPasswordAndDatabaseWorks) {
  redis()("CONFIG SET requirepass right");
  StateUrl url;
  url.kind = StateKind::redis;
  url.host = "localhost";
  url.port = server_.port();
  url.password = "right";
  url.database = 3;
  add_store(url);
  ASSERT_TRUE(on_.until([this] { return all_live(); }));
  redis()("SELECT 3");
  EXPECT_EQ(redis()("ZCARD fairlead:instances").text, "1");
}

TEST_F(StoresOnRedis, AWorkerThatStopsLeavesNothingBehind) {
  list_backends();
  FailoverStore& store = add_live_store();
  pick(store, StrategyId::round_robin);
  on_.finish(store.stop());
  stores_.clear();
  EXPECT_EQ(count("http://a"), "0");
  EXPECT_EQ(redis()("ZCARD fairlead:instances").text, "0");
  EXPECT_EQ(redis()("EXISTS fairlead:ledger:test.0").text, "0");
}

TEST_F(StoresOnRedis, ABeatKeepsTheLeaseAndReapsTheDead) {
  list_backends();
  add_live_store();
  redis()("ZADD fairlead:instances 1 dead");
  redis()("HSET fairlead:ledger:dead conn_count:http://a 4");
  redis()("SET conn_count:http://a 4");
  const std::string lease = redis()("ZSCORE fairlead:instances test.0").text;
  EXPECT_TRUE(on_.until([this] { return count("http://a") == "0"; }));
  EXPECT_GT(redis()("ZSCORE fairlead:instances test.0").text, lease);
}

}  // namespace
}  // namespace fairlead::fleet
