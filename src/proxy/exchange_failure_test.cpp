// What follows when backends or clients fail: retries and their bounds, problems, and that nothing stays counted.
#include <gtest/gtest.h>

#include <string>

#include "support/proxy_bed.hpp"

namespace fairlead::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::body_of;
using testing::get;
using testing::ok;
using testing::Peer;
using testing::post;
using testing::ProxyBed;
using testing::status_of;

/// A bed whose backend 0 has an idle connection; the peer is its far end.
Peer& warm_up(ProxyBed& bed) {
  bed.backend(0).answer = ok("warm");
  EXPECT_EQ(body_of(bed.once(get("/"))), "warm");
  bed.backend(0).answer.clear();
  return bed.backend(0).last();
}

double failures(const ProxyBed& bed, std::size_t index, std::string_view reason) {
  return bed.metrics.value("fairlead_upstream_failures_total", {"default", bed.plan.urls[index], std::string(reason)});
}
double retries(const ProxyBed& bed, std::string_view outcome) {
  return bed.metrics.value("fairlead_retries_total", {"default", std::string(outcome)});
}

TEST(ExchangeRetry, ARefusedConnectGoesToTheNextBackend) {
  ProxyBed bed(2);
  bed.backend(0).refuse();
  bed.backend(1).answer = ok("two");
  EXPECT_EQ(body_of(bed.once(post("/", "body"))), "two");
  EXPECT_EQ(body_of(bed.backend(1).requests.at(0)), "body");
  EXPECT_EQ(failures(bed, 0, "refused"), 1);
  EXPECT_EQ(retries(bed, "another_backend"), 1);
  EXPECT_EQ(bed.requests("POST", "/*", "200"), 1);
  EXPECT_EQ(bed.metrics.sum("http_requests_total"), 1);
}

TEST(ExchangeRetry, EveryBackendIsTriedOnceAndThenItIs502) {
  ProxyBed bed(3);
  for (std::size_t i = 0; i < 3; ++i) {
    bed.backend(i).refuse();
  }
  Peer& client = bed.connect();
  EXPECT_EQ(status_of(bed.ask(client, get("/"))), 502);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(failures(bed, i, "refused"), 1);
  }
  EXPECT_EQ(retries(bed, "another_backend"), 2);
  bed.expect_nothing_in_flight();
  EXPECT_FALSE(client.saw_end());
}

TEST(ExchangeRetry, NoTryBeginsOnceAFirstByteWouldBeLate) {
  ProxyBed bed(8, [](testing::SnapshotPlan& plan) { plan.routes[1].first_byte = milliseconds(2500); });
  for (std::size_t i = 0; i < 8; ++i) {
    bed.world.engine().never_answer(bed.backend(i).address);
  }
  Peer& client = bed.begin(get("/"));
  bed.world.run_for(seconds(10));
  EXPECT_EQ(status_of(client.received()), 504);
  EXPECT_EQ(retries(bed, "another_backend"), 2);  // after 1 s each; the third try ends at 3 s
}

TEST(ExchangeRetry, ABackendThatRefusesTooOftenRests) {
  ProxyBed bed(2);
  bed.backend(0).refuse();
  bed.backend(1).answer = ok("x");
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(status_of(bed.once(get("/"))), 200);
  }
  EXPECT_EQ(failures(bed, 0, "refused"), 5);
  EXPECT_TRUE(bed.lines.has("backend rests"));
  bed.backend(0).serve();
  bed.backend(0).answer = ok("x");
  bed.world.run_for(seconds(11));
  bed.once(get("/"));
  bed.once(get("/"));
  EXPECT_EQ(bed.backend(0).requests.size(), 1U);
  EXPECT_TRUE(bed.lines.has("backend is reachable again"));
}

TEST(ExchangeRetry, AConnectThatTakesTooLongGoesToTheNextBackend) {
  ProxyBed bed(2);
  bed.world.engine().never_answer(bed.backend(0).address);
  bed.backend(1).answer = ok("x");
  Peer& client = bed.begin(get("/"));
  bed.world.run_for(milliseconds(900));
  EXPECT_EQ(client.received(), "");
  bed.world.run_for(milliseconds(200));
  EXPECT_EQ(status_of(client.received()), 200);
  EXPECT_EQ(failures(bed, 0, "timed_out"), 1);
}

TEST(ExchangeRetry, ConnectsThatTakeTooLongEverywhereAre504) {
  ProxyBed bed;
  bed.world.engine().never_answer(bed.backend(0).address);
  Peer& client = bed.begin(get("/"));
  bed.world.run_for(seconds(2));
  EXPECT_EQ(status_of(client.received()), 504);
}

TEST(ExchangeRetry, LackOfDescriptorsIsNotTheBackendsFault) {
  ProxyBed bed(2);
  bed.world.engine().fail_opens(EMFILE, 100);
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(status_of(bed.once(get("/"))), 503);
  }
  bed.world.engine().fail_opens(0, 0);
  EXPECT_FALSE(bed.lines.has("backend rests"));
  EXPECT_EQ(bed.metrics.sum("fairlead_upstream_failures_total"), 0);
  EXPECT_TRUE(bed.lines.has("for want of our own"));
}

TEST(ExchangeRetry, AReusedConnectionThatDiesIsReplacedOnTheSameBackend) {
  ProxyBed bed(2, [](testing::SnapshotPlan& plan) { plan.urls.pop_back(); });
  Peer& old = warm_up(bed);
  Peer& client = bed.begin(get("/again"));
  EXPECT_FALSE(old.received().empty());
  bed.backend(0).answer = ok("fresh");
  old.close();
  bed.world.settle();
  EXPECT_EQ(body_of(client.received()), "fresh");
  EXPECT_EQ(bed.backend(0).connections.size(), 2U);
  EXPECT_EQ(retries(bed, "fresh_connection"), 1);
  EXPECT_EQ(bed.upstream(0, "none"), 1);
  EXPECT_EQ(bed.requests("GET", "/*", "200"), 2);
}

TEST(ExchangeRetry, ABodyIsSentAgainWhole) {
  ProxyBed bed;
  Peer& old = warm_up(bed);
  Peer& client = bed.begin("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody");
  bed.backend(0).answer = ok("fresh");
  old.reset();
  bed.world.settle();
  EXPECT_EQ(body_of(client.received()), "fresh");
  EXPECT_EQ(body_of(bed.backend(0).requests.back()), "body");
  EXPECT_EQ(bed.metrics.value("fairlead_request_bytes_total", {"/*"}), 4);
}

TEST(ExchangeRetry, ABodyOfManyTinyChunksIsSentAgainWhole) {
  ProxyBed bed;
  Peer& old = warm_up(bed);
  std::string chunks;
  for (int i = 0; i < 200; ++i) {
    chunks += "1\r\nx\r\n";
  }
  Peer& client = bed.begin("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + "0\r\n\r\n");
  bed.backend(0).answer = ok("fresh");
  old.reset();
  bed.world.settle();
  EXPECT_EQ(body_of(client.received()), "fresh");
  const std::string& body = body_of(bed.backend(0).requests.back());
  EXPECT_EQ(std::count(body.begin(), body.end(), 'x'), 200);
}

TEST(ExchangeRetry, APostWhoseBytesWereSentIsntSentAgain) {
  ProxyBed bed(2);
  Peer& old = warm_up(bed);
  bed.backend(1).answer = ok("other");
  bed.once(get("/"));  // backend 1's turn
  Peer& client = bed.begin(post("/", "body"));
  old.reset();
  bed.world.settle();
  EXPECT_EQ(status_of(client.received()), 502);
  EXPECT_EQ(bed.metrics.sum("fairlead_retries_total"), 0);
  EXPECT_EQ(failures(bed, 0, "reset"), 1);
}

TEST(ExchangeRetry, APostOfWhichNothingWasSentIsSentAgain) {
  ProxyBed bed;
  Peer& old = warm_up(bed);
  // The reset is known when the request is written, not yet when the connection is taken.
  old.set_window(0);
  Peer& client = bed.begin(post("/", "body"));
  bed.backend(0).answer = ok("fresh");
  old.reset();
  bed.world.settle();
  EXPECT_EQ(body_of(client.received()), "fresh");
  EXPECT_EQ(bed.upstream(0, "none"), 0);
}

TEST(ExchangeRetry, WithoutABodyTooNoByteMayHaveBeenSent) {
  for (const std::size_t window : {std::size_t{0}, std::size_t{10}}) {
    ProxyBed bed;
    Peer& old = warm_up(bed);
    old.set_window(window);
    old.stop_reading();
    Peer& client = bed.begin("POST / HTTP/1.1\r\nHost: a\r\n\r\n");
    bed.backend(0).answer = ok("fresh");
    old.reset();
    bed.world.settle();
    EXPECT_EQ(status_of(client.received()), window == 0 ? 200 : 502) << window;
    EXPECT_EQ(bed.upstream(0, "none"), window == 0 ? 0 : 1) << window;
  }
}

TEST(ExchangeRetry, AFreshConnectionThatDiesRisksOneOtherBackend) {
  ProxyBed bed(3);
  Peer& client = bed.begin(get("/"));
  bed.backend(0).last().close();
  bed.world.settle();
  bed.backend(1).last().close();
  bed.world.settle();
  EXPECT_EQ(status_of(client.received()), 502);
  EXPECT_TRUE(bed.backend(2).connections.empty());
  EXPECT_EQ(retries(bed, "another_backend"), 1);
  bed.expect_nothing_in_flight();
}

TEST(ExchangeRetry, AfterAByteOfTheAnswerNothingIsSentAgain) {
  ProxyBed bed(2);
  Peer& client = bed.begin(get("/"));
  bed.backend(0).last().send("HTTP/1.1 2");
  bed.backend(0).last().close();
  bed.world.settle();
  EXPECT_EQ(status_of(client.received()), 502);
  EXPECT_TRUE(bed.backend(1).connections.empty());
}

TEST(ExchangeRetry, AProblemAfterARetryLeavesThePipelinedRequestAlone) {
  ProxyBed bed;
  Peer& old = warm_up(bed);
  Peer& client =
      bed.begin("PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\n" + std::string(30, 'b') + get("/2"));
  bed.backend(0).refuse();
  old.reset();
  bed.world.settle();
  EXPECT_EQ(status_of(client.take_received()), 502);  // of /1, of which the second try was refused
  EXPECT_EQ(bed.requests("PUT", "/*", "502"), 1);
  EXPECT_EQ(bed.requests("GET", "/*", "502"), 1);
}

TEST(ExchangeFailure, AFirstByteThatTakesTooLongIs504) {
  ProxyBed bed(2);
  Peer& client = bed.begin(get("/"));
  bed.world.run_for(seconds(29));
  EXPECT_EQ(client.received(), "");
  bed.world.run_for(seconds(2));
  EXPECT_EQ(status_of(client.received()), 504);
  EXPECT_TRUE(bed.backend(1).connections.empty());
  EXPECT_TRUE(bed.backend(0).last().saw_end());
  EXPECT_EQ(failures(bed, 0, "timed_out"), 1);
  EXPECT_EQ(bed.upstream(0, "none"), 1);
  bed.expect_nothing_in_flight();
}

TEST(ExchangeFailure, AHeadThatTricklesDoesntMoveItsDeadline) {
  ProxyBed bed;
  Peer& client = bed.begin(get("/"));
  bed.backend(0).last().send_in_pieces("HTTP/1.1 200 OK\r\nX: " + std::string(100, 'x'), 1, seconds(1));
  bed.world.run_for(seconds(31));
  EXPECT_EQ(status_of(client.received()), 504);
  bed.world.run_for(seconds(120));
}

TEST(ExchangeFailure, InterimAnswersDontMoveTheDeadline) {
  ProxyBed bed;
  Peer& client = bed.begin("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  for (int i = 0; i < 4; ++i) {
    bed.backend(0).last().send("HTTP/1.1 102 Processing\r\n\r\n");
    bed.world.run_for(seconds(8));
  }
  EXPECT_EQ(status_of(client.received()), 504);
}

TEST(ExchangeFailure, ABodyThatStallsIsBrokenOff) {
  ProxyBed bed;
  Peer& client = bed.begin(get("/"));
  bed.backend(0).last().send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  bed.world.run_for(seconds(61));
  EXPECT_EQ(body_of(client.received()), "abc");
  EXPECT_TRUE(client.saw_end());
  EXPECT_EQ(bed.requests("GET", "/*", "200"), 1);
  EXPECT_EQ(failures(bed, 0, "timed_out"), 1);
  EXPECT_EQ(bed.upstream(0, "2xx"), 1);
  bed.expect_nothing_in_flight();
}

TEST(ExchangeFailure, ABodyThatIsCutShortIsBrokenOff) {
  ProxyBed bed;
  Peer& client = bed.begin(get("/"));
  bed.backend(0).last().send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  bed.backend(0).last().end();
  bed.world.settle();
  EXPECT_EQ(body_of(client.received()), "3\r\nabc\r\n");
  EXPECT_TRUE(client.saw_end());
  EXPECT_EQ(bed.upstream(0, "2xx"), 1);
  EXPECT_EQ(bed.upstream(0, "none"), 0);
}

class MalformedAnswer : public ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Kinds, MalformedAnswer,
                         ::testing::Values("nonsense\r\n\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 999 OK\r\n\r\n",
                                           "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                                           "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
                                           "HTTP/1.1 200 OK\r\nBad Name: x\r\nContent-Length: 0\r\n\r\n",
                                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"));

TEST_P(MalformedAnswer, Is502AndItsConnectionIsntReused) {
  ProxyBed bed;
  bed.backend(0).answer = GetParam();
  Peer& client = bed.connect();
  EXPECT_EQ(status_of(bed.ask(client, get("/"))), 502);
  EXPECT_TRUE(bed.backend(0).last().saw_close());
  EXPECT_EQ(failures(bed, 0, "malformed"), 1);
  EXPECT_EQ(bed.requests("GET", "/*", "502"), 1);
  bed.expect_nothing_in_flight();
  bed.backend(0).answer = ok("x");
  EXPECT_EQ(status_of(bed.once(get("/"))), 200);
}

TEST(ExchangeFailure, ABadChunkLaterBreaksTheAnswerOff) {
  ProxyBed bed;
  Peer& client = bed.begin(get("/"));
  bed.backend(0).last().send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  bed.world.settle();
  bed.backend(0).last().send("zz\r\n");
  bed.world.settle();
  EXPECT_EQ(body_of(client.received()), "3\r\nabc\r\n");
  EXPECT_TRUE(client.saw_end());
  EXPECT_TRUE(bed.backend(0).last().saw_close());
  EXPECT_EQ(failures(bed, 0, "malformed"), 1);
}

TEST(ExchangeFailure, AClientThatLeavesInTheMiddleOfTheAnswerFreesTheBackend) {
  ProxyBed bed;
  Peer& client = bed.begin(get("/"));
  bed.backend(0).last().send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc");
  bed.world.settle();
  client.reset();
  bed.backend(0).last().send("def");
  bed.world.settle();
  EXPECT_TRUE(bed.backend(0).last().saw_close());
  EXPECT_EQ(bed.requests("GET", "/*", "200"), 1);
  EXPECT_EQ(bed.upstream(0, "2xx"), 1);
  EXPECT_EQ(bed.metrics.sum("fairlead_upstream_failures_total"), 0);
  bed.expect_nothing_in_flight();
}

TEST(ExchangeFailure, AClientThatLeftBeforeTheAnswerIs499) {
  ProxyBed bed;
  Peer& client = bed.begin(get("/"));
  client.reset();
  bed.backend(0).last().send(ok("x"));
  bed.world.settle();
  EXPECT_EQ(bed.requests("GET", "/*", "499"), 1);
  EXPECT_EQ(bed.metrics.sum("http_requests_total"), 1);
  bed.expect_nothing_in_flight();
}

TEST(ExchangeFailure, AClientThatTakesNothingMoreIsGivenUp) {
  ProxyBed bed;
  Peer& client = bed.connect();
  client.set_window(100);
  client.stop_reading();
  client.send(get("/"));
  bed.world.settle();
  bed.backend(0).last().send(ok(std::string(10'000, 'x')));
  bed.world.run_for(seconds(61));
  EXPECT_TRUE(client.saw_close());
  EXPECT_TRUE(bed.backend(0).last().saw_close());
  EXPECT_EQ(bed.requests("GET", "/*", "200"), 1);
  bed.expect_nothing_in_flight();
}

TEST(ExchangeFailure, ASlowClientHoldsTheBackendBack) {
  ProxyBed bed;
  Peer& client = bed.connect();
  client.set_window(1'000);
  client.stop_reading();
  client.send(get("/"));
  bed.world.settle();
  Peer& backend = bed.backend(0).last();
  backend.send(ok(std::string(500'000, 'x')));
  bed.world.settle();
  EXPECT_GT(backend.unsent(), 300'000U);
  client.resume_reading();
  bed.world.settle();
  EXPECT_EQ(body_of(client.received()).size(), 500'000U);
}

TEST(ExchangeFailure, AnAbortEndsTheAwaitingOfAnAnswer) {
  ProxyBed bed;
  Peer& client = bed.begin(get("/"));
  bed.drain(bed.world.now() + seconds(1));
  bed.world.run_for(milliseconds(1'100));
  EXPECT_TRUE(bed.drained);
  EXPECT_TRUE(client.saw_close());
  EXPECT_EQ(bed.requests("GET", "/*", "499"), 1);
  EXPECT_EQ(bed.metrics.sum("fairlead_upstream_failures_total"), 0);
}

TEST(ExchangeFailure, AnAbortEndsAnUpload) {
  ProxyBed bed;
  bed.begin("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  bed.drain(bed.world.now() + seconds(1));
  bed.world.run_for(milliseconds(1'100));
  EXPECT_TRUE(bed.drained);
  EXPECT_EQ(bed.requests("POST", "/*", "499"), 1);
}

TEST(ExchangeFailure, AnAbortEndsARelay) {
  ProxyBed bed;
  Peer& client = bed.begin(get("/"));
  bed.backend(0).last().send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc");
  bed.drain(bed.world.now() + seconds(1));
  bed.world.run_for(milliseconds(1'100));
  EXPECT_TRUE(bed.drained);
  EXPECT_EQ(body_of(client.received()), "abc");
  EXPECT_EQ(bed.metrics.sum("fairlead_upstream_failures_total"), 0);
}

TEST(ExchangeFailure, AnAbortDuringAConnectSendsNothing) {
  ProxyBed bed(2);
  bed.world.engine().serve(
      bed.backend(0).address, [&](Peer& peer) { bed.backend(0).connections.push_back(&peer); }, milliseconds(500));
  bed.begin(post("/", "body"));
  bed.stop();
  ASSERT_EQ(bed.backend(0).connections.size(), 1U);
  EXPECT_EQ(bed.backend(0).last().received(), "");
  EXPECT_TRUE(bed.backend(1).connections.empty());
  EXPECT_EQ(bed.requests("POST", "/*", "499"), 1);
}

}  // namespace
}  // namespace fairlead::proxy
