#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "fleet/redis_client.hpp"
#include "support/redis_loop.hpp"
#include "support/redis_server.hpp"

namespace fairlead::fleet {
namespace {

class RedisClientOnRedis : public testing::Test {
 protected:
  void SetUp() override {
    if (!test::RedisServer::is_installed()) {
      GTEST_SKIP() << "redis-server isn't installed";
    }
    ASSERT_TRUE(server_.start());
    StateUrl url;
    url.kind = StateKind::redis_unix;
    url.path = server_.socket_path();
    client_.emplace(on_.loop, on_.resolver, RedisEndpoint{url}, "fairlead-test", "own", on_.metrics);
    client_->on_up = [this] { ++ups_; };
    client_->on_down = [this](StateFault fault) { last_fault_ = fault; };
    client_->start();
    ASSERT_TRUE(on_.until([this] { return client_->is_up(); }));
  }
  void TearDown() override {
    if (client_) {
      on_.finish(client_->stop());
    }
  }
  void send(const RedisClient::Words& words, std::chrono::milliseconds timeout = std::chrono::seconds(5)) {
    client_->command("test", words, timeout, [this](ReplyView reply) {
      answers_ += std::string(reply.text()) + (reply.is_error() ? "! " : " ");
    });
  }

  test::RedisServer server_;
  test::RedisLoop on_;
  std::optional<RedisClient> client_;
  int ups_ = 0;
  std::optional<StateFault> last_fault_;
  std::string answers_;
};

TEST_F(RedisClientOnRedis, RepliesComeInTheOrderOfTheirCommands) {
  send({"SET", "k", "one"});
  send({"GET", "k"});
  send({"LPUSH", "k", "x"});
  send({"ECHO", "end"});
  ASSERT_TRUE(on_.until([this] { return answers_.ends_with("end "); }));
  EXPECT_EQ(answers_, "OK one WRONGTYPE Operation against a key holding the wrong kind of value! end ");
}

TEST_F(RedisClientOnRedis, SaysItsName) {
  send({"CLIENT", "GETNAME"});
  EXPECT_TRUE(on_.until([this] { return answers_ == "fairlead-test "; }));
}

TEST_F(RedisClientOnRedis, AReplyLargerThanABufferArrivesWhole) {
  const std::string large(300'000, 'x');
  send({"ECHO", large});
  EXPECT_TRUE(on_.until([&] { return answers_ == large + " "; }));
}

TEST_F(RedisClientOnRedis, ACommandWithoutAnswerDropsTheConnectionAndIsNotSentAgain) {
  server_.pause();
  send({"INCR", "n"}, std::chrono::milliseconds(20));
  ASSERT_TRUE(on_.until([this] { return last_fault_.has_value(); }));
  EXPECT_EQ(last_fault_->reason, "timed_out");
  EXPECT_FALSE(client_->is_up());
  server_.resume();
  ASSERT_TRUE(on_.until([this] { return ups_ == 2; }));
  EXPECT_EQ(answers_, "");
  send({"GET", "n"});
  ASSERT_TRUE(on_.until([this] { return !answers_.empty(); }));
  EXPECT_EQ(answers_, "1 ");
}

TEST_F(RedisClientOnRedis, ConnectsAgainAfterTheServerEndedTheConnection) {
  send({"QUIT"});
  EXPECT_TRUE(on_.until([this] { return ups_ == 2; }));
  EXPECT_EQ(last_fault_->reason, "closed");
}

TEST_F(RedisClientOnRedis, WhatIsCorkedLeavesInOnePiece) {
  client_->cork();
  send({"ECHO", "a"});
  send({"ECHO", "b"});
  on_.loop.run_once(on_.loop.exact_now());
  EXPECT_EQ(answers_, "");
  client_->uncork();
  EXPECT_TRUE(on_.until([this] { return answers_ == "a b "; }));
}

}  // namespace
}  // namespace fairlead::fleet
