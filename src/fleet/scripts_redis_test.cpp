// The scripts against a real redis-server, case by case, also edits by hand that no schedule makes.
#include <gtest/gtest.h>

#include "fleet/redis_store.hpp"
#include "fleet/scripts.hpp"
#include "support/scripts_on_redis.hpp"

namespace fairlead::fleet::scripts_test {
namespace {

const Wants one_least{"", StrategyId::least_conn, 1, false, {}};

TEST_F(ScriptsOnRedis, AcquireIsFencedAndAppliesNothingWithoutALease) {
  list({"a"});
  const Reply reply = scripts().acquire("m", {}, {one_least});
  EXPECT_TRUE(reply.is_error);
  EXPECT_TRUE(reply.text.starts_with("FENCED")) << reply.text;
  EXPECT_EQ(count("a"), "");
}

TEST_F(ScriptsOnRedis, AcquireIsFencedOnceTheLeaseRanOutEvenIfNobodyReaped) {
  list({"a"});
  scripts().reset("m", {});
  expire_lease("m");
  EXPECT_TRUE(scripts().acquire("m", {}, {one_least}).is_error);
}

TEST_F(ScriptsOnRedis, BeatNeverBringsBackAMemberThatWasReaped) {
  scripts().reset("m", {});
  EXPECT_TRUE(scripts().beat("m"));
  expire_lease("m");
  EXPECT_FALSE(scripts().beat("m"));
  EXPECT_FALSE(scripts().beat("m"));
}

TEST_F(ScriptsOnRedis, BeatTakesOutWhatADeadMemberHeld) {
  scripts().reset("m", {{key("conn_count:a"), 2}});
  scripts().reset("n", {{key("conn_count:a"), 3}});
  expire_lease("n");
  scripts().beat("m");
  EXPECT_EQ(count("a"), "2");
}

TEST_F(ScriptsOnRedis, CountsAboveZeroLiveAsLongAsBeatsRenewThem) {
  list({"a"});
  scripts().reset("m", {});
  scripts().acquire("m", {}, {one_least});
  redis().call({"PEXPIRE", key("conn_count:a"), "1000"});
  scripts().beat("m");
  EXPECT_GT(std::stoi(redis().call({"PTTL", key("conn_count:a")}).text), 5000);
}

TEST_F(ScriptsOnRedis, ACountOfZeroStaysWithoutTimeToLiveAndWithoutLedgerField) {
  list({"a"});
  scripts().reset("m", {});
  scripts().acquire("m", {}, {one_least});
  scripts().acquire("m", {{key("conn_count:a"), -1}}, {});
  EXPECT_EQ(count("a"), "0");
  EXPECT_EQ(redis().call({"PTTL", key("conn_count:a")}).text, "-1");
  EXPECT_EQ(redis().call({"EXISTS", key("fairlead:ledger:m")}).text, "0");
}

TEST_F(ScriptsOnRedis, BeatRepairsACountThatWasDeletedOrSetTooLowByHand) {
  for (const Words& edit : {Words{"DEL", key("conn_count:a")}, Words{"SET", key("conn_count:a"), "-7"},
                            Words{"SET", key("conn_count:a"), "x"}}) {
    scripts().reset("m", {{key("conn_count:a"), 2}});
    scripts().reset("n", {{key("conn_count:a"), 3}});
    redis().call(edit);
    scripts().beat("m");
    EXPECT_EQ(count("a"), "5") << edit[0];
  }
}

TEST_F(ScriptsOnRedis, ReturnsNeverTakeMoreThanTheLedgerHolds) {
  scripts().reset("m", {{key("conn_count:a"), 1}});
  scripts().reset("n", {{key("conn_count:a"), 4}});
  scripts().acquire("m", {{key("conn_count:a"), -3}}, {});
  EXPECT_EQ(count("a"), "4");
}

TEST_F(ScriptsOnRedis, ACountOfAClientOfThePlainProtocolIsKept) {
  list({"a"});
  redis().call({"INCR", key("conn_count:a")});
  scripts().reset("m", {});
  scripts().acquire("m", {}, {one_least});
  EXPECT_EQ(count("a"), "2");
  scripts().leave("m");
  EXPECT_EQ(count("a"), "1");
}

TEST_F(ScriptsOnRedis, ResetIsIdempotentAndSetsTheEpochOnce) {
  EXPECT_EQ(scripts().reset("m", {{key("conn_count:a"), 2}}), "epoch-of-m");
  EXPECT_EQ(scripts().reset("n", {}), "epoch-of-m");
  EXPECT_EQ(scripts().reset("m", {{key("conn_count:a"), 2}}), "epoch-of-m");
  EXPECT_EQ(count("a"), "2");
}

TEST_F(ScriptsOnRedis, JoiningAfterTheWholeFleetDiedFindsNoCounts) {
  scripts().reset("m", {{key("conn_count:a"), 5}});
  redis().call({"DEL", key("conn_count:a")});  // as its time to live does
  expire_lease("m");
  list({"a"});
  scripts().reset("n", {});
  scripts().acquire("n", {}, {one_least});
  scripts().beat("n");
  EXPECT_EQ(count("a"), "1");
}

TEST_F(ScriptsOnRedis, AKeyOfAWrongTypeFailsItsPoolAlone) {
  list({"a"});
  scripts().reset("m", {{key("conn_count:a"), 2}});
  redis().call({"SET", key("blue:backend_servers"), "x"});
  const Reply reply = scripts().acquire("m", {{key("conn_count:a"), -1}}, {{"blue:", {}, 1, false, {}}, one_least});
  ASSERT_EQ(reply.items.size(), 2u);
  EXPECT_TRUE(reply.items[0].is_error);
  EXPECT_TRUE(reply.items[0].text.starts_with("WRONGTYPE")) << reply.items[0].text;
  EXPECT_EQ(reply.items[1].items.size(), 1u);
  EXPECT_EQ(count("a"), "2");
}

TEST_F(ScriptsOnRedis, TheStrategiesThatTheStoreLeavesToThemAreThoseTheyKnow) {
  list({"a"});
  scripts().reset("m", {});
  for (std::size_t i = 0; i < balance::strategy_names().size(); ++i) {
    const auto strategy = static_cast<StrategyId>(i);
    const Reply reply = scripts().acquire("m", {}, {{"", strategy, 1, false, {}}});
    ASSERT_EQ(reply.items.size(), 1u) << balance::strategy_names()[i];
    EXPECT_EQ(reply.items[0].is_error, !RedisStore::chooses_by(strategy)) << balance::strategy_names()[i];
  }
}

TEST_F(ScriptsOnRedis, AnUnknownStrategyIsAnErrorOfItsGroupAndCountsNothing) {
  list({"a"});
  scripts().reset("m", {});
  const Reply reply = scripts().acquire("m", {}, {{"", StrategyId::round_robin, 1, false, {}, "best"}, one_least});
  ASSERT_EQ(reply.items.size(), 2u);
  EXPECT_TRUE(reply.items[0].is_error);
  EXPECT_TRUE(reply.items[0].text.starts_with("STRATEGY")) << reply.items[0].text;
  EXPECT_EQ(reply.items[1].items.size(), 1u);
  EXPECT_EQ(count("a"), "1");
}

TEST_F(ScriptsOnRedis, ExclusionsThatLeaveNothingAnswerNone) {
  list({"a", "b"});
  scripts().reset("m", {});
  const Reply reply = scripts().acquire("m", {}, {{"", StrategyId::round_robin, 2, false, {"a", "b"}}, one_least});
  ASSERT_EQ(reply.items.size(), 2u);
  EXPECT_EQ(reply.items[0].items.size(), 0u);
  EXPECT_EQ(reply.items[1].items.size(), 1u);
}

TEST_F(ScriptsOnRedis, ARetryTakesNoTicketAndGoesByWhereTheRotationStands) {
  list({"a", "b", "c"});
  scripts().reset("m", {});
  const Wants first{"", StrategyId::round_robin, 1, false, {}};
  EXPECT_EQ(scripts().acquire("m", {}, {first}).items.at(0).items.at(0).text, "a");
  const Reply again = scripts().acquire("m", {}, {{"", StrategyId::round_robin, 1, true, {"a"}}});
  EXPECT_EQ(again.items.at(0).items.at(0).text, "c");  // {b, c}[1 % 2]
  EXPECT_EQ(redis().call({"GET", key("rr_counter")}).text, "1");
  EXPECT_EQ(scripts().acquire("m", {}, {first}).items.at(0).items.at(0).text, "b");
}

TEST_F(ScriptsOnRedis, RegisterAddsWhatTheListLacksInOrder) {
  list({"b"});
  EXPECT_EQ(scripts().register_backends(key("backend_servers"), {"a", "b", "c", "a"}), "2");
  const Reply reply = redis().call({"LRANGE", key("backend_servers"), "0", "-1"});
  ASSERT_EQ(reply.items.size(), 3u);
  EXPECT_EQ(reply.items[0].text + reply.items[1].text + reply.items[2].text, "bac");
}

}  // namespace
}  // namespace fairlead::fleet::scripts_test
