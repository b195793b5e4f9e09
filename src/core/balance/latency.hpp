// How long a backend takes to its answer's first byte, as one number: a peak-EWMA. A slower answer counts at once,
// faster ones pull it down with a time constant of ten seconds, and with the same constant it fades while nobody asks,
// so that who was slow once is tried again. After M. Ohsawa's balancer for Finagle (com.twitter.finagle.loadbalancer).
// The steps on values are pure; a LatencyCell applies them for all workers of a process (BackendActivity).
// Thread rule: any thread; a cell is one relaxed word, so that its value and its time belong together.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

namespace fairlead::balance {

class BackendSet;

struct LatencyEstimate {
  float seconds = 0;           ///< 0: not known yet
  std::uint32_t as_of_ms = 0;  ///< steady clock, modulo 2^32

  friend bool operator==(const LatencyEstimate&, const LatencyEstimate&) = default;
};

using LatencyTime = std::chrono::duration<float>;

/// Of the time constant.
inline constexpr LatencyTime latency_memory{10};
/// Measurements are cut to these.
inline constexpr LatencyTime latency_min{1e-6F};
inline constexpr LatencyTime latency_max{3600};

struct LatencyMeasured {
  LatencyTime took{};
  /// False: there was no answer within that time, or one of the backend's failure. Then it may be slower than was
  /// known, never faster, and while it fails nothing fades. Who isn't known yet stays so.
  bool is_good = true;
};
LatencyEstimate after(LatencyEstimate estimate, LatencyMeasured measured, std::int64_t now_ms);
/// What is left of it now, in seconds; 0: not known yet.
float faded(LatencyEstimate estimate, std::int64_t now_ms);

class LatencyCell {
 public:
  [[nodiscard]] LatencyEstimate estimate() const;
  void note(LatencyMeasured measured, std::int64_t now_ms);
  /// What the fleet says, in place of `seen` and of what came since; but a peak that came since stays: false.
  bool adopt(LatencyEstimate told, LatencyEstimate seen);

 private:
  std::atomic<std::uint64_t> word_{0};
};

/// Seconds a backend, faded, as PickInput takes them. `latencies` is filled in the set's order; its capacity is reused.
void fill_latencies(const BackendSet& backends, std::int64_t now_ms, std::vector<float>& latencies);

}  // namespace fairlead::balance
