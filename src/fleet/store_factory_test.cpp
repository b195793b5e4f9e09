#include "fleet/store_factory.hpp"

#include <gtest/gtest.h>

#include "fleet/failover_store.hpp"
#include "support/redis_loop.hpp"

namespace fairlead::fleet {
namespace {

std::unique_ptr<StateStore> make(test::RedisLoop& on, StateKind kind) {
  StateSettings settings;
  settings.url.kind = kind;
  settings.instance = "test";
  return make_store(settings, 0,
                    StoreParts{on.loop, on.resolver, on.registry.add_shard(), on.status, on.families, on.log});
}

TEST(StoreFactory, TheKindOfTheUrlDecidesTheStore) {
  test::RedisLoop on;
  EXPECT_NE(dynamic_cast<MemoryStore*>(make(on, StateKind::memory).get()), nullptr);
  EXPECT_NE(dynamic_cast<FailoverStore*>(make(on, StateKind::redis).get()), nullptr);
}

TEST(StoreFactory, AStoreThatWasNeverStartedStopsAtOnce) {
  test::RedisLoop on;
  const std::unique_ptr<StateStore> store = make(on, StateKind::redis);
  on.finish(store->stop());
}

}  // namespace
}  // namespace fairlead::fleet
