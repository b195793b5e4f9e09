// What is measured of the shared state, by worker: calls and their time in the worker's shard; whether Redis is there
// is read from StateStatus. Names as in docs/metrics.md.
// Thread rule: StateMetrics (a value) on its worker's thread. Lifetime: the shard outlives the stores.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "core/metrics/registry.hpp"
#include "fleet/state_status.hpp"

namespace fairlead::fleet {

struct StateFamilies {
  metrics::FamilyId commands;
  metrics::FamilyId durations;
  metrics::FamilyId reconnects;
  metrics::FamilyId members_reaped;
  metrics::FamilyId requests_reaped;
};

/// Registers the families; `status` outlives the registry's last collect().
StateFamilies add_state_families(metrics::Registry& registry, const StateStatus& status);

class StateMetrics {
 public:
  StateMetrics(metrics::Shard& shard, StateFamilies families) : shard_(shard), families_(families) {}

  void count_answer(std::string_view operation, bool is_error, std::chrono::nanoseconds took);
  void count_lost(std::string_view operation);
  void count_reconnect();
  /// This process took dead members out of the fleet, and what they had in flight back.
  void count_reaped(std::int64_t members, std::int64_t requests);

 private:
  metrics::Shard& shard_;
  StateFamilies families_;
};

}  // namespace fairlead::fleet
