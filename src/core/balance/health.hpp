// Which backends rest: one that fails some connects in a row gets no requests for a while. After the rest it is tried
// again; one more failure sends it back at once, a success forgets everything. Passive and per process.
// The steps on values are pure; the note_* functions apply them to the cells that all workers share.
// Thread rule: any thread; of several that see the same flip exactly one is told so.
#pragma once

#include <chrono>
#include <cstdint>

#include "core/balance/backend_set.hpp"

namespace fairlead::balance {

struct HealthPolicy {
  std::uint32_t failures_max = 5;  ///< connect failures in a row that send a backend to rest
  std::chrono::milliseconds rest{10'000};
};

/// BackendActivity's cells as values.
struct ConnectHealth {
  std::uint32_t failures = 0;
  std::int64_t rests_until_ms = 0;

  friend bool operator==(const ConnectHealth&, const ConnectHealth&) = default;
};

struct HealthStep {
  ConnectHealth next;
  bool flipped = false;  ///< it went to rest, or came back from one
};

HealthStep after_connect_failure(ConnectHealth health, std::int64_t now_ms, const HealthPolicy& policy);
HealthStep after_connect_success(ConnectHealth health);

/// True: the backend just went to rest.
bool note_connect_failure(BackendActivity& backend, PoolActivity& pool, std::int64_t now_ms,
                          const HealthPolicy& policy);
/// True: the backend had been sent to rest and is well again, so every true of note_connect_failure has its end.
bool note_connect_success(BackendActivity& backend);

bool rests(const BackendActivity& backend, std::int64_t now_ms);
/// False: none of the pool's backends rests, by a single load.
bool any_rests(const PoolActivity& pool, std::int64_t now_ms);

}  // namespace fairlead::balance
