#include "app/fleet_text.hpp"

#include <gtest/gtest.h>

namespace fairlead::app {
namespace {

TEST(FleetText, ShowsMembersAndTheOwnOne) {
  const std::string text = fleet_text(R"({"instance":"a1","version":"0.1.0","coordination":"leased",)"
                                      R"("state":{"url":"redis://h:1","step":"live","age_ms":3},)"
                                      R"("drift":2,"members":[{"id":"a1","own":true,"lease_ms":2500,"in_flight":7}]})");
  EXPECT_NE(text.find("instance a1, fairlead 0.1.0, leased on redis://h:1: live, counts drift by 2"), std::string::npos)
      << text;
  EXPECT_NE(text.find("a1 *"), std::string::npos) << text;
  EXPECT_NE(text.find("2.5 s         7"), std::string::npos) << text;
}

TEST(FleetText, ShowsBackendsAndWhatIsNotKnown) {
  const std::string text = backends_text(
      R"({"pool":"default","backends":[{"url":"http://a:1","weight":3,"state":"draining","in_flight":{"local":4}}]})");
  EXPECT_NE(text.find("POOL default"), std::string::npos) << text;
  EXPECT_NE(text.find("http://a:1                3 draining       4      ?"), std::string::npos) << text;
  EXPECT_NE(backends_text(R"({"pool":"p","backends":[]})").find("(no backends)"), std::string::npos);
}

TEST(FleetText, SaysThatRedisRefusesToRegisterWhatIsConfigured) {
  const std::string text = backends_text(R"({"pool":"p","unregistered":"OOM","backends":[]})");
  EXPECT_NE(text.find("(Redis refuses to register the configured ones: OOM)"), std::string::npos) << text;
}

TEST(FleetText, WhatWouldSteerATerminalIsNotShown) {
  EXPECT_EQ(problem_text("{\"detail\":\"a\\u001b]0;x\\u0007\"}"), "a?]0;x?");
  EXPECT_EQ(printable("a\xff\x9b"), "a??");
}

TEST(FleetText, NamesThePools) {
  EXPECT_EQ(pool_names(R"({"pools":[{"name":"a"},{"name":"b"}]})"), (std::vector<std::string>{"a", "b"}));
}

std::string text_at_step(const std::string& step, int age_ms) {
  return fleet_text(R"({"state":{"step":")" + step + R"(","age_ms":)" + std::to_string(age_ms) + R"(},"members":[]})");
}

TEST(FleetText, SaysWhatStaleMeansAndNothingWhereAllIsWell) {
  EXPECT_NE(text_at_step("stale", 2300).find("  stale: Redis hasn't answered for 2.3 s; "), std::string::npos);
  EXPECT_EQ(text_at_step("live", 2300).find("hasn't"), std::string::npos);
}

TEST(FleetText, DoesntCallARedisSilentThatMayRefuse) {
  const std::string text = text_at_step("local", 2300);
  EXPECT_NE(text.find("  local: Redis hasn't been of use for 2.3 s, the log says why; "), std::string::npos) << text;
  EXPECT_EQ(text.find("answered"), std::string::npos) << text;
}

TEST(FleetText, NamesNoTimeForARedisThatWasNeverOfUse) {
  const std::string text = text_at_step("local", 0);
  EXPECT_NE(text.find("  local: Redis hasn't been of use yet, the log says why; "), std::string::npos) << text;
  EXPECT_EQ(text.find("0.0 s"), std::string::npos) << text;
}

TEST(FleetText, SaysWhatThePoolDoesWhenNoneOfItsBackendsIsUp) {
  const auto of_states = [](const std::string& one, const std::string& other) {
    return backends_text(R"({"pool":"p","backends":[{"url":"a","state":")" + one + R"("},{"url":"b","state":")" +
                         other + R"("}]})");
  };
  EXPECT_NE(of_states("resting", "draining").find("(all rest after failed connects: each is tried all the same)"),
            std::string::npos);
  EXPECT_NE(of_states("draining", "draining").find("(all drain: requests are answered 503)"), std::string::npos);
  EXPECT_EQ(of_states("up", "resting").find('('), std::string::npos);
}

TEST(FleetText, IsEmptyForSomethingElse) {
  EXPECT_EQ(fleet_text("<html>"), "");
  EXPECT_EQ(backends_text("[]"), "");
  EXPECT_EQ(problem_text("{}"), "");
  EXPECT_EQ(problem_text(R"({"detail":"no such pool"})"), "no such pool");
}

TEST(FleetText, SumsRequestsOverTheirLabels) {
  EXPECT_EQ(requests_in("# HELP http_requests_total x\nhttp_requests_total{a=\"1\"} 3\nhttp_requests_total{a=\"2\"} 4\n"
                        "http_requests_totally{} 9\n"),
            7);
}

}  // namespace
}  // namespace fairlead::app
