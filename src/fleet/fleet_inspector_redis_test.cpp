#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>

#include "fleet/backend_list_watch.hpp"
#include "fleet/fleet_inspector.hpp"
#include "support/redis_loop.hpp"
#include "support/redis_server.hpp"

namespace fairlead::fleet {
namespace {

using Numbers = std::map<std::string, std::int64_t>;

class FleetInspectorOnRedis : public testing::Test {
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
    client_.emplace(on_.loop, on_.resolver, RedisEndpoint{url}, "test", "own", on_.metrics);
    client_->on_up = [] {};
    client_->on_down = [](const StateFault&) {};
    client_->start();
    ASSERT_TRUE(on_.until([this] { return client_->is_up(); }));
  }
  void TearDown() override {
    if (client_) {
      on_.finish(client_->stop());
    }
  }
  std::optional<FleetPicture> look(std::vector<std::string> keys) {
    bool is_answered = false;
    std::optional<FleetPicture> seen;
    inspector_.emplace(on_.loop, *client_, KeyNames(""));
    inspector_->look(std::move(keys), [&](std::optional<FleetPicture> picture) {
      seen = std::move(picture);
      is_answered = true;
    });
    EXPECT_TRUE(on_.until([&] { return is_answered; }));
    return seen;
  }

  test::RedisServer server_;
  std::optional<test::RedisConnection> redis_;
  test::RedisLoop on_;
  std::optional<RedisClient> client_;
  std::optional<FleetInspector> inspector_;
};

TEST_F(FleetInspectorOnRedis, SeesMembersTheirLedgersAndCounts) {
  (*redis_)("ZADD fairlead:instances 99999999999999 one 1 dead");
  (*redis_)("HSET fairlead:ledger:one conn_count:http://a 2 conn_count:http://b 1");
  (*redis_)("HSET fairlead:ledger:dead conn_count:http://a 1");
  (*redis_)("MSET conn_count:http://a 3 conn_count:http://b 1");
  const std::optional<FleetPicture> picture =
      look({"conn_count:http://a", "conn_count:http://b", "conn_count:http://c"});
  ASSERT_TRUE(picture);
  ASSERT_EQ(picture->members.size(), 2U);
  EXPECT_EQ(picture->members[0].id, "dead");
  EXPECT_LT(picture->members[0].lease_ms, 0);
  EXPECT_EQ(picture->members[1].id, "one");
  EXPECT_GT(picture->members[1].lease_ms, 0);
  EXPECT_EQ(picture->members[1].in_flight, 3);
  EXPECT_EQ(picture->drift, (Numbers{{"", 0}}));
  EXPECT_EQ(picture->in_flight,
            (Numbers{{"conn_count:http://a", 3}, {"conn_count:http://b", 1}, {"conn_count:http://c", 0}}));
}

TEST_F(FleetInspectorOnRedis, DriftIsHowFarCountsAreFromLedgers) {
  (*redis_)("ZADD fairlead:instances 99999999999999 one");
  (*redis_)("HSET fairlead:ledger:one conn_count:http://a 2 conn_count:http://b 1 conn_count:http://c 4");
  (*redis_)("MSET conn_count:http://a 5 conn_count:http://b nonsense conn_count:http://c 4");
  EXPECT_EQ(look({})->drift, (Numbers{{"", 4}}));
}

TEST_F(FleetInspectorOnRedis, ACountWithoutALedgerIsDrift) {
  (*redis_)("SET conn_count:http://a 3");
  EXPECT_EQ(look({"conn_count:http://a"})->drift, (Numbers{{"", 3}}));
}

TEST_F(FleetInspectorOnRedis, PoolsDriftApart) {
  (*redis_)("ZADD fairlead:instances 99999999999999 one");
  (*redis_)("HSET fairlead:ledger:one blue:conn_count:http://conn_count:80 2 conn_count:http://a 1");
  (*redis_)("SET conn_count:http://a 1");
  EXPECT_EQ(look({})->drift, (Numbers{{"", 0}, {"blue:", 2}}));
}

TEST_F(FleetInspectorOnRedis, WhoAsksWhileACallIsUnderWayHearsItsAnswer) {
  inspector_.emplace(on_.loop, *client_, KeyNames(""));
  int answers = 0;
  for (int i = 0; i < 3; ++i) {
    inspector_->look({}, [&](const std::optional<FleetPicture>& picture) { answers += picture ? 1 : 0; });
  }
  ASSERT_TRUE(on_.until([&] { return answers == 3; }));
  EXPECT_NE((*redis_)("INFO commandstats").text.find("cmdstat_evalsha:calls=1,"), std::string::npos);
}

TEST_F(FleetInspectorOnRedis, APictureStandsForAWhileUnlessOtherBackendsAreAskedFor) {
  inspector_.emplace(on_.loop, *client_, KeyNames(""));
  const auto look_again = [this](const std::string& key) {
    std::optional<std::optional<FleetPicture>> seen;
    inspector_->look({key}, [&](std::optional<FleetPicture> picture) { seen.emplace(std::move(picture)); });
    EXPECT_TRUE(on_.until([&] { return seen.has_value(); }));
    return seen && *seen ? (*seen)->in_flight : Numbers();
  };
  (*redis_)("MSET conn_count:http://a 1 conn_count:http://b 7");
  EXPECT_EQ(look_again("conn_count:http://a"), (Numbers{{"conn_count:http://a", 1}}));
  const io::TimePoint taken = on_.loop.now();
  (*redis_)("SET conn_count:http://a 2");
  const Numbers again = look_again("conn_count:http://a");
  if (on_.loop.now() < taken + FleetInspector::stands_for) {  // else the machine took its time
    EXPECT_EQ(again, (Numbers{{"conn_count:http://a", 1}}));
  }
  EXPECT_EQ(look_again("conn_count:http://b"), (Numbers{{"conn_count:http://b", 7}}));
  EXPECT_TRUE(on_.until([&] { return look_again("conn_count:http://a") == Numbers{{"conn_count:http://a", 2}}; }));
  (*redis_)("SET conn_count:http://a 3");
  EXPECT_TRUE(on_.until([&] { return look_again("conn_count:http://a") == Numbers{{"conn_count:http://a", 3}}; }));
}

TEST_F(FleetInspectorOnRedis, ScriptsThatRedisForgotAreLoadedAgain) {
  (*redis_)("SCRIPT FLUSH");
  EXPECT_TRUE(look({}));
}

TEST_F(FleetInspectorOnRedis, AnswersWithNothingWhenRedisDies) {
  (*redis_)("CLIENT PAUSE 10000");
  EXPECT_FALSE(look({}));
}

TEST_F(FleetInspectorOnRedis, ARedisThatIsSlowerThanAScrapeWaitsKeepsItsConnection) {
  (*redis_)("CLIENT PAUSE 5000");
  EXPECT_FALSE(look({}));
  EXPECT_TRUE(client_->is_up());
}

}  // namespace
}  // namespace fairlead::fleet
