// The admin API's bodies: what an operator sends, read strictly, and what it is shown. docs/openapi.yaml describes
// them. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "control/controller.hpp"
#include "control/fleet_desk.hpp"
#include "core/balance/backend_edit.hpp"

namespace fairlead::control {

/// {"url": ..., "weight": 1..1000, "state": "up" or "draining"}; only the URL must be there. Error: malformed, with the
/// sentence for the operator.
Result<balance::BackendEdit> parse_backend_edit(std::string_view body);

void append_fleet(std::string& out, const FleetView& view, std::string_view version);
void append_pools(std::string& out, const Controller& controller);
/// The pool's list; `now_ms` is the loop's, for who rests.
void append_backends(std::string& out, const Controller& controller, const routing::Pool& pool, const FleetView& view,
                     std::int64_t now_ms);
/// One backend of it, as in the list.
void append_backend(std::string& out, const Controller& controller, const routing::Pool& pool, std::string_view url,
                    const FleetView& view, std::int64_t now_ms);

}  // namespace fairlead::control
