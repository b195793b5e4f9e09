#include "control/config_parser.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace fairlead::control {
namespace {

using std::chrono::milliseconds;

std::vector<std::string> faults_of(std::string_view text) {
  std::vector<std::string> lines;
  for (const Problem& problem : parse_config(text, "f.yml").problems) {
    lines.push_back(format_problem(problem));
  }
  return lines;
}

std::string fault_of(std::string_view text) {
  const auto lines = faults_of(text);
  EXPECT_EQ(lines.size(), 1U) << text << ": " << testing::PrintToString(lines);
  return lines.empty() ? "" : lines.front();
}

Config config_of(std::string_view text) {
  ParsedConfig parsed = parse_config(text, "f.yml");
  for (const Problem& problem : parsed.problems) {
    ADD_FAILURE() << format_problem(problem);
  }
  return parsed.config;
}

std::string text_of_file(const std::string& path) {
  std::ifstream file(std::string(FAIRLEAD_SOURCE_DIR) + "/" + path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(ConfigParser, TakesAnEmptyFileForTheDefaults) {
  for (const char* text : {"", "\n\n", "# only a comment\n", "---\n", "~\n"}) {
    const Config config = config_of(text);
    EXPECT_EQ(config.listen.at(0).address, "0.0.0.0:5000");
    EXPECT_EQ(config.admin_address, "127.0.0.1:8000");
    EXPECT_EQ(config.state.url, "memory://");
    EXPECT_EQ(config.pools.at(0).name, "default");
    EXPECT_EQ(config.routes.at(0).path, "/proxy");
  }
}

TEST(ConfigParser, ServesTheSeedsRouteByDefault) {
  const Config config = default_config();
  ASSERT_EQ(config.routes.size(), 1U);
  const RouteConfig& route = config.routes[0];
  EXPECT_EQ(route.methods, std::vector<std::string>{"POST"});
  EXPECT_FALSE(route.is_prefix);
  EXPECT_EQ(route.rewrite_path, "/process");
  EXPECT_EQ(route.strategy_parameter, "strategy");
  EXPECT_TRUE(route.annotated);
  EXPECT_EQ(route.pool, "default");
}

TEST(ConfigParser, PutsTheGivenStateIntoTheDefaults) {
  EXPECT_EQ(default_config("redis://h:1").state.url, "redis://h:1");
}

TEST(ConfigParser, ReadsTheExample) {
  const Config config = config_of(text_of_file("examples/fairlead.yml"));
  EXPECT_EQ(config.state.url, "redis://127.0.0.1:6379");
  EXPECT_EQ(config.pools.at(0).backends.at(1).weight, 2U);
  EXPECT_EQ(config.routes.at(1).path, "/");
  EXPECT_TRUE(config.routes.at(1).is_prefix);
  EXPECT_EQ(config.routes.at(1).body, 1ULL << 30);
}

TEST(ConfigParser, StoresEachKey) {
  const Config config = config_of(R"(
listen: [{address: "127.0.0.1:0"}, {address: "[::1]:5001"}]
admin: {address: "127.0.0.1:9000"}
workers: 3
engine: epoll
state: {url: "redis+unix:///run/redis.sock", coordination: exact, key_prefix: "{lb}:"}
limits: {head: 16KiB, line: 4096, fields: 50, target: 2KiB, body: 0, connections: 77}
timeouts: {header: 1s, body_idle: 2s, keep_alive: 3s, connect: 400ms, first_byte: 5m, idle: 1h, drain: 0s}
trusted_proxies: [10.0.0.0/8, "::1"]
pools:
  - {name: files, strategy: consistent_hash, hash_key: {cookie: sid}, hash_load_max: 1.5}
  - {name: web, strategy: least_conn, backends: [{url: "http://a:1", weight: 1000}]}
routes:
  - {path: /a, methods: [GET, POST], pool: web, strategy: round_robin, rewrite_path: /b, strategy_parameter: s}
  - {prefix: /c, pool: web, response: annotated, body: 1GiB, first_byte: 7s, idle: 8s}
)");
  EXPECT_EQ(config.listen.at(1).address, "[::1]:5001");
  EXPECT_EQ(config.admin_address, "127.0.0.1:9000");
  EXPECT_EQ(config.workers, 3U);
  EXPECT_EQ(config.engine, EngineChoice::epoll);
  EXPECT_EQ(config.state.url, "redis+unix:///run/redis.sock");
  EXPECT_EQ(config.state.coordination, Coordination::exact);
  EXPECT_EQ(config.state.key_prefix, "{lb}:");
  EXPECT_EQ(config.limits.head, 16'384U);
  EXPECT_EQ(config.limits.line, 4'096U);
  EXPECT_EQ(config.limits.fields, 50U);
  EXPECT_EQ(config.limits.target, 2'048U);
  EXPECT_EQ(config.limits.body, 0U);
  EXPECT_EQ(config.limits.connections, 77U);
  EXPECT_EQ(config.timeouts.header, milliseconds(1'000));
  EXPECT_EQ(config.timeouts.body_idle, milliseconds(2'000));
  EXPECT_EQ(config.timeouts.keep_alive, milliseconds(3'000));
  EXPECT_EQ(config.timeouts.connect, milliseconds(400));
  EXPECT_EQ(config.timeouts.first_byte, milliseconds(300'000));
  EXPECT_EQ(config.timeouts.idle, milliseconds(3'600'000));
  EXPECT_EQ(config.timeouts.drain, milliseconds(0));
  EXPECT_EQ(config.trusted_proxies, (std::vector<std::string>{"10.0.0.0/8", "::1"}));
  EXPECT_EQ(config.pools.at(0).strategy, balance::StrategyId::consistent_hash);
  EXPECT_EQ(config.pools.at(0).hash_key.cookie, "sid");
  EXPECT_EQ(config.pools.at(0).hash_load_max, 150U);
  EXPECT_EQ(config.pools.at(1).strategy, balance::StrategyId::least_conn);
  EXPECT_EQ(config.pools.at(1).backends.at(0).weight, 1'000U);
  EXPECT_EQ(config.routes.at(0).methods, (std::vector<std::string>{"GET", "POST"}));
  EXPECT_EQ(config.routes.at(0).strategy, balance::StrategyId::round_robin);
  EXPECT_EQ(config.routes.at(0).rewrite_path, "/b");
  EXPECT_EQ(config.routes.at(0).strategy_parameter, "s");
  EXPECT_FALSE(config.routes.at(0).body);
  EXPECT_TRUE(config.routes.at(1).annotated);
  EXPECT_EQ(config.routes.at(1).first_byte, milliseconds(7'000));
  EXPECT_EQ(config.routes.at(1).idle, milliseconds(8'000));
}

TEST(ConfigParser, TellsEveryFaultInOneGoAndInTheFilesOrder) {
  const auto faults = faults_of("timeouts: {conect: 1s}\nworkers: -1\nengine: fast\n");
  ASSERT_EQ(faults.size(), 3U);
  EXPECT_EQ(faults[0], "f.yml:1:12: the key `conect` isn't known in `timeouts`; did you mean `connect`?");
  EXPECT_EQ(faults[1], "f.yml:2:10: `workers` can't be the value `-1`; write auto or a whole number such as 4");
  EXPECT_EQ(faults[2], "f.yml:3:9: `engine` can't be `fast`; known are `auto`, `epoll`, `io_uring`");
}

TEST(ConfigParser, RefusesARouteWithBothPlacesOrNone) {
  EXPECT_EQ(fault_of("routes: [{path: /a, prefix: /b}]"),
            "f.yml:1:10: a route has both `path` and `prefix`; keep one of them");
  EXPECT_EQ(fault_of("routes: [{methods: [GET]}]"),
            "f.yml:1:10: a route has neither `path` nor `prefix`; add one of them");
}

TEST(ConfigParser, NamesTheMissingKeyOfAnItem) {
  EXPECT_EQ(fault_of("pools: [{name: default, backends: [{weight: 2}]}]"),
            "f.yml:1:36: `pools[0].backends[0]` has no `url`; add the key");
  EXPECT_EQ(fault_of("pools: [{strategy: least_conn}]"), "f.yml:1:9: `pools[0]` has no `name`; add the key");
  EXPECT_EQ(fault_of("listen: [{}]"), "f.yml:1:10: `listen[0]` has no `address`; add the key");
}

TEST(ConfigParser, NeverShowsASecretOfAStateUrl) {
  for (const std::string& fault : faults_of("state: {url: \"redis://user:hunter2@h:99999\"}")) {
    EXPECT_EQ(fault.find("hunter2"), std::string::npos);
  }
}

TEST(ConfigParser, RefusesADocumentThatIsNoMapping) {
  EXPECT_EQ(fault_of("just text"),
            "f.yml:1:1: the file can't be the text `just text`; write keys below it, or leave it out");
  EXPECT_EQ(faults_of("[1, 2]").size(), 1U);
}

TEST(ConfigParser, TellsTheLineOfASyntaxError) {
  EXPECT_EQ(fault_of("limits:\n  head: [\n"),
            "f.yml:3:1: this isn't valid YAML (end of sequence flow not found); check indentation, colons and quotes "
            "near here");
}

}  // namespace
}  // namespace fairlead::control
