// What both sides of the quality bench agree on: request N takes the same time whoever serves it, so that two balancers
// are compared on the same work. Pure.
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

}  // namespace bench::quality
