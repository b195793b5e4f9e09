#include "control/admin_api.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/fake_desk.hpp"
#include "support/proxy_bed.hpp"

namespace fairlead::control {
namespace {

using testing::body_of;
using testing::get;
using testing::has_line;
using testing::Peer;
using testing::status_of;

class AdminApiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(api.listen(address));
    api.start();
  }
  void TearDown() override {
    api.close();
    world.settle();
    EXPECT_EQ(api.scope().running(), 0U);
    EXPECT_EQ(world.engine().open_sockets(), 0U);
  }
  std::string ask(Peer& client, std::string_view request) {
    client.send(request);
    world.settle();
    return client.take_received();
  }
  /// As many as may be there.
  std::vector<Peer*> fill() {
    std::vector<Peer*> clients;
    for (std::size_t i = 0; i < AdminApi::connections_max; ++i) {
      clients.push_back(&world.engine().connect(address));
    }
    world.run_for(std::chrono::milliseconds(100));
    return clients;
  }
  std::string once(std::string_view request) { return ask(world.engine().connect(address), request); }

  testing::Simulation world;
  testing::LogLines lines;
  Log log{lines};
  metrics::Registry registry;
  Controller controller{Config(), log, [](const auto&) {}};
  testing::FakeDesk desk{controller};
  AdminApi api{{world.loop(), registry, controller, desk, "1.2.3", log}};
  io::Address address = *io::Address::from_ip("127.0.0.1", 8000);
};

TEST_F(AdminApiTest, ShowsMetrics) {
  const metrics::FamilyId family =
      registry.add({.name = "things_total", .help = "Things.", .labels = {}, .bounds = {}});
  registry.add_shard().counter(family).add(3);
  const std::string answer = once(get("/metrics"));
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_TRUE(has_line(answer, "Content-Type: text/plain; version=0.0.4; charset=utf-8"));
  EXPECT_NE(answer.find("\nthings_total 3\n"), std::string::npos) << answer;
}

TEST_F(AdminApiTest, AScrapeShowsWhatTheFleetSaysAndHoldsNobodyUpMeanwhile) {
  desk.view.drift = {{"default", 2}};
  desk.holds = true;
  Peer& client = world.engine().connect(address);
  EXPECT_EQ(ask(client, get("/metrics")), "");
  EXPECT_EQ(status_of(once(get("/healthz"))), 200);
  desk.answer();
  world.settle();
  const std::string answer = client.take_received();
  EXPECT_NE(answer.find("\nfairlead_shared_count_drift{pool=\"default\"} 2\n"), std::string::npos) << answer;
}

TEST_F(AdminApiTest, ABodyThatNobodyAskedForIsNotWaitedFor) {
  const std::string answer = once(get("/api/v1/pools", "Content-Length: 1000\r\n"));
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_TRUE(has_line(answer, "Connection: close"));
}

TEST_F(AdminApiTest, IsHealthyBeforeItIsReady) {
  EXPECT_EQ(status_of(once(get("/healthz"))), 200);
  EXPECT_EQ(status_of(once(get("/readyz"))), 503);
  api.set_ready(true);
  EXPECT_EQ(status_of(once(get("/readyz"))), 200);
}

TEST_F(AdminApiTest, KeepsAConnection) {
  Peer& client = world.engine().connect(address);
  EXPECT_EQ(body_of(ask(client, get("/healthz"))), "ok\n");
  EXPECT_EQ(body_of(ask(client, get("/healthz"))), "ok\n");
  EXPECT_FALSE(client.saw_end());
}

TEST_F(AdminApiTest, ServesPipelinedRequests) {
  const std::string answers = once(get("/healthz") + get("/readyz"));
  EXPECT_NE(answers.find("ok\n"), std::string::npos);
  EXPECT_NE(answers.find("not ready\n"), std::string::npos);
}

TEST_F(AdminApiTest, AnswersHeadWithoutBody) {
  for (const std::string_view path : {"/healthz", "/metrics", "/readyz", "/nothing"}) {
    const std::string answer = once("HEAD " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_NE(status_of(answer), 0);
    EXPECT_EQ(body_of(answer), "") << path;
  }
}

TEST_F(AdminApiTest, AnUnknownPathIs404) {
  EXPECT_EQ(status_of(once(get("/nothing"))), 404);
}

TEST_F(AdminApiTest, AnotherMethodIs405WithAllow) {
  const std::string answer = once("DELETE /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(status_of(answer), 405);
  EXPECT_TRUE(has_line(answer, "Allow: GET, HEAD"));
  EXPECT_NE(answer.find("this path takes GET and HEAD"), std::string::npos) << answer;
}

TEST_F(AdminApiTest, ABodyEndsTheConnection) {
  Peer& client = world.engine().connect(address);
  const std::string answer = ask(client, testing::post("/metrics", get("/healthz")));
  EXPECT_EQ(status_of(answer), 405);
  EXPECT_TRUE(has_line(answer, "Connection: close"));
  EXPECT_EQ(answer.find("ok\n"), std::string::npos);
  EXPECT_TRUE(client.saw_end());
}

TEST_F(AdminApiTest, ServesTheApiAndKeepsTheConnection) {
  Peer& client = world.engine().connect(address);
  const std::string body = R"({"url":"http://a:1"})";
  const std::string added = ask(client,
                                "POST /api/v1/pools/default/backends HTTP/1.1\r\nHost: localhost\r\n"
                                "Content-Type: application/json\r\nContent-Length: " +
                                    std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_EQ(status_of(added), 201) << added;
  EXPECT_EQ(status_of(ask(client, get("/api/v1/pools"))), 200);
  const std::string removed =
      ask(client, "DELETE /api/v1/pools/default/backends?url=http://a:1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(status_of(removed), 204);
  EXPECT_EQ(removed.find("Content-Length"), std::string::npos);
  EXPECT_EQ(status_of(ask(client, get("/healthz"))), 200);
}

TEST_F(AdminApiTest, RefusesAChangeBeforeItsBodyIsThere) {
  Peer& client = world.engine().connect(address);
  const std::string refused = ask(client,
                                  "POST /api/v1/pools/default/backends HTTP/1.1\r\nHost: evil.example\r\n"
                                  "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n");
  EXPECT_EQ(status_of(refused), 403);
  EXPECT_TRUE(has_line(refused, "Connection: close"));
}

TEST_F(AdminApiTest, ABodyBeyondItsLimitIs413) {
  Peer& client = world.engine().connect(address);
  const std::string refused = ask(client,
                                  "POST /api/v1/pools/default/backends HTTP/1.1\r\nHost: localhost\r\n"
                                  "Content-Type: application/json\r\nContent-Length: 70000\r\n\r\n" +
                                      std::string(70'000, ' '));
  EXPECT_EQ(status_of(refused), 413);
}

TEST_F(AdminApiTest, WhoAsksNothingForLongestMakesRoomForANewConnection) {
  std::vector<Peer*> clients = fill();
  EXPECT_EQ(status_of(ask(*clients[0], get("/healthz"))), 200);
  EXPECT_EQ(status_of(once(get("/healthz"))), 200);
  EXPECT_TRUE(clients[1]->saw_close());
  EXPECT_EQ(status_of(once(get("/healthz"))), 200);
  EXPECT_TRUE(clients[2]->saw_close());
  EXPECT_EQ(status_of(ask(*clients[0], get("/healthz"))), 200);
  EXPECT_EQ(status_of(ask(*clients[3], get("/healthz"))), 200);
  EXPECT_EQ(api.scope().running(), AdminApi::connections_max);
}

TEST_F(AdminApiTest, HalfARequestDoesntKeepAPlace) {
  std::vector<Peer*> clients = fill();
  clients[0]->send("GET /healthz HTTP/1.1\r\n");
  world.settle();
  EXPECT_EQ(status_of(once(get("/healthz"))), 200);
  EXPECT_TRUE(clients[0]->saw_close());
}

TEST_F(AdminApiTest, HalfABodyDoesntKeepAPlaceAndNorDoesAnAnswerThatIsntRead) {
  std::vector<Peer*> clients = fill();
  clients[0]->send(
      "POST /api/v1/pools/default/backends HTTP/1.1\r\nHost: localhost\r\n"
      "Content-Type: application/json\r\nContent-Length: 10\r\n\r\n");
  clients[1]->set_window(10);
  clients[1]->stop_reading();
  clients[1]->send(get("/healthz"));
  for (std::size_t i = 2; i < clients.size(); ++i) {
    EXPECT_EQ(status_of(ask(*clients[i], get("/healthz"))), 200);
  }
  EXPECT_EQ(status_of(once(get("/healthz"))), 200);
  EXPECT_TRUE(clients[0]->saw_close());
  EXPECT_EQ(status_of(once(get("/healthz"))), 200);
  clients[1]->resume_reading();
  world.settle();
  EXPECT_TRUE(clients[1]->saw_close());
}

TEST_F(AdminApiTest, WhileAllAreServedANewConnectionEndsAtOnce) {
  desk.holds = true;
  for (Peer* client : fill()) {
    client->send(get("/metrics"));
  }
  world.settle();
  Peer& one_more = world.engine().connect(address);
  world.settle();
  EXPECT_TRUE(one_more.saw_close());
  EXPECT_EQ(api.scope().running(), AdminApi::connections_max);
  desk.answer();
}

TEST_F(AdminApiTest, ConnectionsThatComeAtOnceTakeNoMorePlacesThanThereAre) {
  fill();
  fill();
  EXPECT_EQ(api.scope().running(), AdminApi::connections_max);
}

TEST_F(AdminApiTest, SaysWhenItsAddressIsTaken) {
  AdminApi another({world.loop(), registry, controller, desk, "1.2.3", log});
  io::Address taken = *io::Address::from_ip("127.0.0.1", 8001);
  world.engine().take_port(taken);
  EXPECT_FALSE(another.listen(taken));
}

}  // namespace
}  // namespace fairlead::control
