// Descriptors for what is configured: a client connection needs one and may need another upstream. Raises the soft
// limit as far as the hard one allows; what doesn't fit is said with what is left to do, and isn't let in: a client
// that waits for room is served, one whose request finds no descriptor isn't. Used by Server as it starts; any thread.
#pragma once

#include <cstddef>

#include "base/log.hpp"

namespace fairlead::app {

/// What descriptors are wanted for.
struct DescriptorDemand {
  std::size_t connections = 1;  ///< of clients, over all workers
  std::size_t workers = 1;
  std::size_t addresses = 1;  ///< that each worker listens on
};

/// Each worker's share of the client connections: of what is wanted, rounded up, or of what `descriptors` allow,
/// rounded down. At least one.
std::size_t connections_each(std::size_t descriptors, const DescriptorDemand& demand);

/// Raises the limit for what is wanted; answers each worker's share of the client connections.
std::size_t ensure_descriptors(const DescriptorDemand& demand, const Log& log);

}  // namespace fairlead::app
