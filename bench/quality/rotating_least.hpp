// Least connections as it is often built: the search begins one backend further at each request and takes the first of
// the least. A second baseline beside the product's least_conn, which takes turns among the equals; whoever comes after
// a busy backend is chosen too often here. Pure; used by simulated instances that share nothing.
#pragma once

#include "core/balance/strategy.hpp"

namespace bench::quality {

class RotatingLeast final : public fairlead::balance::Strategy {
 public:
  [[nodiscard]] bool needs_loads() const override { return true; }

  [[nodiscard]] std::optional<fairlead::balance::BackendIndex> pick(
      const fairlead::balance::PickInput& input) const override {
    std::optional<fairlead::balance::BackendIndex> least;
    for (std::size_t step = 0; step < input.loads.size(); ++step) {
      const auto index = static_cast<fairlead::balance::BackendIndex>((input.ticket + step) % input.loads.size());
      if (!least || input.loads[index] < input.loads[*least]) {
        least = index;
      }
    }
    return least;
  }
};

}  // namespace bench::quality
