// The Lua scripts of src/fleet/scripts/, embedded: the only writers of conn_count, ledgers and memberships. What each
// takes and answers stands at its head. Constants; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace fairlead::fleet {

enum class Script : std::uint8_t {
  acquire,
  beat,
  reset,
  leave,
  sync,
  register_backends,
  edit,
  forget,
  inspect,
  digest,
};

inline constexpr std::size_t script_count = 10;

/// Whole text, as SCRIPT LOAD and EVAL take it.
std::string_view text_of(Script script);
/// Its name in metrics and log lines.
std::string_view name_of(Script script);

}  // namespace fairlead::fleet
