// Says in the log when Redis comes and goes: once a flip of the process, whoever of its members notices.
// Thread rule: a value of whoever keeps it; the log takes any thread. Lifetime: the log outlives it.
#pragma once

#include <string>

#include "base/log.hpp"
#include "fleet/state_fault.hpp"
#include "fleet/state_status.hpp"

namespace fairlead::fleet {

class StateLog {
 public:
  /// `shown_url`: without the password.
  StateLog(const Log& log, std::string shown_url) : log_(log), shown_url_(std::move(shown_url)) {}

  void live(StateStatus::Flip flip) const;
  void away(const StateFault& fault, bool is_news) const;
  /// Redis refuses a pool's keys for that reason, or serves them again (no reason).
  void pool_flipped(std::string_view pool, std::string_view reason) const;

 private:
  const Log& log_;
  std::string shown_url_;
};

}  // namespace fairlead::fleet
