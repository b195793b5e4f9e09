// The metrics that only the shared state can tell, made of a picture of the fleet that was asked for a scrape: requests
// in flight over the fleet beside this instance's own, and whether counts and ledgers agree. Series whose value isn't
// known are left out: a gap in a graph is true, an old value would not be. Pure; used by admin_api.
#pragma once

#include <vector>

#include "control/fleet_desk.hpp"
#include "core/metrics/registry.hpp"

namespace fairlead::control {

/// `families` as the registry collected them.
void add_fleet_samples(std::vector<metrics::FamilySamples>& families, const FleetView& view);

}  // namespace fairlead::control
