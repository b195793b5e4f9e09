#include "fleet/state_fault.hpp"

#include <array>
#include <cerrno>

namespace fairlead::fleet {
namespace {

/// Faults that stay until somebody changes a setting or a key; all others are expected to pass.
constexpr std::array<StateFault, 19> replies{{
    {"NOAUTH", true},
    {"WRONGPASS", true},
    {"NOPERM", true},
    {"WRONGTYPE", true},
    {"READONLY", true},
    {"CROSSSLOT", true, "set state.key_prefix to a hash tag such as {lb}: so that all keys lie on one slot"},
    {"MISCONF", true},
    {"OOM", true},
    {"STRATEGY", true},
    {"MOVED", false},
    {"ASK", false},
    {"TRYAGAIN", false},
    {"CLUSTERDOWN", false},
    {"MASTERDOWN", false},
    {"NOREPLICAS", false},
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

bool concerns_all(const StateFault& fault) {
  return fault.reason == "READONLY" || fault.reason == "OOM" || fault.reason == "MISCONF";
}

}  // namespace fairlead::fleet
