// The backend with the fewest requests in flight for its weight; equals take turns by the ticket. Ratios are compared
// by cross-multiplication: exact, and 32-bit loads and weights can't overflow 64 bits. Loads that are a little old are
// interpreted by the herd rule (herd.hpp) instead: all instances would else fall upon the same least one.
#include <cstddef>
#include <cstdint>

#include "core/balance/herd.hpp"
#include "core/balance/strategy.hpp"

namespace fairlead::balance {
namespace {

class LeastConn final : public Strategy {
 public:
  explicit LeastConn(const BackendSet& backends) : backends_(backends) {}

  [[nodiscard]] bool needs_loads() const override { return true; }

  [[nodiscard]] std::optional<BackendIndex> pick(const PickInput& input) const override {
    if (input.expected > 0) {
      if (const std::optional<BackendIndex> drawn = pick_below_level(backends_, input)) {
        return drawn;
      }
    }
    std::optional<BackendIndex> least;
    std::uint64_t equals = 0;
    for (BackendIndex index = 0; index < backends_.size(); ++index) {
      if (!input.may_serve(index)) {
        continue;
      }
      const int order = least ? compare(input, index, *least) : -1;
      if (order < 0) {
        least = index;
        equals = 1;
      } else if (order == 0) {
        ++equals;
      }
    }
    return equals > 1 ? nth_equal(input, *least, input.ticket % equals) : least;
  }

 private:
  static std::uint64_t load_of(const PickInput& input, BackendIndex index) {
    return index < input.loads.size() ? input.loads[index] : 0;
  }

  /// Below 0: `left` is loaded less for its weight.
  [[nodiscard]] int compare(const PickInput& input, BackendIndex left, BackendIndex right) const {
    const std::uint64_t left_share = load_of(input, left) * backends_[right].weight;
    const std::uint64_t right_share = load_of(input, right) * backends_[left].weight;
    return left_share < right_share ? -1 : static_cast<int>(left_share > right_share);
  }

  [[nodiscard]] BackendIndex nth_equal(const PickInput& input, BackendIndex first, std::uint64_t turn) const {
    BackendIndex index = first;
    while (turn > 0) {
      ++index;
      if (input.may_serve(index) && compare(input, index, first) == 0) {
        --turn;
      }
    }
    return index;
  }

  const BackendSet& backends_;
};

}  // namespace

std::unique_ptr<Strategy> make_least_conn(const BackendSet& backends) {
  return std::make_unique<LeastConn>(backends);
}

}  // namespace fairlead::balance
