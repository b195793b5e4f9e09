#include "fleet/state_fault.hpp"

#include <array>
#include <cerrno>

namespace fairlead::fleet {
namespace {

/// Faults that stay until somebody changes a setting or a key; all others are expected to pass.
constexpr std::array<StateFault, 14> replies{{
    {"NOAUTH", true},
    {"WRONGPASS", true},
    {"NOPERM", true},
    {"WRONGTYPE", true},
    {"READONLY", true},
    {"MOVED", true},
    {"CROSSSLOT", true},
    {"MISCONF", true},
    {"OOM", true},
    {"STRATEGY", true},
    {"LOADING", false},
    {"BUSY", false},
    {"FENCED", false},
    {"NOSCRIPT", false},
}};

}  // namespace

StateFault fault_of(const Error& error) {
  if (error.code == EKEYREJECTED) {
    return {"certificate_refused", true, error.detail};
  }
  return {name_of(error.kind), false};
}

StateFault fault_of_reply(std::string_view text) {
  const std::string_view word = text.substr(0, text.find(' '));
  for (const StateFault& fault : replies) {
    if (word == fault.reason) {
      return fault;
    }
  }
  // Before Redis 6 a wrong password is a plain ERR, and one where none is set still is.
  return {text.find("password") == std::string_view::npos ? "ERR" : "WRONGPASS",
          text.find("password") != std::string_view::npos};
}

}  // namespace fairlead::fleet
