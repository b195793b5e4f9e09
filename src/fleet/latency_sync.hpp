// One pool's latencies in a sync: what this instance measured and the fleet doesn't know goes out, what the fleet
// makes of all measurements comes back into the cells. So an instance knows backends that it never sent to. Only while
// requests are placed by latency, a few times a second, and only what differs noticeably. Used by pool_sync, which
// gives it its place in the call; what Redis keeps: docs/redis.md.
// Thread rule: one loop thread (the cells behind it are the workers'). Lifetime: keeps the cells alive, never a pool.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/balance/latency.hpp"
#include "core/routing/snapshot.hpp"
#include "fleet/arguments.hpp"
#include "fleet/resp.hpp"
#include "io/engine.hpp"

namespace fairlead::fleet {

class LatencySync {
 public:
  static constexpr std::chrono::milliseconds interval{250};
  /// After the last request that was placed by latency.
  static constexpr std::chrono::seconds wanted_for{10};
  /// Told when it differs from the fleet's by more than this part of it.
  static constexpr float noticeable = 0.125F;
  static constexpr std::size_t told_max = 1024;  ///< a call

  void adopt(const routing::Pool& pool);
  void retire();
  /// Were requests placed by latency since the last look?
  void look(io::TimePoint now);

  /// The pool's last arguments of sync.lua. The words point into this until the next adopt() or retire().
  void append_request(Arguments& out);
  /// By the call under way: the answer has latencies.
  [[nodiscard]] bool is_asked() const { return is_asked_; }
  /// Those of the answer, as of then. Answers the fault, of static storage; empty: it was well.
  std::string_view answered(ReplyView latencies, io::TimePoint as_of);

 private:
  struct Known {
    std::string url;
    std::shared_ptr<balance::BackendActivity> activity;
    std::int64_t fleet_us = 0;           ///< as last heard; 0: the fleet doesn't know it
    balance::LatencyEstimate seen{};     ///< the cell's, as of the last call
    balance::LatencyEstimate settled{};  ///< the cell's that the fleet was told or told us: another one is news
    bool is_heard = false;               ///< in the answer being read
  };

  [[nodiscard]] static bool is_news(const Known& known);
  [[nodiscard]] Known* find(std::string_view url);
  static void hear(Known& known, std::int64_t microseconds, io::TimePoint as_of);

  std::vector<Known> known_;  ///< by URL
  std::shared_ptr<balance::PoolActivity> activity_;
  bool is_default_ = false;  ///< the pool's own strategy goes by latency
  std::uint64_t placed_ = 0;
  io::TimePoint placed_at_{};
  io::TimePoint looked_at_{};
  io::TimePoint asked_at_{};
  bool is_asked_ = false;
};

}  // namespace fairlead::fleet
