// Errors as what a client is told: the one table from Error to status and sentence. Internals stay inside.
#pragma once

#include "base/error.hpp"
#include "core/http/problem.hpp"

namespace fairlead::proxy {

/// A problem for an exchange that failed before its answer began. Downstream errors carry their own status (400, 413,
/// 408); upstream ones become 502 (unreachable, nonsense), 503 with Retry-After (no backend may serve), or 504 (too
/// long); what the proxy lacks itself becomes 503 too.
http::Problem problem_of(const Error& error);
/// Nobody is there to be told.
bool client_is_gone(const Error& error);

}  // namespace fairlead::proxy
