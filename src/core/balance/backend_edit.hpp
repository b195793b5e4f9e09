// What an operator does to a pool's list: the one act behind the admin API and the `backend` commands. Applied here to
// a list that only this process has; edit.lua is its twin on the fleet's (fleet/backend_list_watch). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/balance/listed_backend.hpp"

namespace fairlead::balance {

struct BackendEdit {
  enum class Kind : std::uint8_t {
    add,     ///< listed and taking requests: a new one at the list's end, a draining one back
    remove,  ///< not listed any more, with all that was said of it
    drain,   ///< listed, but no new request goes there
  };
  Kind kind = Kind::add;
  std::string url;
  std::optional<std::uint32_t> weight;  ///< nothing: as it is, 1 for a new one
};

enum class EditOutcome : std::uint8_t { added, changed, unchanged, unknown_backend };

/// All entries with the URL are edited: a list may repeat one.
EditOutcome apply(const BackendEdit& edit, std::vector<ListedBackend>& list, std::int64_t now_ms);

}  // namespace fairlead::balance
