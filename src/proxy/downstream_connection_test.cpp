#include "proxy/downstream_connection.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "io/listener.hpp"
#include "io/sleep.hpp"
#include "io/task_scope.hpp"
#include "support/proxy_bed.hpp"

namespace fairlead::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::get;
using testing::Peer;
using testing::status_of;

/// Answers each request with its path, after a while if told so.
class Echo final : public Service {
 public:
  [[nodiscard]] ConnectionPolicy policy() const override { return given; }
  io::Task<Served> serve(DownstreamConnection& client) override {
    const std::string path(client.memory().request.path);
    paths.push_back(path);
    co_await io::SleepUntil(client.loop(), client.loop().now() + delay);
    const Result<void> written =
        co_await client.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(path.size()) + "\r\n\r\n" + path);
    co_return written ? outcome : Served::broken;
  }
  [[nodiscard]] std::string_view date() override { return "Sun, 06 Nov 1994 08:49:37 GMT"; }
  void refused(const Error& error, int status) override {
    refusals.push_back(error.kind);
    statuses.push_back(status);
  }

  ConnectionPolicy given;
  Served outcome = Served::keep_open;
  milliseconds delay{0};
  std::vector<std::string> paths;
  std::vector<ErrorKind> refusals;
  std::vector<int> statuses;
};

class DownstreamConnectionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(listener.open(*io::Address::from_ip("127.0.0.1", 5000)));
    listener.start();
  }
  void TearDown() override {
    listener.close();
    if (connection != nullptr) {
      connection->abort();
    }
    ASSERT_TRUE(world.run_until([&] { return scope.running() == 0; }, seconds(5)));
  }
  io::Task<> serve(int descriptor, io::Address peer) {
    DownstreamConnection served(world.loop(), pool, service, io::PeerIp(peer));
    connection = &served;
    co_await served.run(descriptor);
    connection = nullptr;
  }
  Peer& connect() {
    Peer& peer = world.engine().connect(listener.address());
    world.settle();
    return peer;
  }
  std::string ask(Peer& client, std::string_view request) {
    client.send(request);
    world.settle();
    return client.take_received();
  }

  testing::Simulation world;
  testing::LogLines lines;
  Log log{lines};
  Echo service;
  RequestMemoryPool pool;
  DownstreamConnection* connection = nullptr;
  io::TaskScope scope;
  io::Listener listener{world.loop(), log,
                        [this](int descriptor, const io::Address& peer) { scope.spawn(serve(descriptor, peer)); }};
};

TEST_F(DownstreamConnectionTest, ServesRequestAfterRequest) {
  Peer& client = connect();
  EXPECT_TRUE(ask(client, get("/1")).ends_with("/1"));
  EXPECT_TRUE(ask(client, get("/2")).ends_with("/2"));
  EXPECT_FALSE(client.saw_end());
}

TEST_F(DownstreamConnectionTest, KnowsItsPeer) {
  connect();
  ASSERT_NE(connection, nullptr);
  EXPECT_EQ(connection->peer_ip(), "127.0.0.1");
}

TEST_F(DownstreamConnectionTest, ServesPipelinedRequestsInOrder) {
  service.delay = milliseconds(50);
  Peer& client = connect();
  client.send(get("/1") + get("/2") + get("/3"));
  world.run_for(seconds(1));
  EXPECT_EQ(service.paths, (std::vector<std::string>{"/1", "/2", "/3"}));
  EXPECT_LT(client.received().find("/1"), client.received().find("/2"));
  EXPECT_LT(client.received().find("/2"), client.received().find("/3"));
}

TEST_F(DownstreamConnectionTest, ServesPipelinedRequestsHoweverTheyAreCut) {
  const std::string three = get("/1") + get("/2") + get("/3");
  for (std::size_t cut = 1; cut < three.size(); ++cut) {
    service.paths.clear();
    Peer& client = connect();
    ask(client, three.substr(0, cut));
    ask(client, three.substr(cut));
    EXPECT_EQ(service.paths, (std::vector<std::string>{"/1", "/2", "/3"})) << cut;
    client.end();
    world.settle();
  }
}

TEST_F(DownstreamConnectionTest, HoldsNoBufferWhileIdle) {
  Peer& client = connect();
  EXPECT_FALSE(connection->buffer().has_memory());
  ask(client, get("/1"));
  EXPECT_FALSE(connection->buffer().has_memory());
}

TEST_F(DownstreamConnectionTest, AnIdleConnectionEndsAfterItsTime) {
  Peer& client = connect();
  ask(client, get("/1"));
  world.run_for(seconds(74));
  EXPECT_FALSE(client.saw_end());
  world.run_for(seconds(2));
  EXPECT_TRUE(client.saw_close());
  EXPECT_EQ(client.received(), "");
  EXPECT_TRUE(service.refusals.empty());
}

TEST_F(DownstreamConnectionTest, AConnectionWithoutAnyRequestEndsAfterTheHeadersTime) {
  Peer& client = connect();
  world.run_for(seconds(11));
  EXPECT_TRUE(client.saw_close());
  EXPECT_EQ(client.received(), "");
}

TEST_F(DownstreamConnectionTest, AHeadThatTricklesIs408AtItsDeadline) {
  Peer& client = connect();
  client.send_in_pieces(get("/") + "x", 1, seconds(1));
  world.run_for(milliseconds(9'900));
  EXPECT_EQ(client.received(), "");
  world.run_for(milliseconds(200));
  EXPECT_EQ(status_of(client.received()), 408);
  EXPECT_EQ(service.statuses, std::vector<int>{408});
  EXPECT_EQ(service.refusals, std::vector<ErrorKind>{ErrorKind::timed_out});
  EXPECT_TRUE(service.paths.empty());
}

TEST_F(DownstreamConnectionTest, EmptyLinesAloneGetNoAnswer) {
  Peer& client = connect();
  client.send("\r\n");
  world.run_for(seconds(11));
  EXPECT_EQ(client.received(), "");
  EXPECT_TRUE(client.saw_close());
}

TEST_F(DownstreamConnectionTest, AHeadThatComesByteByByteIsServed) {
  Peer& client = connect();
  client.send_in_pieces(get("/slow"), 1, milliseconds(10));
  world.run_for(seconds(2));
  EXPECT_TRUE(client.received().ends_with("/slow"));
}

TEST_F(DownstreamConnectionTest, AHeadLargerThanABufferIsServed) {
  Peer& client = connect();
  std::string fields;
  for (int i = 0; i < 6; ++i) {
    fields += "X-Fill: " + std::string(5'000, 'f') + "\r\n";
  }
  client.send_in_pieces(get("/large", fields), 1'000, milliseconds(1));
  world.run_for(seconds(1));
  EXPECT_TRUE(client.received().ends_with("/large"));
  EXPECT_FALSE(connection->buffer().has_memory());
}

TEST_F(DownstreamConnectionTest, AHeadBeyondItsLimitIs431) {
  Peer& client = connect();
  std::string fields;
  for (int i = 0; i < 7; ++i) {
    fields += "X-Fill: " + std::string(5'000, 'f') + "\r\n";
  }
  EXPECT_EQ(status_of(ask(client, get("/large", fields))), 431);
  EXPECT_TRUE(client.saw_end());
  EXPECT_EQ(service.refusals, std::vector<ErrorKind>{ErrorKind::too_large});
}

TEST_F(DownstreamConnectionTest, ABadHeadIs400AndTheEnd) {
  Peer& client = connect();
  EXPECT_EQ(status_of(ask(client, "nonsense\r\n\r\n" + get("/2"))), 400);
  EXPECT_TRUE(client.saw_end());
  EXPECT_TRUE(service.paths.empty());
}

TEST_F(DownstreamConnectionTest, ABadHeadBehindAGoodOneIsAnsweredAfterIt) {
  Peer& client = connect();
  const std::string answers = ask(client, get("/1") + "nonsense\r\n\r\n");
  EXPECT_TRUE(answers.starts_with("HTTP/1.1 200 "));
  EXPECT_NE(answers.find("HTTP/1.1 400 "), std::string::npos);
}

TEST_F(DownstreamConnectionTest, LingersForWhatIsStillOnItsWay) {
  service.outcome = Served::close_unread;
  Peer& client = connect();
  ask(client, get("/"));
  EXPECT_TRUE(client.saw_end());
  EXPECT_FALSE(client.saw_close());
  ask(client, std::string(50'000, 'x'));
  EXPECT_EQ(client.unread(), 0U);
  client.end();
  world.settle();
  EXPECT_TRUE(client.saw_close());
  EXPECT_FALSE(client.saw_reset());
}

TEST_F(DownstreamConnectionTest, LingersNoLongerThanTwoSeconds) {
  service.outcome = Served::close_unread;
  Peer& client = connect();
  ask(client, get("/"));
  client.send_in_pieces(std::string(100, 'x'), 1, milliseconds(100));
  world.run_for(milliseconds(2'100));
  EXPECT_TRUE(client.saw_close());
}

TEST_F(DownstreamConnectionTest, LingersForNoMoreThanItsShare) {
  service.outcome = Served::close_unread;
  Peer& client = connect();
  ask(client, get("/"));
  ask(client, std::string(3 << 20, 'x'));
  EXPECT_TRUE(client.saw_close());
}

TEST_F(DownstreamConnectionTest, AnAnswerThatBrokeEndsTheConnectionAtOnce) {
  service.outcome = Served::broken;
  Peer& client = connect();
  ask(client, get("/1") + get("/2"));
  EXPECT_TRUE(client.saw_close());
  EXPECT_EQ(service.paths.size(), 1U);
}

TEST_F(DownstreamConnectionTest, AClientThatEndsItsHalfStillGetsItsAnswer) {
  service.delay = seconds(1);
  Peer& client = connect();
  client.send(get("/1"));
  client.end();
  world.run_for(seconds(2));
  EXPECT_TRUE(client.received().ends_with("/1"));
  EXPECT_TRUE(client.saw_close());
}

TEST_F(DownstreamConnectionTest, AClientThatLeavesInTheMiddleOfAHeadGetsNothing) {
  Peer& client = connect();
  client.send("GET / HT");
  client.end();
  world.settle();
  EXPECT_TRUE(client.saw_close());
  EXPECT_EQ(client.received(), "");
  EXPECT_TRUE(service.refusals.empty());
}

TEST_F(DownstreamConnectionTest, DrainEndsAnIdleConnection) {
  Peer& client = connect();
  ask(client, get("/1"));
  connection->drain();
  world.settle();
  EXPECT_TRUE(client.saw_close());
}

TEST_F(DownstreamConnectionTest, DrainLetsTheRequestUnderWayEnd) {
  service.delay = seconds(1);
  Peer& client = connect();
  client.send(get("/1") + get("/2"));
  world.settle();
  connection->drain();
  world.run_for(seconds(5));
  EXPECT_TRUE(client.received().ends_with("/1"));
  EXPECT_TRUE(client.saw_close());
  EXPECT_EQ(service.paths.size(), 1U);
}

TEST_F(DownstreamConnectionTest, DrainLetsAHeadUnderWayBeServed) {
  Peer& client = connect();
  ask(client, "GET /1 HTTP/1.1\r\nHo");
  connection->drain();
  world.settle();
  EXPECT_FALSE(client.saw_end());
  EXPECT_TRUE(ask(client, "st: a\r\n\r\n").ends_with("/1"));
  EXPECT_TRUE(client.saw_close());
}

TEST_F(DownstreamConnectionTest, AbortEndsAtOnceWhatItWaitsFor) {
  for (const std::string_view sent : {"", "GET / HT"}) {
    Peer& client = connect();
    ask(client, sent);
    connection->abort();
    world.settle();
    EXPECT_TRUE(client.saw_close());
    EXPECT_EQ(connection, nullptr);
  }
}

TEST_F(DownstreamConnectionTest, AbortEndsLingering) {
  service.outcome = Served::close_unread;
  Peer& client = connect();
  ask(client, get("/"));
  connection->abort();
  world.settle();
  EXPECT_TRUE(client.saw_close());
  EXPECT_EQ(connection, nullptr);
}

TEST_F(DownstreamConnectionTest, AnErrorThatNobodyTakesEndsAfterItsTime) {
  service.given.write = seconds(5);
  Peer& client = connect();
  client.set_window(1);
  client.stop_reading();
  ask(client, "nonsense\r\n\r\n");
  world.run_for(seconds(4));
  EXPECT_FALSE(client.saw_close());
  world.run_for(seconds(2));
  EXPECT_TRUE(client.saw_close());
}

TEST(RequestMemoryPool, GivesBackWhatItKept) {
  RequestMemoryPool pool;
  std::unique_ptr<RequestMemory> memory = pool.take();
  RequestMemory* first = memory.get();
  pool.give_back(std::move(memory));
  EXPECT_EQ(pool.take().get(), first);
}

}  // namespace
}  // namespace fairlead::proxy
