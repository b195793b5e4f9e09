#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>

#include "fleet/backend_list_watch.hpp"
#include "support/redis_loop.hpp"
#include "support/redis_server.hpp"

namespace fairlead::fleet {
namespace {

using List = BackendListWatch::List;
using Urls = std::vector<std::string>;

class BackendListWatchOnRedis : public testing::Test {
 protected:
  void SetUp() override {
    if (!test::RedisServer::is_installed()) {
      GTEST_SKIP() << "redis-server isn't installed";
    }
    ASSERT_TRUE(server_.start());
    redis_.emplace(server_);
    watch_.emplace(on_.loop, on_.resolver, RedisEndpoint{url()}, "", "test", on_.metrics, on_.log);
    watch_->on_listed = [this](const std::string& pool, const List& list) { note(pool, list); };
  }
  void TearDown() override {
    if (watch_) {
      on_.finish(watch_->stop());
    }
  }

  StateUrl url() const {
    StateUrl url;
    url.kind = StateKind::redis_unix;
    url.path = server_.socket_path();
    return url;
  }
  /// That were answered well.
  double calls(const std::string& operation) const { return answered(operation, "ok"); }
  double refused(const std::string& operation) const { return answered(operation, "error"); }
  double answered(const std::string& operation, const std::string& how) const {
    double calls = 0;
    for (const metrics::FamilySamples& family : on_.registry.collect()) {
      for (const auto& sample : family.samples) {
        const bool is_it = family.family->name == "fairlead_redis_commands_total" &&
                           sample.label_values == std::vector<std::string>{operation, how};
        calls += is_it ? sample.value : 0;
      }
    }
    return calls;
  }
  void note(const std::string& pool, const List& list) {
    lists_[pool].clear();
    for (const balance::ListedBackend& backend : list) {
      lists_[pool].push_back(backend.url);
    }
    details_[pool] = list;
  }
  /// Pools with the URLs that are configured.
  using Configured = std::vector<std::pair<std::string, List>>;
  void watch(const Configured& configured) {
    std::vector<BackendListWatch::Pool> pools;
    for (const auto& [name, list] : configured) {
      pools.push_back({name, list});
    }
    watch_->watch(std::move(pools));
  }
  void start(const Configured& configured) {
    watch(configured);
    watch_->start();
  }
  bool shows(const std::string& pool, const List& list) {
    return on_.until([&] { return details_.contains(pool) && details_[pool] == list; });
  }
  /// What became of the edit.
  Result<balance::EditOutcome> edit(const balance::BackendEdit& edit) {
    std::optional<Result<balance::EditOutcome>> answer;
    watch_->edit("default", edit, [&](Result<balance::EditOutcome> outcome) { answer.emplace(outcome); });
    EXPECT_TRUE(on_.until([&] { return answer.has_value(); }));
    return *answer;
  }
  bool becomes(const std::string& pool, const Urls& urls) {
    return on_.until([&] { return lists_.contains(pool) && lists_[pool] == urls; });
  }
  std::string stored(const std::string& key) {
    std::string all;
    for (const auto& item : (*redis_)("LRANGE " + key + " 0 -1").items) {
      all += item.text + " ";
    }
    return all;
  }

  test::RedisServer server_;
  std::optional<test::RedisConnection> redis_;
  test::RedisLoop on_;
  std::map<std::string, Urls> lists_;
  std::map<std::string, List> details_;
  std::optional<BackendListWatch> watch_;
};

TEST_F(BackendListWatchOnRedis, AddsConfiguredBackendsToWhatIsListedAlready) {
  (*redis_)("RPUSH backend_servers http://hand http://b");
  start({{"default", {{.url = "http://a"}, {.url = "http://b"}}}, {"blue", {{.url = "http://c"}}}});
  EXPECT_TRUE(becomes("default", {"http://hand", "http://b", "http://a"}));
  EXPECT_TRUE(becomes("blue", {"http://c"}));
  EXPECT_EQ(stored("blue:backend_servers"), "http://c ");
}

TEST_F(BackendListWatchOnRedis, FollowsEditsByHandAndKeepsRepeats) {
  start({{"default", {{.url = "http://a"}}}});
  ASSERT_TRUE(becomes("default", {"http://a"}));
  (*redis_)("LPUSH backend_servers http://b http://a");
  EXPECT_TRUE(becomes("default", {"http://a", "http://b", "http://a"}));
  (*redis_)("LREM backend_servers 0 http://a");
  EXPECT_TRUE(becomes("default", {"http://b"}));
}

TEST_F(BackendListWatchOnRedis, WhileNothingChangesListsAreNotReadAgain) {
  start({{"default", {{.url = "http://a"}}}});
  ASSERT_TRUE(becomes("default", {"http://a"}));
  ASSERT_TRUE(on_.until([this] { return calls("digest") >= calls("lrange") + 2; }));
  const double reads = calls("lrange");
  const double looks = calls("digest");
  ASSERT_TRUE(on_.until([&] { return calls("digest") >= looks + 4; }));
  EXPECT_EQ(calls("lrange"), reads);
  (*redis_)("HSET fairlead:weights http://a 3");
  EXPECT_TRUE(shows("default", {{.url = "http://a", .weight = 3}}));
}

TEST_F(BackendListWatchOnRedis, AListThatAUserEmptiedStaysEmpty) {
  start({{"default", {{.url = "http://a"}}}});
  ASSERT_TRUE(becomes("default", {"http://a"}));
  (*redis_)("DEL backend_servers");
  EXPECT_TRUE(becomes("default", {}));
  (*redis_)("RPUSH backend_servers http://b");
  EXPECT_TRUE(becomes("default", {"http://b"}));
}

TEST_F(BackendListWatchOnRedis, RegistersAgainAfterRedisLostItsDataAndNeverShowsAnEmptyList) {
  start({{"default", {{.url = "http://a"}}}});
  ASSERT_TRUE(becomes("default", {"http://a"}));
  (*redis_)("RPUSH backend_servers http://hand");
  ASSERT_TRUE(becomes("default", {"http://a", "http://hand"}));
  bool was_empty = false;
  watch_->on_listed = [&](const std::string& pool, const List& list) {
    was_empty = was_empty || list.empty();
    note(pool, list);
  };
  (*redis_)("FLUSHALL");
  EXPECT_TRUE(becomes("default", {"http://a"}));
  EXPECT_FALSE(was_empty);
}

TEST_F(BackendListWatchOnRedis, KeepsTheLastListDuringAnOutageAndRegistersWhenRedisComesBackEmpty) {
  start({{"default", {{.url = "http://a"}}}});
  ASSERT_TRUE(becomes("default", {"http://a"}));
  redis_.reset();
  server_.kill();
  ASSERT_TRUE(server_.start());
  redis_.emplace(server_);
  EXPECT_TRUE(on_.until([this] { return stored("backend_servers") == "http://a "; }));
  EXPECT_EQ(lists_["default"], Urls{"http://a"});
}

TEST_F(BackendListWatchOnRedis, PassesOverAnEntryThatIsNoBackendAndSaysSoOnce) {
  (*redis_)("RPUSH backend_servers nonsense http://a");
  start({{"default", {}}});
  ASSERT_TRUE(becomes("default", {"http://a"}));
  (*redis_)("RPUSH backend_servers http://b");
  ASSERT_TRUE(becomes("default", {"http://a", "http://b"}));
  EXPECT_EQ(on_.lines.count("is no backend"), 1u);
}

TEST_F(BackendListWatchOnRedis, TellsLongEntriesApartByTheirBeginningOnly) {
  const std::string nonsense(200, 'x');
  (*redis_)("RPUSH backend_servers " + nonsense + "1 http://a");
  start({{"default", {}}});
  ASSERT_TRUE(becomes("default", {"http://a"}));
  (*redis_)("RPUSH backend_servers " + nonsense + "2 http://b");
  ASSERT_TRUE(becomes("default", {"http://a", "http://b"}));
  EXPECT_EQ(on_.lines.count("is no backend"), 1u);
}

TEST_F(BackendListWatchOnRedis, ARedisThatTakesNoEpochIsntAskedWithoutAPause) {
  (*redis_)("REPLICAOF 127.0.0.1 1");  // read-only from now on
  const io::TimePoint began = on_.loop.exact_now();
  start({{"default", {{.url = "http://a"}}}});
  constexpr auto some_time = 2 * BackendListWatch::interval;
  ASSERT_TRUE(on_.until([&] { return on_.loop.exact_now() > began + some_time; }));
  ASSERT_GT(calls("digest"), 0);
  const auto intervals = (on_.loop.exact_now() - began) / BackendListWatch::interval + 1;
  EXPECT_LE(calls("digest"), static_cast<double>(BackendListWatch::polls_in_a_row_max * intervals));
}

TEST_F(BackendListWatchOnRedis, AListOfAnotherTypeKeepsTheLastOne) {
  start({{"default", {{.url = "http://a"}}}, {"blue", {{.url = "http://c"}}}});
  ASSERT_TRUE(becomes("default", {"http://a"}));
  (*redis_)("SET backend_servers x");
  (*redis_)("RPUSH blue:backend_servers http://d");
  EXPECT_TRUE(becomes("blue", {"http://c", "http://d"}));
  EXPECT_EQ(lists_["default"], Urls{"http://a"});
  EXPECT_EQ(on_.lines.count("redis refuses a pool's list"), 1u);
  EXPECT_EQ(on_.lines.count("key=backend_servers reason=WRONGTYPE"), 1u);
  (*redis_)("DEL backend_servers");
  EXPECT_TRUE(on_.until([this] { return on_.lines.count("redis serves a pool's list again") == 1; }));
}

TEST_F(BackendListWatchOnRedis, ConfiguredBackendsServeWhileRedisRefusesToRegisterThem) {
  (*redis_)("SET fairlead:epoch known");
  (*redis_)("RPUSH backend_servers http://hand");
  (*redis_)("CONFIG SET maxmemory 1");
  start({{"default", {{.url = "http://a"}}}});
  ASSERT_TRUE(becomes("default", {"http://hand", "http://a"}));
  EXPECT_EQ(watch_->unregistered().at("default"), "OOM");
  ASSERT_TRUE(on_.until([this] { return refused("register") >= 2; }));
  EXPECT_EQ(on_.lines.count("redis refuses to register backends"), 1u);
  (*redis_)("CONFIG SET maxmemory 0");
  ASSERT_TRUE(on_.until([this] { return stored("backend_servers") == "http://hand http://a "; }));
  ASSERT_TRUE(on_.until([this] { return watch_->unregistered().empty(); }));
  EXPECT_EQ(on_.lines.count("redis registers a pool's backends again"), 1u);
  (*redis_)("DEL backend_servers");
  EXPECT_TRUE(becomes("default", {}));
}

TEST_F(BackendListWatchOnRedis, ARefusedRegistrationIsntTriedAtEveryLook) {
  (*redis_)("SET fairlead:epoch known");
  (*redis_)("CONFIG SET maxmemory 1");
  const io::TimePoint began = on_.loop.exact_now();
  start({{"default", {{.url = "http://a"}}}});
  ASSERT_TRUE(on_.until([this] { return refused("register") >= 3; }));
  EXPECT_GE(on_.loop.exact_now() - began, 2 * Registrations::pause);
}

TEST_F(BackendListWatchOnRedis, BackendsThatMayNotBeRegisteredServeWithoutAnyRightToRunScripts) {
  (*redis_)("ACL SETUSER default -evalsha");
  start({{"default", {{.url = "http://a"}}}});
  EXPECT_TRUE(becomes("default", {"http://a"}));
  EXPECT_EQ(watch_->unregistered().at("default"), "NOPERM");
}

TEST_F(BackendListWatchOnRedis, ARightThatARegistrationLacksInsideItsScriptIsSaidAsOne) {
  (*redis_)("ACL SETUSER default -rpush");
  start({{"default", {{.url = "http://a"}}}});
  ASSERT_TRUE(becomes("default", {"http://a"}));
  EXPECT_EQ(watch_->unregistered().at("default"), "NOPERM");
}

TEST_F(BackendListWatchOnRedis, WhoIsRemovedWhileARegistrationIsRefusedStaysOutAndIsntRegisteredLater) {
  (*redis_)("SET fairlead:epoch known");
  (*redis_)("RPUSH backend_servers http://a http://b");
  (*redis_)("CONFIG SET maxmemory 1");
  start({{"default", {{.url = "http://a"}, {.url = "http://b"}, {.url = "http://c"}}}});
  ASSERT_TRUE(becomes("default", {"http://a", "http://b", "http://c"}));
  EXPECT_EQ(*edit({balance::BackendEdit::Kind::remove, "http://a", {}}), balance::EditOutcome::changed);
  EXPECT_EQ(lists_["default"], (Urls{"http://b", "http://c"}));
  (*redis_)("CONFIG SET maxmemory 0");
  EXPECT_TRUE(on_.until([this] { return stored("backend_servers") == "http://b http://c "; }));
}

TEST_F(BackendListWatchOnRedis, WithoutAnEpochThatCanBeSetWhatIsListedServesAndEditsAreAnswered) {
  (*redis_)("RPUSH backend_servers http://hand http://other");
  (*redis_)("CONFIG SET maxmemory 1");
  start({{"default", {{.url = "http://a"}}}});
  ASSERT_TRUE(becomes("default", {"http://hand", "http://other", "http://a"}));
  EXPECT_EQ(watch_->unregistered().at("default"), "OOM");
  EXPECT_EQ(*edit({balance::BackendEdit::Kind::remove, "http://hand", {}}), balance::EditOutcome::changed);
  EXPECT_EQ(lists_["default"], (Urls{"http://other", "http://a"}));
}

TEST_F(BackendListWatchOnRedis, WhoIsRemovedBeforeThereIsAnEpochIsntRegisteredOnceThereIs) {
  (*redis_)("RPUSH backend_servers http://a http://b");
  (*redis_)("CONFIG SET maxmemory 1");
  start({{"default", {{.url = "http://a"}, {.url = "http://b"}, {.url = "http://c"}}}});
  ASSERT_TRUE(becomes("default", {"http://a", "http://b", "http://c"}));
  EXPECT_EQ(*edit({balance::BackendEdit::Kind::remove, "http://a", {}}), balance::EditOutcome::changed);
  (*redis_)("CONFIG SET maxmemory 0");
  ASSERT_TRUE(on_.until([this] { return watch_->unregistered().empty(); }));
  EXPECT_EQ(stored("backend_servers"), "http://b http://c ");
  EXPECT_EQ(lists_["default"], (Urls{"http://b", "http://c"}));
}

TEST_F(BackendListWatchOnRedis, WhatAReplicaWithoutAnEpochListsServes) {
  (*redis_)("RPUSH backend_servers http://hand");
  (*redis_)("REPLICAOF 127.0.0.1 1");
  start({{"default", {{.url = "http://a"}}}});
  EXPECT_TRUE(becomes("default", {"http://hand", "http://a"}));
  EXPECT_EQ(watch_->unregistered().at("default"), "READONLY");
}

TEST_F(BackendListWatchOnRedis, WithoutAnEpochThatCanBeSetAnEmptyListTakesNoBackendAway) {
  start({{"default", {{.url = "http://a"}}}});
  ASSERT_TRUE(becomes("default", {"http://a"}));
  (*redis_)("CONFIG SET maxmemory 1");
  (*redis_)("FLUSHALL");
  ASSERT_TRUE(on_.until([this] { return refused("set") >= 3; }));
  EXPECT_EQ(lists_["default"], Urls{"http://a"});
}

TEST_F(BackendListWatchOnRedis, ARedisThatCameBackEmptyAndFullTakesNoBackendAway) {
  start({{"default", {{.url = "http://a"}}}});
  ASSERT_TRUE(becomes("default", {"http://a"}));
  (*redis_)("FLUSHALL");
  (*redis_)("SET fairlead:epoch another");
  (*redis_)("CONFIG SET maxmemory 1");
  ASSERT_TRUE(on_.until([this] { return refused("register") >= 2; }));
  EXPECT_EQ(lists_["default"], Urls{"http://a"});
}

TEST_F(BackendListWatchOnRedis, AnEpochThatWasMissingForAWhileBringsNobodyBackWhoWasTakenOut) {
  start({{"default", {{.url = "http://a"}, {.url = "http://b"}}}});
  ASSERT_TRUE(becomes("default", {"http://a", "http://b"}));
  (*redis_)("LREM backend_servers 0 http://b");
  ASSERT_TRUE(becomes("default", {"http://a"}));
  const std::string epoch = (*redis_)("GET fairlead:epoch").text;
  (*redis_)("CONFIG SET maxmemory 1");
  (*redis_)("DEL fairlead:epoch");
  ASSERT_TRUE(on_.until([this] { return refused("set") >= 2; }));
  (*redis_)("CONFIG SET maxmemory 0");
  (*redis_)("SET fairlead:epoch " + epoch);
  (*redis_)("RPUSH backend_servers http://c");
  EXPECT_TRUE(becomes("default", {"http://a", "http://c"}));
  EXPECT_EQ(calls("register"), 1);
}

TEST_F(BackendListWatchOnRedis, ARedisThatTakesNoEpochSaysOnceThatNothingIsRegistered) {
  (*redis_)("CONFIG SET maxmemory 1");
  start({{"default", {{.url = "http://a"}}}});
  ASSERT_TRUE(on_.until([this] { return refused("set") >= 3; }));
  EXPECT_EQ(on_.lines.count("redis refuses to register backends"), 1u);
  EXPECT_EQ(watch_->unregistered().at("default"), "OOM");
  (*redis_)("CONFIG SET maxmemory 0");
  EXPECT_TRUE(becomes("default", {"http://a"}));
  EXPECT_TRUE(watch_->unregistered().empty());
}

TEST_F(BackendListWatchOnRedis, AConfiguredWeightIsTheBackendsOwn) {
  start({{"default", {{.url = "http://a", .weight = 3}, {.url = "http://b"}}}});
  EXPECT_TRUE(shows("default", {{.url = "http://a", .weight = 3}, {.url = "http://b"}}));
  EXPECT_EQ((*redis_)("HGET fairlead:weights http://a").text, "3");
  EXPECT_EQ((*redis_)("HLEN fairlead:weights").text, "1");
}

TEST_F(BackendListWatchOnRedis, AWeightSetByHandIsFollowedAndAnUnchangedFileDoesntUndoIt) {
  start({{"default", {{.url = "http://a", .weight = 3}}}});
  ASSERT_TRUE(shows("default", {{.url = "http://a", .weight = 3}}));
  (*redis_)("HSET fairlead:weights http://a 5");
  EXPECT_TRUE(shows("default", {{.url = "http://a", .weight = 5}}));
  watch({{"default", {{.url = "http://a", .weight = 3}, {.url = "http://b"}}}});
  EXPECT_TRUE(shows("default", {{.url = "http://a", .weight = 5}, {.url = "http://b"}}));
  watch({{"default", {{.url = "http://a", .weight = 4}, {.url = "http://b"}}}});
  EXPECT_TRUE(shows("default", {{.url = "http://a", .weight = 4}, {.url = "http://b"}}));
}

TEST_F(BackendListWatchOnRedis, AWeightThatIsNoneIsOneAndAHugeOneIsTheLargest) {
  (*redis_)("HSET fairlead:weights http://a nonsense http://b 0 http://c -3 http://d 99999999999");
  start({{"default", {{.url = "http://a"}, {.url = "http://b"}, {.url = "http://c"}, {.url = "http://d"}}}});
  EXPECT_TRUE(shows("default", {{.url = "http://a"},
                                {.url = "http://b"},
                                {.url = "http://c"},
                                {.url = "http://d", .weight = balance::weight_max}}));
}

TEST_F(BackendListWatchOnRedis, AnEditIsShownBeforeItIsAnswered) {
  start({{"default", {{.url = "http://a"}}}});
  ASSERT_TRUE(becomes("default", {"http://a"}));
  using Kind = balance::BackendEdit::Kind;
  using balance::EditOutcome;
  EXPECT_EQ(*edit({Kind::add, "http://b", 2}), EditOutcome::added);
  EXPECT_EQ(details_["default"], (List{{.url = "http://a"}, {.url = "http://b", .weight = 2}}));
  EXPECT_EQ(*edit({Kind::drain, "http://b", {}}), EditOutcome::changed);
  EXPECT_TRUE(details_["default"][1].is_draining());
  EXPECT_EQ(*edit({Kind::drain, "http://b", {}}), EditOutcome::unchanged);
  EXPECT_EQ(*edit({Kind::add, "http://b", {}}), EditOutcome::changed);
  EXPECT_FALSE(details_["default"][1].is_draining());
  EXPECT_EQ(details_["default"][1].weight, 2U);
  EXPECT_EQ(*edit({Kind::remove, "http://b", {}}), EditOutcome::changed);
  EXPECT_EQ(lists_["default"], Urls{"http://a"});
  EXPECT_EQ(*edit({Kind::remove, "http://b", {}}), EditOutcome::unknown_backend);
  EXPECT_EQ(*edit({Kind::drain, "http://b", {}}), EditOutcome::unknown_backend);
  EXPECT_EQ((*redis_)("EXISTS fairlead:weights fairlead:draining fairlead:configured").text, "0");
}

TEST_F(BackendListWatchOnRedis, AnEditSurvivesScriptsThatRedisForgot) {
  start({{"default", {{.url = "http://a"}}}});
  ASSERT_TRUE(becomes("default", {"http://a"}));
  (*redis_)("SCRIPT FLUSH");
  EXPECT_EQ(*edit({balance::BackendEdit::Kind::add, "http://b", {}}), balance::EditOutcome::added);
}

TEST_F(BackendListWatchOnRedis, AnEditWithoutRedisChangesNothingAndSaysSo) {
  start({{"default", {{.url = "http://a"}}}});
  ASSERT_TRUE(becomes("default", {"http://a"}));
  redis_.reset();
  server_.kill();
  const Result<balance::EditOutcome> outcome = edit({balance::BackendEdit::Kind::remove, "http://a", {}});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::unavailable);
}

TEST_F(BackendListWatchOnRedis, WhoIsTakenOutByHandAndPushedAgainTakesRequests) {
  start({{"default", {{.url = "http://a"}, {.url = "http://b"}}}});
  ASSERT_TRUE(becomes("default", {"http://a", "http://b"}));
  ASSERT_TRUE(edit({balance::BackendEdit::Kind::drain, "http://a", {}}));
  (*redis_)("LREM backend_servers 0 http://a");
  ASSERT_TRUE(on_.until([this] { return (*redis_)("EXISTS fairlead:draining").text == "0"; }));
  (*redis_)("RPUSH backend_servers http://a");
  EXPECT_TRUE(shows("default", {{.url = "http://b"}, {.url = "http://a"}}));
}

TEST_F(BackendListWatchOnRedis, TheCountOfABackendThatNoRequestWentToIsZero) {
  start({{"default", {{.url = "http://a"}}}});
  ASSERT_TRUE(becomes("default", {"http://a"}));
  EXPECT_TRUE(on_.until([this] { return (*redis_)("GET conn_count:http://a").text == "0"; }));
  (*redis_)("SET conn_count:http://b 2");
  (*redis_)("RPUSH backend_servers http://b http://c");
  EXPECT_TRUE(on_.until([this] { return (*redis_)("GET conn_count:http://c").text == "0"; }));
  EXPECT_EQ((*redis_)("GET conn_count:http://b").text, "2");
}

TEST_F(BackendListWatchOnRedis, ServesAsManyBackendsAsAListMayHaveAndOfALongerOneTheFirst) {
  std::vector<std::string> push{"RPUSH", "backend_servers"};
  Urls urls;
  for (std::size_t i = 0; i < BackendListWatch::listed_max; ++i) {
    urls.push_back("http://b" + std::to_string(i));
  }
  push.insert(push.end(), urls.begin(), urls.end());
  redis_->call(push);
  start({{"default", {}}});
  EXPECT_TRUE(becomes("default", urls));
  EXPECT_EQ(on_.lines.count("too long"), 0u);
  (*redis_)("RPUSH backend_servers http://beyond");
  EXPECT_TRUE(on_.until([this] { return on_.lines.count("only its first backends serve") == 1; }));
  EXPECT_EQ(on_.lines.count("listed=10001 max=10000"), 1u);
  (*redis_)("RPOP backend_servers");
  EXPECT_TRUE(on_.until([this] { return on_.lines.count("isn't too long any more") == 1; }));
  EXPECT_EQ(lists_["default"], urls);
}

TEST_F(BackendListWatchOnRedis, SaysOnceThatWhatLeftTheFileServesOn) {
  start({{"default", {{.url = "http://a"}, {.url = "http://b"}, {.url = "http://gone"}}}});
  ASSERT_TRUE(becomes("default", {"http://a", "http://b", "http://gone"}));
  (*redis_)("LREM backend_servers 0 http://gone");
  ASSERT_TRUE(becomes("default", {"http://a", "http://b"}));
  watch({{"default", {{.url = "http://a"}}}});
  watch({{"default", {{.url = "http://a"}}}});
  EXPECT_EQ(on_.lines.count("serve on, since the list in redis has them pool=default change=\"removed http://b\""), 1u);
  EXPECT_EQ(on_.lines.count("serve on"), 1u);
}

TEST_F(BackendListWatchOnRedis, AReloadRegistersOnlyWhatIsNew) {
  start({{"default", {{.url = "http://a"}, {.url = "http://b"}}}});
  ASSERT_TRUE(becomes("default", {"http://a", "http://b"}));
  (*redis_)("LREM backend_servers 0 http://a");
  ASSERT_TRUE(becomes("default", {"http://b"}));
  watch({{"default", {{.url = "http://a"}, {.url = "http://b"}, {.url = "http://c"}}}});
  EXPECT_TRUE(becomes("default", {"http://b", "http://c"}));
}

}  // namespace
}  // namespace fairlead::fleet
