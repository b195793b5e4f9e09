// What no single key shows: names that must exist or be unique, routes that can never serve, limits that contradict
// each other. Used after a file was read and after --set. Pure; safe from any thread.
#pragma once

#include "control/config.hpp"
#include "control/config_problem.hpp"

namespace fairlead::control {

/// Tells every contradiction to `problems`, at the place of the key that shows it; `fallback` is the place of what
/// `positions` doesn't know, because a default took part.
void validate(const Config& config, const Positions& positions, Position fallback, ProblemList& problems);

}  // namespace fairlead::control
