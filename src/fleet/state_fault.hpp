// Why Redis can't serve, as one word for a log line and a metric, and whether it heals by itself or an operator must
// act. Pure; any thread; the text is of static storage and never holds bytes of a server.
#pragma once

#include <string_view>

#include "base/error.hpp"

namespace fairlead::fleet {

struct StateFault {
  std::string_view reason;
  bool operator_must_act = false;
  std::string_view detail = {};  ///< what an operator must see to, where the reason doesn't say it

  friend bool operator==(const StateFault&, const StateFault&) = default;
};

StateFault fault_of(const Error& error);
/// Of an error reply, by its first word.
StateFault fault_of_reply(std::string_view text);
/// Redis refuses it whatever the keys are, to every pool alike.
bool concerns_all(const StateFault& fault);

}  // namespace fairlead::fleet
