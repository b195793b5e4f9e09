// What an exchange notes of a backend's time, for strategies by latency and for the histogram.
#include <gtest/gtest.h>

#include "proxy/exchange.hpp"
#include "support/proxy_bed.hpp"

namespace fairlead::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ok;
using testing::Peer;
using testing::ProxyBed;

constexpr std::string_view by_latency = "/proxy?strategy=peak_ewma";
constexpr std::string_view by_turns = "/proxy?strategy=round_robin";

float latency(ProxyBed& bed, std::size_t index = 0) {
  return bed.plan.activities.at(bed.backend(index).url)->latency.estimate().seconds;
}

std::string post(std::string_view path) {
  return testing::post(path, "body");
}

std::string failed(std::string_view status) {
  return "HTTP/1.1 " + std::string(status) + "\r\nContent-Length: 0\r\n\r\n";
}

/// The backend answers after a while; what the client got.
std::string answered_after(ProxyBed& bed, milliseconds delay, const std::string& answer) {
  Peer& client = bed.begin(post(by_latency));
  bed.world.run_for(delay);
  bed.backend(0).last().send(answer);
  bed.world.settle();
  return client.take_received();
}

TEST(ExchangeLatency, IsFromTheRequestsBeingSentToTheFirstByteOfTheAnswersHead) {
  ProxyBed bed;
  bed.begin(post(by_latency));
  bed.world.run_for(milliseconds(200));
  bed.backend(0).last().send("HTTP/1.1 200 OK\r\n");
  bed.world.settle();
  EXPECT_EQ(latency(bed), 0);
  bed.world.run_for(milliseconds(300));
  bed.backend(0).last().send("Content-Length: 0\r\n\r\n");
  bed.world.settle();
  EXPECT_NEAR(latency(bed), 0.2, 0.02);
}

TEST(ExchangeLatency, AnInterimAnswerIsNotTheAnswer) {
  ProxyBed bed;
  bed.begin(post(by_latency));
  bed.world.run_for(milliseconds(100));
  bed.backend(0).last().send("HTTP/1.1 103 Early Hints\r\n\r\n");
  bed.world.run_for(milliseconds(200));
  bed.backend(0).last().send(ok("x"));
  bed.world.settle();
  EXPECT_NEAR(latency(bed), 0.3, 0.02);
}

TEST(ExchangeLatency, TheTimeThatABodyTakesToComeIsNotTheBackends) {
  ProxyBed bed;
  Peer& client =
      bed.begin("POST " + std::string(by_latency) + " HTTP/1.1\r\nHost: site\r\nContent-Length: 8\r\n\r\nbody");
  bed.world.run_for(seconds(5));
  client.send("body");
  bed.world.settle();
  bed.world.run_for(milliseconds(200));
  bed.backend(0).last().send(ok("x"));
  bed.world.settle();
  EXPECT_NEAR(latency(bed), 0.2, 0.02);
}

TEST(ExchangeLatency, AClientThatLeavesDuringItsBodySaysNothingOfTheBackend) {
  ProxyBed bed;
  answered_after(bed, milliseconds(100), ok("x"));
  Peer& client =
      bed.begin("POST " + std::string(by_latency) + " HTTP/1.1\r\nHost: site\r\nContent-Length: 8\r\n\r\nbody");
  bed.world.run_for(seconds(5));
  client.reset();
  bed.world.settle();
  EXPECT_NEAR(latency(bed), 0.1, 0.02);
}

TEST(ExchangeLatency, AClientThatLeavesTellsHowLongItWaited) {
  ProxyBed bed;
  answered_after(bed, milliseconds(100), ok("x"));
  Peer& client = bed.begin(post(by_latency));
  bed.world.run_for(seconds(5));
  client.reset();
  bed.world.settle();
  EXPECT_NEAR(latency(bed), 5, 0.1);
}

TEST(ExchangeLatency, AnAnswerOfFailureIsNotFast) {
  ProxyBed bed;
  answered_after(bed, milliseconds(500), ok("x"));
  for (int i = 0; i < 100; ++i) {
    answered_after(bed, milliseconds(200), failed("503 Service Unavailable"));
  }
  EXPECT_NEAR(latency(bed), 0.5, 0.02);
}

TEST(ExchangeLatency, AnAnswerThatIsTheClientsFaultCounts) {
  ProxyBed bed;
  answered_after(bed, milliseconds(200), failed("404 Not Found"));
  EXPECT_NEAR(latency(bed), 0.2, 0.02);
}

TEST(ExchangeLatency, AConnectionThatBreaksAtOnceIsNotFast) {
  ProxyBed bed;
  answered_after(bed, milliseconds(500), ok("x"));
  bed.begin(post(by_latency));
  bed.backend(0).last().reset();
  bed.world.settle();
  EXPECT_NEAR(latency(bed), 0.5, 0.02);
}

TEST(ExchangeLatency, ATimeoutIsAsSlowAsItWasLong) {
  ProxyBed bed;
  answered_after(bed, milliseconds(500), ok("x"));
  bed.begin(post(by_latency));
  bed.world.run_for(seconds(31));
  EXPECT_NEAR(latency(bed), 30, 0.1);
}

TEST(ExchangeLatency, IsNotEstimatedForRequestsPlacedOtherwise) {
  ProxyBed bed;
  bed.begin(post(by_turns));
  bed.backend(0).last().send(ok("x"));
  bed.world.settle();
  EXPECT_EQ(latency(bed), 0);
}

TEST(ExchangeLatency, TheHistogramCountsEachAnswer) {
  ProxyBed bed;
  bed.begin(post(by_turns));
  bed.backend(0).last().send(ok("x"));
  bed.world.settle();
  answered_after(bed, milliseconds(200), failed("500 Internal Server Error"));
  EXPECT_EQ(bed.metrics.value("fairlead_upstream_duration_seconds", {"default", bed.backend(0).url}), 2);
}

TEST(ExchangeLatency, TheSlowOneOfTwoIsAvoided) {
  ProxyBed bed(2);
  bed.backend(1).answer = ok("x");
  const auto is_tried = [&] { return !bed.backend(0).connections.empty() && !bed.backend(1).requests.empty(); };
  for (int i = 0; i < 90 && !is_tried(); ++i) {  // until chance has tried both
    bed.begin(post(by_latency));
  }
  ASSERT_TRUE(is_tried());
  bed.world.run_for(seconds(1));
  bed.backend(0).last().send(ok("x"));
  bed.world.settle();
  const std::size_t requests = bed.backend(1).requests.size();
  Peer& client = bed.connect();
  for (int i = 0; i < 100; ++i) {
    bed.ask(client, post(by_latency));
  }
  EXPECT_EQ(bed.backend(1).requests.size(), requests + 100);
}

}  // namespace
}  // namespace fairlead::proxy
