// Of two drawn at random the one that promises its answer sooner: latency times requests in flight, with the one to
// come, for its weight. The latencies are peak-EWMAs (latency.hpp), as in Finagle's load balancer. Two, and not the
// best of all: instances that share what they know would else fall upon the same one.
#include <cmath>
#include <limits>

#include "core/balance/draw.hpp"
#include "core/balance/strategy.hpp"

namespace fairlead::balance {
namespace {

class PeakEwma final : public Strategy {
 public:
  explicit PeakEwma(const BackendSet& backends) : backends_(backends) {}

  [[nodiscard]] bool needs_loads() const override { return true; }
  [[nodiscard]] bool needs_latencies() const override { return true; }
  [[nodiscard]] bool needs_chance() const override { return true; }

  [[nodiscard]] std::optional<BackendIndex> pick(const PickInput& input) const override {
    const std::optional<Two> two = draw_two_by_weight(backends_, input);
    if (!two) {
      return std::nullopt;
    }
    return is_sooner(input, two->second, two->first) ? two->second : two->first;
  }

 private:
  [[nodiscard]] bool is_sooner(const PickInput& input, BackendIndex left, BackendIndex right) const {
    const double of_left = latency_beside(input, left, latency_of(input, right));
    const double of_right = latency_beside(input, right, latency_of(input, left));
    return of_left * requests_for_weight(input, left) < of_right * requests_for_weight(input, right);
  }

  /// Who isn't known is taken to be as quick as the other while it has nothing in flight, and infinitely slow else: it
  /// is tried when its turn comes, by one request at a time. If neither is known, loads decide.
  static double latency_beside(const PickInput& input, BackendIndex index, double others) {
    const double own = latency_of(input, index);
    if (own > 0) {
      return own;
    }
    const bool is_being_tried = others > 0 && load_of(input, index) > 0;
    return is_being_tried ? std::numeric_limits<double>::infinity() : others > 0 ? others : 1;
  }
  /// Seconds; 0: not known. Measurements come from outside: one that is no number above 0 isn't known.
  static double latency_of(const PickInput& input, BackendIndex index) {
    const float latency = index < input.latencies.size() ? input.latencies[index] : 0;
    return std::isfinite(latency) && latency > 0 ? double{latency} : 0;
  }
  static double load_of(const PickInput& input, BackendIndex index) {
    return index < input.loads.size() ? input.loads[index] : 0;
  }
  [[nodiscard]] double requests_for_weight(const PickInput& input, BackendIndex index) const {
    return (load_of(input, index) + 1) / backends_[index].weight;
  }

  const BackendSet& backends_;
};

}  // namespace

std::unique_ptr<Strategy> make_peak_ewma(const BackendSet& backends) {
  return std::make_unique<PeakEwma>(backends);
}

}  // namespace fairlead::balance
