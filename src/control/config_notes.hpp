// What a right configuration surely doesn't mean: keys that do nothing, a backend under two names, a pool that nobody
// asks. Shown by `fairlead check` and in the log at start, so that nothing is ignored in silence; never a fault.
// Pure; safe from any thread.
#pragma once

#include <string>
#include <vector>

#include "control/config.hpp"

namespace fairlead::control {

struct Note {
  std::string key;   ///< what it is about: "pools[0].backends[1].url"
  std::string text;  ///< what is strange; what would be right
};

/// Empty when all is as it seems. Holds no secret.
std::vector<Note> notes_of(const Config& config);

}  // namespace fairlead::control
