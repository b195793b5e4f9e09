#include "core/balance/arrival_rate.hpp"

#include <cmath>

namespace fairlead::balance {

void ArrivalRate::note(std::uint64_t arrivals, Nanoseconds elapsed) {
  constexpr double memory_s = 0.25;
  const double seconds = std::chrono::duration<double>(elapsed).count();
  if (seconds > 0) {
    per_s_ += (1 - std::exp(-seconds / memory_s)) * (static_cast<double>(arrivals) / seconds - per_s_);
  }
}

}  // namespace fairlead::balance
