// Leased coordination for one worker: every want is answered at once from the process' atomics and the fleet's last
// view of the others; fleet_sync tells and asks in the background, and is woken when it sleeps.
// Thread rule: one loop thread. Lifetime: the bell outlives the store.
#pragma once

#include "fleet/memory_store.hpp"
#include "fleet/sync_bell.hpp"

namespace fairlead::fleet {

class LeasedStore final : public StateStore {
 public:
  LeasedStore(MemoryStore::Clock now, SyncBell& bell) : memory_(std::move(now)), bell_(bell) {}

  /// Always answers at once.
  bool acquire(Acquire& want) override {
    memory_.acquire(want);
    bell_.ring();
    return true;
  }
  void cancel(Acquire&) override {}
  void release(const routing::Pool& pool, const balance::Backend& backend) override {
    memory_.release(pool, backend);
    bell_.ring();
  }

 private:
  MemoryStore memory_;
  SyncBell& bell_;
};

}  // namespace fairlead::fleet
