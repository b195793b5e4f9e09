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

/// An array of an answer on its way; recycled.
class ReplyArray {
 public:
  ReplyArray() = default;
  ReplyArray(const ReplyArray&) = delete;
  ReplyArray& operator=(const ReplyArray&) = delete;

  void clear() { items_.clear(); }
  void add(std::int64_t number);
  void add(const std::string& text);  ///< outlives the answer
  void add(ReplyArray& array);        ///< outlives the answer, and doesn't change any more
  /// Valid until the next change.
  [[nodiscard]] fairlead::fleet::ReplyView view();

 private:
  const redisReply& reply();

  std::vector<redisReply> items_;
  std::vector<redisReply*> pointers_;
  redisReply array_{};
};

/// What sync.lua answers for one pool.
struct SyncAnswer {
  ReplyArray part;
  ReplyArray latencies;  ///< the last item of `part`, if they are wanted
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
  using Word = std::vector<std::string_view>::const_iterator;

  [[nodiscard]] std::size_t place_of(std::string_view url) const;
  void append_counts(ReplyArray& answer) const;
  void share_latencies(Word first, Word end, ReplyArray& answer);

  const fairlead::routing::Pool& pool_;
  std::vector<std::uint32_t> counts_;       ///< conn_count:<URL>
  std::vector<std::int64_t> latencies_us_;  ///< 0: nobody told one
  std::int64_t rr_counter_ = 0;
  std::int64_t tie_ = 0;
};

}  // namespace bench::quality
