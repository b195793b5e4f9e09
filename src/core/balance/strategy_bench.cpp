// What a pick costs, for each strategy of the roster and pools of 3, 100 and 1,000 backends, and what it costs to build
// the strategy when a snapshot is made. Loads are those of a busy pool; gathering them isn't part of it.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/balance/draw.hpp"
#include "core/balance/strategy.hpp"

namespace fairlead::balance {
namespace {

BackendSet backends_of(std::size_t count, bool weighted) {
  std::vector<Backend> backends;
  for (std::size_t index = 0; index < count; ++index) {
    Backend& backend = backends.emplace_back();
    backend.url = "http://10.0." + std::to_string(index / 250) + "." + std::to_string(index % 250) + ":8080";
    backend.weight = weighted ? static_cast<std::uint32_t>(1 + index % 10) : 1;
  }
  return BackendSet(std::move(backends));
}

void pick(benchmark::State& state, StrategyId id, bool weighted) {
  const BackendSet backends = backends_of(static_cast<std::size_t>(state.range(0)), weighted);
  const auto strategy = make_strategy(id, backends);
  std::vector<std::uint32_t> loads;
  for (const Backend& backend : backends) {
    loads.push_back(backend.weight * (8 + static_cast<std::uint32_t>(next_random(loads.size()) % 5)));
  }
  PickInput input;
  input.loads = loads;
  input.load_max = 1.25F;
  for (auto _ : state) {
    ++input.ticket;
    input.random = next_random(input.ticket);
    input.hash = input.random;
    benchmark::DoNotOptimize(strategy->pick(input));
  }
}

void build(benchmark::State& state, StrategyId id, bool weighted) {
  const BackendSet backends = backends_of(static_cast<std::size_t>(state.range(0)), weighted);
  for (auto _ : state) {
    benchmark::DoNotOptimize(make_strategy(id, backends));
  }
}

int register_roster() {
  for (const std::string_view name : strategy_names()) {
    for (const bool weighted : {false, true}) {
      const std::string suffix = std::string("/") + std::string(name) + (weighted ? "/weighted" : "");
      const StrategyId id = strategy_of(name).value_or(StrategyId::round_robin);
      for (const std::int64_t count : {3, 100, 1'000}) {
        benchmark::RegisterBenchmark(("pick" + suffix).c_str(), pick, id, weighted)->Arg(count);
        benchmark::RegisterBenchmark(("build" + suffix).c_str(), build, id, weighted)->Arg(count);
      }
    }
  }
  return 0;
}

const int registered = register_roster();

}  // namespace
}  // namespace fairlead::balance
