// Answers every want at once from the atomics that snapshots share: what all workers of the process have in flight,
// and what the fleet last said of the other instances, which is nothing with memory://. The embedded default, what
// leased coordination answers with, and what exact coordination falls back on while Redis can't answer.
// Thread rule: a store a worker, on its loop's thread; what they share is relaxed atomics. Lifetime: holds nothing of a
// request.
#pragma once

#include <functional>
#include <random>
#include <vector>

#include "fleet/state_store.hpp"
#include "io/engine.hpp"

namespace fairlead::fleet {

class MemoryStore final : public StateStore {
 public:
  /// The loop's time.
  using Clock = std::function<io::TimePoint()>;
  explicit MemoryStore(Clock now) : now_(std::move(now)) {}

  /// Always answers at once.
  bool acquire(Acquire& want) override;
  void cancel(Acquire&) override {}
  void release(const routing::Pool& pool, const balance::Backend& backend) override;

 private:
  bool may_all_serve(const Acquire& want) const;
  static std::uint64_t take_ticket(Acquire& want);
  static std::uint64_t take_tie(const Acquire& want);
  void read_loads(Acquire& want, balance::PickInput& input);
  void read_latencies(const Acquire& want, balance::PickInput& input);

  Clock now_;
  std::mt19937_64 random_{std::random_device{}()};
  std::vector<std::uint8_t> eligible_;  ///< recycled
  std::vector<std::uint32_t> loads_;    ///< recycled
  std::vector<float> latencies_;        ///< recycled
};

/// Counts a request in flight to the backend in this process, or its end.
inline void count_in(const balance::Backend& backend) {
  backend.activity->in_flight.fetch_add(1, std::memory_order_relaxed);
}
inline void count_out(const balance::Backend& backend) {
  backend.activity->in_flight.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace fairlead::fleet
