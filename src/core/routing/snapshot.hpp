// All that a request may consult, as one immutable value. Made by control/snapshot_builder, published by the
// controller, adopted by each worker for its next exchange; exchanges under way keep theirs until they end.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/balance/backend_set.hpp"
#include "core/balance/strategy.hpp"
#include "core/http/head_parser.hpp"
#include "core/routing/address_range.hpp"
#include "core/routing/request_key.hpp"
#include "core/routing/route_table.hpp"

namespace fairlead::routing {

/// By what strategies that need a key keep a request on a backend, and how far.
struct Affinity {
  KeyRule key;
  float load_max = 1.25F;  ///< PickInput::load_max
};

/// A named group of backends and the strategies built over it. Neither movable nor copyable: strategies point into it.
struct Pool {
  /// `by_key`: some request may be sent there by its key; else no strategy that needs one is built, which takes a ring
  /// with many places for each backend.
  Pool(std::string name_in, balance::StrategyId strategy_in, balance::BackendSet backends_in,
       std::shared_ptr<balance::PoolActivity> activity_in, balance::BackendSet draining_in = {},
       Affinity affinity_in = {}, bool by_key = true);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// One that goes by a key only where the pool was made with `by_key`.
  [[nodiscard]] const balance::Strategy& strategy(balance::StrategyId id) const {
    return *strategies[static_cast<std::size_t>(id)];
  }
  /// Whether its choice depends on what is in flight: a key that stays however busy its backend is doesn't.
  [[nodiscard]] bool needs_loads(balance::StrategyId id) const {
    return strategy(id).needs_loads() && !(strategy(id).needs_key() && affinity.load_max <= 0);
  }

  std::string name;
  balance::StrategyId default_strategy;
  balance::BackendSet backends;
  balance::BackendSet draining;  ///< listed, but an operator lets them end: no new request goes there
  Affinity affinity;
  std::shared_ptr<balance::PoolActivity> activity;
  std::vector<std::unique_ptr<balance::Strategy>> strategies;  ///< by StrategyId; null: no request asks for it
};

struct Timeouts {
  std::chrono::milliseconds header{10'000};
  std::chrono::milliseconds body_idle{30'000};
  std::chrono::milliseconds keep_alive{75'000};
  std::chrono::milliseconds connect{1'000};
  std::chrono::milliseconds first_byte{30'000};
  std::chrono::milliseconds idle{60'000};
  std::chrono::milliseconds drain{30'000};
};

struct Snapshot {
  std::uint64_t version = 0;
  http::HeadLimits head_limits;
  Timeouts timeouts;
  std::vector<AddressRange> trusted_proxies;
  std::vector<std::unique_ptr<const Pool>> pools;
  RouteTable routes;
};

}  // namespace fairlead::routing
