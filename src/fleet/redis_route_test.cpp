#include "fleet/redis_route.hpp"

#include <gtest/gtest.h>

#include "io/task_scope.hpp"
#include "support/scripted_redis.hpp"

namespace fairlead::fleet {
namespace {

using Words = testing::ScriptedRedis::Words;

io::Task<> dial(RedisRoute& route, std::optional<RedisRoute::Dialed>& dialed) {
  dialed = co_await route.dial();
}

io::Task<> ask(RedisRoute& route, std::optional<bool>& has_moved) {
  has_moved = co_await route.has_moved();
}

class RedisRouteTest : public ::testing::Test {
 protected:
  void TearDown() override {
    world_.settle();
    EXPECT_EQ(world_.engine().open_sockets(), 0u);
  }
  void use(StateUrl url) { route_.emplace(world_.loop(), resolver_, RedisEndpoint{std::move(url)}); }
  void use_sentinel() {
    StateUrl url;
    url.kind = StateKind::redis_sentinel;
    url.sentinels = {{"10.0.1.1", 6379}};
    url.master = "main";
    use(url);
    names("10.0.0.9");
  }
  /// The sentinel does, from now on.
  void names(const std::string& ip) {
    sentinel_.answer = [ip](const Words&) {
      return "*2\r\n$" + std::to_string(ip.size()) + "\r\n" + ip + "\r\n$4\r\n6379\r\n";
    };
  }
  RedisRoute::Dialed dial_now() {
    std::optional<RedisRoute::Dialed> dialed;
    scope_.spawn(dial(*route_, dialed));
    EXPECT_TRUE(world_.run_until([&dialed] { return dialed.has_value(); }));
    return std::move(*dialed);
  }
  bool reaches(testing::ScriptedRedis& server) {
    const int before = server.connections();
    const RedisRoute::Dialed dialed = dial_now();
    return std::holds_alternative<std::unique_ptr<io::Stream>>(dialed) && server.connections() == before + 1;
  }
  bool has_moved() {
    std::optional<bool> moved;
    scope_.spawn(ask(*route_, moved));
    EXPECT_TRUE(world_.run_until([&moved] { return moved.has_value(); }));
    return *moved;
  }

  testing::Simulation world_;
  testing::ScriptedRedis configured_{world_};
  testing::ScriptedRedis other_{world_, "10.0.0.8"};
  testing::ScriptedRedis sentinel_{world_, "10.0.1.1"};
  io::ResolverThread thread_{[](const std::string&) { return io::Addresses{}; }};
  io::Resolver resolver_{world_.loop(), thread_};
  std::optional<RedisRoute> route_;
  io::TaskScope scope_;
};

TEST_F(RedisRouteTest, LeadsToTheConfiguredServer) {
  use(configured_.url());
  EXPECT_TRUE(reaches(configured_));
}

TEST_F(RedisRouteTest, FollowsAClustersNodeUntilItCannotBeReached) {
  use(configured_.url());
  EXPECT_TRUE(route_->follow("MOVED 866 10.0.0.8:6379"));
  EXPECT_TRUE(reaches(other_));
  EXPECT_TRUE(reaches(other_));
  route_->failed();
  EXPECT_TRUE(reaches(configured_));
}

TEST_F(RedisRouteTest, ANodeMayHaveAnIpv6Address) {
  testing::ScriptedRedis node(world_, "fd00::7");
  use(configured_.url());
  EXPECT_TRUE(route_->follow("MOVED 866 fd00::7:6379"));
  EXPECT_TRUE(reaches(node));
}

TEST_F(RedisRouteTest, ANodeWithoutAHostIsAtTheHostThatNamesIt) {
  StateUrl url = configured_.url();
  url.port = 7000;
  use(url);
  EXPECT_TRUE(route_->follow("MOVED 866 :6379"));
  EXPECT_TRUE(reaches(configured_));
}

TEST_F(RedisRouteTest, FromAUnixSocketItLeadsToANodeByItsAddress) {
  StateUrl url;
  url.kind = StateKind::redis_unix;
  url.path = "/run/redis.sock";
  use(url);
  EXPECT_FALSE(route_->follow("MOVED 866 :6379"));
  EXPECT_TRUE(route_->follow("MOVED 866 10.0.0.8:6379"));
  EXPECT_TRUE(reaches(other_));
}

TEST_F(RedisRouteTest, AnAnswerThatNamesNoNodeIsNotFollowed) {
  use(configured_.url());
  for (const char* text : {"MOVED", "MOVED 866", "MOVED 866 10.0.0.8", "MOVED 866 10.0.0.8:", "MOVED 866 10.0.0.8:0",
                           "MOVED 866 10.0.0.8:x", "MOVED 866 ?:6379", "ASK 866 10.0.0.8:6379"}) {
    EXPECT_FALSE(route_->follow(text)) << text;
  }
  EXPECT_TRUE(reaches(configured_));
}

TEST_F(RedisRouteTest, KnowsWhatAClusterSaysWhenAnotherNodeMayServe) {
  use(configured_.url());
  EXPECT_TRUE(route_->leads_away("MOVED 866 10.0.0.8:6379"));
  EXPECT_TRUE(route_->leads_away("ASK 866 10.0.0.8:6379"));
  EXPECT_TRUE(route_->leads_away("TRYAGAIN Multiple keys request during rehashing of slot"));
  EXPECT_TRUE(route_->leads_away("CLUSTERDOWN The cluster is down"));
  EXPECT_FALSE(route_->leads_away("WRONGTYPE Operation against a key holding the wrong kind of value"));
  EXPECT_FALSE(route_->leads_away("READONLY You can't write against a read only replica."));
}

TEST_F(RedisRouteTest, WithSentinelsAReplicasAnswerLeadsAway) {
  use_sentinel();
  EXPECT_TRUE(route_->leads_away("READONLY You can't write against a read only replica."));
}

TEST_F(RedisRouteTest, LeadsToTheMasterThatTheSentinelsNameEachTime) {
  use_sentinel();
  EXPECT_TRUE(route_->needs_master());
  EXPECT_TRUE(reaches(configured_));
  names("10.0.0.8");
  EXPECT_TRUE(reaches(other_));
}

TEST_F(RedisRouteTest, NoticesThatTheSentinelsNameAnotherMaster) {
  use_sentinel();
  EXPECT_FALSE(has_moved());  // nobody was dialed
  EXPECT_TRUE(reaches(configured_));
  EXPECT_FALSE(has_moved());
  names("10.0.0.8");
  EXPECT_TRUE(has_moved());
}

TEST_F(RedisRouteTest, SentinelsThatAreAwayMoveNothing) {
  use_sentinel();
  EXPECT_TRUE(reaches(configured_));
  sentinel_.refuse();
  EXPECT_FALSE(has_moved());
  const RedisRoute::Dialed dialed = dial_now();
  EXPECT_EQ(std::get<StateFault>(dialed).reason, "no_sentinel");
}

TEST_F(RedisRouteTest, AMasterThatIsGoneIsAFaultThatPasses) {
  use_sentinel();
  configured_.refuse();
  const RedisRoute::Dialed dialed = dial_now();
  EXPECT_EQ(std::get<StateFault>(dialed), (StateFault{"refused", false}));
}

}  // namespace
}  // namespace fairlead::fleet
