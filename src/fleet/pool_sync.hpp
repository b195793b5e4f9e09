// One pool's part of a sync: what of its backends' requests Redis has been told, what of its rotation is leased, and
// what the answer says of the other instances. Used by fleet_sync, which makes the call.
// Thread rule: one loop thread (the cells behind it are the workers'). Lifetime: keeps the cells alive, never a pool.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/balance/arrival_rate.hpp"
#include "core/balance/sync_pace.hpp"
#include "core/routing/snapshot.hpp"
#include "fleet/arguments.hpp"
#include "fleet/key_names.hpp"
#include "fleet/latency_sync.hpp"
#include "fleet/resp.hpp"
#include "fleet/state_fault.hpp"
#include "io/engine.hpp"

namespace fairlead::fleet {

/// Who takes part in a sync.
enum class SyncRole : std::uint8_t {
  member,  ///< tells what this instance has in flight and leases tickets: leased coordination
  reader,  ///< hears what the fleet has in flight; others tell of this instance's requests: exact coordination
};

class PoolSync {
 public:
  static constexpr std::uint32_t block_max = 4096;  ///< tickets
  /// In flight to a backend: more is a hand's edit, and sums with own counts must fit 32 bits.
  static constexpr std::int64_t others_max = 1'000'000'000;
  /// After others took tickets; who is alone needs no lease to go on in turn.
  static constexpr std::chrono::seconds shares_for{10};

  PoolSync(const KeyNames& keys, std::string name, SyncRole role = SyncRole::member);

  [[nodiscard]] const std::string& name() const { return name_; }
  /// The pool's backends are these from now on; requests to others are told until they end.
  void adopt(const routing::Pool& pool);
  /// The pool isn't configured any more.
  void retire();
  /// Retired and nothing left to tell.
  [[nodiscard]] bool is_done() const { return is_retired_ && shares_.empty(); }

  /// What happened since the last look.
  struct Seen {
    std::uint64_t begun = 0;
    std::uint64_t in_flight = 0;
    std::size_t backends = 0;
    std::size_t changes = 0;  ///< of counts that append_changes() will tell
  };
  Seen look(io::TimePoint now);

  /// {conn_count key, signed amount}...; they count as told. The words point into this until the next look().
  void append_changes(Arguments& out);
  /// {conn_count key, share}... of all that is held; from then on told.
  void append_truth(Arguments& out);
  /// The pool's arguments of sync.lua. `ahead`: how long the tickets must last; `is_last`: those left go back.
  void append_request(Arguments& out, std::chrono::nanoseconds ahead, bool is_last);
  /// Leased and unused.
  [[nodiscard]] bool holds_tickets() const { return activity_ && activity_->tickets.left() > 0; }
  /// Requests were placed by load lately, so counts are worth a call though nothing changed here.
  [[nodiscard]] bool wants_counts() const {
    return !is_retired_ && is_recent(placed_at_, balance::SyncPace::counts_for);
  }

  /// What sync.lua answered for this pool, as of then, by what the others had told as of some time before, in a fleet
  /// of so many instances. False: it makes no sense. An error in its place, because a key is of another type, changes
  /// nothing but fault().
  bool answered(ReplyView answer, io::TimePoint as_of, const balance::SyncPace& pace, std::size_t instances);
  /// Of the last answer; empty: it was well.
  [[nodiscard]] std::string_view fault() const { return fault_; }

 private:
  struct Share {
    std::shared_ptr<balance::BackendActivity> activity{};
    std::string key{};
    std::int64_t told = 0;  ///< a reader: by others, as of the last look
    std::int64_t change = 0;
    bool is_listed = true;     ///< in the pool's present set
    std::uint32_t others = 0;  ///< in the answer being read
  };

  [[nodiscard]] std::string_view url_of(const Share& share) const {
    return std::string_view(share.key).substr(key_prefix_.size());
  }
  [[nodiscard]] bool is_recent(io::TimePoint time, std::chrono::nanoseconds within) const;
  std::uint64_t look_at_tickets(io::TimePoint now);
  [[nodiscard]] std::uint32_t tickets_wanted(std::chrono::nanoseconds ahead) const;
  static bool is_counter(std::int64_t number);
  void take_tickets(std::int64_t counter, io::TimePoint now);
  void read_counts(ReplyView answer, io::TimePoint as_of);

  SyncRole role_;
  std::string name_;
  std::string pool_prefix_;
  std::string key_prefix_;  ///< of a conn_count key, before the URL
  std::shared_ptr<balance::PoolActivity> activity_;
  std::vector<Share> shares_;  ///< listed ones first, in the set's order
  std::size_t backends_ = 0;
  std::string_view fault_;          ///< of static storage
  std::string_view latency_fault_;  ///< likewise, until latencies are in an answer again
  bool is_retired_ = false;
  io::TimePoint looked_at_{};

  // Tickets.
  std::uint32_t left_ = 0;       ///< as of the last look or grant
  std::uint32_t overdrawn_ = 0;  ///< to be settled
  std::uint32_t asked_ = 0;      ///< by the call under way
  std::int64_t moved_ = 0;       ///< the counter, by the call under way
  std::int64_t returned_ = 0;    ///< by the call under way
  std::int64_t counter_ = -1;    ///< as last heard; -1: not yet
  io::TimePoint others_took_at_{};
  balance::ArrivalRate ticket_use_;
  io::TimePoint ticket_used_at_{};
  // Requests placed by load.
  io::TimePoint placed_at_{};
  std::uint64_t placed_looked_at_ = 0;
  std::uint64_t by_key_looked_at_ = 0;
  std::uint64_t placed_ = 0;        ///< since the last call
  std::uint64_t placed_sent_ = 0;   ///< by the call under way
  bool counts_asked_ = false;       ///< by the call under way
  io::TimePoint counts_as_of_{};    ///< of the last that were read
  std::int64_t fleet_placed_ = -1;  ///< by all, as last heard; -1: not yet
  io::TimePoint fleet_heard_at_{};
  balance::ArrivalRate others_;
  LatencySync latencies_;
};

}  // namespace fairlead::fleet
