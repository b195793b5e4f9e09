#include "proxy/exchange.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/proxy_bed.hpp"

namespace fairlead::proxy {
namespace {

using std::chrono::seconds;
using testing::body_of;
using testing::get;
using testing::has_line;
using testing::ok;
using testing::Peer;
using testing::post;
using testing::ProxyBed;
using testing::status_of;

constexpr std::string_view chunked_head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(Exchange, PassesARequestAndItsAnswer) {
  ProxyBed bed;
  bed.backend(0).answer = ok("hello");
  const std::string answer = bed.once(get("/a?b=c", "X-Mine: 1\r\n"));
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_EQ(body_of(answer), "hello");
  const std::string& seen = bed.backend(0).requests.at(0);
  EXPECT_TRUE(seen.starts_with("GET /a?b=c HTTP/1.1\r\nHost: site\r\n")) << seen;
  EXPECT_TRUE(has_line(seen, "X-Mine: 1")) << seen;
  EXPECT_TRUE(has_line(seen, "X-Forwarded-For: 127.0.0.1")) << seen;
}

TEST(Exchange, CountsARequestOnce) {
  ProxyBed bed;
  bed.backend(0).answer = ok("hello");
  bed.once(post("/a", "body"));
  EXPECT_EQ(bed.requests("POST", "/*", "200"), 1);
  EXPECT_EQ(bed.metrics.sum("http_requests_total"), 1);
  EXPECT_EQ(bed.metrics.value("request_duration_seconds", {"/*"}), 1);
  EXPECT_EQ(bed.metrics.value("fairlead_request_bytes_total", {"/*"}), 4);
  EXPECT_EQ(bed.metrics.value("fairlead_response_bytes_total", {"/*"}), 5);
  EXPECT_EQ(bed.upstream(0, "2xx"), 1);
  EXPECT_EQ(bed.metrics.sum("fairlead_upstream_requests_total"), 1);
}

TEST(Exchange, ShowsARequestInFlightAndItsLease) {
  ProxyBed bed;
  Peer& client = bed.begin(get("/a"));
  EXPECT_EQ(bed.leases(), 1U);
  EXPECT_EQ(bed.metrics.value("fairlead_requests_in_flight", {"/*"}), 1);
  EXPECT_EQ(bed.metrics.sum("fairlead_upstream_in_flight"), 1);
  bed.backend(0).last().send(ok("x"));
  bed.world.settle();
  EXPECT_EQ(body_of(client.received()), "x");
  bed.expect_nothing_in_flight();
}

TEST(Exchange, OfAChoiceByLoadItNotesHowFarFromTheBestItWas) {
  ProxyBed bed(2);
  bed.backend(0).answer = bed.backend(1).answer = ok("x");
  bed.once(post("/proxy?strategy=least_conn", "x"));
  EXPECT_EQ(bed.metrics.value("fairlead_pick_regret", {"default", "least_conn"}), 1);
  bed.once(post("/proxy?strategy=round_robin", "x"));
  bed.once(post("/proxy?strategy=random", "x"));
  EXPECT_EQ(bed.metrics.sum("fairlead_pick_regret"), 1);
}

TEST(Exchange, ReusesTheBackendsConnection) {
  ProxyBed bed;
  bed.backend(0).answer = ok("x");
  Peer& client = bed.connect();
  bed.ask(client, get("/1"));
  bed.ask(client, get("/2"));
  EXPECT_EQ(bed.backend(0).connections.size(), 1U);
  EXPECT_EQ(bed.metrics.value("fairlead_upstream_connections_total", {"default", bed.backend(0).url, "new"}), 1);
  EXPECT_EQ(bed.metrics.value("fairlead_upstream_connections_total", {"default", bed.backend(0).url, "reused"}), 1);
}

TEST(Exchange, TakesBackendsInTurn) {
  ProxyBed bed(3);
  Peer& client = bed.connect();
  std::string order;
  for (std::size_t i = 0; i < 3; ++i) {
    bed.backend(i).answer = ok(std::to_string(i));
  }
  for (int i = 0; i < 6; ++i) {
    order += body_of(bed.ask(client, get("/")));
  }
  EXPECT_EQ(order, "012012");
}

TEST(Exchange, AQueryParameterChoosesLeastConnections) {
  ProxyBed bed(2);
  bed.backend(1).answer = ok("x");
  bed.begin(get("/hangs"));  // on backend 0
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(status_of(bed.once(post("/proxy?strategy=least_conn&a=1", ""))), 200);
  }
  EXPECT_EQ(bed.backend(1).requests.size(), 4U);
  EXPECT_TRUE(bed.backend(1).requests[0].starts_with("POST /process?a=1 HTTP/1.1\r\n")) << bed.backend(1).requests[0];
}

TEST(Exchange, WaitsForAStoreThatAnswersLater) {
  ProxyBed bed;
  bed.backend(0).answer = ok("x");
  bed.store.holding = true;
  Peer& client = bed.begin(post("/", "body"));
  EXPECT_TRUE(bed.backend(0).connections.empty());
  bed.store.answer();
  bed.world.settle();
  EXPECT_EQ(body_of(client.received()), "x");
  EXPECT_EQ(body_of(bed.backend(0).requests.at(0)), "body");
}

TEST(Exchange, ManyMayWaitForTheStore) {
  ProxyBed bed(2);
  bed.backend(0).answer = bed.backend(1).answer = ok("x");
  bed.store.holding = true;
  for (int i = 0; i < 10; ++i) {
    bed.begin(get("/"));
  }
  bed.store.answer();
  bed.world.settle();
  EXPECT_EQ(bed.requests("GET", "/*", "200"), 10);
}

TEST(Exchange, AClientThatLeftWhileTheStoreThoughtHasNothingSentOn) {
  ProxyBed bed;
  bed.store.holding = true;
  Peer& client = bed.begin(post("/", "body"));
  EXPECT_EQ(bed.store.held(), 1U);
  client.reset();
  bed.world.settle();
  EXPECT_EQ(bed.store.held(), 0U);  // given back at once, not when the store gets round to it
  EXPECT_EQ(bed.requests("POST", "/*", "499"), 1);
  bed.store.answer();
  bed.world.settle();
  EXPECT_TRUE(bed.backend(0).connections.empty());
  bed.expect_nothing_in_flight();
}

TEST(Exchange, AnUnknownStrategyIs400AndTheConnectionStays) {
  ProxyBed bed;
  bed.backend(0).answer = ok("x");
  Peer& client = bed.connect();
  EXPECT_EQ(status_of(bed.ask(client, post("/proxy?strategy=best", "body"))), 400);
  EXPECT_EQ(status_of(bed.ask(client, get("/"))), 200);
  EXPECT_EQ(bed.requests("POST", "/proxy", "400"), 1);
}

TEST(Exchange, AnotherMethodIs405WithAllow) {
  ProxyBed bed(1, [](testing::SnapshotPlan& plan) { plan.routes.pop_back(); });
  const std::string answer = bed.once(get("/proxy"));
  EXPECT_EQ(status_of(answer), 405);
  EXPECT_TRUE(has_line(answer, "Allow: POST"));
  EXPECT_EQ(bed.requests("GET", "/proxy", "405"), 1);
}

TEST(Exchange, AnUnknownPathIs404) {
  ProxyBed bed(1, [](testing::SnapshotPlan& plan) { plan.routes.pop_back(); });
  EXPECT_EQ(status_of(bed.once(get("/nothing"))), 404);
  EXPECT_EQ(bed.requests("GET", "_none", "404"), 1);
}

TEST(Exchange, NoBackendIs503WithRetryAfter) {
  ProxyBed bed(0);
  const std::string answer = bed.once(get("/"));
  EXPECT_EQ(status_of(answer), 503);
  EXPECT_TRUE(has_line(answer, "Retry-After: 1")) << answer;
}

TEST(Exchange, AnnotatesABodyOfKnownLength) {
  ProxyBed bed;
  bed.backend(0).answer = ok("hello");
  const std::string answer = bed.once(post("/proxy", "body"));
  const std::string body = "Response from: " + bed.backend(0).url + "\n\nhello";
  EXPECT_EQ(body_of(answer), body);
  EXPECT_TRUE(has_line(answer, "Content-Length: " + std::to_string(body.size()))) << answer;
  EXPECT_TRUE(has_line(answer, "X-Backend-Server: " + bed.backend(0).url)) << answer;
}

TEST(Exchange, AnnotatesAChunkedBody) {
  ProxyBed bed;
  bed.backend(0).answer = std::string(chunked_head) + "5\r\nhello\r\n0\r\n\r\n";
  const std::string answer = bed.once(post("/proxy", "body"));
  const std::string lead = "Response from: " + bed.backend(0).url + "\n\n";
  EXPECT_TRUE(has_line(answer, "Transfer-Encoding: chunked"));
  EXPECT_NE(answer.find(lead + "hello\r\n0\r\n\r\n"), std::string::npos) << answer;
}

TEST(Exchange, AnnotatesNo204) {
  ProxyBed bed;
  bed.backend(0).answer = "HTTP/1.1 204 No Content\r\n\r\n";
  const std::string answer = bed.once(post("/proxy", "body"));
  EXPECT_EQ(status_of(answer), 204);
  EXPECT_EQ(body_of(answer), "");
}

TEST(Exchange, TellsNoLengthOfA204) {
  ProxyBed bed;
  bed.backend(0).answer = "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n";
  const std::string answer = bed.once(get("/"));
  EXPECT_EQ(answer.find("Content-Length"), std::string::npos) << answer;
}

TEST(Exchange, TellsTheLengthOfA304) {
  ProxyBed bed;
  bed.backend(0).answer = "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n";
  Peer& client = bed.connect();
  const std::string answer = bed.ask(client, get("/"));
  EXPECT_TRUE(has_line(answer, "Content-Length: 1000")) << answer;
  EXPECT_EQ(body_of(answer), "");
  EXPECT_EQ(status_of(bed.ask(client, get("/"))), 304);
  EXPECT_EQ(bed.backend(0).connections.size(), 1U);
}

TEST(Exchange, AnswersHeadWithoutBody) {
  ProxyBed bed;
  bed.backend(0).answer = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
  Peer& client = bed.connect();
  for (int i = 0; i < 2; ++i) {
    const std::string answer = bed.ask(client, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(has_line(answer, "Content-Length: 1000")) << answer;
    EXPECT_EQ(body_of(answer), "");
  }
  EXPECT_EQ(bed.backend(0).connections.size(), 1U);
}

TEST(Exchange, AProblemOfAHeadHasNoBody) {
  ProxyBed bed(0);
  EXPECT_EQ(body_of(bed.once("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")), "");
}

TEST(Exchange, AnAnswerThatEndsWithItsConnectionGoesDownInChunks) {
  ProxyBed bed;
  Peer& client = bed.begin(get("/"));
  bed.backend(0).last().send("HTTP/1.1 200 OK\r\n\r\nabc");
  bed.backend(0).last().end();
  bed.world.settle();
  EXPECT_EQ(body_of(client.take_received()), "3\r\nabc\r\n0\r\n\r\n");
  bed.backend(0).answer = ok("x");
  EXPECT_EQ(status_of(bed.ask(client, get("/"))), 200);
  EXPECT_EQ(bed.backend(0).connections.size(), 2U);
}

TEST(Exchange, AChunkedAnswerEndsAnOldClientsConnection) {
  ProxyBed bed;
  bed.backend(0).answer = std::string(chunked_head) + "3\r\nabc\r\n0\r\n\r\n";
  Peer& client = bed.begin("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(body_of(client.received()), "abc");
  EXPECT_TRUE(has_line(client.received(), "Connection: close")) << client.received();
  EXPECT_TRUE(client.saw_end());
}

TEST(Exchange, AnOldClientMayKeepItsConnection) {
  ProxyBed bed;
  bed.backend(0).answer = ok("x");
  Peer& client = bed.begin("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_TRUE(has_line(client.received(), "Connection: keep-alive")) << client.received();
  EXPECT_FALSE(client.saw_end());
}

TEST(Exchange, AnOldClientWithoutHostGetsTheBackendsAuthority) {
  ProxyBed bed;
  bed.backend(0).answer = ok("x");
  bed.once("GET / HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(has_line(bed.backend(0).requests.at(0), "Host: 127.0.0.1:7000")) << bed.backend(0).requests.at(0);
}

TEST(Exchange, AProblemEndsAnOldClientsConnection) {
  ProxyBed bed(0);
  Peer& client = bed.begin("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(status_of(client.received()), 503);
  EXPECT_TRUE(client.saw_end());
}

TEST(Exchange, AClientThatAsksForTheEndGetsIt) {
  ProxyBed bed;
  bed.backend(0).answer = ok("x");
  Peer& client = bed.begin(get("/", "Connection: close\r\n"));
  EXPECT_TRUE(has_line(client.received(), "Connection: close"));
  EXPECT_TRUE(client.saw_end());
  EXPECT_FALSE(bed.backend(0).last().saw_end());  // its connection stays
}

TEST(Exchange, InterimAnswersPass) {
  ProxyBed bed;
  Peer& client = bed.begin(get("/"));
  bed.backend(0).last().send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
  bed.world.settle();
  EXPECT_TRUE(client.received().starts_with("HTTP/1.1 103 ")) << client.received();
  EXPECT_TRUE(has_line(client.take_received(), "Link: </a>"));
  bed.backend(0).last().send(ok("x"));
  bed.world.settle();
  EXPECT_EQ(body_of(client.received()), "x");
}

TEST(Exchange, AnInvitationToSendTheBodyPasses) {
  ProxyBed bed;
  Peer& client = bed.begin("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_TRUE(has_line(bed.backend(0).last().received(), "Expect: 100-continue"));
  bed.backend(0).last().send("HTTP/1.1 100 Continue\r\n\r\n");
  bed.world.settle();
  EXPECT_EQ(client.take_received(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("body");
  bed.world.settle();
  EXPECT_EQ(body_of(bed.backend(0).last().received()), "body");
  bed.backend(0).last().send(ok("x"));
  bed.world.settle();
  EXPECT_EQ(body_of(client.received()), "x");
  EXPECT_EQ(bed.upstream(0, "2xx"), 1);
}

TEST(Exchange, AnOldClientSeesNoInterimAnswer) {
  ProxyBed bed;
  bed.backend(0).answer = "HTTP/1.1 103 Early Hints\r\n\r\n" + ok("x");
  EXPECT_EQ(status_of(bed.once("GET / HTTP/1.0\r\n\r\n")), 200);
}

TEST(Exchange, SixteenInterimAnswersPassSeventeenDont) {
  for (const int count : {16, 17}) {
    ProxyBed bed;
    for (int i = 0; i < count; ++i) {
      bed.backend(0).answer += "HTTP/1.1 102 Processing\r\n\r\n";
    }
    bed.backend(0).answer += ok("x");
    const std::string answer = bed.once(get("/"));
    EXPECT_EQ(answer.find("HTTP/1.1 200 OK") != std::string::npos, count == 16) << answer;
    EXPECT_EQ(answer.find("HTTP/1.1 502 ") != std::string::npos, count == 17) << answer;
  }
}

TEST(Exchange, AnInterimAnswerThatAnnouncesABodyIs502) {
  ProxyBed bed;
  bed.backend(0).answer = "HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nHTTP/" + ok("x");
  EXPECT_EQ(status_of(bed.once(get("/"))), 502);
}

TEST(Exchange, ASwitchOfProtocolsIs502) {
  ProxyBed bed;
  bed.backend(0).answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n";
  Peer& client = bed.connect();
  EXPECT_EQ(status_of(bed.ask(client, get("/"))), 502);
  EXPECT_TRUE(bed.backend(0).last().saw_end());
}

TEST(Exchange, BytesBehindAnAnswerEndTheBackendsConnection) {
  ProxyBed bed;
  bed.backend(0).answer = ok("x") + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
  Peer& client = bed.connect();
  EXPECT_EQ(body_of(bed.ask(client, get("/"))), "x");
  EXPECT_TRUE(bed.backend(0).last().saw_end());
  bed.backend(0).answer = ok("y");
  EXPECT_EQ(body_of(bed.ask(client, get("/"))), "y");
}

TEST(Exchange, ABackendThatEndsItsConnectionIsntAskedOnItAgain) {
  ProxyBed bed;
  bed.backend(0).answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx";
  Peer& client = bed.connect();
  bed.ask(client, get("/"));
  bed.ask(client, get("/"));
  EXPECT_EQ(bed.backend(0).connections.size(), 2U);
  EXPECT_TRUE(bed.backend(0).connections[0]->saw_end());
}

TEST(Exchange, ALongHeadOfAnAnswerPasses) {
  ProxyBed bed;
  const std::string policy(20'000, 'p');
  bed.backend(0).answer =
      "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\nPolicy: " + policy + "\r\n\r\nx";
  const std::string answer = bed.once(get("/"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\nx"));
  EXPECT_NE(answer.find(policy), std::string::npos);
}

TEST(Exchange, AHeadOfAnAnswerBeyondItsLimitIs502) {
  ProxyBed bed;
  bed.backend(0).answer = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 5; ++i) {
    bed.backend(0).answer += "Policy: " + std::string(20'000, 'p') + "\r\n";
  }
  EXPECT_EQ(status_of(bed.once(get("/"))), 502);
}

TEST(Exchange, AnAnswerThatTricklesInIsWhole) {
  ProxyBed bed;
  Peer& client = bed.begin(get("/"));
  bed.backend(0).last().send_in_pieces(
      "HTTP/1.1 103 Early Hints\r\n\r\n" + std::string(chunked_head) + "3\r\nabc\r\n0\r\n\r\n", 1,
      std::chrono::milliseconds(1));
  bed.world.run_for(seconds(1));
  EXPECT_TRUE(client.received().ends_with("0\r\n\r\n")) << client.received();
  EXPECT_EQ(bed.requests("GET", "/*", "200"), 1);
}

TEST(Exchange, ATrustedProxysWordOnTheClientIsKept) {
  ProxyBed bed(1, [](testing::SnapshotPlan& plan) {
    plan.trusted_proxies.push_back(*routing::parse_address_range("127.0.0.0/8"));
  });
  bed.backend(0).answer = ok("x");
  bed.once(get("/", "X-Forwarded-For: 192.0.2.7\r\n"));
  EXPECT_TRUE(has_line(bed.backend(0).requests.at(0), "X-Forwarded-For: 192.0.2.7, 127.0.0.1"));
}

}  // namespace
}  // namespace fairlead::proxy
