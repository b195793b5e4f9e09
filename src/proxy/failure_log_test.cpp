#include "proxy/failure_log.hpp"

#include <gtest/gtest.h>

#include "support/proxy_bed.hpp"

namespace fairlead::proxy {
namespace {

using testing::get;
using testing::ProxyBed;
using testing::status_of;

std::size_t lines_with(const ProxyBed& bed, std::string_view part) {
  std::size_t count = 0;
  for (const std::string& line : bed.lines.lines) {
    count += line.find(part) == std::string::npos ? 0 : 1;
  }
  return count;
}

TEST(Shown, EscapesWhatIsNoPrintableAsciiAndCutsWhatIsLong) {
  EXPECT_EQ(shown("/a\n\x7f\xc3 b", 200), "/a%0A%7F%C3%20b");
  EXPECT_EQ(shown(std::string(201, 'a'), 200), std::string(200, 'a'));
  EXPECT_EQ(shown(std::string(200, 'a'), 200), std::string(200, 'a'));
}

TEST(FailureLog, ARequestThatFailedHasALineAtDebugAndNoQuery) {
  ProxyBed bed(1);
  bed.backend(0).refuse();
  EXPECT_EQ(status_of(bed.once(get("/some/path?secret=1"))), 502);
  EXPECT_TRUE(
      bed.lines.has("request failed method=GET path=/some/path pool=default backend=- status=502 reason=\"nobody "
                    "listens there\" tries=1"));
  EXPECT_FALSE(bed.lines.has("secret"));
}

TEST(FailureLog, ATryThatFailedHasItsLineAlthoughTheRequestWentWell) {
  ProxyBed bed(2);
  bed.backend(0).refuse();
  bed.backend(1).answer = testing::ok("x");
  EXPECT_EQ(status_of(bed.once(get("/"))), 200);
  EXPECT_TRUE(bed.lines.has("try failed method=GET path=/ pool=default backend=" + bed.plan.urls[0]));
  EXPECT_EQ(lines_with(bed, "request failed"), 0U);
}

TEST(FailureLog, ABackendThatBreaksTheRulesIsNamedWithWhatItBroke) {
  ProxyBed bed(1);
  bed.backend(0).answer = "HTTP/1.1 200 OK\r\nBad Name: x\r\n\r\n";
  EXPECT_EQ(status_of(bed.once(get("/"))), 502);
  EXPECT_EQ(
      lines_with(bed, "request failed method=GET path=/ pool=default backend=" + bed.plan.urls[0] + " status=502"), 1U);
}

TEST(FailureLog, AnswersOfOurOwnHaveALine) {
  ProxyBed bed(1, [](testing::SnapshotPlan& plan) { plan.routes.pop_back(); });
  EXPECT_EQ(status_of(bed.once(get("/nowhere"))), 404);
  EXPECT_TRUE(bed.lines.has("request failed method=GET path=/nowhere pool=- backend=- status=404"));
  EXPECT_EQ(status_of(bed.once("GET / HTTP/1.1\r\nBad Name: x\r\n\r\n")), 400);
  EXPECT_TRUE(bed.lines.has("request failed method=- path=- pool=- backend=- status=400 reason="));
}

TEST(FailureLog, AClientThatLeftIs499) {
  ProxyBed bed(1);
  bed.begin(get("/")).reset();
  bed.world.settle();
  EXPECT_TRUE(bed.lines.has("status=499 reason=\"the client left\" tries=1"));
}

TEST(FailureLog, AnAnswerThatBrokeOffHasTheStatusThatTheClientGot) {
  ProxyBed bed(1);
  testing::Peer& client = bed.begin(get("/"));
  bed.backend(0).last().send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  bed.world.settle();
  bed.backend(0).last().reset();
  bed.world.settle();
  EXPECT_EQ(status_of(client.received()), 200);
  EXPECT_EQ(
      lines_with(bed, "request failed method=GET path=/ pool=default backend=" + bed.plan.urls[0] + " status=200"), 1U);
}

TEST(FailureLog, SaysNothingOfRequestsUnlessItIsTheLevelForIt) {
  testing::LogLines lines;
  const Log log(lines, LogLevel::info);
  const FailureLog failures(log);
  EXPECT_FALSE(failures.tells_requests());
  failures.request_failed({}, 502, "x");
  EXPECT_TRUE(lines.lines.empty());
}

TEST(FailureLog, SaysOnceAMinuteThatWeRanOutOfSomething) {
  testing::LogLines lines;
  const Log log(lines, LogLevel::info);
  FailureLog failures(log);
  const Error error{ErrorKind::exhausted, Side::internal, 0, "no descriptor left"};
  const io::TimePoint now{std::chrono::hours(1)};
  failures.ran_out(error, now);
  failures.ran_out(error, now + FailureLog::ran_out_said_every - std::chrono::milliseconds(1));
  EXPECT_EQ(lines.lines.size(), 1U);
  failures.ran_out(error, now + FailureLog::ran_out_said_every);
  EXPECT_EQ(lines.lines.size(), 2U);
  EXPECT_TRUE(lines.has("reason=\"no descriptor left\""));
}

}  // namespace
}  // namespace fairlead::proxy
