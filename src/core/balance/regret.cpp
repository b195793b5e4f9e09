#include "core/balance/regret.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace fairlead::balance {
namespace {

/// The common case, in a form that compilers turn into vector code.
std::uint32_t least_load(std::span<const std::uint32_t> loads) {
  std::uint32_t least = std::numeric_limits<std::uint32_t>::max();
  for (const std::uint32_t load : loads) {
    least = std::min(least, load);
  }
  return least;
}

double least_load_for_weight(const BackendSet& backends, const PickInput& input) {
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t index = 0; index < input.loads.size(); ++index) {
    if (input.eligible.empty() || input.eligible[index] != 0) {
      const auto weight = static_cast<double>(backends[static_cast<BackendIndex>(index)].weight);
      least = std::min(least, static_cast<double>(input.loads[index]) / weight);
    }
  }
  return least;
}

}  // namespace

double regret_of(const BackendSet& backends, const PickInput& input, BackendIndex chosen) {
  if (chosen >= input.loads.size()) {
    return 0;
  }
  const auto load = static_cast<double>(input.loads[chosen]);
  if (input.eligible.empty() && backends.uniform()) {
    return load - static_cast<double>(least_load(input.loads));
  }
  const double least = least_load_for_weight(backends, input) * static_cast<double>(backends[chosen].weight);
  return std::max(0.0, load - least);
}

}  // namespace fairlead::balance
