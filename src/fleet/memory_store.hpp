// The state of one process: counts and tickets are the atomics that snapshots share, so all workers of the process see
// them, and every want is answered at once. The embedded default, and what answers while Redis can't.
// Thread rule: a store a worker, on its loop's thread; what they share is relaxed atomics. Lifetime: holds nothing of a
// request.
#pragma once

#include <functional>
#include <vector>

#include "fleet/state_store.hpp"

namespace fairlead::fleet {

class MemoryStore final : public StateStore {
 public:
  /// Milliseconds of the steady clock, as in BackendActivity::rests_until_ms.
  using Clock = std::function<std::int64_t()>;
  explicit MemoryStore(Clock now_ms) : now_ms_(std::move(now_ms)) {}

  /// Always answers at once.
  bool acquire(Acquire& want) override;
  void cancel(Acquire&) override {}
  void release(const routing::Pool& pool, const balance::Backend& backend) override;

 private:
  bool may_all_serve(const Acquire& want) const;
  std::span<const std::uint32_t> read_loads(const balance::BackendSet& backends);

  Clock now_ms_;
  std::vector<std::uint8_t> eligible_;  ///< recycled
  std::vector<std::uint32_t> loads_;    ///< recycled
};

/// Counts a request in flight to the backend in this process, or its end.
inline void count_in(const balance::Backend& backend) {
  backend.activity->in_flight.fetch_add(1, std::memory_order_relaxed);
}
inline void count_out(const balance::Backend& backend) {
  backend.activity->in_flight.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace fairlead::fleet
