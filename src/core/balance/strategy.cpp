#include "core/balance/strategy.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/check.hpp"

namespace fairlead::balance {
namespace {

constexpr std::array names{
#define FAIRLEAD_STRATEGY(name) std::string_view{#name},
#include "core/balance/strategies.inc"
#undef FAIRLEAD_STRATEGY
};

}  // namespace

std::span<const std::string_view> strategy_names() {
  return names;
}

std::string_view name_of(StrategyId id) {
  const auto index = static_cast<std::size_t>(id);
  check(index < names.size(), "a strategy's id is in the roster");
  return names[index];
}

std::optional<StrategyId> strategy_of(std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    return std::nullopt;
  }
  return static_cast<StrategyId>(found - names.begin());
}

std::unique_ptr<Strategy> make_strategy(StrategyId id, const BackendSet& backends) {
  switch (id) {
#define FAIRLEAD_STRATEGY(name) \
  case StrategyId::name: return make_##name(backends);
#include "core/balance/strategies.inc"
#undef FAIRLEAD_STRATEGY
  }
  check(false, "a strategy's id is in the roster");
  return nullptr;
}

}  // namespace fairlead::balance
