#include "fleet/scripts.hpp"

namespace fairlead::fleet {
namespace {

#include "fleet/scripts.inc"

struct Entry {
  std::string_view name;
  std::string_view text;
};

constexpr std::array<Entry, script_count> entries{{
    {"acquire", acquire_text},
    {"beat", beat_text},
    {"reset", reset_text},
    {"leave", leave_text},
    {"sync", sync_text},
    {"register", register_text},
    {"edit", edit_text},
    {"forget", forget_text},
    {"inspect", inspect_text},
    {"digest", digest_text},
}};

}  // namespace

std::string_view text_of(Script script) {
  return entries[static_cast<std::size_t>(script)].text;
}

std::string_view name_of(Script script) {
  return entries[static_cast<std::size_t>(script)].name;
}

}  // namespace fairlead::fleet
