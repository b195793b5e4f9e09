// Requests a second that the other instances of a fleet begin, estimated from the counter that all of them advance.
// Values in, no clock; used by whoever reads that counter, on one thread.
#pragma once

#include <chrono>
#include <cstdint>

namespace fairlead::balance {

class ArrivalRate {
 public:
  using Nanoseconds = std::chrono::nanoseconds;

  /// The others began `arrivals` within the last `elapsed`. The mean forgets with a time constant of 250 ms.
  void note(std::uint64_t arrivals, Nanoseconds elapsed);
  [[nodiscard]] float per_s() const { return static_cast<float>(per_s_); }

 private:
  double per_s_ = 0;
};

}  // namespace fairlead::balance
