#include "fleet/state_fault.hpp"

#include <array>
#include <cerrno>

namespace fairlead::fleet {
namespace {

/// Faults that stay until somebody changes a setting or a key; all others are expected to pass.
constexpr std::array<StateFault, 21> replies{{
    {"NOAUTH", true, "Redis asks for a password: state.url takes redis://:PASSWORD@HOST or redis://USER:PASSWORD@HOST"},
    {"WRONGPASS", true, "Redis doesn't know that user or password; look at state.url"},
    {"NOPERM", true, "the user of state.url lacks rights on commands or keys; docs/redis.md lists what is needed"},
    {"WRONGTYPE", true, "a key of fairlead's holds another type than docs/redis.md says; delete it"},
    {"NO_INTEGER", true, "rr_counter, fairlead:tie or a conn_count of the pool holds no whole number; delete it"},
    {"READONLY", true, "that Redis is a replica: state.url is to name the master, or follow it with redis+sentinel://"},
    {"CROSSSLOT", true, "set state.key_prefix to a hash tag such as '{lb}:' so that all keys lie on one slot"},
    {"MISCONF", true, "Redis can't save to its disk and takes no writes; its own log says why"},
    {"OOM", true, "Redis is at its maxmemory; give it more or free some"},
    {"NO_DATABASE", true, "that Redis has fewer databases than the number in state.url"},
    {"STRATEGY", true, "the scripts don't know a strategy; run the same version of fairlead everywhere"},
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

StateFault known(std::string_view reason) {
  for (const StateFault& fault : replies) {
    if (reason == fault.reason) {
      return fault;
    }
  }
  return {};
}

bool holds(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// Of what is expected to pass, or not known better.
std::string_view hint_of_passing(std::string_view reason) {
  if (reason == "malformed") {
    return "what answers there doesn't speak as Redis does; look at host and port in state.url";
  }
  if (reason == "ERR") {
    return "an error that fairlead has no word for; docs/redis.md says what the keys are to hold";
  }
  return "it is tried again by itself";
}

}  // namespace

StateFault fault_of(const Error& error) {
  if (error.code == EKEYREJECTED) {
    return {"certificate_refused", true, error.detail};
  }
  return {name_of(error.kind), false};
}

StateFault fault_of_reply(std::string_view text) {
  if (const StateFault fault = known(text.substr(0, text.find(' '))); !fault.reason.empty()) {
    return fault;
  }
  if (holds(text, "user executing the script") || holds(text, "ACL failure")) {
    return known("NOPERM");  // what a script may run but not do inside is a plain ERR
  }
  if (holds(text, "password")) {
    return known("WRONGPASS");  // before Redis 6 it is a plain ERR, and one where none is set still is
  }
  if (holds(text, "not an integer")) {
    return known("NO_INTEGER");
  }
  if (holds(text, "DB index")) {
    return known("NO_DATABASE");
  }
  return {"ERR", false};
}

std::string_view hint_of(const StateFault& fault) {
  return fault.detail.empty() ? hint_of_passing(fault.reason) : fault.detail;
}

std::string_view hint_of(std::string_view reason) {
  const StateFault fault = known(reason);
  return hint_of(fault.reason.empty() ? StateFault{reason} : fault);
}

bool is_forgotten(const StateFault& fault) {
  return fault.reason == "FENCED";
}

bool concerns_all(const StateFault& fault) {
  return fault.reason == "READONLY" || fault.reason == "OOM" || fault.reason == "MISCONF";
}

}  // namespace fairlead::fleet
