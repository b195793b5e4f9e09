// The scripts against a real redis-server, case by case, also edits by hand that no schedule makes.
#include <gtest/gtest.h>

#include <set>
#include <string>

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

TEST_F(ScriptsOnRedis, WhoseLeaseEndedCountsOnUntilItIsTakenOutAndIsFencedThen) {
  list({"a"});
  scripts().reset("m", {});
  scripts().reset("n", {});
  expire_lease("m");
  EXPECT_FALSE(scripts().acquire("m", {}, {one_least}).is_error);
  EXPECT_FALSE(scripts().sync("m", {{key("conn_count:a"), 1}}, {}).is_error);
  EXPECT_EQ(count("a"), "2");
  EXPECT_EQ(scripts().beaten("n"), (Scripts::Reaped{1, 2}));
  EXPECT_EQ(count("a"), "0");
  EXPECT_TRUE(scripts().acquire("m", {{key("conn_count:a"), -1}}, {one_least}).is_error);
  EXPECT_TRUE(scripts().sync("m", {{key("conn_count:a"), -1}}, {}).is_error);
  EXPECT_EQ(count("a"), "0");
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

TEST_F(ScriptsOnRedis, WhoTakesADeadMemberOutHearsWhatItHeld) {
  scripts().reset("m", {});
  scripts().reset("n", {{key("conn_count:a"), 3}, {key("conn_count:b"), 1}});
  scripts().reset("o", {{key("conn_count:a"), 2}});
  expire_lease("n");
  EXPECT_EQ(scripts().beaten("m"), (Scripts::Reaped{1, 4}));
  EXPECT_EQ(scripts().beaten("m"), (Scripts::Reaped{0, 0}));
}

TEST_F(ScriptsOnRedis, CountsAboveZeroLiveAsLongAsBeatsRenewThem) {
  list({"a"});
  scripts().reset("m", {});
  scripts().acquire("m", {}, {one_least});
  redis().call({"PEXPIRE", key("conn_count:a"), "1000"});
  scripts().beat("m");
  EXPECT_GT(std::stoi(redis().call({"PTTL", key("conn_count:a")}).text), 5000);
}

TEST_F(ScriptsOnRedis, ACountOfZeroStaysWithoutTimeToLiveAndWithoutLedgerFieldFromTheNextBeatOn) {
  list({"a"});
  scripts().reset("m", {});
  scripts().acquire("m", {}, {one_least});
  scripts().acquire("m", {{key("conn_count:a"), -1}}, {});
  EXPECT_EQ(count("a"), "0");
  scripts().beat("m");
  EXPECT_EQ(count("a"), "0");
  EXPECT_EQ(redis().call({"PTTL", key("conn_count:a")}).text, "-1");
  EXPECT_EQ(redis().call({"EXISTS", key("fairlead:ledger:m")}).text, "0");
}

TEST_F(ScriptsOnRedis, ACountOfZeroStaysWhenItsMemberLeavesOrIsTakenOutBeforeItBeats) {
  list({"a"});
  for (const bool leaves : {true, false}) {
    scripts().reset("m", {});
    scripts().acquire("m", {}, {one_least});
    scripts().acquire("m", {{key("conn_count:a"), -1}}, {});
    if (leaves) {
      scripts().leave("m");
    } else {
      expire_lease("m");
      scripts().reset("n", {});
    }
    EXPECT_EQ(count("a"), "0");
    EXPECT_EQ(redis().call({"PTTL", key("conn_count:a")}).text, "-1");
    EXPECT_EQ(redis().call({"EXISTS", key("fairlead:ledger:m")}).text, "0");
  }
}

TEST_F(ScriptsOnRedis, ABeatKeepsTheTimeToLiveOfACountThatOthersHaveAShareIn) {
  list({"a"});
  scripts().reset("m", {{key("conn_count:a"), 1}});
  scripts().reset("n", {{key("conn_count:a"), 1}});
  scripts().acquire("m", {{key("conn_count:a"), -1}}, {});
  scripts().beat("m");
  EXPECT_EQ(count("a"), "1");
  EXPECT_GT(std::stoi(redis().call({"PTTL", key("conn_count:a")}).text), 5000);
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

TEST_F(ScriptsOnRedis, ACountThatAHandSetTooLowIsNeverNegative) {
  list({"b"});
  scripts().reset("m", {{key("conn_count:a"), 5}});
  redis().call({"SET", key("conn_count:a"), "1"});
  scripts().acquire("m", {{key("conn_count:a"), -2}}, {});
  EXPECT_EQ(count("a"), "0");
  scripts().acquire("m", {{key("conn_count:a"), -1}}, {one_least});
  EXPECT_EQ(count("a"), "2");  // what the ledger says
}

TEST_F(ScriptsOnRedis, ACountOfAClientOfThePlainProtocolIsKept) {
  list({"a"});
  redis().call({"INCR", key("conn_count:a")});
  scripts().reset("m", {});
  scripts().acquire("m", {}, {one_least});
  EXPECT_EQ(count("a"), "2");
  EXPECT_GT(std::stoi(redis().call({"PTTL", key("conn_count:a")}).text), 5000);
  scripts().leave("m");
  EXPECT_EQ(count("a"), "1");
}

TEST_F(ScriptsOnRedis, ACountThatAHandWroteOddlyIsANumberOrNone) {
  const std::pair<const char*, const char*> cases[] = {{"007", "8"}, {"-3", "1"}, {"99999999999999999999", "1"}};
  for (const auto& [written, expected] : cases) {
    list({"a"});
    scripts().reset("m", {});
    redis().call({"SET", key("conn_count:a"), written});
    scripts().acquire("m", {}, {one_least});
    EXPECT_EQ(count("a"), expected) << written;
  }
}

TEST_F(ScriptsOnRedis, AMembersFirstShareRenewsACountsTimeToLive) {
  list({"a"});
  scripts().reset("n", {{key("conn_count:a"), 1}});
  scripts().reset("m", {});
  redis().call({"PEXPIRE", key("conn_count:a"), "1000"});
  scripts().acquire("m", {}, {one_least});
  EXPECT_GT(std::stoi(redis().call({"PTTL", key("conn_count:a")}).text), 5000);
}

TEST_F(ScriptsOnRedis, AWantAndAReturnOfOneBackendCancelOut) {
  list({"a"});
  scripts().reset("m", {{key("conn_count:a"), 2}});
  EXPECT_EQ(scripts().acquire("m", {{key("conn_count:a"), -1}}, {one_least}).items.size(), 1u);
  EXPECT_EQ(count("a"), "2");
  scripts().leave("m");
  EXPECT_EQ(count("a"), "0");
}

TEST_F(ScriptsOnRedis, AMissingCountIsWrittenThoughNothingChangesIt) {
  list({"a", "b"});
  scripts().reset("m", {{key("conn_count:a"), 2}});
  redis().call({"DEL", key("conn_count:a")});
  scripts().acquire("m", {}, {one_least});  // b's turn
  EXPECT_EQ(count("a"), "2");
  EXPECT_EQ(count("b"), "1");
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
  const Reply reply =
      scripts().acquire("m", {{key("conn_count:a"), -1}}, {{"blue:", StrategyId::least_conn, 1, false, {}}, one_least});
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

/// What RedisStore sends: the set's size, then weights or a cycle.
std::string packed(const std::vector<std::uint32_t>& numbers) {
  std::string text;
  for (const std::uint32_t number : numbers) {
    text.push_back(static_cast<char>(number >> 8));
    text.push_back(static_cast<char>(number & 0xff));
  }
  return text;
}

balance::BackendSet set_of(const std::vector<std::uint32_t>& weights) {
  std::vector<balance::Backend> backends;
  for (const std::uint32_t weight : weights) {
    std::string url(1, static_cast<char>('a' + backends.size()));
    backends.emplace_back().url = std::move(url);
    backends.back().weight = weight;
  }
  return balance::BackendSet(std::move(backends));
}

/// Of a call with one group of wants.
std::string chosen_by(const Reply& reply) {
  std::string chosen;
  for (const Reply& item : reply.items.at(0).items) {
    chosen += item.text;
  }
  return chosen;
}

TEST_F(ScriptsOnRedis, WeightedRoundRobinChoosesAsTheStrategyDoes) {
  list({"a", "b", "c"});
  scripts().reset("m", {});
  const balance::BackendSet set = set_of({5, 1, 1});
  const auto strategy = balance::make_strategy(StrategyId::round_robin, set);
  std::vector<std::uint32_t> numbers{3};
  for (const balance::BackendIndex place : strategy->turns()) {
    numbers.push_back(place + 1);
  }
  std::string expected;
  std::string without_b;
  const std::vector<std::uint8_t> all_but_b{1, 0, 1};
  for (std::uint64_t ticket = 0; ticket < 10; ++ticket) {
    expected += set[*strategy->pick({.ticket = ticket, .loads = {}, .eligible = {}})].url;
    without_b += set[*strategy->pick({.ticket = ticket + 10, .loads = {}, .eligible = all_but_b})].url;
  }
  Wants wants{"", StrategyId::round_robin, 10, false, {}};
  wants.weighting = packed(numbers);
  EXPECT_EQ(chosen_by(scripts().acquire("m", {}, {wants})), expected);
  wants.excluded = {"b"};
  EXPECT_EQ(chosen_by(scripts().acquire("m", {}, {wants})), without_b);
}

TEST_F(ScriptsOnRedis, WeightedLeastConnChoosesAsTheStrategyDoes) {
  list({"a", "b", "c"});
  scripts().reset("m", {});
  const balance::BackendSet set = set_of({4, 2, 1});
  const auto strategy = balance::make_strategy(StrategyId::least_conn, set);
  std::vector<std::uint32_t> loads(3);
  std::string expected;
  for (std::uint64_t ticket = 0; ticket < 21; ++ticket) {
    const balance::BackendIndex index = *strategy->pick({.ticket = ticket, .loads = loads, .eligible = {}});
    ++loads[index];
    expected += set[index].url;
  }
  Wants wants{"", StrategyId::least_conn, 21, false, {}};
  wants.weighting = packed({3, 4, 2, 1});
  EXPECT_EQ(chosen_by(scripts().acquire("m", {}, {wants})), expected);
  EXPECT_EQ(count("a") + count("b") + count("c"), "1263");
}

TEST_F(ScriptsOnRedis, AWeightingOfAnotherListIsPassedOver) {
  list({"a", "b", "c"});
  scripts().reset("m", {});
  Wants wants{"", StrategyId::least_conn, 3, false, {}};
  wants.weighting = packed({2, 900, 1});
  scripts().acquire("m", {}, {wants});
  EXPECT_EQ(count("a") + count("b") + count("c"), "111");
}

TEST_F(ScriptsOnRedis, AbsentBackendsAreNotOfTheSet) {
  list({"x", "a", "b"});
  scripts().reset("m", {});
  Wants wants{"", StrategyId::round_robin, 4, false, {}};
  wants.absent = {"x"};
  EXPECT_EQ(chosen_by(scripts().acquire("m", {}, {wants})), "abab");
}

TEST_F(ScriptsOnRedis, RegisterAddsWhatTheListLacksInOrder) {
  list({"b"});
  EXPECT_EQ(scripts().register_backends({"a", "b", "c", "a"}), "2");
  const Reply reply = redis().call({"LRANGE", key("backend_servers"), "0", "-1"});
  ASSERT_EQ(reply.items.size(), 3u);
  EXPECT_EQ(reply.items[0].text + reply.items[1].text + reply.items[2].text, "bac");
}

TEST_F(ScriptsOnRedis, ADigestStandsForAllWhoAskMeanwhile) {
  list({"a"});
  const std::string digest = scripts().digest();
  list({"b"});
  EXPECT_EQ(scripts().digest(), digest);
  const std::string next = scripts().digest(true);
  EXPECT_NE(next, digest);
  EXPECT_EQ(scripts().digest(), next);
}

TEST_F(ScriptsOnRedis, ADigestTellsListsWeightsAndDrainsApart) {
  std::set<std::string> seen;
  const auto look = [&] { seen.insert(scripts().digest(true)); };
  look();
  list({"a"});
  look();
  redis().call({"HSET", key("fairlead:weights"), "a", "2"});
  look();
  redis().call({"DEL", key("fairlead:weights")});
  redis().call({"HSET", key("fairlead:draining"), "a", "2"});
  look();
  redis().call({"SET", key("fairlead:draining"), "of another type"});
  look();
  EXPECT_EQ(seen.size(), 5U);
}

TEST_F(ScriptsOnRedis, AReplicaMakesADigestThoughItCantKeepIt) {
  list({"a"});
  redis().call({"REPLICAOF", "127.0.0.1", "1"});
  EXPECT_NE(scripts().digest(), "");
  EXPECT_EQ(redis().call({"EXISTS", key("fairlead:digest")}).text, "0");
}

}  // namespace
}  // namespace fairlead::fleet::scripts_test
