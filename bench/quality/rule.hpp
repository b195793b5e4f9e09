// How the instances of a simulated fleet choose, as the command line names it: `rotating`, a baseline of its own
// (rotating_least.hpp), or `local|leased|exact[:STRATEGY][@INTERVALms]`, strategies by their names in the
// roster, least_conn unless told otherwise; without an interval leased follows the requests as in the product. Values.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/balance/strategy.hpp"

namespace bench::quality {

enum class Coordination : std::uint8_t {
  local,   ///< each by itself, as any balancer does that shares nothing
  leased,  ///< by own counts and the others' of a moment ago
  exact,   ///< in Redis
};

struct Rule {
  std::string name;
  Coordination coordination = Coordination::local;
  fairlead::balance::StrategyId strategy = fairlead::balance::StrategyId::least_conn;
  bool is_rotating = false;                          ///< in place of the strategy
  std::optional<std::chrono::nanoseconds> interval;  ///< of leased; nothing: SyncPace's own
};

/// Nothing: there is no such rule. Redis chooses by least_conn and round_robin only.
std::optional<Rule> rule_of(std::string_view name);
/// What chooses by that rule. `backends` outlives it.
std::unique_ptr<fairlead::balance::Strategy> strategy_for(const Rule& rule,
                                                          const fairlead::balance::BackendSet& backends);

}  // namespace bench::quality
