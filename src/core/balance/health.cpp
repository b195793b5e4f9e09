#include "core/balance/health.hpp"

#include <limits>

namespace fairlead::balance {

// Failures during a rest come from connects that began before it, or from a pool in which all rest: they neither
// count nor make the rest longer. The count stays at its maximum after a rest, hence the next failure suffices.
HealthStep after_connect_failure(ConnectHealth health, std::int64_t now_ms, const HealthPolicy& policy) {
  if (now_ms < health.rests_until_ms) {
    return {health, false};
  }
  if (health.failures < std::numeric_limits<std::uint32_t>::max()) {
    ++health.failures;
  }
  if (health.failures < policy.failures_max) {
    return {health, false};
  }
  return {{health.failures, now_ms + policy.rest.count()}, true};
}

HealthStep after_connect_success(ConnectHealth health) {
  return {{}, health.rests_until_ms != 0};
}

// Two cells can't change as one. Each failure is counted by its own addition; who moves the end of the rest from the
// value it has seen is the one that flips it.
bool note_connect_failure(BackendActivity& backend, PoolActivity& pool, std::int64_t now_ms,
                          const HealthPolicy& policy) {
  std::int64_t rests_until = backend.rests_until_ms.load(std::memory_order_relaxed);
  if (now_ms < rests_until) {
    return false;
  }
  const std::uint32_t failures = backend.connect_failures.fetch_add(1, std::memory_order_relaxed);
  const HealthStep step = after_connect_failure({failures, rests_until}, now_ms, policy);
  if (!step.flipped || !backend.rests_until_ms.compare_exchange_strong(rests_until, step.next.rests_until_ms,
                                                                       std::memory_order_relaxed)) {
    return false;
  }
  std::int64_t latest = pool.rests_until_ms.load(std::memory_order_relaxed);
  while (latest < step.next.rests_until_ms &&
         !pool.rests_until_ms.compare_exchange_weak(latest, step.next.rests_until_ms, std::memory_order_relaxed)) {
  }
  return true;
}

bool note_connect_success(BackendActivity& backend) {
  // Read first: in good times nobody writes the line that all workers share.
  if (backend.connect_failures.load(std::memory_order_relaxed) != 0) {
    backend.connect_failures.store(0, std::memory_order_relaxed);
  }
  if (backend.rests_until_ms.load(std::memory_order_relaxed) == 0) {
    return false;
  }
  return after_connect_success({0, backend.rests_until_ms.exchange(0, std::memory_order_relaxed)}).flipped;
}

bool rests(const BackendActivity& backend, std::int64_t now_ms) {
  return now_ms < backend.rests_until_ms.load(std::memory_order_relaxed);
}

bool any_rests(const PoolActivity& pool, std::int64_t now_ms) {
  return now_ms < pool.rests_until_ms.load(std::memory_order_relaxed);
}

}  // namespace fairlead::balance
