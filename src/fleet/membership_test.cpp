// Joining and leaving; what goes wrong in between is in redis_store_test and fleet_sync_test, whose member it is.
#include "fleet/membership.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "support/redis_loop.hpp"
#include "support/scripted_redis.hpp"

namespace fairlead::fleet {
namespace {

using std::chrono::seconds;
using Words = testing::ScriptedRedis::Words;

class MembershipTest : public ::testing::Test {
 protected:
  MembershipTest() {
    redis_.answer = [](const Words& words) -> std::optional<std::string> {
      const std::optional<Script> script = testing::ScriptedRedis::script_of(words);
      if (script == Script::reset) {
        return "*2\r\n$5\r\nepoch\r\n:3\r\n";
      }
      if (script == Script::beat) {
        return "*3\r\n:1\r\n$5\r\nepoch\r\n:2\r\n";
      }
      return std::nullopt;
    };
    make(false);
  }
  void make(bool is_reader) {
    MemberSettings settings;
    settings.redis.url = redis_.url();
    settings.key_prefix = "p:";
    settings.member = "me";
    settings.is_reader = is_reader;
    member_.emplace(world_.loop(), resolver_, settings, metrics_, status_);
    member_->append_truth = [](Arguments& out) {
      out.add("p:conn_count:http://a");
      out.add("4");
    };
    member_->on_live = [this](StateStatus::Flip) { ++lives_; };
    member_->on_away = [this](const StateFault&, bool) { ++aways_; };
    member_->on_answer = [this](ReplyView reply) { answer_ = std::string(reply.text()); };
  }
  void TearDown() override {
    member_.reset();
    world_.settle();
    EXPECT_EQ(world_.engine().open_sockets(), 0u);
  }
  void stop() {
    scope_.spawn(member_->stop());
    EXPECT_TRUE(world_.run_until([this] { return scope_.running() == 0; }));
  }

  testing::Simulation world_;
  testing::ScriptedRedis redis_{world_};
  io::ResolverThread thread_{[](const std::string&) { return io::Addresses{}; }};
  io::Resolver resolver_{world_.loop(), thread_};
  StateStatus status_;
  metrics::Registry registry_;
  StateMetrics metrics_{registry_.add_shard(), add_state_families(registry_, status_)};
  std::optional<Membership> member_;
  int lives_ = 0;
  int aways_ = 0;
  std::string answer_;
  io::TaskScope scope_;
};

TEST_F(MembershipTest, AReaderIsNoMemberOfTheProcess) {
  member_.reset();
  make(true);
  EXPECT_EQ(status_.readers, 1u);
  stop();
  EXPECT_EQ(status_.readers, 0u);
  EXPECT_EQ(status_.workers, 0u);
}

TEST_F(MembershipTest, JoinsWithTheWholeTruthAndBeats) {
  member_->start();
  ASSERT_TRUE(world_.run_until([this] { return member_->is_live(); }, seconds(1)));
  EXPECT_EQ(lives_, 1);
  EXPECT_EQ(status_.members, 3u);
  EXPECT_TRUE(redis_.commands().back().ends_with("p:conn_count:http://a 4")) << redis_.commands().back();
  ASSERT_TRUE(world_.run_until([this] { return status_.members == 2; }, seconds(2)));
  stop();
}

TEST_F(MembershipTest, LeavesWhenItStops) {
  member_->start();
  ASSERT_TRUE(world_.run_until([this] { return member_->is_live(); }, seconds(1)));
  stop();
  EXPECT_TRUE(redis_.commands().back().find("p:fairlead:ledger:me") != std::string::npos);
  EXPECT_EQ(status_.workers, 0u);
  EXPECT_EQ(aways_, 0);
}

TEST_F(MembershipTest, StopsWithoutEverHavingJoined) {
  redis_.refuse();
  member_->start();
  world_.run_for(seconds(2));
  EXPECT_GT(aways_, 0);
  stop();
  EXPECT_EQ(lives_, 0);
}

TEST_F(MembershipTest, AReaderThatIsNeverAskedStaysLiveForHours) {
  make(true);
  member_->start();
  ASSERT_TRUE(world_.run_until([this] { return member_->is_live(); }, seconds(1)));
  world_.run_for(std::chrono::hours(2));
  EXPECT_TRUE(member_->is_live());
  EXPECT_EQ(aways_, 0);
  stop();
}

/// Out of memory, Redis refuses writes but for a script that begins by taking something out, as `reset` does.
class OutOfMemory : public MembershipTest {
 protected:
  OutOfMemory() {
    redis_.answer = [this, well = redis_.answer](const Words& words) {
      const std::optional<Script> script = testing::ScriptedRedis::script_of(words);
      const bool is_write = script == Script::beat || script == Script::sync || words[0] == "SET";
      return is_full_ && is_write ? std::optional<std::string>("-OOM command not allowed\r\n") : well(words);
    };
  }
  bool is_full_ = true;
};

TEST_F(OutOfMemory, AMemberIsBackOnceAWriteWentThroughAndNotBefore) {
  member_->start();
  ASSERT_TRUE(world_.run_until([this] { return aways_ > 0; }, seconds(3)));
  const int lives = lives_;
  world_.run_for(seconds(20));
  EXPECT_EQ(lives_, lives);
  is_full_ = false;
  EXPECT_TRUE(world_.run_until([this] { return member_->is_live(); }, seconds(5)));
  EXPECT_EQ(lives_, lives + 1);
  stop();
}

TEST_F(OutOfMemory, AReaderIsBackOnceAWriteWentThroughAndNotBefore) {
  make(true);
  member_->start();
  ASSERT_TRUE(world_.run_until([this] { return member_->is_live(); }, seconds(1)));
  member_->call(Script::sync, Arguments());
  ASSERT_TRUE(world_.run_until([this] { return aways_ > 0; }, seconds(1)));
  world_.run_for(seconds(20));
  EXPECT_EQ(lives_, 1);
  is_full_ = false;
  EXPECT_TRUE(world_.run_until([this] { return member_->is_live(); }, seconds(5)));
  stop();
}

TEST_F(MembershipTest, AReaderHearsThatRedisHangs) {
  make(true);
  member_->start();
  ASSERT_TRUE(world_.run_until([this] { return member_->is_live(); }, seconds(1)));
  redis_.answer = [](const Words&) { return std::string(); };
  EXPECT_TRUE(world_.run_until([this] { return aways_ > 0; }, seconds(3)));
  stop();
}

}  // namespace
}  // namespace fairlead::fleet
