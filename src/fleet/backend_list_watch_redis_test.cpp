#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>

#include "fleet/backend_list_watch.hpp"
#include "support/redis_loop.hpp"
#include "support/redis_server.hpp"

namespace fairlead::fleet {
namespace {

using Urls = BackendListWatch::Urls;

class BackendListWatchOnRedis : public testing::Test {
 protected:
  void SetUp() override {
    if (!test::RedisServer::is_installed()) {
      GTEST_SKIP() << "redis-server isn't installed";
    }
    ASSERT_TRUE(server_.start());
    redis_.emplace(server_);
    StateUrl url;
    url.kind = StateKind::redis_unix;
    url.path = server_.socket_path();
    watch_.emplace(on_.loop, on_.resolver, RedisEndpoint{url}, "", "test", on_.metrics, on_.log);
    watch_->on_listed = [this](const std::string& pool, Urls urls) { lists_[pool] = std::move(urls); };
  }
  void TearDown() override {
    if (watch_) {
      on_.finish(watch_->stop());
    }
  }

  void start(std::vector<BackendListWatch::Pool> pools) {
    watch_->watch(std::move(pools));
    watch_->start();
  }
  bool becomes(const std::string& pool, const Urls& urls) {
    return on_.until([&] { return lists_.contains(pool) && lists_[pool] == urls; });
  }
  std::string stored(const std::string& key) {
    std::string all;
    for (const auto& item : (*redis_)("LRANGE " + key + " 0 -1").items) {
      all += item.text + " ";
    }
    return all;
  }

  test::RedisServer server_;
  std::optional<test::RedisConnection> redis_;
  test::RedisLoop on_;
  std::map<std::string, Urls> lists_;
  std::optional<BackendListWatch> watch_;
};

TEST_F(BackendListWatchOnRedis, AddsConfiguredBackendsToWhatIsListedAlready) {
  (*redis_)("RPUSH backend_servers http://hand http://b");
  start({{"default", {"http://a", "http://b"}}, {"blue", {"http://c"}}});
  EXPECT_TRUE(becomes("default", {"http://hand", "http://b", "http://a"}));
  EXPECT_TRUE(becomes("blue", {"http://c"}));
  EXPECT_EQ(stored("blue:backend_servers"), "http://c ");
}

TEST_F(BackendListWatchOnRedis, FollowsEditsByHandAndKeepsRepeats) {
  start({{"default", {"http://a"}}});
  ASSERT_TRUE(becomes("default", {"http://a"}));
  (*redis_)("LPUSH backend_servers http://b http://a");
  EXPECT_TRUE(becomes("default", {"http://a", "http://b", "http://a"}));
  (*redis_)("LREM backend_servers 0 http://a");
  EXPECT_TRUE(becomes("default", {"http://b"}));
}

TEST_F(BackendListWatchOnRedis, AListThatAUserEmptiedStaysEmpty) {
  start({{"default", {"http://a"}}});
  ASSERT_TRUE(becomes("default", {"http://a"}));
  (*redis_)("DEL backend_servers");
  EXPECT_TRUE(becomes("default", {}));
  (*redis_)("RPUSH backend_servers http://b");
  EXPECT_TRUE(becomes("default", {"http://b"}));
}

TEST_F(BackendListWatchOnRedis, RegistersAgainAfterRedisLostItsDataAndNeverShowsAnEmptyList) {
  start({{"default", {"http://a"}}});
  ASSERT_TRUE(becomes("default", {"http://a"}));
  (*redis_)("RPUSH backend_servers http://hand");
  ASSERT_TRUE(becomes("default", {"http://a", "http://hand"}));
  bool was_empty = false;
  watch_->on_listed = [&](const std::string& pool, Urls urls) {
    was_empty = was_empty || urls.empty();
    lists_[pool] = std::move(urls);
  };
  (*redis_)("FLUSHALL");
  EXPECT_TRUE(becomes("default", {"http://a"}));
  EXPECT_FALSE(was_empty);
}

TEST_F(BackendListWatchOnRedis, KeepsTheLastListDuringAnOutageAndRegistersWhenRedisComesBackEmpty) {
  start({{"default", {"http://a"}}});
  ASSERT_TRUE(becomes("default", {"http://a"}));
  redis_.reset();
  server_.kill();
  ASSERT_TRUE(server_.start());
  redis_.emplace(server_);
  EXPECT_TRUE(on_.until([this] { return stored("backend_servers") == "http://a "; }));
  EXPECT_EQ(lists_["default"], Urls{"http://a"});
}

TEST_F(BackendListWatchOnRedis, PassesOverAnEntryThatIsNoBackendAndSaysSoOnce) {
  (*redis_)("RPUSH backend_servers nonsense http://a");
  start({{"default", {}}});
  ASSERT_TRUE(becomes("default", {"http://a"}));
  (*redis_)("RPUSH backend_servers http://b");
  ASSERT_TRUE(becomes("default", {"http://a", "http://b"}));
  EXPECT_EQ(on_.lines.count("is no backend"), 1u);
}

TEST_F(BackendListWatchOnRedis, TellsLongEntriesApartByTheirBeginningOnly) {
  const std::string nonsense(200, 'x');
  (*redis_)("RPUSH backend_servers " + nonsense + "1 http://a");
  start({{"default", {}}});
  ASSERT_TRUE(becomes("default", {"http://a"}));
  (*redis_)("RPUSH backend_servers " + nonsense + "2 http://b");
  ASSERT_TRUE(becomes("default", {"http://a", "http://b"}));
  EXPECT_EQ(on_.lines.count("is no backend"), 1u);
}

TEST_F(BackendListWatchOnRedis, ARedisThatTakesNoEpochIsntAskedWithoutAPause) {
  (*redis_)("REPLICAOF 127.0.0.1 1");  // read-only from now on
  const io::TimePoint began = on_.loop.exact_now();
  start({{"default", {"http://a"}}});
  constexpr auto some_time = 2 * BackendListWatch::interval;
  ASSERT_TRUE(on_.until([&] { return on_.loop.exact_now() > began + some_time; }));
  const std::string stats = (*redis_)("INFO commandstats").text;
  const std::size_t at = stats.find("cmdstat_get:calls=");
  ASSERT_NE(at, std::string::npos);
  const auto intervals = (on_.loop.exact_now() - began) / BackendListWatch::interval + 1;
  EXPECT_LE(std::stol(stats.substr(at + 18)), BackendListWatch::polls_in_a_row_max * intervals);
}

TEST_F(BackendListWatchOnRedis, AListOfAnotherTypeKeepsTheLastOne) {
  start({{"default", {"http://a"}}, {"blue", {"http://c"}}});
  ASSERT_TRUE(becomes("default", {"http://a"}));
  (*redis_)("SET backend_servers x");
  (*redis_)("RPUSH blue:backend_servers http://d");
  EXPECT_TRUE(becomes("blue", {"http://c", "http://d"}));
  EXPECT_EQ(lists_["default"], Urls{"http://a"});
  EXPECT_EQ(on_.lines.count("redis refuses a pool's list"), 1u);
  EXPECT_EQ(on_.lines.count("reason=WRONGTYPE"), 1u);
}

TEST_F(BackendListWatchOnRedis, AReloadRegistersOnlyWhatIsNew) {
  start({{"default", {"http://a", "http://b"}}});
  ASSERT_TRUE(becomes("default", {"http://a", "http://b"}));
  (*redis_)("LREM backend_servers 0 http://a");
  ASSERT_TRUE(becomes("default", {"http://b"}));
  watch_->watch({{"default", {"http://a", "http://b", "http://c"}}});
  EXPECT_TRUE(becomes("default", {"http://b", "http://c"}));
}

}  // namespace
}  // namespace fairlead::fleet
