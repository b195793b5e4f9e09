#include "core/routing/snapshot.hpp"

#include <gtest/gtest.h>

namespace fairlead::routing {
namespace {

balance::BackendSet two_backends() {
  return balance::BackendSet(
      {balance::Backend{"http://a", "a", 80, 1, nullptr}, balance::Backend{"http://b", "b", 80, 1, nullptr}});
}

TEST(Pool, HasEveryStrategyOfTheRosterOverItsOwnBackends) {
  const Pool pool("default", balance::StrategyId::round_robin, two_backends(), nullptr);
  ASSERT_EQ(pool.strategies.size(), balance::strategy_names().size());
  for (const std::string_view name : balance::strategy_names()) {
    const balance::Strategy& strategy = pool.strategy(*balance::strategy_of(name));
    balance::PickInput input;
    input.ticket = 1;
    input.random = ~std::uint64_t{0};
    const std::optional<balance::BackendIndex> picked = strategy.pick(input);
    ASSERT_TRUE(picked) << name;
    EXPECT_LT(*picked, pool.backends.size()) << name;
    EXPECT_TRUE(strategy.needs_chance() || strategy.needs_key() || *picked == 1U) << name;
  }
}

TEST(Pool, BuildsWhatGoesByAKeyOnlyWhereItIsAskedFor) {
  const Pool pool("default", balance::StrategyId::round_robin, two_backends(), nullptr, {}, {}, false);
  const Pool keyed("default", balance::StrategyId::round_robin, two_backends(), nullptr, {}, {}, true);
  for (const std::string_view name : balance::strategy_names()) {
    const balance::StrategyId id = *balance::strategy_of(name);
    EXPECT_EQ(keyed.strategy(id).needs_key(), balance::goes_by_key(id)) << name;
    EXPECT_EQ(pool.strategies[static_cast<std::size_t>(id)] == nullptr, balance::goes_by_key(id)) << name;
  }
}

TEST(Pool, AKeyThatStaysWhateverTheLoadNeedsNoLoads) {
  using balance::StrategyId;
  const Pool bounded("default", StrategyId::consistent_hash, two_backends(), nullptr, {}, {.key = {}, .load_max = 1});
  const Pool any_load("default", StrategyId::consistent_hash, two_backends(), nullptr, {}, {.key = {}, .load_max = 0});
  EXPECT_TRUE(bounded.needs_loads(StrategyId::consistent_hash));
  EXPECT_FALSE(any_load.needs_loads(StrategyId::consistent_hash));
  EXPECT_TRUE(any_load.needs_loads(StrategyId::least_conn));
}

TEST(Pool, KeepsWhatItWasGiven) {
  const auto activity = std::make_shared<balance::PoolActivity>();
  const Pool pool("api", balance::StrategyId::least_conn, two_backends(), activity);
  EXPECT_EQ(pool.name, "api");
  EXPECT_EQ(pool.default_strategy, balance::StrategyId::least_conn);
  EXPECT_EQ(pool.backends.size(), 2U);
  EXPECT_EQ(pool.activity, activity);
}

TEST(Pool, MayBeEmpty) {
  const Pool pool("default", balance::StrategyId::round_robin, {}, nullptr);
  EXPECT_EQ(pool.strategy(balance::StrategyId::round_robin).pick({}), std::nullopt);
}

}  // namespace
}  // namespace fairlead::routing
