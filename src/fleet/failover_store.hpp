// Answers from Redis while it is there and from this process' own state while it isn't, so that proxy/ never knows.
// Strategies that scripts don't know choose here always; by loads, on what fleet_sync hears of the others meanwhile.
// Local choices are counted by redis_store too: the fleet hears of them when Redis is back.
// Thread rule: one loop thread. Lifetime: stop() must have ended before the store does.
#pragma once

#include "base/log.hpp"
#include "fleet/memory_store.hpp"
#include "fleet/redis_store.hpp"
#include "fleet/sync_bell.hpp"

namespace fairlead::fleet {

class FailoverStore final : public StateStore {
 public:
  /// `status`, `bell` and `log` outlive the store.
  FailoverStore(io::EventLoop& loop, io::Resolver& resolver, RedisStoreSettings settings, StateMetrics metrics,
                StateStatus& status, SyncBell& bell, const Log& log);

  void start() override { redis_.start(); }
  io::Task<> stop() override { return redis_.stop(); }
  bool acquire(Acquire& want) override;
  void cancel(Acquire& want) override { redis_.cancel(want); }
  void release(const routing::Pool& pool, const balance::Backend& backend) override { redis_.release(pool, backend); }

 private:
  void answer_locally(Acquire& want);

  MemoryStore memory_;
  RedisStore redis_;
  SyncBell& bell_;
};

}  // namespace fairlead::fleet
