#include "proxy/date_clock.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/proxy_bed.hpp"

namespace fairlead::proxy {
namespace {

using testing::get;
using testing::ProxyBed;
using testing::status_of;

/// Values of Date, one a line.
std::string dates(std::string_view answer) {
  std::string found;
  const std::string_view head = answer.substr(0, answer.find("\r\n\r\n") + 2);
  for (std::size_t at = head.find("\r\nDate: "); at != std::string_view::npos; at = head.find("\r\nDate: ", at + 1)) {
    const std::size_t begin = at + 8;
    found.append(head.substr(begin, head.find("\r\n", begin) - begin)).append("\n");
  }
  return found;
}

bool is_one_date(std::string_view answer) {
  const std::string found = dates(answer);
  return found.size() == 30 && found.ends_with(" GMT\n");
}

int looks = 0;  // at the clock on the wall, which goes on by a second with each

std::chrono::system_clock::time_point wall() noexcept {
  using std::chrono::milliseconds;
  return std::chrono::system_clock::time_point(std::chrono::seconds(784'111'776 + ++looks) + milliseconds(400));
}

TEST(DateClock, LooksAtTheWallOnceASecondAndNoSoonerThanItChanges) {
  using std::chrono::milliseconds;
  testing::Simulation world;
  looks = 0;
  DateClock clock(world.loop(), wall);
  EXPECT_EQ(clock.text(), "Sun, 06 Nov 1994 08:49:37 GMT");
  world.run_for(milliseconds(599));
  EXPECT_EQ(clock.text(), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(looks, 1);
  world.run_for(milliseconds(1));
  EXPECT_EQ(clock.text(), "Sun, 06 Nov 1994 08:49:38 GMT");
  EXPECT_EQ(looks, 2);
}

TEST(Date, AnAnswerOfTheBackendsThatHasNoneGetsOne) {
  ProxyBed bed;
  for (const char* answer :
       {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n", "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"}) {
    bed.backend(0).answer = answer;
    EXPECT_TRUE(is_one_date(bed.once(get("/")))) << answer;
  }
}

TEST(Date, OneThatTheBackendSetPassesAsItIs) {
  ProxyBed bed;
  bed.backend(0).answer = "HTTP/1.1 200 OK\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n";
  const std::string answer = bed.once(get("/"));
  EXPECT_EQ(dates(answer), "");
  EXPECT_TRUE(testing::has_line(answer, "date: Sun, 06 Nov 1994 08:49:37 GMT"));
}

TEST(Date, AnInterimAnswerGetsNone) {
  ProxyBed bed;
  bed.backend(0).answer = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  const std::string answer = bed.once(get("/"));
  const std::size_t end_of_interim = answer.find("\r\n\r\n") + 4;
  EXPECT_EQ(dates(answer.substr(0, end_of_interim)), "");
  EXPECT_TRUE(is_one_date(answer.substr(end_of_interim)));
}

TEST(Date, EveryAnswerOfOurOwnHasOne) {
  ProxyBed bed(1, [](testing::SnapshotPlan& plan) { plan.routes.pop_back(); });
  bed.backend(0).refuse();
  for (const std::string& request : {get("/nowhere"), get("/proxy"), std::string("nonsense\r\n\r\n"),
                                     testing::post("/proxy", "x"), testing::post("/proxy?strategy=no", "x")}) {
    const std::string answer = bed.once(request);
    EXPECT_GE(status_of(answer), 400) << request;
    EXPECT_TRUE(is_one_date(answer)) << answer;
  }
}

}  // namespace
}  // namespace fairlead::proxy
