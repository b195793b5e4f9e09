// The scripts as functions, and the fixture that gives each test a redis-server of its own; shared by their tests.
// Time passes by moving a lease's end, not by waiting.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/balance/strategy.hpp"
#include "fleet/scripts.hpp"
#include "support/redis_server.hpp"

namespace fairlead::fleet::scripts_test {

using balance::StrategyId;
using Reply = test::RedisConnection::Reply;
using Words = std::vector<std::string>;
using Shares = std::map<std::string, int>;  ///< by conn_count key

struct Wants {
  std::string pool;  ///< "" or "blue:"
  StrategyId strategy = StrategyId::round_robin;
  int count = 1;
  bool is_retry = false;
  Words excluded;
  std::string other_strategy = {};  ///< a name beyond the roster, in place of `strategy`
  Words absent = {};
  std::string weighting = {};  ///< as acquire.lua takes it
};

inline constexpr std::string_view prefix = "{t}:";

inline std::string key(std::string_view rest) {
  return std::string(prefix) + std::string(rest);
}

/// The scripts as functions.
class Scripts {
 public:
  explicit Scripts(test::RedisConnection& redis) : redis_(redis) {
    for (std::size_t i = 0; i < script_count; ++i) {
      const Reply loaded = redis_.call({"SCRIPT", "LOAD", std::string(text_of(static_cast<Script>(i)))});
      EXPECT_FALSE(loaded.is_error) << loaded.text;
      digests_.push_back(loaded.text);
    }
  }

  Reply acquire(const std::string& member, const Shares& changes, const std::vector<Wants>& wants) {
    Words words = head(Script::acquire, member);
    if (wants.size() == 1 && is_plain(wants[0]) && comes_alone(changes)) {
      words.insert(words.end(), {std::string(balance::name_of(wants[0].strategy)), key(wants[0].pool)});
      if (!changes.empty()) {
        words.push_back(changes.begin()->first);
      }
      Reply reply = redis_.call(words);
      const bool is_short = !reply.is_error && !reply.is_nil && reply.items.empty();
      return is_short ? array_of(array_of(std::move(reply))) : reply;
    }
    words.push_back(std::to_string(changes.size()));
    for (const auto& [count_key, amount] : changes) {
      words.insert(words.end(), {count_key, std::to_string(amount)});
    }
    for (const Wants& want : wants) {
      words.insert(words.end(),
                   {key(want.pool),
                    want.other_strategy.empty() ? std::string(balance::name_of(want.strategy)) : want.other_strategy,
                    std::to_string(want.count)});
      const Words details = details_of(want);
      words.push_back(std::to_string(details.size()));
      words.insert(words.end(), details.begin(), details.end());
    }
    return redis_.call(words);
  }

  struct PoolAsk {
    std::string pool;  ///< "" or "blue:"
    bool wants_counts = false;
    int placed = 0;
    int taken = 0;
    int returned = 0;
    int returned_end = 0;
    std::optional<std::map<std::string, std::int64_t>> latencies = {};  ///< told, in microseconds; nothing: not wanted
  };
  Reply sync(const std::string& member, const Shares& changes, const std::vector<PoolAsk>& asks) {
    Words words = head(Script::sync, member);
    words.push_back(std::to_string(changes.size()));
    for (const auto& [count_key, amount] : changes) {
      words.insert(words.end(), {count_key, std::to_string(amount)});
    }
    for (const PoolAsk& ask : asks) {
      words.insert(words.end(),
                   {key(ask.pool), ask.wants_counts ? "1" : "0", std::to_string(ask.placed), std::to_string(ask.taken),
                    std::to_string(ask.returned), std::to_string(ask.returned_end),
                    ask.latencies ? std::to_string(ask.latencies->size()) : ""});
      for (const auto& [url, microseconds] : ask.latencies.value_or(std::map<std::string, std::int64_t>{})) {
        words.insert(words.end(), {url, std::to_string(microseconds)});
      }
    }
    return redis_.call(words);
  }

  bool beat(const std::string& member) { return call_beat(member).items.at(0).text == "1"; }
  struct Reaped {
    int members;
    int requests;
    friend bool operator==(const Reaped&, const Reaped&) = default;
  };
  /// What its beat took out.
  Reaped beaten(const std::string& member) {
    const Reply reply = call_beat(member);
    return {std::stoi(reply.items.at(3).text), std::stoi(reply.items.at(4).text)};
  }

  /// Answers the epoch.
  std::string reset(const std::string& member, const Shares& truth) {
    Words words = head(Script::reset, member);
    words.insert(words.end(), {lease_ms, "epoch-of-" + member});
    for (const auto& [count_key, share] : truth) {
      words.insert(words.end(), {count_key, std::to_string(share)});
    }
    const Reply reply = redis_.call(words);
    EXPECT_FALSE(reply.is_error) << reply.text;
    return reply.items.at(0).text;
  }

  void leave(const std::string& member) { EXPECT_EQ(redis_.call(head(Script::leave, member)).text, "OK"); }

  /// Of one pool's lists; one that is made stands for a minute.
  std::string digest(bool anew = false) {
    Words words{"EVALSHA", digests_[static_cast<std::size_t>(Script::digest)], "5"};
    for (const std::string_view name :
         {"fairlead:epoch", "fairlead:digest", "backend_servers", "fairlead:weights", "fairlead:draining"}) {
      words.push_back(key(name));
    }
    words.emplace_back("60000");
    words.emplace_back(anew ? "1" : "0");
    const Reply reply = redis_.call(words);
    EXPECT_EQ(reply.items.size(), 2U) << reply.text;
    return reply.items.at(1).text;
  }

  /// All with a weight of 1.
  std::string register_backends(const Words& urls) {
    Words words{"EVALSHA", digests_[static_cast<std::size_t>(Script::register_backends)], "4"};
    for (const std::string_view name :
         {"backend_servers", "fairlead:weights", "fairlead:draining", "fairlead:configured"}) {
      words.push_back(key(name));
    }
    for (const std::string& url : urls) {
      words.insert(words.end(), {url, "1"});
    }
    return redis_.call(words).text;
  }

 private:
  /// As RedisStore tells them apart.
  static bool is_plain(const Wants& want) {
    const bool is_known = want.strategy == StrategyId::round_robin || want.strategy == StrategyId::least_conn;
    return is_known && want.other_strategy.empty() && want.count == 1 && details_of(want).empty();
  }
  static bool comes_alone(const Shares& changes) {
    return changes.empty() || (changes.size() == 1 && changes.begin()->second == -1);
  }
  /// As RedisStore does it: none if there is nothing to say.
  static Words details_of(const Wants& want) {
    if (!want.is_retry && want.weighting.empty() && want.absent.empty() && want.excluded.empty()) {
      return {};
    }
    Words words{std::to_string(want.is_retry ? 0 : want.count), want.weighting, std::to_string(want.absent.size())};
    words.insert(words.end(), want.absent.begin(), want.absent.end());
    words.insert(words.end(), want.excluded.begin(), want.excluded.end());
    return words;
  }
  static Reply array_of(Reply item) {
    Reply array;
    array.items.push_back(std::move(item));
    return array;
  }
  Reply call_beat(const std::string& member) {
    Words words = head(Script::beat, member);
    words.push_back(lease_ms);
    Reply reply = redis_.call(words);
    EXPECT_FALSE(reply.is_error) << reply.text;
    return reply;
  }
  /// No test is so slow that one of them ends by itself.
  static constexpr const char* lease_ms = "600000";
  static constexpr const char* count_ttl_ms = "900000";

  Words head(Script script, const std::string& member) {
    return {"EVALSHA",
            digests_[static_cast<std::size_t>(script)],
            "3",
            key("fairlead:instances"),
            key("fairlead:ledger:" + member),
            key("fairlead:epoch"),
            count_ttl_ms,
            member};
  }

  test::RedisConnection& redis_;
  Words digests_;
};

class ScriptsOnRedis : public testing::Test {
 protected:
  void SetUp() override {
    if (!test::RedisServer::is_installed()) {
      GTEST_SKIP() << "redis-server isn't installed";
    }
    ASSERT_TRUE(server_.start());
    redis_.emplace(server_);
    scripts_.emplace(*redis_);
  }

  test::RedisConnection& redis() { return *redis_; }
  Scripts& scripts() { return *scripts_; }
  void expire_lease(const std::string& member) { redis().call({"ZADD", key("fairlead:instances"), "XX", "0", member}); }
  void list(const Words& urls) {
    for (const std::string& url : urls) {
      redis().call({"RPUSH", key("backend_servers"), url});
    }
  }
  std::string count(const std::string& url) { return redis().call({"GET", key("conn_count:" + url)}).text; }

 private:
  test::RedisServer server_;
  std::optional<test::RedisConnection> redis_;
  std::optional<Scripts> scripts_;
};

}  // namespace fairlead::fleet::scripts_test
