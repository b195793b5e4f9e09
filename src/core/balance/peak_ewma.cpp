// Of two drawn at random the one that promises its answer sooner: latency times requests in flight, with the one to
// come, for its weight. The latencies are peak-EWMAs (latency.hpp), as in Finagle's load balancer. Two, and not the
// best of all: instances that share what they know would else fall upon the same one.
#include "core/balance/by_latency.hpp"
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
    const std::optional<BackendIndex> first = draw_by_weight(backends_, input, input.random);
    if (!first) {
      return first;
    }
    const std::optional<BackendIndex> second = draw_by_weight(backends_, input, next_random(input.random), first);
    return second && is_sooner(input, *second, *first) ? second : first;
  }

 private:
  [[nodiscard]] bool is_sooner(const PickInput& input, BackendIndex left, BackendIndex right) const {
    const TwoLatencies latencies = latencies_of(input, left, right);
    return latencies.left * turns_until_served(input, left) < latencies.right * turns_until_served(input, right);
  }
  [[nodiscard]] double turns_until_served(const PickInput& input, BackendIndex index) const {
    return static_cast<double>(load_of(input, index) + 1) / backends_[index].weight;
  }

  const BackendSet& backends_;
};

}  // namespace

std::unique_ptr<Strategy> make_peak_ewma(const BackendSet& backends) {
  return std::make_unique<PeakEwma>(backends);
}

}  // namespace fairlead::balance
