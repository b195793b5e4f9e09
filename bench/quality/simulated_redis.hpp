// What a fleet shares, for one pool: sync.lua and the two choices of acquire.lua over plain numbers. The choices are
// the strategies' own, which the scripts are held against (src/fleet/scripts_*_test.cpp). Used by simulation.
// One thread. Lifetime: `pool` outlives it.
#pragma once

#include <hiredis/hiredis.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/routing/snapshot.hpp"
#include "fleet/arguments.hpp"
#include "fleet/resp.hpp"

namespace bench::quality {

/// An answer of sync.lua on its way: an array with one pool's part.
class SyncAnswer {
 public:
  SyncAnswer() = default;
  SyncAnswer(const SyncAnswer&) = delete;
  SyncAnswer& operator=(const SyncAnswer&) = delete;

  void clear() { items_.clear(); }
  void add(std::int64_t number);
  void add(const std::string& text);  ///< outlives the answer
  /// The pool's part; valid until the next change.
  [[nodiscard]] fairlead::fleet::ReplyView part();

 private:
  std::vector<redisReply> items_;
  std::vector<redisReply*> pointers_;
  redisReply array_{};
};

class SimulatedRedis {
 public:
  explicit SimulatedRedis(const fairlead::routing::Pool& pool);

  /// exact: chooses by the counts of all and counts the request.
  fairlead::balance::BackendIndex acquire(fairlead::balance::StrategyId strategy);
  void release(fairlead::balance::BackendIndex index) { --counts_[index]; }
  /// leased: `words` from the number of changes on.
  void sync(const fairlead::fleet::Arguments& arguments, SyncAnswer& answer);

  [[nodiscard]] const std::vector<std::uint32_t>& counts() const { return counts_; }

 private:
  std::uint32_t& count_of(std::string_view key);

  const fairlead::routing::Pool& pool_;
  std::vector<std::uint32_t> counts_;  ///< conn_count:<URL>
  std::int64_t rr_counter_ = 0;
  std::int64_t tie_ = 0;
};

}  // namespace bench::quality
