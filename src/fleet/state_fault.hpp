// Why Redis can't serve, as one word for a log line and a metric, and whether it heals by itself or an operator must
// act. Pure; any thread; the text is of static storage and never holds bytes of a server.
#pragma once

#include <string_view>

#include "base/error.hpp"

namespace fairlead::fleet {

struct StateFault {
  std::string_view reason;
  bool operator_must_act = false;
  std::string_view detail = {};  ///< what is known beyond the reason, or what to see to

  friend bool operator==(const StateFault&, const StateFault&) = default;
};

StateFault fault_of(const Error& error);
/// Of an error reply, by its first word, or what is known of the text of a plain ERR.
StateFault fault_of_reply(std::string_view text);
/// Redis is there, and doesn't know this member any more: it lost its data, or the member's lease ended.
bool is_forgotten(const StateFault& fault);
/// What an operator is to see to, never empty.
std::string_view hint_of(const StateFault& fault);
std::string_view hint_of(std::string_view reason);
/// Redis refuses it whatever the keys are, to every pool alike.
bool concerns_all(const StateFault& fault);

}  // namespace fairlead::fleet
