#include "core/balance/by_latency.hpp"

#include <cmath>
#include <limits>

namespace fairlead::balance {
namespace {

double trial_latency(const PickInput& input, BackendIndex unknown, double known) {
  return load_of(input, unknown) == 0 ? known : std::numeric_limits<double>::infinity();
}

}  // namespace

std::uint64_t load_of(const PickInput& input, BackendIndex index) {
  return index < input.loads.size() ? input.loads[index] : 0;
}

double latency_of(const PickInput& input, BackendIndex index) {
  const float latency = index < input.latencies.size() ? input.latencies[index] : 0;
  return std::isfinite(latency) && latency > 0 ? double{latency} : 0;
}

bool is_less_loaded(const BackendSet& backends, const PickInput& input, BackendIndex left, BackendIndex right) {
  return (load_of(input, left) + 1) * backends[right].weight < (load_of(input, right) + 1) * backends[left].weight;
}

TwoLatencies latencies_of(const PickInput& input, BackendIndex left, BackendIndex right) {
  const double of_left = latency_of(input, left);
  const double of_right = latency_of(input, right);
  if (of_left > 0 && of_right > 0) {
    return {of_left, of_right};
  }
  if (of_left > 0) {
    return {of_left, trial_latency(input, right, of_left)};
  }
  if (of_right > 0) {
    return {trial_latency(input, left, of_right), of_right};
  }
  return {};
}

}  // namespace fairlead::balance
