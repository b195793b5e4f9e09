// Descriptors for what is configured: a client connection needs one and may need another upstream. Raises the soft
// limit as far as the hard one allows and says what is left to do; refuses nothing silently.
#pragma once

#include <cstddef>

#include "base/log.hpp"

namespace fairlead::app {

void ensure_descriptors(std::size_t connections, const Log& log);

}  // namespace fairlead::app
