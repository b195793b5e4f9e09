#include "core/routing/route_table.hpp"

#include <gtest/gtest.h>

namespace fairlead::routing {
namespace {

Route exact(std::string path, std::vector<std::string> methods = {}) {
  Route route;
  route.name = route.path = std::move(path);
  route.methods = std::move(methods);
  return route;
}

Route prefix(std::string path, std::vector<std::string> methods = {}) {
  Route route = exact(std::move(path), std::move(methods));
  route.is_prefix = true;
  return route;
}

TEST(RouteTable, MatchesAnExactPathOnly) {
  const RouteTable table({exact("/proxy")});
  EXPECT_EQ(table.match("/proxy", "POST").route, &table.routes()[0]);
  for (const char* path : {"", "/", "/prox", "/proxy/", "/proxyx", "/Proxy", "/a/proxy"}) {
    EXPECT_EQ(table.match(path, "POST").route, nullptr) << path;
  }
}

TEST(RouteTable, MatchesAllThatBeginsWithAPrefix) {
  const RouteTable table({prefix("/api/")});
  EXPECT_NE(table.match("/api/", "GET").route, nullptr);
  EXPECT_NE(table.match("/api/users/1", "GET").route, nullptr);
  EXPECT_EQ(table.match("/api", "GET").route, nullptr);
  EXPECT_EQ(table.match("/", "GET").route, nullptr);
}

TEST(RouteTable, LetsTheFirstMatchServe) {
  const RouteTable table({exact("/a"), prefix("/"), exact("/b")});
  EXPECT_EQ(table.match("/a", "GET").index, 0U);
  EXPECT_EQ(table.match("/b", "GET").index, 1U);
  EXPECT_EQ(table.match("/b", "GET").route, &table.routes()[1]);
}

TEST(RouteTable, AnswersNeitherRouteNorMethodsForAnUnknownPath) {
  const RouteTable table({exact("/proxy", {"POST"})});
  const auto match = table.match("/other", "POST");
  EXPECT_EQ(match.route, nullptr);
  EXPECT_EQ(match.allow, "");
}

TEST(RouteTable, TellsTheMethodsThatWouldDo) {
  const RouteTable table({exact("/proxy", {"POST"})});
  const auto match = table.match("/proxy", "GET");
  EXPECT_EQ(match.route, nullptr);
  EXPECT_EQ(match.allow, "POST");
}

TEST(RouteTable, ComparesMethodsByCase) {
  const RouteTable table({exact("/proxy", {"POST"})});
  EXPECT_EQ(table.match("/proxy", "post").route, nullptr);
}

TEST(RouteTable, LetsALaterRouteOfTheSamePathTakeItsMethods) {
  const RouteTable table({exact("/a", {"GET"}), exact("/b"), exact("/a", {"POST", "PUT"}), exact("/a")});
  EXPECT_EQ(table.match("/a", "GET").index, 0U);
  EXPECT_EQ(table.match("/a", "PUT").index, 2U);
  EXPECT_EQ(table.match("/a", "DELETE").index, 3U);
}

TEST(RouteTable, JoinsTheMethodsOfAllRoutesOfThePathEachOnce) {
  const RouteTable table({exact("/a", {"GET", "HEAD"}), prefix("/b", {"PATCH"}), exact("/a", {"HEAD", "POST"})});
  EXPECT_EQ(table.match("/a", "DELETE").allow, "GET, HEAD, POST");
}

TEST(RouteTable, DoesNotFallThroughToAPrefixForAnotherMethod) {
  const RouteTable table({exact("/proxy", {"POST"}), prefix("/")});
  const auto match = table.match("/proxy", "GET");
  EXPECT_EQ(match.route, nullptr);
  EXPECT_EQ(match.allow, "POST");
}

TEST(RouteTable, KeepsExactPathAndPrefixOfTheSameTextApart) {
  const RouteTable table({exact("/a", {"POST"}), prefix("/a", {"GET"})});
  EXPECT_EQ(table.match("/a", "GET").allow, "POST");
  EXPECT_EQ(table.match("/a/b", "GET").index, 1U);
}

TEST(RouteTable, WithoutRoutesMatchesNothing) {
  EXPECT_EQ(RouteTable().match("/", "GET").route, nullptr);
}

}  // namespace
}  // namespace fairlead::routing
