// Exact coordination for one worker: every want is answered by Redis, all wants and returns of a loop turn in one call
// at its end, one call in flight; what comes meanwhile is the next. It joins the fleet, beats, says its whole truth
// again whenever Redis may not know it, and hands wants back for a local answer when Redis doesn't answer in time.
// Used by failover_store, which decides who answers. Keys, scripts and times: docs/redis.md.
// Thread rule: one loop thread. Lifetime: stop() must have ended before the store does.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "fleet/ledger.hpp"
#include "fleet/redis_client.hpp"
#include "fleet/state_store.hpp"
#include "fleet/strangers.hpp"

namespace fairlead::fleet {

struct RedisStoreSettings {
  RedisEndpoint redis;
  std::string key_prefix;
  std::string member;  ///< `<instance id>.<worker>`: whose ledger it is
  std::chrono::milliseconds wait_max{50};
  std::chrono::milliseconds lease{3000};
  std::chrono::milliseconds beat{1000};
  std::chrono::milliseconds count_ttl{8000};
};

class RedisStore {
 public:
  static constexpr std::size_t wants_max = 1024;         ///< a call
  static constexpr std::size_t invalid_max = 1024;       ///< URLs remembered as unusable
  static constexpr std::size_t invalid_bytes_max = 512;  ///< of such a URL; a longer one isn't remembered
  static constexpr std::chrono::milliseconds call_max{500};

  RedisStore(io::EventLoop& loop, io::Resolver& resolver, RedisStoreSettings settings, StateMetrics metrics,
             StateStatus& status, const Log& log);
  RedisStore(const RedisStore&) = delete;
  RedisStore& operator=(const RedisStore&) = delete;
  ~RedisStore();

  /// Set before start().
  std::function<void(StateStatus::Flip)> on_live;
  /// `is_news`: this worker is the one to say it for the process.
  std::function<void(StateFault, bool is_news)> on_away;
  /// Redis has no answer to the want: choose locally, adopt(), and answer it.
  std::function<void(Acquire&)> on_given_up;

  void start();
  /// Gives everything back and leaves the fleet; nothing is called any more.
  io::Task<> stop();

  /// Redis knows this worker and answers.
  [[nodiscard]] bool is_live() const { return state_ == State::live; }
  /// Needs is_live(); answered later.
  void acquire(Acquire& want);
  void cancel(Acquire& want);
  /// A request that was counted in this process without asking Redis.
  void adopt(const routing::Pool& pool, const balance::Backend& backend);
  /// A request ended, whoever chose its backend.
  void release(const routing::Pool& pool, const balance::Backend& backend);

 private:
  enum class State : std::uint8_t { away, joining, live, stopped };
  struct Want {
    Acquire* acquire;  ///< nullptr: cancelled
    io::TimePoint since;
  };
  /// Wants that share a pool, a strategy and what is excluded.
  struct Group {
    std::string pool;
    std::string pool_prefix;
    balance::StrategyId strategy;
    std::vector<Want> wants;
  };
  /// Opens once; awaited by stop().
  struct Gate {
    io::ReadyQueue::Node node{};
    bool is_open = false;
    [[nodiscard]] bool await_ready() const noexcept { return is_open; }
    void await_suspend(std::coroutine_handle<> waiter) { node.parent = waiter; }
    void await_resume() const noexcept {}
    void open();
  };

  void join();
  void joined(ReplyView reply);
  void join_again(StateFault fault);
  void went_away(StateFault fault);
  void beat();
  void heard_beat(ReplyView reply);
  void heard();

  void flush_at_end_of_turn();
  void flush();
  void begin_call(Arguments& out);
  void gather_groups();
  Group& group_for(const Acquire& want);
  void append_group(const Group& group);
  void append_excluded(const Acquire& want);
  void answered(ReplyView reply);
  void answer_group(Group& group, ReplyView answers);
  void answer_want(const Group& group, Want& want, std::string_view url);
  void forget_invalid(const Group& group, Want& want, std::string_view url);
  void note_pool_fault(const Group& group, ReplyView error);
  void give_up(Want& want);
  void give_up_all();
  [[nodiscard]] std::optional<io::TimePoint> oldest_want() const;
  void watch_oldest();
  void drop_if_overdue();

  io::EventLoop& loop_;
  KeyNames keys_;
  RedisStoreSettings settings_;
  StateStatus& status_;
  const Log& log_;
  RedisClient client_;
  Ledger ledger_;
  Strangers strangers_;
  State state_ = State::away;
  std::string instances_key_;
  std::string ledger_key_;
  std::string epoch_key_;
  std::string epoch_;
  unsigned joins_tried_ = 0;  ///< in a row
  io::TimePoint may_join_again_{};

  std::vector<Want> waiting_;     ///< for the next call
  std::vector<Group> in_flight_;  ///< of the call under way
  std::vector<Want> given_up_;    ///< being handed back
  bool is_calling_ = false;
  std::set<std::string, std::less<>> invalid_;       ///< URLs in lists that are none
  std::set<std::string, std::less<>> faulty_pools_;  ///< whose keys Redis refuses
  Arguments arguments_;
  io::EndOfTurn end_of_turn_;
  io::Timer want_timer_;
  io::Timer beat_timer_;
  Gate left_;
};

}  // namespace fairlead::fleet
