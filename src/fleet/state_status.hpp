// Whether the workers of a process have Redis, as one picture: written by every worker's store, read by a scrape. Says
// which worker is to log a change, so that the process logs it once however many workers see it.
// Thread rule: anywhere; atomics without order among them. Lifetime: outlives the stores.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "fleet/state_fault.hpp"

namespace fairlead::fleet {

struct StateStatus {
  std::atomic<std::uint32_t> workers{0};     ///< that have a store on Redis
  std::atomic<std::uint32_t> readers{0};     ///< of those, how many are no members
  std::atomic<std::uint32_t> live{0};        ///< of `workers`, how many work with Redis now
  std::atomic<std::uint32_t> members{0};     ///< living members of the fleet, as last heard
  std::atomic<std::int64_t> heard_at_ms{0};  ///< steady clock: Redis' last answer to any worker; 0: never

  [[nodiscard]] bool is_degraded() const {
    return live.load(std::memory_order_relaxed) < workers.load(std::memory_order_relaxed);
  }

  /// Of the fleet, about: as many as have as many members each as this one. At least 1.
  [[nodiscard]] std::size_t instances() const;

  /// Where on the outage ladder the process stands: its picture of the others is as it should be; old, so that it
  /// fades; or not used, because Redis doesn't answer.
  enum class Step : std::uint8_t { live, stale, local };
  static constexpr double stale_after_s = 2;  ///< two beats
  [[nodiscard]] Step step() const;
  /// Since Redis last answered; 0: it never did, or nothing is shared.
  [[nodiscard]] double age_s() const;

  /// `known_again`: Redis had been there all the time, but had lost what it knew of this process.
  enum class Flip : std::uint8_t { none, connected, back, known_again };
  /// A worker has Redis from now on. Not none: with it, all have.
  Flip note_live();
  /// A worker has Redis no longer, or a try of it failed. True: until now all had it, or nobody has said yet that it
  /// is away, or the reason is another that an operator must see to.
  bool note_away(bool was_live, const StateFault& fault);

 private:
  std::atomic<bool> was_away_{false};
  std::atomic<bool> only_forgotten_{false};  ///< nothing worse was said since all were live
  std::atomic<const char*> said_{nullptr};   ///< the reason that an operator was last told of, since all were live
};

/// As the API and the metrics have it.
constexpr std::string_view name_of(StateStatus::Step step) {
  switch (step) {
    case StateStatus::Step::live: return "live";
    case StateStatus::Step::stale: return "stale";
    case StateStatus::Step::local: return "local";
  }
  return "local";
}

}  // namespace fairlead::fleet
