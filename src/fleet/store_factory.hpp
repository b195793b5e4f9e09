// Builds a worker's StateStore from the configuration's state URL. Used by app/server, once a worker.
// Any thread may build; the store then belongs to its loop's thread, and start() and stop() enclose its life there.
#pragma once

#include <memory>
#include <string>

#include "base/log.hpp"
#include "fleet/state_metrics.hpp"
#include "fleet/state_store.hpp"
#include "fleet/state_url.hpp"
#include "fleet/sync_bell.hpp"
#include "io/event_loop.hpp"
#include "io/resolver.hpp"
#include "io/tls_context.hpp"

namespace fairlead::fleet {

/// The same for all workers of a process.
struct StateSettings {
  StateUrl url;
  std::string key_prefix;
  const io::TlsContext* tls = nullptr;  ///< for rediss://; outlives the stores
  std::string instance;                 ///< random_id(), made at start
  bool is_leased = false;               ///< coordination; else exact
  SyncBell* bell = nullptr;             ///< of the instance's sync, with Redis. Outlives the stores
};

/// What a store works with; all but the copied families outlives it.
struct StoreParts {
  io::EventLoop& loop;
  io::Resolver& resolver;
  metrics::Shard& shard;
  StateStatus& status;
  StateFamilies families;
  const Log& log;
};

/// `worker` is its index in the process.
std::unique_ptr<StateStore> make_store(const StateSettings& settings, unsigned worker, const StoreParts& parts);

}  // namespace fairlead::fleet
