// Without a server: what a worker does that never finds Redis. With one: redis_store_redis_test.cpp.
#include "fleet/failover_store.hpp"

#include <gtest/gtest.h>

#include <list>

#include "support/redis_loop.hpp"

namespace fairlead::fleet {
namespace {

class FailoverStoreTest : public testing::Test {
 protected:
  FailoverStoreTest() {
    RedisStoreSettings settings;
    settings.member.redis.url.kind = StateKind::redis_unix;
    settings.member.redis.url.path = "/nonexistent/fairlead.sock";
    settings.member.redis.url.password = "secret";
    settings.member.member = "test.0";
    store_.emplace(on_.loop, on_.resolver, settings, on_.metrics, on_.status, bell_, on_.log);
  }
  ~FailoverStoreTest() override { on_.finish(store_->stop()); }

  static balance::BackendSet backends() {
    std::vector<balance::Backend> list;
    list.emplace_back().url = "http://a";
    return balance::BackendSet(std::move(list));
  }

  test::RedisLoop on_;
  routing::Pool pool_{"default", balance::StrategyId::round_robin, backends(),
                      std::make_shared<balance::PoolActivity>()};
  SyncBell bell_;
  std::optional<FailoverStore> store_;
};

TEST_F(FailoverStoreTest, AnswersAtOnceWhileRedisIsNotThere) {
  store_->start();
  Acquire want;
  want.pool = &pool_;
  ASSERT_TRUE(store_->acquire(want));
  ASSERT_NE(want.backend, nullptr);
  EXPECT_EQ(want.backend->activity->in_flight, 1u);
  store_->release(pool_, *want.backend);
  EXPECT_EQ(pool_.backends[0].activity->in_flight, 0u);
}

TEST_F(FailoverStoreTest, SaysOnceThatRedisIsNotThereAndNeverThePassword) {
  store_->start();
  const auto failures = [this] { return on_.lines.count("redis unavailable"); };
  ASSERT_TRUE(on_.until([&] { return failures() > 0; }));
  const io::TimePoint more_tries = on_.loop.exact_now() + std::chrono::milliseconds(150);
  ASSERT_TRUE(on_.until([&] { return on_.loop.exact_now() > more_tries; }));
  EXPECT_EQ(failures(), 1u);
  EXPECT_EQ(on_.lines.count("reason=refused"), 1u);
  EXPECT_EQ(on_.lines.count("secret"), 0u);
  EXPECT_TRUE(on_.status.is_degraded());
}

TEST_F(FailoverStoreTest, WorkersOfAProcessSayItOnce) {
  std::list<FailoverStore> others;
  for (int i = 1; i < 4; ++i) {
    RedisStoreSettings settings;
    settings.member.redis.url.kind = StateKind::redis_unix;
    settings.member.redis.url.path = "/nonexistent/fairlead.sock";
    others.emplace_back(on_.loop, on_.resolver, settings, on_.metrics, on_.status, bell_, on_.log).start();
  }
  store_->start();
  const io::TimePoint more_tries = on_.loop.exact_now() + std::chrono::milliseconds(150);
  ASSERT_TRUE(on_.until([&] { return on_.loop.exact_now() > more_tries; }));
  EXPECT_EQ(on_.lines.count("redis unavailable"), 1u);
  for (FailoverStore& other : others) {
    on_.finish(other.stop());
  }
}

}  // namespace
}  // namespace fairlead::fleet
