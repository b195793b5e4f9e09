// A configuration file's text -> Config and every fault in it, in one go. Used by `fairlead check`, at start and on
// reload. Pure: reads no file, no environment. Safe from any thread.
// The keys are in config_settings, what spans several keys in config_validator.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/config.hpp"
#include "control/config_problem.hpp"

namespace fairlead::control {

struct ParsedConfig {
  Config config;                  ///< to be used only when there is no problem
  std::vector<Problem> problems;  ///< in the order of the file
  KeySources sources;             ///< where its keys are
};

/// `file_name` is what problems show.
ParsedConfig parse_config(std::string_view text, const std::string& file_name);

/// What an empty file means: `POST /proxy` to the pool `default`. `state_url` is used unchecked; nothing: memory://.
Config default_config(const std::optional<std::string>& state_url = std::nullopt);

}  // namespace fairlead::control
