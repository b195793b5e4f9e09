// Answers in an order that a real Redis gives too seldom; the rest is in backend_list_watch_redis_test.
#include "fleet/backend_list_watch.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "support/redis_loop.hpp"
#include "support/scripted_redis.hpp"

namespace fairlead::fleet {
namespace {

using Words = testing::ScriptedRedis::Words;

std::string bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

/// A Redis without an epoch, whose list names the poll that reads it.
class OvertakenPoll : public ::testing::Test {
 protected:
  OvertakenPoll() {
    redis_.answer = [this](const Words& words) -> std::optional<std::string> {
      if (words[0] == "LRANGE") {
        return "*1\r\n" + bulk("http://poll" + std::to_string(++polls_));
      }
      if (words[0] == "HGETALL") {
        return "*0\r\n";
      }
      if (words[0] == "GET") {
        return polls_ == 1 || takes_no_epoch_ ? "$-1\r\n" : bulk("epoch");
      }
      if (words[0] == "SET" && takes_no_epoch_) {
        return "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
      }
      const std::optional<Script> script = testing::ScriptedRedis::script_of(words);
      return script == Script::edit     ? std::optional(bulk("changed"))
             : script == Script::digest ? std::optional<std::string>("*2\r\n$0\r\n\r\n$1\r\nd\r\n")
                                        : std::nullopt;
    };
    watch_.emplace(world_.loop(), resolver_, RedisEndpoint{redis_.url()}, "", "test", metrics_, log_);
    watch_->on_listed = [this](const std::string&, const BackendListWatch::List& list) {
      shown_.push_back(list.front().url + " of " + std::to_string(polls_));
    };
    watch_->watch({{"default", {}}});
    watch_->start();
  }
  void TearDown() override {
    scope_.spawn(watch_->stop());
    EXPECT_TRUE(world_.run_until([this] { return scope_.running() == 0; }));
  }

  testing::Simulation world_;
  testing::ScriptedRedis redis_{world_};
  io::ResolverThread thread_{[](const std::string&) { return io::Addresses{}; }};
  io::Resolver resolver_{world_.loop(), thread_};
  StateStatus status_;
  metrics::Registry registry_;
  StateFamilies families_ = add_state_families(registry_, status_);
  StateMetrics metrics_{registry_.add_shard(), families_};
  test::LinesSink lines_;
  Log log_{lines_, LogLevel::debug};
  std::optional<BackendListWatch> watch_;
  std::vector<std::string> shown_;
  int polls_ = 0;
  bool takes_no_epoch_ = false;
  io::TaskScope scope_;
};

TEST_F(OvertakenPoll, IsPassedOverSoThatOnlyTheNewestIsShown) {
  // An edit that is answered between the first poll and the epoch that it sets starts one; the epoch starts another.
  ASSERT_TRUE(world_.run_until([this] { return redis_.count("GET") == 1; }));
  bool is_done = false;
  watch_->edit("default", {balance::BackendEdit::Kind::drain, "http://a", {}},
               [&is_done](const Result<balance::EditOutcome>&) { is_done = true; });
  ASSERT_TRUE(world_.run_until([&is_done] { return is_done; }));
  ASSERT_TRUE(world_.run_until([this] { return !shown_.empty(); }));
  EXPECT_EQ(shown_.front(), "http://poll" + std::to_string(polls_) + " of " + std::to_string(polls_));
}

TEST_F(OvertakenPoll, AnswersNoEditThatItDidntShowWhenTheEpochIsRefused) {
  takes_no_epoch_ = true;
  ASSERT_TRUE(world_.run_until([this] { return redis_.count("GET") == 1; }));
  std::string shown_first;
  bool is_done = false;
  watch_->edit("default", {balance::BackendEdit::Kind::drain, "http://a", {}},
               [&](const Result<balance::EditOutcome>&) {
                 shown_first = shown_.empty() ? "" : shown_.back();
                 is_done = true;
               });
  ASSERT_TRUE(world_.run_until([&is_done] { return is_done; }));
  EXPECT_EQ(shown_first, "http://poll2 of 2");
}

}  // namespace
}  // namespace fairlead::fleet
