// Descriptors for what is configured: a client connection needs one and may need another upstream. Raises the soft
// limit as far as the hard one allows; what doesn't fit is said with what is left to do, and isn't let in: a client
// that waits for room is served, one whose request finds no descriptor isn't.
#pragma once

#include <cstddef>

#include "base/log.hpp"

namespace fairlead::app {

/// How many client connections there is room for: `wanted`, or what `descriptors` allow. At least one.
std::size_t connections_within(std::size_t descriptors, std::size_t wanted);

/// Raises the limit for `wanted` client connections; answers how many may be served.
std::size_t ensure_descriptors(std::size_t wanted, const Log& log);

}  // namespace fairlead::app
