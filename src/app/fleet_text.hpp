// What the admin API answers, as tables for a terminal. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fairlead::app {

/// Fit for a terminal and for JSON: what is no printable ASCII becomes `?`.
std::string printable(std::string_view text);
/// Of /api/v1/fleet; empty: it isn't that.
std::string fleet_text(std::string_view json);
/// Of /api/v1/pools/P/backends; empty: it isn't that.
std::string backends_text(std::string_view json);
/// Of /api/v1/pools.
std::vector<std::string> pool_names(std::string_view json);
/// The `detail` of a problem; empty: there is none.
std::string problem_text(std::string_view json);
/// Sum of http_requests_total in what /metrics shows.
double requests_in(std::string_view metrics);

}  // namespace fairlead::app
