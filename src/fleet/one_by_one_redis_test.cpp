// one_by_one.lua against a real redis-server: what it does by itself, and that it leaves to acquire.lua what is odd.
#include <gtest/gtest.h>

#include "support/scripts_on_redis.hpp"

namespace fairlead::fleet::scripts_test {
namespace {

class OneByOne : public ScriptsOnRedis {
 protected:
  void SetUp() override {
    ScriptsOnRedis::SetUp();
    if (!IsSkipped()) {
      scripts().reset("m", {});
    }
  }
  /// One want of m; before it, the backend that is given back.
  std::string pick(StrategyId strategy, const std::string& returned = "") {
    const Shares changes = returned.empty() ? Shares{} : Shares{{key("conn_count:" + returned), -1}};
    const Reply reply = scripts().acquire("m", changes, {{"", strategy, 1, false, {}}});
    EXPECT_EQ(reply.items.size(), 1u);
    const Reply& answer = reply.items.at(0);
    return answer.is_error ? "error" : answer.items.empty() ? "" : answer.items[0].text;
  }
  std::string pick_least(const std::string& returned = "") { return pick(StrategyId::least_conn, returned); }
  std::string share(const std::string& url) {
    return redis().call({"HGET", key("fairlead:ledger:m"), key("conn_count:" + url)}).text;
  }
  std::string placed() { return redis().call({"GET", key("fairlead:tie")}).text; }
  void set(const std::string& url, const std::string& count) { redis().call({"SET", key("conn_count:" + url), count}); }
  /// Commands that this one's script calls: whether it looked at the whole list.
  bool looks_at_all(const std::string& returned) {
    redis()("CONFIG RESETSTAT");
    pick_least(returned);
    return redis()("INFO commandstats").text.find("cmdstat_lrange") != std::string::npos;
  }
};

TEST_F(OneByOne, IdleBackendsTakeTurns) {
  list({"a", "b", "c"});
  std::string chosen;
  std::string last;
  for (int i = 0; i < 9; ++i) {
    last = pick_least(last);
    chosen += last;
  }
  EXPECT_EQ(chosen, "abcabcabc");
  EXPECT_EQ(count("a") + count("b") + count("c"), "001");
  EXPECT_EQ(share("c"), "1");
  EXPECT_EQ(placed(), "9");
}

TEST_F(OneByOne, AnIdleOneWhoseTurnItIsIsTakenWithoutALookAtTheOthers) {
  list({"a", "b", "c"});
  for (const char* url : {"a", "b", "c"}) {
    set(url, "0");
  }
  pick_least();
  EXPECT_FALSE(looks_at_all("a"));
  set("c", "1");
  EXPECT_TRUE(looks_at_all("b"));
}

TEST_F(OneByOne, ABusyOneWhoseTurnItIsGivesWayToTheLeast) {
  list({"a", "b", "c"});
  set("a", "2");
  set("b", "1");
  set("c", "0");
  EXPECT_EQ(pick_least(), "c");
  EXPECT_EQ(placed(), "1");
}

TEST_F(OneByOne, WhoIsGivenBackAndIdleThenMayBeTakenAgain) {
  list({"a"});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(pick_least(i == 0 ? "" : "a"), "a");
    EXPECT_EQ(count("a"), "1");
    EXPECT_EQ(share("a"), "1");
  }
}

TEST_F(OneByOne, ANewShareGivesTheCountATimeToLive) {
  list({"a", "b"});
  set("b", "0");
  pick_least();
  pick_least("a");
  EXPECT_EQ(count("b"), "1");
  EXPECT_GT(std::stoi(redis().call({"PTTL", key("conn_count:b")}).text), 5000);
}

TEST_F(OneByOne, RoundRobinTakesWhoseTurnItIsHoweverBusyItIs) {
  list({"a", "b"});
  set("a", "7");
  std::string chosen;
  for (int i = 0; i < 4; ++i) {
    chosen += pick(StrategyId::round_robin);
  }
  EXPECT_EQ(chosen, "abab");
  EXPECT_EQ(count("a"), "9");
  EXPECT_EQ(count("b"), "2");
  EXPECT_EQ(redis().call({"GET", key("rr_counter")}).text, "4");
}

TEST_F(OneByOne, AReturnThatTheLedgerDoesntHoldTakesNothingFromTheOthers) {
  list({"a", "b"});
  scripts().reset("n", {{key("conn_count:a"), 2}});
  set("b", "0");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(pick_least("a"), "b");
    EXPECT_EQ(count("a"), "2");
  }
  EXPECT_EQ(share("b"), "2");
}

TEST_F(OneByOne, AnOddCountOfTheReturnedOneIsRepaired) {
  list({"a", "b"});
  for (const char* odd : {"", "x", "-3", "007", "99999999999999999999"}) {
    scripts().reset("m", {{key("conn_count:a"), 2}});
    scripts().reset("n", {{key("conn_count:a"), 4}});
    redis().call({"DEL", key("fairlead:tie"), key("conn_count:b")});
    if (*odd == '\0') {
      redis().call({"DEL", key("conn_count:a")});
    } else {
      set("a", odd);
    }
    EXPECT_NE(pick_least("a"), "") << odd;
    EXPECT_EQ(share("a") + share("b"), "11") << odd;
    EXPECT_EQ(count("a"), "5") << odd;
  }
}

TEST_F(OneByOne, AKeyOfAWrongTypeFailsThePoolAndTheReturnIsTaken) {
  for (const char* wrong : {"backend_servers", "fairlead:tie"}) {
    redis()("FLUSHALL");
    scripts().reset("m", {{key("conn_count:a"), 1}});
    list({"a", "b"});
    redis().call({"DEL", key(wrong)});
    redis().call({"HSET", key(wrong), "x", "y"});
    EXPECT_EQ(pick_least("a"), "error") << wrong;
    EXPECT_EQ(count("a"), "0") << wrong;
  }
}

TEST_F(OneByOne, ACountOfAWrongTypeIsWrittenAnew) {
  list({"a"});
  redis().call({"HSET", key("conn_count:a"), "x", "y"});
  EXPECT_EQ(pick_least(), "a");
  EXPECT_EQ(count("a"), "1");
}

TEST_F(OneByOne, AnEmptyListHasNobodyAndTakesNoTicket) {
  EXPECT_EQ(pick_least(), "");
  EXPECT_EQ(placed(), "");
}

TEST_F(OneByOne, WhoIsNoMemberIsFencedAndNothingIsChanged) {
  list({"a"});
  set("a", "1");
  const Reply reply = scripts().acquire("x", {{key("conn_count:a"), -1}}, {{"", StrategyId::least_conn, 1, false, {}}});
  EXPECT_TRUE(reply.text.starts_with("FENCED")) << reply.text;
  EXPECT_EQ(count("a"), "1");
  EXPECT_EQ(placed(), "");
  EXPECT_EQ(redis().call({"EXISTS", key("fairlead:ledger:x")}).text, "0");
}

}  // namespace
}  // namespace fairlead::fleet::scripts_test
