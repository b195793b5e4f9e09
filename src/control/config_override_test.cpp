#include "control/config_override.hpp"

#include <gtest/gtest.h>

#include "control/config_parser.hpp"

namespace fairlead::control {
namespace {

struct Outcome {
  Config config = default_config();
  std::vector<std::string> faults;
};

Outcome set(const std::vector<std::string>& assignments) {
  Outcome outcome;
  KeySources sources;
  for (const Problem& problem : apply_overrides(outcome.config, sources, assignments)) {
    outcome.faults.push_back(format_problem(problem));
  }
  return outcome;
}

Config config_of(const std::vector<std::string>& assignments) {
  const Outcome outcome = set(assignments);
  EXPECT_EQ(outcome.faults, std::vector<std::string>{});
  return outcome.config;
}

std::string fault_of(const std::vector<std::string>& assignments) {
  const Outcome outcome = set(assignments);
  EXPECT_EQ(outcome.faults.size(), 1U) << testing::PrintToString(outcome.faults);
  return outcome.faults.empty() ? "" : outcome.faults[0];
}

TEST(ConfigOverride, SetsEachKindOfValue) {
  const Config config = config_of({"timeouts.connect=2s", "limits.body=1GiB", "workers=2", "engine=epoll",
                                   "state.url=redis://:p@h:1/2", "trusted_proxies=10.0.0.0/8,::1"});
  EXPECT_EQ(config.timeouts.connect, Milliseconds(2'000));
  EXPECT_EQ(config.limits.body, 1ULL << 30);
  EXPECT_EQ(config.workers, 2U);
  EXPECT_EQ(config.engine, EngineChoice::epoll);
  EXPECT_EQ(config.state.url, "redis://:p@h:1/2");
  EXPECT_EQ(config.trusted_proxies, (std::vector<std::string>{"10.0.0.0/8", "::1"}));
}

TEST(ConfigOverride, SetsListsByTheirMainKey) {
  const Config config = config_of({"listen=127.0.0.1:80,[::1]:80", "pools.default.backends=http://a,http://b:1"});
  ASSERT_EQ(config.listen.size(), 2U);
  EXPECT_EQ(config.listen[1].address, "[::1]:80");
  ASSERT_EQ(config.pools[0].backends.size(), 2U);
  EXPECT_EQ(config.pools[0].backends[1].url, "http://b:1");
  EXPECT_EQ(config.pools[0].backends[1].weight, 1U);
}

TEST(ConfigOverride, ReachesIntoPoolsAndRoutes) {
  const Config config = config_of({"pools.default.strategy=least_conn", "routes.0.body=5MiB", "routes.0.methods=PUT"});
  EXPECT_EQ(config.pools[0].strategy, balance::StrategyId::least_conn);
  EXPECT_EQ(config.routes[0].body, 5ULL << 20);
  EXPECT_EQ(config.routes[0].methods, std::vector<std::string>{"PUT"});
}

TEST(ConfigOverride, SetsAPoolsKeyAndItsBound) {
  const Config config = config_of({"pools.default.hash_key.cookie=sid", "pools.default.hash_load_max=1.5"});
  EXPECT_EQ(config.pools[0].hash_key.cookie, "sid");
  EXPECT_EQ(config.pools[0].hash_load_max, 150U);
}

TEST(ConfigOverride, TakesAnEmptyValue) {
  EXPECT_EQ(config_of({"state.key_prefix="}).state.key_prefix, "");
  EXPECT_TRUE(config_of({"trusted_proxies="}).trusted_proxies.empty());
  EXPECT_NE(fault_of({"listen="}).find("is an empty list"), std::string::npos);
}

TEST(ConfigOverride, NamesAnEmptyValueThatIsNone) {
  EXPECT_EQ(fault_of({"workers="}), "--set:1:9: `workers` can't be nothing; write auto or a whole number such as 4");
}

TEST(ConfigOverride, LetsTheLastOneWin) {
  EXPECT_EQ(config_of({"workers=2", "workers=3"}).workers, 3U);
}

TEST(ConfigOverride, PointsAtTheFaultyAssignment) {
  EXPECT_EQ(fault_of({"workers=2", "timeouts.connect=2"}),
            "--set:2:18: `timeouts.connect` can't be the value `2`; write a duration such as 250ms, 5s or 1m");
  EXPECT_EQ(fault_of({"listen=127.0.0.1:80,x"}),
            "--set:1:21: `x` isn't an IP address and a port; write it such as 0.0.0.0:5000 or \"[::]:5000\"");
}

TEST(ConfigOverride, RefusesAnUnknownKeyWithTheNearest) {
  EXPECT_EQ(fault_of({"timeout.connect=2s"}),
            "--set:1:1: the key `timeout.connect` isn't known; did you mean `timeouts.connect`?");
  EXPECT_EQ(fault_of({"xyz=1"}), "--set:1:1: the key `xyz` isn't known; docs/configuration.md has them all");
  EXPECT_NE(fault_of({"pools.web.strategy=round_robin"}).find("did you mean `pools.default.strategy`?"),
            std::string::npos);
  EXPECT_NE(fault_of({"pools.shop-frontend.x=1"}).find("write pools.NAME.KEY"), std::string::npos);
  EXPECT_NE(fault_of({"pools.default.stratgy=random"}).find("did you mean `pools.default.strategy`?"),
            std::string::npos);
  EXPECT_NE(fault_of({"pools.default.nope=1"}).find("isn't known"), std::string::npos);
  EXPECT_NE(fault_of({"routes.1.body=1"}).find("did you mean `routes.0.body`?"), std::string::npos);
  EXPECT_NE(fault_of({"routes.17.anything=1"}).find("write routes.N.KEY"), std::string::npos);
  fault_of({"routes.0=1"});
  fault_of({"=1"});
  fault_of({""});
}

TEST(ConfigOverride, RefusesAnAssignmentWithoutValue) {
  EXPECT_EQ(fault_of({"workers"}), "--set:1:1: `workers` has no value; write KEY=VALUE such as timeouts.connect=2s");
}

TEST(ConfigOverride, RefusesAWholeGroup) {
  EXPECT_EQ(fault_of({"limits=1"}),
            "--set:1:1: `limits` has keys of its own; set one of them, or write it into a file");
  fault_of({"pools=a"});
}

TEST(ConfigOverride, ChecksTheWholeAfterTheLast) {
  config_of({"limits.line=64KiB", "limits.head=64KiB"});
  EXPECT_EQ(fault_of({"workers=1", "limits.line=64KiB"}),
            "--set:2:13: `limits.line` is 64KiB and more than the whole head; make it at most `limits.head`, 32KiB");
}

/// Of the assignments on top of a file.
std::vector<std::string> faults_over(std::string_view text, const std::vector<std::string>& assignments) {
  ParsedConfig parsed = parse_config(text, "f");
  EXPECT_EQ(parsed.problems.size(), 0U) << text;
  std::vector<std::string> faults;
  for (const Problem& problem : apply_overrides(parsed.config, parsed.sources, assignments)) {
    faults.push_back(format_problem(problem));
  }
  return faults;
}

TEST(ConfigOverride, DoesntTakeTheRoutesOfAFileForTheBuiltInOne) {
  EXPECT_EQ(faults_over("routes: [{path: /a, pool: default}]", {"pools.default.name=web", "workers=2"}),
            std::vector<std::string>{
                "--set:1:20: there is no pool `default`, where `routes[0]` sends its requests; known are `web`"});
  EXPECT_EQ(faults_over("routes: [{path: /a}]", {"routes.0.pool=defualt"}),
            std::vector<std::string>{"--set:1:15: there is no pool `defualt`; did you mean `default`?"});
}

TEST(ConfigOverride, StillNamesTheBuiltInRouteWhereNoOthersAreWritten) {
  EXPECT_EQ(faults_over("workers: 1", {"pools.default.name=web", "workers=2"}),
            std::vector<std::string>{"--set:1:20: there is no pool `default`, where the built-in route sends `POST "
                                     "/proxy`; name a pool so, or write `routes` of your own"});
}

TEST(ConfigOverride, DoesntTakeALimitOfAFileForADefault) {
  EXPECT_EQ(faults_over("limits: {line: 8KiB, target: 1KiB}", {"limits.head=4KiB", "workers=2"}),
            std::vector<std::string>{"--set:1:13: `limits.line` is 8KiB and more than the whole head; make it at most "
                                     "`limits.head`, 4KiB"});
  EXPECT_EQ(faults_over("limits: {target: 1KiB}", {"limits.head=4KiB"}),
            std::vector<std::string>{"--set:1:13: `limits.head` is 4KiB and less than `limits.line` (8KiB by default); "
                                     "write these too, at most 4KiB, or make the head 8KiB"});
}

TEST(ConfigOverride, TellsWhereWhatItSetIsFrom) {
  Config config = default_config();
  KeySources sources;
  EXPECT_TRUE(apply_overrides(config, sources, std::vector<std::string>{"workers=2", "admin.token_file=/t"}).empty());
  EXPECT_EQ(format_problem(sources.problem("admin.token_file", "x")), "--set:2:18: x");
  EXPECT_FALSE(sources.has("state.url"));
}

TEST(ConfigOverride, NeverShowsASecret) {
  EXPECT_EQ(fault_of({"state.url=redis://u:hunter2@h:x"}).find("hunter2"), std::string::npos);
  EXPECT_EQ(fault_of({"redis://u:hunter2@h"}).find("hunter2"), std::string::npos);
  EXPECT_EQ(fault_of({"redis://u:hunter2@h=1"}).find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace fairlead::control
