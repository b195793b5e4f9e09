// A scripted Redis in virtual time does what a real one does too rarely; with a real one: redis_client_redis_test.cpp.
#include "fleet/redis_client.hpp"

#include <gtest/gtest.h>

#include "support/scripted_redis.hpp"

namespace fairlead::fleet {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Words = testing::ScriptedRedis::Words;

class RedisClientTest : public ::testing::Test {
 protected:
  void TearDown() override {
    scope_.spawn(stop(*client_));
    EXPECT_TRUE(world_.run_until([this] { return scope_.running() == 0; }));
    world_.settle();
    EXPECT_EQ(world_.engine().open_sockets(), 0u);
  }
  static io::Task<> stop(RedisClient& client) { co_await client.stop(); }

  void start() { start(redis_.url()); }
  void start(StateUrl url) {
    client_.emplace(world_.loop(), resolver_, RedisEndpoint{std::move(url)}, "fairlead-test", "own", metrics_);
    client_->on_up = [this] { ++ups_; };
    client_->on_down = [this](StateFault fault) { downs_.push_back(fault); };
    client_->start();
  }
  bool is_up() {
    return world_.run_until([this] { return client_->is_up(); }, seconds(1));
  }
  bool goes_down() {
    return world_.run_until([this, before = downs_.size()] { return downs_.size() > before; }, seconds(10));
  }
  void start_and_come_up() {
    start();
    ASSERT_TRUE(is_up());
  }
  /// Answers a command that begins so with these bytes.
  void answer(std::string_view first_word, std::string bytes) {
    redis_.answer = [first_word, bytes = std::move(bytes)](const Words& words) {
      return words[0] == first_word ? std::optional(bytes) : std::nullopt;
    };
  }
  void send(const RedisClient::Words& words, milliseconds timeout = seconds(5)) {
    client_->command("test", words, timeout, [this](ReplyView reply) {
      answers_ += std::string(reply.text()) + (reply.is_error() ? "! " : " ");
    });
  }

  testing::Simulation world_;
  testing::ScriptedRedis redis_{world_};
  testing::ScriptedRedis other_{world_, "10.0.0.8"};
  testing::ScriptedRedis sentinel_{world_, "10.0.1.1"};
  io::ResolverThread thread_{[](const std::string&) { return io::Addresses{}; }};
  io::Resolver resolver_{world_.loop(), thread_};
  StateStatus status_;
  metrics::Registry registry_;
  StateMetrics metrics_{registry_.add_shard(), add_state_families(registry_, status_)};
  std::optional<RedisClient> client_;
  int ups_ = 0;
  std::vector<StateFault> downs_;
  std::string answers_;
  io::TaskScope scope_;
};

TEST_F(RedisClientTest, SaysWhoItIsAndLoadsTheScriptsBeforeItIsUp) {
  StateUrl url = redis_.url();
  url.user = "lb";
  url.password = "secret";
  url.database = 3;
  start(url);
  ASSERT_TRUE(is_up());
  ASSERT_GE(redis_.commands().size(), 3u);
  EXPECT_EQ(redis_.commands()[0], "AUTH lb secret");
  EXPECT_EQ(redis_.commands()[1], "SELECT 3");
  EXPECT_EQ(redis_.commands()[2], "CLIENT SETNAME fairlead-test");
  EXPECT_EQ(redis_.count("SCRIPT LOAD"), static_cast<int>(script_count));
  EXPECT_EQ(redis_.commands().back(), "GET own");
}

TEST_F(RedisClientTest, APasswordWithoutAUserIsTheDefaultUsers) {
  StateUrl url = redis_.url();
  url.password = "secret";
  start(url);
  ASSERT_TRUE(is_up());
  EXPECT_EQ(redis_.commands()[0], "AUTH secret");
}

TEST_F(RedisClientTest, AWrongPasswordEndsTheSessionAsAnOperatorsMatter) {
  answer("AUTH", "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
  StateUrl url = redis_.url();
  url.password = "secret";
  start(url);
  ASSERT_TRUE(goes_down());
  EXPECT_EQ(downs_[0].reason, "WRONGPASS");
  EXPECT_TRUE(downs_[0].operator_must_act);
  EXPECT_EQ(ups_, 0);
}

TEST_F(RedisClientTest, AMissingPasswordEndsTheSessionAsAnOperatorsMatter) {
  answer("SCRIPT", "-NOAUTH Authentication required.\r\n");
  start();
  ASSERT_TRUE(goes_down());
  EXPECT_EQ(downs_[0].reason, "NOAUTH");
  EXPECT_TRUE(downs_[0].operator_must_act);
}

TEST_F(RedisClientTest, ARedisThatIsLoadingIsTriedAgainUntilItHasLoaded) {
  answer("SCRIPT", "-LOADING Redis is loading the dataset in memory\r\n");
  start();
  ASSERT_TRUE(goes_down());
  EXPECT_EQ(downs_[0], (StateFault{"LOADING", false}));
  redis_.answer = nullptr;
  EXPECT_TRUE(is_up());
}

TEST_F(RedisClientTest, AnErrorReplyIsAnAnswerAndTheConnectionStays) {
  start_and_come_up();
  answer("SET", "-READONLY You can't write against a read only replica.\r\n");
  send({"SET", "k", "v"});
  send({"GET", "k"});
  ASSERT_TRUE(world_.run_until([this] { return answers_.ends_with("OK "); }));
  EXPECT_EQ(answers_, "READONLY You can't write against a read only replica.! OK ");
  EXPECT_TRUE(client_->is_up());
}

TEST_F(RedisClientTest, AReplyInPiecesOfOneByteArrivesWhole) {
  start_and_come_up();
  answer("GET", "");
  send({"GET", "k"});
  world_.settle();
  redis_.peer().send_in_pieces("$10\r\n0123456789\r\n", 1, milliseconds(1));
  ASSERT_TRUE(world_.run_until([this] { return !answers_.empty(); }));
  EXPECT_EQ(answers_, "0123456789 ");
}

TEST_F(RedisClientTest, ALateReplyComesTooLateForItsCommandAndForAnyOther) {
  start_and_come_up();
  answer("GET", "");
  send({"GET", "k"}, milliseconds(100));
  testing::Peer& first = redis_.peer();
  ASSERT_TRUE(goes_down());
  EXPECT_EQ(downs_[0], (StateFault{"timed_out", false}));
  first.send("$4\r\nlate\r\n");
  redis_.answer = nullptr;
  ASSERT_TRUE(is_up());
  send({"ECHO", "x"});
  ASSERT_TRUE(world_.run_until([this] { return !answers_.empty(); }));
  EXPECT_EQ(answers_, "OK ");
  EXPECT_EQ(redis_.count("GET k"), 1);
}

TEST_F(RedisClientTest, HalfAReplyCountsAsNone) {
  start_and_come_up();
  answer("GET", "$10\r\n01234");
  send({"GET", "k"}, milliseconds(100));
  ASSERT_TRUE(goes_down());
  EXPECT_EQ(downs_[0].reason, "timed_out");
  EXPECT_EQ(answers_, "");
}

TEST_F(RedisClientTest, GarbageEndsTheConnection) {
  start_and_come_up();
  answer("GET", "HTTP/1.1 400 Bad Request\r\n\r\n");
  send({"GET", "k"});
  ASSERT_TRUE(goes_down());
  EXPECT_EQ(downs_[0], (StateFault{"malformed", false}));
}

TEST_F(RedisClientTest, AReplyThatNobodyAskedForEndsTheConnection) {
  start_and_come_up();
  redis_.peer().send("+OK\r\n");
  ASSERT_TRUE(goes_down());
  EXPECT_EQ(downs_[0], (StateFault{"malformed", false}));
}

TEST_F(RedisClientTest, CommandsUnderWayGetNoAnswerWhenTheConnectionEnds) {
  start_and_come_up();
  answer("ECHO", "");
  send({"ECHO", "k"});
  world_.settle();
  redis_.peer().end();
  ASSERT_TRUE(goes_down());
  EXPECT_EQ(downs_[0], (StateFault{"closed", false}));
  ASSERT_TRUE(is_up());
  EXPECT_EQ(answers_, "");
  EXPECT_EQ(redis_.count("ECHO"), 1);
}

TEST_F(RedisClientTest, AResetIsAFaultThatPasses) {
  start_and_come_up();
  redis_.peer().reset();
  ASSERT_TRUE(goes_down());
  EXPECT_EQ(downs_[0], (StateFault{"reset", false}));
  EXPECT_TRUE(is_up());
}

TEST_F(RedisClientTest, ScriptsThatRedisForgotAreLoadedAgainForTheNextCall) {
  start_and_come_up();
  const int loaded = redis_.count("SCRIPT LOAD");
  answer("EVALSHA", "-NOSCRIPT No matching script. Please use EVAL.\r\n");
  const auto take = [this](ReplyView reply) { answers_ += std::string(reply.text().substr(0, 8)) + " "; };
  client_->call(Script::beat, {"0"}, seconds(5), take);
  ASSERT_TRUE(world_.run_until([this] { return answers_ == "NOSCRIPT "; }));
  redis_.answer = nullptr;
  client_->call(Script::beat, {"0"}, seconds(5), take);
  ASSERT_TRUE(world_.run_until([this] { return answers_ == "NOSCRIPT OK "; }));
  EXPECT_EQ(redis_.count("SCRIPT LOAD"), loaded + static_cast<int>(script_count));
}

TEST_F(RedisClientTest, TriesLessAndLessOftenWhileNobodyIsThere) {
  redis_.refuse();
  start();
  world_.run_for(seconds(60));
  EXPECT_LE(downs_.size(), 70u);  // at the slowest pace, 1 to 2 s, and a few quick ones before
  EXPECT_GE(downs_.size(), 30u);
  redis_.listen();
  EXPECT_TRUE(world_.run_until([this] { return client_->is_up(); }, RedisClient::backoff_max + seconds(1)));
}

TEST_F(RedisClientTest, ARedisThatNeverGreetsIsGivenUp) {
  answer("SCRIPT", "");
  start();
  ASSERT_TRUE(goes_down());
  EXPECT_EQ(downs_[0].reason, "timed_out");
}

TEST_F(RedisClientTest, AClustersOtherNodeIsFoundWithoutAWordOfTrouble) {
  answer("GET", "-MOVED 866 10.0.0.8:6379\r\n");
  start();
  ASSERT_TRUE(is_up());
  EXPECT_EQ(other_.connections(), 1);
  EXPECT_EQ(ups_, 1);
  EXPECT_TRUE(downs_.empty());
}

TEST_F(RedisClientTest, ASlotThatMovesIsFollowedAndItsCallIsLost) {
  start_and_come_up();
  answer("SET", "-MOVED 866 10.0.0.8:6379\r\n");
  send({"SET", "k", "v"});
  ASSERT_TRUE(goes_down());
  EXPECT_EQ(downs_[0], (StateFault{"MOVED", false}));
  ASSERT_TRUE(is_up());
  EXPECT_EQ(other_.connections(), 1);
  EXPECT_EQ(answers_, "");
}

TEST_F(RedisClientTest, WhoWantsToBeToldOfALossHearsThatAnotherNodeIsMeant) {
  start_and_come_up();
  answer("SET", "-MOVED 866 10.0.0.8:6379\r\n");
  client_->command(
      "test", {"SET", "k", "v"}, seconds(5), [this](ReplyView reply) { answers_ = reply.text(); },
      RedisClient::WhenLost::told);
  ASSERT_TRUE(goes_down());
  EXPECT_EQ(answers_, "MOVED 866 10.0.0.8:6379");
}

TEST_F(RedisClientTest, ANodeThatIsGoneLeadsBackToTheConfiguredServer) {
  answer("GET", "-MOVED 866 10.0.0.8:6379\r\n");
  start();
  ASSERT_TRUE(is_up());
  redis_.answer = nullptr;  // it took the slot over
  other_.refuse();
  other_.peer().reset();
  ASSERT_TRUE(goes_down());
  ASSERT_TRUE(goes_down());
  EXPECT_EQ(downs_[1], (StateFault{"refused", false}));
  ASSERT_TRUE(is_up());
  EXPECT_EQ(redis_.connections(), 2);
}

TEST_F(RedisClientTest, ANodeThatHangsLeadsBackToTheConfiguredServer) {
  answer("GET", "-MOVED 866 10.0.0.8:6379\r\n");
  other_.answer = [](const Words&) { return std::string(); };
  start();
  ASSERT_TRUE(goes_down());
  EXPECT_EQ(downs_[0].reason, "timed_out");
  redis_.answer = nullptr;
  EXPECT_TRUE(is_up());
}

TEST_F(RedisClientTest, NodesThatNameEachOtherAreGivenAPauseAfterAFewTurns) {
  answer("GET", "-MOVED 866 10.0.0.8:6379\r\n");
  other_.answer = [](const Words& words) {
    return words[0] == "GET" ? std::optional<std::string>("-MOVED 866 10.0.0.9:6379\r\n") : std::nullopt;
  };
  start();
  ASSERT_TRUE(goes_down());
  EXPECT_EQ(downs_[0], (StateFault{"MOVED", false}));
  EXPECT_EQ(redis_.connections() + other_.connections(), static_cast<int>(RedisClient::redirects_max) + 1);
}

TEST_F(RedisClientTest, AClusterThatIsDownIsAnOutageThatPasses) {
  start_and_come_up();
  answer("SET", "-CLUSTERDOWN The cluster is down\r\n");
  send({"SET", "k", "v"});
  ASSERT_TRUE(goes_down());
  EXPECT_EQ(downs_[0], (StateFault{"CLUSTERDOWN", false}));
  EXPECT_TRUE(is_up());
}

class RedisClientUnderSentinels : public RedisClientTest {
 protected:
  void SetUp() override {
    has_role(redis_, "master");
    has_role(other_, "master");
    names("10.0.0.9");
    url_.kind = StateKind::redis_sentinel;
    url_.sentinels = {{"10.0.1.1", 6379}};
    url_.master = "main";
    url_.password = "secret";
  }
  static void has_role(testing::ScriptedRedis& server, const std::string& role) {
    server.answer = [role](const Words& words) -> std::optional<std::string> {
      const std::string bytes = "*1\r\n$" + std::to_string(role.size()) + "\r\n" + role + "\r\n";
      return words[0] == "ROLE" ? std::optional(bytes) : std::nullopt;
    };
  }
  /// The sentinel does, from now on.
  void names(const std::string& ip) {
    sentinel_.answer = [ip](const Words&) {
      return "*2\r\n$" + std::to_string(ip.size()) + "\r\n" + ip + "\r\n$4\r\n6379\r\n";
    };
  }

  StateUrl url_;
};

TEST_F(RedisClientUnderSentinels, TheMasterIsAskedForItsRoleAndGetsTheCredentials) {
  start(url_);
  ASSERT_TRUE(is_up());
  EXPECT_EQ(redis_.commands()[0], "AUTH secret");
  EXPECT_EQ(redis_.count("ROLE"), 1);
}

TEST_F(RedisClientUnderSentinels, WhoIsNoMasterIsNotUsedAndTheSentinelsAreAskedAgain) {
  has_role(redis_, "slave");
  start(url_);
  ASSERT_TRUE(goes_down());
  EXPECT_EQ(downs_[0], (StateFault{"not_a_master", false}));
  EXPECT_EQ(ups_, 0);
  names("10.0.0.8");
  ASSERT_TRUE(is_up());
  EXPECT_EQ(other_.connections(), 1);
}

TEST_F(RedisClientUnderSentinels, AMasterThatBecameAReplicaIsLeft) {
  start(url_);
  ASSERT_TRUE(is_up());
  redis_.answer = [](const Words&) { return "-READONLY You can't write against a read only replica.\r\n"; };
  names("10.0.0.8");
  send({"SET", "k", "v"});
  ASSERT_TRUE(goes_down());
  EXPECT_EQ(downs_[0], (StateFault{"READONLY", false}));
  ASSERT_TRUE(is_up());
  EXPECT_EQ(other_.connections(), 1);
}

TEST_F(RedisClientUnderSentinels, AMasterThatStandsIsLeftWhenTheSentinelsNameAnother) {
  start(url_);
  ASSERT_TRUE(is_up());
  world_.run_for(seconds(10));
  EXPECT_TRUE(downs_.empty());
  names("10.0.0.8");
  ASSERT_TRUE(goes_down());
  EXPECT_EQ(downs_[0], (StateFault{"failover", false}));
  ASSERT_TRUE(is_up());
  EXPECT_EQ(other_.connections(), 1);
}

TEST_F(RedisClientUnderSentinels, AMasterStaysInUseWhileTheSentinelsAreAway) {
  start(url_);
  ASSERT_TRUE(is_up());
  sentinel_.refuse();
  world_.run_for(seconds(10));
  EXPECT_TRUE(downs_.empty());
  EXPECT_TRUE(client_->is_up());
}

TEST_F(RedisClientUnderSentinels, StopsWhileASentinelIsBeingAsked) {
  world_.engine().never_answer(sentinel_.address());
  start(url_);
  world_.run_for(milliseconds(100));
  EXPECT_EQ(ups_, 0);  // and TearDown stops it
}

TEST_F(RedisClientTest, StopsInTheMiddleOfAConnect) {
  world_.engine().never_answer(redis_.address());
  start();
  world_.run_for(milliseconds(100));
  EXPECT_EQ(ups_, 0);  // and TearDown stops it
}

}  // namespace
}  // namespace fairlead::fleet
