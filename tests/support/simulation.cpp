#include "support/simulation.hpp"

namespace fairlead::testing {

bool Simulation::run_until(const std::function<bool()>& condition, io::Clock::duration limit) {
  const io::TimePoint end = now() + limit;
  for (int turns = 0; turns < turns_max; ++turns) {
    if (condition()) {
      return true;
    }
    if (now() >= end) {
      break;
    }
    loop_.run_once(end);
  }
  return condition();
}

void Simulation::run_for(io::Clock::duration duration) {
  const io::TimePoint end = now() + duration;
  settle();
  for (int turns = 0; turns < turns_max && now() < end; ++turns) {
    loop_.run_once(end);
  }
  settle();
}

void Simulation::settle() {
  // Mail and hooks aren't the engine's to see: a few turns on top of its word give them their way.
  constexpr int turns_of_silence = 3;
  int silent = 0;
  for (int turns = 0; turns < turns_max && silent < turns_of_silence; ++turns) {
    silent = engine_.is_settled() ? silent + 1 : 0;
    loop_.run_once(now());
  }
}

}  // namespace fairlead::testing
