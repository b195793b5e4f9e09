#include "fleet/store_factory.hpp"

#include "fleet/failover_store.hpp"
#include "fleet/leased_store.hpp"

namespace fairlead::fleet {

std::unique_ptr<StateStore> make_store(const StateSettings& settings, unsigned worker, const StoreParts& parts) {
  if (settings.url.kind == StateKind::memory) {
    return std::make_unique<MemoryStore>([&loop = parts.loop] { return loop.now(); });
  }
  if (settings.is_leased) {
    return std::make_unique<LeasedStore>([&loop = parts.loop] { return loop.now(); }, *settings.bell);
  }
  RedisStoreSettings redis;
  redis.member.redis = {settings.url, settings.tls};
  redis.member.key_prefix = settings.key_prefix;
  redis.member.member = settings.instance + "." + std::to_string(worker);
  return std::make_unique<FailoverStore>(parts.loop, parts.resolver, std::move(redis),
                                         StateMetrics(parts.shard, parts.families), parts.status, *settings.bell,
                                         parts.log);
}

}  // namespace fairlead::fleet
