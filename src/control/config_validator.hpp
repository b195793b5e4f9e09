// What no single key shows: names that must exist or be unique, routes that can never serve, limits that contradict
// each other. Used after a file was read and after --set. Pure; safe from any thread.
#pragma once

#include "control/config.hpp"
#include "control/config_problem.hpp"

namespace fairlead::control {

/// Tells every contradiction to `problems`, at the place of the key that shows it. `positions` are of the source that
/// is checked, `sources` has these and what was written before. `fallback` is the place of what `positions` doesn't
/// know, because a default or another source took part.
void validate(const Config& config, const Positions& positions, const KeySources& sources, Position fallback,
              ProblemList& problems);

}  // namespace fairlead::control
