#include "control/fleet_api.hpp"

#include <gtest/gtest.h>

#include "io/task_scope.hpp"
#include "support/fake_desk.hpp"
#include "support/proxy_bed.hpp"

namespace fairlead::control {
namespace {

constexpr std::string_view backends = "/api/v1/pools/default/backends";

class FleetApiTest : public ::testing::Test {
 protected:
  static Config config() {
    Config made;
    made.pools[0].backends = {{"http://a:1", 2}};
    return made;
  }
  io::Task<> serve(const ApiRequest& request) { answer = co_await api.serve(request); }
  ApiAnswer ask(http::Method method, std::string_view path, std::string_view query = {}, std::string_view body = {}) {
    const ApiRequest request{method, std::string(path), std::string(query), std::string(body)};
    answer = {};
    scope.spawn(serve(request));
    world.settle();
    return answer;
  }

  testing::Simulation world;
  testing::LogLines lines;
  Log log{lines};
  Controller controller{config(), log, [](const auto&) {}};
  testing::FakeDesk desk{controller};
  FleetApi api{world.loop(), controller, desk, "1.2.3"};
  io::TaskScope scope;
  ApiAnswer answer;
};

TEST_F(FleetApiTest, ShowsTheFleet) {
  desk.view.instance = "me";
  desk.view.coordination = "leased";
  desk.view.step = "live";
  desk.view.members = {{.id = "me", .lease_ms = 5, .in_flight = 3, .is_own = true}};
  EXPECT_EQ(ask(http::Method::get, "/api/v1/fleet").body,
            R"({"instance":"me","version":"1.2.3","coordination":"leased","state":{"url":"","step":"live","age_ms":0},)"
            R"("drift":null,"members":[{"id":"me","own":true,"lease_ms":5,"in_flight":3}]})"
            "\n");
}

TEST_F(FleetApiTest, ShowsPoolsAndBackends) {
  EXPECT_EQ(ask(http::Method::get, "/api/v1/pools").body,
            R"({"pools":[{"name":"default","strategy":"round_robin","backends":1,"draining":0}]})"
            "\n");
  desk.view.in_flight[{"default", "http://a:1"}] = 9;
  EXPECT_EQ(ask(http::Method::get, backends).body,
            R"({"pool":"default","backends":[{"url":"http://a:1","weight":2,"state":"up",)"
            R"("in_flight":{"local":0,"fleet":9}}]})"
            "\n");
}

TEST_F(FleetApiTest, AnswersWhenThePictureIsThere) {
  desk.holds = true;
  EXPECT_EQ(ask(http::Method::get, "/api/v1/fleet").body, "");
  desk.answer();
  world.settle();
  EXPECT_NE(answer.body, "");
}

TEST_F(FleetApiTest, EditsAreAnsweredByWhatBecameOfThem) {
  EXPECT_EQ(ask(http::Method::post, backends, {}, R"({"url":"http://b:1","weight":3})").status, 201);
  EXPECT_EQ(controller.snapshot()->pools[0]->backends.size(), 2U);
  const ApiAnswer drained = ask(http::Method::post, backends, {}, R"({"url":"http://b:1","state":"draining"})");
  EXPECT_EQ(drained.status, 200);
  EXPECT_NE(drained.body.find(R"("state":"draining","draining_since_ms":7)"), std::string::npos) << drained.body;
  EXPECT_EQ(ask(http::Method::delete_, backends, "url=http%3A%2F%2Fb%3A1").status, 204);
  EXPECT_EQ(ask(http::Method::delete_, backends, "url=http://b:1").status, 404);
}

TEST_F(FleetApiTest, AnEditThatTheSharedStateRefusesIs503) {
  desk.failure = Error{.kind = ErrorKind::unavailable, .detail = "no Redis"};
  const ApiAnswer refused = ask(http::Method::post, backends, {}, R"({"url":"http://b:1"})");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.detail, "no Redis");
}

TEST_F(FleetApiTest, WhatThereIsNotIs404) {
  for (const std::string_view path : {"/api/v1", "/api/v1/pools/", "/api/v1/pools/x/backends",
                                      "/api/v1/pools/a/b/backends", "/api/v1/pools//backends"}) {
    EXPECT_EQ(ask(http::Method::get, path).status, 404) << path;
  }
}

TEST_F(FleetApiTest, OtherMethodsAre405) {
  EXPECT_EQ(ask(http::Method::put, backends).allow, "GET, HEAD, POST, DELETE");
  EXPECT_EQ(ask(http::Method::delete_, "/api/v1/fleet").status, 405);
}

}  // namespace
}  // namespace fairlead::control
