#include "app/demo_backend.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "support/proxy_bed.hpp"

namespace fairlead::app {
namespace {

using std::chrono::milliseconds;
using testing::body_of;
using testing::get;
using testing::Peer;
using testing::post;
using testing::status_of;

class DemoBackendTest : public ::testing::Test {
 protected:
  void begin(milliseconds delay = milliseconds(0)) {
    backend.emplace(world.loop(), log, delay);
    ASSERT_TRUE(backend->listen(address));
  }
  void TearDown() override {
    backend->stop();
    world.run_for(std::chrono::seconds(1));
    EXPECT_EQ(world.engine().open_sockets(), 0U);
  }
  std::string ask(Peer& client, std::string_view request) {
    client.send(request);
    world.settle();
    return client.take_received();
  }
  std::string once(std::string_view request) { return ask(world.engine().connect(address), request); }

  testing::Simulation world;
  testing::LogLines lines;
  Log log{lines};
  io::Address address = *io::Address::from_ip("127.0.0.1", 6001);
  std::optional<DemoBackend> backend;
};

TEST_F(DemoBackendTest, SaysWhoItIsAndWhatItGot) {
  begin();
  const std::string answer = once(post("/process", "12345"));
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_EQ(body_of(answer), "demo backend on port 6001: POST /process, 5 bytes received\n");
}

TEST_F(DemoBackendTest, KeepsAConnection) {
  begin();
  Peer& client = world.engine().connect(address);
  EXPECT_EQ(status_of(ask(client, get("/"))), 200);
  EXPECT_EQ(status_of(ask(client, get("/"))), 200);
}

TEST_F(DemoBackendTest, EndsAConnectionWhenAsked) {
  begin();
  Peer& client = world.engine().connect(address);
  EXPECT_TRUE(testing::has_line(ask(client, get("/", "Connection: close\r\n")), "Connection: close"));
  EXPECT_TRUE(client.saw_end());
}

TEST_F(DemoBackendTest, ReadsABodyThatComesInPieces) {
  begin();
  Peer& client = world.engine().connect(address);
  const std::string request =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  client.send_in_pieces(request + get("/next"), 3, milliseconds(1));
  world.run_for(milliseconds(500));
  EXPECT_NE(client.received().find("POST /, 5 bytes"), std::string::npos) << client.received();
  EXPECT_NE(client.received().find("GET /next, 0 bytes"), std::string::npos) << client.received();
}

TEST_F(DemoBackendTest, InvitesABodyThatWaitsForIt) {
  begin();
  Peer& client = world.engine().connect(address);
  EXPECT_EQ(ask(client, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"),
            "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(status_of(ask(client, "ab")), 200);
}

TEST_F(DemoBackendTest, AnswersHeadWithoutBody) {
  begin();
  EXPECT_EQ(body_of(once("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")), "");
}

TEST_F(DemoBackendTest, AnswersAfterItsDelay) {
  begin(milliseconds(50));
  Peer& client = world.engine().connect(address);
  EXPECT_EQ(ask(client, get("/")), "");
  world.run_for(milliseconds(40));
  EXPECT_EQ(client.received(), "");
  world.run_for(milliseconds(30));
  EXPECT_EQ(status_of(client.received()), 200);
}

TEST_F(DemoBackendTest, StopsInTheMiddleOfARequest) {
  begin(milliseconds(500));
  Peer& client = world.engine().connect(address);
  ask(client, get("/"));
  backend->stop();
  world.run_for(std::chrono::seconds(1));
  EXPECT_TRUE(client.saw_close());
  EXPECT_EQ(client.received(), "");
}

}  // namespace
}  // namespace fairlead::app
