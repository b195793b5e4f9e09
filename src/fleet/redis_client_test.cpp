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
    client_.emplace(world_.loop(), resolver_, RedisEndpoint{std::move(url)}, "fairlead-test", metrics_);
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
  EXPECT_EQ(downs_[0], (StateFault{"WRONGPASS", true}));
  EXPECT_EQ(ups_, 0);
}

TEST_F(RedisClientTest, AMissingPasswordEndsTheSessionAsAnOperatorsMatter) {
  answer("SCRIPT", "-NOAUTH Authentication required.\r\n");
  start();
  ASSERT_TRUE(goes_down());
  EXPECT_EQ(downs_[0], (StateFault{"NOAUTH", true}));
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
  EXPECT_EQ(redis_.count("GET"), 1);
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
  answer("GET", "");
  send({"GET", "k"});
  world_.settle();
  redis_.peer().end();
  ASSERT_TRUE(goes_down());
  EXPECT_EQ(downs_[0], (StateFault{"closed", false}));
  ASSERT_TRUE(is_up());
  EXPECT_EQ(answers_, "");
  EXPECT_EQ(redis_.count("GET"), 1);
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

TEST_F(RedisClientTest, StopsInTheMiddleOfAConnect) {
  world_.engine().never_answer(redis_.address());
  start();
  world_.run_for(milliseconds(100));
  EXPECT_EQ(ups_, 0);  // and TearDown stops it
}

}  // namespace
}  // namespace fairlead::fleet
