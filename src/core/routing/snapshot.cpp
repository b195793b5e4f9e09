#include "core/routing/snapshot.hpp"

#include <utility>

namespace fairlead::routing {

Pool::Pool(std::string name_in, balance::StrategyId strategy_in, balance::BackendSet backends_in,
           std::shared_ptr<balance::PoolActivity> activity_in, balance::BackendSet draining_in, Affinity affinity_in,
           bool by_key)
    : name(std::move(name_in)),
      default_strategy(strategy_in),
      backends(std::move(backends_in)),
      draining(std::move(draining_in)),
      affinity(std::move(affinity_in)),
      activity(std::move(activity_in)) {
  const std::size_t count = balance::strategy_names().size();
  strategies.reserve(count);
  for (std::size_t id = 0; id < count; ++id) {
    const auto strategy = static_cast<balance::StrategyId>(id);
    strategies.push_back(by_key || !balance::goes_by_key(strategy) ? balance::make_strategy(strategy, backends)
                                                                   : nullptr);
  }
}

}  // namespace fairlead::routing
