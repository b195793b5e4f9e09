// Of some drawn at random the quickest, unless it is among those with the most requests in flight: B. Wydrowski,
// R. Kleinberg, S. M. Rumble, A. Archer, "Load is not what you should balance: Introducing Prequal" (NSDI 2024). A
// backend is hot when its load for its weight is above a quantile of all; who is cold wins by latency, and if all that
// were drawn are hot the least loaded. The draw stands for the paper's pool of probes: the fleet's counts and latencies
// are known without probing, and the quickest of all would be everybody's.
#include <cstddef>

#include "core/balance/by_latency.hpp"
#include "core/balance/draw.hpp"
#include "core/balance/strategy.hpp"

namespace fairlead::balance {
namespace {

constexpr int draws = 5;
constexpr double hot_above = 0.84;  ///< quantile of the loads; the paper's 2^-0.25

class Prequal final : public Strategy {
 public:
  explicit Prequal(const BackendSet& backends) : backends_(backends) {}

  [[nodiscard]] bool needs_loads() const override { return true; }
  [[nodiscard]] bool needs_latencies() const override { return true; }
  [[nodiscard]] bool needs_chance() const override { return true; }

  [[nodiscard]] std::optional<BackendIndex> pick(const PickInput& input) const override {
    std::uint64_t random = input.random;
    const std::optional<BackendIndex> first = draw_by_weight(backends_, input, random);
    if (!first) {
      return first;
    }
    Drawn best{*first, is_hot(input, *first)};
    for (int i = 1; i < draws; ++i) {
      random = next_random(random);
      const BackendIndex index = *draw_by_weight(backends_, input, random);
      const Drawn next{index, is_hot(input, index)};
      if (is_better(input, next, best)) {
        best = next;
      }
    }
    return best.index;
  }

 private:
  struct Drawn {
    BackendIndex index = 0;
    bool is_hot = false;
  };

  [[nodiscard]] bool is_better(const PickInput& input, const Drawn& left, const Drawn& right) const {
    if (left.is_hot != right.is_hot) {
      return right.is_hot;
    }
    const TwoLatencies latencies = latencies_of(input, left.index, right.index);
    if (left.is_hot || latencies.left == latencies.right) {
      return is_less_loaded(backends_, input, left.index, right.index);
    }
    return latencies.left < latencies.right;
  }

  /// By its rank among those that may serve: no copy of the loads, and of few the most loaded is hot all the same.
  [[nodiscard]] bool is_hot(const PickInput& input, BackendIndex index) const {
    std::size_t others = 0;
    std::size_t less_loaded = 0;
    for (BackendIndex other = 0; other < backends_.size(); ++other) {
      if (other != index && (input.eligible.empty() || input.eligible[other] != 0)) {
        ++others;
        less_loaded += is_less_loaded(backends_, input, other, index) ? 1 : 0;
      }
    }
    return others > 0 && static_cast<double>(less_loaded) >= hot_above * static_cast<double>(others);
  }

  const BackendSet& backends_;
};

}  // namespace

std::unique_ptr<Strategy> make_prequal(const BackendSet& backends) {
  return std::make_unique<Prequal>(backends);
}

}  // namespace fairlead::balance
