// Scripted sentinels in virtual time; real ones: tests/scenario/test_redis_sentinel.py.
#include "fleet/sentinels.hpp"

#include <gtest/gtest.h>

#include "io/task_scope.hpp"
#include "support/scripted_redis.hpp"

namespace fairlead::fleet {
namespace {

using std::chrono::seconds;
using Words = testing::ScriptedRedis::Words;

constexpr const char* master_bytes = "*2\r\n$8\r\n10.0.0.7\r\n$4\r\n6380\r\n";
constexpr const char* unknown_bytes = "*-1\r\n";

io::Task<> find(Sentinels& sentinels, std::optional<Sentinels::Answer>& found) {
  found = co_await sentinels.find_master();
}

class SentinelsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (testing::ScriptedRedis* sentinel : all_) {
      answer(*sentinel, master_bytes);
    }
    url_.kind = StateKind::redis_sentinel;
    url_.sentinels = {{"10.0.1.1", 6379}, {"10.0.1.2", 6379}, {"10.0.1.3", 6379}};
    url_.master = "main";
  }
  void TearDown() override {
    world_.settle();
    EXPECT_EQ(world_.engine().open_sockets(), 0u);
  }
  static void answer(testing::ScriptedRedis& sentinel, std::string bytes) {
    sentinel.answer = [bytes = std::move(bytes)](const Words&) { return bytes; };
  }
  Sentinels::Answer find_now() {
    if (!sentinels_) {
      sentinels_.emplace(world_.loop(), resolver_, url_);
    }
    std::optional<Sentinels::Answer> found;
    scope_.spawn(find(*sentinels_, found));
    EXPECT_TRUE(world_.run_until([&found] { return found.has_value(); }));
    return *found;
  }
  StateFault fault_now() {
    const Sentinels::Answer answer = find_now();
    const StateFault* fault = std::get_if<StateFault>(&answer);
    EXPECT_NE(fault, nullptr);
    return fault == nullptr ? StateFault{} : *fault;
  }
  static void expect_master(const Sentinels::Answer& answer) {
    ASSERT_TRUE(std::holds_alternative<HostPort>(answer));
    EXPECT_EQ(std::get<HostPort>(answer), (HostPort{"10.0.0.7", 6380}));
  }

  testing::Simulation world_;
  testing::ScriptedRedis first_{world_, "10.0.1.1"};
  testing::ScriptedRedis second_{world_, "10.0.1.2"};
  testing::ScriptedRedis third_{world_, "10.0.1.3"};
  std::vector<testing::ScriptedRedis*> all_{&first_, &second_, &third_};
  io::ResolverThread thread_{[](const std::string&) { return io::Addresses{}; }};
  io::Resolver resolver_{world_.loop(), thread_};
  StateUrl url_;
  std::optional<Sentinels> sentinels_;
  io::TaskScope scope_;
};

TEST_F(SentinelsTest, TheFirstOneThatAnswersIsBelieved) {
  expect_master(find_now());
  EXPECT_EQ(first_.commands(), std::vector<std::string>{"SENTINEL GET-MASTER-ADDR-BY-NAME main"});
  EXPECT_EQ(second_.connections(), 0);
}

TEST_F(SentinelsTest, WhoAnsweredLastIsAskedFirst) {
  first_.refuse();
  expect_master(find_now());
  first_.listen();
  expect_master(find_now());
  EXPECT_EQ(first_.connections(), 0);
  EXPECT_EQ(second_.connections(), 2);
}

TEST_F(SentinelsTest, OneThatHangsIsPassedOverInBoundedTime) {
  world_.engine().never_answer(first_.address());
  answer(second_, "");
  const io::TimePoint start = world_.now();
  expect_master(find_now());
  EXPECT_LE(world_.now() - start, 2 * Sentinels::answer_max + seconds(1));
  EXPECT_EQ(third_.connections(), 1);
}

TEST_F(SentinelsTest, OneThatDoesNotKnowTheNameIsPassedOver) {
  answer(first_, unknown_bytes);
  expect_master(find_now());
}

TEST_F(SentinelsTest, AnAnswerInPiecesOfOneByteArrivesWhole) {
  answer(first_, "");
  std::optional<Sentinels::Answer> found;
  sentinels_.emplace(world_.loop(), resolver_, url_);
  scope_.spawn(find(*sentinels_, found));
  ASSERT_TRUE(world_.run_until([this] { return !first_.commands().empty(); }));
  first_.peer().send_in_pieces(master_bytes, 1, std::chrono::milliseconds(1));
  ASSERT_TRUE(world_.run_until([&found] { return found.has_value(); }));
  expect_master(*found);
  EXPECT_EQ(second_.connections(), 0);
}

TEST_F(SentinelsTest, NobodyThereHealsByItself) {
  for (testing::ScriptedRedis* sentinel : all_) {
    sentinel->refuse();
  }
  EXPECT_EQ(fault_now(), (StateFault{"no_sentinel", false}));
}

TEST_F(SentinelsTest, ANameThatNobodyKnowsIsAnOperatorsMatterAlsoWhenSomeAreAway) {
  answer(first_, unknown_bytes);
  answer(second_, unknown_bytes);
  third_.refuse();
  EXPECT_EQ(fault_now().reason, "unknown_master");
  EXPECT_TRUE(fault_now().operator_must_act);
}

TEST_F(SentinelsTest, ARedisInTheListIsAnOperatorsMatter) {
  for (testing::ScriptedRedis* sentinel : all_) {
    answer(*sentinel, "-ERR unknown command 'SENTINEL', with args beginning with: ...\r\n");
  }
  EXPECT_EQ(fault_now().reason, "not_a_sentinel");
}

TEST_F(SentinelsTest, AnswersThatMakeNoSenseArePassedOver) {
  answer(first_, "*2\r\n$8\r\n10.0.0.7\r\n$5\r\n65536\r\n");
  answer(second_, "HTTP/1.1 400 Bad Request\r\n\r\n");
  expect_master(find_now());
  EXPECT_EQ(third_.connections(), 1);
}

TEST_F(SentinelsTest, OneThatEndsTheConnectionIsPassedOver) {
  world_.engine().serve(first_.address(), [](testing::Peer& connected) {
    connected.on_received = [](testing::Peer& from) { from.end(); };
  });
  expect_master(find_now());
  EXPECT_EQ(second_.connections(), 1);
}

TEST_F(SentinelsTest, AnswersToAPasswordWhenItIsAskedForOne) {
  url_.user = "lb";
  url_.password = "secret";
  first_.answer = [this](const Words& words) -> std::optional<std::string> {
    if (words[0] == "AUTH") {
      return std::nullopt;
    }
    return first_.count("AUTH") > 0 ? master_bytes : "-NOAUTH Authentication required.\r\n";
  };
  expect_master(find_now());
  EXPECT_EQ(first_.count("AUTH lb secret"), 1);
}

TEST_F(SentinelsTest, AnswersToAPasswordAlsoWhenItMayDoNothingWithoutOne) {
  url_.password = "secret";
  first_.answer = [this](const Words& words) -> std::optional<std::string> {
    if (words[0] == "AUTH") {
      return std::nullopt;
    }
    return first_.count("AUTH secret") > 0 ? master_bytes : "-NOPERM this user has no permissions\r\n";
  };
  expect_master(find_now());
  EXPECT_EQ(second_.connections(), 0);
}

TEST_F(SentinelsTest, OneThatAsksForNoPasswordIsShownNone) {
  url_.password = "secret";
  expect_master(find_now());
  EXPECT_EQ(first_.count("AUTH"), 0);
}

TEST_F(SentinelsTest, AnotherPasswordIsAnOperatorsMatter) {
  url_.password = "secret";
  for (testing::ScriptedRedis* sentinel : all_) {
    sentinel->answer = [](const Words& words) {
      return std::string(words[0] == "AUTH" ? "-WRONGPASS invalid username-password pair\r\n"
                                            : "-NOAUTH Authentication required.\r\n");
    };
  }
  EXPECT_EQ(fault_now().reason, "sentinel_refuses");
}

TEST_F(SentinelsTest, StopsWithTheOneThatIsBeingAsked) {
  world_.engine().never_answer(first_.address());
  std::optional<Sentinels::Answer> found;
  sentinels_.emplace(world_.loop(), resolver_, url_);
  scope_.spawn(find(*sentinels_, found));
  sentinels_->stop();
  ASSERT_TRUE(world_.run_until([&found] { return found.has_value(); }));
  EXPECT_TRUE(std::holds_alternative<StateFault>(*found));
  EXPECT_EQ(second_.connections(), 0);
}

TEST_F(SentinelsTest, StopsWhileAnAnswerIsAwaited) {
  answer(first_, "");
  std::optional<Sentinels::Answer> found;
  sentinels_.emplace(world_.loop(), resolver_, url_);
  scope_.spawn(find(*sentinels_, found));
  ASSERT_TRUE(world_.run_until([this] { return !first_.commands().empty(); }));
  sentinels_->stop();
  world_.settle();  // no time goes by
  ASSERT_TRUE(found);
  EXPECT_TRUE(std::holds_alternative<StateFault>(*found));
  EXPECT_EQ(second_.connections(), 0);
}

TEST_F(SentinelsTest, AnAnswerThatNeverEndsIsGivenUpAtTheDeadline) {
  constexpr std::size_t plenty = 2'000'000;  // within what a reply may have
  constexpr std::chrono::milliseconds turn{50};
  const std::string endless = "$" + std::to_string(plenty) + "\r\n" + std::string(plenty - 1, 'x');
  world_.engine().serve(first_.address(), [&endless](testing::Peer& connected) {
    connected.set_receive_window(endless.size());
    connected.on_received = [&endless](testing::Peer& from) { from.send(endless); };
  });
  std::optional<Sentinels::Answer> found;
  sentinels_.emplace(world_.loop(), resolver_, url_);
  scope_.spawn(find(*sentinels_, found));
  const io::TimePoint start = world_.now();
  for (int turns = 0; turns < testing::Simulation::turns_max && !found; ++turns) {
    world_.loop().run_once(world_.now());
    world_.engine().wait(world_.now() + turn);  // turns take time, and every read finds bytes
  }
  ASSERT_TRUE(found);
  expect_master(*found);
  EXPECT_LE(world_.now() - start, Sentinels::answer_max + 4 * turn);
}

}  // namespace
}  // namespace fairlead::fleet
