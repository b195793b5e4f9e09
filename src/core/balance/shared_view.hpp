// What other instances have in flight, as the fleet last told it, and how far to trust that now. Its age counts twice:
// requests that the others have placed since then, and before but not told yet, are expected on top of what it says
// (strategies spread accordingly), and once it is old against the time a request takes it says less and less, until own
// counts stand alone.
// Thread rule: publish() on one thread, the rest on any. Cells are relaxed: a pick that sees half of a new view is as
// good as one that came a moment earlier.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

namespace fairlead::balance {

class BackendSet;

class SharedView {
 public:
  using Nanoseconds = std::chrono::nanoseconds;

  /// Of the steady clock. `others_per_s`: requests that the other instances begin. `trusted_for`: afterwards the view
  /// fades; after twice the time nothing of it is left. `untold`: requests that they had begun by then and not told.
  void publish(Nanoseconds as_of, float others_per_s, Nanoseconds trusted_for, float untold = 0);

  struct Seen {
    float trust = 0;     ///< 0: own counts alone; 1: all of it
    float expected = 0;  ///< requests that others have placed and the view doesn't tell
  };
  [[nodiscard]] Seen seen(Nanoseconds now) const;

 private:
  std::atomic<std::int64_t> as_of_ns_{0};  ///< 0: nothing was ever told
  std::atomic<float> others_per_s_{0};
  std::atomic<float> untold_{0};
  std::atomic<std::int64_t> trusted_for_ns_{0};
};

/// Requests in flight a backend: this process' own plus, as far as trusted, the others'. `loads` is filled in the set's
/// order; its capacity is reused.
void fill_loads(const BackendSet& backends, float trust, std::vector<std::uint32_t>& loads);

}  // namespace fairlead::balance
