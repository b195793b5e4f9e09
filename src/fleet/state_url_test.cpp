#include "fleet/state_url.hpp"

#include <gtest/gtest.h>

namespace fairlead::fleet {
namespace {

StateUrl parsed(std::string_view text) {
  const auto url = parse_state_url(text);
  EXPECT_TRUE(url) << text << ": " << (url ? "" : url.error().detail);
  return url.value_or(StateUrl{});
}

std::string_view fault_of(std::string_view text) {
  const auto url = parse_state_url(text);
  EXPECT_FALSE(url) << text;
  return url ? std::string_view() : url.error().detail;
}

TEST(StateUrl, ReadsMemory) {
  EXPECT_EQ(parsed("memory://"), StateUrl{});
}

TEST(StateUrl, ReadsHostPortAndDatabase) {
  const StateUrl url = parsed("redis://cache.example:7000/3");
  EXPECT_EQ(url.kind, StateKind::redis);
  EXPECT_EQ(url.host, "cache.example");
  EXPECT_EQ(url.port, 7000);
  EXPECT_EQ(url.database, 3U);
}

TEST(StateUrl, TakesRedisOwnPortAndFirstDatabaseByDefault) {
  EXPECT_EQ(parsed("redis://localhost").port, 6379);
  EXPECT_EQ(parsed("redis://localhost/").database, 0U);
}

TEST(StateUrl, ReadsAnIpv6AddressInBrackets) {
  EXPECT_EQ(parsed("redis://[::1]:6380").host, "::1");
  EXPECT_EQ(parsed("redis://[::1]:6380").port, 6380);
  EXPECT_EQ(parsed("redis://[::1]").port, 6379);
}

TEST(StateUrl, DecodesUserAndPassword) {
  const StateUrl url = parsed("rediss://al%69ce:p%40ss%3aw%25rd@h:1");
  EXPECT_EQ(url.kind, StateKind::redis_tls);
  EXPECT_EQ(url.user, "alice");
  EXPECT_EQ(url.password, "p@ss:w%rd");
}

TEST(StateUrl, TakesAPasswordWithoutUser) {
  EXPECT_EQ(parsed("redis://:secret@h").user, "");
  EXPECT_EQ(parsed("redis://:secret@h").password, "secret");
}

TEST(StateUrl, ReadsAUnixSocket) {
  const StateUrl url = parsed("redis+unix:///run/redis.sock?db=2");
  EXPECT_EQ(url.kind, StateKind::redis_unix);
  EXPECT_EQ(url.path, "/run/redis.sock");
  EXPECT_EQ(url.database, 2U);
  EXPECT_EQ(parsed("redis+unix://:secret@/run/redis.sock").password, "secret");
}

TEST(StateUrl, TakesAUnixPathAsLongAsTheSystemDoesAndNoLonger) {
  EXPECT_EQ(parsed("redis+unix:///" + std::string(106, 'a')).path.size(), 107U);
  fault_of("redis+unix:///" + std::string(107, 'a'));
}

TEST(StateUrl, ReadsSentinelsAndTheMastersName) {
  const StateUrl url = parsed("redis+sentinel://lb:p%40ss@h1:26380,h2,[::1]:26381/my-master.1/3");
  EXPECT_EQ(url.kind, StateKind::redis_sentinel);
  EXPECT_EQ(url.sentinels, (std::vector<HostPort>{{"h1", 26380}, {"h2", 26379}, {"::1", 26381}}));
  EXPECT_EQ(url.master, "my-master.1");
  EXPECT_EQ(url.database, 3U);
  EXPECT_EQ(url.user, "lb");
  EXPECT_EQ(url.password, "p@ss");
}

TEST(StateUrl, TakesSentinelsUpToTheirLimit) {
  std::string list = "h";
  for (std::size_t i = 1; i < StateUrl::sentinels_max; ++i) {
    list += ",h";
  }
  EXPECT_EQ(parsed("redis+sentinel://" + list + "/main").sentinels.size(), StateUrl::sentinels_max);
  EXPECT_NE(fault_of("redis+sentinel://" + list + ",h/main").find("16"), std::string_view::npos);
}

TEST(StateUrl, SaysThatAMastersNameIsMissing) {
  EXPECT_NE(fault_of("redis+sentinel://h1:26379,h2:26379").find("the master's name"), std::string_view::npos);
}

TEST(StateUrl, RefusesWhatBreaksARule) {
  for (const char* text : {"",
                           "memory",
                           "memory://x",
                           "http://h",
                           "redis:",
                           "redis://",
                           "redis://:6379",
                           "redis://h:0",
                           "redis://h:65536",
                           "redis://h:",
                           "redis://h:x",
                           "redis://h/x",
                           "redis://h/-1",
                           "redis://h/0/1",
                           "redis://h/99999999999",
                           "redis://[::1",
                           "redis://[::1]6379",
                           "redis://[]:1",
                           "redis://a b",
                           "redis://user@h",
                           "redis://user:@h",
                           "redis://:%zz@h",
                           "redis://:%4@h",
                           "redis://h?db=1",
                           "redis+unix://run/redis.sock",
                           "redis+unix://",
                           "redis+unix:///a?x=1",
                           "redis+unix:///a?db=",
                           "redis://h\x01",
                           "redis://h1,h2",
                           "redis+sentinel://",
                           "redis+sentinel://h",
                           "redis+sentinel://h/",
                           "redis+sentinel:///main",
                           "redis+sentinel://h1,/main",
                           "redis+sentinel://,h1/main",
                           "redis+sentinel://h1:x,h2/main",
                           "redis+sentinel://h/ma*n",
                           "redis+sentinel://h/main/x",
                           "redis+sentinel://h/main/0/1",
                           "redis+sentinel://user@h/main",
                           "REDIS://h"}) {
    fault_of(text);
  }
}

TEST(StateUrl, NeverShowsThePassword) {
  EXPECT_EQ(redacted(parsed("redis://alice:secret@h:1/2")), "redis://alice:***@h:1/2");
  EXPECT_EQ(redacted(parsed("rediss://:secret@[::1]")), "rediss://:***@[::1]:6379/0");
  EXPECT_EQ(redacted(parsed("redis+unix://:secret@/run/r?db=1")), "redis+unix://:***@/run/r?db=1");
  EXPECT_EQ(redacted(parsed("redis+sentinel://u:secret@h1,[::1]:1/main")),
            "redis+sentinel://u:***@h1:26379,[::1]:1/main/0");
  EXPECT_EQ(redacted(parsed("redis://h")), "redis://h:6379/0");
  EXPECT_EQ(redacted(StateUrl{}), "memory://");
}

}  // namespace
}  // namespace fairlead::fleet
