// How a backend is chosen: an algorithm built from a BackendSet, then const and pure. All that varies comes in by
// PickInput, so a choice can be repeated in a test by writing down its values. The roster is strategies.inc.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "core/balance/backend_set.hpp"

namespace fairlead::balance {

struct PickInput {
  std::uint64_t ticket = 0;  ///< counts up by one a pick: position of round robin, rotation of ties
  /// Requests in flight a backend, in the set's order; needed only if the strategy needs_loads().
  std::span<const std::uint32_t> loads;
  /// Non-zero: may serve. Empty span: all may.
  std::span<const std::uint8_t> eligible;
  /// Requests that other instances have probably placed since `loads` was read; 0: the loads are exact.
  float expected = 0;
  std::uint64_t random = 0;  ///< uniform, another a pick
  std::uint64_t hash = 0;    ///< of the request's key; needed only if the strategy needs_key()
  float load_max = 0;        ///< with a key: how many times its share of all loads a backend may have; 0: any load
  /// Seconds to an answer's first byte a backend, in the set's order, 0: not known yet; needed only if the strategy
  /// needs_latencies().
  std::span<const float> latencies = {};

  [[nodiscard]] bool may_serve(BackendIndex index) const { return eligible.empty() || eligible[index] != 0; }
};

/// Contract (held for each by strategy_test): never an ineligible backend; none only if none is eligible; the same
/// input gives the same pick; weights are respected.
class Strategy {
 public:
  virtual ~Strategy() = default;
  [[nodiscard]] virtual std::optional<BackendIndex> pick(const PickInput& input) const = 0;
  [[nodiscard]] virtual bool needs_loads() const { return false; }
  /// Then it needs loads too.
  [[nodiscard]] virtual bool needs_latencies() const { return false; }
  /// The cycle that tickets go through, as places in the set, if it isn't the set itself in its order.
  [[nodiscard]] virtual std::span<const BackendIndex> turns() const { return {}; }
  /// Goes by PickInput::random, so turns and weights hold in the mean only.
  [[nodiscard]] virtual bool needs_chance() const { return false; }
  /// Goes by PickInput::hash: turns and weights hold in the mean over many keys only.
  [[nodiscard]] virtual bool needs_key() const { return false; }
};

/// One value a line of the roster.
enum class StrategyId : std::uint8_t {
#define FAIRLEAD_STRATEGY(name) name,
#include "core/balance/strategies.inc"
#undef FAIRLEAD_STRATEGY
};

/// Names in the roster's order: configuration values, metric labels, the reference's table.
std::span<const std::string_view> strategy_names();
std::string_view name_of(StrategyId id);
std::optional<StrategyId> strategy_of(std::string_view name);
/// Whether its strategies' needs_key() is true, known without building one.
constexpr bool goes_by_key(StrategyId id) {
  return id == StrategyId::consistent_hash;
}
/// `backends` must outlive the strategy.
std::unique_ptr<Strategy> make_strategy(StrategyId id, const BackendSet& backends);

// One maker a line of the roster, each defined in NAME.cpp.
#define FAIRLEAD_STRATEGY(name) std::unique_ptr<Strategy> make_##name(const BackendSet& backends);
#include "core/balance/strategies.inc"
#undef FAIRLEAD_STRATEGY

}  // namespace fairlead::balance
