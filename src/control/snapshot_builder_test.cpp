#include "control/snapshot_builder.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::control {
namespace {

using std::chrono::seconds;
using SnapshotPointer = std::shared_ptr<const routing::Snapshot>;

Config config_with(std::vector<BackendConfig> backends) {
  Config config;
  config.pools[0].backends = std::move(backends);
  RouteConfig route;
  route.path = "/";
  route.is_prefix = true;
  config.routes.push_back(route);
  return config;
}

std::vector<std::string> urls_of(const routing::Pool& pool) {
  std::vector<std::string> urls;
  for (const balance::Backend& backend : pool.backends) {
    urls.push_back(backend.url);
  }
  return urls;
}

SnapshotPointer build(const Config& config, const BackendLists& lists = {},
                      const routing::Snapshot* previous = nullptr) {
  return build_snapshot(config, lists, previous, 1);
}

TEST(SnapshotBuilder, TakesConfiguredBackendsWhereTheStateListsNone) {
  const Config config = config_with({{"http://a:1", 2}, {"http://b", 1}});
  const SnapshotPointer snapshot = build(config);
  const balance::BackendSet& backends = snapshot->pools.at(0)->backends;
  ASSERT_EQ(backends.size(), 2U);
  EXPECT_EQ(backends[0].host, "a");
  EXPECT_EQ(backends[0].port, 1);
  EXPECT_EQ(backends[0].weight, 2U);
  EXPECT_EQ(backends[1].port, 80);
}

TEST(SnapshotBuilder, TakesTheStatesListInItsOrder) {
  const Config config = config_with({{"http://a:1", 2}});
  const SnapshotPointer snapshot = build(config, {{"default", {{"http://c:3"}, {"http://a:1", 2}}}});
  EXPECT_EQ(urls_of(*snapshot->pools[0]), (std::vector<std::string>{"http://c:3", "http://a:1"}));
  EXPECT_EQ(snapshot->pools[0]->backends[0].weight, 1U);
  EXPECT_EQ(snapshot->pools[0]->backends[1].weight, 2U);
}

TEST(SnapshotBuilder, AnEmptyListIsEmpty) {
  const Config config = config_with({{"http://a:1", 1}});
  EXPECT_TRUE(build(config, {{"default", {}}})->pools[0]->backends.empty());
}

TEST(SnapshotBuilder, LeavesOutWhatIsNoUrl) {
  const Config config = config_with({});
  const SnapshotPointer snapshot = build(config, {{"default", {{"nonsense"}, {"http://a:1"}, {"https://b"}}}});
  EXPECT_EQ(urls_of(*snapshot->pools[0]), std::vector<std::string>{"http://a:1"});
}

TEST(SnapshotBuilder, AUrlListedTwiceIsOneBackendTwice) {
  const Config config = config_with({});
  const SnapshotPointer snapshot = build(config, {{"default", {{"http://a:1"}, {"http://a:1"}}}});
  const balance::BackendSet& backends = snapshot->pools[0]->backends;
  ASSERT_EQ(backends.size(), 2U);
  EXPECT_EQ(backends[0].activity, backends[1].activity);
}

TEST(SnapshotBuilder, BackendsThatStayKeepTheirCells) {
  const Config config = config_with({{"http://a:1", 1}, {"http://b:1", 1}});
  const SnapshotPointer first = build(config);
  const SnapshotPointer second = build(config, {{"default", {{"http://b:1"}, {"http://c:1"}}}}, first.get());
  EXPECT_EQ(second->pools[0]->backends[0].activity, first->pools[0]->backends[1].activity);
  EXPECT_NE(second->pools[0]->backends[1].activity, nullptr);
  EXPECT_EQ(second->pools[0]->activity, first->pools[0]->activity);
}

TEST(SnapshotBuilder, WhoDrainsIsKeptApartWithItsCells) {
  const Config config = config_with({{"http://a:1", 1}, {"http://b:1", 1}});
  const SnapshotPointer first = build(config);
  const SnapshotPointer second = build(config, {{"default", {{"http://a:1", 1, 7}, {"http://b:1"}}}}, first.get());
  EXPECT_EQ(urls_of(*second->pools[0]), std::vector<std::string>{"http://b:1"});
  ASSERT_EQ(second->pools[0]->draining.size(), 1U);
  EXPECT_EQ(second->pools[0]->draining[0].activity, first->pools[0]->backends[0].activity);
  const SnapshotPointer third = build(config, {}, second.get());
  EXPECT_EQ(third->pools[0]->backends[0].activity, first->pools[0]->backends[0].activity);
}

TEST(SnapshotBuilder, PoolsDontShareTheCellsOfTheSameBackend) {
  Config config = config_with({{"http://a:1", 1}});
  config.pools.push_back(
      {.name = "blue", .strategy = balance::StrategyId::least_conn, .backends = {{"http://a:1", 1}}});
  const SnapshotPointer snapshot = build(config);
  EXPECT_NE(snapshot->pools[0]->backends[0].activity, snapshot->pools[1]->backends[0].activity);
  EXPECT_EQ(snapshot->pools[1]->default_strategy, balance::StrategyId::least_conn);
}

TEST(SnapshotBuilder, APoolsKeyIsTheClientsAddressUnlessItIsNamed) {
  using Source = routing::KeyRule::Source;
  const auto key_of = [](const HashKeyConfig& key) {
    Config config = config_with({});
    config.pools[0].hash_key = key;
    return build(config)->pools[0]->affinity.key;
  };
  EXPECT_EQ(key_of({}), (routing::KeyRule{Source::client_address, ""}));
  EXPECT_EQ(key_of({.header = "X-User", .cookie = "", .query_parameter = ""}),
            (routing::KeyRule{Source::header, "X-User"}));
  EXPECT_EQ(key_of({.header = "", .cookie = "sid", .query_parameter = ""}), (routing::KeyRule{Source::cookie, "sid"}));
  EXPECT_EQ(key_of({.header = "", .cookie = "", .query_parameter = "u"}),
            (routing::KeyRule{Source::query_parameter, "u"}));
}

TEST(SnapshotBuilder, APoolsBoundPassesAndIsOneAndAQuarterByDefault) {
  Config config = config_with({});
  EXPECT_EQ(build(config)->pools[0]->affinity.load_max, 1.25F);
  config.pools[0].hash_load_max = 0;
  EXPECT_EQ(build(config)->pools[0]->affinity.load_max, 0);
}

TEST(SnapshotBuilder, ARingIsBuiltOnlyForAPoolThatARequestMayReachByItsKey) {
  constexpr balance::StrategyId keyed = balance::StrategyId::consistent_hash;
  const auto has_ring = [](const Config& config) {
    return build(config)->pools[0]->strategies[static_cast<std::size_t>(keyed)] != nullptr;
  };
  Config config = config_with({});
  EXPECT_FALSE(has_ring(config));
  Config by_pool = config;
  by_pool.pools[0].strategy = keyed;
  EXPECT_TRUE(has_ring(by_pool));
  Config by_route = config;
  by_route.routes[0].strategy = keyed;
  EXPECT_TRUE(has_ring(by_route));
  Config by_request = config;
  by_request.routes[0].strategy_parameter = "strategy";
  EXPECT_TRUE(has_ring(by_request));
  by_request.routes[0].pool = "another";
  EXPECT_FALSE(chooses_by_key(by_request, by_request.pools[0]));
}

TEST(SnapshotBuilder, APoolThatMovesKeepsItsCells) {
  Config config = config_with({{"http://a:1", 1}});
  const SnapshotPointer first = build(config);
  config.pools.insert(config.pools.begin(), PoolConfig{.name = "blue", .backends = {}});
  const SnapshotPointer second = build(config, {}, first.get());
  EXPECT_EQ(second->pools[1]->activity, first->pools[0]->activity);
  EXPECT_NE(second->pools[0]->activity, first->pools[0]->activity);
  EXPECT_EQ(second->routes.routes()[0].pool, 1U);
}

TEST(SnapshotBuilder, ARouteHasItsOwnLimitsOrTheCommonOnes) {
  Config config = config_with({});
  config.limits.body = 7;
  config.timeouts.first_byte = seconds(3);
  RouteConfig own;
  own.path = "/own";
  own.body = 9;
  own.first_byte = seconds(4);
  own.idle = seconds(5);
  config.routes.push_back(own);
  const SnapshotPointer snapshot = build(config);
  const auto& routes = snapshot->routes.routes();
  EXPECT_EQ(routes[0].body_max, 7U);
  EXPECT_EQ(routes[0].first_byte, seconds(3));
  EXPECT_EQ(routes[0].idle, config.timeouts.idle);
  EXPECT_EQ(routes[1].body_max, 9U);
  EXPECT_EQ(routes[1].first_byte, seconds(4));
  EXPECT_EQ(routes[1].idle, seconds(5));
}

TEST(SnapshotBuilder, ARoutesLabelIsItsPath) {
  Config config = config_with({});
  RouteConfig path;
  path.path = "/a";
  config.routes.push_back(path);
  const SnapshotPointer snapshot = build(config);
  EXPECT_EQ(snapshot->routes.routes()[0].name, "/");
  EXPECT_EQ(snapshot->routes.routes()[1].name, "/a");
}

TEST(SnapshotBuilder, LimitsTimeoutsAndTrustedProxiesPass) {
  Config config = config_with({});
  config.limits.head = 1'000;
  config.limits.fields = 10;
  config.timeouts.keep_alive = seconds(9);
  config.trusted_proxies = {"10.0.0.0/8"};
  const SnapshotPointer snapshot = build_snapshot(config, {}, nullptr, 5);
  EXPECT_EQ(snapshot->version, 5U);
  EXPECT_EQ(snapshot->head_limits.head, 1'000U);
  EXPECT_EQ(snapshot->head_limits.fields, 10U);
  EXPECT_EQ(snapshot->timeouts.keep_alive, seconds(9));
  EXPECT_EQ(snapshot->trusted_proxies.size(), 1U);
}

}  // namespace
}  // namespace fairlead::control
