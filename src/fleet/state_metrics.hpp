// What is measured of the shared state, by worker: calls and their time in the worker's shard; whether Redis is there
// in StateStatus, which all workers of the process write and a scrape reads. Names as in docs/metrics.md.
// Thread rule: StateMetrics (a value) on its worker's thread, StateStatus anywhere. Lifetime: the status and the shard
// outlive the stores.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "core/metrics/registry.hpp"

namespace fairlead::fleet {

/// How many workers there are and how many of them work with Redis now.
struct StateStatus {
  std::atomic<std::uint32_t> workers{0};
  std::atomic<std::uint32_t> live{0};
  std::atomic<std::uint32_t> members{0};     ///< living members of the fleet, as last heard
  std::atomic<std::int64_t> heard_at_ms{0};  ///< steady clock: Redis' last answer to any worker; 0: never

  [[nodiscard]] bool is_degraded() const {
    return live.load(std::memory_order_relaxed) < workers.load(std::memory_order_relaxed);
  }
};

struct StateFamilies {
  metrics::FamilyId commands;
  metrics::FamilyId durations;
  metrics::FamilyId reconnects;
};

/// Registers the families; `status` outlives the registry's last collect().
StateFamilies add_state_families(metrics::Registry& registry, const StateStatus& status);

class StateMetrics {
 public:
  StateMetrics(metrics::Shard& shard, StateFamilies families) : shard_(shard), families_(families) {}

  void count_answer(std::string_view operation, bool is_error, std::chrono::nanoseconds took);
  void count_lost(std::string_view operation);
  void count_reconnect();

 private:
  metrics::Shard& shard_;
  StateFamilies families_;
};

}  // namespace fairlead::fleet
