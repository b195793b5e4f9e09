// A configuration as it stands outside: a file or the built-in one, $FAIRLEAD_STATE, --set, and the files that it
// names. Used by `run`, at start and on reload, and by `check`, so that they can't disagree. Reads files; one thread at
// a time.
#pragma once

#include <string>
#include <vector>

#include "control/config.hpp"
#include "control/config_problem.hpp"

namespace fairlead::app {

struct ConfigOrigin {
  std::string file;                    ///< empty: the built-in default
  std::vector<std::string> overrides;  ///< KEY=VALUE
  std::string environment_state;       ///< $FAIRLEAD_STATE; empty: isn't set
};

struct LoadedConfig {
  control::Config config;               ///< with the admin token; to be used only when there is no fault
  std::vector<std::string> faults;      ///< a line each, fit to be shown
  std::vector<control::Problem> notes;  ///< what is legal and surely not meant
};

LoadedConfig load_config(const ConfigOrigin& origin);

}  // namespace fairlead::app
