// What other instances have in flight, as the fleet last told it, and how far to trust that now. Its age counts twice:
// requests that the others have placed since then, and before but not told yet, are expected on top of what it says
// (strategies spread accordingly), and once it is old against the time a request takes it says less and less. What the
// others had in flight in the mean of the last second says longer which backends are slow or stuck (docs/adr/0027); at
// last own counts stand alone.
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
struct BackendActivity;

class SharedView {
 public:
  using Nanoseconds = std::chrono::nanoseconds;

  /// How long the mean stands in for what isn't trusted of the view; after twice the time nothing of it is left either.
  static constexpr std::chrono::milliseconds lasts_for{500};

  struct Told {
    Nanoseconds as_of{};        ///< of the steady clock
    Nanoseconds trusted_for{};  ///< afterwards the view fades; after twice the time nothing of it is left
    float others_per_s = 0;     ///< requests that the other instances begin
    float untold = 0;           ///< requests that they had begun by then and not told
    std::size_t instances = 1;  ///< of the fleet
  };
  void publish(const Told& told);

  struct Seen {
    float trust = 0;     ///< 0: none of it counts; 1: all of it
    float lasting = 0;   ///< likewise of the mean; both together are at most 1, and at 0 own counts stand alone
    float expected = 0;  ///< requests that others have placed and the view doesn't tell
  };
  [[nodiscard]] Seen seen(Nanoseconds now) const;

 private:
  std::atomic<std::int64_t> as_of_ns_{0};  ///< 0: nothing was ever told
  std::atomic<float> others_per_s_{0};
  std::atomic<float> untold_{0};
  std::atomic<std::int64_t> trusted_for_ns_{0};
  std::atomic<float> lasting_share_{1};  ///< of the mean
};

/// A view told that the others have so many in flight there. `weight`: what it counts in the mean, see mean_weight().
void tell_others(BackendActivity& activity, std::uint32_t in_flight, float weight);
/// Of a view that comes so long after the one before: all after a pause, else as the mean forgets, in a second.
float mean_weight(std::chrono::nanoseconds since_last);

/// Requests in flight a backend: this process' own plus, as far as seen, the others'. `loads` is filled in the set's
/// order; its capacity is reused.
void fill_loads(const BackendSet& backends, const SharedView::Seen& seen, std::vector<std::uint32_t>& loads);

}  // namespace fairlead::balance
