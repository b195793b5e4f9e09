#include "fleet/memory_store.hpp"

#include "core/balance/eligibility.hpp"
#include "core/balance/health.hpp"
#include "core/balance/regret.hpp"
#include "io/milliseconds.hpp"

namespace fairlead::fleet {

bool MemoryStore::acquire(Acquire& want) {
  const routing::Pool& pool = *want.pool;
  const balance::Strategy& strategy = pool.strategy(want.strategy);
  want.backend = nullptr;
  want.basis = Basis::local;
  want.regret = -1;
  balance::PickInput input;
  if (!may_all_serve(want)) {
    if (!balance::fill_eligible(pool.backends, want.tried, io::milliseconds_of(now_()), eligible_)) {
      return true;
    }
    input.eligible = eligible_;
  }
  const bool by_load = pool.needs_loads(want.strategy);
  if (by_load) {
    read_loads(want, input);
  }
  if (strategy.needs_latencies()) {
    read_latencies(want, input);
  }
  input.random = strategy.needs_chance() || input.expected > 0 ? random_() : 0;
  if (strategy.needs_key()) {
    input.hash = want.key_hash ? *want.key_hash : random_();
    input.load_max = pool.affinity.load_max;
  }
  if (by_load) {
    input.ticket = take_tie(want);
  } else if (!strategy.needs_key()) {
    input.ticket = take_ticket(want);
  } else if (want.tried.empty()) {
    pool.activity->by_key.fetch_add(1, std::memory_order_relaxed);
  }
  if (const std::optional<balance::BackendIndex> index = strategy.pick(input)) {
    want.backend = &pool.backends[*index];
    want.regret = by_load && !strategy.needs_key() ? balance::regret_of(pool.backends, input, *index) : -1;
    count_in(*want.backend);
  }
  return true;
}

void MemoryStore::release(const routing::Pool&, const balance::Backend& backend) {
  count_out(backend);
}

bool MemoryStore::may_all_serve(const Acquire& want) const {
  return want.tried.empty() && !balance::any_rests(*want.pool->activity, io::milliseconds_of(now_()));
}

// A second try takes no ticket: the rotations count requests, so that who fails doesn't shift them for the others.

std::uint64_t MemoryStore::take_ticket(Acquire& want) {
  balance::TicketBlock& tickets = want.pool->activity->tickets;
  if (!want.tried.empty()) {
    return tickets.peek();
  }
  const balance::TicketBlock::Ticket ticket = tickets.take();
  want.basis = ticket.is_leased ? Basis::leased : Basis::local;
  return ticket.number;
}

std::uint64_t MemoryStore::take_tie(const Acquire& want) {
  std::atomic<std::uint64_t>& ties = want.pool->activity->ties;
  return want.tried.empty() ? ties.fetch_add(1, std::memory_order_relaxed) : ties.load(std::memory_order_relaxed);
}

void MemoryStore::read_loads(Acquire& want, balance::PickInput& input) {
  const balance::SharedView::Seen seen = want.pool->activity->view.seen(now_().time_since_epoch());
  balance::fill_loads(want.pool->backends, seen, loads_);
  want.basis = seen.trust + seen.lasting > 0 ? Basis::leased : Basis::local;
  input.loads = loads_;
  input.expected = seen.expected;
}

void MemoryStore::read_latencies(const Acquire& want, balance::PickInput& input) {
  want.pool->activity->by_latency.fetch_add(1, std::memory_order_relaxed);
  balance::fill_latencies(want.pool->backends, io::milliseconds_of(now_()), latencies_);
  input.latencies = latencies_;
}

}  // namespace fairlead::fleet
