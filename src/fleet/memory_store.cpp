#include "fleet/memory_store.hpp"

#include "core/balance/eligibility.hpp"
#include "core/balance/health.hpp"

namespace fairlead::fleet {

bool MemoryStore::acquire(Acquire& want) {
  const routing::Pool& pool = *want.pool;
  const balance::Strategy& strategy = pool.strategy(want.strategy);
  want.backend = nullptr;
  balance::PickInput input;
  if (!may_all_serve(want)) {
    if (!balance::fill_eligible(pool.backends, want.tried, now_ms_(), eligible_)) {
      return true;
    }
    input.eligible = eligible_;
  }
  const bool by_load = strategy.needs_loads();
  if (by_load) {
    input.loads = read_loads(pool.backends);
  }
  std::atomic<std::uint64_t>& tickets = by_load ? pool.activity->ties : pool.activity->tickets;
  // A second try takes no ticket: the rotation counts requests, so that who fails doesn't shift it for the others.
  input.ticket =
      want.tried.empty() ? tickets.fetch_add(1, std::memory_order_relaxed) : tickets.load(std::memory_order_relaxed);
  if (const std::optional<balance::BackendIndex> index = strategy.pick(input)) {
    want.backend = &pool.backends[*index];
    count_in(*want.backend);
  }
  return true;
}

void MemoryStore::release(const routing::Pool&, const balance::Backend& backend) {
  count_out(backend);
}

bool MemoryStore::may_all_serve(const Acquire& want) const {
  return want.tried.empty() && !balance::any_rests(*want.pool->activity, now_ms_());
}

std::span<const std::uint32_t> MemoryStore::read_loads(const balance::BackendSet& backends) {
  loads_.clear();
  for (const balance::Backend& backend : backends) {
    loads_.push_back(backend.activity->in_flight.load(std::memory_order_relaxed));
  }
  return loads_;
}

}  // namespace fairlead::fleet
