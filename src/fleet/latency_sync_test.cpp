#include "fleet/latency_sync.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/milliseconds.hpp"

namespace fairlead::fleet {
namespace {

using namespace std::chrono_literals;
using balance::LatencyTime;
using balance::StrategyId;
using Words = std::vector<std::string>;

class LatencySyncTest : public ::testing::Test {
 protected:
  LatencySyncTest() { list({"http://b", "http://a"}, StrategyId::round_robin); }

  /// The pool's list is these; backends that stay keep their cells.
  void list(const std::vector<std::string>& urls, StrategyId strategy) {
    std::vector<balance::Backend> backends;
    for (const std::string& url : urls) {
      balance::Backend& backend = backends.emplace_back();
      backend.url = url;
      const balance::Backend* before = pool_ ? pool_->backends.find(url) : nullptr;
      backend.activity = before ? before->activity : std::make_shared<balance::BackendActivity>();
    }
    pool_ = std::make_unique<routing::Pool>("default", strategy, balance::BackendSet(std::move(backends)), activity_);
    sync_.adopt(*pool_);
  }
  balance::LatencyCell& cell(const std::string& url) { return pool_->backends.find(url)->activity->latency; }
  void measure(const std::string& url, float seconds) {
    cell(url).note({LatencyTime(seconds)}, io::milliseconds_of(now_));
  }
  float known(const std::string& url) { return cell(url).estimate().seconds; }
  void place_by_latency() { ++activity_->by_latency; }

  /// What the next call says: "" when latencies aren't wanted.
  Words ask(io::TimePoint::duration later = 250ms) {
    now_ += later;
    sync_.look(now_);
    Arguments out;
    sync_.append_request(out);
    return {out.words().begin(), out.words().end()};
  }
  void answer(const std::vector<std::pair<std::string, int>>& latencies) {
    std::string resp = "*" + std::to_string(2 * latencies.size()) + "\r\n";
    for (const auto& [url, microseconds] : latencies) {
      resp += "$" + std::to_string(url.size()) + "\r\n" + url + "\r\n:" + std::to_string(microseconds) + "\r\n";
    }
    EXPECT_EQ(answer_with(resp), "");
  }
  std::string_view answer_with(const std::string& resp) {
    ReplyReader reader;
    EXPECT_TRUE(reader.feed(resp).has_value());
    const Result<std::optional<Reply>> reply = reader.next();
    return sync_.answered((*reply)->view(), now_);
  }

  std::shared_ptr<balance::PoolActivity> activity_ = std::make_shared<balance::PoolActivity>();
  std::unique_ptr<routing::Pool> pool_;
  LatencySync sync_;
  io::TimePoint now_{1h};
};

TEST_F(LatencySyncTest, NobodyAsksForThemWhileNoRequestGoesByThem) {
  measure("http://a", 0.02F);
  EXPECT_EQ(ask(), Words{""});
  EXPECT_FALSE(sync_.is_asked());
}

TEST_F(LatencySyncTest, APoolWhoseStrategyGoesByThemAsksBeforeItsFirstRequest) {
  list({"http://a"}, StrategyId::peak_ewma);
  EXPECT_EQ(ask(), Words{"0"});
  answer({{"http://a", 30'000}});
  EXPECT_FLOAT_EQ(known("http://a"), 0.03F);
}

TEST_F(LatencySyncTest, ARequestThatGoesByThemIsEnoughForTenSeconds) {
  place_by_latency();
  EXPECT_EQ(ask(), Words{"0"});
  EXPECT_EQ(ask(9s), Words{"0"});
  EXPECT_EQ(ask(1s), Words{""});
}

TEST_F(LatencySyncTest, FourTimesASecondAtMost) {
  list({"http://a"}, StrategyId::peak_ewma);
  EXPECT_EQ(ask(), Words{"0"});
  EXPECT_EQ(ask(249ms), Words{""});
  EXPECT_EQ(ask(1ms), Words{"0"});
}

TEST_F(LatencySyncTest, WhatWasMeasuredIsToldOnce) {
  list({"http://b", "http://a"}, StrategyId::peak_ewma);
  measure("http://a", 0.02F);
  measure("http://b", 0.5F);
  EXPECT_EQ(ask(), (Words{"2", "http://a", "20000", "http://b", "500000"}));
  answer({{"http://b", 500'000}, {"http://a", 20'000}});
  EXPECT_EQ(ask(), Words{"0"});
}

TEST_F(LatencySyncTest, OnlyWhatDiffersNoticeablyIsTold) {
  list({"http://a"}, StrategyId::peak_ewma);
  ask();
  answer({{"http://a", 20'000}});
  measure("http://a", 0.022F);
  EXPECT_EQ(ask(), Words{"0"});
  measure("http://a", 0.023F);
  EXPECT_EQ(ask(), (Words{"1", "http://a", "23000"}));
}

TEST_F(LatencySyncTest, WhatTheFleetMakesOfItReplacesTheOwnMeasurement) {
  list({"http://a"}, StrategyId::peak_ewma);
  measure("http://a", 1);
  ask();
  answer({{"http://a", 100'000}});
  EXPECT_FLOAT_EQ(known("http://a"), 0.1F);
  EXPECT_EQ(ask(), Words{"0"});
}

TEST_F(LatencySyncTest, APeakDuringACallStaysAndIsToldNext) {
  list({"http://a"}, StrategyId::peak_ewma);
  measure("http://a", 0.02F);
  ask();
  measure("http://a", 3);
  answer({{"http://a", 30'000}});
  EXPECT_FLOAT_EQ(known("http://a"), 3);
  EXPECT_EQ(ask(), (Words{"1", "http://a", "3000000"}));
}

TEST_F(LatencySyncTest, TheSameValueAgainKeepsNothingFromFading) {
  list({"http://a"}, StrategyId::peak_ewma);
  ask();
  answer({{"http://a", 20'000}});
  const balance::LatencyEstimate first = cell("http://a").estimate();
  ask();
  answer({{"http://a", 20'000}});
  EXPECT_EQ(cell("http://a").estimate(), first);
}

TEST_F(LatencySyncTest, WhatTheFleetForgotIsToldAgainWhenItIsMeasured) {
  list({"http://a"}, StrategyId::peak_ewma);
  measure("http://a", 0.02F);
  ask();
  answer({{"http://a", 20'000}});
  ask();
  answer({});
  EXPECT_EQ(ask(), Words{"0"});
  measure("http://a", 0.021F);
  EXPECT_EQ(ask(), (Words{"1", "http://a", "21000"}));
}

TEST_F(LatencySyncTest, ABackendThatStaysInTheListKeepsWhatIsKnownOfIt) {
  list({"http://a", "http://b"}, StrategyId::peak_ewma);
  ask();
  answer({{"http://a", 20'000}, {"http://b", 20'000}});
  list({"http://c", "http://b"}, StrategyId::peak_ewma);
  const balance::LatencyEstimate before = cell("http://b").estimate();
  ask();
  answer({{"http://b", 20'000}, {"http://gone", 5}});
  EXPECT_EQ(cell("http://b").estimate(), before);
  EXPECT_EQ(known("http://c"), 0);
}

TEST_F(LatencySyncTest, AURLThatTheListRepeatsIsToldOnce) {
  const auto cells = std::make_shared<balance::BackendActivity>();
  std::vector<balance::Backend> twice(2);
  for (balance::Backend& backend : twice) {
    backend.url = "http://a";
    backend.activity = cells;
  }
  pool_ = std::make_unique<routing::Pool>("default", StrategyId::peak_ewma, balance::BackendSet(std::move(twice)),
                                          activity_);
  sync_.adopt(*pool_);
  measure("http://a", 0.02F);
  EXPECT_EQ(ask(), (Words{"1", "http://a", "20000"}));
}

TEST_F(LatencySyncTest, ACallTellsSoManyAtMostAndTheNextOneTheRest) {
  std::vector<std::string> urls;
  for (std::size_t i = 0; i <= LatencySync::told_max; ++i) {
    urls.push_back("http://b" + std::to_string(i));
  }
  list(urls, StrategyId::peak_ewma);
  for (const std::string& url : urls) {
    measure(url, 0.02F);
  }
  EXPECT_EQ(ask().size(), 1 + 2 * LatencySync::told_max);
  EXPECT_EQ(ask().size(), 3u);
}

TEST_F(LatencySyncTest, AbsurdAnswersArePassedOver) {
  list({"http://a", "http://b", "http://c"}, StrategyId::peak_ewma);
  ask();
  EXPECT_EQ(answer_with("*6\r\n$8\r\nhttp://a\r\n:-7\r\n$8\r\nhttp://b\r\n:9223372036854775807\r\n"
                        "$8\r\nhttp://c\r\n$1\r\nx\r\n"),
            "");
  for (const char* url : {"http://a", "http://b", "http://c"}) {
    EXPECT_EQ(known(url), 0) << url;
  }
}

TEST_F(LatencySyncTest, APoolThatIsGoneAsksNoMore) {
  list({"http://a"}, StrategyId::peak_ewma);
  sync_.retire();
  EXPECT_EQ(ask(), Words{""});
}

TEST_F(LatencySyncTest, AHashOfAnotherTypeIsAFaultAndChangesNothing) {
  list({"http://a"}, StrategyId::peak_ewma);
  measure("http://a", 0.02F);
  ask();
  EXPECT_EQ(answer_with("-WRONGTYPE Operation against a key\r\n"), "WRONGTYPE");
  EXPECT_FLOAT_EQ(known("http://a"), 0.02F);
}

}  // namespace
}  // namespace fairlead::fleet
