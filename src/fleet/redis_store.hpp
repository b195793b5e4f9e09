// Exact coordination for one worker: every want is answered by Redis, all wants and returns of a loop turn in one call
// at its end, one call in flight; what comes meanwhile is the next. Wants go back for a local answer when Redis doesn't
// answer in time. Used by failover_store, which decides who answers. Keys, scripts and times: docs/redis.md.
// Thread rule: one loop thread. Lifetime: stop() must have ended before the store does.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "fleet/ledger.hpp"
#include "fleet/membership.hpp"
#include "fleet/state_log.hpp"
#include "fleet/state_store.hpp"
#include "fleet/strangers.hpp"

namespace fairlead::fleet {

struct RedisStoreSettings {
  MemberSettings member;  ///< `<instance id>.<worker>`
  std::chrono::milliseconds wait_max{50};
};

class RedisStore {
 public:
  static constexpr std::size_t wants_max = 1024;  ///< a call
  /// A return waits so long for a want to go along with, when wants have lately followed returns as quickly.
  static constexpr std::chrono::milliseconds company_max{1};
  /// Backends of a pool, or turns of its cycle, that are told with their weights; in a larger one all weigh the same.
  static constexpr std::size_t weighted_max = 8192;
  static constexpr std::size_t invalid_max = 1024;       ///< URLs remembered as unusable
  static constexpr std::size_t invalid_bytes_max = 512;  ///< of such a URL; a longer one isn't remembered

  RedisStore(io::EventLoop& loop, io::Resolver& resolver, RedisStoreSettings settings, StateMetrics metrics,
             StateStatus& status, const Log& log);
  RedisStore(const RedisStore&) = delete;
  RedisStore& operator=(const RedisStore&) = delete;

  /// Redis has no answer to the want: choose locally, adopt(), and answer it. Set before start().
  std::function<void(Acquire&)> on_given_up;

  void start() { member_.start(); }
  /// Gives everything back and leaves the fleet; nothing is called any more.
  io::Task<> stop();

  /// Redis knows this worker and answers.
  [[nodiscard]] bool is_live() const { return member_.is_live(); }
  /// The scripts know the strategy; for others choose locally and adopt().
  static bool chooses_by(balance::StrategyId strategy) {
    return strategy == balance::StrategyId::round_robin || strategy == balance::StrategyId::least_conn;
  }
  /// Needs is_live() and chooses_by(); answered later.
  void acquire(Acquire& want);
  void cancel(Acquire& want);
  /// A request that was counted in this process without asking Redis.
  void adopt(const routing::Pool& pool, const balance::Backend& backend);
  /// A request ended, whoever chose its backend.
  void release(const routing::Pool& pool, const balance::Backend& backend);

 private:
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
  /// URLs that may not serve a want; the first `absent` aren't of its pool's set.
  struct Excluded {
    std::vector<std::string_view> urls;
    std::size_t absent = 0;
  };

  [[nodiscard]] bool expects_a_want() const { return successions_ >= successions_min; }
  void note_succession();
  void flush_at_end_of_turn();
  void flush();
  void gather_groups();
  Group& group_for(const Acquire& want);
  [[nodiscard]] bool has_one_want() const { return in_flight_.size() == 1 && in_flight_.front().wants.size() == 1; }
  [[nodiscard]] bool has_one_plain_want() const;
  void append_group(const Group& group);
  [[nodiscard]] static std::string weighting_of(balance::StrategyId strategy, const routing::Pool& pool);
  [[nodiscard]] Excluded excluded_from(const Acquire& want) const;
  void answered(ReplyView reply);
  void answer_group(Group& group, ReplyView answers);
  void answer_want(const Group& group, Want& want, std::string_view url);
  void forget_invalid(const Group& group, Want& want, std::string_view url);
  void note_pool_well(const Group& group);
  void note_pool_fault(const Group& group, ReplyView error);
  void give_up(Want& want);
  void give_up_all();
  [[nodiscard]] std::optional<io::TimePoint> oldest_want() const;
  void watch_oldest();
  void drop_if_overdue();

  io::EventLoop& loop_;
  std::chrono::milliseconds wait_max_;
  StateLog log_;
  Membership member_;
  Ledger ledger_;
  Strangers strangers_;

  std::vector<Want> waiting_;     ///< for the next call
  std::vector<Group> in_flight_;  ///< of the call under way
  std::vector<Want> given_up_;    ///< being handed back
  bool is_calling_ = false;
  std::set<std::string, std::less<>> invalid_;       ///< URLs in lists that are none
  std::set<std::string, std::less<>> faulty_pools_;  ///< whose keys Redis refuses
  static constexpr int successions_min = 4;
  static constexpr int successions_max = 8;
  int successions_ = 0;  ///< rises by one with a want that followed a return quickly, falls by two with another
  io::TimePoint returned_at_{};
  Arguments arguments_;
  io::Alarm company_alarm_;
  io::EndOfTurn end_of_turn_;
  io::Timer want_timer_;
};

}  // namespace fairlead::fleet
