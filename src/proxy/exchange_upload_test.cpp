// How a request's body goes up beside the awaiting of the answer.
#include <gtest/gtest.h>

#include <string>

#include "support/chunked.hpp"
#include "support/proxy_bed.hpp"

namespace fairlead::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::body_of;
using testing::chunked_body;
using testing::get;
using testing::has_line;
using testing::ok;
using testing::Peer;
using testing::post;
using testing::ProxyBed;
using testing::status_of;

constexpr std::string_view chunked_post = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string tiny_chunks(std::size_t count) {
  std::string body;
  for (std::size_t i = 0; i < count; ++i) {
    body.append("1\r\n").append(1, static_cast<char>('a' + i % 26)).append("\r\n");
  }
  return body;
}

TEST(ExchangeUpload, ABodyThatComesLaterGoesUpAsItComes) {
  ProxyBed bed;
  Peer& client = bed.begin("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n");
  EXPECT_EQ(body_of(bed.backend(0).last().received()), "");
  bed.ask(client, "abc");
  EXPECT_EQ(body_of(bed.backend(0).last().received()), "abc");
  bed.backend(0).answer = ok("x");
  EXPECT_EQ(body_of(bed.ask(client, "def")), "x");
  EXPECT_EQ(body_of(bed.backend(0).requests.at(0)), "abcdef");
  EXPECT_EQ(bed.metrics.value("fairlead_request_bytes_total", {"/*"}), 6);
}

TEST(ExchangeUpload, AChunkedBodyGoesUpWhole) {
  ProxyBed bed;
  bed.backend(0).answer = ok("x");
  Peer& client = bed.begin(chunked_post);
  client.send_in_pieces(tiny_chunks(100) + "0\r\n\r\n", 7, milliseconds(1));
  bed.world.run_for(seconds(1));
  EXPECT_EQ(chunked_body(body_of(bed.backend(0).requests.at(0))).data.size(), 100U);
  EXPECT_EQ(body_of(client.received()), "x");
}

TEST(ExchangeUpload, ABodyOfManyTinyChunksBehindTheHeadGoesUpWhole) {
  ProxyBed bed;
  bed.backend(0).answer = ok("x");
  Peer& client = bed.begin(std::string(chunked_post) + tiny_chunks(300));
  EXPECT_EQ(chunked_body(body_of(bed.backend(0).last().received())).data.size(), 300U);
  bed.ask(client, tiny_chunks(300) + "0\r\n\r\n");
  ASSERT_EQ(bed.backend(0).requests.size(), 1U);
  EXPECT_EQ(chunked_body(body_of(bed.backend(0).requests[0])).data.size(), 600U);
}

TEST(ExchangeUpload, APipelinedRequestBehindABodyIsServedNext) {
  ProxyBed bed;
  bed.backend(0).answer = ok("x");
  Peer& client = bed.begin("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  bed.ask(client, "def" + get("/2") + get("/3"));
  ASSERT_EQ(bed.backend(0).requests.size(), 3U);
  EXPECT_TRUE(bed.backend(0).requests[1].starts_with("GET /2 "));
  EXPECT_TRUE(bed.backend(0).requests[2].starts_with("GET /3 "));
  EXPECT_EQ(bed.backend(0).connections.size(), 1U);
}

TEST(ExchangeUpload, TheAnswersTimeBeginsWhenTheBodyIsUp) {
  ProxyBed bed;
  Peer& client = bed.begin("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n");
  bed.world.run_for(seconds(20));
  client.send("ab");
  bed.world.run_for(seconds(20));
  client.send("c");
  bed.world.run_for(seconds(29));
  EXPECT_EQ(client.received(), "");
  bed.world.run_for(seconds(2));
  EXPECT_EQ(status_of(client.received()), 504);
  EXPECT_EQ(bed.metrics.value("fairlead_upstream_failures_total", {"default", bed.backend(0).url, "timed_out"}), 1);
}

TEST(ExchangeUpload, AnEarlyAnswerPassesAndEndsBothConnections) {
  ProxyBed bed;
  Peer& client = bed.begin("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc");
  bed.backend(0).last().send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
  bed.world.settle();
  EXPECT_EQ(status_of(client.received()), 403);
  EXPECT_TRUE(has_line(client.received(), "Connection: close")) << client.received();
  EXPECT_EQ(body_of(client.received()), "no");
  EXPECT_TRUE(bed.backend(0).last().saw_end());
  EXPECT_TRUE(client.saw_end());
  EXPECT_FALSE(client.saw_close());  // lingers for what is still on its way
  bed.expect_nothing_in_flight();
  bed.world.run_for(seconds(3));
  EXPECT_TRUE(client.saw_close());
}

TEST(ExchangeUpload, AnEarlyAnswerComesThroughThoughTheBackendTakesNoMore) {
  ProxyBed bed;
  Peer& client = bed.begin("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n");
  bed.backend(0).last().stop_reading();
  bed.ask(client, std::string(150'000, 'x'));
  bed.backend(0).last().send(ok("enough"));
  bed.world.settle();
  EXPECT_EQ(body_of(client.received()), "enough");
  bed.expect_nothing_in_flight();
}

TEST(ExchangeUpload, ABodyMayGoUpWhileItsAnswerComesDown) {
  ProxyBed bed;
  Peer& client = bed.begin("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  bed.backend(0).last().send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nABC");
  bed.world.settle();
  bed.ask(client, "def");
  EXPECT_EQ(body_of(bed.backend(0).last().received()), "abcdef");
  bed.backend(0).last().send("DEF");
  bed.world.settle();
  EXPECT_TRUE(client.saw_end());  // it was told so before the body was up
  EXPECT_EQ(bed.requests("POST", "/*", "200"), 1);
}

TEST(ExchangeUpload, ABadChunkBehindTheHeadIs400) {
  ProxyBed bed;
  Peer& client = bed.begin(std::string(chunked_post) + "zz\r\n");
  EXPECT_EQ(status_of(client.received()), 400);
  EXPECT_TRUE(client.saw_end());
  EXPECT_EQ(bed.metrics.sum("fairlead_upstream_failures_total"), 0);
  EXPECT_EQ(bed.metrics.sum("fairlead_upstream_requests_total"), 0);
  bed.expect_nothing_in_flight();
}

TEST(ExchangeUpload, ABadChunkLaterIs400) {
  ProxyBed bed;
  Peer& client = bed.begin(std::string(chunked_post) + "3\r\nabc\r\n");
  EXPECT_EQ(status_of(bed.ask(client, "zz\r\n")), 400);
  EXPECT_TRUE(bed.backend(0).last().saw_end());
  EXPECT_EQ(bed.requests("POST", "/*", "400"), 1);
  EXPECT_EQ(bed.metrics.sum("fairlead_upstream_failures_total"), 0);
  bed.expect_nothing_in_flight();
}

TEST(ExchangeUpload, ABadChunkThatIsThereBeforeTheAnswerIsAwaitedIs400AtOnce) {
  ProxyBed bed;
  // The head fills the first buffer; the bad chunk is in the kernel when the body is first read.
  const std::string fill(5'000, 'x');
  std::string request(chunked_post.substr(0, chunked_post.size() - 2));
  request += "X-1: " + fill + "\r\nX-2: " + fill + "\r\nX-3: ";
  request += std::string(16 * 1024 - request.size() - 4, 'y') + "\r\n\r\n";
  ASSERT_EQ(request.size(), 16U * 1024);
  Peer& client = bed.begin(request + "zz\r\n");
  EXPECT_EQ(status_of(client.received()), 400) << client.received();
  bed.expect_nothing_in_flight();
}

TEST(ExchangeUpload, AChunkedBodyBeyondTheRoutesLimitIs413) {
  ProxyBed bed(1, [](testing::SnapshotPlan& plan) { plan.routes.back().body_max = 5; });
  Peer& client = bed.begin(std::string(chunked_post) + "3\r\nabc\r\n");
  EXPECT_EQ(status_of(bed.ask(client, "3\r\ndef\r\n")), 413);
  EXPECT_EQ(chunked_body(body_of(bed.backend(0).last().received())).data, "abc");
  EXPECT_TRUE(bed.backend(0).last().saw_end());
  EXPECT_EQ(bed.metrics.sum("fairlead_upstream_failures_total"), 0);
}

TEST(ExchangeUpload, ALengthBeyondTheRoutesLimitIs413WithoutABackend) {
  ProxyBed bed(1, [](testing::SnapshotPlan& plan) { plan.routes.back().body_max = 5; });
  EXPECT_EQ(status_of(bed.once("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n")), 413);
  EXPECT_TRUE(bed.backend(0).connections.empty());
}

TEST(ExchangeUpload, ALengthOfTheRoutesLimitPasses) {
  ProxyBed bed(1, [](testing::SnapshotPlan& plan) { plan.routes.back().body_max = 5; });
  bed.backend(0).answer = ok("x");
  EXPECT_EQ(status_of(bed.once(post("/", "abcde"))), 200);
}

TEST(ExchangeUpload, AClientThatStallsIs408) {
  ProxyBed bed;
  Peer& client = bed.begin("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  bed.world.run_for(seconds(29));
  EXPECT_EQ(client.received(), "");
  bed.world.run_for(seconds(2));
  EXPECT_EQ(status_of(client.received()), 408);
  EXPECT_EQ(bed.requests("POST", "/*", "408"), 1);
  EXPECT_EQ(bed.metrics.sum("fairlead_upstream_failures_total"), 0);
  bed.expect_nothing_in_flight();
}

TEST(ExchangeUpload, AClientThatLeavesIs499) {
  ProxyBed bed;
  Peer& client = bed.begin("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  client.end();
  bed.world.settle();
  EXPECT_EQ(bed.requests("POST", "/*", "499"), 1);
  EXPECT_TRUE(bed.backend(0).last().saw_end());
  EXPECT_TRUE(client.saw_close());
  bed.expect_nothing_in_flight();
}

TEST(ExchangeUpload, AClientThatResetsIs499) {
  ProxyBed bed;
  Peer& client = bed.begin("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  client.reset();
  bed.world.settle();
  EXPECT_EQ(bed.requests("POST", "/*", "499"), 1);
  bed.expect_nothing_in_flight();
}

TEST(ExchangeUpload, ABackendThatDiesUnderABodyIs502AndIsntAskedAgain) {
  ProxyBed bed(2);
  bed.backend(1).answer = ok("x");
  Peer& client = bed.begin("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  bed.backend(0).last().reset();
  bed.world.settle();
  EXPECT_EQ(status_of(client.received()), 502);
  EXPECT_TRUE(bed.backend(1).connections.empty());
  EXPECT_EQ(bed.upstream(0, "none"), 1);
  bed.expect_nothing_in_flight();
}

TEST(ExchangeUpload, ABackendThatRefusesTheRestStillHasItsAnswerPassed) {
  ProxyBed bed;
  Peer& client = bed.begin("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  bed.backend(0).last().send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
  bed.backend(0).last().reset();
  client.send("def");
  bed.world.settle();
  EXPECT_EQ(status_of(client.received()), 413);
  bed.expect_nothing_in_flight();
}

TEST(ExchangeUpload, AnAnswerThatOvertakesItsUploadHalfwayStopsIt) {
  ProxyBed bed;
  Peer& client = bed.begin("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
  Peer& backend = bed.backend(0).last();
  backend.set_window(10);
  backend.stop_reading();
  bed.ask(client, std::string(10'000, 'x'));
  backend.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
  bed.world.settle();
  backend.send("cd");
  bed.world.settle();
  EXPECT_EQ(body_of(client.received()), "abcd");
  EXPECT_TRUE(backend.saw_close());
  bed.expect_nothing_in_flight();
}

TEST(ExchangeUpload, AConnectionThatTookOnlyAPartOfTheBodyIsntReused) {
  ProxyBed bed;
  Peer& client = bed.begin("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n");
  Peer& backend = bed.backend(0).last();
  backend.set_window(10);
  backend.stop_reading();
  client.send(std::string(10'000, 'x'));
  bed.world.run_for(seconds(61));  // the write is given up, the answer still awaited
  backend.send(ok("x"));
  bed.world.settle();
  EXPECT_EQ(body_of(client.received()), "x");
  EXPECT_TRUE(backend.saw_close());
  bed.expect_nothing_in_flight();
}

TEST(ExchangeUpload, AnUploadThatBreaksWhileTheAnswerComesIsTheClientsDoing) {
  ProxyBed bed;
  Peer& client = bed.begin(std::string(chunked_post) + "3\r\nabc\r\n");
  bed.backend(0).last().send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nABC");
  bed.world.settle();
  bed.ask(client, "zz\r\n");
  EXPECT_TRUE(client.saw_end());
  EXPECT_EQ(bed.metrics.sum("fairlead_upstream_failures_total"), 0);
  EXPECT_EQ(bed.requests("POST", "/*", "200"), 1);
  EXPECT_EQ(bed.upstream(0, "2xx"), 1);
  bed.expect_nothing_in_flight();
}

}  // namespace
}  // namespace fairlead::proxy
