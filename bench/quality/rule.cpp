#include "rule.hpp"

#include <charconv>

#include "rotating_least.hpp"

namespace bench::quality {
namespace {

using fairlead::balance::StrategyId;

std::optional<Coordination> coordination_of(std::string_view name) {
  if (name == "local") {
    return Coordination::local;
  }
  if (name == "leased") {
    return Coordination::leased;
  }
  return name == "exact" ? std::optional(Coordination::exact) : std::nullopt;
}

std::optional<std::chrono::nanoseconds> interval_of(std::string_view text) {
  unsigned amount = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  return error == std::errc() && amount > 0 && unit == "ms" ? std::optional(std::chrono::milliseconds(amount))
                                                            : std::nullopt;
}

/// Cuts off what begins with `mark`; answers what follows it, if it was there.
std::optional<std::string_view> cut_at(std::string_view& text, char mark) {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view after = text.substr(at + 1);
  text = text.substr(0, at);
  return after;
}

bool makes_sense(const Rule& rule) {
  const bool is_in_redis = rule.strategy == StrategyId::least_conn || rule.strategy == StrategyId::round_robin;
  return (rule.coordination == Coordination::leased || !rule.interval) &&
         (rule.coordination != Coordination::exact || is_in_redis);
}

}  // namespace

std::optional<Rule> rule_of(std::string_view name) {
  Rule rule;
  rule.name = name;
  if (name == "rotating") {
    rule.is_rotating = true;
    return rule;
  }
  const std::optional<std::string_view> interval = cut_at(name, '@');
  const std::optional<std::string_view> strategy = cut_at(name, ':');
  const std::optional<Coordination> coordination = coordination_of(name);
  const std::optional<StrategyId> id =
      strategy ? fairlead::balance::strategy_of(*strategy) : std::optional(StrategyId::least_conn);
  rule.interval = interval ? interval_of(*interval) : std::nullopt;
  if (!coordination || !id || rule.interval.has_value() != interval.has_value()) {
    return std::nullopt;
  }
  rule.coordination = *coordination;
  rule.strategy = *id;
  return makes_sense(rule) ? std::optional(rule) : std::nullopt;
}

std::unique_ptr<fairlead::balance::Strategy> strategy_for(const Rule& rule,
                                                          const fairlead::balance::BackendSet& backends) {
  if (rule.is_rotating) {
    return std::make_unique<RotatingLeast>();
  }
  return fairlead::balance::make_strategy(rule.strategy, backends);
}

}  // namespace bench::quality
