// What a right configuration asks for and this version doesn't do yet. Shown by `fairlead check` and in the log at
// start, so that nothing is ignored in silence. Pure; safe from any thread.
#pragma once

#include <string>
#include <vector>

#include "control/config.hpp"

namespace fairlead::control {

/// One sentence each; empty when all that is asked for is done. Holds no secret.
std::vector<std::string> notes_of(const Config& config);

}  // namespace fairlead::control
