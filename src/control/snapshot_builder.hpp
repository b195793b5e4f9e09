// Configuration + what the shared state says of backends -> the next Snapshot. Pure: the same input, the same snapshot.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "control/config.hpp"
#include "core/balance/listed_backend.hpp"
#include "core/routing/snapshot.hpp"

namespace fairlead::control {

/// Backends by pool, in order, as the shared state lists them. A pool that isn't in it has its configured backends.
using BackendLists = std::map<std::string, std::vector<balance::ListedBackend>, std::less<>>;

/// What the pool's list holds as long as nothing else is known of it.
std::vector<balance::ListedBackend> configured_backends(const PoolConfig& pool);

/// Some request may be sent to the pool by its key.
bool chooses_by_key(const Config& config, const PoolConfig& pool);

/// `previous` (may be nullptr) lends the cells of pools and backends that stay, so that counts and rests survive.
/// URLs that aren't valid are left out; whoever read them has said so. The configuration is one that validation passed.
std::shared_ptr<const routing::Snapshot> build_snapshot(const Config& config, const BackendLists& lists,
                                                        const routing::Snapshot* previous, std::uint64_t version);

}  // namespace fairlead::control
