#include "core/balance/herd.hpp"

#include <cstddef>
#include <limits>

namespace fairlead::balance {
namespace {

double load_of(const PickInput& input, BackendIndex index) {
  return static_cast<double>(index < input.loads.size() ? input.loads[index] : 0);
}

/// What the backend lacks to the level, in requests.
double lack_of(const BackendSet& backends, const PickInput& input, double level, BackendIndex index) {
  return level * backends[index].weight - load_of(input, index);
}

/// Load for weight up to which `expected` requests fill the least loaded. From above: who is above the level of all
/// takes no part in it, so it sinks until all that take part are below it: fewer each round, or it ends. (A backend
/// just at the level may come back by rounding; without that end it would come and go for ever.) 0: none takes part.
double level_of(const BackendSet& backends, const PickInput& input) {
  double level = std::numeric_limits<double>::infinity();
  std::size_t took_part = backends.size() + 1;
  while (true) {
    double requests = double{input.expected};
    double weights = 0;
    std::size_t takes_part = 0;
    for (BackendIndex index = 0; index < backends.size(); ++index) {
      const bool is_below = load_of(input, index) < level * backends[index].weight;
      if (is_below && input.may_serve(index)) {
        requests += load_of(input, index);
        weights += backends[index].weight;
        ++takes_part;
      }
    }
    if (takes_part == 0) {
      return 0;
    }
    level = requests / weights;
    if (takes_part >= took_part) {
      return level;
    }
    took_part = takes_part;
  }
}

}  // namespace

std::optional<BackendIndex> pick_below_level(const BackendSet& backends, const PickInput& input) {
  constexpr double random_range = 18446744073709551616.0;  // 2^64
  const double level = level_of(backends, input);
  double left = double{input.expected} * (static_cast<double>(input.random) / random_range);
  std::optional<BackendIndex> drawn;
  for (BackendIndex index = 0; index < backends.size(); ++index) {
    const double lack = lack_of(backends, input, level, index);
    if (lack > 0 && input.may_serve(index)) {
      drawn = index;
      left -= lack;
      if (left < 0) {
        break;
      }
    }
  }
  return drawn;
}

}  // namespace fairlead::balance
