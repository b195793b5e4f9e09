// A sync on a real redis-server: instances that place requests by load see what the others have in flight, in exact
// coordination too.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "core/metrics/prometheus_text.hpp"
#include "fleet/failover_store.hpp"
#include "fleet/fleet_sync.hpp"
#include "support/redis_loop.hpp"
#include "support/redis_server.hpp"

namespace fairlead::fleet {
namespace {

using balance::StrategyId;

/// An instance in exact coordination with one worker, whose pool of two backends is its own.
class ExactInstance {
 public:
  ExactInstance(test::RedisLoop& on, const StateUrl& url, const std::string& name) : on_(on) {
    FleetSync::Settings reader;
    reader.member.redis.url = url;
    reader.member.member = name;
    reader.role = SyncRole::reader;
    sync_.emplace(on.loop, on.resolver, reader, on.metrics, on.status, on.log);
    snapshot_.pools.push_back(std::make_unique<routing::Pool>("default", StrategyId::power_of_two, backends(),
                                                              std::make_shared<balance::PoolActivity>()));
    sync_->adopt(snapshot_);
    RedisStoreSettings worker;
    worker.member.redis.url = url;
    worker.member.member = name + ".0";
    store_.emplace(on.loop, on.resolver, worker, on.metrics, on.status, sync_->bell(), on.log);
    store_->start();
    sync_->start();
  }
  void stop() {
    for (const balance::Backend* backend : held_) {
      store_->release(pool(), *backend);
    }
    on_.finish(store_->stop());
    on_.finish(sync_->stop());
  }

  /// Places a request and holds it; answers where it went.
  std::string pick(StrategyId strategy) {
    Acquire want;
    bool is_answered = false;
    want.pool = &pool();
    want.strategy = strategy;
    want.context = &is_answered;
    want.on_answer = [](Acquire& one) { *static_cast<bool*>(one.context) = true; };
    is_answered = store_->acquire(want);
    EXPECT_TRUE(on_.until([&is_answered] { return is_answered; }));
    last_basis = want.basis;
    held_.push_back(want.backend);
    return want.backend->url;
  }
  [[nodiscard]] std::uint32_t others_at(balance::BackendIndex index) const {
    return snapshot_.pools[0]->backends[index].activity->others_in_flight;
  }

  Basis last_basis = Basis::local;

 private:
  static balance::BackendSet backends() {
    std::vector<balance::Backend> list;
    list.emplace_back().url = "http://a";
    list.emplace_back().url = "http://b";
    return balance::BackendSet(std::move(list));
  }
  const routing::Pool& pool() { return *snapshot_.pools[0]; }

  test::RedisLoop& on_;
  routing::Snapshot snapshot_;
  std::optional<FleetSync> sync_;
  std::optional<FailoverStore> store_;
  std::vector<const balance::Backend*> held_;
};

class FleetSyncOnRedis : public testing::Test {
 protected:
  void SetUp() override {
    if (!test::RedisServer::is_installed()) {
      GTEST_SKIP() << "redis-server isn't installed";
    }
    ASSERT_TRUE(server_.start());
    redis_.emplace(server_);
    (*redis_)("RPUSH backend_servers http://a http://b");
    StateUrl url;
    url.kind = StateKind::redis_unix;
    url.path = server_.socket_path();
    one_.emplace(on_, url, "one");
    other_.emplace(on_, url, "other");
    ASSERT_TRUE(on_.until([this] { return on_.status.live == 4; }));
  }
  void TearDown() override {
    if (other_) {
      one_->stop();
      other_->stop();
    }
  }
  std::string get(const std::string& command) { return (*redis_)(command).text; }

  test::RedisServer server_;
  std::optional<test::RedisConnection> redis_;
  test::RedisLoop on_;
  std::optional<ExactInstance> one_;
  std::optional<ExactInstance> other_;
};

TEST_F(FleetSyncOnRedis, InExactCoordinationAStrategyByLoadsSeesTheWholeFleet) {
  for (int i = 0; i < 12; ++i) {
    one_->pick(StrategyId::round_robin);  // six at each
  }
  (*redis_)("INCRBY conn_count:http://a 20");
  other_->pick(StrategyId::power_of_two);
  ASSERT_TRUE(on_.until([this] { return other_->others_at(0) >= 26 && other_->others_at(1) == 6; }));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(other_->pick(StrategyId::power_of_two), "http://b");
  }
  EXPECT_EQ(other_->last_basis, Basis::leased);
}

TEST_F(FleetSyncOnRedis, AReaderTakesItsOwnRequestsOutOfWhatTheFleetCounts) {
  for (int i = 0; i < 8; ++i) {
    one_->pick(StrategyId::power_of_two);
  }
  ASSERT_TRUE(on_.until([this] {
    one_->pick(StrategyId::power_of_two);
    return one_->last_basis == Basis::leased && one_->others_at(0) == 0 && one_->others_at(1) == 0;
  }));
}

TEST_F(FleetSyncOnRedis, AReaderIsNoMemberAndHasNoLedger) {
  other_->pick(StrategyId::power_of_two);
  ASSERT_TRUE(on_.until([this] { return get("GET fairlead:tie") == "1"; }));
  EXPECT_EQ(get("ZCARD fairlead:instances"), "2");
  EXPECT_EQ(get("ZSCORE fairlead:instances other"), "");
  EXPECT_EQ(get("EXISTS fairlead:ledger:other fairlead:ledger:"), "0");
}

TEST_F(FleetSyncOnRedis, WhileNobodyGoesByLoadsAReaderAsksNothing) {
  for (int i = 0; i < 20; ++i) {
    one_->pick(StrategyId::round_robin);
    one_->pick(StrategyId::least_conn);
    one_->pick(StrategyId::random);
  }
  std::string text;
  metrics::append_prometheus_text(text, on_.registry.collect());
  EXPECT_EQ(text.find("op=\"sync\""), std::string::npos) << text;
}

}  // namespace
}  // namespace fairlead::fleet
