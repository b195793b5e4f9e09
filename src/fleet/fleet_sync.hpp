// Leased coordination's talk with Redis, one for all workers of an instance: at a pace that follows the requests it
// tells what changed since the last time and hears what the others have in flight and which tickets of the rotations
// are this instance's. No request waits for it. Under load it looks by itself what happened; with few requests workers
// ring; without any it sleeps. In exact coordination, where each worker tells for itself, it is a reader for the
// strategies that go by loads and that scripts don't know; as long as none of them is in use it sleeps.
// Script, keys and times: docs/redis.md. The pace: core/balance/sync_pace.
// Thread rule: the control loop's thread; bell() is the workers' too. Lifetime: stop() must have ended before it does.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "core/balance/sync_pace.hpp"
#include "core/routing/snapshot.hpp"
#include "fleet/membership.hpp"
#include "fleet/pool_sync.hpp"
#include "fleet/state_log.hpp"
#include "fleet/sync_bell.hpp"

namespace fairlead::fleet {

class FleetSync {
 public:
  struct Settings {
    MemberSettings member;  ///< the instance
    SyncRole role = SyncRole::member;
    std::optional<std::chrono::milliseconds> interval;  ///< nothing: follows the requests
  };

  FleetSync(io::EventLoop& loop, io::Resolver& resolver, Settings settings, StateMetrics metrics, StateStatus& status,
            const Log& log);
  FleetSync(const FleetSync&) = delete;
  FleetSync& operator=(const FleetSync&) = delete;

  /// The pools whose requests are told; before start() and with each new snapshot.
  void adopt(const routing::Snapshot& snapshot);
  void start() { member_.start(); }
  /// Gives everything back and leaves the fleet. After the last request.
  io::Task<> stop();

  SyncBell& bell() { return bell_; }

 private:
  static MemberSettings member_of(MemberSettings settings, SyncRole role);
  void look_around();
  void look();
  void rest();
  [[nodiscard]] bool polls() const;
  [[nodiscard]] bool holds_tickets() const;
  void call(bool is_last);
  void answered(ReplyView reply);
  void look_again_at(io::TimePoint time);

  io::EventLoop& loop_;
  SyncRole role_;
  StateStatus& status_;
  StateLog log_;
  Membership member_;
  balance::SyncPace pace_;
  SyncBell bell_;
  std::deque<PoolSync> pools_;
  std::vector<PoolSync*> asked_;  ///< by the call under way, in its order
  Arguments arguments_;
  bool is_calling_ = false;
  std::size_t changes_ = 0;  ///< that the next call tells
  bool has_news_ = false;    ///< requests began or ended since the last call
  io::TimePoint looked_at_{};
  io::TimePoint last_event_{};  ///< a request began or ended
  io::TimePoint called_at_{};
  io::Alarm alarm_;
};

}  // namespace fairlead::fleet
