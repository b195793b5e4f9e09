#include "control/config_validator.hpp"

#include <gtest/gtest.h>

#include "control/config_parser.hpp"

namespace fairlead::control {
namespace {

std::vector<std::string> faults_of(std::string_view text) {
  std::vector<std::string> lines;
  for (const Problem& problem : parse_config(text, "f").problems) {
    lines.push_back(format_problem(problem));
  }
  return lines;
}

std::string fault_of(std::string_view text) {
  const auto faults = faults_of(text);
  EXPECT_EQ(faults.size(), 1U) << text << ": " << testing::PrintToString(faults);
  return faults.empty() ? "" : faults[0];
}

void expect_right(std::string_view text) {
  EXPECT_EQ(faults_of(text), std::vector<std::string>{}) << text;
}

TEST(ConfigValidator, FindsNothingInTheDefaults) {
  ProblemList problems("f");
  validate(default_config(), {}, {}, {}, problems);
  EXPECT_TRUE(problems.empty());
}

TEST(ConfigValidator, RefusesAnUnknownPoolWithTheNearest) {
  EXPECT_EQ(fault_of("pools: [{name: web}]\nroutes: [{path: /a, pool: wbe}]"),
            "f:2:27: there is no pool `wbe`; did you mean `web`?");
}

TEST(ConfigValidator, NoticesThatADefaultRouteHasNoPool) {
  EXPECT_EQ(fault_of("# the built-in route serves the pool `default`\npools: [{name: web}]"),
            "f:2:8: there is no pool `default`, where the built-in route sends `POST /proxy`; name a pool so, or write "
            "`routes` of your own");
  EXPECT_EQ(fault_of("pools: [{name: web}]\nroutes: [{path: /a}]"),
            "f:2:10: there is no pool `default`; known are `web`");
}

TEST(ConfigValidator, RefusesASecondPoolOfAName) {
  EXPECT_EQ(fault_of("pools:\n  - name: default\n  - name: default\n"),
            "f:3:11: a second pool has the name `default`; give each its own (the first is in line 2)");
}

TEST(ConfigValidator, RefusesABackendTwiceInAPool) {
  EXPECT_NE(
      fault_of("pools: [{name: default, backends: [{url: http://a}, {url: http://a}]}]").find("twice in the pool"),
      std::string::npos);
  expect_right("pools: [{name: default, backends: [{url: http://a}]}, {name: other, backends: [{url: http://a}]}]");
}

TEST(ConfigValidator, RefusesAHashKeyOfTwoKinds) {
  EXPECT_EQ(fault_of("pools:\n  - name: default\n    strategy: consistent_hash\n"
                     "    hash_key: {header: X-User, cookie: sid}\n"),
            "f:4:40: `hash_key` has both `header` and `cookie`; keep one of them");
  fault_of("pools: [{name: default, strategy: consistent_hash, hash_key: {cookie: a, query_parameter: a}}]");
}

TEST(ConfigValidator, RefusesAHashKeyThatNothingUses) {
  EXPECT_EQ(fault_of("pools: [{name: default, hash_key: {header: X-User}}]\nroutes: [{prefix: /}]"),
            "f:1:35: `hash_key` does nothing, no request to this pool is sent by its key; add `strategy: "
            "consistent_hash`, or leave the key out");
  EXPECT_EQ(fault_of("pools: [{name: default, hash_load_max: 2}]\nroutes: [{prefix: /}]").substr(0, 7), "f:1:40:");
  fault_of(
      "pools: [{name: a, hash_load_max: none}, {name: b}]\n"
      "routes: [{path: /, pool: b, strategy: consistent_hash}, {path: /a, pool: a}]");
}

TEST(ConfigValidator, AHashKeyMayBeForThePoolARouteOrWhoeverAsks) {
  const std::string key = "hash_key: {header: X-User}, hash_load_max: none";
  expect_right("pools: [{name: default, strategy: consistent_hash, " + key + "}]");
  expect_right("pools: [{name: default, " + key + "}]\nroutes: [{prefix: /, strategy: consistent_hash}]");
  expect_right("pools: [{name: default, " + key + "}]\nroutes: [{prefix: /, strategy_parameter: s}]");
  expect_right("pools: [{name: default, strategy: consistent_hash}]");  // by the client's address
}

TEST(ConfigValidator, RefusesARouteBehindAPrefixThatCoversIt) {
  EXPECT_EQ(fault_of("routes:\n  - prefix: /\n  - path: /a\n"),
            "f:3:11: this route can never serve, `/` takes its paths before it (line 2); put this one first");
  fault_of("routes: [{prefix: /a}, {prefix: /ab}]");
  fault_of("routes: [{prefix: /, methods: [GET]}, {path: /a, methods: [POST]}]");
  expect_right("routes: [{path: /a}, {prefix: /}]");
  expect_right("routes: [{prefix: /a}, {path: /b}]");
  expect_right("routes: [{path: /a}, {prefix: /a}]");
}

TEST(ConfigValidator, RefusesARouteWhoseMethodsAreAllTaken) {
  EXPECT_EQ(fault_of("routes:\n  - path: /a\n  - path: /a\n"),
            "f:3:11: this route can never serve, `/a` is taken with all its methods before it (line 2); remove one of "
            "them");
  fault_of("routes: [{path: /a}, {path: /a, methods: [GET]}]");
  fault_of("routes: [{path: /a, methods: [GET]}, {path: /a, methods: [PUT]}, {path: /a, methods: [GET, PUT]}]");
  expect_right("routes: [{path: /a, methods: [GET]}, {path: /a, methods: [GET, PUT]}]");
  expect_right("routes: [{path: /a, methods: [GET]}, {path: /a}]");
}

TEST(ConfigValidator, SeesThatAnEarlierRouteOfTheSamePathLetsALaterOneServe) {
  expect_right("routes: [{path: /a, methods: [GET]}, {prefix: /}, {path: /a, methods: [PUT]}]");
}

TEST(ConfigValidator, RefusesALineOrATargetLongerThanTheHead) {
  EXPECT_EQ(fault_of("limits: {head: 8KiB, line: 9KiB}"),
            "f:1:28: `limits.line` is 9KiB and more than the whole head; make it at most `limits.head`, 8KiB");
  EXPECT_EQ(fault_of("limits: {target: 33KiB}").substr(0, 7), "f:1:18:");
  fault_of("limits: {head: 4KiB, target: 2KiB, line: 8KiB}");
  fault_of("limits: {head: 4KiB, target: 2KiB}");
  expect_right("limits: {head: 8KiB, line: 8KiB, target: 8KiB}");
}

TEST(ConfigValidator, SaysThatADefaultIsLongerThanTheHead) {
  EXPECT_EQ(fault_of("limits:\n  head: 1KiB\n"),
            "f:2:9: `limits.head` is 1KiB and less than `limits.line` (8KiB by default) and `limits.target` (8KiB by "
            "default); write these too, at most 1KiB, or make the head 8KiB");
}

TEST(ConfigValidator, RefusesAnAddressThatIsListenedOnTwice) {
  EXPECT_EQ(fault_of("listen:\n  - address: 127.0.0.1:1\n  - address: 127.0.0.1:1\n"),
            "f:3:14: `127.0.0.1:1` is listened on twice (line 2); give each its own port");
  EXPECT_EQ(fault_of("listen:\n  - address: 0.0.0.0:5000\n  - address: 127.0.0.1:5000\n"),
            "f:3:14: `127.0.0.1:5000` and `0.0.0.0:5000` (line 2) can't both be listened on, 0.0.0.0 is every IPv4 "
            "address of this machine; give each its own port");
  EXPECT_NE(fault_of("listen: [{address: 0.0.0.0:1}, {address: '[::]:1'}]").find("[::] is every address"),
            std::string::npos);
  EXPECT_EQ(fault_of("listen: [{address: 127.0.0.1:8000}]"),
            "f:1:20: `127.0.0.1:8000` is listened on twice (`admin.address`); give each its own port");
  fault_of("listen: [{address: 0.0.0.0:8000}]");  // the admin listener's port, on every address
  fault_of("listen: [{address: 127.0.0.1:1}, {address: '[::]:1'}]");
  expect_right("listen: [{address: 127.0.0.1:1}, {address: 127.0.0.2:1}]");
  expect_right("listen: [{address: 127.0.0.1:0}, {address: 127.0.0.1:0}]");
  expect_right("listen: [{address: 0.0.0.0:1}, {address: '[::1]:1'}]");  // an IPv6 address is none of 0.0.0.0
}

}  // namespace
}  // namespace fairlead::control
