// Choosing by loads that are a little old without running in a herd: M. Dahlin, "Interpreting Stale Load Information"
// (IEEE TPDS 11(10), 2000). The requests that others have placed since the loads were read went to the backends that
// looked least loaded, filling them up to a common level; this one is drawn in proportion to what each lacks to it.
// With nothing expected the level is that of the least, with much expected it is random by weight.
// Pure; used by strategies.
#pragma once

#include <optional>

#include "core/balance/strategy.hpp"

namespace fairlead::balance {

/// Needs loads and input.expected > 0; draws by input.random. Nothing: none is eligible, or so little is expected that
/// among such loads it is lost in rounding, and the loads are as good as exact. No allocation; a few passes over the
/// set, at most one for each backend.
std::optional<BackendIndex> pick_below_level(const BackendSet& backends, const PickInput& input);

}  // namespace fairlead::balance
