#include "fleet/store_factory.hpp"

#include <gtest/gtest.h>

#include "fleet/failover_store.hpp"
#include "fleet/leased_store.hpp"
#include "support/redis_loop.hpp"

namespace fairlead::fleet {
namespace {

std::unique_ptr<StateStore> make(test::RedisLoop& on, SyncBell& bell, StateKind kind, bool is_leased = false) {
  StateSettings settings;
  settings.url.kind = kind;
  settings.instance = "test";
  settings.bell = &bell;
  settings.is_leased = is_leased;
  return make_store(settings, 0,
                    StoreParts{on.loop, on.resolver, on.registry.add_shard(), on.status, on.families, on.log});
}

TEST(StoreFactory, TheKindOfTheUrlAndTheCoordinationDecideTheStore) {
  test::RedisLoop on;
  SyncBell bell;
  EXPECT_NE(dynamic_cast<MemoryStore*>(make(on, bell, StateKind::memory).get()), nullptr);
  EXPECT_NE(dynamic_cast<FailoverStore*>(make(on, bell, StateKind::redis).get()), nullptr);
  EXPECT_NE(dynamic_cast<LeasedStore*>(make(on, bell, StateKind::redis, true).get()), nullptr);
}

TEST(StoreFactory, AStoreThatWasNeverStartedStopsAtOnce) {
  test::RedisLoop on;
  SyncBell bell;
  const std::unique_ptr<StateStore> store = make(on, bell, StateKind::redis);
  on.finish(store->stop());
}

}  // namespace
}  // namespace fairlead::fleet
