// What all programs of the quality bench agree on: when request N begins, at which instance, and what work it is,
// whoever serves it, so that two balancers are compared on the same arrivals and the same work. Pure.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>

namespace bench::quality {

/// A well-mixed number of `number` (splitmix64).
inline std::uint64_t mixed(std::uint64_t number) {
  number += 0x9e3779b97f4a7c15ULL;
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9ULL;
  number = (number ^ (number >> 27)) * 0x94d049bb133111ebULL;
  return number ^ (number >> 31);
}

/// Uniform in (0, 1].
inline double uniform(std::uint64_t number) {
  return (static_cast<double>(mixed(number) >> 11) + 1) / 9007199254740992.0;
}

/// Exponential with that mean.
inline std::chrono::nanoseconds exponential(std::uint64_t number, double mean_ns) {
  return std::chrono::nanoseconds(static_cast<std::int64_t>(-std::log(uniform(number)) * mean_ns));
}

/// Pareto with that mean and a tail of index 1.5: the variance is infinite. None is below a third of it.
inline std::chrono::nanoseconds pareto(std::uint64_t number, double mean_ns) {
  constexpr double index = 1.5;
  const double least_ns = mean_ns * (index - 1) / index;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(least_ns * std::pow(uniform(number), -1 / index)));
}

/// Between request `number` and the one before it: Poisson arrivals.
inline std::chrono::nanoseconds gap_before(std::uint64_t number, std::uint64_t seed, double per_s) {
  return exponential(2 * number + 1 + (seed << 41), 1e9 / per_s);
}

/// Where it comes in: each instance is as likely.
inline std::uint64_t instance_of(std::uint64_t number, std::uint64_t seed, std::uint64_t instances) {
  return mixed(2 * number + (seed << 42)) % instances;
}

/// What its service time is drawn by.
inline std::uint64_t work_of(std::uint64_t number, std::uint64_t seed) {
  return number ^ (seed << 40);
}

}  // namespace bench::quality
