// The less loaded of two drawn at random: M. Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing"
// (IEEE TPDS 12(10), 2001). Looks at two loads however many backends there are, and needs no care for old loads: no two
// instances look at the same two.
#include <cstddef>

#include "core/balance/draw.hpp"
#include "core/balance/strategy.hpp"

namespace fairlead::balance {
namespace {

class PowerOfTwo final : public Strategy {
 public:
  explicit PowerOfTwo(const BackendSet& backends) : backends_(backends) {}

  [[nodiscard]] bool needs_loads() const override { return true; }
  [[nodiscard]] bool needs_chance() const override { return true; }

  [[nodiscard]] std::optional<BackendIndex> pick(const PickInput& input) const override {
    const std::optional<Two> two = draw_two_by_weight(backends_, input);
    if (!two) {
      return std::nullopt;
    }
    return is_less_loaded(input, two->second, two->first) ? two->second : two->first;
  }

 private:
  /// With the request that is to come, for its weight.
  [[nodiscard]] bool is_less_loaded(const PickInput& input, BackendIndex left, BackendIndex right) const {
    const std::uint64_t left_share = (load_of(input, left) + 1) * backends_[right].weight;
    const std::uint64_t right_share = (load_of(input, right) + 1) * backends_[left].weight;
    return left_share < right_share;
  }
  static std::uint64_t load_of(const PickInput& input, BackendIndex index) {
    return index < input.loads.size() ? input.loads[index] : 0;
  }

  const BackendSet& backends_;
};

}  // namespace

std::unique_ptr<Strategy> make_power_of_two(const BackendSet& backends) {
  return std::make_unique<PowerOfTwo>(backends);
}

}  // namespace fairlead::balance
