// `--set KEY=VALUE` on the command line: one setting changed on top of a file or of the defaults. KEY is the dotted
// path of the reference; `pools.NAME.KEY` and `routes.N.KEY` (N counts from 0) reach into lists. Lists are written with
// commas: `listen=0.0.0.0:80,[::]:80`, `pools.default.backends=http://a,http://b`. Pure; one thread at a time.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "control/config.hpp"
#include "control/config_problem.hpp"

namespace fairlead::control {

/// Changes `config`, which had no problem, by all assignments in their order; then checks the whole. A problem's file
/// is "--set", its line the assignment's number from 1, its column counts within the assignment. `sources` has what
/// is written already, so that it isn't taken for a default, and gets the same places for what is set. On any problem
/// `config` is not to be used.
std::vector<Problem> apply_overrides(Config& config, KeySources& sources, std::span<const std::string> assignments);

}  // namespace fairlead::control
