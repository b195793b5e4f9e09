// sync.lua against a real redis-server.
#include <gtest/gtest.h>

#include "support/scripts_on_redis.hpp"

namespace fairlead::fleet::scripts_test {
namespace {

class SyncScript : public ScriptsOnRedis {
 protected:
  std::vector<std::string> texts(const Reply& reply) {
    std::vector<std::string> texts;
    for (const Reply& item : reply.items) {
      texts.push_back(item.text);
    }
    return texts;
  }
  using Texts = std::vector<std::string>;
};

TEST_F(SyncScript, IsFencedAndAppliesNothingWithoutALease) {
  const Reply reply = scripts().sync("m", {{key("conn_count:a"), 1}}, {{"", true, 1, 1}});
  EXPECT_TRUE(reply.text.starts_with("FENCED")) << reply.text;
  EXPECT_EQ(count("a"), "");
  EXPECT_EQ(redis().call({"EXISTS", key("rr_counter")}).text, "0");
}

TEST_F(SyncScript, AppliesChangesAndTellsWhatIsInFlightAboveZero) {
  list({"a", "b", "c"});
  scripts().reset("m", {});
  scripts().reset("n", {{key("conn_count:c"), 2}});
  const Reply reply = scripts().sync("m", {{key("conn_count:a"), 3}}, {{"", true}});
  ASSERT_EQ(reply.items.size(), 1u);
  EXPECT_EQ(texts(reply.items[0]), (Texts{"0", "0", "a", "3", "c", "2"}));
  scripts().sync("m", {{key("conn_count:a"), -3}}, {});
  EXPECT_EQ(count("a"), "0");
  EXPECT_EQ(count("c"), "2");
}

TEST_F(SyncScript, AMissingCountIsNotToldAndWrittenOnlyOnceItChanges) {
  list({"a"});
  scripts().reset("m", {{key("conn_count:a"), 2}});
  redis().call({"DEL", key("conn_count:a")});
  EXPECT_EQ(texts(scripts().sync("m", {}, {{"", true}}).items[0]), (Texts{"0", "0"}));
  EXPECT_EQ(count("a"), "");
  EXPECT_EQ(texts(scripts().sync("m", {{key("conn_count:a"), 1}}, {{"", true}}).items[0]), (Texts{"0", "0", "a", "3"}));
  EXPECT_EQ(count("a"), "3");
}

TEST_F(SyncScript, ACounterOfAnotherTypeIsAFaultThoughNoTicketIsTaken) {
  scripts().reset("m", {});
  redis().call({"LPUSH", key("rr_counter"), "x"});
  EXPECT_TRUE(scripts().sync("m", {}, {{"", false}}).items[0].is_error);
}

TEST_F(SyncScript, CountsComeOnlyWhenAsked) {
  list({"a"});
  scripts().reset("m", {{key("conn_count:a"), 1}});
  EXPECT_EQ(texts(scripts().sync("m", {}, {{"", false}}).items[0]), (Texts{"0", "0"}));
}

TEST_F(SyncScript, TicketsAndPlacedRequestsAddUpOverTheFleet) {
  scripts().reset("m", {});
  scripts().reset("n", {});
  EXPECT_EQ(texts(scripts().sync("m", {}, {{"", false, 2, 5}}).items[0]), (Texts{"5", "2"}));
  EXPECT_EQ(texts(scripts().sync("n", {}, {{"", false, 1, 3}}).items[0]), (Texts{"8", "3"}));
}

TEST_F(SyncScript, ReturnedTicketsGoBackUnlessOthersTookSome) {
  scripts().reset("m", {});
  scripts().sync("m", {}, {{"", false, 0, 5}});
  EXPECT_EQ(texts(scripts().sync("m", {}, {{"", false, 0, 0, 2, 5}}).items[0]), (Texts{"3", "0"}));
  scripts().sync("m", {}, {{"", false, 0, 4}});
  EXPECT_EQ(texts(scripts().sync("m", {}, {{"", false, 0, 0, 2, 5}}).items[0]), (Texts{"7", "0"}));
}

TEST_F(SyncScript, EachPoolHasItsOwnAnswer) {
  redis().call({"RPUSH", key("blue:backend_servers"), "x"});
  scripts().reset("m", {{key("blue:conn_count:x"), 1}});
  const Reply reply = scripts().sync("m", {}, {{"", true, 0, 1}, {"blue:", true, 0, 2}});
  ASSERT_EQ(reply.items.size(), 2u);
  EXPECT_EQ(texts(reply.items[0]), (Texts{"1", "0"}));
  EXPECT_EQ(texts(reply.items[1]), (Texts{"2", "0", "x", "1"}));
}

TEST_F(SyncScript, AKeyOfAnotherTypeFailsItsPoolAlone) {
  redis().call({"SADD", key("rr_counter"), "x"});
  list({"a"});
  redis().call({"SET", key("blue:backend_servers"), "x"});
  scripts().reset("m", {});
  const Reply reply =
      scripts().sync("m", {{key("conn_count:a"), 1}}, {{"", true, 0, 1}, {"blue:", true}, {"green:", true, 0, 1}});
  ASSERT_EQ(reply.items.size(), 3u);
  EXPECT_TRUE(reply.items[0].is_error);
  EXPECT_TRUE(reply.items[1].is_error);
  EXPECT_EQ(texts(reply.items[2]), (Texts{"1", "0"}));
  EXPECT_EQ(count("a"), "1");
}

class SyncScriptLatencies : public SyncScript {
 protected:
  using Latencies = std::map<std::string, std::int64_t>;

  void SetUp() override {
    SyncScript::SetUp();
    if (!IsSkipped()) {
      list({"a", "b"});
      scripts().reset("m", {});
      scripts().reset("n", {});
    }
  }
  /// {URL, microseconds, ...} of the default pool.
  Texts share(const std::string& member, const Latencies& told) {
    const Reply reply = scripts().sync(member, {}, {{.pool = "", .wants_counts = true, .latencies = told}});
    return texts(reply.items.at(0).items.back());
  }
  void store(const std::string& url, const std::string& value) {
    redis().call({"HSET", key("fairlead:latency"), url, value});
  }
  std::string stored(const std::string& url) { return redis().call({"HGET", key("fairlead:latency"), url}).text; }
};

TEST_F(SyncScriptLatencies, WhatOneInstanceMeasuredTheOthersHear) {
  EXPECT_EQ(share("m", {}), Texts{});
  EXPECT_EQ(share("m", {{"b", 20'000}}), (Texts{"b", "20000"}));
  EXPECT_EQ(share("n", {}), (Texts{"b", "20000"}));
  EXPECT_EQ(stored("b"), "20000");
}

TEST_F(SyncScriptLatencies, ComeLastAndOnlyWhenWanted) {
  store("a", "7");
  const Reply reply =
      scripts().sync("m", {{key("conn_count:a"), 1}}, {{.pool = "", .wants_counts = true, .latencies = Latencies{}}});
  ASSERT_EQ(reply.items.at(0).items.size(), 5u);
  EXPECT_EQ(reply.items[0].items[2].text, "a");
  EXPECT_EQ(texts(reply.items[0].items[4]), (Texts{"a", "7"}));
  EXPECT_EQ(texts(scripts().sync("m", {}, {{"", false}}).items[0]), (Texts{"0", "0"}));
}

TEST_F(SyncScriptLatencies, AnOutlierNeitherDominatesNorIsLost) {
  store("a", "10000");
  EXPECT_EQ(share("m", {{"a", 1'000'000}}), (Texts{"a", "100000"}));  // the geometric mean
  EXPECT_EQ(share("n", {{"a", 10'000}}), (Texts{"a", "31623"}));
}

TEST_F(SyncScriptLatencies, WhatAllMeasureAlikeIsBelievedWithinAFewCalls) {
  store("a", "10000");
  for (int i = 0; i < 4; ++i) {
    share("m", {{"a", 1'000'000}});
    share("n", {{"a", 1'000'000}});
  }
  EXPECT_GT(std::stoi(stored("a")), 950'000);
}

TEST_F(SyncScriptLatencies, AreForgottenWithTheBackend) {
  share("m", {{"a", 5}, {"b", 6}});
  redis().call({"LREM", key("backend_servers"), "0", "a"});
  EXPECT_EQ(share("m", {{"a", 5}}), (Texts{"b", "6"}));
  EXPECT_EQ(redis().call({"HEXISTS", key("fairlead:latency"), "a"}).text, "0");
}

TEST_F(SyncScriptLatencies, LapseWhenNobodyTellsForAMinute) {
  share("m", {{"a", 5}});
  const int ttl_ms = std::stoi(redis().call({"PTTL", key("fairlead:latency")}).text);
  EXPECT_GT(ttl_ms, 50'000);
  EXPECT_LE(ttl_ms, 60'000);
}

TEST_F(SyncScriptLatencies, AbsurdValuesAreNotKnownAndGiveWay) {
  for (const char* absurd : {"", "x", "-5", "0", "1.5", "1e9", "3600000001", "99999999999999999999999999"}) {
    store("a", absurd);
    EXPECT_EQ(share("m", {}), Texts{}) << absurd;
    EXPECT_EQ(share("m", {{"a", 5000}}), (Texts{"a", "5000"})) << absurd;
  }
}

TEST_F(SyncScriptLatencies, AHashOfAnotherTypeLeavesTheRestAsItIs) {
  redis().call({"SET", key("fairlead:latency"), "x"});
  const Reply reply = scripts().sync("m", {{key("conn_count:a"), 1}},
                                     {{.pool = "", .wants_counts = true, .taken = 2, .latencies = Latencies{{"a", 5}}},
                                      {.pool = "blue:", .taken = 1}});
  ASSERT_EQ(reply.items.size(), 2u);
  ASSERT_EQ(reply.items[0].items.size(), 5u);
  EXPECT_EQ(reply.items[0].items[0].text, "2");
  EXPECT_EQ(reply.items[0].items[3].text, "1");
  EXPECT_TRUE(reply.items[0].items[4].is_error);
  EXPECT_EQ(reply.items[1].items.at(0).text, "1");
}

TEST_F(SyncScriptLatencies, EachPoolHasItsOwn) {
  redis().call({"RPUSH", key("blue:backend_servers"), "a"});
  const Reply reply = scripts().sync(
      "m", {}, {{.pool = "", .latencies = Latencies{{"a", 5}}}, {.pool = "blue:", .latencies = Latencies{{"a", 9}}}});
  EXPECT_EQ(texts(reply.items.at(0).items.back()), (Texts{"a", "5"}));
  EXPECT_EQ(texts(reply.items.at(1).items.back()), (Texts{"a", "9"}));
}

}  // namespace
}  // namespace fairlead::fleet::scripts_test
