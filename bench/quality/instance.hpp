// A simulated instance of a fleet: its cells, its choices as MemoryStore makes them, and its sync with Redis, which is
// the product's PoolSync at the rhythm of FleetSync, with time as an argument. Used by simulation, which carries calls
// and answers and keeps the alarm. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/balance/sync_pace.hpp"
#include "core/routing/snapshot.hpp"
#include "fleet/pool_sync.hpp"
#include "rule.hpp"
#include "simulated_redis.hpp"

namespace bench::quality {

/// So many backends of weight 1, with cells of their own.
std::unique_ptr<fairlead::routing::Pool> pool_of(std::size_t backends);

class Instance {
 public:
  using TimePoint = fairlead::io::TimePoint;

  /// `instances`: of its fleet.
  Instance(std::size_t backends, const Rule& rule, std::size_t instances);
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  /// Chooses by what this instance knows and counts the request. `random` is used if the choice needs chance.
  fairlead::balance::BackendIndex choose(TimePoint now, std::uint64_t random);
  /// The answer is here, so long after the choice.
  void release(fairlead::balance::BackendIndex index, TimePoint::duration took, TimePoint now);

  // The sync. Each answers what follows: a call to Redis with arguments(), or a look at a time, or neither.
  struct Next {
    bool is_call = false;
    std::optional<TimePoint> look_at;
  };
  Next join(TimePoint now);
  /// The alarm, or the bell.
  Next look_around(TimePoint now);
  /// Redis' answer to the call.
  Next answered(fairlead::fleet::ReplyView part, TimePoint now);
  /// A request began or ended and the sync sleeps: it looks around at once. Only once a sleep.
  bool wakes();

  [[nodiscard]] const fairlead::fleet::Arguments& arguments() const { return arguments_; }

 private:
  void look(TimePoint now);
  Next rest(TimePoint now);
  Next call(TimePoint now, bool is_last);
  static Next look_again_at(TimePoint time, TimePoint now);

  std::unique_ptr<fairlead::routing::Pool> pool_;
  std::unique_ptr<fairlead::balance::Strategy> strategy_;
  fairlead::fleet::PoolSync sync_;
  fairlead::balance::SyncPace pace_;
  std::size_t instances_;
  fairlead::fleet::Arguments arguments_;
  std::vector<std::uint32_t> loads_;  ///< recycled
  std::vector<float> latencies_;      ///< recycled
  std::size_t changes_ = 0;
  bool is_calling_ = false;
  bool is_asleep_ = false;
  bool has_news_ = false;
  TimePoint looked_at_{};
  TimePoint last_event_{};
  TimePoint called_at_{};
};

}  // namespace bench::quality
