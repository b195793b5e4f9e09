// How much of a head is accepted. Values, set by the configuration's `limits`; read by the parsers of heads.
#pragma once

#include <cstddef>

namespace fairlead::http {

/// Defaults are those of the configuration's `limits`.
struct HeadLimits {
  std::size_t head = 32 * 1024;   ///< bytes of the whole head; beyond: 431
  std::size_t line = 8 * 1024;    ///< bytes of one field line; beyond: 431
  std::size_t fields = 100;       ///< beyond: 431
  std::size_t target = 8 * 1024;  ///< bytes of the request target; beyond: 414
};

}  // namespace fairlead::http
