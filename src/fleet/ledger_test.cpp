#include "fleet/ledger.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace fairlead::fleet {
namespace {

class LedgerTest : public testing::Test {
 protected:
  static balance::BackendSet backends() {
    std::vector<balance::Backend> list;
    list.emplace_back().url = "http://a";
    list.emplace_back().url = "http://b";
    return balance::BackendSet(std::move(list));
  }
  routing::Pool make_pool(const std::string& name) {
    return {name, balance::StrategyId::round_robin, backends(), std::make_shared<balance::PoolActivity>()};
  }
  static std::string text_of(const Arguments& arguments) {
    std::string text;
    for (const std::string_view word : arguments.words()) {
      text += std::string(word) + " ";
    }
    return text;
  }
  std::string changes() {
    Arguments arguments;
    ledger_.append_changes(arguments);
    return text_of(arguments);
  }
  std::string truth() {
    Arguments arguments;
    ledger_.append_truth(arguments);
    return text_of(arguments);
  }

  KeyNames keys_{"{lb}:"};
  Ledger ledger_{keys_};
  routing::Pool pool_ = make_pool("default");
  const balance::Backend& a_ = pool_.backends[0];
  const balance::Backend& b_ = pool_.backends[1];
};

TEST_F(LedgerTest, TellsAChangeOnce) {
  ledger_.note(pool_, a_, 1);
  EXPECT_EQ(changes(), "1 {lb}:conn_count:http://a 1 ");
  EXPECT_EQ(changes(), "0 ");
}

TEST_F(LedgerTest, WhatRedisCountedItselfIsTruthButNoChange) {
  ledger_.note_counted(pool_, a_);
  EXPECT_FALSE(ledger_.has_changes());
  EXPECT_EQ(truth(), "{lb}:conn_count:http://a 1 ");
}

TEST_F(LedgerTest, AReturnTakesFromTheTruth) {
  ledger_.note_counted(pool_, a_);
  ledger_.note_counted(pool_, b_);
  ledger_.note(pool_, a_, -1);
  EXPECT_EQ(changes(), "1 {lb}:conn_count:http://a -1 ");
  EXPECT_EQ(truth(), "{lb}:conn_count:http://b 1 ");
}

TEST_F(LedgerTest, ARequestThatCameAndWentBetweenCallsIsNotTold) {
  ledger_.note(pool_, a_, 1);
  ledger_.note(pool_, a_, -1);
  EXPECT_EQ(changes(), "0 ");
}

TEST_F(LedgerTest, AReturnAloneIsToldByItsKey) {
  ledger_.note_counted(pool_, a_);
  ledger_.note(pool_, b_, 1);
  ledger_.note(pool_, b_, -1);
  ledger_.note(pool_, a_, -1);
  ASSERT_TRUE(ledger_.has_a_return_at_most());
  Arguments arguments;
  ledger_.append_return(arguments);
  EXPECT_EQ(text_of(arguments), "{lb}:conn_count:http://a ");
  EXPECT_FALSE(ledger_.has_changes());
  EXPECT_TRUE(ledger_.has_a_return_at_most());
}

TEST_F(LedgerTest, MoreThanOneReturnIsNoReturnAlone) {
  const auto returns = [this](const balance::Backend& backend, int requests) {
    for (int i = 0; i < requests; ++i) {
      ledger_.note_counted(pool_, backend);
      ledger_.note(pool_, backend, -1);
    }
    return ledger_.has_a_return_at_most();
  };
  EXPECT_TRUE(returns(a_, 1));
  EXPECT_FALSE(returns(b_, 1));
  changes();
  EXPECT_FALSE(returns(a_, 2));
  changes();
  ledger_.note(pool_, a_, 1);
  EXPECT_FALSE(ledger_.has_a_return_at_most());
  changes();
  ledger_.give_back("{lb}:conn_count:http://x");
  EXPECT_FALSE(ledger_.has_a_return_at_most());
}

TEST_F(LedgerTest, TheTruthLeavesNothingToTell) {
  ledger_.note(pool_, a_, 1);
  ledger_.give_back("{lb}:conn_count:http://x");
  EXPECT_EQ(truth(), "{lb}:conn_count:http://a 1 ");
  EXPECT_FALSE(ledger_.has_changes());
}

TEST_F(LedgerTest, WhatRedisCountedInVainIsGivenBack) {
  ledger_.give_back("{lb}:conn_count:http://x");
  EXPECT_TRUE(ledger_.has_changes());
  EXPECT_EQ(changes(), "1 {lb}:conn_count:http://x -1 ");
}

TEST_F(LedgerTest, PoolsOfOneUrlHaveKeysOfTheirOwn) {
  const routing::Pool blue = make_pool("blue");
  ledger_.note(blue, blue.backends[0], 1);
  EXPECT_EQ(truth(), "{lb}:blue:conn_count:http://a 1 ");
}

TEST_F(LedgerTest, BackendsThatWentAreForgottenButNeverOnesThatHoldARequest) {
  ledger_.note_counted(pool_, a_);
  std::vector<std::weak_ptr<balance::BackendActivity>> cells;
  for (int i = 0; i < 5000; ++i) {
    balance::Backend backend;
    backend.url = "http://h" + std::to_string(i);
    backend.activity = std::make_shared<balance::BackendActivity>();
    cells.push_back(backend.activity);
    ledger_.note(pool_, backend, 1);
    ledger_.note(pool_, backend, -1);
    changes();
  }
  EXPECT_LT(std::ranges::count_if(cells, [](const auto& cell) { return !cell.expired(); }), 1100);
  EXPECT_EQ(truth(), "{lb}:conn_count:http://a 1 ");
}

}  // namespace
}  // namespace fairlead::fleet
