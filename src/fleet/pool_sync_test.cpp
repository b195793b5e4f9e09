#include "fleet/pool_sync.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fairlead::fleet {
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

class PoolSyncTest : public ::testing::Test {
 protected:
  PoolSyncTest() { list({"http://a", "http://b", "http://c"}); }

  /// The pool's list is these; backends that stay keep their cells.
  void list(const std::vector<std::string>& urls) {
    std::vector<balance::Backend> backends;
    for (const std::string& url : urls) {
      balance::Backend& backend = backends.emplace_back();
      backend.url = url;
      const balance::Backend* before = pool_ ? pool_->backends.find(url) : nullptr;
      backend.activity = before ? before->activity : std::make_shared<balance::BackendActivity>();
    }
    pool_ = std::make_unique<routing::Pool>("default", balance::StrategyId::round_robin,
                                            balance::BackendSet(std::move(backends)), activity_);
    sync_.adopt(*pool_);
  }
  balance::BackendActivity& cells(const std::string& url) { return *pool_->backends.find(url)->activity; }

  PoolSync::Seen look(io::TimePoint::duration later = 1ms) { return sync_.look(now_ += later); }
  Words changes() {
    Arguments out;
    sync_.append_changes(out);
    return {out.words().begin(), out.words().end()};
  }
  Words truth() {
    Arguments out;
    sync_.append_truth(out);
    return {out.words().begin(), out.words().end()};
  }
  /// {prefix, counts wanted, placed, taken, returned, returned end, latencies told or ""...}
  Words request(bool is_last = false, std::chrono::nanoseconds ahead = 10ms) {
    Arguments out;
    sync_.append_request(out, ahead, is_last);
    return {out.words().begin(), out.words().end()};
  }
  bool answer(const std::string& resp) {
    ReplyReader reader;
    EXPECT_TRUE(reader.feed(resp).has_value());
    const Result<std::optional<Reply>> reply = reader.next();
    return sync_.answered((*reply)->view(), now_, pace_, instances_);
  }
  static std::string counter(int tickets) { return "*2\r\n:" + std::to_string(tickets) + "\r\n:0\r\n"; }
  void place_by_load(int requests) { activity_->ties.fetch_add(static_cast<std::uint64_t>(requests)); }

  KeyNames keys_{"p:"};
  std::shared_ptr<balance::PoolActivity> activity_ = std::make_shared<balance::PoolActivity>();
  std::unique_ptr<routing::Pool> pool_;
  PoolSync sync_{keys_, "default"};
  balance::SyncPace pace_{4ms};
  std::size_t instances_ = 2;
  io::TimePoint now_{1h};
};

TEST_F(PoolSyncTest, TellsWhatChangedOnce) {
  cells("http://a").in_flight = 2;
  cells("http://c").in_flight = 1;
  EXPECT_EQ(look().changes, 2u);
  EXPECT_EQ(changes(), (Words{"p:conn_count:http://a", "2", "p:conn_count:http://c", "1"}));
  cells("http://a").in_flight = 1;
  EXPECT_EQ(look().changes, 1u);
  EXPECT_EQ(changes(), (Words{"p:conn_count:http://a", "-1"}));
  EXPECT_EQ(look().changes, 0u);
}

TEST_F(PoolSyncTest, TheWholeTruthIsWhatIsHeldNowAndThenCountsAsTold) {
  cells("http://a").in_flight = 2;
  look();
  changes();
  cells("http://a").in_flight = 3;
  EXPECT_EQ(truth(), (Words{"p:conn_count:http://a", "3"}));
  EXPECT_EQ(look().changes, 0u);
}

TEST_F(PoolSyncTest, ABackendThatLeftTheListIsToldUntilItsRequestsEnd) {
  const auto cells_of_a = pool_->backends.find("http://a")->activity;
  cells_of_a->in_flight = 1;
  look();
  changes();
  list({"http://b"});
  EXPECT_EQ(look().changes, 0u);
  cells_of_a->in_flight = 0;
  look();
  EXPECT_EQ(changes(), (Words{"p:conn_count:http://a", "-1"}));
  look();
  sync_.retire();
  look();
  EXPECT_TRUE(sync_.is_done());
}

TEST_F(PoolSyncTest, AURLThatTheListRepeatsIsOneBackend) {
  balance::Backend twice;
  twice.url = "http://x";
  twice.activity = std::make_shared<balance::BackendActivity>();
  pool_ = std::make_unique<routing::Pool>("default", balance::StrategyId::round_robin,
                                          balance::BackendSet({twice, twice}), activity_);
  sync_.adopt(*pool_);
  twice.activity->in_flight = 1;
  look();
  EXPECT_EQ(changes(), (Words{"p:conn_count:http://x", "1"}));
}

TEST_F(PoolSyncTest, WhatOthersHaveInFlightIsTheCountWithoutItsOwn) {
  cells("http://b").in_flight = 2;
  cells("http://c").others_in_flight = 7;
  place_by_load(2);
  look();
  changes();
  EXPECT_EQ(request()[1], "1");
  EXPECT_TRUE(answer("*6\r\n:0\r\n:2\r\n$8\r\nhttp://a\r\n:4\r\n$8\r\nhttp://b\r\n:5\r\n"));
  EXPECT_EQ(cells("http://a").others_in_flight, 4u);
  EXPECT_EQ(cells("http://b").others_in_flight, 3u);
  EXPECT_EQ(cells("http://c").others_in_flight, 0u);
  EXPECT_EQ(activity_->view.seen(now_.time_since_epoch()).trust, 1);
}

TEST_F(PoolSyncTest, ACountBelowItsOwnSaysNothingOfOthers) {
  cells("http://a").in_flight = 5;
  place_by_load(1);
  look();
  changes();
  request();
  EXPECT_TRUE(answer("*4\r\n:0\r\n:1\r\n$8\r\nhttp://a\r\n:2\r\n"));
  EXPECT_EQ(cells("http://a").others_in_flight, 0u);
}

TEST_F(PoolSyncTest, RemembersWhatOthersHaveInFlightInTheMean) {
  const auto hear = [this](std::string_view count) {
    place_by_load(1);
    look(1s);
    request();
    EXPECT_TRUE(answer("*4\r\n:0\r\n:1\r\n$8\r\nhttp://a\r\n:" + std::string(count) + "\r\n"));
  };
  hear("8");
  EXPECT_FLOAT_EQ(cells("http://a").others_lasting, 8);  // the first stands for all before
  hear("0");
  EXPECT_NEAR(cells("http://a").others_lasting, 8 / 2.718, 0.1);
  EXPECT_EQ(cells("http://a").others_in_flight, 0u);
}

TEST_F(PoolSyncTest, ACountThatNoFleetReachesIsCut) {
  place_by_load(1);
  look();
  request();
  EXPECT_TRUE(answer("*4\r\n:0\r\n:1\r\n$8\r\nhttp://a\r\n:4294967296\r\n"));
  EXPECT_EQ(cells("http://a").others_in_flight, 1'000'000'000u);
}

TEST_F(PoolSyncTest, CountsOfBackendsItDoesNotKnowArePassedOver) {
  place_by_load(1);
  look();
  request();
  EXPECT_TRUE(answer("*6\r\n:0\r\n:1\r\n$8\r\nhttp://z\r\n:9\r\n$8\r\nhttp://c\r\n:1\r\n"));
  EXPECT_EQ(cells("http://c").others_in_flight, 1u);
}

TEST_F(PoolSyncTest, AsksForCountsWhileRequestsArePlacedByLoadAndAHalfSecondLonger) {
  look();
  EXPECT_FALSE(sync_.wants_counts());
  place_by_load(1);
  look();
  EXPECT_TRUE(sync_.wants_counts());
  look(499ms);
  EXPECT_TRUE(sync_.wants_counts());
  look(1ms);
  EXPECT_FALSE(sync_.wants_counts());
}

TEST_F(PoolSyncTest, TheOthersRateIsWhatTheFleetPlacedWithoutItsOwn) {
  std::int64_t placed = 0;
  for (int i = 0; i < 1000; ++i) {
    place_by_load(1);
    look(1ms);
    request();
    placed += 4;
    EXPECT_TRUE(answer("*2\r\n:0\r\n:" + std::to_string(placed) + "\r\n"));
  }
  const auto expected_at = [this](io::TimePoint time) {
    return activity_->view.seen(time.time_since_epoch()).expected;
  };
  EXPECT_NEAR(expected_at(now_ + 10ms) - expected_at(now_), 30, 3);  // 3 a millisecond
}

TEST_F(PoolSyncTest, WhatOthersBeganInHalfAGapBeforeTheAnswerIsExpectedToo) {
  std::int64_t placed = 0;
  for (int i = 0; i < 1000; ++i) {
    place_by_load(1);
    look(1ms);
    request();
    placed += 4;
    EXPECT_TRUE(answer("*2\r\n:0\r\n:" + std::to_string(placed) + "\r\n"));
  }
  EXPECT_NEAR(activity_->view.seen(now_.time_since_epoch()).expected, 6, 0.6);  // 3 a millisecond, a gap of 4 ms
}

TEST_F(PoolSyncTest, AloneItOnlySettlesTicketsThatWereTaken) {
  for (int i = 0; i < 3; ++i) {
    activity_->tickets.take();
  }
  EXPECT_EQ(look().begun, 3u);
  EXPECT_EQ(request()[3], "3");
  EXPECT_TRUE(answer(counter(3)));
  EXPECT_FALSE(sync_.holds_tickets());
  EXPECT_EQ(activity_->tickets.take().number, 3u);
  look();
  EXPECT_EQ(request()[3], "1");
}

TEST_F(PoolSyncTest, WhatIsTakenDuringACallIsNotTakenTwice) {
  activity_->tickets.take();
  look();
  request();
  activity_->tickets.take();
  activity_->tickets.take();
  EXPECT_TRUE(answer(counter(1)));
  EXPECT_EQ(activity_->tickets.take().number, 3u);
  look();
  request();
  activity_->tickets.take();  // 4
  EXPECT_TRUE(answer(counter(4)));
  EXPECT_EQ(activity_->tickets.take().number, 5u);
}

class SharedRotationTest : public PoolSyncTest {
 protected:
  SharedRotationTest() {
    activity_->tickets.take();
    look();
    request();
    answer(counter(1));
    activity_->tickets.take();
    look();
    request();
    answer(counter(12));  // another took ten
  }
};

TEST_F(SharedRotationTest, GoesOnWhereTheFleetStandsBehindWhatItTookMeanwhile) {
  EXPECT_EQ(activity_->tickets.peek(), 12u);
  activity_->tickets.give_up();
  look(200ms);
  EXPECT_EQ(request()[3], "0");
  activity_->tickets.take();
  EXPECT_TRUE(answer(counter(20)));
  EXPECT_EQ(activity_->tickets.peek(), 21u);
}

TEST_F(SharedRotationTest, LeasesABlockThatIsNoMultipleOfTheBackends) {
  for (int i = 0; i < 30; ++i) {  // 3 a millisecond
    for (int k = 0; k < 3; ++k) {
      activity_->tickets.take();
    }
    look(1ms);
    const int taken = std::stoi(request()[3]);
    const int leased = taken - 3;
    EXPECT_TRUE(leased == 0 || leased % 3 != 0) << leased;
    EXPECT_TRUE(answer(counter(1000 * (i + 1) + taken)));
    if (leased > 0) {
      break;
    }
  }
  EXPECT_TRUE(sync_.holds_tickets());
  EXPECT_TRUE(activity_->tickets.take().is_leased);
}

TEST_F(SharedRotationTest, GivesBackWhatIsUnusedWhenItEnds) {
  activity_->tickets.take();
  look();
  EXPECT_EQ(request()[3], "2");  // what was taken, and one to hold
  EXPECT_TRUE(answer(counter(14)));
  EXPECT_TRUE(sync_.holds_tickets());
  look();
  const Words last = request(true);
  EXPECT_EQ(last[3], "0");
  EXPECT_EQ(last[4], "1");
  EXPECT_EQ(last[5], "14");
  EXPECT_FALSE(sync_.holds_tickets());
}

TEST_F(SharedRotationTest, AloneAgainForTenSecondsItHoldsNoMore) {
  activity_->tickets.take();
  look(10s);
  EXPECT_EQ(request()[3], "1");
}

TEST_F(PoolSyncTest, AnswersThatMakeNoSenseAreTold) {
  look();
  request();
  EXPECT_FALSE(answer("*1\r\n:1\r\n"));
  EXPECT_FALSE(answer(":1\r\n"));
  EXPECT_FALSE(answer("*3\r\n:1\r\n:2\r\n:3\r\n"));
}

TEST_F(PoolSyncTest, AKeyOfAnotherTypeLeavesEverythingAsItIs) {
  look();
  request();
  EXPECT_TRUE(answer("-WRONGTYPE Operation against a key\r\n"));
  EXPECT_EQ(sync_.fault(), "WRONGTYPE");
  EXPECT_EQ(activity_->tickets.take().number, 0u);
}

TEST_F(PoolSyncTest, LatenciesGoAlongWhileRequestsArePlacedByThem) {
  place_by_load(1);
  look();
  EXPECT_EQ(request()[6], "");
  EXPECT_TRUE(answer(counter(0)));
  activity_->by_latency = 1;
  cells("http://b").latency.note({balance::LatencyTime(0.02F)}, 0);
  look();
  const Words words = request();
  EXPECT_EQ(Words(words.begin() + 6, words.end()), (Words{"1", "http://b", "20000"}));
  EXPECT_TRUE(answer("*5\r\n:0\r\n:2\r\n$8\r\nhttp://a\r\n:4\r\n*2\r\n$8\r\nhttp://c\r\n:30000\r\n"));
  EXPECT_EQ(cells("http://a").others_in_flight, 4u);
  EXPECT_FLOAT_EQ(cells("http://c").latency.estimate().seconds, 0.03F);
}

TEST_F(PoolSyncTest, AnAnswerWithoutTheLatenciesThatWereAskedForMakesNoSense) {
  activity_->by_latency = 1;
  look();
  request();
  EXPECT_FALSE(answer(counter(0)));
}

TEST_F(PoolSyncTest, LatenciesOfAnotherTypeAreAFaultAndTheRestHolds) {
  activity_->by_latency = 1;
  place_by_load(1);
  look();
  request();
  EXPECT_TRUE(answer("*5\r\n:0\r\n:1\r\n$8\r\nhttp://a\r\n:4\r\n-WRONGTYPE Operation against a key\r\n"));
  EXPECT_EQ(sync_.fault(), "WRONGTYPE");
  EXPECT_EQ(cells("http://a").others_in_flight, 4u);
  place_by_load(1);
  look();
  request();
  EXPECT_TRUE(answer("*4\r\n:0\r\n:2\r\n$8\r\nhttp://a\r\n:4\r\n"));  // without latencies: they come seldom
  EXPECT_EQ(sync_.fault(), "WRONGTYPE");
}

}  // namespace
}  // namespace fairlead::fleet
